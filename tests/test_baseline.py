"""Accepted findings: what is known does not fail, what is new, worse or out of date does."""

from __future__ import annotations

import json

import pytest

from diagnose.cli import main

COLLAPSED = {"eval_accuracy": 0.76, "eval_precision": 0.0, "eval_recall": 0.0, "eval_f1": 0.0}


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, COLLAPSED)

    def runner(*words):
        status = main(list(words))
        return (status, *capsys.readouterr())

    return runner


def write(folder, metrics, name="metrics.json"):
    (folder / name).write_text(json.dumps(metrics))


def edit(folder, **changes):
    path = folder / "diagnose-baseline.json"
    content = json.loads(path.read_text())
    content["accepted"] = [{**item, **changes} for item in content["accepted"]]
    path.write_text(json.dumps(content))


KNOWN = ("metrics.json", "--baseline", "diagnose-baseline.json")


def test_what_is_accepted_does_not_fail_and_is_told_with_its_reason(run):
    assert run("metrics.json")[0] == 1
    assert run("baseline", "metrics.json", "--reason", "the labels are being redone")[0] == 0
    status, out, _ = run(*KNOWN)
    assert status == 0
    assert "the labels are being redone" in out
    _, out, _ = run(*KNOWN, "--format", "json")
    finding = next(f for f in json.loads(out)["reports"][0]["findings"] if f["accepted"])
    assert finding["fails"] is False
    assert finding["accepted"]["reason"] == "the labels are being redone"


def test_another_input_is_not_covered(run, tmp_path):
    run("baseline", "metrics.json", "--reason", "known")
    write(tmp_path, COLLAPSED, "other.json")
    assert run("other.json", *KNOWN[1:])[0] == 1


def test_the_file_moves_with_its_folder(run, tmp_path, monkeypatch):
    run("baseline", "metrics.json", "--reason", "known")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert run("../metrics.json", "--baseline", "../diagnose-baseline.json")[0] == 0


def test_a_new_finding_fails_beside_a_known_one(run, tmp_path):
    run("baseline", "metrics.json", "--reason", "known")
    write(tmp_path, {**COLLAPSED, "eval_loss": float("nan")})
    assert run(*KNOWN)[0] == 1


@pytest.mark.parametrize(("accuracy", "status"), [(0.6031, 0), (0.5731, 0), (0.4831, 1), (0.6631, 0)])
def test_a_finding_that_got_worse_is_new(run, tmp_path, accuracy, status):
    """By more than a tenth, in the way in which the rule fires."""
    (tmp_path / "own").mkdir()
    rule = """
    title = "The accuracy is low"
    severity = "error"
    when = ["accuracy < limit"]
    message = "accuracy {accuracy}"
    why = "because"
    false_alarms = ["none"]
    sources = ["none"]
    params.limit = { value = 0.9, why = "a test" }
    remedy = [{ title = "t", why = "w" }]
    case = [
      { name = "a", facts = { accuracy = 0.1 }, expect = "fires" },
      { name = "b", facts = { accuracy = 0.95 }, expect = "silent" },
      { name = "c", facts = { }, expect = "unknown" },
    ]
    """
    (tmp_path / "own" / "low.toml").write_text(rule)
    options = ("--rules", "own", "--select", "low")
    write(tmp_path, {"eval_accuracy": 0.6031})
    assert run("baseline", "metrics.json", "--reason", "known", *options)[::2] == (
        0,
        "diagnose-baseline.json: 1 accepted finding, 0 before\n",
    )
    write(tmp_path, {"eval_accuracy": accuracy})
    assert run(*KNOWN, *options)[0] == status


def test_a_heavier_severity_is_new(run, tmp_path):
    run("baseline", "metrics.json", "--reason", "known")
    edit(tmp_path, severity="warning")
    assert run(*KNOWN)[0] == 1


def test_an_acceptance_that_has_run_out_is_no_pass_and_pruning_takes_it_out(run, tmp_path):
    run("baseline", "metrics.json", "--reason", "known")
    edit(tmp_path, expires="2020-01-31")
    status, _, err = run(*KNOWN)
    assert status == 2
    assert "2020-01-31" in err
    assert run("baseline", "metrics.json", "--prune")[0] == 0
    assert json.loads((tmp_path / "diagnose-baseline.json").read_text())["accepted"] == []
    assert run(*KNOWN)[0] == 1


def test_pruning_keeps_what_still_occurs_and_what_is_of_other_inputs(run, tmp_path):
    write(tmp_path, COLLAPSED, "other.json")
    run("baseline", "metrics.json", "other.json", "--reason", "known")
    write(tmp_path, {"eval_accuracy": 0.76})
    assert run("baseline", "metrics.json", "--prune")[0] == 0
    left = json.loads((tmp_path / "diagnose-baseline.json").read_text())["accepted"]
    assert {item["source"] for item in left} == {"other.json"}


def test_writing_twice_changes_nothing_but_the_words(run, tmp_path):
    run("baseline", "metrics.json", "--reason", "one", "--expires", "2999-01-01")
    first = (tmp_path / "diagnose-baseline.json").read_text()
    run("baseline", "metrics.json", "--reason", "two", "--expires", "2999-01-01")
    assert (tmp_path / "diagnose-baseline.json").read_text() == first.replace('"one"', '"two"')


@pytest.mark.parametrize(
    "words",
    [
        ("baseline",),
        ("baseline", "metrics.json"),
        ("baseline", "metrics.json", "--reason", "  "),
        ("baseline", "metrics.json", "--reason", "x", "--expires", "tomorrow"),
        ("baseline", "metrics.json", "--reason", "x", "--expires", "2020-01-01"),
        ("baseline", "gone.json", "--reason", "x"),
        ("metrics.json", "--baseline", "gone.json"),
        ("metrics.json", "--baseline", "metrics.json"),
        ("metrics.json", "--baseline", "."),
    ],
)
def test_a_mistake_is_one_line_status_2_and_no_file(run, tmp_path, monkeypatch, words):
    monkeypatch.setattr("sys.stdin", None)
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "diagnose-baseline.json").exists()


def test_a_broken_file_is_one_line(run, tmp_path):
    for text in (
        "",
        "[]",
        '{"schema": "diagnose-baseline/1"}',
        '{"schema": "diagnose-baseline/1", "accepted": [{}]}',
        "\xff",
    ):
        (tmp_path / "diagnose-baseline.json").write_text(text, encoding="latin-1")
        status, _, err = run(*KNOWN)
        assert (status, len(err.splitlines())) == (2, 1)


@pytest.mark.parametrize(("accuracy", "status"), [(0.7012, 0), (0.6991, 0), (0.6512, 1), (None, 1), (0.7512, 0)])
def test_a_limit_that_is_missed_by_more_is_new(run, tmp_path, accuracy, status):
    options = ("--target", "accuracy >= 0.75", "--select", "target-missed")
    write(tmp_path, {"eval_accuracy": 0.7012, "eval_loss": 0.5})
    run("baseline", "metrics.json", "--reason", "known", *options)
    write(tmp_path, {"eval_accuracy": accuracy, "eval_loss": 0.5})
    assert run(*KNOWN, *options)[0] == status

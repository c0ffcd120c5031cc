"""The configuration: what holds for an input, where it came from, and what is refused."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from diagnose.cli import main
from diagnose.config import find_config, load_config, target
from diagnose.errors import ConfigError
from diagnose.types import Severity

METRICS = {"eval_accuracy": 0.71, "eval_macro_f1": 0.69, "eval_loss": 0.8, "eval_samples": 1000}


@pytest.fixture
def room(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics.json").write_text(json.dumps(METRICS))
    return tmp_path


@pytest.fixture
def run(room, capsys):
    def runner(*words, config=None):
        if config is not None:
            (room / "diagnose.toml").write_text(config)
        status = main(list(words))
        return (status, *capsys.readouterr())

    return runner


def policy(room, text, source="metrics.json", **given):
    path = room / "diagnose.toml"
    path.write_text(text)
    return load_config(path, given).policy(source)


def test_without_a_file_errors_fail_and_nothing_else_is_set(room):
    assert find_config(room) is None or not find_config(room).is_relative_to(room)
    found = load_config(None).policy("metrics.json")
    assert (found.fail_on, found.select, found.ignore, found.requirements) == (Severity.ERROR, (), (), ())


def test_a_later_layer_wins_and_lists_of_names_add_up(room):
    text = """
    fail-on = "warning"
    select = ["overfitting"]
    ignore = ["plateau"]
    rule.overfitting.severity = "note"
    [[override]]
    path = "old/**"
    fail-on = "never"
    select = ["dead-class"]
    ignore = ["unstable-training"]
    """
    new, old = policy(room, text), policy(room, text, "old/runs/metrics.json")
    assert (new.fail_on, new.select, new.ignore) == (Severity.WARNING, ("overfitting",), ("plateau",))
    assert (old.fail_on, old.select, old.ignore) == (None, ("dead-class",), ("plateau", "unstable-training"))
    given = policy(room, text, "old/x.json", **{"fail-on": "note", "ignore": ["dead-class"]})
    assert (given.fail_on, given.ignore) == (Severity.NOTE, ("plateau", "unstable-training", "dead-class"))


def test_the_nearest_file_holds_and_a_pyproject_without_the_table_does_not_count(room):
    inner = room / "a" / "b"
    inner.mkdir(parents=True)
    (room / "diagnose.toml").write_text("")
    (room / "a" / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert find_config(inner) == room / "diagnose.toml"
    (room / "a" / "pyproject.toml").write_text("[tool.diagnose]\nfail-on = 'note'\n")
    assert find_config(inner) == room / "a" / "pyproject.toml"


def test_the_address_of_a_tracked_run_is_no_path(room):
    assert policy(room, 'against = "models:/fraud@champion"').against == "models:/fraud@champion"


def test_paths_are_relative_to_the_file(room):
    (room / "sub").mkdir()
    path = room / "sub" / "diagnose.toml"
    path.write_text('rules = ["own"]\nbaseline = "known.json"\nagainst = "/elsewhere/run"\n')
    found = load_config(path).policy("metrics.json")
    assert found.rules == (str(room / "sub" / "own"),)
    assert (found.baseline, found.against) == (str(room / "sub" / "known.json"), "/elsewhere/run")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("fail-onn = 'error'", "did you mean 'fail-on'?"),
        ("fail_on = 'error'", "did you mean 'fail-on'?"),
        ("fail-on = 'eror'", "fail-on"),
        ("ignore = 'plateau'", "ignore"),
        ("ignore = ['plateu']", "did you mean 'plateau'?"),
        ("require = ['overfiting']", "did you mean 'overfitting'?"),
        ("[rule.overfiting]\nseverity = 'off'", "did you mean 'overfitting'?"),
        ("[rule.overfitting]\nseverty = 'off'", "did you mean 'severity'?"),
        ("[rule.overfitting.params]\ndrop_mn = 0.1", "did you mean 'drop_min'?"),
        ("[rule.overfitting.params]\ndrop_min = 'much'", "drop_min"),
        ("[rule.overfitting.params]\ndrop_min = nan", "drop_min"),
        ("targets = ['macro_f1 = 0.75']", "macro_f1 = 0.75"),
        ("targets = ['macro_f1 >= good']", "macro_f1 >= good"),
        ("[change.my_number]\ndrop = 0.1", "higher-is-better"),
        ("[change.accuracy]\ndrop = -0.1", "change.accuracy.drop"),
        ("assume = ['averagin=macro']", "did you mean 'averaging'?"),
        ("fail-on = ", "not valid TOML"),
        ("baseline = 'gone.json'", "gone.json"),
        ("against = 'gone.json'", "gone.json"),
        ("rules = ['gone']", "gone"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(run, config, words):
    status, out, err = run("metrics.json", config=config)
    assert (status, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1


def test_a_file_that_is_named_has_to_be_there(run):
    status, _, err = run("metrics.json", "--config", "gone.toml")
    assert (status, err) == (2, "diagnose: gone.toml: cannot be read: No such file or directory\n")


@pytest.mark.parametrize(
    ("text", "metric", "relation", "limit", "where"),
    [
        ("macro_f1 >= 0.75", "macro_f1", ">=", Fraction(3, 4), (None, None, None, None)),
        ("eval_macro_f1>75%", "macro_f1", ">", Fraction(3, 4), (None, None, "eval", None)),
        ("test:accuracy <= 1e-2", "accuracy", "<=", Fraction(1, 100), (None, None, "test", None)),
        ("big/sst2/test:f1 [not good] < .5", "f1", "<", Fraction(1, 2), ("big", "sst2", "test", "not good")),
        ("sst2/my_own >= -1", "my_own", ">=", Fraction(-1), (None, "sst2", None, None)),
    ],
)
def test_a_target_is_read(text, metric, relation, limit, where):
    found = target(text, "here")
    assert (found.metric, found.relation, found.limit) == (metric, relation, limit)
    assert (found.run, found.task, found.split, found.label) == where


@pytest.mark.parametrize(
    "text", ["", ">= 1", "f1", "f1 >=", "f1 == 1", "f1 >= 1 2", "a/b/c/f1 > 0", "f1 >= nan", "f1 >= 1/0"]
)
def test_a_target_that_is_none_is_refused(text):
    with pytest.raises(ConfigError):
        target(text, "here")


@pytest.mark.parametrize(
    ("limit", "status"),
    [
        ("macro_f1 >= 0.69", 0),
        ("macro_f1 > 0.69", 1),
        ("macro_f1 >= 0.6900001", 1),
        ("eval:macro_f1 >= 50%", 0),
        ("test:macro_f1 >= 0.1", 1),
        ("weighted_f1 >= 0.1", 1),
        ("loss <= 0.8", 0),
        ("loss < 0.8", 1),
        ("eval_loss < 0.9", 0),
        ("accuracy[spam] >= 0.1", 1),
    ],
)
def test_a_target_is_held_against_the_number_as_printed_and_a_missing_one_is_missed(run, limit, status):
    assert run("metrics.json", "--target", limit)[0] == status


def test_a_metric_that_is_nan_misses_its_target(run, room):
    (room / "metrics.json").write_text('{"eval_accuracy": NaN, "eval_f1": 0.5}')
    status, out, _ = run("metrics.json", "--target", "accuracy >= 0", "--select", "target-missed")
    assert status == 1
    assert "NaN" in out


def test_a_target_of_one_class_is_held_against_its_row(run, room):
    rows = {"cat": [0.9, 0.8, 0.847, 50], "dog": [0.81, 0.91, 0.857, 50]}
    table = {k: dict(zip(("precision", "recall", "f1-score", "support"), v, strict=True)) for k, v in rows.items()}
    (room / "metrics.json").write_text(json.dumps(table))
    assert run("metrics.json", "--target", "recall[dog] >= 0.9")[0] == 0
    assert run("metrics.json", "--target", "recall[cat] >= 0.9")[0] == 1


@pytest.mark.parametrize(
    ("table", "before", "status"),
    [
        ("[change.accuracy]\ndrop = 0.01", 0.72, 0),
        ("[change.accuracy]\ndrop = 0.01", 0.73, 1),
        ("[change.accuracy]\nrelative-drop = 0.02", 0.72, 0),
        ("[change.accuracy]\nrelative-drop = 0.01", 0.72, 1),
        ("[change.accuracy]\ngain = 0.01", 0.70, 0),
        ("[change.accuracy]\ngain = 0.02", 0.70, 1),
        ("[change.accuracy]\nrelative-gain = 0.01", 0.70, 0),
        ("[change.eval_accuracy]\nrelative-gain = 0.02", 0.70, 1),
        ("[change.accuracy]\ndrop = 0.01\nhigher-is-better = false", 0.70, 0),
        ("[change.accuracy]\ndrop = 0.001\nhigher-is-better = false", 0.70, 1),
    ],
)
def test_a_change_is_held_against_the_run_to_compare_with(run, room, table, before, status):
    (room / "before.json").write_text(json.dumps({**METRICS, "eval_accuracy": before}))
    words = ("metrics.json", "--against", "before.json", "--select", "target-missed,regressed")
    assert run(*words, config=table)[0] == status


def test_a_change_in_a_loss_knows_its_direction(run, room):
    (room / "before.json").write_text(json.dumps({**METRICS, "eval_loss": 0.9}))
    words = ("metrics.json", "--against", "before.json", "--select", "target-missed,regressed")
    assert run(*words, config="[change.loss]\ngain = 0.05")[0] == 0
    (room / "before.json").write_text(json.dumps({**METRICS, "eval_loss": 0.7}))
    assert run(*words, config="[change.loss]\ndrop = 0.05")[0] == 1


def test_a_change_without_a_run_to_compare_with_is_missed(run):
    assert run("metrics.json", config="[change.accuracy]\ndrop = 0.5")[0] == 1


@pytest.mark.parametrize(
    ("before", "rows", "status", "rules"),
    [
        (0.78, 1000, 1, ["regressed"]),
        (0.72, 1000, 0, ["difference-not-significant"]),
        (0.70, 1000, 0, ["difference-not-significant"]),
        (0.72, None, 2, []),
        (0.70, None, 0, []),
    ],
)
def test_only_a_significant_regression_fails_and_one_that_cannot_be_told_does_not_pass(
    run, before, rows, status, rules
):
    Path("before.json").write_text(json.dumps({"eval_accuracy": before, "eval_samples": rows}))
    Path("metrics.json").write_text(json.dumps({"eval_accuracy": 0.71, "eval_samples": rows}))
    found, out, _ = run("metrics.json", "--against", "before.json", "--format", "json")
    fired = {finding["rule"] for finding in json.loads(out)["reports"][0]["findings"]}
    assert found == status
    assert fired >= set(rules)


def test_nothing_in_common_with_the_run_to_compare_with_is_no_pass(run, room):
    (room / "before.json").write_text('{"eval_rouge1": 0.3}')
    status, _, err = run("metrics.json", "--against", "before.json")
    assert status == 2
    assert "no metric to compare" in err


def test_severities_thresholds_and_off_reach_the_rules(run, room):
    (room / "metrics.json").write_text(
        '{"eval_accuracy": 0.76, "eval_precision": 0.0, "eval_recall": 0.0, "eval_f1": 0.0}'
    )
    assert run("metrics.json")[0] == 1
    every = ["majority-class-collapse", "constant-prediction", "near-zero-precision-recall", "all-negative", "no-skill"]
    assert run("metrics.json", config="".join(f"[rule.{name}]\nseverity = 'note'\n" for name in every))[0] == 0
    assert run("metrics.json", config="".join(f"[rule.{name}]\nseverity = 'off'\n" for name in every))[0] == 0


def test_the_effective_configuration_is_printed_with_its_origins(run):
    config = "fail-on = 'warning'\ntargets = ['f1 >= 0.5']\n[[override]]\npath = 'old/*'\nignore = ['plateau']\n"
    status, out, _ = run("config", "metrics.json", "old/x.json", "--ignore", "dead-class", config=config)
    assert status == 0
    first, second = ([line.split("#") for line in part.splitlines()[1:]] for part in out.split("\n\n"))
    shown = [[(a.strip(), b.strip()) for a, b in part] for part in (first, second)]
    common = [
        ('fail-on = "warning"', "diagnose.toml"),
        ('ignore = "dead-class"', "command line"),
        ('targets = "f1 >= 0.5"', "diagnose.toml"),
    ]
    assert shown[0] == common
    assert sorted([*common, ('ignore = "plateau"', "diagnose.toml, override for old/*")]) == sorted(shown[1])


@pytest.mark.parametrize(
    ("source", "holds"),
    [("runs", True), ("runs/a/b.json", True), ("runs-old/a.json", False), ("my/runs/a.json", False)],
)
def test_a_pattern_of_a_folder_is_of_that_folder_alone(room, source, holds):
    found = policy(room, '[[override]]\npath = "runs/**"\nfail-on = "never"\n', source)
    assert (found.fail_on is None) is holds


def test_a_metric_whose_name_has_a_dot_is_one_name(run, room):
    (room / "metrics.json").write_text('{"eval_accuracy": 0.7, "my.score": 0.5}')
    (room / "before.json").write_text('{"eval_accuracy": 0.7, "my.score": 0.9}')
    config = '[change."my.score"]\ndrop = 0.1\nhigher-is-better = true\n'
    words = ("metrics.json", "--against", "before.json", "--select", "target-missed,regressed")
    status, out, _ = run(*words, config=config)
    assert (status, "my.score: drop 0.1" in out) == (1, True)
    assert '\nchange."my.score".drop = 0.1' in run("config", "metrics.json")[1]

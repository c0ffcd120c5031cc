"""`diagnose explain`: its formats and its status, which is the gate's whoever explains."""

from __future__ import annotations

import io
import json

import pytest

from diagnose.cli import main

COLLAPSED = {"eval_accuracy": 0.6125, "eval_precision": 0.0306, "eval_recall": 0.05, "eval_f1": 0.038}
HEALTHY = {
    "eval_accuracy": 0.9212,
    "eval_precision": 0.8962472406181016,
    "eval_recall": 0.8874316939890711,
    "eval_f1": 0.8918176825919825,
    "eval_samples": 2500,
}


@pytest.fixture(autouse=True)
def room(tmp_path, monkeypatch):
    """Work in a folder with a few inputs, and no model in the environment."""
    for name in ("DIAGNOSE_MODEL", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "collapsed.json").write_text(json.dumps(COLLAPSED))
    (tmp_path / "healthy.json").write_text(json.dumps(HEALTHY))
    (tmp_path / "cut.json").write_text('{"eval_accuracy": 0.31')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["collapsed.json"], 1),
        (["collapsed.json", "--fail-on", "never"], 0),
        (["collapsed.json", "--ignore", "majority-class-collapse", "--select", "tiny-evaluation-set"], 0),
        (["healthy.json"], 0),
        (["healthy.json", "--target", "accuracy >= 0.99"], 1),
        (["healthy.json", "--require", "overfitting"], 2),
        (["gone.json"], 2),
        (["healthy.json", "gone.json", "collapsed.json"], 2),
    ],
)
def test_the_status_is_the_gates(words, status, capsys):
    assert main(["explain", *words]) == status
    explained = capsys.readouterr()
    assert main(["check", *words]) == status
    assert capsys.readouterr().err == explained.err


def test_the_explanation_is_prose_on_the_terminal(capsys):
    main(["explain", "collapsed.json"])
    text = " ".join(capsys.readouterr().out.split())
    assert "This result is not a result: the model answers one class for every row." in text
    assert "You will know by this: more than one class is predicted" in text


def test_a_paste_is_explained(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(HEALTHY).encode())))
    assert main(["explain", "-"]) == 0
    assert "HEALTHY" in capsys.readouterr().out


def test_a_healthy_run_takes_few_lines(capsys):
    main(["explain", "healthy.json"])
    assert len(capsys.readouterr().out.splitlines()) <= 20


def test_an_unreadable_input_is_one_line_on_standard_error(capsys):
    assert main(["explain", "gone.json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1


def test_several_inputs_are_explained_one_after_the_other(capsys):
    main(["explain", "healthy.json", "gone.json", "collapsed.json"])
    out = capsys.readouterr().out
    assert out.index("HEALTHY") < out.index("UNREADABLE") < out.index("DEGENERATE")


def test_json_is_an_object_a_line(capsys):
    main(["explain", "healthy.json", "gone.json", "--format", "json"])
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["verdict"] == "healthy"
    assert first["source"] == "deterministic"
    assert first["report"]["schema"] == "diagnose/1"
    assert second["verdict"] is None


def test_markdown_goes_to_the_file_that_is_named(room, capsys):
    assert main(["explain", "collapsed.json", "--format", "markdown", "--output", "out.md"]) == 1
    assert capsys.readouterr().out == ""
    assert (room / "out.md").read_text(encoding="utf-8").startswith("## collapsed.json\n")


def test_an_unknown_format_is_guessed_at(capsys):
    assert main(["explain", "healthy.json", "--format", "markdwon"]) == 2
    assert "markdown" in capsys.readouterr().err


def test_the_prompt_is_shown_and_nothing_is_sent(capsys, monkeypatch):
    monkeypatch.setenv("DIAGNOSE_MODEL", "some-model")
    monkeypatch.setattr("diagnose.llm.explain.ask", lambda *_: pytest.fail("it asked"))
    assert main(["explain", "collapsed.json", "--show-prompt"]) == 1
    text = capsys.readouterr().out
    assert text.startswith("--- system ---\n")
    assert "eval_recall" in text
    main(["explain", "collapsed.json", "--show-prompt", "--format", "json"])
    assert [message["role"] for message in json.loads(capsys.readouterr().out)] == ["system", "user"]


def test_without_a_model_the_client_is_not_even_asked_for_an_answer(monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-key-alone-sends-nothing")
    monkeypatch.setattr("diagnose.llm.explain.ask", lambda *_: pytest.fail("it asked"))
    assert main(["explain", "collapsed.json"]) == 1
    assert "llm" not in capsys.readouterr().out


def test_a_model_that_fails_changes_neither_the_text_nor_the_status(monkeypatch, capsys):
    from diagnose.errors import ModelError

    def refuse(*_):
        raise ModelError("no server")

    main(["explain", "collapsed.json"])
    alone = capsys.readouterr().out
    monkeypatch.setattr("diagnose.llm.explain.ask", refuse)
    asked = ["explain", "collapsed.json", "--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--deadline", "2"]
    assert main(asked) == 1
    text = capsys.readouterr().out
    assert text.startswith(alone.rstrip("\n"))
    assert "no server" in text
    assert main([*asked, "--no-model"]) == 1
    assert capsys.readouterr().out == alone

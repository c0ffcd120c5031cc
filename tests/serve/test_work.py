"""The steps of a conversation, in a process of their own: within their time, and told in a line where they fail."""

from __future__ import annotations

import os
import time

import pytest

pytest.importorskip("matplotlib")

from diagnose.chat.session import Session
from diagnose.serve import work
from diagnose.serve.limits import WorkError, limited, warm_up

PASTE = "eval_accuracy = 0.6120\neval_precision = 0.0102\neval_recall = 0.01667\neval_f1 = 0.0127\n"


def test_work_comes_back_from_another_process():
    warm_up()
    session, view = limited(work.paste, Session(), PASTE, seconds=30)
    assert session.report.verdict.value == "degenerate"
    assert view.has_report
    assert "degenerate" in view.verdict
    assert view.report.startswith("## pasted text")
    assert limited(os.getpid, seconds=30) != os.getpid()


def test_work_that_does_not_end_is_ended():
    began = time.monotonic()
    with pytest.raises(WorkError, match=r"more than 0\.5 seconds"):
        limited(time.sleep, 60, seconds=0.5)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("task", "argument", "line"),
    [(int, "<of course>", "Unexpected ValueError: .*<of course>"), (os._exit, 1, "ended by the system")],
)
def test_work_that_fails_says_so(task, argument, line):
    with pytest.raises(WorkError, match=line):
        limited(task, argument, seconds=30)


def test_a_question_becomes_a_control_and_its_answer_judges_anew():
    session, view = work.paste(Session(), PASTE)
    averaging = next(asked for asked in view.questions if asked.name == "averaging")
    assert len(averaging.choices) >= 2
    assert "macro" in averaging.choices
    yes_no = next(asked for asked in view.questions if asked.name == "same_unit")
    assert yes_no.choices == ("true", "false")
    number = next(asked for asked in view.questions if asked.name == "classes")
    assert (number.choices, bool(number.hint)) == ((), True)
    session, answered = work.assume(session, "averaging=macro")
    assert answered.assumed == ("averaging=macro",)
    assert all(asked.name != "averaging" for asked in answered.questions)
    session, back = work.undo(session)
    assert (back.assumed, back.questions) == ((), view.questions)


def test_a_wrong_answer_changes_nothing_and_says_why():
    session, before = work.paste(Session(), PASTE)
    _, after = work.assume(session, "classes=<many>")
    assert 'class="notice"' in after.notice
    assert "&lt;many&gt;" in after.notice
    assert (after.assumed, after.verdict) == ((), before.verdict)


@pytest.mark.parametrize("text", ["hello", "/etc/passwd", "\x00\x01\x02", "~/.ssh/id_rsa", "file:///etc/passwd"])
def test_a_text_without_metrics_is_a_notice_and_no_file_is_read(text):
    _, view = work.paste(Session(), text)
    assert 'class="notice"' in view.notice
    assert not view.has_report
    assert "root:" not in view.notice


def test_an_upload_is_called_by_its_name_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "hash" / "eval_results.json"
    file.parent.mkdir()
    file.write_text('{"eval_accuracy": 0.62, "eval_f1": 0.0}', encoding="utf-8")
    _, view = work.open_file(Session(), str(file))
    assert "eval_results.json" in view.report
    assert str(tmp_path) not in view.report + view.verdict + view.findings


def test_an_upload_called_like_standard_input_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-").write_text("accuracy: 0.5", encoding="utf-8")
    _, view = work.open_file(Session(), str(tmp_path / "-"))
    assert view.has_report


def test_a_binary_upload_is_a_notice(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.bin").write_bytes(bytes(range(256)) * 100)
    _, view = work.open_file(Session(), str(tmp_path / "model.bin"))
    assert "binary" in view.notice
    assert not view.has_report


def test_what_is_said_comes_back_as_markdown_without_markup_of_the_speaker():
    session, _ = work.paste(Session(), PASTE)
    _, view = work.say(session, "<b>what</b> should I try [first](http://evil.example)?")
    question, answer = view.said[-1]
    assert question.startswith("\\<b\\>what")
    assert "\\[first\\](http:\u200b//" in question
    assert answer
    assert view.notice == ""


def test_the_plots_are_drawn_of_the_report():
    session, _ = work.paste(Session(), "Step 1: accuracy 0.5\nStep 2: accuracy 0.6\nStep 3: accuracy nan\n")
    assert "<svg" in work.draw(session.report)

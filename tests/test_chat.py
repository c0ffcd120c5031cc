"""`diagnose chat`: with a pipe, on a terminal, and with keys that are pressed on it."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import diagnose
from diagnose.cli import main
from diagnose.commands import chat

METRICS = """\
eval_accuracy = 0.5217
eval_precision = 0.1304
eval_recall = 0.25
eval_f1 = 0.1714
"""


@pytest.fixture(autouse=True)
def _no_model(monkeypatch, tmp_path):
    monkeypatch.delenv("DIAGNOSE_MODEL", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(diagnose.__file__).parents[1]))
    monkeypatch.chdir(tmp_path)


def piped(text, *words):
    done = subprocess.run(
        [sys.executable, "-m", "diagnose", "chat", *words],
        input=text, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_a_pipe_is_one_message():
    """Without FILE all of standard input is one paste, with the question around it."""
    status, out, _ = piped(f"{METRICS}\nis it better than chance?\n")
    assert status == 0
    assert "one class for every row" in " ".join(out.split())
    assert "no better than an answer without regard" in " ".join(out.split())
    assert "\x1b" not in out


def test_with_a_file_each_line_is_a_question(tmp_path):
    (tmp_path / "m.txt").write_text(METRICS, encoding="utf-8")
    status, out, _ = piped("what should I try first?\n\n/assume classes=4\n/save out.md\n/quit\nwhy?\n", "m.txt")
    assert status == 0
    assert "> what should I try first?" in out
    assert "Assumed: classes=4" in out
    assert "> why?" not in out
    assert "classes=4" in (tmp_path / "out.md").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_read_is_status_2():
    status, out, error = piped("", "none.txt")
    assert (status, out) == (2, "")
    assert error.count("\n") == 1
    assert "no such file" in error


def test_commands(tmp_path, capsys):
    (tmp_path / "m.txt").write_text(METRICS, encoding="utf-8")
    (tmp_path / "n.txt").write_text(METRICS.replace("0.5217", "0.6"), encoding="utf-8")
    from diagnose.chat.session import Session

    talk = chat.Talk(Session())

    def said(message):
        assert talk.about(message) is True
        return " ".join(capsys.readouterr().out.split())

    assert "no report yet" in said("/save x.md")
    assert "one class for every row" in said("/open 'm.txt'")
    assert "0.6" in said("/compare n.txt")
    assert "Taken back: the comparison" in said("/undo")
    assert "averaging=macro" in said("/assume averaging=macro")
    assert "did you mean '/save'" in said("/sav x")
    assert "FILE" in said("/open")
    assert "does not exist" in said("/save no/such/folder/x.md")
    assert "/compare" in said("/help")
    assert "one class for every row" in said("/explain")
    assert "no such file" in said("/open none.txt")
    assert talk.about("/quit") is False


def test_a_paste_that_begins_with_a_slash_is_no_command(capsys):
    from diagnose.chat.session import Session

    assert chat.Talk(Session()).about(f"/home/me/run/log.txt\n{METRICS}")
    assert "one class for every row" in " ".join(capsys.readouterr().out.split())


def test_a_missing_library_ends_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert main(["chat"]) == 2
    assert capsys.readouterr().err == (
        "diagnose: a chat in the terminal needs prompt_toolkit (pip install 'metric-diagnose[chat]')\n"
    )


def keys(*pressed):
    """Return the messages that pressed keys make, "^C" for an interruption and "^D" for the end."""
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    from diagnose.commands._prompt import Prompt

    with create_pipe_input() as keyboard:
        prompt = Prompt(keyboard, DummyOutput())
        messages = []
        for text in pressed:
            keyboard.send_text(text)
            try:
                messages.append(prompt.ask())
            except KeyboardInterrupt:
                messages.append("^C")
            except EOFError:
                messages.append("^D")
        return messages


PASTE, END = "\x1b[200~", "\x1b[201~"


@pytest.mark.parametrize(
    ("pressed", "message"),
    [
        ("hello\r", "hello"),
        ("one\\\rtwo\r", "one\ntwo"),
        ("one\x1b\rtwo\r", "one\ntwo"),
        (f"{PASTE}a = 1\r\nb = 2\r{END}\r", "a = 1\nb = 2\n"),
        (f"why?{PASTE}\nacc 0.5{END}\r", "why?\nacc 0.5"),
        ("half\x03", "^C"),
        ("\x04", "^D"),
    ],
)
def test_keys(pressed, message):
    """Enter sends; Alt-Enter and a backslash break the line; a paste keeps its lines; Ctrl-C and Ctrl-D do theirs."""
    assert keys(pressed) == [message]


def test_a_long_paste_is_shown_short_and_sent_whole():
    text = "\n".join(f"step {i} loss 0.{i:03}" for i in range(400))
    assert keys(f"{PASTE}{text}{END} ok?\r", f"{PASTE}{text}{END}\r") == [f"{text} ok?", text]


def test_what_was_typed_before_comes_back_with_the_arrow():
    assert keys("first\r", "\x1b[A\r") == ["first", "first"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="pseudo-terminals are POSIX")
def test_on_a_terminal_ctrl_c_clears_and_ctrl_d_leaves():
    """The whole program on a pseudo-terminal: paste, question, Ctrl-C on a half line, Ctrl-D; status 0."""
    import pty

    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm", NO_COLOR="1", COLUMNS="80")
        os.execv(sys.executable, [sys.executable, "-m", "diagnose", "chat"])  # noqa: S606  # the program under test
    try:
        screen = _Screen(terminal)
        screen.wait_for("/help")
        os.write(terminal, f"{PASTE}{METRICS}{END}\r".encode())
        screen.wait_for("one class")
        screen.wait_for("\n>")
        os.write(terminal, b"half a line\x03")
        os.write(terminal, b"what is the verdict?\r")
        screen.wait_for("Degenerate")
        screen.wait_for("\n>")
        os.write(terminal, b"\x04")
        screen.drain()  # a program waits for its terminal to have taken all before it ends
        _, status = os.waitpid(child, 0)
        child = 0
        assert os.waitstatus_to_exitcode(status) == 0
        assert "Traceback" not in screen.text
    finally:
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os.close(terminal)


class _Screen:
    """What a terminal was sent, without its escape sequences."""

    def __init__(self, terminal):
        self.terminal = terminal
        self.text = ""
        self.seen = 0  # where what was waited for last ends

    def wait_for(self, words, seconds=30):
        end = time.monotonic() + seconds
        while words not in self.text[self.seen :]:
            left = end - time.monotonic()
            assert left > 0, f"{words!r} did not come: {self.text[-500:]!r}"
            self.read(min(left, 0.2))
        self.seen = self.text.index(words, self.seen) + len(words)

    def drain(self, seconds=30):
        end = time.monotonic() + seconds
        with contextlib.suppress(OSError):  # the other side is closed
            while time.monotonic() < end:
                self.read(0.2)

    def read(self, seconds):
        if select.select([self.terminal], [], [], seconds)[0]:
            raw = os.read(self.terminal, 65536).decode("utf-8", "replace")
            if "\x1b[6n" in raw:  # the cursor's place is asked for
                os.write(self.terminal, b"\x1b[1;1R")
            self.text += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", raw)


def test_ctrl_c_stops_an_answer_and_the_session_stands(monkeypatch, capsys):
    """A model that is waited for is left; the report is the engine's, and the next message is asked for."""
    from diagnose.chat.session import Session

    session = Session(endpoint=object())

    def explain(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("diagnose.chat.session.explain", explain)
    messages = iter([METRICS, "what is the verdict?"])

    def ask():
        try:
            return next(messages)
        except StopIteration:
            raise EOFError from None

    chat._converse(chat.Talk(session), ask)
    out = capsys.readouterr().out
    assert "Stopped" in out
    assert "Degenerate" in out
    assert session.report is not None


def test_an_unexpected_error_costs_one_answer(monkeypatch, capsys):
    from diagnose.chat.session import Session

    def broken(*_, **__):
        raise ZeroDivisionError("oops")

    talk = chat.Talk(Session())
    monkeypatch.setattr(Session, "say", broken)
    assert talk.survives("why?") is True
    assert "unexpected ZeroDivisionError: oops" in capsys.readouterr().out
    with pytest.raises(ZeroDivisionError):
        chat.Talk(Session(), debug=True).survives("why?")

"""What the page asks for, done in a process of its own: a conversation comes in and goes back, with what it shows.

The process that serves the page never reads what a visitor gives, and formats none of it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from diagnose.chat.answer import Words
from diagnose.chat.spoken import CHOICES
from diagnose.facts import ASSUMPTIONS
from diagnose.report._phrases import answer_form
from diagnose.report._words import clean
from diagnose.report.markdown import escape
from diagnose.serve import pieces

if TYPE_CHECKING:
    from diagnose.chat.answer import Answer
    from diagnose.chat.session import Session
    from diagnose.types import Question, Report

__all__ = ["Asked", "View", "assume", "draw", "open_file", "paste", "say", "undo"]

_MOST_QUESTIONS = 8
_MESSAGE_LENGTH = 240
_STANDARD_INPUT = "-"


class Asked(NamedTuple):
    """A question of the report as a control: its words, the name to answer it under, the answers to choose from.

    hint: what kind of answer is wanted, where there are none to choose from.
    """

    ask: str
    name: str
    choices: tuple[str, ...]
    hint: str


class View(NamedTuple):
    """What the page shows of a conversation.

    notice: HTML that says why the last step changed nothing; verdict, findings: HTML; report: Markdown;
    assumed: the answers given so far; said: messages and answers, as Markdown, the oldest first; has_report: whether
    there is a report to show, draw and share.
    """

    notice: str = ""
    verdict: str = ""
    report: str = ""
    findings: str = ""
    questions: tuple[Asked, ...] = ()
    assumed: tuple[str, ...] = ()
    said: tuple[tuple[str, str], ...] = ()
    has_report: bool = False


def paste(session: Session, text: str) -> tuple[Session, View]:
    """Take a text for metrics."""
    return _after(session, session.paste(text))


def open_file(session: Session, path: str) -> tuple[Session, View]:
    """Read one uploaded file; reports call it by its name alone, since its folder is the server's own."""
    file = Path(path)
    os.chdir(file.parent)
    name = f"./{file.name}" if file.name == _STANDARD_INPUT else file.name
    return _after(session, session.open(name))


def say(session: Session, text: str) -> tuple[Session, View]:
    """Answer a message."""
    return _after(session, session.say(text), spoken=True)


def assume(session: Session, text: str) -> tuple[Session, View]:
    """Answer a question of the report."""
    return _after(session, session.assume(text))


def undo(session: Session) -> tuple[Session, View]:
    """Take the last change back."""
    return _after(session, session.undo())


def draw(report: Report) -> str:
    """Return the plots and matrices."""
    return pieces.pictures(report)


def _after(session: Session, answer: Answer, *, spoken: bool = False) -> tuple[Session, View]:
    """Return what is to be shown after an answer; what is said in the conversation needs no notice beside it."""
    said = tuple((_quoted(turn.message), turn.answer.markdown) for turn in session.turns)
    notice = "" if answer.changed or spoken else pieces.notice(_words(answer))
    report = session.report
    if report is None:
        return session, View(notice, said=said)
    view = View(
        notice,
        pieces.verdict(report),
        session.export(),
        pieces.findings(report),
        tuple(_asked(report, question) for question in dict.fromkeys(report.questions))[:_MOST_QUESTIONS],
        session.assumptions,
        said,
        has_report=True,
    )
    return session, view


def _words(answer: Answer) -> str:
    return " ".join(part.text for part in answer.parts if isinstance(part, Words))


def _quoted(message: str) -> str:
    return escape(clean(message, _MESSAGE_LENGTH))


def _asked(report: Report, question: Question) -> Asked:
    """Return a question as a control; what is true or false is answered with yes or no."""
    form = answer_form(report, question)
    name = form.rpartition("=")[0]
    kind = question.assume.partition("=")[0]
    hint = ASSUMPTIONS.get(kind, "")
    choices = CHOICES.get(kind, ())
    # A question that names the answers that are left is answered with one of them.
    named = tuple(choice for choice in choices if choice in question.ask.replace("?", " ").split())
    return Asked(clean(question.ask), name, named if len(named) > 1 else choices, hint)

"""What a conversation is about, and how it is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from diagnose.api import check
from diagnose.config import Entry, Policy
from diagnose.readers import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.llm.explanation import Explanation
    from diagnose.types import Report, Run

__all__ = ["State", "Subject", "judged"]

_ORIGIN = "conversation"
_AGAINST = "the other run"


class Subject(NamedTuple):
    """What was given: its name, and the runs that were read from it."""

    name: str
    runs: tuple[Run, ...]


class State(NamedTuple):
    """What the conversation is about. Every change makes a new one, so that it can be taken back.

    explanation: what was told of the report, a model's choice among it; assumed: the answers given so far;
    other: what it is compared with; change: what made this state, in a few words.
    """

    subject: Subject
    report: Report
    explanation: Explanation
    assumed: tuple[str, ...] = ()
    other: Subject | None = None
    change: str = ""


def judged(policy: Policy, subject: Subject, assumed: Sequence[str], other: Subject | None) -> Report:
    """Judge runs that were read, by a policy and what was assumed since, against `other` where there is one."""
    entries = [Entry(("assume",), text, _ORIGIN) for text in assumed]
    if other is not None:
        entries.append(Entry(("against",), _AGAINST, _ORIGIN))

    def reading(source: str) -> Sequence[Run]:
        if other is not None and source == _AGAINST:
            return other.runs
        return subject.runs if source == subject.name else read(source)

    return check(subject.name, Policy((*policy.entries, *entries)), reading)

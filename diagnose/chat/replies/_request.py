"""What a reply is made from, and what it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from diagnose.chat._tables import words
from diagnose.chat.answer import Words
from diagnose.chat.mentions import Mentions
from diagnose.llm._prose import capital, given, sure
from diagnose.llm._view import Result
from diagnose.llm.explanation import Source
from diagnose.report._phrases import proof_words, where
from diagnose.report._words import clean, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diagnose.chat.answer import Part
    from diagnose.engine.rules import Rule
    from diagnose.llm.explanation import Explanation
    from diagnose.llm.pack import Pack
    from diagnose.types import Fact, Report

__all__ = ["Reply", "Request", "Topic", "fact_line", "fact_sentence", "facts_named", "listed_facts", "say"]

_BECAUSE = 400


class Topic(NamedTuple):
    """What was spoken of last: a rule, facts by name, metrics.

    step: the number of the last step that was told; asked: what the question named that the step answers.
    """

    rule: str = ""
    facts: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    step: int = 0
    asked: Mentions = Mentions()


class Request(NamedTuple):
    """A question about a report, and all that it can be answered from; text: made plain (`mentions.plain`)."""

    text: str
    mentions: Mentions
    report: Report
    explanation: Explanation
    pack: Pack
    rules: Mapping[str, Rule]
    topic: Topic = Topic()


class Reply(NamedTuple):
    """What is said, what it is about, and who chose it."""

    parts: tuple[Part, ...]
    topic: Topic = Topic()
    source: Source = Source.DETERMINISTIC


def say(*sentences: str, topic: Topic = Topic()) -> Reply:  # noqa: B008  # immutable
    """Return a reply of paragraphs."""
    return Reply(tuple(Words(sentence) for sentence in sentences), topic)


def fact_line(report: Report, fact: Fact, *, derived: bool = True, placed: bool = True) -> str:
    """Return a fact as it is read: its name and place, value, proof, and, if wanted, how it was derived."""
    place = where(report, fact.scope)
    value = f"{clean(shown(fact.value), 300)} {clean(fact.unit, 40)}".strip()
    named = f"{clean(fact.name)} ({place})" if place and placed else clean(fact.name)
    line = f"{named} = {value} [{proof_words(fact.proof, fact.assumes)}]"
    return f"{line}: {clean(fact.because, _BECAUSE)}" if derived and fact.because else line


def fact_sentence(report: Report, fact: Fact, *, derived: bool = True, placed: bool = True) -> str:
    """Return a fact in prose, with how sure it is and on what condition; its line where it has no sentence.

    derived: with its derivation; placed: with the name of its place in front.
    """
    template = words("facts").get(fact.name)
    if template is None:
        return fact_line(report, fact, derived=derived, placed=placed)
    clause = template.replace("$value", clean(shown(fact.value), 300))
    sentence = sure(fact.proof, given(fact.assumes), clause)
    place = where(report, replace(fact.scope, step=None)) if placed else ""
    if derived and fact.because:
        sentence = f"{sentence.rstrip('.')}: {clean(fact.because, _BECAUSE).rstrip('.')}."
    return f"{f'{capital(place)}: ' if place else ''}{sentence}"


def facts_named(request: Request, *names: str) -> list[Fact]:
    """Return the facts of these names about the results that the message asks for, each as narrow as it is reported."""
    reported = {Result(run, series).scope for run in request.report.runs for series in run.series()}
    found = [fact for name in names for fact in request.report.facts if fact.name == name]
    found = [fact for fact in found if request.mentions.about(fact.scope)]
    whole = [f for f in found if f.scope.step is None or replace(f.scope, label=None) in reported]
    return whole or found


def listed_facts(request: Request, facts: Iterable[Fact], limit: int = 12) -> tuple[str, ...]:
    """Return facts as lines, each once, the last a count where there are more than `limit`."""
    lines = list(dict.fromkeys(fact_sentence(request.report, fact) for fact in facts))
    more = len(lines) - limit
    return (*lines[:limit], *([f"and {more:,} more"] if more > 0 else []))

"""The evidence pack: every statement that may be made about a report, numbered, and in the program's own words."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from diagnose.interval import Interval
from diagnose.llm._prose import bare
from diagnose.report._phrases import finding_place, option, proof_words, quote, where
from diagnose.report._story import change_words
from diagnose.report._trials import tried_words
from diagnose.report._words import clean, first_sentence, shown
from diagnose.report._worked_out import is_derived
from diagnose.types import Proof, Scope, Verdict, row_step
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diagnose.types import Fact, Finding, Report, Value

__all__ = ["Kind", "Pack", "Statement", "make_pack"]

# What a reader, or a model with a context of a few thousand tokens, can take in; the JSON report has everything.
_MOST_VALUES = 60
_MOST_FACTS = 40
_MOST_FINDINGS = 24


class Kind:
    """The kinds of statements, by the letter that their numbers begin with."""

    VERDICT = "S"  # the verdict of a task and split
    FINDING = "F"
    VALUE = "V"  # a number as the input reports it
    FACT = "D"  # what was derived from the values
    CAUSE = "C"  # why a finding may be so, as a rule gives it
    ACTION = "A"  # what to do about a finding
    QUESTION = "Q"


class Statement(NamedTuple):
    """One thing that may be said.

    text: a sentence, safe to print; proof: its proof word with assumptions, "" where it claims nothing of the run;
    place: run, task, split, class, step, as far as they need saying; about: the numbers of the statements that it
    belongs to (a cause's and an action's finding) or rests on (a finding's facts and values, a fact's values);
    metric: the canonical name of a value's metric or the name of a fact; interval: the numbers that it can be, for
    comparisons; of: the Report's own object.
    """

    id: str
    text: str
    proof: str = ""
    place: str = ""
    about: tuple[str, ...] = ()
    metric: str = ""
    interval: Interval | None = None
    of: object = None

    @property
    def kind(self) -> str:
        """The letter of its kind."""
        return self.id[0]


class Pack:
    """The statements of one report, found by number, kind and what they belong to."""

    def __init__(self, report: Report, statements: Iterable[Statement]) -> None:
        self.report = report
        self.statements = {statement.id: statement for statement in statements}
        self._numbers = {id(statement.of): statement.id for statement in self.statements.values()}

    def __getitem__(self, number: str) -> Statement:
        return self.statements[number]

    def __contains__(self, number: object) -> bool:
        return number in self.statements

    def of_kind(self, kind: str) -> tuple[Statement, ...]:
        """Return the statements of a kind, in the order of the pack: the gravest finding first."""
        return tuple(statement for statement in self.statements.values() if statement.kind == kind)

    def belonging(self, number: str, kind: str) -> tuple[Statement, ...]:
        """Return the statements of a kind that belong to the numbered one: a finding's causes or actions."""
        return tuple(statement for statement in self.of_kind(kind) if number in statement.about)

    def numbers_of(self, things: Iterable[object]) -> tuple[str, ...]:
        """Return the numbers of the statements that are of these objects of the report, each once."""
        found = (self._numbers.get(id(thing)) for thing in things)
        return tuple(dict.fromkeys(number for number in found if number is not None))

    @property
    def verdict(self) -> Verdict:
        """The engine's verdict; nothing in this room changes it."""
        return self.report.verdict or Verdict.UNKNOWN


def make_pack(report: Report) -> Pack:
    """Return everything that may be said of a report that was read, numbered; deterministic for one report."""
    return Pack(report, _Numbering(report).statements())


class _Numbering:
    """Numbers the objects of a report as they are first needed."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.values: dict[tuple[str, str, str, str], Statement] = {}
        self.facts: dict[int, Statement] = {}
        self._next = {kind: count(1) for kind in "SFVDCAQ"}

    def statements(self) -> Iterator[Statement]:
        """Yield all statements: verdicts, findings with causes and actions, facts, questions, values."""
        found: list[Statement] = []
        for verdict in sorted(self.report.verdicts, key=lambda item: item.verdict.rank):
            place = where(self.report, verdict.scope)
            because = f": {clean(verdict.because)}" if verdict.because else ""
            found.append(Statement(self._id("S"), f"{verdict.verdict.value}{because}", place=place, of=verdict))
        for finding in self.report.findings[:_MOST_FINDINGS]:
            found += self._finding(finding)
        for fact in self._telling():
            self._fact(fact)
        for question in dict.fromkeys(self.report.questions):
            text = f"{clean(question.ask)} (answer: {option(self.report, question)})"
            found.append(Statement(self._id("Q"), text, place=where(self.report, question.scope), of=question))
        for value in self._reported():
            self._value(value)
        yield from found
        yield from self.facts.values()
        yield from self.values.values()

    def _id(self, kind: str) -> str:
        return f"{kind}{next(self._next[kind])}"

    def _finding(self, finding: Finding) -> Iterator[Statement]:
        number = self._id("F")
        rests = [self._fact(fact) for fact in finding.facts if is_derived(fact)]
        read = [self._value(value) for fact in finding.facts for value in fact.evidence]
        assumed = (a for fact in finding.facts for a in fact.assumes)
        yield Statement(
            number,
            f"{bare(clean(finding.title))}: {clean(finding.message)}",
            proof_words(finding.proof, assumed),
            finding_place(self.report, finding),
            tuple(dict.fromkeys(statement.id for statement in (*rests, *read))),
            clean(finding.rule),
            of=finding,
        )
        for remedy in finding.ways_out():
            if remedy.cause:
                cause = f"{bare(clean(remedy.cause))}: {bare(first_sentence(remedy.why))}"
                yield Statement(self._id("C"), cause, about=(number,), of=remedy)
            change = change_words(remedy)
            tried = tried_words(remedy)
            text = bare(clean(remedy.title)) + (f" [{change}]" if change else "") + (f"; {tried}" if tried else "")
            yield Statement(self._id("A"), text, about=(number,), of=remedy)

    def _fact(self, fact: Fact) -> Statement:
        if id(fact) not in self.facts:
            rests = tuple(dict.fromkeys(self._value(value).id for value in fact.evidence))
            place = where(self.report, fact.scope)
            value = f"{clean(shown(fact.value), 300)} {clean(fact.unit, 40)}".strip()
            self.facts[id(fact)] = Statement(
                self._id("D"), f"{fact.name} = {value}: {clean(fact.because)}",
                proof_words(fact.proof, fact.assumes), place, rests, clean(fact.name), _interval(fact.value), fact,
            )  # fmt: skip
        return self.facts[id(fact)]

    def _value(self, value: Value) -> Statement:
        key = _key(value)
        if key not in self.values:
            place = where(self.report, self._scopes[key]) if key in self._scopes else ""
            self.values[key] = Statement(
                self._id("V"), quote(value, self.report), "", place, (), clean(value.metric), value.interval, value
            )
        return self.values[key]

    @cached_property
    def _scopes(self) -> dict[tuple[str, str, str, str], Scope]:
        """What each reported value is about."""
        scopes: dict[tuple[str, str, str, str], Scope] = {}
        for run in self.report.runs:
            for evaluation in run.evaluations:
                scope = Scope(run.name, evaluation.task, evaluation.split, row_step(evaluation))
                rows = [(scope, evaluation.metrics), (scope, evaluation.recomputed)]
                rows += [(replace(scope, label=row.label), row.metrics) for row in evaluation.classes]
                for about, metrics in rows:
                    for value in metrics.values():
                        scopes.setdefault(_key(value), about)
        return scopes

    def _telling(self) -> list[Fact]:
        """Return the facts about the results themselves that say something, the strongest proof first."""
        results = {
            Scope(run.name, series.task, series.split, None if series.headline else row_step(series.reported))
            for run in self.report.runs
            for series in run.series()
        }
        facts = [
            fact
            for fact in self.report.facts
            if is_derived(fact) and "." not in fact.name and fact.value and fact.proof is not Proof.SUGGESTED
            and fact.scope.label is None and (fact.scope.step is None or fact.scope in results)
        ]  # fmt: skip
        return facts[:_MOST_FACTS]

    def _reported(self) -> Iterator[Value]:
        """Yield the values of the results: metrics first, then times and counts."""
        values = [
            value for run in self.report.runs for series in run.series() for value in series.reported.metrics.values()
        ]
        yield from sorted(values, key=lambda value: not _is_score(value.metric))[:_MOST_VALUES]


def _key(value: Value) -> tuple[str, str, str, str]:
    return value.source, value.at, value.key, value.text


def _is_score(metric: str) -> bool:
    info = metric_of(metric)
    return info is not None and info.kind in ("score", "correlation", "error", "loss")


def _interval(value: object) -> Interval | None:
    if isinstance(value, Interval):
        return value
    return Interval.of(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

"""What was worked out beside the findings: facts that are more than a number read again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from diagnose.report._phrases import proof_words, where
from diagnose.report._words import clean, shown
from diagnose.types import Proof, Scope, Verdict, row_step
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.types import Fact, Report

__all__ = ["Derived", "is_derived", "is_reading", "worked_out"]

# Who has nothing to repair wants few lines.
_HEALTHY = 3
_BECAUSE = 200


class Derived(NamedTuple):
    """A fact about the result that was worked out, not read: its name, value, proof and derivation."""

    name: str
    value: str
    proof: str
    because: str


def worked_out(report: Report, verdict: Verdict) -> tuple[Derived, ...]:
    """Return what else was worked out: about the results first, then about the run; a healthy one has the first few."""
    found = sorted(_derived(report), key=lambda item: item[0].scope.split is None)
    return tuple(derived for _, derived in found[: _HEALTHY if verdict is Verdict.HEALTHY else None])


def _derived(report: Report) -> Iterator[tuple[Fact, Derived]]:
    """Yield what was worked out about the results themselves, beside what the findings already tell.

    Left out, but not from the JSON report: helpers of other facts (their names have a dot), habits and thresholds,
    numbers that were only read, and what is only the absence of a fault (no, 0, an empty list).
    """
    told = {id(fact) for finding in report.findings for fact in finding.facts}
    results = {
        Scope(run.name, series.task, series.split, None if series.headline else row_step(series.reported))
        for run in report.runs
        for series in run.series()
    }
    for fact in report.facts:
        about_result = fact.scope.label is None and (fact.scope.step is None or fact.scope in results)
        telling = fact.value and fact.proof is not Proof.SUGGESTED and "." not in fact.name and is_derived(fact)
        if about_result and telling and not is_reading(fact) and id(fact) not in told:
            place = where(report, replace(fact.scope, step=None))
            name = f"{clean(fact.name)} ({place})" if place else clean(fact.name)
            value = f"{clean(shown(fact.value), 160)} {clean(fact.unit, 40)}".strip()
            yield fact, Derived(name, value, proof_words(fact.proof, fact.assumes), clean(fact.because, _BECAUSE))


def is_derived(fact: Fact) -> bool:
    """Whether a fact was worked out; a reported metric is a fact under its own name."""
    return metric_of(fact.name) is None


def is_reading(fact: Fact) -> bool:
    """Whether a fact only repeats a number of the input."""
    return fact.proof is Proof.PROVED and len(fact.evidence) <= 1

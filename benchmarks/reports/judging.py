"""Reads a random report, derives its facts, and holds each against what is true of it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diagnose.errors import UnreadableInputError
from diagnose.facts import Assumptions, derive
from diagnose.readers import read_text
from diagnose.types import Proof
from reports.truth import UNKNOWN, contains

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.types import Fact
    from reports.truth import Report, Truth

__all__ = ["Outcome", "judge"]

# Statements about the text itself, not about what was measured: counts of rows, names, words.
_OF_THE_TEXT = frozenset({
    "nan_metrics", "nan_metrics.count", "nan_rows.share", "nan_loss.reported", "nan_loss.explained",
    "nan_loss.tail_share", "standard_error.metric", "task_score_count", "task_count", "train_loss.points",
    "train_loss.ends_nonfinite", "val_loss.ends_nonfinite", "val_loss.rows", "val_loss.rows_since_min",
    "val_metric.rows", "frozen_rows", "frozen_rows.share", "still_rows", "still_rows.share", "stopping.possible",
    "stopping.waited", "progress", "comparison.baseline", "metric_difference.metric", "recomputed.agrees",
    "contradiction.approximate",
})  # fmt: skip
# How many contradictions there are, by kind: none in a report whose numbers and assumptions are right.
_COUNTS = frozenset({"contradiction.impossible", "contradiction.setup", "contradiction.statement"})


@dataclass
class Outcome:
    """What came of one report.

    checked: proved and proved_if facts that were held against the truth; wrong: those that do not contain it;
    wrong_implied: the same of what is only implied; without_truth, unknown_assumptions: what could not be judged;
    found: whether the wanted fact is there (None: none is wanted); seconds: the processor's time of facts.derive;
    unread: the readers found no number in it.
    """

    checked: int = 0
    wrong: list[Fact] = field(default_factory=list)
    wrong_implied: list[Fact] = field(default_factory=list)
    without_truth: Counter[str] = field(default_factory=Counter)
    unknown_assumptions: Counter[str] = field(default_factory=Counter)
    found: bool | None = None
    seconds: float = 0.0
    unread: bool = False


def judge(report: Report) -> Outcome:
    """Derive the facts of a report as its user would, and check them."""
    outcome = Outcome(found=None if report.wanted is None else False)
    assumed = Assumptions.parse(report.assume)
    try:
        runs = read_text(report.text, "report")
    except UnreadableInputError:
        outcome.unread = True
        return outcome
    for place, run in enumerate(runs):
        truth = report.truths[min(place, len(report.truths) - 1)]
        others = [other for other in runs if other is not run]
        begin = time.process_time()
        facts = derive(run, assumed, others)
        outcome.seconds += time.process_time() - begin
        for fact in facts:
            if report.wanted is not None and fact.name in report.wanted.names and report.wanted.met(fact.value):
                outcome.found = outcome.found or truth.corrupted or _is_true(fact, truth) is not False
            if not truth.corrupted:
                _check(fact, truth, outcome)
    return outcome


def _is_true(fact: Fact, truth: Truth) -> bool | None:
    """Whether the fact contains the truth; None where no truth is known."""
    if fact.name == "contradiction":
        return False
    if fact.name in _COUNTS:
        return not fact.value
    if fact.name == "readings":
        return not any(_is_the_case(reading["assume"], truth) for reading in fact.value["dropped"])
    true = truth.of(fact)
    return None if true is UNKNOWN else contains(fact.value, true)


def _is_the_case(assume: str | Sequence[str], truth: Truth) -> bool:
    """Whether a reading is that of the report: a dropped one must not be."""
    names = [assume] if isinstance(assume, str) else assume
    return bool(names) and all(
        truth.holds(name) is True and truth.assumed.get(name.partition("=")[0]) is not None for name in names
    )


def _check(fact: Fact, truth: Truth, outcome: Outcome) -> None:
    if fact.name in _OF_THE_TEXT or fact.name.endswith("_text") or fact.proof is Proof.SUGGESTED:
        return
    holds = [truth.holds(assumption) for assumption in fact.assumes]
    if False in holds:
        return
    strict = fact.proof is not Proof.IMPLIED
    if None in holds:
        if strict:
            names = (a.partition("=")[0] for a, known in zip(fact.assumes, holds, strict=True) if known is None)
            outcome.unknown_assumptions.update(names)
        return
    true = _is_true(fact, truth)
    if true is None:
        if strict:
            outcome.without_truth[fact.name] += 1
        return
    outcome.checked += strict
    if not true:
        (outcome.wrong if strict else outcome.wrong_implied).append(fact)

"""The one binary matrix of a known number of rows that prints rounded scores, with what it took to single it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.facts._binary_measures import agreement, printed_measures
from diagnose.facts._binary_search import Box, matrices
from diagnose.facts._scores import harmonic_mean
from diagnose.interval import Interval

if TYPE_CHECKING:
    from diagnose.facts._binary import Matrix
    from diagnose.facts._scores import Scores
    from diagnose.types import Evaluation, Fact, Value

__all__ = ["Recovered", "four_intervals", "recover", "shown_count"]

_FOUR = ("accuracy", "precision", "recall", "f1")
_ROUNDED = "rounded=true"


@dataclass(frozen=True, slots=True)
class Recovered:
    """The only matrix that fits, or None where none does.

    others: the metrics beside the four scores that were needed; rests: the facts likewise; assumes: on top of theirs.
    """

    matrix: Matrix | None
    others: tuple[Value, ...] = ()
    rests: tuple[Fact, ...] = ()
    assumes: tuple[str, ...] = ()


def four_intervals(scores: Scores, *, nearest: bool = False) -> tuple[Interval, Interval, Interval, Interval] | None:
    """Return the intervals of accuracy, precision, recall and F1; where the average is told, F1 may be left out.

    In one matrix F1 is 2PR/(P + R). Elsewhere it is the sign that the scores are those of one matrix at all.
    """
    accuracy, precision, recall, f1 = (scores.interval(name, nearest=nearest) for name in _FOUR)
    if accuracy is None or precision is None or recall is None:
        return None
    if f1 is None and scores.f1 is None and scores.average == "binary":
        f1 = harmonic_mean(precision, recall)
    return None if f1 is None else (accuracy, precision, recall, f1)


def recover(
    rows: Fact, scores: Scores, evaluation: Evaluation, positive: Fact | None, fewer: Fact | None
) -> Recovered | None:
    """Look for the matrix; None where several fit, or where the search was given up.

    Where the four scores leave several, the other metrics of the evaluation are taken in, then the number of positives
    that the other rows of a history tell, then that the numbers were rounded rather than truncated, and at last that
    there are `fewer` rows, by the way in which their number was measured.
    """
    found = _narrowed(rows, scores, evaluation, positive, nearest=False)
    if found is not None:
        return found
    for count in (rows, fewer):
        found = None if count is None else _narrowed(count, scores, evaluation, positive, nearest=True)
        if count is not None and found is not None and found.matrix is not None:
            rests = found.rests if count is rows else (count, *found.rests)
            return Recovered(found.matrix, found.others, rests, () if scores.rounded else (_ROUNDED,))
    return None


def _narrowed(
    rows: Fact, scores: Scores, evaluation: Evaluation, positive: Fact | None, *, nearest: bool
) -> Recovered | None:
    ratios = four_intervals(scores, nearest=nearest)
    box = Box.of(*ratios) if ratios is not None else None
    if box is None:
        return None
    bounds = Interval.of(rows.value)
    found, complete = matrices(bounds, box)
    if complete and len(found) < 2:
        return Recovered(found[0] if found else None)
    if len(found) < 2:
        return None
    printed = printed_measures(evaluation, rounded=nearest or scores.rounded)
    others = {name: measure for name, measure in printed.items() if name not in _FOUR}
    fits = agreement({name: interval for name, (_, interval) in others.items()})
    used = tuple(value for value, _ in others.values())
    attempts: list[tuple[int | None, tuple[Fact, ...]]] = [(None, ())] if others else []
    if positive is not None:
        attempts.append((positive.value, (positive,)))
    for count, rests in attempts:
        found, complete = matrices(bounds, box, fits, count)
        if complete and len(found) == 1:
            return Recovered(found[0], used, rests)
    return None


def shown_count(rows: Fact) -> str:
    """Return a number of rows as it is written in a sentence."""
    bounds = Interval.of(rows.value)
    return f"{bounds.low:,}" if bounds.is_point else f"{bounds.low:,} to {bounds.high:,}"

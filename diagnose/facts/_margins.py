"""The margins of a confusion matrix from a per-class table: how often each class was right, and how often predicted.

Recall x support is a whole number of correct rows, and correct rows / precision a whole number of predictions.
Where every row has one label and one prediction, the predictions of all classes add up to the rows, and the correct
ones to accuracy x rows: that leaves one candidate in most tables with three decimals or more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diagnose.types import ClassRow

__all__ = ["UNBOUNDED", "Candidates", "Margin", "candidates_of", "join", "margin_of", "whole"]

# (correct rows, least predictions, most predictions), one for each number of correct rows that the row allows.
Candidates: TypeAlias = list[tuple[int, int, int]]

# Beyond this many numbers of correct rows a class is no longer pinned by trying them out.
_MOST_CORRECT = 1000
# Bits that the subset sums may touch: about a millisecond of big-integer work.
_MOST_BITS = 20_000_000
_PASSES = 4
# Predictions of a class that nothing limits: with several labels a row, it may be predicted for every row there is.
UNBOUNDED = 10**15


@dataclass(frozen=True, slots=True)
class Margin:
    """One class: rows of it, rows of it that are right, times it was predicted, times wrongly. Whole numbers."""

    label: str
    support: int
    tp: Interval
    predicted: Interval
    fp: Interval

    @property
    def fn(self) -> Interval:
        """Rows of the class that were given another one."""
        return self.support - self.tp


def whole(interval: Interval | None) -> int | None:
    """Return the only whole number in `interval`, or None where there is none or more than one."""
    if interval is None:
        return None
    low, high = math.ceil(interval.low), math.floor(interval.high)
    return low if low == high else None


def candidates_of(row: ClassRow, support: int) -> Candidates | None:
    """Return what a row of the table allows by itself, [] where nothing fits, None where it says too little."""
    recall, precision, f1 = (
        row.metrics[m].interval if m in row.metrics else None for m in ("recall", "precision", "f1")
    )
    if recall is None:
        return None
    if support == 0:
        return [(0, 0, UNBOUNDED)]
    low = max(0, math.ceil(recall.low * support))
    high = min(support, math.floor(recall.high * support))
    if high - low > _MOST_CORRECT:
        return None
    limits = [
        _Limits(share, weight, offset) for share, weight, offset in ((precision, 1, 0), (f1, 2, support)) if share
    ]
    found = [_never_right(precision, f1)] if low == 0 else []
    for correct in range(max(low, 1), high + 1):
        least = max([correct, *(limit.least(correct) for limit in limits)])
        most = min([UNBOUNDED, *(limit.most(correct) for limit in limits)])
        found.append((correct, least, most))
    return [candidate for candidate in found if candidate[1] <= candidate[2]]


class _Limits:
    """How often a class was predicted, by a score = weight x right rows / (predictions + offset), in whole numbers."""

    def __init__(self, score: Interval, weight: int, offset: int) -> None:
        self._offset = offset
        low, high = Fraction(score.low) / weight, Fraction(score.high) / weight
        self._low, self._high = (low.numerator, low.denominator), (high.numerator, high.denominator)

    def least(self, correct: int) -> int:
        """Return correct/high - offset, rounded up; more than any limit where the score is 0 or less."""
        above, below = self._high
        return -(-correct * below // above) - self._offset if above > 0 else UNBOUNDED + 1

    def most(self, correct: int) -> int:
        """Return correct/low - offset, rounded down."""
        above, below = self._low
        return correct * below // above - self._offset if above > 0 else UNBOUNDED


def _never_right(precision: Interval | None, f1: Interval | None) -> tuple[int, int, int]:
    """Return the predictions of a class without right rows: any number, or none where precision is undefined (1)."""
    if f1 is not None and f1.low > 0:
        return 0, 1, 0
    if precision is None or precision.low <= 0:
        return 0, 0, UNBOUNDED
    return (0, 0, 0) if 1 in precision else (0, 1, 0)


def margin_of(label: str, support: int, candidates: Candidates) -> Margin:
    """Return the margin that the candidates leave; there must be one."""
    return Margin(
        label,
        support,
        tp=Interval(min(c for c, _, _ in candidates), max(c for c, _, _ in candidates)),
        predicted=Interval(min(low for _, low, _ in candidates), max(high for _, _, high in candidates)),
        fp=Interval(min(low - c for c, low, _ in candidates), max(high - c for c, _, high in candidates)),
    )


def join(classes: Sequence[Candidates], supports: Sequence[int], correct: Interval) -> list[Candidates] | None:
    """Return what is left when the predictions add up to the rows and the right ones lie in `correct`.

    None where no choice of candidates does: then rows have several labels, or classes are missing.
    """
    rows = sum(supports)
    left: list[Candidates] | None = list(classes)
    for _ in range(_PASSES):
        before = left
        left = _narrow(before, supports, rows, correct) if before is not None else None
        if left is None or left == before:
            break
    if left is None:
        return None
    pinned = sum(high - low + 1 for candidates in left for _, low, high in candidates) * rows
    return _subset_sums(left, rows) if pinned <= _MOST_BITS else left


def _narrow(
    classes: Sequence[Candidates], supports: Sequence[int], rows: int, correct: Interval
) -> list[Candidates] | None:
    """Cut each class by what the others leave for it: of the predictions, of the right ones, of the errors."""
    least = [min(low for _, low, _ in c) for c in classes]
    most = [max(high for _, _, high in c) for c in classes]
    fewest = [min(t for t, _, _ in c) for c in classes]
    largest = [max(t for t, _, _ in c) for c in classes]
    sums = sum(least), sum(most), sum(fewest), sum(largest)
    right_range = math.ceil(correct.low), math.floor(correct.high)
    errors = rows - max(right_range[0], sums[2])
    narrowed = []
    for i, candidates in enumerate(classes):
        low_limit, high_limit = rows - (sums[1] - most[i]), rows - (sums[0] - least[i])
        low_right = right_range[0] - (sums[3] - largest[i])
        high_right = right_range[1] - (sums[2] - fewest[i])
        kept = []
        for right, low, high in candidates:
            # A wrong row is a miss of one class and a false alarm of another: no class has more than all errors.
            cut = max(low, low_limit), min(high, high_limit, right + errors - (supports[i] - right))
            if low_right <= right <= high_right and cut[0] <= cut[1]:
                kept.append((right, *cut))
        if not kept:
            return None
        narrowed.append(kept)
    return narrowed


def _subset_sums(classes: Sequence[Candidates], rows: int) -> list[Candidates] | None:
    """Keep the predictions that some choice for all other classes completes to exactly `rows`: sets of sums as bits."""
    mask = (1 << (rows + 1)) - 1
    needed = [1 << rows]
    for candidates in reversed(classes):
        needed.append(_union(_spread(needed[-1], low, high, up=False) for _, low, high in candidates))
    needed.reverse()
    reached = 1
    kept_all = []
    for i, candidates in enumerate(classes):
        kept = []
        for right, low, high in candidates:
            first = next((p for p in range(low, high + 1) if reached & (needed[i + 1] >> p)), None)
            if first is not None:
                last = next(p for p in range(high, first - 1, -1) if reached & (needed[i + 1] >> p))
                kept.append((right, first, last))
        if not kept:
            return None
        kept_all.append(kept)
        reached = _union(_spread(reached, low, high, up=True) for _, low, high in kept) & mask
    return kept_all


def _union(sets: Iterable[int]) -> int:
    union = 0
    for bits in sets:
        union |= bits
    return union


def _spread(bits: int, low: int, high: int, *, up: bool) -> int:
    """Return all sums (up) or differences of a member of `bits` and a number from `low` to `high`."""
    bits = bits << low if up else bits >> low
    done, width = 1, high - low + 1
    while done < width:
        step = min(done, width - done)
        bits |= bits << step if up else bits >> step
        done += step
    return bits

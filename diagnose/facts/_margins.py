"""The margins of a confusion matrix from one row of a per-class table: how often right, and how often predicted.

Recall x support is a whole number of right rows, right rows / precision a whole number of predictions, and
2 x right rows / F1 - support the same number again.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from diagnose.facts._scores import share
from diagnose.interval import Interval

if TYPE_CHECKING:
    from diagnose.types import ClassRow

__all__ = ["UNBOUNDED", "Candidates", "Margin", "candidates_of", "margin_of", "only_predictions", "whole"]

# (fewest right rows, most right rows, least predictions, most predictions): what a row of the table allows.
Candidates: TypeAlias = list[tuple[int, int, int, int]]

# Beyond this many numbers of right rows, of one class and of all, they are tried in groups: wider bounds in less time.
_MOST_TRIED = 200
_MOST_IN_ALL = 3000
_FEWEST_TRIED = 20
# Predictions of a class that nothing limits: with several labels a row, it may be predicted for every row there is.
UNBOUNDED = 10**15


class Margin(NamedTuple):
    """One class: its rows, right rows, predictions, wrong predictions, and errors that touch it. Whole numbers."""

    label: str
    support: int
    tp: Interval
    predicted: Interval
    fp: Interval
    touched: Interval

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


def candidates_of(row: ClassRow, support: int, *, rounded: bool = False, classes: int = 1) -> Candidates | None:
    """Return what a row of the table allows by itself, [] where nothing fits, None where it says too little.

    rounded: the user says that the numbers are rounded to the nearest; classes: of the table, all of which take time.
    """
    recall, precision, f1 = (
        share(row.metrics[name], rounded=rounded) if name in row.metrics else None
        for name in ("recall", "precision", "f1")
    )
    undefined = "precision" in row.metrics and row.metrics["precision"].is_nan
    if support == 0:
        return _never_right(precision, None, undefined=undefined)
    if recall is None:
        return None
    low, high = math.ceil(recall.low * support), math.floor(recall.high * support)
    found = _never_right(precision, f1, undefined=undefined) if low == 0 else []
    if undefined:
        return found
    limits = [_Limits(score, *form) for score, form in ((precision, (1, 0)), (f1, (2, support))) if score]
    step = max(1, -(-(high - low) // max(_FEWEST_TRIED, min(_MOST_TRIED, _MOST_IN_ALL // classes))))
    for fewest in range(max(low, 1), high + 1, step):
        most = min(fewest + step - 1, high)
        least_predicted = max([fewest, *(limit.least(fewest) for limit in limits)])
        most_predicted = min([UNBOUNDED, *(limit.most(most) for limit in limits)])
        if least_predicted <= most_predicted:
            found.append((fewest, most, least_predicted, most_predicted))
    return found


class _Limits:
    """How often a class was predicted, by a score = weight x right rows / (predictions + offset), in whole numbers."""

    def __init__(self, score: Interval, weight: int, offset: int) -> None:
        self._offset = offset
        low, high = Fraction(score.low) / weight, Fraction(score.high) / weight
        self._low, self._high = (low.numerator, low.denominator), (high.numerator, high.denominator)

    def least(self, right: int) -> int:
        """Return right/high - offset, rounded up; more than any limit where the score is 0 or less."""
        above, below = self._high
        return -(-right * below // above) - self._offset if above > 0 else UNBOUNDED + 1

    def most(self, right: int) -> int:
        """Return right/low - offset, rounded down."""
        above, below = self._low
        return right * below // above - self._offset if above > 0 else UNBOUNDED


def _never_right(precision: Interval | None, f1: Interval | None, *, undefined: bool) -> Candidates:
    """Return the predictions of a class without right rows: any number where its precision is 0 or not given.

    A precision of 1 or NaN without a right row is one that is not defined: the class was never predicted.
    """
    if f1 is not None and f1.low > 0:
        return []
    if undefined:
        return [(0, 0, 0, 0)]
    if precision is None or precision.low <= 0:
        return [(0, 0, 0, UNBOUNDED)]
    return [(0, 0, 0, 0)] if 1 in precision else []


def only_predictions(candidates: Candidates | None) -> int | None:
    """Return how often the class was predicted where its row of the table allows one number only, else None."""
    if not candidates or len(candidates) > 1 or candidates[0][2] != candidates[0][3]:
        return None
    return candidates[0][2]


def margin_of(label: str, support: int, candidates: Candidates) -> Margin:
    """Return the margin that the candidates leave; there must be one."""
    return Margin(
        label,
        support,
        tp=Interval(min(c[0] for c in candidates), max(c[1] for c in candidates)),
        predicted=Interval(min(c[2] for c in candidates), max(c[3] for c in candidates)),
        fp=Interval(max(0, min(c[2] - c[1] for c in candidates)), max(c[3] - c[0] for c in candidates)),
        touched=Interval(
            max(0, support + min(c[2] - 2 * c[1] for c in candidates)),
            support + max(c[3] - 2 * c[0] for c in candidates),
        ),
    )

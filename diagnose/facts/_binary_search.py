"""Searches for the binary confusion matrices that print given scores, rounded ones too, in whole numbers.

With N rows the errors E = FP + FN lie in N (1 - accuracy). P = TP/(TP + FP) and R = TP/(TP + FN) give FP = TP (1/P - 1)
and FN = TP (1/R - 1), so TP = E/(1/P + 1/R - 2), and F1 = 2TP/(2TP + E) gives TP = E F1/(2 - 2 F1): each a range of
integers, taken over the whole intervals.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from diagnose.facts._binary import Matrix
from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from diagnose.interval import Number

__all__ = ["Box", "Positives", "least_rows", "matrices", "positives", "positives_of", "with_positives"]

# A step takes about a microsecond, with a check of other metrics three: what so many do not settle stays open.
_MAX_STEPS = 4000
_MAX_CHECKS = 1500
_MAX_POSITIVES = 64
_MAX_TRUE_POSITIVES = 1000

_UNIT = Interval(0, 1)

# An end of an interval as numerator and denominator; None is infinity.
Ratio = tuple[int, int]
# How many rows TP + FN of so many can be positive.
Positives: TypeAlias = "Callable[[int], range]"


class Box(NamedTuple):
    """All that four printed scores may have been, as the factors that the search multiplies counts with.

    wrong: E/N; fp_per_tp and fn_per_tp: FP/TP and FN/TP; tp_per_error: TP/E; each the least and the largest.
    perfect: whether all four may be 1, as they are printed with zero_division=1 where nothing is positive.
    """

    wrong: tuple[Ratio, Ratio]
    fp_per_tp: tuple[Ratio, Ratio]
    fn_per_tp: tuple[Ratio, Ratio]
    tp_per_error: tuple[Ratio, Ratio | None]
    perfect: bool

    @classmethod
    def of(cls, accuracy: Interval, precision: Interval, recall: Interval, f1: Interval) -> Box | None:
        """Return the box of the four intervals, or None where a score may be 0, or F1 is not that of the other two."""
        if min(precision.low, recall.low, f1.low) <= 0:
            return None
        fp, fn = _odds(precision), _odds(recall)
        # E/TP, by precision and recall and by F1
        least = max(fp[0] + fn[0], 2 * _odds(f1)[0])
        most = min(fp[1] + fn[1], 2 * _odds(f1)[1])
        if least > most:
            return None
        tp_low = _ratio(1 / most) if most else (0, 1)
        return cls(
            wrong=_pair(max(1 - accuracy.high, 0), min(1 - accuracy.low, 1)),
            fp_per_tp=_pair(*fp),
            fn_per_tp=_pair(*fn),
            tp_per_error=(tp_low, _ratio(1 / least) if least else None),
            perfect=all(1 in ratio for ratio in (accuracy, precision, recall, f1)),
        )

    def errors(self, rows: int) -> range:
        """Return the errors that so many rows can have."""
        (low, low_unit), (high, high_unit) = self.wrong
        return range(-(-rows * low // low_unit), rows * high // high_unit + 1)

    def hits(self, rows: int, errors: int, positive: range | None = None) -> range:
        """Return the true positives that so many rows and errors can have; TP + FN = TP (1 + FN/TP) where known."""
        (low, unit), upper = self.tp_per_error
        most = rows - errors if upper is None else min(errors * upper[0] // upper[1], rows - errors)
        least = max(-(-errors * low // unit), 1)
        if positive is not None:
            (few, few_unit), (many, many_unit) = self.fn_per_tp
            least = max(least, -(-positive.start * many_unit // (many_unit + many)))
            most = min(most, (positive.stop - 1) * few_unit // (few_unit + few))
        return range(least, most + 1)

    def false_positives(self, tp: int, errors: int, positive: range | None = None) -> range:
        """Return the false positives beside so many true positives and errors."""
        fp, fn = self._others(tp, self.fp_per_tp), self._others(tp, self.fn_per_tp)
        low, high = max(fp[0], errors - fn[1], 0), min(fp[1], errors - fn[0], errors)
        if positive is not None:
            low, high = max(low, tp + errors - positive.stop + 1), min(high, tp + errors - positive.start)
        return range(low, high + 1)

    def least_errors(self, tp: int) -> range:
        """Return the errors that can stand beside so many true positives, whatever the number of rows."""
        fp, fn = self._others(tp, self.fp_per_tp), self._others(tp, self.fn_per_tp)
        if fp[0] > fp[1] or fn[0] > fn[1]:
            return range(0)
        (low, unit), upper = self.tp_per_error
        most = fp[1] + fn[1] if low == 0 else min(fp[1] + fn[1], tp * unit // low)
        least = 0 if upper is None else -(-tp * upper[1] // upper[0]) if upper[0] else most + 1
        return range(max(fp[0] + fn[0], least), most + 1)

    @staticmethod
    def _others(tp: int, per_tp: tuple[Ratio, Ratio]) -> tuple[int, int]:
        (low, low_unit), (high, high_unit) = per_tp
        return -(-tp * low // low_unit), tp * high // high_unit


def _odds(ratio: Interval) -> tuple[Fraction, Fraction]:
    """Return the least and the largest (1 - r)/r of a share r above 0."""
    return max(1 / Fraction(ratio.high) - 1, Fraction(0)), 1 / Fraction(ratio.low) - 1


def _ratio(number: Number) -> Ratio:
    return Fraction(number).as_integer_ratio()


def _pair(low: Number, high: Number) -> tuple[Ratio, Ratio]:
    return _ratio(low), _ratio(high)


def matrices(
    rows: Interval,
    box: Box,
    fits: Callable[[Matrix], bool] | None = None,
    positive: Positives | None = None,
) -> tuple[list[Matrix], bool]:
    """Return at most two matrices with the given rows and scores, and whether the search was complete.

    Two are enough to know that the scores do not settle the matrix. fits: what other printed metrics say of one;
    positive: what is known of TP + FN.
    """
    found: list[Matrix] = []
    most = _MAX_STEPS if fits is None else _MAX_CHECKS
    for steps, matrix in enumerate(_candidates(rows, box, positive)):
        if steps > most:
            return found, False
        if matrix is not None and (fits is None or fits(matrix)):
            found.append(matrix)
            if len(found) == 2:
                return found, False
    return found, True


def positives_of(share: Interval) -> Positives:
    """Return how many rows are positive where a share of them is."""
    return lambda rows: _whole(share * rows)


def _candidates(rows: Interval, box: Box, positive: Positives | None = None) -> Iterator[Matrix | None]:
    """Yield every matrix that fits, with a None for each step on the way."""
    for n in range(int(rows.low), int(rows.high) + 1):
        yield None
        known = None if positive is None else positive(n)
        if known is not None and not known:
            continue
        if box.perfect and (known is None or 0 in known):
            # Nothing positive and nothing predicted: 0/0 is printed as 1 with zero_division=1.
            yield Matrix(0, 0, 0, n)
        for errors in box.errors(n):
            yield None
            for tp in box.hits(n, errors, known):
                yield None
                for fp in box.false_positives(tp, errors, known):
                    yield Matrix(tp, fp, errors - fp, n - errors - tp)


def with_positives(
    rows: int, positive: Positives, ratios: Mapping[str, Interval], fits: Callable[[Matrix], bool]
) -> tuple[list[Matrix], bool]:
    """Return at most two matrices with so many rows and positives, and whether the search was complete.

    For any of the scores: TP = R (TP + FN), and FP is E - FN, TP (1/P - 1) and (1 - specificity) of the negatives.
    ratios: accuracy, precision, recall and specificity, as far as they are printed; fits: what all metrics say of one.
    """
    found: list[Matrix] = []
    steps = 0
    for count in positive(rows):
        steps += 1
        for tp in _whole(ratios.get("recall", _UNIT) * count):
            wrong = _false_positives(rows, count, tp, ratios)
            steps += 1 + len(wrong)
            if steps > _MAX_CHECKS:
                return found, False
            found += [m for fp in wrong if fits(m := Matrix(tp, fp, count - tp, rows - count - fp))]
            if len(found) > 1:
                return found[:2], False
        if steps > _MAX_CHECKS:
            return found, False
    return found, True


def _false_positives(rows: int, positive: int, tp: int, ratios: Mapping[str, Interval]) -> range:
    """Return the false positives that the accuracy, the precision and the specificity leave."""
    left = Interval(0, rows - positive)
    bounds = []
    if (accuracy := ratios.get("accuracy")) is not None:
        bounds.append((1 - accuracy) * rows - (positive - tp))
    if (precision := ratios.get("precision")) is not None and tp and precision.low > 0:
        bounds.append((1 / precision - 1) * tp)
    if (specificity := ratios.get("specificity")) is not None:
        bounds.append((1 - specificity) * (rows - positive))
    for bound in bounds:
        if (meet := left.meet(bound)) is None:
            return range(0)
        left = meet
    return _whole(left)


def _whole(interval: Interval) -> range:
    return range(math.ceil(interval.low), math.floor(interval.high) + 1)


def positives(rows: int, box: Box) -> tuple[set[int] | None, int]:
    """Return every number of positives TP + FN with which so many rows print the scores, and the steps it took.

    Where too many do, or the search was given up, the first is None.
    """
    found: set[int] = set()
    steps = 0
    for steps, matrix in enumerate(_candidates(Interval.of(rows), box)):
        if matrix is not None:
            found.add(matrix.tp + matrix.fn)
        if len(found) > _MAX_POSITIVES or steps > _MAX_STEPS // 4:
            return None, steps
    return found, steps


def least_rows(box: Box) -> int | None:
    """Return the least number of rows of a matrix with these scores, or None where that is not found.

    The errors beside TP true positives grow with TP, and N >= E/(1 - accuracy): once that bound is above a number of
    rows that fits, no larger TP has fewer. What is returned after the last step is a bound all the same.
    """
    high, unit = box.wrong[1]
    if box.perfect or high == 0:
        return None
    best: int | None = None
    for tp in range(1, _MAX_TRUE_POSITIVES + 1):
        errors = box.least_errors(tp)
        if not errors:
            continue
        if best is not None and max(-(-errors[0] * unit // high), tp + errors[0]) >= best:
            return best
        rows = _rows_of(box, tp, errors)
        best = rows if best is None or (rows is not None and rows < best) else best
    return None if best is None else min(best, _MAX_TRUE_POSITIVES)


def _rows_of(box: Box, tp: int, errors: range) -> int | None:
    """Return the least rows that so many true positives and one of the errors can have; a bound after many steps."""
    (low, low_unit), (high, unit) = box.wrong
    rows = 0
    for count in errors[:_MAX_POSITIVES]:
        rows = max(-(-count * unit // high), tp + count)
        if rows * low <= count * low_unit:
            return rows
    return rows if len(errors) > _MAX_POSITIVES else None

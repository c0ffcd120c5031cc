"""Sampling errors of averages over the classes, from the margins of the confusion matrix alone.

Each of these averages moves by d_i with a right row of class i, and by b_i + c_j with a row of class i that is given
class j. So its variance (see `_spread.py`) is

    sum TP_i d_i^2 + sum FN_i b_i^2 + sum FP_j c_j^2 + 2 X,  X = sum n_ij b_i c_j,

where only X depends on cells that the margins leave open. Of all ways to share out the misses FN_i over the false
alarms FP_j, X is largest where the large b meet the large c, and least where they meet the small ones (rearrangement
inequality; the diagonal, which has no errors, is ignored, so the bounds hold and are a little wide). Two classes leave
nothing open. Three leave one cell open but no sum of a pair, which is all that macro-F1 depends on: there b = c.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["AVERAGES", "Counts", "average_of", "error_of_average", "error_of_macro_f1", "error_with_cells"]


class Counts(NamedTuple):
    """One class: right rows, rows of it, times it was predicted."""

    tp: float
    support: float
    predicted: float


class _Slopes(NamedTuple):
    """How far the average moves with one more row: right, of the class but missed, given the class by mistake."""

    right: float
    missed: float
    alarm: float


class _Score(NamedTuple):
    """A class's score, and how far it moves with each kind of row."""

    value: float
    slopes: _Slopes


_NOTHING = _Score(0.0, _Slopes(0.0, 0.0, 0.0))


def _f1(row: Counts) -> _Score:
    size = row.support + row.predicted
    if not size:
        return _NOTHING
    f1 = 2 * row.tp / size
    return _Score(f1, _Slopes(2 * (1 - f1) / size, -f1 / size, -f1 / size))


def _recall(row: Counts) -> _Score:
    if not row.support:
        return _NOTHING
    recall = row.tp / row.support
    return _Score(recall, _Slopes((1 - recall) / row.support, -recall / row.support, 0))


def _precision(row: Counts) -> _Score:
    if not row.predicted:
        return _NOTHING
    precision = row.tp / row.predicted
    return _Score(precision, _Slopes((1 - precision) / row.predicted, 0, -precision / row.predicted))


_SCORES = {"f1": _f1, "recall": _recall, "precision": _precision}
# Every average that is computed here; a micro average and weighted recall are the accuracy.
AVERAGES = ("macro_f1", "weighted_f1", "macro_recall", "balanced_accuracy", "macro_precision", "weighted_precision")


def _scored(metric: str, rows: Sequence[Counts]) -> tuple[float, list[_Slopes]]:
    """Return the average and its slopes for each class."""
    # Unlike macro recall, balanced accuracy leaves out classes without rows.
    size = sum(row.support > 0 for row in rows) if metric == "balanced_accuracy" else len(rows)
    average, _, base = metric.replace("balanced_accuracy", "macro_recall").partition("_")
    scores = [_SCORES[base](row) for row in rows]
    if average == "macro":
        slopes = [_Slopes(*(slope / size for slope in score.slopes)) for score in scores]
        return math.fsum(score.value for score in scores) / size, slopes
    total = math.fsum(row.support for row in rows)
    mean = math.fsum(row.support * score.value for row, score in zip(rows, scores, strict=True)) / total
    slopes = []
    for row, (value, (right, missed, alarm)) in zip(rows, scores, strict=True):
        # A row of the class also adds to its weight, and every row to the sum of the weights.
        moves = value - mean + row.support * right, value - mean + row.support * missed, row.support * alarm
        slopes.append(_Slopes(*(move / total for move in moves)))
    return mean, slopes


def average_of(metric: str, rows: Sequence[Counts]) -> float:
    """Return the average itself."""
    return _scored(metric, rows)[0]


def error_of_average(metric: str, rows: Sequence[Counts]) -> Interval:
    """Return the standard error of one of AVERAGES over at least two classes, over all cells that the margins allow."""
    slopes = _scored(metric, rows)[1]
    misses = [(slope.missed, row.support - row.tp) for row, slope in zip(rows, slopes, strict=True)]
    alarms = [(slope.alarm, row.predicted - row.tp) for row, slope in zip(rows, slopes, strict=True)]
    fixed, (low, high) = _fixed(rows, slopes), _cross(misses, alarms)
    return Interval(*(math.sqrt(max(fixed + 2 * end, 0.0)) for end in (min(low, high), high)))


def error_with_cells(metric: str, rows: Sequence[Counts], cells: Mapping[tuple[int, int], float]) -> float:
    """Return the standard error where the cells off the diagonal are known: {(true, predicted): rows}."""
    slopes = _scored(metric, rows)[1]
    cross = math.fsum(n * slopes[i].missed * slopes[j].alarm for (i, j), n in cells.items())
    return math.sqrt(max(_fixed(rows, slopes) + 2 * cross, 0.0))


def _fixed(rows: Sequence[Counts], slopes: Sequence[_Slopes]) -> float:
    """Return what the margins fix of the variance."""
    return math.fsum(
        row.tp * slope.right**2 + (row.support - row.tp) * slope.missed**2 + (row.predicted - row.tp) * slope.alarm**2
        for row, slope in zip(rows, slopes, strict=True)
    )


def _cross(misses: Sequence[tuple[float, float]], alarms: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the least and the largest X, of (slope, rows) of each class's misses and false alarms."""
    if len(misses) == 2:
        exact = misses[0][1] * misses[0][0] * alarms[1][0] + misses[1][1] * misses[1][0] * alarms[0][0]
        return exact, exact
    slopes = [slope for slope, _ in misses]
    if len(misses) == 3 and slopes == [slope for slope, _ in alarms]:
        errors = math.fsum(n for _, n in misses)
        away = [errors - missed - wrong for (_, missed), (_, wrong) in zip(misses, alarms, strict=True)]
        exact = math.fsum(away[k] * slopes[k - 1] * slopes[k - 2] for k in range(3))
        return exact, exact
    rising, falling = sorted(alarms), sorted(alarms, reverse=True)
    return _paired(sorted(misses, reverse=True), rising), _paired(sorted(misses, reverse=True), falling)


def _paired(one: Iterable[tuple[float, float]], other: Iterable[tuple[float, float]]) -> float:
    """Return the sum of products when the rows of both sides meet in the given order, as far as both have any."""
    total, rights = 0.0, iter(other)
    weight, left = next(rights)
    for own, rows in one:
        wanted = rows
        while wanted > 0:
            if left <= 0:
                following = next(rights, None)
                if following is None:
                    return total
                weight, left = following
                continue
            met = min(wanted, left)
            total += met * own * weight
            wanted, left = wanted - met, left - met
    return total


def error_of_macro_f1(margins: Sequence[tuple[Interval, float, Interval]]) -> Interval:
    """Return the standard error of macro-F1 where right rows and predictions are known as intervals only.

    margins: (right rows, rows, predictions) of each class. Each part of the variance is taken at its least and at its
    largest by itself: misses at their fewest must all be placed, on the cheapest of the most false alarms there may be.
    """
    ends = []
    for least in (True, False):
        fixed, misses, alarms = 0.0, [], []
        for right, support, predicted in margins:
            fewest, most = float(right.low), float(right.high)
            sizes = support + float(predicted.low), support + float(predicted.high)
            tp, other, size = (fewest, most, sizes[1]) if least else (most, fewest, sizes[0])
            slope = 2 * tp / size**2 if size else 0.0
            wrong = max(0.0, sizes[0] - support - most) if least else sizes[1] - support - fewest
            fixed += tp * _own(other, sizes, least=least) ** 2 + (support - other + wrong) * slope**2
            misses.append((slope, support - other))
            alarms.append((slope, sizes[1] - support - fewest))
        misses.sort(reverse=True)
        alarms.sort(reverse=not least)
        ends.append(math.sqrt(fixed + 2 * _paired(misses, alarms)) / len(margins))
    return Interval(min(ends), ends[1])


def _own(tp: float, sizes: tuple[float, float], *, least: bool) -> float:
    """Return the least or the largest 2(S - 2 TP)/S^2 for S between two sizes; it is largest at S = 4 TP."""
    low, high = (max(size, 2 * tp, 1.0) for size in sizes)
    candidates = low, high, min(max(4 * tp, low), high)
    values = [2 * (size - 2 * tp) / size**2 for size in candidates]
    return min(values) if least else max(values)

"""The averages of a per-class table against the aggregates that are reported beside it."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from diagnose.facts._contradictions import (
    IMPOSSIBLE,
    LISTED_CLASSES,
    SAME_UNIT,
    SETUP,
    SINGLE_LABEL,
    Contradiction,
    Outcome,
    Place,
    broken,
)
from diagnose.facts._margins import candidates_of, only_predictions, whole
from diagnose.facts._scores import apart, harmonic_mean, share
from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.interval import Number
    from diagnose.types import Evaluation, Value

__all__ = ["Table", "table_averages", "table_of"]

_BASES = ("precision", "recall", "f1")
# The chance that one more average of the table prints like the aggregate.
_FITS = 0.02
# More than sums of thousands of doubles are off by.
_ROUND_OFF = 1e-12


class Table(NamedTuple):
    """A per-class table as columns: {metric: one interval a class}; supports: rows of each class, or None.

    borrowed: the supports are those of another run on the same classes; values, support_values: as they were printed.
    """

    columns: Mapping[str, list[Interval]]
    supports: list[int] | None
    borrowed: bool
    values: Mapping[str, tuple[Value, ...]]
    support_values: tuple[Value, ...] = ()

    def macro(self, base: str) -> Interval | None:
        """Return the plain mean of a column."""
        column = self.columns.get(base)
        return None if not column else _sum(column) / len(column)

    def weighted(self, base: str) -> Interval | None:
        """Return the mean of a column, weighted by the rows of each class."""
        column = self.columns.get(base)
        if not column or not self.supports or not sum(self.supports):
            return None
        return _sum(column, self.supports) / sum(self.supports)

    def micro(self, base: str) -> Interval | None:
        """Return the micro average, which counts right rows and predictions of all classes together."""
        recall, precision = self.columns.get("recall"), self.columns.get("precision")
        if base == "recall" or not self.supports or self.borrowed:
            return self.weighted("recall") if base == "recall" else None
        if not recall or not precision:
            return None
        total = _sum(recall, self.supports)
        predicted = _predictions(recall, precision, self.supports)
        if predicted.high <= 0:
            return None
        return total / predicted if base == "precision" else total * 2 / (predicted + sum(self.supports))

    def spread(self, base: str) -> Interval:
        """Return the least interval that holds the column: every weighted average lies in it."""
        column = self.columns[base]
        return Interval(min(x.low for x in column), max(x.high for x in column))


def table_of(evaluation: Evaluation, other: Evaluation | None) -> Table | None:
    """Return the evaluation's table, with the supports of the same classes in `other` where it has none itself."""
    if len(evaluation.classes) < 2:
        return None
    columns: dict[str, list[Interval]] = {}
    values: dict[str, tuple[Value, ...]] = {}
    for base in _BASES:
        given = [row.metrics.get(base) for row in evaluation.classes]
        shares = [share(value) if value is not None else None for value in given]
        known = [interval for interval in shares if interval is not None]
        if len(known) == len(given):
            columns[base] = known
            values[base] = tuple(value for value in given if value is not None)
    supports = _supports(evaluation)
    borrowed = supports is None and other is not None
    if borrowed and other is not None:
        labels = {row.label: i for i, row in enumerate(other.classes)}
        lent = _supports(other)
        if lent is not None and len(labels) == len(evaluation.classes):
            found = [labels.get(row.label) for row in evaluation.classes]
            supports = None if None in found else [lent[i] for i in found if i is not None]
    lender = other if borrowed and other is not None else evaluation
    support_values = tuple(v for row in lender.classes if (v := row.metrics.get("support")) is not None)
    return (
        Table(columns, supports, borrowed, values, support_values if supports is not None else ()) if columns else None
    )


def _supports(evaluation: Evaluation) -> list[int] | None:
    given = [row.metrics["support"].interval if "support" in row.metrics else None for row in evaluation.classes]
    numbers = [whole(interval) for interval in given]
    known = [number for number in numbers if number is not None and number >= 0]
    return known if len(known) == len(numbers) else None


def table_averages(place: Place) -> Iterator[Outcome]:
    """Check each aggregate that the table allows to recompute."""
    table = table_of(place.evaluation, place.lender)
    if table is None:
        return
    for base in _BASES:
        if base not in table.columns:
            continue
        for average in ("macro_", "weighted_", "micro_", ""):
            value = place.evaluation.get(average + base)
            if value is not None and share(value) is not None:
                yield _average(place, table, average, base, value)
    yield from _accuracy(place, table)


def _ways(evaluation: Evaluation, table: Table, average: str, base: str) -> Iterator[tuple[str, Interval]]:
    """Yield what an aggregate of this name may be, with the name of the average: the usual ones first."""
    for name, way in _any_ways(evaluation, table, average, base):
        if way is not None:
            yield name, way


def _any_ways(evaluation: Evaluation, table: Table, average: str, base: str) -> Iterator[tuple[str, Interval | None]]:
    if average in ("macro_", ""):
        yield "mean", table.macro(base)
    if average in ("weighted_", "") or (average == "macro_" and _counts_entities(evaluation)):
        # seqeval before 1.0 printed the mean weighted by support as "macro avg".
        yield "mean weighted by support", table.weighted(base)
    if average in ("micro_", ""):
        yield "micro average", table.micro(base)
    if base == "f1" and average == "macro_":
        # The other definition of macro-F1 in use: the harmonic mean of macro precision and macro recall.
        precision, recall = table.macro("precision"), table.macro("recall")
        yield "F1 of the mean precision and recall", harmonic_mean(precision, recall) if precision and recall else None
    if not average:
        accuracy = evaluation.get("accuracy")
        yield "accuracy", share(accuracy) if accuracy is not None else None
        if len(table.columns[base]) == 2:
            yield from zip(("first class", "second class"), table.columns[base], strict=True)


def _counts_entities(evaluation: Evaluation) -> bool:
    return any(name.startswith("micro_") for name in evaluation.metrics)


def _average(place: Place, table: Table, average: str, base: str, value: Value) -> Contradiction | None:
    evaluation, interval = place.evaluation, share(value)
    if interval is None or any(interval.meet(way) is not None for _, way in _ways(evaluation, table, average, base)):
        return None
    if not average and not _decides(evaluation, table, base):
        return None
    values = (value, *_used(evaluation, table, average, base))
    if place.trial:
        return broken(SETUP, "", values)
    ways = dict(_ways(evaluation, table, average, base))
    if not ways:
        return None
    listed = table.values[base]
    name, nearest = min(ways.items(), key=lambda way: abs(way[1].middle - interval.middle))
    shown = [v.shown for v in listed[:5]]
    if "support" in name:
        shown = [f"{text} x {rows}" for text, rows in zip(shown, table.supports or (), strict=False)]
    texts = ", ".join(shown) + (", ..." if len(listed) > 5 else "")
    gap = 100 * float(max(nearest.low - interval.high, interval.low - nearest.high))
    because = (
        f"the {name} of the per-class {base} {texts} is {apart(nearest, interval.middle)}, and {value.key} is "
        f"{value.shown}: at least {gap:.2g} points apart"
    )
    if others := ", ".join(f"{n} {w:.4g}" for n, w in ways.items() if n != name):
        because += f" (other readings: {others})"
    complete = _is_complete(evaluation, table)
    weight = IMPOSSIBLE if average and complete else SETUP
    readings = ("the table and the aggregate are of different rows or runs", "the table leaves classes out")
    assumes = (LISTED_CLASSES, "same_rows=true") if table.borrowed else (LISTED_CLASSES,)
    fitting = tuple(
        (_FITS, f"{value.key} is the {other} of the table, {way:.4g}")
        for other, way in _ways(evaluation, table, "", base)
        if other not in ways and interval.meet(way) is not None
    )
    return broken(weight, because, values, *readings, assumes=assumes, tested=fitting)


def _used(evaluation: Evaluation, table: Table, average: str, base: str) -> tuple[Value, ...]:
    """Return the numbers that exclude every average that the aggregate may be."""
    names = [base]
    if average in ("micro_", "") and base != "recall":
        names += [name for name in ("precision", "recall") if name in table.values and name != base]
    elif average == "macro_" and base == "f1":
        names += [name for name in ("precision", "recall") if name in table.values]
    accuracy = evaluation.get("accuracy") if not average else None
    supports = () if average == "macro_" and not _counts_entities(evaluation) else table.support_values
    return (*(v for n in names for v in table.values[n]), *supports, *((accuracy,) if accuracy is not None else ()))


def _decides(evaluation: Evaluation, table: Table, base: str) -> bool:
    """Whether all averages that the aggregate may be are known, so that excluding them excludes it."""
    micro_known = evaluation.get("accuracy") is not None or table.micro(base) is not None
    return table.weighted(base) is not None and micro_known


def _is_complete(evaluation: Evaluation, table: Table) -> bool:
    """Whether the rows of the listed classes are all rows that there are."""
    samples = evaluation.get("samples")
    if samples is None or samples.interval is None or table.supports is None or table.borrowed:
        return False
    return sum(table.supports) in samples.interval


def _accuracy(place: Place, table: Table) -> Iterator[Outcome]:
    """Check accuracy = sum of recall x support / rows, where every row has one label and all classes are listed."""
    evaluation = place.evaluation
    accuracy = evaluation.get("accuracy")
    interval = share(accuracy) if accuracy is not None else None
    expected = table.weighted("recall")
    if accuracy is None or interval is None or expected is None or table.borrowed or _counts_entities(evaluation):
        return
    if interval.meet(expected) is not None:
        yield None
        return
    report = _is_complete(evaluation, table) and {"macro_f1", "weighted_f1"} <= evaluation.metrics.keys()
    if not report and (place.several_labels or not (place.joined or _adds_up(evaluation, table.supports or ()))):
        return
    shown = " + ".join(
        f"{v.shown} x {s}" for v, s in list(zip(table.values["recall"], table.supports or (), strict=True))[:4]
    )
    more = " + ..." if len(table.values["recall"]) > 4 else ""
    because = (
        f"recall x support = ({shown}{more})/{sum(table.supports or ())} = {apart(expected, accuracy.number)} of the "
        f"rows are right, and {accuracy.key} is {accuracy.shown}"
    )
    values = (accuracy, *table.values["recall"], *table.support_values)
    readings = ("the accuracy is of other rows or of another unit", "rows have several labels")
    assumes = (LISTED_CLASSES, SAME_UNIT, SINGLE_LABEL)
    yield broken(IMPOSSIBLE if report else SETUP, because, values, *readings, assumes=assumes)


def _adds_up(evaluation: Evaluation, supports: Sequence[int]) -> bool:
    """Whether the predictions of all classes are known and add up to the rows: one label a row, no class missing."""
    total = 0
    for row, support in zip(evaluation.classes, supports, strict=True):
        predicted = only_predictions(candidates_of(row, support))
        if predicted is None:
            return False
        total += predicted
    return total == sum(supports)


def _predictions(recall: Sequence[Interval], precision: Sequence[Interval], supports: Sequence[int]) -> Interval:
    """Return how often the classes were predicted, together; without an upper end where a precision may be 0.

    In floats, a little wider than exact: quotients of 150 classes have no common denominator of a reasonable size.
    """
    low = high = 0.0
    for r, p, rows in zip(recall, precision, supports, strict=True):
        low += float(r.low) * rows / float(p.high) if p.high > 0 else 0.0
        high += float(r.high) * rows / float(p.low) if p.low > 0 else math.inf
    return Interval(low * (1 - _ROUND_OFF), high * (1 + _ROUND_OFF))


def _sum(intervals: Sequence[Interval], weights: Sequence[int] | None = None) -> Interval:
    """Return the exact sum of the intervals, each times its weight."""
    counts = weights or [1] * len(intervals)
    return Interval(_total([i.low for i in intervals], counts), _total([i.high for i in intervals], counts))


def _total(numbers: Sequence[Number], counts: Sequence[int]) -> Fraction:
    """Return the exact sum; printed numbers have few denominators, so that whole numbers do most of the work."""
    by_unit: dict[int, int] = {}
    for number, count in zip(numbers, counts, strict=True):
        part, unit = number.as_integer_ratio()
        by_unit[unit] = by_unit.get(unit, 0) + part * count
    return sum((Fraction(part, unit) for unit, part in by_unit.items()), Fraction(0))

"""The averages of a per-class table against the aggregates that are reported beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.facts._identities import IMPOSSIBLE, SETUP, Contradiction, broken
from diagnose.facts._margins import candidates_of, whole
from diagnose.facts._scores import harmonic_mean, share
from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.types import Evaluation, Value

__all__ = ["Table", "of_table", "table_of"]

_BASES = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Table:
    """A per-class table as columns: {metric: one interval a class}; supports: rows of each class, or None.

    borrowed: the supports are those of another run on the same classes.
    """

    columns: Mapping[str, list[Interval]]
    supports: list[int] | None
    borrowed: bool
    values: Mapping[str, tuple[Value, ...]]

    def macro(self, base: str) -> Interval | None:
        """Return the plain mean of a column."""
        column = self.columns.get(base)
        return None if not column else _sum(column) / len(column)

    def weighted(self, base: str) -> Interval | None:
        """Return the mean of a column, weighted by the rows of each class."""
        column = self.columns.get(base)
        if not column or not self.supports or not sum(self.supports):
            return None
        rows = sum(self.supports)
        low, high = (
            sum(end * s for end, s in zip(ends, self.supports, strict=True))
            for ends in ([x.low for x in column], [x.high for x in column])
        )
        return Interval(low, high) / rows

    def micro(self, base: str) -> Interval | None:
        """Return the micro average, which counts right rows and predictions of all classes together."""
        recall, precision = self.columns.get("recall"), self.columns.get("precision")
        if base == "recall" or not self.supports or self.borrowed:
            return self.weighted("recall") if base == "recall" else None
        if not recall or not precision:
            return None
        right = [r * s for r, s in zip(recall, self.supports, strict=True)]
        predicted = _sum([_predictions(t, p) for t, p in zip(right, precision, strict=True)])
        total = _sum(right)
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
    return Table(columns, supports, borrowed, values) if columns else None


def _supports(evaluation: Evaluation) -> list[int] | None:
    given = [row.metrics["support"].interval if "support" in row.metrics else None for row in evaluation.classes]
    numbers = [whole(interval) for interval in given]
    known = [number for number in numbers if number is not None and number >= 0]
    return known if len(known) == len(numbers) else None


def of_table(evaluation: Evaluation, table: Table) -> Iterator[Contradiction | None]:
    """Yield, for each aggregate that the table allows to recompute, None where it agrees and else the contradiction."""
    complete = _is_complete(evaluation, table)
    for base in _BASES:
        if base not in table.columns:
            continue
        for average in ("macro_", "weighted_", ""):
            value = evaluation.get(average + base)
            if value is not None and share(value) is not None:
                yield _average(evaluation, table, average, base, value, complete=complete)
    yield from _accuracy(evaluation, table, complete=complete)


def _average(
    evaluation: Evaluation, table: Table, average: str, base: str, value: Value, *, complete: bool
) -> Contradiction | None:
    interval = share(value)
    if interval is None:
        return None
    candidates = [table.macro(base)] if average != "weighted_" else []
    if average != "macro_":
        candidates.append(table.weighted(base))
    entities = any(name.startswith("micro_") for name in evaluation.metrics)
    if average == "macro_" and entities:
        # seqeval before 1.0 printed the mean weighted by support as "macro avg".
        candidates.append(table.weighted(base))
    if base == "f1" and average == "macro_":
        # The other definition of macro-F1 in use: the harmonic mean of macro precision and macro recall.
        precision, recall = table.macro("precision"), table.macro("recall")
        candidates.append(harmonic_mean(precision, recall) if precision and recall else None)
    if not average:
        candidates += _unnamed(evaluation, table, base)
    known = [c for c in candidates if c is not None]
    if not known or any(interval.meet(candidate) is not None for candidate in known):
        return None
    if not average and not _decides(evaluation, table, base):
        return None
    listed = table.values[base]
    weights = table.supports if average == "weighted_" and table.supports else [1] * len(listed)
    mean = sum(v.number * w for v, w in zip(listed, weights, strict=True)) / sum(weights)
    texts = ", ".join(v.text for v in listed[:5]) + (", ..." if len(listed) > 5 else "")
    because = (
        f"the {'weighted mean' if average == 'weighted_' else 'mean'} of the per-class {base} ({texts}) is {mean:.4g}, "
        f"and {value.key} is {value.text}{' %' if value.scale != 1 else ''}: "
        f"{100 * abs(mean - value.number):.1f} points apart"
    )
    weight = IMPOSSIBLE if average and complete else SETUP
    readings = ["the table and the aggregate are of different rows or runs", "the table leaves classes out"]
    assumes = () if complete else ("all_classes_listed=true",)
    if table.borrowed:
        assumes = (*assumes, "same_rows=true")
    return broken(weight, because, (value, *table.values[base]), *readings, assumes=assumes)


def _unnamed(evaluation: Evaluation, table: Table, base: str) -> list[Interval | None]:
    """Return what else an aggregate without a named average may be: one class, the micro average, the accuracy."""
    accuracy = evaluation.get("accuracy")
    ways: list[Interval | None] = [*table.columns[base]] if len(table.columns[base]) == 2 else []
    return [*ways, table.micro(base), share(accuracy) if accuracy is not None else None]


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


def _accuracy(evaluation: Evaluation, table: Table, *, complete: bool) -> Iterator[Contradiction | None]:
    """Check accuracy = sum of recall x support / rows, where every row has one label and all classes are listed."""
    accuracy = evaluation.get("accuracy")
    interval = share(accuracy) if accuracy is not None else None
    expected = table.weighted("recall")
    if accuracy is None or interval is None or expected is None or table.borrowed:
        return
    names = evaluation.metrics.keys()
    if any(name.startswith("micro_") for name in names):
        return
    report = complete and {"macro_f1", "weighted_f1"} <= names
    if not report and not _adds_up(evaluation, table.supports or ()):
        return
    if interval.meet(expected) is not None:
        yield None
        return
    because = f"recall x support adds up to {expected.middle:.4g} of the rows, and {accuracy.key} is {accuracy.text}"
    values = (accuracy, *table.values["recall"])
    readings = ("the accuracy is of other rows or of another unit", "rows have several labels")
    assumes = () if report else ("all_classes_listed=true", "single_label=true")
    yield broken(IMPOSSIBLE if report else SETUP, because, values, *readings, assumes=assumes)


def _adds_up(evaluation: Evaluation, supports: Sequence[int]) -> bool:
    """Whether the predictions of all classes are known and add up to the rows: one label a row, no class missing."""
    total = 0
    for row, support in zip(evaluation.classes, supports, strict=True):
        found = candidates_of(row, support)
        if not found or len(found) > 1 or found[0][1] != found[0][2]:
            return False
        total += found[0][1]
    return total == sum(supports)


def _predictions(right: Interval, precision: Interval) -> Interval:
    """Return how often a class was predicted; without an upper end where its precision may be 0."""
    least = right.low / precision.high if precision.high > 0 else 0
    return Interval(least, right.high / precision.low if precision.low > 0 else math.inf)


def _sum(intervals: Sequence[Interval]) -> Interval:
    return Interval(sum(i.low for i in intervals), sum(i.high for i in intervals))

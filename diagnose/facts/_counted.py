"""Reported scores against counts: a share of n rows is k/n, and a matrix or a column of supports has its own sums."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._contradictions import (
    LISTED_CLASSES,
    OPEN,
    SAME_AVERAGE,
    SAME_UNIT,
    SETUP,
    SINGLE_LABEL,
    Contradiction,
    Outcome,
    Place,
    broken,
)
from diagnose.facts._scores import measured, share
from diagnose.facts._tables import MOST_ROWS
from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.types import Evaluation, Value

__all__ = ["matrix_scores", "sample_sums", "shares_of_rows", "timing"]

_SHARES_OF_ROWS = ("accuracy", "subset_accuracy", "exact_match", "top5_accuracy")
# An interval of this many row counts holds a fraction k/n of everything.
_MOST_COUNTS = 50
_MATRIX = "matrix"
_OTHER_ROWS = "they were computed on different rows"


def shares_of_rows(place: Place) -> Iterator[Outcome]:
    """Check that an accuracy is k/n for a whole number k, where the rows n are known (the GRIM test)."""
    given = _row_counts(place)
    if given is None:
        return
    bounds, assumes, sources, counts = given
    if bounds.high - bounds.low > _MOST_COUNTS:
        return
    for name in _SHARES_OF_ROWS:
        value = place.evaluation.get(name)
        interval = share(value) if value is not None else None
        if value is None or interval is None:
            continue
        if any(_has_integer(interval, n) for n in range(int(bounds.low), int(bounds.high) + 1)):
            yield None
            continue
        rows = int(bounds.low)
        near = round(value.number * rows)
        shown = ", ".join(f"{k}/{rows} = {k / rows:.6g}" for k in (near - 1, near, near + 1) if 0 <= k <= rows)
        because = f"{value.key} {value.text} is no share of {counts} rows: {shown}"
        readings = (
            f"{value.key} counts other things than rows, tokens for example",
            "it is a mean over batches, folds or weighted rows",
            "it is of another split",
        )
        yield broken(OPEN, because, (value, *sources), *readings, assumes=(*assumes, SAME_AVERAGE, SAME_UNIT))


def _has_integer(interval: Interval, rows: int) -> bool:
    return math.floor(interval.high * rows) >= interval.low * rows


def _row_counts(place: Place) -> tuple[Interval, tuple[str, ...], tuple[Value, ...], str] | None:
    """Return the rows, what they assume, the values that they rest on, and their text."""
    fact, printed = place.rows, place.evaluation.get("samples")
    if fact is not None and (fact.evidence or fact.assumes) and (printed is None or "samples" in place.told):
        bounds = Interval.of(fact.value)
        text = f"{bounds.low:,}" if bounds.is_point else f"{bounds.low:,} to {bounds.high:,}"
        return bounds, fact.assumes, fact.evidence, text
    if printed is None or not 1 <= printed.number <= MOST_ROWS or not printed.number.is_integer():
        return None
    return Interval.of(int(printed.number)), (), (printed,), printed.text


def timing(place: Place) -> Iterator[Outcome]:
    """Check that runtime x samples a second is the number of samples."""
    evaluation = place.evaluation
    samples, runtime, rate = (evaluation.get(n) for n in ("samples", "runtime", "samples_per_second"))
    if evaluation.split == "train" or samples is None or runtime is None or rate is None:
        return
    seconds, speed = measured(runtime), measured(rate)
    if seconds is None or speed is None or samples.number < 1:
        return
    product = seconds * speed
    if Fraction(samples.number) in product:
        yield None
        return
    because = (
        f"{runtime.key} {runtime.text} x {rate.key} {rate.text} is {float(product.low):,.1f} to "
        f"{float(product.high):,.1f} rows, and {samples.key} is {samples.text}"
    )
    readings = ("the timing is of another run or split", f"{samples.key} and {rate.key} count different things")
    assumes = (SAME_UNIT, "timing_same_rows=true")
    yield broken(OPEN, because, (samples, runtime, rate), *readings, assumes=assumes)


def sample_sums(place: Place) -> Iterator[Outcome]:
    """Check that the supports of a table add up to the rows that are printed."""
    evaluation = place.evaluation
    samples = evaluation.get("samples")
    supports = tuple(v for row in evaluation.classes if (v := row.metrics.get("support")) is not None)
    if samples is None or not supports or len(supports) < len(evaluation.classes) or len(supports) < 2:
        return
    if not all(v.is_finite and v.number.is_integer() for v in (samples, *supports)):
        return
    total = int(sum(v.number for v in supports))
    if total == samples.number:
        yield None
        return
    shown = " + ".join(v.text for v in supports[:5]) + (" + ..." if len(supports) > 5 else "")
    because = f"the supports {shown} add up to {total}, and {samples.key} is {samples.text}"
    # A report's own line of sums counts labels, as the supports do; a number of samples counts rows.
    own_line = samples.key == "support"
    weight = SETUP if own_line and total > samples.number else OPEN
    readings = ("the table leaves classes out",) if total < samples.number else ()
    assumes: tuple[str, ...] = (LISTED_CLASSES,)
    if not own_line:
        readings, assumes = (*readings, "rows have several labels"), (LISTED_CLASSES, SAME_UNIT, SINGLE_LABEL)
    yield broken(weight, because, (samples, *supports), *readings, assumes=assumes)


def matrix_scores(place: Place) -> Iterator[Outcome]:
    """Check accuracy, precision, recall and F1 against tp, fp, fn and tn, or against the confusion matrix."""
    matrix, counts, assumes = _matrix(place.evaluation)
    if not matrix:
        return
    labels = list(dict.fromkeys([*matrix, *(label for row in matrix.values() for label in row)]))
    rows = sum(sum(row.values()) for row in matrix.values())
    if rows <= 0:
        return
    right = sum(matrix.get(label, {}).get(label, 0) for label in labels)
    accuracy = place.evaluation.get("accuracy")
    interval = share(accuracy) if accuracy is not None else None
    if accuracy is not None and interval is not None:
        if Fraction(right) / rows in interval:
            yield None
        else:
            because = (
                f"{right} of {rows} rows in the matrix are right, {right / rows:.4g}; {accuracy.key} {accuracy.text}"
            )
            yield broken(SETUP, because, (accuracy, *counts), _OTHER_ROWS, beside=() if counts else (_MATRIX,))
    yield from _class_scores(place, matrix, labels, counts, assumes)


def _matrix(
    evaluation: Evaluation,
) -> tuple[Mapping[str, Mapping[str, int]], tuple[Value, ...], tuple[str, ...]]:
    cells = [evaluation.get(name) for name in ("tp", "tn", "fp", "fn")]
    counts = tuple(cell for cell in cells if cell is not None and cell.number >= 0 and cell.number.is_integer())
    if len(counts) == len(cells):
        tp, tn, fp, fn = (int(cell.number) for cell in counts)
        return {"positive": {"positive": tp, "negative": fn}, "negative": {"positive": fp, "negative": tn}}, counts, ()
    # What predictions give is compared with more ways of computing it in `recomputed`.
    return {} if evaluation.recomputed else evaluation.matrix or {}, (), evaluation.matrix_assumes


def _class_scores(
    place: Place,
    matrix: Mapping[str, Mapping[str, int]],
    labels: list[str],
    counts: tuple[Value, ...],
    assumes: tuple[str, ...],
) -> Iterator[Outcome]:
    """Check precision, recall and F1 against every average of the matrix that their name allows."""
    supports = [sum(matrix.get(a, {}).values()) for a in labels]
    predicted = [sum(row.get(a, 0) for row in matrix.values()) for a in labels]
    correct = [matrix.get(a, {}).get(a, 0) for a in labels]
    if not all(supports) or not all(predicted):
        # Whether a class without rows or predictions counts as 0, as 1 or not at all differs from library to library.
        return
    rows = sum(supports)
    columns = {
        "precision": [Fraction(c, p) for c, p in zip(correct, predicted, strict=True)],
        "recall": [Fraction(c, s) for c, s in zip(correct, supports, strict=True)],
        "f1": [Fraction(2 * c, s + p) for c, s, p in zip(correct, supports, predicted, strict=True)],
    }
    for base, column in columns.items():
        ways = {
            "macro_": sum(column, Fraction(0)) / len(column),
            "weighted_": sum((x * s for x, s in zip(column, supports, strict=True)), Fraction(0)) / rows,
            "micro_": Fraction(sum(correct), rows),
        }
        for average in ("", *ways):
            value = place.evaluation.get(average + base)
            interval = share(value) if value is not None else None
            if value is None or interval is None:
                continue
            allowed = {average: ways[average]} if average else _unnamed(ways, column, labels, counts=bool(counts))
            if any(way in interval for way in allowed.values()):
                yield None
            else:
                yield _against_matrix(value, allowed, counts, assumes)


def _unnamed(
    ways: Mapping[str, Fraction], column: list[Fraction], labels: list[str], *, counts: bool
) -> dict[str, Fraction]:
    """Return what a score without a named average may be: that of the positive class, or any average."""
    classes = dict(zip(labels, column, strict=True)) if len(labels) == 2 or counts else {}
    return {**classes, **ways}


def _against_matrix(
    value: Value, allowed: Mapping[str, Fraction], counts: tuple[Value, ...], assumes: tuple[str, ...]
) -> Contradiction:
    shown = ", ".join(f"{name.rstrip('_')} {float(number):.4g}" for name, number in allowed.items())
    base = value.metric.rpartition("_")[2]
    because = f"by the matrix, {base} is {shown}; {value.key} is {value.text}"
    beside = () if counts else (_MATRIX,)
    return broken(SETUP, because, (value, *counts), _OTHER_ROWS, assumes=assumes, beside=beside)

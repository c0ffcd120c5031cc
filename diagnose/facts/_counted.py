"""Reported scores against counts: a share of n rows is k/n, and a matrix or a column of supports has its own sums."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._confusion import Confusion, cells_of_counts
from diagnose.facts._contradictions import (
    LISTED_CLASSES,
    OPEN,
    SAME_AVERAGE,
    SAME_UNIT,
    SETUP,
    SINGLE_LABEL,
    Outcome,
    Place,
    broken,
)
from diagnose.facts._recomputation import of_matrix
from diagnose.facts._rows import MOST_ROWS, all_supports, four_counts, timed_rows
from diagnose.facts._scores import share
from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.types import Value

__all__ = ["matrix_scores", "sample_sums", "shares_of_rows", "timing"]

_SHARES_OF_ROWS = ("accuracy", "subset_accuracy", "exact_match", "top5_accuracy")
# An interval of this many row counts holds a fraction k/n of everything.
_MOST_COUNTS = 50
_MATRIX = "matrix"
_OF_MATRIX = (
    "accuracy",
    *(f"{a}{b}" for b in ("precision", "recall", "f1") for a in ("", "macro_", "weighted_", "micro_")),
)
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
        because = f"{value.key} {value.shown} is no share of {counts} rows: {shown}"
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
        return bounds, fact.assumes, fact.evidence, f"{bounds}"
    if printed is None or not 1 <= printed.number <= MOST_ROWS or not printed.number.is_integer():
        return None
    return Interval.of(int(printed.number)), (), (printed,), printed.text


def timing(place: Place) -> Iterator[Outcome]:
    """Check that runtime x samples a second is the number of samples."""
    samples, timed = place.evaluation.get("samples"), timed_rows(place.evaluation)
    if samples is None or samples.number < 1 or timed is None:
        return
    rows, text, values = timed
    if Fraction(samples.number) in rows:
        yield None
        return
    because = f"{text}, and {samples.key} is {samples.shown}"
    readings = ("the timing is of another run or split", f"{samples.key} and {values[1].key} count different things")
    assumes = (SAME_UNIT, "timing_same_rows=true")
    yield broken(OPEN, because, (samples, *values), *readings, assumes=assumes)


def sample_sums(place: Place) -> Iterator[Outcome]:
    """Check that the supports of a table add up to the rows that are printed."""
    samples, supports = place.evaluation.get("samples"), all_supports(place.evaluation, whole=True)
    if samples is None or not samples.number.is_integer() or len(supports) < 2:
        return
    total = int(sum(v.number for v in supports))
    if total == samples.number:
        yield None
        return
    shown = " + ".join(v.text for v in supports[:5]) + (" + ..." if len(supports) > 5 else "")
    because = f"the supports {shown} add up to {total}, and {samples.key} is {samples.shown}"
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
    evaluation = place.evaluation
    counts = four_counts(evaluation)
    readings = place.matrices if counts is None else [(Confusion.of(cells_of_counts(counts)), ())]
    if not readings:
        return
    first, sides = readings[0]
    # Whether a class without rows or predictions counts as 0, as 1 or not at all differs between libraries.
    for name in _OF_MATRIX if all((*first.support, *first.predicted)) else ("accuracy",):
        value = evaluation.get(name)
        interval = share(value) if value is not None else None
        if value is None or interval is None:
            continue
        ways = [[way for way in of_matrix(name, matrix) if way.own] for matrix, _ in readings]
        if any(way.fits(interval) for found in ways for way in found):
            yield None
            continue
        given: dict[float, str] = {}
        for way in ways[0]:
            given.setdefault(way.number, way.shown)
        because = f"{value.key} is {value.shown}, and the matrix gives {', or '.join(given.values())}"
        # What fits neither way needs no side; what was read in one way only, since the user said so, does.
        assumes = sides if len(readings) == 1 and any(way.sided for way in ways[0]) else ()
        beside = () if counts else (_MATRIX,)
        yield broken(SETUP, because, (value, *(counts or ())), _OTHER_ROWS, assumes=assumes, beside=beside)

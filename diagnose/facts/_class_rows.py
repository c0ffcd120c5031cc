"""One class of a per-class table by itself, and all classes together: whole numbers of right rows and of predictions.

Sources: F1 = 2PR/(P + R) of one class; recall x support is a whole number of right rows, and right rows / precision a
whole number of predictions; where every row has one label and one prediction, the predictions add up to the rows.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._contradictions import (
    IMPOSSIBLE,
    LISTED_CLASSES,
    OPEN,
    PLAIN,
    SAME_UNIT,
    SETUP,
    SINGLE_LABEL,
    Contradiction,
    Outcome,
    Place,
    broken,
)
from diagnose.facts._join import join
from diagnose.facts._margins import candidates_of, whole
from diagnose.facts._scores import apart, harmonic_mean, share
from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts._margins import Candidates
    from diagnose.types import ClassRow, Evaluation, Value

__all__ = ["class_identities", "class_ranges", "class_rows", "table_sums"]

_FOLDS = "the table is an average over folds or seeds"


def class_identities(place: Place) -> Iterator[Outcome]:
    """Check F1 = 2PR/(P + R) of each class that has all three."""
    for row in place.evaluation.classes:
        if {"precision", "recall", "f1"} <= row.metrics.keys():
            yield _of_class(row)


def _of_class(row: ClassRow) -> Contradiction | None:
    precision, recall, f1 = values = tuple(row.metrics[name] for name in ("precision", "recall", "f1"))
    unsigned = any(value.number > 1 and value.scale == 1 for value in values)
    # Scores above 1 without a percent sign can only be percentages.
    p, r, f = (share(replace(value, scale=Fraction(1, 100)) if unsigned else value) for value in values)
    if p is None or r is None or f is None:
        return None
    mean = harmonic_mean(p, r)
    if f.meet(mean) is not None:
        return None
    because = (
        f"{row.label!r}: 2PR/(P + R) = 2 x {precision.shown} x {recall.shown}/({precision.shown} + {recall.shown}) = "
        f"{apart(mean * 100 if unsigned else mean, f1.number)}, and F1 {f1.shown} is printed"
    )
    plain = (PLAIN,) if unsigned else ()
    if f.low > mean.high or f.high < p.low + r.low - 1:
        return broken(IMPOSSIBLE, because, values, label=row.label, assumes=plain)
    below = "the table is an average over folds or seeds, whose F1 lies below 2PR/(P + R), as here"
    return broken(SETUP, because, values, label=row.label, assumes=plain, tested=((0.5, below),))


def class_ranges(place: Place) -> Iterator[Outcome]:
    """Check that no score of a class is above 100 %, or above 1 in a table of fractions."""
    rows = place.evaluation.classes
    scores = [(row.label, v) for row in rows for n in ("precision", "recall", "f1") if (v := row.metrics.get(n))]
    fraction = next((v for _, v in scores if 0 < v.number < 1 and v.scale == 1), None)
    for label, value in scores:
        if value.number <= 1 or value.interval is None or value.interval.low <= 1:
            continue
        if value.scale != 1:
            because = f"{label}: {value.metric} {value.text} % is above 100 %"
            yield broken(IMPOSSIBLE, because, (value,), label=label)
        elif fraction is not None:
            because = f"{label}: {value.metric} {value.shown} is above 1 beside the fraction {fraction.shown}"
            yield broken(SETUP, because, (value, fraction), assumes=(PLAIN,), label=label)
    yield None


def class_rows(place: Place) -> Iterator[Outcome]:
    """Check that each class's recall, precision and F1 can be those of whole numbers of rows."""
    for row in place.evaluation.classes:
        support = _support(row)
        if support is None or (candidates := candidates_of(row, support)) is None:
            continue
        yield None if candidates else _no_counts(row, support, trial=place.trial)


def _support(row: ClassRow) -> int | None:
    value = row.metrics.get("support")
    number = whole(value.interval) if value is not None else None
    return number if number is not None and number >= 1 else None


def _no_counts(row: ClassRow, support: int, *, trial: bool) -> Contradiction:
    """Return why no number of right rows and of predictions gives the class's scores, from as few scores as do."""
    if trial:
        return broken(SETUP, "", tuple(row.metrics.values()), label=row.label)
    kept = row
    for name in ("f1", "precision"):
        if name not in kept.metrics:
            continue
        fewer = replace(kept, metrics={n: v for n, v in kept.metrics.items() if n != name})
        if candidates_of(fewer, support) == []:
            kept = fewer
    names = [name for name in ("precision", "recall", "f1") if name in kept.metrics]
    values = tuple(kept.metrics[name] for name in (*names, "support"))
    recall = kept.metrics["recall"]
    near = round(recall.number * support)
    if names == ["recall"]:
        tried = (k for k in (near - 1, near, near + 1) if 0 <= k <= support)
        counts = ", ".join(f"{k}/{support} = {k / support:.4g}" for k in tried)
        because = f"{row.label}: recall {recall.shown} is no whole number of {support} rows: {counts}"
    else:
        shown = ", ".join(f"{v.metric} {v.shown}" for v in values[:-1])
        because = (
            f"{row.label}: recall x support = {recall.shown} x {support} is {near} right rows or nearly, and no whole "
            f"number of predictions gives {shown}"
        )
    return broken(SETUP, because, values, _FOLDS, "the supports are of other rows", label=row.label)


def table_sums(place: Place) -> Iterator[Outcome]:
    """Check that the predictions of all classes add up to the rows, and the right ones to the accuracy.

    Only where an accuracy stands beside the table, or the user says that each row has one label.
    """
    evaluation = place.evaluation
    told = place.says(SINGLE_LABEL)
    if len(evaluation.classes) < 2 or (place.several_labels and not told):
        return
    accuracy = evaluation.get("accuracy")
    micro = any(name.startswith("micro_") for name in evaluation.metrics)
    if not told and (accuracy is None or share(accuracy) is None or micro):
        return
    if place.joined:
        yield None
        return
    if _joins(evaluation, accuracy, told=told) is not False:
        return
    kept, accuracy = _fewest(evaluation, accuracy, told=told)
    yield _unsummed(kept, accuracy, place)


def _joins(evaluation: Evaluation, accuracy: Value | None, *, told: bool) -> bool | None:
    """Return whether the classes can add up; None where that cannot be checked."""
    supports = [_support(row) if "support" in row.metrics else None for row in evaluation.classes]
    known = [s for s in supports if s is not None]
    if len(known) < len(supports) or (accuracy is None and not told):
        return None
    candidates: list[Candidates] = []
    for row, support in zip(evaluation.classes, known, strict=True):
        found = candidates_of(row, support)
        if not found:
            return None
        candidates.append(found)
    rows = sum(known)
    interval = share(accuracy) if accuracy is not None else Interval(0, 1)
    return interval is not None and join(candidates, known, interval * rows) is not None


def _fewest(evaluation: Evaluation, accuracy: Value | None, *, told: bool) -> tuple[Evaluation, Value | None]:
    """Leave out each column, and the accuracy, as long as the rest still does not add up."""
    kept = evaluation
    for name in ("f1", "precision"):
        if any(name in row.metrics for row in kept.classes):
            fewer = replace(kept, classes=tuple(_without(row, name) for row in kept.classes))
            if _joins(fewer, accuracy, told=told) is False:
                kept = fewer
    return kept, None if accuracy is not None and _joins(kept, None, told=True) is False else accuracy


def _without(row: ClassRow, name: str) -> ClassRow:
    return replace(row, metrics={n: v for n, v in row.metrics.items() if n != name})


def _unsummed(evaluation: Evaluation, accuracy: Value | None, place: Place) -> Contradiction:
    names = [n for n in ("precision", "recall", "f1", "support") if any(n in row.metrics for row in evaluation.classes)]
    listed = tuple(row.metrics[n] for row in evaluation.classes for n in names if n in row.metrics)
    rows = sum(int(row.metrics["support"].number) for row in evaluation.classes)
    right = sum(row.metrics["recall"].number * row.metrics["support"].number for row in evaluation.classes)
    because = f"recall x support of the classes adds up to {right:.1f} right rows of {rows}"
    if "precision" in names:
        predicted = sum(
            row.metrics["recall"].number * row.metrics["support"].number / row.metrics["precision"].number
            for row in evaluation.classes
            if "precision" in row.metrics and row.metrics["precision"].number > 0
        )
        because += f", right rows / precision to {predicted:.1f} predictions"
    because += "; no whole numbers behind these scores give each row one prediction"
    values = listed if accuracy is None else (accuracy, *listed)
    assumes: tuple[str, ...] = (LISTED_CLASSES, SINGLE_LABEL)
    if accuracy is not None:
        because += f" and {accuracy.key} {accuracy.shown}"
        assumes = (*assumes, SAME_UNIT)
    averages = {"macro_f1", "weighted_f1", "accuracy"} <= place.evaluation.metrics.keys()
    readings = ("rows have several labels", "the table leaves classes out", _FOLDS)
    return broken(SETUP if averages else OPEN, because, values, *readings, assumes=assumes)

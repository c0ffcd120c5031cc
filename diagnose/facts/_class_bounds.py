"""Macro averages against the accuracy and the rows of each class: between which ends they lie.

Every row has one label; of s_i rows of class i, t_i are right and p_i were given it; the t_i add up to C right rows of
N, the p_i to N, and the average runs over K classes:

    macro recall      K R = sum of t_i/s_i: most if the smallest classes have the right rows, least if the largest do
    macro precision   K P = sum of t_i/p_i >= (sum of the roots of the t_i)^2/N (Cauchy), least if the largest do;
                      of the N - C wrong predictions, f_i of class i cost it f_i/(t_i + f_i) >= f_i/(s + f_i) of its
                      precision, s being the rows of the largest class, least if one class has them all
    macro F1          K F = sum of 2 t_i/(s_i + p_i) >= (sum of the roots of the t_i)^2/N likewise; at most the harmonic
                      mean of macro precision and recall (it is concave), which others call macro-F1

They hold for every zero_division. A class without rows or predictions, left out, leaves a mean over fewer classes of
what is not negative: it is no lower. Counted, it has a recall or a precision of at most 1, which the upper ends grant.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from diagnose.facts._contradictions import (
    LISTED_CLASSES,
    OPEN,
    PLAIN,
    SAME_UNIT,
    SINGLE_LABEL,
    Outcome,
    Place,
    above,
    broken,
)
from diagnose.facts._rows import all_supports
from diagnose.facts._scores import harmonic_mean, share
from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.interval import Number

__all__ = ["averages_of_classes", "least_and_most"]

_BASES = {"macro_recall": "recall", "balanced_accuracy": "recall", "macro_precision": "precision", "macro_f1": "f1"}
_TOLD = "averaging=macro"
_READINGS = ("rows have several labels", "the rows of the classes are those of another set")
_SHOWN = 4

# An end of what an average can be, and how it is computed.
_End: TypeAlias = "tuple[Number, str]"


def averages_of_classes(place: Place) -> Iterator[Outcome]:
    """Check each macro average beside an accuracy and a table that tells the rows of every class, but not the score."""
    evaluation, accuracy = place.evaluation, place.evaluation.get("accuracy")
    listed = all_supports(evaluation, whole=True)
    interval = share(accuracy) if accuracy is not None else None
    if place.several_labels or len(listed) < 2 or accuracy is None or interval is None:
        return
    supports = [int(value.number) for value in listed]
    rows = sum(supports)
    correct = math.ceil(interval.low * rows), math.floor(interval.high * rows)
    if correct[0] > correct[1]:
        return
    unnamed = {base: base for base in ("recall", "precision", "f1") if place.says(_TOLD)}
    for name, base in (_BASES | unnamed).items():
        value = evaluation.get(name)
        score = share(value) if value is not None else None
        if value is None or score is None or all(base in row.metrics for row in evaluation.classes):
            continue
        (least, lowest), (most, highest) = least_and_most(base, supports, correct)
        if not (above(score.low, most) or above(least, score.high)):
            yield None
            continue
        end = f"most {highest}" if score.low > most else f"least {lowest}"
        right = f"{correct[score.low > most]} of {rows} rows are right by {accuracy.key} {accuracy.shown}"
        because = f"{right}, so over {len(supports)} classes {value.key} is at {end}; {value.shown} is printed"
        assumes = ((_TOLD,) if name in unnamed else ()) + ((PLAIN,) if name == "balanced_accuracy" else ())
        assumes = (*assumes, LISTED_CLASSES, SAME_UNIT, SINGLE_LABEL)
        yield broken(OPEN, because, (value, accuracy, *listed), *_READINGS, assumes=assumes)


def least_and_most(base: str, supports: Sequence[int], correct: tuple[int, int]) -> tuple[_End, _End]:
    """Return the ends of macro "recall", "precision" or "f1" for the rows of each class, and the right ones in all.

    correct: the least and the most of them.
    """
    few, many = _shared_out(supports, correct[0], largest=True), _shared_out(supports, correct[1])
    recall = _recall(few, 0, len(supports)), _recall(many, supports.count(0), len(supports))
    if base == "recall":
        return recall
    least, most = _roots(few, len(supports)), _precision(max(supports), sum(supports) - correct[1], len(supports))
    if base == "precision":
        return least, most
    mean = harmonic_mean(Interval(0, most[0]), Interval(0, recall[1][0])).high
    shown = f"2PR/(P + R) = {float(mean):.4g} for P = {most[1]} and R = {recall[1][1]}"
    return least, (mean, shown)


def _shared_out(supports: Sequence[int], correct: int, *, largest: bool = False) -> list[tuple[int, int]]:
    """Return (right rows, rows) of each class with rows: the smallest ones are right throughout, or the largest."""
    shared = []
    for support in sorted(filter(None, supports), reverse=largest):
        right = min(support, correct)
        shared.append((right, support))
        correct -= right
    return shared


def _recall(shared: Sequence[tuple[int, int]], ones: int, classes: int) -> _End:
    """Return the mean recall; ones: classes without rows, which may count as 1."""
    whole = ones + sum(right == support for right, support in shared)
    part = next(((right, support) for right, support in shared if 0 < right < support), (0, 1))
    mean = (whole + Fraction(*part)) / classes
    return mean, f"({whole} + {part[0]}/{part[1]})/{classes} = {float(mean):.4g}"


def _roots(shared: Sequence[tuple[int, int]], classes: int) -> _End:
    rights, rows = [right for right, _ in shared if right], sum(support for _, support in shared)
    roots = math.fsum(map(math.sqrt, rights))
    least = roots * roots / rows / classes
    listed = " + ".join(f"sqrt({right})" for right in rights[:_SHOWN]) + (" + ..." if len(rights) > _SHOWN else "")
    return least, f"({listed or 0})^2/({rows} x {classes}) = {least:.4g}"


def _precision(largest: int, wrong: int, classes: int) -> _End:
    most = 1 - Fraction(wrong, (largest + wrong) * classes)
    return most, f"1 - {wrong}/(({largest} + {wrong}) x {classes}) = {float(most):.4g}"

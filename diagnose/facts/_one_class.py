"""How much one class has of the predictions: bounds from averages over classes, and what they prove of a constant.

Shares of the rows: p_j has the true class j, q_j the prediction j, c_j both; the accuracy is the sum of the c_j.
Every bound holds under each zero_division, for a class without a denominator adds nothing or raises the average.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._proofs import claim, resting_on
from diagnose.facts._scores import quoted
from diagnose.interval import Interval
from diagnose.types import Fact, Facts, Proof, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts._scores import Scores

__all__ = ["class_share_bound", "constant_facts", "one_class_share", "share_facts", "unseen_is_wrong"]

# What ties accuracy, averages and rows together.
_PLAIN = ("single_label=true", "same_unit=true", "same_average=true")
_ROUNDED = "rounded=true"
# A bound under the assumption of rounding has to add this much to the safe one to be worth a line.
_WORTH = 0.001
# Doubles: P = accuracy^2 on the whole of a wider interval would be no coincidence worth naming.
_EXACT = Fraction(1, 10**9)


def one_class_share(accuracy: Interval, average: Interval, classes: Interval) -> Fraction | None:
    """Return accuracy/(K x macro average), or None where it is above 1: then it is no macro average over K classes.

    With the macro precision it is a lower bound of the greatest q_j, with the macro recall one of the greatest p_j:
    K P = sum of c_j/q_j, and each term is at least c_j/max q. It sharpens K P >= (sum of the roots of the c_j)^2 >=
    accuracy of the project's forensics. It falls with K and the average, so one corner of the intervals decides.
    """
    total = Fraction(classes.high) * Fraction(average.high)
    if total <= 0 or Fraction(accuracy.low) > total:
        return None
    return Fraction(accuracy.low) / total


def unseen_is_wrong(accuracy: Interval, precision: Interval, rows: int) -> bool:
    """Whether the weighted precision shows that every wrong row has a true class that is never predicted.

    P = sum of p_j c_j/q_j = acc^2 + sum of q_j (c_j/q_j - acc)^2 + sum of (p_j - c_j) c_j/q_j. A class that is
    predicted and misses a row has q_j and p_j - c_j >= 1/rows, so the sums are at least the least of
    ((x - acc)^2 + x)/rows over x in [0, 1]: acc^2/rows up to acc = 1/2, and (acc - 1/4)/rows above.
    """
    low = Fraction(accuracy.low)
    if low <= 0 or accuracy.high >= 1:
        return False
    least = low * low if low <= Fraction(1, 2) else low - Fraction(1, 4)
    return Fraction(precision.high) - low * low < least / rows


def class_share_bound(scores: Scores, name: str, classes: Interval, *, nearest: bool = False) -> Fraction | None:
    """Return `one_class_share` of the accuracy and the macro average called `name`, or None where one is absent."""
    accuracy, average = scores.interval("accuracy", nearest=nearest), scores.interval(name, nearest=nearest)
    return None if accuracy is None or average is None else one_class_share(accuracy, average, classes)


def share_facts(groups: list[Scores], scope: Scope, facts: Facts) -> Iterator[Fact]:
    """Yield what averages say of the predicted classes: the least share of one, and what is never predicted."""
    count = facts.at("class_count", scope)
    macro = next((s for s in groups if s.average == "macro" and s.accuracy and s.precision), None)
    if macro is not None and count is not None:
        yield from _bounds(macro, count, scope)
    weighted = next((s for s in groups if s.average == "weighted" and s.accuracy and s.precision), None)
    if weighted is not None:
        yield from _never_predicted(weighted, scope, facts)


def _bounds(scores: Scores, count: Fact, scope: Scope) -> Iterator[Fact]:
    least = 0.0
    for nearest in (False, True):
        bound = class_share_bound(scores, "precision", Interval.of(count.value), nearest=nearest)
        if bound is None or bound <= Fraction(1, 2) or bound - Fraction(least) <= _WORTH:
            continue
        least = _below(bound)
        proof, assumes = resting_on([count], _assumed(scores, nearest=nearest))
        because = f"the most predicted class has at least {_quotient(scores, count, bound, nearest=nearest)}"
        yield Fact("predicted_share_lower_bound", least, scope, proof, because, "share", assumes, scores.values)


def _below(bound: Fraction) -> float:
    """Return a double that is not above the bound."""
    number = float(bound)
    return number if Fraction(number) <= bound else math.nextafter(number, 0)


def _assumed(scores: Scores, *, nearest: bool) -> tuple[str, ...]:
    rounding = (_ROUNDED,) if nearest and _ROUNDED not in scores.assumes else ()
    return (*rounding, *scores.assumes, *_PLAIN)


def _quotient(scores: Scores, count: Fact, bound: Fraction, *, nearest: bool) -> str:
    """Return the quotient with its least numerator and its greatest denominator, to be recomputed."""
    accuracy, precision = (scores.interval(name, nearest=nearest) for name in ("accuracy", "precision"))
    shown = f"{quoted(scores.accuracy)} and {quoted(scores.precision)}"
    if accuracy is None or precision is None:
        return shown
    return (
        f"accuracy/(K x precision) of the predictions, for K P is the sum of correct/predicted over the classes: "
        f"{float(accuracy.low):.5g}/({Interval.of(count.value).high:g} x {float(precision.high):.5g}) = "
        f"{math.floor(bound * 10**4) / 10**4:g}, from {shown}"
    )


def _never_predicted(scores: Scores, scope: Scope, facts: Facts) -> Iterator[Fact]:
    """Yield the share of the rows whose class is never predicted: 1 - accuracy, where P = accuracy^2."""
    accuracy, precision = scores.interval("accuracy"), scores.interval("precision")
    rows = facts.at("sample_count", scope)
    if accuracy is None or precision is None or not 0 < accuracy.low <= accuracy.high < 1:
        return
    settled = rows is not None and unseen_is_wrong(accuracy, precision, int(Interval.of(rows.value).high))
    square = Interval(accuracy.low**2, accuracy.high**2)
    if not settled and (precision.high - precision.low > _EXACT or square.meet(precision) is None):
        return
    because = (
        f"weighted precision is at least accuracy^2 = {accuracy.middle**2:.6g}, and no more only if every wrong row "
        f"has a class that is never predicted, 1 - accuracy of all rows: {quoted(scores.accuracy, scores.precision)}"
    )
    proof, assumes = resting_on(
        [rows] if settled else [], (*scores.assumes, *_PLAIN), Proof.PROVED if settled else Proof.IMPLIED
    )
    yield Fact("never_predicted_share", 1 - accuracy, scope, proof, because, "share", assumes, scores.values)


def constant_facts(groups: list[Scores], scope: Scope, facts: Facts) -> Iterator[Fact]:
    """Yield that the prediction is constant, where the number of rows leaves no room for one row of another class."""
    rows, count = facts.at("sample_count", scope), facts.at("class_count", scope)
    if rows is None or count is None or Proof.IMPLIED in (rows.proof, count.proof):
        return
    most = int(Interval.of(rows.value).high)
    for scores in groups:
        for nearest in (False, True):
            because = _no_room(scores, count, most, nearest=nearest)
            if because:
                basis = resting_on([rows, count], _assumed(scores, nearest=nearest))
                used = scores.values
                yield claim("constant_prediction", holds=True, scope=scope, basis=basis, because=because, evidence=used)
                right = scores.interval("accuracy", nearest=nearest)
                because = f"a constant prediction is right where its class is the true one: {quoted(scores.accuracy)}"
                yield Fact("constant_class_share", right, scope, basis[0], because, "share", basis[1], used)
                return


def _no_room(scores: Scores, count: Fact, rows: int, *, nearest: bool) -> str:
    """Return why no row can have another prediction, or nothing."""
    accuracy, precision = (scores.interval(name, nearest=nearest) for name in ("accuracy", "precision"))
    if accuracy is None or precision is None:
        return ""
    classes = Interval.of(count.value)
    if scores.average == "macro":
        bound = one_class_share(accuracy, precision, classes)
        if bound is not None and rows * (1 - bound) < 1:
            shown = _quotient(scores, count, bound, nearest=nearest)
            return f"less than one of {rows:,} rows is left for another class: one has at least {shown}"
    if scores.average == "weighted" and classes.high == 2 and unseen_is_wrong(accuracy, precision, rows):
        return (
            f"weighted precision is accuracy^2 = {accuracy.middle**2:.6g} to less than one of {rows:,} rows, so the "
            f"class of the wrong rows is never predicted, and there are two: "
            f"{quoted(scores.accuracy, scores.precision)}"
        )
    return ""

"""Identities that an average has by its kind: micro, weighted, macro or binary, as its name or the user says.

Sources, for rows with one label each: micro P = R = F1 = accuracy; weighted R = accuracy, and weighted
P = sum p c/q >= sum c^2/q >= accuracy^2 (Cauchy; p, c, q: a class's true, correct and predicted share); macro
K P = sum c/q >= accuracy and K R = sum c/p >= accuracy. Where 0/0 counts as 1 or is left out, P and R only grow.
Of one class, F1 = 2PR/(P + R), and its N rows are at least TP + FP + FN.
balanced accuracy is the mean recall of the classes that occur, macro recall that of all, so at most that.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from diagnose.facts._binary_search import Box, matrices
from diagnose.facts._contradictions import (
    LISTED_CLASSES,
    OPEN,
    PLAIN,
    SAME_AVERAGE,
    SAME_UNIT,
    SINGLE_LABEL,
    STATEMENT,
    Outcome,
    Place,
    above,
    broken,
)
from diagnose.facts._scores import apart, harmonic_mean, keyed, share
from diagnose.interval import Interval
from diagnose.types import Proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.types import Value

__all__ = ["balanced", "identities_of_averages", "one_matrix"]

_OF_ROWS = (LISTED_CLASSES, SAME_AVERAGE, SAME_UNIT, SINGLE_LABEL)
_AVERAGES = "the scores are averages over classes"
_SEVERAL = ("rows have several labels", "the accuracy counts other things than the scores, tokens for example")


def identities_of_averages(place: Place) -> Iterator[Outcome]:
    """Check what each named average, and the unnamed one by the user's answer, has to do with the accuracy."""
    if place.several_labels:
        return
    for prefix in ("", "macro_", "weighted_", "micro_"):
        average = prefix.rstrip("_") or place.told.get("averaging")
        answer = () if prefix or average is None else (f"averaging={average}",)
        if average == "micro":
            yield from _micro(place, prefix, answer)
        elif average == "weighted":
            yield from _weighted(place, prefix, answer)
        elif average == "macro":
            yield from _macro(place, prefix, answer)
        elif average == "binary":
            yield from _binary(place, answer)


def _value(place: Place, name: str) -> tuple[Value, Interval] | None:
    value = place.evaluation.get(name)
    interval = share(value) if value is not None else None
    return None if value is None or interval is None else (value, interval)


def _micro(place: Place, prefix: str, answer: tuple[str, ...]) -> Iterator[Outcome]:
    """Check P = R = F1, where the user says that it is so, and that they equal the accuracy."""
    scores = [found for base in ("precision", "recall", "f1") if (found := _value(place, prefix + base)) is not None]
    told = bool(answer) or place.says(SINGLE_LABEL)
    for (one, a), (other, b) in pairwise(scores):
        if a.meet(b) is None:
            if told:
                because = f"micro averages over rows with one label are all equal: {keyed(one, other)}"
                assumes = (*answer, LISTED_CLASSES, SINGLE_LABEL)
                yield broken(OPEN, because, (one, other), "rows have several labels", assumes=assumes)
            return
    accuracy = _value(place, "accuracy")
    if accuracy is None or not scores:
        return
    if scores[-1][1].meet(accuracy[1]) is not None:
        yield None
        return
    because = f"the micro average over rows with one label is the accuracy: {keyed(scores[-1][0], accuracy[0])}"
    yield broken(OPEN, because, (scores[-1][0], accuracy[0]), *_SEVERAL, assumes=(*answer, *_OF_ROWS))


def _weighted(place: Place, prefix: str, answer: tuple[str, ...]) -> Iterator[Outcome]:
    accuracy = _value(place, "accuracy")
    recall, precision = _value(place, f"{prefix}recall"), _value(place, f"{prefix}precision")
    if accuracy is None:
        return
    if recall is not None:
        if recall[1].meet(accuracy[1]) is not None:
            yield None
        else:
            because = f"recall weighted by support is the accuracy: {keyed(recall[0], accuracy[0])}"
            yield broken(OPEN, because, (recall[0], accuracy[0]), *_SEVERAL, assumes=(*answer, *_OF_ROWS))
    if precision is not None:
        least = accuracy[1].low * accuracy[1].low
        if not above(least, precision[1].high):
            yield None
        else:
            because = (
                f"precision weighted by support is at least accuracy^2 = {accuracy[0].shown}^2 = {float(least):.4g}: "
                f"{precision[0].key} {precision[0].shown}"
            )
            yield broken(OPEN, because, (precision[0], accuracy[0]), *_SEVERAL, assumes=(*answer, *_OF_ROWS))


def _macro(place: Place, prefix: str, answer: tuple[str, ...]) -> Iterator[Outcome]:
    accuracy, count = _value(place, "accuracy"), place.facts.get("class_count")
    if accuracy is None or count is None or count.proof not in (Proof.PROVED, Proof.PROVED_IF):
        return
    classes = Interval.of(count.value).high
    for base in ("precision", "recall"):
        score = _value(place, prefix + base)
        if score is None:
            continue
        if not above(accuracy[1].low, classes * score[1].high):
            yield None
            continue
        because = (
            f"{classes} classes x {score[0].key} {score[0].shown} = {float(classes) * score[0].number:.4g} is below "
            f"{accuracy[0].key} {accuracy[0].shown}; a macro average times the classes never is"
        )
        assumes = (*answer, *(a for a in count.assumes if a not in answer), *_OF_ROWS)
        values = (score[0], accuracy[0], *count.evidence)
        yield broken(OPEN, because, values, "there are more classes", *_SEVERAL, assumes=tuple(dict.fromkeys(assumes)))


def _binary(place: Place, answer: tuple[str, ...]) -> Iterator[Outcome]:
    """Check F1 = 2PR/(P + R) of one class, and accuracy >= TP/(TP + FP + FN) = F1/(2 - F1)."""
    precision, recall, f1 = (_value(place, base) for base in ("precision", "recall", "f1"))
    accuracy = _value(place, "accuracy")
    if f1 is None:
        return
    if precision is not None and recall is not None:
        mean = harmonic_mean(precision[1], recall[1])
        if f1[1].meet(mean) is not None:
            yield None
        else:
            because = (
                f"of one class, F1 = 2PR/(P + R) = {apart(mean, f1[0].number)}: {keyed(precision[0], recall[0], f1[0])}"
            )
            yield broken(OPEN, because, (precision[0], recall[0], f1[0]), _AVERAGES, assumes=answer)
    if accuracy is not None:
        least = f1[1].low / (2 - Fraction(f1[1].low))
        if not above(least, accuracy[1].high):
            yield None
        else:
            because = (
                f"accuracy is at least TP/(TP + FP + FN) = F1/(2 - F1) = {float(least):.4g}: "
                f"{keyed(f1[0], accuracy[0])}"
            )
            yield broken(OPEN, because, (f1[0], accuracy[0]), _AVERAGES, assumes=(*answer, SAME_UNIT))


def balanced(place: Place) -> Iterator[Outcome]:
    """Check macro recall <= balanced accuracy."""
    recall, accuracy = _value(place, "macro_recall"), _value(place, "balanced_accuracy")
    if recall is None or accuracy is None or recall[0] is accuracy[0]:
        return
    if not above(recall[1].low, accuracy[1].high):
        yield None
        return
    because = f"macro recall is at most the balanced accuracy: {keyed(recall[0], accuracy[0])}"
    readings = ("the balanced accuracy is adjusted for chance", "0/0 counts as 1 in the recall")
    assumes = (PLAIN, SINGLE_LABEL, "zero_division=0")
    yield broken(OPEN, because, (recall[0], accuracy[0]), *readings, assumes=assumes)


def one_matrix(place: Place) -> Iterator[Outcome]:
    """Check that the scores fit one binary matrix of the rows, where the user says that they come from one."""
    answers = tuple(a for a in ("averaging=binary", "one_matrix=true") if place.says(a))
    scores = [found for base in ("accuracy", "precision", "recall", "f1") if (found := _value(place, base)) is not None]
    if not answers or len(scores) < 4:
        return
    if "averaging=binary" not in answers:
        yield from _binary(place, answers)
    assumes = tuple(dict.fromkeys((*answers, "one_matrix=true")))
    readings = (_AVERAGES, "the accuracy counts other things than the scores")
    values = tuple(value for value, _ in scores)
    rows = place.rows
    box = Box.of(*(interval for _, interval in scores))
    if rows is not None and rows.proof in (Proof.PROVED, Proof.PROVED_IF) and box is not None:
        bounds = Interval.of(rows.value)
        fitting, complete = matrices(bounds, box)
        if complete and not fitting:
            because = f"no tp, fp, fn and tn of {bounds} rows print {keyed(*values)}"
            assumes = tuple(dict.fromkeys((*assumes, *rows.assumes, SAME_UNIT)))
            yield broken(STATEMENT, because, (*values, *rows.evidence), *readings, assumes=assumes)
            return
    fact = place.facts.get("binary_matrix_possible")
    if fact is not None and any(name.startswith("prevalence=") for name in fact.assumes):
        return  # it is that answer which falls, and told_shares says so
    if not place.trial and fact is not None and fact.value is False and fact.proof in (Proof.PROVED, Proof.PROVED_IF):
        used = (*fact.evidence, *(rows.evidence if rows is not None else ()))
        assumes = tuple(dict.fromkeys((*assumes, *fact.assumes)))
        yield broken(STATEMENT, fact.because, tuple(dict.fromkeys(used)), *readings, assumes=assumes)
    else:
        yield None

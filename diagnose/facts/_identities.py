"""Identities and inequalities between the scores of one evaluation, and what it means when one is broken.

Every check works on the whole intervals of the printed numbers.

Sources: 2PR/(P + R) is concave, so an average of F1 over classes, folds or batches is at most the F1 of the averages
and, since 2ab/(a + b) >= a + b - 1 on [0, 1], at least P + R - 1 (Jensen); |kappa| <= |MCC| is the inequality of
Aczel on the margins of the confusion matrix, and both have the numerator N x trace - sum of row x column totals, so
the same sign; kappa = 1 - (1 - accuracy)/(1 - chance) <= accuracy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.facts._contradictions import IMPOSSIBLE, PLAIN, SETUP, Outcome, Place, above, broken
from diagnose.facts._scores import harmonic_mean, share
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.types import Evaluation, Value

__all__ = ["agreement", "complements", "f1_of_averages", "ranges"]

# Scores that cannot be negative in any definition, unlike rescaled or signed ones (a rescaled BERTScore, a reward).
_SHARES = frozenset({"accuracy", "precision", "recall", "f1", "auc", "specificity", "balanced_accuracy", "exact_match"})
# COCO's "there is no such object", as a share or in percent.
_SENTINELS = frozenset({-1.0, -100.0, -0.01})
_LETTERS = 2
# More than a few operations on doubles of this size lose.
_ROUND_OFF = 1e-9
_PERCENT = 100
# The average of an F-beta with another beta than 1 lies on another curve; names of a weighted kappa say so at times.
_NOT_PLAIN = ("beta", "f2", "f0", "quadratic", "weighted", "linear", "qwk")


def ranges(place: Place) -> Iterator[Outcome]:
    """Check that no share is above 1 (or 100 %) or below 0."""
    for name, value in place.evaluation.metrics.items():
        info = metric_of(name)
        if info is None or name.startswith("target.") or value.number in _SENTINELS:
            continue
        # Beyond 1 a score may be a percentage; names of one or two letters may be something else altogether.
        limit = 1 if value.scale != 1 else _PERCENT
        if info.kind not in ("score", "correlation") or len(value.key) <= _LETTERS:
            continue
        # The number lies in its interval, so that most values need no exact one.
        if 0 <= value.number <= limit:
            yield None
            continue
        interval = value.interval
        if interval is None:
            continue
        if info.high == 1 and interval.low > limit:
            yield broken(IMPOSSIBLE, f"{value.key} {value.shown} is above {_percent(limit, value)}", (value,))
        elif info.base in _SHARES and interval.high < 0:
            yield broken(IMPOSSIBLE, f"{value.key} {value.shown} is a share, and negative", (value,))
        else:
            yield None


def _percent(limit: int, value: Value) -> str:
    return "100 %" if limit == _PERCENT or value.scale != 1 else "1"


def f1_of_averages(place: Place) -> Iterator[Outcome]:
    """Check P + R - 1 <= F1 <= 2PR/(P + R), for each average."""
    for average in ("", "macro_", "weighted_", "micro_"):
        yield from _f1(place.evaluation, average)


def _f1(evaluation: Evaluation, average: str) -> Iterator[Outcome]:
    if f"{average}f1" not in evaluation.metrics:
        return
    precision, recall, f1 = (evaluation.get(average + base) for base in ("precision", "recall", "f1"))
    if precision is None or recall is None or f1 is None or not _is_plain(f1):
        return
    if _surely_between(precision.number, recall.number, f1):
        yield None
        return
    p, r, f = (share(value) for value in (precision, recall, f1))
    if p is None or r is None or f is None:
        return
    most = harmonic_mean(p, r).high
    least = p.low + r.low - 1
    values = (precision, recall, f1)
    shown = f"{precision.key} {precision.shown}, {recall.key} {recall.shown} and {f1.key} {f1.shown}"
    readings = ("precision, recall and F1 are averages of different kinds", "they were computed on different rows")
    if f.low > most:
        because = f"{shown}: F1 is at most 2PR/(P + R) = {float(most):.4g}, whatever it is an average of"
        yield broken(SETUP, because, values, *readings)
    elif f.high < least:
        because = f"{shown}: F1 is at least P + R - 1 = {float(least):.4g}, whatever it is an average of"
        yield broken(SETUP, because, values, *readings)
    else:
        yield None


def _surely_between(p: float, r: float, f1: Value) -> bool:
    """Whether the printed numbers, which lie in their intervals, hold to both bounds: no exact ones are needed then.

    Three operations on doubles are off by three halves of an ulp at most, and the interval of a double reaches four.
    """
    if not (0 < p <= 1 and 0 < r <= 1):
        return False
    decimals = f1.text.partition(".")[2]
    half = 0.49 * float(f1.scale) / 10 ** len(decimals) if not f1.machine and decimals.isdigit() else 0.0
    return p + r - 1 + _ROUND_OFF <= f1.number <= 2 * p * r / (p + r) * (1 + 2**-52) + half


def _is_plain(value: Value) -> bool:
    """Whether the name does not say that the metric is a variant of the plain one."""
    key = value.key.lower()
    return not any(word in key for word in _NOT_PLAIN if not value.metric.startswith(word))


def agreement(place: Place) -> Iterator[Outcome]:
    """Check |kappa| <= |MCC|, that both have the same sign, and kappa <= accuracy."""
    if "kappa" not in place.evaluation.metrics:
        return
    kappa, mcc, accuracy = (place.evaluation.get(name) for name in ("kappa", "mcc", "accuracy"))
    if kappa is None or kappa.interval is None or not _is_plain(kappa) or abs(kappa.number) > 1:
        return
    readings = ("kappa is weighted (quadratic or linear)", "they were computed on different rows")
    if mcc is not None and mcc.interval is not None and abs(mcc.number) <= 1:
        shown = f"{kappa.key} {kappa.shown}, {mcc.key} {mcc.shown}"
        product = kappa.interval * mcc.interval
        if above(abs(kappa.interval).low, abs(mcc.interval).high, 1):
            because = f"{shown}: |kappa| is larger than |MCC|; it never is"
            yield broken(SETUP, because, (kappa, mcc), *readings, assumes=(PLAIN,))
        elif product.high < 0 and above(abs(kappa.interval - mcc.interval).low, 0, 1):
            because = f"{shown}: kappa and MCC have different signs; they share their numerator"
            yield broken(SETUP, because, (kappa, mcc), *readings, assumes=(PLAIN,))
        else:
            yield None
    right = share(accuracy) if accuracy is not None else None
    if accuracy is not None and right is not None and right.high < 1:
        if above(kappa.interval.low, right.high, 1):
            because = (
                f"{kappa.key} {kappa.shown} is above {accuracy.key} {accuracy.shown}; "
                "kappa = 1 - (1 - accuracy)/(1 - chance) never is"
            )
            yield broken(SETUP, because, (kappa, accuracy), *readings, assumes=(PLAIN,))
        else:
            yield None


def complements(place: Place) -> Iterator[Outcome]:
    """Check what adds up to 1 (specificity and the false positive rate), and top-5 accuracy >= accuracy."""
    evaluation = place.evaluation
    for names in (("specificity", "fpr"), ("recall", "fnr")):
        if names[1] not in evaluation.metrics:
            continue
        one, other = (evaluation.get(name) for name in names)
        mine, theirs = (share(value) if value is not None else None for value in (one, other))
        if one is None or other is None or mine is None or theirs is None:
            continue
        total = mine + theirs
        if 1 in total or not (above(total.low, 1) or above(1, total.high)):
            yield None
        else:
            because = f"{one.key} {one.shown} + {other.key} {other.shown} is {one.number + other.number:.4g}, and not 1"
            yield broken(SETUP, because, (one, other), "they are of different classes or averages")
    if "top5_accuracy" not in evaluation.metrics:
        return
    first, five = evaluation.get("accuracy"), evaluation.get("top5_accuracy")
    a, b = (share(value) if value is not None else None for value in (first, five))
    if first is not None and five is not None and a is not None and b is not None:
        if above(a.low, b.high):
            because = (
                f"{five.key} {five.shown} is below {first.key} {first.shown}; the first answer is one of the first five"
            )
            yield broken(SETUP, because, (five, first), "they were computed on different rows")
        else:
            yield None

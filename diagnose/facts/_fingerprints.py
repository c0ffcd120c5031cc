"""What a constant classifier prints: closed forms in the share p of its class and the number K of classes.

| average   | zero_division | precision     | recall | F1               |
|-----------|---------------|---------------|--------|------------------|
| macro     | 0             | p/K           | 1/K    | 2p/((1 + p)K)    |
| macro     | 1             | (p + K - 1)/K | 1/K    | 2p/((1 + p)K)    |
| macro     | nan           | p             | 1/K    | 2p/((1 + p)K)    |
| weighted  | 0             | p^2           | p      | 2p^2/(1 + p)     |
| binary    | its class is the positive one: p | 1 | 2p/(1 + p)       |

The accuracy is p throughout. The forms were checked against scikit-learn in 25,221 calls (the project's forensics);
the guards below are those under which they matched hardly any model that was not constant or nearly so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.interval import Interval, Number

if TYPE_CHECKING:
    from diagnose.facts._scores import Scores

__all__ = ["Fingerprint", "excluded", "fingerprint"]

# Above this relative width a printed precision fits some K whatever the model does.
_WIDEST = 0.2
# Without the accuracy, or with accuracy and F1 alone, one equation is left to check: it has to be a narrow one.
_NARROW = 0.01
# Accuracy and macro F1 alone: a match at K = 12 was a coincidence on the public record, those below 6 were collapses.
_MOST_CLASSES_ALONE = 10
_MOST_CLASSES = 100_000
_SLACK = 0.02
# Weighted scores of a skilled model lie near the constant's curve: two decimals matched one in a thousand of them.
_WIDEST_WEIGHTED = Fraction(2, 1000)
# All but this share of the predictions have to be proved to be positive.
_NEARLY_ALL = Fraction(95, 100)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A reading of the scores as a constant classifier's.

    average: macro, weighted or binary; zero_division: "0", "1" or "nan"; share: of the rows whose true class is the
    predicted one; classes: the K that fit, least and greatest (None: the form has no K); formula: with p and K.
    """

    average: str
    zero_division: str
    share: Interval
    classes: Interval | None
    formula: str


def fingerprint(scores: Scores, classes: Interval | None, *, second_sign: bool) -> Fingerprint | None:
    """Return the reading of `scores` as a constant classifier's, or None.

    classes: the number of classes where it is known; second_sign: something else points to a constant, so that
    accuracy and F1 alone may be enough. Where the scores fit no form as printed, dropped zeros are put back.
    """
    padded = scores.padded()
    return _fingerprint(scores, classes, second_sign=second_sign) or (
        _fingerprint(padded, classes, second_sign=second_sign) if padded != scores else None
    )


def _fingerprint(scores: Scores, classes: Interval | None, *, second_sign: bool) -> Fingerprint | None:
    for average, reading in (("macro", _macro), ("weighted", _weighted), ("binary", _all_positive)):
        if scores.average not in (None, average):
            continue
        found = reading(scores, classes, second_sign=second_sign)
        if found is not None:
            return found
    return None


def excluded(scores: Scores) -> bool:
    """Whether the scores are far from every form of the table, so that the model is not constant.

    Plain floats with a slack of 0.02: this runs on every row of a history.
    """
    if scores.accuracy is None or scores.f1 is None or scores.recall is None or scores.precision is None:
        return False
    a, p, r, f = (v.number for v in (scores.accuracy, scores.precision, scores.recall, scores.f1))
    macro = f <= 0.5 + _SLACK and r <= 0.5 + _SLACK
    weighted = abs(r - a) <= _SLACK and abs(f - 2 * a * a / (1 + a)) <= _SLACK
    positive = r >= 1 - _SLACK and abs(p - a) <= _SLACK
    micro = max(a, p, r, f) - min(a, p, r, f) <= _SLACK
    return not (macro or weighted or positive or micro)


def _macro(scores: Scores, classes: Interval | None, *, second_sign: bool) -> Fingerprint | None:
    if (scores.recall and scores.recall.number > 0.55) or (scores.f1 and scores.f1.number > 0.55):
        return None
    a, p, r, f = (scores.interval(name) for name in ("accuracy", "precision", "recall", "f1"))
    range_ = _class_range(a, r, f)
    if range_ is None or not _telling(scores, range_, classes is not None or second_sign):
        return None
    if classes is not None:
        range_ = range_.meet(classes)
    if range_ is None or range_.high - range_.low > 200:
        return None
    for zero_division in ("0", "nan", "1"):
        if zero_division != "0" and not scores.complete:
            break
        fits = {k: s for k in _integers(range_) if (s := _macro_share(k, zero_division, a, p, f)) is not None}
        if fits:
            share = fits[min(fits)]
            for other in fits.values():
                share = share.hull(other)
            precision = {"0": "p/K", "nan": "p", "1": "(p + K - 1)/K"}[zero_division]
            formula = _formula(scores, recall="1/K", precision=precision, f1="2p/((1 + p)K)")
            return Fingerprint("macro", zero_division, share, Interval(min(fits), max(fits)), formula)
    return None


def _class_range(a: Interval | None, r: Interval | None, f: Interval | None) -> Interval | None:
    """Return the whole K >= 2 that recall = 1/K allows, or else F1 = 2p/((1 + p)K)."""
    if r is not None and r.low > 0:
        bounds = Interval(1 / Fraction(r.high), 1 / Fraction(r.low))
    elif a is not None and f is not None and f.low > 0 and a.low > 0:
        bounds = Interval(2 * a.low / (1 + a.low) / f.high, 2 * a.high / (1 + a.high) / f.low)
    else:
        return None
    low, high = max(2, math.ceil(bounds.low)), min(_MOST_CLASSES, math.floor(bounds.high))
    return Interval(low, high) if low <= high else None


def _telling(scores: Scores, classes: Interval, supported: bool) -> bool:  # noqa: FBT001  # a fact, not a switch
    """Whether a match of the macro forms would say something: see the constants above."""
    widths = [_relative_width(scores.interval(name)) for name in ("precision", "f1") if getattr(scores, name)]
    if not widths:
        return False
    if scores.accuracy is None:
        return scores.precision is not None and scores.recall is not None and bool(scores.f1) and max(widths) < _NARROW
    if scores.precision is None and scores.recall is None:
        alone = classes.high <= _MOST_CLASSES_ALONE and classes.is_point and max(widths) < _NARROW
        return (alone or supported) and max(widths) < _WIDEST
    return max(widths) < _WIDEST


def _relative_width(interval: Interval | None) -> float:
    if interval is None or interval.low <= 0:
        return math.inf
    return float((interval.high - interval.low) / interval.low)


def _macro_share(
    k: int, zero_division: str, a: Interval | None, p: Interval | None, f: Interval | None
) -> Interval | None:
    """Return the p that fit with K classes, or None; p = 0 and p = 1 fit too much to count."""
    shares = [a] if a is not None else []
    if p is not None:
        shares.append({"0": p * k, "nan": p, "1": p * k - (k - 1)}[zero_division])
    if f is not None:
        if f.low * k > 1:
            return None
        shares.append(_from_f1(f.low * k, min(f.high * k, 1)))
    return _common(shares)


def _from_f1(low: Number, high: Number) -> Interval:
    """Solve F = 2p/(1 + p) for p."""
    return Interval(Fraction(low) / (2 - Fraction(low)), Fraction(high) / (2 - Fraction(high)))


def _common(shares: list[Interval]) -> Interval | None:
    common: Interval | None = Interval(0, 1)
    for interval in shares:
        common = None if common is None else common.meet(interval)
    return common if common is not None and common.high > 0 and common.low < 1 else None


def _weighted(scores: Scores, classes: Interval | None, *, second_sign: bool) -> Fingerprint | None:  # noqa: ARG001  # one signature for all readings
    if scores.accuracy is None or (scores.precision is None and scores.average is None):
        return None
    if scores.precision is not None and abs(scores.precision.number - scores.accuracy.number**2) > _SLACK:
        return None
    a, p, r, f = (scores.interval(name) for name in ("accuracy", "precision", "recall", "f1"))
    share = a.meet(r) if a is not None and r is not None else a
    if share is None or share.low <= 0 or share.high >= 1:
        return None
    coarse = any(i is not None and i.high - i.low > _WIDEST_WEIGHTED for i in (a, p, f))
    if coarse and not second_sign:
        return None
    if p is not None and (Interval(share.low**2, share.high**2).meet(p) is None or not _apart(p, share)):
        return None
    if f is not None:
        expected = Interval(2 * share.low**2 / (1 + share.low), 2 * share.high**2 / (1 + share.high))
        if expected.meet(f) is None or (p is None and not _apart(f, share)):
            return None
    if p is None and (f is None or _relative_width(f) > _NARROW):
        return None
    formula = _formula(scores, recall="p", precision="p^2", f1="2p^2/(1 + p)")
    return Fingerprint("weighted", "0", share, None, formula)


def _apart(score: Interval, share: Interval) -> bool:
    """Whether a score is so far below the accuracy that the digits tell a constant from a skilled model."""
    return share.low - score.high >= 2 * (score.high - score.low)


def _all_positive(scores: Scores, classes: Interval | None, *, second_sign: bool) -> Fingerprint | None:  # noqa: ARG001  # likewise
    """Recall 1 and precision = accuracy < 1 leave no room for true negatives: TN/N <= (acc - P)/(1 - P)."""
    if scores.recall is None or scores.precision is None or scores.accuracy is None:
        return None
    if scores.recall.number != 1 or abs(scores.precision.number - scores.accuracy.number) > _SLACK:
        return None
    a, p, f = (scores.interval(name) for name in ("accuracy", "precision", "f1"))
    if a is None or p is None or p.high >= 1 or p.low <= 0 or a.meet(p) is None:
        return None
    true_negatives = (Fraction(a.high) - Fraction(p.low)) / (1 - Fraction(p.low))
    if 1 - true_negatives < _NEARLY_ALL:
        return None
    share = a.meet(p)
    if share is None or (f is not None and _common([share, _from_f1(f.low, f.high)]) is None):
        return None
    return Fingerprint("binary", "0", share, None, _formula(scores, recall="1", precision="p", f1="2p/(1 + p)"))


def _formula(scores: Scores, **forms: str) -> str:
    """Return the forms of the scores that are there: "accuracy p, recall 1/K"."""
    there = {name: form for name, form in {"accuracy": "p", **forms}.items() if getattr(scores, name) is not None}
    return ", ".join(f"{name.replace('f1', 'F1')} {form}" for name, form in there.items())


def _integers(interval: Interval) -> range:
    return range(math.ceil(interval.low), math.floor(interval.high) + 1)

"""Scores that fit the closed forms of a constant classifier (`_constant_forms.py`), in every reading that fits.

The guards are those under which the forms matched hardly any model that was not constant or nearly so, as measured in
the project's forensics on skilled, guessing, weak and nearly constant models.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from diagnose.facts._constant_forms import (
    macro_precision_text,
    share_of_f1,
    share_of_macro_precision,
    weighted_f1,
    weighted_precision,
)
from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts._scores import Scores

__all__ = ["Fingerprint", "excluded", "fingerprint", "fingerprints"]

# A precision whose last printed unit is over a fifth of it fits some K whatever the model does; an interval that allows
# for truncation has one and a half units.
_WIDEST = 0.3
# Without the accuracy, or with accuracy and F1 alone, one equation is left to check: it has to be a narrow one.
_NARROW = 0.01
# Accuracy and macro F1 alone: a match at K = 12 was a coincidence on the public record, those below 6 were collapses.
_MOST_CLASSES_ALONE = 10
_MOST_CLASSES = 100_000
# An interval of K with more members than this fits whatever is printed.
_MOST_CANDIDATES = 200
_SLACK = 0.02
_FAR_WEIGHTED = 0.05
# Weighted scores of a skilled model lie near the constant's curve: two decimals matched one in a thousand of them.
_WIDEST_WEIGHTED = Fraction(2, 1000)
# Near an accuracy of 1 the forms are those of a good model: 0.977, 0.956, 0.978, 0.966 are p, p^2, p, 2p^2/(1 + p). A
# score this many widths of its interval below the accuracy hits its form by chance in one case of as many.
_UNITS_APART = 16
# All but this share of the predictions have to be proved to be positive.
_NEARLY_ALL = Fraction(95, 100)


class Fingerprint(NamedTuple):
    """A reading of the scores as a constant classifier's.

    average: macro, weighted or binary; zero_division: "0", "1" or "nan"; share: of the rows whose true class is the
    predicted one; classes: the K that fit, least and greatest (None: the form has no K); formula: with p and K;
    positive: under binary averages, whether the predicted class is the positive one.
    """

    average: str
    zero_division: str
    share: Interval
    classes: Interval | None
    formula: str
    positive: bool | None = None


def fingerprint(scores: Scores, classes: Interval | None, *, second_sign: bool) -> Fingerprint | None:
    """Return the first of `fingerprints`, or None."""
    return next(iter(fingerprints(scores, classes, second_sign=second_sign, most=1)), None)


def fingerprints(
    scores: Scores, classes: Interval | None, *, second_sign: bool, most: int | None = None
) -> list[Fingerprint]:
    """Return every reading of `scores` as a constant classifier's, or `most` of them, the most usual first.

    classes: the number of classes where it is known; second_sign: something else points to a constant, so that
    accuracy and F1 alone may be enough. Where the scores fit no form as printed, dropped zeros are put back.
    """
    return list(islice(_readings(scores, classes, second_sign=second_sign), most))


def _readings(scores: Scores, classes: Interval | None, *, second_sign: bool) -> Iterator[Fingerprint]:
    found = False
    for reading in _fitting(scores, classes, second_sign=second_sign):
        found = True
        yield reading
    padded = scores if found else scores.padded()
    if padded is not scores:
        yield from _fitting(padded, classes, second_sign=second_sign)


def _fitting(scores: Scores, classes: Interval | None, *, second_sign: bool) -> Iterator[Fingerprint]:
    if scores.average in (None, "macro"):
        yield from _macro(scores, classes, supported=classes is not None or second_sign)
        yield from _listed_macro(scores, classes)
    if scores.average in (None, "weighted"):
        yield from _weighted(scores, second_sign=second_sign)
    if scores.average in (None, "binary"):
        yield from _all_positive(scores)
        yield from _all_negative(scores, second_sign=second_sign)


def excluded(scores: Scores) -> bool:
    """Whether the scores are far from every form of the table, so that the model is not constant.

    Plain floats with a slack of 0.02: this runs on every row of a history.
    """
    if scores.accuracy is None or scores.f1 is None or scores.recall is None or scores.precision is None:
        return False
    a, p, r, f = scores.accuracy.number, scores.precision.number, scores.recall.number, scores.f1.number
    macro = f <= 0.5 + _SLACK and r <= 0.5 + _SLACK
    listed = 1 - a > 2 * (1 - p) and abs((1 + a) * (r - f) - (1 - p)) <= 5 * _SLACK * (1 - p)
    weighted = abs(r - a) <= _SLACK and abs(f - 2 * a * a / (1 + a)) <= _SLACK
    positive = r >= 1 - _SLACK and abs(p - a) <= _SLACK
    micro = max(a, p, r, f) - min(a, p, r, f) <= _SLACK
    return not (macro or listed or weighted or positive or micro)


def _macro(scores: Scores, classes: Interval | None, *, supported: bool) -> Iterator[Fingerprint]:
    if (scores.recall and scores.recall.number > 0.55) or (scores.f1 and scores.f1.number > 0.55):
        return
    a, p, r, f = (scores.interval(name) for name in ("accuracy", "precision", "recall", "f1"))
    range_ = _class_range(a, r, f)
    if range_ is None or not _telling(scores, range_, supported=supported):
        return
    if classes is not None:
        range_ = range_.meet(classes)
    if range_ is None or range_.high - range_.low > _MOST_CANDIDATES:
        return
    for zero_division in ("0", "nan", "1") if scores.complete else ("0",):
        fits = {k: s for k in _integers(range_) if (s := _macro_share(k, zero_division, a, p, f)) is not None}
        if fits:
            share = fits[min(fits)]
            for other in fits.values():
                share = share.hull(other)
            precision = macro_precision_text(zero_division)
            formula = _formula(scores, recall="1/K", precision=precision, f1="2p/((1 + p)K)")
            yield Fingerprint("macro", zero_division, share, Interval(min(fits), max(fits)), formula)


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


def _telling(scores: Scores, classes: Interval, *, supported: bool) -> bool:
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
    """Return the p that fit with K classes, or None."""
    shares = [a] if a is not None else []
    if p is not None:
        shares.append(share_of_macro_precision(p, k, zero_division))
        if len(shares) > 1 and shares[0].meet(shares[1]) is None:
            return None
    if f is not None:
        if f.low * k > 1:
            return None
        shares.append(share_of_f1(f.low * k, min(f.high * k, 1)))
    return _common(shares)


def _common(shares: list[Interval]) -> Interval | None:
    """Return the p between 0 and 1 that lie in all intervals; p = 0 and p = 1 fit too much to count."""
    common: Interval | None = Interval(0, 1)
    for interval in shares:
        common = None if common is None else common.meet(interval)
    return common if common is not None and common.high > 0 and common.low < 1 else None


def _listed_macro(scores: Scores, classes: Interval | None) -> Iterator[Fingerprint]:
    """Fit macro averages over a list with x labels that never occur, which zero_division=1 counts as 1 each.

    1 - P = (1 - p)/K gives K, R = (1 + x)/K gives x, and F1 = (2p/(1 + p) + x)/K is left to check.
    """
    if not scores.accuracy or not scores.precision or not scores.recall or not scores.f1:
        return
    # R is above F1 then, over their whole intervals, and R K at least 2; most rows of a history are done with here.
    room = scores.recall.number * (1 - scores.accuracy.number)
    if scores.recall.number <= scores.f1.number or room < 1 - scores.precision.number:
        return
    a, p, r, f = (scores.interval(name) for name in ("accuracy", "precision", "recall", "f1"))
    if a is None or p is None or r is None or f is None or not 0 < a.low <= a.high < 1 or p.high >= 1:
        return
    if r.low <= f.high or _relative_width(1 - p) > _NARROW or _relative_width(r - f) > _NARROW:
        return
    bounds: Interval | None = (1 - a) / (1 - p)
    bounds = bounds.meet(classes) if bounds is not None and classes is not None else bounds
    if bounds is None or bounds.high > _MOST_CANDIDATES:
        return
    for k in _integers(bounds):
        for x in _integers(r * k - 1):
            if 1 <= x < k - 1 and (share := _common([a, *_scaled(f, k, x)])) is not None:
                formula = _formula(scores, recall="(1 + x)/K", precision="(p + K - 1)/K", f1="(2p/(1 + p) + x)/K")
                formula += f" with x = {x} labels that never occur"
                yield Fingerprint("macro", "1", share, Interval.of(k), formula)


def _scaled(f1: Interval, k: int, x: int) -> list[Interval]:
    """Solve F = (2p/(1 + p) + x)/K for p: an interval, or one that nothing meets."""
    own = (f1 * k - x).meet(Interval(0, 1))
    return [Interval.of(2)] if own is None else [share_of_f1(own.low, own.high)]


def _weighted(scores: Scores, *, second_sign: bool) -> Iterator[Fingerprint]:
    if scores.accuracy is None or (scores.precision is None and scores.average is None):
        return
    # Printed to two decimals or more, they lie nearer to their forms than this; most rows of a history do not.
    right, f1 = scores.accuracy.number, scores.f1
    if f1 is not None and abs(f1.number - 2 * right * right / (1 + right)) > _FAR_WEIGHTED:
        return
    a, p, r, f = (scores.interval(name) for name in ("accuracy", "precision", "recall", "f1"))
    share = a.meet(r) if a is not None and r is not None else a
    if share is None or share.low <= 0 or share.high >= 1:
        return
    if not second_sign and any(i is not None and i.high - i.low > _WIDEST_WEIGHTED for i in (a, p, f)):
        return
    if any(i is not None and i.low <= 0 for i in (p, f)):
        return  # a score printed as 0 fits every small p
    if f is not None and weighted_f1(share).meet(f) is None:
        return
    if p is None and (f is None or _relative_width(f) > _NARROW or not _apart(f, share, second_sign=second_sign)):
        return
    for zero_division in ("0", "nan", "1") if p is not None else ("0",):
        if p is not None and weighted_precision(share, zero_division).meet(p) is None:
            continue
        # Where the precision is not below the accuracy, as p^2 is, F1 has to tell the constant from a skilled model.
        telling = p if zero_division == "0" else f
        if p is not None and (telling is None or not _apart(telling, share, second_sign=second_sign)):
            continue
        form = {"0": "p^2", "nan": "p", "1": "p^2 + 1 - p"}[zero_division]
        formula = _formula(scores, recall="p", precision=form, f1="2p^2/(1 + p)")
        yield Fingerprint("weighted", zero_division, share, None, formula)


def _apart(score: Interval, share: Interval, *, second_sign: bool) -> bool:
    """Whether a score is so far below the accuracy that the digits tell a constant from a skilled model."""
    return share.low - score.high >= (2 if second_sign else _UNITS_APART) * (score.high - score.low)


def _all_positive(scores: Scores) -> Iterator[Fingerprint]:
    """Fit recall 1 and precision = accuracy < 1, which leave no room for true negatives.

    TN/N <= (acc - P)/(1 - P): acc N = T + TN and P (N - TN) = T, where T counts the positive rows.
    """
    if scores.recall is None or scores.precision is None or scores.accuracy is None:
        return
    if scores.recall.number != 1 or abs(scores.precision.number - scores.accuracy.number) > _SLACK:
        return
    a, p, f = (scores.interval(name) for name in ("accuracy", "precision", "f1"))
    if a is None or p is None or p.high >= 1 or p.low <= 0 or (share := a.meet(p)) is None:
        return
    if (Fraction(a.high) - Fraction(p.low)) / (1 - Fraction(p.low)) > 1 - _NEARLY_ALL:
        return
    if f is not None and _common([share, share_of_f1(f.low, f.high)]) is None:
        return
    formula = _formula(scores, recall="1", precision="p", f1="2p/(1 + p)")
    yield Fingerprint("binary", "0", share, None, formula, positive=True)


def _all_negative(scores: Scores, *, second_sign: bool) -> Iterator[Fingerprint]:
    """Fit recall 0 and F1 0 beside precision 1, which is 0/0 under zero_division=1.

    A precision of 0 says only that there is no true positive: it takes a second sign to be 0/0 as well.
    """
    if scores.accuracy is None or scores.precision is None or scores.recall is None:
        return
    found = scores.recall.number == 0 and (scores.f1 is None or scores.f1.number == 0)
    share = scores.interval("accuracy")
    if not found or share is None or share.low <= 0 or share.high >= 1:
        return
    if scores.precision.number == 1 or (scores.precision.number == 0 and second_sign):
        default = f"{scores.precision.number:g}"
        formula = _formula(scores, recall="0", precision=f"{default} (for 0/0)", f1="0")
        yield Fingerprint("binary", default, share, None, formula, positive=False)


def _formula(scores: Scores, **forms: str) -> str:
    """Return the forms of the scores that are there: "accuracy p, recall 1/K"."""
    there = {name: form for name, form in {"accuracy": "p", **forms}.items() if getattr(scores, name) is not None}
    return ", ".join(f"{name.replace('f1', 'F1')} {form}" for name, form in there.items())


def _integers(interval: Interval) -> range:
    return range(math.ceil(interval.low), math.floor(interval.high) + 1)

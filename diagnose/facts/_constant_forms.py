"""What a constant classifier prints: closed forms in the share p of its class and the number K of classes.

| average  | zero_division | precision     | recall      | F1                    |
|----------|---------------|---------------|-------------|-----------------------|
| macro    | 0             | p/K           | 1/K         | 2p/((1 + p)K)         |
| macro    | 1             | (p + K - 1)/K | (1 + x)/K   | (2p/(1 + p) + x)/K    |
| macro    | nan           | p             | 1/K         | 2p/((1 + p)K)         |
| weighted | 0             | p^2           | p           | 2p^2/(1 + p)          |
| weighted | 1             | p^2 + 1 - p   | p           | 2p^2/(1 + p)          |
| weighted | nan           | p             | p           | 2p^2/(1 + p)          |
| binary   | 0, 1, nan     | p             | 1           | 2p/(1 + p)            |
| binary   | 0, 1 (, nan)  | 0, 1 (, NaN)  | 0           | 0: its class is the negative one |

The accuracy is p throughout. K counts the classes averaged over: those of the labels and the predictions, and with a
list of labels (`labels=`) the x that occur in neither as well; under zero_division=1 these x score 1 each. Micro
averages are p four times, as any model's are its accuracy: they show nothing. Recall averaged over the classes of the
labels (balanced accuracy) is one over their number; the Matthews correlation and kappa are 0.
Checked against scikit-learn in 25,221 calls (the project's forensics) and in tests/facts/test_theorem_constant.py.
"""

from __future__ import annotations

from fractions import Fraction

from diagnose.interval import Interval, Number

__all__ = ["macro_precision_text", "share_of_f1", "share_of_macro_precision", "weighted_f1", "weighted_precision"]


def macro_precision_text(zero_division: str) -> str:
    """Return the form of the macro precision."""
    return {"0": "p/K", "1": "(p + K - 1)/K", "nan": "p"}[zero_division]


def share_of_macro_precision(precision: Interval, classes: int, zero_division: str) -> Interval:
    """Solve the form of the macro precision for p."""
    if zero_division == "nan":
        return precision
    rest = classes - 1 if zero_division == "1" else 0
    return Interval(precision.low * classes - rest, precision.high * classes - rest)


def share_of_f1(low: Number, high: Number) -> Interval:
    """Solve F = 2p/(1 + p) for p, which grows with F."""
    return Interval(Fraction(low) / (2 - Fraction(low)), Fraction(high) / (2 - Fraction(high)))


def weighted_precision(share: Interval, zero_division: str) -> Interval:
    """Return the weighted precision; p^2 + 1 - p is least, 3/4, at p = 1/2."""
    if zero_division == "nan":
        return share
    low, high = share.low * share.low, share.high * share.high
    if zero_division == "0":
        return Interval(low, high)
    ends = (low + 1 - share.low, high + 1 - share.high)
    return Interval(Fraction(3, 4) if Fraction(1, 2) in share else min(ends), max(ends))


def weighted_f1(share: Interval) -> Interval:
    """Return 2p^2/(1 + p), which grows with p."""
    return Interval(2 * share.low**2 / (1 + share.low), 2 * share.high**2 / (1 + share.high))

"""Sampling errors of single scores, each from the figure itself and the rows that it is made of.

A common factor of all cells leaves a score f of a confusion matrix unchanged, so by the delta method on the multinomial
its variance is the sum of n_ij g_ij^2 over the cells, g the gradient of f. `_spread_classes.py` has the averages over
classes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnose.interval import Interval

__all__ = [
    "INDEPENDENT",
    "bounds_of_correlation",
    "error_of_auc",
    "error_of_chance_auc",
    "error_of_correlation",
    "error_of_f1",
    "error_of_mcc",
    "error_of_share",
    "least_error_of_auc",
    "plain",
    "two_sided_p",
]

# Every sampling error is one of a model of how the rows were drawn.
INDEPENDENT = ("independent_rows=true",)
# Two-sided 95 % of the normal distribution.
_QUANTILE = 1.959964
_ROUND_OFF = 1e-9


def plain(interval: Interval) -> float | Interval:
    """Return an interval that holds one number, but for round-off, as that number."""
    return float(interval.low) if interval.high - interval.low < _ROUND_OFF else interval


def two_sided_p(z: float) -> float:
    """Return the two-sided p-value of a standard normal z."""
    return math.erfc(abs(z) / math.sqrt(2))


def error_of_share(share: float, rows: float) -> float:
    """Return the standard error of a share of `rows` rows: sqrt(p(1 - p)/n)."""
    share = min(max(share, 0.0), 1.0)
    return math.sqrt(share * (1 - share) / rows)


def error_of_f1(tp: float, errors: float) -> float:
    """Return the standard error of a binary F1 from its right positives and all its errors, fp + fn."""
    denominator = 2 * tp + errors
    return 2 * math.sqrt(tp * errors * (tp + errors)) / denominator**2 if denominator else 0.0


def error_of_mcc(tp: float, fp: float, fn: float, tn: float) -> float | None:
    """Return the standard error of Matthews' correlation; None where it is 0/0.

    With MCC = (tp tn - fp fn)/D and D^2 the product of the four margins, each cell moves the numerator by the cell
    opposite, and ln D by half of 1/margin for each of its two margins.
    """
    predicted, other, true, false = tp + fp, fn + tn, tp + fn, fp + tn
    if not (predicted and other and true and false):
        return None
    root = math.sqrt(predicted) * math.sqrt(other) * math.sqrt(true) * math.sqrt(false)
    mcc = (tp * tn - fp * fn) / root
    slopes = (
        (tp, tn / root - mcc / 2 * (1 / predicted + 1 / true)),
        (fp, -fn / root - mcc / 2 * (1 / predicted + 1 / false)),
        (fn, -fp / root - mcc / 2 * (1 / other + 1 / true)),
        (tn, tp / root - mcc / 2 * (1 / other + 1 / false)),
    )
    return math.sqrt(math.fsum(cell * slope**2 for cell, slope in slopes))


def _error_of_z(r: float, rows: float, *, ranks: bool) -> float:
    """Return the standard error of Fisher's z = atanh(r); rows > 3."""
    return math.sqrt((1 + r * r / 2 if ranks else 1.0) / (rows - 3))


def error_of_correlation(r: float, rows: float, *, ranks: bool) -> float | None:
    """Return the standard error of a correlation over `rows` rows; None for three rows or fewer.

    1/sqrt(n - 3) on the scale of Fisher's z, for ranks (Spearman) sqrt((1 + r^2/2)/(n - 3)) (Bonett and Wright 2000),
    times dr/dz = 1 - r^2.
    """
    return (1 - min(r * r, 1.0)) * _error_of_z(r, rows, ranks=ranks) if rows > 3 else None


def bounds_of_correlation(r: float, rows: float, *, ranks: bool) -> tuple[float, float] | None:
    """Return the 95 % confidence interval of a correlation by Fisher's z; None where it has none.

    A correlation is distinguishable from 0 where 0 lies outside.
    """
    if rows <= 3 or not -1 < r < 1:
        return None
    reach = _QUANTILE * _error_of_z(r, rows, ranks=ranks)
    return math.tanh(math.atanh(r) - reach), math.tanh(math.atanh(r) + reach)


def _excess(auc: float) -> tuple[float, float]:
    """Return Q1 - A^2 and Q2 - A^2 with Q1 = A/(2 - A) and Q2 = 2A^2/(1 + A)."""
    return auc / (2 - auc) - auc**2, 2 * auc**2 / (1 + auc) - auc**2


def error_of_auc(auc: float, positives: float, negatives: float) -> float:
    """Return the standard error of the area under the ROC curve of scores (Hanley and McNeil 1982).

    sqrt((A(1 - A) + (P - 1)(Q1 - A^2) + (N - 1)(Q2 - A^2))/(PN)): a model of the scores' distributions, not a bound.
    """
    first, second = _excess(auc)
    variance = auc * (1 - auc) + (positives - 1) * first + (negatives - 1) * second
    return math.sqrt(max(variance, 0.0) / (positives * negatives))


def least_error_of_auc(auc: float, rows: float) -> float:
    """Return the least `error_of_auc` over all splits of `rows` rows into positives P and negatives N.

    The variance is a/N + b/P + c/(PN) with a = Q1 - A^2, b = Q2 - A^2 and c = A(1 - A) - a - b; by Cauchy
    a/N + b/P >= (sqrt a + sqrt b)^2/n, and PN <= n^2/4.
    """
    first, second = (max(excess, 0.0) for excess in _excess(auc))
    rest = max(auc * (1 - auc) - first - second, 0.0)
    return math.sqrt((math.sqrt(first) + math.sqrt(second)) ** 2 / rows + 4 * rest / rows**2)


def error_of_chance_auc(positives: float, negatives: float) -> float:
    """Return the standard deviation of the AUC of scores without skill: sqrt((P + N + 1)/(12PN)), whatever they are.

    The exact one of the Mann-Whitney statistic without ties; ties make it smaller. |A - 1/2| over it is a test of
    skill.
    """
    return math.sqrt((positives + negatives + 1) / (12 * positives * negatives))

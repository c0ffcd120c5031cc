"""Sampling errors of scores, by the delta method on the multinomial confusion matrix.

With cells n_ij of N rows, Var(f) = sum of n_ij g_ij^2 with g the gradient of f, for an f that a common factor of all
cells leaves unchanged. For macro-F1 over K classes, S_i = support + predictions of class i and TP_i right rows:
a_i = -2 TP_i / (K S_i^2), g_ij = a_i + a_j off the diagonal and g_ii = 2 (S_i - 2 TP_i) / (K S_i^2). It depends on the
sums of the two cells of a pair only, which the margins fix for three classes and bound for more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["error_of_f1", "error_of_macro_f1", "error_of_share", "two_sided_p"]


def error_of_share(share: float, rows: float) -> float:
    """Return the standard error of a share of `rows` rows: sqrt(p(1 - p)/n)."""
    share = min(max(share, 0.0), 1.0)
    return math.sqrt(share * (1 - share) / rows)


def error_of_f1(tp: float, errors: float) -> float:
    """Return the standard error of a binary F1 from its right positives and all its errors, fp + fn."""
    denominator = 2 * tp + errors
    return 2 * math.sqrt(tp * errors * (tp + errors)) / denominator**2 if denominator else 0.0


def error_of_macro_f1(
    margins: Sequence[Mapping[str, int]], pairs: Mapping[tuple[int, int], tuple[int, int]], errors: int
) -> Interval:
    """Return the standard error of macro-F1.

    margins: tp, support and predicted of each class; pairs: {(i, j): (least, most) confusions of the two classes},
    i < j; errors: all wrong rows, which the pairs share out.
    """
    classes = len(margins)
    slopes, fixed = [], 0.0
    for margin in margins:
        size = margin["support"] + margin["predicted"]
        slopes.append(-2 * margin["tp"] / size**2 / classes if size else 0.0)
        own = 2 * (size - 2 * margin["tp"]) / size**2 / classes if size else 0.0
        fixed += margin["tp"] * own**2
    weights = {pair: (slopes[pair[0]] + slopes[pair[1]]) ** 2 for pair in pairs}
    low, high = (_share_out(pairs, weights, errors, largest=largest) for largest in (False, True))
    return Interval(math.sqrt(fixed + min(low, high)), math.sqrt(fixed + high))


def _share_out(
    pairs: Mapping[tuple[int, int], tuple[int, int]],
    weights: Mapping[tuple[int, int], float],
    errors: int,
    *,
    largest: bool,
) -> float:
    """Return the extreme of the weighted sum when each pair keeps its bounds and all pairs add up to the errors."""
    total = math.fsum(weights[pair] * low for pair, (low, _) in pairs.items())
    left = errors - math.fsum(low for low, _ in pairs.values())
    for pair in sorted(pairs, key=lambda p: weights[p], reverse=largest):
        if left <= 0:
            break
        low, high = pairs[pair]
        taken = min(left, high - low)
        total += weights[pair] * taken
        left -= taken
    return total


def two_sided_p(z: float) -> float:
    """Return the two-sided p-value of a standard normal z."""
    return math.erfc(abs(z) / math.sqrt(2))

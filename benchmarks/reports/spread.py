"""Sampling errors of scores by the delta method for a multinomial confusion matrix: sqrt(sum n g^2), g the gradient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.confusion import Confusion

__all__ = ["errors_of", "errors_of_binary"]

_STEP = 1e-5


def errors_of(matrix: Confusion) -> dict[str, float]:
    """Return the standard errors of accuracy and of the averages, by metric.

    A class whose score is 0/0 has it whatever the sample: it adds to the mean and not to the error.
    """
    rows, size = matrix.rows, matrix.size
    precision, recall, f1 = (
        [x if n else 0.0 for x, n in zip(scores, over, strict=True)]
        for scores, over in (
            (matrix.precision, matrix.predicted),
            (matrix.recall, matrix.supports),
            (matrix.f1, _totals(matrix)),
        )
    )
    means = matrix.average("weighted")

    def over(counts: list[int]) -> list[float]:
        return [1 / n if n else 0.0 for n in counts]

    by_predicted, by_support, by_both = over(matrix.predicted), over(matrix.supports), over(_totals(matrix))

    def of_precision(i: int, j: int) -> float:
        return ((i == j) - precision[j]) * by_predicted[j]

    def of_recall(i: int, j: int) -> float:
        return ((i == j) - recall[i]) * by_support[i]

    def of_f1(i: int, j: int, weights: list[float]) -> float:
        right = 2 * weights[i] * by_both[i] if i == j else 0.0
        return right - weights[i] * f1[i] * by_both[i] - weights[j] * f1[j] * by_both[j]

    equal, shares = [1 / size] * size, [support / rows for support in matrix.supports]
    present = sum(support > 0 for support in matrix.supports)
    return {
        "accuracy": math.sqrt(matrix.accuracy * (1 - matrix.accuracy) / rows),
        "macro_precision": _error(matrix, lambda i, j: of_precision(i, j) / size),
        "macro_recall": _error(matrix, lambda i, j: of_recall(i, j) / size),
        "balanced_accuracy": _error(matrix, lambda i, j: of_recall(i, j) / present),
        "macro_f1": _error(matrix, lambda i, j: of_f1(i, j, equal)),
        "weighted_precision": _error(
            matrix, lambda i, j: (matrix.precision[i] - means[0]) / rows + shares[j] * of_precision(i, j)
        ),
        "weighted_recall": math.sqrt(matrix.accuracy * (1 - matrix.accuracy) / rows),
        "weighted_f1": _error(matrix, lambda i, j: (matrix.f1[i] - means[2]) / rows + of_f1(i, j, shares)),
    }


def errors_of_binary(matrix: Confusion) -> dict[str, float]:
    """Return the standard errors of the scores of the second of two classes, by metric."""
    tp, fp, fn, tn = matrix.counts
    errors = fp + fn

    def share(of: int, others: int) -> float:
        return math.sqrt(of * others / (of + others) ** 3) if of + others else math.nan

    return errors_of(matrix) | {
        "precision": share(tp, fp), "recall": share(tp, fn), "specificity": share(tn, fp),
        "f1": math.sqrt(4 * tp * errors * (tp + errors)) / (2 * tp + errors) ** 2 if tp + errors else 0.0,
        "mcc": _error(matrix, lambda i, j: _slope(_matthews, matrix, i, j)),
    }  # fmt: skip


def _totals(matrix: Confusion) -> list[int]:
    return [s + p for s, p in zip(matrix.supports, matrix.predicted, strict=True)]


def _error(matrix: Confusion, gradient: Callable[[int, int], float]) -> float:
    cells = ((n, gradient(i, j)) for i, row in enumerate(matrix.cells) for j, n in enumerate(row) if n)
    return math.sqrt(math.fsum(n * g * g for n, g in cells))


def _matthews(tp: float, fp: float, fn: float, tn: float) -> float:
    joint = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / math.sqrt(joint) if joint > 0 else 0.0


def _slope(metric: Callable[..., float], matrix: Confusion, i: int, j: int) -> float:
    """Return the derivative of a metric of tp, fp, fn and tn by one cell."""
    place = {(1, 1): 0, (0, 1): 1, (1, 0): 2, (0, 0): 3}[i, j]
    cells = list(map(float, matrix.counts))
    reach = _STEP * max(1.0, cells[place])
    ends = [[n + sign * reach * (k == place) for k, n in enumerate(cells)] for sign in (1, -1)]
    return (metric(*ends[0]) - metric(*ends[1])) / (2 * reach)

"""Metrics of a binary confusion matrix, to hold the printed ones against."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from diagnose.facts._scores import share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diagnose.facts._binary import Matrix
    from diagnose.interval import Interval
    from diagnose.types import Evaluation, Value

__all__ = ["MEASURES", "Measure", "agreement", "auc_of_labels", "printed_measures"]

# Sums and roots in single precision are off by some units of the seventh digit.
_LOST = 1e-6


class Measure(NamedTuple):
    """A metric of the four cells: how it is written, and what it is (None for 0/0)."""

    formula: str
    of: Callable[[Matrix], float | None]


def _over(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mcc(m: Matrix) -> float | None:
    margins = (m.tp + m.fp) * (m.tp + m.fn) * (m.tn + m.fp) * (m.tn + m.fn)
    return (m.tp * m.tn - m.fp * m.fn) / math.sqrt(margins) if margins else None


def _kappa(m: Matrix) -> float | None:
    by_chance = (m.tp + m.fp) * (m.fp + m.tn) + (m.tp + m.fn) * (m.fn + m.tn)
    return _over(2 * (m.tp * m.tn - m.fp * m.fn), by_chance)


def auc_of_labels(m: Matrix) -> float | None:
    """Return the balanced accuracy, which is also the area under the ROC curve of the predicted labels."""
    sensitivity, specificity = _over(m.tp, m.tp + m.fn), _over(m.tn, m.tn + m.fp)
    return None if sensitivity is None or specificity is None else (sensitivity + specificity) / 2


# Matthews 1975 and Cohen 1960, as scikit-learn computes them.
MEASURES: dict[str, Measure] = {
    "precision": Measure("tp/(tp + fp)", lambda m: _over(m.tp, m.tp + m.fp)),
    "recall": Measure("tp/(tp + fn)", lambda m: _over(m.tp, m.tp + m.fn)),
    "f1": Measure("2tp/(2tp + fp + fn)", lambda m: _over(2 * m.tp, 2 * m.tp + m.fp + m.fn)),
    "jaccard": Measure("tp/(tp + fp + fn)", lambda m: _over(m.tp, m.tp + m.fp + m.fn)),
    "specificity": Measure("tn/(tn + fp)", lambda m: _over(m.tn, m.tn + m.fp)),
    "npv": Measure("tn/(tn + fn)", lambda m: _over(m.tn, m.tn + m.fn)),
    "fpr": Measure("fp/(tn + fp)", lambda m: _over(m.fp, m.tn + m.fp)),
    "fnr": Measure("fn/(tp + fn)", lambda m: _over(m.fn, m.tp + m.fn)),
    "balanced_accuracy": Measure("(tp/(tp + fn) + tn/(tn + fp))/2", auc_of_labels),
    "mcc": Measure("(tp tn - fp fn)/sqrt((tp + fp)(tp + fn)(tn + fp)(tn + fn))", _mcc),
    "kappa": Measure("2(tp tn - fp fn)/((tp + fp)(fp + tn) + (tp + fn)(fn + tn))", _kappa),
}
_CORRELATIONS = frozenset({"mcc", "kappa"})


def printed_measures(evaluation: Evaluation, *, rounded: bool = False) -> dict[str, tuple[Value, Interval]]:
    """Return the metrics of one matrix that the evaluation prints, each with its interval."""
    found = {}
    for name in MEASURES:
        value = evaluation.get(name)
        if value is None or not abs(value.number) <= 1:
            continue
        signed = value.rounded if rounded else value.interval
        interval = signed if name in _CORRELATIONS else share(value, rounded=rounded)
        if interval is not None:
            found[name] = (value, interval)
    return found


def agreement(measures: Mapping[str, Interval]) -> Callable[[Matrix], bool]:
    """Return a check whether a matrix prints these metrics so; 0/0 prints whatever the library takes for it."""
    bounds = [
        (MEASURES[name].of, float(interval.low) - _LOST, float(interval.high) + _LOST)
        for name, interval in measures.items()
    ]

    def agrees(matrix: Matrix) -> bool:
        return all((value := of(matrix)) is None or low <= value <= high for of, low, high in bounds)

    return agrees

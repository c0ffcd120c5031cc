"""What a confusion matrix decides: the true value of every fact that a report about it may lead to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from diagnose.interval import Interval
from reports.confusion import mean
from reports.spread import errors_of, errors_of_binary
from reports.truth import Truth, contains

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random

    from reports.confusion import Confusion
    from reports.printing import Way

__all__ = [
    "averaged_truth",
    "binary_truth",
    "curve",
    "describe",
    "entropy",
    "is_exact",
    "time_it",
    "truth_of",
    "undefined_name",
]


def entropy(counts: Sequence[int]) -> float:
    """Return the entropy of counts, in nats."""
    total = sum(counts)
    return -math.fsum(n / total * math.log(n / total) for n in counts if n)


def undefined_name(undefined: float) -> str:
    """Return the value of zero_division: "0", "1" or "nan"."""
    return "nan" if math.isnan(undefined) else f"{undefined:.0f}"


def describe(truth: Truth, way: Way) -> None:
    """Say how the numbers are printed: whether to the nearest, and whether in full."""
    truth.assumed["full_precision"] = way.full
    truth.assumed["rounded"] = way.rounded and not way.full


def truth_of(matrix: Confusion, labels: Sequence[str]) -> Truth:
    """Return the truth about a report on single-label predictions with this matrix."""
    rows, most = matrix.rows, max(matrix.supports) / matrix.rows
    accuracy, macro = matrix.accuracy, matrix.average("macro")
    dead = [(s, label) for s, label, r in zip(matrix.supports, labels, matrix.right, strict=True) if s and not r]
    values: dict[str, Any] = {
        "accuracy": accuracy, "samples": rows, "sample_count": rows, "class_count": matrix.size,
        "least_sample_count": lambda bound: bound <= rows, "majority_share": most,
        "majority_baseline_accuracy": most, "lift_over_majority": accuracy - most,
        "prior_entropy": entropy(matrix.supports), "constant_prediction": matrix.is_constant,
        "constant_class_share": lambda share: matrix.is_constant and contains(share, accuracy),
        "predicted_share_lower_bound": lambda bound: bound <= max(matrix.predicted) / rows + 1e-9,
        "balanced_accuracy": mean([r for r, s in zip(matrix.recall, matrix.supports, strict=True) if s]),
        "macro_gap": accuracy - macro[2], "informedness": _informedness(matrix),
        "beats_null": _against_null(matrix), "error_rate": 1 - accuracy,
        "class_margins": _margins(matrix, labels), "confusion_bounds": _bounds(matrix, labels),
        "confused_pairs": _pairs(matrix, labels), "matrix": _same_matrix(matrix, labels),
        # Of whichever metric is the main one.
        "standard_error": lambda error: any(contains(error, t) for t in errors_of(matrix).values()),
        "never_predicted_share": sum(s for s, p in zip(matrix.supports, matrix.predicted, strict=True) if not p) / rows,
        "accuracy_not_k_over_n": False, "accuracy_is_batch_mean": False, "sample_count.trainer": rows,
        "binary_matrix_possible": lambda _: True, "recomputed.disagreements": 0, "f1_of_averages": False,
        **{f"standard_error.{name}": e for name, e in errors_of(matrix).items() if not math.isnan(e)},
        # Those that the numbers are sure of; there may be more.
        "dead_classes": lambda names: set(names) <= {label for _, label in dead},
        "dead_classes.count": lambda count: count <= len(dead),
        "dead_classes.support": lambda support: support <= max(dead, default=(0, ""))[0],
    }  # fmt: skip
    for mode in ("macro", "weighted", "micro"):
        for name, score in zip(("precision", "recall", "f1"), matrix.average(mode), strict=True):
            values[f"{mode}_{name}"] = score
    values |= _agreement(matrix)
    truth = Truth(values)
    for i, label in enumerate(labels):
        support, predicted = matrix.supports[i], matrix.predicted[i]
        truth.labels[label] = {
            "per_class.precision": matrix.precision[i], "per_class.recall": matrix.recall[i],
            "per_class.f1": matrix.f1[i], "per_class.support": support, "per_class.support_share": support / rows,
            "per_class.predicted": predicted, "per_class.predicted_share": predicted / rows,
            "per_class.predicted_ratio": predicted / support if support else 0,
        }  # fmt: skip
    truth.assumed |= {
        "classes": matrix.size, "samples": rows, "samples_below": rows, "majority_share": most,
        "zero_division": undefined_name(matrix.undefined) if matrix.has_undefined else None,
    }  # fmt: skip
    return truth


def binary_truth(matrix: Confusion, labels: Sequence[str] = ("0", "1")) -> Truth:
    """Return the truth about a report that prints the scores of the second of two classes."""
    truth = truth_of(matrix, labels)
    tp, fp, fn, tn = matrix.counts
    rows, cells = matrix.rows, {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
    precision, recall, f1 = matrix.average("binary")

    def multiple(value: dict[str, int]) -> bool:
        least = sum(value.values())
        return rows % least == 0 and {name: n * (rows // least) for name, n in value.items()} == cells

    truth.values |= {
        "precision": precision, "recall": recall, "f1": f1, **_printed_scores(precision, recall, f1),
        "confusion_matrix": cells, "confusion_matrix_up_to_factor": multiple, **cells,
        "prevalence": (tp + fn) / rows, "predicted_positive_share": (tp + fp) / rows,
        "binary_matrix_possible": True, "averaging": lambda modes: "binary" in modes,
        "specificity": tn / (tn + fp) if tn + fp else matrix.undefined,
        **{f"standard_error.{name}": error for name, error in errors_of_binary(matrix).items()},
        "standard_error": lambda error: any(contains(error, t) for t in errors_of_binary(matrix).values()),
        "possible_matrices": lambda matrices: cells in matrices, "positive_count": tp + fn,
    }  # fmt: skip
    # The macro averages' gap is another thing than that of the positive class.
    del truth.values["macro_gap"]
    truth.assumed |= {
        "one_matrix": True, "averaging": "binary", "prevalence": (tp + fn) / rows,
        "zero_division": undefined_name(matrix.undefined) if not (tp + fp and tp + fn) else None,
    }  # fmt: skip
    return truth


def _agreement(matrix: Confusion) -> dict[str, float]:
    """Return Matthews' correlation and Cohen's kappa, of any number of classes."""
    rows, by_chance = matrix.rows, sum(s * p for s, p in zip(matrix.supports, matrix.predicted, strict=True))
    above = sum(matrix.right) * rows - by_chance
    spreads = (rows**2 - sum(s**2 for s in matrix.supports)) * (rows**2 - sum(p**2 for p in matrix.predicted))
    return {
        "mcc": above / math.sqrt(spreads) if spreads else 0.0,
        "kappa": above / (rows**2 - by_chance) if rows**2 > by_chance else math.nan,
    }


def curve(truth: Truth, rows: Mapping[int, Mapping[str, float]]) -> None:
    """Say what is true of a history, {step: {metric: value}}, whichever metric stands for the task."""
    steps = list(rows)
    finite = {name: [row[name] for row in rows.values() if not math.isnan(row[name])] for name in rows[steps[0]]}
    columns = {name: column for name, column in finite.items() if column}

    def any_of(pick: Callable[[list[float]], float]) -> Callable[[Any], bool]:
        return lambda value: any(contains(value, pick(column)) for column in columns.values())

    truth.values |= {
        "last_step": steps[-1], "train_steps": steps[-1], "best_step": lambda step: step in rows,
        "best_steps": lambda found: all(step in rows for step in found.values()),
        "val_metric.first": any_of(lambda column: column[0]), "val_metric.last": any_of(lambda column: column[-1]),
        "val_metric.best": lambda value: any_of(max)(value) or any_of(min)(value),
    }  # fmt: skip


def averaged_truth(matrix: Confusion, mode: str) -> Truth:
    """Return the truth about a report that prints the averages of one mode over all classes of the matrix."""
    truth = truth_of(matrix, [str(i) for i in range(matrix.size)])
    precision, recall, f1 = matrix.average(mode)
    truth.values |= {
        "precision": precision, "recall": recall, "f1": f1, **_printed_scores(precision, recall, f1),
        "averaging": lambda modes: mode in modes,
    }  # fmt: skip
    truth.assumed["averaging"] = mode
    return truth


def time_it(rng: Random, truth: Truth, rows: int, slowest: float = 30.0) -> dict[str, str]:
    """Return runtime and speed as a trainer prints them: 4 and 3 decimals; from `slowest` to 3,000 rows a second.

    From 30 rows a second on, the two tell the rows exactly in 100, 80 and 30 % of the evaluations of 10^4, 10^5 and
    10^6 rows, and to 3 in the median at 10^6: the forensics' own figures are 100, 77, 38 % and 3.
    """
    seconds = rows / math.exp(rng.uniform(math.log(slowest), math.log(3000)))
    batch = rng.choice([8, 16, 32])
    steps = math.ceil(rows / batch)
    truth.values |= {
        "eval_batch_size": batch,
        "throughput": rows / seconds, "throughput.seconds": seconds, "runtime": seconds,
        "samples_per_second": rows / seconds, "steps_per_second": steps / seconds,
    }  # fmt: skip
    return {
        "runtime": repr(round(seconds, 4)), "samples_per_second": repr(round(rows / seconds, 3)),
        "steps_per_second": repr(round(steps / seconds, 3)),
    }  # fmt: skip


def _printed_scores(precision: float, recall: float, f1: float) -> dict[str, float]:
    return {"prf.precision": precision, "prf.recall": recall, "prf.f1": f1}


def _against_null(matrix: Confusion) -> Callable[[bool], bool]:
    """Better than every null model excludes a constant answer; no better is one with no lift or no macro recall."""
    present = [r for r, s in zip(matrix.recall, matrix.supports, strict=True) if s]
    blind = matrix.accuracy <= max(matrix.supports) / matrix.rows or mean(present) <= 1 / len(present) + 1e-9
    return lambda value: not matrix.is_constant if value else matrix.is_constant or blind


def _informedness(matrix: Confusion) -> float:
    present = [(r, s) for r, s in zip(matrix.recall, matrix.supports, strict=True) if s]
    spread = math.sqrt(math.fsum(0.25 / s for _, s in present)) / len(present)
    return (mean([r for r, _ in present]) - 1 / len(present)) / spread


def _margins(matrix: Confusion, labels: Sequence[str]) -> Callable[[Any], bool]:
    place = {label: i for i, label in enumerate(labels)}

    def true(value: Any) -> bool:
        return all(
            label in place
            and contains(row["support"], matrix.supports[place[label]])
            and contains(row["tp"], matrix.right[place[label]])
            and contains(row["predicted"], matrix.predicted[place[label]])
            for label, row in value.items()
        )

    return true


def _bounds(matrix: Confusion, labels: Sequence[str]) -> Callable[[Any], bool]:
    place = {label: i for i, label in enumerate(labels)}

    def true(value: Any) -> bool:
        cells = ((place[a], place[b], cell) for a, row in value.items() for b, cell in row.items())
        return all(cell["low"] <= matrix.cells[i][j] <= cell["high"] for i, j, cell in cells)

    return true


def _pairs(matrix: Confusion, labels: Sequence[str]) -> Callable[[Any], bool]:
    place = {label: i for i, label in enumerate(labels)}

    def true(value: Any) -> bool:
        pairs = [(*(place[label] for label in pair["classes"]), pair["errors"]) for pair in value]
        return all(e["low"] <= matrix.cells[i][j] + matrix.cells[j][i] <= e["high"] for i, j, e in pairs)

    return true


def _same_matrix(matrix: Confusion, labels: Sequence[str]) -> Callable[[Any], bool]:
    def true(value: Any) -> bool:
        cells = [value.get(a, {}).get(b, 0) for a in labels for b in labels]
        return cells == [n for row in matrix.cells for n in row]

    return true


def is_exact(value: Any) -> bool:
    """Whether margins are whole numbers throughout."""
    return all(not isinstance(row[key], Interval) for row in value.values() for key in ("tp", "predicted"))

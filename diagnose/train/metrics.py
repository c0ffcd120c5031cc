"""The metrics of an evaluation, under the names that users of the Trainer give them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["class_report", "evaluate"]


def evaluate(task: str, guesses: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return the metrics of a split, without prefix.

    guesses: logits (rows, classes), or predictions (rows,) of a regression, or (tokens, classes) of a tagger, or the
    ranks (rows,) of the right partner in a retrieval; labels: (rows,), (rows, classes) or (tokens,). The numbers are
    those of scikit-learn and SciPy, whose import would take longer than a small run: a metric that is not defined is
    NaN, precision and recall of a class without rows are 0.
    """
    return _METRICS[task](guesses, labels)


def _classification(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return the accuracy, macro averages over the classes that occur, and Matthews' correlation of K classes."""
    if not np.isfinite(logits).all():
        return dict.fromkeys(("accuracy", "macro_precision", "macro_recall", "macro_f1", "mcc"), math.nan)
    right, told, true = _counts(logits.argmax(-1), labels, logits.shape[-1])
    occurs = (told + true) > 0
    precision, recall, f1 = (score[occurs].mean() for score in _scores(right, told, true))
    rows = true.sum()
    together = right.sum() * rows - told @ true  # the covariance of what is told and what is true, times rows^2
    spread = (rows**2 - told @ told) * (rows**2 - true @ true)
    return {
        "accuracy": float(right.sum() / rows), "macro_precision": float(precision), "macro_recall": float(recall),
        "macro_f1": float(f1), "mcc": float(together / np.sqrt(spread)) if spread else 0.0,
    }  # fmt: skip


def _counts(told: np.ndarray, true: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how often each class was told rightly, was told, and is true; float64, as products of them grow large."""
    parts = (true[told == true], told, true)
    right, told_of, true_of = (np.bincount(part, minlength=classes).astype(float) for part in parts)
    return right, told_of, true_of


def _scores(right: np.ndarray, told: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return precision, recall and F1 of each class; 0 where a class has no rows to divide by."""

    def over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)

    return over(right, told), over(right, true), over(2 * right, told + true)


def _multilabel(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    predicted, labels = logits > 0, labels > 0
    right, told, true = (part.sum(axis=0).astype(float) for part in (predicted & labels, predicted, labels))
    _, _, f1 = _scores(right, told, true)
    _, _, micro = _scores(*(part.sum(keepdims=True) for part in (right, told, true)))
    return {
        "micro_f1": float(micro[0]), "macro_f1": float(f1.mean()),
        "subset_accuracy": float((predicted == labels).all(axis=1).mean()),
        "hamming_loss": float((predicted != labels).mean()),
    }  # fmt: skip


def _regression(guesses: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return the errors and correlations: NaN of a constant; R2 of constant labels is 0, or 1 where all are met."""
    if not np.isfinite(guesses).all():
        return dict.fromkeys(("mse", "mae", "r2", "pearson", "spearmanr"), math.nan)
    squares = ((guesses.astype(float) - labels) ** 2).sum()
    spread = ((labels - labels.mean(dtype=float)) ** 2).sum()
    return {
        "mse": float(((guesses - labels) ** 2).mean()), "mae": float(np.abs(guesses - labels).mean()),
        "r2": float(1 - squares / spread) if spread else float(squares == 0),
        "pearson": _correlation(labels, guesses), "spearmanr": _correlation(_ranks(labels), _ranks(guesses)),
    }  # fmt: skip


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:  # a point has no direction
        return math.nan
    a, b = (part.astype(float) - part.mean(dtype=float) for part in (one, other))
    return float(np.clip(a / np.linalg.norm(a) @ (b / np.linalg.norm(b)), -1, 1))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the ranks from 1; ties share the middle of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def _tagging(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return the accuracy of tokens, and precision, recall and F1 of entities; each entity is one token."""
    predicted = logits.argmax(-1)
    right = float(((predicted == labels) & (labels > 0)).sum())
    precision = right / max(int((predicted > 0).sum()), 1)
    recall = right / max(int((labels > 0).sum()), 1)
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"accuracy": float((predicted == labels).mean()), "precision": precision, "recall": recall, "f1": f1}


def _lm(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    return {"accuracy": float((logits == labels).mean())}


def _retrieval(ranks: np.ndarray, _: np.ndarray) -> dict[str, float]:
    return {"recall_at_1": float((ranks == 1).mean()), "mrr": float((1 / ranks).mean())}


_METRICS = {
    "classification": _classification, "multilabel": _multilabel, "regression": _regression,
    "tagging": _tagging, "lm": _lm, "retrieval": _retrieval,
}  # fmt: skip


def class_report(logits: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return a report in the form of scikit-learn's classification_report, as text of 4 places and as a dictionary."""
    right, told, true = _counts(logits.argmax(-1), labels, len(names))
    scores = np.stack([*_scores(right, told, true), true], axis=1)
    rows = {name: row.tolist() for name, row in zip(names, scores, strict=True)}
    accuracy = float(right.sum() / true.sum())
    averages = {
        "macro avg": [*scores[:, :3].mean(axis=0).tolist(), float(true.sum())],
        "weighted avg": [*np.average(scores[:, :3], axis=0, weights=true).tolist(), float(true.sum())],
    }
    width = max(len(name) for name in (*names, "weighted avg"))
    heads = ("precision", "recall", "f1-score", "support")

    def line(name: str, values: Sequence[Any]) -> str:
        cells = [value if isinstance(value, str) else f"{value:.4f}" for value in values[:-1]]
        return f"{name:>{width}} " + "".join(f" {cell:>9}" for cell in (*cells, f"{values[-1]:.0f}"))

    text = "\n".join([
        f"{'':>{width}} " + "".join(f" {head:>9}" for head in heads), "",
        *(line(name, row) for name, row in rows.items()), "",
        line("accuracy", ["", "", accuracy, true.sum()]), *(line(name, row) for name, row in averages.items()), "",
    ])  # fmt: skip
    table: dict[str, Any] = {name: dict(zip(heads, row, strict=True)) for name, row in rows.items()}
    table["accuracy"] = accuracy
    return text, table | {name: dict(zip(heads, row, strict=True)) for name, row in averages.items()}

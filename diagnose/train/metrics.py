"""The metrics of an evaluation, under the names that users of the Trainer give them."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["class_report", "evaluate"]


def evaluate(task: str, guesses: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return the metrics of a split, without prefix.

    guesses: logits (rows, classes), or predictions (rows,) of a regression, or (tokens, classes) of a tagger, or the
    ranks (rows,) of the right partner in a retrieval; labels: (rows,), (rows, classes) or (tokens,). A metric that is
    not defined is NaN, as scikit-learn and SciPy give it; precision and recall of a class without rows are 0.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # undefined scores are what this module is about; they are in the numbers
        return _METRICS[task](guesses, labels)


def _classification(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import matthews_corrcoef, precision_recall_fscore_support  # noqa: PLC0415  # a second

    if not np.isfinite(logits).all():
        return dict.fromkeys(("accuracy", "macro_precision", "macro_recall", "macro_f1", "mcc"), math.nan)
    predicted = logits.argmax(-1)
    precision, recall, f1, _ = precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0)
    return {
        "accuracy": float((predicted == labels).mean()), "macro_precision": float(precision),
        "macro_recall": float(recall), "macro_f1": float(f1), "mcc": float(matthews_corrcoef(labels, predicted)),
    }  # fmt: skip


def _multilabel(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import f1_score  # noqa: PLC0415  # as above

    predicted = logits > 0
    return {
        "micro_f1": float(f1_score(labels, predicted, average="micro", zero_division=0)),
        "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0)),
        "subset_accuracy": float((predicted == labels).all(axis=1).mean()),
        "hamming_loss": float((predicted != labels).mean()),
    }


def _regression(guesses: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    from scipy.stats import pearsonr, spearmanr  # noqa: PLC0415  # as above
    from sklearn.metrics import r2_score  # noqa: PLC0415  # as above

    if not np.isfinite(guesses).all():
        return dict.fromkeys(("mse", "mae", "r2", "pearson", "spearmanr"), math.nan)
    return {
        "mse": float(((guesses - labels) ** 2).mean()), "mae": float(np.abs(guesses - labels).mean()),
        "r2": float(r2_score(labels, guesses)), "pearson": float(pearsonr(labels, guesses)[0]),
        "spearmanr": float(spearmanr(labels, guesses)[0]),
    }  # fmt: skip


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
    """Return scikit-learn's classification report, as text and as a dictionary."""
    from sklearn.metrics import classification_report  # noqa: PLC0415  # as above

    given: dict[str, Any] = {"labels": range(len(names)), "target_names": list(names), "zero_division": 0}
    predicted = logits.argmax(-1)
    text = classification_report(labels, predicted, digits=4, **given)
    return text, classification_report(labels, predicted, output_dict=True, **given)

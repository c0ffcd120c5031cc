"""One binary confusion matrix: accuracy, precision, recall and F1, with and without the number of rows.

The wanted fact is the matrix, up to a factor where nothing gives the rows. The figures to reach are those of the
forensics' last section. Its population is not stated there, but its table for 4 and 3 decimals with the rows given
leads to the same 78 and 46 % if the rows are spread evenly over the orders of magnitude from 200 to 200,000, the
positive class is rare, and the numbers are read as rounded to the nearest: that is the population here. For full
doubles without the rows the figure is that of a likelihood ratio of at least 10, below which no matrix may be named.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from reports.confusion import Confusion, any_model, imbalanced, log_uniform
from reports.family import Family
from reports.known import binary_truth, describe, time_it
from reports.printing import document, way
from reports.truth import Report, Wanted

if TYPE_CHECKING:
    from random import Random

_BARS = {
    ("unknown", "f64"): 0.69,
    ("given", "f64"): 1.0, ("given", "d4"): 0.78, ("given", "d3"): 0.46,
    ("timed", "f64"): 1.0, ("timed", "d4"): 0.78, ("timed", "d3"): 0.46,
}  # fmt: skip
_TOLD = {"d4": 0.78, "d3": 0.46}
_MATRIX = Wanted(("confusion_matrix",))
_MULTIPLE = Wanted(("confusion_matrix", "confusion_matrix_up_to_factor"))
_SCORES = ("accuracy", "precision", "recall", "f1")


def _scores(matrix: Confusion) -> dict[str, float]:
    return dict(zip(_SCORES, (matrix.accuracy, *matrix.average("binary")), strict=True))


def _skilled(rng: Random, rows: str, group: str) -> Report:
    """Make the scores of a skilled model; rows: "unknown", "given" or "timed" (runtime and speed of a trainer)."""
    matrix, show = imbalanced(rng, log_uniform(rng, 200, 200_000)), way(rng, group)
    truth = binary_truth(matrix)
    describe(truth, show)
    texts = {name: show(score) for name, score in _scores(matrix).items()}
    if rows == "given":
        texts["samples"] = str(matrix.rows)
    elif rows == "timed":
        texts |= time_it(rng, truth, matrix.rows)
    return Report(document(rng, texts), (truth,), (), _MULTIPLE if rows == "unknown" else _MATRIX)


def _told_rounded(rng: Random, group: str) -> Report:
    """Make the same with the rows given, and tell that the numbers are rounded to the nearest."""
    report = _skilled(rng, "given", group)
    return Report(report.text, report.truths, ("rounded=true",), _MATRIX)


def _any_size(rng: Random) -> int:
    return rng.choice([1, 2, 3, 5, rng.randint(2, 30), rng.randint(10, 300), log_uniform(rng, 100, 1_000_000)])


def _any(rng: Random) -> Report:
    """Make the scores of any model on any set, down to one row of one class; some are left out, some answers given."""
    matrix = any_model(rng, 2, _any_size(rng), rng.choice([0.0, 0.0, 1.0, float("nan")]))
    truth, show = binary_truth(matrix), way(rng, "any")
    describe(truth, show)
    scores = _scores(matrix)
    if rng.random() < 0.2:
        del scores[rng.choice(_SCORES)]
    texts = {name: show(score) for name, score in scores.items()}
    if (rows := rng.random()) < 0.3:
        texts["samples"] = str(matrix.rows)
    elif rows < 0.6:
        texts |= time_it(rng, truth, matrix.rows, 0.05)
    answers = {
        "averaging=binary": 0.3, "one_matrix=true": 0.2, f"samples={matrix.rows}": 0.1,
        f"zero_division={truth.assumed['zero_division'] or 0}": 0.1,
        "rounded=true": 0.2 * bool(truth.assumed["rounded"]),
    }  # fmt: skip
    assume = tuple(answer for answer, chance in answers.items() if rng.random() < chance)
    return Report(document(rng, texts), (truth,), assume)


def _counts(rng: Random) -> Report:
    """Make the four counts themselves beside an accuracy."""
    matrix, show = any_model(rng, 2, _any_size(rng)), way(rng, "any")
    truth = binary_truth(matrix, ("negative", "positive"))
    describe(truth, show)
    texts = {"accuracy": show(matrix.accuracy)}
    texts |= {name: str(n) for name, n in zip(("tp", "fp", "fn", "tn"), matrix.counts, strict=True)}
    return Report(document(rng, texts), (truth,), (), _MATRIX)


def _related(rng: Random) -> Report:
    """Make MCC, kappa and the AUC of the hard labels beside the scores of one matrix."""
    matrix, show = imbalanced(rng, log_uniform(rng, 50, 50_000)), way(rng, "any")
    truth = binary_truth(matrix)
    describe(truth, show)
    tp, fp, fn, tn = matrix.counts
    area = (tp / (tp + fn) + tn / (tn + fp)) / 2
    positive, negative = tp + fn, fp + tn
    chance = math.sqrt((positive + negative + 1) / (12 * positive * negative))
    truth.values |= {"auc": area, "auc.z": (area - 0.5) / chance}
    scores = _scores(matrix)
    more = {"mcc": truth.values["mcc"], "kappa": truth.values["kappa"], "auc": area}
    for name in rng.sample(list(more), rng.randint(1, 3)):
        scores[name] = more[name]
    truth.values["signed_skill"] = _skill(scores)
    texts = {name: show(score) for name, score in scores.items()}
    if rng.random() < 0.5:
        texts["samples"] = str(matrix.rows)
    return Report(document(rng, texts), (truth,))


def _skill(scores: dict[str, float]) -> float:
    """Return the score whose sign tells skill: that of the AUC before MCC before kappa."""
    if "auc" in scores:
        return 2 * scores["auc"] - 1
    return scores.get("mcc", scores.get("kappa", 0.0))


def _matthews(rng: Random, group: str) -> Report:
    """Make accuracy and MCC only, with the rows given."""
    matrix, show = imbalanced(rng, log_uniform(rng, 50, 5_000)), way(rng, group)
    truth = binary_truth(matrix)
    describe(truth, show)
    truth.values["signed_skill"] = truth.values["mcc"]
    texts = {"accuracy": show(matrix.accuracy), "mcc": show(truth.values["mcc"]), "samples": str(matrix.rows)}
    return Report(document(rng, texts), (truth,))


FAMILIES = (
    *(
        Family(f"binary {rows} {group}", partial(_skilled, rows=rows, group=group), _BARS.get((rows, group)))
        for rows in ("unknown", "given", "timed")
        for group in ("f64", "f32", "d6", "d4", "d3", "d2", "cut", "percent")
    ),
    *(Family(f"binary told rounded {group}", partial(_told_rounded, group=group), bar) for group, bar in _TOLD.items()),
    Family("binary any", _any),
    Family("binary counts", _counts),
    Family("binary with mcc, kappa, auc", _related),
    *(Family(f"accuracy and mcc {group}", partial(_matthews, group=group)) for group in ("f64", "d4")),
)

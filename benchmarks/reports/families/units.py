"""Numbers that are no counts of one set of rows: tokens beside entities, several labels a row, folds, batches.

Nothing is to be found here but the mismatch of units; these reports are traps for proofs.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from reports.confusion import Confusion, any_model, binomial, imbalanced, log_uniform, mean
from reports.family import Family
from reports.known import averaged_truth, binary_truth, describe, time_it, undefined_name
from reports.printing import Row, class_table, document, way
from reports.truth import Report, Truth, Wanted, contains

if TYPE_CHECKING:
    from random import Random

_SCORES = ("accuracy", "precision", "recall", "f1")


def _entity_scores(tp: int, fp: int, fn: int) -> tuple[float, float, float]:
    return (
        tp / (tp + fp) if tp + fp else 0.0,
        tp / (tp + fn) if tp + fn else 0.0,
        2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0,
    )


def _scores_truth(accuracy: float, precision: float, recall: float, f1: float) -> Truth:
    """Return the truth about scores that come from no common matrix."""
    truth = Truth({
        "accuracy": accuracy, "precision": precision, "recall": recall, "f1": f1, "error_rate": 1 - accuracy,
        "prf.precision": precision, "prf.recall": recall, "prf.f1": f1,
        "macro_gap": accuracy - f1, "beats_null": lambda _: True, "binary_matrix_possible": lambda _: True,
        "never_predicted_share": lambda _: False,
    })  # fmt: skip
    truth.assumed |= {"samples": -1, "samples_below": math.inf, "classes": -1, "majority_share": -1, "prevalence": -1}
    return truth


def _rows(rng: Random, truth: Truth, rows: int) -> dict[str, str]:
    """Return how the number of rows is printed, if at all."""
    truth.values |= _counted(truth.values["accuracy"], rows)
    truth.assumed |= {"samples": rows, "samples_below": rows}
    return rng.choice([{}, {"samples": str(rows)}, time_it(rng, truth, rows)])


def _counted(accuracy: float, rows: int) -> dict[str, Any]:
    """Return what is true of a number of rows beside an accuracy that may count other things."""
    return {
        "sample_count": rows, "samples": rows, "sample_count.trainer": rows,
        "accuracy_not_k_over_n": abs(round(accuracy * rows) / rows - accuracy) > 1e-12,
        "standard_error.accuracy": math.sqrt(accuracy * (1 - accuracy) / rows), "standard_error": lambda _: True,
    }  # fmt: skip


def _seqeval(rng: Random) -> Report:
    """Make precision, recall and F1 of entities beside the accuracy of tokens and a number of sentences."""
    entities, tokens = rng.randint(1, 5000), rng.randint(100, 200_000)
    tp, fp, right = rng.randint(0, entities), rng.randint(0, entities), rng.randint(tokens // 2, tokens)
    truth, show = _scores_truth(right / tokens, *_entity_scores(tp, fp, entities - tp)), way(rng, "any")
    describe(truth, show)
    loss = rng.uniform(0.01, 1)
    truth.values |= {"loss": loss, "averaging": lambda modes: "micro" in modes, "unit_mismatch": True}
    truth.assumed |= {"single_label": False, "same_unit": False, "timing_same_rows": False, "averaging": "micro"}
    texts = {"loss": show(loss)} | {n: show(truth.values[n]) for n in _SCORES}
    texts |= _rows(rng, truth, rng.randint(1, 1000))
    return Report(document(rng, texts), (truth,), (), Wanted(("unit_mismatch",), lambda value: value is True))


def _tokens(rng: Random) -> Report:
    """Make a binary matrix over tokens beside a number of sentences."""
    matrix, show = any_model(rng, 2, log_uniform(rng, 200, 50_000)), way(rng, "any")
    truth = binary_truth(matrix)
    describe(truth, show)
    truth.assumed |= {"same_unit": False, "timing_same_rows": False, "one_matrix": False}
    texts = dict(zip(_SCORES, map(show, (matrix.accuracy, *matrix.average("binary"))), strict=True))
    sentences = rng.randint(1, matrix.rows // 10)
    texts |= rng.choice([{"samples": str(sentences)}, time_it(rng, truth, sentences)])
    truth.values |= _counted(matrix.accuracy, sentences)
    return Report(document(rng, texts), (truth,))


def _timed_otherwise(rng: Random) -> Report:
    """Make one binary matrix whose timing counts other rows: padded by a distributed evaluation, or of another set."""
    matrix, show = imbalanced(rng, log_uniform(rng, 100, 5000)), way(rng, "any")
    truth = binary_truth(matrix)
    describe(truth, show)
    truth.assumed |= {"timing_same_rows": False, "trainer_timing": False}
    texts = dict(zip(_SCORES, map(show, (matrix.accuracy, *matrix.average("binary"))), strict=True))
    padded = -(-matrix.rows // 64) * 64
    timing = time_it(rng, truth, rng.choice([padded, rng.randint(10, 5000)]))
    del truth.values["eval_batch_size"]
    return Report(document(rng, texts | timing), (truth,))


def _multi_label(rng: Random, mode: str) -> Report:
    """Make the scores of rows with several labels each beside the share of rows that are right in every label."""
    size, rows = rng.choice([3, 5, 10]), rng.choice([1, 5, 50, 400])
    chances, skill = [rng.uniform(0.02, 0.5) for _ in range(size)], rng.uniform(0.3, 0.99)
    counts, exact = [[0, 0, 0] for _ in range(size)], 0
    for _ in range(rows):
        true = [rng.random() < chance for chance in chances]
        guessed = [label if rng.random() < skill else not label for label in true]
        exact += true == guessed
        for count, label, guess in zip(counts, true, guessed, strict=True):
            count[0] += label and guess
            count[1] += guess and not label
            count[2] += label and not guess
    scores = [_entity_scores(*count) for count in counts]
    micro = _entity_scores(*(sum(column) for column in zip(*counts, strict=True)))
    macro = tuple(mean(column) for column in zip(*scores, strict=True))
    printed, show = micro if mode == "micro" else macro, way(rng, "any")
    truth = _scores_truth(exact / rows, *printed)
    describe(truth, show)
    triggered = any(not (tp + fp) or not (tp + fn) for tp, fp, fn in counts)
    truth.assumed |= {
        "single_label": False, "averaging": mode, "classes": size, "zero_division": "0" if triggered else None,
    }  # fmt: skip
    truth.values |= {"averaging": lambda modes: mode in modes, "class_count": size}
    if mode == "table":
        return _label_table(rng, truth, counts, micro, rows)
    texts = {name: show(truth.values[name]) for name in _SCORES} | _rows(rng, truth, rows)
    return Report(document(rng, texts), (truth,), (f"classes={size}",) if rng.random() < 0.3 else ())


def _label_table(
    rng: Random, truth: Truth, counts: list[list[int]], micro: tuple[float, float, float], rows: int
) -> Report:
    show = way(rng, "any")
    describe(truth, show)
    table: dict[str, Row] = {}
    margins = {}
    for i, (tp, fp, fn) in enumerate(counts):
        label, (precision, recall, f1) = f"tag{i}", _entity_scores(tp, fp, fn)
        table[label] = (show(precision), show(recall), show(f1), str(tp + fn))
        margins[label] = {"tp": tp, "support": tp + fn, "predicted": tp + fp}
        truth.labels[label] = {
            "per_class.precision": precision, "per_class.recall": recall, "per_class.f1": f1,
            "per_class.support": tp + fn, "per_class.predicted": tp + fp,
            "per_class.predicted_ratio": (tp + fp) / (tp + fn) if tp + fn else 0,
        }  # fmt: skip
    scores = {f"prf.{name}": score for name, score in zip(_SCORES[1:], micro, strict=True)}
    dead = {label for label, row in margins.items() if row["support"] and not row["tp"]}
    accuracy = truth.values["accuracy"]
    truth.values = {
        "class_margins": lambda value: all(contains(row, margins[label]) for label, row in value.items()),
        "accuracy": accuracy, "class_count": len(counts), "error_rate": 1 - accuracy,
        "dead_classes": lambda names: set(names) <= dead, "dead_classes.count": lambda count: count <= len(dead),
        "dead_classes.support": lambda support: support in {margins[label]["support"] for label in dead},
        "averaging": lambda modes: "micro" in modes, **scores,
        # The support of an average is what is printed, and no number of rows.
        "samples": sum(row["support"] for row in margins.values()), "sample_count": rows,
        **dict(zip(("micro_precision", "micro_recall", "micro_f1"), micro, strict=True)),
    }  # fmt: skip
    shown = [show(score) for score in micro]
    average: dict[str, Row] = {
        "micro avg": (shown[0], shown[1], shown[2], str(sum(row["support"] for row in margins.values())))
    }
    style = rng.choice(["text", "markdown"] if show.percent else ["text", "markdown", "json"])
    right = show(accuracy) if style == "markdown" and rng.random() < 0.5 else None
    return Report(class_table(style, table, right, average if rng.random() < 0.5 else {}), (truth,))


def _means_over_folds(rng: Random, mode: str) -> Report:
    """Make the means of the scores of two folds."""
    size, undefined, show = rng.choice([2, 3, 8]), rng.choice([0.0, 1.0]), way(rng, "any")
    folds = [any_model(rng, size, rng.randint(5, 3000), undefined) for _ in range(2)]
    scores = [(fold.accuracy, *fold.average(mode if size == 2 or mode != "binary" else "macro")) for fold in folds]
    truth = _scores_truth(*(mean(column) for column in zip(*scores, strict=True)))
    describe(truth, show)
    truth.assumed |= {
        "same_average": False, "averaging": mode, "classes": size,
        "zero_division": undefined_name(undefined) if any(fold.has_undefined for fold in folds) else None,
    }  # fmt: skip
    truth.values |= {"averaging": lambda _: True, "class_count": size}
    texts = {name: show(truth.values[name]) for name in _SCORES} | _rows(rng, truth, sum(f.rows for f in folds))
    assume = (f"averaging={mode}",) if rng.random() < 0.3 else ()
    return Report(document(rng, texts), (truth,), assume)


def _batch_accuracy(rng: Random) -> Report:
    """Make a binary matrix whose accuracy alone is the mean over batches, the last one shorter."""
    rows, size = log_uniform(rng, 100, 20_000), rng.choice([16, 32, 64])
    matrix, show = imbalanced(rng, rows), way(rng, "any")
    sizes = [size] * (rows // size) + ([rows % size] if rows % size else [])
    right, left, shares = sum(matrix.right), rows, []
    for batch in sizes:
        hits = min(binomial(rng, batch, right / left), right, batch) if left > batch else right
        hits = max(hits, right - (left - batch))
        shares.append(hits / batch)
        right, left = right - hits, left - batch
    truth = _scores_truth(mean(shares), *matrix.average("binary"))
    describe(truth, show)
    truth.values["averaging"] = lambda modes: "binary" in modes
    truth.assumed |= {"same_average": False, "averaging": "binary", "prevalence": sum(matrix.counts[::2]) / rows}
    texts = {name: show(truth.values[name]) for name in _SCORES} | _rows(rng, truth, rows)
    return Report(document(rng, texts), (truth,))


def _mixed(rng: Random, mode: str) -> Report:
    """Make a JSON record or a dict in which some numbers are rounded by hand and the others full doubles."""
    matrix: Confusion
    if mode == "binary":
        matrix = imbalanced(rng, log_uniform(rng, 50, 50_000))
        truth = binary_truth(matrix)
    else:
        size = rng.choice([2, 3, 5, 20])
        matrix = any_model(rng, size, log_uniform(rng, 20, 20_000), rng.choice([0.0, 1.0])).without_absent()
        truth = averaged_truth(matrix, mode)
    scores = dict(zip(_SCORES, (matrix.accuracy, *matrix.average(mode)), strict=True))
    short = rng.sample(_SCORES, rng.randint(1, 3))
    # Any number of the record may be the rounded one; the others are full doubles.
    texts = {
        name: repr(round(score, rng.choice([2, 3, 4]))) if name in short else repr(score)
        for name, score in scores.items()
    }
    if rng.random() < 0.3:
        texts["samples"] = str(matrix.rows)
    assume = tuple(
        answer
        for answer, chance in (
            (f"averaging={mode}", 0.3),
            (f"classes={matrix.size}", 0.3),
            ("full_precision=false", 0.1),
        )
        if rng.random() < chance
    )
    if mode != "macro":
        truth.values.pop("macro_gap", None)
    return Report(document(rng, texts, ("json", "dict")), (truth,), assume)


FAMILIES = (
    Family("seqeval", _seqeval),
    Family("tokens beside sentences", _tokens),
    Family("timing of other rows", _timed_otherwise),
    *(Family(f"multi-label {mode}", partial(_multi_label, mode=mode)) for mode in ("micro", "macro", "table")),
    *(Family(f"folds {mode}", partial(_means_over_folds, mode=mode)) for mode in ("binary", "macro", "weighted")),
    Family("batch means beside a matrix", _batch_accuracy),
    *(Family(f"mixed precision {mode}", partial(_mixed, mode=mode)) for mode in ("binary", "macro", "weighted")),
)

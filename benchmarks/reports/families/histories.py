"""Histories over epochs on one evaluation set, a trainer's state, and two runs side by side."""

from __future__ import annotations

import json
import math
from functools import partial
from typing import TYPE_CHECKING, Any

from reports.confusion import Confusion, binomial, imbalanced, log_uniform
from reports.family import Family
from reports.known import binary_truth, curve, describe, time_it
from reports.printing import Way, steps_table, way
from reports.truth import Report, Truth, Wanted, contains

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_SCORES = ("accuracy", "precision", "recall", "f1")


def _extreme_step(column: dict[int, float], show: Way, *, largest: bool) -> Callable[[Any], bool]:
    """Return a predicate: the step is one whose value prints like the best one."""
    best = (max if largest else min)(column.values())
    return lambda step: step in column and show(column[step]) == show(best)


def _moving(rng: Random) -> Report:
    """Make losses and an accuracy over the epochs of a training."""
    rows, interval = rng.choice([20, 200, 5000]), rng.randint(1, 500)
    show, losses = way(rng, "plain"), way(rng, "plain")
    level, train, loss, accuracy = 1.5, {}, {}, {}
    for epoch in range(1, rng.randint(3, 13)):
        level *= rng.uniform(0.7, 1.15)
        step = interval * epoch
        loss[step], train[step] = level, level * rng.uniform(0.7, 1.0)
        accuracy[step] = rng.randint(rows // 2, rows) / rows
    text = "| Training Loss | Epoch | Step | Validation Loss | Accuracy |\n|---|---|---|---|---|\n"
    for epoch, step in enumerate(loss, 1):
        text += f"| {losses(train[step])} | {epoch}.0 | {step} | {losses(loss[step])} | {show(accuracy[step])} |\n"
    steps = list(loss)
    truth = Truth({
        "last_step": steps[-1], "best_step": _extreme_step(accuracy, show, largest=True),
        "best_steps": lambda found: all(step in loss for step in found.values()),
        "val_loss.first": loss[steps[0]], "val_loss.last": loss[steps[-1]], "val_loss.min": min(loss.values()),
        "val_loss.min_step": _extreme_step(loss, losses, largest=False), "val_loss.rows": len(steps),
        "val_metric.first": accuracy[steps[0]], "val_metric.best": max(accuracy.values()),
        "val_metric.last": accuracy[steps[-1]], "val_metric.rows": len(steps),
        "train_loss.first": train[steps[0]], "train_loss.last": train[steps[-1]],
        "train_loss.drop": 1 - train[steps[-1]] / train[steps[0]],
        "train_steps": steps[-1], "accuracy": accuracy[steps[-1]], "error_rate": 1 - accuracy[steps[-1]],
        "loss": loss[steps[-1]],
    })  # fmt: skip
    describe(truth, show)
    # The losses and the accuracies are drawn apart, so the loss is another one than the accuracy's.
    truth.assumed |= {"unweighted_loss": False, "argmax": False}
    truth.steps = {float(s): {"accuracy": accuracy[s], "error_rate": 1 - accuracy[s], "loss": loss[s]} for s in steps}
    return Report(text, (truth,))


def _again(rng: Random, matrix: Confusion) -> Confusion:
    """Return the matrix of another model on the same set."""
    tp, fp, fn, tn = matrix.counts
    right = max(1, binomial(rng, tp + fn, rng.uniform(0.4, 0.98)))
    alarms = min(fp + tn, max(0, round(right * rng.uniform(0.05, 1.0))))
    return Confusion(((fp + tn - alarms, alarms), (tp + fn - right, right)))


def _one_set(rng: Random, group: str, *, same: bool) -> Report:
    """Make binary scores over epochs; same: on one set, else on another each time."""
    first, show = imbalanced(rng, log_uniform(rng, 100, 8000)), way(rng, group)
    matrices = [first, *(_again(rng, first) for _ in range(rng.choice([1, 2, 4, 9])))]
    if not same:
        matrices = [imbalanced(rng, log_uniform(rng, 100, 8000)) for _ in matrices]
    rows, steps = {}, {}
    for place, matrix in enumerate(matrices, 1):
        scores = (matrix.accuracy, *matrix.average("binary"))
        rows[100 * place] = dict(zip(_SCORES, map(show, scores), strict=True))
        steps[100.0 * place] = binary_truth(matrix).values
    truth = binary_truth(matrices[-1])
    describe(truth, show)
    positives = sum(matrices[-1].counts[::2])
    truth.values |= {
        "sample_count.shared": lambda least: least <= matrices[-1].rows, "positive_count": positives,
    }  # fmt: skip
    truth.steps = steps
    curve(truth, {int(step): {name: values[name] for name in _SCORES} for step, values in steps.items()})
    truth.assumed["same_rows"] = same
    wanted = Wanted(
        ("sample_count", "sample_count.shared"), lambda value: contains(value, truth.values["sample_count"])
    )
    return Report(steps_table(rows), (truth,), (), wanted if same else None)


def _trainer(rng: Random) -> Report:
    """Make the state of a trainer: several devices, accumulation, a dropped last batch, epochs as doubles."""
    rows, devices, batch = rng.randint(10, 200_000), rng.choice([1, 1, 2, 4, 8]), rng.choice([1, 4, 8, 16, 32])
    accumulated, dropped = rng.choice([1, 1, 2, 4, 8]), rng.random() < 0.3
    batches = rows // (batch * devices) if dropped else math.ceil(rows / (batch * devices))
    if batches < 1:
        return _trainer(rng)
    updates, epochs, show = max(batches // accumulated, 1), rng.randint(1, 5), way(rng, rng.choice(["d2", "d4", "f64"]))
    evaluated, total, log = rng.randint(5, 3000), updates * epochs, []
    accuracy, truth, losses = 0.0, Truth(), []
    curves: dict[int, dict[str, float]] = {}
    for step in sorted({max(1, total * part // 8) for part in range(1, 9)}):
        epoch, loss, rate = (
            float(show(step * accumulated / batches)),
            2.2 / (1 + step / total),
            5e-5 * (1 - step / total),
        )
        losses.append(loss / 1.1)
        log.append({"epoch": epoch, "step": step, "loss": round(loss / 1.1, 4), "learning_rate": rate})
        accuracy = rng.randint(1, evaluated) / evaluated
        timing = {f"eval_{name}": json.loads(text) for name, text in time_it(rng, truth, evaluated).items()}
        log.append({"epoch": epoch, "step": step, "eval_loss": loss, "eval_accuracy": accuracy, **timing})
        curves[step] = {"accuracy": accuracy, "loss": loss}
    curve(truth, curves)
    loss = curves[total]["loss"]
    truth.values |= {
        "sample_count": evaluated, "last_step": total, "train_examples": rows, "steps_per_epoch": updates,
        "accuracy": accuracy, "error_rate": 1 - accuracy, "loss": loss, "val_loss.last": loss,
        "val_loss.first": next(iter(curves.values()))["loss"], "val_loss.min": loss,
        "train_loss.first": losses[0], "train_loss.last": losses[-1],
        "train_loss.drop": 1 - losses[-1] / losses[0],
        "standard_error.accuracy": math.sqrt(accuracy * (1 - accuracy) / evaluated),
        "standard_error": math.sqrt(accuracy * (1 - accuracy) / evaluated),
    }  # fmt: skip
    # Accuracies are drawn apart from the losses.
    truth.assumed |= {
        "unweighted_loss": False, "argmax": False,
        "devices": devices, "last_batch_kept": not dropped, "samples": evaluated, "full_precision": True,
    }  # fmt: skip
    tree = {
        "best_metric": None, "global_step": total, "max_steps": total, "num_train_epochs": epochs,
        "train_batch_size": batch, "log_history": log,
    }  # fmt: skip
    return Report(json.dumps(tree), (truth,))


def _compared(rng: Random, *, same: bool) -> Report:
    """Make the accuracies of two runs, on the same rows or on others of the same number."""
    rows, show = log_uniform(rng, 50, 20_000), way(rng, "any")
    before = rng.randint(rows // 2, rows)
    after = min(rows, max(0, before + round(rng.gauss(0, 0.03) * rows)))
    names = ("Run #1", "Run #2")
    text = f"| Metric | {' | '.join(names)} |\n|---|---|---|\n"
    texts = [show(right / rows) for right in (before, after)]
    printed = [_number(text) for text in texts]
    text += f"| accuracy | {texts[0]} | {texts[1]} |\n| samples | {rows} | {rows} |\n"
    truths = []
    for right in (before, after):
        accuracy = right / rows
        truth = Truth({
            "accuracy": accuracy, "error_rate": 1 - accuracy, "samples": rows, "sample_count": rows,
            "standard_error.accuracy": math.sqrt(accuracy * (1 - accuracy) / rows),
            "standard_error": math.sqrt(accuracy * (1 - accuracy) / rows),
            "metric_difference.change": printed[1] - printed[0],
            "metric_difference": _difference(*printed),
            "paired_verdict": lambda value: contains(value["rows"], rows),
            "paired_verdict.verdict": lambda _: True,
        })  # fmt: skip
        describe(truth, show)
        truth.assumed |= {"samples": rows, "samples_below": rows, "same_rows": same}
        truths.append(truth)
    return Report(text, tuple(truths), (), Wanted(("metric_difference",)))


def _number(text: str) -> float:
    """Return a printed number itself: differences are said to be those of the numbers as printed."""
    return float(text.rstrip("%")) / (100 if text.endswith("%") else 1)


def _difference(before: float, after: float) -> Callable[[Any], bool]:
    return lambda value: all(
        name not in value or contains(value[name], true)
        for name, true in (("before", before), ("after", after), ("difference", after - before))
    )


FAMILIES = (
    Family("history", _moving),
    *(
        Family(f"epochs on one set {group}", partial(_one_set, group=group, same=True))
        for group in ("d4", "f64", "any")
    ),
    Family("epochs on other sets", partial(_one_set, group="any", same=False)),
    Family("trainer state", _trainer),
    Family("two runs, same rows", partial(_compared, same=True)),
    Family("two runs, other rows", partial(_compared, same=False)),
)

"""Regression: errors, R2 and correlations of one evaluation or of a history on one set, whole or with a wrong row.

The wanted facts are the variance of the labels, and the contradiction of a wrong row. Wrong rows are those of the
forensics: the RMSE printed as MSE, the MSE halved, Pearson printed as R2, the MAE doubled, the R2 of another row.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from reports.family import Family
from reports.known import curve, describe
from reports.printing import Way, document, steps_table, way
from reports.truth import Report, Truth, Wanted, contains

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

_VARIANCE = Wanted(("label_variance",))
_CONTRADICTION = Wanted(("contradiction",))
_CORRUPTED = {"f64": 1.0, "d4": 0.98}
_NAMES = (
    ("mse", "pearson"), ("mse", "rmse", "mae", "r2"), ("rmse", "r2"), ("mse", "r2", "pearson"), ("rmse", "pearson"),
    ("mse", "mae", "pearson"),
)  # fmt: skip


class _Row:
    """The figures of one model on one set; constant: it answers the same everywhere, `answer`."""

    def __init__(self, labels: Sequence[float], guesses: Sequence[float], answer: float | None = None) -> None:
        rows = len(labels)
        self.mean = math.fsum(labels) / rows
        middle = math.fsum(guesses) / rows
        pairs = list(zip(labels, guesses, strict=True))
        mse = math.fsum((y - g) ** 2 for y, g in pairs) / rows
        self.variance = math.fsum((y - self.mean) ** 2 for y in labels) / rows
        spread = math.fsum((g - middle) ** 2 for g in guesses) / rows
        joint = math.fsum((y - self.mean) * (g - middle) for y, g in pairs) / rows
        self.answer = answer
        self.bias = abs(middle - self.mean) / math.sqrt(self.variance)
        self.spread = math.sqrt(spread / self.variance)
        pearson = joint / math.sqrt(self.variance * spread) if answer is None else math.nan
        self.metrics = {
            "mse": mse, "rmse": math.sqrt(mse), "mae": math.fsum(abs(y - g) for y, g in pairs) / rows,
            "r2": 1 - mse / self.variance, "pearson": max(-1.0, min(1.0, pearson)) if answer is None else math.nan,
        }  # fmt: skip

    def truth(self) -> dict[str, object]:
        """Return what is true of this row."""
        r2, pearson = self.metrics["r2"], self.metrics["pearson"]
        constant = self.answer is not None
        blind = constant or r2 <= 1e-9 or pearson <= 1e-9
        return {
            **self.metrics, "recalibrated_r2": pearson**2, "recalibration_gain": pearson**2 - r2,
            "prediction_bias": self.bias, "prediction_spread": self.spread, "constant_prediction": constant,
            "constant_offset": abs(self.answer - self.mean) if self.answer is not None else lambda _: False,
            "beats_null": lambda value: not constant if value else blind,
        }  # fmt: skip


def _labels(rng: Random) -> list[float]:
    scale = 10 ** rng.uniform(-1, 2)
    offset = rng.uniform(-5, 5)
    return [rng.gauss(offset, scale) for _ in range(rng.choice([10, 50, 300]))]


def _model(rng: Random, labels: Sequence[float], kinds: Sequence[str]) -> _Row:
    mean = sum(labels) / len(labels)
    scale = math.sqrt(sum((y - mean) ** 2 for y in labels) / len(labels))
    kind, offset = rng.choice(kinds), rng.gauss(mean, scale)
    if kind == "constant":
        return _Row(labels, [offset] * len(labels), offset)
    noise = rng.uniform(0.05, 0.6)
    answers: dict[str, Callable[[float], float]] = {
        "good": lambda y: y + rng.gauss(0, noise * scale),
        "noise": lambda _: rng.gauss(mean, scale),
        "shrunk": lambda y: 0.2 * y + offset + rng.gauss(0, noise * scale / 5),
        "inverted": lambda y: 2 * mean - y + rng.gauss(0, noise * scale),
    }
    return _Row(labels, [answers[kind](y) for y in labels])


_KINDS = ("constant", "good", "good", "noise", "shrunk", "inverted")


def _history(rng: Random, group: str) -> Report:
    """Make several models on one set."""
    labels, show, names = _labels(rng), way(rng, group), rng.choice(_NAMES)
    rows = {100 * (i + 1): _model(rng, labels, _KINDS) for i in range(rng.choice([1, 3, 8]))}
    # Without one row that is not constant nothing tells whether it is the labels that do not vary.
    rows[100 * (len(rows) + 1)] = _model(rng, labels, ("good", "shrunk"))
    truth = Truth({"label_variance": rows[100].variance})
    describe(truth, show)
    truth.steps = {float(step): row.truth() | {"label_variance": row.variance} for step, row in rows.items()}
    _say_curve(truth, rows, names)
    return Report(steps_table(_printed(rows, names, show)), (truth,), (), _VARIANCE)


def _say_curve(truth: Truth, rows: dict[int, _Row], names: Sequence[str]) -> None:
    curve(truth, {step: {name: row.metrics[name] for name in names} for step, row in rows.items()})


def _printed(rows: dict[int, _Row], names: Sequence[str], show: Way) -> dict[int, dict[str, str]]:
    return {step: {name: show(row.metrics[name]) for name in names} for step, row in rows.items()}


def _single(rng: Random) -> Report:
    """Make one evaluation, down to two rows; everything may be missing but an error or a correlation."""
    scale = 10 ** rng.uniform(-2, 3)
    labels = [rng.gauss(0, scale) for _ in range(rng.choice([2, 3, 10, 60]))]
    row, show = _model(rng, labels, _KINDS), way(rng, "plain")
    names = rng.choice((*_NAMES, ("mse",), ("r2",), ("mae", "rmse"), ("rmse", "mse")))
    truth = Truth(row.truth() | {"label_variance": row.variance, "samples": len(labels), "sample_count": len(labels)})
    describe(truth, show)
    truth.assumed |= {"samples": len(labels), "label_variance": row.variance}
    texts = {name: show(row.metrics[name]) for name in names}
    if rng.random() < 0.3:
        texts["samples"] = str(len(labels))
    return Report(document(rng, texts, ("json", "lines", "dict")), (truth,))


def _other_sets(rng: Random) -> Report:
    """Make rows that were computed on different sets."""
    show, names = way(rng, "plain"), rng.choice(_NAMES)
    rows = {100 * (i + 1): _model(rng, _labels(rng), _KINDS) for i in range(4)}
    last = rows[400]
    truth = Truth({"label_variance": last.variance})
    describe(truth, show)
    truth.assumed["same_rows"] = False
    truth.steps = {float(step): row.truth() | {"label_variance": row.variance} for step, row in rows.items()}
    _say_curve(truth, rows, names)
    return Report(steps_table(_printed(rows, names, show)), (truth,))


def _corrupted(rng: Random, group: str) -> Report:
    """Make a history on one set with one row wrong."""
    labels, show = _labels(rng), way(rng, group)
    rows = {100 * (i + 1): _model(rng, labels, ("good", "noise", "shrunk")) for i in range(5)}
    figures = {step: dict(row.metrics) for step, row in rows.items()}
    step, other = rng.sample(list(rows), 2)
    wrong = figures[step]
    changes = {
        "rmse as mse": {"mse": wrong["rmse"]}, "mse halved": {"mse": wrong["mse"] / 2},
        "pearson as r2": {"r2": wrong["pearson"]}, "mae doubled": {"mae": 2 * wrong["mae"]},
        "another r2": {"r2": figures[other]["r2"]},
    }  # fmt: skip
    wrong |= rng.choice(list(changes.values()))
    texts = {s: {name: show(number) for name, number in row.items()} for s, row in figures.items()}
    if texts[step] == {name: show(number) for name, number in rows[step].metrics.items()}:
        return _corrupted(rng, group)
    return Report(steps_table(texts), (Truth(corrupted=True),), (), _CONTRADICTION)


def _batches(rng: Random) -> Report:
    """Make the means of errors over batches, the last one shorter."""
    labels, show = _labels(rng), way(rng, "plain")
    answers = [y + rng.gauss(0, 1) for y in labels]
    whole, size = _Row(labels, answers), rng.choice([3, 7, 8])
    parts = [_Row(labels[i : i + size], answers[i : i + size]) for i in range(0, len(labels) - 1, size)]
    figures = dict(whole.metrics)
    for name in rng.choice((("rmse",), ("mse",), ("mae",), ("mse", "rmse", "mae"), ("r2",))):
        figures[name] = math.fsum(part.metrics[name] for part in parts) / len(parts)
    # The mean of batches is what is reported: it is true of itself.
    truth = Truth({**figures, "label_variance": lambda value: contains(value, whole.variance)})
    describe(truth, show)
    truth.assumed["same_average"] = False
    texts = {name: show(figures[name]) for name in rng.choice(_NAMES)}
    return Report(document(rng, texts, ("json", "lines", "dict")), (truth,))


FAMILIES = (
    *(Family(f"regression {group}", partial(_history, group=group), 1.0) for group in ("f64", "d4")),
    Family("regression plain", partial(_history, group="plain")),
    Family("regression single", _single),
    Family("regression other sets", _other_sets),
    Family("regression batches", _batches),
    *(
        Family(f"regression corrupted {group}", partial(_corrupted, group=group), bar)
        for group, bar in _CORRUPTED.items()
    ),
)

"""Confusion matrices and predictions as they are given: markdown, JSON, CSV in either orientation, pairs of labels."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from reports.confusion import Confusion, any_model, log_uniform
from reports.family import Family
from reports.known import describe, truth_of
from reports.printing import way
from reports.truth import Report, Wanted

if TYPE_CHECKING:
    from random import Random

_LABELS = ("ant", "bee", "fly", "moth", "wasp")
_MATRIX = Wanted(("matrix",))


def _turned(matrix: Confusion) -> list[list[int]]:
    return [list(column) for column in zip(*matrix.cells, strict=True)]


def _markdown(matrix: Confusion, labels: tuple[str, ...], accuracy: str, *, turned: bool) -> str:
    cells = _turned(matrix) if turned else matrix.cells
    corner = "predicted \\ true" if turned else "true \\ predicted"
    text = f"Confusion matrix\n\n| {corner} | {' | '.join(labels)} |\n|{'---|' * (len(labels) + 1)}\n"
    text += "".join(f"| {label} | {' | '.join(map(str, row))} |\n" for label, row in zip(labels, cells, strict=True))
    return f"{text}\naccuracy: {accuracy}\n"


def _csv(matrix: Confusion, labels: tuple[str, ...], *, turned: bool) -> str:
    cells = _turned(matrix) if turned else matrix.cells
    corner = "predicted\\true" if turned else "true\\predicted"
    lines = [
        ",".join((corner, *labels)),
        *(f"{a},{','.join(map(str, row))}" for a, row in zip(labels, cells, strict=True)),
    ]
    return "\n".join(lines) + "\n"


def _given(rng: Random, form: str) -> Report:
    """Make a matrix, beside the accuracy where the form has room for one."""
    labels = _LABELS[: rng.choice([2, 3, 5])]
    matrix = any_model(rng, len(labels), rng.choice([rng.randint(1, 40), log_uniform(rng, 10, 20_000)]))
    truth, show = truth_of(matrix, labels), way(rng, "any")
    describe(truth, show)
    turned = rng.random() < 0.5
    if form == "markdown":
        text = _markdown(matrix, labels, show(matrix.accuracy), turned=turned)
    elif form == "csv":
        text = _csv(matrix, labels, turned=turned)
    else:
        text = json.dumps({"labels": labels, "confusion_matrix": matrix.cells, "accuracy": matrix.accuracy})
        truth.assumed["full_precision"] = True
    return Report(text, (truth,), (), _MATRIX)


def _predictions(rng: Random) -> Report:
    """Make a row for each pair of labels."""
    whole = any_model(rng, rng.choice([2, 3]), rng.randint(5, 120))
    labels = [name for name, s, p in zip(_LABELS, whole.supports, whole.predicted, strict=False) if s + p]
    matrix = whole.without_absent()
    truth = truth_of(matrix, labels)
    truth.assumed["full_precision"] = True
    truth.values |= {"signed_skill": truth.values["mcc"], "averaging": lambda modes: "macro" in modes}
    for name, score in zip(("precision", "recall", "f1"), matrix.average("macro"), strict=True):
        truth.values[f"prf.{name}"] = score
    pairs = [
        (a, b)
        for a, row in zip(labels, matrix.cells, strict=True)
        for b, n in zip(labels, row, strict=True)
        for _ in range(n)
    ]
    rng.shuffle(pairs)
    return Report("y_true,y_pred\n" + "".join(f"{a},{b}\n" for a, b in pairs), (truth,), (), _MATRIX)


FAMILIES = (
    *(Family(f"matrix as {form}", partial(_given, form=form)) for form in ("markdown", "csv", "json")),
    Family("predictions", _predictions),
)

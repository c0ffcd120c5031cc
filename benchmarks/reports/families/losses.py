"""A loss beside an accuracy, and a perplexity beside a loss.

The outputs are drawn cell by cell of a confusion matrix: the predicted class has the largest probability, and the true
one what is left for it. The wanted fact is the loss against that of equal probabilities, with the classes told.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from reports.confusion import Confusion, any_model, constant, log_uniform, mean
from reports.family import Family
from reports.known import averaged_truth, describe, entropy, time_it
from reports.printing import document, way
from reports.truth import Report, Truth, Wanted

if TYPE_CHECKING:
    from random import Random

_SORTS = 3


def _losses(rng: Random, matrix: Confusion, *, argmax: bool) -> tuple[float, float]:
    """Return the mean cross-entropy of a model with this matrix, and that of its wrong rows (NaN without any)."""
    total, wrong = 0.0, 0.0
    for i, row in enumerate(matrix.cells):
        for j, count in enumerate(row):
            for sort in range(_SORTS):
                rows = count // _SORTS + (sort < count % _SORTS)
                loss = -math.log(_chance_of_truth(rng, matrix.size, right=i == j, argmax=argmax)) * rows
                total += loss
                wrong += loss * (i != j)
    errors = matrix.rows - sum(matrix.right)
    return total / matrix.rows, wrong / errors if errors else math.nan


def _chance_of_truth(rng: Random, size: int, *, right: bool, argmax: bool) -> float:
    """Return the probability of the true class, where the predicted one has the largest or just any."""
    if not argmax:
        return rng.uniform(1e-6, 1)
    largest = 1 / size + (1 - 1 / size) * float(rng.random() ** rng.choice([0.2, 1.0, 5.0]))
    if right:
        return largest
    low, high = max(1e-9, 1 - (size - 1) * largest), min(largest, 1 - largest)
    return max(1e-9, rng.uniform(low, max(low, high)))


def _truth(matrix: Confusion, mode: str, loss: float, on_errors: float) -> Truth:
    truth = averaged_truth(matrix, mode)
    if mode != "macro":
        del truth.values["macro_gap"]
    truth.values |= {
        "loss": loss, "loss_vs_uniform": loss - math.log(matrix.size),
        "loss_vs_prior": loss - entropy(matrix.supports), "uses_input": True, "outputs_prior": False,
        "mean_loss_on_errors": lambda bound: math.isnan(on_errors) or bound <= on_errors + 1e-9,
        "accuracy_lower_bound": lambda bound: bound <= matrix.accuracy + 1e-9,
        "uniform_classes": lambda _: False, "magic_loss": lambda _: False,
        # A constant answer may come from probabilities that are not.
        "beats_null": lambda _: True,
    }  # fmt: skip
    return truth


def _with_accuracy(rng: Random, kind: str) -> Report:
    """Make loss and accuracy, often with averages; kind: "plain", or else why the loss is no mean cross-entropy."""
    size = rng.choice([2, 2, 3, 5, 20])
    matrix = any_model(rng, size, log_uniform(rng, 5, 20_000), rng.choice([0.0, 1.0])).without_absent()
    if matrix.size < 2:
        return _with_accuracy(rng, kind)
    loss, on_errors = _losses(rng, matrix, argmax=kind != "threshold")
    if kind == "weighted":
        loss *= rng.uniform(0.3, 3)
    elif kind == "smoothed":
        loss = 0.9 * loss + 0.1 * rng.uniform(1, 5)
    mode, show = rng.choice(["macro", "weighted"]), way(rng, "any")
    truth = _truth(matrix, mode, loss, on_errors)
    describe(truth, show)
    truth.assumed |= {"unweighted_loss": kind in ("plain", "threshold"), "argmax": kind != "threshold"}
    scores = {"loss": loss, "accuracy": matrix.accuracy}
    if rng.random() < 0.5:
        scores |= dict(zip(("precision", "recall", "f1"), matrix.average(mode), strict=True))
    texts = {name: (show(s).rstrip("%") if name != "loss" else _unscaled(rng, s)) for name, s in scores.items()}
    if show.percent:
        texts = {name: text if name == "loss" else f"{text}%" for name, text in texts.items()}
    if (given := rng.random()) < 0.3:
        texts["samples"] = str(matrix.rows)
    elif given < 0.5:
        texts |= time_it(rng, truth, matrix.rows)
    answers = {f"classes={matrix.size}": 1.0, f"averaging={mode}": 0.3, f"majority_share={_majority(matrix)}": 0.3}
    assume = tuple(answer for answer, chance in answers.items() if rng.random() < chance)
    return Report(document(rng, texts), (truth,), assume, Wanted(("loss_vs_uniform",)))


def _majority(matrix: Confusion) -> str:
    return repr(max(matrix.supports) / matrix.rows)


def _unscaled(rng: Random, loss: float) -> str:
    return rng.choice([f"{loss:.4f}", f"{loss:.3f}", f"{loss:.2f}", repr(loss), repr(round(loss, 4))])


def _of_constant_outputs(rng: Random, kind: str) -> Report:
    """Make the loss of the same probabilities for every row: the prior, another distribution, or equal ones."""
    matrix, show = (
        constant(rng, rng.choice([2, 3, 5, 20]), log_uniform(rng, 100, 20_000), rng.random()),
        way(rng, "any"),
    )
    prior = [support / matrix.rows for support in matrix.supports]
    outputs = prior
    if kind == "equal":
        outputs = [1 / matrix.size] * matrix.size
    elif kind == "other":
        mixed = rng.uniform(0.2, 0.9)
        outputs = [mixed * p + (1 - mixed) / matrix.size for p in prior]
    loss = -math.fsum(p * math.log(q) for p, q in zip(prior, outputs, strict=True))
    top = prior.index(max(prior))
    on_errors = mean([-math.log(q) for q in outputs], [s if i != top else 0 for i, s in enumerate(matrix.supports)])
    truth = _truth(matrix, "macro", loss, on_errors)
    describe(truth, show)
    truth.values |= {
        "uses_input": False, "beats_null": False, "outputs_prior": abs(loss - entropy(matrix.supports)) < 0.01,
        "uniform_classes": lambda classes: abs(math.log(classes) - loss) < 0.01, "magic_loss": lambda _: True,
    }  # fmt: skip
    texts = {"loss": _unscaled(rng, loss), "accuracy": show(matrix.accuracy)}
    if rng.random() < 0.5:
        texts |= dict(zip(("precision", "recall", "f1"), map(show, matrix.average("macro")), strict=True))
    answers = {
        f"classes={matrix.size}": 0.6, "averaging=macro": 0.3, f"majority_share={_majority(matrix)}": 0.3,
        f"samples={matrix.rows}": 0.2,
    }  # fmt: skip
    assume = tuple(answer for answer, chance in answers.items() if rng.random() < chance)
    return Report(document(rng, texts), (truth,), assume)


def _perplexity(rng: Random, *, batches: bool) -> Report:
    """Make loss and perplexity: exp(loss), or the mean of exp over batches."""
    losses, show = [rng.uniform(1, 4) + rng.gauss(0, 0.2) for _ in range(rng.randint(2, 50))], way(rng, "short")
    loss = mean(losses)
    perplexity = mean([math.exp(batch) for batch in losses]) if batches else math.exp(loss)
    truth = Truth({
        "loss": loss, "perplexity": perplexity, "perplexity_vs_loss": math.log(perplexity) - loss,
        "perplexity_mismatch": math.log(perplexity) - loss, "loss_unit": lambda _: False,
    })  # fmt: skip
    describe(truth, show)
    truth.assumed["same_average"] = not batches
    texts = {"loss": show(loss), "perplexity": show(perplexity)}
    wanted = Wanted(("perplexity_mismatch", "contradiction")) if batches else None
    return Report(document(rng, texts), (truth,), (), wanted)


FAMILIES = (
    *(
        Family(f"loss {kind}", partial(_with_accuracy, kind=kind))
        for kind in ("plain", "weighted", "smoothed", "threshold")
    ),
    *(
        Family(f"loss of constant outputs, {kind}", partial(_of_constant_outputs, kind=kind))
        for kind in ("prior", "other", "equal")
    ),
    Family("perplexity", partial(_perplexity, batches=False)),
    Family("perplexity of batches", partial(_perplexity, batches=True)),
)

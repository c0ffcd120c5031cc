"""Averages over several classes, of skilled, constant and nearly constant models.

The wanted fact of the constant models is `constant_prediction`. The prototype's population is not stated; here it is
wide: as many classes as the forensics' table of averages has, 2 to 50, spread evenly over the orders of magnitude, of
which the most frequent one has up to 95 % of 200 to 200,000 rows. Nothing says which average it is, or how many
classes. The families "cut" have up to 600 classes, and numbers that are truncated at any place.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.confusion import KINDS, Confusion, any_model, constant, log_uniform
from reports.family import Family
from reports.known import averaged_truth, describe, time_it
from reports.printing import document, way
from reports.truth import Report, Wanted

if TYPE_CHECKING:
    from random import Random

_BARS = {
    "macro": {"f64": 0.997, "d4": 0.82, "d3": 0.75, "d2": 0.48},
    "weighted": {"f64": 1.0, "d4": 1.0, "d3": 1.0, "d2": 0.01},
}
_CONSTANT = Wanted(("constant_prediction",), lambda value: value is True)
_UNDEFINED = (0.0, 0.0, 1.0, float("nan"))


def _texts(matrix: Confusion, mode: str, prefix: str = "") -> dict[str, float]:
    names = ("accuracy", f"{prefix}precision", f"{prefix}recall", f"{prefix}f1")
    return dict(zip(names, (matrix.accuracy, *matrix.average(mode)), strict=True))


def _collapsed(rng: Random, mode: str, group: str) -> Report:
    """Make the averages of a model that always answers the most frequent class."""
    size, rows = log_uniform(rng, 2, 600 if group == "cut" else 50), log_uniform(rng, 200, 200_000)
    undefined = rng.choice(_UNDEFINED) if group == "cut" else 0.0
    matrix, show = constant(rng, size, rows, rng.uniform(0.0, 0.95), undefined), way(rng, group)
    truth = averaged_truth(matrix, mode)
    describe(truth, show)
    texts = {name: show(score) for name, score in _texts(matrix, mode).items()}
    return Report(document(rng, texts), (truth,), (), _CONSTANT)


def _averaged(rng: Random, mode: str, kinds: tuple[str, ...] = KINDS) -> Report:
    """Make the averages of any model, named or not, in some reports with classes that never occur."""
    size, rows = rng.choice([2, 2, 3, 5, 10, 30]), rng.choice([rng.randint(1, 40), log_uniform(rng, 10, 100_000)])
    matrix = any_model(rng, size, rows, rng.choice(_UNDEFINED), kinds)
    if rng.random() < 0.8:
        matrix = matrix.without_absent()
    truth, show, named = averaged_truth(matrix, mode), way(rng, "any"), rng.random() < 0.5
    describe(truth, show)
    if mode != "macro":
        del truth.values["macro_gap"]
    texts = {n: show(s) for n, s in _texts(matrix, mode, f"{mode}_" if named else "").items()}
    for name in ("balanced_accuracy", "mcc", "kappa"):
        if rng.random() < 0.1:
            texts[name] = show(truth.values[name])
    truth.values["signed_skill"] = truth.values["mcc" if "mcc" in texts else "kappa"]
    if (given := rng.random()) < 0.3:
        texts["samples"] = str(matrix.rows)
    elif given < 0.5:
        texts |= time_it(rng, truth, matrix.rows, 0.05)
    answers = {
        f"classes={matrix.size}": 0.4, f"averaging={mode}": 0.4 * (not named), "single_label=true": 0.1,
        f"zero_division={truth.assumed['zero_division'] or 0}": 0.1,
        "rounded=true": 0.1 * bool(truth.assumed["rounded"]),
    }  # fmt: skip
    assume = tuple(answer for answer, chance in answers.items() if rng.random() < chance)
    return Report(document(rng, texts), (truth,), assume)


FAMILIES = (
    *(
        Family(f"constant {mode} {group}", partial(_collapsed, mode=mode, group=group), bar)
        for mode, bars in _BARS.items()
        for group, bar in bars.items()
    ),
    Family("constant macro cut", partial(_collapsed, mode="macro", group="cut")),
    Family("constant weighted cut", partial(_collapsed, mode="weighted", group="cut")),
    *(Family(f"{mode} averages", partial(_averaged, mode=mode)) for mode in ("macro", "weighted", "micro")),
    *(
        Family(f"{mode} nearly constant", partial(_averaged, mode=mode, kinds=("nearly constant", "constant")))
        for mode in ("macro", "weighted")
    ),
)

"""The law of the facts: what is proved holds, and so does what is proved under assumptions that hold."""

from __future__ import annotations

import math
import random
import struct
from typing import TYPE_CHECKING, Any

import pytest
from _runs import class_row, evaluation_of, facts_of

from diagnose.interval import Interval
from diagnose.types import Proof

if TYPE_CHECKING:
    from collections.abc import Callable

REPORTS = 200
# What every made report keeps to; each family adds its own.
KEPT = {
    "timing_same_rows=true", "same_rows=true", "same_average=true", "same_unit=true", "single_label=true",
    "all_classes_listed=true", "independent_rows=true", "unweighted_loss=true",
}  # fmt: skip
Truth = dict[str, Any]


def printer(rng: random.Random) -> tuple[Callable[[float], str], bool]:
    """Return a way to print a number, and whether it prints full doubles."""
    digits = rng.choice([2, 3, 4])
    cut = 10**digits
    ways: list[tuple[Callable[[float], str], bool]] = [
        (lambda x: f"{x:.{digits}f}", False),
        (lambda x: f"{math.trunc(x * cut) / cut:.{digits}f}", False),
        (lambda x: repr(round(x, digits)), False),
        (lambda x: f"{100 * x:.1f}%", False),
        (repr, True),
        (lambda x: repr(struct.unpack("f", struct.pack("f", x))[0]), True),
    ]
    return rng.choice(ways)


def shares(rng: random.Random, size: int) -> list[float]:
    """Return random shares that add up to 1."""
    parts = [rng.gammavariate(rng.choice([0.3, 1, 5]), 1) + 1e-9 for _ in range(size)]
    return [part / sum(parts) for part in parts]


def matrix_of(rng: random.Random, classes: int, rows: int) -> list[list[int]]:
    """Return a confusion matrix of a skilled, a blind or a constant model; rows: true classes."""
    matrix = [[0] * classes for _ in range(classes)]
    kind, prior, blind = (
        rng.choice(["skilled", "skilled", "blind", "constant"]),
        shares(rng, classes),
        shares(rng, classes),
    )
    skill, labels = rng.random(), range(classes)
    for true in rng.choices(labels, prior, k=rows):
        guess = 0 if kind == "constant" else rng.choices(labels, blind)[0]
        matrix[true][true if kind == "skilled" and rng.random() < skill else guess] += 1
    return matrix


def scores_of(matrix: list[list[int]], undefined: float) -> tuple[list[float], list[float], list[float]]:
    """Return precision, recall and F1 of each class, 0/0 as `undefined`."""
    columns = [sum(column) for column in zip(*matrix, strict=True)]
    lines = [sum(line) for line in matrix]
    right = [matrix[i][i] for i in range(len(matrix))]
    pairs = list(zip(right, columns, lines, strict=True))
    return (
        [r / c if c else undefined for r, c, _ in pairs],
        [r / n if n else undefined for r, _, n in pairs],
        [2 * r / (c + n) if c + n else undefined for r, c, n in pairs],
    )


def truth_of(matrix: list[list[int]], labels: list[str]) -> Truth:
    """Return the facts that a confusion matrix decides."""
    rows, size = sum(map(sum, matrix)), len(matrix)
    lines, columns = [sum(line) for line in matrix], [sum(column) for column in zip(*matrix, strict=True)]
    accuracy, most = sum(matrix[i][i] for i in range(size)) / rows, max(lines) / rows
    place = {label: i for i, label in enumerate(labels)}

    def margins(value: Any) -> bool:
        return all(
            row["support"] == lines[i] and holds(row["tp"], matrix[i][i]) and holds(row["predicted"], columns[i])
            for i, row in ((place[label], row) for label, row in value.items())
        )

    def cells(value: Any) -> bool:
        pairs = ((place[a], place[b], cell) for a, row in value.items() for b, cell in row.items())
        return all(cell["low"] <= matrix[i][j] <= cell["high"] for i, j, cell in pairs)

    def confusions(value: Any) -> bool:
        pairs = ((*(place[label] for label in pair["classes"]), pair["errors"]) for pair in value)
        return all(errors["low"] <= matrix[i][j] + matrix[j][i] <= errors["high"] for i, j, errors in pairs)

    return {
        "sample_count": rows, "class_count": size, "majority_share": most, "majority_baseline_accuracy": most,
        "lift_over_majority": accuracy - most, "constant_prediction": sum(c > 0 for c in columns) == 1,
        "prior_entropy": -sum(n / rows * math.log(n / rows) for n in lines if n),
        "predicted_share_lower_bound": lambda value: value <= max(columns) / rows,
        "standard_error.accuracy": math.sqrt(accuracy * (1 - accuracy) / rows),
        "class_margins": margins, "confusion_bounds": cells, "confused_pairs": confusions,
    }  # fmt: skip


def binary(rng: random.Random) -> tuple[Any, Truth, set[str], tuple[str, ...]]:
    """Make one binary matrix, its size given, derivable from the time, or not at all; down to one row of one class."""
    rows = rng.choice([1, 2, 7, rng.randint(10, 300), rng.randint(300, 3000)])
    matrix, undefined = matrix_of(rng, 2, rows), rng.choice([0.0, 1.0])
    (tn, fp), (fn, tp) = matrix
    precision, recall, f1 = (column[1] for column in scores_of(matrix, undefined))
    show, machine = printer(rng)
    numbers = {"accuracy": (tp + tn) / rows, "precision": precision, "recall": recall, "f1": f1}
    texts = {name: show(number) for name, number in numbers.items()}
    seconds = rng.uniform(0.1, 500)
    texts |= rng.choice([
        {}, {"samples": str(rows)},
        {"runtime": repr(round(seconds, 4)), "samples_per_second": repr(round(rows / seconds, 3))},
    ])  # fmt: skip
    whole = {"tp": tp, "fp": fp, "fn": fn, "tn": tn}

    def multiple(value: Any) -> bool:
        factor = rows // sum(value.values())
        return {name: factor * cell for name, cell in value.items()} == whole

    truth = truth_of(matrix, ["0", "1"]) | {
        "confusion_matrix": whole, "confusion_matrix_up_to_factor": multiple, "prevalence": (tp + fn) / rows,
        "predicted_positive_share": (tp + fp) / rows, "least_sample_count": lambda value: value <= rows,
        "binary_matrix_possible": lambda value: value, "averaging": lambda value: "binary" in value,
        "throughput": rows / seconds, "throughput.seconds": seconds,
    }  # fmt: skip
    kept = {"one_matrix=true", "averaging=binary", f"zero_division={undefined:.0f}"}
    assume = ("averaging=binary",) if rng.random() < 0.3 else ()
    return facts_of(evaluation_of(texts, machine=machine), assume=assume), truth, kept, assume


def averaged(rng: random.Random) -> tuple[Any, Truth, set[str], tuple[str, ...]]:
    """Make macro, weighted or micro averages over several classes, named or not."""
    classes = rng.choice([2, 3, 8])
    matrix = matrix_of(rng, classes, rng.choice([classes, 60, 900]))
    used = [i for i in range(classes) if sum(matrix[i]) + sum(line[i] for line in matrix)]
    matrix = [[matrix[i][j] for j in used] for i in used]
    mode, undefined, rows = rng.choice(["macro", "weighted", "micro"]), rng.choice([0.0, 1.0]), sum(map(sum, matrix))
    accuracy = sum(matrix[i][i] for i in range(len(matrix))) / rows
    weights = [sum(line) / rows for line in matrix] if mode == "weighted" else [1 / len(matrix)] * len(matrix)
    columns = scores_of(matrix, undefined)
    means = [math.fsum(x * w for x, w in zip(column, weights, strict=True)) for column in columns]
    names = [f"{mode}_{name}" if rng.random() < 0.5 else name for name in ("precision", "recall", "f1")]
    show, machine = printer(rng)
    scores = dict(zip(names, [accuracy] * 3 if mode == "micro" else means, strict=True))
    texts = {name: show(number) for name, number in ({"accuracy": accuracy} | scores).items()}
    truth = truth_of(matrix, [str(i) for i in used]) | {"averaging": lambda value: mode in value}
    if mode == "macro":
        truth["macro_gap"] = accuracy - means[2]
    kept = {f"averaging={mode}", f"classes={len(matrix)}", f"zero_division={undefined:.0f}"}
    assume = tuple(a for a in (f"averaging={mode}", f"classes={len(matrix)}") if rng.random() < 0.5)
    return facts_of(evaluation_of(texts, machine=machine), assume=assume), truth, kept, assume


def table(rng: random.Random) -> tuple[Any, Truth, set[str], tuple[str, ...]]:
    """Make a per-class table with supports, in some reports beside the accuracy."""
    classes = rng.choice([2, 3, 5, 12])
    matrix = matrix_of(rng, classes, rng.choice([1, classes, 40 * classes, 2000]))
    labels, undefined = [f"c{i}" for i in range(classes)], rng.choice([0.0, 1.0])
    show, machine = printer(rng)
    scores = zip(*scores_of(matrix, undefined), strict=True)
    rows = tuple(
        class_row(label, precision=show(p), recall=show(r), f1=show(f), support=str(sum(line)))
        for label, line, (p, r, f) in zip(labels, matrix, scores, strict=True)
    )
    accuracy = sum(matrix[i][i] for i in range(classes)) / sum(map(sum, matrix))
    texts = {"accuracy": show(accuracy)} if rng.random() < 0.7 else {}
    facts = facts_of(evaluation_of(texts, machine=machine, classes=rows))
    return facts, truth_of(matrix, labels), {f"zero_division={undefined:.0f}"}, ()


def regression(rng: random.Random) -> tuple[Any, Truth, set[str], tuple[str, ...]]:
    """Make one evaluation of a regression: an error, with R2, a correlation, or both; NaN for a constant prediction."""
    rows, scale = rng.choice([2, 5, 40]), 10 ** rng.uniform(-1, 2)
    labels = [rng.gauss(3, scale) for _ in range(rows)]
    slope, offset = rng.choice([0, 0, 1, 0.3, -1]), rng.gauss(3, scale)
    noise = rng.choice([0, 0, scale]) if slope else 0
    guesses = [slope * y + offset + rng.gauss(0, 1) * noise for y in labels]
    mean, middle = math.fsum(labels) / rows, math.fsum(guesses) / rows
    mse = math.fsum((y - g) ** 2 for y, g in zip(labels, guesses, strict=True)) / rows
    variance = math.fsum((y - mean) ** 2 for y in labels) / rows
    joint = math.fsum((y - mean) * (g - middle) for y, g in zip(labels, guesses, strict=True)) / rows
    spread = math.fsum((g - middle) ** 2 for g in guesses) / rows
    correlation = joint / math.sqrt(variance * spread) if slope else math.nan
    numbers = {"mse": mse, "rmse": math.sqrt(mse), "r2": 1 - mse / variance, "pearson": correlation}
    for name in rng.choice([("mse",), ("rmse",), ("r2",), ("pearson",), ("mse", "pearson")]):
        del numbers[name]
    show, machine = printer(rng)
    facts = facts_of(evaluation_of({n: show(x) if x == x else "nan" for n, x in numbers.items()}, machine=machine))  # noqa: PLR0124  # NaN
    truth = {
        "label_variance": variance, "r2": 1 - mse / variance, "constant_prediction": slope == 0,
        "constant_offset": abs(offset - mean), "contradiction": lambda value: not value,
    }  # fmt: skip
    return facts, truth, set(), ()


def holds(value: Any, truth: Any) -> bool:
    """Whether a fact's value is the truth, or an interval that contains it, floats within their last digits."""
    if callable(truth):
        return bool(truth(value))
    if isinstance(value, Interval):
        slack = 1e-9 * max(1, abs(truth))
        return bool(value.low - slack <= truth <= value.high + slack)
    return value == pytest.approx(truth, rel=1e-9, abs=1e-9) if isinstance(truth, float) else bool(value == truth)


@pytest.mark.parametrize("family", [binary, averaged, table, regression])
def test_whatever_is_proved_under_assumptions_that_hold_is_true(family: Callable[..., Any]) -> None:
    checked = 0
    for seed in range(REPORTS):
        facts, truth, kept, assumed = family(random.Random(seed))  # noqa: S311  # a seed, not a secret
        for fact in facts:
            if fact.proof not in (Proof.PROVED, Proof.PROVED_IF) or not set(fact.assumes) <= KEPT | kept | {*assumed}:
                continue
            if fact.name in truth and fact.scope.label is None:
                checked += 1
                assert holds(fact.value, truth[fact.name]), (seed, fact)
    assert checked > REPORTS

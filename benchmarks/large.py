"""How long the facts of large inputs take: a table of 150 classes and a history of 2,000 evaluations.

    python benchmarks/large.py

Each line is the median of 3 random inputs, the best of 2 times each. A table has to take less than 50 ms, whole or with
one wrong digit, and a history less than 200 ms, whatever its numbers are printed with.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
import time
from random import Random
from typing import TYPE_CHECKING

from diagnose.facts import derive
from diagnose.readers import read_text
from reports.confusion import Confusion, model, shares
from reports.printing import Row, class_table, way

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES, ROWS, REPORTS, TIMES = 150, 2000, 3, 2
TABLE_MS, HISTORY_MS = 50.0, 200.0
PRINTS = ("d2", "d3", "d4", "f64")


def main() -> int:
    """Print the figures; the status is 1 where a median is over its limit."""
    milliseconds("accuracy: 0.5")  # the modules are loaded once in a process
    slow = False
    for print_ in PRINTS:
        for name, make, limit in (
            (f"{CLASSES} classes, whole", lambda rng, p: table(rng, p, wrong=False), TABLE_MS),
            (f"{CLASSES} classes, one wrong digit", lambda rng, p: table(rng, p, wrong=True), TABLE_MS),
            (f"{ROWS:,} rows of a classification", classification, HISTORY_MS),
            (f"{ROWS:,} rows of a regression", regression, HISTORY_MS),
        ):
            found = [milliseconds(make(Random(f"{name}/{print_}/{n}"), print_)) for n in range(REPORTS)]
            middle = statistics.median(found)
            slow |= middle >= limit
            print(f"{name:34} {print_:4} {middle:7.1f} ms   max {max(found):7.1f} ms   limit {limit:.0f} ms")
    return int(slow)


def milliseconds(text: str) -> float:
    """Return the processor's time of the facts of a text, the best of some."""
    times = []
    for _ in range(TIMES):
        (run,) = read_text(text, "report")
        begin = time.process_time()
        derive(run)
        times.append((time.process_time() - begin) * 1000)
    return min(times)


def _skilled(rng: Random, size: int, rows: int) -> Confusion:
    return model(rng, "skilled", [max(10, round(rows * share)) for share in shares(rng, size, 5.0)])


def table(rng: Random, print_: str, *, wrong: bool) -> str:
    """Make a table of 10 to 200 rows a class, about, as scikit-learn returns it; wrong: with one digit changed."""
    matrix, show = _skilled(rng, CLASSES, 60 * CLASSES), way(rng, print_)
    columns = zip(matrix.precision, matrix.recall, matrix.f1, matrix.supports, strict=True)
    rows: dict[str, Row] = {f"class {i}": (show(p), show(r), show(f), str(s)) for i, (p, r, f, s) in enumerate(columns)}
    if wrong:
        label = rng.choice([name for name, row in rows.items() if "0.2" < row[1] < "0.9"])
        precision, recall, f1, support = rows[label]
        rows[label] = precision, f"0.{(int(recall[2]) + 5) % 10}{recall[3:]}", f1, support
    averages: dict[str, Row] = {}
    for average in ("macro", "weighted"):
        precision, recall, f1 = map(show, matrix.average(average))
        averages[f"{average} avg"] = precision, recall, f1, str(matrix.rows)
    return class_table("json", rows, show(matrix.accuracy), averages)


def classification(rng: Random, print_: str) -> str:
    """Make a trainer's state with accuracy, macro precision, recall and F1, MCC and loss of every evaluation."""

    def scores(step: int) -> dict[str, float]:
        matrix = _skilled(rng, 5, 1000)
        names = ("precision", "recall", "f1")
        averages = {f"eval_{name}": score for name, score in zip(names, matrix.average("macro"), strict=True)}
        return {"eval_accuracy": matrix.accuracy, **averages, "eval_mcc": rng.uniform(0.2, 0.9), **_loss(rng, step)}

    return _state(rng, print_, scores)


def regression(rng: Random, print_: str) -> str:
    """Make a trainer's state with the errors, R2 and the correlations of every evaluation on one set of labels."""

    def scores(step: int) -> dict[str, float]:
        mse = 1 / (1 + step / 300) + rng.uniform(0, 0.2)
        r2 = 1 - mse / 2
        errors = {"eval_mse": mse, "eval_rmse": math.sqrt(mse), "eval_mae": 0.8 * math.sqrt(mse), "eval_r2": r2}
        return {**errors, "eval_pearson": math.sqrt(r2), "eval_spearman": rng.uniform(0.3, 0.9), **_loss(rng, step)}

    return _state(rng, print_, scores)


def _loss(rng: Random, step: int) -> dict[str, float]:
    return {"eval_loss": 2 / (1 + step / 300) + rng.uniform(0, 0.1)}


def _state(rng: Random, print_: str, scores: Callable[[int], dict[str, float]]) -> str:
    show, log = way(rng, print_), []
    for step in range(1, ROWS + 1):
        place = {"epoch": step / 20, "step": 50 * step}
        log.append({**place, "loss": 2 / (1 + step / 300), "grad_norm": rng.uniform(0, 3), "learning_rate": 5e-5})
        log.append({**place, **{name: float(show(score)) for name, score in scores(step).items()}})
    return json.dumps({"global_step": 50 * ROWS, "max_steps": 50 * ROWS, "train_batch_size": 16, "log_history": log})


if __name__ == "__main__":
    sys.exit(main())

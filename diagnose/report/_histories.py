"""The histories of a report: the task metric, the loss and the training loss over the steps."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from diagnose.report._words import clean, shown
from diagnose.types import Scope, row_step
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.types import Evaluation, Report, Run, Series, Value

__all__ = ["History", "histories"]

# With two points there is no shape to draw.
_FEWEST = 3


class History(NamedTuple):
    """One metric over the steps: its name, its numbers in order (NaN kept), and its first, best and last in words.

    metric: its canonical name; scope: the run, task and split that it is of, without a split for the training loss;
    steps: where each number stands, in steps or, where `in_epochs`, in epochs, None where the source says neither.
    """

    name: str
    numbers: tuple[float, ...]
    words: str
    metric: str
    scope: Scope
    steps: tuple[float | None, ...]
    in_epochs: bool


def histories(report: Report) -> Iterator[History]:
    """Yield the training loss of each run, and the loss and the task metric of each series of evaluations."""
    for run in report.runs:
        training = [point for point in run.training if "loss" in point.metrics]
        points = [(point.step or point.epoch, point.metrics["loss"]) for point in training]
        epochs = not any(point.step for point in training)
        yield from _history(_named(report, run, "training loss"), "loss", Scope(run.name), points, in_epochs=epochs)
        for series in run.series():
            name = ", ".join(part for part in (series.task, series.split) if part)
            scope = Scope(run.name, series.task, series.split)
            for metric in ("loss", _task_metric(report, run, series)):
                if metric is not None:
                    rows = series.column(metric)
                    column = [(row_step(row), value) for row, value in rows]
                    epochs = all(row.step is None for row, _ in rows)
                    yield from _history(
                        _named(report, run, f"{name} {metric}"), metric, scope, column, in_epochs=epochs
                    )


def _named(report: Report, run: Run, name: str) -> str:
    return clean(f"{run.name}: {name}" if len(report.runs) > 1 and run.name else name, 80)


def _task_metric(report: Report, run: Run, series: Series) -> str | None:
    """Return the metric that the facts took for the task's, else the score that most rows have."""
    scope = Scope(run.name, series.task, series.split)
    for fact in report.facts:
        if fact.name == "val_metric.name" and fact.scope == scope and isinstance(fact.value, str):
            return fact.value
    counts = Counter(name for row in series.rows for name in _scores(row))
    return max(counts, key=lambda name: counts[name], default=None)


def _scores(row: Evaluation) -> Iterator[str]:
    for name in row.metrics:
        info = metric_of(name)
        if info is not None and info.kind in ("score", "correlation", "error") and info.higher_is_better is not None:
            yield name


def _history(
    name: str, metric: str, scope: Scope, column: Sequence[tuple[float | None, Value]], *, in_epochs: bool
) -> Iterator[History]:
    if len(column) < _FEWEST:
        return
    words = [f"{_at(*column[0])} to {_at(*column[-1])}"]
    info = metric_of(metric)
    finite = [point for point in column if point[1].is_finite]
    if finite and info is not None and info.higher_is_better is not None:
        choose = max if info.higher_is_better else min
        words.append(f"best {_at(*choose(finite, key=lambda point: point[1].number))}")
    if len(finite) < len(column):
        words.append(f"{len(column) - len(finite)} of {len(column)} without a number")
    numbers, steps = tuple(value.number for _, value in column), tuple(step for step, _ in column)
    yield History(name, numbers, ", ".join(words), metric, scope, steps, in_epochs)


def _at(step: float | None, value: Value) -> str:
    text = shown(value.number)
    return text if step is None else f"{text} (step {step:g})"

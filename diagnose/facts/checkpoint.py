"""Which checkpoint was kept, and whether the history holds a better one."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from diagnose.facts._curves import Curve, curve_of, history_of, show
from diagnose.facts._scopes import series_scope
from diagnose.facts._task_metric import loss_curve, noise_of, task_curve, task_metrics
from diagnose.types import Evaluation, Fact, Facts, Proof, Question, Run, Scope, Series, Value, row_step
from diagnose.vocabulary import metric_of, parse_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions

PROVIDES: Mapping[str, str] = {
    "kept.step": "the step of the checkpoint that was kept",
    "kept.is_last": "whether it is the last evaluation",
    "kept.best_by": "the metrics by which it is the best of the history",
    "kept.behind": "how far it lies behind the best by the task metric, in units of its noise",
    "kept.metric": "a task metric in which another checkpoint is better",
    "kept.better_step": "the step of the other checkpoint",
    "kept.gap": "how far the other checkpoint is ahead, in units of the metric's noise, no other metric being worse",
    "selection.metric": "the metric that the checkpoint was selected by",
    "selection.backwards": "whether the selection took the worst value of its metric for the best",
    "selection.gap": "how far the best value of the history is ahead of the selected one, in units of its noise",
}
NEEDS: tuple[str, ...] = (
    "reported_step", "sample_count", "confusion_matrix", "confusion_matrix_up_to_factor", "majority_share",
)  # fmt: skip

_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_ONE_SIDED = ("precision", "recall", "specificity", "npv", "fpr", "fnr")
# Fewer rows have no worst one that means anything: of two, one is.
_FEWEST = 3


class _Column(NamedTuple):
    """A metric's curve with its noise, and its value in the kept row."""

    curve: Curve
    noise: float
    kept: float

    @property
    def behind(self) -> float:
        """How far the kept row lies behind the best."""
        return self.curve.ahead(self.curve.best.number, self.kept)


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001
    """Yield the kept checkpoint of every history and its standing."""
    for series in map(history_of, run.series()):
        if series.split == "train" or len(series.rows) < 2:
            continue
        scope = series_scope(run, series)
        yield from _selection(run, series, facts, scope)
        kept = _kept_row(run, series, facts, scope)
        if kept is not None:
            yield from _standing(run, series, facts, scope, kept)


def _kept_row(run: Run, series: Series, facts: Facts, scope: Scope) -> tuple[Evaluation, str] | None:
    """Return the row that was kept and how that is known: the headline repeats it, or the state names it."""
    reported = facts.at("reported_step", scope)
    if reported is not None:
        step, how = reported.value, reported.because
    else:
        step = _named_checkpoint(run)
        how = f"the run names checkpoint {show(step)} as its best" if step is not None else ""
    row = next((row for row in series.rows if step is not None and row_step(row) == step), None)
    return (row, how) if row is not None else None


def _named_checkpoint(run: Run) -> float | None:
    step = run.setting("best_global_step")
    if step is not None and step > 0:
        return step
    path = run.config.get("best_model_checkpoint")
    text = path if isinstance(path, str) else path.text if path is not None else ""
    found = _CHECKPOINT.findall(text)
    return float(found[-1]) if found else None


def _columns(run: Run, series: Series, facts: Facts, scope: Scope, kept: Evaluation) -> list[_Column]:
    """Return the task metrics that the kept row has, or else its loss; the task's own metric first."""
    main = task_curve(run, series)
    names = task_metrics(series)
    # One side of F1 alone is bought with the other.
    names = [n for n in names if (info := metric_of(n)) is None or info.base not in _ONE_SIDED] or names
    curves = [c for n in names if (c := curve_of(series, n)) is not None]
    curves.sort(key=lambda c: main is None or c.metric != main.metric)
    if not curves:
        curves = [c for c in (loss_curve(series),) if c is not None]
    return [
        _Column(curve, noise_of(curve, facts, scope).size, value.number)
        for curve in curves
        if (value := kept.metrics.get(curve.metric)) is not None and value.is_finite
    ]


def _standing(run: Run, series: Series, facts: Facts, scope: Scope, found: tuple[Evaluation, str]) -> Iterator[Fact]:
    kept, how = found
    step = row_step(kept)
    yield Fact("kept.step", step, scope, Proof.IMPLIED, how, unit="step")
    last = max((s for row in series.rows if (s := row_step(row)) is not None), default=step)
    yield Fact("kept.is_last", step == last, scope, Proof.IMPLIED, f"{how}; the last is {show(last or 0)}")
    columns = _columns(run, series, facts, scope, kept)
    if not columns:
        return
    best_by = [c.curve.metric for c in columns if c.behind <= 0]
    said = f"the kept row is the best of {len(series.rows)} by {', '.join(best_by) or 'none of its metrics'}"
    yield Fact("kept.best_by", best_by, scope, Proof.IMPLIED, said)
    yield from _distance(columns[0], scope)
    if step != last and "best_metric" not in run.config:
        yield from _choice(series, kept, columns, scope, how)
    yield from _better(series, columns, scope)


def _distance(main: _Column, scope: Scope) -> Iterator[Fact]:
    said = f"{main.curve.metric} is {main.kept:.4g} in the kept row and {main.curve.best.value.shown} at its best"
    because = f"{said}: {main.behind / main.noise:.2g} times its noise of {main.noise:.4g}"
    yield Fact("kept.behind", main.behind / main.noise, scope, Proof.SUGGESTED, because)


def _choice(series: Series, kept: Evaluation, columns: Sequence[_Column], scope: Scope, how: str) -> Iterator[Fact]:
    """Yield which way an earlier row was chosen: as the best by some column, or as the worst by the task metric.

    Who keeps the last row has not chosen at all.
    """
    loss = loss_curve(series)
    led = [c.curve for c in columns if c.behind <= 0]
    if loss is not None and (value := kept.metrics.get(loss.metric)) is not None and value.number <= loss.best.number:
        led.append(loss)
    main = columns[0]
    if led:
        yield from _chosen(led[0], led[0].best.number, main.noise, scope, how)
    elif main.curve.ahead(main.kept, main.curve.worst.number) <= 0:
        yield from _chosen(main.curve, main.kept, main.noise, scope, how)


def _chosen(curve: Curve, value: float, noise: float, scope: Scope, how: str) -> Iterator[Fact]:
    """Yield that `value`, the best or the worst of its column, was taken for the best."""
    if len(curve.points) < _FEWEST:
        return
    gap = curve.ahead(curve.best.number, value) / noise
    because = (
        f"{how}; {value:.4g} is the {'worst' if gap > 0 else 'best'} {curve.metric} of {len(curve.points)}; "
        f"the best is {curve.best.value.shown} at {show(curve.best.place)}, "
        f"ahead by {gap:.2g} times its noise of {noise:.4g}"
    )
    for name, found in (("metric", curve.metric), ("backwards", gap > 0), ("gap", gap)):
        yield Fact(f"selection.{name}", found, scope, Proof.IMPLIED, because, evidence=(curve.best.value,))


def _better(series: Series, columns: Sequence[_Column], scope: Scope) -> Iterator[Fact]:
    """Yield the row that is furthest ahead of the kept one in some metric without being behind it in any.

    "Behind" means by more than the metric's noise; a row where a metric is NaN or missing is behind.
    """
    top: tuple[float, Evaluation, _Column] | None = None
    for row in series.rows:
        leads = [_lead(row, column) for column in columns]
        if min(leads) < -1:
            continue
        lead, column = max(zip(leads, columns, strict=True), key=lambda pair: pair[0])
        if lead > 0 and (top is None or lead > top[0]):
            top = (lead, row, column)
    if top is None:
        said = "no other evaluation is better in one metric without being worse in another"
        yield Fact("kept.gap", 0.0, scope, Proof.SUGGESTED, said)
        return
    lead, row, column = top
    metric, value = column.curve.metric, row.metrics[column.curve.metric]
    because = (
        f"{metric} is {value.shown} at step {show(row_step(row) or 0)} and {column.kept:.4g} in the kept row: "
        f"{lead:.2g} times its noise of {column.noise:.4g}, and no other metric is worse by more than its noise"
    )
    for name, fact in (("metric", metric), ("better_step", row_step(row)), ("gap", lead)):
        yield Fact(f"kept.{name}", fact, scope, Proof.SUGGESTED, because, evidence=(value,))


def _lead(row: Evaluation, column: _Column) -> float:
    value = row.metrics.get(column.curve.metric)
    if value is None or not value.is_finite:
        return -math.inf
    return column.curve.ahead(value.number, column.kept) / column.noise


def _selection(run: Run, series: Series, facts: Facts, scope: Scope) -> Iterator[Fact]:
    """Yield what the checkpoint was selected by, and whether the selection ran backwards.

    transformers takes a larger metric_for_best_model for the better one unless its name ends in "loss", so that
    word error rates and other errors are selected backwards by default.
    """
    best = run.config.get("best_metric")
    if not isinstance(best, Value) or not best.is_finite:
        return
    curves = [c for n in (*task_metrics(series), "loss") if (c := curve_of(series, n)) is not None]
    named = run.config.get("metric_for_best_model")
    if named is not None:
        name = parse_name(named if isinstance(named, str) else named.text).metric
        curves = [c for c in curves if c.metric == name] or curves
    right = [c for c in curves if _same(best, c.best.value)]
    wrong = [c for c in curves if _same(best, c.worst.value) and c not in right]
    if not right and not wrong:
        return
    curve = (right or wrong)[0]
    value = curve.best.number if right else curve.worst.number
    yield from _chosen(curve, value, noise_of(curve, facts, scope).size, scope, f"best_metric is {best.shown}")


def _same(one: Value, other: Value) -> bool:
    if abs(one.number - other.number) > 1e-3 * max(abs(one.number), abs(other.number), 1e-9):
        return False
    mine, theirs = one.interval, other.interval
    return mine is not None and theirs is not None and mine.meet(theirs) is not None

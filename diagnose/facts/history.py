"""The steps of a history: the last, the best, and the one whose values are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.facts._curves import curve_of, history_of, show
from diagnose.facts._scopes import series_scope
from diagnose.facts._task_metric import task_curve, task_metrics
from diagnose.types import Evaluation, Fact, Facts, Proof, Question, Run, Scope, Series, Value, row_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.facts._curves import Curve

PROVIDES: Mapping[str, str] = {
    "best_step": "the step (or epoch) of the best evaluation by the task metric, or by the loss where there is none",
    "best_steps": "for each metric of the history, the step of its best value",
    "last_step": "the step (or epoch) of the last evaluation, or of the last line of the log",
    "reported_step": "the step (or epoch) of the row whose values the headline repeats",
}
NEEDS: tuple[str, ...] = ()

# What the machine measured, not the model: it differs between two evaluations of the same weights.
_TIMING = {"runtime", "samples_per_second", "steps_per_second", "tokens_per_second", "compilation_time", "epoch"}


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001
    """Yield the steps of every history, and those that the run's own text states."""
    yield from _stated(run)
    for series in map(history_of, run.series()):
        if series.split == "train" or not series.rows:
            continue
        scope = series_scope(run, series)
        yield from _last(series, scope)
        yield from _best(run, series, scope)
        reported = _reported(series, scope)
        if reported is not None:
            yield reported


def _stated(run: Run) -> Iterator[Fact]:
    """Yield the best and the last epoch where the log states them instead of listing its rows."""
    for name, setting in (("best_step", "best_epoch"), ("last_step", "stopped_epoch")):
        value = run.config.get(setting)
        if isinstance(value, Value) and value.is_finite:
            because = f"the log states {value.key}: {value.shown}"
            yield Fact(name, value.number, Scope(run.name), Proof.PROVED, because, unit="epoch", evidence=(value,))


def _unit(row: Evaluation) -> str:
    return "step" if row.step is not None else "epoch"


def _last(series: Series, scope: Scope) -> Iterator[Fact]:
    places = [(step, row) for row in series.rows if (step := row_step(row)) is not None]
    if places:
        step, row = max(places, key=lambda place: place[0])
        because = f"the last of {len(series.rows)} evaluations is at {_unit(row)} {show(step)}"
        yield Fact("last_step", step, scope, Proof.PROVED, because, unit=_unit(row))


def _best(run: Run, series: Series, scope: Scope) -> Iterator[Fact]:
    curves = [c for name in (*task_metrics(series), "loss") if (c := curve_of(series, name)) is not None]
    if not curves or len(series.rows) < 2:
        return
    unit = _unit(series.rows[0])
    steps = {curve.metric: curve.best.place for curve in curves}
    said = "; ".join(f"{c.metric} is best at {unit} {show(c.best.place)} ({c.best.value.shown})" for c in curves)
    proof = Proof.IMPLIED if any(c.ties for c in curves) else Proof.PROVED
    because = f"each metric's best value as printed: {said}"
    used = tuple(c.best.value for c in curves)
    yield Fact("best_steps", steps, scope, proof, because, unit=unit, evidence=used)
    task = task_curve(run, series)
    main = _telling(task, curves)
    ties = main.ties
    because = f"{main.metric} is best at {unit} {show(main.best.place)}, where it is {main.best.value.shown}"
    if ties:
        because += f"; {len(ties)} later rows may equal it as printed ({unit} {', '.join(map(show, ties[:3]))})"
    # Where the task metric prints alike in every row, another one stands in for it.
    stands_in = task is not None and main.metric != task.metric
    proof = Proof.IMPLIED if ties or stands_in else Proof.PROVED
    yield Fact("best_step", main.best.place, scope, proof, because, unit=unit, evidence=(main.best.value,))


def _telling(main: Curve | None, curves: Sequence[Curve]) -> Curve:
    """Return the first curve, the task metric's before all, whose rows do not all print alike."""
    ordered = [main, *curves] if main is not None else list(curves)
    return next((c for c in ordered if len(c.ties) < len(c.points) - 1), ordered[0])


def _reported(series: Series, scope: Scope) -> Fact | None:
    """Return the row that the headline repeats: every value that both have may be the same number."""
    if series.headline is None:
        return None
    matches = [(row, shared) for row in series.rows if (shared := _shared(series.headline, row))]
    matches = [(row, shared) for row, shared in matches if row_step(row) is not None]
    if not matches:
        return None
    most = max(len(shared) for _, shared in matches)
    best = [(row, shared) for row, shared in matches if len(shared) == most]
    headline = series.headline.metrics
    # The nearest of them, and of equally near ones the last: a run that stands still is reported at its end.
    row, shared = min(
        reversed(best),
        key=lambda match: sum(abs(v.number - headline[v.metric].number) for v in match[1] if v.is_finite),
    )
    because = (
        f"the headline's {len(shared)} values ({', '.join(f'{v.metric} {v.shown}' for v in shared)}) "
        f"are those of {_unit(row)} {show(row_step(row) or 0)}"
    )
    others = len(series.rows) - len(matches)
    because += f"; {others} other rows differ" if others else ""
    because += f"; {len(best) - 1} more may print the same values" if len(best) > 1 else ""
    return Fact("reported_step", row_step(row), scope, Proof.IMPLIED, because, unit=_unit(row), evidence=tuple(shared))


def _shared(headline: Evaluation, row: Evaluation) -> list[Value]:
    """Return the row's values that the headline has too, or nothing where one of them differs."""
    shared = []
    for name, value in headline.metrics.items():
        other = row.metrics.get(name)
        if other is None or name in _TIMING or name.startswith("target."):
            continue
        if not _may_be_equal(value, other):
            return []
        shared.append(other)
    return shared


def _may_be_equal(one: Value, other: Value) -> bool:
    if not (one.is_finite and other.is_finite):
        return one.is_nan and other.is_nan
    # The exact comparison is slow, and most rows are further apart than the last digits reach.
    if abs(one.number - other.number) > 2 * (_last_digit(one) + _last_digit(other)):
        return False
    mine, theirs = one.interval, other.interval
    return mine is not None and theirs is not None and mine.meet(theirs) is not None


def _last_digit(value: Value) -> float:
    """Return at least what one unit in the last printed digit is worth."""
    if "e" in value.text or "E" in value.text:
        return abs(value.number)
    return float(value.scale) * 10.0 ** -len(value.text.partition(".")[2])

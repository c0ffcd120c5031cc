"""How far a metric is from its target."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._scopes import scope_of
from diagnose.types import Fact, Proof
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run, Value

PROVIDES: Mapping[str, str] = {
    "target_gap": "metric minus target, as printed, in the metric's unit",
    "target_gap.metric": "the metric that has a target",
    "target_gap.shortfall": "how far the metric is on the wrong side of its target; below 0 where it is reached",
    "target_gap.target": "the target",
}
NEEDS: tuple[str, ...] = ()

_PREFIX = "target."


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield the gap of each reported evaluation, of the metric furthest from its target where several have one."""
    for series in run.series():
        evaluation = series.reported
        gaps = [gap for name in evaluation.metrics if (gap := _gap(evaluation, name)) is not None]
        if not gaps:
            continue
        value, target, sign = max(gaps, key=lambda gap: gap[2] * (gap[1].number - gap[0].number))
        mine, aim = printed(value), printed(target)
        if mine is None or aim is None:
            continue
        scope = scope_of(run, series, evaluation)
        difference = mine - aim
        shortfall = float(difference * -sign)
        because = (
            f"{value.key} ({value.metric}) {value.shown} minus the target {target.shown} = {float(difference):.4g}, "
            f"{abs(shortfall):.4g} {'short of it' if shortfall > 0 else 'beyond it'}"
        )
        values = (value, target)
        yield Fact("target_gap", float(difference), scope, Proof.PROVED, because, value.metric, (), values)
        yield Fact("target_gap.metric", value.metric, scope, Proof.PROVED, because, "", (), values)
        yield Fact("target_gap.shortfall", shortfall, scope, Proof.PROVED, because, value.metric, (), values)
        yield Fact("target_gap.target", target.number, scope, Proof.PROVED, because, value.metric, (), (target,))


def printed(value: Value) -> Fraction | None:
    """Return the printed number itself: a target is held against what was printed, not what it may have been."""
    interval = value.rounded
    return None if interval is None else (Fraction(interval.low) + Fraction(interval.high)) / 2


def _gap(evaluation: Evaluation, name: str) -> tuple[Value, Value, int] | None:
    """Return a metric, its target, and 1 where higher is better or -1 where lower is."""
    if not name.startswith(_PREFIX):
        return None
    metric = name.removeprefix(_PREFIX)
    value, target, info = evaluation.get(metric), evaluation.get(name), metric_of(metric)
    if value is None or target is None or info is None or info.higher_is_better is None:
        return None
    return value, target, 1 if info.higher_is_better else -1

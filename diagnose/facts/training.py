"""The training loss along the log: where it starts and ends, how far it falls, whether it breaks."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

from diagnose.facts._curves import line_slope, show, training_points
from diagnose.interval import Interval
from diagnose.types import Fact, Facts, Proof, Question, Run, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.facts._curves import Point

PROVIDES: Mapping[str, str] = {
    "train_loss.first": "the first logged training loss",
    "train_loss.last": "the last logged training loss",
    "train_loss.drop": "share of the first training loss that is gone at the end (negative: it rose)",
    "train_loss.points": "how many finite training losses were logged",
    "train_loss.slope": "slope of the least-squares line through the training losses, per step",
    "train_loss.over_min": "training loss at the end (median of the last three) over its smallest earlier level",
    "train_loss.over_first": "training loss at the end (median of the last three) over the first",
    "train_loss.late_drop": "share of the training loss in the middle (median of three) that is gone at the end",
    "train_loss.spikes": "how many training losses are thrown back to the level of the start and recover",
    "train_loss.ends_nonfinite": "true where the training loss is not finite, or 0 under a NaN gradient, to the end",
    "train_loss.broken_from": "the step from which it is so",
}
NEEDS: tuple[str, ...] = ()

_WINDOW = 10
# Lightning's SpikeDetection: twice the running mean over ten batches (a median is not moved by the spike itself).
_SPIKE = 2.0
_END = 3
# Below float32's normal range a loss is 0, and no share of it means anything.
_SMALLEST = 1e-38


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001
    """Yield the statistics of the training loss; they are about the run, whatever was evaluated."""
    scope = Scope(run.name)
    logged = training_points(run, "loss")
    if not logged:
        return
    yield from _ending(run, logged, scope)
    points = [p for p in logged if math.isfinite(p.number)]
    yield Fact("train_loss.points", len(points), scope, Proof.PROVED, f"{len(points)} training losses are logged")
    if not points:
        return
    yield from _ends(points, scope)
    yield from _levels(points, scope)


def _ending(run: Run, logged: Sequence[Point], scope: Scope) -> Iterator[Fact]:
    """Yield whether the log ends broken.

    A Trainer with its default NaN filter logs a loss of exactly 0 beside a NaN gradient norm while the weights are
    lost (transformers, `logging_nan_inf_filter`), so that pair counts as broken too.
    """
    norms = {p.place: p.number for p in training_points(run, "grad_norm")}
    start = len(logged)
    while start and _broken(logged[start - 1], norms):
        start -= 1
    broken = start < len(logged)
    shown = logged[-1].value.text
    because = f"the last logged training loss is {shown}"
    if broken:
        where = logged[start]
        because = f"from step {show(where.place)} to the end all {len(logged) - start} training losses are {shown}"
        if math.isfinite(logged[-1].number):
            because += " beside a gradient norm that is not finite"
        yield Fact("train_loss.broken_from", where.place, scope, Proof.PROVED, because, unit="step")
    yield Fact(
        "train_loss.ends_nonfinite",
        broken,
        scope,
        Proof.PROVED,
        because,
        evidence=(logged[min(start, len(logged) - 1)].value,),
    )


def _broken(point: Point, norms: Mapping[float, float]) -> bool:
    if not math.isfinite(point.number):
        return True
    return point.number == 0 and not math.isfinite(norms.get(point.place, 0.0))


def _ends(points: Sequence[Point], scope: Scope) -> Iterator[Fact]:
    first, last = points[0], points[-1]
    for name, point in (("train_loss.first", first), ("train_loss.last", last)):
        because = f"the training loss at step {show(point.place)} is {point.value.shown}"
        yield Fact(name, point.value.interval or point.number, scope, Proof.PROVED, because, evidence=(point.value,))
    start, end = first.value.interval, last.value.interval
    if len(points) > 1 and start is not None and end is not None and start.low > _SMALLEST:
        # As printed: truncation at either end is covered by the two intervals.
        drop, part = Interval.of(1) - end / start, 1 - last.number / first.number
        because = (
            f"the training loss goes from {first.value.shown} at step {show(first.place)} to {last.value.shown} "
            f"at step {show(last.place)}: 1 - {last.value.shown}/{first.value.shown} = {part:.1%}"
        )
        if " to " in (range_ := f"{drop:.1%}"):
            because += f", {range_} for all that prints so"
        yield Fact("train_loss.drop", drop, scope, Proof.PROVED, because, evidence=(first.value, last.value))


def _levels(points: Sequence[Point], scope: Scope) -> Iterator[Fact]:
    slope = line_slope(points)
    if slope is not None:
        because = f"the least-squares line through {len(points)} training losses changes by {slope:.3g} a step"
        yield Fact("train_loss.slope", slope, scope, Proof.SUGGESTED, because, unit="per step")
    if len(points) < 2 * _END:
        return
    numbers = [p.number for p in points]
    levels = [sorted(three)[1] for three in zip(numbers, numbers[1:], numbers[2:], strict=False)]
    end, least = levels[-1], min(levels)
    for name, base, said in (
        ("train_loss.over_min", least, "its smallest such level"),
        ("train_loss.over_first", levels[0], "the first three"),
    ):
        if base > 0:
            because = (
                f"the last three training losses have the median {end:.4g}, {said} {base:.4g}: "
                f"{end / base:.3g} times that"
            )
            yield Fact(name, end / base, scope, Proof.SUGGESTED, because)
    middle = levels[len(levels) // 2]
    if middle > 0:
        drop = 1 - end / middle
        because = (
            f"the training loss has the median {middle:.4g} in the middle of the log and {end:.4g} at its end (three "
            f"each): 1 - {end:.4g}/{middle:.4g} = {drop:.1%}"
        )
        yield Fact("train_loss.late_drop", drop, scope, Proof.SUGGESTED, because)
    spikes = _spikes(points)
    because = f"{len(spikes)} of {len(points)} training losses are thrown back to where they started and recover"
    because += f" (steps {', '.join(show(p.place) for p in spikes[:5])})" if spikes else ""
    yield Fact("train_loss.spikes", len(spikes), scope, Proof.SUGGESTED, because)


def _spikes(points: Sequence[Point]) -> list[Point]:
    """Return the points above twice the median of the ten before, and back at the level of the start, for one line.

    A loss that has become small doubles from batch to batch; only one that is thrown back to the start is a spike.
    """
    spikes = []
    start = max(p.number for p in points[:_END])
    for i in range(_WINDOW, len(points) - 1):
        if points[i].number <= start:
            continue
        limit = max(_SPIKE * median(p.number for p in points[i - _WINDOW : i]), start)
        if points[i].number > limit > 0 and points[i + 1].number <= limit:
            spikes.append(points[i])
    return spikes

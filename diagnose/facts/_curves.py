"""Curves: one metric along a history, as floats, with its good direction.

Statistics of a curve are thresholds' material, not proofs, so they are computed in floats; what is claimed as proved
goes back to the printed texts of the few rows that it rests on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from diagnose.types import row_step
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.interval import Interval
    from diagnose.types import Run, Series, Value

__all__ = [
    "Curve",
    "Point",
    "closing",
    "curve_of",
    "history_of",
    "line_slope",
    "planned",
    "printed_digits",
    "sane",
    "show",
    "training_points",
]

# float32 ends at 3.4e38: what lies beyond was infinite for the machine that trained.
_LARGEST = 3.4e38
# A number of so many characters has no width to speak of.
_LONG = 14
# No run has more steps, rows or seconds.
_LONGEST = 1e12
# The end of a log of this many lines or more is its last quarter.
_FEWEST = 8
_QUARTER = 4


class Point(NamedTuple):
    """One value at its place: the step, or the epoch where there is none (a training line also its position)."""

    place: float
    number: float
    value: Value


@dataclass(frozen=True)
class Curve:
    """The finite values of one metric in order of step; sign: +1 where larger is better, -1 where smaller is."""

    metric: str
    sign: int
    points: tuple[Point, ...]

    @cached_property
    def best(self) -> Point:
        """The best point, the earliest where several print alike."""
        return max(self.points, key=lambda p: self.sign * p.number)

    @cached_property
    def worst(self) -> Point:
        """The worst point, the earliest where several print alike."""
        return min(self.points, key=lambda p: self.sign * p.number)

    @property
    def first(self) -> Point:
        """The first point."""
        return self.points[0]

    @property
    def last(self) -> Point:
        """The last point."""
        return self.points[-1]

    @property
    def since_best(self) -> int:
        """How many points follow the best."""
        return len(self.points) - 1 - self.points.index(self.best)

    @cached_property
    def ties(self) -> list[float]:
        """The places of other points that may be as good as the best, given how they are printed."""
        best = self.best
        interval = _widest(best.value)
        if interval is None:
            return []
        width, length = 4 * abs(float(interval.high - interval.low)), min(len(best.value.text), _LONG)
        near = [p for p in self.points if abs(p.number - best.number) <= width or len(p.value.text) < length]
        return [
            p.place
            for p in near
            if p is not best and (other := _widest(p.value)) is not None and interval.meet(other) is not None
        ]

    def ahead(self, one: float, other: float) -> float:
        """Return by how much `one` is better than `other` (negative: worse)."""
        return self.sign * (one - other) + 0.0  # which makes -0.0 a 0.0

    @cached_property
    def wiggle(self) -> float:
        """The scatter of the rows in the second half around their trend; 0 where fewer than eight rows are there.

        A steady rise or fall is no scatter, so it is read from the second differences: of rows with the standard
        deviation s around a straight line, their absolute values have the median 0.6745 x sqrt(6) x s.
        """
        if len(self.points) < 8:
            return 0.0
        tail = [p.number for p in self.points[len(self.points) // 2 :]]
        bends = [abs(a - 2 * b + c) for a, b, c in zip(tail, tail[1:], tail[2:], strict=False)]
        return median(bends) / (0.6745 * math.sqrt(6))

    def swings(self, share: float, floor: float) -> int:
        """Count the rows that lose `share` of the one before (and at least `floor`) and are made good again later."""
        best_later = -math.inf
        count = 0
        for before, after in zip(self.points[-2::-1], self.points[:0:-1], strict=True):
            lost = self.ahead(before.number, after.number)
            if best_later >= self.sign * before.number and lost > max(share * abs(before.number), floor):
                count += 1
            best_later = max(best_later, self.sign * after.number)
        return count


def _widest(value: Value) -> Interval | None:
    """Return all that prints so, in a record of full doubles too, where a short number may have been rounded."""
    return replace(value, machine=False).interval if value.machine else value.interval


def history_of(series: Series) -> Series:
    """Return the series with the rows that have a step or an epoch: others are results that stand side by side."""
    rows = tuple(row for row in series.rows if row_step(row) is not None)
    return series if len(rows) == len(series.rows) else replace(series, rows=rows, memo={})


def curve_of(series: Series, metric: str) -> Curve | None:
    """Return the metric's finite values along the rows; None where there are none or it has no good direction."""
    if metric not in series.memo:
        series.memo[metric] = _drawn(series, metric)
    curve: Curve | None = series.memo[metric]
    return curve


def _drawn(series: Series, metric: str) -> Curve | None:
    info = metric_of(metric)
    if info is None or info.higher_is_better is None:
        return None
    points = []
    for row in series.rows:
        value = row.metrics.get(metric)
        if value is not None and abs(value.number) <= _LARGEST and sane(place := row_step(row)):
            points.append(Point(place, value.number, value))
    return Curve(metric, 1 if info.higher_is_better else -1, tuple(points)) if points else None


def training_points(run: Run, metric: str) -> Sequence[Point]:
    """Return every logged value of a training metric in order of step, NaN and infinity (beyond float32) included."""
    key = "training_points", metric
    if key not in run.memo:
        run.memo[key] = _logged(run, metric)
    points: Sequence[Point] = run.memo[key]
    return points


def _logged(run: Run, metric: str) -> tuple[Point, ...]:
    points = []
    for index, line in enumerate(run.training):
        value = line.metrics.get(metric)
        if value is not None:
            place = line.step if line.step is not None else line.epoch
            number = value.number if not abs(value.number) > _LARGEST else math.inf
            points.append(Point(place if sane(place) else float(index), number, value))
    points.sort(key=lambda p: p.place)
    return tuple(points)


def line_slope(points: Sequence[Point]) -> float | None:
    """Return the slope of the least-squares line through the points, per step; None for fewer than two places."""
    if len(points) < 2:
        return None
    x = math.fsum(p.place for p in points) / len(points)
    y = math.fsum(p.number for p in points) / len(points)
    spread = math.fsum((p.place - x) ** 2 for p in points)
    return math.fsum((p.place - x) * (p.number - y) for p in points) / spread if spread > 0 else None


def printed_digits(value: Value) -> int:
    """Return how many significant digits the source prints."""
    mantissa = value.text.strip().lower().lstrip("+-").partition("e")[0]
    return len(mantissa.replace(".", "").replace("_", "").lstrip("0"))


def planned(run: Run) -> tuple[float, str] | None:
    """Return how long the run was to be, with its unit: ("max_steps" in steps, or "num_train_epochs" in epochs)."""
    for name, unit in (("max_steps", "steps"), ("num_train_epochs", "epochs")):
        length = run.setting(name)
        if sane(length) and length > 0:
            return length, unit
    return None


def sane(number: float | None) -> TypeGuard[float]:
    """Whether the number may be a step, an epoch, a count or a time: given, finite, not negative, not absurd."""
    return number is not None and 0 <= number <= _LONGEST


def show(number: float) -> str:
    """Write a step or a count: without decimals where it is whole."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:g}"


def closing(points: Sequence[Point]) -> Sequence[Point]:
    """Return the last quarter of a log, rounded up; nothing of one that is too short to have an end.

    Of a small run that is some thousand rows, where the last three lines may be a hundred.
    """
    return points[-len(points) // _QUARTER :] if len(points) >= _FEWEST else ()

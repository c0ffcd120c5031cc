"""Plots of a report's histories: losses and metrics over the steps, as SVG for a page.

Only the program's own words are drawn; the names of the lines stand in the page beside the drawing.
"""

from __future__ import annotations

import io
import math
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.report._histories import histories
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from diagnose.report._histories import History
    from diagnose.types import Fact, Report

__all__ = ["COLOURS", "Line", "Panel", "draw", "figure_of", "panels"]

# Mid tones, that stand out from white and from black alike; told apart without red and green side by side.
COLOURS = ("#3b82f6", "#e8833a", "#2a9d8f", "#9b6dd6", "#c2679b", "#8a8f3c")
_NO_NUMBER = "#dc4444"
_PLAIN = "#808080"
_DASHES = ("-", "--", "-.", ":")
_MOST_PANELS = 8
# More points than a drawing has pixels are thinned to the least and the largest of each stretch.
_MOST_POINTS = 600
# With so few points each of them is marked.
_MARKED_POINTS = 60
# Larger numbers than this are left to the words: a drawing in doubles could not hold their distances.
_LARGEST = 1e100
# A loss that falls by so much shows its end on a logarithmic axis only.
_LOGARITHMIC = 50
_SIZE = (5.2, 2.5)  # inches of 72 units
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "diagnose", "font.size": 10, "axes.edgecolor": _PLAIN,
    "axes.labelcolor": _PLAIN, "xtick.color": _PLAIN, "ytick.color": _PLAIN, "text.color": _PLAIN,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": _PLAIN, "grid.alpha": 0.25,
    "grid.linewidth": 0.6, "lines.linewidth": 1.8, "axes.formatter.useoffset": False,
}  # fmt: skip
# What is for files of their own: the preamble, metadata, and a style that would reach the whole page.
_OUTSIDE = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>|<style .*?</style>", re.DOTALL)
_FIXED_SIZE = re.compile(r' (?:width|height)="[\d.]+pt"', re.ASCII)


class Line(NamedTuple):
    """One metric over the steps.

    xs, ys: its points in order, NaN where there is no number or one too large to draw; missing: the places of those;
    best: the point of the best checkpoint; words: first, best and last.
    """

    name: str
    words: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    missing: tuple[float, ...]
    best: tuple[float, float] | None


class Panel(NamedTuple):
    """Lines that are drawn on the same axes.

    title: what they are of; unit: what the steps are ("step", "epoch" or "evaluation"); reported: the steps of the
    rows that the headlines repeat.
    """

    title: str
    unit: str
    lines: tuple[Line, ...]
    reported: tuple[float, ...]


def panels(report: Report) -> tuple[Panel, ...]:
    """Return what is to be drawn of a report, the losses and the metrics of each run apart."""

    def axes(history: History) -> tuple[str, str, str]:
        return history.scope.run, _kind(history.metric), _unit(history)

    drawn = sorted(histories(report), key=lambda history: _kind(history.metric) != "loss")
    order = list(dict.fromkeys(map(axes, drawn)))
    together = sorted(drawn, key=lambda history: order.index(axes(history)))
    found = [_panel(report, kind, unit, tuple(group)) for (_, kind, unit), group in groupby(together, key=axes)]
    return tuple(found[:_MOST_PANELS])


def _kind(metric: str) -> str:
    info = metric_of(metric)
    return info.kind if info is not None else metric


def _unit(history: History) -> str:
    if None in history.steps:
        return "evaluation"
    return "epoch" if history.in_epochs else "step"


def _panel(report: Report, kind: str, unit: str, drawn: Sequence[History]) -> Panel:
    run = drawn[0].scope.run
    marked = unit != "evaluation"
    facts = [fact for h in drawn if marked for fact in _steps(report, "reported_step", h)]
    reported = sorted({float(fact.value) for fact in facts})
    title = {"loss": "loss", "score": "metric", "correlation": "correlation", "error": "error"}.get(kind, "metric")
    several = len(report.runs) > 1 and run
    lines = tuple(_line(report, history, marked=marked) for history in drawn[: len(COLOURS)])
    return Panel(f"{run}: {title}" if several else title, unit, lines, tuple(reported))


def _steps(report: Report, name: str, history: History) -> Iterator[Fact]:
    """Yield the facts that name a step of the history."""
    for fact in report.facts:
        if fact.name == name and fact.scope == history.scope and isinstance(fact.value, (int, float)):
            yield fact


def _line(report: Report, history: History, *, marked: bool) -> Line:
    if marked:
        xs = tuple(float(step) for step in history.steps if step is not None)
    else:
        xs = tuple(float(number) for number in range(1, len(history.numbers) + 1))
    ys = tuple(y if math.isfinite(y) and abs(y) <= _LARGEST else math.nan for y in history.numbers)
    points = list(zip(xs, ys, strict=True))
    found = _steps(report, "best_step", history) if marked else ()
    # The best by the task metric may be the worst by the loss: it is marked where it is the best.
    best = {float(fact.value) for fact in found if any(value.metric == history.metric for value in fact.evidence)}
    star = next((point for point in points if point[0] in best and math.isfinite(point[1])), None)
    missing = tuple(x for x, y in points if math.isnan(y))
    thin = list(_thinned(points))
    return Line(history.name, history.words, tuple(x for x, _ in thin), tuple(y for _, y in thin), missing, star)


def _thinned(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield the points; of many, the least and the largest of each stretch, and one without a number if it has one."""
    if len(points) <= _MOST_POINTS:
        yield from points
        return
    stretches = _MOST_POINTS // 3
    for i in range(stretches):
        part = points[i * len(points) // stretches : (i + 1) * len(points) // stretches]
        finite = [point for point in part if math.isfinite(point[1])]
        kept = [point for point in part if math.isnan(point[1])][:1]
        kept += [choose(finite, key=lambda point: point[1]) for choose in (min, max) if finite]
        yield from sorted(dict.fromkeys(kept), key=lambda point: point[0])


def draw(panel: Panel) -> str:
    """Return a panel as an SVG element without a size of its own; it takes the width that it gets."""
    import matplotlib as mpl  # noqa: PLC0415  # two thirds of a second, for those who look at plots

    with mpl.rc_context(_STYLE):
        figure = figure_of(panel)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    head, tag_end, body = _OUTSIDE.sub("", file.getvalue()).partition(">")
    return f'{_FIXED_SIZE.sub("", head)} aria-hidden="true"{tag_end}{body}'


def figure_of(panel: Panel) -> Figure:
    """Return a panel as a matplotlib figure."""
    from matplotlib.figure import Figure  # noqa: PLC0415  # as above

    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    for i, line in enumerate(panel.lines):
        _draw_line(axes, line, COLOURS[i % len(COLOURS)], _DASHES[i % len(_DASHES)])
    for step in panel.reported:
        axes.axvline(step, color=_PLAIN, linewidth=1.2, linestyle=(0, (4, 3)), gid="reported")
        axes.annotate("reported", (step, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
                      textcoords="offset points", va="bottom", ha="center", fontsize=9)  # fmt: skip
    drawn = [y for line in panel.lines for y in line.ys if math.isfinite(y)]
    if drawn and min(drawn) > 0 and max(drawn) / min(drawn) > _LOGARITHMIC:
        axes.set_yscale("log")
    axes.set_xlabel(panel.unit)
    return figure


def _draw_line(axes: Axes, line: Line, colour: str, dashes: str) -> None:
    marker = "o" if len(line.xs) <= _MARKED_POINTS else ""
    axes.plot(line.xs, line.ys, color=colour, linestyle=dashes, marker=marker, markersize=3.5, gid="line")
    if line.missing:
        # On the axis, because there is no height that would be true.
        places = _spread(line.missing)
        axes.plot(places, [0.0] * len(places), color=_NO_NUMBER, linestyle="", marker="x", markersize=6,
                  markeredgewidth=1.6, transform=axes.get_xaxis_transform(), clip_on=False, zorder=5,
                  gid="no-number")  # fmt: skip
    if line.best is not None:
        axes.plot(*([part] for part in line.best), color=colour, marker="*", markersize=13, markeredgecolor="white",
                  markeredgewidth=0.8, zorder=6, gid="best")  # fmt: skip


def _spread(places: Iterable[float]) -> list[float]:
    """Return the places, of many every so manyth."""
    all_places = list(places)
    return all_places[:: max(1, len(all_places) // _MARKED_POINTS)]

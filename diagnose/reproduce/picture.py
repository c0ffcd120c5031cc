"""The outcome as a picture: arms as rows, the share of runs that fail as reported and the share as good as sound ones.

Drawn without a background in colours that stand out from white and from black alike.
"""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

from diagnose.report._words import clean
from diagnose.reproduce.arms import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from diagnose.reproduce.table import Row

__all__ = ["picture"]

_GOOD, _BAD, _INK = "#3b82f6", "#e8833a", "#808080"
_WIDTH, _ROW, _FRAME = 9.0, 0.34, 1.25  # inches
_APART = 0.15
_LINE = 44  # letters; a longer title takes two lines
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "svg.hashsalt": "diagnose", "font.size": 10, "axes.edgecolor": _INK, "text.color": _INK,
    "axes.labelcolor": _INK, "xtick.color": _INK, "ytick.color": _INK, "axes.spines.top": False,
    "axes.spines.right": False, "axes.spines.left": False,
}  # fmt: skip


def picture(title: str, rows: Sequence[Row]) -> str:
    """Return the rows of the table as an SVG document; arms that were not run are left out."""
    import matplotlib as mpl  # noqa: PLC0415  # two thirds of a second, of the extra `report`
    from matplotlib.figure import Figure  # noqa: PLC0415

    shown = [row for row in rows if row.runs]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, _FRAME + _ROW * len(shown)), layout="constrained")
        axes = figure.subplots()
        for place, row in enumerate(shown):
            _draw(axes, place, row)
        _frame(axes, shown)
        figure.suptitle(clean(title, 100).replace("$", r"\$"), x=0.01, ha="left", fontsize=11)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return file.getvalue()


def _draw(axes: Axes, place: int, row: Row) -> None:
    """Draw the share that is as good as sound runs with its interval, and the share that fails as reported."""
    share = row.cured / row.runs
    above, below = place - _APART, place + _APART  # or a share of 0 would hide the other
    axes.plot([row.low, row.high], [above, above], color=_GOOD, linewidth=2.2, solid_capstyle="round", gid="interval")
    axes.plot([share], [above], color=_GOOD, marker="o", markersize=8, linestyle="", gid="cured")
    axes.plot([row.failed / row.runs], [below], color=_BAD, marker="x", markersize=8, markeredgewidth=2.2, linestyle="",
              gid="failed")  # fmt: skip
    text = f"{row.cured}/{row.runs} good, {row.failed}/{row.runs} fail"
    axes.annotate(text, (1, place), xycoords=("axes fraction", "data"), xytext=(10, 0), textcoords="offset points",
                  va="center", fontsize=9)  # fmt: skip


def _plain(text: str) -> str:
    """Return a title that is no formula to matplotlib, on two lines at most."""
    return "\n".join(textwrap.wrap(clean(text), _LINE, max_lines=2, placeholder=" ...")).replace("$", r"\$")


def _frame(axes: Axes, rows: Sequence[Row]) -> None:
    axes.set_yticks(range(len(rows)), [_plain(row.title) for row in rows])
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if row.kind in (Kind.CONTROL, Kind.FAILURE) else "normal")
    for place, row in enumerate(rows):
        if row.kind == Kind.FAILURE:
            axes.axhline(place - 0.5, color=_INK, linewidth=0.6, alpha=0.6)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-0.03, 1.03)
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.grid(visible=True, axis="x", color=_INK, alpha=0.25, linewidth=0.6)
    axes.tick_params(axis="y", length=0)
    handles = [
        axes.plot([], [], color=_GOOD, marker="o", linewidth=2.2, label="as good as sound runs, 95 %")[0],
        axes.plot([], [], color=_BAD, marker="x", markeredgewidth=2.2, linestyle="", label="fails as reported")[0],
    ]
    axes.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -1.1 / (len(rows) + 1)), ncols=2, frameon=False
    )

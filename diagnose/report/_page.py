"""Text for a terminal: what rich draws, on the surface that it is to stand on."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from diagnose.report import Surface

__all__ = ["VERDICT_STYLES", "drawn"]

VERDICT_STYLES = {
    "degenerate": "bold white on red",
    "suspect": "bold black on yellow",
    "unknown": "bold white on blue",
    "healthy": "bold black on green",
    "unreadable": "bold white on red",
}


def drawn(parts: Iterable[RenderableType], surface: Surface) -> str:
    """Return the parts one below the other, without blanks at the ends of lines, ending with a newline."""
    page = StringIO()
    console = Console(
        file=page, width=surface.width, force_terminal=surface.colour, no_color=not surface.colour,
        color_system="standard" if surface.colour else None, markup=False, emoji=False, highlight=False,
        legacy_windows=False, safe_box=not surface.blocks,
    )  # fmt: skip
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"

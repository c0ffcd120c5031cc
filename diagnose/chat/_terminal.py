"""The parts of an answer on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from diagnose.chat.answer import Grid, Heading, Points, Words
from diagnose.llm.render import as_terminal
from diagnose.report._page import drawn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from diagnose.chat.answer import Part
    from diagnose.report import Surface

__all__ = ["as_text"]


def as_text(parts: Iterable[Part], surface: Surface) -> str:
    """Return the parts as text of the surface's width, ending with a newline."""
    pages = [_page(part, surface) for part in parts]
    return "\n".join(page for page in pages if page)


def _page(part: Part, surface: Surface) -> str:
    if not isinstance(part, (Words, Heading, Points, Grid)):
        return as_terminal(part, surface)
    return drawn(_lines(part), surface)


def _lines(part: Words | Heading | Points | Grid) -> Iterator[RenderableType]:
    match part:
        case Words(text):
            yield Text(text)
        case Heading(text):
            yield Text(text, style="bold")
        case Points(items, ordered):
            grid = Table.grid(padding=(0, 1))
            grid.add_column(justify="right", no_wrap=True)
            grid.add_column(overflow="fold")
            for number, item in enumerate(items, 1):
                grid.add_row(f"{number}." if ordered else "-", Text(item))
            yield grid
        case Grid(head, rows):
            yield _table(head, rows)


def _table(head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for i, name in enumerate(head):
        table.add_column(Text(name), justify="left" if not i else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table

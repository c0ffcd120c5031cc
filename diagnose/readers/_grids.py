"""Tables drawn with characters: pipe tables, ASCII grids and box drawing, found and cut into cells."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from diagnose.readers._markup import is_number, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

__all__ = ["Grid", "find_grids", "is_row"]

_BARS = "|│┃║"
_BORDER = frozenset(" \t|:-=+_—─━═│┃║┌┐└┘├┤┬┴┼╞╪╡╒╤╕╘╧╛┏┳┓┡╇┩┗┻┛┣╋┫┠╂┨╭╮╰╯╔╦╗╠╬╣╚╩╝╟╫╢╤╧")
_GAPS = frozenset((":", "...", "…", "⋮", "."))
_RULE = frozenset("-=─━═—")
_SPLIT = re.compile(r"(?<!\\)[|│┃║]")
_PROGRESS = re.compile(r"\d%\|.{0,200}\|\s*\d")
# A wider table is somebody's data, not a report.
_MOST_COLUMNS = 400


@dataclass(slots=True)
class Grid:
    """A table: `header` and `rows` as plain texts, `lines` the line of each row."""

    start: int
    stop: int
    header: list[str]
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def column(self, index: int) -> list[str]:
        """Return the cells of one column."""
        return [row[index] for row in self.rows]


def find_grids(page: Page) -> Iterator[Grid]:
    """Yield every table that stands on lines that no block has claimed, in order."""
    index, end = 0, len(page.lines)
    while index < end:
        if page.claimed[index] or not page.drawn[index]:
            index += 1
            continue
        stop = index
        while stop < end and not page.claimed[stop] and (page.drawn[stop] or _is_gap(page, stop)):
            stop += 1
        yield from _cut(page.lines, index, stop)
        index = stop


def is_row(line: str) -> bool:
    """Whether the line holds a bar between cells, or is a rule."""
    if "%|" in line and _PROGRESS.search(line):
        return False
    if "|" in line or (not line.isascii() and any(bar in line for bar in _BARS)):
        return True
    return _is_border(line)


def _is_gap(page: Page, index: int) -> bool:
    """Whether a line between two rows only says that rows were left out."""
    return page.lines[index].strip() in _GAPS and any(page.drawn[index + 1 : index + 4])


def _is_border(line: str) -> bool:
    """Whether the line is a rule between rows: nothing but border characters, two strokes at least."""
    text = line.lstrip("> \t").rstrip()
    return len(text) > 2 and text[0] in _BORDER and _BORDER.issuperset(text) and sum(c in _RULE for c in text) > 1


def _cut(lines: list[str], start: int, stop: int) -> Iterator[Grid]:
    """Cut a stretch of rows and rules into tables: a rule in the middle makes the row above it a header."""
    rules = [i for i in range(start, stop) if _is_border(lines[i])]
    rows = [i for i in range(start, stop) if not _is_border(lines[i]) and lines[i].strip() not in _GAPS]
    if not rows:
        return
    drawn = any(c in lines[i] for i in rules for c in "+┼┬╪╋├╇╤╦") and (rules[0] < rows[0] or len(rules) == 1)
    places = set(rows)
    heads = [rows[0]] if drawn or not rules else [i - 1 for i in rules if i - 1 in places]
    for head, last in pairwise([*heads, stop]):
        body = rows[bisect_right(rows, head) : bisect_left(rows, last)]
        grid = _grid(lines, head, last, body)
        if grid is not None and (rules or _is_plain_table(grid)):
            yield grid


def _grid(lines: list[str], head: int, stop: int, body: list[int]) -> Grid | None:
    header = [plain(text) for text in _cells(lines[head])]
    if body and not lines[head].lstrip("> ").startswith(tuple(_BARS)):
        widths = {len(_cells(lines[i])) for i in body}
        header = ["", *header] if widths == {len(header) + 1} else header  # nothing stands above the names of the rows
    if not 2 <= len(header) <= _MOST_COLUMNS or not body:
        return None
    grid = Grid(head, stop, header)
    for i in body:
        name, *rest = _cells(lines[i])
        # A name that is a picture and no more is still a name.
        cells = [plain(name) or (name.strip() if "<" in name else ""), *map(plain, rest)]
        if any(cells):
            grid.rows.append((cells + [""] * len(header))[: len(header)])
            grid.lines.append(i)
    return _unfolded(grid) if grid.rows else None


def _cells(line: str) -> list[str]:
    text = line.strip().removeprefix(">").strip()
    cells = _SPLIT.split(text)
    if text[:1] in _BARS:
        cells = cells[1:]
    if len(text) > 1 and text[-1] in _BARS and text[-2] != "\\":
        cells = cells[:-1]
    return cells


def _unfolded(grid: Grid) -> Grid:
    """Stack the columns of a table that repeats its header side by side ("category | AP | category | AP")."""
    width = len(grid.header)
    for period in range(2, width // 2 + 1):
        if width % period == 0 and grid.header == grid.header[:period] * (width // period):
            parts = [
                (row[i : i + period], line)
                for i in range(0, width, period)
                for row, line in zip(grid.rows, grid.lines, strict=True)
                if row[i] and row[i].lower() != "none"
            ]
            return Grid(grid.start, grid.stop, grid.header[:period], [r for r, _ in parts], [n for _, n in parts])
    return grid


def _is_plain_table(grid: Grid) -> bool:
    """Whether rows without any rule are a table: a header in words, and numbers below it."""
    return not any(map(is_number, grid.header)) and any(is_number(cell) for row in grid.rows for cell in row)

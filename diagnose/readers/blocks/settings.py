"""Settings of a run: hyper-parameter lists and blocks, and tables of parameters with a column for each run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.readers._columns import METRIC_HEADS, SETTING_HEADS, Column, column_of, names_measure, words_of
from diagnose.readers._grids import Grid, find_grids
from diagnose.readers._lists import Item, item_of
from diagnose.readers._markup import is_number, plain, words
from diagnose.readers.headings import context
from diagnose.readers.records import Cell, Record
from diagnose.vocabulary import setting_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

ORDER = 15

_LEAD = re.compile(
    r"\b(?:hyper-?\s?parameters?|parameters|training\s+arguments?|training\s+config\w*|configuration|config|settings"
    r"|training\s+details|training\s+setup|hparams)\b",
    re.IGNORECASE,
)
_RATE = re.compile(r"['\"](?:initial_)?learning_rate['\"]\s*:\s*([0-9.]+(?:e-?\d+)?)")
_OF = re.compile(r"(\d+)\s*/\s*(\d+)")
# A function's result: code says how a value comes about, not which it was.
_CALL = re.compile(r"(?:\w+\.)*[a-z_]\w*\(")
_CURRENT = words("new after current now")
# A list is one of settings where this many of its keys are names of settings.
_ENOUGH = 2
_MOST_WORDS = 6


def extract(page: Page) -> Iterator[Record]:
    """Claim the tables and lists of settings and yield them as configurations, one for each run."""
    for grid in find_grids(page):
        records = list(_of_table(page, grid))
        if records:
            page.claim(grid.start, grid.stop)
            yield from records
    for items in _lists(page):
        yield from _of_list(page, items)


# --- tables ----------------------------------------------------------------------------------------------------------


def _of_table(page: Page, grid: Grid) -> Iterator[Record]:
    columns = [column_of(i, header) for i, header in enumerate(grid.header)]
    head = words_of(grid.header[0])
    runs = [c for c in columns[1:] if c.kind == "value" and c.run]
    labels = [label for label in grid.column(0) if label]
    if head in METRIC_HEADS and runs:
        # A table of a run's circumstances: durations, epochs trained, sample weights.
        if any(map(names_measure, labels)):
            return
    elif head not in SETTING_HEADS or any(names_measure(label) for label in labels if not setting_of(label)):
        return
    outer = context(page, grid.start)
    values = runs or [c for c in columns[1:] if c.kind in ("value", "other", "run") and c.header]
    for column in values:
        cells = [
            cell
            for row, line in zip(grid.rows, grid.lines, strict=True)
            if row[0] and row[column.index]
            for cell in _cells(row[0], row[column.index], page.at(line))
        ]
        if cells:
            run = column.run or _run_of(column, several=len(values) > 1) or outer.run
            yield Record(tuple(cells), "config", f"table {grid.start + 1}", run=run)


def _run_of(column: Column, *, several: bool) -> str | None:
    """Return the run that a free header names, where the table sets several side by side."""
    return column.header if several and column.kind != "value" and words_of(column.header) not in _CURRENT else None


def _cells(key: str, text: str, at: str) -> list[Cell]:
    """Return a setting's cells: "Epochs trained: 17/18" says when a run stopped and how long it was meant to run."""
    part = _OF.fullmatch(text)
    if part and "epoch" in key.lower():
        return [Cell("stopped_epoch", part[1], at), Cell("num_train_epochs", part[2], at)]
    rate = _RATE.search(text) if setting_of(key) == "optimizer" else None
    return [Cell(key, text, at), *([Cell("learning_rate", rate[1], at)] if rate else [])]


# --- lists -----------------------------------------------------------------------------------------------------------


def _lists(page: Page) -> Iterator[list[tuple[int, Item]]]:
    """Yield the lines and items of each stretch of open lines without a blank line that have a key and a value each.

    Blank lines are passed over below a sentence that announces settings: some cards put one between the items.
    """
    index, end = 0, len(page.lines)
    while index < end:
        item = None if page.claimed[index] else _setting(page.lines[index])
        index += 1
        if item is None:
            continue
        items = [(index - 1, item)]
        loose = _announced(page, index - 1)
        while index < end and not page.claimed[index]:
            line = page.lines[index]
            item = None if line.startswith("#") else _setting(line)
            if item is not None:
                items.append((index, item))
            elif not loose or line.strip():
                break
            index += 1
        yield items


def _setting(line: str) -> Item | None:
    """Return the item of a line whose key is a name, no sentence and no prompt, and whose value is no expression."""
    item = item_of(line) if ":" in line or "=" in line else None
    if (
        item is None
        or item.key.startswith(("[", "##"))
        or ". " in item.key
        or "@" in item.key
        or item.key.count(" ") >= _MOST_WORDS
    ):
        return None
    return None if _CALL.match(item.text) or item.text.count("(") < item.text.count(")") else item


def _announced(page: Page, index: int) -> bool:
    """Whether the line before, or else the innermost heading, announces settings."""
    for above in range(index - 1, max(index - 4, -1), -1):
        line = page.lines[above].strip()
        if not line or line.startswith(("```", "{")):
            continue
        if line.startswith("#") or len(line) > 300:
            break
        if line.endswith((":", ":**", ":*")):
            return bool(_LEAD.search(plain(line)))
        break
    titles = page.headings(index)
    return bool(titles) and bool(_LEAD.search(plain(titles[-1])))


def _of_list(page: Page, items: list[tuple[int, Item]]) -> Iterator[Record]:
    start = items[0][0]
    announced = _announced(page, start)
    here = context(page, start)
    parent = _parent(page, items)
    if not announced and parent is None and not _looks_like_settings([item for _, item in items]):
        return
    cells: list[Cell] = []
    for index, item in items:
        if _is_result(item) or (parent is not None and index not in parent):
            continue
        page.claim(index)
        cells += _cells(item.key, item.text, page.at(index))
    if cells:
        yield Record(tuple(cells), "config", f"settings {start + 1}", run=here.run)


def _is_result(item: Item) -> bool:
    """Whether an item among settings is a metric with its number."""
    return names_measure(item.key) and setting_of(item.key) is None and is_number(item.text)


def _looks_like_settings(items: list[Item]) -> bool:
    known = sum(setting_of(item.key) is not None for item in items)
    enough = known >= _ENOUGH or (known and len(items) > _ENOUGH and all(item.bullet for item in items))
    return bool(enough) and not any(map(_is_result, items))


def _parent(page: Page, items: list[tuple[int, Item]]) -> set[int] | None:
    """Return the lines below an item without a value that announces settings ("- Parameters:"), or None."""
    first, item = items[0]
    above = page.lines[first - 1] if first else ""
    indent = len(above) - len(above.lstrip())
    if indent < item.indent and above.rstrip().endswith(":") and _LEAD.search(plain(above)):
        return {i for i, member in items if member.indent >= item.indent}
    return None

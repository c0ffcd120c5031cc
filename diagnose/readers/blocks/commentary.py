"""Remarks on tables: what a log says about figures that its tables already hold is not read a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.readers._columns import column_of, names_measure
from diagnose.readers._lists import item_of
from diagnose.readers._markup import is_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page
    from diagnose.readers.records import Record

ORDER = 80


def extract(page: Page) -> Iterator[Record]:
    """Claim the remarks below tables of metrics; a stretch of nothing but "name: number" lines is a result and stays.

    Below one table the remarks are those of its own section; where there are several, the whole rest of the document
    discusses them ("F1 rose to 56.7 % (was ~45 %)"). Fenced code is never a remark.
    """
    remarks = [i for start, stop in _stretches(page) if not _is_result(page, start, stop) for i in range(start, stop)]
    for index in remarks:
        page.claim(index)
    if any(c.isdigit() for i in remarks for c in page.lines[i]):
        page.leave(remarks[0], remarks[0] + 1, f"remarks on the tables, {len(remarks)} lines")
    yield from ()


def _stretches(page: Page) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of the open lines below a table that stand together, headings and code left out."""
    start: int | None = None
    for index in range(len(page.lines) + 1):
        if index < len(page.lines) and _is_below(page, index) and _is_text(page, index):
            start = index if start is None else start
        elif start is not None:
            yield start, index
            start = None


def _is_below(page: Page, index: int) -> bool:
    if not page.tables or index < page.tables[0]:
        return False
    return len(page.tables) > 1 or page.headings(index) == page.headings(page.tables[0])


def _is_text(page: Page, index: int) -> bool:
    line = page.lines[index]
    return not (page.claimed[index] or page.fenced[index] or line.startswith("#") or not line.strip())


def _is_result(page: Page, start: int, stop: int) -> bool:
    """Whether every line is a name with a number, one of them a metric's, and none a target, a gap or a change."""
    first = start + (start + 1 < stop and page.lines[start].rstrip().endswith(":"))
    items = [item for i in range(first, stop) if (item := item_of(page.lines[i])) and is_number(item.text)]
    if len(items) < stop - first or any(column_of(0, item.key).kind in ("aside", "target") for item in items):
        return False
    return any(names_measure(item.key) for item in items)

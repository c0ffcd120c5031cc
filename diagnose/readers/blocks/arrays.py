"""A confusion matrix as numpy or a list prints it, "[[50  0]" and "[18  0]]" under the words "confusion matrix"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.readers.headings import context
from diagnose.readers.records import Cell, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

ORDER = 8

_TITLE = re.compile(r"confusion[ _-]?matrix", re.IGNORECASE)
_ROW = re.compile(r"\[([\d\s,.]+)\]")
# How many lines below its title a matrix may begin, and how many rows it may have.
_BELOW = 2
_MOST_ROWS = 200


def extract(page: Page) -> Iterator[Record]:
    """Yield a record for each row of a matrix; that rows are true classes is scikit-learn's convention, not stated."""
    for i, line in page.open_lines():
        if "[" not in line or not _titled(page, i):
            continue
        text, stop = _printed(page, i)
        rows = [re.findall(r"\d+(?:\.\d+)?", row) for row in _ROW.findall(text)]
        if len(rows) < 2 or any(len(row) != len(rows) for row in rows):
            continue
        if not all(map(_counts, rows)):
            page.leave(i, stop, "a normalised confusion matrix: shares, not counts")
            continue
        page.claim(i, stop)
        here = context(page, i)
        for label, row in enumerate(rows):
            cells = tuple(Cell(str(j), str(int(float(count))), page.at(i)) for j, count in enumerate(row))
            place = f"matrix {i + 1}", here.run, here.task, here.split
            yield Record(cells, "matrix", *place, str(label), stated=False)


def _titled(page: Page, index: int) -> bool:
    """Whether a line, or one of the few above it, says that a confusion matrix follows."""
    return any(_TITLE.search(page.lines[i]) for i in range(max(0, index - _BELOW), index + 1))


def _printed(page: Page, index: int) -> tuple[str, int]:
    """Return the text from the first "[[" to its "]]", and the index of the line after it."""
    text = page.lines[index][page.lines[index].index("[") :]
    stop = index + 1
    while "]]" not in text.replace("] ]", "]]") and stop < min(len(page.lines), index + _MOST_ROWS):
        text += " " + page.lines[stop].strip()
        stop += 1
    return text, stop


def _counts(row: list[str]) -> bool:
    return all(float(number).is_integer() for number in row)

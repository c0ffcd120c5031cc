"""Confusion matrices drawn as tables, whichever side the true classes stand on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.readers._markup import words
from diagnose.readers.records import Cell, Record

if TYPE_CHECKING:
    from diagnose.readers._grids import Grid
    from diagnose.readers.headings import Context
    from diagnose.readers.page import Page

__all__ = ["class_name", "matrix_records", "side_named"]

_PREDICTED = re.compile(r"^(?:predicted|predictions?|pred)(?:\b|_)[\s:_-]*(?:as|label|class)?[\s:_-]*", re.IGNORECASE)
_ACTUAL = re.compile(
    r"^(?:labell?ed|actual|true|truth|ground[\s_-]truth|gold|real|reference)(?:\b|_)[\s:_-]*(?:as|label|class)?[\s:_-]*",
    re.IGNORECASE,
)
# The side named behind the class: "1 (Predicted)".
_PREDICTED_BEHIND = re.compile(r"\s*\((?:predicted|prediction|pred)\)$", re.IGNORECASE)
_ACTUAL_BEHIND = re.compile(r"\s*\((?:actual|true|truth|gold|real|reference)\)$", re.IGNORECASE)
_PREDICTED_WORD = re.compile(r"\bpred", re.IGNORECASE)
_ACTUAL_WORD = re.compile(r"\b(?:actual|true|truth|gold|real|reference|labell?ed)\b", re.IGNORECASE)
_TOTALS = words("total totals sum all support")
_COUNT = re.compile(
    r"(?:(?:tp|fp|fn|tn)\s*[:=]?\s*)?(\d{1,3}(?:,\d{3})+|\d+)(?:\.0+)?(?:\s*\(.{0,30}\))?", re.IGNORECASE
)


def matrix_records(page: Page, grid: Grid, title: str, context: Context) -> list[Record] | None:
    """Return a record for each true class; None for another table, or where its sides are not named."""
    columns = [name for name in grid.header[1:] if name.lower() not in _TOTALS]
    rows = [i for i, row in enumerate(grid.rows) if row[0].lower() not in _TOTALS]
    side = _true_side(grid.header[0], columns, [grid.rows[i][0] for i in rows], title)
    if side is None:
        return None
    places = [grid.header.index(name, 1) for name in columns]
    counts = [[_count(grid.rows[i][j]) for j in places] for i in rows]
    if len(rows) < 2 or len(columns) < 2 or not all(all(row) for row in counts):
        return None
    row_names = [class_name(grid.rows[i][0]) for i in rows]
    column_names = [class_name(name) for name in columns]
    if side == "columns":
        counts = [list(column) for column in zip(*counts, strict=True)]
        row_names, column_names = column_names, row_names
    at = page.at(grid.start)
    group = f"matrix {grid.start + 1}"
    return [
        Record(
            tuple(Cell(name, count or "", at) for name, count in zip(column_names, row, strict=True)),
            "matrix",
            group,
            context.run,
            context.task,
            context.split,
            label,
        )
        for label, row in zip(row_names, counts, strict=True)
    ]


def _true_side(corner: str, columns: list[str], rows: list[str], title: str) -> str | None:
    """Return where the true classes stand, "rows" or "columns"; None where nothing says so."""
    side = side_named(columns, rows)
    if side is not None:
        return side
    actual, predicted = _ACTUAL_WORD.search(corner), _PREDICTED_WORD.search(corner)
    if actual or predicted:
        rows_first = predicted is None or (actual is not None and actual.start() < predicted.start())
        return "rows" if rows_first else "columns"
    if "confusion" in title.lower() and re.search(
        r"rows?\W+(?:are |is )?\W*(?:true|actual|labels)", title, re.IGNORECASE
    ):
        return "rows"
    return None


def side_named(columns: list[str], rows: list[str]) -> str | None:
    """Return where the true classes stand, where the names of all classes of a side say so ("Predicted cat")."""
    if all(map(_is_predicted, columns)) or (rows and all(map(_is_actual, rows))):
        return "rows"
    if all(map(_is_actual, columns)) or (rows and all(map(_is_predicted, rows))):
        return "columns"
    return None


def _is_predicted(name: str) -> bool:
    return bool(_PREDICTED.match(name) or _PREDICTED_BEHIND.search(name))


def _is_actual(name: str) -> bool:
    return bool(_ACTUAL.match(name) or _ACTUAL_BEHIND.search(name))


def class_name(text: str) -> str:
    """Return the class that "Predicted cat", "cat (actual)" or "cat" names."""
    bare = _ACTUAL_BEHIND.sub("", _PREDICTED_BEHIND.sub("", text))
    for side in (_PREDICTED, _ACTUAL):
        rest = side.sub("", bare, count=1).strip(" :")
        if rest and rest != bare:
            return rest  # "Predicted Real" is the class "Real", though "Real" may be a word for the true side too
    return bare.strip(" :") or text


def _count(text: str) -> str | None:
    match = _COUNT.fullmatch(text.strip())
    return match[1].replace(",", "") if match else None

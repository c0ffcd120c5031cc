"""A table on its way to records: its columns, the headings above it, and what a row or a class in it is about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from diagnose.readers._columns import Column, column_of, words_of
from diagnose.readers._markup import is_number, number_in, plain, words
from diagnose.readers.headings import Context, context, run_in, split_in
from diagnose.readers.records import Cell, Record, Role
from diagnose.vocabulary import split_of

if TYPE_CHECKING:
    from diagnose.readers._grids import Grid
    from diagnose.readers.page import Page

__all__ = ["AVERAGES", "CLASS_WORD", "OF_CLASSES", "Table", "class_record", "row_context", "table_of"]

AVERAGES = words("macro_avg weighted_avg micro_avg samples_avg macro_average weighted_average micro_average")
OF_CLASSES = words("precision recall f1 support")
CLASS_WORD = re.compile(r"\bclass(?:es)?\b|\bcategor(?:y|ies)\b|\blabels?\b", re.IGNORECASE)
_OVERALL = words("overall all total average mean avg")
_DEVIATIONS = words("std stdev sd deviation standard_deviation stderr variance")
# A line that says which of several outputs a table is about.
_NAMED = re.compile(r"(?:label|task|target|output|intent)\s*[:=]\s*([\w./-][\w ./-]{0,40})", re.IGNORECASE)
_OF = re.compile(r"\s*(?:/|of)\s*\d+$")


class Table(NamedTuple):
    """A grid with its columns and the context of the headings and the line above it."""

    page: Page
    grid: Grid
    columns: list[Column]
    context: Context
    title: str

    @property
    def group(self) -> str:
        return f"table {self.grid.start + 1}"

    def textual(self, column: Column) -> bool:
        """Whether the cells of a column are words rather than numbers."""
        cells = [cell for cell in self.grid.column(column.index) if cell]
        return sum(map(is_number, cells)) * 2 < len(cells) or not cells

    def cell(self, key: str, row: int, column: Column) -> Cell:
        text = self.grid.rows[row][column.index]
        if column.kind == "axis":
            text = _OF.sub("", text)
        return Cell(key, number_in(text) or text, self.page.at(self.grid.lines[row]))


def table_of(page: Page, grid: Grid) -> Table:
    columns = [column_of(i, header) for i, header in enumerate(grid.header)]
    outer = context(page, grid.start)
    lead = _lead(page, grid.start)
    split = split_in(lead) or split_of(lead.rstrip(": "))
    named = _NAMED.fullmatch(lead)
    here = Context(run_in(lead) or outer.run, named[1] if named else outer.task, split or outer.split, outer.label)
    return Table(page, grid, columns, here, " ".join((*page.headings(grid.start)[-1:], lead)))


def _lead(page: Page, start: int) -> str:
    """Return the line that announces a table ("Test set:"), or ""."""
    for index in range(start - 1, max(start - 4, -1), -1):
        line = page.lines[index].strip()
        if page.claimed[index] or line.startswith("#"):
            return ""
        if line and not line.startswith(("```", *"+|┌┏╔╒╭")):
            text = plain(line)
            announces = text.endswith(":") or line.startswith("**") or _NAMED.fullmatch(text)
            return text if len(text) < 100 and announces else ""
    return ""


def row_context(names: list[Column], named: dict[int, str], outer: Context) -> Context | None:
    """Return the context of a row: the table's, and what its name cells say (a blank one repeats that above it).

    The mean of several runs or tasks belongs to none of them; a row of deviations is no result (None).
    """
    run, task, split, label = outer.run, outer.task, outer.split, None
    for column in names:
        text = named.get(column.index, "")
        if not text:
            continue
        if column.kind in ("run", "task") and words_of(text) in _DEVIATIONS:
            return None
        if column.kind in ("run", "task") and words_of(text).partition("_")[0] in _OVERALL:
            continue
        if column.kind == "run":
            run = run_in(f"{column.header} {text}") or run_in(text) or text
        elif column.kind == "task":
            task = text
        elif column.kind == "split":
            split = split_of(text) or text
        else:
            label = text
    return Context(run, task, split, label)


def class_record(table: Table, cells: tuple[Cell, ...], label: str, here: Context) -> Record:
    role: Role = "metrics" if words_of(label) in _OVERALL else "class"
    return Record(cells, role, table.group, here.run, here.task, here.split, None if role == "metrics" else label)

"""Tables of metrics: histories, results by row or by metric, per-class tables and confusion matrices.

Four layouts cover what people draw. A *matrix* says "predicted" and "actual". A table *by metric* names a metric in
each row, and its columns are runs, splits or a lone value. A *transposed report* has classes as columns. A table
*by row* has metrics as columns, and its rows are steps, runs, tasks, splits or classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.readers._columns import SETTING_HEADS, Column, words_of
from diagnose.readers._grids import find_grids
from diagnose.readers._markup import is_number
from diagnose.readers._matrices import matrix_records
from diagnose.readers.blocks._by_metric import by_metric, label_column
from diagnose.readers.blocks._by_row import by_row
from diagnose.readers.blocks._tables import AVERAGES, CLASS_WORD, OF_CLASSES, Table, class_record, table_of
from diagnose.readers.records import Record
from diagnose.vocabulary import parse_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

ORDER = 20

_LONGEST_LABEL = 80


def extract(page: Page) -> Iterator[Record]:
    """Claim every table; yield the records of those that hold metrics."""
    for grid in find_grids(page):
        table = table_of(page, grid)
        records = list(_records(table))
        if records or not any(is_number(cell) for row in grid.rows for cell in row):
            page.claim(grid.start, grid.stop)
            page.tables += [grid.start] if records else []
            yield from records
        else:
            page.leave(grid.start, grid.stop, "a table without a known metric")


def _records(table: Table) -> Iterator[Record]:
    if words_of(table.grid.header[0]) in SETTING_HEADS:
        return
    matrix = matrix_records(table.page, table.grid, table.title, table.context)
    if matrix is not None:
        yield from matrix
        return
    label = label_column(table)
    if label is None:
        yield from by_row(table)
    elif _is_transposed(table, label):
        yield from _transposed(table, label)
    else:
        yield from by_metric(table, label)


def _is_transposed(table: Table, label: Column) -> bool:
    """Whether the columns are classes: "support" in a row or an average as a column says so, or the title does."""
    if any(column.run or column.kind in ("split", "target", "run") for column in table.columns):
        return False
    names = [parse_name(cell[:_LONGEST_LABEL]) for cell in table.grid.column(label.index)]
    metrics = {name.metric for name in names if name.known}
    headers = {words_of(header) for header in table.grid.header}
    several = len(metrics & OF_CLASSES) > 1
    return several and ("support" in metrics or bool(headers & AVERAGES) or bool(CLASS_WORD.search(table.title)))


def _transposed(table: Table, label: Column) -> Iterator[Record]:
    here = table.context
    for column in table.columns:
        if column.index == label.index or table.textual(column) or column.kind == "aside":
            continue
        keys = table.grid.column(label.index)
        cells = tuple(table.cell(key, row, column) for row, key in enumerate(keys) if key)
        if column.kind == "metric":  # "accuracy" and "logloss" repeat one number down the column
            cells = (table.cell(column.header, 0, column),)
            yield Record(cells, group=table.group, run=here.run, task=here.task, split=here.split)
        else:
            yield class_record(table, cells, column.header, here)

"""Tables with metrics in their columns: their rows are steps, runs, tasks, splits or classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.readers._columns import CLASS_HEADS, Column, names_measure, words_of
from diagnose.readers._markup import is_number
from diagnose.readers.blocks._tables import AVERAGES, CLASS_WORD, OF_CLASSES, Table, class_record, row_context
from diagnose.readers.headings import MODEL, Context
from diagnose.readers.records import Cell, Record
from diagnose.vocabulary import parse_name, split_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["by_row"]


def by_row(table: Table) -> Iterator[Record]:
    """Yield a record for each row of a table whose columns are metrics (and one more for each further run named)."""
    values = _value_columns(table)
    if not values:
        return
    names = _name_columns(table)
    settings = _setting_columns(table, names)
    of_classes = any(c.kind == "class" for c in names)
    axes = any(c.kind == "axis" for c in values)
    named: dict[int, str] = {}
    for row, texts in enumerate(table.grid.rows):
        named.update({c.index: texts[c.index] for c in names if texts[c.index]})
        here = row_context(names, named, table.context)
        if here is None:
            continue
        chosen = tuple(table.cell(c.header, row, c) for c in settings if texts[c.index])
        if chosen:
            yield Record(chosen, "config", table.group, here.run)
        parts: dict[tuple[str | None, str | None], list[Cell]] = {}
        for column in values:
            if texts[column.index]:
                cell = table.cell(column.key or column.header, row, column)
                parts.setdefault((column.run or here.run, column.task or here.task), []).append(cell)
        for (run, task), cells in parts.items():
            place = Context(run, task, here.split, here.label)
            if of_classes and here.label is not None:
                yield class_record(table, tuple(cells), here.label, place)
            elif axes or any(is_number(cell.text) for cell in cells):
                yield Record(tuple(cells), "metrics", table.group, run, task, here.split)


def _value_columns(table: Table) -> list[Column]:
    """Return the columns that hold numbers of an evaluation; none where no column is a measure of quality."""
    numeric = [c for c in table.columns if c.kind not in ("aside", "stderr", "filter") and not table.textual(c)]
    axes = [c for c in table.columns if c.kind == "axis"]
    metrics = [c for c in table.columns if c.kind == "metric" and (axes or c in numeric)]
    measures = [c for c in metrics if names_measure(c.key)]
    split_named = [c for c in numeric if parse_name(c.header).split and c.kind == "other"]
    averaged = [c for c in numeric if words_of(c.header) in ("average", "avg", "mean")]
    # The rows of each class, by the word that means nothing else: they go with the averages beside the table.
    supports = [c for c in metrics if words_of(c.header) == "support" and any(c.kind == "class" for c in table.columns)]
    of_runs = bool(averaged) and any(c.kind == "run" for c in table.columns)
    if not (measures or split_named or supports or of_runs):
        return []
    kept = {c.index for c in numeric if c.kind in ("other", "target", "axis", "setting") and c.header}
    kept |= {c.index for c in (*metrics, *axes)}
    kept -= {c.index for c in _name_columns(table)}
    kept -= {c.index for c in _setting_columns(table, _name_columns(table))}
    return [c for c in table.columns if c.index in kept]


def _setting_columns(table: Table, names: list[Column]) -> list[Column]:
    """Return the columns of a table of runs that say how each was trained ("LR", "Epochs"), no metrics of it."""
    if not any(c.kind == "run" for c in names):
        return []
    return [c for c in table.columns if c.kind == "setting" or (c.kind == "axis" and words_of(c.header) == "epochs")]


def _name_columns(table: Table) -> list[Column]:
    """Return the columns that say what a row is about, each with its kind settled."""
    names = [c for c in table.columns if c.kind in ("run", "task", "split", "class") and _names_rows(table, c)]
    first = table.columns[0]
    if not names and first.kind in ("other", "value") and table.textual(first):
        names = [_settled(table, first)]
    return [_settled(table, c) if c.kind in ("class", "task", "run") else c for c in names]


def _names_rows(table: Table, column: Column) -> bool:
    """Whether a column names its rows: with words, or with the numbers of classes or runs in the first column."""
    return table.textual(column) or column.index == 0


def _settled(table: Table, column: Column) -> Column:
    """Return a name column with the kind that its header and its cells make likely."""
    cells = [cell for cell in table.grid.column(column.index) if cell]
    metrics = {parse_name(c.key).metric for c in table.columns if c.kind == "metric"}
    labels = {words_of(cell) for cell in cells}
    head = words_of(column.header)
    kind = column.kind
    if cells and all(split_of(cell) for cell in cells):
        kind = "split"
    elif labels & AVERAGES or (kind != "task" and "support" in metrics) or (head in CLASS_HEADS and metrics):
        kind = "class"
    elif kind in ("other", "value"):
        classes = len(metrics & OF_CLASSES) > 1 and CLASS_WORD.search(table.title)
        kind = "class" if classes else "run" if any(map(MODEL.search, cells)) else "task"
    return Column(column.index, column.header, kind)

"""Tables of metrics: histories, results by row or by metric, per-class tables and confusion matrices.

Four layouts cover what people draw. A *matrix* says "predicted" and "actual". A table *by metric* names a metric in
each row, and its columns are runs, splits or a lone value. A *transposed report* has classes as columns. A table
*by row* has metrics as columns, and its rows are steps, runs, tasks, splits or classes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.readers._columns import (
    CLASS_HEADS,
    METRIC_HEADS,
    SETTING_HEADS,
    Column,
    column_of,
    names_measure,
    qualified,
    words_of,
)
from diagnose.readers._grids import Grid, find_grids
from diagnose.readers._markup import is_number, number_in, plain, words
from diagnose.readers._matrices import matrix_records
from diagnose.readers.headings import MODEL, Context, context, run_in, split_in
from diagnose.readers.records import Cell, Record, Role
from diagnose.vocabulary import parse_name, split_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

ORDER = 20

_AVERAGES = words("macro_avg weighted_avg micro_avg samples_avg macro_average weighted_average micro_average")
_OVERALL = words("overall all total average mean avg")
_DEVIATIONS = words("std stdev sd deviation standard_deviation stderr variance")
_OF_CLASSES = words("precision recall f1 support")
_CURRENT = words("new after current now ours our_model this_run")
_RUN_LIKE = re.compile(
    r"baseline|before|after|old|previous|prior|fine-?tun|pre-?train|zero-?shot|few-?shot|model|\bv\d|version|original|run\b",
    re.IGNORECASE,
)
_LONGEST_LABEL = 80
_OF = re.compile(r"\s*(?:/|of)\s*\d+$")
_CLASS_WORD = re.compile(r"\bclass(?:es)?\b|\bcategor(?:y|ies)\b|\blabels?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Table:
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


def extract(page: Page) -> Iterator[Record]:
    """Claim every table; yield the records of those that hold metrics."""
    for grid in find_grids(page):
        table = _table(page, grid)
        records = list(_records(table))
        if records or not any(is_number(cell) for row in grid.rows for cell in row):
            page.claim(grid.start, grid.stop)
            page.tables += [grid.start] if records else []
            yield from records
        else:
            page.leave(grid.start, grid.stop, "a table without a known metric")


def _table(page: Page, grid: Grid) -> _Table:
    columns = [column_of(i, header) for i, header in enumerate(grid.header)]
    outer = context(page, grid.start)
    lead = _lead(page, grid.start)
    split = split_in(lead) or split_of(lead.rstrip(": "))
    here = Context(run_in(lead) or outer.run, outer.task, split or outer.split, outer.label)
    return _Table(page, grid, columns, here, " ".join((*page.headings(grid.start)[-1:], lead)))


def _lead(page: Page, start: int) -> str:
    """Return the line that announces a table ("Test set:"), or ""."""
    for index in range(start - 1, max(start - 4, -1), -1):
        line = page.lines[index].strip()
        if page.claimed[index] or line.startswith("#"):
            return ""
        if line and not line.startswith(("```", "+", "|")):
            text = plain(line)
            return text if len(text) < 100 and (text.endswith(":") or line.startswith("**")) else ""
    return ""


def _records(table: _Table) -> Iterator[Record]:
    if words_of(table.grid.header[0]) in SETTING_HEADS:
        return
    matrix = matrix_records(table.page, table.grid, table.title, table.context)
    if matrix is not None:
        yield from matrix
        return
    label = _label_column(table)
    if label is None:
        yield from _by_row(table)
    elif _is_transposed(table, label):
        yield from _transposed(table, label)
    else:
        yield from _by_metric(table, label)


# --- by metric -------------------------------------------------------------------------------------------------------


def _label_column(table: _Table) -> Column | None:
    """Return the column whose cells name metrics, or None."""
    for column in table.columns:
        cells = [cell for cell in table.grid.column(column.index) if cell]
        if column.kind not in ("other", "value", "class", "run") or not table.textual(column):
            continue
        known = sum(names_measure(cell.partition("/")[0]) for cell in cells)
        named = words_of(column.header) in METRIC_HEADS
        if known and (named or known * 2 >= len(cells)):
            return column
        if named and cells and any(c.kind == "stderr" for c in table.columns):
            return column
    return None


def _by_metric(table: _Table, label: Column) -> Iterator[Record]:
    """Yield a record for each run, split, task and threshold of a table whose rows are metrics."""
    names = [c for c in table.columns if c.kind in ("run", "task", "split") and table.textual(c) and c is not label]
    values = [c for c in table.columns if c is not label and _holds_values(table, c, names)]
    threshold = next((c for c in table.columns if words_of(c.header) == "threshold"), None)
    filters = next((c for c in table.columns if c.kind == "filter"), None)
    first = next((c for c in values if c.kind not in ("target", "stderr")), None)
    if first is None:
        return
    contexts = [_column_context(table, c if c.kind not in ("target", "stderr") else first) for c in values]
    main = _main_threshold(table, threshold)
    groups: dict[tuple[str | None, str | None, str | None], list[Cell]] = {}
    named: dict[int, str] = {}
    for row, texts in enumerate(table.grid.rows):
        named.update({c.index: texts[c.index].removeprefix("- ").strip() for c in names if texts[c.index]})
        if not texts[label.index]:
            continue
        at_threshold = texts[threshold.index] if threshold else ""
        for column, outer in zip(values, contexts, strict=True):
            here = _row_context(names, named, outer) or outer
            metric, task = qualified(texts[label.index])
            if at_threshold and names_measure(metric) and at_threshold not in ("nan", main):
                task = f"threshold {at_threshold}"
            if filters and texts[filters.index].lower() not in ("", "none"):
                metric = f"{metric},{texts[filters.index]}"
            key = {"target": f"target {metric}", "stderr": f"{metric}_stderr"}.get(column.kind, metric)
            place = (here.run, task or here.task, here.split)
            groups.setdefault(place, []).extend(_pairs(table.cell(key, row, column)))
    for (run, task, split), cells in groups.items():
        if any(is_number(cell.text) for cell in cells):
            yield Record(tuple(cells), group=table.group, run=run, task=task, split=split)


def _holds_values(table: _Table, column: Column, names: list[Column]) -> bool:
    """Whether a column holds values of the rows' metrics: a free header names a run, unless the rows name runs."""
    if column.kind in ("value", "target", "stderr"):
        return True
    free = column.kind in ("other", "run", "task", "class") and not any(c.kind == "run" for c in names)
    return free and bool(column.header) and not table.textual(column)


def _column_context(table: _Table, column: Column) -> Context:
    """Return what a column's header says of its values; a free header under a run's heading names a task."""
    here = table.context
    run, task = column.run or here.run, here.task
    if column.kind != "value" and words_of(column.header) not in _CURRENT:
        if here.run is None or _RUN_LIKE.search(column.header) or MODEL.search(column.header):
            run = column.header
        else:
            task = column.header.lower()
    return Context(run, task, column.split or here.split)


def _main_threshold(table: _Table, threshold: Column | None) -> str:
    """Return the one threshold of the table, "" where there are several: each makes another classifier."""
    cells = set(table.grid.column(threshold.index) if threshold else []) - {"", "nan"}
    return cells.pop() if len(cells) == 1 else ""


def _pairs(cell: Cell) -> list[Cell]:
    """Take "F1/Accuracy" with "88.85/84.07" apart."""
    keys, texts = cell.key.split("/"), cell.text.split("/")
    if len(keys) == len(texts) > 1 and all(map(is_number, texts)):
        return [Cell(key.strip(), text.strip(), cell.at) for key, text in zip(keys, texts, strict=True)]
    return [cell]


# --- a report with a column for each class ---------------------------------------------------------------------------


def _is_transposed(table: _Table, label: Column) -> bool:
    names = [parse_name(cell[:_LONGEST_LABEL]) for cell in table.grid.column(label.index)]
    metrics = {name.metric for name in names if name.known}
    headers = {words_of(header) for header in table.grid.header}
    several = len(metrics & _OF_CLASSES) > 1
    return several and ("support" in metrics or bool(headers & _AVERAGES) or bool(_CLASS_WORD.search(table.title)))


def _transposed(table: _Table, label: Column) -> Iterator[Record]:
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
            yield _class_record(table, cells, column.header, here)


def _class_record(table: _Table, cells: tuple[Cell, ...], label: str, here: Context) -> Record:
    role: Role = "metrics" if words_of(label) in _OVERALL else "class"
    return Record(cells, role, table.group, here.run, here.task, here.split, None if role == "metrics" else label)


# --- by row ----------------------------------------------------------------------------------------------------------


def _by_row(table: _Table) -> Iterator[Record]:
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
        here = _row_context(names, named, table.context)
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
                yield _class_record(table, tuple(cells), here.label, place)
            elif axes or any(is_number(cell.text) for cell in cells):
                yield Record(tuple(cells), "metrics", table.group, run, task, here.split)


def _value_columns(table: _Table) -> list[Column]:
    """Return the columns that hold numbers of an evaluation; none where no column is a measure of quality."""
    numeric = [c for c in table.columns if c.kind not in ("aside", "stderr", "filter") and not table.textual(c)]
    axes = [c for c in table.columns if c.kind == "axis"]
    metrics = [c for c in table.columns if c.kind == "metric" and (axes or c in numeric)]
    measures = [c for c in metrics if names_measure(c.key)]
    split_named = [c for c in numeric if parse_name(c.header).split and c.kind == "other"]
    averaged = [c for c in numeric if words_of(c.header) in ("average", "avg", "mean")]
    if not measures and not split_named and not (averaged and any(c.kind == "run" for c in table.columns)):
        return []
    kept = {c.index for c in numeric if c.kind in ("other", "target", "axis", "setting") and c.header}
    kept |= {c.index for c in (*metrics, *axes)}
    kept -= {c.index for c in _name_columns(table)}
    kept -= {c.index for c in _setting_columns(table, _name_columns(table))}
    return [c for c in table.columns if c.index in kept]


def _setting_columns(table: _Table, names: list[Column]) -> list[Column]:
    """Return the columns of a table of runs that say how each was trained ("LR", "Epochs"), no metrics of it."""
    if not any(c.kind == "run" for c in names):
        return []
    return [c for c in table.columns if c.kind == "setting" or (c.kind == "axis" and words_of(c.header) == "epochs")]


def _name_columns(table: _Table) -> list[Column]:
    """Return the columns that say what a row is about, each with its kind settled."""
    names = [c for c in table.columns if c.kind in ("run", "task", "split", "class") and _names_rows(table, c)]
    first = table.columns[0]
    if not names and first.kind in ("other", "value") and table.textual(first):
        names = [_settled(table, first)]
    return [_settled(table, c) if c.kind in ("class", "task", "run") else c for c in names]


def _names_rows(table: _Table, column: Column) -> bool:
    """Whether a column names its rows: with words, or with the numbers of classes or runs in the first column."""
    return table.textual(column) or column.index == 0


def _settled(table: _Table, column: Column) -> Column:
    """Return a name column with the kind that its header and its cells make likely."""
    cells = [cell for cell in table.grid.column(column.index) if cell]
    metrics = {parse_name(c.key).metric for c in table.columns if c.kind == "metric"}
    labels = {words_of(cell) for cell in cells}
    head = words_of(column.header)
    kind = column.kind
    if cells and all(split_of(cell) for cell in cells):
        kind = "split"
    elif labels & _AVERAGES or (kind != "task" and "support" in metrics) or (head in CLASS_HEADS and metrics):
        kind = "class"
    elif kind in ("other", "value"):
        classes = len(metrics & _OF_CLASSES) > 1 and _CLASS_WORD.search(table.title)
        kind = "class" if classes else "run" if any(map(MODEL.search, cells)) else "task"
    return Column(column.index, column.header, kind)


def _row_context(names: list[Column], named: dict[int, str], outer: Context) -> Context | None:
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

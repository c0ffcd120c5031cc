"""Tables with a metric in each row: their columns are runs, splits, tasks, goals, or a lone value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.readers._columns import METRIC_HEADS, Column, names_measure, qualified, words_of
from diagnose.readers._markup import is_number, words
from diagnose.readers.blocks._tables import Table, row_context
from diagnose.readers.headings import MODEL, Context
from diagnose.readers.records import Cell, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["by_metric", "label_column"]

_CURRENT = words("new after current now ours our_model this_run")
_RUN_LIKE = re.compile(
    r"baseline|before|after|old|previous|prior|fine-?tun|pre-?train|zero-?shot|few-?shot|model|\bv\d|version|original|run\b",
    re.IGNORECASE,
)


def label_column(table: Table) -> Column | None:
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


def by_metric(table: Table, label: Column) -> Iterator[Record]:
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
            here = row_context(names, named, outer) or outer
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


def _holds_values(table: Table, column: Column, names: list[Column]) -> bool:
    """Whether a column holds values of the rows' metrics: a free header names a run, unless the rows name runs."""
    if column.kind in ("value", "target", "stderr"):
        return True
    free = column.kind in ("other", "run", "task", "class") and not any(c.kind == "run" for c in names)
    return free and bool(column.header) and not table.textual(column)


def _column_context(table: Table, column: Column) -> Context:
    """Return what a column's header says of its values; a free header under a run's heading names a task."""
    here = table.context
    run, task = column.run or here.run, here.task
    if column.kind != "value" and words_of(column.header) not in _CURRENT:
        if here.run is None or _RUN_LIKE.search(column.header) or MODEL.search(column.header):
            run = column.header
        else:
            task = column.header.lower()
    return Context(run, task, column.split or here.split)


def _main_threshold(table: Table, threshold: Column | None) -> str:
    """Return the one threshold of the table, "" where there are several: each makes another classifier."""
    cells = set(table.grid.column(threshold.index) if threshold else []) - {"", "nan"}
    return cells.pop() if len(cells) == 1 else ""


def _pairs(cell: Cell) -> list[Cell]:
    """Take "F1/Accuracy" with "88.85/84.07" apart."""
    keys, texts = cell.key.split("/"), cell.text.split("/")
    if len(keys) == len(texts) > 1 and all(map(is_number, texts)):
        return [Cell(key.strip(), text.strip(), cell.at) for key, text in zip(keys, texts, strict=True)]
    return [cell]

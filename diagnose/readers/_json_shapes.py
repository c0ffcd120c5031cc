"""The shapes of JSON objects and arrays: histories by column, class tables, confusion matrices, plain numbers."""

from __future__ import annotations

import re
from collections import Counter
from math import isfinite
from typing import Any

from diagnose.readers._numbers import read_number
from diagnose.readers.json_tree import JsonObject, NumberText, pointer
from diagnose.readers.records import Cell
from diagnose.vocabulary import metric_of, parse_name

__all__ = [
    "axis_cell",
    "class_label",
    "class_metric",
    "history_columns",
    "is_class_table",
    "is_matrix",
    "is_numbers",
    "matrix_rows",
    "no_matrix",
    "scalars",
]

_CLOCKS = frozenset(("date", "timestamp", "start_time", "end_time", "time", "created", "created_at", "updated_at"))
_CLASS_KEYS = ("class", "label", "category", "entity", "class_name")
_AVERAGES = frozenset(
    ("macro avg", "weighted avg", "micro avg", "samples avg", "avg / total", "macro", "weighted", "micro")
)
_PER_CLASS = frozenset(("precision", "recall", "f1"))
_AXIS_KEY = re.compile(r"(epoch|step|iteration|iter|checkpoint)[ _-]?(\d{1,12})", re.IGNORECASE)
_CLASS_METRIC = re.compile(r"per[_ -]?(?:class|label)|(?:class|label)[_ -]?wise|by[_ -]?(?:class|label)", re.IGNORECASE)


def history_columns(node: JsonObject) -> dict[str, list[Any]]:
    """Return the lists of numbers in an object that are columns: a known metric among them, all of one length.

    Of several lengths, the one that most of the known names have. A loss, an axis, or two of precision, recall and
    F1 must be among them: a lone list of accuracies may be anything, such as the folds of a cross-validation.
    """
    columns = {key: child for key, child in node.items() if is_numbers(child)}
    named = {key: parse_name(key).info for key in columns}
    lengths = Counter(len(columns[key]) for key, info in named.items() if info is not None and info.kind != "axis")
    if not lengths:
        return {}
    length = lengths.most_common(1)[0][0]
    columns = {key: child for key, child in columns.items() if len(child) == length}
    found = {parse_name(key).metric for key in columns}
    told = any(info.kind in ("loss", "axis") for name in found if (info := metric_of(name)) is not None)
    return columns if told or len(found & _PER_CLASS) > 1 else {}


def is_numbers(child: Any) -> bool:
    return isinstance(child, list) and bool(child) and all(isinstance(n, NumberText) or n is None for n in child)


def scalars(node: JsonObject, at: str) -> list[Cell]:
    """Return the numbers of an object, and its strings that print one."""
    cells = []
    for key, value in node.items():
        if key.startswith("_") or key.lower() in _CLOCKS:
            continue
        if isinstance(value, NumberText) or (isinstance(value, str) and _prints_number(key, value)):
            cells.append(Cell(key, str(value), pointer(at, key)))
    return cells


def _prints_number(key: str, text: str) -> bool:
    name = parse_name(key)
    return name.info is not None and read_number(text, duration=name.info.kind == "time") is not None


def is_class_table(node: JsonObject) -> bool:
    """Whether an object's children are the rows of a per-class table, as scikit-learn, seqeval and spaCy write it."""
    children = {key: child for key, child in node.items() if isinstance(child, JsonObject)}
    if not children:
        return False
    names = {key: {parse_name(name).metric for name in child} for key, child in children.items()}
    if not all(len(found & _PER_CLASS) > 1 for found in names.values()):
        return False
    if any("accuracy" in found or "loss" in found for found in names.values()):
        return False
    supported = all("support" in found for found in names.values())
    letters = all({"p", "r"} <= {name.lower() for name in child} for child in children.values())
    return supported or letters or any(key.lower() in _AVERAGES for key in children)


def class_label(item: JsonObject) -> str | None:
    """Return the class that a row of a list of objects is about; None where it is no row of a per-class table."""
    label = next((item[key] for key in _CLASS_KEYS if isinstance(item.get(key), str)), None)
    names = {parse_name(key).metric for key in item}
    return str(label) if label is not None and len(names & _PER_CLASS) > 1 else None


def is_matrix(node: list[Any]) -> bool:
    return len(node) > 1 and all(
        isinstance(row, list) and len(row) == len(node) and all(_is_count(cell) for cell in row) for row in node
    )


def _is_count(cell: Any) -> bool:
    return isinstance(cell, NumberText) and (cell.isdigit() or (cell.endswith(".0") and cell[:-2].isdigit()))


def no_matrix(node: list[Any]) -> str | None:
    """Return why a list of lists of numbers is no confusion matrix of counts; None where it is one, or no such list."""
    rows = [row for row in node if isinstance(row, list)]
    if len(rows) < len(node) or len(node) < 2 or is_matrix(node):
        return None
    cells = [cell for row in rows for cell in row]
    if not cells or not all(isinstance(cell, NumberText) or cell is None for cell in cells):
        return None
    numbers = [read_number(str(cell)) if cell is not None else None for cell in cells]
    if any(number is None or not isfinite(number.number) for number in numbers):
        return "a confusion matrix with an empty or NaN cell"
    if any(number.number < 0 for number in numbers if number is not None):
        return "a confusion matrix with a negative cell"
    widths = {len(row) for row in rows}
    if widths != {len(rows)}:
        return f"a confusion matrix has to be square, this one is {len(rows)} x {max(widths)}"
    return "a normalised confusion matrix: shares, not counts"


def matrix_rows(node: JsonObject) -> dict[str, JsonObject] | None:
    """Return the rows of a matrix that is written as an object of objects of counts; None for another object."""
    rows = {key: child for key, child in node.items() if isinstance(child, JsonObject)}
    if len(rows) < 2 or len(rows) < len(node):
        return None
    square = all(row.keys() == rows.keys() and all(map(_is_count, row.values())) for row in rows.values())
    return rows if square else None


def axis_cell(key: str, at: str) -> Cell | None:
    """Return the step or epoch that an object's name says ("epoch_3", "checkpoint-500"), or None."""
    match = _AXIS_KEY.fullmatch(key)
    if match is None:
        return None
    return Cell("step" if match[1].lower() == "checkpoint" else match[1], match[2], at)


def class_metric(key: str) -> str | None:
    """Return the metric of which an object holds one number for each class ("f1_per_class"), or None."""
    metric, found = _CLASS_METRIC.subn(" ", key)
    name = parse_name(metric)
    return name.metric if found and name.info is not None and name.info.kind in ("score", "count") else None

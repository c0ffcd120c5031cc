r"""A confusion matrix as CSV or TSV: labelled rows and columns in either orientation, or one row for each cell.

Which side is the true one is told by the corner ("actual", "y_true\\\\y_pred"), by a line of names above the classes or
a column before them, or by the names themselves ("pred_cat"); where nothing tells it, scikit-learn's convention (rows
are true) is assumed, and said to be. Rows and columns of totals are recognised by their names and by their sums.
"""

from __future__ import annotations

import csv
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from diagnose.errors import UnreadableInputError
from diagnose.interval import printed_interval
from diagnose.readers._matrices import side_named
from diagnose.readers._matrix_counts import TOTALS, Grid, counts_of
from diagnose.readers._matrix_lines import MOST_CLASSES, is_cell_list, read_cell_list
from diagnose.readers._predictions.binary import arrays_in
from diagnose.readers._predictions.names import is_predicted_name, is_true_name, normal
from diagnose.readers._predictions.tables import header_of, unquoted
from diagnose.readers.records import Cell, Record, Records
from diagnose.vocabulary import parse_name, split_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.readers.records import Document

__all__ = ["read", "sniff"]

_NAMED = re.compile(r"confusion|(?:^|[_-])cm(?:$|[_.-])", re.IGNORECASE)
# Surer than a table of predictions: a class may be named "y" or "predicted".
_SURE = 0.95
# Cells of one line each: the square of the most classes is too much for a text.
_MOST_LINES = 200_000
# Lines that are no class: names of the sides, totals, blank ones.
_EXTRA = 10
_SPLIT = re.compile(r"\s*(?:\\+|/|\||→|->|>|↓|\bvs\b\.?|,)\s*")


def sniff(document: Document) -> float:
    """Return 0.95 for a square of one set of names or a list of its cells, 0.8 where only the sides are named."""
    if document.binary:
        return _SURE if _square_array(document) is not None else 0.0
    if document.text[:1] in "{[#|" or document.text.count("\n") > _MOST_LINES:
        return 0.0
    if is_cell_list(document):
        return _SURE
    header = header_of(document.text)
    if header is None or not _is_even(document.text, header[1]):
        return 0.0
    table = _table(document, header[1])
    if table is None:
        return 0.0
    grid = _grid(table, document)
    if grid is None:
        return 0.0
    rows, columns = ({name for name in names if normal(name) not in TOTALS} for names in (grid.rows, grid.columns))
    if len(rows) > 1 and rows == columns:
        return _SURE
    return 0.8 if grid.side is not None or _is_named(document) else 0.0


def read(document: Document) -> Records:
    """Return a record for each true class; UnreadableInputError where the cells are no counts, or not square."""
    if document.omitted:
        raise UnreadableInputError(f"{document.source}: a confusion matrix of more than 2 MiB")
    stem = PurePath(document.source).stem
    split = next((s for word in re.split(r"[_\-. ]", stem) if (s := split_of(word))), None)
    if document.binary:
        cells = [list(map(str, row)) for row in _square_array(document) or []]
        names = [str(i) for i in range(len(cells))]
        counts, stated = counts_of(Grid(names, names, cells, None), document.source), False
    elif is_cell_list(document):
        counts, stated = read_cell_list(document), True
    else:
        header = header_of(document.text)
        table = _table(document, header[1]) if header else None
        grid = _grid(table, document) if table else None
        if grid is None:
            raise UnreadableInputError(f"{document.source}: not a confusion matrix")
        counts, stated = counts_of(grid, document.source), grid.side is not None
    if len(counts) < 2 or not any(sum(row.values()) for row in counts.values()):
        raise UnreadableInputError(f"{document.source}: a confusion matrix without rows in two classes")
    return Records(
        [
            Record(
                tuple(Cell(name, str(count), "the matrix") for name, count in row.items()),
                "matrix",
                "matrix",
                split=split,
                label=label,
                machine=True,
                stated=stated,
            )
            for label, row in counts.items()
        ]
    )


def _square_array(document: Document) -> list[list[Any]] | None:
    """Return the one square array of whole numbers in a file of numpy's, or None."""
    from importlib.util import find_spec  # noqa: PLC0415  # only a binary file pays for it

    if document.binary == "parquet" or find_spec("numpy") is None:
        return None
    arrays = [array for array in arrays_in(document).values() if array.ndim == 2]
    if len(arrays) != 1 or len(set(arrays[0].shape)) != 1 or len(arrays[0]) > MOST_CLASSES:
        return None
    rows: list[list[Any]] = arrays[0].tolist()
    return rows if all(type(n) in (int, float) and float(n).is_integer() for row in rows for n in row) else None


def _is_named(document: Document) -> bool:
    return bool(_NAMED.search(PurePath(document.source).name))


def _is_even(text: str, delimiter: str) -> bool:
    """Whether a text is short enough for a matrix, and its first lines are of one width, give or take a corner."""
    if text.count("\n") > MOST_CLASSES + _EXTRA:
        return False
    counts = [unquoted(line).count(delimiter) for line in text.split("\n", 4)[:4] if line.strip()]
    return len(counts) > 1 and max(counts) - min(counts) <= 1


def _table(document: Document, delimiter: str) -> list[list[str]] | None:
    """Return the lines as cells, all of one width (a header may lack the corner); None where they are not so."""
    try:
        lines = list(csv.reader(document.text.split("\n"), delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return None
    rows = [[cell.strip() for cell in line] for line in lines if any(cell.strip() for cell in line)]
    if len(rows) < 2 or len(rows) > MOST_CLASSES + _EXTRA:
        return None
    width = max(map(len, rows))
    short = [row for row in rows if len(row) < width]
    if any(len(row) != width - 1 or i > 1 for i, row in enumerate(short)) or (short and short[0] is not rows[0]):
        return None
    return [["", *row] if len(row) < width else row for row in rows]


def _grid(table: list[list[str]], document: Document) -> Grid | None:
    """Take a table apart into the names of its sides, its classes and its cells."""
    if _is_bare(table):
        names = [str(i) for i in range(len(table))]
        return Grid(names, names, table, None) if _is_named(document) and len(table) == len(table[0]) else None
    row_side, column_side = None, None
    if (found := _only_side(table[0])) is not None and len(table) > 3:
        column_side, table = found, table[1:]
    first = [row[0] for row in table[1:]]
    if len(table[0]) > 3 and (found := _only_side(first)) is not None:
        row_side, table = found, [row[1:] for row in table]
    corner, heads = table[0][0], table[0][1:]
    body = [row for row in table[1:] if any(row[1:])]
    labels = [row[0] for row in body]
    if any(normal(head) not in {*TOTALS, *map(normal, labels)} and parse_name(head[:80]).known for head in heads):
        return None
    if _is_bare(table[1:]) and len(table) == len(table[0]) + 1 and _is_named(document):
        return Grid(table[0], table[0], table[1:], None)  # written without its index
    if not body or not all(_is_cell(cell) for row in body for cell in row[1:]):
        return None
    side = _side(row_side, column_side, corner) or side_named(heads, labels)
    return Grid(labels, heads, [row[1:] for row in body], side)


def _is_bare(table: list[list[str]]) -> bool:
    """Whether a table has numbers only, as numpy.savetxt writes it."""
    return all(printed_interval(cell) is not None for row in table for cell in row)


def _is_cell(text: str) -> bool:
    return text == "" or text.lower() == "nan" or printed_interval(text.rstrip("%")) is not None


def _only_side(cells: Sequence[str]) -> str | None:
    """Return "true" or "predicted" where the cells that are not blank all say so, else None."""
    named = {cell for cell in cells if cell}
    if named and all(is_true_name(cell) for cell in named):
        return "true"
    return "predicted" if named and all(is_predicted_name(cell) for cell in named) else None


def _side(rows: str | None, columns: str | None, corner: str) -> str | None:
    """Return where the true classes stand, from the names of the two sides or the words in the corner."""
    if rows is None and columns is None:
        parts = [part for part in _SPLIT.split(corner) if part]
        sides = [_only_side([part]) or _only_side([part.split()[0]]) for part in parts]
        rows = sides[0] if sides else None
        columns = sides[1] if len(sides) == 2 else None
    if rows == columns and rows is not None:
        return None
    if rows is not None:
        return "rows" if rows == "true" else "columns"
    if columns is not None:
        return "columns" if columns == "true" else "rows"
    return None

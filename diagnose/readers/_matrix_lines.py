"""A confusion matrix with a line for each cell: the true class, the predicted one, and how many rows are so."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from diagnose.errors import UnreadableInputError
from diagnose.interval import printed_interval
from diagnose.readers._matrix_counts import number_of
from diagnose.readers._predictions.column import label_of
from diagnose.readers._predictions.names import COUNTS, is_predicted_name, is_true_name, normal
from diagnose.readers._predictions.tables import header_of

if TYPE_CHECKING:
    from diagnose.readers.records import Document

__all__ = ["MOST_CLASSES", "is_cell_list", "read_cell_list"]

MOST_CLASSES = 2000
_PROBED = 10_000
# A column of these names may as well be the number of the row, or a feature.
_VAGUE = frozenset(("n", "num", "size"))


def is_cell_list(document: Document) -> bool:
    """Whether each line is a cell: two classes and a count, and no cell stands there twice where that is unsure."""
    header = _header(document)
    if header is None:
        return False
    places, delimiter, vague = header
    try:
        lines = list(csv.reader(document.text.split("\n")[1:_PROBED], delimiter=delimiter, skipinitialspace=True))
        cells = [tuple(line[place] for place in places) for line in lines if any(line)]
    except (IndexError, csv.Error):
        return not vague
    if not vague:
        return True
    counts = all(printed_interval(count.strip()) is not None for _, _, count in cells)
    return counts and 0 < len(cells) == len({cell[:2] for cell in cells})


def _header(document: Document) -> tuple[tuple[int, ...], str, bool] | None:
    """Return the places of the true class, the predicted one and the count, the delimiter, and whether it is unsure."""
    header = header_of(document.text)
    if header is None or not 3 <= len(header[0]) <= 4:
        return None
    names, delimiter = header
    found = [
        [i for i, name in enumerate(names) if fits(name)]
        for fits in (is_true_name, is_predicted_name, lambda name: normal(name) in COUNTS)
    ]
    if any(len(places) != 1 for places in found):
        return None
    places = tuple(place for (place,) in found)
    return places, delimiter, normal(names[places[2]]) in _VAGUE


def read_cell_list(document: Document) -> dict[str, dict[str, int]]:
    """Return {true class: {predicted class: count}}; UnreadableInputError where a line is no such cell."""
    (true, predicted, count), delimiter, _ = _header(document) or ((0, 1, 2), ",", True)
    cells: dict[tuple[str, str], int] = {}
    lines = csv.reader(document.text.strip("\n").split("\n"), delimiter=delimiter, skipinitialspace=True)
    try:
        next(lines)
        for line in lines:
            if any(cell.strip() for cell in line):
                place = label_of(line[true]), label_of(line[predicted])
                number = number_of(line[count].strip(), document.source)
                if number < 0 or not number.is_integer() or place in cells:
                    reason = "is the same cell again" if place in cells else "has no count of rows"
                    raise UnreadableInputError(
                        f"{document.source}: line {lines.line_num} {reason}: {', '.join(line)[:80]}"
                    )
                cells[place] = int(number)
    except (IndexError, ValueError, csv.Error):
        raise UnreadableInputError(f"{document.source}: line {lines.line_num} is no cell of a matrix") from None
    classes = list(dict.fromkeys(label for pair in cells for label in pair))
    if len(classes) > MOST_CLASSES:
        raise UnreadableInputError(f"{document.source}: {len(classes):,} different classes")
    return {label: {other: cells.get((label, other), 0) for other in classes} for label in classes}

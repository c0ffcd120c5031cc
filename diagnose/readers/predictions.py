"""Predictions beside labels, as CSV, JSON, JSON lines, Parquet or numpy's files: the metrics that follow from them.

What is read are the columns of labels, predictions and scores, found by their names; all others are passed over. The
metrics are computed by scikit-learn and become an evaluation with its confusion matrix, like one that was reported.
"""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import TYPE_CHECKING

from diagnose.errors import UnreadableInputError
from diagnose.readers import json_results
from diagnose.readers._predictions.binary import INSTALL
from diagnose.readers._predictions.names import looks_like_predictions
from diagnose.readers._predictions.tables import columns_in, table_of
from diagnose.readers.json_tree import JsonObject
from diagnose.readers.records import Cell, Document, Record, Records
from diagnose.types import Unread
from diagnose.vocabulary import split_of

if TYPE_CHECKING:
    from diagnose.readers._predictions.scores import Outcome

__all__ = ["read", "sniff"]

_NEEDED = ("numpy", "scipy", "sklearn")


def sniff(document: Document) -> float:
    """Return 0.9 for a table with columns of labels and of predictions, and for every binary table."""
    if document.binary:
        return 0.9
    names = columns_in(document)
    return 0.9 if len(names) > 1 and looks_like_predictions(names) else 0.0


def read(document: Document) -> Records:
    """Return the metrics of the predictions, their matrix or their table of labels, and what was left out."""
    _require_libraries(document.source)
    from diagnose.readers._predictions.tasks import outcome_of  # noqa: PLC0415  # only predictions pay for it

    table = table_of(document)
    outcome = outcome_of(table, document.source)
    records = _reported_beside(document, set(table.roles.used))
    columns = f"columns {', '.join(table.roles.used)}"
    records.records += _records(outcome, columns, _split(document.source))
    records.unread += [Unread(document.source, columns, "", note) for note in outcome.notes]
    document.omitted = ""  # the rows were read from the file itself
    return records


def _require_libraries(source: str) -> None:
    from importlib.util import find_spec  # noqa: PLC0415  # only predictions pay for it

    if any(find_spec(name) is None for name in _NEEDED):
        raise UnreadableInputError(f"{source}: predictions need scikit-learn", INSTALL)


def _reported_beside(document: Document, used: set[str]) -> Records:
    """Read the metrics that stand in one JSON object with the lists of labels and predictions."""
    tree = None if document.binary else document.json
    if not isinstance(tree, JsonObject):
        return Records()
    rest = JsonObject([(key, child) for key, child in tree.items() if key not in used])
    beside = Document(document.source, "")
    beside.json = rest
    return json_results.read(beside)


def _split(source: str) -> str | None:
    """Return the split that the file's name or its folder's says ("test_predictions.csv"), or None."""
    path = PurePath(source)
    words = [*path.stem.replace("-", "_").split("_"), path.parent.name]
    own = [
        split for word in words if word.lower() not in ("predict", "prediction", "pred") and (split := split_of(word))
    ]
    return own[0] if len(set(own)) == 1 else None


def _records(outcome: Outcome, columns: str, split: str | None) -> list[Record]:
    cells = tuple(Cell(name, _text(number), columns) for name, number in outcome.metrics.items())
    records = [Record(cells, "metrics", columns, split=split, machine=True, computed=True)]
    for label, counts in (outcome.matrix or {}).items():
        row = tuple(Cell(name, str(count), columns) for name, count in counts.items())
        records.append(Record(row, "matrix", columns, split=split, label=label, machine=True, computed=True))
    for label, metrics in outcome.classes.items():
        row = tuple(Cell(name, _text(number), columns) for name, number in metrics.items())
        records.append(Record(row, "class", columns, split=split, label=label, machine=True, computed=True))
    return records


def _text(number: float) -> str:
    """Return a number as a full double: with so many digits that nobody takes it for a rounded one."""
    if isinstance(number, int) or not math.isfinite(number):
        return str(number)
    short = repr(number)
    digits = sum(c.isdigit() for c in short.partition("e")[0].lstrip("-0."))
    return short if digits > 15 or "e" in short else f"{number:#.16g}"

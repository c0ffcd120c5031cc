"""Confusion matrices of a report as tables: exact where one is known, low to high in each cell where it is bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from diagnose.report._phrases import proof_words, where
from diagnose.types import Scope, row_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from diagnose.types import Fact, Report

__all__ = ["Matrix", "matrices"]

# A page shows so many, of the classes with the most errors; the JSON report has every cell.
_MOST_TABLES = 6
_MOST_CLASSES = 15
_CELLS = {("positive", "positive"): "tp", ("negative", "positive"): "fp",
          ("positive", "negative"): "fn", ("negative", "negative"): "tn"}  # fmt: skip
_UP_TO_FACTOR = "only the ratios are known: the true counts are a multiple of these"

Bounds = tuple[float, float]


class Matrix(NamedTuple):
    """One confusion matrix.

    labels: the classes, of rows and columns alike; cells: by true and predicted class, the least and the largest
    number of rows, equal where it is known; proof: its proof word with assumptions; note: what else is to be said.
    """

    title: str
    labels: tuple[str, ...]
    cells: Mapping[tuple[str, str], Bounds]
    proof: str
    note: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether every cell is known."""
        return all(low == high for low, high in self.cells.values())

    def share(self, true: str, predicted: str) -> float:
        """Return the share of a row's cases that lie in the cell, by the middle of its bounds."""
        middles = [sum(self.cells[true, other]) / 2 for other in self.labels if (true, other) in self.cells]
        total = sum(middles)
        return sum(self.cells.get((true, predicted), (0, 0))) / 2 / total if total > 0 else 0.0


def matrices(report: Report) -> tuple[Matrix, ...]:
    """Return the matrices of the reported results, the one that says most where several are known of a result."""
    results = [
        Scope(run.name, series.task, series.split, None if series.headline else row_step(series.reported))
        for run in report.runs
        for series in run.series()
    ]
    found = (_matrix(report, scope) for scope in dict.fromkeys(results))
    return tuple(matrix for matrix in found if matrix is not None)[:_MOST_TABLES]


def _matrix(report: Report, scope: Scope) -> Matrix | None:
    facts: dict[str, Fact] = {}
    for fact in report.facts:
        if fact.scope == scope:
            facts.setdefault(fact.name, fact)
    for name, read in (("matrix", _of_matrix), ("confusion_matrix", _of_counts), ("confusion_bounds", _of_bounds),
                       ("confusion_matrix_up_to_factor", _of_counts)):  # fmt: skip
        known = facts.get(name)
        if known is not None and isinstance(known.value, dict):
            cells = dict(read(known.value, facts))
            labels, note = _shown_labels(cells)
            if name.endswith("factor"):
                note = _UP_TO_FACTOR
            kept = {(t, p): bounds for (t, p), bounds in cells.items() if t in labels and p in labels}
            title = where(report, known.scope) or "all classes"
            return Matrix(title, labels, kept, proof_words(known.proof, known.assumes), note)
    return None


def _of_matrix(value: Mapping[str, Any], _: Mapping[str, Fact]) -> Iterator[tuple[tuple[str, str], Bounds]]:
    for true in (labels := dict.fromkeys([*value, *(label for row in value.values() for label in row)])):
        for predicted in labels:
            number = value.get(true, {}).get(predicted, 0)
            yield (true, predicted), (number, number)


def _of_counts(value: Mapping[str, Any], _: Mapping[str, Fact]) -> Iterator[tuple[tuple[str, str], Bounds]]:
    for place, name in _CELLS.items():
        yield place, _bounds(value[name])


def _of_bounds(value: Mapping[str, Any], facts: Mapping[str, Fact]) -> Iterator[tuple[tuple[str, str], Bounds]]:
    """Yield the cells beside the diagonal, and the diagonal, which is the classes' true positives."""
    margins = facts.get("class_margins")
    for true, row in value.items():
        if margins is not None and true in margins.value:
            yield (true, true), _bounds(margins.value[true]["tp"])
        for predicted, number in row.items():
            yield (true, predicted), _bounds(number)


def _bounds(number: Any) -> Bounds:
    return (number["low"], number["high"]) if isinstance(number, dict) else (number, number)


def _shown_labels(cells: Mapping[tuple[str, str], Bounds]) -> tuple[tuple[str, ...], str]:
    """Return the classes, of many those with the most errors, and a line that says so."""
    labels: Sequence[str] = list(dict.fromkeys(label for place in cells for label in place))
    if len(labels) <= _MOST_CLASSES:
        return tuple(labels), ""
    errors = dict.fromkeys(labels, 0.0)
    for (true, predicted), (low, high) in cells.items():
        if true != predicted:
            errors[true] += low + high
            errors[predicted] += low + high
    worst = set(sorted(labels, key=lambda label: -errors[label])[:_MOST_CLASSES])
    note = f"the {_MOST_CLASSES} classes with the most errors, of {len(labels):,}"
    return tuple(label for label in labels if label in worst), note

"""A confusion matrix added up: of each class its rows, those that are right, and how often it was predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.types import Evaluation, Value

__all__ = ["Cells", "Confusion", "cells_of_counts", "either_way", "turned"]

# {true class: {predicted class: rows}}; a cell that is not there is 0.
Cells: TypeAlias = "Mapping[str, Mapping[str, int]]"

_ROWS_TRUE, _COLUMNS_TRUE = "rows_are_true=true", "rows_are_true=false"


class Confusion(NamedTuple):
    """The sums of a matrix, a number for each of its labels: those of the true classes, then the others."""

    cells: Cells
    labels: list[str]
    support: list[int]
    right: list[int]
    predicted: list[int]

    @classmethod
    def of(cls, cells: Cells) -> Confusion:
        """Add the matrix up."""
        predicted = dict.fromkeys(cells, 0)
        for row in cells.values():
            for label, count in row.items():
                predicted[label] = predicted.get(label, 0) + count
        support = [sum(cells.get(label, {}).values()) for label in predicted]
        right = [cells.get(label, {}).get(label, 0) for label in predicted]
        return cls(cells, list(predicted), support, right, list(predicted.values()))

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return sum(self.support)

    @property
    def accuracy(self) -> float:
        """The share of right rows."""
        return sum(self.right) / self.rows

    def cell(self, true: str, predicted: str) -> int:
        """Return how often a class was taken for another."""
        return self.cells.get(true, {}).get(predicted, 0)


def cells_of_counts(counts: tuple[Value, Value, Value, Value]) -> dict[str, dict[str, int]]:
    """Return tp, fp, fn and tn as a matrix of the classes "positive" and "negative"."""
    tp, fp, fn, tn = (int(value.number) for value in counts)
    return {"positive": {"positive": tp, "negative": fn}, "negative": {"positive": fp, "negative": tn}}


def turned(cells: Cells) -> dict[str, dict[str, int]]:
    """Return the matrix with its other side as the true one."""
    labels = dict.fromkeys([*cells, *(label for row in cells.values() for label in row)])
    return {true: {other: cells.get(other, {}).get(true, 0) for other in labels} for true in labels}


def either_way(evaluation: Evaluation, told: str | None) -> list[tuple[Confusion, tuple[str, ...]]]:
    """Return an evaluation's matrix and, where nothing says which side is the true one, the same matrix turned.

    Each with what it assumes about its sides; told: the user's answer about them, "true" or "false".
    """
    cells = evaluation.matrix or {}
    found = Confusion.of(cells)
    if told is not None or _ROWS_TRUE not in evaluation.matrix_assumes:
        sides = tuple(name for name in evaluation.matrix_assumes if name in (_ROWS_TRUE, _COLUMNS_TRUE))
        return [(found, sides)]
    return [(found, (_ROWS_TRUE,)), (Confusion.of(turned(cells)), (_COLUMNS_TRUE,))]

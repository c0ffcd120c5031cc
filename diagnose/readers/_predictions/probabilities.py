"""Scores of classes as a table gives them: brought into the order of the classes, and what they decide for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.errors import UnreadableInputError
from diagnose.readers._predictions.column import label_of

if TYPE_CHECKING:
    from diagnose.readers._predictions.column import Column

__all__ = ["Probabilities", "Resolved", "decided"]


class Resolved(NamedTuple):
    """Scores that were brought into the order of the classes.

    each: float64 (rows, classes), probabilities or logits; one: float64 (rows), the score of a class that is told by
    the predictions; kind as in `Roles`.
    """

    classes: list[str]
    each: Any = None
    one: Any = None
    kind: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probabilities:
    """The scores as the table gives them: one column, or an array, or one column for each class."""

    score: Column | None = None
    by_class: dict[str, Column] = field(default_factory=dict)
    kind: str = ""

    def resolve(self, classes: list[str], kept: Any, source: str) -> Resolved:
        """Return the scores of the kept rows, and the classes: the given ones, or as many as the array has columns."""
        import numpy as np  # noqa: PLC0415  # only predictions pay for it

        if self.score is not None and self.score.grid is not None:
            if self.score.grid.ndim != 2:
                shape = self.score.grid.shape
                raise UnreadableInputError(f"{source}: {self.score.header!r} is {shape}, the labels have one axis")
            grid = self.score.grid[kept].astype(np.float64)
            return Resolved(_as_indices(classes, grid, self.score.header, source), grid, kind=self.kind)
        if self.by_class:
            given = {label_of(label): column for label, column in self.by_class.items()}
            if set(classes) <= set(given):
                columns = [_numbers(given[label], source)[kept] for label in given]
                return Resolved(list(given), np.stack(columns, axis=1), kind=self.kind)
            lacking = ", ".join(label for label in classes if label not in given)
            return Resolved(classes, notes=(f"the scores of the classes lack {lacking[:80]}: not used",))
        if self.score is not None:
            return Resolved(classes, one=_numbers(self.score, source)[kept], kind=self.kind)
        return Resolved(classes)


def _as_indices(classes: list[str], grid: Any, header: str, source: str) -> list[str]:
    """Return the classes as the numbers of the array's columns, which the labels have to be."""
    width = grid.shape[1]
    if not all(label.isdigit() and int(label) < width for label in classes):
        raise UnreadableInputError(
            f"{source}: {header!r} has scores of {width} classes, and the labels are {', '.join(classes[:5])[:80]}",
            "give the labels as the numbers of its columns",
        )
    return [str(i) for i in range(width)]


def _numbers(column: Column, source: str) -> Any:
    numbers = column.floats()
    if numbers is None:
        raise UnreadableInputError(f"{source}: the scores in {column.header!r} are not all numbers")
    return numbers


def decided(scores: Resolved, positive: int | None, source: str) -> tuple[Any, str]:
    """Return the class of the largest score, or of a score above one half (a logit above 0)."""
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    given = scores.each if scores.each is not None else scores.one
    if given is None:
        raise UnreadableInputError(f"{source}: no column of predictions, and {'; '.join(scores.notes)}")
    if not np.isfinite(given).all():
        raise UnreadableInputError(f"{source}: no column of predictions, and scores that are not finite")
    if scores.each is not None:
        return scores.each.argmax(axis=1), "no column of predicted classes: that of the largest score is taken"
    lowest, highest = float(scores.one.min()), float(scores.one.max())
    shares = lowest >= 0 and highest <= 1
    if positive is None or len(scores.classes) > 2 or (scores.kind == "score" and not shares):
        raise UnreadableInputError(
            f"{source}: one column of scores does not tell which of {', '.join(scores.classes[:5])[:80]} is predicted",
            "add a column of predictions, or scores for each class",
        )
    threshold = 0.5 if shares and scores.kind != "logit" else 0.0
    above = (scores.one > threshold).astype(int)
    note = f"no column of predicted classes: a score above {threshold:g} is taken for {scores.classes[positive]}"
    return (above if positive == 1 else 1 - above), note

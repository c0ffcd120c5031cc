"""Evaluations in the making: what agrees is merged, what contradicts stays apart."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.types import ClassRow, Evaluation, Unread, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Draft", "Drafts", "agree"]

# Results without a step in one document; a list of more of them is a list of runs, not one result told twice.
_MOST_COMPARED = 20


@dataclass
class Draft:
    """An evaluation that may still grow."""

    task: str | None
    split: str
    step: float | None = None
    epoch: float | None = None
    metrics: dict[str, Value] = field(default_factory=dict)
    classes: dict[str, dict[str, Value]] = field(default_factory=dict)
    matrix: dict[str, dict[str, int]] | None = None
    source: str = ""
    matrix_assumes: tuple[str, ...] = ()
    recomputed: dict[str, Value] = field(default_factory=dict)

    @property
    def is_row(self) -> bool:
        """Whether this is a row of a history."""
        return self.step is not None or self.epoch is not None

    def add(self, metric: str, value: Value, own_words: str) -> None:
        """Take in a value; a second one of the same name that differs keeps the words it was written with."""
        present = self.metrics.get(metric)
        if present is None:
            self.metrics[metric] = value
        elif agree(present, value):
            self.metrics[metric] = _finer(present, value)
        elif own_words not in self.metrics:
            self.metrics[own_words] = value

    def fits(self, other: Draft) -> bool:
        """Whether the two may be one evaluation: the same place, and nothing in them contradicts."""
        if (self.task, self.split, self.is_row) != (other.task, other.split, other.is_row):
            return False
        if not _same_place(self, other) or (self.matrix and other.matrix and self.matrix != other.matrix):
            return False
        if self.classes and other.classes and not _classes_agree(self.classes, other.classes):
            return False
        return not self.conflicts(other)

    def conflicts(self, other: Draft) -> list[str]:
        """Return the metrics that the two report differently."""
        return [m for m, value in other.metrics.items() if m in self.metrics and not agree(self.metrics[m], value)]

    def absorb(self, other: Draft, *, but: Iterable[str] = ()) -> None:
        """Take over what `other` holds, the text with more digits winning, other than the metrics `but`."""
        for metric, value in other.metrics.items():
            if metric not in but:
                present = self.metrics.get(metric)
                self.metrics[metric] = _finer(present, value) if present else value
        for label, row in other.classes.items():
            mine = self.classes.setdefault(label, {})
            for metric, value in row.items():
                mine[metric] = _finer(mine[metric], value) if metric in mine else value
        if not self.matrix:
            self.matrix, self.matrix_assumes = other.matrix, other.matrix_assumes
        self.step = self.step if self.step is not None else other.step
        self.epoch = self.epoch if self.epoch is not None else other.epoch

    def evaluation(self) -> Evaluation:
        """Return the finished evaluation."""
        rows = tuple(ClassRow(label, metrics) for label, metrics in self.classes.items())
        place = self.split, self.task, self.step, self.epoch
        return Evaluation(
            *place, self.metrics, rows, self.matrix, self.source, self.matrix_assumes, recomputed=self.recomputed
        )


class Drafts:
    """All drafts of one run, each found by its place."""

    def __init__(self) -> None:
        self._places: dict[tuple[object, ...], list[Draft]] = {}
        self.unread: list[Unread] = []

    def __iter__(self) -> Iterator[Draft]:
        return (draft for drafts in self._places.values() for draft in drafts)

    def place(self, draft: Draft) -> None:
        """Merge a draft into the one it fits; a contradicting result stays apart, a contradicting row is unread."""
        key = (draft.task, draft.split, draft.step if draft.step is not None else ("epoch", draft.epoch))
        present = self._places.setdefault(key, [])
        for candidate in present[:_MOST_COMPARED]:
            if candidate.fits(draft):
                candidate.absorb(draft)
                return
        if not draft.is_row or not present:
            present.append(draft)
            return
        conflicts = present[0].conflicts(draft)
        for metric in conflicts:
            mine, other = present[0].metrics[metric], draft.metrics[metric]
            reason = f"the same step also has {mine.text} at {mine.at}"
            self.unread.append(Unread(other.source, other.at, f"{other.key}: {other.text}", reason))
        present[0].absorb(draft, but=conflicts)


def agree(a: Value, b: Value) -> bool:
    """Whether one of the two may be the other, printed with fewer digits.

    The coarser text's interval must hold the finer text's number: 62.85 is often rounded once more, to 62.9.
    """
    if a.text == b.text and a.scale == b.scale:
        return True
    if _far(a, b):
        return False
    left, right = a.interval, b.interval
    if left is None or right is None:
        return math.isnan(a.number) and math.isnan(b.number)
    widths = left.high - left.low, right.high - right.low
    if widths[0] == widths[1]:
        return a.number == b.number
    coarse, fine = (left, b) if widths[0] > widths[1] else (right, a)
    return Fraction(repr(fine.number)) in coarse


def _far(a: Value, b: Value) -> bool:
    """Whether two plain decimals are so far apart that no rounding explains it: a test that needs no fractions."""
    if not (a.text + b.text).replace(".", "").isdigit():
        return False
    decimals = min(len(value.text.partition(".")[2]) for value in (a, b))
    return abs(a.number - b.number) > 2 * 0.1**decimals * float(max(a.scale, b.scale))


def _finer(a: Value, b: Value) -> Value:
    """Return the value with more digits; an approximate one is never the finer."""
    if a.approximate != b.approximate:
        return b if a.approximate else a
    return b if len(b.text) > len(a.text) else a


def _same_place(a: Draft, b: Draft) -> bool:
    if a.step is not None and b.step is not None:
        return a.step == b.step
    return a.epoch == b.epoch


def _classes_agree(a: dict[str, dict[str, Value]], b: dict[str, dict[str, Value]]) -> bool:
    return all(
        agree(row[metric], value)
        for label, row in a.items()
        for metric, value in b.get(label, {}).items()
        if metric in row
    )

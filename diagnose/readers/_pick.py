"""Which of the records of a text count: a loose form yields to a strict one that says the same thing."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.interval import printed_interval
from diagnose.readers._numbers import read_number
from diagnose.vocabulary import parse_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diagnose.readers.records import Cell, Record

__all__ = ["LOOSE", "PROSE", "Dropped", "pick"]

# From these orders on, a block reads lists of "name: number", or sentences.
LOOSE = 70
PROSE = 90
_MEASURES = ("score", "correlation", "error", "loss")
_AXES = ("epoch", "step", "iteration")

# So many results of the same names may stand in a document without a step; more are scores of single examples.
_MOST_ALIKE = 50
Dropped = tuple[str, str, str]
_Likeness = tuple[str | None, str | None, str | None, tuple[str, ...]]


def pick(found: Iterable[tuple[int, Record]]) -> tuple[list[Record], list[Dropped]]:
    """Return the records that count, and what was dropped as (place, text, reason).

    A figure of a list is dropped where a table, a report or a printed dict of the same document gives that metric
    another value: then the list comments on a class or on a change, in words that we do not understand.
    A figure in a sentence is dropped where anything else gives the metric.
    """
    records = list(found)
    strict: dict[str, list[str]] = {}
    anywhere: set[str] = set()
    for order, record in records:
        for name, cell in _measures(record):
            if order < PROSE:
                anywhere.add(name)
            if order < LOOSE and record.role == "metrics" and not _is_row(record):
                strict.setdefault(name, []).append(cell.text)
    kept: list[Record] = []
    dropped: list[Dropped] = []
    alike: Counter[_Likeness] = Counter()
    for order, record in records:
        reason = ""
        if order >= PROSE and any(name in anywhere for name, _ in _measures(record)):
            reason = "a sentence: the metric is read from elsewhere in the document"
        elif LOOSE <= order < PROSE and _comments(record, strict):
            reason = "contradicts the tables of the document: about a class, or a change?"
        if not reason and record.role == "metrics" and not _is_row(record):
            alike[_likeness(record)] += 1
            if alike[_likeness(record)] > _MOST_ALIKE:
                continue
        if not reason:
            kept.append(record)
        elif record.cells:
            said = ", ".join(f"{cell.key}: {cell.text}" for cell in record.cells)
            dropped.append((record.cells[0].at, said[:200], reason))
    for likeness, count in alike.items():
        if count > _MOST_ALIKE:
            dropped.append(("", ", ".join(likeness[-1])[:200], f"{count - _MOST_ALIKE} more results of these names"))
    return kept, dropped


def _likeness(record: Record) -> _Likeness:
    return record.run, record.task, record.split, tuple(cell.key for cell in record.cells)


def _measures(record: Record) -> Iterator[tuple[str, Cell]]:
    if record.role not in ("metrics", "class"):
        return
    for cell in record.cells:
        name = parse_name(cell.key)
        if name.known and name.info and name.info.kind in _MEASURES and not name.target:
            yield name.metric, cell


def _is_row(record: Record) -> bool:
    return any(parse_name(cell.key).metric in _AXES for cell in record.cells)


def _comments(record: Record, strict: dict[str, list[str]]) -> bool:
    if record.split is not None or any(parse_name(cell.key).split for cell in record.cells):
        return False
    return any(
        name in strict and not any(_agree(cell.text, text) for text in strict[name]) for name, cell in _measures(record)
    )


def _agree(one: str, other: str) -> bool:
    """Whether both may print the same number, in percent or as a fraction."""
    left, right = read_number(one), read_number(other)
    if left is None or right is None:
        return False
    a, b = printed_interval(left.text), printed_interval(right.text)
    if a is None or b is None:
        return left.text == right.text
    return any(a.meet(b * scale) is not None for scale in (Fraction(1), Fraction(100), Fraction(1, 100)))

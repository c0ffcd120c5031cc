"""The cells of a record as named numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from diagnose.readers._numbers import Printed, is_absent, read_number
from diagnose.vocabulary import Name, parse_name

if TYPE_CHECKING:
    from diagnose.readers.records import Cell, Record

__all__ = ["Item", "Reading", "items_of", "score_like"]

_SCORES = ("score", "correlation", "error")


class Item(NamedTuple):
    """A cell that holds a number, its name taken apart; `kind`: that of the metric, "" where it is not known."""

    cell: Cell
    name: Name
    printed: Printed
    kind: str


# A record, its numbers, and its cells that cannot be used, each with the reason.
Reading: TypeAlias = "tuple[Record, list[Item], list[tuple[Cell, str]]]"


def score_like(item: Item) -> bool:
    """Whether the item is a measure of quality other than a loss."""
    return item.kind in _SCORES


def items_of(record: Record) -> tuple[list[Item], list[tuple[Cell, str]]]:
    """Return the numbers of a record, and the cells with a digit that are no number, with the reason."""
    items: list[Item] = []
    unread: list[tuple[Cell, str]] = []
    for cell in record.cells:
        if is_absent(cell.text):
            continue
        name = parse_name(cell.key)
        info = name.info if name.known else None
        kind = info.kind if info else ""
        printed = read_number(cell.text, duration=kind == "time")
        if printed is not None and kind in _SCORES and cell.text.lstrip(" *`").startswith("+"):
            unread.append((cell, "a change, not a value"))
        elif printed is not None:
            items.append(Item(cell, name, printed, kind))
        elif any(c.isdigit() for c in cell.text):
            unread.append((cell, "not a number"))
    return _without_lone_letters(items), unread


def _without_lone_letters(items: list[Item]) -> list[Item]:
    """Take "p", "r", "f" for metrics only where at least two of them stand together; "n" only beside a metric."""
    letters = {item.name.metric for item in items if item.name.letter and score_like(item)}
    known = len(letters) > 1 or any(score_like(item) and not item.name.letter for item in items)
    return items if known else [i if not i.name.letter else _as_unknown(i) for i in items]


def _as_unknown(item: Item) -> Item:
    name = Name(item.name.words, item.name.split, known=False, words=item.name.words)
    return Item(item.cell, name, item.printed, "")

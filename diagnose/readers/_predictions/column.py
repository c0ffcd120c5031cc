"""A column of labels, predictions or scores: distinct texts with a code a row, numbers, lists, or an array."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from diagnose.errors import UnreadableInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Collector", "Column", "is_missing", "label_of", "listed", "number_in", "refuse_too_many"]

# Two columns of so many rows take some 200 MB, and their ranks (for an AUC) as much again.
MOST_ROWS = 10_000_000
# More different values than this are no classes; numbers are then kept as numbers.
_MOST_NAMES = 10_000
_MISSING = frozenset(("", "nan", "null", "<na>", "nat"))
_INTEGRAL = 2**53


@dataclass(slots=True)
class Column:
    """The values of one column; one of the forms is filled.

    names and codes: the distinct texts, and the place of each row's in them; numbers: float64, NaN where missing;
    lists: a list of texts a row; grid: an array with two axes or three (rows, [tokens,] classes).
    """

    header: str
    names: list[str] | None = None
    codes: Any = None
    numbers: Any = None
    lists: list[list[str]] | None = None
    grid: Any = None

    def __len__(self) -> int:
        form = next(f for f in (self.codes, self.numbers, self.lists, self.grid) if f is not None)
        return len(form)

    def floats(self) -> Any:
        """Return the values as float64, NaN where missing; None where one is no number, not even an infinite one."""
        import numpy as np  # noqa: PLC0415  # only predictions pay for it

        if self.numbers is not None:
            return self.numbers
        if self.names is None:
            return None
        found = [_float_in(name) for name in self.names]
        if any(number is None for number in found):
            return None
        return np.asarray(found, dtype=np.float64)[self.codes] if found else np.empty(0)


class Collector:
    """Collects a column's cells in little memory: a code a row, or a float where they are numbers."""

    def __init__(self, header: str, source: str) -> None:
        self.header, self._source = header, source
        self._names: dict[str, int] = {}
        self._codes = array("i")
        self._numbers: array[float] | None = None
        self._lists: list[list[str]] | None = None

    def __len__(self) -> int:
        return len(self._lists if self._lists is not None else self._codes if self._numbers is None else self._numbers)

    def extend(self, values: Sequence[str | list[str]]) -> None:
        """Take in the next rows' values."""
        if self._lists is not None or any(isinstance(value, list) for value in values):
            for value in values:
                self._add_list(value)
            return
        texts: Sequence[str] = values  # type: ignore[assignment]  # no list is among them
        if self._numbers is not None:
            self._numbers.extend(map(self._number, texts))
            return
        for text in dict.fromkeys(texts):
            self._names.setdefault(text, len(self._names))
        self._codes.extend(map(self._names.__getitem__, texts))
        if len(self._names) > _MOST_NAMES:
            self._numbers = array("d", map([self._number(n) for n in self._names].__getitem__, self._codes))
            self._names, self._codes = {}, array("i")

    def _add_list(self, value: str | list[str]) -> None:
        if self._lists is None:
            if len(self):
                self._refuse("a list in some rows, one value in others")
            self._lists = []
        if not isinstance(value, list):
            self._refuse("a list in some rows, one value in others")
        self._lists.append(list(value))

    def _number(self, text: str) -> float:
        number = _float_in(text)
        if number is None:
            self._refuse(
                f"more than {_MOST_NAMES:,} different texts such as {text[:30]!r}: neither classes nor numbers"
            )
        return number

    def _refuse(self, what: str) -> NoReturn:
        raise UnreadableInputError(f"{self._source}: the column {self.header!r} holds {what}")

    def column(self) -> Column:
        """Return the finished column."""
        import numpy as np  # noqa: PLC0415  # only predictions pay for it

        if self._lists is not None:
            return Column(self.header, lists=self._lists)
        if self._numbers is not None:
            return Column(self.header, numbers=np.frombuffer(self._numbers, dtype=np.float64))
        codes = np.frombuffer(self._codes, dtype=np.intc) if self._codes else np.empty(0, dtype=np.intc)
        return Column(self.header, names=list(self._names), codes=codes)


def refuse_too_many(rows: int, source: str) -> None:
    """Raise UnreadableInputError where a table has more rows than fit in memory."""
    if rows > MOST_ROWS:
        raise UnreadableInputError(f"{source}: more than {MOST_ROWS:,} rows of predictions", "give a sample of them")


def is_missing(text: str) -> bool:
    """Whether a cell holds no value: empty, NaN or null."""
    return text.strip().lower() in _MISSING


def number_in(text: str) -> float | None:
    """Return the finite number that a cell holds, or None; "1_0" is no number of a data file."""
    number = _float_in(text)
    return number if number is not None and math.isfinite(number) else None


def _float_in(text: str) -> float | None:
    """Return the number that a cell holds, NaN for a missing one and infinity among them, or None."""
    try:
        return math.nan if is_missing(text) else None if "_" in text else float(text)
    except ValueError:
        return None


def label_of(text: str) -> str:
    """Return a label in its one form: "1", " 1" and "1.0" are the class 1."""
    text = text.strip()
    number = number_in(text)
    if number is not None and number.is_integer() and abs(number) < _INTEGRAL:
        return str(int(number))
    return text


def listed(texts: Sequence[str]) -> str:
    """Return the first few of some texts."""
    return ", ".join(text[:30] for text in texts[:5]) + (", ..." if len(texts) > 5 else "")

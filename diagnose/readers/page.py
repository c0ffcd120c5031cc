"""A text document as lines under headings, from which block readers claim what they understand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from diagnose.readers._grids import is_row
from diagnose.readers.blocks._pairs import Pair, hints_at_metric, pairs
from diagnose.readers.headings import Context, contexts
from diagnose.types import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.records import Cell, Record

__all__ = ["Block", "Page"]

_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(\S.*)")


class Block(Protocol):
    """What a module of readers/blocks/ offers.

    ORDER: the lower, the earlier it may claim lines (a table before the prose around it).
    """

    ORDER: int

    @staticmethod
    def extract(page: Page) -> Iterator[Record]:
        """Claim the lines that this block understands and yield their records."""


@dataclass
class Page:
    """The lines of one document; `claimed` says which of them a block has read, `fenced` which are code.

    flags, unread, name, model, task_kind: what lines say beside records, as in `Records`;
    gap: as in `Document`; tables: the first line of each table that held metrics.
    """

    source: str
    lines: list[str]
    claimed: list[bool] = field(init=False)
    fenced: list[bool] = field(init=False)
    flags: list[Cell] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    name: str | None = None
    model: str | None = None
    task_kind: str | None = None
    gap: tuple[int, int] = (0, 0)
    tables: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.claimed = [False] * len(self.lines)
        self._headings, self.fenced = _outline(self.lines)
        self._pairs: dict[int, list[Pair]] = {}

    def claim(self, start: int, stop: int | None = None) -> None:
        """Mark the lines `start` to `stop` (excluded; one line where it is not given) as read."""
        for i in range(start, start + 1 if stop is None else stop):
            self.claimed[i] = True

    def leave(self, start: int, stop: int, reason: str) -> None:
        """Claim the lines `start` to `stop` (excluded) and list them as unread, the first one quoted."""
        self.claim(start, stop)
        self.unread.append(Unread(self.source, self.at(start), self.lines[start].strip()[:200], reason))

    def open_lines(self) -> Iterator[tuple[int, str]]:
        """Yield (index, line) of every line that no block has claimed and that is not blank."""
        for i, line in enumerate(self.lines):
            if not self.claimed[i] and line.strip():
                yield i, line

    def headings(self, index: int) -> tuple[str, ...]:
        """Return the headings above a line, the outermost first."""
        return self._headings[index]

    @cached_property
    def contexts(self) -> dict[tuple[str, ...], Context]:
        """What each path of headings says about the run, task, split and class below it."""
        return contexts(self.lines, self._headings)

    @cached_property
    def hinted(self) -> list[bool]:
        """Whether a part of a metric's name stands on each line."""
        return [hints_at_metric(line) for line in self.lines]

    @cached_property
    def drawn(self) -> list[bool]:
        """Whether each line may be a row, or a rule, of a table drawn with characters."""
        return [is_row(line) for line in self.lines]

    def pairs(self, index: int) -> list[Pair]:
        """Return the "name: number" pairs of a line."""
        found = self._pairs.get(index)
        if found is None:
            found = self._pairs[index] = pairs(self.lines[index], hinted=self.hinted[index])
        return found

    def at(self, index: int) -> str:
        """Return a line's place as it is quoted to the user."""
        after, left_out = self.gap
        return f"line {index + 1 + (left_out if index >= after else 0)}"


def _outline(lines: list[str]) -> tuple[list[tuple[str, ...]], list[bool]]:
    """Return, for each line, the headings that it stands under, and whether it is fenced code (which has none)."""
    path: list[tuple[int, str]] = []
    titles: tuple[str, ...] = ()
    paths: list[tuple[str, ...]] = []
    fences: list[bool] = []
    fenced = False
    for line in lines:
        start = line.lstrip()[:4]
        fence = start.startswith(("```", "~~~")) and line.count(start[:3]) == 1
        fenced ^= fence
        match = None if fenced or not start.startswith("#") else _HEADING.match(line.rstrip(" \t#"))
        if match:
            level = len(match[1])
            path = [(depth, title) for depth, title in path if depth < level]
            path.append((level, match[2]))
            titles = tuple(title for _, title in path)
        paths.append(titles)
        fences.append(fenced or fence)
    return paths, fences

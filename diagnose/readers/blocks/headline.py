"""The headline of a model card: "It achieves the following results on the evaluation set:" and the list below it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.readers._lists import Item, item_of
from diagnose.readers._markup import number_in, plain
from diagnose.readers.headings import context, split_in
from diagnose.readers.records import Cell, Record
from diagnose.vocabulary import parse_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

ORDER = 25

_LEAD = re.compile(
    r"\bfollowing\s+(?:\w+\s+)?(?:results?|metrics|scores?|performance|evaluation)\b.{0,200}:\s*$", re.IGNORECASE
)
_FINE_TUNED = re.compile(r"\bfine-?tuned version of\s+\[?([\w./-]{2,120})", re.IGNORECASE)
_MOST_BLANKS = 2


def extract(page: Page) -> Iterator[Record]:
    """Claim each headline and its list; note the model's name where the sentence before it says it."""
    for index, line in page.open_lines():
        if page.model is None and "tuned version of" in line and (match := _FINE_TUNED.search(line)):
            page.model = match[1].rstrip(".")
        if "following" in line and _LEAD.search(plain(line)):
            yield from _headline(page, index)


def _headline(page: Page, lead: int) -> Iterator[Record]:
    """Yield the result of the list below line `lead`; the epoch and step that it belongs to are settings of the run."""
    cells: list[Cell] = []
    place: list[Cell] = []
    stop = lead + 1
    for index, item in _items(page, lead + 1):
        number = number_in(item.text)
        if number is not None or not any(c.isdigit() for c in item.text):
            info = parse_name(item.key).info
            cell = Cell(item.key, number or item.text, page.at(index))
            (place if info is not None and info.kind == "axis" else cells).append(cell)
            page.claim(index)
        stop = index
    if not cells:
        return
    page.claim(lead)
    here = context(page, stop)
    split = split_in(page.lines[lead]) or here.split
    yield Record(tuple(cells), group="headline", run=here.run, task=here.task, split=split)
    if place:
        yield Record(tuple(place), "config", "headline", run=here.run)


def _items(page: Page, start: int) -> Iterator[tuple[int, Item]]:
    """Yield the items of the list that begins within a few blank lines of `start`."""
    blanks = 0
    for index in range(start, len(page.lines)):
        line = page.lines[index]
        if not line.strip():
            blanks += 1
            if blanks > _MOST_BLANKS:
                return
            continue
        item = None if page.claimed[index] else item_of(line)
        if item is None or not item.bullet:
            return
        blanks = _MOST_BLANKS
        yield index, item

"""Printed Python dicts and JSON objects inside a text: `{'eval_loss': 0.31, 'epoch': 2.0}`, also in a log line."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from diagnose.readers._json_walk import Place, Walk
from diagnose.readers.blocks._literals import Printed, printed_dicts
from diagnose.readers.blocks._pairs import axes, split_before
from diagnose.readers.headings import context, is_plan
from diagnose.readers.json_tree import JsonObject, NumberText, pointer
from diagnose.readers.records import Cell, Record
from diagnose.vocabulary import parse_name, setting_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

ORDER = 10

_SETTINGS = re.compile(r"\w*(?:args|config|params|arguments)\w*\s*[:=]\s*\Z", re.IGNORECASE)
_MEASURES = ("score", "correlation", "error", "loss")
_AXES = ("epoch", "step", "iteration")


def extract(page: Page) -> Iterator[Record]:
    """Claim every printed dict that holds a metric or a setting; those with a step or an epoch are one history."""
    starts = [0, *accumulate(len(line) + 1 for line in page.lines)]
    mine: set[int] = set()
    dicts = printed_dicts("\n".join(page.lines))
    whole = any(not printed.broken and _measures(printed.entries) for printed in dicts)
    for printed in dicts:
        first, last = (bisect_right(starts, at) - 1 for at in (printed.start, max(printed.start, printed.end - 1)))
        last = min(last, len(page.lines) - 1)
        if (
            any(page.claimed[i] and i not in mine for i in range(first, last + 1))
            or page.lines[first].lstrip()[:1] == "|"
        ):
            continue
        records = _Found(page, printed, starts, first).records()
        if printed.broken and records:
            # Beside whole ones, what a broken one lacks may be the step that makes it a row.
            page.leave(last, last + 1, "breaks off here" if whole else "breaks off here: what stands before was read")
            records = [] if whole else records
        if records:
            page.claim(first, last + 1)
            mine.update(range(first, last + 1))
            yield from records


class _Found:
    """A printed dict on its way to records; first: the line that it begins on."""

    def __init__(self, page: Page, printed: Printed, starts: list[int], first: int) -> None:
        self.page, self.printed, self.starts, self.first = page, printed, starts, first
        self.before = page.lines[first][: printed.start - starts[first]]

    def records(self) -> list[Record]:
        """Return the dict's records, none where it holds neither a metric nor a setting."""
        entries, here = self.printed.entries, context(self.page, self.first)
        if _SETTINGS.search(self.before) or not _measures(entries):
            if not any(setting_of(key) for key in entries) or any(map(is_plan, self.page.headings(self.first))):
                return []
            return [self._config(entries, here.run)]
        split = split_before(self.before) or here.split
        walk = Walk(self.page.source)
        walk.enter(entries, Place(run=here.run, task=here.task, split=split))
        self.page.unread += [replace(item, at=self.at(item.at)) for item in walk.records.unread]
        axis = [Cell(key, value, self.at(pointer("", key))) for key, value in entries.items() if _is_axis(key, value)]
        return [self._placed(record, axis) for record in walk.records.records]

    def _config(self, entries: JsonObject, run: str | None) -> Record:
        cells = [
            Cell(key, str(value), self.at(pointer("", key)))
            for key, value in entries.items()
            if isinstance(value, str | bool) and value != ""
        ]
        return Record(tuple(cells), role="config", run=run)

    def _placed(self, record: Record, axis: list[Cell]) -> Record:
        cells = [replace(cell, at=self.at(cell.at)) for cell in record.cells]
        names = {parse_name(cell.key).metric for cell in cells}
        if not names.intersection(_AXES):
            # A table of classes belongs to the step that the dict around it names, or the line.
            axis = axis or axes(self.before, self.page.at(self.first))
            cells += axis
            names.update(parse_name(cell.key).metric for cell in axis)
        # The last line of a Trainer's log sums up the training: its epoch is no row of the history.
        is_row = names.intersection(_AXES) and not (
            "runtime" in names and record.split != "eval" and _only_train(record)
        )
        group = "printed dicts" if is_row and not record.group else f"{self.page.at(self.first)} {record.group}"
        return replace(record, cells=tuple(cells), group=group)

    def at(self, place: str) -> str:
        """Return the line of an entry by its JSON pointer."""
        places = self.printed.places
        position = places.get(place, places.get(place.rpartition("/")[0], self.printed.start))
        return self.page.at(bisect_right(self.starts, position) - 1)


def _measures(node: object) -> bool:
    """Whether a number of the tree has the name of a metric."""
    if isinstance(node, JsonObject):
        return any(
            (name.known and name.info is not None and name.info.kind in _MEASURES)
            if isinstance(child, NumberText | str) and (name := parse_name(key))
            else _measures(child)
            for key, child in node.items()
        )
    return isinstance(node, list) and any(_measures(child) for child in node)


def _is_axis(key: str, value: object) -> bool:
    return isinstance(value, NumberText) and parse_name(key).metric in _AXES


def _only_train(record: Record) -> bool:
    return all(parse_name(cell.key).split in ("train", None) for cell in record.cells)

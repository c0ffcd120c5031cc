"""What a log states in words: the best epoch, an early stop, a change from one figure to another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.readers._columns import names_measure
from diagnose.readers._lists import item_of
from diagnose.readers._markup import number_in, plain
from diagnose.readers.headings import context
from diagnose.readers.records import Cell, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

ORDER = 35

_AT_EPOCH = r"\bepoch\s+0*(?P<epoch>\d+)"
_PLANNED = r"(?:\s*/\s*(?P<planned>\d+))?"
_WHAT = r"(?:\s(?P<what>[a-z][\w \-]{0,40}?)\W{1,3}(?P<number>~?\d[\d.]*\s?%?)(?!\w))?"
# In the order in which they are tried; `epoch` is the best one, `what` and `number` the metric that was best there.
_BEST = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        _AT_EPOCH + r"\W{1,6}(?:was |is )?(?:the )?best\b" + _WHAT,
        r"\bbest\s+(?:\w+\s+)?epoch\b\W{0,5}(?:was |is |at )?0*(?P<epoch>\d+)",
        r"\bbest\b.{0,60}\b(?:at|in|from|on|after)\s+epoch\s+0*(?P<epoch>\d+)",
    )
)
_STOPPED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        _AT_EPOCH + r"\W{1,5}(?:training\s+)?(?:was\s+)?(?:early[\s-]stop|stopped)",
        r"\b(?:early[\s-]stop\w*|stopped(?:\s+early)?)\s+(?:\w+\s+)?(?:at|after|in)\s+" + _AT_EPOCH + _PLANNED,
        r"\bepochs?\s+trained\W{1,5}(?P<epoch>\d+)\s*/\s*(?P<planned>\d+)",
    )
)
_PATIENCE = re.compile(r"\bpatience\s*(?:=|:|of|was|is)\s*(?P<epochs>\d+)\b", re.IGNORECASE)
_ARROW = re.compile(r"\s*(?:→|-{1,2}>|=>|⇒)\s*")
_MODEL = re.compile(
    r"\W{0,4}(?:base |pre-?trained )?model(?: name)?\W{0,3}:\W{0,3}(?P<model>[\w./-]{3,80})\s*", re.IGNORECASE
)


def extract(page: Page) -> Iterator[Record]:
    """Yield what is stated as settings of a run (best_epoch, stopped_epoch, ...) and changes as evaluations.

    Only changes are claimed: the lines of a statement may hold figures for other blocks.
    """
    stated: dict[str | None, dict[str, Cell]] = {}
    for index, line in page.open_lines():
        lower = line.lower()
        if "→" in line or "->" in line or "=>" in line:
            yield from _change(page, index, line)
        if page.model is None and "model" in lower and (match := _MODEL.fullmatch(plain(line))):
            page.model = match["model"]
        if "epoch" in lower or "patience" in lower:
            run = context(page, index).run
            for cell in _statements(plain(line[:500]), page.at(index)):
                stated.setdefault(run, {})[cell.key] = cell  # the last statement is the final one
    for run, cells in stated.items():
        yield Record(tuple(cells.values()), "config", "statements", run=run)


def _change(page: Page, index: int, line: str) -> Iterator[Record]:
    """Yield what a metric changed to ("F1: 0.61 → 0.65"), and what it was before where that differs."""
    item = item_of(line)
    if item is None or not names_measure(item.key):
        return
    parts = [number_in(part) for part in _ARROW.split(item.text)]
    if len(parts) != 2 or parts[0] is None or parts[1] is None:
        return
    here = context(page, index)
    page.claim(index)
    group, at = f"line {index + 1}", page.at(index)
    yield Record((Cell(item.key, parts[1], at),), group=group, run=here.run, task=here.task, split=here.split)
    if parts[0] != parts[1]:
        before = f"before {here.task}" if here.task else "before"
        yield Record(
            (Cell(item.key, parts[0], at),), group=f"{group} before", run=here.run, task=before, split=here.split
        )


def _statements(text: str, at: str) -> Iterator[Cell]:
    """Yield best_epoch, "best <metric>", stopped_epoch, num_train_epochs and early_stopping_patience as stated."""
    best = next(filter(None, (pattern.search(text) for pattern in _BEST)), None)
    if best:
        yield Cell("best_epoch", best["epoch"], at)
        found = best.groupdict()
        if found.get("what") and found.get("number"):
            yield Cell(f"best {found['what'].strip()}", found["number"], at)
    stopped = next(filter(None, (pattern.search(text) for pattern in _STOPPED)), None)
    if stopped:
        yield Cell("stopped_epoch", stopped["epoch"], at)
        if stopped.groupdict().get("planned"):
            yield Cell("num_train_epochs", stopped["planned"], at)
    if patience := _PATIENCE.search(text):
        yield Cell("early_stopping_patience", patience["epochs"], at)

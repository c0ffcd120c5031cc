"""The lines of a training log: a step or an epoch, and the metrics at it (Keras, fairseq, flair, mmdet, PyTorch loops).

A metric line without an epoch of its own belongs to the line that names one: the one before it ("Epoch 3/20", then
the figures), or the one behind it (the figures of an evaluation, then "epoch 28: train_loss = ...").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from diagnose.readers.blocks._pairs import Pair, axes, is_measure, split_before
from diagnose.readers.headings import context
from diagnose.readers.records import Cell, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

ORDER = 50

_DIGIT = re.compile(r"\d|nan|NaN")
# A running average within an epoch: a later line of the epoch replaces it.
_PARTIAL = re.compile(r"\bETA\b|\d%\|")
_FRACTION = re.compile(r"(?:iter\w*|batch|step)\s*:?\s*\[?(\d+)\s*/\s*(\d+)|\]\s?\[\s*(\d+)/(\d+)\]", re.IGNORECASE)
_SETTING_OUT = re.compile(
    r"^\W*(?:running\s+)?(?:evaluat\w+|validat\w+|test\w*|train\w*)\b[^.\d]{0,50}(?:\.{3}|:|\*)\s*$", re.IGNORECASE
)
_CLOSING = re.compile(r"\b(?:final|best|overall|finished|summary|average over)\b", re.IGNORECASE)
_STARS = re.compile(r"[^\w*]*\*{3,}[^*]{1,60}\*{3,}")
# Beside each pair so many words may stand in a line of a log; a sentence has more.
_WORD = re.compile(r"[A-Za-z]{2,}")
_MOST_WORDS = 40
_BULLET = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")
_LABEL = re.compile(r"(?:^|\s)([A-Z][A-Za-z]+(?:[- ][A-Z][A-Za-z]+){0,3})\s*:\s*$")
# So many lines may lie between an epoch's line and its figures.
_NEAR = 6
# So many lines in a row with the same metrics are a log though they name no step: with a loss, and without.
_FEWEST_UNNUMBERED = 3
_FEWEST_WITHOUT_LOSS = 20


@dataclass
class _Row:
    """The metrics of one line (or of lines that belong together), and the axes that they were given.

    label: the words in front of them, which tell the row from others at the same step ("Manhattan-Distance:").
    """

    line: int
    cells: list[Cell]
    axes: list[Cell]
    split: str | None
    partial: bool
    lines: list[int] = field(default_factory=list)
    label: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(cell.key for cell in self.cells)


@dataclass(frozen=True)
class _Marker:
    """A line that names an epoch or a step without a metric."""

    line: int
    axes: tuple[Cell, ...]


def extract(page: Page) -> Iterator[Record]:
    """Claim the lines of a log and yield a record for each row; all of a document's rows are one history."""
    events = _events(page)
    _attach(page, events)
    rows = _without_running_averages([event for event in events if isinstance(event, _Row)])
    rows = _numbered(_with_steps_of_the_run(rows))
    first: dict[tuple[object, ...], str] = {}
    for row in rows:
        if row.axes:
            here = context(page, row.line)
            own = first.setdefault((tuple(cell.text for cell in row.axes), row.split, row.keys), row.label)
            task = row.label if row.label and own and row.label != own else here.task
            for line in row.lines:
                page.claim(line)
            cells = (*row.axes, *(c for c in row.cells if c.key not in {a.key for a in row.axes}))
            yield Record(cells, group="log", run=here.run, task=task, split=row.split or here.split)
    for event in events:
        if isinstance(event, _Marker):
            page.claim(event.line)


def _events(page: Page) -> list[_Row | _Marker]:
    events: list[_Row | _Marker] = []
    split: str | None = None
    in_block = False
    for i, line in page.open_lines():
        if line.rstrip()[-1] in ".:*" and _SETTING_OUT.match(line):
            split = split_before(line) or split
        in_block = ("***" in line and bool(_STARS.match(line))) or (in_block and _is_entry(page.pairs(i)))
        if in_block or not _DIGIT.search(line):
            continue
        on_line = axes(line, page.at(i))
        if not (on_line or page.hinted[i]) or len(_WORD.findall(line[:400])) > _MOST_WORDS:
            continue
        found = [pair for pair in page.pairs(i) if pair.name.known] if page.hinted[i] else []
        measures = [pair for pair in found if is_measure(pair.name)]
        if not measures:
            if on_line and len(line.strip()) < 200:
                events.append(_Marker(i, tuple(on_line)))
                split = None
        elif on_line or _is_log_line(line, found):
            row = _row(page, i, found, on_line)
            own_split = row.split
            row.split = row.split or split
            previous = events[-1] if events else None
            if isinstance(previous, _Row) and not on_line and _continues(previous, row, own_split):
                previous.cells += row.cells
                previous.lines.append(i)
            else:
                events.append(row)
    return events


def _is_entry(found: list[Pair]) -> bool:
    """Whether a line's pairs are an entry of a `***** eval metrics *****` block, which is a result and no row."""
    return len(found) == 1 and found[0].alone


def _is_log_line(line: str, found: list[Pair]) -> bool:
    words = len(_WORD.findall(line))
    return not line.lstrip().startswith("#") and not _BULLET.match(line) and words <= 6 + 4 * len(found)


def _row(page: Page, i: int, found: list[Pair], on_line: list[Cell]) -> _Row:
    line = page.lines[i]
    cells = [Cell(pair.key, pair.text, page.at(i)) for pair in found]
    before = line[: line.find(next(pair.key for pair in found if is_measure(pair.name)))]
    within = _FRACTION.search(line)
    if within and any(cell.key == "epoch" for cell in on_line):
        # Such a step counts from the start of its epoch.
        on_line = [cell for cell in on_line if cell.key == "epoch" or "num_updates" in line]
    partial = bool(_PARTIAL.search(line) or (within and on_line))
    label = _LABEL.search(before[-60:])
    return _Row(i, cells, on_line, split_before(before), partial, [i], label[1] if label else "")


def _continues(previous: _Row, row: _Row, own_split: str | None) -> bool:
    """Whether a line goes on with the row right above it: other metrics, and no other split."""
    return (
        row.line == previous.lines[-1] + 1
        and own_split is None
        and not set(row.keys) & set(previous.keys)
        and not previous.partial
    )


def _attach(page: Page, events: list[_Row | _Marker]) -> None:
    """Give the rows without axes those of the line that they belong to."""
    named = [i for i, event in enumerate(events) if event.axes]
    if not named:
        return
    loose = [i for i, event in enumerate(events) if isinstance(event, _Row) and not event.axes]
    figures_first = bool(loose) and loose[0] < named[0] and loose[-1] < named[-1]
    if figures_first:
        events.reverse()
    axes_now: tuple[Cell, ...] = ()
    where = -_NEAR
    for event in events:
        if event.axes:
            axes_now, where = tuple(event.axes), event.line
        elif isinstance(event, _Row):
            if abs(event.line - where) <= _NEAR and axes_now and not _CLOSING.search(page.lines[event.line]):
                event.axes, where = list(axes_now), event.line
            elif not axes_now and not figures_first:
                event.axes = _epoch_before(events, event)
    if figures_first:
        events.reverse()


def _epoch_before(events: list[_Row | _Marker], row: _Row) -> list[Cell]:
    """Return the epoch of a log's first figures where its first line is cut off: one before the next that is named."""
    following = next((event for event in events if isinstance(event, _Marker)), None)
    if following is None or not 0 < following.line - row.line <= 2 or following.axes[0].key != "epoch":
        return []
    number = following.axes[0].text
    return [Cell("epoch", str(int(number) - 1), following.axes[0].at)] if number.isdigit() and number != "0" else []


def _without_running_averages(rows: list[_Row]) -> list[_Row]:
    """Drop what a later line of the same epoch replaces; its line counts as read."""
    kept: list[_Row] = []
    for row in rows:
        if (
            kept
            and kept[-1].partial
            and _epoch(kept[-1]) == _epoch(row)
            and (row.partial or set(row.keys) & set(kept[-1].keys))
        ):
            row.lines += kept.pop().lines
        kept.append(row)
    return kept


def _epoch(row: _Row) -> str | None:
    return next((cell.text for cell in row.axes if cell.key == "epoch"), None)


def _with_steps_of_the_run(rows: list[_Row]) -> list[_Row]:
    """Return the rows numbered in place of steps that begin anew with every epoch."""
    last: tuple[float, float] = (-1.0, -1.0)
    anew = False
    for row in rows:
        place = {cell.key: float(cell.text) for cell in row.axes}
        if "epoch" in place and "step" in place:
            anew |= place["epoch"] > last[0] and place["step"] <= last[1]
            last = (place["epoch"], place["step"])
    if not anew:
        return rows
    places = list(dict.fromkeys(tuple(cell.text for cell in row.axes) for row in rows))
    for row in rows:
        number = str(places.index(tuple(cell.text for cell in row.axes)) + 1)
        row.axes = [*(c for c in row.axes if c.key == "epoch"), Cell("iteration", number, row.cells[0].at)]
    return rows


def _numbered(rows: list[_Row]) -> list[_Row]:
    """Give the rows of a log that names no step a number: three or more in a row with the same metrics."""
    numbered: list[_Row] = []
    at = 0
    while at < len(rows):
        stop = at + 1
        while stop < len(rows) and _same_kind(rows[at], rows[stop]):
            stop += 1
        run = rows[at:stop]
        has_loss = any("loss" in key.lower() for key in run[0].keys)
        if len(run) >= (_FEWEST_UNNUMBERED if has_loss else _FEWEST_WITHOUT_LOSS):
            run = [
                replace(row, axes=[*row.axes, Cell("iteration", str(n), row.cells[0].at)])
                for n, row in enumerate(run, 1)
            ]
        numbered += run
        at = stop
    return numbered


def _same_kind(first: _Row, other: _Row) -> bool:
    return (
        other.keys == first.keys
        and [c.text for c in other.axes] == [c.text for c in first.axes]
        and other.split == first.split
    )

"""scikit-learn's and seqeval's classification report as text, and others that are laid out like it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.readers.blocks._pairs import split_before
from diagnose.readers.headings import context
from diagnose.readers.records import Cell, Record
from diagnose.vocabulary import parse_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

ORDER = 30

# What stands in front of every line of a quoted or commented report.
_PREFIX = re.compile(r"[\s>#|*]*")
_NUMBER = re.compile(r"(?:\d[\d,]*\.?\d*(?:e[+-]?\d+)?|nan)%?", re.IGNORECASE)
_AVERAGES = frozenset(("accuracy", "micro avg", "macro avg", "weighted avg", "samples avg", "avg / total", "avg/total"))
_CAPTION = 3


def extract(page: Page) -> Iterator[Record]:
    """Claim every report: a header of metric names, then rows of a label and as many numbers."""
    i = 0
    while i < len(page.lines):
        header = None if page.claimed[i] else _header(page.lines[i])
        if header is None:
            i += 1
            continue
        stop, rows = _rows(page, i + 1, header)
        if rows:
            yield from _records(page, i, rows)
            page.claim(i, stop)
        i = max(stop, i + 1)


def _header(line: str) -> list[str] | None:
    """Return the column names of a report's header, or None where the line is none."""
    if "|" in line or not ("rec" in line.lower() and "pre" in line.lower()):
        return None
    names = _PREFIX.sub("", line, count=1).replace("f1 score", "f1-score").split()
    known = {parse_name(name).metric for name in names if parse_name(name).known}
    return names if {"precision", "recall"} <= known and len(known) == len(names) > 2 else None


def _rows(page: Page, start: int, header: list[str]) -> tuple[int, list[tuple[int, str, list[Cell]]]]:
    """Return where the report ends, and its rows as (line, label, cells)."""
    rows: list[tuple[int, str, list[Cell]]] = []
    stop = i = start
    blank = 0
    while i < len(page.lines) and not page.claimed[i]:
        line = _PREFIX.sub("", page.lines[i], count=1).rstrip()
        i += 1
        if not line or set(line) <= {"-", "=", " "}:
            blank += 1
            if blank > 2:
                break
            continue
        cells = _row(line, header, page.at(i - 1))
        if cells is None and rows and not blank and _is_cut(line, header):
            page.leave(i - 1, i, "a row of the report that lacks columns")
            stop = i
            continue
        if cells is None or (blank and rows and cells[0].lower() not in _AVERAGES and rows[-1][1].lower() in _AVERAGES):
            break
        blank = 0
        rows.append((i - 1, *cells))
        stop = i
    return stop, rows


def _is_cut(line: str, header: list[str]) -> bool:
    """Whether a line is a label with some of the numbers that a row has: one alone may be anything."""
    label, *values = line.split()
    numbers = [bool(_NUMBER.fullmatch(value)) for value in values]
    return 2 <= len(values) < len(header) and all(numbers) and not _NUMBER.fullmatch(label)


def _row(line: str, header: list[str], at: str) -> tuple[str, list[Cell]] | None:
    words = line.split()
    count = 0
    while count < min(len(words), len(header)) and _NUMBER.fullmatch(words[-1 - count]):
        count += 1
    label = " ".join(words[: len(words) - count])
    values = words[len(words) - count :]
    if label.lower() in ("accuracy", "acc") and count:
        support = [Cell("support", values[-1], at)] if count > 1 else []
        return "accuracy", [Cell("accuracy", values[0] if count < 3 else values[-2], at), *support]
    if count < len(header):
        return None
    if not label:
        # A class without a printable name, or a numeric one that was taken for a value.
        if len(words) <= len(header):
            return None
        label = words[0]
    return label, [Cell(name, value, at) for name, value in zip(header, values, strict=True)]


def _records(page: Page, top: int, rows: list[tuple[int, str, list[Cell]]]) -> Iterator[Record]:
    here = context(page, top)
    split = _caption_split(page, top) or here.split
    group = f"report at {page.at(top)}"
    for _, label, cells in rows:
        yield Record(tuple(cells), role="class", group=group, run=here.run, task=here.task, split=split, label=label)


def _caption_split(page: Page, top: int) -> str | None:
    """Return the split that a short line right above the report names ("Validation Results:")."""
    above = [line for line in page.lines[max(0, top - _CAPTION) : top] if line.strip()]
    for line in reversed(above):
        if len(line) < 80 and line.strip().endswith((":", "...", "*", "=", "-")) and (split := split_before(line)):
            return split
    return None

"""The reader of every text that is not JSON: logs, Markdown, pastes.

The text becomes a page of lines; the blocks claim what they understand, from the strictest form (a table, a
printed dict) to the loosest (a number in a sentence). What is left and holds a number that looks like a metric's
is listed as unread.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.readers._flags import flags_of
from diagnose.readers._pick import pick
from diagnose.readers.blocks import blocks
from diagnose.readers.page import Page
from diagnose.readers.records import Records
from diagnose.types import Unread

if TYPE_CHECKING:
    from diagnose.readers.records import Document, Record

__all__ = ["read", "sniff"]

# A longer line is no line of a log; its rest is left out.
_LONGEST_LINE = 20_000
_MOST_UNREAD = 50
# A document of more lines is skimmed: lines of words without a word of these are passed over.
_SKIMMED_FROM = 5000
_TOLD = ("epoch", "step", "iter", "learn", "batch", "seed", "eval", "test", "valid", "train", "[[", "|", "#")
# What loggers, mail and wandb write in front of a line: a time, a level, a module.
_STAMP = r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?Z?\]?"
_LEVEL = r"(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL)"
_PREFIX = re.compile(
    rf"\s*(?:>\s+)*(?:{_STAMP}(?:\[\w+\])*(?:\s*[-|:]?\s*(?:[\w.]+\s+[-:|]\s+)?\[?{_LEVEL}\]?)?(?:\s*[-|:]\s+\w+(?:\.\w+)+)?(?:\s*[-|:]\s+|\s+)"
    rf"|{_LEVEL}:[\w.]+:|wandb:\s)"
)
_NUMBER = re.compile(r"(?<![\w.])(?:\d+\.\d+|\d+(?:\.\d+)?\s?%)(?![\w.])")
_METRIC = re.compile(
    r"accura|\bacc\b|precision|recall|\bf1\b|f-?score|\bloss\b|\bauc\b|\bauroc\b|\bmae\b|\br?mse\b|\bwer\b|\bcer\b|\bbleu\b"
    r"|rouge|pearson|spearman|\bmcc\b|perplexity|\bm?ap\d*\b|\biou\b",
    re.IGNORECASE,
)


def sniff(document: Document) -> float:
    """Return 0.1 for every text: any other reader that knows the format knows it better."""
    return 0.1 if document.text.strip() else 0.0


def read(document: Document) -> Records:
    """Return what the blocks make of the text, its flags, and what none of them could use."""
    lines = document.lines
    page = Page(document.source, [_bare(line) for line in lines], gap=document.gap)
    if len(lines) > _SKIMMED_FROM:
        _skim(page)
    found = [(block.ORDER, record) for block in blocks() for record in block.extract(page)]
    kept, dropped = pick(found)
    records = Records(sorted(kept, key=_place), name=page.name, model=page.model, task_kind=page.task_kind)
    records.flags = [*page.flags, *flags_of(page)]
    records.unread = [*page.unread, *(Unread(page.source, at, text, why) for at, text, why in dropped)]
    for i, line in enumerate(lines):
        if len(line) > _LONGEST_LINE:
            records.unread.append(
                Unread(page.source, page.at(i), line[:100], "the rest of this long line was left out")
            )
    records.unread += _left_over(page)
    return records


def _skim(page: Page) -> None:
    """Claim the lines of a long document that hold words, but none that belongs to a result, and few numbers."""
    for i, line in enumerate(page.lines):
        if line.count(".") > 1 or not line or line[0] in " \t":
            continue
        lowered = line.lower()
        if not any(word in lowered for word in _TOLD) and not page.hinted[i]:
            page.claim(i)


def _bare(line: str) -> str:
    """Return a line without what a logger writes in front of it."""
    match = _PREFIX.match(line)
    return line[match.end() : match.end() + _LONGEST_LINE] if match else line[:_LONGEST_LINE]


def _place(record: Record) -> int:
    """Return the number of a record's first line: runs are listed in the order in which the text names them."""
    number = record.cells[0].at.removeprefix("line ") if record.cells else ""
    return int(number) if number.isdigit() else 0


def _left_over(page: Page) -> list[Unread]:
    """List the lines that no block claimed though they hold a number like a metric's; many of them as a count."""
    left = [
        Unread(page.source, page.at(i), line.strip()[:200], "not understood")
        for i, line in page.open_lines()
        if (page.hinted[i] or "ap" in line.lower()) and _NUMBER.search(line) and _METRIC.search(line)
    ]
    if len(left) > _MOST_UNREAD:
        more = Unread(page.source, "", "", f"{len(left) - _MOST_UNREAD} more lines with numbers were not understood")
        left = [*left[:_MOST_UNREAD], more]
    return left

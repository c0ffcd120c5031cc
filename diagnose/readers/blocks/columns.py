"""Tables without rules: a line of column names, then lines of numbers below them (spaCy, YOLO, TSV, detectron2).

The columns are apart by tabs, commas, two blanks, or one blank where no name holds one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.readers._numbers import is_absent, read_number
from diagnose.readers.blocks._pairs import is_measure
from diagnose.readers.headings import context
from diagnose.readers.records import Cell, Record
from diagnose.vocabulary import parse_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

ORDER = 35

# What a logger writes in front of the header and of each row.
_PREFIX = re.compile(
    r"^\s*(?:[>#]\s+)?(?:\[[\d/ :.,-]+\]\s*)?(?:[\w.]+\s+(?:INFO|DEBUG|WARNING):\s+)?(?:copypaste:\s+)?"
)
_BAR = re.compile(r":?\s{0,9}\d+%\|.*$")
_RULE = re.compile(r"[\s\-=+]+")
_FRACTION = re.compile(r"(\d+)/\d+")
_LETTERS = frozenset(("p", "r", "f"))
_AXES = {"e": "epoch", "#": "step", "itn.": "epoch", "itn": "epoch", "iter": "iteration", "epoch": "epoch"}
_NUMBER = re.compile(r"(?<=\s)[+-]?\d+(?:\.\d+)?(?=\s|\Z)")
_LONE_LETTERS = re.compile(r"\bP\s+R\b")
_BLANK = r"\s+"
_FEWEST = 3
_LONGEST = 2000
# More words than this are a sentence, no names of columns.
_MOST_WORDS = 30


def extract(page: Page) -> Iterator[Record]:
    """Claim each header with the rows below it; rows with a step or an epoch are a history."""
    for i in range(len(page.lines) - 1):
        if page.claimed[i] or not (page.hinted[i] or _LONE_LETTERS.search(page.lines[i])):
            continue
        if _NUMBER.search(page.lines[i]) and "%|" not in page.lines[i]:
            continue
        line, bars = _BAR.subn("", _PREFIX.sub("", page.lines[i], count=1))
        line = line.strip()
        if not line or line.startswith("|") or len(line) > _LONGEST:
            continue
        for separator in _separators(line):
            header = [name.strip() for name in re.split(separator, line)]
            if len(header) >= _FEWEST and _names_metrics(header, words=separator == _BLANK):
                rows = list(_rows(page, i + 1, header, separator, bar=bars > 0))
                if rows:
                    yield from _records(page, i, header, rows)
                    break


def _separators(line: str) -> list[str]:
    if "\t" in line:
        return [r"\t"]
    if "," in line:
        return [r","]
    return [r"\s{2,}", _BLANK] if "  " in line else [_BLANK]


def _names_metrics(header: list[str], *, words: bool) -> bool:
    """Whether the names are short, and one is a metric's (two, where they are single letters).

    words: the line may as well be a sentence, so that half of its words have to be known names.
    """
    if any(not name or len(name) > 40 for name in header) or (words and len(header) > _MOST_WORDS):
        return False
    known = [name for name in header if is_measure(parse_name(name))]
    letters = [n for n in known if n.lower().strip(".") in _LETTERS]
    enough = len(known) > len(letters) or len(letters) > 1
    if words and 2 * sum(parse_name(name).known or name.lower() in _AXES for name in header) < len(header):
        return False
    return enough and not any(read_number(name) for name in header)


def _rows(page: Page, start: int, header: list[str], separator: str, *, bar: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) while lines have a cell for each name, most of them numbers."""
    for i in range(start, len(page.lines)):
        line = _PREFIX.sub("", page.lines[i], count=1).strip()
        if page.claimed[i] or not line:
            return
        if _RULE.fullmatch(line):
            page.claim(i)
            continue
        cells = [cell.strip() for cell in re.split(separator, line)]
        if len(cells) != len(header) and separator != ",":
            cells = line.split()
        if bar and len(cells) > len(header):
            cells = cells[: len(header)]  # so does its row
        numbers = sum(read_number(cell) is not None or is_absent(cell) for cell in cells)
        if len(cells) != len(header) or numbers * 2 < len(cells):
            return
        yield i, cells


def _records(page: Page, top: int, header: list[str], rows: list[tuple[int, list[str]]]) -> Iterator[Record]:
    here = context(page, top)
    keys = [_AXES.get(name.lower(), name) for name in header]
    has_axis = any(parse_name(key).metric in ("epoch", "step", "iteration") for key in keys)
    page.claim(top)
    for i, texts in rows:
        page.claim(i)
        label = texts[0] if read_number(texts[0]) is None and not _FRACTION.fullmatch(texts[0]) else None
        cells = tuple(
            Cell(key, match[1] if (match := _FRACTION.fullmatch(text)) else text, page.at(i))
            for key, text in zip(keys, texts, strict=True)
            if text is not label and (read_number(text) or is_absent(text) or _FRACTION.fullmatch(text))
        )
        by_class = label is not None and not has_axis and label.lower() not in ("all", "overall", "total")
        yield Record(
            cells,
            role="class" if by_class else "metrics",
            group=f"columns {' '.join(keys)}" if has_axis else f"columns at {page.at(top)}",
            run=here.run,
            task=here.task,
            split=here.split,
            label=label if by_class else None,
        )

"""Names and numbers one a line or several: `eval_f1 = 0.8`, `- Accuracy: 64.08 %`, `***** eval metrics *****`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diagnose.readers.blocks._pairs import Pair, is_measure, split_before
from diagnose.readers.headings import Context, context, is_plan
from diagnose.readers.records import Cell, Record
from diagnose.vocabulary import parse_name, setting_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page
    from diagnose.readers.records import Role

ORDER = 70

_STARS = re.compile(r"[^\w*]*\*{3,}\s*([^*]{1,60}?)\s*\*{3,}")
_CAPTION = re.compile(r"[^\d=]{0,80}(?::|\.{3}|…)\W*\Z")
# "pearson: [dev] 90.42%  [test] 83.0%": one metric, several splits.
_BY_SPLIT = re.compile(r"\[(\w+)\]\s*([+-]?\d+(?:\.\d+)?\s?%?)")
_FASTTEXT_LABEL = re.compile(r"__label__(\S+)")
# A progress bar shows running averages.
_BAR = re.compile(r"\d%\||\bETA\b|\d+it/s")
_CODE = re.compile(
    r"^\s*(?:import |from |def |class |for |if |return |print\(|#|//|\$ |>>> ?\w+ ?=)|[^=!<>]==|self\."
    r"|\w(?<!tensor)(?<!array)(?<!float\d\d)\([^()]*\)\s*$"
)
# Prose after so many lines ends a list.
_APART = 8
# A longer line has to speak of a metric to be looked at.
_LONG = 80


@dataclass
class _List:
    """Pairs that belong together, and the lines that they stand on."""

    here: Context
    split: str | None
    pairs: list[tuple[Pair, int]] = field(default_factory=list)

    @property
    def last(self) -> int:
        return self.pairs[-1][1] if self.pairs else -1

    def has(self, pair: Pair) -> bool:
        return any((p.name.words, p.name.split) == (pair.name.words, pair.name.split) for p, _ in self.pairs)


def extract(page: Page) -> Iterator[Record]:
    """Claim the lines of every list of pairs with a metric or a setting in it, and yield a record for each list."""
    for found in _lists(page):
        settings = [(pair, i) for pair, i in found.pairs if not pair.name.known and setting_of(pair.key)]
        measured = any(is_measure(pair.name) or _full_double(pair) for pair, _ in found.pairs)
        timed = any(
            pair.name.known and pair.name.info and pair.name.info.kind in ("time", "rate") for pair, _ in found.pairs
        )
        kept = [
            (pair, i)
            for pair, i in found.pairs
            if pair.name.known or (measured and pair.alone and not setting_of(pair.key))
        ]
        if (measured or timed) and kept:
            yield _record(page, found, kept)
        if settings:
            yield _record(page, found, settings, role="config")


def _record(page: Page, found: _List, kept: list[tuple[Pair, int]], role: Role = "metrics") -> Record:
    for _, i in kept:
        page.claim(i)
    cells = tuple(Cell(pair.key, pair.text, page.at(i)) for pair, i in kept)
    here = found.here
    group = f"list at {page.at(kept[0][1])}"
    if role == "config":
        return Record(cells, role="config", group=group, run=here.run)
    role = "class" if here.label is not None else "metrics"
    split = found.split or here.split
    return Record(
        cells, role=role, group=group, run=here.run, task=here.task, split=split, label=here.label, machine=True
    )


def _lists(page: Page) -> list[_List]:
    lists: list[_List] = []
    split: str | None = None
    path: tuple[str, ...] | None = None
    fresh, planned = True, False
    for i, line in page.open_lines():
        if page.headings(i) != path:
            path, split, fresh = page.headings(i), None, True
            planned = any(map(is_plan, path))
        caption = _caption(line)
        if caption is not None:
            split, fresh = caption or split, True
            continue
        if planned or (len(line) > _LONG and not page.hinted[i]):
            continue
        found = ("[" in line and _by_split(line)) or page.pairs(i)
        if not found or _FASTTEXT_LABEL.search(line) or _BAR.search(line):
            continue
        if _CODE.search(line):
            continue
        if page.fenced[i]:
            found = [pair for pair in found if is_measure(pair.name)]
        for pair in found:
            current = lists[-1] if lists else None
            if fresh or current is None or current.has(pair) or i - current.last > _APART:
                current = _List(context(page, i), split)
                lists.append(current)
                fresh = False
            current.pairs.append((pair, i))
    return lists


def _caption(line: str) -> str | None:
    """Return the split that a caption names ("***** eval metrics *****"), "" for a caption without one, or None."""
    stars = _STARS.match(line) if "***" in line else None
    if stars:
        return split_before(stars[1]) or ""
    if (
        (":" in line or ".." in line or "…" in line)
        and _CAPTION.fullmatch(line.strip())
        and (split := split_before(line))
    ):
        return split
    return None


def _by_split(line: str) -> list[Pair]:
    key, _, rest = line.partition(":")
    found = _BY_SPLIT.findall(rest)
    if not found or not is_measure(parse_name(key)):
        return []
    named = [(f"{word} {key.strip(' -*`')}", number) for word, number in found if split_before(word)]
    return [Pair(name, number, parse_name(name), 0, 0, alone=True) for name, number in named]


def _full_double(pair: Pair) -> bool:
    """Whether an unknown name stands before a number that only a program prints, on a split it names itself."""
    digits = sum(c.isdigit() for c in pair.text)
    return pair.alone and pair.name.split is not None and not pair.name.known and digits >= 15

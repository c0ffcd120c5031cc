"""The twelve lines of a COCO evaluation: ` Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | ... ] = 0.371`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.readers.headings import context
from diagnose.readers.records import Cell, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

ORDER = 32

_LINE = re.compile(
    r"\s*Average (?:Precision|Recall)\s+\((AP|AR)\) @\[ IoU=([\d.:]+)\s+\| area=\s*(\w+) \| maxDets=\s*(\d+)\s*\]"
    r" = (-?\d+\.\d+)"
)
_KIND = re.compile(r"\*(bbox|segm|keypoints)\*")
_THRESHOLDS = {"0.50:0.95": "", "0.50": "50", "0.75": "75"}


def extract(page: Page) -> Iterator[Record]:
    """Claim each run of such lines and yield it as one record; the kind of annotation is its task."""
    cells: list[Cell] = []
    kind: str | None = None
    first = last = -1
    for i, line in page.open_lines():
        named = _KIND.search(line)
        match = _LINE.match(line)
        if cells and (named or (match and (i > last + 2 or _name(match) in {cell.key for cell in cells}))):
            yield _record(page, first, cells, kind)
            cells = []
        kind = named[1] if named else kind
        if match is None:
            continue
        if float(match[5]) < 0:
            page.leave(i, i + 1, "COCO prints -1 where the ground truth has no such object")
            continue
        page.claim(i)
        first, last = (i if not cells else first), i
        cells.append(Cell(_name(match), match[5], page.at(i)))
    if cells:
        yield _record(page, first, cells, kind)


def _name(match: re.Match[str]) -> str:
    """Return "mAP", "mAP50", "AP_small", "AR_100": the names that detection papers give to these lines."""
    kind, threshold, area, most, _ = match.groups()
    if area != "all":
        return f"{kind}_{area}"
    if kind == "AR":
        return f"AR_{most}"
    return f"mAP{_THRESHOLDS.get(threshold, threshold)}"


def _record(page: Page, first: int, cells: list[Cell], kind: str | None) -> Record:
    here = context(page, first)
    task = "/".join(part for part in (here.task, kind) if part) or None
    return Record(tuple(cells), group=f"COCO at {page.at(first)}", run=here.run, task=task, split=here.split)

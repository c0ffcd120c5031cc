"""JSON lines: an object on each line, as detectron2, fairseq and many training loops log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.readers._json_walk import Place, Walk
from diagnose.readers.json_tree import JsonObject, parse_json
from diagnose.types import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.records import Document, Records

__all__ = ["read", "sniff"]

_PROBED = 5
# More lines that are no JSON would only repeat what the first ones say.
_MOST_UNREAD = 20


def sniff(document: Document) -> float:
    """Return 0.6 where the first lines are JSON objects, one each."""
    if document.json is not None or not document.text.lstrip().startswith("{"):
        return 0.0
    probed = [line for _, (_, line) in zip(range(_PROBED), _filled(document), strict=False)]
    objects = sum(isinstance(parse_json(line), JsonObject) for line in probed)
    return 0.6 if objects > 1 and objects >= len(probed) - 1 else 0.0


def read(document: Document) -> Records:
    """Return each line as a row."""
    walk = Walk(document.source)
    failed = 0
    for number, line in _filled(document):
        at = f"line {number}"
        node = parse_json(line)
        if isinstance(node, JsonObject):
            walk.enter(node, Place(at, group="lines"))
            continue
        failed += 1
        if failed <= _MOST_UNREAD:
            walk.records.unread.append(Unread(document.source, at, line[:80], "not a JSON object"))
    return walk.records


def _filled(document: Document) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, numbered as in the source."""
    after, left_out = document.gap
    for i, line in enumerate(document.lines, start=1):
        if line.strip():
            yield (i if i <= after else i + left_out), line

"""Items of a list, or lines alike: "- learning_rate: 4e-05", "**F1** = 0.80", "warmup_steps=500"."""

from __future__ import annotations

import re
from typing import NamedTuple

from diagnose.readers._markup import plain

__all__ = ["Item", "item_of"]

_BULLET = re.compile(r"\s*(?:[-*+•–▪◦]|\d{1,3}[.)])\s+")
_BRANCH = re.compile(r"^[\s│|]*[├└][─━]*\s*")
_ITEM = re.compile(r"[\"']?(?P<key>[^:=|\"']{1,60})[\"']?\s{0,8}(?::(?!//)|=(?!=)|：)\s{0,8}(?P<value>\S.*)")


class Item(NamedTuple):
    """A key and the text behind it; `indent` in columns; `bullet`: a list mark stands in front."""

    key: str
    text: str
    indent: int
    bullet: bool


def item_of(line: str) -> Item | None:
    """Return the key and value of a line, or None where it has no such form."""
    if not line.isascii() or "|" in line:
        line = _BRANCH.sub("- ", line)
    bullet = _BULLET.match(line)
    body = line[bullet.end() :] if bullet else line
    match = _ITEM.match(plain(body))
    if match is None or not any(c.isalpha() for c in match["key"]):
        return None
    indent = len(line) - len(line.lstrip())
    return Item(match["key"].strip(" -"), match["value"].rstrip(", \\"), indent, bullet is not None)

"""JSON with every number kept as it was written.

A float cannot say whether the file held 0.89 or 0.8900000000000001, and the difference decides what is proved.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

__all__ = ["JsonObject", "NumberText", "parse_json", "pointer"]


class NumberText(str):
    """A JSON number as it was written; NaN and Infinity are among them."""

    __slots__ = ()


class JsonObject(dict[str, Any]):
    """A JSON object that remembers which of its names were given more than once (the last one counts)."""

    __slots__ = ("repeated",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated: tuple[str, ...] = ()
        if len(self) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            self.repeated = tuple(name for name, count in counts.items() if count > 1)


def parse_json(text: str) -> Any:
    """Return `text` as a JSON tree, its numbers as `NumberText`; None where it is not JSON, or nested too deeply."""
    try:
        return json.loads(
            text.lstrip("\ufeff"),
            parse_float=NumberText,
            parse_int=NumberText,
            parse_constant=NumberText,
            object_pairs_hook=JsonObject,
        )
    except (ValueError, RecursionError):
        return None


def pointer(path: str, key: str | int) -> str:
    """Return the JSON pointer (RFC 6901) of `key` below `path`."""
    return f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"

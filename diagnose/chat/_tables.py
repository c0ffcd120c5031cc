"""The tables of the conversation, in prompts/chat: what can be asked, how it is said, and the words of the replies."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from string import Template
from typing import TYPE_CHECKING, Any

from diagnose.assets import asset_dir

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["filled", "load", "say", "words"]

_PART = re.compile(r"\{([a-z_]+)\}")


@cache
def load(name: str) -> dict[str, Any]:
    """Return the table of prompts/chat/NAME.toml."""
    return tomllib.loads((asset_dir("prompts") / "chat" / f"{name}.toml").read_text(encoding="utf-8"))


def words(table: str) -> dict[str, str]:
    """Return a table of words.toml."""
    found: dict[str, str] = load("words")[table]
    return found


def say(name: str, **names: str) -> str:
    """Return a sentence of prompts/chat/words.toml, filled in."""
    return Template(words("says")[name]).substitute(names)


def filled(pattern: str, parts: Mapping[str, str]) -> str:
    """Return a regular expression with the named parts in it; braces with a number in them are its own."""
    return _PART.sub(lambda match: parts[match[1]], pattern)

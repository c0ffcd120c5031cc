"""The closed set of questions that are answered without a model, and how they are recognised.

The set is the table prompts/chat/intents.toml.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.chat._tables import filled, load
from diagnose.chat.mentions import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.chat.mentions import Mentions

__all__ = ["Intent", "intents", "recognise"]


class Intent(NamedTuple):
    """A kind of question.

    example: how it may be asked, for the help, "" where it needs none; pattern: what it looks like in a message that
    was made plain (`mentions.plain`); needs: fields of `Mentions` of which the message has to fill one.
    """

    name: str
    example: str
    pattern: re.Pattern[str]
    needs: tuple[str, ...] = ()


@cache
def intents() -> tuple[Intent, ...]:
    """Return the closed set, in the order of trial."""
    table = load("intents")
    return tuple(
        Intent(
            entry["name"],
            entry.get("example", ""),
            re.compile("|".join(_patterns(entry, table["parts"])), re.ASCII),
            tuple(entry.get("needs", ())),
        )
        for entry in table["intent"]
    )


def _patterns(entry: Mapping[str, Any], parts: Mapping[str, str]) -> Iterator[str]:
    if "things" in entry:
        yield f"{parts['start']}{parts['show']}(?:{'|'.join(entry['things'])}){parts['end']}"
    for pattern in entry.get("patterns", ()):
        yield filled(pattern, parts)


def recognise(text: str, mentions: Mentions) -> str | None:
    """Return the name of the intent of a question, None where it is none of the closed set."""
    asked = plain(text)
    for intent in intents():
        if intent.needs and not any(getattr(mentions, kind) for kind in intent.needs):
            continue
        if intent.pattern.search(asked):
            return intent.name
    return None

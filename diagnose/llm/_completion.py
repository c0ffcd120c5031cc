"""The text of a chat completion, out of the bytes that a server sends: a stream of events, or one document.

The openai package's own stream class is not used: it reads lines without an end, waits on comments for ever, and lets
errors of several kinds through.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from diagnose.errors import ModelError
from diagnose.llm._connection import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["NO_CHAT", "texts"]

NO_CHAT = "what the server sent is no chat completion"

_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")  # what a line of an event stream begins with
_LEAD = b"\xef\xbb\xbf \t"  # a byte order mark, blanks
_ENDINGS = {
    "length": "the answer was cut off at the server's limit of length",
    "content_filter": "the server's content filter withheld the answer",
    "tool_calls": "the model called a tool, and none was offered to it",
    "function_call": "the model called a tool, and none was offered to it",
}


def texts(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the answer's text as it comes; ModelError where there will be none, Refused for an error in its place."""
    lines = _lines(pieces)
    first = next((begun for line in lines if (begun := line.lstrip(_LEAD))), b"")
    if first.startswith(_FIELDS):
        yield from _events(first, lines)
    elif first.startswith(b"{"):  # asked for a stream, it sends the whole
        yield _said(b"\n".join([first, *lines]), "message")
    else:
        raise ModelError(f"{NO_CHAT} but a web page" if first.startswith(b"<") else NO_CHAT)


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []
    for piece in pieces:
        head, *rest = piece.split(b"\n")
        begun.append(head)
        for line in rest:
            yield b"".join(begun).rstrip(b"\r")
            begun = [line]
    yield b"".join(begun)


def _events(first: bytes, rest: Iterator[bytes]) -> Iterator[str]:
    line: bytes | None = first
    while line is not None:
        if line.startswith(b"data:"):
            data = line.removeprefix(b"data:").strip()
            if data.startswith(b"[DONE]"):
                return
            yield _said(data, "delta")
        line = next(rest, None)


def _said(document: bytes, part: str) -> str:
    """Return the text in `part` of the first choice; a last piece with figures of its use has no choice."""
    try:
        tree = json.loads(document.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise ModelError(NO_CHAT) from None
    if not isinstance(tree, dict):
        raise ModelError(NO_CHAT)
    if error := tree.get("error"):
        code = _dict(error).get("code")
        raise Refused(code if type(code) is int else 500, json.dumps(error))
    choices = tree.get("choices")
    choice = _dict(choices[0] if isinstance(choices, list) and choices else None)
    message = _dict(choice.get(part))
    if message.get("refusal"):
        raise ModelError("the model refused to answer")
    ending = choice.get("finish_reason")
    if isinstance(ending, str) and ending in _ENDINGS:
        raise ModelError(_ENDINGS[ending])
    content = message.get("content")
    return content if isinstance(content, str) else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

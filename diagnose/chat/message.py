"""What a message is: metrics, a question, or both at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from diagnose.chat.spoken import is_supposing
from diagnose.errors import UnreadableInputError
from diagnose.readers import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diagnose.types import Run

__all__ = ["Message", "split_message"]

# A question around a paste is a line or two at its head or its foot.
_QUESTION_LINES = 2
_LONGEST_QUESTION = 300
# Below a longer paste, a line that asks is one of the paste, unless the closed set knows the question.
_SHORT_PASTE = 25
_DIGIT = re.compile(r"[0-9]|\bnan\b", re.IGNORECASE)
# name = number, name: number, "name": number; in a sentence that asks, a word and a number are no such pair.
_PAIR = re.compile(
    r"[A-Za-z0-9_)\]][\"'`*]{0,3}[ \t]{0,3}[:=][ \t]{0,3}[\"'`*]{0,3}[-+]?(?:[0-9]|\.[0-9]|nan\b)", re.IGNORECASE
)
# A row of a table under its header: numbers between commas, tabs or bars.
_ROW = re.compile(r"[0-9][ ]*[,;|\t][ ]*-?[0-9.]+[ ]*[,;|\t]")
_JSON = re.compile(r"\s*(?:```\w*\s*)?[\[{]")


class Message(NamedTuple):
    """A message taken apart.

    paste: the text with the metrics, "" where there is none: lines of the question are left empty, so that the others
    keep their numbers; runs: what was read from it; question: the rest; problem: why a text that looks like metrics
    could not be read.
    """

    paste: str = ""
    runs: tuple[Run, ...] = ()
    question: str = ""
    problem: UnreadableInputError | None = None


def split_message(text: str, is_question: Callable[[str], bool], name: str, *, first: bool = True) -> Message:
    """Take a message apart.

    is_question: whether the closed set of intents knows a line; name: what the paste is to be called; first: no
    metrics were given before, so that a number in a sentence is one to talk about.
    """
    head, _, tail = text.strip().partition(":")
    inline = "\n" not in text.strip() and _DIGIT.search(tail) is not None and _DIGIT.search(head) is None
    if inline := inline and is_question(head):
        text = f"{head}:\n{tail}"  # "compare with this: accuracy 0.55"
    lines = text.splitlines()
    filled = [i for i, line in enumerate(lines) if line.strip()]
    if not inline and not _looks_like_metrics(text, [lines[i] for i in filled], is_question, first=first):
        return Message(question=text.strip())
    asked = _asked(lines, filled, is_question)
    paste = "\n".join("" if i in asked else line for i, line in enumerate(lines))
    question = " ".join(lines[i].strip() for i in sorted(asked))
    try:
        return Message(paste, tuple(read_text(paste, name)), question)
    except UnreadableInputError as problem:
        if len(filled) == 1 or is_question(text):  # a sentence with a number in it
            return Message(question=text.strip())
        return Message(question=question, problem=problem)


def _looks_like_metrics(text: str, filled: Sequence[str], is_question: Callable[[str], bool], *, first: bool) -> bool:
    """Whether a text has the shape of metrics: several lines with numbers, a JSON text, or pairs of name and number."""
    numbered = sum(_DIGIT.search(line) is not None for line in filled)
    if not numbered:
        return bool(_JSON.match(text)) and len(filled) > 1
    if len(filled) == 1:
        line = filled[0]
        pairs = len(_PAIR.findall(line[:5000]))
        if _JSON.match(line) and pairs:
            return True
        if is_question(line):
            return first and bool(pairs or line.rstrip().endswith("?"))
        return pairs > 0 or first
    return numbered > 1 or any(_PAIR.search(line[:5000]) or _ROW.search(line[:5000]) for line in filled)


def _asked(lines: Sequence[str], filled: Sequence[int], is_question: Callable[[str], bool]) -> set[int]:
    """Return the numbers of the lines at the head and the foot that ask, and hold no metric themselves."""

    def asks(at: int, *, surely: bool) -> bool:
        line = lines[at].strip()
        if len(line) > _LONGEST_QUESTION or _PAIR.search(line) or line.startswith(("#", "|", "{", "[", "-", "*", ">")):
            return False
        if _DIGIT.search(line) and not line.endswith("?") and not is_supposing(line):
            return False  # "250 rows" under a table is one of its numbers
        return is_question(line) or (surely and line.endswith("?"))

    found: set[int] = set()
    if len(filled) < 2:
        return found
    for at in filled[:_QUESTION_LINES]:
        if not asks(at, surely=True):
            break
        found.add(at)
    for at in reversed(filled[-_QUESTION_LINES:]):
        if at in found or not asks(at, surely=len(filled) <= _SHORT_PASTE):
            break
        found.add(at)
    return found

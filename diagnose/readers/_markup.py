"""Markdown's inline markup, taken off: what a table cell, a heading or a list item says in plain words."""

from __future__ import annotations

import re
import unicodedata

from diagnose.readers._numbers import read_number

__all__ = ["is_number", "number_in", "plain", "words"]

# The bounds keep a line of many brackets from being scanned again and again.
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()]{0,600}\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|%$~<>])")
_MARKS = re.compile(r"\*+|`+|~~|(?<!\w)_+|_+(?!\w)|\$")
_UNSEEN = {"\ufe0f", "\u200d", "\u200b", "\ufeff"}
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
# A dict of one metric, as the `evaluate` library returns it and a Trainer prints it.
_SINGLE = re.compile(r"\{\s*['\"]?[\w ]{1,40}['\"]?\s*:\s*([^{},\[\]]{1,60})\}")


def words(text: str) -> frozenset[str]:
    """Return the set of the words of `text`, which blanks divide."""
    return frozenset(text.split())


def plain(text: str) -> str:
    """Return `text` without bold, code ticks, links, tags, emoji and escapes, its blanks collapsed."""
    if "[" in text:
        text = _LINK.sub(r"\1", text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "\\" in text:
        text = _ESCAPE.sub(lambda m: "\x00" if m[1] == "_" else m[1], text)
    if "_" in text or "*" in text or "`" in text or "$" in text or "~" in text:
        text = _MARKS.sub("", text)
    if "\x00" in text:
        text = text.replace("\x00", "_")
    if not text.isascii():
        text = _NOT_ASCII.sub(_seen, text)
    return " ".join(text.split())


def _seen(match: re.Match[str]) -> str:
    c = match[0]
    return "" if c in _UNSEEN or unicodedata.category(c) in ("So", "Co", "Cn", "Cs") else c


def number_in(text: str) -> str | None:
    """Return the number that a cell consists of, with its "~", "%" and spread, or None.

    Decoration behind it is dropped: "0.93 (best)", "64.1% ↑". A range ("66-68%"), a bound ("> 0.9"),
    a fraction ("17/18") or a number with a unit ("75 min") is no number of a metric.
    """
    text = plain(text)
    if match := _SINGLE.fullmatch(text):
        text = match[1].strip()
    text = text.rstrip("+†‡^↑↓" if "(" in text else "+†‡^↑↓)")
    if read_number(text):
        return text
    head, _, rest = text.partition(" ")
    return head if rest and _is_decoration(rest.strip()) and read_number(head) else None


def _is_decoration(rest: str) -> bool:
    """Whether what follows a number is a remark: in brackets, or signs without words and digits."""
    if rest[0] + rest[-1] in ("()", "[]"):
        return True
    return not rest[0].isalnum() and not any(c.isdigit() for c in rest) and rest[0] not in "-–—/:×"


def is_number(text: str) -> bool:
    """Whether the cell is a number."""
    return number_in(text) is not None

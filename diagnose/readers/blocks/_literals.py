"""A scanner for printed Python and JSON values inside a text: dicts, arrays, tensors, NaN. Nothing is evaluated."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from diagnose.readers.json_tree import JsonObject, NumberText, pointer

__all__ = ["Printed", "printed_dicts"]

_DEEPEST = 12
_LONGEST = 200_000
# Blanks, the marks of a quoted mail, and the comments of Python code.
_SPACE = re.compile(r"(?:[\s>]|#[^\n]*\n)*")
_STRING = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"")
_NUMBER = re.compile(r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])|[+-]?(?:nan|inf|NaN|Infinity)\b")
_WORD = re.compile(r"[A-Za-z_][\w.]*")
_WORDS = {"None": None, "null": None, "True": True, "true": True, "False": False, "false": False}
_OPEN = re.compile(r"\{\s*['\"]|OrderedDict\(\[\s*\(\s*['\"]")


class _NotALiteralError(Exception):
    """The text at a position is no printed value; `at` is where that became clear."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


@dataclass
class Printed:
    """A printed dict as a tree like that of `parse_json`: where it stands in the text, and where each entry does.

    places: positions in the text by JSON pointer; broken: the text ends, or becomes something else, before the
    dict does: `entries` is what came before.
    """

    start: int
    end: int
    entries: JsonObject = field(default_factory=lambda: JsonObject([]))
    places: dict[str, int] = field(default_factory=dict)
    broken: bool = False


def printed_dicts(text: str) -> list[Printed]:
    """Return every printed dict of `text` that has at least one entry, in order; in time linear in the text."""
    found: list[Printed] = []
    position = 0
    while match := _OPEN.search(text, position):
        printed = Printed(match.start(), match.start())
        scanner = _Scanner(text, match.start(), printed.places)
        try:
            printed.end = scanner.mapping(match.start(), printed.entries, "")
        except _NotALiteralError as error:
            printed.end, printed.broken = max(error.at, match.end()), True
        if printed.entries:
            found.append(printed)
        position = max(printed.end, match.end())
    return found


class _Scanner:
    """Reads one value after the other; every method returns the position behind what it read."""

    def __init__(self, text: str, start: int, places: dict[str, int]) -> None:
        self.text = text
        self.places = places
        self.limit = min(len(text), start + _LONGEST)

    def skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def expect(self, at: int, mark: str) -> int:
        at = self.skip(at)
        if at >= self.limit or not self.text.startswith(mark, at):
            raise _NotALiteralError(at)
        return at + len(mark)

    def mapping(self, at: int, entries: JsonObject, path: str) -> int:
        """Read a dict (or an OrderedDict's pairs) into `entries`, entry by entry, so that a broken one keeps some."""
        if not self.text.startswith("{", at):
            return self._pairs(self.expect(self.expect(at, "OrderedDict("), "["), entries, path)
        at = self.skip(at + 1)
        while not self.text.startswith("}", at):
            key, at = self.key(at)
            at = self._entry(self.expect(at, ":"), key, entries, path)
            at = self.skip(at)
            if self.text.startswith(",", at):
                at = self.skip(at + 1)
            elif not self.text.startswith("}", at):
                raise _NotALiteralError(at)
        return at + 1

    def _pairs(self, at: int, entries: JsonObject, path: str) -> int:
        at = self.skip(at)
        while not self.text.startswith("]", at):
            key, at = self.key(self.skip(self.expect(at, "(")))
            at = self.expect(self._entry(self.expect(at, ","), key, entries, path), ")")
            at = self.skip(at)
            if self.text.startswith(",", at):
                at = self.skip(at + 1)
        return self.expect(at + 1, ")")

    def _entry(self, at: int, key: str, entries: JsonObject, path: str) -> int:
        """Read one value; a nested dict is entered before it is read, for the same reason."""
        path = pointer(path, key)
        self.places[path] = at
        at = self.skip(at)
        if self.text.startswith(("{", "OrderedDict("), at) and path.count("/") < _DEEPEST:
            nested = JsonObject([])
            entries[key] = nested
            return self.mapping(at, nested, path)
        value, at = self.value(at, path.count("/"))
        entries[key] = value
        return at

    def key(self, at: int) -> tuple[str, int]:
        match = _STRING.match(self.text, at)
        if match:
            return match[1] if match[1] is not None else match[2], match.end()
        match = _NUMBER.match(self.text, at)
        if match:
            return match[0], match.end()
        raise _NotALiteralError(at)

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        at = self.skip(at)
        if at >= self.limit or depth > _DEEPEST:
            raise _NotALiteralError(at)
        if match := _NUMBER.match(self.text, at):
            return NumberText(match[0]), match.end()
        if match := _STRING.match(self.text, at):
            return match[1] if match[1] is not None else match[2], match.end()
        opening = self.text[at]
        if opening == "{":
            nested = JsonObject([])
            return nested, self.mapping(at, nested, "/" * (depth + 1))
        if opening in "[(":
            return self.sequence(at + 1, "]" if opening == "[" else ")", depth + 1)
        match = _WORD.match(self.text, at)
        if not match:
            raise _NotALiteralError(at)
        if match[0] in _WORDS:
            return _WORDS[match[0]], match.end()
        return self.call(match.end(), depth)

    def call(self, at: int, depth: int) -> tuple[Any, int]:
        """Read `array([...], dtype=float32)`, `tensor(0.5, device='cuda:0')`: the first argument is the value."""
        at = self.expect(at, "(")
        if self.text.startswith("<class", at):
            at = self.expect(self.text.find(">", at) + 1 or self.limit, ",")
        value, at = self.value(at, depth + 1)
        at = self.skip(at)
        while self.text.startswith(",", at):
            name = _WORD.match(self.text, self.skip(at + 1))
            if not name:
                raise _NotALiteralError(at)
            at = self.skip(name.end())
            if self.text.startswith("=", at):
                _, at = self.argument(at + 1, depth)
                at = self.skip(at)
        return value, self.expect(at, ")")

    def argument(self, at: int, depth: int) -> tuple[Any, int]:
        """Read a keyword's value, which may be a bare name (`dtype=torch.float32`) or a call."""
        at = self.skip(at)
        word = _WORD.match(self.text, at)
        if word and word[0] not in _WORDS and not self.text.startswith("(", word.end()):
            return None, word.end()
        if word and self.text.startswith("<", word.end()):  # grad_fn=<MeanBackward0>
            return None, word.end()
        if self.text.startswith("<", at):
            end = self.text.find(">", at, at + 200)
            if end < 0:
                raise _NotALiteralError(at)
            return None, end + 1
        return self.value(at, depth + 1)

    def sequence(self, at: int, close: str, depth: int) -> tuple[list[Any], int]:
        """Read a list or tuple; numpy prints its numbers without commas and may leave out the middle ("...")."""
        items: list[Any] = []
        at = self.skip(at)
        while not self.text.startswith(close, at):
            if self.text.startswith("...", at):
                items.append(None)
                at += 3
            else:
                item, at = self.value(at, depth)
                items.append(item)
            at = self.skip(at)
            if self.text.startswith(",", at):
                at = self.skip(at + 1)
        return items, at + 1

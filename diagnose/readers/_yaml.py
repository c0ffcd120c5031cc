"""A small, tolerant reader of YAML's block style, for the front matter of model cards.

It knows indented mappings, lists, quoted and bare scalars, and keeps every scalar's text and line. Anchors, tags and
flow style are left as text: what a card needs is its names and its numbers, not the whole language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Node", "Scalar", "parse_yaml", "text_of"]

_KEY = re.compile(
    r"(?P<key>\"[^\"]{1,200}\"|'[^']{1,200}'|[^\s#\-\[{\"'][^:]{0,200}?|-[^\s:][^:]{0,200})\s?:(?:\s+(?P<value>.*))?$"
)
_DEEPEST = 40


class Scalar(NamedTuple):
    """A text and the index of its line."""

    text: str
    line: int


Node: TypeAlias = "Scalar | dict[str, Node] | list[Node]"


@dataclass(slots=True)
class _Line:
    indent: int
    text: str
    number: int


def parse_yaml(lines: Sequence[str], offset: int = 0) -> Node:
    """Return the tree of `lines`; `offset` is the index of the first one. What does not fit is passed over."""
    stack = [
        _Line(len(line) - len(line.lstrip()), line.strip(), offset + i)
        for i, line in enumerate(lines)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    stack.reverse()
    return _node(stack, stack[-1].indent, 0) if stack else {}


def text_of(node: Node | None) -> str:
    """Return the text of a scalar, or "" for anything else."""
    return node.text if isinstance(node, Scalar) else ""


def _node(stack: list[_Line], indent: int, depth: int) -> Node:
    """Read the lines on top of `stack` that are indented by `indent` or more."""
    line = stack[-1]
    if depth < _DEEPEST and (line.text.startswith("- ") or line.text == "-"):
        return _list(stack, indent, depth)
    if depth < _DEEPEST and _KEY.match(line.text):
        return _mapping(stack, indent, depth)
    words: list[str] = []
    while stack and stack[-1].indent >= indent:
        words.append(stack.pop().text)
    return Scalar(_unquoted(" ".join(words)), line.number)


def _list(stack: list[_Line], indent: int, depth: int) -> list[Node]:
    items: list[Node] = []
    while stack and stack[-1].indent >= indent:
        line = stack.pop()
        if not (line.text.startswith("- ") or line.text == "-") or line.indent > indent:
            continue
        rest = line.text[1:].lstrip()
        if rest:
            # The item's own first line, as though it stood alone behind its dash.
            inner = line.indent + len(line.text) - len(rest)
            stack.append(_Line(inner, rest, line.number))
            items.append(
                _node(stack, inner, depth + 1) if _KEY.match(rest) or rest.startswith("- ") else _scalar(stack)
            )
        elif stack and stack[-1].indent > indent:
            items.append(_node(stack, stack[-1].indent, depth + 1))
    return items


def _mapping(stack: list[_Line], indent: int, depth: int) -> dict[str, Node]:
    found: dict[str, Node] = {}
    while stack and stack[-1].indent >= indent:
        line = stack.pop()
        match = _KEY.match(line.text)
        if match is None or line.indent > indent or line.text.startswith("- "):
            continue
        key, value = _unquoted(match["key"]), (match["value"] or "").strip()
        if value and value not in ("|", ">", "|-", ">-"):
            found[key] = Scalar(_unquoted(value), line.number)
        elif stack and (stack[-1].indent > indent or (stack[-1].indent == indent and stack[-1].text.startswith("-"))):
            found[key] = _child(stack, indent, depth)
        else:
            found[key] = Scalar("", line.number)
    return found


def _child(stack: list[_Line], indent: int, depth: int) -> Node:
    """Read the value below a key; a list may stand at the key's own indentation and then ends with its last dash."""
    if stack[-1].indent > indent:
        return _node(stack, stack[-1].indent, depth + 1)
    held: list[_Line] = []
    while stack and (stack[-1].indent > indent or (stack[-1].indent == indent and stack[-1].text.startswith("-"))):
        held.append(stack.pop())
    held.reverse()
    return _node(held, indent, depth + 1)


def _scalar(stack: list[_Line]) -> Scalar:
    line = stack.pop()
    return Scalar(_unquoted(line.text), line.number)


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text.split(" #", 1)[0].rstrip()

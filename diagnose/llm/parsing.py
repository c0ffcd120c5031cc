"""A model's reply to the JSON object in it: fences, preambles and thoughts put aside, nothing repaired."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from diagnose.llm.answer import Violation

__all__ = ["Parsed", "parse"]

# The longest answer that names every statement of a large pack once is a tenth of this.
_LONGEST = 64 * 1024
_MOST_STARTS = 64
_DEEPEST = 8
_THOUGHT_END = re.compile(r"</(?:think|thinking|reasoning)>", re.IGNORECASE)


class Parsed(NamedTuple):
    """The answer as a JSON object, {} where there is none, and what is wrong with it as JSON."""

    tree: dict[str, Any]
    violations: tuple[Violation, ...] = ()


def parse(text: str) -> Parsed:
    """Find the answer in a reply: the first object with a verdict; never an exception, whatever the reply is.

    A key that occurs twice is a violation, and the first value is kept: most readers silently take the last, which
    turns an answer round.
    """
    text = _without_thoughts(text)
    if len(text) > _LONGEST:
        return Parsed({}, (Violation("too-long", "", f"The answer is longer than {_LONGEST} characters."),))
    at = text.find("{")
    for _ in range(_MOST_STARTS):
        if at < 0:
            break
        faults: list[Violation] = []
        try:
            tree, end = _decoder(faults).raw_decode(text, at)
        except (ValueError, RecursionError):  # no JSON here, or brackets without end
            end = at + 1
        else:
            if "verdict" in tree:
                return _shallow(Parsed(tree, tuple(dict.fromkeys(faults))))
        at = text.find("{", end)
    return Parsed({}, (Violation("no-json", "", "The answer holds no complete JSON object with a verdict."),))


def _without_thoughts(text: str) -> str:
    """Cut off what a model thought before it answered, also where the chat template ate the opening tag."""
    ends = [match.end() for match in _THOUGHT_END.finditer(text)]
    return text[ends[-1] :] if ends else text


def _decoder(faults: list[Violation]) -> json.JSONDecoder:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for key, value in items:
            if key in tree:
                faults.append(Violation("duplicate-key", "", "A key occurs twice in one object."))
            tree.setdefault(key, value)
        return tree

    def constant(_: str) -> None:
        faults.append(Violation("not-json", "", "NaN and Infinity are no JSON."))

    return json.JSONDecoder(object_pairs_hook=pairs, parse_constant=constant)


def _shallow(parsed: Parsed) -> Parsed:
    level: list[object] = [parsed.tree]
    for _ in range(_DEEPEST):
        inner = [list(node.values()) if isinstance(node, dict) else node for node in level]
        level = [child for node in inner if isinstance(node, list) for child in node]
    if any(isinstance(node, (dict, list)) for node in level):
        return Parsed({}, (Violation("too-deep", "", f"The answer is nested deeper than {_DEEPEST} levels."),))
    return parsed

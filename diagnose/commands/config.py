"""`diagnose config [FILE ...]`: the configuration that holds for the inputs, and where each value came from."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from diagnose.api import rules_of
from diagnose.commands._options import add_policy_options, config_of
from diagnose.commands._output import emit
from diagnose.report._words import clean

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from diagnose.config import Policy

__all__ = ["HELP", "arguments", "run"]

HELP = "print the configuration that holds for an input, and where each of its values came from"


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments: those of the check."""
    add_policy_options(parser)


def run(arguments: Namespace) -> int:
    """Print what holds for each input, or without one for standard input."""
    config = config_of(arguments)
    texts = []
    for source in arguments.inputs or ["-"]:
        policy = config.policy(source)
        rules_of(policy)
        texts.append("".join(f"{line}\n" for line in _lines(source, policy)))
    emit(lambda _: "\n".join(texts), None)
    return 0


def _lines(source: str, policy: Policy) -> Iterator[str]:
    """Yield a line of TOML for each value, with its origin as a comment; what adds up has one line an item."""
    yield f"# {clean(source)}"
    rows = [(f"{_key(entry.key)} = {_toml(entry.value)}", clean(entry.origin)) for entry in policy.entries]
    width = max(len(text) for text, _ in rows)
    for text, origin in sorted(rows, key=lambda row: row[0].partition(" ")[0]):
        yield f"{clean(text, 1000):{width}}  # {origin}"


def _key(path: tuple[str, ...]) -> str:
    return ".".join(part if re.fullmatch(r"[\w-]+", part, re.ASCII) else _toml(part) for part in path)


def _toml(value: object) -> str:
    """Return a value as TOML writes it; JSON writes numbers, words, truth values and lists of words alike."""
    return json.dumps(value, ensure_ascii=False)

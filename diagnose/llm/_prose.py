"""The words of the explanation: the templates in prompts/explain, and how sure a sentence is of itself."""

from __future__ import annotations

import string
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any

from diagnose.assets import asset_dir
from diagnose.report._words import clean
from diagnose.types import Proof

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["bare", "capital", "ended", "filled", "given", "joined", "load", "lowered", "names_in", "strength", "sure"]


# Longer numbers than this are no counts.
_DIGITS = 20
_CUT = "..."


class _Template(string.Template):
    """Dotted names are the names of facts."""

    idpattern = r"[a-zA-Z_][a-zA-Z0-9_]*(?:\.[a-zA-Z_][a-zA-Z0-9_]*)*"


@cache
def load(name: str) -> dict[str, Any]:
    """Return the templates of prompts/explain/NAME.toml."""
    return tomllib.loads((asset_dir("prompts") / "explain" / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def names_in(template: str) -> tuple[str, ...]:
    """Return the names that a template wants."""
    return tuple(_Template(template).get_identifiers())


def filled(template: str, word: Callable[[str], str | None]) -> str | None:
    """Return the template with `word` of each name in it; None where one of them has none."""
    words = {name: word(name) for name in names_in(template)}
    return None if None in words.values() else _Template(template).substitute(words)


def sure(proof: Proof, condition: str, clause: str) -> str:
    """Return a clause as a sentence that says how sure it is: it is; given A it is; almost certainly it is."""
    return ended(capital(_qualified("sure", proof, condition, clause)))


def strength(proof: Proof, assumes: Iterable[str]) -> str:
    """Return the same for the front of whole sentences: "Proved, given macro averages"."""
    return _qualified("strength", proof, given(assumes), "")


def _qualified(table: str, proof: Proof, condition: str, clause: str) -> str:
    key = f"{proof.value}_given" if condition and proof is not Proof.PROVED_IF else proof.value
    return _Template(load("prose")[table][key]).substitute(clause=clause, given=condition)


def given(assumes: Iterable[str]) -> str:
    """Return assumptions as they stand after the word "given"; "" where there are none."""
    known = load("prose")["assumptions"]
    words = []
    for assumption in dict.fromkeys(assumes):
        name, _, value = assumption.partition("=")
        value = f"{int(value):,}" if value.isdecimal() and len(value) < _DIGITS else clean(value, 60)
        told = name in known and value != "false"  # the words are those of a yes
        words.append(_Template(known[name]).substitute(value=value) if told else clean(assumption, 80))
    return joined(words)


def joined(items: Iterable[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    *front, last = [*items] or [""]
    return f"{', '.join(front)} and {last}" if front else last


def capital(sentence: str) -> str:
    """Return a sentence with a capital in front, unless it begins with a name such as macro_f1 or eval_loss."""
    first = sentence.partition(" ")[0].rstrip(",:;")
    return sentence[:1].upper() + sentence[1:] if first.isalpha() and first.isascii() and first.islower() else sentence


def lowered(sentence: str) -> str:
    """Return a sentence as it goes on in another: without its capital, unless its first word keeps it."""
    first = sentence.partition(" ")[0].rstrip(",:;")
    return sentence[:1].lower() + sentence[1:] if first.isalpha() and first[1:] == first[1:].lower() else sentence


def ended(sentence: str) -> str:
    """Return a sentence with a full stop, or with the dots of one that was cut off."""
    return sentence if sentence.endswith(_CUT) else sentence.rstrip(".") + "."


def bare(sentence: str) -> str:
    """Return a sentence without its full stop; one that was cut off keeps its dots, so that no number looks whole."""
    return sentence if sentence.endswith(_CUT) else sentence.rstrip(".")

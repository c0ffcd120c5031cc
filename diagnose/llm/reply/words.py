"""Words and patterns of words: what `words.toml` is written in."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "Pattern",
    "Span",
    "Words",
    "discourse",
    "lexicon",
    "patterns",
    "stem",
    "stems",
    "telling_words",
    "word_set",
    "words_of",
]

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?\d*|\d+(?:[.,]\d+)*")
_GAP = r"(?:\S+ ){0,4}?"
_SPLIT = re.compile(r"\(|\)\??|\||[^\s()|]+")
_SUFFIXES = ("ingly", "edly", "ation", "ions", "ing", "ies", "ion", "ers", "ed", "es", "er", "ly", "s")
_SHORTEST = 3


class Span(NamedTuple):
    """Words from `first` up to, and without, `last`."""

    first: int
    last: int

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and self.first <= index < self.last


class Words:
    """The words of a sentence in lower case, each with the place of its letters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words: list[str] = []
        self.places: list[tuple[int, int]] = []
        self._offsets: list[int] = []
        parts, length = [" "], 1
        for match in _WORD.finditer(text):
            word = match[0].lower().replace("’", "'")
            self.words.append(word)
            self.places.append(match.span())
            self._offsets.append(length)
            parts.append(f"{word} ")
            length += len(word) + 1
        self.joined = "".join(parts)

    def __len__(self) -> int:
        return len(self.words)

    def index_at(self, offset: int) -> int:
        """Return the index of the word that begins at, or before, a place of `joined`."""
        return max(bisect_right(self._offsets, offset) - 1, 0)

    def span_of(self, start: int, end: int) -> Span:
        """Return the words whose letters lie between two places of `text`."""
        inside = [i for i, (a, b) in enumerate(self.places) if a < end and b > start]
        return Span(inside[0], inside[-1] + 1) if inside else Span(0, 0)

    def between(self, first: int, last: int) -> str:
        """Return the text between the end of a word and the beginning of another."""
        return self.text[self.places[first][1] : self.places[last][0]]


class Pattern:
    """A pattern of words, compiled."""

    def __init__(self, source: str) -> None:
        self.source = source
        normal = re.sub(r"(?<=\w)[-./](?=\w)", " ", source.lower())
        self._regex = re.compile(rf"(?<= ){_compiled(normal)}")
        self._anchor = _anchor(normal)

    def find(self, words: Words) -> Sequence[Span]:
        """Return where the pattern stands in a sentence."""
        if self._anchor not in words.joined:
            return ()
        return [
            Span(words.index_at(match.start()), words.index_at(match.end() - 1) + 1)
            for match in self._regex.finditer(words.joined)
            if match.end() > match.start()
        ]


def _compiled(source: str) -> str:
    out: list[str] = []
    for part in _SPLIT.findall(source):
        if part == "(":
            out.append("(?:")
        elif part == ")":
            out.append(")")
        elif part == ")?":
            out.append(")?")
        elif part == "|":
            out.append("|")
        elif part == "..":
            out.append(_GAP)
        elif part == "*":
            out.append(r"\S* ")
        elif part.endswith("?"):
            out.append(f"{re.escape(part[:-1])}? ")
        else:
            out.append(re.escape(part).replace(r"\*", r"\S*") + " ")
    # "word)*" ends its words anyhow.
    return "".join(out).replace(r")\S* ", ")")


def _anchor(source: str) -> str:
    """Return letters that every match begins with, or the blank where a group comes first."""
    first = source.split(maxsplit=1)[0] if source.split() else ""
    first = first[:-2] if first.endswith("?") and ")" not in first else first
    if (
        not first
        or first[0] == "("
        or first == ".."
        or (len(source.split()) > 1 and source.split(maxsplit=1)[0].endswith(")?"))
    ):
        return " "
    return " " + first.partition("*")[0]


@lru_cache(maxsize=512)
def words_of(text: str) -> Words:
    """Return the words of a heading, which many sentences stand under."""
    return Words(text)


@cache
def lexicon() -> dict[str, Any]:
    """Return `words.toml`."""
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))


def patterns(sources: Iterable[str]) -> tuple[Pattern, ...]:
    """Compile patterns."""
    return tuple(Pattern(source) for source in sources)


@cache
def word_set(*keys: str) -> frozenset[str]:
    """Return the words of an entry that is a list of words in one text."""
    entry: Any = lexicon()
    for key in keys:
        entry = entry[key]
    return frozenset(part for word in entry.lower().split() for part in re.split(r"[-./]", word) if part)


@cache
def discourse() -> tuple[Pattern, ...]:
    """Return the remarks about the saying itself: "according to the report", "to be precise"."""
    return patterns(lexicon()["discourse"])


@cache
def telling_words() -> frozenset[str]:
    """Return the words that some topic is said with: they judge, and are never mere labels."""
    sources = [pattern for topic in lexicon()["topic"] for pattern in topic["says"]] + lexicon()["causes"]
    return frozenset(word for source in sources for word in re.findall(r"[a-z']+", source.lower())) - word_set(
        "function"
    )


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return what is left of a word without its endings; the same for all its forms, and no word by itself."""
    word = word.removesuffix("'s")
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST and not word.endswith("ss"):
            word = word[: -len(suffix)]
            break
    word = word[:-1] if len(word) > _SHORTEST and word[-1] in "eiy" else word
    return word[:-1] if len(word) > _SHORTEST and word[-1] == word[-2] else word


def stems(words: Sequence[str]) -> list[str]:
    """Return the stems of words that are no numbers."""
    return [stem(word) for word in words if not word[0].isdigit()]

"""Words and patterns of words: what `words.toml` is written in."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

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
_KEY = 3
T = TypeVar("T")


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
        self.openings = frozenset(word[:_KEY] for word in self.words)

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
        self.openings = _openings(_SPLIT.findall(normal))
        self._normal = normal

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(rf"(?<= ){_compiled(self._normal)}")  # most patterns are never looked for

    def find(self, words: Words) -> list[Span]:
        """Return where the pattern stands in a sentence."""
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


def _openings(parts: Sequence[str]) -> frozenset[str]:
    """Return the first letters of all words that a match can begin with (and some more); empty for any word."""
    keys: set[str] = set()
    depth, opens = 0, True
    for index, part in enumerate(parts):
        if part in ("(", "|"):
            depth += part == "("
            opens = True
        elif part in (")", ")?"):
            depth -= 1
            opens = part == ")?" or (opens and depth > 0)
        elif opens:
            letters = part.rstrip("?")[:-1] if part.endswith("?") else part.partition("*")[0]
            if part in ("..", "*") or (len(letters) < _KEY and letters != part):
                return frozenset()
            keys.add(letters[:_KEY])
            opens = False
        if depth == 0 and not opens and parts[index + 1 : index + 2] != ["|"]:
            break
    return frozenset(keys)


class Patterns(Generic[T]):
    """Many patterns, each with what it stands for; only those whose first letters a sentence has are looked for."""

    def __init__(self, items: Iterable[tuple[str, T]]) -> None:
        self._by_opening: dict[str, list[tuple[int, Pattern, T]]] = {}
        for number, (source, meaning) in enumerate(items):
            pattern = Pattern(source)
            for key in pattern.openings or ("",):
                self._by_opening.setdefault(key, []).append((number, pattern, meaning))

    def find(self, words: Words) -> list[tuple[Span, T]]:
        """Return where patterns stand in a sentence, in the order of the patterns."""
        near = {}
        for key in ("", *words.openings):
            for number, pattern, meaning in self._by_opening.get(key, ()):
                near[number] = pattern, meaning
        return [(span, near[number][1]) for number in sorted(near) for span in near[number][0].find(words)]

    def spans(self, words: Words) -> list[Span]:
        """Return where patterns stand in a sentence."""
        return [span for span, _ in self.find(words)]


@lru_cache(maxsize=512)
def words_of(text: str) -> Words:
    """Return the words of a heading, which many sentences stand under."""
    return Words(text)


@cache
def lexicon() -> dict[str, Any]:
    """Return `words.toml`."""
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))


def patterns(sources: Iterable[str]) -> Patterns[None]:
    """Compile patterns that all stand for one thing."""
    return Patterns((source, None) for source in sources)


@cache
def word_set(*keys: str) -> frozenset[str]:
    """Return the words of an entry that is a list of words in one text."""
    entry: Any = lexicon()
    for key in keys:
        entry = entry[key]
    return frozenset(part for word in entry.lower().split() for part in re.split(r"[-./]", word) if part)


@cache
def discourse() -> Patterns[None]:
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


@lru_cache(maxsize=1024)
def text_stems(text: str) -> frozenset[str]:
    """Return the stems of a text of the report, without negations: words that a claim about it may use."""
    single = {word for word in lexicon()["negations"] if " " not in word}
    return frozenset(stems([word for word in words_of(text).words if word not in single]))

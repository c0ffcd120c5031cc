"""Sentences that say a statement of the report again: the same words in the same order, with the same numbers."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from diagnose.llm.reply.claims import Claim, Mark
from diagnose.llm.reply.numbers import Figure, ascii_digits, figures_in
from diagnose.llm.reply.words import Span, Words, discourse, lexicon, stem, telling_words, word_set
from diagnose.types import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.llm.pack import Pack

__all__ = ["Restated"]

# Fewer words of their own than this, and a sentence says the statement again by chance only if it has all of them.
_FEW = 4
_SHARE = 0.6
_LEAST = 2
_LABEL = 1
_MOST_CORES = 24  # ways to read a sentence without its lead-in
_CONTRACTED = re.compile(r"'(?:s|ll|re|ve|d|m)$")
_JOINS = frozenset(
    ["that", "to", "like", "then", "please", "first", "would", "should", "could", "can", "because", "since", "and"]
)
_STATED = "SFD"
_CLOSER = re.compile(r"(?:\. |[:;] )")
_NOT = frozenset(word for word in lexicon()["negations"] if " " not in word)


class _Token(NamedTuple):
    """A stem, or a number, with the word that it stands at; negates: it turns the sentence around."""

    stem: str
    figure: Figure | None
    place: int
    negates: bool = False


class _Part(NamedTuple):
    """A statement, or a part of one: its words, those without negations, and the set of their stems."""

    id: str
    tokens: list[_Token]
    bare: list[_Token]
    stems: frozenset[str]
    own: int

    @property
    def negations(self) -> int:
        """How many negations it has."""
        return len(self.tokens) - len(self.bare)


class Restated:
    """The statements of a pack, cut for comparison."""

    def __init__(self, pack: Pack) -> None:
        self._parts: list[_Part] = []
        for statement in pack.statements.values():
            own = (statement.of.title, statement.of.message) if isinstance(statement.of, Finding) else ()
            for text in (*own, *_parts(statement.text)):
                tokens = _cut(text)
                bare = [t for t in tokens if not t.negates]
                words = frozenset(t.stem for t in bare if t.figure is None)
                self._parts.append(_Part(statement.id, tokens, bare, words, sum(t.figure is None for t in bare)))

    def find(self, text: str, cited: tuple[str, ...]) -> Claim | None:
        """Return the claim of a sentence that restates a statement, or its contrary; None where none is restated.

        What only leads in ("Diagnosis:", "I would") is left aside. cited: the statements that are asked first.
        """
        opened = Words(text)
        contrary: Claim | None = None
        for first, last in _cores(text, opened):
            end = opened.places[last][0] if last < len(opened) else len(text)
            found = self._find(text[opened.places[first][0] if first else 0 : end], cited)
            if found is not None and found.mark is Mark.SUPPORTED:
                return found
            contrary = contrary or found
        return contrary

    def _find(self, text: str, cited: tuple[str, ...]) -> Claim | None:
        words = Words(text)
        tokens = _tokens(words, text)
        plain = [t for t in tokens if not t.negates]
        said = frozenset(t.stem for t in plain if t.figure is None)
        count = sum(t.figure is None for t in plain)
        if len(plain) < _LEAST or not count:
            return None
        everything = (Span(0, len(words)),)
        contrary: Claim | None = None
        near = [part for part in self._parts if said <= part.stems and _enough(count, part.own)]
        for part in sorted(near, key=lambda p: p.id not in cited):
            if not _follows(plain, part.bare):
                continue
            same = (len(tokens) - len(plain)) % 2 == part.negations % 2
            if same and _follows(tokens, part.tokens):
                return Claim(Mark.SUPPORTED, f"it is statement {part.id} of the report", (part.id,), everything)
            # A cause is only a possible one, and its contrary is possible too.
            if not same and part.id[0] in _STATED and len(plain) * 10 >= 7 * len(part.bare):
                contrary = Claim(
                    Mark.CONTRADICTED, f"statement {part.id} of the report says the contrary", (part.id,), everything
                )
        return contrary


@cache
def _leading() -> frozenset[str]:
    """Return the words that may lead in to a statement."""
    keys = ("function", "free", "greeting_words", "lead_words", "hedges")
    return frozenset().union(*map(word_set, keys)) - _NOT


def _cores(text: str, words: Words) -> Iterator[tuple[int, int]]:
    """Yield what is left of a sentence without its lead-in, and without a remark at its end, as (first, last) words."""
    known = _leading()
    spoken = discourse().spans(words)
    free = [
        _CONTRACTED.sub("", word) in known or any(i in span for span in spoken) for i, word in enumerate(words.words)
    ]
    lead = free.index(False) if False in free else len(free)
    last = len(words)
    # A remark at the end may say where it is from, and nothing else.
    ends = [span.first for span in spoken if span.last == last and span.first >= _LEAST]
    lasts = [last, *ends]
    colon = sum(end <= text.find(":") for _, end in words.places) if ":" in text else 0
    strange = [word for word, is_free in zip(words.words[:colon], free[:colon], strict=True) if not is_free]
    leading = word_set("lead_words")
    firsts = [
        first
        for first in range(min(lead, last - _LEAST), -1, -1)
        if not first
        or any(sign in words.between(first - 1, first) for sign in ":,?")
        or words.words[first - 1] in _JOINS
        or all(word in leading for word in words.words[:first])
    ]
    # A label in front of a colon may have words of its own, if none of them judges.
    if 0 < colon < last and len(strange) <= _LABEL and not (telling_words() | _NOT) & set(strange):
        firsts.insert(0, colon)
    cores = [(first, end) for end in lasts for first in dict.fromkeys(firsts) if first < end]
    yield from cores[:_MOST_CORES]


@lru_cache(maxsize=4096)
def _cut(part: str) -> list[_Token]:
    text = ascii_digits(part)
    return _tokens(Words(text), text)


def _parts(text: str) -> list[str]:
    """Return a statement and its parts: a title, a message, a derivation."""
    pieces = [piece for piece in _CLOSER.split(text) if piece.strip()]
    head, _, tail = text.partition(": ")
    bare = text.partition(" [")[0].partition(" (answer: ")[
        0
    ]  # an action without its patch, a question without its answer
    return list(dict.fromkeys([text, bare, head, tail, *pieces]))


def _tokens(words: Words, text: str) -> list[_Token]:
    figures = figures_in(text)
    out: list[_Token] = []
    done = -1
    for index, word in enumerate(words.words):
        start, end = words.places[index]
        figure = next((f for f in figures if f.start < end and f.end > start), None)
        if figure is not None:
            if figure.start != done:
                done = figure.start
                out.append(_Token("", figure, index))
            continue
        if word[0].isdigit() or (word in word_set("function") and word not in _NOT):
            continue
        out.append(_Token(stem(word), None, index, word in _NOT))
    return out


def _enough(said: int, own: int) -> bool:
    """Whether a sentence has enough of a statement's words to be taken for it."""
    return said >= own or (said >= _FEW and said >= _SHARE * own)


def _follows(mine: list[_Token], theirs: list[_Token]) -> bool:
    """Whether all tokens of a sentence stand in a statement in their order."""
    rest = iter(theirs)
    return all(any(_alike(token, other) for other in rest) for token in mine)


def _alike(a: _Token, b: _Token) -> bool:
    if a.figure is None or b.figure is None:
        return a.figure is None and b.figure is None and a.stem == b.stem
    if a.figure.interval is None or b.figure.interval is None:
        return a.figure.interval is None and b.figure.interval is None
    spoken = a.figure.widened() if a.figure.percent or not a.figure.whole else a.figure.interval
    return spoken is not None and abs(b.figure.number) < 1e60 and b.figure.number in spoken  # as in interval.py

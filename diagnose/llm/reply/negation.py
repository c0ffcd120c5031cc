"""Whether a sentence says a thing or its contrary."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from diagnose.llm.reply.words import Patterns, Span, lexicon, patterns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.llm.reply.words import Words

__all__ = ["is_negated", "negation_spans"]

# How far in front of its words a negation stands, and how far behind ("overfitting is not the issue").
_BEFORE, _BEHIND = 9, 3
_BREAKS = frozenset(["because", "since", "although", "but", "while", "so", "if", "when", "where", "which", "and"])
_NOT_ONLY = ("only", "just", "surprisingly")
_RULED_OUT = ("rules", "rule", "ruled", "unlikely")
_SIGNS = ("sign", "signs", "evidence", "trace", "longer")


@cache
def _negations() -> tuple[frozenset[str], Patterns[None]]:
    single = frozenset(word for word in lexicon()["negations"] if " " not in word)
    return single, patterns(word for word in lexicon()["negations"] if " " in word)


def is_negated(words: Words, span: Span, *, plainly: bool = False) -> bool:
    """Whether a negation stands before the words of `span`, or right behind them; two of them cancel out.

    plainly: "not" and its like only, for "more than adequate" is praise.
    """
    single, several = _negations()
    spans = [] if plainly else several.spans(words)
    count = sum(0 <= span.first - s.last <= _BEHIND for s in spans)
    for index in range(span.first - 1, max(-1, span.first - 1 - _BEFORE), -1):
        word = words.words[index]
        if any(sign in words.between(index, index + 1) for sign in ";:.") or word in _BREAKS:
            break
        count += word in single and words.words[index + 1] not in _NOT_ONLY
    for index in range(span.last, min(len(words), span.last + _BEHIND)):
        word = words.words[index]
        if any(sign in words.between(index - 1, index) for sign in ",;:.(") or word in _BREAKS:
            break
        count += word in single and word not in ("no", "none", "nothing")
    count += sum(0 <= s.first - span.last <= _BEHIND and words.words[s.first] in _RULED_OUT for s in spans)
    return count % 2 == 1


def negation_spans(words: Words, span: Span) -> Iterator[Span]:
    """Yield the words of the negation itself, with what belongs to it ("no sign of")."""
    single, several = _negations()
    low, high = max(0, span.first - _BEFORE), min(len(words), span.last + _BEHIND)
    for index in range(low, high):
        if words.words[index] in single or words.words[index] in _SIGNS:
            yield Span(index, index + 1)
    yield from (s for s in several.spans(words) if low <= s.first < high)

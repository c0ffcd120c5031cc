"""What is left of a sentence when its claims are taken away, and sentences that claim nothing."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from diagnose.llm.reply.claims import Mark
from diagnose.llm.reply.words import Patterns, discourse, lexicon, patterns, stem, telling_words, word_set

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.llm.reply.claims import Claim
    from diagnose.llm.reply.seen import Seen
    from diagnose.llm.reply.sentences import Sentence
    from diagnose.llm.reply.words import Words

__all__ = ["left_over", "without_claim"]

_VERBS = frozenset(
    ["is", "are", "was", "were", "has", "have", "had", "will", "can", "should", "would", "does", "did", "do", "must",
     "fits", "works", "fails", "learned", "needs", "lacks", "shows", "means"]
)  # fmt: skip
_MODAL = frozenset(["should", "will", "must", "shall"])
_CONTRACTED = re.compile(r"'(?:s|ll|re|ve|d|m)$")
_LONG_HEADING = 7
_OPENING = 3  # a greeting stands at the beginning
_SHORTEST_PARTICIPLE = 5


def left_over(seen: Seen, claims: Sequence[Claim]) -> list[str]:
    """Return the words of a sentence that no claim accounts for and that could say something."""
    words = seen.words
    spans = [span for claim in claims for span in claim.spans] + [m.span for m in seen.mentions]
    spans += discourse().spans(words)
    covered = {index for span in spans for index in range(span.first, span.last)}
    places = [*((f.start, f.end) for f in seen.figures), *seen.where.taken]
    known = _known()
    if any(c.mark is Mark.SUPPORTED and c.statements[:1] and c.statements[0][0] in "AQ" for c in claims):
        known |= word_set("imperative", "checking") | _MODAL
    carried = seen.ground.own_words.union(*(claim.carried for claim in claims))
    left = [
        (index, word)
        for index, (word, (start, end)) in enumerate(zip(words.words, words.places, strict=True))
        if index not in covered
        and word not in known
        and _CONTRACTED.sub("", word) not in known
        and not word[0].isdigit()
        and stem(word) not in carried
        and not any(a < end and b > start for a, b in places)
    ]
    # "Status: degenerate": one word in front of a colon may be a label, if it does not judge.
    colon = sum(end <= words.text.find(":") for _, end in words.places)
    label = [word for index, word in left if index < colon]
    if len(label) == 1 and label[0] not in telling_words() and not any(index < colon for index in covered):
        left = [(index, word) for index, word in left if index >= colon]
    return [word for _, word in left]


def without_claim(sentence: Sentence, words: Words, left: Sequence[str]) -> tuple[Mark, str, tuple[str, ...]]:
    """Judge a sentence in which nothing was recognised: a heading, a greeting, or a claim of a kind unknown here."""
    empty = Mark.NO_CLAIM, "it says nothing about the run", ()
    says_nothing = not any(word in _VERBS for word in words.words)
    short = len(words) <= _LONG_HEADING and says_nothing
    if sentence.kind == "heading" and short and not _ends_in_participle(words):
        return empty
    greeting = word_set("greeting_words")
    if sentence.kind in ("lead", "row") and short and set(left) <= greeting:
        return empty
    greeted = [span for span in _greetings().spans(words) if span.first < _OPENING]
    known = greeting | {words.words[i] for span in greeted for i in range(span.first, span.last)}
    if greeted and set(left) <= known:
        return empty
    if sentence.kind == "lead" and sentence.text.endswith(":") and says_nothing and not left:
        return empty
    if left:
        return Mark.UNSUPPORTED, f'nothing in the report says "{" ".join(left[:4])}"', ()
    return Mark.UNSUPPORTED, "nothing in it can be held against the report", ()


def _ends_in_participle(words: Words) -> bool:
    """Whether a heading says that something happened: "Labels swapped"."""
    return any(word.endswith("ed") and len(word) >= _SHORTEST_PARTICIPLE for word in words.words)


@cache
def _known() -> frozenset[str]:
    """Return the words that say nothing by themselves."""
    return word_set("function") | word_set("free") | word_set("hedges")


@cache
def _greetings() -> Patterns[None]:
    return patterns(lexicon()["greetings"])

"""What a reply says that a remedy did, held against what it did in a reproduction."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from diagnose.llm.reply.claims import Claim, Mark
from diagnose.llm.reply.negation import is_negated, negation_spans
from diagnose.llm.reply.numbers import figures_in
from diagnose.llm.reply.words import Span, stem, stems, text_stems, word_set
from diagnose.report._trials import tried_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.llm.reply.ground import Ground
    from diagnose.llm.reply.numbers import Figure
    from diagnose.llm.reply.seen import Seen
    from diagnose.llm.reply.words import Words
    from diagnose.types import Attempt, Finding, Remedy

__all__ = ["tried_claim"]

_CURED = frozenset(stems(["cured", "fixed", "solved", "worked", "helped", "succeeded", "rescued"]))
_FAILED = frozenset(stems(["failed"]))
# What tells a trial from a claim about the run itself.
_TRIAL = frozenset(
    ["reproduction", "reproductions", "reproduced", "miniature", "experiment", "experiments", "trial", "trials", "runs",
     "seeds", "tried"]
)  # fmt: skip
# What makes it a claim about the run itself all the same.
_PROMISES = frozenset(["will", "would", "should", "shall", "must", "your", "always", "guaranteed", "guarantees"])
_TRIAL_WORDS = text_stems(
    "reproduction reproduced miniature experiment trial runs seeds tried cured fixed solved worked helped succeeded "
    "rescued failed as good as sound ones settings applied times over Wilson interval"
)
_WAYS = frozenset(
    stem(stem(word))
    for word in ["lower", "reduce", "decrease", "smaller", "shorter", "fewer", "less", "raise", "increase", "higher",
                 "larger", "longer", "more"]
)  # fmt: skip
_ALL = frozenset(["all", "every", "each"])
_VAGUE = frozenset(["most", "half", "majority", "some", "few", "several", "many", "often", "sometimes", "usually"])
_OF = re.compile(r"\s*(?:of|out of)\s*(?:the\s+|all\s+)?")
_SLASH = re.compile(r"\b(\d{1,4})\s?/\s?(\d{1,4})\b")


def tried_claim(seen: Seen) -> Claim | None:
    """Return what a reproduction says to a sentence on what a remedy did; None where it says nothing of the kind."""
    words = seen.words
    verbs = [i for i, word in enumerate(words.words) if stem(word) in _CURED | _FAILED]
    found = _meant(words, seen.ground) if verbs and _TRIAL & set(words.words) else None
    if found is None or not found[1].verified:
        return None
    finding, remedy = found
    title = _roots(remedy.title)
    ids = tuple(s.id for s in seen.ground.pack.of_kind("A") if s.of is remedy)
    told = [*verbs, *(i for i, word in enumerate(words.words) if word in _ALL)]
    spans = (*(Span(i, i + 1) for i in told), *negation_spans(words, Span(verbs[0], verbs[0] + 1)))
    rules = frozenset([finding.rule])
    if _PROMISES & set(words.words):
        reason = "what it did in a reproduction does not say what it will do in the run"
        return Claim(Mark.UNSUPPORTED, reason, ids, spans, rules)
    attempts = _about(words, remedy.verified, title)
    mark = _mark(seen, attempts, verbs[0])
    causes = " ".join(attempt.cause for attempt in attempts)
    own = frozenset(stem(word) for word in words.words if _root(word) in title)
    carried = own | text_stems(f"{remedy.title} {causes}") | _TRIAL_WORDS
    return Claim(mark, tried_words(remedy), ids, spans, rules, carried)


def _root(word: str) -> str:
    """Return a stem that is the same for "lower" and "lowering"."""
    return stem(stem(word))


def _roots(text: str) -> frozenset[str]:
    return frozenset(map(stem, text_stems(text)))


def _meant(words: Words, ground: Ground) -> tuple[Finding, Remedy] | None:
    """Return the remedy whose title a sentence shares most words with; None where that is not one."""
    said = frozenset(map(_root, words.words))
    best: dict[int, list[tuple[Finding, Remedy]]] = {}
    for finding in ground.report.findings:
        for remedy in finding.remedies:
            title = _roots(remedy.title)
            causes = _roots(" ".join(attempt.cause for attempt in remedy.verified))
            if not said & _WAYS - title - causes:
                best.setdefault(len(said & title - _idle()), []).append((finding, remedy))
    highest = max(best, default=0)
    return best[highest][0] if highest > 1 and len({r.title for _, r in best[highest]}) == 1 else None


@cache
def _idle() -> frozenset[str]:
    """Return the roots of the words that join others."""
    return frozenset(map(_root, word_set("function")))


def _about(words: Words, attempts: Sequence[Attempt], title: frozenset[str]) -> Sequence[Attempt]:
    """Return the attempts against the cause that a sentence names, or all where it names none."""
    said = frozenset(map(_root, words.words)) - title - _idle() - frozenset(map(stem, _TRIAL_WORDS))
    shared = [len(said & _roots(attempt.cause)) for attempt in attempts]
    return [attempt for attempt, number in zip(attempts, shared, strict=True) if number == max(shared)]


def _counts(seen: Seen) -> tuple[set[tuple[float, float]], list[Figure]]:
    """Return the "7 of 8" and "7/8" of a sentence, and its other numbers."""
    text = seen.words.text
    slashed = list(_SLASH.finditer(text))
    figures = [f for f in seen.figures if not any(m.start() <= f.start < m.end() for m in slashed)]
    pairs = [(a, b) for a, b in pairwise(figures) if _OF.fullmatch(text[a.end : b.start])]
    used = {id(figure) for pair in pairs for figure in pair}
    counts = {(a.number, b.number) for a, b in pairs} | {(float(m[1]), float(m[2])) for m in slashed}
    return counts, [figure for figure in figures if id(figure) not in used]


def _mark(seen: Seen, attempts: Sequence[Attempt], verb: int) -> Mark:
    words, said = seen.words, set(seen.words.words)
    told, figures = _counts(seen)
    if told - {(attempt.cured, attempt.runs) for attempt in attempts}:
        return Mark.CONTRADICTED
    attempts = [attempt for attempt in attempts if not told or (attempt.cured, attempt.runs) in told]
    known = {float(n) for a in attempts for n in (a.cured, a.runs, a.times, 95)}
    known |= {round(100 * share) / scale for a in attempts for share in (a.low, a.high) for scale in (1, 100)}
    known |= {figure.number for a in attempts for figure in figures_in(a.cause)}
    if any(figure.number not in known for figure in figures) or (_VAGUE & said and not told):
        return Mark.UNSUPPORTED
    negated = is_negated(words, Span(verb, verb + 1)) != (stem(words.words[verb]) in _FAILED)
    cured = any(a.cures for a in attempts)
    if not told and _ALL & said and not negated:
        return Mark.SUPPORTED if all(a.cured == a.runs for a in attempts) else Mark.CONTRADICTED
    if told and not any(number for number, _ in told):  # "cured 0 of 8" says that it does not
        negated = not negated
    return Mark.SUPPORTED if cured != negated else Mark.CONTRADICTED

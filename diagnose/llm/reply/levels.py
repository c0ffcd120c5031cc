"""Words for the height of a metric: "near zero", "extremely low", "perfect"."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from diagnose.interval import Interval
from diagnose.llm.reply.claims import MARKS, Claim, Mark
from diagnose.llm.reply.figures import candidates
from diagnose.llm.reply.negation import is_negated
from diagnose.llm.reply.seen import overlaps
from diagnose.llm.reply.words import Patterns, Span, lexicon, patterns
from diagnose.report._words import clean
from diagnose.vocabulary import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.llm.reply.ground import Known
    from diagnose.llm.reply.names import Mention
    from diagnose.llm.reply.seen import Seen
    from diagnose.llm.reply.words import Words

__all__ = ["level_claims"]

_NEAR = 0.05
_ABOUT = ("about", "roughly", "around", "nearly", "approximately")


@cache
def _levels() -> tuple[tuple[Mapping[str, float], Patterns[None]], ...]:
    return tuple((entry, patterns(entry["says"])) for entry in lexicon()["level"].values())


def level_claims(seen: Seen, taken: Sequence[Span]) -> Iterator[Claim]:
    """Yield what the report says to "F1 is near zero", "extremely low": each bound to the names before it."""
    used: list[Span] = [*taken]
    for entry, found in _levels():
        for span in found.spans(seen.words):
            if overlaps(span, used) or _is_one_of_several(seen.words, span):
                continue
            named = _named_by(seen.words, span, seen.mentions) or list(seen.above[-1:])
            if not named:
                continue
            used.append(span)
            yield from (_level(entry, mention, seen, span) for mention in named)


def _is_one_of_several(words: Words, span: Span) -> bool:
    """Whether a height is a number in a row of numbers: "recall and accuracy are about 0 and 0.76"."""
    if words.words[span.last - 1] not in ("0", "1", "zero", "one"):
        return False
    after = [word for word in words.words[span.last : span.last + 3] if word not in _ABOUT]
    before = words.words[max(0, span.first - 2) : span.first]
    follows = after[:1] == ["and"] and after[1:2] != [] and after[1][0].isdigit()
    return follows or (before[1:] == ["and"] and before[0][0].isdigit())


def _named_by(words: Words, span: Span, mentions: Sequence[Mention]) -> list[Mention]:
    """Return the names that a word in front of or behind them is about: "P and R are low", "low recall"."""
    behind = [
        m for m in mentions if 0 <= m.span.first - span.last <= 1 and not _divided(words, span.last - 1, m.span.first)
    ]
    if behind:
        group = behind[:1]
        for mention in mentions:
            if mention.span.first > group[-1].span.last - 1 and mention.span.first - group[-1].span.last <= 1:
                group.append(mention)
        return group
    before = [m for m in mentions if m.span.last <= span.first]
    if not before or span.first - before[-1].span.last > 8:  # "F1, as printed by the report, is low"
        return []
    group = before[-1:]
    for mention in reversed(before[:-1]):
        gap = words.words[mention.span.last : group[0].span.first]
        if set(gap) <= {"and", "or", "the", "both"} and len(gap) <= 2:  # "and the"
            group.insert(0, mention)
        else:
            break
    return group


def _divided(words: Words, first: int, last: int) -> bool:
    return any(sign in words.between(first, last) for sign in ",.;:(")


def _level(entry: Mapping[str, float], mention: Mention, seen: Seen, span: Span) -> Claim:
    said = clean(" ".join(seen.words.words[span.first : span.last]), 40)
    name = mention.name.replace("_", " ")
    spans = (span, mention.span) if mention in seen.mentions else (span,)
    found = [k for k in candidates(mention, seen.where, seen.ground) if k.reported and k.interval is not None]
    if not found:
        return Claim(Mark.UNSUPPORTED, f"the report has no {name}", (), spans)
    # Near zero is near zero for an error too; high and low are words for what has a scale.
    if not _has_scale(mention) and entry.get("most", 1) > _NEAR:
        return Claim(Mark.UNSUPPORTED, f'the report has nothing to call {name} "{said}" by', found[0].ids, spans)
    outcomes = {_within(entry, known) for known in found}
    outcome = outcomes.pop() if len(outcomes) == 1 else None
    if outcome is not None and is_negated(seen.words, span):
        outcome = not outcome
    how = {True: "bears out", False: "refutes", None: "does not bear out"}[outcome]
    reason = f'the report\'s {name} is {clean(found[0].shown, 60)}, which {how} "{said}"'
    return Claim(MARKS[outcome], reason, found[0].ids, spans)


def _has_scale(mention: Mention) -> bool:
    info = METRICS.get(mention.name)
    if info is None:
        return mention.name in ("majority_share", "prevalence")
    return info.kind in ("score", "correlation") and info.higher_is_better is not False


def _within(entry: Mapping[str, float], known: Known) -> bool | None:
    # A printed number is what the sentence calls by its height, not all that prints so.
    interval = known.interval if known.number is None else Interval.of(known.number)
    if interval is None:
        return None
    if interval.low > entry.get("refuted_above", 2) or interval.high < entry.get("refuted_below", -2):
        return False
    if interval.high <= entry.get("most", 2) and interval.high >= entry.get("least", -2):
        return True
    return None

"""Which of two quantities is higher."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from diagnose.llm.reply.claims import MARKS, Claim, Mark
from diagnose.llm.reply.figures import candidates
from diagnose.llm.reply.negation import is_negated
from diagnose.llm.reply.seen import overlaps
from diagnose.llm.reply.words import Patterns, Span, lexicon, patterns
from diagnose.report._words import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.llm.reply.binding import Bound
    from diagnose.llm.reply.ground import Known
    from diagnose.llm.reply.names import Mention
    from diagnose.llm.reply.seen import Seen

__all__ = ["order_claims"]


@cache
def _relations() -> tuple[tuple[str, Patterns[None]], ...]:
    return tuple((way, patterns(lexicon()["relation"][way])) for way in ("above", "below", "equal"))


def order_claims(seen: Seen, bound: Sequence[Bound], taken: Sequence[Span]) -> Iterator[Claim]:
    """Yield what the report says to "recall is lower than precision" and "the accuracy exceeds the baseline"."""
    used = [*taken]
    for way, found in _relations():
        for span in sorted(found.spans(seen.words), key=lambda s: s.first - s.last):
            if overlaps(span, used):
                continue
            pair = _pair(seen, span, bound)
            if pair is None:
                continue
            used.append(span)
            yield _order(way, pair, seen, span)


def _pair(seen: Seen, span: Span, bound: Sequence[Bound]) -> tuple[Mention, Mention] | None:
    """Return what is said to be higher (or lower), and than what."""
    words = seen.words
    before = [m for m in seen.mentions if m.span.last <= span.first]
    after = [m for m in seen.mentions if m.span.first >= span.last]
    numbers = [b for b in bound if words.places[span.last - 1][1] <= b.figure.start]
    if before and after:
        between = [b for b in numbers if b.figure.start < words.places[after[0].span.first][0]]
        alone = {"one", "two", "both"} & set(words.words[span.first : span.last])
        return None if between and not alone else (before[-1], after[0])
    if len(before) > 1:
        # "Compared with the recall, the precision is larger."
        for index, mention in enumerate(before[:-1]):
            lead = words.words[max(0, mention.span.first - 3) : mention.span.first]
            if {"compared", "than", "versus", "relative", "unlike"} & set(lead):
                return before[index + 1], mention
    return None


def _order(way: str, pair: tuple[Mention, Mention], seen: Seen, span: Span) -> Claim:
    left, right = pair
    spans = (span, left.span, right.span)
    names = left.name.replace("_", " "), right.name.replace("_", " ")
    ones = [k for k in candidates(left, seen.where, seen.ground) if k.reported and k.interval is not None]
    others = [k for k in candidates(right, seen.where, seen.ground) if k.reported and k.interval is not None]
    splits = bool(left.split or right.split)
    pairs = [(a, b) for a in ones for b in others if _comparable(a, b, across=splits)]
    if not pairs:
        missing = names[0] if not ones else names[1]
        return Claim(Mark.UNSUPPORTED, f"the report has no {missing} to compare", (), spans)
    outcomes = [_higher(a, b) for a, b in pairs]
    wanted = {"above": 1, "below": -1, "equal": 0}[way]
    states = {True if o == wanted else None if o is None else False for o in outcomes}
    state = states.pop() if len(states) == 1 else None
    if state is not None and is_negated(seen.words, span):
        state = not state
    a, b = pairs[0]
    reason = f"{names[0]} is {clean(a.shown, 50)} and {names[1]} {clean(b.shown, 50)}"
    return Claim(
        MARKS[state], reason if state is not None else f"{reason}, which leaves it open", (*a.ids, *b.ids), spans
    )


def _comparable(a: Known, b: Known, *, across: bool) -> bool:
    """Whether two numbers are of one evaluation; across: of one task on two splits."""
    one, other = a.scope, b.scope
    same = (one.run, one.task, one.label) == (other.run, other.task, other.label)
    return same and (across or one.split == other.split)


def _higher(a: Known, b: Known) -> int | None:
    """Return 1 where `a` is above `b`, -1 where it is below, 0 where they print alike, None where it is open."""
    if a.interval is None or b.interval is None:
        return None
    if a.number is not None and b.number is not None and a.number == b.number:
        return 0
    if a.interval.low > b.interval.high:
        return 1
    if a.interval.high < b.interval.low:
        return -1
    if a.number is not None and b.number is not None and a.source is not None and b.source is not None:
        return 1 if a.number > b.number else -1
    return None

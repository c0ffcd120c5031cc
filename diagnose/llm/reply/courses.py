"""How a metric went over the history: "rose from 0.7 to 0.8", "improved steadily", "best at step 500"."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from diagnose.llm.reply.claims import MARKS, Claim, Mark
from diagnose.llm.reply.figures import candidates, says
from diagnose.llm.reply.negation import is_negated
from diagnose.llm.reply.seen import overlaps
from diagnose.llm.reply.words import Patterns, Span, lexicon, word_set
from diagnose.report._words import clean
from diagnose.vocabulary import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from diagnose.llm.reply.binding import Bound
    from diagnose.llm.reply.ground import Known
    from diagnose.llm.reply.names import Mention
    from diagnose.llm.reply.seen import Seen
    from diagnose.llm.reply.where import Where
    from diagnose.llm.reply.words import Words

__all__ = ["course_claims"]

_HYPOTHETICAL = frozenset(["to", "could", "can", "should", "would", "will", "may", "might", "must", "help", "helps"])
_TRUE_OF_IT = frozenset(["seems", "seem", "appears", "continued", "continues"])
_BASE_FORMS = frozenset(
    [
        "increase",
        "decrease",
        "improve",
        "drop",
        "fall",
        "rise",
        "grow",
        "climb",
        "decline",
        "shrink",
        "worsen",
        "reduce",
    ]
)
_THEN = frozenset(["then", "afterwards", "thereafter", "later"])
_LOWEST, _HIGHEST = ("lowest", "minimum", "minimal"), ("highest", "maximum", "maximal")
_WAYS = _UP, _DOWN, _BETTER, _WORSE, _FLAT, _SWINGS = "up", "down", "better", "worse", "flat", "swings"
_RELATIVELY = 50  # a history whose values differ by less than a fiftieth is called flat


class _Word(NamedTuple):
    """A word for a course: which way it says that a metric went, and where it stands."""

    way: str
    span: Span


@cache
def _moves() -> Patterns[str]:
    up, down = lexicon()["trend"]["moved"]
    return Patterns([(up, _UP), (down, _DOWN), *((source, _FLAT) for source in lexicon()["trend"]["stays"])])


def course_claims(seen: Seen, bound: Sequence[Bound], taken: Sequence[Span]) -> Iterator[tuple[Claim, list[Bound]]]:
    """Yield what the report says to "accuracy rose from 0.7 to 0.8", and the numbers that this settles."""
    settled: set[int] = set()
    for word in _course_words(seen.words, taken):
        if seen.advice and seen.words.words[word.span.first] in _BASE_FORMS:
            continue
        mention = _subject(seen, word.span) or (seen.above[-1] if seen.above else None)
        own = [b for b in bound if mention and b.mention == mention and id(b) not in settled and not b.figure.bound]
        claim, used = _course(seen, word, mention, own)
        settled |= {id(b) for b in used}
        yield claim, used
    yield from ((claim, []) for claim in _peaks(seen))


def _course_words(words: Words, taken: Sequence[Span]) -> list[_Word]:
    found = [_Word(way, span) for span, way in _moves().find(words)]
    for index, word in enumerate(words.words):
        span = Span(index, index + 1)
        way = next((way for way in _WAYS if word in word_set("trend", way)), None)
        if way is None or overlaps(span, (*taken, *(w.span for w in found))):
            continue
        before = words.words[max(0, index - 2) : index]
        if words.words[index + 1 : index + 2] == ["short"]:
            continue
        # "Could improve" tells of no history, "continues to improve" does.
        if before[-1:] and before[-1] in _HYPOTHETICAL and not _TRUE_OF_IT & set(before):
            continue
        found.append(_Word(way, span))
    return sorted(found, key=lambda w: w.span.first)


def _subject(seen: Seen, span: Span) -> Mention | None:
    """Return what went up: the name in front, or behind in "an increase in the accuracy"."""
    before = [m for m in seen.mentions if m.span.last <= span.first]
    after = [m for m in seen.mentions if m.span.first >= span.last]
    gap = seen.words.words[span.last : after[0].span.first] if after else []
    if after and len(gap) <= 3 and (not before or {"of", "in"} & set(gap)):
        return after[0]
    return before[-1] if before else after[0] if after else None


def _histories(mention: Mention, seen: Seen) -> list[list[Known]]:
    """Return the histories of a quantity: its values in order of step, one list for each run, task and split."""
    place = seen.where._replace(step=None, epoch=None, order=None)
    groups: dict[tuple[object, ...], list[Known]] = {}
    for known in candidates(mention, place, seen.ground):
        if known.scope.step is not None and known.number is not None:
            key = (known.scope.run, known.scope.task, known.scope.split, known.scope.label, known.average)
            groups.setdefault(key, []).append(known)
    histories = [sorted(rows, key=lambda k: k.scope.step or 0) for rows in groups.values()]
    return [rows for rows in (_stretch(rows, seen.where) for rows in histories) if len(rows) > 1]


def _stretch(rows: list[Known], where: Where) -> list[Known]:
    """Return the rows from the named step or epoch on, or up to it, where the sentence is about these."""
    if where.since is None or (where.step is None and where.epoch is None and where.order is None):
        return rows
    if where.order is not None:
        at = where.order - 1
    else:
        named = [
            i
            for i, row in enumerate(rows)
            if where.step == row.scope.step or where.epoch in (row.epoch, row.scope.step)
        ]
        at = named[0] if named else -1
    if not 0 <= at < len(rows):
        return []
    return rows[at:] if where.since else rows[: at + 1]


def _course(seen: Seen, word: _Word, mention: Mention | None, own: list[Bound]) -> tuple[Claim, list[Bound]]:
    said = clean(" ".join(seen.words.words[word.span.first : word.span.last]), 30)
    if mention is None:
        return Claim(Mark.UNSUPPORTED, f'it does not say what "{said}"', (), (word.span,)), []
    adverbs = [Span(i, i + 1) for i, w in enumerate(seen.words.words) if w in word_set("trend", "steadily")]
    name, spans = mention.name.replace("_", " "), (word.span, mention.span, *adverbs)
    before = seen.words.words[max(0, word.span.first - 3) : word.span.first]
    where = seen.where._replace(since=True) if _THEN & set(before) else seen.where
    histories = _histories(mention, replace(seen, where=where))
    way = _direction(word.way, mention)
    if not histories or way is None:
        reason = (
            f"the report has no history of {name}" if way else f"the report does not know which way {name} is better"
        )
        return Claim(Mark.UNSUPPORTED, reason, (), spans), []
    pair = own
    if len(own) == 1 and own[0].upper is not None:  # "increased (0.7 to 0.8)"
        pair = [own[0]._replace(upper=None), own[0]._replace(figure=own[0].upper, upper=None)]
    pair = pair if len(pair) == 2 and way in (_UP, _DOWN) else []
    used = own if pair else []
    until = where.since is False and bool(where.taken)
    outcomes = [_went(rows, way, pair, steadily=bool(adverbs), until=until) for rows in histories]
    states = {state for state, _ in outcomes}
    state = states.pop() if len(states) == 1 else True if used and True in states else None
    best = next((i for i, outcome in enumerate(outcomes) if outcome[0] is state), 0)
    rows = histories[best]
    ends = f"{name} goes from {clean(rows[0].shown, 30)} to {clean(rows[-1].shown, 30)} over {len(rows)} rows"
    if state is not None and is_negated(seen.words, word.span):
        state = not state
    numbers = (seen.words.span_of(b.figure.start, (b.upper or b.figure).end) for b in used)
    return Claim(MARKS[state], outcomes[best][1] or ends, (*rows[0].ids, *rows[-1].ids), (*spans, *numbers)), used


def _direction(way: str, mention: Mention) -> str | None:
    """Return the way that a word for a course means: better is up for an accuracy, down for a loss."""
    if way not in (_BETTER, _WORSE):
        return way
    info = METRICS.get(mention.name)
    if info is None or info.higher_is_better is None:
        return None
    return _UP if (way == _BETTER) == info.higher_is_better else _DOWN


def _went(rows: list[Known], way: str, pair: list[Bound], *, steadily: bool, until: bool) -> tuple[bool | None, str]:
    """Return whether a history went that way, and the sentence that says why not where its ends do not tell."""
    numbers = [row.number for row in rows if row.number is not None]
    if pair:
        return _from_to(rows, numbers, way, pair)
    if way == _FLAT:
        spread, size = max(numbers) - min(numbers), max(abs(n) for n in numbers)
        return (True if spread == 0 else None if spread * _RELATIVELY < size else False), ""
    if way == _SWINGS:
        turns = sum((b - a) * (c - b) < 0 for a, b, c in zip(numbers, numbers[1:], numbers[2:], strict=False))
        state = True if turns >= max(2, len(numbers) // 3) else None if turns else False
        return state, f"it turns {turns} times in {len(numbers)} rows"
    sign = 1 if way == _UP else -1
    if (numbers[-1] - numbers[0]) * sign <= 0:
        return False, ""
    if until and numbers[-1] != (max(numbers) if sign > 0 else min(numbers)):
        return False, "it turned before"
    back = [i for i, (a, b) in enumerate(pairwise(numbers), 1) if (b - a) * sign < 0]
    if steadily and back:
        return False, f"it turns back at step {rows[back[0]].scope.step:g}"
    return True, ""


def _from_to(rows: list[Known], numbers: list[Fraction], way: str, pair: list[Bound]) -> tuple[bool | None, str]:
    """Return whether a history goes from one number to the other: from where it begins or turns to where it ends."""
    first, last = ([i for i, row in enumerate(rows) if says(b.figure, row)] for b in pair)
    texts = [clean(b.figure.text, 30) for b in pair]
    if not first or not last:
        return False, f"{texts[1] if first else texts[0]} is in no row of the history"
    if not any(i < j for i in first for j in last):
        return False, f"{texts[1]} does not come after {texts[0]}"
    turns = {0, numbers.index(min(numbers)), numbers.index(max(numbers))}
    if not turns & set(first) or not {*turns, len(rows) - 1} & set(last):
        return None, f"{texts[0]} and {texts[1]} are not where it begins, turns or ends"
    change = numbers[last[-1]] - numbers[first[0]]
    return change != 0 and (change > 0) == (way == _UP), ""


def _peaks(seen: Seen) -> Iterator[Claim]:
    """Yield what the report says to "best at step 500"."""
    where = seen.where
    if where.step is None and where.epoch is None and (where.order is None or where.since is not None):
        return
    for index, word in enumerate(seen.words.words):
        if word not in word_set("trend", "peak"):
            continue
        span = Span(index, index + 1)
        mention = _subject(seen, span)
        rows = max(_histories(mention, seen), key=len, default=None) if mention else None
        if mention is None:
            yield _best_step(seen, span)
        elif rows is None:
            yield Claim(Mark.UNSUPPORTED, f"the report has no history of {mention.name}", (), (span, mention.span))
        else:
            yield _peak(word, rows, mention, where)._replace(spans=(span, mention.span))


def _peak(word: str, rows: list[Known], mention: Mention, where: Where) -> Claim:
    """Hold the step of a best, highest or lowest value against the history."""
    info = METRICS.get(mention.name)
    lower = info is not None and info.higher_is_better is False
    lowest = word in _LOWEST or (lower and word not in _HIGHEST)
    numbers = [row.number for row in rows if row.number is not None]
    there = [row for row in rows if row.number == (min(numbers) if lowest else max(numbers))]
    if where.order is not None:
        right = rows[where.order - 1 : where.order] == there[:1]
    elif where.step is not None:
        right = any(row.scope.step == where.step for row in there)
    else:
        right = any(where.epoch in (row.epoch, row.scope.step) for row in there)
    kind = "lowest" if lowest else "highest"
    reason = f"its {kind} value, {clean(there[0].shown, 30)}, is that of step {there[0].scope.step:g}"
    return Claim(MARKS[right], reason, there[0].ids)


def _best_step(seen: Seen, span: Span) -> Claim:
    known, where = seen.ground.known.get("best_step", ()), seen.where
    named = where.step if where.step is not None else where.epoch
    if where.order is not None:
        steps = seen.ground.steps
        named = steps[where.order - 1] if where.order <= len(steps) else None
    if not known:
        return Claim(Mark.UNSUPPORTED, "the report does not know the best step", (), (span,))
    right = any(k.number == named for k in known)
    return Claim(MARKS[right], f"the best step is {known[0].shown}", known[0].ids, (span,))

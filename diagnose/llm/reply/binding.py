"""What each number of a sentence is a number of: the unit behind it, or the name that its clause gives."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from diagnose.llm.reply.names import Mention
from diagnose.llm.reply.words import word_set, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.llm.reply.numbers import Figure
    from diagnose.llm.reply.seen import Seen
    from diagnose.llm.reply.words import Span, Words

__all__ = ["Bound", "bind"]

_UNITS: dict[str, tuple[str, Fraction]] = {
    word: (name, factor)
    for name, factor, words in (
        ("sample_count", Fraction(1), "rows row samples examples instances items"),
        ("class_count", Fraction(1), "classes labels categories class"),
        ("predicted", Fraction(1), "predictions"),
        ("epochs", Fraction(1), "epochs epoch"),
        ("steps", Fraction(1), "steps"),
        ("runtime", Fraction(1), "seconds second secs sec s"),
        ("runtime", Fraction(1, 1000), "ms milliseconds"),
        ("runtime", Fraction(60), "minutes minute min mins"),
        ("runtime", Fraction(3600), "hours hour h hrs"),
    )
    for word in words.split()
}
_FACTS = {
    "sample_count": ("sample_count", "sample_count.trainer", "samples", "support"),
    "class_count": ("class_count", "num_labels", "uniform_classes"),
    "epochs": ("num_train_epochs", "epoch"),
    "steps": ("max_steps", "train_steps", "last_step", "global_step", "steps_per_epoch"),
    "runtime": ("runtime", "throughput.seconds"),
    "rate": ("samples_per_second", "throughput"),
    "steps_rate": ("steps_per_second",),
    "train_examples": ("train_examples",),
    "predicted": ("predicted", "per_class.predicted"),
}
_RATE = re.compile(r"\s*(?:/|per|a|each)\s*(?:second|sec|s)\b", re.IGNORECASE)
_JOINED = re.compile(r"^[\s,;()/&:+*`'\"]*(?:(?:and|or|,|the|its|their|both|as well as)\s*)*[\s,;(/&]*$", re.IGNORECASE)
_FORWARD = re.compile(
    r"^\s*%?\s*(?:(?:in|for|on|of|as|is|was|the|its|a|an|your|that|this|overall|reported)\s+){0,4}$", re.IGNORECASE
)
_NEAR = re.compile(r"^\s*%?\s*$")
_LATER = re.compile(
    r"^\s*%?\s*(?:is|are|was|were|equals)(?: (?:the|its|your)\b.*)?\s*$"
    r"|^\s*%?\s*(?:in|for|on|of|as) (?:(?:the|its|your|a|an)\s+)*$",
    re.IGNORECASE,
)
_SAYS = re.compile(r"[\s:=(*`]*(?:(?:is|was|of|at|=|:|reached|reaches)\s*)?")
_TO = re.compile(r"\s*%?\s*(?:to|-|–|—)\s*(?:about |around |~)?", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\s+(?:about |around |roughly |an? |~)?$", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween\s+(?:about |around |roughly )?$", re.IGNORECASE)
_OPENS = re.compile(r"^\s*%?\s*\(\s*$")  # "0.84 (precision)"
_AGAINST = re.compile(r"\b(?:against|versus|vs|compared (?:with|to))\b", re.IGNORECASE)
_APART = re.compile(r"\d|\band\b|,")
_FAR = 40  # letters between a number and the name behind it
_DIVIDES = re.compile(r"[,;:.]|\b(?:while|whereas|but|although|though|and)\b", re.IGNORECASE)


_UNIT = re.compile(
    r"[\s-]*(?:(?:out )?of (?:the )?\d[\d,]* )?(?:training |train |evaluation |eval |test |different |distinct |true "
    r"|optimizer |further |full |possible |whole |evaluated |more )?([A-Za-z]+)\b"
)


class Bound(NamedTuple):
    """A number with the quantity that it is said to be of (None: of nothing that can be told), and a unit's factor."""

    figure: Figure
    mention: Mention | None
    factor: Fraction = Fraction(1)
    upper: Figure | None = None


def bind(seen: Seen, figures: Sequence[Figure], mentions: Sequence[Mention]) -> list[Bound]:
    """Bind each number to its unit, to the metric that its clause names, or to the one of the line above.

    figures: those that no other claim has taken; mentions: the names, "the standard error of the F1" as one.
    """
    words = seen.words
    free = [f for f in figures if not any(a < f.end and b > f.start for a, b in seen.where.taken)]
    bound: list[Bound] = []
    rest: list[Figure] = []
    upper_end: Figure | None = None
    for figure, following in zip_longest(free, free[1:]):
        if figure is upper_end:
            continue
        upper = following if following is not None and _is_range(words, figure, following) else None
        unit = _unit(words, upper or figure)
        if unit is None:
            rest.append(figure)
            continue
        upper_end = upper
        mention = Mention(unit.name, unit.span, facts=_FACTS.get(unit.name, (unit.name,)))
        bound.append(Bound(figure, mention, unit.factor, upper))
    bound += _by_clause(words, rest, mentions, seen.above)
    return sorted(bound, key=lambda item: item.figure.start)


def _is_range(words: Words, low: Figure, high: Figure) -> bool:
    """Whether two numbers are the ends of a range: "0.2 to 0.3", "between 2 and 3"; "from 0.2 to 0.3" is a course."""
    before, between = words.text[max(0, low.start - 20) : low.start], words.text[low.end : high.start]
    if _TO.fullmatch(between):
        ranged = not _FROM.search(before)
    else:
        ranged = bool(_BETWEEN.search(before)) and between.strip(" %").lower() == "and"
    return ranged and low.interval is not None and high.interval is not None and low.number <= high.number


class _Unit(NamedTuple):
    """What the word behind a number makes it a number of."""

    name: str
    factor: Fraction
    span: Span


def _unit(words: Words, figure: Figure) -> _Unit | None:
    match = _UNIT.match(words.text, figure.end)
    if not match or figure.percent:
        return None
    word = match[1].lower()
    if word == "class" and "-" not in match[0]:
        return None  # a 12-class problem has 12, "0.8 class average" has none
    rate = _RATE.match(words.text, match.end())
    if rate and word in ("samples", "rows", "examples", "sample", "row"):
        return _Unit("rate", Fraction(1), words.span_of(figure.end, rate.end()))
    if rate and word in ("steps", "step"):
        return _Unit("steps_rate", Fraction(1), words.span_of(figure.end, rate.end()))
    if word not in _UNITS:
        return None
    name, factor = _UNITS[word]
    name = "train_examples" if name == "sample_count" and "train" in match[0].lower() else name
    return _Unit(name, factor, words.span_of(figure.end, match.end()))


class _Name(NamedTuple):
    """A mention with the place of its letters."""

    start: int
    end: int
    mention: Mention


def _by_clause(
    words: Words, figures: Sequence[Figure], mentions: Sequence[Mention], above: Sequence[Mention]
) -> Iterator[Bound]:
    """Bind numbers without a unit: "P and R are 0.8 and 0.7", "0.8 P and 0.7 R", "F1 (0.75)"."""
    names = [_Name(words.places[m.span.first][0], words.places[m.span.last - 1][1], m) for m in mentions]
    index = 0
    while index < len(figures):
        run = _run(figures[index:], names)
        index += len(run)
        before = [name for name in names if name.end <= run[0].start]
        after = next((name for name in names if name.start >= run[-1].end), None)
        nearest = before[-1] if before else None
        group = _group(words, before)
        if len(run) == 2 and len(before) > 1 and _AGAINST.search(words.text[run[0].end : run[1].start]):
            group = before[-2:]
        if len(run) == len(group) > 1 and not _is_forward(words, run[0], after, nearest):
            yield from (Bound(figure, name.mention) for figure, name in zip(run, group, strict=True))
            continue
        for figure, upper in _ranges(words, run):
            last = upper or figure
            mine = after if last is run[-1] and _is_forward(words, last, after, nearest) else nearest
            if mine is None and after is not None and len(run) == 1:
                mine = None if _DIVIDES.search(words.text[last.end : after.start]) else after
            if mine is not None and mine is nearest and _is_of_another(words.text[mine.end : figure.start]):
                yield Bound(figure, None, upper=upper)
                continue
            if mine is not None and mine is nearest and len(run) == 1:
                yield from (Bound(figure, name.mention, upper=upper) for name in group)
            else:
                mine = names[0] if mine is None and len(names) == 1 else mine
                mention = mine.mention if mine is not None else (above[-1] if above else None)
                yield Bound(figure, mention, upper=upper)


def _is_of_another(gap: str) -> bool:
    """Whether a name that is not known stands between a name and a number: "Dev DER 20.7, Test SE 9.7"."""
    part = re.split(r"[,;|]", gap)
    known = word_set("function") | word_set("free") | word_set("hedges") | word_set("limits")
    return len(part) > 1 and any(w not in known for w in words_of(part[-1]).words if not w[0].isdigit())


def _run(figures: Sequence[Figure], names: Sequence[_Name]) -> list[Figure]:
    """Return the first numbers, between which no name stands."""
    run = [figures[0]]
    for following in figures[1:]:
        between = range(run[-1].end, following.start)
        if any(name.start in between for name in names) or len(between) > _FAR + _FAR // 2:
            break
        run.append(following)
    return run


def _ranges(words: Words, run: Sequence[Figure]) -> Iterator[tuple[Figure, Figure | None]]:
    """Yield the numbers of a run, those that are the ends of a range together."""
    end: Figure | None = None
    for figure, following in zip_longest(run, run[1:]):
        if figure is end:
            continue
        end = following if following is not None and _is_range(words, figure, following) else None
        yield figure, end


def _group(words: Words, before: Sequence[_Name]) -> list[_Name]:
    """Return the names that are said in one breath before a number: "precision, recall and F1"."""
    group = list(before[-1:])
    for name in reversed(before[:-1]):
        gap = words.text[name.end : group[0].start]
        if not _JOINED.match(gap) or not gap.strip(" *`"):
            break
        group.insert(0, name)
    return group


def _is_forward(words: Words, figure: Figure, after: _Name | None, nearest: _Name | None) -> bool:
    """Whether a number belongs to the name behind it rather than to the one before."""
    if after is None:
        return False
    gap = words.text[figure.end : after.start]
    if nearest is None:
        return bool(_FORWARD.match(gap) or _OPENS.match(gap)) or (len(gap) < _FAR and not _DIVIDES.search(gap))
    back = words.text[nearest.end : figure.start]
    if _SAYS.fullmatch(back):
        return False
    if _OPENS.match(gap) and words.text[after.end :].lstrip(" *`").startswith(")"):
        return True
    # "0.84 precision and 0.77 recall", "0.84 for the precision and 0.77 for the recall".
    return bool(_NEAR.match(gap)) or (bool(_LATER.match(gap)) and bool(_APART.search(back)))

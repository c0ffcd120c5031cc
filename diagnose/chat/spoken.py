"""Assumptions as people say them: "what if it was macro averaged", "there are 512 classes", "macro" to a question."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from diagnose.chat._tables import filled, load
from diagnose.chat.mentions import plain
from diagnose.facts import ASSUMPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.chat.mentions import Mentions
    from diagnose.types import Question, Report

__all__ = [
    "BOOLEANS", "CHOICES", "Inexact", "addressed", "allowed", "is_experiment", "is_supposing", "replies_to", "said",
]  # fmt: skip

BOOLEANS = frozenset(name for name, what in ASSUMPTIONS.items() if what.startswith("true:"))
_AVERAGES = ("binary", "macro", "micro", "weighted")
# The values that a name may take, where it is a choice.
CHOICES = {
    **dict.fromkeys(BOOLEANS, ("true", "false")),
    "averaging": _AVERAGES,
    "zero_division": ("0", "1", "nan"),
    "scale": ("fraction", "percent"),
}
_WHOLE = frozenset({"classes", "samples", "samples_below", "devices"})
_SHARES = frozenset({"prevalence", "majority_share"})

# The numbers that prompts/chat/assumptions.toml spells out.
_SPELT = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


class _Spoken(NamedTuple):
    """How an assumption is said; value: None where the pattern's group is the value."""

    name: str
    pattern: re.Pattern[str]
    value: str | None = None


@cache
def _spoken() -> tuple[_Spoken, ...]:
    """Return the ways to say an assumption, in the order of trial."""
    table = load("assumptions")
    return tuple(
        _Spoken(
            row["name"],
            re.compile("|".join(filled(pattern, table["parts"]) for pattern in row["patterns"]), re.ASCII),
            row.get("value"),
        )
        for row in table["said"]
    )


@cache
def _pattern(table: str, name: str) -> re.Pattern[str]:
    tables = load("assumptions")
    return re.compile(filled(tables[table][name], tables["parts"]), re.ASCII)


_EXPLICIT = re.compile(r"((?:[^\s=:,/]+/){0,2}(?:[^\s=:,/]+:)?([a-z][a-z0-9_]*)) ?= ?([^\s,;?!]+)", re.IGNORECASE)


class Inexact(NamedTuple):
    """An assumption that was said, but not exactly enough to prove anything with."""

    name: str
    said: str


def is_supposing(text: str) -> bool:
    """Whether a message supposes something, as "what if" and "assume" do."""
    return _pattern("moods", "supposing").search(plain(text)) is not None


def is_experiment(text: str) -> bool:
    """Whether a message asks what would be if, at its beginning."""
    return _pattern("moods", "experiment").match(plain(text)) is not None


def explicit(text: str) -> list[str]:
    """Return every NAME=VALUE of a known name in a message, with the place in front of it, as it is written."""
    return [f"{m[1]}={m[3].rstrip('.')}" for m in _EXPLICIT.finditer(text[:2000]) if m[2].lower() in ASSUMPTIONS]


def said(text: str) -> list[str | Inexact]:
    """Return the assumptions that a message sets, as NAME=VALUE; what is only asked sets none.

    "what if it was macro averaged?" and "it was macro averaged" set averaging=macro; "was it macro averaged?" asks.
    """
    if written := explicit(text):
        return list(written)
    asked = plain(text)
    supposed = _pattern("moods", "supposing").search(asked)
    if supposed is None and (asked.endswith("?") or _pattern("moods", "asking").match(asked)):
        return []
    return list(_said(asked[supposed.start() :] if supposed else asked))


def _said(asked: str) -> Iterator[str | Inexact]:
    found: dict[str, str | Inexact] = {}
    taken: list[tuple[int, int]] = []
    for row in _spoken():
        for match in row.pattern.finditer(asked):
            if row.name in found or any(match.start() < end and start < match.end() for start, end in taken):
                continue
            value = _value(row, match, asked)
            if value is not None:
                found[row.name] = value
                taken.append(match.span())
    return iter(found.values())


def _value(row: _Spoken, match: re.Match[str], asked: str) -> str | Inexact | None:
    """Return NAME=VALUE of a match, None where it says the opposite and the opposite is no one value."""
    before = asked[: match.start()]
    negated = _pattern("hedges", "not").search(before) is not None
    if row.value is not None:
        if not negated:
            return f"{row.name}={row.value}"
        return f"{row.name}={'false' if row.value == 'true' else 'true'}" if row.name in BOOLEANS else None
    if negated or (row.name == "samples" and _pattern("hedges", "training").search(asked)):
        return None
    if row.name in CHOICES:
        # "macro or micro" leaves open what "not micro but macro" does not.
        others = [m for m in row.pattern.finditer(asked) if m[1] != match[1]]
        stated = [m for m in others if not _pattern("hedges", "not").search(asked[: m.start()])]
        return None if stated else f"{row.name}={match[1]}"
    if _pattern("hedges", "fewer").search(before) and row.name == "samples":
        return f"samples_below={_digits(match[1])}"
    if (
        _pattern("hedges", "rough").search(before)
        or _pattern("hedges", "fewer").search(before)
        or _pattern("hedges", "range").match(asked[match.end(1) :])
    ):
        return Inexact(row.name, " ".join(asked[max(0, match.start() - 12) : match.end()].split()))
    percent = match.lastindex == 2 and match[2] == "%"
    return f"{row.name}={_digits(match[1], percent=percent)}"


def _digits(written: str, *, percent: bool = False) -> str:
    """Return a number as `--assume` takes it: 1,495 is 1495, 56.4 % is 0.564, two is 2."""
    text = str(_SPELT.index(written)) if written in _SPELT else written.replace(",", "")
    if not percent:
        return text
    decimals = len(text.partition(".")[2]) + 2
    return f"{float(Fraction(text) / 100):.{decimals}f}"


def allowed(name: str, value: str) -> str:
    """Return why a value cannot be one of that assumption, "" where it can."""
    choices = CHOICES.get(name)
    if choices is not None:
        return "" if value.lower() in choices else f"{name} is one of {', '.join(choices)}"
    try:
        number = Fraction(value)
    except (ValueError, ZeroDivisionError):
        return f"{name} is a number: {ASSUMPTIONS[name]}"
    if name in _WHOLE and (number.denominator != 1 or number < 1):
        return f"{name} is a whole number of at least 1"
    if name in _SHARES and not 0 < number < 1:
        return f"{name} is a share between 0 and 1"
    return "" if number >= 0 else f"{name} is not negative"


def replies_to(text: str, questions: Sequence[Question]) -> list[str]:
    """Return what a short reply may mean, one NAME=VALUE for each open question that it can answer."""
    asked = plain(text).strip(" .!")
    words = asked.split()
    if not 0 < len(words) <= 6 or asked.endswith("?"):
        return []
    names = list(dict.fromkeys(question.assume.partition("=")[0] for question in questions))
    return [f"{name}={value}" for name in names if (value := _reply(name, asked, words)) is not None]


def _reply(name: str, asked: str, words: Sequence[str]) -> str | None:
    choices = CHOICES.get(name, ())
    if name in BOOLEANS:
        if words[0].strip(",") in ("yes", "yep", "yeah", "true", "correct", "right"):
            return "true"
        if words[0].strip(",") in ("no", "nope", "false"):
            return "false"
        return "true" if name == "same_unit" and asked in ("rows", "all rows", "all of them rows") else None
    if choices:
        chosen = [choice for choice in choices if re.search(rf"\b{choice}(?:s|d)?\b", asked)]
        return (
            chosen[0]
            if len(chosen) == 1 and not _pattern("hedges", "not").search(asked.partition(chosen[0])[0])
            else None
        )
    match = _pattern("parts", "reply").fullmatch(asked)
    if match is None:
        return None
    value = _digits(match[1], percent=match[2] == "%")
    return None if allowed(name, value) else value


def addressed(assumption: str, mentions: Mentions, report: Report) -> str:
    """Return NAME=VALUE with the place that the message names in front, where `--assume` can address it."""
    if "/" in assumption.partition("=")[0] or ":" in assumption.partition("=")[0]:
        return assumption
    places = (mentions.runs, mentions.tasks, mentions.splits)
    run, task, split = ((names[0] if len(names) == 1 else None) for names in places)
    if any(sign in name for name in (run, task, split) if name for sign in "/:="):
        return assumption
    if run is not None and task is None:
        tasks = {verdict.scope.task for verdict in report.verdicts if verdict.scope.run == run}
        task = next(iter(tasks)) if len(tasks) == 1 else None
        run = run if task is not None else None
    head = (f"{run}/" if run and task else "") + (f"{task}/" if task else "") + (f"{split}:" if split else "")
    return f"{head}{assumption}"


def questions_of(report: Report, mentions: Mentions) -> list[Question]:
    """Return the open questions about what the message asks for."""
    return [question for question in report.questions if mentions.about(question.scope)]

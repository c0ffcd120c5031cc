"""Whether a number is good: against what always the same answer would get, as far as that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.chat._tables import words
from diagnose.chat.answer import Heading, Points, Words
from diagnose.chat.replies._request import Reply, Topic, fact_sentence, facts_named, listed_facts
from diagnose.chat.replies.meaning import name, status
from diagnose.chat.replies.reasons import resting_on
from diagnose.chat.replies.tables import margins
from diagnose.llm._prose import given, sure
from diagnose.llm._view import results
from diagnose.report._phrases import where
from diagnose.report._story import tell
from diagnose.report._words import clean
from diagnose.types import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.chat.answer import Part
    from diagnose.chat.replies._request import Request
    from diagnose.llm._view import Result

__all__ = ["baseline", "count", "good"]

_NULL = ("beats_null",)
_FLOOR = (
    "majority_share",
    "majority_baseline_accuracy",
    "lift_over_majority",
    "r2",
    "label_variance",
    "loss_vs_prior",
    "loss_vs_uniform",
)
_RESULTS = 6
_PURPOSE = (
    "Whether that is good enough for your purpose is not in the numbers; they only tell it from a trivial answer, and "
    "from chance."
)


def good(request: Request) -> Reply:
    """Answer with whether each result beats a trivial answer, by what, and what is not known."""
    if request.mentions.rules:
        return status(request, request.mentions.rules)
    parts: list[Part] = []
    found = results(request.report)
    asked = [result for result in found if request.mentions.about(result.scope)]
    for result in asked[:_RESULTS]:
        parts += _worth(request, result, headed=len(found) > 1)
    if len(asked) > _RESULTS:
        parts.append(Words(f"{len(asked) - _RESULTS} more results, the better ones: name a task or a split."))
    if not parts:
        return Reply((Words(tell(request.report).sentence),))
    if request.mentions.metrics:
        parts += resting_on(request)
    if request.report.verdict is not Verdict.DEGENERATE:
        parts.append(Words(_PURPOSE))
    return Reply(tuple(parts), Topic(facts=_NULL))


def _worth(request: Request, result: Result, *, headed: bool) -> Iterator[Part]:
    """Yield the verdict of one result, whether it beats the null models, and by how much."""
    if headed:
        yield Heading(where(request.report, result.scope) or "the whole")
    at = request._replace(mentions=request.mentions._replace(runs=(), tasks=(), splits=(), labels=()))
    here = [
        fact
        for fact in facts_named(at, *_NULL, *_FLOOR, "standard_error", "target_gap")
        if fact.scope.covers(result.scope)
    ]
    verdict = next(
        (v for v in request.report.verdicts if v.scope.covers(result.scope) and v.scope.task == result.scope.task), None
    )
    if verdict is not None:
        yield Words(f"{verdict.verdict.value.capitalize()}{f': {clean(verdict.because)}' if verdict.because else ''}.")
    beats = next((fact for fact in here if fact.name in _NULL), None)
    if beats is None:
        asked = [q.ask for q in request.report.questions if "beats_null" in q.decides and q.scope.covers(result.scope)]
        asked = asked or [ask for ask, _ in tell(request.report).deciders[:1]]
        missing = f" What would tell: {clean(asked[0])}" if asked else ""
        yield Words(f"Whether it beats a trivial answer is not known from these numbers.{missing}")
    else:
        clause = words("beats_null")["yes" if beats.value else "no"]
        sentence = sure(beats.proof, given(beats.assumes), clause).rstrip(".")
        yield Words(f"{sentence}: {clean(beats.because, 600).rstrip('.')}.")
    floor = [fact for fact in here if fact is not beats]
    if floor:
        lines = (fact_sentence(request.report, fact, derived=False, placed=False) for fact in floor)
        yield Points(tuple(dict.fromkeys(lines)))


def baseline(request: Request) -> Reply:
    """Answer with what always the same answer would get."""
    found = facts_named(request, *_FLOOR, *_NULL)
    if found:
        return Reply((Points(listed_facts(request, found)),), Topic(facts=tuple(fact.name for fact in found)))
    asked = [q.ask for q in request.report.questions if "beats_null" in q.decides] or [
        ask for ask, _ in tell(request.report).deciders
    ]
    lines = ("What would give it:", *map(clean, asked[:2])) if asked else ()
    return Reply(tuple(Words(line) for line in ("No baseline follows from these numbers.", *lines)))


def count(request: Request) -> Reply:
    """Answer to how many, how large, how fast, which best: the facts of that name, or that none follows."""
    if request.mentions.labels:
        return margins(request)
    names = request.mentions.facts or request.mentions.called
    found = facts_named(request, *names)
    if found:
        return Reply((Points(listed_facts(request, found)),), Topic(facts=tuple(dict.fromkeys(f.name for f in found))))
    if request.mentions.metrics:
        return name(request)
    asked = [q for q in request.report.questions if set(q.decides) & set(names)]
    open_question = f" It is an open question: {clean(asked[0].ask)}" if asked else ""
    return Reply((Words(f"That does not follow from these numbers.{open_question}"),))

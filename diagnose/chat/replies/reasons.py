"""Why something is said: of a finding, a metric or a fact, what it rests on and how it follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.chat._tables import words
from diagnose.chat.answer import Heading, Points, Words
from diagnose.chat.mentions import Mentions, same_metric
from diagnose.chat.replies._request import Reply, Topic, fact_sentence, facts_named, listed_facts, say
from diagnose.chat.replies.findings import tell_one
from diagnose.llm._numbers import number_of
from diagnose.llm._view import Sight, results
from diagnose.report._phrases import quote, where
from diagnose.report._words import clean
from diagnose.types import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.chat.answer import Part
    from diagnose.chat.replies._request import Request
    from diagnose.types import Fact

__all__ = ["fact_in_full", "metric_items", "resting_on", "why"]

_FEW = 3
_STEPS = frozenset({"best_step", "best_steps", "last_step", "reported_step"})
_NO_REASON = "why it has this value does not follow from these numbers."


def why(request: Request) -> Reply:
    """Answer with the reasons of what the message names, else of what was spoken of, else of the verdict."""
    named = request.mentions
    if named == Mentions():  # of what was asked about before
        asked = request.topic.asked
        places = Mentions(runs=asked.runs, tasks=asked.tasks, splits=asked.splits, labels=asked.labels)
        request = request._replace(mentions=places)
    if named.metrics and (parts := list(_of_metric(request, named.metrics))):
        fired = [f for f in request.report.findings if f.rule in named.rules][:_FEW]
        further = [part for finding in fired for part in tell_one(request, finding)]
        return Reply((*parts, *further), Topic(metrics=named.metrics))
    if named.rules:
        return _of_rules(request, named.rules)
    if facts := named.facts or tuple(fact for fact in named.called if facts_named(request, fact)):
        return _of_facts(request, facts)
    if request.topic.facts:
        return _of_facts(request, request.topic.facts)
    if request.topic.metrics and (parts := list(_of_metric(request, request.topic.metrics))):
        return Reply(tuple(parts), request.topic)
    if request.topic.rule and any(f.rule == request.topic.rule for f in request.report.findings):
        return _of_rules(request, (request.topic.rule,))
    return _of_verdict(request)


def metric_items(request: Request, metrics: Sequence[str]) -> Iterator[str]:
    """Yield what the written report says of these metrics: each value, what it is, and why it has that value."""
    sight = Sight(request.report)
    for result in results(request.report):
        if not request.mentions.about(result.scope):
            continue
        place = where(request.report, result.scope)
        for value in result.series.reported.metrics.values():
            if not value.metric.startswith("target.") and any(same_metric(metric, value.metric) for metric in metrics):
                item = number_of(request.pack, sight, result, value)
                yield f"{f'{place}: ' if place else ''}{item.lead}: {item.text or _NO_REASON}"


def _of_metric(request: Request, metrics: Sequence[str]) -> Iterator[Part]:
    items = list(dict.fromkeys(metric_items(request, metrics)))
    if items:
        yield Points(tuple(items[:6]))
    yield from resting_on(request)
    yield from _following(request, metrics)


def _following(request: Request, metrics: Sequence[str]) -> Iterator[Part]:
    """Yield what else was worked out from these metrics, and in how many ways they can have been made."""
    about = request._replace(mentions=request.mentions._replace(metrics=tuple(metrics)))
    rest = about.mentions.rest_of(request.report.facts)
    facts = [
        fact for fact in rest if fact.name in words("facts").keys() - _STEPS and fact.value and not fact.scope.step
    ]
    if facts:
        yield Words("What follows from it:")
        yield Points(listed_facts(request, facts, _FEW))
    ways = max((len(fact.value.get("left", ())) for fact in rest if fact.name == "readings"), default=0)
    if ways > 1:
        yield Words(f'The scores can have been made in {ways} ways: ask "what else could explain it?".')


def resting_on(request: Request) -> Iterator[Part]:
    """Yield the findings that rest on what the message names, in a line each."""
    found = [f for f in request.mentions.findings(request.report.findings) if f.facts]
    if found:
        lines = [f"{f.severity.value}: {clean(f.title).rstrip('.')}: {clean(f.message)}" for f in found[:_FEW]]
        yield Words("Findings that rest on it:")
        yield Points(tuple(lines))


def _of_rules(request: Request, rules: Sequence[str]) -> Reply:
    found = [f for f in request.report.findings if f.rule in rules or any(c in rules for c in f.consequences)]
    found = [f for f in found if request.mentions.about(f.scope)] or found
    if found:
        parts = [part for finding in found[:_FEW] for part in tell_one(request, finding)]
        return Reply(tuple(parts), Topic(rule=found[0].rule))
    from diagnose.chat.replies.meaning import status  # noqa: PLC0415  # which tells reasons in its turn

    return status(request, rules)


def _of_facts(request: Request, names: Sequence[str]) -> Reply:
    found = facts_named(request, *names)
    if not found:
        return say(f"Nothing of the kind follows from these numbers: {', '.join(clean(name) for name in names)}.")
    parts = [part for fact in found[:_FEW] for part in fact_in_full(request, fact)]
    return Reply(tuple(parts), Topic(facts=tuple(names)))


def fact_in_full(request: Request, fact: Fact) -> Iterator[Part]:
    """Yield a fact, its derivation, on what condition it holds, and the values that it rests on."""
    place = where(request.report, fact.scope)
    yield Heading(f"{clean(fact.name)} ({place})" if place else clean(fact.name))
    yield Words(fact_sentence(request.report, fact, derived=False, placed=False))
    if fact.because:
        yield Words(f"{clean(fact.because, 1000).rstrip('.')}.")
    quotes = tuple(dict.fromkeys(f"read: {quote(value, request.report)}" for value in fact.evidence))
    if quotes:
        yield Points(quotes[:10])


def _of_verdict(request: Request) -> Reply:
    findings = request.mentions.findings(request.report.findings) or request.report.findings
    if findings and request.report.verdict in (Verdict.DEGENERATE, Verdict.SUSPECT):
        return Reply(tuple(tell_one(request, findings[0])), Topic(rule=findings[0].rule))
    reasons = [v for v in request.report.verdicts if request.mentions.about(v.scope)]
    lines = [
        f"{where(request.report, v.scope) or 'the result'}: {v.verdict.value}: {clean(v.because)}" for v in reasons
    ]
    if request.report.verdict is Verdict.UNKNOWN:
        return say("The verdict is unknown: no fact decides whether a trivial answer explains these numbers.", *lines)
    grounds = facts_named(request, "beats_null")
    parts: list[Part] = [Points(tuple(lines))] if lines else []
    parts += [part for fact in grounds[:_FEW] for part in fact_in_full(request, fact)]
    return Reply(tuple(parts) or (Words("Nothing was found, and no more follows."),), Topic(facts=("beats_null",)))

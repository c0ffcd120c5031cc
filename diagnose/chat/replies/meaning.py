"""What a word means: a metric, a rule, a fact, an assumption, a verdict or a proof word; and whether a rule fired."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.chat._tables import words
from diagnose.chat.answer import Points, Words
from diagnose.chat.mentions import same_metric
from diagnose.chat.replies._request import Reply, Topic, facts_named, listed_facts, say
from diagnose.chat.replies.findings import facts, tell_one
from diagnose.chat.replies.reasons import metric_items
from diagnose.chat.replies.tables import margins
from diagnose.facts import ASSUMPTIONS, fact_names
from diagnose.llm._prose import capital, joined, load
from diagnose.llm._view import Sight, results
from diagnose.report._phrases import lacked
from diagnose.report._story import change_words
from diagnose.report._words import clean, first_sentence, listed, shown
from diagnose.vocabulary import METRICS, metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.chat.answer import Part
    from diagnose.chat.replies._request import Request
    from diagnose.types import Finding, Value

__all__ = ["meaning", "name", "remedy", "status"]

# A longer condition is not read; `diagnose rules NAME` has it.
_SHORT = 160
_CONTENT = re.compile(r"[a-z]{3,}")


def meaning(request: Request) -> Reply:
    """Answer with what the named things mean, and what they are in this report."""
    parts = [part for part in (*_of_rules(request), *_of_facts(request), *_of_assumptions(request)) if part]
    named = request.mentions
    known = [text for word, text in words("words").items() if re.search(rf"\b{word}\b", request.text)]
    if named.metrics:
        parts = [*_of_metrics(request), *parts]
    elif known and not (named.rules or named.facts):
        parts = [*(Words(text) for text in known), *parts]
    if parts:
        return Reply(tuple(parts), Topic(next(iter(named.rules), ""), named.facts, named.metrics))
    return say("That word is none of the metrics, rules and facts that are known here.")


def name(request: Request) -> Reply:
    """Answer to the bare name of something: whether the rule fired, the metric's value, the fact."""
    named = request.mentions
    if named.rules:
        return status(request, named.rules)
    if named.metrics:
        reported = any(named.names(value) for value in _reported(request))
        derived = facts_named(request, *named.metrics)
        if derived and not reported:
            return Reply((Points(listed_facts(request, derived)),), Topic(facts=named.metrics))
        return Reply(tuple(_of_metrics(request)), Topic(metrics=named.metrics))
    if named.labels and not named.facts:
        return margins(request)
    return facts(request) if any(facts_named(request, fact) for fact in named.facts) else meaning(request)


def status(request: Request, rules: Sequence[str]) -> Reply:
    """Answer with whether rules fired, were silent or could not be decided, and what that rests on."""
    parts: list[Part] = []
    told: list[Finding] = []
    for rule in rules:
        found = [f for f in request.report.findings if f.rule == rule and request.mentions.about(f.scope)][:2]
        parent = next((f for f in request.report.findings if rule in f.consequences), None)
        missing = next((item for item in request.report.not_checked if item.rule == rule), None)
        if found:
            parts += [part for finding in found if finding not in told for part in tell_one(request, finding)]
            told += found
        elif parent is not None:
            parts.append(Words(f"Yes, {rule} holds, as a consequence of {clean(parent.rule)}."))
            parts += [] if parent in told else tell_one(request, parent)
            told.append(parent)
        elif missing is not None:
            needs = listed(list(dict.fromkeys(lacked(need) for need in missing.needs)), 3, "number")
            unknown = f"Whether {_title(request, rule)} cannot be told from these numbers ({rule})"
            parts.append(Words(f"{unknown}: it would take {needs}."))
        else:
            parts.append(Words(f"{rule} ({_title(request, rule)}) did not fire{_unfulfilled(request, rule)}."))
    return Reply(tuple(parts), Topic(rule=rules[0]))


def remedy(request: Request) -> Reply:
    """Answer to whether something would help: the steps that say so, and whether the rules behind it fired."""
    if request.mentions.rules:
        return status(request, request.mentions.rules)
    wanted = _stems(request.text) - _stems(words("common")["words"])
    found = []
    for finding in request.report.findings:
        for step in finding.remedies:
            text = f"{step.title} {change_words(step).replace('_', ' ')}".lower()
            if wanted and wanted <= _stems(text):
                why = first_sentence(step.why).rstrip(".")
                found.append(f"{clean(step.title).rstrip('.')} ({clean(finding.rule)}): {capital(why)}.")
    if not found:
        return say(words("says")["remedy"], 'What the findings call for: ask "what should I try first?".')
    return Reply((Words(words("says")["called_for"]), Points(tuple(dict.fromkeys(found)))))


def _stems(text: str) -> frozenset[str]:
    """Return the words of a text without their endings: weights and weighting are weight, classes are class."""
    plural = (re.sub(r"(?<=ss)es$|(?<!s)s$", "", word) for word in _CONTENT.findall(text))
    return frozenset(re.sub(r"(?:ing|ed|e)$", "", word) if len(word) > 4 else word for word in plural)


def _unfulfilled(request: Request, named: str) -> str:
    """Return which of a rule's conditions does not hold, and the numbers in it, for the first result asked about."""
    rule, sight = request.rules.get(named), Sight(request.report)
    if rule is None or rule.rows:
        return ""
    for result in results(request.report):
        view = sight.view(result.scope)
        for text, condition in zip(rule.when, rule.conditions, strict=True):
            values = {**view.values(condition.names - rule.params.keys()), **rule.param_values}
            short = len(text) <= _SHORT and request.mentions.about(result.scope)
            if short and condition.evaluate(values) is False:
                numbers = (
                    f"{name} is {clean(shown(values[name]), 200)}" for name in sorted(condition.names & values.keys())
                )
                return f": it asks for {clean(text)}, and {joined(numbers)}"
    return ""


def _title(request: Request, rule: str) -> str:
    title = clean(request.rules[rule].title).rstrip(".") if rule in request.rules else rule
    return f"{title[:1].lower()}{title[1:]}"


def _of_rules(request: Request) -> Iterator[Part]:
    for named in request.mentions.rules:
        rule = request.rules[named]
        yield Words(f"{named} ({rule.severity.value}): {clean(rule.title).rstrip('.')}. {clean(rule.why, 800)}")
        if rule.false_alarms:
            yield Words(
                f"It can be a false alarm: {'; '.join(clean(alarm).rstrip('.') for alarm in rule.false_alarms)}."
            )
        fired = any(named in (f.rule, *f.consequences) for f in request.report.findings)
        undecided = any(item.rule == named for item in request.report.not_checked)
        yield Words("Here it fired." if fired else "Here it lacked a number." if undecided else "Here it did not fire.")


def _of_metrics(request: Request) -> Iterator[Part]:
    here = list(dict.fromkeys(metric_items(request, request.mentions.metrics)))
    for metric in request.mentions.metrics:
        if not any(same_metric(metric, value.metric) for value in _reported(request)) or not here:
            yield Words(_definition(metric))
            yield Words("It is not among the numbers that were read.")
    if here:
        yield Points(tuple(here[:6]))


def _reported(request: Request) -> Iterator[Value]:
    for run in request.report.runs:
        for evaluation in run.evaluations:
            yield from evaluation.metrics.values()


def _definition(metric: str) -> str:
    """Return what a metric is, in a sentence."""
    average, _, base = metric.partition("_")
    base = metric if metric in METRICS else base
    meaning = load("metrics")["meaning"].get(base)
    info = metric_of(metric)
    if meaning is None:
        return f"{metric}: no definition of it is kept here."
    how = load("metrics")["average"].get(average) if base != metric else None
    better = {True: " More is better.", False: " Less is better.", None: ""}[info.higher_is_better if info else None]
    return f"{metric}: {capital(meaning)}{f', {how}' if how else ''}.{better}"


def _of_facts(request: Request) -> Iterator[Part]:
    for named in request.mentions.facts:
        yield Words(f"{named}: {first_sentence(fact_names()[named])}.")
        found = facts_named(request, named)
        if found:
            yield Points(listed_facts(request, found, 4))
        else:
            yield Words("It does not follow from these numbers.")


def _of_assumptions(request: Request) -> Iterator[Part]:
    for named, what in ASSUMPTIONS.items():
        if named not in request.mentions.facts and re.search(rf"\b{named}\b", request.text):
            yield Words(f"{named} is an assumption: {what}.")

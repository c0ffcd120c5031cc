"""What is wrong and what to do: verdicts, findings, steps, open questions, what was not checked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from diagnose.chat.answer import Heading, Points, Words
from diagnose.chat.mentions import Mentions
from diagnose.chat.replies._request import Reply, Topic, fact_line, facts_named, listed_facts, say
from diagnose.llm._prose import capital, given, strength
from diagnose.llm.explanation import Item, Section
from diagnose.llm.pack import Kind
from diagnose.report._phrases import where
from diagnose.report._story import tell, tell_finding
from diagnose.report._words import clean, count, listed
from diagnose.report._worked_out import worked_out
from diagnose.types import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.chat.answer import Part
    from diagnose.chat.replies._request import Request
    from diagnose.report._story import FindingStory
    from diagnose.types import Finding

__all__ = ["facts", "findings", "not_checked", "questions", "readings", "steps", "tell_one", "verdict"]

_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
_ALL_STEPS = re.compile(r"\b(?:steps|things|all|list|recommend|advice|suggest|remedies|items|to-?do|improve|fix)\b")
_FURTHER = re.compile(r"\b(?:next|then|else|now|other|after)\b")
_FEW = 5


def verdict(request: Request) -> Reply:
    """Answer with the verdict in a sentence, and that of each result where there are several."""
    story = tell(request.report)
    lines = [line for line in story.scopes if _is_asked(line, request)]
    whole = Words(f"{story.verdict.capitalize()}. {story.sentence}")
    parts: list[Part] = [] if lines and len(lines) < len(story.scopes) else [whole]
    if lines:
        parts.append(Points(tuple(lines)))
    rule = request.report.findings[0].rule if request.report.findings else ""
    return Reply(tuple(parts), Topic(rule=rule))


def _is_asked(line: str, request: Request) -> bool:
    names = (*request.mentions.tasks, *request.mentions.splits, *request.mentions.runs)
    return not names or any(name in line for name in names)


def findings(request: Request) -> Reply:
    """Answer with what was found, the gravest first: all in a line each, or the one that was asked about in full."""
    found = request.mentions.findings(request.report.findings)
    if not found:
        return _nothing_found(request)
    if len(found) == 1 or request.mentions.rules:
        parts = [part for finding in found[:_FEW] for part in tell_one(request, finding)]
        return Reply(tuple(parts), Topic(rule=found[0].rule))
    stories = [tell_finding(request.report, finding) for finding in found]
    return Reply((Points(tuple(_line(story) for story in stories[:20])),), Topic(rule=found[0].rule))


def _nothing_found(request: Request) -> Reply:
    if request.report.findings:
        return say('Nothing was found about that. What was found elsewhere: ask "what is wrong?".')
    if request.report.verdict is Verdict.UNKNOWN:
        return say("Nothing was found, and nothing was decided either, which is no pass.", *_deciders(request))
    return say(tell(request.report).sentence)


def _deciders(request: Request) -> list[str]:
    return [f"What would decide it: {ask}" for ask, _ in tell(request.report).deciders[:2]]


def _line(story: FindingStory) -> str:
    place = f" ({story.where})" if story.where else ""
    return f"{story.severity.value}: {story.title}{place} [{story.proof}]: {story.message}"


def tell_one(request: Request, finding: Finding) -> Iterator[Part]:
    """Yield one finding in full: what it says, what it rests on, how that follows, why it matters."""
    story = tell_finding(request.report, finding)
    yield Heading(f"{story.severity.value}: {story.title}")
    place = f", {story.where}" if story.where else ""
    yield Words(f"{story.rule} ({story.proof}{place}): {story.message}.")
    if story.evidence:
        yield Points(tuple(f"read: {line}" for line in story.evidence))
    if story.grounds:
        yield Points(tuple(f"derived: {line}" for line in story.grounds))
    if story.why:
        yield Words(story.why)
    if story.consequences:
        yield Words(f"What follows from it: {story.consequences}.")


def steps(request: Request) -> Reply:
    """Answer with what to do, as the written report orders it: the first step, the next one, or all of them."""
    further = request.topic.step > 0 and _FURTHER.search(request.text) is not None
    if further and request.mentions == Mentions():
        request = request._replace(mentions=request.topic.asked)
    section, planned = _planned(request)
    if not planned:
        return _nothing_to_do(request)
    asked = next((number for word, number in _ORDINALS.items() if re.search(rf"\b{word}\b", request.text)), 0)
    asked = asked or (request.topic.step + 1 if further else 0)
    if asked > len(planned):
        done = f"There are only {count(len(planned), 'step')}. After them, paste the new numbers."
        return say(done, topic=request.topic)
    first, last = (asked, asked) if asked else (1, len(planned) if _ALL_STEPS.search(request.text) else 1)
    told = [f"{item.lead}: {item.text}" for item in planned[first - 1 : last]]
    parts: list[Part] = [Words(told[0]) if first == last else Points(tuple(told), ordered=True)]
    if last < len(planned):
        parts.append(Words(f'{count(len(planned) - last, "more step")} after it: ask "and then?".'))
    topic = Topic(rule=_rule_of(request, planned[last - 1]), step=last, asked=request.mentions)
    return Reply(tuple(parts), topic, section.source)


def _planned(request: Request) -> tuple[Section, list[Item]]:
    """Return the steps of the written report, those for the findings that the message asks about where it names any."""
    section = next((s for s in request.explanation.sections if s.ordered), Section("", ()))
    asked = {finding.rule for finding in request.mentions.findings(request.report.findings)}
    items = [item for item in section.items if _rule_of(request, item) in asked]
    return section, items or list(section.items)


def _rule_of(request: Request, step: Item) -> str:
    """Return the rule that a step of the written report is for."""
    about = (number for one in step.statements if one in request.pack for number in (one, *request.pack[one].about))
    return next((request.pack[number].metric for number in about if request.pack[number].kind == Kind.FINDING), "")


def _nothing_to_do(request: Request) -> Reply:
    verdict = request.report.verdict
    if verdict is Verdict.UNKNOWN:
        return say(
            "Nothing is known to be wrong, and nothing was decided: first tell what is missing.", *_deciders(request)
        )
    return say("No rule asks for a change: nothing was found that these numbers would blame.")


def questions(request: Request) -> Reply:
    """Answer with the open questions, how to answer each here, and what further numbers would allow."""
    story = tell(request.report)
    asked = [q for q in request.report.questions if request.mentions.about(q.scope)] or list(request.report.questions)
    lines = []
    for question in dict.fromkeys((q.ask, q.assume, where(request.report, q.scope)) for q in asked):
        ask, assume, place = question
        lines.append(f'{clean(ask)}{f" ({place})" if place else ""} Answer for example: "{clean(assume)}".')
    parts: list[Part] = []
    if lines:
        parts += [Words("Open, and worth an answer:"), Points(tuple(lines[:10]), ordered=len(lines) > 1)]
    elif story.deciders:
        parts += [Words("What would decide the verdict:"), Points(tuple(ask for ask, _ in story.deciders))]
    else:
        parts.append(Words("No question is open that an answer would settle."))
    if story.lacking:
        few = [f"{need} (for {listed(rules, 3, 'rule')})" for need, rules in story.lacking[:4]]
        parts += [Words("Further numbers that would allow further checks:"), Points(tuple(few))]
    return Reply(tuple(parts))


def readings(request: Request) -> Reply:
    """Answer with the ways in which the numbers can have been made, and those that they rule out."""
    parts: list[Part] = []
    for fact in facts_named(request, "readings"):
        place = where(request.report, fact.scope)
        left = tuple(f"{_when(one)}: {clean(one['says'], 300)}{_unless(one)}" for one in fact.value.get("left", ()))
        dropped = tuple(f"{_when(one)}: {clean(one['because'], 300)}" for one in fact.value.get("dropped", ()))
        parts += [Heading(f"How the numbers can have been made{f' ({place})' if place else ''}"), Points(left)]
        parts += [Words("Ruled out:"), Points(dropped)] if dropped else []
        parts.append(Words(f"{strength(fact.proof, fact.assumes)}."))
    for fact in facts_named(request, "contradiction"):
        ways = tuple(clean(str(reading), 300) for reading in fact.value.get("readings", ()))
        parts += [Heading("How numbers that contradict each other could have been printed"), Points(ways)]
    if not parts:
        return say(
            "No other reading of these numbers was worked out: what is proved has none, what is implied names it."
        )
    asked = 'An answer leaves fewer of them: ask "what is missing?".'
    return Reply((*parts, Words(asked)), Topic(facts=("readings",)))


def _when(reading: Mapping[str, Any]) -> str:
    """Return on which answers a reading rests."""
    return capital(given(reading["assume"])) or "Otherwise"


def _unless(reading: Mapping[str, Any]) -> str:
    falls = given(reading.get("falls_if", ()))
    return f"; it falls given {falls}" if falls else ""


def not_checked(request: Request) -> Reply:
    """Answer with the rules that lacked a number, by what was missing."""
    story = tell(request.report)
    if not story.lacking:
        return say("Every rule could be decided.")
    lines = [f"{need}: {', '.join(rules)}" for need, rules in story.lacking]
    return Reply(
        (Words(f"{count(story.unchecked, 'rule')} lacked a number. By what was missing:"), Points(tuple(lines)))
    )


def facts(request: Request) -> Reply:
    """Answer with what follows from the numbers beside the findings."""
    named = [name for name in request.mentions.facts if facts_named(request, name)]
    if named:
        return Reply((Points(listed_facts(request, facts_named(request, *named))),), Topic(facts=tuple(named)))
    derived = worked_out(request.report, Verdict.SUSPECT)  # all of them, also of a healthy run: they were asked for
    lines = [f"{fact.name} = {fact.value} [{fact.proof}]: {fact.because}" for fact in derived]
    if request.mentions.metrics:
        rest = request.mentions.rest_of(request.report.facts)
        lines = [fact_line(request.report, f) for f in rest if "." not in f.name and f.value] or lines
    if not lines:
        return say("Nothing follows from these numbers beside what the findings say.")
    more = [f"and {len(lines) - 20:,} more"] if len(lines) > 20 else []
    return Reply((Points((*lines[:20], *more)),))

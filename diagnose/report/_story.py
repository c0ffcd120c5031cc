"""What a written report says, and in which order: the terminal and Markdown only dress it.

Every text of a story is safe to print: on one line, printable, of bounded length.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from diagnose.report._histories import History, histories
from diagnose.report._phrases import finding_place, lacked, option, proof_words, quote, quote_unread, where
from diagnose.report._trials import reproduction_words, tried_words
from diagnose.report._words import clean, count, first_sentence, listed
from diagnose.report._worked_out import Derived, is_derived, is_reading, worked_out
from diagnose.types import Severity, Verdict
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.types import Fact, Finding, InputError, Remedy, Report

__all__ = [
    "Derived",
    "FindingStory",
    "History",
    "Step",
    "Story",
    "change_words",
    "obstacle_line",
    "tell",
    "tell_finding",
    "tell_steps",
    "totals",
]

# A rule that fires on every class of a long table is told in full for the first few, in a line each for the others.
_TOLD_IN_FULL = 3
_QUOTES = 8
_DERIVATIONS = 3
_LINES = 20
# A grave finding needs more ways out than advice does; `diagnose rules NAME` has them all.
_STEPS = {Severity.ERROR: 4, Severity.WARNING: 2, Severity.NOTE: 1}

_SENTENCES = {
    Verdict.DEGENERATE: "This result is not a result",
    Verdict.SUSPECT: "There is a result, but with a major fault",
    Verdict.HEALTHY: "The numbers rule out that a trivial answer explains them",
    Verdict.UNKNOWN: "Nothing could be decided from these numbers, and that is not a pass",
}
_PARTLY_UNKNOWN = "Some of these results could not be decided, and that is not a pass"
_ANY_DECIDER = (
    "The score that one constant answer gets on the same rows: the share of the most frequent class, or the spread "
    "of the labels"
)
_NO_SCORE = "A score of the task on held-out rows (accuracy, F1, a correlation, an error rate): no such number was read"


class FindingStory(NamedTuple):
    """One finding in words.

    proof: its proof word, with the assumptions behind it; where: the run, task, split, class and steps, as far as
    they need saying; evidence: quotes of the input; grounds: how the derived facts follow; also: one line for each
    further finding of the same rule; accepted: why and until when the gate does not fail on it; tried: what came of
    making it happen on purpose.
    """

    severity: Severity
    rule: str
    title: str
    proof: str
    where: str
    message: str
    why: str
    evidence: tuple[str, ...]
    grounds: tuple[str, ...]
    consequences: str
    also: tuple[str, ...] = ()
    accepted: str = ""
    tried: tuple[str, ...] = ()


class Step(NamedTuple):
    """Something to do next, why, as which change of the training arguments, and for which findings.

    tried: what it did in a reproduction, "" where it was not tried.
    """

    title: str
    why: str
    change: str
    rules: str
    tried: str = ""


class Story(NamedTuple):
    """One report in words, in the order of the telling.

    verdict: a verdict's word, or "unreadable"; deciders: what would decide an unknown verdict, and the option that
    answers it ("" where there is none); questions: likewise what else is open; unchecked: how many rules lacked a
    number; lacking: what was missing, and the rules that it would allow, most of them first; unread: what, and why it
    was of no use; obstacles: what the gate had to look at and could not.
    """

    source: str
    verdict: str
    sentence: str
    scopes: tuple[str, ...] = ()
    deciders: tuple[tuple[str, str], ...] = ()
    findings: tuple[FindingStory, ...] = ()
    steps: tuple[Step, ...] = ()
    histories: tuple[History, ...] = ()
    derived: tuple[Derived, ...] = ()
    questions: tuple[tuple[str, str], ...] = ()
    unchecked: int = 0
    lacking: tuple[tuple[str, tuple[str, ...]], ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    obstacles: tuple[str, ...] = ()


def tell(report: Report) -> Story:
    """Put a report into words."""
    source = listed([clean(name, 200) if name != "-" else "standard input" for name in report.source], 3, "file")
    if report.error is not None:
        return Story(source, "unreadable", obstacle_line(report.error))
    verdict = report.verdict or Verdict.UNKNOWN
    findings = sorted(report.findings, key=lambda finding: finding.severity.rank)
    asked = _questions(report)
    deciders = _deciders(report, asked) if verdict is Verdict.UNKNOWN else ()
    return Story(
        source,
        verdict.value,
        _sentence(report, verdict, findings),
        scopes=_capped(tuple(_scope_lines(report)), _LINES, "result"),
        deciders=deciders,
        findings=tuple(_findings(report, findings)),
        steps=tuple(tell_steps(findings)),
        histories=tuple(histories(report)),
        derived=worked_out(report, verdict),
        questions=tuple(question for question in asked if question not in deciders),
        unchecked=len(report.not_checked),
        lacking=tuple(_lacking(report)),
        unread=tuple((quote_unread(item, report), clean(item.reason)) for item in report.unread),
        obstacles=tuple(obstacle_line(obstacle) for obstacle in report.obstacles),
    )


def obstacle_line(error: InputError) -> str:
    """Return what was in the way, and what to do about it."""
    return clean(error.message) + (f" ({clean(error.hint)})" if error.hint else "")


def totals(reports: Sequence[Report]) -> str:
    """Return "4 inputs: 1 degenerate, 2 healthy, 1 unreadable", the worst first."""
    words = [report.verdict.value if report.verdict else "unreadable" for report in reports]
    order = ["unreadable", *(verdict.value for verdict in Verdict)]
    parts = [f"{words.count(word)} {word}" for word in order if word in words]
    return f"{count(len(reports), 'input')}: {', '.join(parts)}"


def _sentence(report: Report, verdict: Verdict, findings: Sequence[Finding]) -> str:
    """Return the verdict in one sentence, with the first reason for it."""
    partly = verdict is Verdict.UNKNOWN and any(v.verdict is not Verdict.UNKNOWN for v in report.verdicts)
    sentence = _PARTLY_UNKNOWN if partly else _SENTENCES[verdict]
    if verdict in (Verdict.DEGENERATE, Verdict.SUSPECT) and findings:
        reason = findings[0].title
    else:
        reason = next((v.because for v in report.verdicts if v.verdict is verdict), "")
    return f"{sentence}: {clean(reason).rstrip('.')}." if reason else f"{sentence}."


def _scope_lines(report: Report) -> Iterator[str]:
    """Yield a line for each task and split, the worst first, where there are several."""
    if len(report.verdicts) > 1:
        for item in sorted(report.verdicts, key=lambda item: item.verdict.rank):
            reason = f": {clean(item.because)}" if item.because else ""
            yield f"{where(report, item.scope) or 'the whole'}: {item.verdict.value}{reason}"


def _deciders(report: Report, questions: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return what would decide an unknown verdict: the questions about it, else any question, else in general."""
    about = {clean(question.ask) for question in report.questions if "beats_null" in question.decides}
    scored = any(_is_score(name) for run in report.runs for e in run.evaluations for name in e.metrics)
    general = _ANY_DECIDER if scored else _NO_SCORE
    return tuple(q for q in questions if q[0] in about) or tuple(questions) or ((general, ""),)


def _is_score(name: str) -> bool:
    info = metric_of(name)
    return info is not None and info.kind in ("score", "correlation", "error")


def _findings(report: Report, findings: Sequence[Finding]) -> Iterator[FindingStory]:
    """Yield the findings, those of one rule together; the further ones of a rule in a line each under the last."""
    first_of = {finding.rule: i for i, finding in reversed(list(enumerate(findings)))}
    together = sorted(findings, key=lambda finding: first_of[finding.rule])
    for _, group in groupby(together, key=lambda finding: finding.rule):
        members = list(group)
        full, rest = members[:_TOLD_IN_FULL], members[_TOLD_IN_FULL:]
        for finding in full:
            also = rest if finding is full[-1] else []
            yield tell_finding(report, finding, tuple(_in_a_line(report, other) for other in also))


def _in_a_line(report: Report, finding: Finding) -> str:
    return f"{finding_place(report, finding)}: {clean(finding.message)}".removeprefix(": ")


def tell_finding(report: Report, finding: Finding, also: tuple[str, ...] = ()) -> FindingStory:
    """Put one finding into words; `also`: a line for each further finding of its rule."""
    evidence = dict.fromkeys(quote(value, report) for fact in finding.facts for value in fact.evidence)
    # Facts of one derivation share its sentence, and the rows of a history share a fact's name: one line for each.
    message = clean(finding.message)
    derived = {fact.name: fact for fact in finding.facts if fact.because and is_derived(fact)}
    derived = {name: fact for name, fact in derived.items() if not _is_told(fact, message)}
    grounds = {clean(fact.because): f"{fact.name}: {clean(fact.because)}" for fact in reversed(derived.values())}
    return FindingStory(
        finding.severity,
        clean(finding.rule),
        clean(finding.title).rstrip("."),
        proof_words(finding.proof, (a for fact in finding.facts for a in fact.assumes)),
        finding_place(report, finding),
        message,
        first_sentence(finding.why),
        _capped(tuple(evidence), _QUOTES, "value"),
        _capped(tuple(grounds.values())[::-1], _DERIVATIONS, "fact"),
        ", ".join(clean(rule) for rule in finding.consequences),
        _capped(also, _LINES, "finding"),
        f"until {clean(finding.accepted.expires)}: {clean(finding.accepted.reason)}" if finding.accepted else "",
        reproduction_words(finding),
    )


def _is_told(fact: Fact, message: str) -> bool:
    """Whether the message says how the fact follows, or it is read off one quoted value, or off the lack of any."""
    absent = fact.value is False and not fact.evidence
    return clean(fact.because, len(message) + 1) in message or absent or is_reading(fact)


def _capped(items: tuple[str, ...], limit: int, noun: str) -> tuple[str, ...]:
    """Return the items, the last of them a count where there are more than `limit`; the JSON report has them all."""
    if len(items) <= limit:
        return items
    return (*items[:limit], f"and {count(len(items) - limit, noun)} more")


def tell_steps(findings: Sequence[Finding]) -> Iterator[Step]:
    """Yield the remedies of all findings, the gravest finding's first, each once."""
    rules: dict[tuple[str, str], list[str]] = {}
    first: dict[tuple[str, str], Remedy] = {}
    for finding in findings:
        for remedy in finding.ways_out(_STEPS[finding.severity]):
            key = (remedy.title, change_words(remedy))
            first[key] = max(first.get(key, remedy), remedy, key=lambda one: bool(one.verified))
            rules.setdefault(key, []).append(finding.rule)
    for key, remedy in first.items():
        why = first_sentence(remedy.why)
        why = f"{why[:1].upper()}{why[1:]}".rstrip(".") + "."
        names = clean(", ".join(dict.fromkeys(rules[key])))
        yield Step(clean(key[0]).rstrip("."), why, key[1], names, tried_words(remedy))


def change_words(remedy: Remedy) -> str:
    """Return a remedy's patch as it is read: learning_rate x 0.25, bf16 = true."""
    signs = {"set": "=", "multiply": "x", "at": "at"}
    parts = []
    for setting, patch in remedy.change.items():
        if isinstance(patch, dict):
            parts += [f"{setting} {signs.get(str(how), str(how))} {_written(to)}" for how, to in patch.items()]
        else:
            parts.append(f"{setting} = {_written(patch)}")
    return clean(", ".join(parts))


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _lacking(report: Report) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what the rules that were not checked lacked, in words, and the rules, the most wanted first."""
    rules: dict[str, dict[str, None]] = {}
    for item in report.not_checked:
        for need in dict.fromkeys(lacked(name) for name in item.needs):
            rules.setdefault(need, {})[clean(item.rule)] = None
    yield from sorted(((need, tuple(names)) for need, names in rules.items()), key=lambda entry: -len(entry[1]))


def _questions(report: Report) -> list[tuple[str, str]]:
    """Return each question once, with the option that answers it."""
    asked = {(clean(question.ask), option(report, question)): None for question in report.questions}
    return list(asked)

"""What a written report says, and in which order: the terminal and Markdown only dress it.

Every text of a story is safe to print: on one line, printable, of bounded length.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from diagnose.report._histories import History, histories
from diagnose.report._phrases import finding_place, option, proof_words, quote, quote_unread, where
from diagnose.report._words import clean, count, first_sentence, listed, shown
from diagnose.types import Proof, Scope, Severity, Verdict, row_step
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.types import Fact, Finding, Remedy, Report

__all__ = ["Derived", "FindingStory", "History", "Step", "Story", "tell", "totals"]

# A rule that fires on every class of a long table is told in full for the first few, in a line each for the others.
_TOLD_IN_FULL = 3
_QUOTES = 8
_DERIVATIONS = 3
_LINES = 20

_SENTENCES = {
    Verdict.DEGENERATE: "This result is not a result",
    Verdict.SUSPECT: "There is a result, but with a major fault",
    Verdict.HEALTHY: "The numbers rule out that a trivial answer explains them",
    Verdict.UNKNOWN: "Nothing could be decided from these numbers, and that is not a pass",
}
_PARTLY_UNKNOWN = "Some of these results could not be decided, and that is not a pass"
_ANY_DECIDER = (
    "the score that one constant answer gets on the same rows: the share of the most frequent class, or the spread "
    "of the labels"
)


@dataclass(frozen=True, slots=True)
class FindingStory:
    """One finding in words.

    proof: its proof word, with the assumptions behind it; where: the run, task, split, class and steps, as far as
    they need saying; evidence: quotes of the input; grounds: how the derived facts follow; also: one line for each
    further finding of the same rule.
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


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do next, why, as which change of the training arguments, and for which findings."""

    title: str
    why: str
    change: str
    rules: str


@dataclass(frozen=True, slots=True)
class Derived:
    """A fact about the result that was worked out, not read: its name, value, proof and derivation."""

    name: str
    value: str
    proof: str
    because: str


@dataclass(frozen=True, slots=True)
class Story:
    """One report in words, in the order of the telling.

    verdict: a verdict's word, or "unreadable"; deciders: what would decide an unknown verdict, and the option that
    answers it ("" where there is none); questions: likewise what else is open; unread: what, and why it was of no use.
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
    not_checked: tuple[tuple[str, str], ...] = ()
    unread: tuple[tuple[str, str], ...] = ()


def tell(report: Report) -> Story:
    """Put a report into words."""
    source = listed([clean(name, 200) if name != "-" else "standard input" for name in report.source], 3, "file")
    if report.error is not None:
        hint = f" ({clean(report.error.hint)})" if report.error.hint else ""
        return Story(source, "unreadable", clean(report.error.message) + hint)
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
        steps=tuple(_steps(findings)),
        histories=tuple(histories(report)),
        derived=tuple(_derived(report)),
        questions=tuple(question for question in asked if question not in deciders),
        not_checked=tuple((clean(item.rule), ", ".join(item.needs)) for item in report.not_checked),
        unread=tuple((quote_unread(item, report), clean(item.reason)) for item in report.unread),
    )


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
    return tuple(q for q in questions if q[0] in about) or tuple(questions) or ((_ANY_DECIDER, ""),)


def _findings(report: Report, findings: Sequence[Finding]) -> Iterator[FindingStory]:
    """Yield the findings, those of one rule together; the further ones of a rule in a line each under the last."""
    first_of = {finding.rule: i for i, finding in reversed(list(enumerate(findings)))}
    together = sorted(findings, key=lambda finding: first_of[finding.rule])
    for _, group in groupby(together, key=lambda finding: finding.rule):
        members = list(group)
        full, rest = members[:_TOLD_IN_FULL], members[_TOLD_IN_FULL:]
        for finding in full:
            also = rest if finding is full[-1] else []
            yield _finding(report, finding, tuple(_in_a_line(report, other) for other in also))


def _in_a_line(report: Report, finding: Finding) -> str:
    return f"{finding_place(report, finding)}: {clean(finding.message)}".removeprefix(": ")


def _finding(report: Report, finding: Finding, also: tuple[str, ...]) -> FindingStory:
    evidence = dict.fromkeys(quote(value, report) for fact in finding.facts for value in fact.evidence)
    # Facts of one derivation share its sentence, and the rows of a history share a fact's name: one line for each.
    derived = {fact.name: fact for fact in finding.facts if fact.because and _is_derived(fact)}
    grounds = {clean(fact.because): f"{fact.name}: {clean(fact.because)}" for fact in reversed(derived.values())}
    return FindingStory(
        finding.severity,
        clean(finding.rule),
        clean(finding.title).rstrip("."),
        proof_words(finding.proof, (a for fact in finding.facts for a in fact.assumes)),
        finding_place(report, finding),
        clean(finding.message),
        first_sentence(finding.why),
        _capped(tuple(evidence), _QUOTES, "value"),
        _capped(tuple(grounds.values())[::-1], _DERIVATIONS, "fact"),
        ", ".join(clean(rule) for rule in finding.consequences),
        _capped(also, _LINES, "finding"),
    )


def _capped(items: tuple[str, ...], limit: int, noun: str) -> tuple[str, ...]:
    """Return the items, the last of them a count where there are more than `limit`; the JSON report has them all."""
    if len(items) <= limit:
        return items
    return (*items[:limit], f"and {count(len(items) - limit, noun)} more")


def _steps(findings: Sequence[Finding]) -> Iterator[Step]:
    """Yield the remedies of all findings, the gravest finding's first, each once."""
    rules: dict[tuple[str, str], list[str]] = {}
    first: dict[tuple[str, str], Remedy] = {}
    for finding in findings:
        for remedy in finding.remedies:
            key = (remedy.title, _change(remedy))
            first.setdefault(key, remedy)
            rules.setdefault(key, []).append(finding.rule)
    for key, remedy in first.items():
        why = first_sentence(remedy.why)
        why = f"{why[:1].upper()}{why[1:]}".rstrip(".") + "."
        yield Step(clean(key[0]).rstrip("."), why, key[1], clean(", ".join(dict.fromkeys(rules[key]))))


def _change(remedy: Remedy) -> str:
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


def _derived(report: Report) -> Iterator[Derived]:
    """Yield what was worked out about the results themselves, beside what the findings already tell.

    Left out, but not from the JSON report: helpers of other facts (their names have a dot), habits and thresholds,
    and what is only the absence of a fault (no, 0, an empty list).
    """
    told = {id(fact) for finding in report.findings for fact in finding.facts}
    results = {
        Scope(run.name, series.task, series.split, None if series.headline else row_step(series.reported))
        for run in report.runs
        for series in run.series()
    }
    for fact in report.facts:
        about_result = fact.scope.label is None and (fact.scope.step is None or fact.scope in results)
        telling = fact.value and fact.proof is not Proof.SUGGESTED and "." not in fact.name and _is_derived(fact)
        if about_result and telling and id(fact) not in told:
            place = where(report, replace(fact.scope, step=None))
            name = f"{clean(fact.name)} ({place})" if place else clean(fact.name)
            value = f"{clean(shown(fact.value), 160)} {clean(fact.unit, 40)}".strip()
            yield Derived(name, value, proof_words(fact.proof, fact.assumes), clean(fact.because))


def _is_derived(fact: Fact) -> bool:
    """Whether a fact was worked out; a reported metric is a fact under its own name."""
    return metric_of(fact.name) is None


def _questions(report: Report) -> list[tuple[str, str]]:
    """Return each question once, with the option that answers it."""
    asked = {(clean(question.ask), option(report, question)): None for question in report.questions}
    return list(asked)

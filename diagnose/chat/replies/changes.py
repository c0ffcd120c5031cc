"""What an assumption changes: verdicts, findings and facts of a report before and after it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from diagnose.chat.answer import Points, Words
from diagnose.chat.replies._request import fact_sentence
from diagnose.llm._prose import ended, lowered, strength
from diagnose.llm._view import Result
from diagnose.report._phrases import finding_place, where
from diagnose.report._words import clean, shown
from diagnose.report._worked_out import is_derived
from diagnose.types import Proof, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diagnose.chat.answer import Part
    from diagnose.types import Fact, Finding, Report

__all__ = ["changes"]

_FACTS = 8
_FINDINGS = 8


class _Key(NamedTuple):
    """What makes a statement the same one in another report."""

    name: str
    scope: Scope


def changes(before: Report, after: Report) -> list[Part]:
    """Return what is different after an assumption: verdicts, findings, what is derived, and the open questions."""
    lines = [*_verdicts(before, after), *_findings(before, after)]
    facts = list(_facts(before, after))
    more = [f"and {len(facts) - _FACTS:,} more derived facts"] if len(facts) > _FACTS else []
    lines += [*facts[:_FACTS], *more]
    settled = [q.ask for q in before.questions if q.ask not in {other.ask for other in after.questions}]
    opened = [q.ask for q in after.questions if q.ask not in {other.ask for other in before.questions}]
    lines += [f"settled: {clean(ask)}" for ask in dict.fromkeys(settled)]
    lines += [f"now asked: {clean(ask)}" for ask in dict.fromkeys(opened)]
    parts: list[Part] = [Words(_verdict_sentence(before, after))]
    if lines:
        parts.append(Points(tuple(lines)))
    else:
        parts.append(Words("Nothing else changes: no statement about these numbers depends on it."))
    return parts


def _verdict_sentence(before: Report, after: Report) -> str:
    was, now = (report.verdict.value if report.verdict else "unreadable" for report in (before, after))
    return f"The verdict stays {now}." if was == now else f"The verdict was {was} and is now {now}."


def _verdicts(before: Report, after: Report) -> Iterator[str]:
    """Yield the single results whose verdict changes, where there are several."""
    was = {v.scope: v.verdict for v in before.verdicts}
    for verdict in after.verdicts:
        old = was.get(verdict.scope)
        if old is not None and old is not verdict.verdict and len(after.verdicts) > 1:
            yield f"{where(after, verdict.scope) or 'the whole'}: {old.value}, now {verdict.verdict.value}"


def _findings(before: Report, after: Report) -> Iterator[str]:
    was, now = (_by_key(report.findings) for report in (before, after))
    gone = [finding for key, finding in was.items() if key not in now]
    new = [finding for key, finding in now.items() if key not in was]
    kept = [(was[key], finding) for key, finding in now.items() if key in was]
    lines = [f"no longer found: {_named(before, finding)}" for finding in gone]
    lines += [f"now found: {_named(after, f)}, {_proof(f)}: {clean(f.message)}" for f in new]
    for old, finding in kept:
        if _proof(old) != _proof(finding):
            lines.append(f"{_named(after, finding)}: was {_proof(old)}, is now {_proof(finding)}")
        elif old.message != finding.message:
            lines.append(f"{_named(after, finding)}: {clean(finding.message)}")
    yield from lines[:_FINDINGS]
    if len(lines) > _FINDINGS:
        yield f"and {len(lines) - _FINDINGS} more findings"


def _by_key(findings: tuple[Finding, ...]) -> dict[_Key, Finding]:
    return {_Key(finding.rule, finding.scope): finding for finding in findings}


def _named(report: Report, finding: Finding) -> str:
    about = (finding.severity.value, clean(finding.rule), finding_place(report, finding))
    return f"{clean(finding.title).rstrip('.')} ({', '.join(part for part in about if part)})"


def _proof(finding: Finding) -> str:
    return _sure(finding.proof, (a for fact in finding.facts for a in fact.assumes))


def _sure(proof: Proof, assumes: Iterable[str]) -> str:
    return lowered(strength(proof, assumes))


def _facts(before: Report, after: Report) -> Iterator[str]:
    """Yield what is derived now and was not, otherwise than before, or no longer; the strongest proof first."""
    was, now = _derived(before), _derived(after)
    new = [fact for key, fact in now.items() if key not in was]
    kept = [(was[key], fact) for key, fact in now.items() if key in was]
    other = [(old, fact) for old, fact in kept if _value(old) != _value(fact)]
    weaker = [(old, fact) for old, fact in kept if _value(old) == _value(fact) and old.proof is not fact.proof]
    for fact in sorted(new, key=lambda fact: fact.proof.rank):
        yield f"now follows: {fact_sentence(after, fact)}"
    for old, fact in sorted(other, key=lambda pair: pair[1].proof.rank):
        now_is = ended(fact_sentence(after, fact, derived=False))
        yield f"changed: {now_is} It was {_value(old)} ({_sure(old.proof, old.assumes)})."
    for old, fact in weaker:
        now_is = ended(fact_sentence(after, fact, derived=False))
        yield f"{now_is} It was {_sure(old.proof, old.assumes)}, with the same value."
    for key, fact in was.items():
        if key not in now:
            yield f"no longer follows: {fact_sentence(before, fact, derived=False)}"


def _value(fact: Fact) -> str:
    return clean(shown(fact.value), 300)


def _derived(report: Report) -> dict[_Key, Fact]:
    """Return what was worked out about the results: no helpers of other facts, no habits, no rows of a history."""
    results = {Result(run, series).scope for run in report.runs for series in run.series()}
    return {
        _Key(fact.name, fact.scope): fact
        for fact in report.facts
        if is_derived(fact)
        and "." not in fact.name
        and fact.value
        and fact.proof is not Proof.SUGGESTED
        and fact.name not in ("readings", "contradiction")
        and (fact.scope.step is None or replace(fact.scope, label=None) in results)
    }

"""From reports and a policy to the exit status: 0 nothing found, 1 something, 2 could not look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.types import InputError, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from diagnose.config import Policy
    from diagnose.types import Acceptance, Finding, Report

__all__ = ["CLEAN", "COULD_NOT_LOOK", "FOUND", "VERDICT", "decide", "gate"]

CLEAN, FOUND, COULD_NOT_LOOK = 0, 1, 2
# The word among the required rules that asks for a verdict.
VERDICT = "verdict"
# What somebody set a limit for fails whatever its severity.
_LIMIT = "target-missed"
_COMPARED = "regressed"


def decide(report: Report, policy: Policy, accepted: Callable[[Finding], Acceptance | None] | None = None) -> Report:
    """Return the report with what fails marked, and with what the gate had to look at and could not.

    accepted: says why a finding is known, None where it is not. Nothing fails where the policy's fail_on is None; else
    a finding of that severity or above, a missed target, and a significant regression against a named run.
    """
    if report.error is not None:
        return report
    limits = {_LIMIT, *([_COMPARED] if policy.against else [])}
    findings = []
    for finding in report.findings:
        least = policy.fail_on
        fails = least is not None and (finding.severity.rank <= least.rank or finding.rule in limits)
        reason = accepted(finding) if fails and accepted is not None else None
        findings.append(replace(finding, fails=fails and reason is None, accepted=reason))
    return replace(report, findings=tuple(findings), obstacles=(*report.obstacles, *_obstacles(report, policy)))


def _obstacles(report: Report, policy: Policy) -> Iterator[InputError]:
    """Yield why a required rule is not decided, and why a comparison could not be made."""
    where = report.source[0]
    lacking = {item.rule: item.needs for item in report.not_checked}
    for rule in policy.require:
        if rule == VERDICT:
            if report.verdict is Verdict.UNKNOWN:
                yield InputError(f"{where}: no verdict, and one is required", "the report says what would decide it")
        elif rule in lacking:
            lacked = f"it lacks {', '.join(lacking[rule])}"
            yield InputError(f"{where}: the required rule {rule} is not checked", lacked)
    if not policy.against:
        return
    if not any(fact.name == "metric_difference" for fact in report.facts):
        hint = "both need one of the same task and split"
        yield InputError(f"{where}: no metric to compare with {policy.against}", hint)
    elif _COMPARED in lacking:
        hint = "its table or --assume samples=N would give a standard error"
        yield InputError(f"{where}: whether it is worse than {policy.against} or unlucky is not decided", hint)


def status(report: Report) -> int:
    """Return the status of one report that was decided."""
    if report.error is not None or report.obstacles:
        return COULD_NOT_LOOK
    return FOUND if any(finding.fails for finding in report.findings) else CLEAN


def gate(reports: Iterable[Report]) -> int:
    """Return the status of the worst of the decided reports; no report at all is 2: who cannot look never passes."""
    return max((status(report) for report in reports), default=COULD_NOT_LOOK)

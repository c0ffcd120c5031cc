"""A report's findings one by one, for formats that other programs read: place, words and a lasting name for each."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from diagnose.report._places import Place, Places, project_path
from diagnose.report._story import FindingStory, tell_finding, tell_steps
from diagnose.types import InputError, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.types import Finding, Report

__all__ = ["UNREADABLE", "Entry", "entries", "identity", "input_path", "obstacles"]

# What the formats that know only rules call an input that could not be judged.
UNREADABLE = "unreadable-input"


class Entry(NamedTuple):
    """One finding; `identity` stays the same in the next run, whatever the numbers are and wherever they stand."""

    report: Report
    finding: Finding
    story: FindingStory
    place: Place
    identity: str

    @property
    def level(self) -> Severity:
        """How loudly to say it: what fails is an error whatever its severity, what was accepted a note."""
        if self.finding.accepted is not None:
            return Severity.NOTE
        return Severity.ERROR if self.finding.fails else self.finding.severity

    @property
    def sentence(self) -> str:
        """What is wrong, in a line."""
        return f"{self.story.title}: {self.told}"

    @property
    def told(self) -> str:
        """What the numbers say, about what, and how sure it is."""
        about = "; ".join(part for part in (self.story.where, self.story.proof) if part)
        return f"{self.story.message.rstrip('.')} ({about})"

    @property
    def acceptance(self) -> str:
        """Why it is no failure although it would be one; "" where nobody accepted it."""
        return f"accepted {self.story.accepted}" if self.story.accepted else ""

    def lines(self) -> Iterator[str]:
        """Yield all that the written reports say of it, line by line; each is safe to print."""
        yield self.told
        for title, items in (("evidence", self.story.evidence), ("derived", self.story.grounds)):
            yield from (f"{title}: {item}" for item in items)
        if self.story.why:
            yield f"why it matters: {self.story.why}"
        if self.story.consequences:
            yield f"with it: {self.story.consequences}"
        for step in tell_steps([self.finding]):
            change = f" [{step.change}]" if step.change else ""
            yield f"try: {step.title}{change}. {step.why}"
        if self.acceptance:
            yield self.acceptance


def entries(reports: Sequence[Report], places: Places) -> Iterator[Entry]:
    """Yield the findings of all reports, in order."""
    seen: Counter[str] = Counter()
    for report in reports:
        for finding in report.findings:
            place = places.of(finding, report)
            # Neither numbers nor lines nor steps: they change while the fault is the same.
            scope = finding.scope
            run = scope.run if len(report.runs) > 1 else None
            name = identity(finding.rule, place.path, run, scope.task, scope.split, scope.label)
            seen[name] += 1
            yield Entry(report, finding, tell_finding(report, finding), place, f"{name}:{seen[name]}")


def identity(*parts: str | None) -> str:
    """Return a short name for what the parts name."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def obstacles(report: Report) -> tuple[InputError, ...]:
    """Return why a report is none, or a gate could not look."""
    return (*([report.error] if report.error is not None else []), *report.obstacles)


def input_path(report: Report) -> str:
    """Return the path of a report's input, of its first file where it is a folder."""
    return project_path(report.source[0])

"""The report as SARIF 2.1.0, for code scanning and for editors.

One run for the whole call, as the standard has it: an input that could not be judged is a notification of its
invocation, which then was not successful. GitHub tells alerts apart by `primaryLocationLineHash` alone, which it would
make of the text of the line; a metric's line changes with every training, so the fault's own name stands there.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from diagnose import __version__
from diagnose.engine.rules import load_rules
from diagnose.report import PLAIN
from diagnose.report._entries import UNREADABLE, entries, input_path, obstacles
from diagnose.report._phrases import quote
from diagnose.report._places import STDIN, Places, as_uri, evidence
from diagnose.report._story import obstacle_line
from diagnose.report._words import clean
from diagnose.report.json import plain
from diagnose.report.markdown import escape
from diagnose.types import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.engine.rules import Rule
    from diagnose.report import Surface
    from diagnose.report._entries import Entry
    from diagnose.report._places import Place
    from diagnose.types import Finding, Report

__all__ = ["as_dict", "render"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
# GitHub's own word for the weight of a rule that is not about security.
_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}
_CANNOT_LOOK = {"text": "An input could not be judged, and that is not a pass."}
_UNREADABLE = {"id": UNREADABLE, **dict.fromkeys(("shortDescription", "fullDescription", "help"), _CANNOT_LOOK)}
_RELATED = 20
_LONG = 4000


def render(reports: Sequence[Report], surface: Surface = PLAIN) -> str:  # noqa: ARG001  # all formats are called alike
    """Return one SARIF log for all reports, in ASCII."""
    return json.dumps(as_dict(reports), indent=2, allow_nan=False) + "\n"


def as_dict(reports: Sequence[Report]) -> dict[str, Any]:
    """Return the SARIF log."""
    places = Places()
    found = list(entries(reports, places))
    rules = {entry.finding.rule: entry.finding for entry in reversed(found)}
    index = {rule: number for number, rule in enumerate(sorted(rules))}
    bundled = _bundled() if rules else {}
    notifications = list(_notifications(reports))
    driver = {
        "name": "diagnose",
        "fullName": "diagnose: what a run's numbers prove",
        "version": __version__,
        "rules": [_rule(rules[name], bundled.get(name)) for name in index],
    }
    if notifications:
        driver["notifications"] = [_UNREADABLE]
    invocation = {"executionSuccessful": not notifications, "toolExecutionNotifications": notifications}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the project"}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(entry, index[entry.finding.rule], places) for entry in found],
        "properties": {"verdicts": [_verdict(report) for report in reports]},
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


@cache
def _bundled() -> dict[str, Rule]:
    return {rule.name: rule for rule in load_rules()}


def _verdict(report: Report) -> dict[str, Any]:
    return {"source": list(report.source), "verdict": report.verdict.value if report.verdict else None}


def _rule(finding: Finding, bundled: Rule | None) -> dict[str, Any]:
    """Return a rule as its finding tells it; what makes a false alarm is known of a rule that is our own."""
    title = f"{clean(finding.title).rstrip('.')}."
    why = clean(finding.why, _LONG) or title
    alarms = bundled.false_alarms if bundled is not None and bundled.title == finding.title else ()
    remedies = [f"{clean(r.title).rstrip('.')}: {clean(r.why)}" for r in finding.remedies]
    sections = [("False alarms", [clean(alarm) for alarm in alarms]), ("What to do", remedies)]
    return {
        "id": finding.rule,
        "shortDescription": {"text": title},
        "fullDescription": {"text": why},
        "help": {"text": _help(why, sections), "markdown": _help(why, sections, markdown=True)},
        "defaultConfiguration": {"level": finding.severity.value},
        "properties": {"tags": ["evaluation", "metrics"], "problem.severity": _PROBLEMS[finding.severity]},
    }


def _help(why: str, sections: Sequence[tuple[str, Sequence[str]]], *, markdown: bool = False) -> str:
    """Return the reasons of a rule, and its lists under their titles."""
    write = escape if markdown else str
    parts = [write(why)]
    for title, items in sections:
        if items:
            head = f"## {title}" if markdown else f"{title}:"
            parts.append("\n".join([head, *([""] if markdown else []), *(f"- {write(item)}" for item in items)]))
    return "\n\n".join(parts)


def _result(entry: Entry, rule: int, places: Places) -> dict[str, Any]:
    finding, scope = entry.finding, entry.finding.scope
    name, _, count = entry.identity.partition(":")
    result = {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": finding.severity.value,
        "message": _message(entry.sentence),
        "locations": [{"physicalLocation": where} for where in _physical(entry.place)],
        "relatedLocations": list(_related(entry, places)),
        "partialFingerprints": {"primaryLocationLineHash": f"{name[:16]}:{count}", "finding/v1": entry.identity},
        "properties": {
            "proof": finding.proof.value,
            "assumes": list(dict.fromkeys(name for fact in finding.facts for name in fact.assumes)),
            "scope": {
                "run": scope.run,
                "task": scope.task,
                "split": scope.split,
                "class": scope.label,
                "steps": [plain(step) for step in finding.steps],
            },
            "fails": finding.fails,
            "facts": list(dict.fromkeys(fact.name for fact in finding.facts)),
            "consequences": list(finding.consequences),
            "remedies": [{"title": r.title, "why": r.why, "change": plain(r.change)} for r in finding.remedies],
        },
    }
    if finding.accepted is not None:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": entry.acceptance}]
    return result


def _message(text: str) -> dict[str, str]:
    """Return a plain message; in SARIF even those have links, so that of a stranger's text is broken up."""
    return {"text": text.replace("](", "] (")}


def _physical(place: Place) -> Iterator[dict[str, Any]]:
    """Yield the physical location of a place; standard input has none."""
    if place.path == STDIN:
        return
    location: dict[str, Any] = {"artifactLocation": _artifact(place.path)}
    region = place.region
    if region is not None:
        location["region"] = {"startLine": region.line, "endLine": region.line}
        if region.column:
            location["region"] |= {"startColumn": region.column, "endColumn": region.end}
    yield location


def _artifact(path: str) -> Mapping[str, str]:
    uri = as_uri(path)
    return {"uri": uri} if uri.startswith("file:") else {"uri": uri, "uriBaseId": _ROOT}


def _related(entry: Entry, places: Places) -> Iterator[dict[str, Any]]:
    """Yield the places of the other numbers that the finding rests on, each with the number."""
    seen = {entry.place}
    for value in evidence(entry.finding)[:_RELATED]:
        place = places.of_value(value)
        if place not in seen:
            seen.add(place)
            for where in _physical(place):
                yield {"physicalLocation": where, "message": _message(quote(value, entry.report))}


def _notifications(reports: Sequence[Report]) -> Iterator[dict[str, Any]]:
    for report in reports:
        path = input_path(report)
        where = [] if path == STDIN else [{"physicalLocation": {"artifactLocation": _artifact(path)}}]
        for obstacle in obstacles(report):
            yield {
                "descriptor": {"id": UNREADABLE, "index": 0},
                "level": "error",
                "message": _message(obstacle_line(obstacle)),
                "locations": where,
            }

"""The report as GitLab's code quality JSON: an issue for each finding, shown in the merge request.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format names the fields.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from diagnose.report import PLAIN
from diagnose.report._entries import UNREADABLE, entries, identity, input_path, obstacles
from diagnose.report._places import Places
from diagnose.report._story import obstacle_line
from diagnose.report._words import printable
from diagnose.types import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.report import Surface
    from diagnose.types import Report

__all__ = ["render"]

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "info"}
_CANNOT_LOOK = "blocker"


def render(reports: Sequence[Report], surface: Surface = PLAIN) -> str:  # noqa: ARG001  # all formats are called alike
    """Return one JSON list for all reports, in ASCII; an empty one where nothing is to be said."""
    issues = [
        _issue(UNREADABLE, obstacle_line(it), _CANNOT_LOOK, input_path(report), identity(report.source[0], it.message))
        for report in reports
        for it in obstacles(report)
    ]
    for entry in entries(reports, Places()):
        accepted = f" ({entry.acceptance})" if entry.acceptance else ""
        line = entry.place.region.line if entry.place.region else 1
        text, severity = entry.sentence + accepted, _SEVERITIES[entry.level]
        issues.append(_issue(entry.story.rule, text, severity, entry.place.path, entry.identity, line=line))
    return json.dumps(issues, indent=2) + "\n"


def _issue(rule: str, text: str, severity: str, path: str, fingerprint: str, *, line: int = 1) -> dict[str, Any]:
    """Return one issue; GitLab needs a line, and takes two issues of one fingerprint for one."""
    return {
        "description": text,
        "check_name": rule,
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": printable(path), "lines": {"begin": line}},
    }

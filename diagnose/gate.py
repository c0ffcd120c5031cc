"""From reports and a policy to the exit status: 0 nothing found, 1 something, 2 could not look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.types import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.types import Report

__all__ = ["CLEAN", "COULD_NOT_LOOK", "FOUND", "gate"]

CLEAN, FOUND, COULD_NOT_LOOK = 0, 1, 2


def gate(reports: Iterable[Report], fail_on: Severity | None = Severity.ERROR) -> int:
    """Return the status of the worst report: a finding of at least `fail_on` (None: none is) is 1, no reading is 2.

    A gate that cannot look never passes, so 2 holds whatever `fail_on` is, and no report at all is 2 as well.
    """
    return max((_status(report, fail_on) for report in reports), default=COULD_NOT_LOOK)


def _status(report: Report, fail_on: Severity | None) -> int:
    if report.error is not None:
        return COULD_NOT_LOOK
    if fail_on is None:
        return CLEAN
    return FOUND if any(finding.severity.rank <= fail_on.rank for finding in report.findings) else CLEAN

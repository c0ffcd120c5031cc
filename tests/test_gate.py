"""The exit status as a function of the reports and the policy."""

from __future__ import annotations

import itertools

import pytest
from made_reports import bare_report, finding, unreadable_report

from diagnose.gate import gate
from diagnose.types import Severity, Verdict

ERROR = bare_report(Verdict.DEGENERATE, findings=(finding(severity=Severity.ERROR),))
WARNING = bare_report(Verdict.SUSPECT, findings=(finding(severity=Severity.WARNING),))
NOTE = bare_report(Verdict.UNKNOWN, findings=(finding(severity=Severity.NOTE),))
NOTHING = bare_report(Verdict.HEALTHY)
UNREADABLE = unreadable_report()


@pytest.mark.parametrize(
    ("fail_on", "statuses"),
    [
        (Severity.ERROR, [1, 0, 0, 0, 2]),
        (Severity.WARNING, [1, 1, 0, 0, 2]),
        (Severity.NOTE, [1, 1, 1, 0, 2]),
        (None, [0, 0, 0, 0, 2]),
    ],
)
def test_a_finding_counts_from_the_severity_of_the_policy_on(fail_on, statuses):
    assert [gate([report], fail_on) for report in (ERROR, WARNING, NOTE, NOTHING, UNREADABLE)] == statuses


def test_two_beats_one_beats_zero_in_any_order():
    for reports in itertools.permutations([ERROR, NOTHING, UNREADABLE]):
        assert gate(reports) == 2
    for reports in itertools.permutations([ERROR, NOTHING, NOTE]):
        assert gate(reports) == 1


def test_no_report_at_all_is_no_pass():
    assert gate([]) == 2


def test_an_unknown_verdict_alone_is_no_failure():
    assert gate([bare_report(Verdict.UNKNOWN)], Severity.NOTE) == 0

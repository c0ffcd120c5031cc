"""The exit status as a function of the reports and the policy."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from made_reports import bare_report, finding, unreadable_report

from diagnose.config import Layer, Policy
from diagnose.gate import decide, gate
from diagnose.types import Acceptance, InputError, NotChecked, Severity, Verdict

ERROR = bare_report(Verdict.DEGENERATE, findings=(finding(severity=Severity.ERROR),))
WARNING = bare_report(Verdict.SUSPECT, findings=(finding(severity=Severity.WARNING),))
NOTE = bare_report(Verdict.UNKNOWN, findings=(finding(severity=Severity.NOTE),))
MISSED = bare_report(Verdict.SUSPECT, findings=(finding("target-missed", Severity.WARNING),))
WORSE = bare_report(Verdict.SUSPECT, findings=(finding("regressed", Severity.WARNING),))
NOTHING = bare_report(Verdict.HEALTHY)
UNREADABLE = unreadable_report()


def policy(**values):
    table = {"fail-on": "error", **{key.replace("_", "-"): value for key, value in values.items()}}
    return Policy(tuple(Layer("here", table).entries()))


def status(report, accepted=None, **values):
    return gate([decide(report, policy(**values), accepted)])


@pytest.mark.parametrize(
    ("fail_on", "statuses"),
    [
        ("error", [1, 0, 0, 1, 0, 0, 2]),
        ("warning", [1, 1, 0, 1, 1, 0, 2]),
        ("note", [1, 1, 1, 1, 1, 0, 2]),
        ("never", [0, 0, 0, 0, 0, 0, 2]),
    ],
)
def test_a_finding_counts_from_the_severity_of_the_policy_on_and_a_missed_target_always(fail_on, statuses):
    reports = (ERROR, WARNING, NOTE, MISSED, WORSE, NOTHING, UNREADABLE)
    assert [status(report, fail_on=fail_on) for report in reports] == statuses


def test_two_beats_one_beats_zero_in_any_order():
    decided = [decide(report, policy()) for report in (ERROR, NOTHING, UNREADABLE, NOTE)]
    for reports in itertools.permutations(decided[:3]):
        assert gate(reports) == 2
    for reports in itertools.permutations([decided[0], decided[1], decided[3]]):
        assert gate(reports) == 1


def test_no_report_at_all_is_no_pass():
    assert gate([]) == 2


def test_an_unknown_verdict_alone_is_no_failure_unless_a_verdict_is_required():
    unknown = bare_report(Verdict.UNKNOWN)
    assert status(unknown, fail_on="note") == 0
    assert status(unknown, fail_on="note", require=["verdict"]) == 2
    assert status(NOTHING, require=["verdict"]) == 0


def test_a_required_rule_that_is_not_checked_is_no_pass():
    report = replace(NOTHING, not_checked=(NotChecked("overfitting", ("val_metric.drop",)),))
    assert status(report) == 0
    assert status(report, require=["dead-class"]) == 0
    assert status(report, require=["overfitting"]) == 2


def test_a_comparison_that_could_not_be_made_is_no_pass():
    assert status(NOTHING, against="elsewhere") == 2


def test_an_accepted_finding_does_not_fail_and_says_why():
    known = Acceptance("a known fault of the old data", "2999-01-01")
    decided = decide(ERROR, policy(), lambda _: known)
    assert (gate([decided]), decided.findings[0].accepted) == (0, known)
    assert status(ERROR, lambda _: None) == 1


def test_what_is_not_accepted_because_it_does_not_fail_stays_plain():
    assert decide(NOTE, policy(), lambda _: Acceptance("why", "2999-01-01")).findings[0].accepted is None


def test_an_obstacle_from_before_is_kept():
    assert status(replace(NOTHING, obstacles=(InputError("expired"),))) == 2

"""Workflow commands: one a finding, parsed back as GitHub's runner reads them."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from made_reports import bare_report, finding, full_report, unreadable_report
from odd_reports import fuzzed, odd_reports

from diagnose.api import diagnose
from diagnose.report import load_format
from diagnose.types import Acceptance, InputError, Severity, Verdict

# actions/runner, src/Runner.Common/ActionCommand.cs: a command, its properties, and its data.
COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def unescaped(text):
    for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, sign)
    return text


def annotations(*reports):
    """Return (level, properties, message) of each command as the runner reads it."""
    text = load_format("github").render(reports)
    found = []
    for line in text.splitlines():
        level, given_, message = COMMAND.fullmatch(line).groups()
        properties = dict(part.split("=", 1) for part in given_.split(","))
        found.append((level, {name: unescaped(text) for name, text in properties.items()}, unescaped(message)))
    assert text == "" or text.endswith("\n")
    return found


def test_an_annotation_stands_at_its_number_and_says_why_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    (tmp_path / "a,b: c.json").write_text('{\n  "eval_auc": 0.0412,\n  "eval_samples": 2500\n}\n')
    ((level, properties, message),) = annotations(diagnose("a,b: c.json"))
    assert level == "error"
    assert properties.pop("title").startswith("inverted-predictions: ")
    assert properties == {"file": "a,b: c.json", "line": "2", "endLine": "2", "col": "15", "endColumn": "21"}
    assert "eval_auc = 0.0412" in message
    assert "\nwhy it matters: " in message
    assert "\ntry: " in message


def test_levels_follow_severity_unless_the_gate_decides():
    def level_of(**changes):
        ((level, _, _),) = annotations(bare_report(Verdict.SUSPECT, findings=(finding(**changes),)))
        return level

    assert [level_of(severity=severity) for severity in Severity] == ["error", "warning", "notice"]
    assert level_of(severity=Severity.WARNING, fails=True) == "error"
    known = Acceptance("the labels are being redone", "2031-01-31")
    assert level_of(severity=Severity.ERROR, accepted=known) == "notice"


def test_the_gravest_come_first_whichever_input_they_are_of():
    note = bare_report(Verdict.HEALTHY, findings=(finding(severity=Severity.NOTE),))
    told = annotations(note, full_report(), unreadable_report())
    assert [level for level, _, _ in told] == ["error", "error", "warning", "notice"]
    assert "no such file" in told[0][2]
    assert told[0][1]["file"] == "gone.json"


def test_an_obstacle_of_the_gate_is_an_error():
    report = replace(bare_report(Verdict.UNKNOWN), obstacles=(InputError("no verdict, and one is required", "why"),))
    ((level, _, message),) = annotations(report)
    assert (level, message) == ("error", "no verdict, and one is required (why)")


def test_standard_input_is_no_file_and_nothing_found_is_nothing_said():
    ((_, properties, _),) = annotations(unreadable_report("-"))
    assert properties.keys() == {"title"}
    assert annotations(bare_report(Verdict.HEALTHY)) == annotations() == []


@fuzzed
@given(odd_reports)
def test_nothing_in_a_report_gives_the_runner_another_command(reports):
    told = annotations(*reports)
    complaints = sum((report.error is not None) + len(report.obstacles) for report in reports)
    assert len(told) == complaints + sum(len(report.findings) for report in reports)
    for _, properties, message in told:
        assert properties.keys() <= {"file", "line", "endLine", "col", "endColumn", "title"}
        assert all(text.isprintable() for text in properties.values())
        assert all(line.isprintable() for line in message.split("\n"))

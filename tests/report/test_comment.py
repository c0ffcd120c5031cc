"""The comment on a pull request: never longer than GitHub takes, and the worst first."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from made_reports import bare_report, finding, full_report, unreadable_report
from odd_reports import fuzzed, odd_reports

from diagnose.report import load_format
from diagnose.report.comment import LONGEST
from diagnose.types import Acceptance, InputError, Severity, Verdict


def comment(*reports):
    text = load_format("comment").render(reports)
    assert text.startswith("## diagnose: ")
    assert text.endswith("\n")
    assert len(text) <= LONGEST
    assert text.count("<details>") == text.count("</details>")
    return text


def test_it_says_the_verdicts_the_gate_and_what_was_found():
    known = finding("plateau", accepted=Acceptance("the labels are being redone", "2031-01-31"))
    failing = finding("dead-class", Severity.ERROR, fails=True)
    text = comment(full_report(), bare_report(Verdict.DEGENERATE, findings=(failing, known)), unreadable_report())
    assert "## diagnose: 3 inputs: 1 unreadable, 2 degenerate" in text
    assert "**The gate**: 1 error failing, 1 finding accepted, 1 input that could not be judged." in text
    assert "gone.json: no such file" in text
    for words in ("the message of dead-class", "Lower the learning rate", "the labels are being redone"):
        assert words in text
    assert "Not checked" not in text


def test_a_healthy_input_is_a_row_of_the_table_and_no_more():
    text = comment(bare_report(Verdict.HEALTHY, "the accuracy excludes the majority class"))
    assert "| metrics.json | healthy | " in text
    assert "<details>" not in text
    assert "The gate" not in text
    assert comment()


def test_the_worst_come_first():
    healthy, unknown, suspect = (bare_report(v) for v in (Verdict.HEALTHY, Verdict.UNKNOWN, Verdict.SUSPECT))
    blind = replace(bare_report(Verdict.HEALTHY), obstacles=(InputError("the required rule is not checked"),))
    text = comment(healthy, unknown, suspect, full_report(), unreadable_report(), blind)
    verdicts = re.findall(r"^\| \S+ \| (\w+) \|", text, re.MULTILINE)[1:]
    assert verdicts == ["unreadable", "healthy", "degenerate", "suspect", "unknown", "healthy"]
    assert "the required rule is not checked" in text


@pytest.mark.parametrize("inputs", [1, 60, 500, 3000])
def test_however_many_inputs_there_are_it_is_short_enough_and_counts_what_it_leaves_out(inputs):
    report = full_report()
    many = [replace(report, source=(f"run-{number:04}/" + "x" * 60,)) for number in range(inputs)]
    text = comment(*many)
    assert f"{inputs:,} input" in text
    told = len(re.findall("<details>", text))
    assert told
    if told < inputs:
        assert f"What was found in {inputs - told:,} inputs more" in text
    for word in ("majority-class-collapse", "frozen-metrics"):
        assert text.count(f"`{word}`") == told
    assert ("the message of majority-class-collapse" in text) == (inputs < 60)


def test_a_rule_that_fires_a_thousand_times_fits():
    rules = tuple(finding(f"rule-{number}", message="m" * 390) for number in range(1000))
    text = comment(bare_report(Verdict.SUSPECT, findings=rules))
    assert "and 980 findings more" in text


def test_a_name_is_no_markup_in_the_summary_either():
    report = replace(full_report(), source=("<img src=x> & @someone",))
    (summary,) = re.findall("<summary>(.*)</summary>", comment(report))
    assert summary == "&lt;img src=x&gt; &amp; @\u200bsomeone: degenerate"


@fuzzed
@given(odd_reports)
def test_nothing_in_a_report_ends_its_fold_or_shows_raw(reports):
    text = comment(*reports)
    assert all(c.isprintable() or c in "\n\u200b" for c in text)
    outside = re.sub(r"(`+).*?\1", "", text)
    assert not re.search(r"(?<!\\)<(?!/?(?:details|summary)>)", outside)

"""What every format keeps to: nothing is lost, nothing from a file acts on the screen, JSON fits its schema."""

from __future__ import annotations

import io
import json
import math
import re
from dataclasses import replace
from fractions import Fraction

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_reports import bare_report, finding, full_report, reported, unreadable_report, value

from diagnose.interval import Interval
from diagnose.report import Surface, format_names, load_format
from diagnose.report._schema import json_schema
from diagnose.report._story import tell
from diagnose.report._words import clean, shown, sparkline
from diagnose.report.json import as_dict, plain
from diagnose.report.markdown import code, escape
from diagnose.types import (
    Evaluation,
    Fact,
    NotChecked,
    Proof,
    Question,
    Remedy,
    Run,
    Scope,
    ScopeVerdict,
    Severity,
    Unread,
    Verdict,
)

VALIDATOR = jsonschema.Draft202012Validator(json_schema())
HOSTILE = "a\x1b[31m|`b`\u202e<img>\r\n\x9b2Jc\ud800*[d](e)"
REPORTS = {
    "everything": [full_report()],
    "healthy": [bare_report(Verdict.HEALTHY, "the accuracy excludes the majority class")],
    "unknown": [bare_report(Verdict.UNKNOWN)],
    "unreadable": [unreadable_report()],
    "several": [full_report(), unreadable_report(), bare_report(Verdict.UNKNOWN)],
    "none": [],
}


def refuse(token):
    raise AssertionError(f"{token} is not JSON")


def flat(text):
    """Return a terminal's text without its line breaks and indents, so that a wrapped sentence can be found in it."""
    return re.sub(r"\s+", " ", text)


def terminal(reports, width=400, **surface):
    return load_format("terminal").render(reports, Surface(width, **surface))


def markdown(*reports):
    return load_format("markdown").render(reports)


def test_the_formats_are_the_modules_of_the_folder():
    assert set(format_names()) >= {"json", "markdown", "terminal"}
    for name in format_names():
        assert callable(load_format(name).render)


@pytest.mark.parametrize("reports", REPORTS.values(), ids=REPORTS)
def test_json_is_strict_ascii_and_fits_its_schema(reports):
    text = load_format("json").render(reports)
    assert text.isascii()
    VALIDATOR.validate(json.loads(text, parse_constant=refuse))


def test_the_published_schema_is_a_schema_and_forbids_what_it_does_not_name():
    jsonschema.Draft202012Validator.check_schema(json_schema())
    broken = as_dict([full_report()])
    broken["reports"][0]["findings"][0]["sevirity"] = "error"
    assert not VALIDATOR.is_valid(broken)


def test_json_keeps_the_contract_of_its_keys():
    report = as_dict([full_report()])
    assert list(report) == ["schema", "verdict", "reports"]
    assert (report["schema"], report["verdict"]) == ("diagnose/1", "degenerate")
    first = report["reports"][0]
    assert first["source"] == ["metrics.json"]
    fact = next(fact for fact in first["facts"] if fact["name"] == "class_count")
    assert fact["value"] == {"low": 511, "high": 514}
    assert fact["scope"] == {"run": "r", "task": None, "split": "eval", "step": None, "class": None}
    assert fact["evidence"] == [
        {"metric": "eval_recall", "text": "0.00195", "source": "metrics.json", "at": "/eval_recall"}
    ]
    assert first["findings"][0]["consequences"] == ["near-zero-precision-recall"]
    assert first["findings"][0]["remedies"][0]["change"] == {"learning_rate": {"multiply": 0.25}}
    assert first["findings"][0]["remedies"][0]["verified"] is None


def test_an_unreadable_input_keeps_its_place():
    reports = as_dict([full_report(), unreadable_report("gone.json")])
    assert reports["verdict"] == "degenerate"
    assert reports["reports"][1] == {
        "source": ["gone.json"],
        "verdict": None,
        "error": {"message": "gone.json: no such file", "hint": "is the name right?"},
    }
    assert as_dict([unreadable_report()])["verdict"] is None


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (Interval(Fraction(1, 4), math.inf), {"low": 0.25, "high": None}),
        (Interval(-math.inf, Fraction(-3)), {"low": None, "high": -3}),
        (Fraction(6, 2), 3),
        (0.5, 0.5),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (Fraction(10) ** 400, "inf"),
        (10**30, 10**30),
        (True, True),
        (None, None),
        ({"a": Interval(1, 2), 3: (Fraction(1, 2), "x")}, {"a": {"low": 1, "high": 2}, "3": [0.5, "x"]}),
        ({"macro", "binary"}, ["binary", "macro"]),
    ],
)
def test_a_fact_in_json(fact, expected):
    assert plain(fact) == expected
    assert type(plain(fact)) is type(expected)


@given(st.recursive(st.floats() | st.integers() | st.fractions() | st.text(), st.lists, max_leaves=8))
def test_any_fact_is_strict_json(fact):
    json.loads(json.dumps(plain(fact), allow_nan=False), parse_constant=refuse)


def test_every_finding_quote_question_and_remedy_is_in_every_format():
    report = full_report()
    told, marked, data = flat(terminal([report])), markdown(report), as_dict([report])["reports"][0]
    for found in report.findings:
        assert found.message in told
        assert escape(found.message) in marked
        for fact in found.facts:
            for quoted in fact.evidence:
                quote = f"{quoted.key} = {quoted.text}"
                assert quote in told
                assert escape(quote) in marked
                assert quoted.at in told
                assert quoted.text in {e["text"] for f in data["facts"] for e in f["evidence"]}
        for remedy in found.remedies:
            assert remedy.title in told
            assert escape(remedy.title) in marked
    assert [f["rule"] for f in data["findings"]] == [f.rule for f in report.findings]
    for question in report.questions:
        assert question.ask in told
        assert escape(question.ask) in marked
        assert f"--assume {question.assume}" in told
        assert f"--assume {question.assume}" in marked
        assert question.assume in {q["assume"] for q in data["questions"]}


def test_the_verdict_comes_first_and_the_gravest_finding_before_the_others():
    report = full_report()
    report = replace(report, findings=report.findings[::-1])
    for text in (flat(terminal([report])), markdown(report)):
        places = [text.index(word) for word in ("DEGENERATE", "error", "warning", "Next steps", "Questions")]
        assert places == sorted(places)


def test_a_remedy_of_several_findings_is_one_step():
    steps = tell(full_report()).steps
    assert [step.title for step in steps] == ["Lower the learning rate", "Look at the labels"]
    assert steps[0].rules == "majority-class-collapse, frozen-metrics"
    assert steps[0].change == "learning_rate x 0.25"


def test_a_grave_finding_gets_more_steps_than_advice_and_none_gets_them_all():
    remedies = tuple(Remedy(f"Try {i}", "It helps.") for i in range(9))
    titles = {}
    for severity in Severity:
        report = bare_report(Verdict.SUSPECT, findings=(finding(severity=severity, remedies=remedies),))
        titles[severity] = [step.title for step in tell(report).steps]
    assert titles[Severity.ERROR] == [f"Try {i}" for i in range(4)]
    assert len(titles[Severity.NOTE]) < len(titles[Severity.WARNING]) < len(titles[Severity.ERROR])


def test_what_was_not_checked_is_told_by_what_was_missing_the_most_wanted_first():
    items = (
        NotChecked("a", ("accuracy",)),
        NotChecked("b", ("val_metric.drop", "val_metric.fall")),
        NotChecked("c", ("best_step",)),
    )
    report = bare_report(Verdict.HEALTHY, not_checked=items)
    assert tell(report).lacking == (("several evaluations of one run", ("b", "c")), ("accuracy", ("a",)))
    assert "3 rules lacked a number" in terminal([report])
    assert "several evaluations of one run | b, c" in markdown(report)


def test_an_unknown_verdict_without_any_score_asks_for_one():
    """The report has a loss alone; with a score the question is what a constant answer would have."""
    report = bare_report(Verdict.UNKNOWN)
    scored = replace(report.runs[0], evaluations=(Evaluation(metrics={"accuracy": value("eval_accuracy", "0.9")}),))
    assert "A score of the task" in tell(report).deciders[0][0]
    assert "one constant answer" in tell(replace(report, runs=(scored,))).deciders[0][0]


def test_what_is_only_read_or_said_already_is_no_derivation():
    scope = Scope("r", None, "eval")
    quoted = value("eval_f1", "0.0")
    read = Fact("prf", 0.0, scope, Proof.PROVED, "eval_f1 is 0.0", evidence=(quoted,))
    absent = Fact("generates", False, scope, Proof.IMPLIED, "no text is generated")  # noqa: FBT003  # a fact's value
    said = Fact("share", 0.9, scope, Proof.IMPLIED, "one answer in nine of ten rows", evidence=(quoted, quoted))
    other = Fact("bound", 0.4, scope, Proof.IMPLIED, "the mean of both", evidence=(quoted, quoted))
    told = finding(facts=(read, absent, said, other), message="The model gives one answer in nine of ten rows")
    (story,) = tell(bare_report(Verdict.SUSPECT, findings=(told,))).findings
    assert story.grounds == ("bound: the mean of both",)


def test_the_proof_names_what_it_leans_on():
    scope = Scope("r")
    bound = Fact("share", 0.9, scope, Proof.PROVED_IF, "as derived", assumes=("averaging=macro", "classes=3"))
    report = bare_report(Verdict.SUSPECT, findings=(finding(proof=Proof.PROVED_IF, facts=(bound,)),))
    assert "proved if averaging=macro, classes=3" in terminal([report])


def test_unknown_never_reads_like_a_pass():
    for report in (bare_report(Verdict.UNKNOWN), bare_report(Verdict.UNKNOWN, "there is only a loss")):
        for text in (flat(terminal([report])), markdown(report)):
            assert "UNKNOWN" in text
            assert "Nothing could be decided" in text
            assert "not a pass" in text
            assert "What would decide it" in text
            assert not re.search("healthy|passed|no problem|looks good", text, re.IGNORECASE)


def test_an_unknown_verdict_asks_for_the_number_that_decides_it():
    scope = Scope("r", None, "eval")
    questions = (
        Question("Which average?", "averaging=macro", ("averaging",), scope),
        Question("How large is the largest class?", "prevalence=P", ("beats_null",), scope),
    )
    story = tell(bare_report(Verdict.UNKNOWN, questions=questions))
    assert story.deciders == (("How large is the largest class?", "--assume prevalence=P"),)
    assert story.questions == (("Which average?", "--assume averaging=macro"),)


def test_with_one_undecided_task_the_others_keep_their_verdicts():
    scopes = [Scope("r", "a", "eval"), Scope("r", "b", "eval")]
    verdicts = (ScopeVerdict(scopes[0], Verdict.HEALTHY), ScopeVerdict(scopes[1], Verdict.UNKNOWN, "only a loss"))
    story = tell(replace(bare_report(Verdict.UNKNOWN), verdicts=verdicts))
    assert story.sentence.startswith("Some of these results could not be decided")
    assert story.scopes == ("task b: unknown: only a loss", "task a: healthy")


def test_an_answer_is_addressed_to_its_task_where_there_are_several():
    scopes = [Scope("r", "the a", "eval"), Scope("r", "b", "test")]
    question = Question("Which average?", "averaging=macro", (), scopes[0])
    one = replace(bare_report(Verdict.UNKNOWN), questions=(question,))
    two = replace(one, verdicts=tuple(ScopeVerdict(scope, Verdict.UNKNOWN) for scope in scopes))
    assert tell(one).deciders[0][1] == "--assume averaging=macro"
    assert tell(two).deciders[0][1] == "--assume 'the a/eval:averaging=macro'"


def test_a_rule_that_fires_on_many_classes_is_told_in_full_three_times():
    findings = tuple(
        finding(scope=Scope("r", None, "eval", None, f"c{i}"), message=f"class c{i} is never predicted")
        for i in range(9)
    )
    report = bare_report(Verdict.SUSPECT, findings=findings)
    story = tell(report)
    assert len(story.findings) == 3
    assert len(story.findings[-1].also) == 6
    for text in (flat(terminal([report])), markdown(report)):
        assert all(found.message in text for found in findings)


def test_long_evidence_is_counted_where_it_is_not_shown():
    facts = tuple(reported("eval_f1", "nan", at=f"/log/{i}") for i in range(50))
    report = bare_report(Verdict.DEGENERATE, findings=(finding(facts=facts),))
    assert "and 42 values more" in terminal([report])


def test_a_pipe_gets_no_escape_sequences_and_a_terminal_gets_colours():
    plain_text, coloured = terminal([full_report()]), terminal([full_report()], colour=True)
    assert "\x1b" not in plain_text
    assert "\x1b[" in coloured
    assert flat(re.sub(r"\x1b\[[0-9;]*m", "", coloured)) == flat(plain_text)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_terminal_text_keeps_to_its_width(width):
    for line in terminal([full_report(), unreadable_report()], width).splitlines():
        assert len(line) <= width
        assert line == line.rstrip()


def test_a_screen_without_block_characters_gets_ascii_histories():
    assert "▁" in terminal([full_report()])
    assert terminal([full_report()], blocks=False).isascii()


def hostile_report():
    """Return a report in which every text that comes from a file is hostile."""
    quoted = replace(value("f1", "0.5"), key=HOSTILE, text=HOSTILE, at=HOSTILE, source=HOSTILE)
    scope = Scope(HOSTILE, HOSTILE, HOSTILE, None, HOSTILE)
    fact = Fact("class_count", {HOSTILE: HOSTILE}, scope, Proof.PROVED, HOSTILE, HOSTILE, evidence=(quoted,))
    base = full_report()
    run = replace(base.runs[0], name=HOSTILE, model=HOSTILE, config={HOSTILE: HOSTILE})
    return replace(
        base,
        source=(HOSTILE,),
        runs=(run, Run(HOSTILE)),
        facts=(fact, replace(fact, scope=Scope(HOSTILE))),
        findings=(
            finding(
                title=HOSTILE,
                message=HOSTILE,
                why=HOSTILE,
                scope=scope,
                facts=(fact,),
                consequences=(HOSTILE,),
                remedies=(Remedy(HOSTILE, HOSTILE, {HOSTILE: {"set": HOSTILE}}),),
            ),
        ),
        verdicts=(ScopeVerdict(scope, Verdict.SUSPECT, HOSTILE), ScopeVerdict(Scope("r"), Verdict.UNKNOWN, HOSTILE)),
        questions=(Question(HOSTILE, HOSTILE, (HOSTILE,), scope),),
        unread=(Unread(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
    )


def test_texts_from_a_file_reach_no_screen_raw():
    report = hostile_report()
    for text in (terminal([report]), markdown(report), load_format("json").render([report])):
        assert all(c.isprintable() or c in "\n\u200b" for c in text)
    VALIDATOR.validate(as_dict([report]))


def test_markup_in_a_name_stays_a_name_in_markdown():
    text = markdown(hostile_report())
    outside_code = re.sub(r"(`+) .*? \1", "", text)
    assert "<img>" not in outside_code.replace("\\<img\\>", "")
    assert "[d](e)" not in outside_code.replace("\\[d\\](e)", "")
    for row in text.splitlines():
        if row.startswith("|"):
            cells = re.split(r"(?<!\\)\|", row)
            assert len(cells) in (4, 5, 6), row


@given(st.text(alphabet="ab|`*_<[\\]>#&@:/. \n1-", max_size=12))
def test_an_escaped_text_loses_nothing_and_leaves_no_markup(text):
    line = clean(text)
    escaped = escape(line)
    assert re.sub(r"\\(?=[^\w\s])|\u200b", "", escaped).replace("\\", "") == line.replace("\\", "")
    assert not re.search(r"(?<!\\)(?:\\\\)*[|<`*\[]", re.sub(r"\\.", "", escaped))
    assert "\n" not in code(line)


@given(st.text(max_size=300))
def test_a_clean_text_is_one_printable_line_of_bounded_length(text):
    assert clean(text, 50).isprintable()
    assert len(clean(text, 50)) <= 50
    assert clean(clean(text, 50), 50) == clean(text, 50)


@given(st.lists(st.floats(), max_size=200))
def test_a_sparkline_is_as_wide_as_its_history_and_marks_what_is_no_number(numbers):
    line = sparkline(numbers, width=30)
    assert len(line) == min(30, len(numbers))
    assert sparkline(numbers, blocks=False, width=30).isascii()
    if len(numbers) <= 30:
        assert [mark == "x" for mark in line] == [not math.isfinite(number) for number in numbers]


def test_a_sparkline_rises_with_its_history():
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8]) == "▁▂▃▄▅▆▇█"
    assert sparkline([0.3, 0.3]) in {"▄▄", "▅▅"}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Interval(Fraction(2825), Fraction(2829)), "2,825 to 2,829"),
        (Interval(Fraction(956491, 10**6), math.inf), "at least 0.95649"),
        (Interval(-math.inf, Fraction(1, 3)), "at most 0.33334"),
        (Interval(0.1, 0.1 + 1e-12), "0.1"),
        (1e-9, "1e-9"),
        (math.nan, "nan"),
        (["binary", "macro"], "binary, macro"),
        (True, "yes"),
    ],
)
def test_a_value_as_it_is_read(number, text):
    """An open end of an interval is rounded outwards, so that the sentence stays true."""
    assert shown(number) == text


def test_a_narrow_stream_can_take_every_report():
    """Nothing in a terminal report without block characters needs more than the code page of an old console."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    stream.write(terminal([full_report()], blocks=False))

"""The explanation as text: nothing of a stranger's name steers a terminal, a page or a program."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from made_reports import full_report, unreadable_report
from odd_reports import fuzzed, read

from diagnose.api import check_text
from diagnose.llm.explanation import Explanation, Item, Remark, Section, Source
from diagnose.llm.pack import make_pack
from diagnose.llm.render import as_json, as_markdown, as_object, as_terminal
from diagnose.llm.writer import write
from diagnose.report import Surface, load_format

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e\u200b [x](javascript:1) | `a` **b** @someone https://evil.example"


def by_model(**changes):
    explanation = write(make_pack(full_report()))
    sections = (*explanation.sections, Section("Why", (Item("text", "lead", "proved", ("F1",)),), Source.REPAIRED))
    return explanation._replace(sections=sections, source=Source.REPAIRED, **changes)


def test_the_terminal_shows_the_verdict_first_and_then_the_sections():
    lines = as_terminal(write(make_pack(full_report()))).splitlines()
    assert lines[0] == "metrics.json"
    assert lines[1].startswith(" DEGENERATE  ")
    assert "What to do, in this order" in lines


def test_the_terminal_keeps_to_its_width():
    text = as_terminal(write(make_pack(full_report())), Surface(width=60))
    assert max(map(len, text.splitlines())) <= 60


def test_colours_are_for_terminals_that_have_them():
    explanation = write(make_pack(full_report()))
    assert "\x1b" not in as_terminal(explanation)
    assert "\x1b[" in as_terminal(explanation, Surface(colour=True))


def test_steps_are_numbered_in_markdown():
    text = as_markdown(write(make_pack(full_report())))
    assert text.startswith("## metrics.json\n\n**DEGENERATE**\n\n")
    assert "\n1. **Lower the learning rate (majority-class-collapse)**: Large steps collapse." in text


def test_json_is_one_line_that_holds_the_report_and_not_the_commentary():
    explanation = by_model(commentary=(Remark("a remark", "no claim"),), trail=("attempt 1: fine",))
    text = as_json(explanation)
    assert text.count("\n") == 1
    tree = json.loads(text)
    assert tree == as_object(explanation)
    assert tree["schema"] == "diagnose-explanation/1"
    assert tree["source"] == "llm-repaired"
    assert tree["sections"][-1] == {
        "title": "Why",
        "source": "llm-repaired",
        "ordered": False,
        "items": [{"lead": "lead", "text": "text", "proof": "proved", "statements": ["F1"]}],
    }
    assert tree["trail"] == ["attempt 1: fine"]
    assert tree["report"] == json.loads(load_format("json").render([explanation.report]))
    assert "a remark" not in text


@pytest.mark.parametrize("render", [as_terminal, as_markdown])
def test_it_is_said_who_chose_a_section_and_what_was_tried(render):
    text = render(by_model(commentary=(Remark("a remark", "no claim"),), trail=("attempt 1: fine",)))
    assert text.count("llm-repaired") == 1
    assert "attempt 1: fine" in text
    assert "not verified" in text
    assert text.index("not verified") < text.index("a remark")


@pytest.mark.parametrize("render", [as_terminal, as_markdown])
def test_a_report_without_a_model_does_not_speak_of_one(render):
    assert "model chose" not in render(write(make_pack(full_report())))
    assert "llm" not in render(write(make_pack(full_report())))


def test_an_unreadable_input_keeps_its_reason_in_every_format():
    explanation = write(make_pack(unreadable_report()))
    assert "no such file" in as_terminal(explanation)
    assert "**UNREADABLE**" in as_markdown(explanation)
    assert as_object(explanation)["verdict"] is None


def test_hostile_names_are_shown_letter_by_letter():
    text = json.dumps({HOSTILE: {"eval_accuracy": 0.9, "f1": 0.4, f"{HOSTILE} accuracy": 0.8}})
    explanation = write(make_pack(check_text(text, name=HOSTILE)))
    assert HOSTILE[:8] in as_terminal(explanation)
    for shown in (as_terminal(explanation), as_markdown(explanation), as_json(explanation)):
        assert not re.search("[\x1b\u202e]", shown)
    marked = as_markdown(explanation)
    assert "<script>" not in marked
    assert not re.search(r"(?<!\\)\[x(?<!\\)\]\(", marked)
    assert "https://evil" not in marked


def test_hostile_trails_and_remarks_are_shown_letter_by_letter():
    explanation = by_model(commentary=(Remark(HOSTILE, HOSTILE),), trail=(HOSTILE,))
    for shown in (as_terminal(explanation), as_markdown(explanation), as_json(explanation)):
        assert not re.search("[\x1b\u202e]", shown)
    assert "<script>" not in as_markdown(explanation)


@fuzzed
@given(read)
def test_no_strangers_text_reaches_a_terminal_or_a_page_as_more_than_letters(report):
    explanation = write(make_pack(report))
    for line in as_terminal(explanation).splitlines():
        assert line.isprintable()
    marked = as_markdown(explanation)
    assert not re.search(r"(?<!\\)<", marked)
    assert as_json(explanation).isascii()


def test_an_empty_explanation_is_still_a_page():
    explanation = Explanation(full_report(), ())
    assert as_terminal(explanation).startswith("metrics.json")
    assert as_markdown(explanation).endswith("\n")

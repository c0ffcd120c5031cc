"""The deterministic writer: laws that hold for every report, and what it says of well-known ones."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from made_reports import full_report
from odd_reports import fuzzed, read

from diagnose.api import check_text, diagnose
from diagnose.assets import asset_dir
from diagnose.engine.condition import Condition
from diagnose.engine.rules import load_rules
from diagnose.facts import ASSUMPTIONS, fact_names
from diagnose.llm._prose import load, names_in
from diagnose.llm._view import Sight, about, told
from diagnose.llm.answer import Choice, Relation
from diagnose.llm.explanation import Source
from diagnose.llm.pack import make_pack
from diagnose.llm.render import as_markdown, as_terminal
from diagnose.llm.writer import write
from diagnose.report import load_format
from diagnose.types import Fact, Interval, Proof, Scope, Severity, Verdict
from diagnose.vocabulary import METRICS

ROOT = Path(__file__).parents[2]
SEEDS = ROOT.parent / "shared" / "seeds"
FIXTURES = sorted(path for path in ROOT.glob("fixtures/*/*") if path.is_dir())
INPUTS = [*FIXTURES, *(sorted(SEEDS.iterdir()) if SEEDS.is_dir() else ())]
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
# What the writer counts by itself: how much there is of something.
COUNTED = re.compile(r"\d[\d,]* (?:\w+ )?(?:more|runs?|results?|rules?|evaluations?|points?|findings?|questions?)\b")


@cache
def explained(path):
    """Read and write each input once, in whatever order the tests come."""
    pack = make_pack(diagnose(str(path)))
    return pack, write(pack)


@pytest.fixture(params=INPUTS, ids=lambda path: path.name)
def written(request):
    """Return a pack and its explanation."""
    return explained(request.param)


def items_of(explanation):
    return [item for section in explanation.sections for item in section.items]


def numbers_in(text):
    return {number.replace(",", "").rstrip(".") for number in NUMBER.findall(text)}


def shown_numbers(fact):
    """Return all numbers that a sentence may take from a fact: its value, its parts, shortened, without a sign."""
    parts = [fact.value, *(fact.value.values() if isinstance(fact.value, dict) else ())]
    texts = [said(part) for part in parts for said in (told, about)]
    texts += [said(abs(part)) for part in parts if isinstance(part, Interval) for said in (told, about)]
    return set().union(*map(numbers_in, texts))


def test_every_number_is_the_reports_or_a_templates(written):
    pack, explanation = written
    known = numbers_in(load_format("json").render([pack.report]))
    known |= numbers_in(" ".join(statement.text for statement in pack.statements.values()))
    known |= {number for fact in pack.report.facts for number in shown_numbers(fact)}
    for template in (asset_dir("prompts") / "explain").iterdir():
        known |= numbers_in(template.read_text(encoding="utf-8"))
    written_texts = [f"{item.lead} {item.text}" for item in items_of(explanation)]
    strangers = {number for text in written_texts for number in numbers_in(COUNTED.sub("", text))} - known
    # A history is shortened to five digits, as in every other report.
    histories = next((s for s in explanation.sections if s.title == load("prose")["headings"]["histories"]), None)
    strangers -= {n for item in histories.items for n in numbers_in(item.text)} if histories else set()
    assert strangers == set()


def test_every_statement_that_is_named_exists(written):
    pack, explanation = written
    assert all(number in pack for item in items_of(explanation) for number in item.statements)


def test_every_error_and_warning_is_said_with_its_rule(written):
    pack, explanation = written
    text = " ".join(f"{item.lead} {item.text}" for item in items_of(explanation))
    for finding in pack.report.findings:
        assert finding.rule in text
        assert finding.severity is not Severity.ERROR or finding.title.rstrip(".") in text


def test_nothing_is_said_more_surely_than_it_was_derived(written):
    _, explanation = written
    for item in items_of(explanation):
        weak = {"implied": "almost certain", "suggested": "by a rule of thumb", "proved if": "given "}
        for word, sign in weak.items():
            titles = {section.title for section in explanation.sections if item in section.items}
            told_by_title = titles & {load("prose")["headings"]["implied"]}
            if item.proof.startswith(word) and not told_by_title:
                assert sign in item.text.lower()


def test_a_healthy_run_is_told_in_a_few_lines(written):
    pack, explanation = written
    if pack.verdict is Verdict.HEALTHY and len(pack.report.verdicts) == 1 and not pack.report.findings:
        assert as_terminal(explanation).count("\n") <= 25


def test_the_same_report_is_written_alike_twice(written):
    pack, explanation = written
    assert as_markdown(write(make_pack(pack.report))) == as_markdown(explanation)


def test_every_section_is_the_programs_own_choice(written):
    _, explanation = written
    assert {section.source for section in explanation.sections} == {Source.DETERMINISTIC} == {explanation.source}


COLLAPSED = json.dumps(
    {"eval_accuracy": 0.6125, "eval_precision": 0.0306, "eval_recall": 0.05, "eval_f1": 0.038, "eval_loss": 1.9}
)


def section(explanation, heading):
    return next(s for s in explanation.sections if s.title.startswith(load("prose")["headings"][heading]))


def test_a_collapsed_models_numbers_are_explained_by_the_one_class():
    explanation = write(make_pack(check_text(COLLAPSED)))
    told_of = {item.lead.split()[0]: item.text for item in section(explanation, "metrics").items}
    assert "true class is the one that is always answered" in told_of["eval_accuracy"]
    assert "makes 1/K, with K = 20" in told_of["eval_recall"]
    assert "p/K" in told_of["eval_precision"]
    assert "2p/((1 + p)K)" in told_of["eval_f1"]
    assert all("almost certainly" in text.lower() for name, text in told_of.items() if name != "eval_loss")
    first = section(explanation, "steps").items[0]
    assert "more than one class is predicted" in first.text
    assert "K being 20" in first.text


def test_an_answer_that_confirms_the_average_changes_what_a_sentence_is_given():
    explanation = write(make_pack(check_text(COLLAPSED, assume=["averaging=macro", "classes=20"])))
    assert any("given macro averages" in item.text.lower() for item in items_of(explanation))


def test_questions_name_the_option_that_answers_them():
    explanation = write(make_pack(check_text('{"eval_accuracy": 0.93}')))
    assert "--assume majority_share=" in section(explanation, "settle").items[0].text


def test_causes_are_called_probable_and_not_proved():
    causes = section(write(make_pack(check_text(COLLAPSED))), "causes")
    assert "do not prove" in causes.title
    assert all(item.text.startswith("Probably ") for item in causes.items)
    assert all(item.proof == "" for item in causes.items)


def test_a_number_that_is_not_defined_is_explained():
    explanation = write(make_pack(check_text('{"eval_spearmanr": NaN, "eval_mse": 1.25}')))
    told_of = {item.lead.split()[0]: item.text for item in section(explanation, "metrics").items}
    assert "do not vary" in told_of["eval_spearmanr"]


def test_several_results_have_a_section_each_and_no_sentence_twice():
    text = json.dumps({t: {"accuracy": 0.5 + i / 10, "f1": 0.4, "precision": 0.6, "recall": 0.7}
                       for i, t in enumerate(("first", "second"))})  # fmt: skip
    explanation = write(make_pack(check_text(text)))
    texts = [s for item in items_of(explanation) for s in item.text.split(". ") if "share of the answers" in s]
    assert len(texts) == 1


def test_what_was_chosen_is_said_in_that_order_and_under_its_source():
    pack = make_pack(full_report())
    second, first = (s.id for s in pack.of_kind("F"))
    actions = {action.id: action.about[0] for action in pack.of_kind("A")}
    choice = Choice(
        findings=(first, second),
        evidence={first: (pack.of_kind("V")[0].id,)},
        relations=(Relation("V1", "above", "V2", "accuracy is above recall"),),
        steps=tuple(reversed(actions.items())),
        questions=("Q1",),
        facts=("D1",),
    )
    explanation = write(pack, choice, Source.REPAIRED)
    why = section(explanation, "why")
    assert why.source is Source.REPAIRED is explanation.source
    assert [item.statements[0] for item in why.items] == [first, second, "V1", "D1"]
    assert "It rests on" in why.items[0].text
    assert [item.statements for item in section(explanation, "steps").items] == list(reversed(actions.items()))
    assert section(explanation, "verdict").source is Source.DETERMINISTIC
    assert section(explanation, "metrics").source is Source.DETERMINISTIC


def test_a_chosen_cause_carries_the_word_of_who_chose_it():
    pack = make_pack(check_text(COLLAPSED))
    causes = section(write(pack, Choice(findings=("F1",), causes=(("C1", "possible"),))), "causes")
    assert causes.items[0].text.startswith("Possible: ")
    assert causes.items[0].statements == ("C1",)


@fuzzed
@given(read)
def test_no_text_of_a_stranger_breaks_the_writer_or_the_lines(report):
    for item in items_of(write(make_pack(report))):
        assert (item.lead + item.text).isprintable()


def test_the_templates_name_only_what_exists():
    facts, rules = set(fact_names()), {rule.name for rule in load_rules()}

    def is_known(name):
        """Whether a name is a fact's, or that of a part of one."""
        if name in facts | {"value", "metric", "rule"}:
            return True
        front, _, part = name.rpartition(".")
        return part in {"tp", "fp", "fn", "tn", "own", "recomputed", "metrics", "size", "about"} and is_known(front)

    for reading in load("metrics")["reading"]:
        names = {*names_in(reading["say"]), *Condition.parse(reading["when"]).names}
        names |= Condition.parse(reading["fits"]).names if "fits" in reading else set()
        assert all(map(is_known, names)), reading["say"]
        assert set(reading["of"]) <= METRICS.keys() | {"*"}
    for check in load("prose")["check"]:
        assert all(map(is_known, names_in(check["say"]))), check["say"]
        assert set(check.get("rules", ())) <= rules
    assert load("prose")["facts"].keys() <= facts


def test_every_rule_says_by_what_one_will_know_that_it_is_gone():
    told_of = {name for check in load("prose")["check"] for name in check.get("rules", ())}
    silent = {rule.name for rule in load_rules()} - told_of
    assert silent == set()


def test_every_metric_has_a_meaning_and_every_assumption_words():
    kinds = ("score", "correlation", "error", "loss")
    judged = {name for name, info in METRICS.items() if info.kind in kinds}
    assert judged <= load("metrics")["meaning"].keys() <= METRICS.keys()
    assert load("prose")["assumptions"].keys() == ASSUMPTIONS.keys()


def test_a_number_of_three_digits_is_rounded_outwards():
    assert about(Interval(0.0115519, 0.0160171)) == "0.0115 to 0.0161"
    assert about(Interval(0, 0.00569721)) == "at most 0.0057"
    assert about(0.5) == "0.5"


def test_a_view_sees_parts_of_facts_and_sizes():
    report = replace(
        check_text(COLLAPSED),
        facts=(
            Fact("matrix", {"tp": 3, "f1": {"x": Interval(-2, -1)}}, Scope("r"), Proof.PROVED, ""),
            Fact("matrix.tp", 5, Scope("r", None, "eval"), Proof.IMPLIED, ""),
        ),
    )
    view = Sight(report).view(Scope("r", None, "eval"), "f1", 7)
    assert (view.get("value"), view.get("metric")) == (7, "f1")
    assert view.get("matrix.tp") == 5, "a fact's own name goes before a part of another"
    assert view.get("matrix.own.x") == Interval(-2, -1)
    assert view.word("matrix.own.x.size.about") == "1 to 2"
    assert view.get("matrix.own.y") is None
    assert view.word("no.such.fact") is None
    assert view.basis(["matrix.own.x", "matrix.tp"])[1] is Proof.IMPLIED


def test_a_table_without_averages_is_not_read_as_nothing():
    head = "              precision    recall  f1-score   support"
    table = f"{head}\n\n         cat     0.8142    0.7541    0.7830       122\n"
    assert "Read: one result (by class)." in write(make_pack(check_text(table))).sections[0].items[0].text

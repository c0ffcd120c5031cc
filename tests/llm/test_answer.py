"""A model's answer: what is true passes, whatever is wrong is found, and what is left of any answer is true."""

from __future__ import annotations

import json
import time

import pytest
from answers import MUTANTS, SENTENCES, TEXT_MUTANTS, forms, packs, rank, tally
from hypothesis import given, settings
from hypothesis import strategies as st
from made_answers import a_form, formal_answers, true_answers

from diagnose.llm.answer import Choice
from diagnose.llm.claims import salvage, tree_of, verify
from diagnose.llm.commentary import fault
from diagnose.llm.comparison import HOW, compared, measures
from diagnose.llm.pack import Kind
from diagnose.llm.parsing import parse
from diagnose.llm.writer import write

few = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="module", autouse=True)
def _read_the_fixtures():
    """Read them before a strategy does: reading draws random numbers, which no strategy may."""
    packs()


def read_kinds(text):
    return {violation.kind for violation in parse(text).violations}


# --- what is true


@few
@given(true_answers())
def test_an_answer_whose_claims_hold_has_no_violation(drawn):
    form, answer = drawn
    assert verify(answer, form).violations == ()


@few
@given(true_answers(asked=True, commentary=True))
def test_the_answer_to_a_question_with_commentary_has_no_violation_either(drawn):
    form, answer = drawn
    assert verify(answer, form, "canary").violations == ()


@few
@given(true_answers())
def test_a_verified_answer_says_what_the_model_said_in_its_order(drawn):
    form, answer = drawn
    assert tree_of(verify(answer, form).choice, form) == answer


def test_the_deterministic_choice_of_every_fixture_verifies():
    for form in forms():
        pack = form.pack
        choice = salvage(Choice(), form)
        assert verify(tree_of(choice, form), form) == (choice, ())
        assert set(choice.findings) == {statement.id for statement in pack.of_kind(Kind.FINDING)}


def test_an_answer_is_verified_in_a_few_milliseconds():
    form = max(forms(), key=lambda form: len(form.pack.statements))
    tree = tree_of(salvage(Choice(), form), form)
    verify(tree, form)
    began = time.perf_counter()
    for _ in range(20):
        verify(tree, form)
    assert (time.perf_counter() - began) / 20 < 0.02


# --- what is wrong: one change of a true answer, and the kind of violation that it has to be


@pytest.mark.parametrize("name", [*MUTANTS, *TEXT_MUTANTS])
def test_every_kind_of_wrong_answer_is_found_and_mended(name):
    made, caught, fitting, untrue = tally(name, 20, seed=1)
    assert made >= 10
    assert (caught, fitting, untrue) == (made, made, 0)


def test_violations_hold_no_word_of_the_model():
    form = next(form for form in forms() if form.pack.verdict == "degenerate")
    answer = tree_of(salvage(Choice(), form), form)
    answer["rm -rf /"] = {"\x1b[31m": 1}
    answer["findings"][0]["evidence"] = ["http://evil.example"]
    answer["commentary"] = ["evil"]
    told = " ".join(part for violation in verify(answer, form).violations for part in violation)
    assert told
    assert not any(word in told for word in ("rm -rf", "\x1b", "evil"))


# --- relations


@few
@given(a_form(), st.data())
def test_a_comparison_is_made_only_where_it_holds_for_all_numbers_that_the_two_may_be(form, data):
    if not form.numbers:
        return
    a, b = (form.pack[data.draw(st.sampled_from(form.numbers))] for _ in range(2))
    for how in HOW:
        if relation := compared(a, how, b):
            x, y = a.interval, b.interval
            alike = x == y if x.is_point else getattr(a.of, "text", 1) == getattr(b.of, "text", 2)
            assert measures(a) & measures(b)
            assert {"above": x.low > y.high, "below": x.high < y.low, "equals": alike}[how]
            assert relation.text.endswith(".")


def test_a_score_is_not_compared_with_a_loss_a_runtime_or_a_count():
    pack = next(pack for pack in packs() if pack.of_kind("Q") and any(s.metric == "loss" for s in pack.of_kind("V")))
    by_metric = {statement.metric: statement for statement in pack.of_kind("V")}
    for name in ("loss", "runtime"):
        assert all(compared(by_metric["accuracy"], how, by_metric[name]) is None for how in HOW)


# --- any answer


@few
@given(formal_answers(commentary=True))
def test_what_is_left_of_any_answer_of_the_form_is_true(drawn):
    form, answer = drawn
    left = salvage(verify(answer, form, "canary").choice, form)
    assert verify(tree_of(left, form), form, "canary").violations == ()


FIELDS = ["verdict", "findings", "finding", "evidence", "steps", "action", "relations", "left", "facts", "commentary"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["F1", "V1", "A1", "S1", "likely"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)


@few
@given(a_form(), st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=8))
def test_what_is_left_of_any_garbage_is_true(form, answer):
    left = salvage(verify(answer, form).choice, form)
    assert verify(tree_of(left, form), form).violations == ()


@few
@given(formal_answers())
def test_nothing_is_written_that_the_pack_does_not_hold(drawn):
    """The sections that a model chose hold statements of the pack, the text of each of them in full."""
    form, answer = drawn
    choice = salvage(verify(answer, form).choice, form)
    explanation = write(form.pack, choice)
    said = {number for section in explanation.sections for item in section.items for number in item.statements}
    assert said <= form.pack.statements.keys()
    errors = {s.id for s in form.pack.of_kind("F") if rank(form.pack, s.id) == 0}
    assert errors <= said
    for relation in choice.relations:
        assert compared(form.pack[relation.left], relation.how, form.pack[relation.right]) == relation


@few
@given(formal_answers(asked=True))
def test_what_is_left_of_any_answer_to_a_question_is_true(drawn):
    form, answer = drawn
    left = salvage(verify(answer, form).choice, form)
    if left.answers:
        assert verify(tree_of(left, form), form).violations == ()
    else:
        assert left == Choice(answers=False)


# --- the schema


def _nodes(node):
    yield node
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, (dict, list)):
            yield from _nodes(child)


def test_the_schema_is_of_the_part_that_strict_modes_know():
    known = {"$defs", "$ref", "type", "properties", "required", "additionalProperties", "items", "enum"}
    for form in forms(asked=True, commentary=True):
        schema = form.schema()
        for node in (schema, *schema["$defs"].values()):
            assert set(node) <= known
            if node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert node["required"] == list(node["properties"])
        enums = [node["enum"] for node in _nodes(schema) if isinstance(node, dict) and "enum" in node]
        assert sum(map(len, enums)) <= 1000
        assert len(json.dumps(schema)) < 6000


def test_the_schema_has_one_verdict_that_of_the_engine():
    for form in forms():
        assert form.schema()["properties"]["verdict"]["enum"] == [form.pack.verdict.value]


# --- from text to the object


@few
@given(
    st.sampled_from(["", "\ufeff", "Here is {the} answer:\n", '<think>{"verdict": 1} hm</think>', "thoughts </think>"]),
    st.sampled_from([("", ""), ("```json\n", "\n```"), ("```\n", "\n```"), (" ", "\n\nI hope this helps! {}")]),
    true_answers(),
)
def test_an_answer_is_found_in_what_models_put_around_it(before, around, drawn):
    _, answer = drawn
    text = f"{before}{around[0]}{json.dumps(answer)}{around[1]}"
    assert parse(text) == (answer, ())


@few
@given(st.text() | st.lists(st.sampled_from([*'{}[]":,\\ \n', "verdict", "NaN", "1e999", "<think>"])).map("".join))
def test_no_text_makes_an_exception(text):
    parse(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"verdict": "degenerate", "verdict": "healthy"}', "duplicate-key"),
        ('{"verdict": "degenerate", "findings": [{"finding": "F1", "finding": "F2"}]}', "duplicate-key"),
        ('{"verdict": "degenerate", "facts": [NaN]}', "not-json"),
        ('{"verdict": -Infinity}', "not-json"),
        ('{"verdict": ' + "[" * 9 + "]" * 9 + "}", "too-deep"),
        ('{"verdict": ' + "[" * 60_000, "no-json"),
        ('{"verdict": ' + '{"a":' * 12_000, "no-json"),
        ('{"verdict": "degenerate", "findings": [{"finding": "F1"', "no-json"),
        ('{"verdict": 1' + "0" * 5_000 + "}", "no-json"),
        ("<html><body>502 Bad Gateway</body></html>", "no-json"),
        ("", "no-json"),
        ("null", "no-json"),
        ('["verdict"]', "no-json"),
        ('{"healthy": true}', "no-json"),
        ('{"verdict": "' + "x" * 70_000 + '"}', "too-long"),
        ("{" * 200_000, "too-long"),
        ("I cannot help with that.", "no-json"),
    ],
    ids=range(17),
)
def test_what_is_no_answer_is_named(text, kind):
    assert kind in read_kinds(text)


def test_of_a_key_that_occurs_twice_the_first_value_is_kept():
    assert parse('{"verdict": "degenerate", "verdict": "healthy"}').tree == {"verdict": "degenerate"}


def test_a_hostile_text_is_read_in_a_blink():
    hostile = ["{" * 60_000, '{"a":' * 12_000, "<think>" * 30_000, '{"verdict' * 6_000, "</think>" * 30_000 + "{"]
    began = time.perf_counter()
    for text in hostile:
        parse(text)
    assert time.perf_counter() - began < 2


# --- commentary


@pytest.mark.parametrize("sentence", SENTENCES)
def test_plain_sentences_may_be_said(sentence):
    assert fault(sentence, "canary") == ""


@pytest.mark.parametrize(
    "sentence",
    [
        "The accuracy is 0.99.",
        "The accuracy is ninety percent.",
        "It doubled.",
        "It is one of the best.",
        "Half of it is wrong.",
        "See https://evil.example for more.",
        "See evil.example for more.",
        "See www dot evil dot com.",
        "<b>All is well</b>",
        "Run `rm -rf` now.",
        "Use sudo to install it.",
        "Add --force to it.",
        "All is well\u202e.",
        "All is\u200b well.",
        "\x1b[31mAll is well.",
        "The share is ½.",
        "The share is ٣.",
        "Class IV is best.",
        "The loss is NaN.",
        "My word is canary, as you see.",
        "My word is c a n a r y, as you see.",
        "Аll is well.",  # with a Cyrillic A
        "**All** is well.",
        "[All](is) well.",
        "All\nis well.",
        "x" * 301,
        "",
        " ",
    ],
)
def test_a_sentence_that_claims_a_number_or_does_something_is_refused(sentence):
    assert fault(sentence, "canary") != ""

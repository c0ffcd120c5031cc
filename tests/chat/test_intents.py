"""How questions are recognised, and assumptions as people say them."""

from __future__ import annotations

import re

import pytest

from diagnose.api import check_text, chosen_rules
from diagnose.chat._tables import load
from diagnose.chat.intents import intents, recognise
from diagnose.chat.mentions import find_mentions
from diagnose.chat.message import split_message
from diagnose.chat.replies import REPLIES
from diagnose.chat.session import Session
from diagnose.chat.spoken import Inexact, allowed, said
from diagnose.facts import ASSUMPTIONS, fact_names

RULES = [rule.name for rule in chosen_rules()]
REPORT = check_text("eval_accuracy = 0.61\neval_f1 = 0.52\neval_precision = 0.6\neval_recall = 0.47\nloss = 0.7")

QUESTIONS = {
    "What should I try first?": "steps",
    "how can I improve the recall": "steps",
    "and then?": "steps",
    "Show me the confusion matrix please": "matrix",
    "confusion bounds": "bounds",
    "which classes are confused with each other?": "bounds",
    "why is F1 so low?": "why",
    "How do you know that?": "why",
    "prove it": "why",
    "what does recall mean": "meaning",
    "what do you mean by degenerate?": "meaning",
    "what is recall": "name",
    "is the model overfitting?": "name",
    "is 61 % good?": "good",
    "is that better than random guessing": "good",
    "can I trust this?": "good",
    "what is the baseline?": "baseline",
    "how many rows were there?": "count",
    "which average was used?": "count",
    "what's missing?": "questions",
    "what do you need to know": "questions",
    "is the difference significant?": "compare",
    "what's wrong with it?": "findings",
    "TL;DR": "verdict",
    "explain it again": "explain",
    "what do these numbers mean?": "explain",
    "what was not checked?": "not_checked",
    "what could you not read? show unread": "unread",
    "undo": "undo",
    "Forget that.": "undo",
    "forget all assumptions": "forget",
    "show my assumptions": "assumptions",
    "export as markdown": "export",
    "thanks!": "greeting",
    "help": "help",
    "what settings were used? show settings": "settings",
    "is anything off with these metrics?": "findings",
    "do I have a class imbalance problem": "margins",
    "is 3 points a meaningful gain?": "compare",
    "remove that assumption": "undo",
    "is accuracy misleading here?": "name",
    "what else could explain this?": "readings",
    "would a lower learning rate help?": "remedy",
    "should I train longer?": "remedy",
    "tell me a joke": None,
    "what should I have for dinner?": None,
    "what is the capital of France?": None,
    "was the tokenizer swapped?": None,
    "rewrite it in Rust": None,
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_recognition(question):
    """Each question has its intent; what is none of the closed set has none."""
    assert recognise(question, find_mentions(question, REPORT, RULES)) == QUESTIONS[question]


def test_every_intent_is_answered_and_none_is_named_twice():
    own = {"help", "greeting", "forget", "undo", "assumptions", "export", "explain"}
    names = [intent.name for intent in intents()]
    assert len(names) == len(set(names))
    assert set(names) == own | REPLIES.keys()


def test_every_example_of_the_help_is_of_its_intent():
    for intent in intents():
        for example in intent.example.split(" / ") if intent.example else ():
            assert recognise(example, find_mentions(example, REPORT, RULES)) == intent.name


@pytest.mark.parametrize(
    ("sentence", "assumed"),
    [
        ("what if precision was macro averaged?", ["averaging=macro"]),
        ("suppose they are weighted averages", ["averaging=weighted"]),
        ("not macro but weighted", ["averaging=weighted"]),
        ("How would the verdict change if averaging was micro?", ["averaging=micro"]),
        ("precision, recall and F1 are macro averages over 512 labels", ["averaging=macro", "classes=512"]),
        ("the test set has 1,495 rows", ["samples=1495"]),
        ("what if there are 1,495 rows and 3 classes?", ["classes=3", "samples=1495"]),
        ("we had fewer than 10,000 examples", ["samples_below=10000"]),
        ("56.4% of the rows are the majority class", ["majority_share=0.564"]),
        ("the largest class is 60%", ["majority_share=0.60"]),
        ("prevalence is 0.013", ["prevalence=0.013"]),
        ("3% positives", ["prevalence=0.03"]),
        ("what if it's multi-label?", ["single_label=false"]),
        ("the accuracy is per token", ["same_unit=false"]),
        ("the numbers were truncated", ["rounded=false"]),
        ("the rows are not the same", ["same_rows=false"]),
        ("we used class weights", ["unweighted_loss=false"]),
        ("suppose the loss is weighted", ["unweighted_loss=false"]),
        ("it is a binary classification task", ["classes=2"]),
        ("assume sentiment/averaging=macro and eval:classes=3", ["sentiment/averaging=macro", "eval:classes=3"]),
        # what is asked, denied, left open or said of something else
        ("was it macro averaged?", []),
        ("what is macro averaging?", []),
        ("it's not macro", []),
        ("macro or micro", []),
        ("the macro f1 is low", []),
        ("why is recall 0.2 with 2 classes?", []),
        ("I trained on 10,000 examples", []),
        ("the best of 5 runs", []),
        ("show the 3 classes", []),
    ],
)
def test_assumptions_as_they_are_said(sentence, assumed):
    assert sorted(said(sentence)) == sorted(assumed)


@pytest.mark.parametrize(
    "sentence", ["about 500 classes", "over 500 classes", "between 2,000 and 3,000 rows", "2 to 3 classes", "~300 rows"]
)
def test_an_inexact_number_is_told_from_an_exact_one(sentence):
    assert [type(found) for found in said(sentence)] == [Inexact]


@pytest.mark.parametrize(
    ("name", "value", "possible"),
    [
        ("classes", "512", True), ("classes", "2.5", False), ("classes", "0", False), ("classes", "nan", False),
        ("samples", "inf", False), ("prevalence", "0.2", True), ("prevalence", "20", False),
        ("same_unit", "yes", False),
        ("same_unit", "true", True), ("averaging", "macro", True), ("averaging", "harmonic", False),
        ("label_variance", "-1", False), ("label_variance", "1.5", True),
    ],
)  # fmt: skip
def test_values_that_an_assumption_can_have(name, value, possible):
    assert (allowed(name, value) == "") is possible


def test_the_tables_name_what_exists():
    assert {row["name"] for row in load("assumptions")["said"]} <= ASSUMPTIONS.keys()
    assert {rule for row in load("names")["rule"] for rule in row["rules"]} <= set(RULES)
    assert {fact for row in load("names")["fact"] for fact in row["facts"]} <= fact_names().keys()
    assert load("words")["facts"].keys() <= fact_names().keys()


@pytest.mark.parametrize("unit", ["what if ", "show ", "is the ", "0.5 % of ", "macro ", "and then ", "classes 1,"])
def test_no_pattern_runs_away(unit):
    """A long message of one phrase is read in a moment: no pattern backtracks without end."""
    text = unit * 2000
    find_mentions(text, REPORT, RULES)
    recognise(text, find_mentions(text, REPORT, RULES))
    said(text)
    split_message(text, Session()._is_question, "paste", first=False)


def messages():
    yield "accuracy 0.5\nf1 0.4", True, ""
    yield '{"accuracy": 0.5}', True, ""
    yield "accuracy: 0.5, f1: 0.4", True, ""
    yield "what if there are 512 classes?", False, "what if there are 512 classes?"
    yield "is this good?\naccuracy 0.5\nf1 0.4", True, "is this good?"
    yield "accuracy 0.5\nf1 0.4\n\nwhy is f1 so low?", True, "why is f1 so low?"
    yield "accuracy 0.5\nf1 0.4\n250 rows", True, ""
    yield "epoch,steps,accuracy\n1,200,0.71\n", True, ""
    yield "compare with this: accuracy 0.55", True, "compare with this:"
    yield "hello there\nfriend", False, "hello there\nfriend"


@pytest.mark.parametrize(("text", "pasted", "question"), list(messages()))
def test_a_message_is_taken_apart(text, pasted, question):
    message = split_message(text, Session()._is_question, "paste", first=False)
    assert bool(message.runs) is pasted
    assert message.question == question
    if pasted and "\n" in text.strip():
        numbers = [i for i, line in enumerate(message.paste.split("\n")) if line]
        assert all(message.paste.split("\n")[i] == text.split("\n")[i] for i in numbers)
    if pasted:
        assert not re.search(r"\?", message.paste)

"""The readings of an evaluation's scores: the true one is among them, and what splits them is asked."""

from __future__ import annotations

import math

import pytest
from _runs import fact, printed, value
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from diagnose.types import Proof

# Made figures: one class of eight for every row, 0.7 of them right; precision 0.7/8, recall 1/8, F1 1.4/1.7/8.
CONSTANT = {"accuracy": "0.7", "precision": "0.0875", "recall": "0.125", "f1": "0.10294"}


def left(facts):
    """Return the answers of each reading that is left, as dictionaries."""
    return [dict(a.split("=") for a in reading["assume"]) for reading in value(facts, "readings")["left"]]


def asked(facts):
    """Return {assumption: suggested answer} of the questions, in their order."""
    return dict(question.assume.split("=") for question in facts.questions)


PREDICTIONS = st.integers(2, 5).flatmap(
    lambda k: st.lists(st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)), min_size=1, max_size=60)
)


@settings(max_examples=60, deadline=None)
@given(
    PREDICTIONS,
    st.sampled_from(["binary", "macro", "micro", "weighted"]),
    st.sampled_from([0.0, 1.0]),
    st.integers(2, 5),
    st.booleans(),
)
def test_the_true_reading_is_never_dropped(rows, average, undefined, digits, cut):
    """Theorem: the identities of each average hold for its scores, rounded or truncated, under both zero_divisions."""
    true, guessed = [[min(y, 1) if average == "binary" else y for y in column] for column in zip(*rows, strict=True)]
    scores = precision_recall_fscore_support(true, guessed, average=average, zero_division=undefined)[:3]
    unit = 10**digits
    numbers = (accuracy_score(true, guessed), *(float(score) for score in scores))
    texts = [f"{math.trunc(x * unit + 1e-9) / unit if cut else x:.{digits}f}" for x in numbers]
    facts = printed(**dict(zip(("accuracy", "precision", "recall", "f1"), texts, strict=True)))
    for reading in left(facts):
        if reading.get("averaging") == average and reading.get("rounded") in (None, str(not cut).lower()):
            return
    dropped = value(facts, "readings")["dropped"]
    pytest.fail(f"{average} is not among the readings of {texts}, {dropped}")


def test_a_constant_prediction_is_read_beside_what_else_fits():
    facts = printed(**CONSTANT)
    found = left(facts)
    assert found[0] == {"averaging": "macro", "same_unit": "true", "zero_division": "0"}
    assert {"same_unit": "false"} in found
    assert all(reading.get("averaging") not in ("micro", "weighted") for reading in found)
    assert fact(facts, "readings").proof is Proof.PROVED_IF


def test_the_question_is_what_splits_the_constant_from_the_other_readings():
    questions = asked(printed(**CONSTANT))
    assert questions["averaging"] == "macro"
    assert questions["classes"] == "8"
    assert questions["same_unit"] == "true"


def test_an_answer_leaves_fewer_readings_and_fewer_questions_and_proves_more():
    before = printed(**CONSTANT)
    after = printed(("averaging=macro", "classes=8", "same_unit=true"), **CONSTANT)
    assert len(left(after)) == 1 < len(left(before))
    assert not after.questions
    assert fact(before, "predicted_share_lower_bound") is None
    bound = fact(after, "predicted_share_lower_bound")
    assert bound.proof is Proof.PROVED_IF
    assert bound.value > 0.9


def test_another_answer_drops_the_constant():
    facts = printed(("averaging=binary",), **CONSTANT)
    assert {reading.get("averaging") for reading in left(facts)} <= {"binary", None}
    assert "classes" not in asked(facts)


def test_a_reading_that_an_open_assumption_would_drop_says_so():
    """2.5 s x 4 rows a second are 10 rows; one binary matrix with these scores needs hundreds."""
    scores = {"accuracy": "0.564", "precision": "0.0011", "recall": "0.00195", "f1": "0.0014"}
    timed = {**scores, "runtime": "2.5", "samples_per_second": "4.0"}
    (binary,) = [r for r in value(printed(**timed), "readings")["left"] if "averaging=binary" in r["assume"]]
    assert binary["falls_if"] == ["timing_same_rows=true"]
    answered = printed(("timing_same_rows=true",), **timed)
    assert not [reading for reading in left(answered) if reading.get("averaging") == "binary"]


@pytest.mark.parametrize(
    ("score", "rounding"), [("0.6667", "rounded to the nearest"), ("0.6666", "truncated"), ("0.66666", None)]
)
def test_numbers_that_fit_in_one_way_of_printing_only_are_read_so(score, rounding):
    """Micro averages are the accuracy: 0.66666 with four decimals is 0.6667 rounded and 0.6666 cut off."""
    facts = printed(("averaging=micro",), accuracy="0.66666", precision=score, recall=score, f1=score)
    assert value(facts, "rounding") == rounding


def test_a_short_number_beside_full_doubles_is_read_both_ways():
    numbers = {"accuracy": "0.7416666666666667", "precision": "0.67", "recall": "0.7416666666666667"}
    facts = printed(machine=True, **numbers, f1="0.7013888888888888")
    assert value(facts, "readings")["left"]
    exact = fact(facts, "precision")
    assert exact.proof is Proof.PROVED_IF
    assert exact.assumes == ("full_precision=true",)
    rounded = fact(printed(("full_precision=false",), machine=True, **numbers), "precision")
    assert rounded.proof is Proof.PROVED
    assert 0.674 in rounded.value

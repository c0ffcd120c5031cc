"""Theorems about macro averages beside the accuracy and the rows of each class, with scikit-learn for the truth."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from _runs import class_row, evaluation_of, facts_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

from diagnose.facts._class_bounds import least_and_most

if TYPE_CHECKING:
    from diagnose.types import Fact

lawful = settings(deadline=None, max_examples=60)
NAMES = ("macro_precision", "macro_recall", "macro_f1")
# Decimals, and whether the number is cut off; None prints the full double.
PRINTS = st.one_of(st.none(), st.tuples(st.sampled_from([1, 2, 3, 4]), st.booleans()))


@st.composite
def labels(draw: st.DrawFn, most: int = 5) -> tuple[int, list[int], list[int]]:
    """Draw a number of classes, labels and predictions; absent classes and lucky or unlucky models are common."""
    size = draw(st.integers(2, most))
    true = draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=60))
    skill = draw(st.sampled_from([0.0, 0.5, 0.9, 1.0]))
    chance = draw(st.randoms(use_true_random=False))
    one = draw(st.one_of(st.none(), st.integers(0, size - 1)))
    predicted = [y if chance.random() < skill else chance.randrange(size) if one is None else one for y in true]
    return size, true, predicted


def text_of(number: float, way: tuple[int, bool] | None) -> str:
    if way is None or math.isnan(number):
        return repr(float(number))
    decimals, cut = way
    return f"{math.floor(Fraction(number) * 10**decimals) / 10**decimals if cut else number:.{decimals}f}"


def contradictions(scores: dict[str, float], supports: list[int], way: tuple[int, bool] | None = None) -> list[Fact]:
    """Return the contradictions that name the supports, each row having one label, as the user says."""
    rows = tuple(class_row(f"c{i}", support=str(support)) for i, support in enumerate(supports))
    texts = {name: text_of(score, way) for name, score in scores.items() if not math.isnan(score)}
    facts = facts_of(evaluation_of(texts, machine=way is None, classes=rows), assume=("single_label=true",))
    return [fact for fact in facts.named("contradiction") if "support" in fact.value["metrics"]]


@lawful
@given(labels(), PRINTS, st.sampled_from([0.0, 1.0, math.nan]))
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true", "ignore:A single label was found")
def test_the_averages_of_one_set_of_predictions_lie_between_the_ends(case, way, undefined: float):
    """Every zero_division, every printing, classes that never occur or are never predicted."""
    size, true, predicted = case
    supports = np.bincount(true, minlength=size).tolist()
    right = sum(y == p for y, p in zip(true, predicted, strict=True))
    found = precision_recall_fscore_support(
        true, predicted, labels=list(range(size)), average="macro", zero_division=undefined
    )
    scores = dict(zip(NAMES, map(float, found[:3]), strict=True))
    scores["balanced_accuracy"] = float(balanced_accuracy_score(true, predicted))
    bases = {name: "recall" if name == "balanced_accuracy" else name.removeprefix("macro_") for name in scores}
    for name, score in scores.items():
        least, most = (end for end, _ in least_and_most(bases[name], supports, (right, right)))
        assert math.isnan(score) or least - 1e-9 <= score <= most + 1e-9
    assert contradictions({"accuracy": right / len(true)} | scores, supports, way) == []
    if scores["macro_precision"] + scores["macro_recall"] > 0:
        p, r = scores["macro_precision"], scores["macro_recall"]
        assert contradictions({"accuracy": right / len(true), "macro_f1": 2 * p * r / (p + r)}, supports, way) == []


@lawful
@given(st.lists(st.integers(1, 6), min_size=2, max_size=4), st.data())
def test_the_ends_of_macro_recall_are_those_of_all_ways_to_share_out_the_right_rows(supports, data):
    correct = data.draw(st.integers(0, sum(supports)))
    ways = itertools.product(*(range(support + 1) for support in supports))
    means = [sum(map(Fraction, way, supports)) / len(supports) for way in ways if sum(way) == correct]
    assert [end for end, _ in least_and_most("recall", supports, (correct, correct))] == [min(means), max(means)]


@lawful
@given(st.lists(st.integers(1, 300), min_size=2, max_size=8), st.data())
def test_a_macro_recall_beyond_an_end_is_a_contradiction_of_all_numbers_that_make_the_end(supports, data):
    rows = sum(supports)
    correct = data.draw(st.integers(0, rows))
    ends = [end for end, _ in least_and_most("recall", supports, (correct, correct))]
    beyond = data.draw(st.sampled_from([ends[0] - Fraction(1, 100), ends[1] + Fraction(1, 100)]))
    # Below the accuracy, K x macro recall is at odds with it whatever the rows of the classes.
    if not Fraction(correct, rows * len(supports)) < beyond < 1:
        return
    (fact,) = contradictions({"accuracy": correct / rows, "macro_recall": float(beyond)}, supports)
    assert {value.metric for value in fact.evidence} == {"accuracy", "macro_recall", "support"}
    assert len(fact.evidence) == 2 + len(supports)
    assert {"all_classes_listed=true", "same_unit=true", "single_label=true"} <= set(fact.assumes)


@pytest.mark.parametrize(
    ("scores", "end"),
    [
        ({"macro_recall": 0.95}, "at most (2 + 133/208)/3 = 0.8798"),
        ({"macro_precision": 0.99}, "at most 1 - 75/((208 + 75) x 3) = 0.9117"),
        ({"macro_f1": 0.99}, "at most 2PR/(P + R) = 0.8955"),
        ({"macro_recall": 0.26}, "at least (0 + 175/208)/3 = 0.2804"),
        ({"macro_precision": 0.4, "accuracy": 0.9}, "at least (sqrt(208) + sqrt(17))^2/(250 x 3) = 0.4586"),
        ({"macro_f1": 0.4, "accuracy": 0.9}, "at least (sqrt(208) + sqrt(17))^2/(250 x 3) = 0.4586"),
    ],
)
def test_the_sentence_computes_the_end_from_the_rows_of_the_classes(scores: dict[str, float], end: str):
    found = contradictions({"accuracy": 0.7} | scores, [12, 30, 208], (4, False))
    assert any(end in fact.because for fact in found), [fact.because for fact in found]


def test_the_score_of_every_class_says_more_than_the_ends():
    rows = tuple(class_row(f"c{i}", support=s, recall=r) for i, (s, r) in enumerate([("10", "0.9"), ("90", "0.5")]))
    facts = facts_of(evaluation_of({"accuracy": "0.54", "macro_recall": "0.95"}, classes=rows))
    assert [f.evidence[0].metric for f in facts.named("contradiction") if "support" in f.value["metrics"]] == []


def test_rows_with_several_labels_have_no_such_ends():
    rows = tuple(class_row(f"c{i}", support=s) for i, s in enumerate(["10", "90"]))
    texts = {"accuracy": "0.54", "macro_recall": "0.95"}
    assert facts_of(evaluation_of(texts, classes=rows), task_kind="multi-label").named("contradiction") == []

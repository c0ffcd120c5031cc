"""The identities of each average, checked against scikit-learn: none rules out the average that was printed."""

from __future__ import annotations

import math
import random
import warnings

import pytest
from _runs import evaluation_of, fact, facts_of, printed, value
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.interval import Interval
from diagnose.types import Proof

THEOREM = settings(max_examples=60, deadline=None)
ZERO_DIVISION = {"0": 0.0, "1": 1.0, "nan": math.nan}
NAMES = ("accuracy", "precision", "recall", "f1")


def labels(seed: int, classes: int, rows: int) -> tuple[list[int], list[int]]:
    """Return true and predicted labels of a model of some skill, or of none."""
    rng = random.Random(seed)  # noqa: S311  # a repeatable draw, no secret
    weights = [rng.random() ** 2 + 0.02 for _ in range(classes)]
    true = rng.choices(range(classes), weights, k=rows)
    skill, favoured, favour = rng.random(), rng.randrange(classes), rng.random() ** 3
    answers = [t if rng.random() < skill else rng.randrange(classes) for t in true]
    return true, [favoured if rng.random() < favour else answer for answer in answers]


def averages(true: list[int], predicted: list[int], average: str, zero_division: str = "0") -> dict[str, float]:
    """Return what scikit-learn prints."""
    metrics = pytest.importorskip("sklearn.metrics")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        numbers = metrics.precision_recall_fscore_support(
            true, predicted, average=average, zero_division=ZERO_DIVISION[zero_division]
        )[:3]
    right = sum(t == p for t, p in zip(true, predicted, strict=True)) / len(true)
    return dict(zip(NAMES, (right, *(float(number) for number in numbers)), strict=True))


def texts(scores: dict[str, float], decimals: int, *, truncated: bool) -> dict[str, str]:
    """Print the scores, rounded or cut off, without those that are NaN."""
    unit = 10**decimals
    return {
        name: f"{(math.floor(number * unit) / unit if truncated else number):.{decimals}f}"
        for name, number in scores.items()
        if not math.isnan(number)
    }


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from(["binary", "macro", "micro", "weighted"]),
    st.sampled_from(["0", "1", "nan"]),
    st.tuples(st.integers(2, 12), st.sampled_from([5, 40, 300])),
    st.tuples(st.integers(2, 17), st.booleans()),
)
def test_the_average_that_was_printed_is_never_ruled_out(seed, average, zero_division, size, form):
    (classes, rows), (decimals, truncated) = size, form
    true, predicted = labels(seed, 2 if average == "binary" else classes, rows)
    if average == "binary" and not {*true, *predicted} <= {0, 1}:
        return
    scores = averages(true, predicted, average, zero_division)
    for assume in ((), (f"classes={len({*true, *predicted})}",)):
        if average == "binary" and assume and assume != ("classes=2",):
            continue
        found = fact(printed(assume, **texts(scores, decimals, truncated=truncated)), "averaging")
        assert found is None or average in found.value


@THEOREM
@given(st.integers(0, 10**6), st.integers(2, 9), st.sampled_from(["macro", "weighted"]))
def test_averaged_f1_lies_between_two_functions_of_averaged_precision_and_recall(seed, classes, average):
    """P + R - 1 <= F1 <= 2PR/(P + R): the harmonic mean is concave, and at least a + b - 1 on [0, 1] (Jensen)."""
    _, precision, recall, f1 = averages(*labels(seed, classes, 80), average).values()
    most = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    assert precision + recall - 1 - 1e-12 <= f1 <= most + 1e-12


@THEOREM
@given(st.integers(0, 10**6), st.sampled_from([4, 6, 17]))
def test_a_binary_average_needs_no_more_true_positives_than_right_rows(seed, decimals):
    """tp/rows = (1 - accuracy)/(1/P + 1/R - 2) is at most the accuracy; a larger one rules the binary average out."""
    rng = random.Random(seed)  # noqa: S311  # likewise
    scores = dict(zip(NAMES, (rng.uniform(0.05, 0.95), rng.uniform(0.05, 0.99), rng.uniform(0.05, 0.99)), strict=False))
    accuracy, precision, recall = scores.values()
    scores["f1"] = 2 * precision * recall / (precision + recall)
    found = fact(printed(**texts(scores, decimals, truncated=False)), "averaging")
    share = (1 - accuracy) / (1 / precision + 1 / recall - 2)
    if abs(share - accuracy) > 10.0 ** (2 - decimals):
        assert ("binary" in found.value) is (share < accuracy)


def test_why_an_average_is_ruled_out_can_be_recomputed():
    found = fact(printed(accuracy="0.8012", precision="0.6100", recall="0.5512", f1="0.5600"), "averaging")
    assert found.value == ["macro"]
    assert "not binary, for F1 would be 2PR/(P + R) = 0.579" in found.because
    assert "not weighted, for recall would be the accuracy" in found.because
    few = fact(printed(accuracy="0.2000", precision="0.9000", recall="0.9000", f1="0.9000"), "averaging")
    assert few.value == ["macro"]
    assert "(1 - accuracy)/(1/P + 1/R - 2)" in few.because


def test_more_than_two_classes_rule_out_the_binary_average_only_by_the_answer_of_the_user():
    scores = {"accuracy": "0.9012", "precision": "0.8000", "recall": "0.6000", "f1": "0.6857"}
    assert "binary" in value(printed(**scores), "averaging")
    assert "binary" not in value(printed(("classes=9",), **scores), "averaging")


@THEOREM
@given(st.integers(0, 10**6), st.sampled_from(["binary", "macro", "micro", "weighted"]))
def test_the_likely_average_of_full_doubles(seed, average):
    true, predicted = labels(seed, 2 if average == "binary" else 6, 150)
    scores = averages(true, predicted, average)
    balanced = average != "weighted" and abs(scores["accuracy"] - scores["recall"]) < 0.01
    if average != "micro" and (balanced or abs(scores["precision"] - scores["recall"]) < 0.01 or scores["f1"] < 0.05):
        return
    found = fact(facts_of(evaluation_of({n: repr(x) for n, x in scores.items()}, machine=True)), "averaging.likely")
    if found is not None:
        assert found.value == average
        assert found.proof is Proof.IMPLIED


def test_without_the_accuracy_macro_and_weighted_averages_cannot_be_told_apart():
    scores = {"precision": "0.812345", "recall": "0.712345", "f1": "0.701234"}
    assert value(printed(**scores), "averaging.likely") is None
    assert value(printed(**scores, accuracy="0.712345"), "averaging.likely") == "weighted"
    assert value(printed(**scores, accuracy="0.912345"), "averaging.likely") == "macro"
    coarse = {"accuracy": "0.91", "precision": "0.81", "recall": "0.71", "f1": "0.70"}
    assert value(printed(**coarse), "averaging.likely") is None


def test_an_f1_of_averages_is_told_from_an_average_of_f1():
    scores = {"accuracy": "0.912345", "macro_precision": "0.812345", "macro_recall": "0.612345"}
    mean = 2 * 0.812345 * 0.612345 / (0.812345 + 0.612345)
    assert value(printed(**scores, macro_f1=f"{mean:.6f}"), "f1_of_averages") is True
    assert value(printed(**scores, macro_f1="0.653210"), "f1_of_averages") is None


@THEOREM
@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(3, 8), st.booleans())
def test_macro_recall_bounds_the_majority_share(seed, classes, decimals, truncated):
    """The majority share is at least accuracy/(K x macro recall), so the lift over it is bounded too."""
    true, predicted = labels(seed, classes, 120)
    scores = averages(true, predicted, "macro")
    named = {n if n == "accuracy" else f"macro_{n}": t for n, t in texts(scores, decimals, truncated=truncated).items()}
    facts = printed((f"classes={len({*true, *predicted})}",), **named)
    largest = max(true.count(label) for label in set(true)) / len(true)
    for name, truth in (("majority_share", largest), ("lift_over_majority", scores["accuracy"] - largest)):
        found = fact(facts, name)
        if found is not None and found.proof is Proof.PROVED_IF:
            bounds = Interval.of(found.value)
            assert float(bounds.low) - 1e-12 <= truth <= float(bounds.high) + 1e-12


def test_no_lift_over_the_majority_where_nothing_positive_is_found():
    facts = printed(accuracy="0.7580", precision="0.0000", recall="0.0000", f1="0.0000")
    lift = fact(facts, "lift_over_majority")
    assert lift.proof is Proof.PROVED_IF
    assert "one_matrix=true" in lift.assumes
    assert lift.value.high < 0.001

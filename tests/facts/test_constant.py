"""Constant classifiers: their fingerprints, what overrides them, and what must not be taken for one."""

from __future__ import annotations

import math
import random
import time
from fractions import Fraction

import pytest
from _runs import class_row, evaluation_of, fact, facts_of, printed, value
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.facts._one_class import one_class_share
from diagnose.interval import Interval
from diagnose.types import Evaluation, Proof

PASTE = {
    "loss": "3.1345",
    "accuracy": "56.4%",
    "precision": "0.0011",
    "recall": "0.00195",
    "f1": "0.0014",
    "runtime": "2215",
    "samples_per_second": "1.276",
}


def constant_scores(p: float, k: int, average: str) -> dict[str, float]:
    """Return what always answering a class with the share p prints (the table of _fingerprints.py)."""
    f1 = 2 * p / (1 + p)
    if average == "macro":
        return {"accuracy": p, "precision": p / k, "recall": 1 / k, "f1": f1 / k}
    if average == "weighted":
        return {"accuracy": p, "precision": p * p, "recall": p, "f1": p * f1}
    return {"accuracy": p, "precision": p, "recall": 1.0, "f1": f1}


@settings(max_examples=80, deadline=None)
@given(st.integers(30, 95), st.integers(2, 20), st.sampled_from(["macro", "weighted", "binary"]), st.integers(4, 8))
def test_a_constant_classifier_is_recognised_at_four_decimals(percent, classes, average, decimals):
    scores = constant_scores(percent / 100, classes, average)
    facts = printed(**{name: f"{number:.{decimals}f}" for name, number in scores.items()})
    found = fact(facts, "constant_prediction")
    assert found is not None
    assert found.value is True
    assert found.proof in (Proof.IMPLIED, Proof.PROVED_IF)
    assert "constant" in found.because
    if average == "macro":
        assert classes in Interval.of(value(facts, "class_count"))
    assert value(facts, "beats_null") is False


def _confusion(rng: random.Random, classes: int, rows: int, skill: float) -> list[list[int]]:
    matrix = [[0] * classes for _ in range(classes)]
    weights = [rng.random() + 0.05 for _ in range(classes)]
    for true in rng.choices(range(classes), weights, k=rows):
        predicted = true if rng.random() < skill else rng.randrange(classes)
        matrix[true][predicted] += 1
    return matrix


def _averages(matrix: list[list[int]]) -> dict[str, float]:
    """Return accuracy and the macro averages over the classes that occur."""
    k = len(matrix)
    rows = sum(map(sum, matrix))
    support = [sum(row) for row in matrix]
    predicted = [sum(matrix[i][j] for i in range(k)) for j in range(k)]
    used = [i for i in range(k) if support[i] or predicted[i]]
    hits = [matrix[i][i] for i in range(k)]
    return {
        "accuracy": sum(hits) / rows,
        "precision": sum(hits[i] / predicted[i] if predicted[i] else 0.0 for i in used) / len(used),
        "recall": sum(hits[i] / support[i] if support[i] else 0.0 for i in used) / len(used),
        "f1": sum(2 * hits[i] / (support[i] + predicted[i]) for i in used) / len(used),
    }


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 12), st.floats(0.5, 0.98), st.integers(2, 6), st.booleans())
def test_a_skilled_classifier_is_never_called_constant(seed, classes, skill, decimals, truncated):
    matrix = _confusion(random.Random(seed), classes, 400, skill)  # noqa: S311  # a repeatable draw, no secret
    unit = 10**decimals
    texts = {
        name: f"{(math.floor(number * unit) / unit if truncated else number):.{decimals}f}"
        for name, number in _averages(matrix).items()
    }
    assert value(printed(**texts), "constant_prediction") is not True


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 12), st.floats(0.0, 0.9), st.integers(2, 6), st.booleans())
def test_the_bound_of_the_share_of_one_class_holds(seed, classes, skill, decimals, truncated):
    """B1 of the project's forensics: K x precision >= accuracy, with equality for one predicted class only."""
    rng = random.Random(seed)  # noqa: S311  # a repeatable draw, no secret
    matrix = _confusion(rng, classes, 300, skill)
    if rng.random() < 0.7:
        for row in matrix:
            moved = [int(n * 0.97) for n in row[1:]]
            row[0] += sum(moved)
            row[1:] = [n - m for n, m in zip(row[1:], moved, strict=True)]
    scores = _averages(matrix)
    used = sum(1 for i in range(classes) if sum(matrix[i]) or any(row[i] for row in matrix))
    unit = 10**decimals
    texts = {n: f"{(math.floor(x * unit) / unit if truncated else x):.{decimals}f}" for n, x in scores.items()}
    facts = printed(("averaging=macro", f"classes={used}"), **texts)
    most = max(sum(row[j] for row in matrix) for j in range(classes)) / sum(map(sum, matrix))
    for found in facts.named("predicted_share_lower_bound"):
        if "rounded=true" not in found.assumes or not truncated:
            assert found.value <= most + 1e-9
            assert found.proof is Proof.PROVED_IF


def test_the_bound_is_the_whole_where_precision_times_classes_is_the_accuracy():
    assert one_class_share(Interval.of(0.5), Interval.of(0.25), Interval.of(2)) == 1
    assert one_class_share(Interval.of(0.5), Interval.of(0.5), Interval.of(2)) == Fraction(1, 2)
    assert one_class_share(Interval.of(0.5), Interval.of(0.2), Interval.of(2)) is None


def test_a_paste_with_512_classes():
    """A constant under macro averaging is implied, the class count and the majority share with it."""
    facts = printed(**PASTE)
    constant = fact(facts, "constant_prediction")
    assert constant is not None
    assert constant.value is True
    assert constant.proof is Proof.IMPLIED
    assert "3,077 rows" in constant.because
    assert value(facts, "class_count") == Interval(511, 514)
    assert value(facts, "sample_count") == Interval(2825, 2829)
    assert 0.564 in value(facts, "majority_share")
    assert value(facts, "averaging") == ["binary", "macro"]
    assert value(facts, "least_sample_count") == 3077
    matrix = fact(facts, "binary_matrix_possible")
    assert matrix is not None
    assert matrix.assumes == ("timing_same_rows=true",)
    entropy = value(facts, "prior_entropy")
    assert (round(entropy.low, 2), round(entropy.high, 2)) == (0.68, 3.41)
    assert value(facts, "loss_vs_uniform").high < 0
    assert {q.assume for q in facts.questions} >= {"averaging=macro", "classes=512", "same_unit=true"}


def test_the_answers_about_the_paste_prove_the_share_of_one_class():
    facts = printed(("averaging=macro", "classes=512"), **PASTE)
    safe, nearest = facts.named("predicted_share_lower_bound")
    assert safe.value == pytest.approx(0.5635 / (512 * 0.0012), abs=1e-9)
    assert nearest.value == pytest.approx(0.5635 / (512 * 0.00115), abs=1e-9)
    assert "0.5635/(512 x 0.0012) = 0.9171" in safe.because
    assert safe.proof is nearest.proof is Proof.PROVED_IF
    assert "rounded=true" in nearest.assumes
    assert set(safe.assumes) == {
        "averaging=macro", "classes=512", "single_label=true", "same_unit=true", "same_average=true",
    }  # fmt: skip


def test_the_answer_about_the_timing_leaves_the_macro_average_alone():
    assert value(printed(("timing_same_rows=true",), **PASTE), "averaging") == ["macro"]


def test_weighted_averages_of_a_constant():
    facts = printed(machine=True, accuracy="0.7925", precision="0.62805625", recall="0.7925", f1="0.7007601115760112")
    found = fact(facts, "constant_prediction")
    assert found is not None
    assert found.value is True
    assert "weighted" in found.because
    assert 0.7925 in Interval.of(value(facts, "majority_share"))


def test_accuracy_and_macro_f1_alone_with_few_classes():
    facts = printed(accuracy="0.6500", f1="0.2626")
    assert value(facts, "constant_prediction") is True
    assert value(facts, "class_count") == 3


def test_accuracy_and_f1_alone_with_many_classes_say_nothing():
    p = 0.4
    assert value(printed(accuracy="0.4000", f1=f"{2 * p / (1 + p) / 24:.4f}"), "constant_prediction") is None


def test_coarse_accuracy_and_f1_need_a_second_sign():
    rows = [evaluation_of({"accuracy": "0.65", "f1": "0.26"}, step=step) for step in (1.0, 2.0)]
    assert value(facts_of(rows[0]), "constant_prediction") is None
    assert fact(facts_of(*rows), "constant_prediction", 2.0).value is True


def test_everything_positive_with_zeros_dropped_by_the_table():
    facts = printed(accuracy="0.5", precision="0.5", recall="1.0", f1="0.6667")
    assert value(facts, "constant_prediction") is True
    assert value(facts, "predicted_positive_share") == 1


def test_no_correlation_at_all_is_a_constant():
    facts = printed(loss="0.6182", accuracy="0.6913", mcc="0.0")
    assert value(facts, "constant_prediction") is True
    assert 0.6913 in value(facts, "majority_share")


def test_zero_scores_alone_do_not_prove_a_constant():
    facts = printed(accuracy="0.758", precision="0.0", recall="0.0", f1="0.0")
    assert value(facts, "constant_prediction") is None
    assert value(facts, "prf.f1").high < 0.02


def test_perfect_scores_are_no_constant():
    facts = printed(accuracy="1.0", precision="1.0", recall="1.0", f1="1.0")
    assert value(facts, "constant_prediction") is None


def test_a_table_overrides_the_averages():
    table = (
        class_row("a", precision="0.65", recall="1.00", f1="0.79", support="65"),
        class_row("b", precision="0.00", recall="0.00", f1="0.00", support="35"),
    )
    facts = facts_of(evaluation_of({"accuracy": "0.65"}, classes=table))
    assert value(facts, "constant_prediction") is True
    assert value(facts, "constant_class_share") == 0.65
    assert value(facts, "predicted_share_lower_bound") > 0.95
    both = (table[0], class_row("b", precision="0.50", recall="0.10", f1="0.17", support="35"))
    assert value(facts_of(evaluation_of({"accuracy": "0.65"}, classes=both)), "constant_prediction") is False


def test_a_matrix_with_one_predicted_class_is_a_constant():
    matrix = {"a": {"a": 40, "b": 0}, "b": {"a": 60, "b": 0}}
    facts = facts_of(evaluation_of({}, matrix=matrix))
    found = fact(facts, "constant_prediction")
    assert found is not None
    assert found.value is True
    assert found.proof is Proof.PROVED
    assert value(facts, "majority_share") == 0.6
    assert value(facts, "constant_class_share") == 0.4


def test_multi_label_accuracy_is_left_out():
    evaluation = evaluation_of({"accuracy": "0.6500", "f1": "0.2626", "hamming_loss": "0.1"})
    assert value(facts_of(evaluation), "constant_prediction") is None


def test_every_row_of_a_history_is_judged():
    rows = [
        evaluation_of({"accuracy": "0.9021", "macro_f1": "0.1897"}, step=1.0),
        evaluation_of({"accuracy": "0.8800", "precision": "0.7500", "recall": "0.7700", "f1": "0.7600"}, step=2.0),
    ]
    facts = facts_of(*rows)
    assert fact(facts, "constant_prediction", 1.0).value is True
    assert fact(facts, "constant_prediction", 2.0).value is False
    assert value(facts, "constant_prediction") is False


def test_a_long_history_stays_fast():
    """2,000 rows: the module of the fingerprints may take 0.2 s; ten times that is allowed on a busy machine."""
    from diagnose.facts import Assumptions, constant
    from diagnose.types import Facts, Run

    rng = random.Random(1)  # noqa: S311  # a repeatable draw, no secret
    rows = tuple(
        evaluation_of(
            {n: f"{rng.uniform(0.6, 0.9):.4f}" for n in ("accuracy", "precision", "recall", "f1")}, step=float(i)
        )
        for i in range(2000)
    )
    run = Run(evaluations=rows)
    start = time.perf_counter()
    assert len(list(constant.derive(run, Facts(run), Assumptions()))) >= 1900
    assert time.perf_counter() - start < 2


def test_a_matrix_that_does_not_say_which_side_is_true_proves_under_that_assumption_only():
    cells = {"0": {"0": 50, "1": 0}, "1": {"0": 18, "1": 0}}
    unstated = Evaluation(matrix=cells, matrix_assumes=("rows_are_true=true",))
    for name in ("constant_prediction", "class_margins", "majority_share", "dead_classes", "matrix"):
        found = fact(facts_of(unstated), name)
        assert (found.proof, "rows_are_true=true" in found.assumes) == (Proof.PROVED_IF, True), name
        assert fact(facts_of(Evaluation(matrix=cells)), name).proof is Proof.PROVED, name
    turned = facts_of(unstated, assume=("rows_are_true=false",))
    assert value(turned, "constant_prediction") is False
    assert value(turned, "matrix") == {"0": {"0": 50, "1": 18}, "1": {"0": 0, "1": 0}}


def test_scores_of_a_good_model_near_the_forms_of_a_constant():
    """At p = 0.9775 the weighted forms lie within the digits of a skilled model's macro averages."""
    facts = printed(accuracy="0.977", precision="0.956", recall="0.978", f1="0.966")
    assert value(facts, "constant_prediction") is not True

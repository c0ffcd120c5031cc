"""The facts by which a fault of the training is known: mistakes in the loss, the way of the weights, what is learnt."""

from __future__ import annotations

import math

import numpy as np
import pytest
from _runs import class_row, evaluation_of, fact, facts_of, value, value_of
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.engine.judge import judge
from diagnose.engine.rules import load_rules
from diagnose.types import TrainingPoint


def log_of(losses, rates=()):
    """Return a training log with a line every ten steps."""
    rates = [*rates] or [None] * len(losses)
    return tuple(
        TrainingPoint(
            10.0 * (i + 1), None,
            {"loss": value_of("loss", repr(loss))}
            | ({} if rate is None else {"learning_rate": value_of("learning_rate", repr(rate))}),
        )
        for i, (loss, rate) in enumerate(zip(losses, rates, strict=True))
    )  # fmt: skip


def found(facts):
    """Return the names of the rules that fire, those of consequences among them."""
    findings = judge(load_rules(), facts).findings
    return {name for f in findings for name in (f.rule, *f.consequences)}


def softmax(logits):
    """Return probabilities, a row each."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@settings(deadline=None, max_examples=40)
@given(
    classes=st.integers(2, 30), sureness=st.floats(0.1, 40), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_two_softmaxes_have_a_floor_and_a_sure_model_is_its_accuracy_below_the_ceiling(classes, sureness, seed):
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(size=(200, classes)) * sureness, rng.integers(0, classes, 200)
    once = softmax(logits)
    loss = -np.log(softmax(once)[np.arange(200), labels]).mean()
    ceiling = math.log(classes - 1 + math.e)
    assert ceiling - 1 - 1e-12 <= loss <= ceiling + 1e-12
    sure = np.eye(classes)[logits.argmax(axis=1)]
    right = float((logits.argmax(axis=1) == labels).mean())
    assert -np.log(softmax(sure)[np.arange(200), labels]).mean() == pytest.approx(ceiling - right)
    likelihood = -once[np.arange(200), labels].mean()
    assert -1 <= likelihood <= 0
    assert -sure[np.arange(200), labels].mean() == pytest.approx(-right)


def a_run(loss, accuracy, log, classes=10):
    """Return the facts of a run with as many equal classes of sixty rows."""
    rows = tuple(class_row(f"c{i}", precision="0.9", recall="0.9", f1="0.9", support="60") for i in range(classes))
    evaluation = evaluation_of({"loss": loss, "accuracy": accuracy}, classes=rows)
    return facts_of(evaluation, training=log)


def test_a_second_softmax_is_seen_in_loss_accuracy_and_log():
    floor = math.log(9 + math.e) - 1
    facts = a_run("1.5012", "0.965", log_of([2.3, 2.1, 1.8, 1.6, *[round(floor + 0.02, 4)] * 6]))
    assert value(facts, "double_softmax.gap") == pytest.approx(1.5012 - (floor + 1 - 0.965))
    assert value(facts, "double_softmax.above_floor") == pytest.approx(0.02, abs=1e-3)
    assert "double-softmax" in found(facts)


def test_a_training_loss_below_the_floor_is_no_second_softmax():
    facts = a_run("1.5012", "0.965", log_of([2.3, 2.1, 1.8, 1.6, *[0.4] * 6]))
    assert value(facts, "double_softmax.above_floor") < 0
    assert "double-softmax" not in found(facts)


def test_smoothed_labels_have_another_floor_and_say_nothing():
    rows = tuple(class_row(f"c{i}", recall="0.9", support="60") for i in range(10))
    evaluation = evaluation_of({"loss": "1.5012", "accuracy": "0.965"}, classes=rows)
    smoothing = {"label_smoothing_factor": value_of("label_smoothing_factor", "0.4")}
    assert fact(facts_of(evaluation, config=smoothing), "double_softmax.gap") is None


def test_a_likelihood_without_logarithm_is_minus_the_accuracy():
    facts = facts_of(evaluation_of({"loss": "-0.5998", "accuracy": "0.6"}), training=log_of([-0.3, *[-0.6] * 9]))
    assert value(facts, "negative_loss.gap") == pytest.approx(0.0002)
    assert "missing-logarithm" in found(facts)


@pytest.mark.parametrize(
    ("metrics", "log"),
    [
        ({"loss": "-0.59", "accuracy": "0.6", "dice": "0.59"}, []),  # an overlap with its sign turned
        ({"loss": "-0.59", "accuracy": "0.6"}, [3.0, *[-0.6] * 9]),  # a sum of several losses
        ({"loss": "-7.2", "accuracy": "0.6"}, []),  # a density's likelihood
        ({"loss": "0.59", "accuracy": "0.6"}, []),
    ],
)
def test_other_losses_below_0_are_no_mistake(metrics, log):
    assert fact(facts_of(evaluation_of(metrics), training=log_of(log)), "negative_loss.gap") is None


def test_the_way_of_the_weights_is_the_sum_of_the_rates_over_the_steps():
    facts = facts_of(evaluation_of({"loss": "1"}), training=log_of([1.0] * 4, [0.1, 0.3, 0.1, 0.0]))
    assert value(facts, "learning_path") == pytest.approx(10 * (0.1 + 0.3 + 0.1))
    assert value(facts, "learning_path.cut") == 0.02  # 0.1/5
    slow = facts_of(evaluation_of({"loss": "1"}), training=log_of([1.0] * 4, [1e-5] * 4))
    assert value(slow, "learning_path.cut") == 0.25


def test_what_the_training_loss_saves_is_measured_against_blind_answers():
    rows = tuple(class_row(name, recall="0.5000", support="300") for name in "ab")
    evaluation = evaluation_of({"loss": "0.9"}, classes=rows)
    facts = facts_of(evaluation, training=log_of([0.7] * 9 + [0.1] * 3))
    assert value(facts, "train_loss.over_blind") == pytest.approx(0.1 / math.log(2))
    assert "nothing-carries-over" in found(facts)


def test_a_table_of_labels_that_go_together_gives_no_blind_loss():
    rows = tuple(class_row(name, recall="0.5000", support="300") for name in "ab")
    evaluation = evaluation_of({"loss": "0.9", "hamming_loss": "0.2"}, classes=rows)
    facts = facts_of(evaluation, training=log_of([0.7] * 9 + [0.1] * 3))
    assert fact(facts, "train_loss.over_blind") is None


@pytest.mark.parametrize(
    ("metrics", "collapsed"),
    [
        ({"loss": "4.12", "recall_at_1": "0.0", "mrr": "0.03"}, True),
        ({"loss": "4.12", "mrr": "0.04"}, True),
        ({"loss": "4.12", "recall_at_1": "0.35", "mrr": "0.5"}, False),  # a temperature that is too high
    ],
)
def test_a_contrastive_loss_of_ln_of_the_batch_is_a_collapse_where_nothing_is_found(metrics, collapsed):
    config = {"train_batch_size": value_of("samples", "64")}
    facts = facts_of(evaluation_of(metrics), training=log_of([4.1589, 4.1589, 4.1] * 4), config=config)
    assert value(facts, "contrastive.over_batch") == pytest.approx(1, abs=1e-3)
    assert ("contrastive-collapse" in found(facts)) is collapsed


def test_a_language_model_that_is_never_surprised_sees_its_target():
    assert "leakage-suspected" in found(facts_of(evaluation_of({"loss": "0.0128", "perplexity": "1.0129"})))
    assert "leakage-suspected" not in found(facts_of(evaluation_of({"loss": "1.95", "perplexity": "7.03"})))


@pytest.mark.parametrize(
    ("supports", "loss", "seen"), [("300", "0.72", False), ("300", "0.5", True), ("30", "0.72", True)]
)
def test_skill_is_missed_only_where_recall_and_loss_are_those_of_blind_answers_on_enough_rows(supports, loss, seen):
    rows = (class_row("a", recall="0.9000", support=supports), class_row("b", recall="0.1100", support=supports))
    facts = facts_of(evaluation_of({"loss": loss}, classes=rows))
    assert (fact(facts, "skill_unseen") is None) is seen
    assert ("no-skill" in found(facts)) is not seen

"""Baselines, null models, averages, units, entropies."""

from __future__ import annotations

import math
import random

import pytest
from _runs import class_row, evaluation_of, fact, facts_of, printed, value
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.facts.entropy import binary_entropy, least_entropy
from diagnose.interval import Interval
from diagnose.types import Proof


@given(st.integers(1, 10**6), st.floats(0.5, 500))
def test_runtime_times_rate_contains_the_number_of_rows(rows, seconds):
    """As transformers prints them: runtime to four decimals, rows a second to three."""
    facts = printed(accuracy="0.9", runtime=repr(round(seconds, 4)), samples_per_second=repr(round(rows / seconds, 3)))
    found = value(facts, "sample_count")
    assert found is None or rows in Interval.of(found)


def test_rows_that_are_printed_win_over_rows_that_are_timed():
    facts = printed(accuracy="0.9", samples="300", runtime="8.6241", samples_per_second="34.786")
    assert value(facts, "sample_count") == 300
    assert fact(facts, "sample_count").proof is Proof.PROVED


def test_a_training_rate_counts_epochs_and_gives_no_rows():
    facts = facts_of(evaluation_of({"loss": "0.5", "runtime": "100", "samples_per_second": "30"}, split="train"))
    assert not facts.named("sample_count")


def test_supports_give_rows_classes_and_the_majority():
    table = tuple(
        class_row(n, precision="0.8", recall="0.8", f1="0.8", support=s) for n, s in (("a", "60"), ("b", "40"))
    )
    facts = facts_of(evaluation_of({"accuracy": "0.80"}, classes=table))
    assert (value(facts, "sample_count"), value(facts, "class_count"), value(facts, "majority_share")) == (100, 2, 0.6)
    assert value(facts, "prior_entropy") == pytest.approx(binary_entropy(0.6))
    assert fact(facts, "majority_share").proof is Proof.PROVED_IF


def test_an_assumed_majority_share_gives_the_lift():
    facts = printed(("majority_share=0.62",), accuracy="0.91", samples="2000")
    lift = value(facts, "lift_over_majority")
    assert lift.low < 0.29 < lift.high
    assert value(facts, "beats_null") is True


def test_an_accuracy_below_the_majority_class_has_no_skill_unless_other_scores_show_some():
    assert value(printed(("majority_share=0.8",), accuracy="0.71"), "beats_null") is False
    assert value(printed(("majority_share=0.8",), accuracy="0.71", mcc="0.31"), "beats_null") is True


def test_a_loss_below_that_of_constant_probabilities_shows_skill():
    facts = printed(loss="0.2000", accuracy="0.9300")
    found = fact(facts, "beats_null")
    assert found.value is True
    assert found.assumes == ("unweighted_loss=true", "single_label=true", "argmax=true", "same_unit=true")
    assert fact(printed(loss="0.3500", accuracy="0.9300"), "beats_null") is None


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 8))
def test_no_constant_probabilities_reach_the_bound_of_the_loss(seed, classes):
    """The bound holds for whatever a model outputs that does not look at its input."""
    rng = random.Random(seed)  # noqa: S311  # a repeatable draw, no secret
    true = [rng.random() ** 3 + 1e-6 for _ in range(classes)]
    output = [rng.random() ** 3 + 1e-6 for _ in range(classes)]
    true, output = [t / sum(true) for t in true], [o / sum(output) for o in output]
    loss = -sum(t * math.log(o) for t, o in zip(true, output, strict=True))
    accuracy = true[output.index(max(output))]
    facts = printed(loss=f"{loss:.6f}", accuracy=f"{accuracy:.6f}")
    assert value(facts, "beats_null") is not True


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=30))
def test_no_classes_have_less_entropy_than_their_largest_share_allows(weights):
    shares = [w / sum(weights) for w in weights]
    entropy = -sum(s * math.log(s) for s in shares)
    assert least_entropy(max(shares)) <= entropy + 1e-9


def test_macro_scores_above_one_half_exclude_every_null_model():
    assert value(printed(macro_f1="0.81", macro_recall="0.80", accuracy="0.90"), "beats_null") is True
    assert value(printed(macro_f1="0.41", accuracy="0.90"), "beats_null") is None


def test_scores_of_an_unknown_average_are_judged_in_every_reading():
    facts = printed(accuracy="0.9312", precision="0.8712", recall="0.8204", f1="0.8450")
    assert value(facts, "averaging") == ["binary", "macro"]
    assert value(facts, "beats_null") is True


def test_an_undecided_result_asks_for_the_majority_share():
    facts = printed(accuracy="0.93")
    assert value(facts, "beats_null") is None
    assert any(q.assume.startswith("majority_share=") and "beats_null" in q.decides for q in facts.questions)


@pytest.mark.parametrize(
    ("scores", "modes"),
    [
        (dict.fromkeys(("accuracy", "precision", "recall", "f1"), "0.7000"), {"micro", "weighted", "macro", "binary"}),
        ({"accuracy": "0.8012", "precision": "0.7903", "recall": "0.8012", "f1": "0.7811"}, {"weighted", "macro"}),
        ({"accuracy": "0.8012", "precision": "0.6100", "recall": "0.5512", "f1": "0.5600"}, {"macro"}),
    ],
)  # fmt: skip
def test_the_averages_that_can_hold(scores, modes):
    assert set(value(printed(**scores), "averaging")) == modes


def test_a_named_average_is_the_only_one():
    found = fact(printed(weighted_f1="0.80", weighted_recall="0.81", accuracy="0.81"), "averaging")
    assert found.value == ["weighted"]
    assert found.proof is Proof.PROVED


def test_four_equal_scores_are_micro_averages():
    facts = printed(accuracy="0.8713", precision="0.8713", recall="0.8713", f1="0.8713")
    assert value(facts, "equal_scores") == 4
    assert value(printed(accuracy="1.0", precision="1.0", recall="1.0", f1="1.0"), "equal_scores") is None


def test_the_loss_of_equal_probabilities():
    assert value(printed(tp="50", fp="50", fn="0", tn="0", loss="0.69315", accuracy="0.5"), "uniform_classes") == 2
    assert value(printed(loss="1.0986", accuracy="0.3684"), "uniform_classes") == 3
    assert value(printed(loss="1.10", accuracy="0.3684"), "uniform_classes") is None
    assert value(printed(loss="0.5012", accuracy="0.8"), "uniform_classes") is None


def test_wrong_answers_cost_at_least_what_the_right_ones_leave():
    facts = printed(("classes=2",), loss="2.1000", accuracy="0.9000")
    least = value(facts, "mean_loss_on_errors")
    assert least == pytest.approx((2.1 - 0.9 * math.log(2)) / 0.1, abs=0.02)


def test_scores_above_and_below_one_are_on_mixed_scales():
    assert value(printed(accuracy="86.3", f1="0.863"), "mixed_scale") is True
    assert value(printed(accuracy="0.863", f1="0.85"), "mixed_scale") is None


def test_names_say_that_entities_are_counted():
    evaluation = evaluation_of({"precision": "0.0", "recall": "0.0", "f1": "0.0", "accuracy": "0.78"})
    assert value(facts_of(evaluation, name="r"), "entity_level") is None
    facts = facts_of(evaluation, model="bert-finetuned-ner")
    assert value(facts, "entity_level") is True


def test_perfection_and_its_first_epoch():
    rows = [evaluation_of({"accuracy": "1.0", "f1": "1.0"}, step=s, epoch=e) for s, e in ((10.0, 1.0), (20.0, 2.0))]
    facts = facts_of(*rows)
    assert value(facts, "perfect_scores.share") == 1
    assert value(facts, "perfect_scores.first_epoch") == 1
    assert value(facts_of(evaluation_of({}, matrix={"a": {"a": 9}, "b": {"b": 8}})), "perfect_scores.share") == 1


ODD = ("0", "0.0", "1", "1.0", "-1", "nan", "inf", "1e308", "1e-300", "5", "99.9", "0.5", "1e999", "-0.3", "0.1234567")
NAMES = ("accuracy", "precision", "recall", "f1", "loss", "mcc", "auc", "samples", "runtime", "samples_per_second",
         "tp", "fp", "fn", "tn", "macro_f1", "macro_recall", "balanced_accuracy", "map", "wer")  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(ODD), max_size=9), st.booleans())
def test_no_odd_number_breaks_the_facts(texts, machine):
    """Modules of this family, one after the other, on whatever a broken run prints."""
    from diagnose.facts import (
        Assumptions,
        averaging,
        baseline,
        binary,
        constant,
        loss,
        null_models,
        reported,
        samples,
        units,
    )  # fmt: skip
    from diagnose.types import Facts, Run

    run = Run(evaluations=(evaluation_of(texts, machine=machine),))
    facts = Facts(run)
    for module in (reported, samples, binary, units, constant, averaging, baseline, loss, null_models):
        for item in module.derive(run, facts, Assumptions()):
            facts.add(item)
    assert all(fact.because for fact in facts)


def test_skill_with_a_sign():
    assert value(printed(auc="0.2100"), "signed_skill").high < -0.5
    assert value(printed(mcc="0.53"), "signed_skill").low > 0.5
    assert value(printed(auc="0.0"), "signed_skill") is None

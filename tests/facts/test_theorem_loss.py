"""The theorems of the cross-entropy, on drawn labels and outputs, with scikit-learn's log loss for the truth."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from _runs import class_row, evaluation_of, fact, facts_of, printed, value, value_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from diagnose.facts.loss_constants import smoothing_floor
from diagnose.interval import Interval
from diagnose.types import Proof, Run, TrainingPoint

KINDS = ("prior", "uniform", "constant", "calibrated", "over-confident", "weak")


def shown(number: float, way: str) -> str:
    """Print a loss or an accuracy: full, or with three or four decimals, rounded or truncated."""
    if way == "full":
        return repr(float(number))
    decimals = int(way[-1])
    cut = math.trunc(number * 10**decimals) / 10**decimals if way[0] == "t" else number
    return f"{cut:.{decimals}f}"


@st.composite
def classifiers(draw: st.DrawFn) -> SimpleNamespace:
    """Draw labels, the probabilities of a model of some kind, and their loss, accuracy, errors and entropy."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    classes, rows = draw(st.sampled_from((2, 3, 10))), draw(st.sampled_from((8, 100, 1000)))
    kind = draw(st.sampled_from(KINDS))
    labels = rng.choice(classes, rows, p=rng.dirichlet(np.full(classes, draw(st.sampled_from((0.5, 1.0, 20.0))))))
    shares = np.bincount(labels, minlength=classes) / rows
    if kind in ("prior", "uniform", "constant"):
        row = {"prior": shares, "uniform": np.full(classes, 1 / classes)}.get(kind, rng.dirichlet(np.ones(classes)))
        outputs = np.tile(row, (rows, 1))
    else:
        skill = {"calibrated": 2.0, "over-confident": 1.0, "weak": 0.2}[kind]
        logits = rng.normal(size=(rows, classes)) * skill + np.log(shares + 1e-6) * (kind == "weak")
        logits[np.arange(rows), labels] += skill
        logits *= 8 if kind == "over-confident" else 1
        outputs = np.exp(logits - logits.max(axis=1, keepdims=True))
    outputs = np.maximum(outputs, 1e-15)
    outputs /= outputs.sum(axis=1, keepdims=True)
    costs = -np.log(outputs[np.arange(rows), labels])
    right = outputs.argmax(axis=1) == labels
    return SimpleNamespace(
        classes=classes,
        counts=np.bincount(labels, minlength=classes),
        loss=log_loss(labels, outputs, labels=range(classes)),
        accuracy=right.mean(),
        on_errors=None if right.all() else costs[~right].mean(),
        entropy=-math.fsum(p * math.log(p) for p in shares if p > 0),
        constant=kind in ("prior", "uniform", "constant"),
    )


def holds(interval: Interval | float, number: float) -> bool:
    """Whether the interval contains the number, but for the float error of the truth itself."""
    interval = Interval.of(interval)
    return interval.low - 1e-9 <= number <= interval.high + 1e-9


@settings(max_examples=60, deadline=None)
@given(classifiers(), st.sampled_from(("full", "r4", "t4", "r3", "t3")), st.booleans())
def test_what_the_loss_proves_is_true_of_the_outputs(model: SimpleNamespace, way: str, with_accuracy: bool):  # noqa: FBT001  # hypothesis passes it by name
    """Entropy, ln K, dependence on the input, least accuracy, mean loss on the errors: G1 to G5."""
    table = tuple(
        class_row(f"class {i}", precision="0.5", recall="0.5", f1="0.5", support=str(count))
        for i, count in enumerate(model.counts)
    )
    texts = {"loss": shown(model.loss, way)} | ({"accuracy": shown(model.accuracy, way)} if with_accuracy else {})
    facts = facts_of(evaluation_of(texts, machine=way == "full", classes=table))
    for name, number in (
        ("prior_entropy", model.entropy),
        ("loss_vs_prior", model.loss - model.entropy),
        ("loss_vs_uniform", model.loss - math.log(model.classes)),
    ):
        found = fact(facts, name)
        assert found is None or holds(found.value, number), name
    assert value(facts, "uses_input") is None or not model.constant
    least = value(facts, "accuracy_lower_bound")
    assert least is None or least <= model.accuracy + 1e-12
    cost = value(facts, "mean_loss_on_errors")
    assert cost is None or model.on_errors is None or cost <= model.on_errors + 1e-9


def table_of(*supports: str):
    return tuple(class_row(f"class {s}", precision="0.5", recall="0.5", f1="0.5", support=s) for s in supports)


def test_a_loss_below_the_entropy_of_the_labels_shows_that_the_input_is_used():
    found = fact(
        facts_of(evaluation_of({"loss": "0.41", "accuracy": "0.80"}, classes=table_of("50", "50"))), "uses_input"
    )
    assert found.value is True
    assert {"unweighted_loss=true", "same_rows=true"} <= set(found.assumes)
    assert {"0.41", "50"} <= {v.text for v in found.evidence}


def test_a_loss_at_the_entropy_is_no_proof_either_way_but_suggests_the_shares():
    """H(0.7) = 0.6109: with the accuracy of the majority class it is what the shares cost."""
    at = facts_of(evaluation_of({"loss": "0.6109", "accuracy": "0.7000"}, classes=table_of("70", "30")))
    assert value(at, "uses_input") is None
    assert fact(at, "outputs_prior").proof is Proof.IMPLIED
    skilled = facts_of(evaluation_of({"loss": "0.6109", "accuracy": "0.9100"}, classes=table_of("70", "30")))
    assert value(skilled, "outputs_prior") is None
    coarse = facts_of(evaluation_of({"loss": "0.61", "accuracy": "0.70"}, classes=table_of("70", "30")))
    assert value(coarse, "outputs_prior") is None


def test_the_loss_alone_guarantees_an_accuracy():
    """At 0.0693, a tenth of ln 2, at most one row in ten is wrong."""
    facts = printed(("classes=3",), loss="0.0693")
    assert value(facts, "accuracy_lower_bound") == pytest.approx(0.9, abs=0.001)
    assert value(printed(("classes=3",), loss="0.0693", accuracy="0.97"), "accuracy_lower_bound") is None


@pytest.mark.parametrize("setting", ["label_smoothing_factor", "focal_gamma"])
def test_a_loss_that_the_settings_call_another_proves_nothing(setting: str):
    evaluation = evaluation_of({"loss": "2.10", "accuracy": "0.90"}, classes=table_of("50", "50"))
    plain, other = facts_of(evaluation), facts_of(evaluation, config={setting: value_of(setting, "0.1")})
    assert value(plain, "mean_loss_on_errors") is not None
    assert value(other, "mean_loss_on_errors") is None
    assert value(other, "loss_vs_prior") is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.1, 6), min_size=1, max_size=20), st.sampled_from(("full", "r4", "t4", "r3")), st.booleans())
def test_a_perplexity_is_at_odds_with_its_loss_only_where_it_is_a_mean(losses, way: str, of_batches: bool):  # noqa: FBT001  # hypothesis passes it by name
    """exp(loss) fits in every print; the mean of the batches' perplexities is never below it (Jensen)."""
    mean = math.fsum(losses) / len(losses)
    perplexity = math.fsum(math.exp(loss) for loss in losses) / len(losses) if of_batches else math.exp(mean)
    facts = printed(machine=way == "full", loss=shown(mean, way), perplexity=shown(perplexity, way))
    assert holds(value(facts, "perplexity_vs_loss"), math.log(perplexity) - mean)
    assert value(facts, "loss_unit") is None
    found = fact(facts, "perplexity_mismatch")
    if found is not None:
        assert of_batches
        assert "above exp(loss)" in found.because


def test_a_perplexity_below_its_loss_is_told_from_other_units():
    assert value(printed(loss="12.0871", perplexity="4350.9"), "loss_unit") == "bits"
    assert value(printed(loss="2.0909", perplexity="1.1564"), "loss_unit") == "sums"
    below = fact(printed(loss="2.30", perplexity="8.00"), "perplexity_mismatch")
    assert holds(below.value, 2.30 - math.log(8))
    assert "no mean of batches" in below.because


def test_bits_per_byte_give_the_length_of_a_token():
    """3.2 nats a token are 4.617 bits, and 1.05 bits a byte make 4.397 bytes of it."""
    assert holds(value(printed(loss="3.200", bits_per_byte="1.050"), "bytes_per_token"), 3.2 / (1.05 * math.log(2)))


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), st.floats(0.01, 0.6), st.integers(0, 10**6))
def test_no_output_is_below_the_floor_of_smoothed_labels(classes: int, smoothing: float, seed: int):
    """The cross-entropy against any targets is at least their entropy (Gibbs), and the targets themselves reach it."""
    outputs = np.random.default_rng(seed).dirichlet(np.ones(classes)) + 1e-12
    targets = np.full(classes, smoothing / classes)
    targets[0] += 1 - smoothing
    floor = smoothing_floor(smoothing, classes)
    assert -(targets * np.log(outputs / outputs.sum())).sum() >= floor - 1e-9
    assert -(targets * np.log(targets)).sum() == pytest.approx(floor)


def run_of(losses: list[str], **config: str) -> Run:
    points = tuple(TrainingPoint(float(i), None, {"loss": value_of("loss", t)}) for i, t in enumerate(losses, start=1))
    evaluation = evaluation_of({"loss": losses[-1]}, step=float(len(losses)))
    settings = {name: value_of(name, text) if text[0].isdigit() else text for name, text in config.items()}
    return Run(evaluations=(evaluation,), training=points, config=settings)


def facts_about(run: Run):
    return facts_of(*run.evaluations, training=run.training, config=run.config)


def test_the_least_training_loss_is_held_against_the_floor_of_the_declared_smoothing():
    """With eps = 0.1 over two classes 0.1985 is the least: at 0.0200 nothing was smoothed."""
    run = run_of(["0.69", "0.3000", "0.0200"], label_smoothing_factor="0.1", num_labels="2")
    found = next(iter(facts_about(run).named("train_loss.above_floor")))
    assert holds(found.value, 0.02 - 0.19852)
    assert found.proof is Proof.IMPLIED


def test_a_training_loss_that_stays_where_equal_probabilities_leave_it():
    flat = ["1.0991", "1.0975", "1.0990"] * 4
    (found,) = facts_about(run_of(flat, num_labels="3")).named("train_loss.at_chance")
    assert "ln 3" in found.value
    assert not facts_about(run_of([f"{1.1 - i / 20:.4f}" for i in range(12)], num_labels="3")).named(
        "train_loss.at_chance"
    )
    assert not facts_about(run_of(flat)).named("train_loss.at_chance")


@pytest.mark.parametrize(
    ("loss", "config", "said"),
    [
        ("10.8249", {"vocab_size": "50257"}, "50,257 tokens"),
        ("10.8249", {"model_name": "distilgpt2"}, "50,257 tokens"),
        ("0.6931", {"loss_function": "dpo"}, "ln 2"),
        ("4.1589", {"loss_function": "InfoNCE", "eval_batch_size": "64"}, "ln 64"),
        ("5.0000", {"loss_function": "TripletLoss", "triplet_margin": "5"}, "margin"),
    ],
)
def test_the_constant_that_a_loss_prints_is_named_where_the_run_says_which(
    loss: str, config: dict[str, str], said: str
):
    (found,) = facts_about(run_of([loss], **config)).named("magic_loss")
    assert said in found.value
    assert not facts_about(run_of([loss])).named("magic_loss")
    assert not facts_about(run_of([f"{float(loss) + 0.01:.4f}"], **config)).named("magic_loss")

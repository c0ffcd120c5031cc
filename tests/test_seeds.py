"""What the project's four founding documents must yield, by fact and value, in the JSON report that others read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from diagnose.api import diagnose
from diagnose.report import load_format

SEEDS = Path(__file__).parents[2] / "shared" / "seeds"
pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason="the documents lie beside the project, not in it")


class Read:
    """One report as parsed JSON, and what it says."""

    def __init__(self, name, *assume):
        (self.report,) = json.loads(load_format("json").render([diagnose(str(SEEDS / name), assume=assume)]))["reports"]

    def facts(self, name, **scope):
        """Return the facts of that name in that scope."""
        return [
            fact
            for fact in self.report["facts"]
            if fact["name"] == name and all(fact["scope"][part] == value for part, value in scope.items())
        ]

    def value(self, name, **scope):
        """Return the value of the first of them."""
        return self.facts(name, **scope)[0]["value"]

    def said(self, **scope):
        """Return the names of all findings in that scope and of their consequences."""
        return {
            name
            for f in self.report["findings"]
            if all(f["scope"][part] == value for part, value in scope.items())
            for name in (f["rule"], *f["consequences"])
        }

    def verdicts(self):
        """Return the verdict of each run and task."""
        return {(v["scope"]["run"], v["scope"]["task"]): v["verdict"] for v in self.report["verdicts"]}


@pytest.fixture(scope="module")
def card():
    return Read("regression-card.md")


def test_the_regression_card_is_a_wandering_constant(card):
    constant = {f["scope"]["step"] for f in card.facts("constant_prediction") if f["value"] is True}
    assert constant == {
        1500, 2000, 2500, 3000, 4000, 4500, 5000, 5500, 7000, 7500, 8500, 10000, 11000, 11500, 12000,
    }  # fmt: skip
    offset = card.value("constant_offset", step=2500)
    assert offset["low"] == pytest.approx(1.216, abs=5e-4)
    assert offset["high"] == pytest.approx(1.722, abs=5e-4)
    assert card.report["verdict"] == "degenerate"
    assert {"constant-prediction", "nan-metric", "worse-than-mean", "no-skill"} <= card.said()


def test_the_regression_card_bounds_the_labels_and_the_error(card):
    assert card.value("label_variance")["high"] == pytest.approx(1.48582, abs=5e-6)
    assert card.value("r2", step=None)["high"] == pytest.approx(-0.549, abs=5e-4)
    assert all(f["value"]["high"] <= 0.0014 for f in card.facts("r2"))
    assert card.value("best_steps")["mse"] == 6000


def test_the_regression_card_kept_a_wrong_checkpoint_but_not_the_worst(card):
    assert card.value("reported_step") == 3500
    assert card.value("best_step") == 3500
    assert "wrong-checkpoint-kept" in card.said()
    assert "worst-checkpoint-kept" not in card.said()


def test_the_regression_card_counts_its_training_rows_and_names_its_settings(card):
    assert card.value("train_examples") == {"low": 805697, "high": 805760}
    assert card.value("steps_per_epoch") == 12590
    drop = card.value("train_loss.drop")
    assert drop["low"] <= 0.0724 <= drop["high"]
    assert {"no-warmup", "learning-rate-high", "metric-setup"} <= card.said()


@pytest.fixture(scope="module")
def rare():
    return Read("imbalanced-binary-card.md")


def test_the_imbalanced_card_gives_its_matrix_up_to_a_factor(rare):
    assert rare.value("confusion_matrix_up_to_factor") == {"tp": 2345, "fp": 450, "fn": 703, "tn": 230855}
    assert rare.value("prevalence") == pytest.approx(0.013006, abs=5e-7)
    assert rare.value("majority_baseline_accuracy") == pytest.approx(0.98699, abs=5e-6)
    assert rare.value("lift_over_majority") == pytest.approx(0.0081, abs=5e-5)
    assert rare.facts("confusion_matrix_up_to_factor")[0]["proof"] == "proved_if"


def test_the_imbalanced_card_is_suspect_and_not_degenerate(rare):
    assert rare.report["verdict"] == "suspect"
    assert {"accuracy-illusion", "overconfident", "headline-mismatch"} <= rare.said()
    assert "overfitting" not in rare.said()
    assert rare.value("standard_error")["high"] == pytest.approx(0.0057, abs=5e-5)


def test_the_imbalanced_card_has_its_best_rows_and_training_rows(rare):
    best = rare.value("best_steps")
    assert (best["f1"], best["loss"]) == (68354, 34177)
    assert rare.value("train_examples") == {"low": 1093633, "high": 1093664}


@pytest.fixture(scope="module")
def paste():
    return Read("pasted-chat-answer.txt")


def test_the_pasted_answer_reads_what_was_pasted_and_nothing_else(paste):
    (run,) = paste.report["runs"]
    (evaluation,) = run["evaluations"]
    texts = {name: value["text"] for name, value in evaluation["metrics"].items()}
    assert texts == {
        "loss": "3.1345", "accuracy": "56.4", "precision": "0.0011", "recall": "0.00195", "f1": "0.0014",
        "runtime": "2215", "samples_per_second": "1.276",
    }  # fmt: skip


def test_the_pasted_answer_is_a_constant_under_macro_averages(paste):
    assert paste.report["verdict"] == "degenerate"
    (finding,) = [f for f in paste.report["findings"] if f["severity"] == "error"]
    assert (finding["rule"], finding["proof"]) == ("majority-class-collapse", "implied")
    assert paste.value("class_count") == {"low": 511, "high": 514}
    share = paste.value("majority_share")
    assert share["low"] <= 0.564 <= share["high"]
    assert paste.value("sample_count") == {"low": 2825, "high": 2829}
    assert paste.value("least_sample_count") == 3077
    assert "slow-throughput" in paste.said()


def test_the_pasted_answer_asks_which_average_how_many_labels_and_which_unit(paste):
    asked = {q["assume"].partition("=")[0] for q in paste.report["questions"]}
    assert {"averaging", "classes", "same_unit"} <= asked


def test_answers_to_the_questions_strengthen_the_proof(paste):
    answered = Read("pasted-chat-answer.txt", "averaging=macro", "classes=512")
    shares = {f["value"] for f in answered.facts("predicted_share_lower_bound") if f["proof"] == "proved_if"}
    assert max(shares) == pytest.approx(0.957, abs=1e-3)
    assert min(shares) == pytest.approx(0.917, abs=1e-3)
    assert not [f for f in paste.facts("predicted_share_lower_bound") if f["proof"] == "proved_if"]
    entropy = answered.value("prior_entropy")
    assert entropy["low"] == pytest.approx(0.685, abs=1e-3)
    assert entropy["high"] == pytest.approx(3.41, abs=5e-3)
    assert answered.value("loss_vs_uniform")["high"] < 0


@pytest.fixture(scope="module")
def log():
    return Read("two-task-run-log.md")


def test_the_run_log_gives_the_exact_margins_of_both_tasks(log):
    margins = {f["scope"]["task"]: f["value"] for f in log.facts("class_margins", run="Run #2")}
    sentiment = {name.lower(): (m["tp"], m["predicted"]) for name, m in margins["sentiment"].items()}
    assert sentiment == {"negative": (478, 540), "neutral": (318, 720), "positive": (162, 235)}
    polarization = {name.lower(): (m["tp"], m["predicted"]) for name, m in margins["polarization"].items()}
    assert polarization == {"non-polarized": (332, 601), "objective": (32, 65), "partisan": (717, 829)}
    assert log.value("sample_count", run="Run #2", task="sentiment") == 1495


def test_the_run_log_bounds_who_is_taken_for_whom(log):
    bounds = log.value("confusion_bounds", run="Run #2", task="sentiment")
    assert bounds["Negative"]["Neutral"] == {"low": 356, "high": 402}
    assert bounds["Positive"]["Neutral"]["high"] == 46
    pairs = log.value("confused_pairs", run="Run #2", task="sentiment")
    errors = {frozenset(p["classes"]): p["errors"] for p in pairs}
    assert {names: e["low"] for names, e in errors.items()} == {names: e["high"] for names, e in errors.items()}
    assert errors[frozenset({"Negative", "Neutral"})]["low"] == 418
    assert errors[frozenset({"Negative", "Positive"})]["low"] == 52
    assert errors[frozenset({"Neutral", "Positive"})]["low"] == 67
    partisan = log.value("confusion_bounds", run="Run #2", task="polarization")["Partisan"]["Non-polarized"]
    assert partisan == {"low": 220, "high": 253}


def test_the_run_log_finds_the_skewed_classes_and_the_untrained_head(log):
    assert "class-over-predicted" in log.said(run="Run #2", task="sentiment", **{"class": "Neutral"})
    assert "class-under-predicted" in log.said(run="Run #2", task="polarization", **{"class": "Objective"})
    assert "untrained-head" in log.said(run="Run #2", task="calibration")
    assert "impatient-stopping" not in log.said()
    assert "metric-setup" not in log.said(run="Run #2")


def test_the_run_log_knows_that_the_first_run_contradicts_itself(log):
    assert {f["scope"]["task"] for f in log.facts("contradiction", run="Run #1")} == {"sentiment", "polarization"}
    assert not log.facts("contradiction", run="Run #2")


def test_the_run_log_misses_its_target_and_shows_no_significant_gain(log):
    assert log.value("target_gap", run="Run #2", task=None) == pytest.approx(-0.113)
    errors = {f["scope"]["task"]: f["value"] for f in log.facts("standard_error", run="Run #2")}
    assert errors["sentiment"] == pytest.approx(0.0128, abs=5e-5)
    assert errors["polarization"] == pytest.approx(0.0192, abs=5e-5)
    assert errors[None]["low"] == pytest.approx(0.0116, abs=5e-5)
    assert errors[None]["high"] == pytest.approx(0.0160, abs=5e-5)
    assert {"below-target", "difference-not-significant", "confounded-comparison"} <= log.said(run="Run #2")
    differences = {f["scope"]["task"]: f["value"] for f in log.facts("metric_difference", run="Run #2")}
    assert {task: d["verdict"] for task, d in differences.items()} == dict.fromkeys(errors, "not significant")
    assert (differences["sentiment"]["z"], differences["sentiment"]["p"]) == pytest.approx((1.54, 0.12), abs=5e-3)
    assert (differences["polarization"]["z"], differences["polarization"]["p"]) == pytest.approx((0.82, 0.41), abs=5e-3)
    assert differences[None]["p"]["low"] == pytest.approx(0.12, abs=1e-2)
    assert differences[None]["p"]["high"] == pytest.approx(0.27, abs=1e-2)
    needed = {f["scope"]["task"]: f["value"] for f in log.facts("metric_difference.needed_correlation", run="Run #2")}
    assert (needed["sentiment"], needed["polarization"]) == pytest.approx((0.38, 0.83), abs=1e-2)
    assert len(log.value("configuration_changes", run="Run #2")) == 10


def test_the_run_log_has_a_verdict_for_each_task(log):
    verdicts = log.verdicts()
    assert verdicts["Run #2", "calibration"] == "degenerate"
    assert verdicts["Run #2", "sentiment"] == verdicts["Run #2", "polarization"] == "suspect"
    assert log.report["verdict"] == "degenerate"

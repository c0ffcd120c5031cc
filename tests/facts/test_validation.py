"""How the task metric and the evaluation loss move, and what the rules make of it."""

from __future__ import annotations

import time

import pytest
from _histories import WILD, facts_of_modules, facts_of_run, rules_of, run_of, table
from _runs import value
from hypothesis import given
from hypothesis import strategies as st

STEPS = [str(100 * i) for i in range(1, 9)]
FALLING = ["0.90", "0.60", "0.40", "0.30", "0.20", "0.12", "0.08", "0.05"]
TURNING = ["0.60", "0.50", "0.45", "0.50", "0.58", "0.66", "0.72", "0.80"]
SETTINGS = (
    "best_metric", "best_epoch", "stopped_epoch", "patience", "num_train_epochs", "max_steps", "train_batch_size",
    "num_devices", "gradient_accumulation_steps", "total_train_batch_size", "learning_rate",
)  # fmt: skip
RISING_F1 = ["0.60", "0.70", "0.76", "0.78", "0.79", "0.790", "0.792", "0.793"]
TURNING_F1 = ["0.60", "0.70", "0.80", "0.79", "0.76", "0.73", "0.70", "0.69"]


def card(**columns):
    return run_of(table({"step": STEPS, "train": FALLING, **columns}))


def test_accuracies_that_are_all_sixteenths_have_the_noise_of_sixteen_rows():
    """Three rows of sixteen more or less are no overfitting; the same fall between finer accuracies is."""
    coarse = ["0.6250", "0.7500", "0.8750", "0.8125", "0.7500", "0.7500", "0.6875", "0.6875"]
    fine = ["0.6253", "0.7516", "0.8748", "0.8121", "0.7509", "0.7502", "0.6877", "0.6871"]
    assert "overfitting" not in rules_of(card(loss=TURNING, accuracy=coarse))
    assert "overfitting" in rules_of(card(loss=TURNING, accuracy=fine))


def test_a_rising_loss_with_a_metric_that_holds_is_over_confidence_and_not_overfitting():
    assert {"overconfident", "overfitting"} & rules_of(card(loss=TURNING, f1=RISING_F1)) == {"overconfident"}


def test_a_metric_that_falls_back_while_the_training_loss_falls_is_overfitting():
    assert {"overconfident", "overfitting"} & rules_of(card(loss=TURNING, f1=TURNING_F1)) == {"overfitting"}


def test_without_a_metric_a_loss_far_above_its_minimum_is_overfitting_and_the_message_says_so():
    run = card(loss=TURNING)
    assert "overfitting" in rules_of(run)
    assert "no task metric" in value(facts_of_run(run), "judged_by")


def test_a_language_model_is_judged_by_its_perplexity():
    perplexity = ["13.6", "12.0", "11.6", "14.0", "19.0", "28.0", "40.0", "51.6"]
    run = card(loss=TURNING, accuracy=["0.033"] * 8, perplexity=perplexity)
    assert value(facts_of_run(run), "val_metric.name") == "perplexity"
    assert "overfitting" in rules_of(run)


def test_a_reported_row_near_the_best_is_no_overfitting():
    run = card(loss=TURNING, f1=TURNING_F1)
    rows = table({"step": STEPS, "train": FALLING, "loss": TURNING, "f1": TURNING_F1})
    assert "overfitting" in rules_of(run)
    assert "overfitting" not in rules_of(run_of(rows, headline={"loss": "0.45", "f1": "0.80"}))


def test_a_fall_within_the_noise_of_few_rows_is_none():
    accuracy = ["0.60", "0.70", "0.80", "0.78", "0.77", "0.78", "0.77", "0.77"]
    assert "overfitting" in rules_of(card(loss=TURNING, accuracy=accuracy, samples=["50000"] * 8))
    assert "overfitting" not in rules_of(card(loss=TURNING, accuracy=accuracy, samples=["200"] * 8))


def test_losses_that_run_away_with_the_metric_have_diverged():
    train = ["1.03", "1.00", "0.98", "0.97", "1.74", "2.33", "2.69", "2.75"]
    rows = table(
        {
            "step": STEPS,
            "train": train,
            "loss": ["0.31", "0.28", "0.26", "0.25", "0.80", "1.89", "2.41", "2.53"],
            "wer": ["0.27", "0.26", "0.24", "0.22", "0.51", "0.94", "0.99", "0.987"],
        }
    )
    assert "diverged" in rules_of(run_of(rows))


def test_an_accuracy_that_loses_a_few_points_under_an_exploding_loss_has_not_diverged():
    rows = table(
        {
            "step": STEPS,
            "train": FALLING,
            "loss": ["0.1", "0.01", "0.002", "0.02", "0.1", "0.15", "0.2", "0.22"],
            "accuracy": ["0.96", "0.98", "1.0", "0.99", "0.97", "0.96", "0.95", "0.93"],
        }
    )
    assert "diverged" not in rules_of(run_of(rows))


def test_a_broken_loss_in_a_log_whose_metric_moves_on_is_a_logging_fault():
    rows = table(
        {
            "step": STEPS,
            "train": ["0.9", "0.6", *["nan"] * 6],
            "loss": ["inf"] * 8,
            "wer": ["0.99", "0.8", "0.6", "0.5", "0.4", "0.3", "0.25", "0.21"],
        }
    )
    assert "diverged" not in rules_of(run_of(rows))


def test_evaluations_that_repeat_to_the_last_digit_are_frozen():
    rows = {"loss": ["0.6294"] * 8, "f1": ["0.4117"] * 8, "accuracy": ["0.7002"] * 8}
    assert "frozen-metrics" in rules_of(card(**rows))


@pytest.mark.parametrize(
    ("loss", "f1"),
    [
        (["0.6294"] * 8, ["1.0"] * 8),
        (["0.0001"] * 8, ["0.4117"] * 8),
        (["nan"] * 8, ["0.4117"] * 8),
        (TURNING, ["0.4117"] * 8),
        ([*TURNING[:5], "0.5816", "0.5816", "0.5816"], [*RISING_F1[:5], "0.7912", "0.7912", "0.7912"]),
    ],
    ids=["perfect", "too few digits", "NaN", "the loss moves", "the end of a schedule"],
)
def test_what_is_not_frozen(loss, f1):
    assert "frozen-metrics" not in rules_of(card(loss=loss, f1=f1))


def test_a_metric_that_stands_still_under_a_moving_loss_says_that_the_answers_do_not_change():
    assert "frozen-predictions" in rules_of(card(loss=TURNING, accuracy=["0.7202"] * 8))


def test_swings_count_what_is_made_good_again():
    swinging = ["0.60", "0.40", "0.70", "0.45", "0.72", "0.73", "0.74", "0.75"]
    assert value(facts_of_run(card(f1=swinging)), "val_metric.swings") == 2
    assert "unstable-training" in rules_of(card(f1=swinging))
    assert value(facts_of_run(card(f1=TURNING_F1)), "val_metric.swings") == 0


def test_a_run_that_still_climbs_is_undertrained_and_one_that_has_flattened_is_not():
    climbing = ["0.10", "0.20", "0.30", "0.40", "0.50", "0.60", "0.70", "0.90"]
    loss = ["0.9", "0.8", "0.7", "0.6", "0.5", "0.4", "0.35", "0.3"]
    assert "undertrained" in rules_of(card(f1=climbing, loss=loss))
    assert "undertrained" not in rules_of(card(f1=RISING_F1, loss=loss))


def test_a_first_collapse_is_no_relapse_and_a_later_one_is():
    """A NaN correlation beside a finite error is a constant prediction, where another row has a correlation."""
    mse = ["2.0", "1.5", "1.2", "1.0", "0.9", "0.8", "0.7", "0.6"]
    healthy = ["0.3", "0.4", "0.5", "0.6", "0.7", "0.75", "0.8"]
    early = card(pearson=["nan", *healthy], mse=mse, loss=mse)
    late = card(pearson=[*healthy[:3], "nan", *healthy[3:]], mse=mse, loss=mse)
    assert value(facts_of_run(early), "collapsed_rows.relapses") == 0
    assert value(facts_of_run(late), "collapsed_rows.relapses") == 1
    assert "collapsed-at-times" not in rules_of(early)
    assert "collapsed-at-times" in rules_of(late)


@given(st.lists(st.integers(1, 999), min_size=2, max_size=30))
def test_drop_fall_and_gain_are_never_negative_and_the_best_bounds_all(scores):
    rows = [{"step": str(i + 1), "f1": f"{n / 1000:.3f}", "loss": f"{n / 500:.3f}"} for i, n in enumerate(scores)]
    facts = facts_of_run(run_of(rows))
    assert value(facts, "val_metric.drop") >= 0
    assert value(facts, "val_metric.fall") >= 0
    assert value(facts, "val_metric.gain") >= 0
    assert value(facts, "val_loss.rise") >= 0
    assert max(scores) / 1000 in value(facts, "val_metric.best")


@given(st.lists(st.integers(1, 999), min_size=2, max_size=30))
def test_an_error_tells_the_same_story_as_the_score_that_mirrors_it(scores):
    """A word error rate of 1 - x rises when a score of x falls: the swings, and who is best, are the same."""
    up = run_of([{"step": str(i + 1), "f1": f"{n / 1000:.3f}"} for i, n in enumerate(scores)])
    down = run_of([{"step": str(i + 1), "wer": f"{1 - n / 1000:.3f}"} for i, n in enumerate(scores)])
    for name in ("val_metric.rows", "val_metric.above_null"):
        first, second = value(facts_of_run(up), name), value(facts_of_run(down), name)
        assert (first > 0) == (second > 0)
    lost = value(facts_of_run(up), "val_metric.lost")
    assert value(facts_of_run(down), "val_metric.lost") == pytest.approx(lost)


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                key: st.sampled_from(WILD)
                for key in ("step", "epoch", "train", "rate", "norm", "loss", "f1", "accuracy", "mse", "pearson", "wer")
            },
        ),
        max_size=14,
    ),
    st.fixed_dictionaries({}, optional={key: st.sampled_from(WILD) for key in ("loss", "f1", "wer")}),
    st.fixed_dictionaries(
        {},
        optional={key: st.sampled_from(WILD) for key in SETTINGS},
    ),
)
def test_no_log_is_too_wild_to_be_judged(rows, headline, settings):
    """Whatever the numbers, there are facts and no exception."""
    settings = {key: text for key, text in settings.items() if text not in ("nan", "inf")}
    run = run_of(rows, headline=headline, settings=settings)
    assert facts_of_modules(run) is not None


def test_two_thousand_rows_take_less_than_a_fifth_of_a_second():
    rows = [
        {
            "step": str(10 * i),
            "epoch": f"{i / 250:.4f}",
            "train": f"{2 - i / 2000:.4f}",
            "loss": f"{1.5 - i / 4000:.4f}",
            "f1": f"{0.3 + i / 4000 + 0.01 * (i % 7):.4f}",
        }
        for i in range(1, 2001)
    ]
    run = run_of(rows, headline=rows[-1] | {})
    start = time.process_time()
    facts_of_modules(run)
    # The aim is 0.2 s for all facts; a busy machine gets twice that.
    assert time.process_time() - start < 0.4

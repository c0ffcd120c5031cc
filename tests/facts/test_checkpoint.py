"""Which checkpoint was kept, and whether the history holds a better one."""

from __future__ import annotations

import pytest
from _histories import facts_of_run, rules_of, run_of, table
from _runs import value

STEPS = ["100", "200", "300", "400", "500"]
WER = ["0.91", "0.62", "0.44", "0.35", "0.31"]
LOSS = ["2.1", "1.4", "1.0", "0.8", "0.7"]
ASR = table({"step": STEPS, "wer": WER, "loss": LOSS})


def test_a_best_metric_that_is_the_largest_error_was_selected_backwards():
    run = run_of(ASR, settings={"best_metric": "0.91", "best_global_step": "100"})
    assert value(facts_of_run(run), "selection.metric") == "wer"
    assert value(facts_of_run(run), "selection.backwards") is True
    assert "worst-checkpoint-kept" in rules_of(run)


def test_a_best_metric_that_is_the_smallest_error_was_selected_rightly():
    run = run_of(ASR, settings={"best_metric": "0.31", "best_global_step": "500"})
    assert value(facts_of_run(run), "selection.backwards") is False
    assert "worst-checkpoint-kept" not in rules_of(run)


def test_a_headline_that_repeats_the_worst_earlier_row_was_selected_backwards():
    assert "worst-checkpoint-kept" in rules_of(run_of(ASR, headline={"wer": "0.91", "loss": "2.1"}))


def test_the_last_row_was_not_selected_even_where_it_is_the_worst():
    rows = table({"step": STEPS, "wer": WER[::-1], "loss": LOSS[::-1]})
    run = run_of(rows, headline={"wer": "0.91", "loss": "2.1"})
    assert "worst-checkpoint-kept" not in rules_of(run)
    assert "wrong-checkpoint-kept" in rules_of(run)


def test_a_row_selected_by_the_loss_is_the_wrong_one_and_not_the_worst():
    rows = table(
        {"step": STEPS, "f1": ["0.60", "0.70", "0.75", "0.78", "0.80"], "loss": ["0.4", "0.5", "0.6", "0.7", "0.8"]}
    )
    fired = rules_of(run_of(rows, headline={"f1": "0.60", "loss": "0.4"}))
    assert "wrong-checkpoint-kept" in fired
    assert "worst-checkpoint-kept" not in fired


def test_a_correlation_around_zero_does_not_defend_a_large_error():
    """The kept row leads by a correlation within its noise; another row halves the error."""
    rows = table(
        {
            "step": STEPS,
            "mse": ["3.0", "2.9", "2.3", "1.5", "1.6"],
            "spearman": ["-0.004", "nan", "0.006", "-0.001", "nan"],
            "loss": ["3.0", "2.9", "2.3", "1.5", "1.6"],
        }
    )
    run = run_of(rows, headline={"mse": "2.3", "spearman": "0.006", "loss": "2.3"})
    facts = facts_of_run(run)
    assert value(facts, "kept.best_by") == ["spearman"]
    assert (value(facts, "kept.metric"), value(facts, "kept.better_step")) == ("mse", 400)
    assert {"wrong-checkpoint-kept", "worst-checkpoint-kept"} & rules_of(run) == {"wrong-checkpoint-kept"}


def test_rows_that_are_better_in_one_metric_and_worse_in_another_speak_for_nothing():
    rows = table(
        {
            "step": STEPS,
            "bleu": ["0.30", "0.35", "0.40", "0.33", "0.30"],
            "cer": ["0.10", "0.20", "0.40", "0.20", "0.11"],
        }
    )
    run = run_of(rows, headline={"bleu": "0.30", "cer": "0.10"})
    assert value(facts_of_run(run), "kept.gap") < 1
    assert "wrong-checkpoint-kept" not in rules_of(run)


def test_precision_alone_does_not_outweigh_f1():
    rows = table(
        {
            "step": STEPS,
            "f1": ["0.500", "0.505", "0.507", "0.509", "0.510"],
            "precision": ["0.9", "0.8", "0.7", "0.6", "0.5"],
        }
    )
    assert "wrong-checkpoint-kept" not in rules_of(run_of(rows, headline={"f1": "0.510", "precision": "0.5"}))


def test_the_best_row_kept_is_no_finding():
    fired = rules_of(run_of(ASR, headline={"wer": "0.31", "loss": "0.7"}))
    assert not {"wrong-checkpoint-kept", "worst-checkpoint-kept"} & fired


def test_without_a_headline_or_a_named_checkpoint_nothing_is_known():
    assert value(facts_of_run(run_of(ASR)), "kept.step") is None


@pytest.mark.parametrize("path", ["out/checkpoint-300", "C:\\runs\\checkpoint-300"])
def test_the_named_checkpoint_is_the_kept_one(path):
    run = run_of(ASR, settings={"best_model_checkpoint": path})
    assert value(facts_of_run(run), "kept.step") == 300

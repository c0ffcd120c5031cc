"""Learning rate, warm-up, length and patience."""

from __future__ import annotations

import pytest
from _histories import facts_of_run, rules_of, run_of, table
from hypothesis import given
from hypothesis import strategies as st

from diagnose.types import Scope

CARD = {"learning_rate": "4e-05", "lr_scheduler_type": "linear", "num_train_epochs": "3"}
ROWS = table({"step": ["10", "20", "30"], "epoch": ["1.0", "2.0", "3.0"], "f1": ["0.6", "0.7", "0.71"]})


def value(run, name):
    found = facts_of_run(run).at(name, Scope("", None, "eval"))
    return None if found is None else found.value


def test_a_full_list_of_settings_without_a_warm_up_had_none():
    assert value(run_of(ROWS, settings=CARD), "warmup") == 0
    assert value(run_of(ROWS, settings=CARD | {"warmup_ratio": "0.1"}), "warmup") == 0.1
    assert value(run_of(ROWS, settings={"learning_rate": "4e-05"}), "warmup") is None


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("FacebookAI/roberta-large", "large"),
        ("bert-base-uncased", "base"),
        ("xlm-roberta-base", "base"),
        ("microsoft/deberta-v3-large", "large"),
        ("distilbert-base-uncased", "base"),
        ("google/electra-large-discriminator", "large"),
        ("albert-xxlarge-v2", "large"),
        ("t5-large", None),
        ("facebook/wav2vec2-large-xlsr-53", None),
        ("roberta-large-lora", None),
        ("liberty-large", None),
    ],
)
def test_the_size_of_a_bert_like_encoder_is_in_its_name(model, size):
    assert value(run_of(ROWS, model=model), "encoder_size") == size


def test_advice_on_large_encoders_is_not_given_for_base_ones():
    advice = {"no-warmup", "learning-rate-high"}
    assert advice <= rules_of(run_of(ROWS, settings=CARD, model="roberta-large"))
    assert not advice & rules_of(run_of(ROWS, settings=CARD, model="roberta-base"))


@given(st.integers(1, 90), st.integers(0, 8), st.integers(20, 200))
def test_the_declared_peak_of_a_linear_schedule_lies_in_what_the_log_allows(peak, warmup, total):
    """Log a linear schedule with warm-up every step, and follow it back."""
    peak *= 1e-6
    rates = [peak * min(t / max(warmup, 1), (total - t) / (total - warmup)) for t in range(1, total)]
    rows = [{"step": str(t + 1), "rate": repr(rate), "train": "1.0"} for t, rate in enumerate(rates)]
    used = value(run_of(rows, settings={"learning_rate": repr(peak)}), "learning_rate.used")
    assert used.low <= peak * (1 + 1e-9)
    assert peak <= used.high * (1 + 1e-9)
    assert "config-not-applied" not in rules_of(run_of(rows, settings={"learning_rate": repr(peak)}))


def test_a_log_of_another_learning_rate_says_that_the_settings_were_not_applied():
    rows = [{"step": str(t), "rate": repr(5e-5 * (100 - t) / 100), "train": "1.0"} for t in range(10, 100, 10)]
    for declared, fires in (("5e-05", False), ("1e-05", True), ("2e-04", True)):
        assert ("config-not-applied" in rules_of(run_of(rows, settings={"learning_rate": declared}))) is fires


def test_a_record_that_ends_early_at_its_best_was_cut_off():
    assert "truncated-run" in rules_of(run_of(ROWS, settings=CARD | {"num_train_epochs": "20"}))
    assert "truncated-run" not in rules_of(run_of(ROWS, settings=CARD))


def test_early_stopping_can_only_end_a_run_that_no_longer_improved():
    falling = table({"step": ["10", "20", "30"], "epoch": ["1.0", "2.0", "3.0"], "f1": ["0.6", "0.7", "0.65"]})
    assert "truncated-run" not in rules_of(run_of(falling, settings=CARD | {"num_train_epochs": "20"}))


def test_a_snapshot_inside_a_checkpoint_is_not_a_run_cut_off():
    run = run_of(ROWS, settings=CARD | {"num_train_epochs": "20"}, sources=("out/checkpoint-30/trainer_state.json",))
    assert "truncated-run" not in rules_of(run)


def test_a_patience_that_was_waited_out_supports_no_more_patience():
    stated = {"best_epoch": "7", "stopped_epoch": "17", "num_train_epochs": "18", "early_stopping_patience": "9"}
    run = run_of([], headline={"f1": "0.6"}, settings=stated)
    assert value(run, "stopping.waited") == 10
    assert "7 + 9 = 16" in facts_of_run(run).at("stopping.waited", Scope("", None, "eval")).because
    assert "impatient-stopping" not in rules_of(run)


def test_a_patience_of_one_that_ended_a_run_is_impatient():
    stated = {"best_epoch": "3", "stopped_epoch": "4", "num_train_epochs": "20", "early_stopping_patience": "1"}
    assert "impatient-stopping" in rules_of(run_of([], headline={"f1": "0.6"}, settings=stated))

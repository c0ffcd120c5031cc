"""The training loss along the log."""

from __future__ import annotations

import pytest
from _histories import facts_of_run, rules_of, run_of
from hypothesis import given
from hypothesis import strategies as st

from diagnose.types import Scope

RUN = Scope("")


def log(*losses, norms=()):
    rows = [{"step": str(10 * (i + 1)), "train": text} for i, text in enumerate(losses)]
    for row, norm in zip(rows, norms, strict=False):
        row["norm"] = norm
    return run_of(rows)


def value(run, name):
    found = facts_of_run(run).at(name, RUN)
    return None if found is None else found.value


def test_the_drop_is_that_of_the_printed_losses():
    drop = value(log("1.346", "1.31", "1.2485"), "train_loss.drop")
    assert 1 - 1.2485 / 1.346 in drop
    assert drop.high - drop.low < 0.002


def test_a_log_that_ends_in_nan_is_broken_from_its_first_nan():
    run = log("2.1", "1.8", "nan", "nan")
    assert value(run, "train_loss.ends_nonfinite") is True
    assert value(run, "train_loss.broken_from") == 30


def test_a_nan_that_passes_is_not_an_end():
    assert value(log("2.1", "nan", "1.8", "1.7"), "train_loss.ends_nonfinite") is False


def test_a_loss_of_zero_under_a_nan_gradient_is_broken_too():
    run = log("2.1", "0.0", "0.0", norms=("1.0", "nan", "nan"))
    assert value(run, "train_loss.broken_from") == 20


def test_a_loss_of_zero_under_a_finite_gradient_is_a_small_loss():
    assert value(log("2.1", "0.0", "0.0", norms=("1.0", "0.1", "0.1")), "train_loss.ends_nonfinite") is False


def test_spikes_are_thrown_back_to_the_start_and_recover():
    calm = ["2.0"] + ["0.8"] * 12
    assert value(log(*calm, "2.6", *["0.7"] * 3), "train_loss.spikes") == 1
    assert value(log(*calm, "1.7", *["0.7"] * 3), "train_loss.spikes") == 0


def test_a_training_without_evaluation_that_ends_in_nan_has_diverged():
    assert "diverged" in rules_of(log("2.1", "1.8", "nan", "nan"))


def test_a_training_loss_that_climbs_above_its_start_has_diverged():
    assert "diverged" in rules_of(log("2.0", "1.5", "1.0", "0.9", "1.1", "2.2", "2.6", "2.5"))


def test_a_small_loss_that_doubles_has_not_diverged():
    assert "diverged" not in rules_of(log("2.0", "0.5", "0.02", "0.003", "0.002", "0.007", "0.008", "0.006"))


@given(st.lists(st.floats(0.01, 10), min_size=2, max_size=40), st.sampled_from([3, 7, 1000]))
def test_a_scaled_loss_has_the_same_shape(losses, factor):
    """Ratios do not depend on the unit of the loss; the slope scales with it."""
    one, other = log(*map(repr, losses)), log(*(repr(factor * loss) for loss in losses))
    for name in ("train_loss.over_min", "train_loss.over_first", "train_loss.late_drop", "train_loss.spikes"):
        assert value(one, name) == pytest.approx(value(other, name), abs=1e-9)
    slope = value(one, "train_loss.slope")
    assert value(other, "train_loss.slope") == pytest.approx(factor * slope, abs=1e-9)

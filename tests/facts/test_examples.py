"""The size of the training set, from steps, epochs and batch."""

from __future__ import annotations

import math

from _histories import facts_of_run, run_of, table
from hypothesis import assume, given
from hypothesis import strategies as st

from diagnose.interval import Interval
from diagnose.types import Proof, Scope

RUN = Scope("")


def rows_of(facts):
    found = facts.at("train_examples", RUN)
    return None if found is None else found.value


def test_whole_epochs_give_the_steps_of_an_epoch():
    rows = table({"step": ["1250", "2500"], "epoch": ["1.0", "2.0"], "loss": ["0.4", "0.3"]})
    facts = facts_of_run(run_of(rows, settings={"train_batch_size": "16"}))
    assert facts.at("steps_per_epoch", RUN).value == 1250
    assert rows_of(facts) == Interval(1249 * 16 + 1, 1250 * 16)


def test_the_assumptions_are_named_and_the_proof_is_no_more_than_implied():
    rows = table({"step": ["1250", "2500"], "epoch": ["1.0", "2.0"], "loss": ["0.4", "0.3"]})
    found = facts_of_run(run_of(rows, settings={"train_batch_size": "16"})).at("train_examples", RUN)
    assert found.proof is Proof.IMPLIED
    assert set(found.assumes) == {"last_batch_kept=true", "devices=1"}


def test_the_total_batch_counts_every_device():
    rows = table({"step": ["1250", "2500"], "epoch": ["1.0", "2.0"], "loss": ["0.4", "0.3"]})
    settings = {"train_batch_size": "16", "num_devices": "4", "total_train_batch_size": "64"}
    assert rows_of(facts_of_run(run_of(rows, settings=settings))).high == 1250 * 64


def test_the_user_may_say_how_many_devices_there_were():
    rows = table({"step": ["1250", "2500"], "epoch": ["1.0", "2.0"], "loss": ["0.4", "0.3"]})
    facts = facts_of_run(run_of(rows, settings={"train_batch_size": "16"}), "devices=2")
    assert rows_of(facts).high == 1250 * 32


def test_no_batch_no_rows():
    rows = table({"step": ["1250", "2500"], "epoch": ["1.0", "2.0"], "loss": ["0.4", "0.3"]})
    assert rows_of(facts_of_run(run_of(rows))) is None


def test_epochs_that_fit_no_number_of_steps_give_nothing():
    rows = table({"step": ["100", "200"], "epoch": ["0.5", "0.6"], "loss": ["0.4", "0.3"]})
    assert rows_of(facts_of_run(run_of(rows, settings={"train_batch_size": "16"}))) is None


@st.composite
def trainings(draw):
    """Draw batches an epoch, rows a batch, devices, accumulation, and the epochs that a card of the run prints."""
    batches, accumulation = draw(st.integers(40, 30_000)), draw(st.integers(1, 4))
    every = max(batches * draw(st.integers(1, 9)) // (accumulation * 10), 1)
    digits, truncated = draw(st.integers(2, 4)), draw(st.booleans())
    rows = []
    for step in range(every, 3 * batches // accumulation + 1, every):
        epoch = step * accumulation / batches
        shown = math.floor(epoch * 10**digits) / 10**digits if truncated else round(epoch, digits)
        rows.append({"step": str(step), "epoch": str(shown), "loss": "0.5"})
    # A row at a whole epoch that is not its end cannot be told from one that is.
    assume(not any(float(r["epoch"]).is_integer() and int(r["step"]) * accumulation % batches for r in rows))
    return batches, draw(st.integers(1, 64)), draw(st.integers(1, 4)), accumulation, rows


@given(trainings())
def test_the_true_number_of_rows_lies_in_the_interval(training):
    """Print the epochs of a run as a card does, rounded or truncated, and read the rows back."""
    batches, size, devices, accumulation, rows = training
    settings = {
        "train_batch_size": str(size),
        "num_devices": str(devices),
        "gradient_accumulation_steps": str(accumulation),
        "total_train_batch_size": str(size * devices * accumulation),
    }
    interval = rows_of(facts_of_run(run_of(rows, settings=settings)))
    if interval is not None:
        assert interval.low <= (batches - 1) * size * devices + 1
        assert batches * size * devices <= interval.high

"""The best, the last and the reported step of a history."""

from __future__ import annotations

from _histories import facts_of_run, run_of, table
from _runs import value
from hypothesis import given
from hypothesis import strategies as st

from diagnose.types import Proof, Scope

F1 = table({"step": ["100", "200", "300"], "f1": ["0.612", "0.701", "0.655"], "loss": ["0.51", "0.44", "0.62"]})
SCORES = st.lists(st.integers(0, 10**6), min_size=2, max_size=12, unique_by=lambda n: n // 1000)


def test_the_best_step_is_that_of_the_task_metric_and_the_last_is_the_last():
    facts = facts_of_run(run_of(F1))
    assert value(facts, "best_step") == 200
    assert value(facts, "last_step") == 300
    assert value(facts, "best_steps") == {"f1": 200, "loss": 200}


def test_a_correlation_decides_before_an_error_and_an_error_is_best_when_smallest():
    rows = table({"step": ["1", "2", "3"], "mse": ["0.9", "0.5", "0.7"], "spearman": ["0.1", "0.2", "0.4"]})
    facts = facts_of_run(run_of(rows))
    assert value(facts, "best_step") == 3
    assert value(facts, "best_steps") == {"spearman": 3, "mse": 2}


def test_the_run_may_name_the_metric_that_decides():
    rows = table({"step": ["1", "2"], "f1": ["0.9", "0.5"], "accuracy": ["0.5", "0.9"]})
    facts = facts_of_run(run_of(rows, settings={"metric_for_best_model": "eval_accuracy"}))
    assert value(facts, "best_step") == 2


def test_a_best_value_that_prints_twice_is_only_implied():
    rows = table({"step": ["1", "2", "3"], "f1": ["0.91", "0.91", "0.90"]})
    best = facts_of_run(run_of(rows)).at("best_step", Scope("", None, "eval"))
    assert (best.value, best.proof) == (1, Proof.IMPLIED)


def test_a_metric_that_never_moves_leaves_the_best_step_to_the_loss():
    rows = table({"step": ["1", "2", "3"], "f1": ["0.0", "0.0", "0.0"], "loss": ["0.9", "0.7", "0.8"]})
    assert value(facts_of_run(run_of(rows)), "best_step") == 2


def test_nan_rows_are_passed_over():
    rows = table({"step": ["1", "2", "3"], "spearman": ["0.11", "0.22", "nan"], "mse": ["0.9", "0.5", "0.4"]})
    assert value(facts_of_run(run_of(rows)), "best_step") == 2


def test_stated_epochs_stand_in_for_a_history():
    run = run_of([], headline={"f1": "0.6"}, settings={"best_epoch": "7", "stopped_epoch": "17"})
    facts = facts_of_run(run)
    assert value(facts, "best_step") == 7
    assert value(facts, "last_step") == 17


def test_the_headline_repeats_the_row_whose_values_may_be_the_same_numbers():
    facts = facts_of_run(run_of(F1, headline={"f1": "0.70092", "loss": "0.4418"}))
    assert value(facts, "reported_step") == 200


def test_a_headline_that_differs_from_every_row_repeats_none():
    assert value(facts_of_run(run_of(F1, headline={"f1": "0.70092", "loss": "0.4618"})), "reported_step") is None


def test_a_headline_of_nan_repeats_the_row_of_nan():
    rows = table({"step": ["1", "2"], "pearson": ["0.1", "nan"], "loss": ["0.3", "0.3"]})
    assert value(facts_of_run(run_of(rows, headline={"pearson": "nan", "loss": "0.3"})), "reported_step") == 2


@given(SCORES, st.integers(3, 6), st.integers(0, 11))
def test_the_row_that_was_reported_is_found_whatever_the_digits(scores, digits, chosen):
    rows = [{"step": str(i + 1), "accuracy": f"{n / 1e6:.3f}"} for i, n in enumerate(scores)]
    chosen %= len(scores)
    facts = facts_of_run(run_of(rows, headline={"accuracy": f"{scores[chosen] / 1e6:.{digits}f}"}))
    found = facts.at("reported_step", Scope("", None, "eval"))
    assert found is not None
    # Two rows a thousandth apart may both print what a truncated headline allows; the chosen one is among them.
    assert found.value == chosen + 1 or "may print the same" in found.because


@given(SCORES)
def test_the_best_step_has_the_largest_score(scores):
    rows = [{"step": str(i + 1), "accuracy": f"{n / 1e6:.6f}"} for i, n in enumerate(scores)]
    found = facts_of_run(run_of(rows)).at("best_step", Scope("", None, "eval"))
    assert scores[int(found.value) - 1] == max(scores)

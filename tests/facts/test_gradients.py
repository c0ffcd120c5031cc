"""The gradients along the log: a tail of zeros, how far down they reach, dead units."""

from __future__ import annotations

import json

import pytest

from diagnose import check_text
from diagnose.facts import derive
from diagnose.readers import read_text


def facts_of(rows, **head):
    (run,) = read_text(json.dumps({"log_history": rows, **head}))
    return {fact.name: fact for fact in derive(run)}


def logged(*norms, loss=2.3):
    return [{"loss": loss, "grad_norm": n, "learning_rate": 1e-3, "step": 10 * i} for i, n in enumerate(norms, 1)]


def sampled(name, *values):
    return [{name: value, "step": 10 * i} for i, value in enumerate(values, 1)]


@pytest.mark.parametrize(("norms", "count"), [((0.5, 0.0, 0.0), 2), ((0.0, 0.5), 0), ((0.0, 0.0), 2)])
def test_zeros_are_counted_from_the_end_of_the_log(norms, count):
    fact = facts_of(logged(*norms))["gradient.zero_tail"]
    assert fact.value == count
    assert str(len(norms)) in fact.because


def test_a_gradient_of_zero_and_a_loss_that_stands_still_is_found_in_any_log():
    report = check_text(json.dumps({"log_history": logged(0.0, 0.0, 0.0, 0.0)}))
    (finding,) = [f for f in report.findings if f.rule == "zero-gradient"]
    assert "4 of 4 logged gradient norms, counted from the end, are 0.0" in finding.message


def test_norms_logged_as_zero_while_the_loss_falls_are_a_habit_of_the_logger():
    rows = [{**row, "loss": 2.3 / (i + 1)} for i, row in enumerate(logged(0.0, 0.0, 0.0, 0.0))]
    assert "zero-gradient" not in [f.rule for f in check_text(json.dumps({"log_history": rows})).findings]


def test_the_reach_of_the_gradient_is_the_best_of_three_samples():
    rows = [*sampled("gradient_reach", 0.4, 1e-6, 2e-5, 3e-7), {"loss": 1.0, "step": 50}]
    fact = facts_of(rows)["gradient.reach"]
    assert fact.value == 2e-5
    assert "at most 2e-05 of the norm of all (steps 20, 30, 40)" in fact.because
    assert [value.text for value in fact.evidence] == ["1e-06", "2e-05", "3e-07"]


def test_two_samples_say_nothing_yet():
    rows = [*sampled("gradient_reach", 1e-6, 1e-6), *sampled("dead_units", 1.0, 1.0), {"loss": 1.0, "step": 50}]
    assert not {"gradient.reach", "dead_units.share"} & facts_of(rows).keys()


def test_a_layer_is_dead_where_none_of_its_units_answers_in_three_batches():
    rows = [*sampled("dead_units", 1.0, 1.0, 1.0), {"loss": 1.0, "step": 50}]
    report = check_text(json.dumps({"log_history": rows, "dead_units_layer": "head.relu"}))
    (finding,) = [f for f in report.findings if f.rule == "dead-units"]
    assert "at least 100% of the ReLU units of head.relu (steps 10, 20, 30)" in finding.message


def test_a_layer_with_one_live_batch_is_not_dead():
    rows = [*sampled("dead_units", 1.0, 0.98, 1.0), {"loss": 1.0, "step": 50}]
    assert facts_of(rows)["dead_units.share"].value == 0.98
    assert "dead-units" not in [f.rule for f in check_text(json.dumps({"log_history": rows})).findings]


@pytest.mark.parametrize(
    ("ratios", "rule"),
    [((50.0, 12.0, 30.0), "exploding-updates"), ((0.0, 1e-9, 0.0), "vanishing-updates"), ((50.0, 0.01, 1e-9), None)],
)
def test_steps_that_throw_the_weights_about_or_leave_them_are_found_in_three_samples(ratios, rule):
    report = check_text(json.dumps({"log_history": [*logged(0.5, 0.4, 0.6), *sampled("update_ratio", *ratios)]}))
    fired = {f.rule for f in report.findings} & {"exploding-updates", "vanishing-updates"}
    assert fired == ({rule} if rule else set())
    facts = facts_of(sampled("update_ratio", *ratios))
    assert (facts["update_ratio.least"].value, facts["update_ratio.most"].value) == (min(ratios), max(ratios))

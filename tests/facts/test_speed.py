"""How fast rows were processed."""

from __future__ import annotations

import pytest
from _histories import facts_of_run, rules_of
from _runs import evaluation_of, value

from diagnose.types import Proof, Run, Scope


def result(split="eval", **texts):
    return evaluation_of(texts, split=split)


def test_the_reported_rate_is_the_throughput():
    facts = facts_of_run(Run(evaluations=(result(runtime="2215", samples_per_second="1.276"),)))
    assert 1.276 in value(facts, "throughput")
    assert 2215 in value(facts, "throughput.seconds")


def test_rows_over_seconds_need_the_assumption_that_they_belong_together():
    found = facts_of_run(Run(evaluations=(result(runtime="20.0", samples="1000"),))).at(
        "throughput", Scope("", None, "eval")
    )
    assert 50 in found.value
    assert (found.proof, found.assumes) == (Proof.PROVED_IF, ("timing_same_rows=true",))


def test_a_slow_evaluation_is_slow_only_over_minutes_and_without_generation():
    slow = {"runtime": "2215", "samples_per_second": "1.276", "accuracy": "0.6"}
    assert "slow-throughput" in rules_of(Run(evaluations=(result(**slow),)))
    assert "slow-throughput" not in rules_of(Run(evaluations=(result(**slow | {"runtime": "40"}),)))
    assert "slow-throughput" not in rules_of(Run(evaluations=(result(**slow, rougeL="0.3"),)))


def test_an_evaluation_slower_than_the_training_is_noted():
    trained = result("train", loss="0.4", runtime="900", samples_per_second="200")
    evaluated = result(accuracy="0.8", runtime="120", samples_per_second="80")
    facts = facts_of_run(Run(evaluations=(trained, evaluated)))
    assert value(facts, "throughput.over_train").middle == pytest.approx(0.4, rel=0.01)
    assert "eval-slower-than-train" in rules_of(Run(evaluations=(trained, evaluated)))
    fast = result(accuracy="0.8", runtime="120", samples_per_second="640")
    assert "eval-slower-than-train" not in rules_of(Run(evaluations=(trained, fast)))


def test_a_runtime_of_zero_gives_no_rate():
    assert value(facts_of_run(Run(evaluations=(result(runtime="0", samples="1000"),))), "throughput") is None

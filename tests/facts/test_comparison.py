"""Two runs side by side: standard errors, differences, settings; and the headline against its own history."""

from __future__ import annotations

import math
import random

import pytest
from _runs import class_row, evaluation_of, fact, facts_of, value, value_of

from diagnose.facts import derive
from diagnose.facts._spread import error_of_f1, error_of_share, two_sided_p
from diagnose.types import Run, Scope, Value


def test_the_error_of_a_binary_f1_agrees_with_resampling():
    draw = random.Random(7)  # noqa: S311  # a simulation, not a secret
    cells = [60, 20, 30, 390]
    samples = []
    for _ in range(600):
        counts = [0, 0, 0, 0]
        for cell in draw.choices(range(4), cells, k=500):
            counts[cell] += 1
        samples.append(2 * counts[0] / (2 * counts[0] + counts[1] + counts[2]))
    centre = sum(samples) / len(samples)
    resampled = math.sqrt(sum((s - centre) ** 2 for s in samples) / len(samples))
    assert error_of_f1(60, 50) == pytest.approx(resampled, rel=0.15)


def test_shares_and_p_values_are_the_textbooks():
    assert error_of_share(0.8, 400) == pytest.approx(0.02)
    assert two_sided_p(1.959964) == pytest.approx(0.05, abs=1e-6)


TABLE = (
    class_row("red", precision="90.00%", recall="75.00%", f1="81.82%", support="120"),
    class_row("green", precision="66.67%", recall="75.00%", f1="70.59%", support="80"),
    class_row("blue", precision="50.00%", recall="60.00%", f1="54.55%", support="50"),
)


def two_runs(before: str, after: str, **settings: tuple[str, str]):
    def config(which: int) -> dict[str, Value]:
        return {name: value_of(name, pair[which]) for name, pair in settings.items()}

    old = Run("Run #1", config=config(0), evaluations=(evaluation_of({"accuracy": "70.00%", "f1": before}),))
    new = evaluation_of({"accuracy": "72.00%", "f1": after}, classes=TABLE)
    return derive(Run("Run #2", config=config(1), evaluations=(new,)), None, [old])


def at(facts, name: str):
    found = facts.at(name, Scope("Run #2", None, "eval"))
    return None if found is None else found.value


def test_a_small_gain_is_within_its_standard_error():
    facts = two_runs("67.00%", "68.99%")
    error = at(facts, "standard_error")
    difference = at(facts, "metric_difference")
    assert at(facts, "standard_error.metric") == "f1"
    assert 0.02 < error < 0.04
    assert difference["z"] == pytest.approx(0.0199 / (error * math.sqrt(2)))
    assert difference["verdict"] == "not significant"
    assert 0 < at(facts, "metric_difference.needed_correlation") < 1


def test_a_large_gain_is_significant_as_it_stands():
    facts = two_runs("30.00%", "68.99%")
    assert at(facts, "metric_difference")["verdict"] == "significant"
    assert at(facts, "metric_difference.needed_correlation") is None


def test_both_runs_bring_their_own_error_where_both_have_a_table():
    rows = tuple(
        class_row(f"c{i}", precision="50.00%", recall="50.00%", f1="50.00%", support=n)
        for i, n in enumerate(("40", "40"))
    )
    old = Run("Run #1", evaluations=(evaluation_of({"accuracy": "50.00%", "f1": "50.00%"}, classes=rows),))
    new = Run("Run #2", evaluations=(evaluation_of({"accuracy": "72.00%", "f1": "68.99%"}, classes=TABLE),))
    own = derive(old).at("standard_error", Scope("Run #1", None, "eval")).value
    facts = derive(new, None, [old])
    together = math.hypot(own, at(facts, "standard_error"))
    assert at(facts, "metric_difference")["z"] == pytest.approx(0.1899 / together)
    assert own > 1.5 * at(facts, "standard_error")


def paired(before: str, after: str, rows: str, **older: str):
    old = Run("Run #1", evaluations=(evaluation_of({"accuracy": before, **older}),))
    new = Run("Run #2", evaluations=(evaluation_of({"accuracy": after, "samples": rows}),))
    return at(derive(new, None, [old]), "paired_verdict")


@pytest.mark.parametrize(("before", "after", "verdict", "losses"), [
    ("0.6200", "0.6702", "significant", 493),
    ("0.6200", "0.6301", "depends", 18),
    ("0.6200", "0.6448", "depends", 150),
    ("0.6200", "0.6234", "not significant", None),
    ("0.6301", "0.6200", "depends", 18),
])  # fmt: skip
def test_two_accuracies_on_the_same_rows_leave_mcnemars_test_open_or_not(
    before: str, after: str, verdict: str, losses: int | None
):
    """927, 942, 964, 1002 and 932 right rows of 1,495."""
    found = paired(before, after, "1495")
    assert found["verdict"] == verdict
    assert found["most_losses"] == [losses, losses]


def test_accuracies_of_different_rows_are_no_pair():
    assert paired("0.6200", "0.6702", "1495", samples="1500") is None


def test_an_accuracy_that_leaves_the_right_rows_open_leaves_the_limit_open():
    surely, possibly = paired("0.62", "0.66", "1495")["most_losses"]
    assert surely < possibly


def test_settings_that_changed_are_listed_with_both_values():
    facts = two_runs("67.00%", "68.99%", dropout=("0.3", "0.2"), seed=("1", "1"), best_epoch=("3", "9"))
    assert at(facts, "configuration_changes") == {"dropout": [0.3, 0.2]}


def test_runs_without_an_order_are_not_compared():
    runs = [Run(name, evaluations=(evaluation_of({"f1": "0.5"}),)) for name in ("bert", "roberta")]
    assert derive(runs[0], None, runs[1:]).named("comparison.baseline") == []


def test_an_overall_figure_has_an_error_between_unrelated_and_common_ones():
    first = evaluation_of({"accuracy": "72.00%", "f1": "68.99%"}, classes=TABLE, task="a")
    second = evaluation_of({"accuracy": "72.00%", "f1": "68.99%"}, classes=TABLE, task="b")
    overall = evaluation_of({"macro_f1": "68.99%"})
    facts = derive(Run("r", evaluations=(overall, first, second)))
    alone = facts.at("standard_error", Scope("r", "a", "eval")).value
    bounds = facts.at("standard_error", Scope("r", None, "eval")).value
    assert bounds.low == pytest.approx(alone / math.sqrt(2))
    assert bounds.high == pytest.approx(alone)


ROWS = (
    evaluation_of({"loss": "0.3100", "f1": "0.8010"}, step=100.0),
    evaluation_of({"loss": "0.2900", "f1": "0.8120"}, step=200.0),
)


def test_a_headline_that_repeats_a_row_with_more_digits_matches_it():
    facts = facts_of(evaluation_of({"loss": "0.28998", "f1": "0.81201234"}), *ROWS)
    assert value(facts, "headline.matching_rows") == 1
    assert value(facts, "headline.nearest_step") == 200


def test_a_headline_of_no_row_names_the_nearest_one():
    facts = facts_of(evaluation_of({"loss": "0.2900", "f1": "0.8150"}), *ROWS)
    assert value(facts, "headline.matching_rows") == 0
    assert value(facts, "headline.nearest_step") == 200
    assert fact(facts, "headline.differences").value == ["eval_f1 0.8150 against 0.8120"]


@pytest.mark.parametrize(("metric", "shown", "target", "shortfall"), [
    ("f1", "63.7%", "75%", 0.113),
    ("wer", "0.20", "0.15", 0.05),
    ("accuracy", "0.91", "0.90", -0.01),
])  # fmt: skip
def test_a_target_is_missed_on_the_wrong_side_only(metric: str, shown: str, target: str, shortfall: float):
    facts = facts_of(evaluation_of({metric: shown, f"target.{metric}": target}))
    assert value(facts, "target_gap.shortfall") == pytest.approx(shortfall)

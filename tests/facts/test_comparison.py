"""Two runs side by side: standard errors, differences, settings; and the headline against its own history."""

from __future__ import annotations

import math
import random

import pytest
from _runs import class_row, evaluation_of, fact, facts_of, value, value_of
from hypothesis import given
from hypothesis import strategies as st

from diagnose.facts import derive
from diagnose.facts._spread import error_of_f1, error_of_macro_f1, error_of_share, two_sided_p
from diagnose.types import Run, Scope, Value


def macro_f1(matrix: list[list[int]]) -> float:
    size = len(matrix)
    return sum(2 * matrix[i][i] / (sum(matrix[i]) + sum(row[i] for row in matrix)) for i in range(size)) / size


def gradient_error(matrix: list[list[int]]) -> float:
    """Return the delta-method error from numerical derivatives of macro-F1 by each cell."""
    step, variance = 1e-4, 0.0
    for i, row in enumerate(matrix):
        for j, cell in enumerate(row):
            up = [[n + step * ((a, b) == (i, j)) for b, n in enumerate(r)] for a, r in enumerate(matrix)]
            down = [[n - step * ((a, b) == (i, j)) for b, n in enumerate(r)] for a, r in enumerate(matrix)]
            variance += cell * ((macro_f1(up) - macro_f1(down)) / (2 * step)) ** 2
    return math.sqrt(variance)


@given(st.lists(st.lists(st.integers(1, 80), min_size=3, max_size=3), min_size=3, max_size=3))
def test_the_error_of_macro_f1_is_the_delta_method(matrix: list[list[int]]):
    margins = [
        {"tp": matrix[i][i], "support": sum(matrix[i]), "predicted": sum(row[i] for row in matrix)} for i in range(3)
    ]
    pairs = {(i, j): (matrix[i][j] + matrix[j][i],) * 2 for i in range(3) for j in range(i + 1, 3)}
    errors = sum(map(sum, matrix)) - sum(matrix[i][i] for i in range(3))
    assert error_of_macro_f1(margins, pairs, errors).middle == pytest.approx(gradient_error(matrix), rel=1e-4)
    bounds = dict.fromkeys(pairs, (0, errors))
    loose = error_of_macro_f1(margins, bounds, errors)
    assert loose.low - 1e-9 <= gradient_error(matrix) * (1 + 1e-4)
    assert gradient_error(matrix) * (1 - 1e-4) <= loose.high


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

"""Standard errors from margins: every confusion matrix with these margins has its own error between the bounds."""

from __future__ import annotations

import math
import random

import pytest
from _runs import class_row, evaluation_of, fact, facts_of, value
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.facts._paired import most_losses, p_of_pairs
from diagnose.facts._spread import (
    bounds_of_correlation,
    error_of_auc,
    error_of_chance_auc,
    error_of_correlation,
    error_of_mcc,
    least_error_of_auc,
)
from diagnose.facts._spread_classes import (
    AVERAGES,
    Counts,
    average_of,
    error_of_average,
    error_of_macro_f1,
    error_with_cells,
)
from diagnose.interval import Interval
from diagnose.types import Proof

EXAMPLES = settings(deadline=None, max_examples=60)


def sized(low: int, high: int):
    return st.integers(low, high).flatmap(
        lambda size: st.lists(st.lists(st.integers(1, 60), min_size=size, max_size=size), min_size=size, max_size=size)
    )


def counts_of(matrix: list[list[int]]) -> list[Counts]:
    return [Counts(row[i], sum(row), sum(other[i] for other in matrix)) for i, row in enumerate(matrix)]


def truth_of(matrix: list[list[int]], metric: str) -> tuple[float, list[int], list[int]]:
    """Return the average by scikit-learn, and the rows of the matrix as labels and predictions."""
    metrics = pytest.importorskip("sklearn.metrics")
    cells = [(i, j, n) for i, row in enumerate(matrix) for j, n in enumerate(row)]
    labels, predictions = [i for i, _, n in cells for _ in range(n)], [j for _, j, n in cells for _ in range(n)]
    if metric == "balanced_accuracy":
        return float(metrics.balanced_accuracy_score(labels, predictions)), labels, predictions
    average, _, base = metric.partition("_")
    score = getattr(metrics, f"{base}_score")(labels, predictions, average=average, zero_division=0)
    return float(score), labels, predictions


def delta(matrix: list[list[int]], metric: str) -> float:
    """Return the delta-method error from numerical derivatives by each cell."""
    step, variance = 1e-4, 0.0
    for i, row in enumerate(matrix):
        for j, cell in enumerate(row):
            ends = []
            for way in (step, -step):
                moved = [[n + way * ((a, b) == (i, j)) for b, n in enumerate(r)] for a, r in enumerate(matrix)]
                ends.append(average_of(metric, counts_of(moved)))
            variance += cell * ((ends[0] - ends[1]) / (2 * step)) ** 2
    return math.sqrt(variance)


def cells_of(matrix: list[list[int]]) -> dict[tuple[int, int], float]:
    return {(i, j): n for i, row in enumerate(matrix) for j, n in enumerate(row) if i != j}


@EXAMPLES
@given(sized(2, 5), st.sampled_from(AVERAGES))
def test_the_error_of_an_average_is_the_delta_method_over_its_cells(matrix: list[list[int]], metric: str):
    rows = counts_of(matrix)
    assert average_of(metric, rows) == pytest.approx(truth_of(matrix, metric)[0])
    exact = error_with_cells(metric, rows, cells_of(matrix))
    assert exact == pytest.approx(delta(matrix, metric), rel=1e-4, abs=1e-9)
    bounds = error_of_average(metric, rows)
    assert bounds.low * (1 - 1e-9) <= exact <= bounds.high * (1 + 1e-9)


@EXAMPLES
@given(sized(3, 6), st.sampled_from(AVERAGES), st.integers(0, 10**6))
def test_every_matrix_with_the_same_margins_lies_between_the_bounds(matrix: list[list[int]], metric: str, seed: int):
    """Rows are swapped around a square of errors, which leaves every margin as it is."""
    rows, draw = counts_of(matrix), random.Random(seed)  # noqa: S311  # a simulation, not a secret
    bounds = error_of_average(metric, rows)
    moved = [list(row) for row in matrix]
    for _ in range(30):
        i, j, k = draw.sample(range(len(matrix)), 3)
        swap = draw.randint(-min(moved[i][j], moved[j][k], moved[k][i]), min(moved[j][i], moved[k][j], moved[i][k]))
        for a, b in ((i, j), (j, k), (k, i)):
            moved[a][b] += swap
            moved[b][a] -= swap
    assert counts_of(moved) == rows
    assert bounds.low * (1 - 1e-9) <= error_with_cells(metric, rows, cells_of(moved)) <= bounds.high * (1 + 1e-9)


@EXAMPLES
@given(sized(3, 3))
def test_three_classes_fix_the_error_of_macro_f1(matrix: list[list[int]]):
    bounds = error_of_average("macro_f1", counts_of(matrix))
    assert bounds.low == pytest.approx(bounds.high)


@EXAMPLES
@given(sized(2, 5), st.lists(st.integers(0, 4), min_size=20, max_size=20))
def test_margins_known_as_intervals_bound_the_error_of_macro_f1(matrix: list[list[int]], slack: list[int]):
    rows, left = counts_of(matrix), iter(slack)
    margins = [
        (
            Interval(max(0, row.tp - next(left)), min(row.support, row.tp + next(left))),
            row.support,
            Interval(max(0, row.predicted - next(left)), row.predicted + next(left)),
        )
        for row in rows
    ]
    bounds = error_of_macro_f1(margins)
    assert bounds.low - 1e-12 <= error_with_cells("macro_f1", rows, cells_of(matrix)) <= bounds.high + 1e-12


@EXAMPLES
@given(st.tuples(*[st.integers(1, 300)] * 4))
def test_the_error_of_mcc_is_the_delta_method(cells: tuple[int, int, int, int]):
    def mcc(tp: float, fp: float, fn: float, tn: float) -> float:
        return (tp * tn - fp * fn) / math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))

    step, variance = 1e-4, 0.0
    for i, cell in enumerate(cells):
        ends = [mcc(*(n + way * (i == k) for k, n in enumerate(cells))) for way in (step, -step)]
        variance += cell * ((ends[0] - ends[1]) / (2 * step)) ** 2
    assert error_of_mcc(*cells) == pytest.approx(math.sqrt(variance), rel=1e-4, abs=1e-7)


@EXAMPLES
@given(st.integers(1, 200), st.integers(0, 400))
def test_the_paired_test_is_mcnemars_and_grows_with_the_losses(difference: int, losses: int):
    stats = pytest.importorskip("scipy.stats")
    p = p_of_pairs(difference, losses)
    assert p == pytest.approx(stats.binomtest(losses, difference + 2 * losses, 0.5).pvalue, rel=1e-9)
    assert p <= p_of_pairs(difference, losses + 1) * (1 + 1e-12)
    threshold = most_losses(difference, 500)
    assert (p < 0.05) == (threshold is not None and losses <= threshold)


@EXAMPLES
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=20, max_size=300))
def test_no_pair_of_systems_contradicts_its_paired_verdict(rows: list[tuple[bool, bool]]):
    """The accuracies alone say always, never, or up to how many losses; the rows themselves decide."""
    before, after = (sum(row[k] for row in rows) for k in (0, 1))
    better, worse = (1, 0) if after >= before else (0, 1)
    losses = sum(row[worse] and not row[better] for row in rows)
    difference, limit = abs(after - before), min(len(rows) - max(before, after), before, after)
    threshold = most_losses(difference, limit)
    assert 0 <= losses <= limit
    assert (p_of_pairs(difference, losses) < 0.05) == (threshold is not None and losses <= threshold)


@EXAMPLES
@given(st.floats(0.501, 0.999), st.integers(4, 400), st.floats(0.02, 0.98))
def test_no_split_of_the_rows_has_a_smaller_error_of_the_auc(auc: float, rows: int, part: float):
    positives = min(max(round(rows * part), 1), rows - 1)
    assert least_error_of_auc(auc, rows) <= error_of_auc(auc, positives, rows - positives) * (1 + 1e-9)


def test_the_errors_of_correlations_and_of_the_auc_are_the_textbooks():
    assert error_of_correlation(0.0, 103, ranks=False) == pytest.approx(0.1)
    assert error_of_correlation(0.6, 103, ranks=True) == pytest.approx(0.64 * math.sqrt(1.18) / 10)
    assert error_of_correlation(0.5, 3, ranks=True) is None
    low, high = bounds_of_correlation(0.5, 103, ranks=False)
    assert (low, high) == pytest.approx((0.3392, 0.6326), abs=5e-4)
    # Hanley and McNeil 1982, table of radiologists' ratings: 58 normal, 51 abnormal, area 0.893.
    assert error_of_auc(0.893, 51, 58) == pytest.approx(0.0324, abs=5e-4)
    assert error_of_chance_auc(50, 50) == pytest.approx(math.sqrt(101 / 30000))


TABLE = (
    class_row("red", precision="0.9000", recall="0.7500", f1="0.8182", support="120"),
    class_row("green", precision="0.6667", recall="0.7500", f1="0.7059", support="80"),
    class_row("blue", precision="0.5000", recall="0.6000", f1="0.5455", support="50"),
)


def test_a_table_gives_the_error_of_every_average_beside_it():
    scores = {"accuracy": "0.7200", "weighted_f1": "0.7277", "macro_recall": "0.7000", "macro_f1": "0.6899"}
    facts = facts_of(evaluation_of(scores, classes=TABLE))
    for metric in ("macro_f1", "weighted_f1", "macro_recall"):
        found = fact(facts, f"standard_error.{metric}")
        middle = found.value if isinstance(found.value, float) else found.value.middle
        assert found.proof is Proof.PROVED_IF
        assert "independent_rows=true" in found.assumes
        assert f"{middle:.3f}" in found.because
        assert 0.025 < middle < 0.035
    assert value(facts, "standard_error.macro_precision") is None


def test_a_table_of_two_digits_gives_an_interval():
    table = tuple(class_row(f"c{i}", precision="0.71", recall="0.70", f1="0.70", support="500") for i in range(3))
    error = value(facts_of(evaluation_of({"accuracy": "0.70"}, classes=table)), "standard_error.macro_f1")
    assert isinstance(error, Interval)
    assert error.low < 0.0118 < error.high
    assert error.high < 1.3 * error.low


def test_few_rows_a_class_are_said_to_make_the_error_too_small():
    table = tuple(class_row(f"c{i}", precision="0.5000", recall="0.5000", f1="0.5000", support="20") for i in range(3))
    found = fact(facts_of(evaluation_of({"accuracy": "0.5000"}, classes=table)), "standard_error.macro_f1")
    assert "too small" in found.because


def test_correlations_and_areas_have_errors_where_the_rows_are_known():
    facts = facts_of(evaluation_of({"spearman": "0.600", "samples": "103"}))
    assert value(facts, "standard_error") == pytest.approx(0.64 * math.sqrt(1.18) / 10)
    assert fact(facts, "standard_error").proof is Proof.IMPLIED
    facts = facts_of(evaluation_of({"auc": "0.40", "tp": "20", "fp": "80", "fn": "30", "tn": "70", "accuracy": "0.45"}))
    assert value(facts, "standard_error.auc") == pytest.approx(error_of_auc(0.4, 50, 150))
    z = value(facts, "auc.z")
    assert (z.low, z.high) == pytest.approx(tuple(d / error_of_chance_auc(50, 150) for d in (-0.105, -0.09)))


def test_an_area_over_rows_of_unknown_classes_has_a_least_error():
    error = value(facts_of(evaluation_of({"auc": "0.80", "samples": "400"})), "standard_error")
    assert error.low == pytest.approx(least_error_of_auc(0.8, 400))
    assert error.high == pytest.approx(0.4)

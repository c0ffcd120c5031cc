"""Per-class tables: whatever confusion matrix was printed, the margins, cells and pairs contain it."""

from __future__ import annotations

import time

from _runs import class_row, evaluation_of, fact, facts_of, value, value_of
from hypothesis import given
from hypothesis import strategies as st

from diagnose.interval import Interval
from diagnose.types import ClassRow, Evaluation, Scope

FULL = 17


def matrices(classes: int, most: int):
    cells = st.integers(0, most)
    return st.lists(st.lists(cells, min_size=classes, max_size=classes), min_size=classes, max_size=classes).filter(
        lambda m: all(sum(row) > 0 for row in m)
    )


def printed(share: float, decimals: int, *, cut: bool) -> str:
    if decimals == FULL:
        return str(share)
    if cut:
        return f"{int(share * 10**decimals + 1e-9) / 10**decimals:.{decimals}f}"
    return f"{share:.{decimals}f}"


def table_of(matrix: list[list[int]], decimals: int, *, cut: bool) -> Evaluation:
    """Return the evaluation that prints this matrix as a per-class table with an accuracy."""
    size = len(matrix)
    rows = []
    for i in range(size):
        right, support = matrix[i][i], sum(matrix[i])
        predicted = sum(matrix[j][i] for j in range(size))
        scores = {
            "precision": right / predicted if predicted else 0.0,
            "recall": right / support,
            "f1": 2 * right / (support + predicted),
        }
        texts = {name: printed(score, decimals, cut=cut) for name, score in scores.items()}
        values = {name: value_of(name, text, machine=decimals == FULL) for name, text in texts.items()}
        rows.append(ClassRow(f"c{i}", values | {"support": value_of("support", str(support))}))
    total = sum(map(sum, matrix))
    accuracy = printed(sum(matrix[i][i] for i in range(size)) / total, decimals, cut=cut)
    return evaluation_of({"accuracy": accuracy}, classes=tuple(rows), machine=decimals == FULL)


def holds(bound: object, number: int) -> bool:
    return number in bound if isinstance(bound, Interval) else number == bound


@given(st.integers(2, 5).flatmap(lambda k: matrices(k, 60)), st.sampled_from([2, 3, 4, FULL]), st.booleans())
def test_the_printed_matrix_lies_within_margins_cells_and_pairs(matrix: list[list[int]], decimals: int, cut: bool):  # noqa: FBT001  # hypothesis passes it by name
    facts = facts_of(table_of(matrix, decimals, cut=cut))
    size = len(matrix)
    margins = value(facts, "class_margins")
    for i in range(size):
        margin = margins[f"c{i}"]
        assert margin["support"] == sum(matrix[i])
        assert holds(margin["tp"], matrix[i][i])
        assert holds(margin["predicted"], sum(matrix[j][i] for j in range(size)))
    cells = value(facts, "confusion_bounds")
    for true, row in (cells or {}).items():
        for given_as, bound in row.items():
            assert bound["low"] <= matrix[int(true[1:])][int(given_as[1:])] <= bound["high"]
    for pair in value(facts, "confused_pairs") or []:
        i, j = (int(label[1:]) for label in pair["classes"])
        assert pair["errors"]["low"] <= matrix[i][j] + matrix[j][i] <= pair["errors"]["high"]
    assert facts.named("contradiction") == []


@given(matrices(3, 40))
def test_three_classes_at_full_precision_give_the_confusions_of_every_pair(matrix: list[list[int]]):
    facts = facts_of(table_of(matrix, FULL, cut=False))
    predicted = [sum(row[i] for row in matrix) for i in range(3)]
    if all(matrix[i][i] for i in range(3)) and all(predicted):
        for pair in value(facts, "confused_pairs"):
            i, j = (int(label[1:]) for label in pair["classes"])
            assert pair["errors"] == {"low": matrix[i][j] + matrix[j][i], "high": matrix[i][j] + matrix[j][i]}


@given(matrices(4, 50))
def test_a_matrix_that_is_given_is_counted_exactly(matrix: list[list[int]]):
    named = {f"c{i}": {f"c{j}": n for j, n in enumerate(row)} for i, row in enumerate(matrix)}
    facts = facts_of(Evaluation(matrix=named))
    margins = value(facts, "class_margins")
    assert [margins[f"c{i}"]["predicted"] for i in range(4)] == [sum(row[i] for row in matrix) for i in range(4)]
    assert fact(facts, "class_margins").assumes == ()


def test_two_decimals_of_percent_leave_one_reading():
    """90 of 120, 60 of 80 and 30 of 50 rows are right, and 100, 90 and 60 are predicted."""
    rows = (
        class_row("red", precision="90.00%", recall="75.00%", f1="81.82%", support="120"),
        class_row("green", precision="66.67%", recall="75.00%", f1="70.59%", support="80"),
        class_row("blue", precision="50.00%", recall="60.00%", f1="54.55%", support="50"),
    )
    facts = facts_of(evaluation_of({"accuracy": "72.00%"}, classes=rows))
    margins = fact(facts, "class_margins")
    assert (margins.proof, margins.assumes) == ("proved_if", ("same_average=true",))
    assert margins.value == {
        "red": {"tp": 90, "support": 120, "predicted": 100},
        "green": {"tp": 60, "support": 80, "predicted": 90},
        "blue": {"tp": 30, "support": 50, "predicted": 60},
    }
    # 70 errors; 50 of them touch blue (20 missed, 30 false), so 20 are between red and green.
    assert {"classes": ["red", "green"], "errors": {"low": 20, "high": 20}} in value(facts, "confused_pairs")
    assert fact(facts, "confusion_bounds").assumes == (
        "all_classes_listed=true",
        "single_label=true",
        "same_average=true",
    )


def test_a_table_with_a_micro_average_gets_no_cells_but_keeps_its_dead_class():
    rows = (
        class_row("PER", precision="0.90", recall="0.80", f1="0.85", support="40"),
        class_row("LOC", precision="0.00", recall="0.00", f1="0.00", support="25"),
    )
    facts = facts_of(evaluation_of({"micro_f1": "0.61", "accuracy": "0.97"}, classes=rows))
    assert value(facts, "confusion_bounds") is None
    assert value(facts, "dead_classes") == ["LOC"]
    assert value(facts, "dead_classes.support") == 25


def test_a_class_without_predictions_has_no_upper_end_unless_the_rows_add_up():
    rows = (
        class_row("a", precision="0.500", recall="1.000", f1="0.667", support="30"),
        class_row("b", precision="0.000", recall="0.000", f1="0.000", support="30"),
    )
    alone = value(facts_of(evaluation_of({}, classes=rows)), "class_margins")
    assert alone["b"]["predicted"].high > 10**9
    joint = value(facts_of(evaluation_of({"accuracy": "0.500"}, classes=rows)), "class_margins")
    assert joint["b"]["predicted"] == 0


def test_figures_of_a_class_stand_at_the_scope_of_the_class():
    rows = (
        class_row("a", precision="0.9000", recall="0.7500", f1="0.8182", support="120"),
        class_row("b", precision="0.6000", recall="0.8182", f1="0.6923", support="55"),
    )
    facts = facts_of(evaluation_of({"accuracy": "0.7714"}, classes=rows))
    assert facts.at("per_class.predicted", Scope("", None, "eval", None, "b")).value == 75
    assert facts.at("per_class.predicted_ratio", Scope("", None, "eval", None, "b")).value == 75 / 55


def test_a_table_of_150_classes_takes_less_than_50_ms():
    rows = tuple(
        ClassRow(
            f"c{i}",
            {
                name: value_of(name, text)
                for name, text in (("precision", "0.71"), ("recall", "0.63"), ("f1", "0.67"), ("support", str(40 + i)))
            },
        )
        for i in range(150)
    )
    evaluation = evaluation_of({"accuracy": "0.63"}, classes=rows)
    facts_of(evaluation)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        facts_of(evaluation)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.05

"""Per-class tables: whatever confusion matrix was printed, the margins, cells and pairs contain it."""

from __future__ import annotations

import time
from dataclasses import replace
from random import Random

import pytest
from _runs import class_row, evaluation_of, fact, facts_of, value, value_of
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose import check_text
from diagnose.facts import Assumptions, classes, derive
from diagnose.interval import Interval
from diagnose.readers import read_text
from diagnose.types import ClassRow, Evaluation, Facts, Run, Scope

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


def support(text: str):
    return {"support": value_of("support", text)}


def holds(bound: object, number: int) -> bool:
    return number in bound if isinstance(bound, Interval) else number == bound


@settings(deadline=None, max_examples=60)
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


@settings(deadline=None, max_examples=60)
@given(matrices(3, 40))
def test_three_classes_at_full_precision_give_the_confusions_of_every_pair(matrix: list[list[int]]):
    facts = facts_of(table_of(matrix, FULL, cut=False))
    predicted = [sum(row[i] for row in matrix) for i in range(3)]
    if all(matrix[i][i] for i in range(3)) and all(predicted):
        for pair in value(facts, "confused_pairs"):
            i, j = (int(label[1:]) for label in pair["classes"])
            assert pair["errors"] == {"low": matrix[i][j] + matrix[j][i], "high": matrix[i][j] + matrix[j][i]}


@settings(deadline=None, max_examples=60)
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
        "same_unit=true",
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


def test_the_users_answer_that_numbers_are_rounded_narrows_the_margins_and_is_named():
    """0.71 of 350 rows: 247 to 250 when rounded (0.705 to 0.715), up to 252 where it may have been cut off (0.72)."""
    rows = (
        class_row("a", precision="0.71", recall="0.71", f1="0.71", support="350"),
        class_row("b", precision="0.60", recall="0.60", f1="0.60", support="250"),
    )
    evaluation = evaluation_of({"accuracy": "0.66"}, classes=rows)
    safe, told = (fact(facts_of(evaluation, assume=a), "class_margins") for a in ((), ("rounded=true",)))
    assert safe.value["a"]["tp"].high == 252
    assert told.value["a"]["tp"].high == 250
    assert "rounded=true" in told.assumes
    assert "rounded=true" not in safe.assumes


def test_the_answer_about_rounding_is_not_named_where_it_changes_no_number():
    rows = (
        class_row("a", precision="0.8333333333333334", recall="0.7142857142857143", support="7"),
        class_row("b", precision="0.6", recall="0.75", support="4"),
    )
    full = tuple(ClassRow(r.label, {n: replace(v, machine=n != "support") for n, v in r.metrics.items()}) for r in rows)
    facts = facts_of(evaluation_of({}, classes=full), assume=("rounded=true",))
    assert "rounded=true" not in fact(facts, "class_margins").assumes


def test_a_question_asks_for_the_answer_that_makes_the_margins_exact():
    """97 of 118 rows and 82 of 111: 2 decimals leave a second candidate only where they may have been cut off."""
    rows = (
        class_row("a", precision="0.77", recall="0.82", f1="0.80", support="118"),
        class_row("b", precision="0.80", recall="0.74", f1="0.77", support="111"),
    )
    evaluation = evaluation_of({"accuracy": "0.78"}, classes=rows)
    asked = [q for q in facts_of(evaluation).questions if "class_margins" in q.decides]
    assert [q.assume for q in asked] == ["rounded=true"]
    safe, nearest = facts_of(evaluation).named("class_margins")
    assert "rounded=true" not in safe.assumes
    assert "rounded=true" in nearest.assumes
    margins = value(facts_of(evaluation, assume=("rounded=true",)), "class_margins")
    assert margins == nearest.value
    assert margins["a"] == {"tp": 97, "support": 118, "predicted": 126}
    assert margins["b"] == {"tp": 82, "support": 111, "predicted": 103}


def test_no_margins_are_named_for_rounded_numbers_where_one_class_cannot_have_been_rounded():
    """93 of 95 rows and of 98 predictions of b are right, cut off: rounded, no whole numbers print its row."""
    rows = (
        class_row("a", precision="0.98", recall="0.96", f1="0.97", support="143"),
        class_row("b", precision="0.94", recall="0.97", f1="0.96", support="95"),
    )
    facts = facts_of(evaluation_of({"accuracy": "0.97"}, classes=rows))
    assert ["rounded=true" in found.assumes for found in facts.named("class_margins")] == [False]


def test_without_an_accuracy_one_label_a_row_is_asked_for_and_not_supposed():
    rows = (
        class_row("a", precision="0.71", recall="0.80", f1="0.75", support="400"),
        class_row("b", precision="0.77", recall="0.67", f1="0.72", support="400"),
    )
    evaluation = evaluation_of({}, classes=rows)
    facts = facts_of(evaluation)
    assert value(facts, "confusion_bounds") is None
    assert "single_label=true" in {q.assume for q in facts.questions}
    told = facts_of(evaluation, assume=("single_label=true",))
    assert "single_label=true" in fact(told, "confusion_bounds").assumes


def test_precision_nan_says_that_the_class_was_never_predicted():
    rows = (
        class_row("a", precision="0.500", recall="1.000", f1="0.667", support="30"),
        class_row("b", precision="nan", recall="0.000", f1="0.000", support="30"),
    )
    margins = value(facts_of(evaluation_of({}, classes=rows)), "class_margins")
    assert margins["b"] == {"tp": 0, "support": 30, "predicted": 0}


def test_a_class_without_rows_keeps_the_table_together():
    """Its recall is 0/0, and prints as NaN; the 3 predictions of it are the rows that the others miss."""
    rows = (
        class_row("a", precision="0.9000", recall="0.9000", f1="0.9000", support="30"),
        class_row("b", precision="1.0000", recall="0.8500", f1="0.9189", support="20"),
        class_row("c", precision="0.0000", recall="nan", f1="0.0000", support="0"),
    )
    margins = value(facts_of(evaluation_of({"accuracy": "0.8800"}, classes=rows)), "class_margins")
    assert margins["c"] == {"tp": 0, "support": 0, "predicted": 3}


def test_a_score_printed_as_a_bare_1_may_have_been_less():
    """Formats that drop zeros print 0.99996 as 1."""
    rows = (class_row("a", precision="1", recall="1", f1="1", support="40"),)
    facts = facts_of(evaluation_of({}, classes=rows))
    assert value(facts, "class_margins")["a"]["tp"].low < 40
    assert facts.at("per_class.recall", Scope("", None, "eval", None, "a")).value.low < 1


def test_the_averages_beside_a_table_exclude_candidates():
    """Of [[97, 31], [2, 50]]; [[98, 30], [2, 50]] cut off prints the same rows, but its weighted F1 is 0.8301."""
    rows = (
        class_row("a", precision="0.98", recall="0.76", f1="0.85", support="128"),
        class_row("b", precision="0.62", recall="0.96", f1="0.75", support="52"),
    )
    alone = fact(facts_of(evaluation_of({"accuracy": "0.82"}, classes=rows)), "class_margins")
    assert alone.value["a"]["tp"] == Interval(97, 98)
    joint = fact(facts_of(evaluation_of({"accuracy": "0.82", "weighted_f1": "0.82"}, classes=rows)), "class_margins")
    assert joint.value["a"] == {"tp": 97, "support": 128, "predicted": 99}
    assert "weighted_f1" in {v.metric for v in joint.evidence}
    assert "weighted_f1" not in {v.metric for v in alone.evidence}


def test_large_classes_have_margins_too():
    """Two decimals of 900,000 rows leave thousands of numbers of right rows: bounds, and no candidates."""
    rows = (
        class_row("a", precision="0.80", recall="0.90", f1="0.85", support="900000"),
        class_row("b", precision="0.60", recall="0.40", f1="0.48", support="300000"),
    )
    margins = value(facts_of(evaluation_of({"accuracy": "0.78"}, classes=rows)), "class_margins")
    assert 805500 <= margins["a"]["tp"].low <= 806000
    assert margins["b"]["predicted"].high < 260000


def test_margins_cells_and_pairs_name_the_numbers_that_they_rest_on():
    rows = (
        class_row("red", precision="90.00%", recall="75.00%", f1="81.82%", support="120"),
        class_row("green", precision="66.67%", recall="75.00%", f1="70.59%", support="80"),
        class_row("blue", precision="50.00%", recall="60.00%", f1="54.55%", support="50"),
    )
    facts = facts_of(evaluation_of({"accuracy": "72.00%"}, classes=rows))
    scores = {v for row in rows for v in row.metrics.values()}
    assert set(fact(facts, "class_margins").evidence) == scores
    for name in ("confusion_bounds", "confused_pairs"):
        assert {v.metric for v in set(fact(facts, name).evidence) - scores} == {"accuracy"}
    # 70 errors; red has 30 misses and 10 false alarms, so 30 are between green and blue.
    assert "at most E - FN - FP of 'red' = 70 - 40 = 30" in fact(facts, "confused_pairs").because
    assert "recall 75.00 % x 120 rows = 90 right, 90 / precision 90.00 % = 100" in fact(facts, "class_margins").because


def test_a_rounded_number_beside_full_doubles_is_an_assumption_of_what_rests_on_it():
    texts = {"precision": "0.5", "recall": "0.3333333333333333", "f1": "0.4"}
    first = ClassRow("a", {n: value_of(n, t, machine=True) for n, t in texts.items()} | support("3"))
    texts = {"precision": "0.6666666666666666", "recall": "0.8", "f1": "0.7272727272727273"}
    second = ClassRow("b", {n: value_of(n, t, machine=True) for n, t in texts.items()} | support("5"))
    facts = facts_of(evaluation_of({"accuracy": "0.625"}, classes=(first, second), machine=True))
    for name in ("class_margins", "confusion_bounds", "confused_pairs"):
        assert "full_precision=true" in fact(facts, name).assumes
    for label in "ab":
        found = facts.at("per_class.predicted_ratio", Scope("", None, "eval", None, label))
        assert "full_precision=true" in found.assumes


def test_pairs_of_a_matrix_do_not_depend_on_which_side_is_true():
    matrix = {"a": {"a": 5, "b": 2, "c": 0}, "b": {"a": 4, "b": 7, "c": 1}, "c": {"a": 0, "b": 3, "c": 9}}
    facts = facts_of(Evaluation(matrix=matrix, matrix_assumes=("rows_are_true=true",)))
    assert fact(facts, "class_margins").assumes == ("rows_are_true=true",)
    pairs = fact(facts, "confused_pairs")
    assert (pairs.proof, pairs.value[0]) == ("proved", {"classes": ["a", "b"], "errors": {"low": 6, "high": 6}})
    turned = facts_of(
        Evaluation(matrix=matrix, matrix_assumes=("rows_are_true=true",)), assume=("rows_are_true=false",)
    )
    assert value(turned, "confused_pairs") == pairs.value


def test_a_table_of_150_classes_takes_less_than_50_ms():
    random = Random(1)  # noqa: S311  # a repeatable draw, no secret
    matrix = [
        [random.randrange(30, 80) if i == j else random.randrange(8) // 7 for j in range(150)] for i in range(150)
    ]
    evaluation = table_of(matrix, 2, cut=False)
    run = Run(evaluations=(evaluation,))
    times = []
    for _ in range(3):
        facts, start = Facts(run), time.process_time()
        for item in classes.derive(run, facts, Assumptions()):
            facts.add(item)
        times.append(time.process_time() - start)
    assert min(times) < 0.05
    assert len(value(facts, "class_margins")) == 150
    assert value(facts, "confused_pairs")


def test_a_matrix_gives_each_class_its_precision_recall_and_f1_and_they_are_judged():
    text = "true,pos,neg,neutral\npos,3,0,121\nneg,0,8,130\nneutral,0,0,138\n"
    (run,) = read_text(text, "matrix.csv")
    found = {(f.name, f.scope.label): f.value for f in derive(run) if f.name.startswith("per_class.")}
    assert found["per_class.precision", "neutral"] == pytest.approx(138 / 389)
    assert found["per_class.recall", "pos"] == pytest.approx(3 / 124)
    assert found["per_class.f1", "neg"] == pytest.approx(16 / 146)
    rules = {finding.rule for finding in check_text(text, name="matrix.csv").findings}
    assert {"class-over-predicted", "class-under-predicted"} <= rules

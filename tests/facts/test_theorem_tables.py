"""Theorems D1 to D3 of per-class tables: whatever matrix was printed lies within what its table is said to prove."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
from _runs import evaluation_of, fact, facts_of, value_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from sklearn.metrics import precision_recall_fscore_support

from diagnose.facts import Assumptions, classes
from diagnose.facts._cells import Cells
from diagnose.facts._join import join
from diagnose.facts._margins import Candidates, candidates_of, margin_of
from diagnose.interval import Interval
from diagnose.types import ClassRow, Evaluation, Facts, Proof, Run

lawful = settings(deadline=None, max_examples=50)

PRINTS = ("d2", "d3", "d4", "percent2", "cut2", "cut3", "double", "single")
SCORES = ("precision", "recall", "f1")
JOINT = ("class_margins", "confusion_bounds", "confused_pairs")


@st.composite
def matrices(draw: st.DrawFn, most: int = 5, *, least: int = 2, largest: int = 400) -> np.ndarray:
    """Draw a confusion matrix; classes without rows, without predictions and without right rows are common."""
    size = draw(st.integers(least, most))
    cell = st.one_of(st.just(0), st.integers(0, 3), st.integers(0, largest))
    flat = draw(st.lists(cell, min_size=size * size, max_size=size * size))
    assume(sum(flat) > 0)
    return np.array(flat).reshape(size, size)


def printed(score: float, style: str) -> str:
    if math.isnan(score):
        return "nan"
    if style == "double":
        return repr(score)
    if style == "single":
        return repr(float(np.float32(score)))
    if style == "percent2":
        return f"{100 * score:.2f}%"
    decimals = int(style[-1])
    cut = math.floor(Fraction(score) * 10**decimals) / 10**decimals
    return f"{cut if style.startswith('cut') else score:.{decimals}f}"


def table_of(true: list[int], predicted: list[int], labels: list[int], style: str, zero: float) -> Evaluation:
    """Return the table that scikit-learn gives, printed, with its accuracy and its averages."""
    scores = precision_recall_fscore_support(true, predicted, labels=labels, zero_division=zero)
    machine = style in ("double", "single")
    rows = []
    for label, *three, support in zip(labels, *scores, strict=True):
        values = {n: value_of(n, printed(float(x), style), machine=machine) for n, x in zip(SCORES, three, strict=True)}
        rows.append(ClassRow(f"c{label}", values | {"support": value_of("support", str(support))}))
    accuracy = printed(float(np.mean(np.array(true) == np.array(predicted))), style)
    averages = {
        f"{average}_{name}": printed(float(score), style)
        for average in ("macro", "weighted")
        for name, score in zip(
            SCORES,
            precision_recall_fscore_support(true, predicted, labels=labels, zero_division=zero, average=average),
            strict=False,
        )
    }
    return evaluation_of({"accuracy": accuracy} | averages, classes=tuple(rows), machine=machine)


def labels_of(matrix: np.ndarray) -> tuple[list[int], list[int]]:
    pairs = [(i, j) for i, row in enumerate(matrix.tolist()) for j, count in enumerate(row) for _ in range(count)]
    return [i for i, _ in pairs], [j for _, j in pairs]


def table_facts(evaluation: Evaluation, *assume: str) -> Facts:
    """Return the facts of this subject alone."""
    facts = Facts(Run(evaluations=(evaluation,)))
    for item in classes.derive(facts.run, facts, Assumptions.parse(assume)):
        facts.add(item)
    return facts


def holds(bound: Interval | int, number: int) -> bool:
    return number in bound if isinstance(bound, Interval) else number == bound


def is_within_margins(facts: Facts, matrix: np.ndarray) -> bool:
    margins = fact(facts, "class_margins")
    return margins is None or all(
        m["support"] == matrix[i].sum() and holds(m["tp"], matrix[i, i]) and holds(m["predicted"], matrix[:, i].sum())
        for i, m in ((int(label[1:]), m) for label, m in margins.value.items())
    )


def is_within_cells(facts: Facts, matrix: np.ndarray) -> bool:
    cells, pairs = fact(facts, "confusion_bounds"), fact(facts, "confused_pairs")
    for true, row in (cells.value if cells else {}).items():
        for given_as, bound in row.items():
            if not bound["low"] <= matrix[int(true[1:]), int(given_as[1:])] <= bound["high"]:
                return False
    for pair in pairs.value if pairs else ():
        i, j = (int(label[1:]) for label in pair["classes"])
        if not pair["errors"]["low"] <= matrix[i, j] + matrix[j, i] <= pair["errors"]["high"]:
            return False
    return True


@lawful
@given(matrices(), st.sampled_from(PRINTS), st.sampled_from([0.0, 1.0, math.nan]))
def test_d1_and_d2_the_matrix_lies_within_margins_and_cells(matrix: np.ndarray, style: str, zero: float):
    labels = list(range(len(matrix)))
    facts = table_facts(table_of(*labels_of(matrix), labels, style, zero))
    assert is_within_margins(facts, matrix)
    assert is_within_cells(facts, matrix)


@lawful
@given(matrices(), st.sampled_from(["d2", "d3", "percent2"]), st.sampled_from([0.0, 1.0, math.nan]))
def test_d1_the_answer_that_numbers_are_rounded_keeps_the_truth_and_only_narrows(
    matrix: np.ndarray, style: str, zero: float
):
    evaluation = table_of(*labels_of(matrix), list(range(len(matrix))), style, zero)
    safe, told = table_facts(evaluation), table_facts(evaluation, "rounded=true")
    assert is_within_margins(told, matrix)
    assert is_within_cells(told, matrix)
    wide, narrow = (fact(facts, "class_margins") for facts in (safe, told))
    if wide is not None and narrow is not None:
        for label, row in narrow.value.items():
            for key in ("tp", "predicted"):
                ends = Interval.of(row[key])
                assert Interval.of(wide.value[label][key]).hull(ends) == Interval.of(wide.value[label][key])


@lawful
@given(matrices(largest=120), st.sampled_from(["d2", "d3", "percent2"]), st.sampled_from([0.0, 1.0, math.nan]))
def test_d1_what_rounding_adds_is_what_its_answer_would_say_and_exact(matrix: np.ndarray, style: str, zero: float):
    evaluation = table_of(*labels_of(matrix), list(range(len(matrix))), style, zero)
    safe, told = table_facts(evaluation), table_facts(evaluation, "rounded=true")
    added = [f for name in JOINT for f in safe.named(name) if "rounded=true" in f.assumes]
    for found in added:
        assert found.proof is Proof.PROVED_IF
        assert found.value == fact(told, found.name).value
        assert set(found.evidence) == set(fact(told, found.name).evidence)
    margins = [f.value for f in added if f.name == "class_margins"]
    for i, row in enumerate(matrix):
        assert all(m[f"c{i}"]["tp"] == row[i] and m[f"c{i}"]["predicted"] == matrix[:, i].sum() for m in margins)
    assert [q.assume for q in safe.questions if q.assume == "rounded=true"] == ["rounded=true"] * len(margins)


@lawful
@given(matrices(4), st.sampled_from(PRINTS), st.data())
def test_what_holds_without_naming_one_label_a_row_holds_with_classes_left_out(
    matrix: np.ndarray, style: str, data: st.DataObject
):
    """Rows left out of the table break only what names all_classes_listed."""
    listed = sorted(data.draw(st.sets(st.integers(0, len(matrix) - 1), min_size=1)))
    facts = table_facts(table_of(*labels_of(matrix), listed, style, 0.0))
    margins = fact(facts, "class_margins")
    if margins is not None and "all_classes_listed=true" not in margins.assumes:
        assert is_within_margins(facts, matrix)
    if len(listed) < len(matrix):
        for name in ("confusion_bounds", "confused_pairs"):
            found = fact(facts, name)
            assert found is None or "all_classes_listed=true" in found.assumes


@lawful
@given(st.integers(1, 60), st.integers(2, 4), st.sampled_from(PRINTS), st.randoms(use_true_random=False))
def test_what_holds_without_naming_one_label_a_row_holds_with_several(rows: int, size: int, style: str, random: object):
    """Each class of a multi-label table is counted by itself."""
    true, predicted = (
        np.array([[random.random() < 0.4 for _ in range(size)] for _ in range(rows)])  # type: ignore[attr-defined]
        for _ in range(2)
    )
    scores = precision_recall_fscore_support(true, predicted, zero_division=0.0)
    machine = style in ("double", "single")
    table = tuple(
        ClassRow(
            f"c{i}",
            {n: value_of(n, printed(float(x[i]), style), machine=machine) for n, x in zip(SCORES, scores, strict=False)}
            | {"support": value_of("support", str(scores[3][i]))},
        )
        for i in range(size)
    )
    margins = fact(table_facts(Evaluation(classes=table)), "class_margins")
    if margins is not None and "single_label=true" not in margins.assumes:
        for i in range(size):
            row = margins.value[f"c{i}"]
            assert holds(row["tp"], int((true[:, i] & predicted[:, i]).sum()))
            assert holds(row["predicted"], int(predicted[:, i].sum()))


@lawful
@given(matrices(3, least=3))
def test_d3_full_doubles_of_three_classes_give_the_confusions_of_every_pair(matrix: np.ndarray):
    matrix += np.eye(3, dtype=int)
    facts = table_facts(table_of(*labels_of(matrix), [0, 1, 2], "double", 0.0))
    for pair in fact(facts, "confused_pairs").value:
        i, j = (int(label[1:]) for label in pair["classes"])
        assert pair["errors"]["low"] == pair["errors"]["high"] == matrix[i, j] + matrix[j, i]


def known(matrix: np.ndarray) -> Cells:
    margins = [
        margin_of(f"c{i}", int(row.sum()), [(int(row[i]),) * 2 + (int(matrix[:, i].sum()),) * 2])
        for i, row in enumerate(matrix)
    ]
    return Cells(margins, (int(np.trace(matrix)),) * 2)


@lawful
@given(matrices(5), st.data())
def test_d2_the_closed_form_is_the_linear_programme_where_the_margins_are_known(
    matrix: np.ndarray, data: st.DataObject
):
    """The transportation polytope with a forbidden diagonal, solved by HiGHS."""
    size = len(matrix)
    places = [(i, j) for i in range(size) for j in range(size) if i != j]
    place = data.draw(st.sampled_from(places))
    sums = [[float(p[side] == k) for p in places] for side in (0, 1) for k in range(size)]
    wrong = matrix - np.diag(np.diag(matrix))
    ends = [
        sign * linprog([sign * float(p == place) for p in places], A_eq=sums, b_eq=[*wrong.sum(1), *wrong.sum(0)]).fun
        for sign in (1, -1)
    ]
    assert known(matrix).cell(*place) == (round(ends[0]), round(ends[1]))


def by_trial(candidates: list[Candidates], supports: list[int], right: int) -> list[set[tuple[int, int]]]:
    """Return the (right rows, predictions) of each class that some choice for all classes has.

    A choice adds up to the rows and the right ones, and no class has part in more errors than there are.
    """
    chosen: list[list[tuple[int, int]]] = [[]]
    for options in candidates:
        points = [(t, p) for a, b, low, high in options for t in range(a, b + 1) for p in range(low, high + 1)]
        chosen = [[*before, point] for before in chosen for point in points]
    rows = sum(supports)
    whole = [
        c
        for c in chosen
        if sum(p for _, p in c) == rows
        and sum(t for t, _ in c) == right
        and all(s + p - 2 * t <= rows - right for s, (t, p) in zip(supports, c, strict=True))
    ]
    return [{c[i] for c in whole} for i in range(len(candidates))]


@lawful
@given(matrices(3, largest=30), st.sampled_from(["d2", "cut2"]))
def test_joining_keeps_every_choice_that_adds_up(matrix: np.ndarray, style: str):
    matrix += np.eye(len(matrix), dtype=int)
    evaluation = table_of(*labels_of(matrix), list(range(len(matrix))), style, 0.0)
    supports = [int(row.sum()) for row in matrix]
    candidates = [candidates_of(row, s) for row, s in zip(evaluation.classes, supports, strict=True)]
    assume(all(q - p < 20 for options in candidates for _, _, p, q in options))
    right = int(np.trace(matrix))
    joined = join(candidates, supports, Interval.of(right))
    for kept, points in zip(joined, by_trial(candidates, supports, right), strict=True):
        assert all(any(a <= t <= b and low <= p <= high for a, b, low, high in kept) for t, p in points)


@lawful
@given(matrices(4), st.sampled_from(["d2", "d3"]))
def test_more_digits_never_widen_a_margin_of_a_class_by_itself(matrix: np.ndarray, style: str):
    labels, rows = list(range(len(matrix))), []
    for digits in (style, "d6"):
        evaluation = table_of(*labels_of(matrix), labels, digits, 0.0)
        rows.append([candidates_of(row, int(matrix[i].sum())) for i, row in enumerate(evaluation.classes)])
    for support, coarse, fine in zip(matrix.sum(1).tolist(), *rows, strict=True):
        wide, narrow = (margin_of("", support, found) for found in (coarse, fine))
        assert wide.tp.low <= narrow.tp.low <= narrow.tp.high <= wide.tp.high
        assert wide.predicted.low <= narrow.predicted.low <= narrow.predicted.high <= wide.predicted.high


def test_the_margins_of_interval_numbers_bound_each_cell_as_a_linear_programme_does():
    """With two decimals the closed form in its three ways is within a few rows of HiGHS on the linear relaxation."""
    matrix = np.array([[410, 60, 30], [45, 280, 75], [20, 90, 490]])
    facts = table_facts(table_of(*labels_of(matrix), [0, 1, 2], "d2", 0.0))
    widths = [b["high"] - b["low"] for row in fact(facts, "confusion_bounds").value.values() for b in row.values()]
    exact = [high - low for low, high in (known(matrix).cell(i, j) for i in range(3) for j in range(3) if i != j)]
    assert sum(exact) <= sum(widths) <= 2 * sum(exact)
    assert all(a["errors"]["low"] >= b["errors"]["low"] for a, b in pairwise(fact(facts, "confused_pairs").value))


def test_the_facts_of_a_table_are_those_of_the_whole_layer():
    matrix = np.array([[40, 10], [5, 45]])
    evaluation = table_of(*labels_of(matrix), [0, 1], "d3", 0.0)
    assert fact(facts_of(evaluation), "class_margins").value == fact(table_facts(evaluation), "class_margins").value

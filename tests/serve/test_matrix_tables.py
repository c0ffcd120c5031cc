"""The confusion matrices of the page: bounds that hold the truth, and exact cells where they are known."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.api import check_text
from diagnose.serve.matrices import Matrix, matrices

CELLS = st.lists(st.lists(st.integers(0, 60), min_size=3, max_size=3), min_size=3, max_size=3)


def report_of(matrix):
    """Print the per-class table of a matrix, as scikit-learn does."""
    names, total = "abc", sum(map(sum, matrix))
    lines = ["              precision    recall  f1-score   support", ""]
    scores = []
    for i, name in enumerate(names):
        hit, support, predicted = matrix[i][i], sum(matrix[i]), sum(row[i] for row in matrix)
        p, r = (hit / n if n else 0.0 for n in (predicted, support))
        scores.append((p, r, 2 * p * r / (p + r) if p + r else 0.0, support))
        lines.append(f"{name:>12} {p:10.4f} {r:9.4f} {scores[-1][2]:9.4f} {support:9d}")
    right = sum(matrix[i][i] for i in range(3))
    means = [sum(row[k] for row in scores) / 3 for k in range(3)]
    weighted = [sum(row[k] * row[3] for row in scores) / total for k in range(3)]
    lines += ["", f"    accuracy {right / total:30.4f} {total:9d}"]
    for name, mean in (("macro avg", means), ("weighted avg", weighted)):
        lines.append(f"{name:>12} {mean[0]:10.4f} {mean[1]:9.4f} {mean[2]:9.4f} {total:9d}")
    return "\n".join(lines)


@settings(max_examples=15, deadline=None)
@given(CELLS)
def test_each_cell_has_ordered_bounds_that_hold_the_truth(cells):
    cells = [[number + (i == j) for j, number in enumerate(row)] for i, row in enumerate(cells)]
    for found in matrices(check_text(report_of(cells))):
        for (true, predicted), (low, high) in found.cells.items():
            assert 0 <= low <= high
            assert low <= cells["abc".index(true)]["abc".index(predicted)] <= high
        for true in found.labels:
            assert 0 <= sum(found.share(true, predicted) for predicted in found.labels) <= 1 + 1e-9


def test_a_table_that_says_less_than_a_matrix_bounds_it():
    (found,) = matrices(check_text(report_of([[50, 9, 1], [4, 30, 6], [2, 8, 90]])))
    assert not found.is_exact
    assert found.cells["a", "a"] == (50, 50)
    assert "proved if" in found.proof


def test_a_given_matrix_is_exact():
    (found,) = matrices(check_text(",cat,dog\ncat,50,10\ndog,5,35\n", name="confusion_matrix.csv"))
    assert found.is_exact
    assert found.cells["cat", "dog"] == (10, 10)
    assert found.share("cat", "dog") == 10 / 60


def test_of_many_classes_those_with_the_most_errors_are_shown():
    size = 30
    names = [f"c{i}" for i in range(size)]
    rows = [
        ",".join([names[i], *(str(90 if i == j else i if j == (i + 1) % size else 0) for j in range(size))])
        for i in range(size)
    ]
    (found,) = matrices(check_text("\n".join([",".join(["", *names]), *rows]), name="confusion_matrix.csv"))
    assert len(found.labels) == 15
    assert {"c28", "c29"} <= set(found.labels)
    assert "of 30" in found.note


def test_an_empty_row_has_no_shares():
    assert Matrix("", ("a",), {("a", "a"): (0, 0)}, "").share("a", "a") == 0

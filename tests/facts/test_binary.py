"""The binary confusion matrix: recovered exactly, up to a factor, or refused."""

from __future__ import annotations

import math
from fractions import Fraction

from _runs import evaluation_of, fact, facts_of, printed, value
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diagnose.facts._binary import Matrix, primitive, simplest
from diagnose.facts._binary_search import Box, least_rows, matrices
from diagnose.interval import Interval, printed_interval
from diagnose.types import Fact, Proof

CELLS = st.tuples(*[st.integers(1, 400)] * 4).map(lambda cells: Matrix(*cells))


def ratios(matrix: Matrix) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """Return accuracy, precision, recall and F1."""
    tp, fp, fn = matrix.tp, matrix.fp, matrix.fn
    return (
        Fraction(tp + matrix.tn, matrix.rows),
        Fraction(tp, tp + fp),
        Fraction(tp, tp + fn),
        Fraction(2 * tp, 2 * tp + fp + fn),
    )


def texts_of(matrix: Matrix, decimals: int, *, truncated: bool) -> dict[str, str]:
    """Return the four scores with so many decimals."""
    unit = 10**decimals
    cut = math.floor if truncated else round
    names = ("accuracy", "precision", "recall", "f1")
    return {n: f"{cut(r * unit) / unit:.{decimals}f}" for n, r in zip(names, ratios(matrix), strict=True)}


def doubles_of(matrix: Matrix) -> dict[str, str]:
    """Return the four scores as Python prints them."""
    names = ("accuracy", "precision", "recall", "f1")
    return {name: repr(float(ratio)) for name, ratio in zip(names, ratios(matrix), strict=True)}


def intervals(texts: dict[str, str], *, machine: bool = False) -> list[Interval]:
    """Return what the texts stand for."""
    found = [printed_interval(text, machine=machine) for text in texts.values()]
    return [i for i in found if i is not None]


def holds(found: Fact, *, truncated: bool) -> bool:
    """Whether the assumptions of a fact about rounded or truncated numbers hold."""
    return not (truncated and "rounded=true" in found.assumes)


@given(st.fractions(min_value=Fraction(1, 500), max_value=Fraction(499, 500), max_denominator=500))
def test_the_simplest_fraction_of_a_narrow_interval_is_the_fraction_in_it(fraction):
    narrow = Interval(fraction - Fraction(1, 10**9), fraction + Fraction(1, 10**9))
    assert simplest(narrow) == fraction


@given(CELLS)
def test_scores_printed_in_full_give_the_matrix_up_to_a_factor(matrix):
    found = primitive(*intervals(doubles_of(matrix), machine=True))
    assert found is not None
    factor = math.gcd(matrix.tp, matrix.fp, matrix.fn, matrix.tn)
    assert found.matrix.times(factor) == matrix


@settings(max_examples=60)
@given(CELLS, st.integers(2, 5), st.booleans())
def test_a_complete_search_finds_the_true_matrix(matrix, decimals, truncated):
    texts = texts_of(matrix, decimals, truncated=truncated)
    box = Box.of(*intervals(texts))
    found, complete = matrices(Interval.of(matrix.rows), box) if box is not None else ([], False)
    if complete:
        assert found == [matrix] or len(found) > 1


@settings(max_examples=60)
@given(CELLS, st.integers(2, 5), st.booleans())
def test_the_least_number_of_rows_is_no_larger_than_the_true_one(matrix, decimals, truncated):
    box = Box.of(*intervals(texts_of(matrix, decimals, truncated=truncated)))
    least = None if box is None else least_rows(box)
    assert least is None or least <= matrix.rows


@settings(max_examples=50, deadline=None)
@given(CELLS, st.integers(2, 5), st.booleans(), st.booleans())
def test_no_statement_about_a_binary_matrix_is_wrong(matrix, decimals, truncated, counted):
    """Every proved or proved_if fact of a binary report contains the truth, rounded or truncated, N given or not."""
    texts = texts_of(matrix, decimals, truncated=truncated)
    if counted:
        texts["samples"] = str(matrix.rows)
    facts = printed(("averaging=binary",), **texts)
    truth = {
        "prevalence": Fraction(matrix.tp + matrix.fn, matrix.rows),
        "predicted_positive_share": Fraction(matrix.tp + matrix.fp, matrix.rows),
        "sample_count": matrix.rows,
    }
    for name, expected in truth.items():
        found = fact(facts, name)
        if found is not None and found.proof in (Proof.PROVED, Proof.PROVED_IF) and holds(found, truncated=truncated):
            bounds = Interval.of(found.value)
            assert float(bounds.low) - 1e-12 <= expected <= float(bounds.high) + 1e-12
    exact = fact(facts, "confusion_matrix")
    assert exact is None or exact.value == matrix.cells() or not holds(exact, truncated=truncated)
    assert fact(facts, "binary_matrix_possible") is None
    assert "binary" in value(facts, "averaging")


def test_a_full_precision_report_without_rows_is_known_up_to_a_factor():
    matrix = Matrix(812, 97, 203, 41237)
    facts = printed(machine=True, **doubles_of(matrix))
    found = fact(facts, "confusion_matrix_up_to_factor")
    assert found is not None
    assert found.value == matrix.cells()
    assert found.proof is Proof.PROVED_IF
    assert "one_matrix=true" in found.assumes
    assert any(name.startswith("samples_below=") for name in found.assumes)
    assert math.isclose(value(facts, "prevalence"), 1015 / 42349)
    assert math.isclose(value(facts, "lift_over_majority"), (812 + 41237 - 41334) / 42349)


def test_the_number_of_rows_settles_the_factor():
    matrix = Matrix(20, 4, 6, 70)
    facts = printed(machine=True, **doubles_of(matrix), samples="300")
    assert value(facts, "confusion_matrix") == matrix.times(3).cells()
    assert value(facts, "confusion_matrix_up_to_factor") is None


def test_rows_that_are_no_multiple_rule_the_binary_reading_out():
    facts = printed(machine=True, **doubles_of(Matrix(20, 4, 6, 70)), samples="333")
    assert value(facts, "binary_matrix_possible") is False
    assert "binary" not in value(facts, "averaging")


def test_an_accuracy_of_another_unit_gives_no_matrix():
    """Entity scores beside a token accuracy make integers too, but hardly ever with the accuracy's own denominator."""
    tp, fp, fn = 1630, 211, 174
    entity = Matrix(tp, fp, fn, 0)
    texts = doubles_of(entity) | {"accuracy": repr(45113 / 46435)}
    facts = printed(machine=True, **texts)
    assert fact(facts, "confusion_matrix_up_to_factor") is None
    assert value(facts, "unit_mismatch") is True


def test_a_round_accuracy_that_the_least_matrix_has_is_of_the_same_unit():
    """Three quarters of 252 rows: an accuracy with a small denominator is no coincidence that needs explaining."""
    facts = printed(machine=True, **doubles_of(Matrix(94, 31, 32, 95)))
    assert value(facts, "unit_mismatch") is None


def test_a_recall_equal_to_the_accuracy_is_no_binary_matrix():
    """Micro averages are all equal, and a symmetric matrix that prints them would be a coincidence."""
    facts = printed(accuracy="0.621", precision="0.621", recall="0.621", f1="0.621", samples="1000")
    assert fact(facts, "confusion_matrix") is None
    equal = dict.fromkeys(("accuracy", "precision", "recall", "f1"), "0.8000")
    assert fact(printed(("averaging=binary",), **equal, samples="10"), "confusion_matrix") is not None


def test_four_counts_are_the_matrix():
    facts = printed(tp="128", fp="128", fn="0", tn="0", mcc="0.0")
    assert value(facts, "confusion_matrix") == {"tp": 128, "fp": 128, "fn": 0, "tn": 0}
    assert value(facts, "matrix") == {
        "positive": {"positive": 128, "negative": 0},
        "negative": {"positive": 128, "negative": 0},
    }
    constant = fact(facts, "constant_prediction")
    assert constant is not None
    assert constant.value is True
    assert constant.proof is Proof.PROVED
    assert value(facts, "predicted_positive_share") == 1


def test_a_matrix_of_two_named_classes_has_its_positive_one():
    matrix = {"no": {"no": 50, "yes": 5}, "yes": {"no": 10, "yes": 35}}
    facts = facts_of(evaluation_of({}, matrix=matrix))
    assert value(facts, "confusion_matrix") == {"tp": 35, "fp": 5, "fn": 10, "tn": 50}


def test_undefined_precision_with_no_recall_means_that_nothing_is_positive():
    facts = printed(accuracy="0.95", precision="nan", recall="0.0", f1="0.0")
    assert value(facts, "predicted_positive_share") == 0


@settings(max_examples=40)
@given(CELLS)
def test_the_answer_that_it_is_not_one_matrix_is_taken(matrix):
    assume(matrix.rows > 1)
    facts = printed(("one_matrix=false",), **doubles_of(matrix))
    assert fact(facts, "confusion_matrix_up_to_factor") is None
    assert fact(facts, "prevalence") is None

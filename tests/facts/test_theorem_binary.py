"""The theorems about one binary matrix: each is drawn as a truth, printed, and checked on what was printed."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import pytest
from _runs import evaluation_of, fact, facts_of, printed, value
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from diagnose.facts._binary import Matrix, primitive, simplest
from diagnose.facts._binary_measures import MEASURES
from diagnose.facts._binary_search import Box, least_rows, matrices, positives
from diagnose.facts._mcc import exchanged, with_mcc
from diagnose.interval import Interval, printed_interval
from diagnose.types import Facts, Proof

FOUR = ("accuracy", "precision", "recall", "f1")
SMALL = st.tuples(*[st.integers(1, 60)] * 4).map(lambda cells: Matrix(*cells))
LARGE = st.tuples(*[st.integers(1, 30_000)] * 4).map(lambda cells: Matrix(*cells))
STRICT = (Proof.PROVED, Proof.PROVED_IF)


def scores(matrix: Matrix) -> dict[str, Fraction]:
    """Return accuracy, precision, recall and F1 as exact fractions."""
    tp, fp, fn, tn = matrix.tp, matrix.fp, matrix.fn, matrix.tn
    exact = (
        Fraction(tp + tn, matrix.rows), Fraction(tp, tp + fp), Fraction(tp, tp + fn), Fraction(2 * tp, 2 * tp + fp + fn)
    )  # fmt: skip
    return dict(zip(FOUR, exact, strict=True))


def cut(number: Fraction, decimals: int, *, truncated: bool) -> str:
    """Return a share with so many decimals, rounded to the nearest or truncated."""
    unit = 10**decimals
    digits = math.trunc(number * unit) if truncated else round(number * unit)
    return f"{digits // unit}.{digits % unit:0{decimals}d}"


def texts(matrix: Matrix, decimals: int, *, truncated: bool) -> dict[str, str]:
    """Return the four scores as printed with so many decimals."""
    return {name: cut(ratio, decimals, truncated=truncated) for name, ratio in scores(matrix).items()}


def doubles(matrix: Matrix) -> dict[str, str]:
    """Return the four scores as Python prints them."""
    return {name: repr(float(ratio)) for name, ratio in scores(matrix).items()}


def box_of(written: dict[str, str]) -> Box | None:
    """Return the box of the four printed scores."""
    found = [printed_interval(written[name]) for name in FOUR]
    return Box.of(*(i.meet(Interval(0, 1)) for i in found))  # type: ignore[misc, union-attr]


def every_matrix(rows: int, box: dict[str, Interval]) -> list[Matrix]:
    """Return all matrices with a true positive whose scores lie in the intervals, by trying each."""
    found = []
    for tp, fp, fn in product(range(1, rows + 1), range(rows + 1), range(rows + 1)):
        if tp + fp + fn <= rows:
            matrix = Matrix(tp, fp, fn, rows - tp - fp - fn)
            if all(ratio in box[name] for name, ratio in scores(matrix).items()):
                found.append(matrix)
    return found


def assert_contains(facts: Facts, name: str, truth: Fraction | float) -> None:
    """Check that a strict fact of that name, if there is one, contains the truth."""
    found = fact(facts, name)
    if found is not None and found.proof in STRICT:
        bounds = Interval.of(found.value)
        assert float(bounds.low) - 1e-12 <= truth <= float(bounds.high) + 1e-12


@settings(max_examples=60, deadline=None)
@given(st.fractions(0, 1, max_denominator=400), st.integers(0, 10**5))
def test_the_simplest_fraction_has_the_least_denominator(fraction, widening):
    spread = Fraction(widening + 1, 10**7)
    low, high = max(fraction - spread, Fraction(1, 10**4)), fraction + spread
    assume(low < high)
    found = simplest(Interval(low, high))
    assert low <= found <= high
    assert all(math.ceil(low * b) > math.floor(high * b) for b in range(1, found.denominator))


@settings(max_examples=60, deadline=None)
@given(LARGE)
def test_the_certificate_singles_the_primitive_matrix_out(matrix):
    """A1 and A2: below `rows_below` rows the least matrix is the truth up to a factor."""
    found = primitive(*(printed_interval(text, machine=True) for text in doubles(matrix).values()))  # type: ignore[arg-type]
    assert found is not None
    if matrix.rows < found.rows_below:
        assert found.matrix.times(math.gcd(matrix.tp, matrix.fp, matrix.fn, matrix.tn)) == matrix


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(1, 9)] * 4).map(lambda c: Matrix(*c)), st.integers(2, 3), st.booleans())
def test_the_search_finds_exactly_what_trying_every_matrix_finds(matrix, decimals, truncated):
    """A4: with N known the closed form loses no matrix and invents none."""
    written = texts(matrix, decimals, truncated=truncated)
    box = box_of(written)
    assume(box is not None and not box.perfect)
    intervals = {name: printed_interval(text).meet(Interval(0, 1)) for name, text in written.items()}
    expected = every_matrix(matrix.rows, intervals)
    found, complete = matrices(Interval.of(matrix.rows), box)
    assert complete == (len(expected) < 2)
    assert set(found) <= set(expected)
    assert len(found) == min(2, len(expected))
    assert positives(matrix.rows, box)[0] == {m.tp + m.fn for m in expected}


@settings(max_examples=40, deadline=None)
@given(SMALL, st.integers(2, 4), st.booleans())
def test_no_fewer_than_the_least_rows_print_the_scores(matrix, decimals, truncated):
    box = box_of(texts(matrix, decimals, truncated=truncated))
    assume(box is not None)
    least = least_rows(box)
    assume(least is not None)
    assert least <= matrix.rows
    for rows in range(1, min(least, 40)):
        assert matrices(Interval.of(rows), box) == ([], True)


@settings(max_examples=60, deadline=None)
@given(LARGE, st.sampled_from(["counted", "timed"]), st.floats(0.1, 300))
def test_full_doubles_with_a_number_of_rows_give_the_matrix(matrix, source, seconds):
    """A5: rows as printed, or as runtime times rate, settle the factor of scores printed in full."""
    assume(scores(matrix)["recall"] != scores(matrix)["accuracy"])
    written = doubles(matrix)
    if source == "counted":
        written["samples"] = str(matrix.rows)
    else:
        written["runtime"] = repr(round(seconds, 4))
        written["samples_per_second"] = repr(round(matrix.rows / seconds, 3))
    facts = printed(machine=True, **written)
    found = fact(facts, "confusion_matrix") or fact(facts, "confusion_matrix_up_to_factor")
    assert found is not None
    factor = matrix.rows // sum(found.value.values())
    assert Matrix(**found.value).times(factor) == matrix


@settings(max_examples=50, deadline=None)
@given(SMALL, st.integers(2, 4), st.booleans())
def test_the_prevalence_lies_within_what_any_two_or_three_scores_say(matrix, decimals, truncated):
    """A6, acc + F1 and P + R: the shares of the truth lie in every interval."""
    written = texts(matrix, decimals, truncated=truncated)
    share = Fraction(matrix.tp + matrix.fn, matrix.rows)
    for names in (("accuracy", "f1"), ("precision", "recall"), ("accuracy", "precision", "recall"), FOUR):
        facts = printed(("averaging=binary",), **{name: written[name] for name in names})
        assert_contains(facts, "prevalence", share)
        assert_contains(facts, "majority_share", max(share, 1 - share))


def test_accuracy_and_f1_bound_the_prevalence_and_name_no_matrix():
    facts = printed(("averaging=binary",), machine=True, accuracy="0.9", f1="0.8", samples="100")
    bounds = value(facts, "prevalence")
    assert math.isclose(bounds.low, 0.2, rel_tol=1e-9)
    assert math.isclose(bounds.high, 0.3, rel_tol=1e-9)
    assert fact(facts, "confusion_matrix") is None
    assert fact(printed(machine=True, accuracy="0.9", f1="0.8"), "prevalence") is None


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.integers(0, 12)] * 4).map(lambda c: Matrix(*c)), st.sampled_from([3, 4, 16]))
def test_the_search_by_accuracy_and_mcc_loses_no_matrix(matrix, decimals):
    """A3: up to the exchange of the classes, and of labels and predictions."""
    mcc = MEASURES["mcc"].of(matrix)
    assume(mcc is not None and abs(mcc) > 0.01)
    interval = printed_interval(repr(mcc), machine=True) if decimals == 16 else printed_interval(f"{mcc:.{decimals}f}")
    errors = matrix.fp + matrix.fn
    found = with_mcc(matrix.rows, errors, interval)
    assert found is not None
    if len(found) == 1:
        assert matrix in set(exchanged(found[0]))
    correct = matrix.rows - errors
    expected = set()
    for fp, tp in product(range(errors // 2 + 1), range(correct // 2 + 1)):
        other = Matrix(tp, fp, errors - fp, correct - tp)
        coefficient = MEASURES["mcc"].of(other)
        if coefficient is not None and interval.low <= coefficient <= interval.high:
            expected.add(other)
    # On an end of the interval a float decides; one matrix too many is no loss.
    assert all(interval.low - 1e-6 <= MEASURES["mcc"].of(other) <= interval.high + 1e-6 for other in found)
    assert len(found) >= min(2, len(expected))


def test_accuracy_and_mcc_printed_in_full_leave_four_matrices_and_f1_two():
    matrix = Matrix(31, 5, 12, 152)
    facts = {"accuracy": repr(183 / 200), "mcc": repr(MEASURES["mcc"].of(matrix)), "samples": "200"}
    four = printed(machine=True, **facts)
    assert {Matrix(**cells) for cells in value(four, "possible_matrices")} == set(exchanged(matrix))
    two = fact(printed(machine=True, **facts, f1=repr(62 / 79)), "possible_matrices")
    assert two is not None
    assert two.proof is Proof.PROVED_IF
    assert [cells["tp"] for cells in two.value] == [31, 31]
    one = printed(machine=True, **facts, recall=repr(31 / 43))
    assert value(one, "confusion_matrix") == matrix.cells()


def history(rows: list[Matrix], decimals: int, *, truncated: bool = False, **more: str) -> Facts:
    """Return the facts of a history that prints one matrix a row."""
    return facts_of(
        *(
            evaluation_of(texts(matrix, decimals, truncated=truncated) | more, step=float(step), epoch=float(step))
            for step, matrix in enumerate(rows, 1)
        )
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Matrix]:
    """Draw the matrices of several epochs on one evaluation set."""
    negative, positive = draw(st.integers(30, 400)), draw(st.integers(10, 200))
    cells = st.tuples(st.integers(1, positive), st.integers(0, negative))
    return [
        Matrix(tp, fp, positive - tp, negative - fp)
        for tp, fp in draw(st.lists(cells, min_size=2, max_size=5, unique=True))
    ]


@settings(max_examples=40, deadline=None)
@given(histories(), st.integers(3, 4), st.booleans(), st.booleans())
def test_rows_of_one_evaluation_set_share_its_rows_and_positives(rows, decimals, truncated, counted):
    """A9: the least common N is no larger than the truth; with N known the positives that fit are the truth's."""
    more = {"samples": str(rows[0].rows)} if counted else {}
    facts = history(rows, decimals, truncated=truncated, **more)
    least, positive = fact(facts, "sample_count.shared"), fact(facts, "positive_count")
    assert least is None or least.value <= rows[0].rows
    if positive is not None and positive.proof in STRICT and not (truncated and "rounded=true" in positive.assumes):
        assert positive.value == rows[0].tp + rows[0].fn
        assert "same_rows=true" in positive.assumes
    matrix = fact(facts, "confusion_matrix")
    if matrix is not None and matrix.proof in STRICT and not (truncated and "rounded=true" in matrix.assumes):
        assert matrix.value == rows[-1].cells()


def test_a_history_of_four_decimals_tells_how_many_rows_it_was_evaluated_on():
    """No other number below the double fits five epochs, so this one is implied, and the last matrix with it."""
    rows = [Matrix(tp, fp, 137 - tp, 700 - fp) for tp, fp in ((61, 22), (80, 35), (92, 31), (101, 48), (99, 29))]
    facts = history(rows, 4)
    found = fact(facts, "sample_count")
    assert found is not None
    assert (found.value, found.proof) == (837, Proof.IMPLIED)
    assert value(facts, "positive_count") == 137
    matrix = fact(facts, "confusion_matrix")
    assert matrix is not None
    assert (matrix.value, matrix.proof) == (rows[-1].cells(), Proof.IMPLIED)
    assert value(facts, "sample_count.shared") == 837


def test_other_rows_of_the_history_single_a_matrix_out():
    """Of three decimals and 1,500 rows several matrices are left, and one of them has the positives of the others."""
    rows = [Matrix(tp, fp, 420 - tp, 1080 - fp) for tp, fp in ((211, 57), (280, 101), (300, 95))]
    alone = facts_of(evaluation_of(texts(rows[-1], 3, truncated=False) | {"samples": "1500"}))
    assert fact(alone, "confusion_matrix") is None
    found = fact(history(rows, 3, samples="1500"), "confusion_matrix")
    assert found is not None
    assert found.value == rows[-1].cells()
    assert "same_rows=true" in found.assumes


def test_full_doubles_of_a_history_have_a_least_common_number_of_rows():
    rows = [Matrix(20, 4, 6, 70), Matrix(22, 6, 4, 68)]
    evaluations = (evaluation_of(doubles(m), machine=True, step=float(s)) for s, m in enumerate(rows))
    facts = facts_of(*evaluations)
    assert value(facts, "sample_count.shared") == 50


def test_a_reading_that_needs_rounded_numbers_says_so():
    """Truncated scores leave two matrices, rounded ones leave one: it is named with the assumption."""
    for tp, fp, fn in product(range(300, 340, 3), range(40, 60, 3), range(50, 60, 3)):
        matrix = Matrix(tp, fp, fn, 1000 - tp - fp - fn)
        found = fact(printed(**texts(matrix, 3, truncated=False), samples="1000"), "confusion_matrix")
        if found is not None and "rounded=true" in found.assumes:
            assert found.value == matrix.cells()
            safe = box_of(texts(matrix, 3, truncated=False))
            assert safe is not None
            assert len(matrices(Interval.of(1000), safe)[0]) == 2
            return
    pytest.fail("no matrix needed the assumption")


def test_a_redundant_metric_singles_a_matrix_out():
    """Where the four scores leave several matrices, a printed MCC or specificity decides."""
    matrix = Matrix(3170, 461, 531, 10838)
    written = texts(matrix, 3, truncated=False) | {"samples": "15000"}
    assert fact(printed(**written), "confusion_matrix") is None
    more = {name: repr(MEASURES[name].of(matrix)) for name in ("mcc", "specificity")}
    found = fact(printed(**written, **more), "confusion_matrix")
    assert found is not None
    assert found.value == matrix.cells()
    assert {v.metric for v in found.evidence} >= {"mcc", "specificity"}


@settings(max_examples=40, deadline=None)
@given(SMALL)
def test_the_measures_are_those_of_scikit_learn(matrix):
    metrics = pytest.importorskip("sklearn.metrics")
    truth = [1] * (matrix.tp + matrix.fn) + [0] * (matrix.fp + matrix.tn)
    labels = [1] * matrix.tp + [0] * matrix.fn + [1] * matrix.fp + [0] * matrix.tn
    expected = {
        "precision": metrics.precision_score(truth, labels), "recall": metrics.recall_score(truth, labels),
        "f1": metrics.f1_score(truth, labels), "jaccard": metrics.jaccard_score(truth, labels),
        "specificity": metrics.recall_score(truth, labels, pos_label=0),
        "npv": metrics.precision_score(truth, labels, pos_label=0),
        "fpr": 1 - metrics.recall_score(truth, labels, pos_label=0), "fnr": 1 - metrics.recall_score(truth, labels),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, labels),
        "mcc": metrics.matthews_corrcoef(truth, labels), "kappa": metrics.cohen_kappa_score(truth, labels),
    }  # fmt: skip
    assert expected.keys() == MEASURES.keys()
    for name, number in expected.items():
        assert math.isclose(MEASURES[name].of(matrix), number, abs_tol=1e-12)
    assert math.isclose(metrics.roc_auc_score(truth, labels), MEASURES["balanced_accuracy"].of(matrix), abs_tol=1e-12)
    assert abs(MEASURES["kappa"].of(matrix)) <= abs(MEASURES["mcc"].of(matrix)) + 1e-12


def test_an_area_of_hard_labels_is_seen():
    """G6: the area equals (recall + specificity)/2 of the recovered matrix, of printed rates, or not at all."""
    matrix = Matrix(317, 46, 53, 1084)
    area = (317 / 370 + 1084 / 1130) / 2
    written = doubles(matrix) | {"samples": "1500"}
    found = fact(printed(machine=True, **written, auc=repr(area)), "auc_from_hard_labels")
    assert found is not None
    assert (found.value, found.proof) == (True, Proof.IMPLIED)
    assert fact(printed(machine=True, **written, auc="0.9641173"), "auc_from_hard_labels") is None
    rates = {"recall": "0.857", "specificity": "0.959"}
    assert value(printed(**rates, auc="0.908"), "auc_from_hard_labels") is True
    assert fact(printed(**rates, auc="0.91"), "auc_from_hard_labels") is None
    assert fact(printed(recall="1.000", specificity="0.000", auc="0.500"), "auc_from_hard_labels") is None


def test_a_metric_of_another_matrix_contradicts_the_recovered_one():
    matrix = Matrix(317, 46, 53, 1084)
    written = doubles(matrix) | {"samples": "1500"}
    mcc = MEASURES["mcc"].of(matrix)
    assert fact(printed(machine=True, **written, mcc=repr(mcc)), "matrix_contradicts") is None
    found = fact(printed(machine=True, **written, mcc=repr(mcc + 0.001), kappa="0.4"), "matrix_contradicts")
    assert found is not None
    assert found.value == ["mcc", "kappa"]
    assert f"{mcc:.6g}" in found.because


def test_an_accuracy_that_is_no_share_of_the_rows_is_seen():
    """A8, the GRIM test: 0.8333 of 100 rows is none of them; of a full double even a distance of 1e-9 shows."""
    assert value(printed(accuracy="0.8333", samples="100"), "accuracy_not_k_over_n") is True
    assert fact(printed(accuracy="0.8333", samples="102"), "accuracy_not_k_over_n") is None
    assert fact(printed(machine=True, accuracy=repr(25 / 30), samples="30"), "accuracy_not_k_over_n") is None
    exact = repr(25 / 30 + 1e-9)
    assert value(printed(machine=True, accuracy=exact, samples="30"), "accuracy_not_k_over_n") is True


def test_a_mean_over_batches_is_told_from_a_share_of_the_rows():
    """100 rows in batches of 8: twelve full ones and one of 4, whose rows count double."""
    mean = (70 / 8 + 1 / 4) / 13
    timing = {"runtime": "2.0517", "samples_per_second": repr(round(100 / 2.0517, 3))}
    timing["steps_per_second"] = repr(round(13 / 2.0517, 3))
    facts = printed(machine=True, accuracy=repr(mean), samples="100", **timing)
    assert value(facts, "eval_batch_size") == 8
    assert value(facts, "accuracy_is_batch_mean") is True
    plain = printed(machine=True, accuracy="0.71", samples="100", **timing)
    assert fact(plain, "accuracy_is_batch_mean") is None


def test_the_rounding_of_the_trainer_narrows_the_rows():
    """A rate of "30.5" is 30.500 in a record of the Trainer: 3,000 rows, and 2,996 to 3,009 without knowing that."""
    facts = printed(machine=True, runtime="98.3607", samples_per_second="30.5", accuracy="0.5")
    assert isinstance(value(facts, "sample_count"), Interval)
    assert value(facts, "sample_count.trainer") == 3000

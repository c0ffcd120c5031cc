"""What always answering one class prints, and what follows from scores: checked against matrices and scikit-learn."""

from __future__ import annotations

import math
import random
import warnings
from fractions import Fraction

import pytest
from _runs import evaluation_of, fact, facts_of, value
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.facts._constant_forms import (
    share_of_f1,
    share_of_macro_precision,
    weighted_f1,
    weighted_precision,
)
from diagnose.facts._fingerprints import fingerprints
from diagnose.facts._one_class import one_class_share, unseen_is_wrong
from diagnose.facts._scores import Scores
from diagnose.interval import Interval
from diagnose.types import Proof

THEOREM = settings(max_examples=60, deadline=None)
ZERO_DIVISION = {"0": 0.0, "1": 1.0, "nan": math.nan}
NAMES = ("accuracy", "precision", "recall", "f1")


def drawn(seed: int, classes: int, rows: int, favour: float) -> list[list[int]]:
    """Return a confusion matrix (rows: true) in which a share of every row's predictions is the first class."""
    rng = random.Random(seed)  # noqa: S311  # a repeatable draw, no secret
    weights = [rng.random() ** 2 + 0.02 for _ in range(classes)]
    matrix = [[0] * classes for _ in range(classes)]
    skill = rng.random()
    for true in rng.choices(range(classes), weights, k=rows):
        guess = true if rng.random() < skill else rng.randrange(classes)
        matrix[true][0 if rng.random() < favour else guess] += 1
    return matrix


def labels_of(matrix: list[list[int]]) -> tuple[list[int], list[int]]:
    """Return the true and the predicted labels of a matrix."""
    pairs = [(i, j) for i, row in enumerate(matrix) for j, count in enumerate(row) for _ in range(count)]
    return [i for i, _ in pairs], [j for _, j in pairs]


def averaged(
    matrix: list[list[int]], average: str, zero_division: str, absent: int = 0
) -> tuple[dict[str, float], int]:
    """Return what scikit-learn prints, and the number of classes that it averages over."""
    metrics = pytest.importorskip("sklearn.metrics")
    true, predicted = labels_of(matrix)
    labels = sorted({*true, *predicted}) + [len(matrix) + extra for extra in range(absent)]
    listed = {} if average == "binary" else {"labels": labels}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            true, predicted, average=average, zero_division=ZERO_DIVISION[zero_division], **listed
        )
    right = sum(matrix[i][i] for i in range(len(matrix))) / len(true)
    return dict(zip(NAMES, (right, precision, recall, f1), strict=True)), len(labels)


def texts_of(scores: dict[str, float], decimals: int, *, truncated: bool) -> dict[str, str]:
    """Print the scores, rounded or cut off; those that are NaN are left out."""
    unit = 10**decimals
    return {
        name: f"{(math.floor(number * unit) / unit if truncated else number):.{decimals}f}"
        for name, number in scores.items()
        if not math.isnan(number)
    }


def constant_matrix(seed: int, classes: int) -> list[list[int]]:
    """Return the matrix of a model that always answers class 1, which has some rows of its own."""
    rng = random.Random(seed)  # noqa: S311  # likewise
    return [[0, rng.randint(1, 400), *[0] * (classes - 2)] for _ in range(classes)]


AVERAGES = st.sampled_from(
    [("macro", "0"), ("macro", "1"), ("macro", "nan"), ("weighted", "0"), ("weighted", "1"), ("weighted", "nan")]
)


PRINTED = st.tuples(st.integers(4, 9), st.booleans())


@THEOREM
@given(st.integers(0, 10**6), st.integers(2, 9), AVERAGES, st.integers(0, 3))
def test_the_closed_forms_are_what_scikit_learn_prints(seed, classes, form, absent):
    average, zero_division = form
    scores, k = averaged(constant_matrix(seed, classes), average, zero_division, absent if average == "macro" else 0)
    p = scores["accuracy"]
    if average == "weighted":
        share = Interval.of(p)
        assert float(weighted_precision(share, zero_division).middle) == pytest.approx(scores["precision"])
        assert float(weighted_f1(share).middle) == pytest.approx(scores["f1"])
        assert scores["recall"] == pytest.approx(p)
        return
    counted = classes if zero_division == "nan" else k
    extra = absent if zero_division == "1" else 0
    solved = share_of_macro_precision(Interval.of(scores["precision"]), counted, zero_division)
    assert solved.middle == pytest.approx(p, abs=1e-9)
    assert scores["recall"] == pytest.approx((1 + extra) / counted)
    own = scores["f1"] * counted - extra
    assert float(share_of_f1(own, own).middle) == pytest.approx(p, abs=1e-9)


@THEOREM
@given(st.integers(0, 10**6), st.integers(2, 9), AVERAGES, st.integers(0, 2), PRINTED)
def test_a_constant_is_among_the_readings_under_each_zero_division(seed, classes, form, absent, printed):
    """The readings of a constant's scores hold the way in which they were made, with the share of its class."""
    (average, zero_division), (decimals, truncated) = form, printed
    scores, k = averaged(constant_matrix(seed, classes), average, zero_division, absent if average == "macro" else 0)
    # What is next to 0 or 1 is not told from a good model's scores, nor recall from F1 where labels that never occur
    # count as 1 (the guards of the fingerprints).
    near = zero_division == "1" and absent and scores["recall"] - scores["f1"] < 0.05
    if near or not 0.05 <= scores["accuracy"] <= 0.98:
        return
    metrics = evaluation_of(texts_of(scores, decimals, truncated=truncated)).metrics
    found = fingerprints(Scores(**{name: metrics[name] for name in NAMES}), None, second_sign=False)
    # Under zero_division=nan a label that never occurs is left out, and so is not counted.
    counted = classes if zero_division == "nan" else k
    assert any(
        reading.average == average
        and reading.zero_division == zero_division
        and scores["accuracy"] in Interval(float(reading.share.low) - 1e-12, float(reading.share.high) + 1e-12)
        and (reading.classes is None or counted in reading.classes)
        for reading in found
    )


@pytest.mark.parametrize(("zero_division", "precision"), [("1", "1.0000"), ("0", "0.0000")])
def test_a_constant_that_is_never_positive(zero_division, precision):
    """Precision 1 beside recall 0 is 0/0; a precision of 0 is not known to be, unless the correlation is 0 as well."""
    scores = {"accuracy": "0.7580", "precision": precision, "recall": "0.0000", "f1": "0.0000"}
    alone = facts_of(evaluation_of(scores))
    assert value(alone, "constant_prediction") is (True if zero_division == "1" else None)
    both = facts_of(evaluation_of({**scores, "mcc": "0.0000"}))
    assert value(both, "constant_prediction") is True
    assert value(both, "predicted_positive_share") == 0
    assert 0.758 in Interval.of(value(both, "constant_class_share"))


@THEOREM
@given(st.integers(0, 10**6), st.integers(2, 12), st.floats(0, 1), st.sampled_from(["0", "1", "nan"]))
def test_accuracy_over_k_times_macro_averages_bounds_the_greatest_shares(seed, classes, favour, zero_division):
    """K P >= accuracy/(greatest predicted share) and K R >= accuracy/(greatest true share), whatever 0/0 counts as."""
    matrix = drawn(seed, classes, 60, favour)
    scores, k = averaged(matrix, "macro", zero_division)
    rows = sum(map(sum, matrix))
    greatest = {
        "precision": max(sum(row[j] for row in matrix) for j in range(classes)) / rows,
        "recall": max(map(sum, matrix)) / rows,
    }
    for name, share in greatest.items():
        bound = one_class_share(*(Interval.of(x) for x in (scores["accuracy"], scores[name], k)))
        assert bound is not None or scores["accuracy"] == 0 or scores["accuracy"] > k * scores[name] - 1e-12
        assert bound is None or bound <= share + 1e-12


@THEOREM
@given(st.integers(0, 10**6), st.floats(0.8, 1), st.integers(2, 8), st.booleans(), st.booleans())
def test_a_constant_that_is_proved_is_one(seed, favour, decimals, truncated, named):
    """With two classes and a known number of rows, macro and weighted averages prove constants and nothing else."""
    matrix = drawn(seed, 2, 40, favour)
    average = "macro" if named else "weighted"
    scores, k = averaged(matrix, average, "0")
    texts = {
        name if name == "accuracy" else f"{average}_{name}": text
        for name, text in texts_of(scores, decimals, truncated=truncated).items()
    }
    facts = facts_of(evaluation_of({**texts, "samples": "40"}), assume=(f"classes={k}",))
    predicted = [sum(row[j] for row in matrix) for j in range(2)]
    for name, truth in (
        ("constant_prediction", 0 in predicted),
        (
            "never_predicted_share",
            Fraction(sum(sum(row) for row, n in zip(matrix, predicted, strict=True) if not n), 40),
        ),
    ):
        for found in facts.named(name):
            if found.proof is not Proof.PROVED_IF or (truncated and "rounded=true" in found.assumes):
                continue
            holds = found.value is truth if isinstance(truth, bool) else truth in Interval.of(found.value)
            assert holds, found.because


def test_a_constant_is_proved_where_the_rows_leave_no_room_for_another():
    scores = {"accuracy": "0.60", "macro_precision": "0.30", "macro_recall": "0.50", "macro_f1": "0.375"}
    few = fact(facts_of(evaluation_of({**scores, "samples": "10"}), assume=("classes=2",)), "constant_prediction")
    assert few.value is True
    assert few.proof is Proof.PROVED_IF
    assert "less than one of 10 rows" in few.because
    many = fact(facts_of(evaluation_of({**scores, "samples": "1000"}), assume=("classes=2",)), "constant_prediction")
    assert many.proof is Proof.IMPLIED


@pytest.mark.parametrize("rows", [100, 10_000])
def test_weighted_precision_of_the_square_of_the_accuracy(rows):
    """P = accuracy^2 leaves classes that are never predicted; how many rows decides whether that is proved."""
    scores = {"accuracy": "0.8000", "weighted_precision": "0.6400", "weighted_recall": "0.8000"}
    facts = facts_of(evaluation_of({**scores, "samples": str(rows)}), assume=("classes=2",))
    never = fact(facts, "never_predicted_share")
    assert (never is not None) is (rows == 100)
    if never is not None:
        assert 0.2 in never.value
        assert never.proof is fact(facts, "constant_prediction").proof is Proof.PROVED_IF


@THEOREM
@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(2, 14), st.floats(0, 1))
def test_a_weighted_precision_near_the_square_of_the_accuracy_hides_no_predicted_class(seed, classes, rows, favour):
    matrix = drawn(seed, classes, rows, favour)
    scores, _ = averaged(matrix, "weighted", "0")
    if unseen_is_wrong(Interval.of(scores["accuracy"]), Interval.of(scores["precision"]), rows):
        for i, row in enumerate(matrix):
            if sum(row) > row[i]:
                assert sum(other[i] for other in matrix) == 0


def test_a_balanced_accuracy_of_one_half_is_a_constant():
    facts = facts_of(evaluation_of({"accuracy": "0.9312", "balanced_accuracy": "0.5000"}))
    assert value(facts, "constant_prediction") is True
    assert (
        value(facts_of(evaluation_of({"accuracy": "0.93", "balanced_accuracy": "0.50"})), "constant_prediction") is None
    )
    balanced = facts_of(evaluation_of({"accuracy": "0.5000", "balanced_accuracy": "0.5000"}))
    assert value(balanced, "constant_prediction") is None


def test_a_balanced_accuracy_of_one_over_k_is_a_second_sign():
    p, k = 0.62, 12
    scores = {"accuracy": "0.6200", "f1": f"{2 * p / (1 + p) / k:.4f}"}
    assert value(facts_of(evaluation_of(scores)), "constant_prediction") is None
    quarter = {"accuracy": "0.6200", "f1": f"{2 * p / (1 + p) / 4:.3f}"}
    assert value(facts_of(evaluation_of({**quarter, "balanced_accuracy": "0.2500"})), "constant_prediction") is True

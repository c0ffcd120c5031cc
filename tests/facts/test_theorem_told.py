"""Figures that the user tells, or the source prints, beside the scores: what they settle, and when they are refuted."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from _runs import evaluation_of, fact, facts_of, printed, value
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import mean_squared_error, r2_score

from diagnose.errors import UsageError
from diagnose.facts import Assumptions, derive
from diagnose.facts._binary import Matrix
from diagnose.facts._binary_measures import MEASURES, agreement
from diagnose.facts._binary_search import positives_of, with_positives
from diagnose.interval import Interval, printed_interval
from diagnose.types import Facts, Proof, Run

NAMES = ("accuracy", "precision", "recall", "f1", "specificity")
CELLS = st.tuples(*[st.integers(0, 40)] * 4).filter(any).map(lambda cells: Matrix(*cells))


def scores(matrix: Matrix, undefined: float) -> dict[str, float]:
    """Return the scores of a matrix; `undefined` stands for 0/0."""
    found = {name: MEASURES[name].of(matrix) for name in NAMES[1:]}
    accuracy = (matrix.tp + matrix.tn) / matrix.rows
    return {"accuracy": accuracy, **{name: undefined if s is None else s for name, s in found.items()}}


def shown(number: float, decimals: int, *, truncated: bool) -> str:
    """Print a share with so many decimals; -1: in full."""
    if decimals < 0:
        return repr(number)
    cut = math.floor(Fraction(number) * 10**decimals) / 10**decimals if truncated else number
    return f"{cut:.{decimals}f}"


def refuted(facts: Facts, answer: str) -> bool:
    """Whether a contradiction rests on the answer."""
    return any(answer in found.assumes for found in facts.named("contradiction"))


@settings(max_examples=60, deadline=None)
@given(CELLS, st.integers(2, 4), st.booleans(), st.sampled_from([0.0, 1.0]), st.data())
def test_a_true_share_of_positives_is_never_refuted(matrix, decimals, truncated, undefined, data):
    """The matrix of the rows and the told share is the truth where it is named, whatever is printed beside it."""
    names, precise = (
        data.draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True)),
        data.draw(st.sampled_from([-1, 1, 2, 4])),
    )
    true = scores(matrix, undefined)
    written = {name: shown(true[name], decimals, truncated=truncated) for name in names}
    positive = (matrix.tp + matrix.fn) / matrix.rows
    answer = f"prevalence={shown(positive, precise, truncated=truncated)}"
    facts = printed((answer, f"samples={matrix.rows}"), **written)
    # What assumes that the numbers are rounded says nothing of others.
    found = {name: fact(facts, name) for name in ("confusion_matrix", "possible_matrices", "prevalence")}
    held = {n: f for n, f in found.items() if f is not None and not (truncated and "rounded=true" in f.assumes)}
    assert all(truncated and "rounded=true" in f.assumes for f in facts.named("contradiction"))
    assert value(facts, "binary_matrix_possible") is None
    if "confusion_matrix" in held:
        assert held["confusion_matrix"].value == matrix.cells()
    if "possible_matrices" in held:
        assert matrix.cells() in held["possible_matrices"].value
    if "prevalence" in held:
        bounds = Interval.of(held["prevalence"].value)
        assert bounds.low - 1e-9 <= positive <= bounds.high + 1e-9


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*[st.integers(0, 7)] * 4).filter(any).map(lambda c: Matrix(*c)),
    st.integers(0, 100),
    st.integers(1, 3),
    st.sampled_from(
        [("accuracy", "recall"), ("precision", "recall"), ("accuracy", "f1"), ("specificity", "precision")]
    ),
)
def test_the_search_with_positives_finds_what_trying_every_matrix_finds(matrix, percent, decimals, names):
    """Of a number of rows and a share of positives, drawn apart from the truth."""
    written = {name: shown(scores(matrix, 0.0)[name], decimals, truncated=False) for name in names}
    ratios = {name: printed_interval(text).meet(Interval(0, 1)) for name, text in written.items()}
    fits = agreement({name: ratio for name, ratio in ratios.items() if name != "accuracy"})
    positive = positives_of(printed_interval(f"{percent / 100:.2f}"))
    expected = set()
    for count, tp, fp in product(positive(matrix.rows), range(30), range(30)):
        if tp <= count <= matrix.rows - fp:
            other = Matrix(tp, fp, count - tp, matrix.rows - count - fp)
            right = Fraction(other.tp + other.tn, other.rows)
            if fits(other) and ("accuracy" not in ratios or right in ratios["accuracy"]):
                expected.add(other)
    found, complete = with_positives(matrix.rows, positive, ratios, fits)
    assert complete == (len(expected) < 2)
    assert set(found) <= expected
    assert len(found) == min(2, len(expected))


def test_a_share_of_positives_settles_or_is_refuted():
    """438, 130, 162 and 1,270 of 2,000 rows: three decimals leave several matrices, the share of positives one."""
    written = {"accuracy": "0.854", "precision": "0.771", "recall": "0.730", "f1": "0.750"}
    assert fact(printed(("samples=2000",), **written), "confusion_matrix") is None
    facts = printed(("samples=2000", "prevalence=0.3000"), **written)
    found = fact(facts, "confusion_matrix")
    assert found.value == {"tp": 438, "fp": 130, "fn": 162, "tn": 1270}
    assert "prevalence=0.3000" in found.assumes
    facts = printed(("samples=2000", "prevalence=0.35"), **written)
    assert refuted(facts, "prevalence=0.35")
    assert value(facts, "contradiction.statement") == 1
    dropped = [answer for reading in value(facts, "readings")["dropped"] for answer in reading["assume"]]
    assert "averaging=binary" in dropped
    assert "prevalence=0.35" in fact(facts, "readings").assumes
    assert refuted(printed(("prevalence=0.35",), **written), "prevalence=0.35")


@pytest.mark.parametrize(
    ("texts", "answers", "false"),
    [
        ({"accuracy": "0.853", "recall": "0.830", "specificity": "0.80"}, ("samples=1000",), "prevalence=0.300"),
        ({"precision": "0.771", "recall": "0.730", "samples": "200"}, (), "prevalence=0.30"),
        ({"precision": "0.9000", "recall": "0.9000", "samples": "50"}, (), "prevalence=0.9"),
    ],
)
def test_any_two_scores_can_refute_a_share_of_positives(texts, answers, false):
    facts = printed((*answers, false), **texts)
    assert refuted(facts, false)
    assert "one_matrix=true" in facts.named("contradiction")[0].assumes


def test_averages_over_classes_say_nothing_of_the_positives():
    written = {"precision": "0.771", "recall": "0.730", "samples": "200"}
    assert not refuted(printed(("averaging=macro", "prevalence=0.30"), **written), "prevalence=0.30")


# --- the variance of the labels


@st.composite
def regressions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels and predictions."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.normal(draw(st.floats(-3, 3)), draw(st.sampled_from((0.1, 1.0, 10.0))), draw(st.integers(3, 60)))
    noise = rng.normal(size=len(labels)) * draw(st.sampled_from((0.1, 0.5, 2.0)))
    return labels, labels * draw(st.sampled_from((-1.0, 0.5, 1.0))) + noise * labels.std()


TOLD = st.sampled_from(["told", "label_variance", "label_std"])


@settings(max_examples=60, deadline=None)
@given(regressions(), TOLD, st.sampled_from(["mse", "rmse"]), st.booleans(), st.integers(3, 5))
def test_a_true_variance_of_the_labels_agrees_with_r2_and_the_error(drawn, way, error, truncated, decimals):
    """Told or printed, as the variance or its root, rounded or truncated."""
    facts = facts_of_variance(drawn, 1.0, way=way, error=error, truncated=truncated, decimals=decimals)
    assert not facts.named("contradiction")


@settings(max_examples=60, deadline=None)
@given(regressions(), TOLD, st.sampled_from(["mse", "rmse"]), st.sampled_from([0.9, 1.1, 2.0, 0.1]))
def test_a_false_variance_of_the_labels_is_refuted(drawn, way, error, factor):
    """var(y) = MSE/(1 - R2) for every model, so another variance cannot stand beside the two."""
    facts = facts_of_variance(drawn, factor, way=way, error=error, truncated=False, decimals=6)
    found = facts.named("contradiction")
    assert found
    assert "r2" in found[0].value["metrics"]
    weight = "contradiction.statement" if way == "told" else "contradiction.setup"
    assert value(facts, weight) == 1


def facts_of_variance(drawn, factor, *, way, error, truncated, decimals) -> Facts:
    """Return the facts of an error and R2 beside a variance of the labels that is `factor` times the true one."""
    labels, predictions = drawn
    mse, r2 = mean_squared_error(labels, predictions), r2_score(labels, predictions)
    assume(0.01 < abs(1 - r2) < 50 and mse > 1e-3)
    variance = labels.var() * factor
    cut = {"decimals": decimals, "truncated": truncated}
    texts = {error: shown(mse if error == "mse" else math.sqrt(mse), **cut), "r2": signed(r2, **cut)}
    if way == "told":
        return printed((f"label_variance={shown(variance, **cut)}",), **texts)
    texts[way] = shown(variance if way == "label_variance" else math.sqrt(variance), **cut)
    return printed(**texts)


def signed(number: float, *, decimals: int, truncated: bool) -> str:
    """Print a number that may be negative, cut off towards zero or rounded."""
    return ("-" if number < 0 else "") + shown(abs(number), decimals, truncated=truncated)


def test_a_printed_variance_bounds_r2():
    facts = printed(rmse="0.5847", label_std="1.04")
    assert 0.585**2 / 1.05**2 < 1 - float(value(facts, "r2").low) < 0.5848**2 / 1.03**2
    assert "plain_metrics=true" in fact(facts, "r2").assumes
    assert {v.metric for v in fact(facts, "r2").evidence} == {"rmse", "label_std"}


def test_a_variance_that_is_no_number_is_a_usage_error():
    with pytest.raises(UsageError):
        printed(("label_variance=much",), mse="0.5")


# --- percent or fraction

MIXED = {"accuracy": "85.3", "precision": "0.771", "recall": "0.730", "f1": "0.750"}


def test_scores_beside_a_percentage_are_read_on_both_scales():
    """What rests on the small numbers is proved if they are fractions, and the question is asked."""
    facts = printed(**MIXED)
    found = value(facts, "readings")
    assert {r["assume"][-1] for r in found["left"]} == {"scale=fraction", "scale=percent"}
    assert "scale=fraction" in fact(facts, "recall").assumes
    assert fact(facts, "accuracy").proof is Proof.PROVED
    assert "scale=fraction" in [question.assume for question in facts.questions]


@pytest.mark.parametrize(("answer", "recall"), [("scale=fraction", 0.73), ("scale=percent", 0.0073)])
def test_an_answer_settles_the_scale(answer: str, recall: float):
    facts = printed((answer,), **MIXED)
    assert float(value(facts, "accuracy").low) == pytest.approx(0.8525)
    assert recall in value(facts, "recall")
    assert fact(facts, "recall").assumes == (answer,)
    assert value(facts, "mixed_scale") is None
    assert not any("scale" in a for r in value(facts, "readings")["left"] for a in r["assume"])
    assert answer in fact(facts, "readings").assumes


def test_scores_that_are_all_fractions_have_one_scale():
    facts = printed(accuracy="0.9", precision="0.8", recall="0.7")
    assert fact(facts, "accuracy").proof is Proof.PROVED
    assert not any("scale" in a for r in value(facts, "readings")["left"] for a in r["assume"])


def test_an_answer_for_another_split_leaves_the_scale_open():
    run = Run(evaluations=(evaluation_of(MIXED, split="test"),))
    facts = derive(run, Assumptions.parse(("eval:scale=percent",)))
    assert facts.named("mixed_scale")
    assert facts_of(evaluation_of(MIXED, split="test"), assume=("test:scale=percent",)).named("mixed_scale") == []

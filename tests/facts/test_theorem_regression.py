"""The theorems of regression metrics, on drawn labels and predictions, with scikit-learn's metrics for the truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from _runs import evaluation_of, fact, facts_of, printed, value
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import explained_variance_score, mean_squared_error, r2_score

from diagnose.facts._regression import joint_variance, row_of, within_range
from diagnose.types import Proof

if TYPE_CHECKING:
    from diagnose.interval import Interval

WAYS = ("rounded", "truncated", "full", "float32", "significant")


def shown(number: float, way: str, decimals: int) -> str:
    """Print a number in one of the ways in which reports do."""
    if math.isnan(number):
        return "nan"
    if way == "full":
        return repr(float(number))
    if way == "float32":
        return repr(float(np.float32(number)))
    if way == "significant":
        return f"{number:.3g}"
    cut = math.trunc(number * 10**decimals) / 10**decimals if way == "truncated" else number
    return f"{cut:.{decimals}f}"


@st.composite
def regressions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels and predictions: skilled, shifted, on another scale, inverted, noise."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.normal(draw(st.floats(-3, 3)), draw(st.sampled_from((0.1, 1.0, 10.0))), draw(st.integers(3, 60)))
    slope, noise = draw(st.floats(-1, 3)), draw(st.sampled_from((0.05, 0.5, 1.0)))
    shift = draw(st.floats(-2, 2)) * draw(st.booleans())
    scatter = rng.normal(size=len(labels)) * noise
    predictions = labels.mean() + slope * (labels - labels.mean()) + (scatter + shift) * labels.std()
    assume(predictions.std() > 1e-3 * labels.std() and labels.std() > 1e-3)
    return labels, predictions


def truth(labels: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    mse = mean_squared_error(labels, predictions)
    return {
        "mse": mse,
        "rmse": math.sqrt(mse),
        "r2": r2_score(labels, predictions),
        "explained_variance": explained_variance_score(labels, predictions),
        "pearson": float(np.corrcoef(labels, predictions)[0, 1]) if np.ptp(predictions) else math.nan,
    }


def holds(interval: Interval, number: float) -> bool:
    """Whether the interval contains the number, but for the float error of the truth itself."""
    slack = 1e-9 * max(1, abs(number))
    return interval.low - slack <= number <= interval.high + slack


@settings(max_examples=60, deadline=None)
@given(regressions(), st.sampled_from(WAYS), st.sampled_from((2, 3, 4)), st.booleans())
def test_offset_and_scale_are_the_difference_of_r_squared_and_r2(drawn, way: str, decimals: int, explained: bool):  # noqa: FBT001  # hypothesis passes it by name
    """r^2 - R2 = (bias^2 + (s_p - r s_y)^2)/s_y^2, and the explained variance tells the two apart."""
    labels, predictions = drawn
    true = truth(labels, predictions)
    names = ("mse", "r2", "pearson", "explained_variance") if explained else ("mse", "r2", "pearson")
    texts = {name: shown(true[name], way, decimals) for name in names}
    facts = facts_of(evaluation_of(texts, machine=way in ("full", "float32")))
    expected = {
        "recalibrated_r2": true["pearson"] ** 2,
        "recalibration_gain": true["pearson"] ** 2 - true["r2"],
        "prediction_bias": abs(predictions.mean() - labels.mean()) / labels.std(),
        "prediction_spread": predictions.std() / labels.std(),
    }
    for name, number in expected.items():
        found = fact(facts, name)
        assert found is None or holds(found.value, number), (name, found, number)
    line = np.polyfit(predictions, labels, 1)
    assert r2_score(labels, np.polyval(line, predictions)) == pytest.approx(true["pearson"] ** 2, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.lists(regressions(), min_size=1, max_size=4), st.sampled_from(WAYS), st.sampled_from((2, 4)), st.data())
def test_the_variance_of_the_labels_lies_within_its_bounds(drawn, way: str, decimals: int, data: st.DataObject):
    """var(y) = MSE/(1 - R2), and at most MSE/(1 - r^2) and the MSE of a constant, over rows on the same labels."""
    labels = drawn[0][0]
    names = data.draw(st.sampled_from((("mse", "pearson"), ("rmse", "r2"), ("mse", "rmse", "r2", "pearson"))))
    rows = []
    for step, (other, predictions) in enumerate(drawn):
        mine = labels.mean() + labels.std() * (np.resize(predictions, len(labels)) - other.mean()) / other.std()
        constant = data.draw(st.booleans())
        mine = np.full(len(labels), mine[0]) if constant else mine
        true = truth(labels, mine)
        texts = {name: shown(true[name], way, decimals) for name in names}
        rows.append(evaluation_of(texts, machine=way in ("full", "float32"), step=float(step)))
    bound = joint_variance([row for evaluation in rows if (row := row_of(evaluation)) is not None])
    assert bound is None or holds(bound.interval, labels.var())


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30))
def test_labels_in_a_range_vary_by_a_quarter_of_its_square_at_most(labels):
    """Popoviciu's inequality, with equality for one half at either end."""
    length = max(labels) - min(labels)
    assert np.var(labels) <= float(within_range(length, ()).interval.high) * (1 + 1e-9) + 1e-12
    assert np.var([0.0, length]) == pytest.approx(length**2 / 4)


def test_the_range_of_the_labels_bounds_r2_where_nothing_else_does():
    """Labels from 0 to 5 have a variance of at most 6.25, so an MSE of 8.1 is worse than their mean."""
    facts = printed(("label_range=5",), mse="8.10")
    assert float(value(facts, "label_variance").high) == 6.25
    found = fact(facts, "r2")
    assert found.value.high < -0.28
    assert "label_range=5" in found.assumes
    assert fact(facts, "beats_null").value is False


def test_one_evaluation_alone_needs_no_other_rows():
    facts = printed(mse="0.40", r2="0.60")
    assert fact(facts, "label_variance").assumes == ("same_average=true",)
    assert holds(value(facts, "label_variance"), 1.0)


def test_every_value_that_a_bound_rests_on_is_among_its_evidence():
    """The variance comes from the second row, so the bound of the first row's R2 rests on its values as well."""
    rows = ({"mse": "1.90", "pearson": "0.10"}, {"mse": "0.90", "pearson": "0.60"})
    facts = facts_of(*(evaluation_of(texts, step=float(step)) for step, texts in enumerate(rows)))
    assert {v.text for v in fact(facts, "r2", 0.0).evidence} == {"1.90", "0.90", "0.60"}
    assert {v.text for v in fact(facts, "label_variance").evidence} == {"0.90", "0.60"}


def test_a_scale_that_is_off_is_told_from_a_want_of_skill():
    facts = printed(mse="1.20", r2="-0.20", pearson="0.90")
    assert holds(value(facts, "recalibration_gain"), 0.81 + 0.20)
    assert fact(facts, "recalibration_gain").proof is Proof.PROVED_IF
    assert value(printed(mse="0.2", r2="0.80"), "recalibration_gain") is None


def test_a_correlation_below_every_rounding_is_that_of_a_constant():
    """np.std of a constant array is not always 0, and its correlation then 1e-17 instead of NaN."""
    found = fact(printed(mse="2.31", pearson="-3.1e-17"), "constant_prediction")
    assert found.value is True
    assert found.proof is Proof.IMPLIED


def test_a_whole_number_may_have_lost_its_decimals():
    """A correlation of 0.9998 is 1 in three significant digits, so nothing is exactly 1."""
    assert value(printed(mse="0.002", r2="0.98", pearson="1"), "recalibrated_r2").low < 0.9998**2

"""Regression rows: whatever labels and predictions were behind the printed numbers, the bounds contain their truth."""

from __future__ import annotations

import math

import pytest
from _runs import evaluation_of, fact, facts_of, printed, value, value_of
from hypothesis import assume, given
from hypothesis import strategies as st

from diagnose.interval import Interval
from diagnose.types import Evaluation, Proof, Scope

NUMBERS = st.floats(-5, 5, allow_nan=False).map(lambda x: round(x, 3))


def mean(numbers: list[float]) -> float:
    return math.fsum(numbers) / len(numbers)


def scores(labels: list[float], predictions: list[float]) -> dict[str, float]:
    """Return mse, pearson (NaN for a constant prediction), r2 and the variance of the labels."""
    centre, middle = mean(labels), mean(predictions)
    variance = mean([(y - centre) ** 2 for y in labels])
    spread = mean([(p - middle) ** 2 for p in predictions])
    mse = mean([(y - p) ** 2 for y, p in zip(labels, predictions, strict=True)])
    together = mean([(y - centre) * (p - middle) for y, p in zip(labels, predictions, strict=True)])
    pearson = together / math.sqrt(variance * spread) if len(set(predictions)) > 1 else math.nan
    return {"mse": mse, "pearson": pearson, "r2": 1 - mse / variance, "variance": variance}


def shown(number: float, decimals: int, *, cut: bool) -> str:
    if math.isnan(number):
        return "nan"
    if cut:
        number = math.trunc(number * 10**decimals) / 10**decimals
    return f"{number:.{decimals}f}"


@st.composite
def histories(draw: st.DrawFn):
    labels = draw(st.lists(NUMBERS, min_size=5, max_size=12))
    assume(max(labels) - min(labels) > 0.5)
    rows = []
    for _ in range(draw(st.integers(2, 5))):
        if draw(st.booleans()):
            predictions = [draw(NUMBERS)] * len(labels)
        else:
            noise = draw(st.lists(NUMBERS, min_size=len(labels), max_size=len(labels)))
            slope = draw(st.floats(-1, 2))
            predictions = [slope * y + 0.5 * e for y, e in zip(labels, noise, strict=True)]
            assume(max(predictions) - min(predictions) > 0.1)
        rows.append(predictions)
    return labels, rows


@given(histories(), st.sampled_from([3, 4, 6]), st.booleans(), st.booleans())
def test_variance_r2_and_constants_are_those_of_the_rows(history, decimals: int, cut: bool, with_r2: bool):  # noqa: FBT001  # hypothesis passes them by name
    labels, rows = history
    truths = [scores(labels, predictions) for predictions in rows]
    names = ("mse", "pearson", "r2") if with_r2 else ("mse", "pearson")
    evaluations = [
        evaluation_of({name: shown(truth[name], decimals, cut=cut) for name in names}, step=float(step))
        for step, truth in enumerate(truths)
    ]
    facts = facts_of(*evaluations)
    variance = value(facts, "label_variance")
    if variance is not None:
        assert variance.low - 1e-12 <= truths[0]["variance"] <= variance.high + 1e-12
    for step, truth in enumerate(truths):
        scope = Scope("", None, "eval", float(step))
        bound = facts.at("r2", scope)
        if bound is not None and isinstance(bound.value, Interval):
            assert bound.value.low - 1e-9 <= truth["r2"] <= bound.value.high + 1e-9
        offset = facts.at("constant_offset", scope)
        if offset is not None:
            assert float(offset.value.low) - 1e-9 <= abs(rows[step][0] - mean(labels)) <= offset.value.high + 1e-9
        constant = facts.at("constant_prediction", scope)
        if constant is not None:
            assert constant.value is (len(set(rows[step])) == 1)
    assert facts.named("contradiction") == []


def history(*rows: tuple[str, str], **fields: object):
    return facts_of(
        *(evaluation_of({"mse": mse, "pearson": r}, step=float(i)) for i, (mse, r) in enumerate(rows)), **fields
    )


def test_the_variance_is_at_most_the_least_error_of_any_affine_correction():
    """0.90/(1 - 0.6^2) = 1.40625 is less than 1.6, the error of the constant row."""
    facts = history(("1.60", "nan"), ("0.90", "0.60"))
    assert float(value(facts, "label_variance").high) == pytest.approx(0.91 / (1 - 0.61**2))
    assert fact(facts, "label_variance").assumes == ("same_rows=true", "same_average=true")


def test_a_constant_row_is_proved_only_beside_a_row_with_a_correlation():
    beside = history(("1.60", "nan"), ("0.90", "0.60"))
    assert beside.at("constant_prediction", Scope("", None, "eval", 0.0)).proof == "proved_if"
    alone = printed(mse="1.60", pearson="nan")
    assert fact(alone, "constant_prediction").proof == "implied"
    assert value(alone, "beats_null") is False


def test_predictions_that_may_be_nan_are_not_called_constant():
    assert value(printed(pearson="nan", spearman="nan"), "constant_prediction") is None


def test_a_training_mean_is_recognised_by_its_r2():
    facts = printed(mse="2.310", r2="-0.0021")
    assert value(facts, "constant_prediction") is True
    assert value(facts, "beats_null") is False


def test_an_error_alone_asks_for_the_variance_of_the_labels():
    facts = printed(rmse="0.812")
    assert "label_variance=V" in [question.assume for question in facts.questions]
    answered = printed(("label_variance=0.5",), rmse="0.812")
    assert value(answered, "r2").high < 0
    assert "label_variance=0.5" in fact(answered, "r2").assumes


def test_a_good_correlation_rules_out_the_null_models_even_at_a_wrong_scale():
    facts = history(("1.00", "nan"), ("4.00", "0.85"))
    assert value(facts, "beats_null") is True


def test_a_loss_that_tracks_the_mse_and_differs_is_noticed():
    def row(step: int, loss: str, mse: str) -> Evaluation:
        return evaluation_of({"loss": loss, "mse": mse, "pearson": "0.5"}, step=float(step))

    facts = facts_of(row(1, "1.2030", "1.2010"), row(2, "1.1000", "1.1000"), row(3, "0.9000", "0.9001"))
    assert value(facts, "loss_vs_mse.gap") == pytest.approx(0.002 / 1.201)
    other = facts_of(row(1, "0.3", "1.2010"), row(2, "0.2", "1.1000"), row(3, "0.1", "0.9001"))
    assert value(other, "loss_vs_mse.gap") is None


def test_rows_that_need_different_variances_contradict_each_other():
    """MSE/(1 - R2) is 1 in the first row and 2 in the second."""
    rows = (({"mse": "0.5000", "r2": "0.5000"}), ({"mse": "1.0000", "r2": "0.5000"}))
    facts = facts_of(*(evaluation_of(texts, step=float(i)) for i, texts in enumerate(rows)))
    (found,) = facts.named("contradiction")
    assert "same_rows=true" in found.assumes
    assert set(found.value["metrics"]) == {"mse", "r2"}


def test_a_value_in_percent_is_no_correlation_to_square():
    pearson = value_of("pearson", "88.2")
    facts = facts_of(Evaluation(metrics={"pearson": pearson, "mse": value_of("mse", "0.4")}))
    assert value(facts, "label_variance") is None


def test_an_r2_that_its_digits_do_not_tell_from_zero_suggests_the_mean_every_time():
    for text, constant in (("-0.0000", True), ("0.000", True), ("-0.004", True), ("0.0005", None), ("-0.2", None)):
        found = fact(printed(mse="0.0251", r2=text), "constant_prediction")
        assert (found.value if found else None) is constant, text
        assert found is None or found.proof is Proof.SUGGESTED

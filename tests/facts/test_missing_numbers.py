"""NaN, generated text, statements of the log, and tables against blind answers."""

from __future__ import annotations

import math

import pytest
from _runs import class_row, evaluation_of, facts_of, printed, value

from diagnose.types import Evaluation, Run, Scope, TrainingPoint, Value


def test_every_metric_that_is_nan_is_named():
    facts = printed(loss="2.30", pearson="nan", spearman="nan", mse="2.30")
    assert value(facts, "nan_metrics") == ["pearson", "spearman"]
    assert value(facts, "nan_rows.share") == 1


def test_the_share_of_nan_rows_counts_the_history():
    rows = [evaluation_of({"spearman": text}, step=float(i)) for i, text in enumerate(("nan", "0.1", "0.2", "0.3"))]
    facts = facts_of(*rows)
    assert value(facts, "nan_rows.share") == 0.25
    assert value(facts, "nan_metrics.count") == 0


@pytest.mark.parametrize(
    ("rows", "explained"),
    [
        ([("inf", "0.99"), ("inf", "0.22")], True),
        ([("nan", "0.40"), ("nan", "0.40")], False),
        ([("nan", "0.40")], False),
        ([("nan", "0.41"), ("nan", "0.40"), ("nan", "0.40")], True),
    ],
)
def test_a_broken_loss_is_explained_by_a_metric_that_moves(rows: list[tuple[str, str]], explained: bool):  # noqa: FBT001  # a parameter of the table
    facts = facts_of(*(evaluation_of({"loss": loss, "wer": wer}, step=float(i)) for i, (loss, wer) in enumerate(rows)))
    assert value(facts, "nan_loss.reported") is True
    assert value(facts, "nan_loss.explained") is explained


def test_one_evaluation_does_not_show_that_the_model_moves_beside_a_broken_loss():
    nothing = printed(loss="nan", rouge1="0.0310", rouge2="0.0016").named("nan_loss.explained")
    something = printed(loss="nan", rouge1="0.3100", rouge2="0.1016").named("nan_loss.explained")
    assert [(fact.value, fact.because.partition(", and ")[2]) for fact in (*nothing, *something)] == [
        (False, "eval_rouge1 0.0310, eval_rouge2 0.0016 is next to nothing"),
        (False, "one evaluation (rouge1 0.3100, rouge2 0.1016) does not show a metric that moves"),
    ]


@pytest.mark.parametrize(
    ("losses", "share"), [(("1.2", "nan", "nan"), 2 / 3), (("nan", "1.2"), None), (("nan", "1.2", "inf"), 1 / 3)]
)
def test_broken_losses_are_counted_from_the_end(losses: tuple[str, ...], share: float | None):
    """A history that begins with NaN and recovers is sound; one that ends so is not, whatever its headline says."""
    rows = [evaluation_of({"loss": text}, step=float(i)) for i, text in enumerate(losses)]
    facts = facts_of(evaluation_of({"loss": "1.1"}), *rows)
    assert value(facts, "nan_loss.reported") is False
    assert value(facts, "nan_loss.tail_share") == share
    assert value(facts, "nan_loss.explained") is (None if share is None else False)


def test_another_headline_does_not_make_a_frozen_history_move():
    rows = [evaluation_of({"loss": "nan", "bleu": "0.0594"}, step=float(i)) for i in (1, 2, 3)]
    facts = facts_of(evaluation_of({"loss": "nan", "bleu": "0.0489"}), *rows)
    assert value(facts, "nan_loss.explained") is False


def test_a_training_loss_of_zero_beside_a_nan_loss_is_never_explained():
    zero = Value("loss", "loss", "0.0", 0.0)
    rows = [evaluation_of({"loss": "nan", "bleu": f"0.{i}"}, step=float(i)) for i in (1, 2)]
    facts = facts_of(*rows, training=(TrainingPoint(1.0, None, {"loss": zero}),))
    assert value(facts, "nan_loss.explained") is False


@pytest.mark.parametrize(
    ("wer", "beats"),
    [("0.2119", True), ("1.000", False), ("1.45", None), ("12.4", True), ("100.0%", False), ("96.0%", None)],
)
def test_an_empty_text_is_the_null_model_of_speech_recognition(wer: str, beats: bool | None):  # noqa: FBT001  # a parameter of the table
    assert value(printed(wer=wer), "beats_null") is beats


def flagged(words: str, *, line: int, **fields: object) -> Run:
    flag = Value("untrained-head", "untrained-head", words, math.nan, at=f"line {line}")
    f1 = Value("macro_f1", "macro-F1", "0.150", 0.15, at="line 41")
    main = Value("macro_f1", "macro-F1", "0.800", 0.80, at="line 3")
    evaluations = (Evaluation(metrics={"macro_f1": main}), Evaluation("test", "calibration", metrics={"macro_f1": f1}))
    return Run("r", evaluations=evaluations, text_flags={"untrained-head": flag}, **fields)


def test_a_statement_is_about_the_figures_beside_it():
    from diagnose.facts import derive

    facts = derive(flagged("No trained weights found at out/model.bin", line=40))
    missing = facts.named("untrained_head.weights_missing")[0]
    assert missing.value is True
    assert missing.scope == Scope("r", "calibration", "test")


def test_a_statement_far_from_any_figure_is_about_the_run():
    from diagnose.facts import derive

    facts = derive(flagged("Some weights were newly initialized: classifier.bias", line=900))
    missing = facts.named("untrained_head.weights_missing")[0]
    assert missing.value is False
    assert missing.scope == Scope("r")
    assert facts.named("training.seen")[0].value is False


def table(*recalls: str, accuracy: str = "0.60"):
    rows = tuple(class_row(f"c{i}", recall=recall, support="100") for i, recall in enumerate(recalls))
    return facts_of(evaluation_of({"accuracy": accuracy}, classes=rows))


def test_recalls_above_one_over_k_rule_out_blind_answers():
    assert value(table("0.700", "0.500", "0.600"), "beats_null") is True


def test_recalls_that_add_up_to_less_than_one_are_no_better_than_blind_answers():
    assert value(table("0.300", "0.300", "0.300", accuracy="0.300"), "beats_null") is False


def test_recalls_near_one_over_k_leave_it_open():
    assert value(table("0.360", "0.340", "0.350", accuracy="0.350"), "beats_null") is None


def test_a_matrix_with_one_predicted_class_is_no_better_than_blind_answers():
    facts = facts_of(Evaluation(matrix={"a": {"a": 70, "b": 0}, "b": {"a": 30, "b": 0}}))
    assert value(facts, "beats_null") is False

"""Reported numbers against those of predictions or of a printed confusion matrix."""

from __future__ import annotations

import importlib.util
import json
import math
import warnings

import jsonschema
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from diagnose.api import check_text, diagnose
from diagnose.facts import Assumptions, derive
from diagnose.readers import read, read_text
from diagnose.report import load_format
from diagnose.report._schema import json_schema

RANDOM = np.random.default_rng(11)
TRUE = RANDOM.choice(["a", "b", "c"], 400, p=[0.6, 0.3, 0.1])
PREDICTED = np.where(RANDOM.random(400) < 0.75, TRUE, RANDOM.choice(["a", "b", "c"], 400))


def folder_of(folder, metrics, name="predictions.csv", **columns):
    (folder / "metrics.json").write_text(json.dumps(metrics))
    columns = columns or {"label": TRUE, "prediction": PREDICTED}
    pd.DataFrame(columns).to_csv(folder / name, index=False)
    return folder


def facts_in(source):
    (run,) = read(str(source))
    return {fact.name: fact for fact in derive(run)}


def said(report):
    return {name for f in report.findings for name in (f.rule, *f.consequences)}


def test_files_of_one_folder_are_one_run_and_agree(tmp_path):
    metrics = {
        "eval_accuracy": sk.accuracy_score(TRUE, PREDICTED),
        "eval_f1": round(sk.f1_score(TRUE, PREDICTED, average="macro"), 4),
        "eval_mcc": round(sk.matthews_corrcoef(TRUE, PREDICTED), 3),
    }
    facts = facts_in(folder_of(tmp_path, metrics))
    assert facts["recomputed.agrees"].value == 3
    assert facts["recomputed.agrees"].proof == "proved"
    assert facts["recomputed.disagreements"].value == 0
    assert facts["class_margins"].assumes == ("same_rows=true",)
    (run,) = read(str(tmp_path))
    (evaluation,) = run.evaluations
    assert set(evaluation.metrics) == {"accuracy", "f1", "mcc"}
    assert evaluation.recomputed["macro_f1"].number == pytest.approx(sk.f1_score(TRUE, PREDICTED, average="macro"))
    assert "reported-not-recomputed" not in said(diagnose(tmp_path))


@pytest.mark.parametrize(
    ("name", "number", "reading"),
    [
        ("macro_f1", sk.f1_score(TRUE, PREDICTED, average="weighted"), "the weighted average"),
        ("weighted_f1", sk.f1_score(TRUE, PREDICTED, average="macro"), "the macro average"),
        ("macro_recall", sk.recall_score(TRUE, PREDICTED, average=None)[0], "that of the class 'a' alone"),
        ("macro_precision", sk.accuracy_score(TRUE, PREDICTED), "the micro average, the accuracy"),
        ("accuracy", sk.balanced_accuracy_score(TRUE, PREDICTED), "the balanced accuracy"),
        ("accuracy", 1 - sk.accuracy_score(TRUE, PREDICTED), "the error rate, 1 - accuracy"),
        ("accuracy", 0.999, "other rows"),
    ],
)
def test_what_disagrees_is_named_with_what_it_is(tmp_path, name, number, reading):
    source = folder_of(tmp_path, {f"eval_{name}": round(float(number), 5)})
    fact = facts_in(source)["recomputed.disagrees"]
    assert reading in fact.value[name]["readings"]
    assert fact.proof == "proved"
    assert [value.key for value in fact.evidence] == [f"eval_{name}"]
    assert "reported-not-recomputed" in said(diagnose(source))


def test_the_auc_of_predicted_classes_is_named(tmp_path):
    y = RANDOM.integers(0, 2, 300)
    score = np.clip(y * 0.25 + RANDOM.random(300) * 0.7, 0, 1)
    p = (score > 0.5).astype(int)
    source = folder_of(tmp_path, {"eval_auc": round(sk.roc_auc_score(y, p), 4)}, label=y, pred=p, prob=score)
    fact = facts_in(source)["recomputed.disagrees"]
    assert "AUC of the predicted classes" in fact.value["auc"]["readings"][0]
    assert fact.proof == "implied"


def test_errors_of_a_regression_under_each_other_s_names(tmp_path):
    y = RANDOM.normal(size=200)
    p = y + RANDOM.normal(size=200)
    metrics = {"eval_mse": round(math.sqrt(sk.mean_squared_error(y, p)), 4), "eval_mae": sk.mean_absolute_error(y, p)}
    facts = facts_in(folder_of(tmp_path, metrics, target=y, prediction=p))
    assert facts["recomputed.disagrees"].value["mse"]["readings"] == ["the RMSE"]
    assert facts["recomputed.agrees"].value == 1


def test_estimates_written_with_few_digits_contradict_nothing(tmp_path):
    y = RANDOM.normal(size=200)
    p = y + RANDOM.normal(size=200)
    metrics = {"eval_mse": sk.mean_squared_error(y, p), "eval_pearson": float(np.corrcoef(y, p)[0, 1])}
    facts = facts_in(folder_of(tmp_path, metrics, target=y.round(3), prediction=p.round(3)))
    assert facts["recomputed.disagreements"].value == 0


def test_predictions_of_other_rows_or_another_split_stay_apart(tmp_path):
    other_rows, two_splits = {"eval_accuracy": 0.9, "eval_samples": 1000}, {"test_accuracy": 0.9, "eval_accuracy": 0.8}
    for case, metrics in enumerate((other_rows, two_splits)):
        folder = tmp_path / str(case)
        folder.mkdir()
        (run,) = read(str(folder_of(folder, metrics)))
        assert [e.split for e in run.evaluations if e.is_computed] == ["predictions"]
        assert "recomputed.agrees" not in facts_in(folder)
        assert "reported-not-recomputed" not in said(diagnose(folder))


def test_the_recomputed_metrics_are_in_the_json_report(tmp_path):
    folder_of(tmp_path, {"eval_accuracy": 0.75})
    report = json.loads(load_format("json").render([diagnose(tmp_path)]))
    jsonschema.validate(report, json_schema())
    (evaluation,) = report["reports"][0]["runs"][0]["evaluations"]
    assert evaluation["recomputed"]["samples"]["number"] == 400


def test_a_short_number_beside_full_doubles_may_have_been_rounded_by_hand(tmp_path):
    metrics = {
        "eval_accuracy": round(sk.accuracy_score(TRUE, PREDICTED), 2),
        "eval_mcc": sk.matthews_corrcoef(TRUE, PREDICTED),
    }
    facts = facts_in(
        folder_of(tmp_path, {**metrics, "eval_macro_f1": round(sk.f1_score(TRUE, PREDICTED, average="macro"), 2)})
    )
    assert facts["recomputed.disagreements"].value == 0
    assert facts["recomputed.agrees"].proof == "proved"


def test_without_the_extra_the_metrics_of_a_folder_are_read_and_the_predictions_named(tmp_path, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "sklearn" else found(name, *a))
    (run,) = read(str(folder_of(tmp_path, {"eval_accuracy": 0.75})))
    assert run.evaluations[0].recomputed == {}
    assert ["scikit-learn" in item.reason for item in run.unread] == [True]


def test_predictions_of_a_named_split_go_to_it(tmp_path):
    metrics = {"test_accuracy": round(sk.accuracy_score(TRUE, PREDICTED), 4), "eval_accuracy": 0.9}
    (run,) = read(str(folder_of(tmp_path, metrics, name="test_predictions.csv")))
    assert {e.split: bool(e.recomputed) for e in run.evaluations} == {"test": True, "eval": False}


def test_predictions_beside_a_history_are_a_result_of_their_own(tmp_path):
    rows = [{"step": i * 100, "eval_f1": 0.5 + i / 100, "eval_loss": 1.0} for i in range(1, 4)]
    (tmp_path / "trainer_state.json").write_text(json.dumps({"log_history": rows}))
    pd.DataFrame({"label": TRUE, "prediction": PREDICTED}).to_csv(tmp_path / "predictions.csv", index=False)
    (run,) = read(str(tmp_path))
    assert sorted({e.split for e in run.evaluations}) == ["eval", "predictions"]
    assert "headline-mismatch" not in said(diagnose(tmp_path))


def test_two_files_of_predictions_are_two_results(tmp_path):
    for name in ("predictions_a.csv", "predictions_b.csv"):
        pd.DataFrame({"label": TRUE, "prediction": PREDICTED}).to_csv(tmp_path / name, index=False)
    (run,) = read(str(tmp_path))
    assert len({(e.task, e.split) for e in run.evaluations}) == 2


def test_metrics_and_predictions_in_one_json_object():
    tree = {"accuracy": 0.99, "y_true": TRUE.tolist(), "y_pred": PREDICTED.tolist()}
    (run,) = read_text(json.dumps(tree))
    (evaluation,) = run.evaluations
    assert evaluation.metrics["accuracy"].text == "0.99"
    assert evaluation.recomputed["accuracy"].number == pytest.approx(sk.accuracy_score(TRUE, PREDICTED))


def test_one_number_of_equal_averages_is_no_micro_average_in_disguise(tmp_path):
    y = np.array([0, 1] * 100)
    p = np.where(np.arange(200) % 20 < 3, 1 - y, y)
    path = tmp_path / "predictions.csv"
    pd.DataFrame({"label": y, "pred": p}).to_csv(path, index=False)
    assert "metric-setup" not in said(diagnose(path))


def test_the_sentence_can_be_followed_by_hand():
    text = "Confusion matrix:\n[[50  3]\n [ 7 40]]\nmacro f1: 0.85\n"
    (run,) = read_text(text)
    (fact,) = [fact for fact in derive(run) if fact.name == "recomputed.disagrees"]
    assert "(100/110 + 80/90)/2 = 0.89899" in fact.because


def test_a_matrix_that_may_be_turned_contradicts_only_what_it_contradicts_either_way():
    text = "Confusion matrix:\n[[50  3]\n [ 7 40]]\naccuracy: 0.900\nprecision: {}\nrecall: {}\n"
    for precision, recall, turned in (("0.930", "0.851", False), ("0.851", "0.930", True)):
        (run,) = read_text(text.format(precision, recall))
        facts = {fact.name: fact for fact in derive(run)}
        assert facts["recomputed.disagreements"].value == 0
        assert facts["recomputed.agrees"].value == 3
        assert facts["recomputed.agrees"].assumes == (f"rows_are_true={'false' if turned else 'true'}",) or not turned
    assert "reported-not-recomputed" in said(check_text(text.format("0.70", "0.60")))


@pytest.mark.parametrize(("told", "disagreements"), [(None, 0), ("true", 1), ("false", 0)])
def test_the_user_says_which_side_is_the_true_one(told, disagreements):
    """The macro recall under the name of precision fits the matrix turned: no way to tell, until the user does."""
    text = "Confusion matrix:\n[[50  3]\n [ 7 40]]\naccuracy: 0.900\nmacro_precision: 0.897\n"
    (run,) = read_text(text)
    facts = {fact.name: fact for fact in derive(run, Assumptions.parse([f"rows_are_true={told}"] if told else []))}
    assert facts["recomputed.disagreements"].value == facts["contradiction.setup"].value == disagreements
    for name in ("recomputed.disagreements", "contradiction.setup"):
        assert not disagreements or f"rows_are_true={told}" in facts[name].assumes


CELLS = st.lists(st.integers(min_value=0, max_value=30), min_size=4, max_size=16)


def truncated(number, digits):
    return f"{math.trunc(number * 10**digits) / 10**digits:.{digits}f}"


def rounded(number, digits):
    return f"{number:.{digits}f}"


@given(
    cells=CELLS,
    digits=st.integers(min_value=2, max_value=6),
    printed=st.sampled_from([truncated, rounded]),
    turned=st.booleans(),
    predictions=st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_what_scikit_learn_prints_never_disagrees_with_its_own_rows(cells, digits, printed, turned, predictions):
    """Whatever the rows, digits and rounding, a metric computed from them is never called another one's."""
    size = math.isqrt(len(cells))
    counts = np.array(cells[: size * size]).reshape(size, size)
    y, p = np.repeat(np.indices(counts.shape).reshape(2, -1), counts.ravel(), axis=1)
    if len(set(y)) < 2 or not set(y) & set(p):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {"accuracy": sk.accuracy_score(y, p), "mcc": sk.matthews_corrcoef(y, p)}
        found |= {"kappa": sk.cohen_kappa_score(y, p), "balanced_accuracy": sk.balanced_accuracy_score(y, p)}
        for average in ("macro", "weighted", "micro"):
            each = sk.precision_recall_fscore_support(y, p, average=average, zero_division=0)
            found |= {f"{average}_{n}": s for n, s in zip(("precision", "recall", "f1"), each, strict=False)}
        each = sk.precision_recall_fscore_support(y, p, average="macro", zero_division=0)
        found |= dict(zip(("precision", "recall", "f1"), each, strict=False))
    metrics = {name: printed(float(number), digits) for name, number in found.items() if not math.isnan(number)}
    if predictions:
        tree = {"y_true": y.tolist(), "y_pred": p.tolist()}
    else:
        tree = {"confusion_matrix": (counts.T if turned else counts).tolist()}
    body = ", ".join(f'"{name}": {text}' for name, text in metrics.items())
    (run,) = read_text(f"{{{body}, {json.dumps(tree)[1:]}")
    facts = {fact.name: fact for fact in derive(run)}
    assert facts["recomputed.disagreements"].value == 0, facts["recomputed.disagreements"].because
    assert facts["recomputed.agrees"].value == len(metrics)

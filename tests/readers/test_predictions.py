"""Predictions files: every form gives what scikit-learn gives, and what is ambiguous or broken is refused in a line."""

from __future__ import annotations

import importlib.util
import json
import math
import pickle
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from diagnose.api import diagnose
from diagnose.errors import UnreadableInputError
from diagnose.readers import _files, read, read_text
from diagnose.readers._predictions import column

RANDOM = np.random.default_rng(7)
TRUE = RANDOM.choice(["cat", "dog", "eel"], 300, p=[0.5, 0.3, 0.2])
PREDICTED = np.where(RANDOM.random(300) < 0.8, TRUE, RANDOM.choice(["cat", "dog", "eel"], 300))
BINARY = RANDOM.integers(0, 2, 200)
SCORE = np.clip(BINARY * 0.3 + RANDOM.random(200) * 0.7, 0, 1)


def only(source):
    (run,) = read(str(source))
    (evaluation,) = run.evaluations
    return run, evaluation


def numbers(evaluation):
    return {name: value.number for name, value in evaluation.metrics.items()}


def reasons(run):
    return [item.reason for item in run.unread]


def refusal(source):
    with pytest.raises(UnreadableInputError) as caught:
        read(str(source))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def table(folder, name="p.csv", **columns):
    path = folder / name
    pd.DataFrame(columns).to_csv(path, index=False, sep="\t" if name.endswith("tsv") else ",")
    return path


def scores_of(y, p):
    found = {
        "accuracy": sk.accuracy_score(y, p),
        "mcc": sk.matthews_corrcoef(y, p),
        "kappa": sk.cohen_kappa_score(y, p),
        "balanced_accuracy": sk.balanced_accuracy_score(y, p),
    }
    for average in ("macro", "weighted"):
        each = sk.precision_recall_fscore_support(y, p, average=average, zero_division=0)
        found |= {f"{average}_{n}": s for n, s in zip(("precision", "recall", "f1"), each, strict=False)}
    return found


def as_csv(folder):
    return table(folder, id=range(300), label=TRUE, text="a, b", prediction=PREDICTED)


def as_tsv(folder):
    return table(folder, "p.tsv", Actual=TRUE, Predicted=PREDICTED)


def with_index(folder):
    pd.DataFrame({"y_true": TRUE, "y_pred": PREDICTED}).to_csv(folder / "p.csv")
    return folder / "p.csv"


def as_json_lines(folder):
    rows = (json.dumps({"gold": t, "pred": p, "note": None}) for t, p in zip(TRUE, PREDICTED, strict=True))
    (folder / "p.jsonl").write_text("\n".join(rows) + "\n")
    return folder / "p.jsonl"


def as_records(folder):
    rows = [{"label": t, "predicted_label": p} for t, p in zip(TRUE, PREDICTED, strict=True)]
    (folder / "p.json").write_text(json.dumps(rows, indent=1))
    return folder / "p.json"


def as_lists(folder):
    (folder / "p.json").write_text(json.dumps({"y_true": TRUE.tolist(), "y_pred": PREDICTED.tolist()}))
    return folder / "p.json"


def as_parquet(folder):
    pd.DataFrame({"reference": TRUE, "prediction": PREDICTED}).to_parquet(folder / "p.parquet")
    return folder / "p.parquet"


def as_npz(folder):
    np.savez(folder / "p.npz", labels=TRUE, preds=PREDICTED)
    return folder / "p.npz"


def as_npy(folder):
    rows = np.array(list(zip(TRUE, PREDICTED, strict=True)), dtype=[("label", "U8"), ("pred", "U8")])
    np.save(folder / "p.npy", rows)
    return folder / "p.npy"


@pytest.mark.parametrize(
    "write",
    [as_csv, as_tsv, with_index, as_json_lines, as_records, as_lists, as_parquet, as_npz, as_npy],
)
def test_every_form_gives_what_scikit_learn_gives(tmp_path, write):
    run, evaluation = only(write(tmp_path))
    found = numbers(evaluation)
    for name, number in scores_of(TRUE, PREDICTED).items():
        assert found[name] == pytest.approx(number, abs=1e-12), name
    labels = ["cat", "dog", "eel"]
    counts = sk.confusion_matrix(TRUE, PREDICTED, labels=labels)
    assert evaluation.matrix == {
        a: dict(zip(labels, map(int, row), strict=True)) for a, row in zip(labels, counts, strict=True)
    }
    assert found["samples"] == 300
    assert evaluation.is_computed
    assert evaluation.matrix_assumes == ()
    assert run.unread == ()
    assert all(value.at.startswith("columns ") for value in evaluation.metrics.values())
    # Full doubles, that nobody takes for rounded ones.
    for name, value in evaluation.metrics.items():
        assert name == "samples" or float(value.interval.high - value.interval.low) < 1e-14


@pytest.mark.parametrize("names", [("0", "1"), (0, 1), (False, True), ("no", "yes"), ("negative", "positive")])
def test_two_classes_have_scores_of_the_positive_one(tmp_path, names):
    p = (SCORE > 0.5).astype(int)
    path = table(tmp_path, target=[names[i] for i in BINARY], pred=[names[i] for i in p])
    found = numbers(only(path)[1])
    each = sk.precision_recall_fscore_support(BINARY, p, average="binary")
    assert [found[name] for name in ("precision", "recall", "f1")] == pytest.approx(each[:3])


@pytest.mark.parametrize("column", ["score", "prob", "probability", "y_prob"])
def test_one_score_a_row_gives_auc_average_precision_and_log_loss(tmp_path, column):
    p = (SCORE > 0.5).astype(int)
    found = numbers(only(table(tmp_path, label=BINARY, pred=p, **{column: SCORE}))[1])
    assert found["auc"] == pytest.approx(sk.roc_auc_score(BINARY, SCORE))
    assert found["average_precision"] == pytest.approx(sk.average_precision_score(BINARY, SCORE))
    assert found["log_loss"] == pytest.approx(sk.log_loss(BINARY, SCORE))


def test_a_score_of_the_predicted_class_is_turned(tmp_path):
    p = (SCORE > 0.5).astype(int)
    path = table(tmp_path, label=BINARY, pred=p, score=np.where(p == 1, SCORE, 1 - SCORE))
    assert numbers(only(path)[1])["auc"] == pytest.approx(sk.roc_auc_score(BINARY, SCORE))


def test_scores_that_do_not_fit_the_predictions_are_not_used(tmp_path):
    run, evaluation = only(table(tmp_path, label=BINARY, pred=(SCORE > 0.5).astype(int), score=RANDOM.random(200)))
    assert "auc" not in evaluation.metrics
    assert any("not used" in reason for reason in reasons(run))


def test_a_probability_in_place_of_the_prediction_is_cut_at_one_half(tmp_path):
    run, evaluation = only(table(tmp_path, label=BINARY, prediction=SCORE))
    assert numbers(evaluation)["accuracy"] == pytest.approx(sk.accuracy_score(BINARY, SCORE > 0.5))
    assert numbers(evaluation)["auc"] == pytest.approx(sk.roc_auc_score(BINARY, SCORE))
    assert any("above 0.5" in reason for reason in reasons(run))


def test_a_column_of_logits_is_cut_at_zero(tmp_path):
    logit = np.log(SCORE + 1e-9) - np.log(1 - SCORE + 1e-9)
    found = numbers(only(table(tmp_path, y_true=BINARY, logit=logit))[1])
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(BINARY, SCORE > 0.5))
    assert found["auc"] == pytest.approx(sk.roc_auc_score(BINARY, SCORE))


def soft(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("names", [("predictions", "label_ids"), ("logits", "labels")])
def test_the_output_of_predict_as_arrays(tmp_path, names):
    y = RANDOM.integers(0, 3, 120)
    logits = RANDOM.normal(size=(120, 3)) + 2 * np.eye(3)[y]
    np.savez(tmp_path / "out.npz", **{names[0]: logits.astype(np.float32), names[1]: y})
    run, evaluation = only(tmp_path / "out.npz")
    found = numbers(evaluation)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(y, logits.argmax(axis=1)))
    assert found["log_loss"] == pytest.approx(sk.log_loss(y, soft(logits)), rel=1e-5)
    assert found["macro_auc"] == pytest.approx(sk.roc_auc_score(y, soft(logits), multi_class="ovr"), rel=1e-5)
    assert any("largest score" in reason for reason in reasons(run))


def test_columns_of_probabilities_for_each_class(tmp_path):
    y = RANDOM.choice(["a", "b", "c"], 150)
    probabilities = soft(RANDOM.normal(size=(150, 3)) + 2 * (y[:, None] == np.array(["a", "b", "c"])))
    columns = {f"prob_{name}": probabilities[:, i] for i, name in enumerate("abc")}
    found = numbers(only(table(tmp_path, label=y, **columns))[1])
    assert found["log_loss"] == pytest.approx(sk.log_loss(y, probabilities, labels=["a", "b", "c"]))
    assert found["accuracy"] == pytest.approx(np.mean(np.array(["a", "b", "c"])[probabilities.argmax(axis=1)] == y))


def test_tokens_with_ignored_labels(tmp_path):
    logits = RANDOM.normal(size=(8, 5, 3))
    labels = RANDOM.integers(0, 3, (8, 5))
    labels[:, 3:] = -100
    np.savez(tmp_path / "out.npz", predictions=logits, label_ids=labels)
    run, evaluation = only(tmp_path / "out.npz")
    kept = labels != -100
    assert numbers(evaluation)["samples"] == 24
    assert numbers(evaluation)["accuracy"] == pytest.approx(np.mean(logits.argmax(axis=2)[kept] == labels[kept]))
    assert "16 rows with the label -100: left out" in reasons(run)


def test_lists_of_tags_are_tokens(tmp_path):
    rows = [{"labels": ["B-PER", "O", "O"], "predictions": ["B-PER", "O", "B-LOC"]}] * 5
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, rows)))
    run, evaluation = only(tmp_path / "p.jsonl")
    assert evaluation.matrix["O"]["B-LOC"] == 5
    assert numbers(evaluation)["samples"] == 15
    assert any("for each token" in reason for reason in reasons(run))


def test_several_labels_a_row_as_lists_and_as_indicators(tmp_path):
    y, p = RANDOM.integers(0, 2, (60, 4)), RANDOM.integers(0, 2, (60, 4))
    y[0], p[0] = [1, 1, 0, 0], [1, 0, 0, 0]
    names = np.array(["a", "b", "c", "d"])
    sets = [{"label": names[t == 1].tolist(), "prediction": names[q == 1].tolist()} for t, q in zip(y, p, strict=True)]
    (tmp_path / "sets.jsonl").write_text("\n".join(map(json.dumps, sets)))
    (tmp_path / "indicators.json").write_text(json.dumps({"y_true": y.tolist(), "y_pred": p.tolist()}))
    np.savez(tmp_path / "arrays.npz", labels=y, predictions=p)
    for name in ("sets.jsonl", "indicators.json", "arrays.npz"):
        run, evaluation = only(tmp_path / name)
        found = numbers(evaluation)
        assert found["micro_f1"] == pytest.approx(sk.f1_score(y, p, average="micro")), name
        assert found["macro_f1"] == pytest.approx(sk.f1_score(y, p, average="macro", zero_division=0)), name
        assert found["hamming_loss"] == pytest.approx(sk.hamming_loss(y, p)), name
        assert found["subset_accuracy"] == pytest.approx(sk.accuracy_score(y, p)), name
        assert evaluation.matrix is None
        assert [row.metrics["support"].number for row in evaluation.classes] == y.sum(axis=0).tolist()
        assert run.unread == ()


def test_numbers_are_a_regression(tmp_path):
    y = RANDOM.normal(size=80)
    p = y + RANDOM.normal(size=80)
    found = numbers(only(table(tmp_path, target=y, prediction=p))[1])
    assert found["mse"] == pytest.approx(sk.mean_squared_error(y, p))
    assert found["rmse"] == pytest.approx(math.sqrt(sk.mean_squared_error(y, p)))
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(y, p))
    assert found["r2"] == pytest.approx(sk.r2_score(y, p))
    assert found["explained_variance"] == pytest.approx(sk.explained_variance_score(y, p))
    assert found["pearson"] == pytest.approx(stats.pearsonr(y, p).statistic)
    assert found["spearman"] == pytest.approx(stats.spearmanr(y, p).statistic)


def test_integer_ratings_with_estimates_between_them_are_a_regression(tmp_path):
    found = numbers(only(table(tmp_path, label=[1, 2, 3, 4, 5] * 10, pred=[1.2, 2.1, 2.8, 4.4, 4.9] * 10))[1])
    assert "mse" in found
    assert "accuracy" not in found


def test_the_correlations_of_a_constant_are_nan_and_it_is_found(tmp_path):
    path = table(tmp_path, target=RANDOM.normal(size=80), prediction=[0.1] * 80)
    found = numbers(only(path)[1])
    assert math.isnan(found["pearson"])
    assert math.isnan(found["spearman"])
    report = diagnose(path)
    assert report.verdict == "degenerate"
    assert "constant-prediction" in {name for f in report.findings for name in (f.rule, *f.consequences)}


def test_equal_labels_define_no_correlation(tmp_path):
    run, evaluation = only(table(tmp_path, target=[0.5] * 30, prediction=RANDOM.normal(size=30)))
    assert set(evaluation.metrics) == {"mse", "mae", "rmse", "samples"}
    assert any("not defined" in reason for reason in reasons(run))


def test_one_class_throughout_is_no_fault_of_the_computation(tmp_path):
    run, evaluation = only(table(tmp_path, label=[1] * 30, pred=[1] * 30, prob=[0.9] * 30))
    assert not any(value.is_nan for value in evaluation.metrics.values())
    assert any("one class" in reason for reason in reasons(run))


def test_numbers_are_one_label_however_they_are_written(tmp_path):
    rows = [("1", 1), (1, "1.0"), (0, 0.0), ("0", "0"), (" 1", 1), (0, "1")]
    (tmp_path / "p.jsonl").write_text("\n".join(json.dumps({"label": a, "pred": b}) for a, b in rows))
    assert only(tmp_path / "p.jsonl")[1].matrix == {"0": {"0": 2, "1": 1}, "1": {"0": 0, "1": 3}}


def test_truth_values_meet_numbers_and_numbered_labels(tmp_path):
    assert only(table(tmp_path, label=[1, 0, 1], pred=[True, False, False]))[1].matrix["1"] == {"0": 1, "1": 1}
    path = table(tmp_path, label=[1, 0, 1], prediction=["LABEL_1", "LABEL_0", "LABEL_0"])
    assert only(path)[1].matrix["1"] == {"0": 1, "1": 1}


def test_what_has_no_label_is_counted_never_dropped_in_silence(tmp_path):
    path = table(tmp_path, label=["a", None, "b", "b", np.nan], pred=["a", "a", None, "b", "b"])
    run, evaluation = only(path)
    assert numbers(evaluation)["samples"] == 2
    assert reasons(run) == [
        "2 rows without a label in 'label': left out",
        "1 row without a prediction in 'pred': left out",
    ]
    run, evaluation = only(table(tmp_path, y_true=[0.5, np.nan, 1.5, 2.5], y_pred=[0.4, 1.0, np.nan, 2.0]))
    assert numbers(evaluation)["samples"] == 2
    assert len(run.unread) == 2


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"y_true": [1], "true_label": [1], "y_pred": [1]}, "'true_label', 'y_true' may each be the true labels"),
        ({"label": [1], "pred": [1], "prediction": [1]}, "may each be the predictions"),
        ({"label": ["a", "b"], "pred": [0, 1]}, "no value of 'label'"),
        ({"label": ["a", "b"], "pred": [0.25, 3.5]}, "no value of 'label'"),
    ],
)
def test_what_is_ambiguous_is_asked_for(tmp_path, columns, said):
    assert said in refusal(table(tmp_path, **columns))


def test_broken_files_are_refused_in_one_line(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"y_true": [1, 0, 1], "y_pred": [1, 0]}))
    assert "different lengths: 'y_true' has 3, 'y_pred' has 2" in refusal(tmp_path / "a.json")
    (tmp_path / "b.csv").write_text("label,prediction\n")
    assert "without a row" in refusal(tmp_path / "b.csv")
    (tmp_path / "c.csv").write_text("label,prediction\n1,0\n1,0,4,5\n")
    assert "line 3 has 4 cells" in refusal(tmp_path / "c.csv")
    (tmp_path / "d.jsonl").write_text('{"label": 1, "pred": 0}\n{"label": 1, "pred": 0}\n[1]\n')
    assert "line 3 is no JSON object" in refusal(tmp_path / "d.jsonl")
    (tmp_path / "e.parquet").write_bytes(b"PAR1" + b"\0" * 100)
    assert "not a readable Parquet file" in refusal(tmp_path / "e.parquet")
    np.save(tmp_path / "f.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert "not a readable numpy file" in refusal(tmp_path / "f.npy")
    np.savez(tmp_path / "g.npz", np.zeros(3), np.ones(3))
    assert "no column of true labels among 'arr_0', 'arr_1'" in refusal(tmp_path / "g.npz")
    (tmp_path / "h.csv").write_text("")
    assert "empty" in refusal(tmp_path / "h.csv")


def test_a_damaged_page_of_parquet_is_refused_when_its_rows_are_read(tmp_path):
    path = tmp_path / "p.parquet"
    pd.DataFrame({"label": [1, 0, 1], "pred": [1, 0, 0]}).to_parquet(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:8] + b"\xff" * 32 + whole[40:])
    assert "not a readable Parquet file" in refusal(path)


class Opens:
    """What unpickling it would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("form", ["object array", "pickle for an array", "pickle for a file"])
def test_nothing_is_unpickled(tmp_path, form):
    path, trap = tmp_path / "p.npz", tmp_path / "trap"
    if form == "object array":
        np.savez(path, label=np.array([Opens(trap), 1], dtype=object), pred=np.array([1, 1]))
    elif form == "pickle for an array":
        with zipfile.ZipFile(path, "w") as archive:
            for name in ("label.npy", "pred.npy"):
                archive.writestr(name, pickle.dumps(Opens(trap)))
    else:
        path.write_bytes(pickle.dumps(Opens(trap)))
    assert refusal(path)
    assert not trap.exists()


def test_an_archive_that_breaks_off_is_closed(tmp_path):
    path = tmp_path / "p.npz"
    np.savez(path, label=BINARY, pred=BINARY)
    path.write_bytes(path.read_bytes()[:200])
    assert "not a readable numpy file" in refusal(path)


def test_columns_that_nobody_reads_may_have_one_name(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("note,note,label,pred\nx,y,1,1\nx,y,0,1\n")
    assert numbers(only(path)[1])["accuracy"] == 0.5
    path.write_text("label,label,pred\n1,0,1\n")
    assert "'label', 'label' may each be the true labels" in refusal(path)


def test_an_infinite_estimate_is_left_out_and_makes_no_classes(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("target,prediction\n1.5,1e999\n2.5,3.5\n0.5,0.5\n")
    run, evaluation = only(path)
    assert numbers(evaluation)["mse"] == 0.5
    assert reasons(run) == ["1 row without a finite number in 'prediction': left out"]


def test_texts_are_no_classes(tmp_path):
    texts = [f"answer {i}" for i in range(3000)]
    assert "texts, not classes" in refusal(table(tmp_path, reference=texts, prediction=texts))


def test_answers_are_no_classes_however_few(tmp_path):
    texts = [f"the answer number {i}" for i in range(40)]
    assert "texts, not classes" in refusal(table(tmp_path, references=texts, predictions=texts))
    assert "texts, not classes" in refusal(table(tmp_path, reference=["a " * 60, "b"], prediction=["a " * 60, "b"]))


def test_decimal_commas_between_semicolons(tmp_path):
    (tmp_path / "p.csv").write_text("ziel;target;prediction\na;1,5;1,0\nb;2,5;2,0\nc;-0,5;-1,0\n")
    found = numbers(only(tmp_path / "p.csv")[1])
    assert (found["mae"], found["mse"]) == (0.5, 0.25)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_the_encoding_is_found_also_of_a_long_file(tmp_path, monkeypatch, encoding):
    rows = [("größe", "größe"), ("klein", "größe")] * 100
    path = tmp_path / "p.csv"
    path.write_bytes(("label,prediction\n" + "".join(f"{a},{b}\n" for a, b in rows)).encode(encoding))
    short = only(path)[1].matrix
    monkeypatch.setattr(_files, "END", 400)
    assert only(path)[1].matrix == short == {"größe": {"größe": 100, "klein": 0}, "klein": {"größe": 100, "klein": 0}}


def test_too_many_rows_are_refused_with_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(column, "MOST_ROWS", 100)
    assert "more than 100 rows" in refusal(as_csv(tmp_path))
    assert "more than 100 rows" in refusal(as_npz(tmp_path))


def test_the_split_is_in_the_name(tmp_path):
    assert only(table(tmp_path, "test_predictions.csv", label=[1, 0], pred=[1, 1]))[1].split == "test"
    assert only(table(tmp_path, "predictions.csv", label=[1, 0], pred=[1, 1]))[1].split == "eval"


def test_a_file_beyond_the_limit_of_texts_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "END", 500)
    path = table(tmp_path, label=TRUE, prediction=PREDICTED)
    assert path.stat().st_size > 1000
    run, evaluation = only(path)
    assert numbers(evaluation)["samples"] == 300
    assert run.unread == ()
    assert only(as_json_lines(tmp_path))[1].matrix == evaluation.matrix


def test_a_long_regression_is_kept_as_numbers(tmp_path):
    y = RANDOM.normal(size=12_000)
    found = numbers(only(table(tmp_path, target=y, pred=y + 1))[1])
    assert found["mae"] == pytest.approx(1)
    assert found["samples"] == 12_000


def test_the_missing_extra_is_said_in_one_line(tmp_path, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "sklearn" else found(name, *a))
    for path in (table(tmp_path, label=[1, 0], pred=[1, 1]), as_npz(tmp_path), as_parquet(tmp_path)):
        assert "pip install 'metric-diagnose[data]'" in refusal(path)


def test_metrics_do_not_load_the_libraries_of_data(tmp_path):
    import subprocess

    path = tmp_path / "metrics.json"
    path.write_text('{"eval_accuracy": 0.5}')
    code = (
        f"import sys; from diagnose.readers import read; read({str(path)!r}); "
        "print({'numpy', 'sklearn', 'pandas', 'pyarrow', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_text_that_is_neither_is_refused_as_before(tmp_path):
    assert "no metric found" in refusal(table(tmp_path, height=[1, 2], width=[3, 4]))


def test_a_pasted_table_of_predictions_is_read():
    (run,) = read_text("label,prediction\ncat,cat\ndog,cat\ndog,dog\n")
    assert run.evaluations[0].matrix == {"cat": {"cat": 1, "dog": 0}, "dog": {"cat": 1, "dog": 1}}


PAIRS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=60)


@given(PAIRS)
@settings(deadline=None, max_examples=60)
def test_the_matrix_and_the_facts_on_it_are_those_of_the_rows(pairs):
    """The matrix of random predictions is scikit-learn's, and what is proved of it is true of the rows."""
    from diagnose.facts import derive

    y, p = (list(side) for side in zip(*pairs, strict=True))
    assume({*y} & {*p})
    (run,) = read_text("label,prediction\n" + "".join(f"{a},{b}\n" for a, b in pairs))
    labels = sorted({*y, *p})
    counts = sk.multilabel_confusion_matrix(y, p, labels=labels)
    (evaluation,) = run.evaluations
    assert [evaluation.matrix[a][a] for a in labels] == counts[:, 1, 1].tolist()
    assert all(evaluation.matrix[a][b] == pairs.count((a, b)) for a in labels for b in labels)
    facts = {fact.name: fact for fact in derive(run) if fact.scope.label is None and fact.scope.step is None}
    assert facts["sample_count"].value == len(pairs)
    assert facts["constant_prediction"].value is (len(set(p)) == 1)
    for label, margin in facts["class_margins"].value.items():
        assert margin["support"] == y.count(label)
        assert margin["predicted"] == p.count(label)
    assert facts["majority_share"].value == pytest.approx(max(y.count(a) for a in labels) / len(y))
    assert not [fact for fact in derive(run) if fact.name == "contradiction"]

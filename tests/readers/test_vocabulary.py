"""Written metric names and what they are taken for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.vocabulary import METRICS, metric_of, parse_name, setting_of, split_of

NAMES = {
    "eval/macro-F1": ("macro_f1", "eval", ""),
    "MacroF1": ("macro_f1", None, ""),
    "f1-score (micro avg)": ("micro_f1", None, ""),
    "Macro avg F1-score": ("macro_f1", None, ""),
    "val_f1_score_step": ("f1", "eval", ""),
    "eval_f1_ma": ("macro_f1", "eval", ""),
    "val_klue_re_micro_f1": ("micro_f1", "eval", "klue_re"),
    "macro_mrpc_f1": ("macro_f1", None, "mrpc"),
    "mrpc_en_eval_f1": ("f1", "eval", "mrpc_en"),
    "Sentiment F1": ("f1", None, "sentiment"),
    "Overall Macro-F1": ("macro_f1", None, ""),
    "0 F1-score": ("f1", None, "0"),
    "F1 class 0": ("f1", None, "0"),
    "class_1_recall": ("recall", None, "1"),
    "Token-level accuracy": ("token_accuracy", None, ""),
    "metrics/mAP50(B)": ("map50", None, ""),
    "metrics/mAP50-95(B)": ("map", None, ""),
    "metrics/mAP_0.5:0.95": ("map", None, ""),
    "acc,none": ("accuracy", None, ""),
    "acc_stderr,none": ("accuracy_stderr", None, ""),
    "Training Loss": ("loss", "train", ""),
    "Validation Loss": ("loss", "eval", ""),
    "DEV_F-SCORE": ("f1", "eval", ""),
    "train/box_loss": ("loss", "train", "box"),
    "train_loss_epoch": ("loss", "train", ""),
    "valid's binary_logloss": ("log_loss", "eval", ""),
    "Matthews Correlation": ("mcc", None, ""),
    "eval_spearmanr": ("spearman", "eval", ""),
    "R²": ("r2", None, ""),
    "eval_rougeLsum": ("rougeLsum", "eval", ""),
    "Rouge-L": ("rougeL", None, ""),
    "predict_f1": ("f1", "test", ""),
    "avg_test_acc": ("accuracy", "test", ""),
    "ents_p": ("precision", None, ""),
    "token_acc": ("token_accuracy", None, ""),
    "trainer/global_step": ("step", None, ""),
    "eval_samples_per_second": ("samples_per_second", "eval", ""),
    "Gen Len": ("gen_len", None, ""),
    "Prec@1": ("accuracy", None, ""),
    "lr": ("learning_rate", None, ""),
}


@pytest.mark.parametrize("written", NAMES)
def test_a_written_name_is_taken_apart(written: str):
    name = parse_name(written)
    assert name.known
    assert (name.metric, name.split, name.prefix) == NAMES[written]


@pytest.mark.parametrize(
    "written",
    [
        "recall@10",
        "pct_stereotype",
        "rouge1_diff",
        "bleu_acc,none",
        "hits@1",
        "mean_pred",
        "max_f1",
        "top_k_accuracy",
        "f1_std",
    ],
)
def test_what_only_resembles_a_metric_keeps_its_own_words(written: str):
    assert not parse_name(written).known


@pytest.mark.parametrize(
    ("written", "variant"),
    [
        ("eval_accuracy_mm", "mm"),
        ("exact_match,strict-match", "strict_match"),
        ("exact_match,flexible-extract", "flexible_extract"),
        ("metrics/mAP50(M)", "mask"),
        ("metrics/mAP50(B)", ""),
    ],
)
def test_words_behind_a_metric_tell_its_variant(written: str, variant: str):
    assert parse_name(written).variant == variant


def test_best_and_target_are_marks_on_the_name():
    assert parse_name("best_validation_accuracy").best
    assert parse_name("Target F1").target
    assert parse_name("Target F1").metric == "f1"


@given(st.sampled_from(sorted(METRICS)))
def test_a_canonical_name_means_itself(base: str):
    name = parse_name(base)
    assert name.metric == base
    assert name.info is METRICS[base]


@given(
    st.sampled_from([base for base, metric in METRICS.items() if metric.kind == "score" and "_" not in base]),
    st.sampled_from(["eval", "test", "train"]),
    st.sampled_from(["macro", "micro", "weighted"]),
    st.sampled_from(["_", "/", " ", "-"]),
)
def test_split_average_and_metric_are_found_whatever_joins_them(base: str, split: str, average: str, joint: str):
    name = parse_name(joint.join((split, average, base)))
    assert (name.metric, name.split) == (f"{average}_{base}", split)


@given(st.text(max_size=200))
def test_no_name_is_too_odd(written: str):
    name = parse_name(written)
    assert name.known == (metric_of(name.metric) is not None) or name.metric.endswith("_stderr") or not name.known


def test_averages_and_targets_have_the_range_of_their_metric():
    assert metric_of("macro_f1") is METRICS["f1"]
    assert metric_of("target.macro_f1") is METRICS["f1"]
    assert metric_of("macro_nonsense") is None


@pytest.mark.parametrize(
    ("written", "setting"),
    [
        ("num_epochs", "num_train_epochs"),
        ("EPOCHS", "num_train_epochs"),
        ("EARLY_STOP_PATIENCE", "early_stopping_patience"),
        ("per_device_train_batch_size", "train_batch_size"),
        ("Learning Rate", "learning_rate"),
        ("accuracy", None),
    ],
)
def test_settings_have_the_names_of_training_arguments(written: str, setting: str | None):
    assert setting_of(written) == setting


@pytest.mark.parametrize(
    ("written", "split"), [("validation", "eval"), ("Test set", "test"), ("dev", "eval"), ("test accuracy", None)]
)
def test_a_split_is_a_split_only_as_a_whole(written: str, split: str | None):
    assert split_of(written) == split

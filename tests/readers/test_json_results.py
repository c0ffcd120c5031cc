"""Results written as JSON: flat, nested, in lists, as lines, as class tables and matrices."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.errors import UnreadableInputError
from diagnose.readers import read_text

if TYPE_CHECKING:
    from diagnose.types import Evaluation, Run


def read_one(tree: object) -> Run:
    (run,) = read_text(tree if isinstance(tree, str) else json.dumps(tree), "metrics.json")
    return run


def only(run: Run) -> Evaluation:
    (evaluation,) = run.evaluations
    return evaluation


def numbers(evaluation: Evaluation) -> dict[str, float]:
    return {name: value.number for name, value in evaluation.metrics.items()}


def test_a_flat_file_is_one_result_and_its_epoch_is_a_setting():
    run = read_one(
        {
            "epoch": 3.0,
            "eval_loss": 0.4519012451171875,
            "eval_accuracy": 0.8125,
            "eval_runtime": 12.5,
            "eval_samples": 64,
        }
    )
    result = only(run)
    assert (result.task, result.split, result.step, result.epoch) == (None, "eval", None, None)
    assert numbers(result) == {"loss": 0.4519012451171875, "accuracy": 0.8125, "runtime": 12.5, "samples": 64}
    assert run.setting("epoch") == 3


def test_numbers_keep_their_text_and_their_place():
    value = only(read_one('{"scores": {"accuracy": 0.8900, "f1": 1e-3}}')).metrics["accuracy"]
    assert (value.text, value.at, value.key) == ("0.8900", "/scores/accuracy", "accuracy")


def test_train_and_test_figures_of_one_file_are_two_evaluations():
    run = read_one({"train_loss": 0.31, "train_runtime": 10.0, "test_f1": 0.7, "test_loss": 0.5, "accuracy": 0.75})
    assert {evaluation.split: numbers(evaluation) for evaluation in run.evaluations} == {
        "train": {"loss": 0.31, "runtime": 10.0},
        "test": {"f1": 0.7, "loss": 0.5, "accuracy": 0.75},
    }


def test_mismatched_mnli_is_a_task_of_its_own():
    run = read_one({"eval_accuracy": 0.84, "eval_accuracy_mm": 0.85, "eval_samples": 9815, "eval_samples_mm": 9832})
    assert {e.task: numbers(e) for e in run.evaluations} == {
        None: {"accuracy": 0.84, "samples": 9815},
        "mm": {"accuracy": 0.85, "samples": 9832},
    }


def test_objects_named_by_split_and_by_task():
    run = read_one(
        {"results": {"sst2": {"validation": {"accuracy": 0.91}, "test": {"accuracy": 0.89}}, "cola": {"mcc": 0.51}}}
    )
    assert {(e.task, e.split): numbers(e) for e in run.evaluations} == {
        ("sst2", "eval"): {"accuracy": 0.91},
        ("sst2", "test"): {"accuracy": 0.89},
        ("cola", "eval"): {"mcc": 0.51},
    }


def test_harness_results_are_read_by_task_and_their_surroundings_are_named_not_read():
    run = read_one(
        {
            "results": {
                "quiz": {"exact_match,strict-match": 0.25, "exact_match,flexible-extract": 0.5, "alias": "quiz"},
                "wsc": {"acc,none": 0.365, "acc_stderr,none": 0.047},
            },
            "versions": {"quiz": 3, "wsc": 1.0},
            "n-samples": {"quiz": {"original": 100, "effective": 80}},
            "config": {"model": "hf", "batch_size": 8, "seed": 1234, "model_args": {"num_layers": 24}},
            "date": 1712926026.19,
        }
    )
    assert {e.task: numbers(e) for e in run.evaluations} == {
        "quiz": {"exact_match": 0.25, "samples": 80},
        "quiz/flexible_extract": {"exact_match": 0.5},
        "wsc": {"accuracy": 0.365, "accuracy_stderr": 0.047},
    }
    assert [item.at for item in run.unread] == ["/versions"]
    assert run.setting("train_batch_size") == 8


def test_a_list_of_objects_with_steps_is_a_history():
    run = read_one(
        [
            {"epoch": 1, "loss": 0.9, "val_loss": 0.8, "val_accuracy": 0.6},
            {"epoch": 2, "loss": 0.5, "val_loss": 0.7, "val_accuracy": 0.7},
        ]
    )
    assert [(e.epoch, numbers(e)) for e in run.evaluations] == [
        (1, {"loss": 0.8, "accuracy": 0.6}),
        (2, {"loss": 0.7, "accuracy": 0.7}),
    ]
    assert [(p.epoch, p.metrics["loss"].number) for p in run.training] == [(1, 0.9), (2, 0.5)]


def test_a_list_of_models_is_a_list_of_runs():
    runs = read_text(json.dumps([{"model": "small", "accuracy": 0.7}, {"model": "large", "accuracy": 0.8}]), "m.json")
    assert [(run.name, only(run).metrics["accuracy"].number) for run in runs] == [("small", 0.7), ("large", 0.8)]


def test_lists_of_numbers_are_the_columns_of_a_history():
    run = read_one(
        {"loss": [0.9, 0.5, 0.2], "val_loss": [0.8, 0.7, None], "val_accuracy": [0.5, 0.6, 0.7], "odd": [1, 2]}
    )
    assert [(e.epoch, numbers(e)) for e in run.evaluations] == [
        (1, {"loss": 0.8, "accuracy": 0.5}),
        (2, {"loss": 0.7, "accuracy": 0.6}),
        (3, {"accuracy": 0.7}),
    ]
    assert run.evaluations[0].metrics["loss"].at == "/val_loss/0"
    assert [item.at for item in run.unread] == ["/odd"]


def test_a_lone_list_of_scores_is_no_history():
    run = read_one({"accuracy": [0.8, 0.7, 0.9], "mean_accuracy": 0.8})
    assert [(e.epoch, numbers(e)) for e in run.evaluations] == [(None, {"accuracy": 0.8})]
    assert [item.at for item in run.unread] == ["/accuracy"]


def test_objects_named_by_epoch_are_rows():
    run = read_one(
        {
            "epoch_1": {"train": {"loss": 0.9}, "val": {"loss": 0.8}},
            "epoch_2": {"train": {"loss": 0.5}, "val": {"loss": 0.7}},
        }
    )
    assert [(e.epoch, numbers(e)) for e in run.evaluations] == [(1, {"loss": 0.8}), (2, {"loss": 0.7})]
    assert [(p.epoch, p.metrics["loss"].number) for p in run.training] == [(1, 0.9), (2, 0.5)]


def test_one_metric_by_class():
    result = only(
        read_one(
            {"accuracy": 0.8, "f1_per_class": {"cat": 0.5, "dog": 0.7}, "per_class_recall": {"cat": 0.4, "dog": 0.9}}
        )
    )
    assert {row.label: {name: v.number for name, v in row.metrics.items()} for row in result.classes} == {
        "cat": {"f1": 0.5, "recall": 0.4},
        "dog": {"f1": 0.7, "recall": 0.9},
    }


def test_counts_of_a_binary_matrix():
    result = only(read_one({"confusion_matrix": {"tn": 5, "fp": 1, "fn": 2, "tp": 7}, "accuracy": 0.8}))
    assert numbers(result) == {"accuracy": 0.8, "tn": 5, "fp": 1, "fn": 2, "tp": 7}


def test_phases_of_a_history_are_runs():
    history = {"loss": [0.9, 0.5], "val_loss": [0.8, 0.7]}
    runs = read_text(json.dumps({"warm": history, "fine": history}), "history.json")
    assert [(run.name, len(run.evaluations), len(run.training)) for run in runs] == [("warm", 2, 2), ("fine", 2, 2)]


REPORT = {
    "cat": {"precision": 0.75, "recall": 0.6, "f1-score": 0.6666666666666666, "support": 5.0},
    "dog": {"precision": 0.6, "recall": 0.75, "f1-score": 0.6666666666666666, "support": 4.0},
    "accuracy": 0.6666666666666666,
    "macro avg": {"precision": 0.675, "recall": 0.675, "f1-score": 0.6666666666666666, "support": 9.0},
    "weighted avg": {
        "precision": 0.6833333333333333,
        "recall": 0.6666666666666666,
        "f1-score": 0.6666666666666666,
        "support": 9.0,
    },
}


@pytest.mark.parametrize("tree", [REPORT, {"classification_report": REPORT}])
def test_a_classification_report_is_a_class_table_with_its_averages(tree: object):
    result = only(read_one(tree))
    assert [(row.label, row.metrics["support"].number) for row in result.classes] == [("cat", 5), ("dog", 4)]
    assert numbers(result) == {
        "accuracy": 0.6666666666666666,
        "macro_precision": 0.675,
        "macro_recall": 0.675,
        "macro_f1": 0.6666666666666666,
        "samples": 9,
        "weighted_precision": 0.6833333333333333,
        "weighted_recall": 0.6666666666666666,
        "weighted_f1": 0.6666666666666666,
    }
    assert result.metrics["macro_precision"].machine, "0.675 is a full double among full doubles"


def test_entity_scores_of_spacy_and_seqeval():
    spacy = only(
        read_one(
            {
                "token_acc": 1.0,
                "ents_p": 0.5,
                "ents_r": 0.25,
                "ents_f": 0.3333,
                "ents_per_type": {"LOC": {"p": 0.5, "r": 0.25, "f": 0.3333}},
            }
        )
    )
    assert numbers(spacy) == {"token_accuracy": 1.0, "precision": 0.5, "recall": 0.25, "f1": 0.3333}
    assert [row.label for row in spacy.classes] == ["LOC"]
    seqeval = only(
        read_one(
            {
                "PER": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "number": 4},
                "overall_f1": 0.5,
                "overall_accuracy": 0.9,
            }
        )
    )
    assert numbers(seqeval) == {"f1": 0.5, "accuracy": 0.9}
    assert seqeval.classes[0].metrics["support"].number == 4


def test_class_rows_in_a_list_and_in_columns():
    rows = only(
        read_one({"accuracy": 0.8, "per_class": [{"class": "a", "precision": 0.5, "recall": 1.0, "support": 3}]})
    )
    assert [(row.label, row.metrics["recall"].number) for row in rows.classes] == [("a", 1.0)]
    columns = only(read_one({"labels": ["a", "b"], "precision": [0.5, 1.0], "recall": [1.0, 0.5], "support": [3, 4]}))
    assert [(row.label, row.metrics["support"].number) for row in columns.classes] == [("a", 3), ("b", 4)]


@pytest.mark.parametrize("tree", [[[5, 1], [2, 7]], {"confusion_matrix": [[5, 1], [2, 7]]}])
def test_a_confusion_matrix(tree: object):
    assert only(read_one(tree)).matrix == {"0": {"0": 5, "1": 1}, "1": {"0": 2, "1": 7}}


def test_a_confusion_matrix_takes_its_labels_from_beside_it():
    tree = {"accuracy": 0.8, "labels": ["no", "yes"], "confusion_matrix": [[5, 1], [2, 7]]}
    assert only(read_one(tree)).matrix == {"no": {"no": 5, "yes": 1}, "yes": {"no": 2, "yes": 7}}


def test_json_lines_are_rows():
    lines = [
        {"iteration": 20, "total_loss": 2.5, "lr": 0.001},
        {"iteration": 40, "total_loss": 1.5, "lr": 0.001},
        {"iteration": 40, "bbox/AP": 12.5},
    ]
    run = read_one("\n".join(map(json.dumps, lines)))
    assert [(p.step, p.metrics["loss"].number) for p in run.training] == [(20, 2.5), (40, 1.5)]
    assert [(e.step, e.metrics["map"].number, e.metrics["map"].at) for e in run.evaluations] == [
        (40, 0.125, "line 3/bbox~1AP")
    ]


def test_not_a_number_and_infinity_are_numbers_of_their_own():
    result = only(
        read_one('{"eval_loss": NaN, "eval_mse": Infinity, "eval_mae": 1e999, "eval_accuracy": 0.5, "eval_f1": null}')
    )
    assert math.isnan(result.metrics["loss"].number)
    assert result.metrics["mse"].number == math.inf
    assert (result.metrics["mae"].number, result.metrics["mae"].text) == (math.inf, "1e999")
    assert "f1" not in result.metrics


def test_of_a_name_given_twice_the_last_counts_and_is_told():
    run = read_one('{"accuracy": 0.1, "accuracy": 0.9}')
    assert only(run).metrics["accuracy"].number == 0.9
    assert [item.at for item in run.unread] == ["/accuracy"]


@pytest.mark.parametrize(
    "tree",
    [
        {"hidden_size": 768, "dropout": 0.1, "top_p": 1.0, "id2label": {"0": "A"}},
        {"r": 8, "lora_alpha": 16, "lora_dropout": 0.05},
        {"total_images": 4208, "healthy": 2104},
        {"total_params": 110018, "trainable_params": 110018},
        ["A", "B"],
        {"train_size": 100, "test_size": 20},
        {},
        [],
    ],
)
def test_a_file_without_a_metric_is_refused(tree: object):
    with pytest.raises(UnreadableInputError, match="metric"):
        read_text(json.dumps(tree), "x.json")


@pytest.mark.parametrize("depth", [50, 100_000])
def test_deep_nesting_ends_in_one_sentence(depth: int):
    with pytest.raises(UnreadableInputError):
        read_text('{"a":' * depth + "1" + "}" * depth, "x.json")


SCORES = st.dictionaries(
    st.sampled_from(["accuracy", "f1", "precision", "recall", "loss", "mcc", "pearson", "mse", "exact_match"]),
    st.floats(min_value=0.0, max_value=1.0),
    min_size=1,
)


@given(SCORES, st.sampled_from(["eval", "test"]))
def test_what_is_written_is_read_back(scores: dict[str, float], split: str):
    result = only(read_one({f"{split}_{name}": value for name, value in scores.items()}))
    assert result.split == split
    assert numbers(result) == scores
    assert {name: value.text for name, value in result.metrics.items()} == {
        name: json.dumps(v) for name, v in scores.items()
    }


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
        lambda child: (
            st.lists(child, max_size=4)
            | st.dictionaries(
                st.sampled_from(["accuracy", "loss", "eval", "p", "r", "config", "epoch", "x", "support", ""]),
                child,
                max_size=5,
            )
        ),
        max_leaves=25,
    )
)
def test_any_json_is_read_or_refused_in_one_sentence(tree: object):
    try:
        runs = read_text(json.dumps(tree), "any.json")
    except UnreadableInputError:
        return
    assert any(run.evaluations or run.training for run in runs)

"""What people paste and log as text: printed dicts, lists, reports, console lines, sentences."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.errors import UnreadableInputError
from diagnose.readers import read_text


def metrics(text, index=0):
    """Return {metric: printed text} of one evaluation of the only run."""
    (run,) = read_text(text)
    return {name: value.text for name, value in run.evaluations[index].metrics.items()}


def history(text, split="eval"):
    """Return the rows of a split as (epoch, {metric: printed text})."""
    (run,) = read_text(text)
    rows = [e for e in run.evaluations if e.split == split and (e.step is not None or e.epoch is not None)]
    return [(row.epoch, {name: value.text for name, value in row.metrics.items()}) for row in rows]


def test_trainer_log_lines_are_a_history():
    text = (
        "{'loss': 0.71, 'learning_rate': 2e-05, 'epoch': 1.0}\n"
        "{'eval_loss': 0.69, 'eval_accuracy': 0.51, 'epoch': 1.0}\n"
        "{'loss': 0.62, 'learning_rate': 1e-05, 'epoch': 2.0}\n"
        "{'eval_loss': nan, 'eval_accuracy': 0.58, 'epoch': 2.0}\n"
    )
    (run,) = read_text(text)
    assert [(p.epoch, p.metrics["loss"].text) for p in run.training] == [(1.0, "0.71"), (2.0, "0.62")]
    assert [row for _, row in history(text)] == [
        {"loss": "0.69", "accuracy": "0.51"},
        {"loss": "nan", "accuracy": "0.58"},
    ]


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("0.25", "0.25"),
        ("np.float64(0.25)", "0.25"),
        ("tensor(0.25)", "0.25"),
        ("tensor(0.25, device='cuda:0')", "0.25"),
        ("tensor(0.25, grad_fn=<MeanBackward0>)", "0.25"),
        ("array(0.25, dtype=float32)", "0.25"),
        ("1", "1"),
        ("nan", "nan"),
    ],
)
def test_values_as_libraries_print_them(printed, text):
    assert metrics(f"result = {{'recall': 0.5, 'accuracy': {printed}}}")["accuracy"] == text


def test_a_dict_in_a_log_line_over_several_lines():
    text = "12:00 INFO done: {'accuracy': 0.81,\n  'per_class': [0.1, 0.2],\n  'f1': 0.8}  (best)"
    (run,) = read_text(text)
    assert run.evaluations[0].metrics["f1"].at == "line 3"


def test_settings_are_no_metrics():
    text = "args = {'num_train_epochs': 5,  # few\n 'fp16': False}\n{'mcc': 0.0, 'tp': 12, 'fp': 9, 'tn': 0, 'fn': 0}"
    (run,) = read_text(text)
    assert run.setting("num_train_epochs") == 5
    assert metrics(text) == {"mcc": "0.0", "tp": "12", "fp": "9", "tn": "0", "fn": "0"}


def test_a_dict_that_breaks_off_beside_whole_ones_is_unread():
    text = "{'eval_loss': 0.5, 'epoch': 1.0}\n{'eval_loss': 0.4, 'epoch': 2.0}\n{'eval_loss': 0.0, 'epo"
    (run,) = read_text(text)
    assert len(run.evaluations) == 2
    assert [item.at for item in run.unread] == ["line 3"]


def test_a_single_dict_that_breaks_off_gives_what_it_has():
    assert metrics('{\n "eval_loss": 0.5,\n "eval_accuracy": 0.75,\n "ev') == {"loss": "0.5", "accuracy": "0.75"}


def test_many_open_braces_take_no_quadratic_time():
    with pytest.raises(UnreadableInputError):
        read_text("{'a': " * 20_000)


@given(
    st.dictionaries(
        st.sampled_from(["eval_loss", "eval_accuracy", "eval_f1", "eval_mse"]),
        st.floats(0, 1) | st.just(math.nan),
        min_size=1,
    )
)
def test_what_python_prints_is_read_back(values):
    (run,) = read_text(repr(values))
    read = {value.key: value.number for value in run.evaluations[0].metrics.values()}
    assert read.keys() == values.keys()
    assert all(read[k] == v or (math.isnan(v) and math.isnan(read[k])) for k, v in values.items())


@pytest.mark.parametrize(
    "line",
    [
        "eval_f1 = 0.8123",
        "eval_f1: 0.8123",
        "* **`eval_f1`**: 0.8123",
        "- **eval_f1: 0.8123**  (81.23%)",
        "\x1b[32meval_f1\x1b[0m = 0.8123",
        "INFO:__main__:  eval_f1 = 0.8123",
        "2024-01-02 10:11:12,123 - trainer - INFO - eval_f1: 0.8123",
        "wandb: eval_f1 0.8123",
        "> eval_f1 = 0.8123",
        "✅ eval_f1 → 0.8123",
        "eval_f1：0.8123",
        "eval_f1 = tensor(0.8123)",
        "eval_f1=0.8123, and more words",
    ],
)
def test_one_number_in_many_dresses(line):
    assert metrics(line) == {"f1": "0.8123"}


@given(
    st.dictionaries(
        st.sampled_from(["eval_loss", "accuracy", "eval_recall", "mcc"]), st.floats(-1, 1), min_size=1, max_size=4
    ),
    st.sampled_from([" = ", ": ", "=", ":  "]),
    st.sampled_from(["\n", "\r\n", "\r", "\r\r\n"]),
)
def test_key_value_lines_are_read_back(values, sign, end):
    (run,) = read_text(end.join(f"{key}{sign}{value!r}" for key, value in values.items()))
    assert {v.key: v.number for v in run.evaluations[0].metrics.values()} == values


@given(st.decimals(0, 100, places=2))
def test_a_percentage_is_a_hundredth(share):
    (run,) = read_text(f"Accuracy: {share} %")
    assert run.evaluations[0].metrics["accuracy"].number == pytest.approx(float(share) / 100)


@pytest.mark.parametrize("unit", ["", " s", " sec"])
def test_times_and_rates_are_read_beside_scores_in_one_line(unit):
    found = metrics(f"accuracy 0.91, f1 0.8, runtime 22.1{unit}, eval_samples_per_second 120, eval_samples 2652")
    assert found["runtime"] == "22.1"
    assert found["samples_per_second"] == "120"
    assert found["samples"] == "2652"


def test_a_time_alone_is_no_result():
    with pytest.raises(UnreadableInputError):
        read_text("runtime 22, samples 4")


def test_names_and_numbers_by_turns_are_a_history():
    lines = (
        "epoch 1 train loss 0.53 val loss 0.61 val acc 0.81 took 3.2s",
        "epoch 2 train loss 0.43 val loss 0.51 val acc 0.83",
    )
    text = "\n".join(lines)
    assert history(text) == [(1.0, {"loss": "0.61", "accuracy": "0.81"}), (2.0, {"loss": "0.51", "accuracy": "0.83"})]


def test_the_number_before_a_name_belongs_to_the_name_before_it():
    assert metrics("loss 0.5 acc 0.8 f1 0.7") == {"loss": "0.5", "accuracy": "0.8", "f1": "0.7"}


def test_a_trainers_blocks_are_results():
    text = (
        "***** train metrics *****\n  epoch = 3.0\n  train_loss = 0.41\n  train_runtime = 0:02:01.50\n"
        "***** eval metrics *****\n  epoch          =    3.0\n  eval_accuracy  =   0.75\n  eval_samples = 200\n"
    )
    (run,) = read_text(text)
    splits = {e.split: e for e in run.evaluations}
    assert splits["train"].metrics["runtime"].number == 121.5
    assert splits["eval"].metrics["samples"].number == 200
    assert all(e.epoch is None for e in run.evaluations)


def test_two_splits_in_brackets():
    (run,) = read_text("pearson:  [dev] 81.5%   [test] 79.25%")
    assert {e.split: e.metrics["pearson"].text for e in run.evaluations} == {"eval": "81.5", "test": "79.25"}


@pytest.mark.parametrize(
    "line",
    ["Accuracy: 68-70%", "Expected accuracy: 0.9", "baseline accuracy: 0.5", "accuracy: 17/18", "Version: 4.26.0"],
)
def test_what_is_no_figure_of_this_run(line):
    with pytest.raises(UnreadableInputError):
        read_text(line)


def test_a_list_that_contradicts_the_table_is_a_comment_on_it():
    text = "| Metric | Value |\n|---|---|\n| F1 | 0.61 |\n| Accuracy | 0.70 |\n\nRare class:\n- F1: 0.41 (was 0.26)\n"
    (run,) = read_text(text)
    assert [e.metrics["f1"].text for e in run.evaluations] == ["0.61"]
    assert any("0.41" in item.text for item in run.unread)


REPORT = """Accuracy: 0.7
Test results:
              precision    recall  f1-score   support

         cat       0.70      1.00      0.82        70
   big   dog       0.00      0.00      0.00        30

    accuracy                           0.70       100
   macro avg       0.35      0.50      0.41       100
weighted avg       0.49      0.70      0.58       100
"""


def test_classes_averages_and_support():
    (run,) = read_text(REPORT)
    report = next(e for e in run.evaluations if e.classes)
    assert report.split == "test"
    assert [(row.label, row.metrics["support"].text) for row in report.classes] == [
        ("cat", "70"),
        ("big dog", "30"),
    ]
    assert report.metrics["macro_f1"].text == "0.41"
    assert report.metrics["samples"].text == "100"


def test_old_report_without_accuracy():
    text = "  precision recall f1-score support\n\n0 0.5 1.0 0.67 5\n1 0.0 0.0 0.0 5\n\navg / total 0.25 0.5 0.33 10\n"
    (run,) = read_text(text)
    assert run.evaluations[0].metrics["weighted_f1"].text == "0.33"
    assert [row.label for row in run.evaluations[0].classes] == ["0", "1"]


def test_two_reports_stay_apart():
    (run,) = read_text(REPORT + "\nTrain results:\n" + REPORT.partition("results:\n")[2])
    assert {e.split for e in run.evaluations if e.classes} == {"test", "train"}


def test_keras_takes_the_epoch_from_the_line_before():
    text = "".join(
        f"Epoch {n}/3\n 3/9 [=>..] - ETA: 1s - loss: 9.0\r9/9 [==] - 2s - loss: 0.{n}1 - acc: 0.5 - val_loss: 0.{n}5\n"
        for n in (1, 2, 3)
    )
    (run,) = read_text(text)
    assert [(p.epoch, p.metrics["loss"].text) for p in run.training] == [(1, "0.11"), (2, "0.21"), (3, "0.31")]
    assert [row["loss"] for _, row in history(text)] == ["0.15", "0.25", "0.35"]


def test_a_log_whose_first_epoch_line_is_cut_off():
    text = "loss: 0.3 - val_loss: 0.5\nEpoch 8/9\nloss: 0.2 - val_loss: 0.6\nEpoch 9/9\nloss: 0.1 - val_loss: 0.7"
    assert [epoch for epoch, _ in history(text)] == [7, 8, 9]


def test_figures_before_the_line_that_names_their_epoch():
    text = "".join(
        "Evaluating on dev set...\nPrecision (micro): 100.0%\nRecall (micro): 0.0%\n"
        f"epoch {n}: train_loss = 0.{n}, dev_loss = 2.{n}\n"
        for n in (4, 5)
    )
    assert history(text) == [
        (4.0, {"micro_precision": "100.0", "micro_recall": "0.0", "loss": "2.4"}),
        (5.0, {"micro_precision": "100.0", "micro_recall": "0.0", "loss": "2.5"}),
    ]


def test_flair_running_averages_yield_to_the_epochs_own():
    lines = (
        "epoch 1 - iter 5/10 - loss 0.9 - lr: 0.01",
        "epoch 1 - iter 10/10 - loss 0.8 - lr: 0.01",
        "EPOCH 1 done: loss 0.7 - lr: 0.01",
        "DEV : loss 0.6 - f1-score (micro avg)  0.0",
        "EPOCH 2 done: loss 0.5 - lr: 0.01",
        "DEV : loss 0.4 - f1-score (micro avg)  0.1",
    )
    text = "".join(f"2022-01-01 10:00:00,123 {line}\n" for line in lines)
    (run,) = read_text(text)
    assert [p.metrics["loss"].text for p in run.training] == ["0.7", "0.5"]
    assert history(text) == [(1.0, {"loss": "0.6", "micro_f1": "0.0"}), (2.0, {"loss": "0.4", "micro_f1": "0.1"})]


def test_bare_rows_in_every_epoch():
    text = "".join(f"Epoch {n}: precision 0.0, recall 0.0, f1 0.0, accuracy 0.758\n" for n in (1, 2, 3))
    rows = history(text)
    assert [epoch for epoch, _ in rows] == [1, 2, 3]
    assert rows[0][1] == {"precision": "0.0", "recall": "0.0", "f1": "0.0", "accuracy": "0.758"}


def test_equal_lines_without_a_step_are_numbered():
    text = "".join(f"loss: 0.9{n}, acc: 0.6, test_acc: 0.65, f1: 0.26\n" for n in range(4))
    (run,) = read_text(text)
    assert [e.step for e in run.evaluations] == [1, 2, 3, 4]


def test_steps_that_begin_anew_with_every_epoch_are_numbered():
    text = "".join(
        f"Evaluating in epoch {e} after {s} steps:\nPearson: 0.{e}{s}\tSpearman: nan\n"
        for e in (1, 2)
        for s in (100, 200)
    )
    (run,) = read_text(text)
    assert [e.step for e in run.evaluations] == [1, 2, 3, 4]


def test_whitespace_columns():
    text = (
        "E    #       LOSS NER  ENTS_F  ENTS_P  ENTS_R\n---  ------  --------  ------  ------  ------\n"
        "  0       0     53.67    0.00    0.00    0.00\n  1     200    900.10   10.50   20.00    7.12\n"
    )
    (run,) = read_text(text)
    assert [(e.step, e.metrics["f1"].text) for e in run.evaluations] == [(0, "0.00"), (200, "10.50")]


def test_yolo_columns_with_a_progress_bar_behind():
    text = (
        "   Class  Images  Instances     P      R   mAP50   mAP50-95: 100%|██| 4/4 00:05\n"
        "     all     128        929  0.671  0.606    0.68      0.447\n     cat      10   12  0.5  0.5  0.5  0.25\n"
    )
    (run,) = read_text(text)
    overall = next(e for e in run.evaluations if e.metrics)
    assert (overall.metrics["precision"].text, overall.metrics["map"].text) == ("0.671", "0.447")
    assert any(row.label == "cat" for e in run.evaluations for row in e.classes)


def test_coco_lines():
    line = " Average Precision  (AP) @[ IoU={} | area={} | maxDets=100 ] = {}\n"
    text = (
        "Evaluate annotation type *bbox*\n"
        + line.format("0.50:0.95", "   all", "0.371")
        + line.format("0.50     ", "   all", "0.5")
        + line.format("0.50:0.95", " small", "-1.000")
    )
    (run,) = read_text(text)
    assert metrics(text) == {"map": "0.371", "map50": "0.5"}
    assert "no such object" in run.unread[0].reason


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("The test accuracy remains at 0.65 and does not change.", {"accuracy": "0.65"}),
        ("I get an F1 score of 41.3% on my data.", {"f1": "41.3"}),
        ("After training the accuracy is 0.1", {"accuracy": "0.1"}),
        ("My model has 56% accuracy", {"accuracy": "56"}),
    ],
)
def test_a_statement_is_read(sentence, found):
    assert metrics(sentence) == found


@pytest.mark.parametrize(
    "sentence",
    [
        "If you have 2 classes, random guessing gives an accuracy of 50%.",
        "I would expect an accuracy of 90%.",
        "The paper reported an F1 of 0.93 in 2019.",
        "See https://example.org/accuracy/0.93 and version 1.2.3 of 2024-05-06.",
        "Accuracy improved by 3.5% over the baseline.",
        "We collected 12.5 GB of data in 3 days.",
    ],
)
def test_what_a_sentence_only_supposes_is_not_read(sentence):
    with pytest.raises(UnreadableInputError):
        read_text(sentence)


def test_a_sentence_yields_to_a_figure():
    text = "accuracy = 0.5641\n\nSo the accuracy is 56%, which is bad."
    assert metrics(text) == {"accuracy": "0.5641"}


def test_epochs_that_were_run():
    (run,) = read_text("eval_loss: 3.1\n\nYou only did **1 epoch**, and most tasks need 3-5 epochs.")
    assert run.setting("num_train_epochs") == 1


def test_flags_name_their_line():
    text = (
        "Some weights were not initialized and are newly initialized: ['classifier.weight']\n"
        "UndefinedMetricWarning: Precision is ill-defined and being set to 0.0\n"
        "ConstantInputWarning: An input array is constant\nUserWarning: X seems not to be NE tag.\naccuracy: 0.5\n"
    )
    (run,) = read_text(text)
    assert {name: flag.at for name, flag in run.text_flags.items()} == {
        "untrained-head": "line 1",
        "undefined-metric": "line 2",
        "constant-input": "line 3",
        "seqeval-tag-warning": "line 4",
    }


def test_thousands_of_results_without_a_step_are_bounded():
    lines = "".join(f"{{'sample': 'x{n}', 'f1': {n / 7000}}}\n\n" for n in range(7000))
    (run,) = read_text(lines)
    assert len(run.evaluations) <= 50
    assert any("more results" in item.reason for item in run.unread)


def test_what_no_block_could_use_is_listed_and_counted():
    lines = [f"the loss curve number {n} looked like 0.{n:03d} or so to me" for n in range(80)]
    (run,) = read_text("accuracy: 0.5\n\n" + "\n".join(lines))
    left = [item for item in run.unread if "not understood" in item.reason]
    assert 0 < len(left) <= 51


@pytest.mark.parametrize(
    "text", ["*" * 30_000, "\t" * 30_000 + "accuracy", "a:" * 15_000, "(" * 30_000 + "f1", "| " * 20_000]
)
def test_hostile_lines_end_in_one_line(text):
    with pytest.raises(UnreadableInputError, match="no metric found"):
        read_text(text)


@given(st.text(max_size=300))
def test_no_text_ends_in_another_exception(text):
    try:
        runs = read_text(text)
    except UnreadableInputError:
        return
    assert runs


def test_matrices_of_several_labels_are_several_tasks():
    table = (
        "label: {}\n"
        "╒════════════╤═════════════════╤═════════════════╕\n"
        "│            │   1 (Predicted) │   0 (Predicted) │\n"
        "╞════════════╪═════════════════╪═════════════════╡\n"
        "│ 1 (Actual) │              {} │               3 │\n"
        "├────────────┼─────────────────┼─────────────────┤\n"
        "│ 0 (Actual) │               2 │              40 │\n"
        "╘════════════╧═════════════════╧═════════════════╛\n"
    )
    (run,) = read_text(table.format("colour", 55) + "\n" + table.format("size", 71))
    assert {e.task: e.matrix for e in run.evaluations} == {
        "colour": {"1": {"1": 55, "0": 3}, "0": {"1": 2, "0": 40}},
        "size": {"1": {"1": 71, "0": 3}, "0": {"1": 2, "0": 40}},
    }


def test_a_sentence_says_which_metrics_are_nan():
    (run,) = read_text("With a batch of one it warns, which causes my Pearson and Spearman metrics to result in NaN.")
    (evaluation,) = run.evaluations
    assert {name: math.isnan(value.number) for name, value in evaluation.metrics.items()} == {
        "pearson": True,
        "spearman": True,
    }


@pytest.mark.parametrize(
    "text", ["I clip so that the loss would not be NaN.", "If the accuracy is nan, lower the rate: seed 3."]
)
def test_a_nan_that_is_not_stated_is_not_read(text):
    with pytest.raises(UnreadableInputError):
        read_text(text)


def test_a_sentence_with_two_numbers_gives_two_results():
    (run,) = read_text("My tagger has an accuracy of 0.91 or 0.87 after ten epochs.")
    assert [e.metrics["accuracy"].text for e in run.evaluations] == ["0.91", "0.87"]


def test_an_array_beside_its_average_is_one_number_for_each_class():
    (run,) = read_text("{'eval_f1': array([0.25, 0.5 , 0.75]), 'eval_f1_macro': 0.5, 'epoch': 2.0}\n")
    (evaluation,) = run.evaluations
    assert [(row.label, row.metrics["f1"].text) for row in evaluation.classes] == [
        ("0", "0.25"),
        ("1", "0.5"),
        ("2", "0.75"),
    ]


def test_a_lone_array_may_be_folds_and_is_left_unread():
    (run,) = read_text("{'eval_f1': array([0.25, 0.5 , 0.75]), 'eval_accuracy': 0.5}\n")
    assert not run.evaluations[0].classes
    assert any("eval_f1" in item.text for item in run.unread)


def test_lines_of_one_step_are_told_apart_by_the_words_before_them():
    text = (
        "2024-03-01 10:00:00 - Evaluating the model on sts-dev dataset after epoch 2:\n"
        "2024-03-01 10:00:01 - Cosine-Similarity :\tPearson: 0.8123\tSpearman: 0.8045\n"
        "2024-03-01 10:00:01 - Manhattan-Distance:\tPearson: 0.7991\tSpearman: 0.7902\n"
    )
    (run,) = read_text(text)
    assert [(e.task, e.metrics["pearson"].text) for e in run.evaluations] == [
        (None, "0.8123"),
        ("Manhattan-Distance", "0.7991"),
    ]


def test_a_progress_bar_is_no_row_of_the_table_below_it():
    text = (
        "f1: 0.0, loss: 0.27 ||: 100%|##########| 12/12 [00:01<00:00, 9.1it/s]\n"
        "                 Training |  Validation\n"
        "span_f1      |     0.500  |     0.250\n"
        "arc_f1       |     0.600  |     0.350\n"
    )
    (run,) = read_text(text)
    found = {(e.task, e.split): e.metrics["f1"].text for e in run.evaluations}
    assert found["span", "train"] == "0.500"
    assert found["span", "eval"] == "0.250"
    assert found["arc", "eval"] == "0.350"


def test_a_standard_error_has_the_scale_of_its_metric():
    head = "| Task | Metric | Value | Stderr |\n|---|---|---|---|\n"
    text = f"{head}| one | acc | 54.27 | 1.46 |\n| two | acc | 80.89 | 0.81 |\n"
    (run,) = read_text(text)
    assert [e.metrics["accuracy_stderr"].number for e in run.evaluations] == [0.0146, 0.0081]


def test_the_runs_of_one_table_share_its_scale():
    text = "| Model | WER | CER |\n|---|---|---|\n| bert-a | 17.92 | 3.36 |\n| bert-b | 1.65 | 1.12 |\n"
    first, second = read_text(text)
    assert first.evaluations[0].metrics["wer"].number == 0.1792
    assert second.evaluations[0].metrics["wer"].number == 0.0165


def test_a_heading_that_tells_what_was_done_names_no_task():
    text = "## Training Bi-LSTM Model\n\naccuracy: 0.91\n\n## Testing Bi-LSTM Model with Test Data\n\naccuracy: 0.84\n"
    (run,) = read_text(text)
    assert [(e.task, e.split) for e in run.evaluations] == [(None, "eval"), (None, "test")]


def test_values_that_code_computes_are_no_settings():
    (run,) = read_text("learning_rate: 0.1\nwarmup_ratio: float(steps) / 10\nbatch_size: 8\n\naccuracy: 0.5\n")
    assert set(run.config) == {"learning_rate", "train_batch_size"}


def test_a_size_behind_an_average_precision_is_no_mask():
    (run,) = read_text("Epoch(val) [1][9]  bbox_mAP: 0.21, bbox_mAP_s: 0.05, bbox_mAP_m: 0.17, segm_mAP: 0.19\n")
    assert {e.task for e in run.evaluations} == {None, "segm"}


@pytest.mark.parametrize(
    "text", ["[[50  3]\n [ 7 18]]", "[[50, 3], [7, 18]]", "array([[50.,  3.],\n       [ 7., 18.]])"]
)
def test_a_printed_confusion_matrix_is_read_and_its_orientation_is_an_assumption(text):
    (run,) = read_text(f"Confusion matrix:\n{text}\naccuracy: 0.87\n")
    (evaluation,) = run.evaluations
    assert evaluation.matrix == {"0": {"0": 50, "1": 3}, "1": {"0": 7, "1": 18}}
    assert evaluation.matrix_assumes == ("rows_are_true=true",)


@pytest.mark.parametrize("cut", ["dog 0.92 0.", "dog 0.92 0.75", "dog 0.92 0.75 0.80"])
def test_a_row_of_a_report_that_is_cut_is_unread_and_ends_nothing(cut):
    head = "precision recall f1-score support\n\ncat 0.81 0.90 0.85 120\n"
    for below in ("", "cow 0.92 0.75 0.83 50\n"):
        (run,) = read_text(f"{head}{cut}\n{below}")
        assert [row.label for row in run.evaluations[0].classes] == ["cat", *below.split()[:1]]
        assert [item.text for item in run.unread] == [cut]

"""Tables in Markdown: how they are found and cut, and what their rows and columns say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.readers import read_text
from diagnose.readers._columns import column_of
from diagnose.readers._grids import find_grids
from diagnose.readers._markup import number_in, plain
from diagnose.readers.blocks import settings, tables
from diagnose.readers.page import Page


def page(text: str) -> Page:
    """Return a page of `text`."""
    return Page("log.md", text.splitlines())


def grids(text: str):
    """Return the header and the rows of each table."""
    return [(grid.header, grid.rows) for grid in find_grids(page(text))]


def read(text: str):
    """Return (role, run, task, split, label, cells) of each record of the tables."""
    records = list(tables.extract(page(text)))
    return [(r.role, r.run, r.task, r.split, r.label, {c.key: c.text for c in r.cells}) for r in records]


@pytest.mark.parametrize(
    "text",
    [
        "| a | b |\n|---|--:|\n| x | 1 |",
        "a | b\n--|--\nx | 1",
        "+---+---+\n| a | b |\n+===+===+\n| x | 1 |\n+---+---+",
        "┌───┬───┐\n│ a │ b │\n├───┼───┤\n│ x │ 1 │\n└───┴───┘",
        "┏━━━┳━━━┓\n┃ a ┃ b ┃\n┡━━━╇━━━┩\n│ x │ 1 │\n└───┴───┘",
        " a | b \n---+---\n x | 1 ",
        "> | a | b |\n> |---|---|\n> | x | 1 |",
        "| **a** | `b` |\n|:-:|:-:|\n| [x](http://y) | **1** ✅ |",
        "| a | b |\n| x | 1 |",
    ],
)
def test_every_way_of_drawing_the_same_table(text):
    assert grids(text) == [(["a", "b"], [["x", "1"]])]


def test_ragged_rows_are_filled_and_cut():
    assert grids("|a|b|\n|-|-|\n|x|\n|y|1|2|") == [(["a", "b"], [["x", ""], ["y", "1"]])]


def test_two_tables_without_a_blank_line_and_rows_left_out():
    text = "|a|b|\n|-|-|\n|x|1|\n:\n:\n|y|2|\n|c|d|\n|-|-|\n|z|3|"
    assert grids(text) == [(["a", "b"], [["x", "1"], ["y", "2"]]), (["c", "d"], [["z", "3"]])]


def test_a_header_that_repeats_itself_is_folded():
    text = "|class|AP|class|AP|\n|-|-|-|-|\n|cat|40.1|dog|50.2|\n|cow|30.3|None||"
    assert grids(text) == [(["class", "AP"], [["cat", "40.1"], ["cow", "30.3"], ["dog", "50.2"]])]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("**64.1%** ✅", "64.1%"),
        ("~70%", "~70%"),
        ("0.93 (best)", "0.93"),
        ("0.85 ± 0.01", "0.85 ± 0.01"),
        ("75%+", "75%"),
        ("{'f1': 0.5}", "0.5"),
        ("nan", "nan"),
        ("1,874", "1,874"),
        ("66-68%", None),
        ("17/18", None),
        ("75 min", None),
        ("> 0.9", None),
        ("No log", None),
        ("", None),
    ],
)
def test_the_number_of_a_cell(cell, number):
    assert number_in(cell) == number


@given(st.text(max_size=200))
def test_plain_text_and_numbers_never_fail(text):
    assert plain(plain(text)) is not None
    assert number_in(text) is None or any(c.isalnum() for c in text)


@given(st.lists(st.text(alphabet="|-+:= \t01.a%┌│─`#*", max_size=12), max_size=12))
def test_no_arrangement_of_bars_and_rules_breaks_the_reader(lines):
    """Whatever stands between bars, each table's rows are as wide as its header and stand on their own lines."""
    here = Page("x", lines)
    for grid in find_grids(here):
        assert all(len(row) == len(grid.header) for row in grid.rows)
        assert len(grid.rows) == len(grid.lines)
        assert all(grid.start < line < grid.stop for line in grid.lines)
    list(tables.extract(here))


def test_a_history_keeps_every_column_and_marks_of_absence():
    text = "| Training Loss | Epoch | Step | Validation Loss | Wer |\n|-|-|-|-|-|\n| No log | 1.0 | 10 | nan | / |"
    (record,) = read(text)
    assert record[-1] == {"Training Loss": "No log", "Epoch": "1.0", "Step": "10", "Validation Loss": "nan", "Wer": "/"}


def test_runs_beside_each_other_with_changes_targets_and_verdicts():
    text = """\
## RUN #4 - wider

| Metric | Run #4 | Run #3 | Change | Target | Gap | Status |
|---|---|---|---|---|---|---|
| **Overall Macro-F1** | **51.2%** | ~48% | +3.2% | 70% | -18.8% | 🟡 |
| Accuracy | 60.0% | 59.1% | +0.9% | | | ✅ |
"""
    assert read(text) == [
        ("metrics", "Run #4", None, None, None,
         {"Overall Macro-F1": "51.2%", "target Overall Macro-F1": "70%", "Accuracy": "60.0%", "target Accuracy": ""}),
        ("metrics", "Run #3", None, None, None, {"Overall Macro-F1": "~48%", "Accuracy": "59.1%"}),
    ]  # fmt: skip


def test_a_class_table_feeds_the_other_run_from_its_own_column():
    text = """\
| Class | Precision | F1 | Support | Run #1 F1 | Change |
|---|---|---|---|---|---|
| cat | 50% | 40% | 12 | ~35% | +5% |
| macro avg | 55% | 45% | 30 | | |
"""
    assert read(text) == [
        ("class", None, None, None, "cat", {"Precision": "50%", "F1": "40%", "Support": "12"}),
        ("class", "Run #1", None, None, "cat", {"F1": "~35%"}),
        ("class", None, None, None, "macro avg", {"Precision": "55%", "F1": "45%", "Support": "30"}),
    ]


def test_the_rows_of_each_class_are_read_where_nothing_else_is_said_of_them():
    text = "| Class | Support |\n|---|---|\n| cat | 12 |\n| dog | 30 |\n| Total | 42 |\n\naccuracy: 0.8\n"
    (run,) = read_text(text, "log.md")
    (evaluation,) = run.evaluations
    assert evaluation.metrics["accuracy"].text == "0.8"
    assert [(row.label, row.metrics["support"].text) for row in evaluation.classes] == [("cat", "12"), ("dog", "30")]


def test_a_report_on_its_side():
    text = (
        "| | cat | dog | accuracy | macro avg |\n|-|-|-|-|-|\n| precision | 0.5 | 0.6 | 0.7 | 0.55 |\n"
        "| recall | 0.4 | 0.8 | 0.7 | 0.6 |"
    )
    assert read(text) == [
        ("class", None, None, None, "cat", {"precision": "0.5", "recall": "0.4"}),
        ("class", None, None, None, "dog", {"precision": "0.6", "recall": "0.8"}),
        ("metrics", None, None, None, None, {"accuracy": "0.7"}),
        ("class", None, None, None, "macro avg", {"precision": "0.55", "recall": "0.6"}),
    ]


def test_a_harness_table_repeats_the_task_of_a_blank_cell():
    text = """\
|Tasks|Version|Filter|n-shot|Metric| |Value| |Stderr|
|-----|------:|------|-----:|------|-|----:|-|-----:|
|quiz | 1|none |0|acc|↑|0.41|± |0.02|
| | |none |0|acc_norm|↑|0.44|± |0.02|
|sums | 2|strict-match|5|exact_match|↑|0.12|± |0.01|
"""
    assert read(text) == [
        ("metrics", None, "quiz", None, None,
         {"acc": "0.41", "acc_stderr": "0.02", "acc_norm": "0.44", "acc_norm_stderr": "0.02"}),
        ("metrics", None, "sums", None, None,
         {"exact_match,strict-match": "0.12", "exact_match,strict-match_stderr": "0.01"}),
    ]  # fmt: skip


def test_rows_of_models_splits_and_tasks():
    text = (
        "| Model | Dataset | Accuracy | F1 (macro) |\n|-|-|-|-|\n| small | books | 0.5 | 0.4 |\n| | news | 0.6 | 0.5 |"
    )
    assert read(text) == [
        ("metrics", "small", "books", None, None, {"Accuracy": "0.5", "F1 (macro)": "0.4"}),
        ("metrics", "small", "news", None, None, {"Accuracy": "0.6", "F1 (macro)": "0.5"}),
    ]
    assert read("| Split | Loss |\n|-|-|\n| Validation | 0.5 |")[0][3] == "eval"


def test_a_metric_with_a_condition_in_brackets_is_a_task_of_its_own():
    text = "| Model | WER (greedy) | WER (beam) |\n|-|-|-|\n| a | 9.1 | 8.2 |"
    assert [(r[1], r[2], r[-1]) for r in read(text)] == [
        ("a", "greedy", {"WER": "9.1"}),
        ("a", "beam", {"WER": "8.2"}),
    ]


def test_a_leaderboard_that_names_its_metric_in_a_column():
    text = (
        "| Model | Test Score | Validation Score | Evaluation Metric | Fit Time |\n|-|-|-|-|-|\n"
        "| a | 0.5 | 0.6 | r2 | 35.5 |"
    )
    assert [(r[1], r[3], r[-1]) for r in read(text)] == [("a", "test", {"r2": "0.5"}), ("a", "eval", {"r2": "0.6"})]


def test_metrics_at_several_thresholds_are_not_one_classifier():
    text = "| | score | threshold |\n|-|-|-|\n| auc | 0.7 | nan |\n| f1 | 0.5 | 0.3 |\n| recall | 1 | 0.0 |"
    assert [(r[2], r[-1]) for r in read(text)] == [
        (None, {"auc": "0.7"}),
        ("threshold 0.3", {"f1": "0.5"}),
        ("threshold 0.0", {"recall": "1"}),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "| | Predicted as A | Predicted as B |\n|-|-|-|\n| Labeled as A | 5 | 1 |\n| Labeled as B | 2 | 7 |",
        "| | Actual A | Actual B |\n|-|-|-|\n| Predicted A | 5 | 2 |\n| Predicted B | 1 | 7 |",
        "| True \\ Predicted | A | B | Total |\n|-|-|-|-|\n| A | 5 | 1 | 6 |\n| B | 2 | 7 | 9 |",
        "| Predicted / True | A | B |\n|-|-|-|\n| A | TP = 5 | 2 |\n| B | 1 | 7 (TN) |",
    ],
)
def test_a_confusion_matrix_either_way_round(text):
    assert [(r[0], r[4], r[-1]) for r in read(text)] == [
        ("matrix", "A", {"A": "5", "B": "1"}),
        ("matrix", "B", {"A": "2", "B": "7"}),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "| | A | B |\n|-|-|-|\n| A | 5 | 1 |\n| B | 2 | 7 |",
        "| Params | Layers | Batch Size | Learning Rate |\n|-|-|-|-|\n| 14M | 6 | 2M | 1.0e-3 |",
        "| Corpus | Hours |\n|-|-|\n| books | 107.4 |",
        "| Run # | Target F1 | Result | Status |\n|-|-|-|-|\n| 1 | 61.2% | 61.2% | Done |\n| 2 | 65-68% | TBD | Plan |",
        "| Class | Boost (Run #2) | Samples | F1 Change |\n|-|-|-|-|\n| a | 5x | 405 | +15.3% |",
    ],
)
def test_tables_without_a_metric_are_listed_as_unread(text):
    here = page(text)
    assert list(tables.extract(here)) == []
    assert [entry.reason for entry in here.unread] == ["a table without a known metric"]


def test_a_table_of_runs_gives_each_its_settings_and_its_result():
    text = "| Run | LR | Epochs | Accuracy |\n|-|-|-|-|\n| 1 | 5e-5 | 3 | 0.7 |\n| 2 | 2e-5 | 9 | 0.8 |"
    assert [(r[0], r[1], r[-1]) for r in read(text)] == [
        ("config", "Run #1", {"LR": "5e-5", "Epochs": "3"}),
        ("metrics", "Run #1", {"Accuracy": "0.7"}),
        ("config", "Run #2", {"LR": "2e-5", "Epochs": "9"}),
        ("metrics", "Run #2", {"Accuracy": "0.8"}),
    ]


def test_folds_are_runs_and_their_mean_is_none_of_them():
    text = "| Fold | MSE |\n|-|-|\n| 1 | 1.2 |\n| 2 | 1.4 |\n| Mean | 1.3 ± 0.1 |\n| Std | 0.1 |"
    assert [(r[1], r[-1]["MSE"]) for r in read(text)] == [("Fold 1", "1.2"), ("Fold 2", "1.4"), (None, "1.3 ± 0.1")]


def test_languages_with_support_are_tasks_not_classes():
    text = "| Language | Precision | Recall | Support |\n|-|-|-|-|\n| en | 0.9 | 0.8 | 100 |\n| Average | 0.8 | 0.7 | |"
    assert [(r[0], r[2]) for r in read(text)] == [("metrics", "en"), ("metrics", None)]


def test_free_columns_under_a_run_are_tasks_and_elsewhere_runs():
    text = "| Metric | Intent | Slot |\n|-|-|-|\n| F1 | 0.9 | 0.6 |"
    assert [(r[1], r[2]) for r in read(f"## Run 7\n\n{text}")] == [("Run #7", "intent"), ("Run #7", "slot")]
    assert [(r[1], r[2]) for r in read(text)] == [("Intent", None), ("Slot", None)]
    classes = "## Per-class results\n" + text + "\n| Precision | 0.8 | 0.7 |"
    assert [(r[0], r[4]) for r in read(classes)] == [("class", "Intent"), ("class", "Slot")]


def test_an_epoch_written_as_a_part_of_all_epochs():
    text = "| Epoch | Val Loss |\n|-|-|\n| 1/3 | 0.8 |\n| 2 of 3 | 0.7 |"
    assert [r[-1]["Epoch"] for r in read(text)] == ["1", "2"]


def test_a_plan_is_no_result():
    text = """\
## Run 2
| Metric | Run 2 |
|---|---|
| Accuracy | 60% |

## Expected outcomes of run 3
| Metric | Run 2 | Run 3 target |
|---|---|---|
| Accuracy | 60% | 65-70% |
| Rare F1 | 20% | 40% |
"""
    (run,) = read_text(text)
    (evaluation,) = run.evaluations
    assert run.name == "Run #2"
    assert list(evaluation.metrics) == ["accuracy"]
    assert any("plan" in entry.reason for entry in run.unread)


def test_settings_tables_have_a_column_for_each_run():
    text = (
        "## Run #2 changes\n| Parameter | Run #1 | Run #2 | Rationale |\n|-|-|-|-|\n"
        "| `EPOCHS` | 10 | **12** | longer, 2 more |"
    )
    records = list(settings.extract(page(text)))
    assert [(r.role, r.run, [(c.key, c.text) for c in r.cells]) for r in records] == [
        ("config", "Run #1", [("EPOCHS", "10")]),
        ("config", "Run #2", [("EPOCHS", "12")]),
    ]


def test_a_table_of_circumstances_is_settings():
    text = "| Metric | Run #2 | Run #1 |\n|-|-|-|\n| Epochs Trained | 8/12 | 10/10 |\n| Duration | 75 min | 50 min |"
    records = list(settings.extract(page(text)))
    assert [[(c.key, c.text) for c in r.cells] for r in records] == [
        [("stopped_epoch", "8"), ("num_train_epochs", "12"), ("Duration", "75 min")],
        [("stopped_epoch", "10"), ("num_train_epochs", "10"), ("Duration", "50 min")],
    ]


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Validation Loss", "metric"),
        ("Epoch", "axis"),
        ("Run #1", "value"),
        ("Run #1 F1", "metric"),
        ("Run #3 Target", "aside"),
        ("Δ Relative", "aside"),
        ("F1 Change", "aside"),
        ("Target", "target"),
        ("Dev set", "value"),
        ("Class", "class"),
        ("Learning Rate", "setting"),
        ("Notes", "aside"),
        ("p-value", "aside"),
        ("x" * 500, "other"),
    ],
)
def test_the_kind_of_a_column(header, kind):
    assert column_of(0, header).kind == kind


def test_a_wide_or_long_table_takes_linear_time():
    """A hundred thousand bars, and a row of a hundred thousand characters, are read at once."""
    list(tables.extract(page("|" * 100_000 + "\n" + "|-" * 50_000)))
    list(tables.extract(page("| F1 | 0.5 |\n|---|---|\n" * 20_000)))
    list(tables.extract(page("| a | accuracy |\n|---|---|\n| " + "x " * 50_000 + "| 0.5 |")))


def test_a_name_that_is_one_tag_is_a_name():
    table = "| a | b |\n|---|---|\n| <img src=x> | 1 |\n| <b>x</b> | <br> |"
    assert grids(table) == [(["a", "b"], [["<img src=x>", "1"], ["x", ""]])]

"""Records become runs: names, splits, tasks, scales, histories, duplicates."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.readers.interpret import interpret
from diagnose.readers.records import Cell, Record, Records

if TYPE_CHECKING:
    from diagnose.types import Evaluation, Run


def record(cells: dict[str, str], **context: Any) -> Record:
    return Record(tuple(Cell(key, text, f"line {i}") for i, (key, text) in enumerate(cells.items(), 1)), **context)


def runs(*records: Record) -> list[Run]:
    return interpret(Records(list(records)), "notes/card.md")


def run(*records: Record) -> Run:
    (only,) = runs(*records)
    return only


def numbers(evaluation: Evaluation) -> dict[str, float]:
    return {name: value.number for name, value in evaluation.metrics.items()}


def texts(evaluation: Evaluation) -> dict[str, str]:
    return {name: value.text for name, value in evaluation.metrics.items()}


def test_a_run_is_named_after_its_file_unless_the_document_names_it():
    assert run(record({"accuracy": "0.5"})).name == "card"
    assert run(record({"accuracy": "0.5"}, run="Run #2")).name == "Run #2"


@pytest.mark.parametrize("text", ["No log", "-", "", "N/A", "None", "/", "—"])
def test_an_absent_cell_is_no_value(text: str):
    result = run(record({"accuracy": "0.5", "f1": text}))
    assert list(result.evaluations[0].metrics) == ["accuracy"]
    assert not result.unread


@pytest.mark.parametrize(
    ("text", "number", "kept", "approximate"),
    [
        ("56.4%", 0.564, "56.4", False),
        ("**56.4 %**", 0.564, "56.4", False),
        ("~65%", 0.65, "65", True),
        ("≈ 0.65", 0.65, "0.65", True),
        ("0.812 ± 0.004", 0.812, "0.812", False),
        ("81.2% +/- 0.4", 0.812, "81.2", False),
        ("tensor(0.5)", 0.5, "0.5", False),
        ("np.float64(0.25)", 0.25, "0.25", False),
        ("−0.25", -0.25, "-0.25", False),
        ("0,25", 0.25, "0.25", False),
    ],
)
def test_a_number_is_taken_out_of_its_dress(text: str, number: float, kept: str, approximate: bool):  # noqa: FBT001  # a parameter of the table
    value = run(record({"f1": text})).evaluations[0].metrics["f1"]
    assert (value.number, value.text, value.approximate) == (number, kept, approximate)


def test_thousands_and_durations():
    metrics = numbers(
        run(record({"accuracy": "0.5", "eval_samples": "1,495", "eval_runtime": "0:02:01.5"})).evaluations[0]
    )
    assert (metrics["samples"], metrics["runtime"]) == (1495, 121.5)
    value = run(record({"accuracy": "0.5", "runtime": "2 min"})).evaluations[0].metrics["runtime"]
    assert (value.number, value.scale) == (120, Fraction(60))


def test_a_whole_number_of_percent_is_a_rounded_number():
    value = run(record({"accuracy": "56%"})).evaluations[0].metrics["accuracy"]
    assert value.interval is not None
    assert (value.interval.low, value.interval.high) == (Fraction("0.555"), Fraction("0.57"))


def test_what_cannot_be_used_is_told():
    result = run(record({"accuracy": "0.5", "f1": "0.66-0.68", "recall": "+0.03"}))
    assert [(item.at, item.reason) for item in result.unread] == [
        ("line 2", "not a number"),
        ("line 3", "a change, not a value"),
    ]


HISTORY = (
    record({"Training Loss": "No log", "Epoch": "1.0", "Step": "10", "Validation Loss": "0.7", "F1": "0.5"}, group="t"),
    record({"Training Loss": "0.6", "Epoch": "2.0", "Step": "20", "Validation Loss": "nan", "F1": "0.6"}, group="t"),
)


def test_a_table_row_feeds_the_evaluation_and_the_training():
    result = run(*HISTORY)
    assert [(e.step, e.epoch, e.split) for e in result.evaluations] == [(10, 1, "eval"), (20, 2, "eval")]
    assert result.evaluations[1].metrics["loss"].is_nan
    assert [(p.step, p.epoch, p.metrics["loss"].text) for p in result.training] == [(20, 2, "0.6")]


def test_a_result_that_stands_alone_is_no_row_though_it_names_its_epoch():
    result = run(record({"epoch": "3.0", "eval_f1": "0.5"}))
    assert (result.evaluations[0].step, result.evaluations[0].epoch) == (None, None)
    assert result.setting("epoch") == 3


def test_headline_and_metadata_are_one_evaluation_and_the_finer_text_wins():
    result = run(
        record({"Loss": "0.0189", "Accuracy": "0.9951"}, group="headline"),
        record({"Accuracy": "0.9950800715160463", "F1": "0.8026698613725826"}, group="metadata", machine=True),
        *HISTORY,
    )
    (headline,) = [e for e in result.evaluations if e.step is None]
    assert texts(headline) == {"loss": "0.0189", "accuracy": "0.9950800715160463", "f1": "0.8026698613725826"}


def test_results_that_contradict_stay_apart():
    result = run(record({"f1": "0.80"}), record({"f1": "0.70"}))
    assert [numbers(e) for e in result.evaluations] == [{"f1": 0.8}, {"f1": 0.7}]


def test_neighbours_in_the_last_digit_are_not_the_same():
    assert len(run(record({"f1": "0.9951"}), record({"f1": "0.9950"})).evaluations) == 2


def test_a_number_rounded_once_more_is_the_same():
    (merged,) = run(record({"f1": "62.9%"}), record({"f1": "62.85%"})).evaluations
    assert texts(merged) == {"f1": "62.85"}


def test_a_row_that_contradicts_its_step_is_unread():
    rows = [record({"step": "10", "val_f1": "0.5"}, group="t"), record({"step": "10", "val_f1": "0.6"}, group="t")]
    result = run(*rows)
    assert [numbers(e) for e in result.evaluations] == [{"f1": 0.5}]
    assert [item.text for item in result.unread] == ["val_f1: 0.6"]


def test_a_second_history_that_contradicts_the_first_is_a_second_run():
    def history(group: str, *scores: str) -> list[Record]:
        return [record({"epoch": str(i), "val_f1": score}, group=group) for i, score in enumerate(scores, 1)]

    found = runs(*history("a", "0.1", "0.2"), *history("b", "0.5", "0.6"), record({"f1": "0.2"}))
    assert [(r.name, [e.metrics["f1"].text for e in r.evaluations]) for r in found] == [
        ("card", ["0.1", "0.2", "0.2"]),
        ("card (2)", ["0.5", "0.6"]),
    ]
    started_again = runs(*history("log", "0.1", "0.2"), *history("log", "0.5", "0.6"))
    assert [r.name for r in started_again] == ["card", "card (2)"]
    assert len(runs(*history("a", "0.1", "0.2"), *history("b", "0.1", "0.2", "0.3"))) == 1


def test_bare_names_beside_held_out_ones_are_the_trainings():
    result = run(
        record({"epoch": "1", "loss": "0.9", "accuracy": "0.6", "val_loss": "0.8", "val_accuracy": "0.5"}, group="log"),
        record({"epoch": "2", "loss": "0.5", "accuracy": "0.7", "val_loss": "0.7", "val_accuracy": "0.6"}, group="log"),
    )
    assert {e.split for e in result.evaluations} == {"eval"}
    assert {name: value.number for name, value in result.training[0].metrics.items()} == {"loss": 0.9, "accuracy": 0.6}


def test_a_bare_loss_beside_a_bare_training_score_is_the_trainings():
    lines = [{"epoch": str(i), "loss": "0.9", "acc": "0.6", "test_acc": "0.5"} for i in (1, 2)]
    result = run(*(record(line, group="log") for line in lines))
    assert [(e.split, numbers(e)) for e in result.evaluations] == [("test", {"accuracy": 0.5})] * 2
    assert result.training[0].metrics["loss"].number == 0.9


def test_a_trainers_log_line_is_a_training_point():
    lines = [record({"loss": str(0.9 / i), "learning_rate": "1e-05", "epoch": str(i)}, group="log") for i in (1, 2)]
    result = run(*lines)
    assert not result.evaluations
    assert [p.metrics["loss"].number for p in result.training] == [0.9, 0.45]


def test_several_prefixes_are_tasks_and_a_lone_one_is_not():
    several = run(record({"Sentiment F1": "65.6%", "Topic F1": "61.7%", "Overall Macro-F1": "63.7%"}))
    assert {e.task: list(e.metrics) for e in several.evaluations} == {
        "sentiment": ["f1"],
        "topic": ["f1"],
        None: ["macro_f1"],
    }
    (alone,) = run(record({"ner_f1": "0.5", "ner_loss": "0.1"})).evaluations
    assert (alone.task, list(alone.metrics)) == (None, ["f1", "ner_loss"])


def test_entity_prefixes_beside_overall_scores_are_classes():
    cells = {
        f"{entity} {metric}": "0.5" for entity in ("Loc", "Per", "Overall") for metric in ("Precision", "Recall", "F1")
    }
    (result,) = run(record(cells)).evaluations
    assert [row.label for row in result.classes] == ["loc", "per"]
    assert list(result.metrics) == ["precision", "recall", "f1"]


def test_class_rows_and_their_averages():
    (result,) = run(
        record({"precision": "0.5", "recall": "1.0", "f1": "0.67", "support": "3"}, role="class", label="a", group="t"),
        record({"precision": "1.0", "recall": "0.5", "f1": "0.67", "support": "4"}, role="class", label="b", group="t"),
        record({"f1": "0.71", "support": "7"}, role="class", label="accuracy", group="t"),
        record(
            {"precision": "0.75", "recall": "0.75", "f1": "0.67", "support": "7"},
            role="class",
            label="Macro Avg",
            group="t",
        ),
    ).evaluations
    assert [row.label for row in result.classes] == ["a", "b"]
    assert numbers(result) == {
        "accuracy": 0.71,
        "samples": 7,
        "macro_precision": 0.75,
        "macro_recall": 0.75,
        "macro_f1": 0.67,
    }


def test_rows_of_a_matrix():
    (result,) = run(
        record({"no": "5", "yes": "1"}, role="matrix", label="no", group="m"),
        record({"no": "2", "yes": "7"}, role="matrix", label="yes", group="m"),
    ).evaluations
    assert result.matrix == {"no": {"no": 5, "yes": 1}, "yes": {"no": 2, "yes": 7}}


def test_scores_above_one_are_percent_where_all_are():
    percent = run(record({"accuracy": "86.3", "f1": "71.2", "loss": "1.5", "mcc": "0.4"}, group="t")).evaluations[0]
    assert numbers(percent) == {"accuracy": 0.863, "f1": 0.712, "loss": 1.5, "mcc": 0.4}
    mixed = run(record({"accuracy": "86.3", "f1": "0.712", "recall": "0.7"}, group="t")).evaluations[0]
    assert numbers(mixed)["accuracy"] == 86.3


def test_error_rates_are_percent_only_where_they_can_hardly_be_anything_else():
    assert run(record({"wer": "17.8", "cer": "4.4"})).evaluations[0].metrics["wer"].number == 0.178
    assert run(record({"wer": "1.03"})).evaluations[0].metrics["wer"].number == 1.03


def test_a_small_rouge_2_beside_a_rouge_1_in_percent_is_in_percent():
    result = run(
        record({"Rouge1": "2.8351", "Rouge2": "0.3143"}, group="t"), record({"rouge1": "2.8351"}, group="metadata")
    )
    assert [numbers(e) for e in result.evaluations] == [{"rouge1": 0.028351, "rouge2": 0.003143}]


def test_an_error_rate_that_leaves_its_scale_open_takes_that_of_the_document():
    rows = [record({"step": str(i), "val_wer": text}, group="t") for i, text in enumerate(("9.5", "4.0", "1.9"))]
    assert run(record({"wer": "1.9"}, group="headline"), *rows).evaluations[0].metrics["wer"].number == 0.019


def test_short_numbers_are_full_doubles_only_among_full_doubles_of_their_kind():
    full = "0.7345678901234567"
    scores = run(record({"f1": full, "recall": "0.5"}, machine=True)).evaluations[0].metrics
    assert scores["recall"].machine
    rounded = run(record({"eval_loss": full, "rouge1": "0.2845", "f1": "0.0", "runtime": "12.5"}, machine=True))
    metrics = rounded.evaluations[0].metrics
    assert not metrics["rouge1"].machine
    assert metrics["f1"].machine, "0.0 beside a full double is exactly zero"
    assert not metrics["runtime"].machine, "run times are rounded by the program that logs them"
    assert not run(record({"f1": full, "recall": "0.5"})).evaluations[0].metrics["recall"].machine


def test_settings_and_targets():
    result = run(
        record({"num_epochs": "3", "optimizer": "Adam", "Batch Size": "32"}, role="config"),
        record({"f1": "0.6", "target f1": "75%"}),
    )
    assert (result.setting("num_train_epochs"), result.setting("train_batch_size")) == (3, 32)
    assert result.config["optimizer"] == "Adam"
    assert result.evaluations[0].metrics["target.f1"].number == 0.75


def test_numbers_under_unknown_names_are_kept_beside_a_metric_and_alone_make_no_evaluation():
    assert numbers(run(record({"accuracy": "0.5", "my_own_score_x": "3"})).evaluations[0])["my_own_score_x"] == 3
    assert not run(record({"layer-norm-eps": "0.00001", "heads": "12"})).evaluations


def test_flags_and_unread_go_with_the_first_run():
    records = Records(
        [record({"f1": "0.5"}, run="a"), record({"f1": "0.6"}, run="b")],
        flags=[Cell("untrained-head", "newly initialized", "line 9")],
    )
    first, second = interpret(records, "log.txt")
    assert first.text_flags["untrained-head"].at == "line 9"
    assert not second.text_flags


CELLS = st.dictionaries(
    st.sampled_from(
        ["accuracy", "val_loss", "loss", "epoch", "step", "Loc F1", "f1", "p", "r", "wer", "best_f1", "lr", "x"]
    ),
    st.sampled_from(["0.5", "86.3", "nan", "inf", "1e999", "-", "12%", "~3", "0", "1", "words 5", "1e-30", "9" * 80]),
    max_size=6,
)


@given(
    st.lists(
        st.builds(
            record,
            CELLS,
            group=st.sampled_from(["", "a", "b"]),
            role=st.sampled_from(["metrics", "class", "config", "matrix"]),
            run=st.sampled_from([None, "one"]),
            label=st.sampled_from([None, "cat", "macro avg", "accuracy"]),
            machine=st.booleans(),
        ),
        max_size=8,
    )
)
def test_any_records_are_interpreted_and_every_value_can_be_read(records: list[Record]):
    for found in interpret(Records(records), "x"):
        for evaluation in found.evaluations:
            for value in evaluation.metrics.values():
                assert value.interval is None or Fraction(repr(value.number)) in value.interval
        assert found.series() is not None


@given(st.decimals(min_value=0, max_value=100, places=2))
def test_a_percentage_is_the_same_share_with_or_without_its_sign(percent: object):
    (value,) = run(record({"f1": f"{percent}%"})).evaluations[0].metrics.values()
    assert value.number == float(Fraction(str(percent)) / 100)
    assert value.interval is not None
    assert Fraction(str(percent)) / 100 in value.interval

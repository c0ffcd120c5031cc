"""The trainer's state file: its history, its summary, its settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from diagnose.readers import read_text

if TYPE_CHECKING:
    from diagnose.types import Run

STATE = {
    "best_metric": 0.61,
    "best_model_checkpoint": "out/checkpoint-20",
    "epoch": 2.0,
    "global_step": 40,
    "is_world_process_zero": True,
    "log_history": [
        {"epoch": 1.0, "grad_norm": 1.2345678901234567, "learning_rate": 1e-05, "loss": 0.6931, "step": 20},
        {"epoch": 1.0, "eval_accuracy": 0.5, "eval_loss": 0.6931471805599453, "eval_runtime": 1.5, "step": 20},
        {"epoch": 1.0, "eval_mm_accuracy": 0.4, "step": 20},
        {"epoch": 2.0, "learning_rate": 0.0, "loss": 0.6, "step": 40},
        {"epoch": 2.0, "eval_accuracy": 0.61, "eval_loss": 0.6512345678901234, "eval_runtime": 1.6, "step": 40},
        {
            "epoch": 2.0,
            "step": 40,
            "total_flos": 1.0e15,
            "train_loss": 0.64655,
            "train_runtime": 30.0,
            "train_samples_per_second": 12.0,
        },
        "noise",
    ],
    "max_steps": 60,
    "num_train_epochs": 3,
    "train_batch_size": 8,
}


def read_state() -> Run:
    (run,) = read_text(json.dumps(STATE), "trainer_state.json")
    return run


def test_evaluations_are_rows_and_training_losses_are_points():
    run = read_state()
    rows = [e for e in run.evaluations if e.split == "eval" and e.task is None]
    assert [(e.step, e.epoch, e.metrics["accuracy"].number) for e in rows] == [(20, 1, 0.5), (40, 2, 0.61)]
    assert [(p.step, p.metrics["loss"].number) for p in run.training] == [(20, 0.6931), (40, 0.6)]
    assert run.training[0].metrics["learning_rate"].number == 1e-5


def test_a_second_evaluation_set_is_a_task():
    (row,) = [e for e in read_state().evaluations if e.task == "mm"]
    assert (row.step, row.metrics["accuracy"].number) == (20, 0.4)


def test_the_summary_is_the_training_result():
    (summary,) = [e for e in read_state().evaluations if e.split == "train"]
    assert (summary.step, summary.epoch) == (None, None)
    assert {name: value.number for name, value in summary.metrics.items()} == {
        "loss": 0.64655,
        "runtime": 30.0,
        "samples_per_second": 12.0,
    }


def test_settings_and_the_kept_checkpoint():
    run = read_state()
    assert run.setting("best_global_step") == 20
    assert run.setting("best_metric") == 0.61
    assert (run.setting("max_steps"), run.setting("num_train_epochs"), run.setting("train_batch_size")) == (60, 3, 8)
    assert run.config["best_model_checkpoint"] == "out/checkpoint-20"


def test_rounded_training_losses_are_not_taken_for_full_doubles():
    run = read_state()
    assert not run.training[0].metrics["loss"].machine
    assert run.evaluations[0].metrics["loss"].machine


def test_what_is_no_entry_is_told():
    assert [item.at for item in read_state().unread] == ["/log_history/6"]

"""The callback on real runs of the transformers Trainer, with a tiny model."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_runs import Recipe, trainer

from diagnose.integrations.hf_trainer import DiagnoseCallback

ROOT = Path(__file__).parents[2]
SHORT = Recipe(steps=40, eval_steps=10, logging_steps=1, dropout=0.1)
COLLAPSED = Recipe(learning_rate=0.1, eval_steps=10)


def run(recipe, folder, *callbacks, **more):
    made = trainer(recipe, folder, callbacks, **more)
    made.train()
    return made


def report_of(folder):
    return json.loads((folder / "diagnose.json").read_text(encoding="utf-8"))


def test_the_callback_changes_no_loss_no_gradient_and_no_weight(tmp_path):
    """Dropout is on, so that a single random number more or less would show."""
    plain, watched = (run(SHORT, tmp_path, *made) for made in ((), (DiagnoseCallback(stop_on="error"),)))
    logs = [
        [
            [row.get(name) for name in ("loss", "grad_norm", "learning_rate", "eval_loss")]
            for row in made.state.log_history
        ]
        for made in (plain, watched)
    ]
    assert len(logs[0]) == 40 + 4 + 1
    assert logs[0] == logs[1]
    for one, other in zip(plain.model.parameters(), watched.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_collapsed_run_is_stopped_early_and_reported_beside_its_checkpoints(tmp_path, caplog):
    made = run(COLLAPSED, tmp_path, DiagnoseCallback(stop_on="error"))
    assert made.state.global_step <= COLLAPSED.steps / 2
    assert "the run is stopped" in caplog.text
    written = report_of(tmp_path)
    assert written["verdict"] == "degenerate"
    (finding,) = [f for f in written["reports"][0]["findings"] if f["severity"] == "error"]
    assert finding["rule"] == "majority-class-collapse"
    assert "vanishing-gradient" in finding["consequences"]


def test_without_being_asked_the_callback_warns_only(tmp_path, caplog):
    made = run(replace(COLLAPSED, steps=60), tmp_path, DiagnoseCallback())
    assert made.state.global_step == 60
    assert "majority-class-collapse" in caplog.text
    assert "the run is stopped" not in caplog.text


def test_a_run_whose_weights_are_lost_is_stopped_without_waiting_for_an_evaluation(tmp_path):
    """With the Trainer's NaN filter the log shows a loss of 0 beside a gradient norm of NaN."""

    class Poison(DiagnoseCallback):
        def on_step_end(self, args, state, control, **given):  # noqa: ARG002  # the Trainer calls it so
            if state.global_step == 3:
                with torch.no_grad():
                    next(given["model"].parameters()).fill_(math.nan)

    made = run(replace(SHORT, eval_steps=30), tmp_path, Poison(stop_on="error"))
    assert 4 <= made.state.global_step <= 6
    assert report_of(tmp_path)["reports"][0]["findings"][0]["rule"] == "diverged"


def test_a_resumed_run_is_judged_with_its_earlier_history(tmp_path):
    first = replace(SHORT, steps=20)
    run(first, tmp_path, DiagnoseCallback(), save_strategy="steps", save_steps=20, max_steps=20)
    made = trainer(SHORT, tmp_path, [DiagnoseCallback()])
    made.train(resume_from_checkpoint=str(tmp_path / "checkpoint-20"))
    (read,) = report_of(tmp_path)["reports"][0]["runs"]
    assert [row["step"] for row in read["evaluations"] if row["step"]] == [10, 20, 30, 40]


def test_an_evaluation_outside_of_training_is_not_judged(tmp_path):
    made = trainer(SHORT, tmp_path, [DiagnoseCallback(stop_on="error")])
    made.evaluate()
    assert not (tmp_path / "diagnose.json").exists()


def test_the_folder_can_be_another_one(tmp_path):
    run(replace(SHORT, steps=10), tmp_path / "out", DiagnoseCallback(folder=tmp_path / "reports"))
    assert report_of(tmp_path / "reports")["schema"] == "diagnose/1"
    assert not (tmp_path / "out" / "diagnose.json").exists()


def test_without_transformers_one_line_names_the_command():
    code = "import sys; sys.modules['transformers'] = None; import diagnose.integrations.hf_trainer"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .endswith("diagnose.integrations.hf_trainer needs transformers: pip install 'metric-diagnose[train]'")
    )


@pytest.mark.slow
def test_two_processes_stop_together_and_the_first_one_writes(tmp_path):
    """A decision of one process alone would leave the other waiting for its gradients for ever."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = (
        "import sys; from tiny_runs import Recipe, trainer\n"
        "from diagnose.integrations.hf_trainer import DiagnoseCallback\n"
        "made = trainer(Recipe(learning_rate=0.1, eval_steps=10), sys.argv[1], [DiagnoseCallback(stop_on='error')])\n"
        "made.train(); print('ended', made.args.world_size, made.state.global_step)"
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks")])
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "PYTHONPATH": path}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / f"rank{rank}")],
            env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    ends = [process.communicate(timeout=180)[0].split()[-3:] for process in started]
    assert ends[0] == ends[1]
    assert ends[0][:2] == ["ended", "2"]
    assert int(ends[0][2]) < COLLAPSED.steps
    assert (tmp_path / "rank0" / "diagnose.json").exists()
    assert not (tmp_path / "rank1" / "diagnose.json").exists()

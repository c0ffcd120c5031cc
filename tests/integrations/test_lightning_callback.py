"""The callback on real runs of Lightning's Trainer, with a tiny model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import lightning
import pytest
import torch
from tiny_lightning import Classifier, fit
from tiny_runs import Recipe

from diagnose.integrations.lightning_callback import DiagnoseCallback

ROOT = Path(__file__).parents[2]
SHORT = Recipe(steps=40, eval_steps=10, dropout=0.1)
COLLAPSED = Recipe(learning_rate=0.1, eval_steps=10)
# Lightning's own use of torch.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")


def report_of(folder):
    return json.loads((folder / "diagnose.json").read_text(encoding="utf-8"))


def test_the_callback_changes_no_loss_and_no_weight(tmp_path):
    """Dropout is on, so that a single random number more or less would show."""
    (plain, losses), (watched, same) = (
        fit(SHORT, tmp_path, made) for made in ((), (DiagnoseCallback(stop_on="error"),))
    )
    assert len(losses) == SHORT.steps
    assert losses == same
    for one, other in zip(plain.model.parameters(), watched.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_collapsed_run_is_stopped_early_and_reported_beside_its_checkpoints(tmp_path, caplog):
    trainer, _ = fit(
        COLLAPSED,
        tmp_path,
        [DiagnoseCallback(stop_on="error"), lightning.pytorch.callbacks.ModelCheckpoint(dirpath=tmp_path / "kept")],
        enable_checkpointing=True,
    )
    assert trainer.global_step <= COLLAPSED.steps / 2
    assert "the run is stopped" in caplog.text
    written = report_of(tmp_path / "kept")
    assert written["verdict"] == "degenerate"
    assert "majority-class-collapse" in [f["rule"] for f in written["reports"][0]["findings"]]


def test_what_the_module_logs_is_read_under_its_names(tmp_path):
    fit(SHORT, tmp_path, [DiagnoseCallback()])
    (read,) = report_of(tmp_path)["reports"][0]["runs"]
    assert [row["step"] for row in read["evaluations"]] == [10, 20, 30, 40]
    assert {"accuracy", "precision", "recall", "f1", "loss"} <= read["evaluations"][0]["metrics"].keys()
    assert {"grad_norm", "gradient_reach", "loss"} <= {name for row in read["training"] for name in row["metrics"]}


def test_the_sanity_check_and_a_validation_outside_of_training_are_not_judged(tmp_path):
    callback = DiagnoseCallback(stop_on="error")
    trainer, _ = fit(replace(SHORT, steps=10), tmp_path, [callback], num_sanity_val_steps=2)
    assert len(report_of(tmp_path)["reports"][0]["runs"][0]["evaluations"]) == 1
    (tmp_path / "diagnose.json").unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice on an empty loader
        trainer.validate(Classifier(SHORT), torch.utils.data.DataLoader([], batch_size=1), verbose=False)
    assert not (tmp_path / "diagnose.json").exists()


def test_a_resumed_run_is_judged_with_its_earlier_history(tmp_path):
    trainer, _ = fit(replace(SHORT, steps=20), tmp_path, [DiagnoseCallback()])
    trainer.save_checkpoint(tmp_path / "half.ckpt")
    fit(SHORT, tmp_path, [DiagnoseCallback()], resume=tmp_path / "half.ckpt")
    rows = report_of(tmp_path)["reports"][0]["runs"][0]["evaluations"]
    assert [row["step"] for row in rows] == [10, 20, 30, 40]


@pytest.mark.slow
def test_two_processes_stop_together_and_the_first_one_writes(tmp_path):
    """A decision of one process alone would leave the other waiting for its gradients for ever."""
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys; from pathlib import Path; from tiny_lightning import fit; from tiny_runs import Recipe\n"
        "from diagnose.integrations.lightning_callback import DiagnoseCallback\n"
        "folder = Path(sys.argv[1], 'rank' + os.environ.get('LOCAL_RANK', '0'))\n"
        "callback = DiagnoseCallback(stop_on='error', folder=folder)\n"
        "two = {'devices': 2, 'strategy': 'ddp', 'val_check_interval': 5}\n"
        "trainer, _ = fit(Recipe(learning_rate=0.1), folder, [callback], **two)\n"
        "print('ended', trainer.world_size, trainer.global_step)\n"
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "benchmarks")])
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    ends = [line.split() for line in done.stdout.splitlines() if line.startswith("ended")]
    assert len(ends) == 2, done.stderr
    assert ends[0] == ends[1]
    assert ends[0][1] == "2"
    assert int(ends[0][2]) < COLLAPSED.steps
    assert (tmp_path / "rank0" / "diagnose.json").exists()
    assert not (tmp_path / "rank1" / "diagnose.json").exists()


def test_without_lightning_one_line_names_the_command():
    code = "import sys; sys.modules |= {'lightning': None, 'pytorch_lightning': None}\n"
    code += "import diagnose.integrations.lightning_callback"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert last == "ImportError: diagnose.integrations.lightning_callback needs lightning: pip install lightning"


def test_the_callback_is_one_of_the_package_that_is_in_use():
    """A Trainer of pytorch_lightning takes no callback of lightning.pytorch."""
    code = "import pytorch_lightning; from diagnose.integrations.lightning_callback import DiagnoseCallback\n"
    code += "assert issubclass(DiagnoseCallback, pytorch_lightning.Callback)"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=True)

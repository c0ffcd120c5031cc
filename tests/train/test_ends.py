"""How runs end that do not end well: in files that say so, or in one line."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from diagnose import diagnose as judge  # noqa: E402  # torch may be missing
from diagnose.train import files, loop  # noqa: E402
from diagnose.train.__main__ import main  # noqa: E402
from diagnose.train.loop import Trainer, train  # noqa: E402
from diagnose.train.spec import Args, Data, Spec  # noqa: E402

ROOT = Path(__file__).parents[2]


def spec(folder, **args):
    given = {"num_train_epochs": 1, **args}
    return Spec(output=str(folder), data=Data(rows=96, eval_rows=48), args=Args(**given), device="cpu")


def test_a_run_that_diverges_ends_with_files_that_say_so(tmp_path):
    train(spec(tmp_path, learning_rate=100.0, max_grad_norm=0.0, num_train_epochs=4))
    results = json.loads((tmp_path / "all_results.json").read_text())
    assert math.isnan(results["eval_loss"])
    assert judge(tmp_path).findings[0].rule == "diverged"


def test_a_disk_that_is_full_is_one_line_and_leaves_no_finished_run(tmp_path, capsys, monkeypatch):
    """The disk fills up while the last files are written; with room again the run is carried out."""
    (tmp_path / "spec.json").write_text(spec(tmp_path / "run", max_steps=2).model_dump_json())
    write = files.write_text

    def full(path, text):
        if path.name == "eval_results.json":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, text)

    with monkeypatch.context() as patched:
        patched.setattr(files, "write_text", full)
        assert main([str(tmp_path / "spec.json")]) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"failed {tmp_path / 'run'}: ")
    assert out.endswith("No space left on device\n")
    assert out.count("\n") == 1
    assert not (tmp_path / "run" / "all_results.json").exists()
    assert main([str(tmp_path / "spec.json")]) == 0


@pytest.mark.parametrize("error", [torch.cuda.OutOfMemoryError(), MemoryError(), RuntimeError("can't allocate memory")])
def test_an_evaluation_that_is_too_large_is_taken_in_halves(tmp_path, monkeypatch, error):
    whole = Trainer(spec(tmp_path / "a", max_steps=1))
    known = whole.run(lambda *_: None)
    trainer = Trainer(spec(tmp_path / "b", max_steps=1))
    batch, sizes = trainer._batch, []

    def small_only(examples, rows):
        if examples is trainer.splits.eval:
            sizes.append(len(rows))
            if len(rows) > 12:
                raise error
        return batch(examples, rows)

    monkeypatch.setattr(trainer, "_batch", small_only)
    results = trainer.run(lambda *_: None)
    assert sizes == [48, 24, 12, 12, 24, 12, 12]
    assert results["eval_loss"] == pytest.approx(known["eval_loss"])


def test_memory_that_is_too_small_for_one_row_is_one_line(tmp_path, capsys, monkeypatch):
    def none(*_, **__):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nmore")

    monkeypatch.setattr(loop, "collate", none)
    (tmp_path / "spec.json").write_text(spec(tmp_path / "run", max_steps=2).model_dump_json())
    assert main([str(tmp_path / "spec.json")]) == 1
    out = capsys.readouterr().out
    assert "out of memory" in out
    assert out.count("\n") == 1


def test_without_torch_one_line_tells_what_to_install(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError")
    done = subprocess.run(
        [sys.executable, "-m", "diagnose.train", "x.json"], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "diagnose.train: torch is not installed (pip install 'metric-diagnose[train]')\n"


@pytest.mark.slow
def test_an_interrupted_run_ends_with_status_130_and_no_traceback(tmp_path):
    name = tmp_path / "spec.json"
    name.write_text(spec(tmp_path / "run", num_train_epochs=500).model_dump_json())
    running = subprocess.Popen(
        [sys.executable, "-m", "diagnose.train", str(name)], cwd=ROOT, text=True, stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    log = tmp_path / "run" / "train.log"
    while not (log.exists() and "loss=" in log.read_text()):
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    _, complaints = running.communicate(timeout=60)
    assert (running.returncode, complaints) == (130, "")

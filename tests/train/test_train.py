"""The training module: repeatable, resumable, and read by everybody who reads the Trainer's files."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from diagnose import diagnose as judge  # noqa: E402  # torch may be missing
from diagnose.train.__main__ import main  # noqa: E402
from diagnose.train.loop import Trainer, train  # noqa: E402
from diagnose.train.spec import Args, Data, Model, Spec  # noqa: E402

SMALL = Data(rows=160, eval_rows=80)


def spec(folder, **changes):
    return Spec(**{"output": str(folder), "data": SMALL, "args": Args(num_train_epochs=2), **changes})


def losses(folder):
    """Return what does not depend on the clock: the history without times."""
    state = json.loads((folder / "trainer_state.json").read_text())
    timed = ("runtime", "per_second")
    return [{k: v for k, v in row.items() if not any(t in k for t in timed)} for row in state["log_history"]]


def test_two_runs_of_one_specification_are_the_same_to_the_last_bit(tmp_path):
    for name in "ab":
        train(spec(tmp_path / name, model=Model(dropout=0.1)))
    assert losses(tmp_path / "a") == losses(tmp_path / "b")
    assert any("loss" in row for row in losses(tmp_path / "a"))


@pytest.mark.parametrize("kill_at", [3, 7])
def test_a_run_that_was_killed_ends_with_the_same_numbers(tmp_path, kill_at):
    args = Args(num_train_epochs=2, save_strategy="eval", eval_steps=2, logging_steps=3, load_best_model_at_end=True)
    whole = spec(tmp_path / "whole", args=args, model=Model(dropout=0.1))
    train(whole)
    killed = whole.model_copy(update={"output": str(tmp_path / "killed")})

    def stop(step, _):
        if step == kill_at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(killed, stop)
    assert not (tmp_path / "killed" / "all_results.json").exists()
    train(killed)
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    assert "resumed at step" in (tmp_path / "killed" / "train.log").read_text()


@pytest.mark.parametrize("task", ["classification", "multilabel", "regression", "tagging", "lm", "retrieval"])
def test_every_task_writes_the_files_of_the_trainer_and_learns(tmp_path, task):
    model = Model(type="llama") if task == "lm" else Model()
    train(spec(tmp_path, task=task, model=model, data=Data(rows=600, eval_rows=80, markers=4, length=(12, 24))))
    state = json.loads((tmp_path / "trainer_state.json").read_text())
    rows = [row["eval_loss"] for row in state["log_history"] if "eval_loss" in row]
    assert len(rows) == 2
    assert rows[-1] < rows[0]
    results = json.loads((tmp_path / "all_results.json").read_text())
    assert results["eval_samples"] == 80
    assert results["train_samples"] == 600
    assert judge(tmp_path).verdict is not None


def test_a_collapse_made_on_purpose_is_named(tmp_path):
    data = Data(shares=(0.6, 0.25, 0.15), rows=600, eval_rows=200)
    train(spec(tmp_path, data=data, args=Args(learning_rate=0.1, num_train_epochs=1)))
    results = json.loads((tmp_path / "all_results.json").read_text())
    assert results["eval_accuracy"] == pytest.approx(0.6)
    assert results["eval_macro_recall"] == pytest.approx(1 / 3)
    assert judge(tmp_path).findings[0].rule == "majority-class-collapse"


def test_adam_without_bias_correction_is_the_published_one():
    """Three steps of one weight by hand: m and v of the gradients, lr m/(sqrt(v) + eps), decay lr wd."""
    args = Args(
        bias_correction=False, learning_rate=0.01, warmup_ratio=0, lr_scheduler_type="constant", weight_decay=0.1
    )
    from diagnose.train.optimize import make_optimizer, set_rate

    model = torch.nn.Linear(2, 1, bias=False)
    weight = model.weight.detach().double()
    optimizer, m, v = make_optimizer(model, args, torch.device("cpu")), 0.0, 0.0
    for step in range(3):
        gradient = torch.tensor([[0.3 - step, 2.0 + step]])
        model.weight.grad.copy_(gradient)
        set_rate(optimizer, args, step, 10)
        optimizer.step()
        gradient = gradient.double()
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        weight = weight - 0.01 * 0.1 * weight - 0.01 * m / (v.sqrt() + args.adam_epsilon)
        assert torch.allclose(model.weight.double(), weight, rtol=1e-6)


def test_out_of_memory_halves_the_micro_batches_and_goes_on(tmp_path, monkeypatch):
    trainer = Trainer(spec(tmp_path))
    sizes = []
    batch = trainer._batch

    def small_only(examples, rows):
        if examples is trainer.splits.train:
            sizes.append(len(rows))
            if len(rows) > 10:
                raise torch.cuda.OutOfMemoryError
        return batch(examples, rows)

    monkeypatch.setattr(trainer, "_batch", small_only)
    results = trainer.run(lambda *_: None)
    assert trainer.pieces == 4
    assert sizes[:3] == [32, 16, 8]
    assert math.isfinite(results["train_loss"])
    assert "out of memory: 4 micro-batches" in (tmp_path / "train.log").read_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"output": "x", "args": {"learning_rat": 1}}', "args.learning_rat"),
        ('{"output": "x", "data": {"shares": [0.5, 0.6]}}', "shares"),
        ("{", "JSON"),
    ],
)
def test_a_wrong_specification_is_one_line_and_status_2(tmp_path, capsys, content, words):
    (tmp_path / "spec.json").write_text(content)
    assert main([str(tmp_path / "spec.json")]) == 2
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert words in out


def test_a_checkpoint_that_is_none_and_data_of_one_class_are_one_line(tmp_path, capsys):
    lost = spec(tmp_path / "a", model=Model(checkpoint=str(tmp_path / "nothing")))
    (tmp_path / "a.json").write_text(lost.model_dump_json())
    assert main([str(tmp_path / "a.json")]) == 1
    assert capsys.readouterr().out.count("\n") == 1


def test_what_has_ended_is_not_run_again(tmp_path, capsys):
    one = spec(tmp_path / "run", args=Args(max_steps=1))
    (tmp_path / "spec.json").write_text(one.model_dump_json())
    assert main([str(tmp_path / "spec.json")]) == 0
    before = (tmp_path / "run" / "all_results.json").stat().st_mtime_ns
    assert main([str(tmp_path / "spec.json")]) == 0
    assert (tmp_path / "run" / "all_results.json").stat().st_mtime_ns == before
    assert capsys.readouterr().out == f"done {tmp_path / 'run'}\n" * 2


def test_a_retrieval_whose_embeddings_are_all_the_same_finds_nothing(tmp_path):
    dead = Model(head="relu", head_bias=-30.0)
    train(spec(tmp_path, task="retrieval", model=dead, args=Args(max_steps=2, per_device_eval_batch_size=40)))
    results = json.loads((tmp_path / "all_results.json").read_text())
    assert results["eval_recall_at_1"] == 0
    assert results["eval_loss"] == pytest.approx(math.log(40), rel=1e-4)


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(tmp_path):
    """The gradients of both halves of a batch, averaged by their rows, are those of the batch, up to rounding."""
    alone, both = (spec(tmp_path / name, args=Args(max_steps=8, logging_steps=1)) for name in ("alone", "both"))
    train(alone)
    (tmp_path / "both.json").write_text(both.model_dump_json())
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    root = str(Path(__file__).parents[2])
    subprocess.run(
        [*launch, "-m", "diagnose.train", str(tmp_path / "both.json")],
        check=True, capture_output=True, env={**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    one, two = losses(tmp_path / "alone"), losses(tmp_path / "both")
    norms = [[row["grad_norm"] for row in rows if "grad_norm" in row] for rows in (one, two)]
    assert norms[1] == pytest.approx(norms[0], rel=1e-4)
    assert two[-2]["eval_loss"] == pytest.approx(one[-2]["eval_loss"], rel=1e-3)

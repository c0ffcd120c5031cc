"""What a dry run leaves is what the experiment asks for, and its lines carry it out."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from diagnose.cli import main
from diagnose.reproduce.runner import is_finished
from diagnose.train.spec import Spec

PASTE = Path(__file__).parents[2] / "fixtures" / "classification" / "constant-under-macro-averages" / "paste.txt"
NUMBERS = {"eval_macro_recall": 0.9, "eval_accuracy": 0.9, "eval_loss": 0.3}


def dry_run(folder, capsys, seeds=2):
    """Return the lines of a dry run, and the specifications that it left, by file."""
    assert main(["reproduce", str(PASTE), "--dry-run", "--folder", str(folder), "--seeds", str(seeds)]) == 0
    lines = capsys.readouterr().out.split("\n")
    place = next((line.split(" lie in ")[1].split(". Carry")[0] for line in lines if " lie in " in line), folder)
    return lines, {path: json.loads(path.read_text()) for path in Path(place).glob("*/*.json")}


def finish(spec):
    """Leave what a sound run leaves."""
    folder = Path(spec["output"])
    folder.mkdir(parents=True)
    (folder / "all_results.json").write_text(json.dumps(NUMBERS))
    (folder / "spec.json").write_text(json.dumps({"digest": Spec.model_validate(spec).digest}))


def test_each_specification_is_one_run_and_those_that_have_ended_are_left_out(tmp_path, capsys):
    """All arms at first; once they have ended, soundly, nothing follows, since nothing fails as reported."""
    _, specs = dry_run(tmp_path / "a folder", capsys)
    digests = [Spec.model_validate(spec).digest for spec in specs.values()]
    assert len(digests) == len(set(digests)) > 2 * 2 * 4
    assert {Path(spec["output"]).parent for spec in specs.values()} == {tmp_path / "a folder" / "runs"}
    first, *others = specs.values()
    finish(first)
    assert is_finished(first)
    _, left = dry_run(tmp_path / "a folder", capsys)
    assert sorted(left.values(), key=str) == sorted(others, key=str)
    for spec in others:
        finish(spec)
    lines, left = dry_run(tmp_path / "a folder", capsys)
    assert left == {}
    assert any(line.startswith("Nothing is left to be run") for line in lines)


def test_the_lines_name_each_file_once(tmp_path, capsys):
    """The job that Slurm's array begins for each arm, in a shell, with a python that tells what it is asked for."""
    lines, specs = dry_run(tmp_path / "it's here", capsys)
    (batch,) = (shlex.split(line.split(": ", 1)[1]) for line in lines if "sbatch" in line)
    options = dict(word.split("=", 1) for word in batch[1:-2])
    assert (batch[0], batch[-2], options["--cpus-per-task"]) == ("sbatch", "--wrap", "1")
    last = int(options["--array"].removeprefix("1-"))
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    named = []
    for i in range(1, last + 1):
        environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "SLURM_ARRAY_TASK_ID": str(i)}
        told = subprocess.run(["/bin/sh", "-c", batch[-1]], env=environment, capture_output=True, text=True, check=True)
        option, module, *files = told.stdout.splitlines()
        assert (option, module) == ("-m", "diagnose.train")
        named += files
        assert Path(options["--output"].replace("%a", str(i))).parent == Path(files[0]).parent
    assert sorted(named) == sorted(map(str, specs))
    for start in ("  torchrun ", "  accelerate "):
        (line,) = (line for line in lines if line.startswith(start))
        assert Path(shlex.split(line)[-1]) in specs


@pytest.mark.slow
def test_torchrun_carries_a_specification_out_on_two_ranks(tmp_path, capsys):
    """The files of one run, as of one process; what the ranks share is the batch, so that the numbers are near."""
    pytest.importorskip("torch")
    lines, specs = dry_run(tmp_path, capsys, seeds=1)
    (words,) = (shlex.split(line) for line in lines if line.startswith("  torchrun "))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", *words[1:]]
    told = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    spec = specs[Path(words[-1])]
    assert told.stdout == f"done {spec['output']}\n"
    assert is_finished(spec)
    alone = {**spec, "output": str(tmp_path / "alone")}
    (tmp_path / "alone.json").write_text(json.dumps(alone))
    subprocess.run(
        [sys.executable, "-m", "diagnose.train", "alone.json"], env=environment, cwd=tmp_path, check=True,
        capture_output=True,
    )  # fmt: skip
    losses = [json.loads((Path(one["output"]) / "all_results.json").read_text())["eval_loss"] for one in (spec, alone)]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)

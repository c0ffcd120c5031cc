"""Interruptions, kills and a full disk: what has ended is kept, what has not is run again, and no process stays."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from diagnose import diagnose
from diagnose.errors import UsageError
from diagnose.reproduce.experiment import Experiment
from diagnose.reproduce.plan import make_plan
from diagnose.reproduce.runner import Workers
from diagnose.reproduce.table import rows

pytest.importorskip("torch")
ROOT = Path(__file__).parents[2]
PASTE = ROOT / "fixtures" / "classification" / "constant-under-macro-averages" / "paste.txt"
ENDLESS = {"data": {"rows": 1200, "eval_rows": 64}, "args": {"num_train_epochs": 5000}}


def children(pid):
    """Return the processes that a process has started and that still live."""
    return [int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()]


def lives(pid):
    """Whether a process runs, or is a zombie that somebody else has to bury."""
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def until(condition, seconds=90.0):
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def plan_of_little():
    """Return a plan of short runs: a sound arm, and one fault with its remedies."""
    plan = make_plan(diagnose(PASTE))
    small = {"task": "classification", "data": {"rows": 300, "eval_rows": 100, "classes": 3}}
    return plan._replace(sound=small, hypotheses=((plan.hypotheses[1][0], small),))


COMMAND = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from diagnose.reproduce.experiment import Experiment
from diagnose.reproduce.runner import Workers
from test_runner import plan_of_little
with Workers(2) as workers:
    Experiment(plan_of_little(), Path(sys.argv[1]), workers, seeds=2, seconds=600).carry_out()
"""


def experiment(folder, **options):
    """Start an experiment as a process."""
    words = [sys.executable, "-c", COMMAND, str(folder), str(ROOT), str(Path(__file__).parent)]
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True, **options)


@pytest.mark.slow
def test_killed_again_and_again_the_table_is_that_of_an_unbroken_experiment(tmp_path):
    """SIGKILL at any moment, to all processes or to the head alone, whose workers end their runs and leave."""
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    for seconds, workers_too in ((4.0, True), (6.3, False), (7.1, True), (8.4, False)):
        process = experiment(broken)
        time.sleep(seconds)
        workers = children(process.pid)
        for pid in [process.pid, *(workers if workers_too else ())]:
            os.kill(pid, signal.SIGKILL)
        process.communicate()
    until(lambda: not any(map(lives, workers)))
    tables = []
    for folder in (broken, whole):
        with Workers(2) as workers:
            trial = Experiment(plan_of_little(), folder, workers, seeds=2, seconds=600).carry_out()
        assert trial.unfinished == ()
        tables.append([row.cells for row in rows(trial)])
    assert tables[0] == tables[1]
    assert {path.name for path in broken.glob("runs/*")} == {path.name for path in whole.glob("runs/*")}


@pytest.mark.slow
@pytest.mark.parametrize("to_the_group", [True, False])
def test_an_interruption_leaves_no_process_and_keeps_what_has_ended(tmp_path, to_the_group):
    """Ctrl-C of a terminal reaches the whole group, a signal of a scheduler the one process."""
    words = [sys.executable, "-m", "diagnose", "reproduce", str(PASTE), "--folder", str(tmp_path), "--workers", "2"]
    process = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until(lambda: list(tmp_path.glob("runs/*/spec.json")))
    workers = children(process.pid)
    os.killpg(process.pid, signal.SIGINT) if to_the_group else process.send_signal(signal.SIGTERM)
    out, complaints = process.communicate(timeout=10)
    assert (process.returncode, out, complaints) == (130, "", "diagnose: interrupted\n")
    assert len(workers) == 2
    until(lambda: not any(map(lives, workers)), 5)
    for folder in tmp_path.glob("runs/*"):
        if (folder / "spec.json").exists():
            assert json.loads((folder / "all_results.json").read_text())


@pytest.mark.slow
def test_a_worker_that_is_killed_gets_one_successor_for_its_run(tmp_path):
    """Killed twice in the middle of it, that is the run's error; the next run is carried out."""
    endless = {**ENDLESS, "output": str(tmp_path / "endless")}
    short = {"data": {"rows": 64, "eval_rows": 32}, "args": {"max_steps": 1}, "output": str(tmp_path / "short")}
    log, pids = tmp_path / "endless" / "train.log", []

    def begun():
        return log.read_text().count("source ") if log.exists() else 0

    def kill_twice(worker):
        for times in (1, 2):
            until(lambda: begun() == times)  # noqa: B023  # asked within the round
            pids.append(worker.child.process.pid)
            os.kill(pids[-1], signal.SIGKILL)

    with Workers(1) as workers:
        killer = threading.Thread(target=kill_twice, args=workers.pool)
        killer.start()
        outcomes = [(o.folder.name, o.error) for o in workers.carry_out([endless, short], time.monotonic() + 120)]
        killer.join()
    assert outcomes == [("endless", "the training process died: killed, perhaps for want of memory"), ("short", "")]
    assert pids[0] != pids[1]


@pytest.mark.slow
@pytest.mark.parametrize("room", [100, 2500])
def test_a_full_disk_is_one_line_and_no_failure_of_a_run(tmp_path, room):
    """No file may grow beyond so many bytes: too few for the specification, or for the files of the run."""
    process = experiment(tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)))
    _, complaints = process.communicate(timeout=60)
    assert "cannot be written: File too large (what has ended is kept" in complaints.strip().rpartition("\n")[2]
    assert list(tmp_path.rglob("*.part")) == []


@pytest.mark.slow
def test_a_disk_that_is_too_full_for_a_checkpoint_is_told_as_any_other(tmp_path):
    """Torch calls it an error of its own; nothing of the draft is left."""
    args = {"max_steps": 2, "eval_steps": 1, "save_strategy": "eval"}
    spec = {"data": {"rows": 64, "eval_rows": 32}, "args": args, "output": str(tmp_path / "run")}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    words = [sys.executable, "-m", "diagnose.train", str(tmp_path / "spec.json")]
    told = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000)),
    )  # fmt: skip
    assert told.stdout == f"failed {tmp_path / 'run'}: cannot be written: File too large\n"
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["train.log"]


def test_a_folder_that_cannot_be_written_is_no_failure_of_a_run(tmp_path):
    (tmp_path / "file").write_text("")
    with Workers(1) as workers, pytest.raises(UsageError, match="cannot be written: Not a directory"):
        list(workers.carry_out([{**ENDLESS, "output": str(tmp_path / "file" / "run")}]))

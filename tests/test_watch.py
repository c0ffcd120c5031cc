"""`diagnose watch`: a line for every change of a running job, and only then."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import diagnose
from diagnose.cli import main
from diagnose.commands import watch

TRAINING = Path(__file__).parents[1] / "fixtures" / "training"
COLLAPSED = {"eval_accuracy": 0.76, "eval_precision": 0.0, "eval_recall": 0.0, "eval_f1": 0.0}
NOT_YET = {"eval_accuracy": 0.76}
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  (\w+) +(.+)")


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Return the folder of a job that has written nothing."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def follow(job, monkeypatch, capsys):
    """Return a function that watches while the job takes its steps, one between two looks, until it is interrupted.

    It gives the status, the (verdict, words) of each line, the error output, and how often the files were judged.
    """
    assert job.is_dir()

    def follower(*steps, words=("out",)):
        left, looks = list(steps), []

        def sleep(_):
            if not left:
                raise KeyboardInterrupt
            left.pop(0)()

        def judged(arguments):
            looks.append(1)
            return right(arguments)

        right = watch.judged
        clock = SimpleNamespace(sleep=sleep, monotonic=time.monotonic, strftime=time.strftime)
        with monkeypatch.context() as patch:
            patch.setattr(watch, "time", clock)
            patch.setattr(watch, "judged", judged)
            status = main(["watch", *words])
        out, err = capsys.readouterr()
        return status, [LINE.fullmatch(line).groups() for line in out.splitlines()], err, len(looks)

    return follower


def writing(path, metrics, cut=None):
    """Return a step that writes metrics, or only the first letters of them."""
    return lambda: path.write_text(json.dumps(metrics)[:cut])


def copying(name, target):
    return lambda: shutil.copy(TRAINING / name / "trainer_state.json", target)


def nothing():
    """Let the job take its time."""


def test_every_change_is_one_line_and_what_stays_is_none(follow, job):
    status, lines, err, looks = follow(
        nothing, copying("healthy-history", job), nothing, copying("diverged", job), nothing,
        copying("overfitting", job), nothing, nothing,
    )  # fmt: skip
    assert [verdict for verdict, _ in lines] == ["waiting", "healthy", "degenerate", "suspect"]
    assert [words.partition(":")[0] for _, words in lines] == ["out", "nothing found", "diverged", "overfitting"]
    assert lines[-1][1].endswith("; no longer diverged")
    assert (status, err) == (0, "diagnose: interrupted; the last verdict: suspect\n")
    assert looks == 4


def test_a_history_that_goes_on_without_news_gives_no_line(follow, job):
    state = json.loads((TRAINING / "diverged" / "trainer_state.json").read_text())
    state["log_history"].append({**state["log_history"][-1], "step": state["log_history"][-1]["step"] + 1000})
    status, lines, _, looks = follow(copying("diverged", job), writing(job / "trainer_state.json", state))
    assert [verdict for verdict, _ in lines] == ["waiting", "degenerate"]
    assert (status, looks) == (1, 3)


def test_what_is_said_of_a_runs_end_is_not_said_of_a_running_one(follow, job):
    state = json.loads((TRAINING / "healthy-history" / "trainer_state.json").read_text())
    state["max_steps"] = 100 * state["max_steps"]
    writing(job / "trainer_state.json", state)()
    assert "truncated-run" in [finding.rule for finding in diagnose.diagnose(job).findings]
    assert follow()[1] == [("healthy", "nothing found")]


@pytest.mark.parametrize("cut", [0, 25])
def test_a_file_that_is_being_written_is_waited_for(follow, job, cut):
    writing(job / "metrics.json", NOT_YET)()
    status, lines, _, _ = follow(
        writing(job / "metrics.json", COLLAPSED, cut), nothing, writing(job / "metrics.json", COLLAPSED)
    )
    assert [verdict for verdict, _ in lines] == ["unknown", "degenerate"]
    assert status == 1


def test_a_file_that_is_being_written_beside_others_is_waited_for(follow, job):
    copying("healthy-history", job)()
    late = job / "all_results.json"
    _, lines, _, _ = follow(writing(late, COLLAPSED, 25), nothing, writing(late, COLLAPSED))
    assert [verdict for verdict, _ in lines] == ["healthy", "degenerate"]


def test_a_file_that_stays_broken_is_said_to_be_after_a_while(follow, job):
    writing(job / "metrics.json", COLLAPSED)()
    status, lines, err, _ = follow(writing(job / "metrics.json", COLLAPSED, 25), *[nothing] * 4)
    assert [verdict for verdict, _ in lines] == ["degenerate", "unreadable"]
    assert (status, err) == (2, "diagnose: interrupted; the last verdict: degenerate\n")


def test_a_folder_that_goes_away_ends_the_watch(follow, job):
    writing(job / "metrics.json", NOT_YET)()
    status, lines, err, _ = follow(lambda: shutil.rmtree(job), *[nothing] * 9)
    assert [verdict for verdict, _ in lines] == ["unknown", "unreadable"]
    assert (status, err) == (2, "diagnose: out is gone; the last verdict: unknown\n")


def test_a_folder_that_is_replaced_does_not_end_it(follow, job):
    writing(job / "metrics.json", NOT_YET)()

    def back():
        job.mkdir()
        writing(job / "metrics.json", COLLAPSED)()

    _, lines, _, _ = follow(lambda: shutil.rmtree(job), back, nothing)
    assert [verdict for verdict, _ in lines] == ["unknown", "degenerate"]


def test_it_ends_with_the_first_failure_where_that_is_asked_for(follow, job):
    steps = (writing(job / "metrics.json", NOT_YET), copying("overfitting", job), writing(job / "x.json", COLLAPSED))
    status, lines, err, _ = follow(*steps, words=("out", "--stop", "--fail-on", "warning"))
    assert (status, [verdict for verdict, _ in lines], err) == (1, ["waiting", "unknown", "suspect"], "")


def test_files_that_do_not_change_are_not_read_again(follow, job):
    copying("diverged", job)()
    assert follow(*[nothing] * 50)[3] == 1


def test_a_single_file_is_followed_too(follow, job):
    log = job / "train.log"
    log.write_text("accuracy: 0.76\n")
    step = lambda: log.write_text("accuracy: 0.76\nprecision: 0.0\nrecall: 0.0\nf1: 0.0\n")  # noqa: E731  # a step
    _, lines, _, _ = follow(step, words=("out/train.log",))
    assert [verdict for verdict, _ in lines] == ["unknown", "degenerate"]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("-",),
        ("out", "out"),
        ("gone",),
        ("out", "--interval", "0"),
        ("out", "--interval", "nan"),
        ("out", "--interval", "soon"),
        ("out", "--ignore", "plateu"),
        ("out", "--config", "gone.toml"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(follow, words):
    status, lines, err, _ = follow(words=words)
    assert (status, lines, len(err.splitlines())) == (2, [], 1)


# From here on as a process of its own.


def process(*words):
    command = [sys.executable, "-m", "diagnose", "watch", *words, "--interval", "0.05"]
    environment = {**os.environ, "PYTHONPATH": str(Path(diagnose.__file__).parents[1])}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(command, env=environment, encoding="utf-8", **streams)


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_lines_come_as_they_happen_and_an_interrupt_ends_with_the_last_status(job):
    writing(job / "metrics.json", NOT_YET)()
    with process("out") as child:
        assert LINE.fullmatch(child.stdout.readline().rstrip())[1] == "unknown"
        writing(job / "metrics.json", COLLAPSED)()
        assert LINE.fullmatch(child.stdout.readline().rstrip())[1] == "degenerate"
        child.send_signal(signal.SIGINT)
        assert child.communicate(timeout=30) == ("", "diagnose: interrupted; the last verdict: degenerate\n")
    assert child.returncode == 1


def test_a_pipe_that_closes_ends_it_with_the_last_status(job):
    writing(job / "metrics.json", NOT_YET)()
    with process("out") as child:
        child.stdout.readline()
        child.stdout.close()
        writing(job / "metrics.json", COLLAPSED)()
        assert child.stderr.read() == ""
        assert child.wait(30) == 1

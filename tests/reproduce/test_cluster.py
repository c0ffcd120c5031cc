"""Runs on a Ray cluster: what ends there lies here, whatever becomes of the nodes."""

from __future__ import annotations

import json
import os
import signal
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from diagnose.cli import main
from diagnose.errors import UsageError
from diagnose.reproduce.cluster import Cluster
from diagnose.reproduce.runner import Workers

pytest.importorskip("torch")
PASTE = Path(__file__).parents[2] / "fixtures" / "classification" / "constant-under-macro-averages" / "paste.txt"
needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")
TIMES = {"runtime", "samples_per_second", "steps_per_second", "tokens_per_second"}


def specs(folder, count, **args):
    data = {"rows": 600, "eval_rows": 64}
    args = {"num_train_epochs": 8, **args}
    return [{"output": str(folder / f"run-{i}"), "data": {**data, "seed": i}, "args": args} for i in range(count)]


def results(spec):
    """Return what a run came to, without what a clock says."""
    every = json.loads((Path(spec["output"]) / "all_results.json").read_text())
    return {name: number for name, number in every.items() if not name.endswith(tuple(TIMES))}


def tasks():
    """Return the processes that carry a run out for Ray, which gives them its task's name."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(b"ray::on_node"):
                found.append(int(path.parent.name))
        except OSError:  # it has just ended
            continue
    return found


def until(condition, seconds=60.0):
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def nodes():
    """Two nodes of a CPU each."""
    from ray.cluster_utils import Cluster as Nodes

    cluster = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


@needs_ray
@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Ray's own
def test_a_node_that_is_killed_loses_no_run_and_doubles_none(nodes, tmp_path):
    """Of two nodes one is killed while it carries a run out: all end, with the numbers that they have here."""
    asked = specs(tmp_path / "cluster", 8)
    with Cluster(nodes.address) as cluster:
        running = cluster.carry_out(asked, time.monotonic() + 300)
        outcomes = [next(running)]
        until(lambda: len(tasks()) == 2)
        nodes.remove_node(next(iter(nodes.worker_nodes)), allow_graceful=False)
        outcomes += running
    assert sorted(outcome.folder for outcome in outcomes) == [Path(spec["output"]) for spec in asked]
    assert {outcome.error for outcome in outcomes} == {""}
    here = specs(tmp_path / "here", 8)
    with Workers(2) as workers:
        assert {outcome.error for outcome in workers.carry_out(here)} == {""}
    assert [results(spec) for spec in asked] == [results(spec) for spec in here]


@needs_ray
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_what_is_given_up_or_interrupted_leaves_no_task_behind(nodes, tmp_path):
    """The deadline ends the runs; what had ended comes at once; a driver that is killed takes its tasks with it."""
    endless = specs(tmp_path, 2, num_train_epochs=5000)
    short = [{**spec, "output": f"{spec['output']}-short"} for spec in specs(tmp_path, 1, max_steps=1)]
    with Cluster(nodes.address) as cluster:
        assert [outcome.error for outcome in cluster.carry_out(short)] == [""]
        running = cluster.carry_out([*endless, *short], time.monotonic() + 20)
        assert next(running).folder == Path(short[0]["output"])
        until(tasks)
        assert list(running) == []
        until(lambda: not tasks(), 15)
        assert list(cluster.carry_out([*endless, *short])) == [(Path(short[0]["output"]), "")]
    with Cluster(nodes.address) as cluster:
        running = cluster.carry_out([*endless, *short])
        next(running)
        until(tasks)
        os.kill(cluster.child.process.pid, signal.SIGKILL)
        with pytest.raises(UsageError, match="the cluster was lost: killed"):
            next(running)
        until(lambda: not tasks(), 15)


def test_a_cluster_that_cannot_be_used_is_one_line(monkeypatch):
    """An address that is none, and no ray at all; what is asked of the latter costs no import."""
    monkeypatch.setattr("diagnose.reproduce.cluster.find_spec", lambda _: None)
    with (
        pytest.raises(UsageError, match=r"ray is not installed \(pip install 'metric-diagnose\[scan\]'\)"),
        Cluster(""),
    ):
        pass


@needs_ray
@pytest.mark.slow
@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9", "no address"])
def test_where_no_cluster_answers_it_ends_within_the_time_and_in_a_line(address, tmp_path, capfd):
    """Ray alone would go on for minutes, and tell of it."""
    start = time.monotonic()
    assert main(["reproduce", str(PASTE), "--folder", str(tmp_path), "--ray", address]) == 2
    assert time.monotonic() - start < 25
    out, complaints = capfd.readouterr()
    assert out == ""
    assert complaints.startswith(f"diagnose: --ray {address}: ")
    assert complaints.count("\n") == 1


def test_workers_of_this_machine_are_none_of_a_cluster(capsys):
    assert main(["reproduce", str(PASTE), "--ray", "auto", "--workers", "2"]) == 2
    assert "--workers is for this machine" in capsys.readouterr().err

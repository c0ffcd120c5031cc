"""Runs of MLflow: read, judged, written back to and promoted, in a database and on a server on loopback."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import math
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

from diagnose.api import check, diagnose
from diagnose.cli import main
from diagnose.config import load_config
from diagnose.errors import UnreadableInputError, UsageError
from diagnose.integrations._mlflow_records import records_of
from diagnose.readers.interpret import interpret
from diagnose.types import Verdict

ROOT = Path(__file__).parents[2]
HISTORIES = sorted((ROOT / "fixtures" / "training").glob("*/trainer_state.json"))
HEALTHY = json.loads((ROOT / "fixtures/classification/healthy-binary/eval_results.json").read_text(encoding="utf-8"))
COLLAPSED = {"eval_accuracy": 0.758, "eval_precision": 0.0, "eval_recall": 0.0, "eval_f1": 0.0}

# MLflow asks SQLAlchemy for what the newest one calls old.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")
needs_mlflow = pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="MLflow is not installed")


def has_server():
    """Whether MLflow is installed as a whole; mlflow-skinny has no server."""
    return any(item.metadata["Name"] == "mlflow" for item in importlib.metadata.distributions())


def metric(step, value, stamp=0):
    return SimpleNamespace(step=step, value=value, timestamp=stamp)


def logged(histories, params=(), tags=(), datasets=()):
    """Return the runs that are read from what a run of MLflow has logged."""
    run = SimpleNamespace(
        info=SimpleNamespace(run_name="kind-owl-7", run_id="0a1b"),
        data=SimpleNamespace(params=dict(params), tags=dict(tags)),
        inputs=SimpleNamespace(
            dataset_inputs=[SimpleNamespace(dataset=SimpleNamespace(name=name)) for name in datasets]
        ),
    )
    return interpret(records_of(run, histories, "runs:/0a1b"), "runs:/0a1b")


def report_on(run):
    return check(run.name, load_config(None).policy(run.name), lambda _: [run])


def as_logged(log_history):
    """Return the metrics that the Trainer's own MLflow callback makes of its history, in another order."""
    histories = {}
    for stamp, row in enumerate(log_history):
        for key, value in row.items():
            if key != "step" and isinstance(value, int | float):
                histories.setdefault(key, []).append(metric(row["step"], float(value), stamp))
    return {key: points[::-1] for key, points in histories.items()}


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.parent.name)
def test_a_history_is_judged_as_the_trainers_own_file_is(path):
    expected = diagnose(path)
    (run,) = logged(as_logged(json.loads(path.read_text(encoding="utf-8"))["log_history"]))
    report = report_on(run)
    about_settings = {"wrong-checkpoint-kept", "worst-checkpoint-kept"}  # which checkpoint was kept is not logged
    assert {f.rule for f in report.findings} == {f.rule for f in expected.findings} - about_settings
    assert [(e.step, e.split) for e in run.evaluations] == [(e.step, e.split) for e in expected.runs[0].evaluations]
    assert [p.step for p in run.training] == [p.step for p in expected.runs[0].training]


def test_of_several_values_at_one_step_the_last_counts_and_the_others_are_said():
    (run,) = logged({"val_f1": [metric(2, 0.8, 9), metric(1, 0.5, 1), metric(1, 0.6, 2), metric(1, 0.55, 2)]})
    assert [(e.step, e.metrics["f1"].text) for e in run.evaluations] == [(1, "0.6"), (2, "0.8")]
    assert [(item.text, item.reason) for item in run.unread] == [
        ("val_f1: 2 of 4 values", "logged again at the same step: the last value counts")
    ]


def test_what_was_logged_without_a_step_stands_alone():
    histories = {"val_loss": [metric(i, 1 / i) for i in (1, 2, 3)], "test_accuracy": [metric(0, 0.9)]}
    (run,) = logged(histories)
    assert [(e.step, e.split) for e in run.evaluations if e.split == "test"] == [(None, "test")]
    (lone,) = logged({"accuracy": [metric(0, 0.9)], "f1": [metric(0, 0.8)]})
    assert [(e.step, sorted(e.metrics)) for e in lone.evaluations] == [(None, ["accuracy", "f1"])]
    (late,) = logged({"eval_f1": [metric(70, 0.9)]})
    assert [e.step for e in late.evaluations] == [None]
    assert late.config["global_step"].text == "70"


def test_nan_and_infinity_are_read_as_such():
    """MLflow's databases hold an infinity as the largest double."""
    values = [metric(1, math.nan), metric(2, sys.float_info.max), metric(3, -sys.float_info.max)]
    (run,) = logged({"val_loss": values})
    assert [e.metrics["loss"].text for e in run.evaluations] == ["nan", "inf", "-inf"]


def test_the_machines_metrics_and_mlflows_tags_are_no_settings():
    tags = {"mlflow.user": "someone", "diagnose.verdict": "healthy", "team": "fraud"}
    (run,) = logged({"f1": [metric(0, 0.5)]}, {"lr": "0.1"}, tags, ["train.csv", "test.csv"])
    assert {name: getattr(value, "text", value) for name, value in run.config.items()} == {
        "learning_rate": "0.1", "team": "fraud", "dataset": "train.csv, test.csv",
    }  # fmt: skip


def test_a_long_history_is_thinned_alike_for_all_its_metrics_and_keeps_its_end():
    steps = range(0, 120_000, 10)
    (run,) = logged({key: [metric(i, 1 / (1 + i)) for i in steps] for key in ("train_loss", "learning_rate")})
    assert len(run.training) == 5000
    assert all({"loss", "learning_rate"} <= point.metrics.keys() for point in run.training)
    assert run.training[-1].step == steps[-1]
    assert {item.reason for item in run.unread} == {"left out: too many"}


def test_names_with_odd_characters_neither_break_the_reading_nor_act_on_the_screen():
    report = report_on(logged({"acc\x1b[2J é:/ x": [metric(0, 0.5)], "f1": [metric(0, 0.0)]}, {"a|b\n": "\u202e1"})[0])
    from diagnose.report import load_format

    for form in ("markdown", "terminal"):
        text = load_format(form).render([report])
        assert not {"\x1b", "\u202e"} & set(text)


def test_a_missing_extra_is_one_line_that_repairs_it(monkeypatch, capsys):
    for name in [name for name in sys.modules if name.partition(".")[0] == "mlflow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.delitem(sys.modules, "diagnose.integrations.mlflow_gate", raising=False)
    monkeypatch.delattr("diagnose.integrations.mlflow_gate", raising=False)
    quiet(monkeypatch)
    assert main(["mlflow", "0a1b"]) == 2
    assert capsys.readouterr().err == (
        "diagnose: diagnose.integrations.mlflow_gate needs MLflow: pip install 'metric-diagnose[track]'\n"
    )


def test_a_plain_check_imports_no_mlflow():
    code = "import sys; from diagnose.cli import main; main(); sys.exit('mlflow' in sys.modules)"
    fixture = ROOT / "fixtures/classification/healthy-binary/eval_results.json"
    done = subprocess.run([sys.executable, "-c", code, fixture], cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "no run is named"),
        (("0a1b", "--alias", "champion"), "only a model version can be promoted"),
        (("models:/m@champion", "--alias", "next"), "only a model version can be promoted"),
        (("models:/m/1", "--alias", "a", "--stage", "b"), "name one of them"),
        (("models:/m/1", "--alais", "a"), "did you mean '--alias'?"),
    ],
)
def test_a_wrong_command_line_is_one_line(words, line, capsys):
    assert main(["mlflow", *words]) == 2
    err = capsys.readouterr().err
    assert line in err
    assert err.count("\n") == 1


def quiet(monkeypatch):
    """Let MLflow keep to itself; monkeypatch takes back what the command adds to the environment."""
    for name, value in (("LOGGING_LEVEL", "ERROR"), ("DISABLE_TELEMETRY", "true"), ("DISABLE_AGENT_HINT", "true")):
        monkeypatch.setenv(f"MLFLOW_{name}", value)


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    """Return the address of an empty database."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with pytest.MonkeyPatch.context() as monkeypatch:
        quiet(monkeypatch)
        from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine

        engine = create_sqlalchemy_engine(f"sqlite:///{path}")
        _initialize_tables(engine)
        engine.dispose()
    return f"sqlite:///{path}"


@pytest.fixture
def client(uri, tmp_path, monkeypatch):
    """Return a client of the database, with a scratch folder as the current one."""
    quiet(monkeypatch)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    from diagnose.integrations import mlflow_gate

    return mlflow_gate.connect()


def new_run(client, metrics, folder):
    """Log a run with a metric each, in an experiment of its own, and return its id."""
    experiment = client.create_experiment(f"e{time.monotonic_ns()}", artifact_location=Path(folder).as_uri())
    run_id = client.create_run(experiment, run_name="kind-owl-7").info.run_id
    for key, value in metrics.items():
        client.log_metric(run_id, key, value)
    return run_id


def new_version(client, run_id, name=None):
    name = name or f"model{time.monotonic_ns()}"
    client.create_registered_model(name)
    return name, client.create_model_version(name, f"runs:/{run_id}/model", run_id).version


def refused(*given, **options):
    from diagnose.integrations import mlflow_gate

    with pytest.raises(mlflow_gate.PromotionRefusedError) as caught:
        mlflow_gate.promote(*given, **options)
    return caught.value


@needs_mlflow
def test_the_verdict_is_written_back_as_tags_and_artifacts(client, tmp_path):
    from diagnose.integrations import mlflow_gate

    run_id = new_run(client, COLLAPSED, tmp_path)
    report = mlflow_gate.judge(run_id, client=client)
    assert report.verdict == "degenerate"
    assert report.source == (f"runs:/{run_id}",)
    tags = client.get_run(run_id).data.tags
    assert (tags["diagnose.verdict"], tags["diagnose.status"]) == ("degenerate", "1")
    assert "near-zero-precision-recall" in tags["diagnose.findings"]
    assert sorted(item.path for item in client.list_artifacts(run_id, "diagnose")) == [
        "diagnose/diagnose.json", "diagnose/diagnose.md",
    ]  # fmt: skip
    written = json.loads(Path(client.download_artifacts(run_id, "diagnose/diagnose.json")).read_text(encoding="utf-8"))
    assert written["verdict"] == "degenerate"
    assert mlflow_gate.judge(f"runs:/{run_id}", client=client).findings == report.findings  # its own tags are no news


@needs_mlflow
def test_read_only_writes_nothing(client, tmp_path, capsys):
    run_id = new_run(client, COLLAPSED, tmp_path / "kept")
    assert main(["mlflow", run_id, "--read-only"]) == 1
    assert "near-zero-precision-recall" in capsys.readouterr().out
    assert not [name for name in client.get_run(run_id).data.tags if name.startswith("diagnose.")]
    assert client.list_artifacts(run_id) == []


@needs_mlflow
def test_only_what_passes_is_promoted(client, tmp_path):
    from diagnose.integrations import mlflow_gate

    name, good = new_version(client, new_run(client, HEALTHY, tmp_path))
    bad = client.create_model_version(name, "x", new_run(client, COLLAPSED, tmp_path)).version
    assert mlflow_gate.promote(name, good, "champion", client=client).verdict == "healthy"
    refusal = refused(name, bad, "champion", client=client)
    assert refusal.status == 1
    assert str(refusal) == f"models:/{name}/{bad} is not promoted to champion (near-zero-precision-recall)"
    assert client.get_model_version_by_alias(name, "champion").version == good
    assert client.get_model_version(name, bad).tags["diagnose.verdict"] == "degenerate"
    assert mlflow_gate.judge(f"models:/{name}@champion", client=client, write=False).verdict == "healthy"
    mlflow_gate.promote(name, good, stage="Production", client=client)
    assert client.get_model_version(name, good).current_stage == "Production"


@needs_mlflow
def test_a_gate_that_cannot_look_promotes_nothing(client, tmp_path):
    """No run behind the version, no metric in it, no such version, an alias that MLflow refuses: all are status 2."""
    name, empty = new_version(client, new_run(client, {}, tmp_path))
    orphan = client.create_model_version(name, "s3://bucket/model").version
    good = client.create_model_version(name, "x", new_run(client, HEALTHY, tmp_path)).version
    for version, alias, why in (
        (empty, "champion", "no metric found"),
        (orphan, "champion", "registered without a run"),
        (99, "champion", "not found"),
        (good, "latest", "reserved"),
    ):
        refusal = refused(name, version, alias, client=client)
        assert refusal.status == 2
        assert why in str(refusal)
        assert "\n" not in str(refusal)
    assert client.get_registered_model(name).aliases == {}
    from diagnose.integrations import mlflow_gate

    with pytest.raises(UsageError):
        mlflow_gate.promote(name, good, client=client)


@needs_mlflow
def test_what_cannot_be_written_back_does_not_pass(client, tmp_path, monkeypatch):
    from mlflow.exceptions import MlflowException

    def forbidden(*_):
        raise MlflowException("PERMISSION_DENIED: no\nwrite")

    name, version = new_version(client, new_run(client, HEALTHY, tmp_path))
    monkeypatch.setattr(client, "set_tag", forbidden)
    refusal = refused(name, version, "champion", client=client)
    assert refusal.status == 2
    assert "the verdict could not be written back" in str(refusal)
    assert refusal.report.verdict == "healthy"
    assert client.get_registered_model(name).aliases == {}


@needs_mlflow
def test_the_policy_holds_and_another_run_can_be_compared_with(client, tmp_path):
    from diagnose.integrations import mlflow_gate

    first, second = (new_run(client, HEALTHY | {"eval_f1": f1}, tmp_path) for f1 in (0.9, 0.9))
    policy = load_config(None, {"against": f"runs:/{first}", "targets": ["f1 >= 0.99"]}).policy("x")
    report = mlflow_gate.judge(second, client=client, policy=policy, write=False)
    assert "target-missed" in {finding.rule for finding in report.findings if finding.fails}
    assert any(fact.name == "metric_difference" for fact in report.facts)
    gone = load_config(None, {"against": "runs:/gone"}).policy("x")
    with pytest.raises(UsageError, match=r"--against: .*gone"):
        mlflow_gate.judge(second, client=client, policy=gone)
    (tmp_path / "diagnose.toml").write_text('[[override]]\npath = "runs:/*"\nfail-on = "never"\n')
    assert main(["mlflow", new_run(client, COLLAPSED, tmp_path)]) == 0


@needs_mlflow
def test_every_run_is_reported_and_the_worst_status_wins(client, tmp_path, capsys):
    name, version = new_version(client, new_run(client, HEALTHY, tmp_path))
    runs = [f"models:/{name}/{version}", "gone", "runs:/", "models:/", new_run(client, COLLAPSED, tmp_path)]
    assert main(["mlflow", *runs]) == 2
    out, err = capsys.readouterr()
    assert "5 inputs: 3 unreadable, 1 degenerate, 1 healthy" in out
    assert err.count("\n") == 3
    assert main(["mlflow", runs[0], "--alias", "champion", "--format", "json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["verdict"] == "healthy"
    assert err == f"diagnose: {runs[0]} is promoted to champion\n"


@needs_mlflow
def test_tags_are_no_longer_than_mlflow_takes(client, tmp_path):
    from made_reports import bare_report, finding

    from diagnose.integrations import mlflow_gate

    many = tuple(finding(f"rule-{i}-" + "x" * 90, title="é" * 9000) for i in range(500))
    long = bare_report(Verdict.DEGENERATE, findings=many)
    tags = mlflow_gate._tags(long)
    assert max(map(len, tags.values())) == 5000
    assert all(tags.values())
    run_id = new_run(client, {}, tmp_path)
    for tag, text in tags.items():
        client.set_tag(run_id, tag, text)
    assert client.get_run(run_id).data.tags["diagnose.findings"] == tags["diagnose.findings"]


@needs_mlflow
def test_a_server_that_does_not_answer_is_one_line_in_time(monkeypatch, capsys):
    """The user's own patience counts, MLflow's environment is as before, and a password is not printed."""
    quiet(monkeypatch)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as taken:  # bound and not listening: nobody else answers there
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        before, started = dict(os.environ), time.monotonic()
        assert main(["mlflow", "0a1b", "--tracking-uri", f"http://me:secret@127.0.0.1:{port}"]) == 2
    assert time.monotonic() - started < 30
    assert dict(os.environ) == before
    assert capsys.readouterr().err == (
        f"diagnose: http://127.0.0.1:{port}: no answer from the server: ConnectionError "
        "(is the server running, and can it be reached from here?)\n"
    )


@needs_mlflow
def test_a_database_that_is_missing_is_not_created(monkeypatch, tmp_path):
    quiet(monkeypatch)
    from diagnose.integrations import mlflow_gate

    with pytest.raises(UnreadableInputError, match="no such database"):
        mlflow_gate.connect(f"sqlite:///{tmp_path}/typo.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(not has_server(), reason="mlflow-skinny has no server: pip install mlflow")
def test_a_real_server_takes_the_verdict_and_the_promotion(tmp_path, monkeypatch, capsys):
    """A tracking server on loopback with SQLite behind it: run in, tags and artifacts out, promotion refused."""
    quiet(monkeypatch)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db", "--artifacts-destination", f"{tmp_path}/artifacts",
    ]  # fmt: skip
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/health")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
        monkeypatch.chdir(tmp_path)
        from mlflow import MlflowClient

        client = MlflowClient()
        runs = [client.create_run("0").info.run_id for _ in range(2)]
        for run_id, metrics in zip(runs, (HEALTHY, COLLAPSED), strict=True):
            for key, value in metrics.items():
                client.log_metric(run_id, key, value)
        name, good = new_version(client, runs[0])
        bad = client.create_model_version(name, f"runs:/{runs[1]}/model", runs[1]).version
        assert main(["mlflow", f"models:/{name}/{good}", "--alias", "champion"]) == 0
        assert main(["mlflow", f"models:/{name}/{bad}", "--alias", "champion"]) == 1
        assert "is not promoted to champion (near-zero-precision-recall)" in capsys.readouterr().err
        assert client.get_model_version_by_alias(name, "champion").version == good
        assert client.get_run(runs[1]).data.tags["diagnose.verdict"] == "degenerate"
        path = client.download_artifacts(runs[1], "diagnose/diagnose.md", str(tmp_path))
        assert "**DEGENERATE**" in Path(path).read_text(encoding="utf-8")
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def wait_for(address):
    """Wait until a server answers."""
    for _ in range(180):
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310  # our own server
        except OSError:
            time.sleep(0.5)
        else:
            return
    pytest.fail("the server did not start")

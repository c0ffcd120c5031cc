"""Runs of an MLflow tracking server: judge them, write the verdict back, and promote what passes the gate only.

    from diagnose.integrations.mlflow_gate import judge, promote
    judge("runs:/0a1b...")                      # tags diagnose.verdict, ..., artifacts diagnose/diagnose.json and .md
    promote("fraud", 7, "champion")             # sets the alias, or raises PromotionRefusedError

Needs MLflow, of which mlflow-skinny is enough (pip install 'metric-diagnose[track]').
"""

from __future__ import annotations

import os
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose import __version__
from diagnose.api import check
from diagnose.config import find_config, load_config
from diagnose.errors import DiagnoseError, UnreadableInputError, UsageError
from diagnose.gate import CLEAN, gate
from diagnose.integrations._mlflow_records import SYSTEM, records_of
from diagnose.readers import read
from diagnose.readers.interpret import interpret
from diagnose.report import load_format
from diagnose.report._story import tell
from diagnose.report._words import clean
from diagnose.types import InputError, Report

try:
    from mlflow import MlflowClient, get_tracking_uri
except ModuleNotFoundError as error:
    if error.name != "mlflow":
        raise  # it is there, and lacks something of its own
    raise ImportError(f"{__name__} needs MLflow: pip install 'metric-diagnose[track]'") from error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow.entities.model_registry import ModelVersion

    from diagnose.config import Policy
    from diagnose.types import Run

__all__ = ["PromotionRefusedError", "connect", "judge", "promote"]

_RUNS, _MODELS = "runs:/", "models:/"
_FOLDER = "diagnose"
# The longest value that every server since MLflow 1.27 takes; newer ones take 8,000 characters.
_TAG_LENGTH = 5000
# MLflow's own patience with a server that does not answer is minutes, of which a pipeline learns nothing.
_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}  # fmt: skip
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_SQLITE = "sqlite:///"


class PromotionRefusedError(DiagnoseError):
    """A model version was not promoted; `report` says why, and `status` is the gate's: 1 or 2."""

    def __init__(self, message: str, hint: str, report: Report) -> None:
        super().__init__(message, hint)
        self.report = report
        self.status = gate([report])


@dataclass(frozen=True, slots=True)
class _Target:
    """A run on a server, and the model version that it stands for, where one was named."""

    source: str
    run_id: str
    version: ModelVersion | None = None


def connect(uri: str | None = None) -> MlflowClient:
    """Return a client of the server, or of the one that MLflow's environment names; UnreadableInputError if none."""
    uri = uri or get_tracking_uri()
    with _asking(uri):
        return MlflowClient(uri)


def judge(
    source: str, *, client: MlflowClient | None = None, policy: Policy | None = None, write: bool = True
) -> Report:
    """Return the report on a run: its id, runs:/ID, or models:/NAME/VERSION and models:/NAME@ALIAS for a model's run.

    client: of the server that MLflow's environment names, if None; policy: what the nearest configuration says of the
    source, if None; its `against` may name a run likewise. write: write tags and artifacts back; what cannot be
    written is among the report's obstacles, so that the gate does not pass. A run that cannot be read gives a report
    with `error` set. UsageError or ConfigError where the policy is wrong.
    """
    client = client or connect()
    try:
        target = _target(client, source)
    except UnreadableInputError as error:
        return Report((source,), error=InputError(error.message, error.hint))
    policy = load_config(find_config(Path.cwd())).policy(target.source) if policy is None else policy
    report = check(target.source, policy, partial(_read, client, target))
    return _written(client, target, report) if write and report.error is None else report


def promote(
    name: str,
    version: int | str,
    alias: str | None = None,
    *,
    stage: str | None = None,
    client: MlflowClient | None = None,
    policy: Policy | None = None,
    write: bool = True,
) -> Report:
    """Judge the run of a registered model's version, and set the alias on the version where the gate passes.

    stage: instead of an alias, for servers before MLflow 2.3 ("Production"). The other arguments are those of `judge`.
    A verdict of unknown passes, as in every gate of diagnose, unless the policy requires one (require = ["verdict"]).
    PromotionRefusedError where the gate does not pass, or the server does not set it.
    """
    if (alias is None) == (stage is None):
        raise UsageError("promote: name an alias or a stage", 'promote("fraud", 7, "champion")')
    client = client or connect()
    source = f"{_MODELS}{name}/{version}"
    report = judge(source, client=client, policy=policy, write=write)
    if gate([report]) == CLEAN:
        try:
            with _asking(client.tracking_uri):
                _mark(client, name, str(version), alias, stage)
        except UnreadableInputError as error:
            report = replace(report, obstacles=(*report.obstacles, InputError(error.message, error.hint)))
    if gate([report]) != CLEAN:
        raise PromotionRefusedError(f"{source} is not promoted to {alias or stage}", _reason(report), report)
    return report


def _mark(client: MlflowClient, name: str, version: str, alias: str | None, stage: str | None) -> None:
    if alias is not None:
        client.set_registered_model_alias(name, alias, version)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # stages go away; who asks for one has a server without aliases
        client.transition_model_version_stage(name, version, stage)


def _reason(report: Report) -> str:
    """Return what is in the way: what could not be looked at, or the rules that fail."""
    blind = [obstacle.message for obstacle in (report.error, *report.obstacles) if obstacle is not None]
    failing = dict.fromkeys(finding.rule for finding in report.findings if finding.fails)
    return clean(blind[0] if blind else ", ".join(failing))


def _target(client: MlflowClient, source: str) -> _Target:
    """Return the run that a source names; only a model has to be asked for."""
    if not source.startswith(_MODELS):
        run_id = source.removeprefix(_RUNS).strip("/")
        return _Target(_RUNS + run_id, run_id)
    name, _, version = source.removeprefix(_MODELS).rpartition("/")
    model, _, alias = source.removeprefix(_MODELS).rpartition("@")
    with _asking(client.tracking_uri):
        found = client.get_model_version(name, version) if name else client.get_model_version_by_alias(model, alias)
        logged_by: str | None = found.run_id or _run_of_model(client, found)
    source = f"{_MODELS}{found.name}/{found.version}"
    if not logged_by:
        raise UnreadableInputError(f"{source}: it was registered without a run", "there are no metrics to judge it by")
    return _Target(source, logged_by, found)


def _run_of_model(client: MlflowClient, version: ModelVersion) -> str | None:
    """Return the run that logged the model, which MLflow 3 remembers for the model instead of the version."""
    model_id = getattr(version, "model_id", None)
    return client.get_logged_model(model_id).source_run_id if model_id else None


def _read(client: MlflowClient, target: _Target, source: str) -> list[Run]:
    """Read the target, or what it is to be compared with: another run, or a file."""
    if source != target.source:
        if not source.startswith((_RUNS, _MODELS)):
            return read(source)
        target = _target(client, source)
    with _asking(client.tracking_uri):
        run = client.get_run(target.run_id)
        keys = [key for key in run.data.metrics if not key.startswith(SYSTEM)]
        histories = {key: client.get_metric_history(target.run_id, key) for key in keys}
    runs = interpret(records_of(run, histories, source), source)
    if not any(run.evaluations or run.training for run in runs):
        logged = f"{len(keys)} metrics are logged, and none is known" if keys else "no metric is logged"
        raise UnreadableInputError(f"{source}: no metric found", logged)
    return runs


def _written(client: MlflowClient, target: _Target, report: Report) -> Report:
    """Write the verdict to the run, and to the model version; say in the report where that is not possible."""
    tags = _tags(report)
    try:
        with _asking(client.tracking_uri):
            for form, ending in (("json", "json"), ("markdown", "md")):
                client.log_text(target.run_id, load_format(form).render([report]), f"{_FOLDER}/diagnose.{ending}")
            for name, value in tags.items():
                client.set_tag(target.run_id, name, value)
                if target.version is not None:
                    client.set_model_version_tag(target.version.name, target.version.version, name, value)
    except UnreadableInputError as error:
        obstacle = InputError(f"{target.source}: the verdict could not be written back: {error.message}", error.hint)
        return replace(report, obstacles=(*report.obstacles, obstacle))
    return report


def _tags(report: Report) -> dict[str, str]:
    """Return the tags: short enough for every server, never empty, safe to show."""
    story = tell(report)
    rules = dict.fromkeys(finding.rule for finding in report.findings)
    return {
        "diagnose.verdict": story.verdict,
        "diagnose.status": str(gate([report])),
        "diagnose.because": clean(story.sentence, _TAG_LENGTH),
        "diagnose.findings": clean(", ".join(rules), _TAG_LENGTH) or "none",
        "diagnose.version": __version__,
    }


@contextmanager
def _asking(uri: str) -> Iterator[None]:
    """Let MLflow answer, or give up within a minute or so; whatever it raises becomes one line."""
    path = uri.removeprefix(_SQLITE).partition("?")[0]
    uri = _CREDENTIALS.sub("", uri)
    if uri.startswith(_SQLITE) and not Path(path).exists():  # MLflow would create it
        raise UnreadableInputError(f"{uri}: no such database", "MLFLOW_TRACKING_URI or --tracking-uri names the server")
    given = {name: os.environ.get(name) for name in _PATIENCE}
    os.environ.update({name: value for name, value in _PATIENCE.items() if given[name] is None})
    try:
        yield
    except DiagnoseError:
        raise
    except Exception as error:  # noqa: BLE001  # MLflow raises its own, and whatever its stores and requests raise
        cause = error.__context__
        if uri.startswith("http") and isinstance(cause, OSError):  # what requests raises is one
            hint = "is the server running, and can it be reached from here?"
            raise UnreadableInputError(f"{uri}: no answer from the server: {type(cause).__name__}", hint) from None
        reason = clean(_CREDENTIALS.sub("", str(error)), 600)
        raise UnreadableInputError(f"{uri}: {reason or type(error).__name__}") from None
    finally:
        for name, value in given.items():
            if value is None:
                os.environ.pop(name, None)

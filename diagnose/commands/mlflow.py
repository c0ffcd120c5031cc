"""`diagnose mlflow RUN ...`: judge runs of a tracking server, write the verdict back, promote what passes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from diagnose.commands._options import add_policy_options
from diagnose.commands._output import check_target
from diagnose.commands.check import add_report_options, judged, present
from diagnose.errors import UsageError
from diagnose.report import load_format
from diagnose.report._words import clean

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from diagnose.config import Policy
    from diagnose.types import Report

__all__ = ["HELP", "arguments", "run"]

HELP = "judge runs of an MLflow server, write the verdict back to them, promote a model that passes"
_INPUTS = "the id of a run, runs:/ID, models:/NAME/VERSION or models:/NAME@ALIAS"
_SCHEMES = ("runs:/", "models:/")
# MLflow is to say nothing beside the report, and to call nobody but the tracking server.
_QUIET = {"MLFLOW_LOGGING_LEVEL": "ERROR", "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_DISABLE_AGENT_HINT": "true"}


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments: those of the check, the server, and what to promote to."""
    add_policy_options(parser, "RUN", _INPUTS)
    add_report_options(parser)
    parser.add_argument("--tracking-uri", metavar="URI", help="the server (default: what MLFLOW_TRACKING_URI names)")
    parser.add_argument("--alias", metavar="NAME", help="give this alias to each model version that passes")
    parser.add_argument("--stage", metavar="NAME", help="the same with a stage, for servers before MLflow 2.3")
    parser.add_argument("--read-only", action="store_true", help="write no tags and no report back")


def run(arguments: Namespace) -> int:
    """Report on every run, in order, promote what passes, and return the status of the worst."""
    if not arguments.inputs or "-" in arguments.inputs:
        raise UsageError("diagnose mlflow: no run is named", "diagnose mlflow RUN_ID, or models:/NAME/VERSION")
    mark = arguments.alias or arguments.stage
    if arguments.alias and arguments.stage:
        raise UsageError("diagnose mlflow: --alias and --stage", "name one of them")
    arguments.inputs = [
        name if name.startswith(("runs:/", "models:/")) else f"runs:/{name}" for name in arguments.inputs
    ]
    for source in arguments.inputs if mark else ():
        if not source.startswith("models:/") or "/" not in source.removeprefix("models:/"):
            raise UsageError(f"{source}: only a model version can be promoted", "models:/NAME/VERSION names one")
    if arguments.output is not None:
        check_target(arguments.output)
    os.environ.update({name: value for name, value in _QUIET.items() if name not in os.environ})
    try:
        # MLflow is an extra, and takes a second.
        from diagnose.integrations import mlflow_gate  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(str(error)) from None
    client = mlflow_gate.connect(arguments.tracking_uri)
    said = []

    def judge(source: str, policy: Policy) -> Report:
        options = {"client": client, "policy": policy, "write": not arguments.read_only}
        if not mark:
            return mlflow_gate.judge(source, **options)
        name, _, version = source.removeprefix("models:/").rpartition("/")
        try:
            report = mlflow_gate.promote(name, version, arguments.alias, stage=arguments.stage, **options)
        except mlflow_gate.PromotionRefusedError as refusal:
            said.append(str(refusal))
            return refusal.report
        said.append(f"{source} is promoted to {mark}")
        return report

    reports = judged(arguments, judge)
    form = load_format(arguments.format)
    status = present(reports, lambda surface: form.render(reports, surface), arguments.output)
    sys.stderr.write("".join(f"diagnose: {clean(line)}\n" for line in said))
    return status

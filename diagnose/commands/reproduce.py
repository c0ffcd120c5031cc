"""`diagnose reproduce FILE`: make the failure happen on purpose, and try what is said to cure it."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.commands._options import add_policy_options, add_text_format_option
from diagnose.commands._output import emit
from diagnose.commands.check import judged
from diagnose.errors import UsageError
from diagnose.report._words import clean

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from diagnose.report import Surface
    from diagnose.reproduce.arms import Trial
    from diagnose.reproduce.plan import Plan
    from diagnose.types import Report

__all__ = ["HELP", "arguments", "run"]

HELP = "reproduce the failure in miniature, or on your own model and data, and try the remedies"
_NEEDED = ("torch", "transformers", "scipy")
_PICTURE = "outcome.svg"


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments: those of the check, the budget, the folder of the results, and the user's own model."""
    add_policy_options(parser)
    add_text_format_option(parser, "; json is the report with what the remedies did")
    parser.add_argument("--minutes", type=float, default=3.0, help="the budget (default: 3)")
    parser.add_argument("--seeds", type=int, default=8, help="runs of an arm (default: 8)")
    parser.add_argument(
        "--workers", type=int, default=None, help="runs at a time (default: the cores; 1 for a model of yours on a GPU)"
    )
    parser.add_argument(
        "--folder", metavar="FOLDER", help="where the runs lie; the same folder goes on where it stopped"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="say what would be run, and run nothing; with --folder, leave its specifications there, and the lines"
        " that carry them out with Slurm, torchrun and accelerate",
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="run on a Ray cluster, as much at a time as it has room for: auto, HOST:PORT or ray://HOST:PORT",
    )
    own = parser.add_argument_group("your own model and data, in place of a miniature")
    own.add_argument("--model", metavar="NAME", help="a checkpoint, by name or folder")
    own.add_argument("--data", metavar="FILE", help="the rows to train on: CSV, JSON lines, Parquet, a datasets folder")
    own.add_argument("--eval-data", metavar="FILE", default="", help="the rows to evaluate (default: a part of --data)")
    own.add_argument("--text-column", metavar="NAME", default="text", help="the column of the texts (default: text)")
    own.add_argument("--label-column", metavar="NAME", default="label", help="that of the labels (default: label)")


def run(arguments: Namespace) -> int:
    """Carry the experiment out; 0 where the failure was reproduced, 1 where not, 2 where it could not be tried."""
    _check(arguments)
    from diagnose.reproduce.plan import make_plan  # noqa: PLC0415  # for this command alone

    (report,) = judged(arguments)
    if report.error is not None:
        raise UsageError(report.error.message, report.error.hint)
    plan = make_plan(report)
    if arguments.model is not None:
        plan = _on_own_data(plan, report, arguments)
    workers = arguments.workers or (1 if arguments.model is not None and _has_gpu() else os.cpu_count() or 1)
    if arguments.dry_run:
        from diagnose.reproduce.page import dry_run  # noqa: PLC0415  # as above

        emit(lambda _: dry_run(plan, arguments.seeds, workers) + _left(plan, arguments), None)
        return 0
    folder = Path(arguments.folder or f"reproduction-{hashlib.sha256(repr(plan).encode()).hexdigest()[:8]}")
    trial = _carried_out(plan, folder, workers, arguments)
    if not trial.control.runs:
        reason = clean(trial.control.errors[0]) if trial.control.errors else "the budget ended before"
        raise UsageError(f"no run of the sound settings ended with results: {reason}")
    return _told(report, plan, trial, folder, arguments.format)


def _check(arguments: Namespace) -> None:
    """Raise UsageError for what cannot be carried out, before any work is done."""
    if len(arguments.inputs) != 1:
        raise UsageError("diagnose reproduce: name one input", "diagnose reproduce metrics.json")
    if arguments.minutes <= 0 or arguments.seeds < 1 or (arguments.workers is not None and arguments.workers < 1):
        raise UsageError("diagnose reproduce: --minutes, --seeds and --workers have to be positive")
    if (arguments.model is None) != (arguments.data is None) or (arguments.eval_data and arguments.data is None):
        raise UsageError("diagnose reproduce: --model and --data go together", "give both, or neither for a miniature")
    if arguments.ray is not None and arguments.workers is not None:
        raise UsageError("diagnose reproduce: --workers is for this machine", "a cluster runs what it has room for")
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing and not arguments.dry_run:
        raise UsageError(f"{missing[0]} is not installed", "pip install 'metric-diagnose[train]'")


def _left(plan: Plan, arguments: Namespace) -> str:
    """Leave the specifications in the folder, where one is named, and return what can be done with them."""
    if arguments.folder is None:
        return ""
    from diagnose.reproduce.handoff import handed_off  # noqa: PLC0415  # as above

    return handed_off(plan, Path(arguments.folder), arguments.seeds)


def _on_own_data(plan: Plan, report: Report, arguments: Namespace) -> Plan:
    from diagnose.reproduce.own import Own, on_own_data  # noqa: PLC0415  # as above

    run = next(run for run in report.runs if run.name == plan.finding.scope.run)
    columns = arguments.text_column, arguments.label_column
    return on_own_data(plan, run, Own(arguments.model, arguments.data, arguments.eval_data, *columns))


def _has_gpu() -> bool:
    if find_spec("torch") is None:
        return False
    import torch  # noqa: PLC0415  # seconds, for those who train a model of theirs

    return bool(torch.cuda.is_available())


def _carried_out(plan: Plan, folder: Path, workers: int, arguments: Namespace) -> Trial:
    """Run the experiment under a progress bar, where somebody looks."""
    from rich.console import Console  # noqa: PLC0415  # for this command alone
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    from diagnose.reproduce.cluster import Cluster  # noqa: PLC0415
    from diagnose.reproduce.experiment import Experiment  # noqa: PLC0415
    from diagnose.reproduce.runner import Workers  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("starting")

        def told(title: str, ended: int, asked: int) -> None:
            bar.update(task, description=clean(title, 50), completed=ended, total=asked)

        signal.signal(signal.SIGTERM, signal.default_int_handler)  # to leave no process behind then, either
        with Workers(workers) if arguments.ray is None else Cluster(arguments.ray) as pool:
            seconds = 60 * arguments.minutes
            return Experiment(plan, folder, pool, seeds=arguments.seeds, seconds=seconds, on_run=told).carry_out()


def _told(report: Report, plan: Plan, trial: Trial, folder: Path, form: str) -> int:
    """Leave the outcome in its folder, print it, and return the status."""
    from diagnose.report import load_format  # noqa: PLC0415  # as above
    from diagnose.reproduce.kept import OUTCOME, outcome, with_finding  # noqa: PLC0415
    from diagnose.reproduce.page import as_markdown, as_terminal  # noqa: PLC0415
    from diagnose.reproduce.table import verified  # noqa: PLC0415

    finding = verified(plan, trial)
    folder.mkdir(parents=True, exist_ok=True)
    emit(lambda _: outcome(report, finding), str(folder / OUTCOME))
    _draw(plan, trial, folder)

    def page(surface: Surface) -> str:
        if form == "json":
            return load_format(form).render([with_finding(report, finding)], surface)
        return as_markdown(plan, trial) if form == "markdown" else as_terminal(plan, trial, surface)

    emit(page, None)
    if form == "terminal":
        sys.stderr.write(f"diagnose: kept in {clean(str(folder))}; --reproduction of check and explain tells it\n")
    made = finding.reproduction
    if made is None or not made.learnt or not made.causes:
        return 2
    return 0 if made.failing else 1


def _draw(plan: Plan, trial: Trial, folder: Path) -> None:
    """Leave the picture in the folder, or say how to get it."""
    if find_spec("matplotlib") is None:
        sys.stderr.write("diagnose: no picture: matplotlib is not installed (pip install 'metric-diagnose[report]')\n")
        return
    from diagnose.reproduce.picture import picture  # noqa: PLC0415  # two thirds of a second
    from diagnose.reproduce.table import rows  # noqa: PLC0415

    title = f"{plan.finding.rule}: what makes it happen in a reproduction, and what cures it"
    emit(lambda _: picture(title, list(rows(trial))), str(folder / _PICTURE))

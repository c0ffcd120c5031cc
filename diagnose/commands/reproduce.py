"""`diagnose reproduce FILE`: make the failure happen in miniature, and try what is said to cure it."""

from __future__ import annotations

import hashlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.commands._options import add_policy_options
from diagnose.commands._output import emit
from diagnose.commands.check import judged
from diagnose.errors import UsageError
from diagnose.report._words import clean

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from diagnose.report import Surface
    from diagnose.reproduce.experiment import Trial
    from diagnose.reproduce.plan import Plan

__all__ = ["HELP", "arguments", "run"]

HELP = "reproduce the failure in miniature, and try the remedies"
_NEEDED = ("torch", "transformers", "sklearn", "scipy")


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments: those of the check, the budget, and the folder of the results."""
    add_policy_options(parser)
    parser.add_argument("--minutes", type=float, default=3.0, help="the budget (default: 3)")
    parser.add_argument("--seeds", type=int, default=8, help="runs of an arm (default: 8)")
    parser.add_argument("--workers", type=int, default=None, help="runs at a time (default: the cores)")
    parser.add_argument(
        "--folder", metavar="FOLDER", help="where the runs lie; the same folder goes on where it stopped"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be run, and run nothing")


def run(arguments: Namespace) -> int:
    """Carry the experiment out; 0 where the failure was reproduced, 1 where not, 2 where it could not be tried."""
    if len(arguments.inputs) != 1:
        raise UsageError("diagnose reproduce: name one input", "diagnose reproduce metrics.json")
    if arguments.minutes <= 0 or arguments.seeds < 1 or (arguments.workers is not None and arguments.workers < 1):
        raise UsageError("diagnose reproduce: --minutes, --seeds and --workers have to be positive")
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing and not arguments.dry_run:
        raise UsageError(f"{missing[0]} is not installed", "pip install 'metric-diagnose[train]'")
    from diagnose.reproduce.plan import make_plan  # noqa: PLC0415  # for this command alone

    (report,) = judged(arguments)
    if report.error is not None:
        raise UsageError(report.error.message, report.error.hint)
    plan = make_plan(report)
    if arguments.dry_run:
        emit(lambda _: _told(plan), None)
        return 0
    folder = Path(arguments.folder or f"reproduction-{hashlib.sha256(repr(plan).encode()).hexdigest()[:8]}")
    trial = _carried_out(plan, folder, arguments)
    emit(lambda surface: _page(plan, trial, surface), None)
    return 0 if any(group[0].fails_alike for group in trial.hypotheses) else 1


def _told(plan: Plan) -> str:
    lines = [f"{clean(plan.finding.rule)}: {clean(plan.finding.title)}", "", "How the miniature differs from the run:"]
    lines += [f"  - {clean(difference)}" for difference in plan.differences]
    lines += ["", "What may make it fail:", *(f"  - {fault.title}" for fault, _ in plan.hypotheses)]
    lines += ["", "What is tried against it:", *(f"  - {clean(remedy.title)}" for remedy in plan.remedies)]
    return "\n".join(lines) + "\n"


def _carried_out(plan: Plan, folder: Path, arguments: Namespace) -> Trial:
    """Run the experiment under a progress bar, where somebody looks."""
    from rich.console import Console  # noqa: PLC0415  # for this command alone
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    from diagnose.reproduce.experiment import Experiment  # noqa: PLC0415
    from diagnose.reproduce.runner import Workers  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("starting")

        def told(title: str, ended: int, asked: int) -> None:
            bar.update(task, description=clean(title, 50), completed=ended, total=asked)

        with Workers(arguments.workers or os.cpu_count() or 1) as workers:
            seconds = 60 * arguments.minutes
            return Experiment(plan, folder, workers, seeds=arguments.seeds, seconds=seconds, on_run=told).carry_out()


def _page(plan: Plan, trial: Trial, surface: Surface) -> str:
    from rich.table import Table  # noqa: PLC0415

    from diagnose.report._page import drawn  # noqa: PLC0415
    from diagnose.reproduce.table import conclusion, rows  # noqa: PLC0415

    table = Table("what was run", "fails so", "as good as sound", "95 %", "p", box=None, padding=(0, 2, 0, 0))
    for row in rows(trial):
        p = "" if row.p is None else "< 0.001" if row.p < 0.001 else f"{row.p:.3f}"
        table.add_row("  " * row.depth + row.title, row.failed, row.cured, row.interval, p)
    differences = [f"  - {clean(difference)}" for difference in plan.differences]
    heading = "In a reproduction with these differences from your run:"
    return drawn([table, "", *conclusion(plan, trial), heading, *differences, f"{trial.seconds:.0f} s"], surface)

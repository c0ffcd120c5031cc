"""`diagnose baseline FILE ...`: accept what fails today, with a reason and until a day; prune what is gone."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.baseline import Baseline
from diagnose.commands._options import add_policy_options, config_of
from diagnose.commands._output import check_target, emit
from diagnose.commands.check import judged
from diagnose.errors import UsageError
from diagnose.report._words import clean, count
from diagnose.types import Acceptance

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["HELP", "arguments", "run"]

HELP = "accept the findings that fail today, with a reason and until a day, or prune what is gone"
_FILE = "diagnose-baseline.json"
_DAYS = 90


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments: those of the check, and what an acceptance is made of."""
    add_policy_options(parser)
    parser.add_argument("--reason", metavar="WORDS", help="why the findings are accepted")
    parser.add_argument("--expires", metavar="DATE", help=f"until when, YYYY-MM-DD (default: {_DAYS} days from today)")
    parser.add_argument(
        "--prune", action="store_true", help="take out what no longer occurs or has run out; add nothing"
    )


def run(arguments: Namespace) -> int:
    """Write the file of accepted findings; an input that could not be read changes nothing of it."""
    if not arguments.inputs:
        raise UsageError("diagnose baseline: no input is named", "diagnose baseline metrics.json --reason '...'")
    if not arguments.prune and not (arguments.reason or "").strip():
        raise UsageError("diagnose baseline: no --reason", "say in your own words why the findings are accepted")
    path = Path(arguments.baseline or config_of(arguments).policy(arguments.inputs[0]).baseline or _FILE)
    check_target(str(path))
    file = Baseline.load(path) if path.exists() else Baseline(path)
    before = len(file.accepted)
    if not path.exists():
        arguments.baseline = None  # which would have to be there for the check
    reports = judged(arguments)
    unread = [report.error for report in reports if report.error is not None]
    if unread:
        raise UsageError(unread[0].message, unread[0].hint)
    acceptance = None if arguments.prune else Acceptance(arguments.reason.strip(), _expiry(arguments.expires))
    for source, report in zip(arguments.inputs, reports, strict=True):
        file = file.pruned(source, report) if acceptance is None else file.accepting(source, report, acceptance)
    emit(lambda _: file.save(), str(path))
    sys.stderr.write(f"{clean(str(path))}: {count(len(file.accepted), 'accepted finding')}, {before} before\n")
    return 0


def _expiry(text: str | None) -> str:
    today = dt.datetime.now(tz=dt.UTC).date()
    if text is None:
        return (today + dt.timedelta(days=_DAYS)).isoformat()
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--expires {text!r} is not a date", "write YYYY-MM-DD") from None
    if day < today:
        raise UsageError(f"--expires {text}: that day is over")
    return day.isoformat()

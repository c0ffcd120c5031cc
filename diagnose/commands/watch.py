"""`diagnose watch FILE|FOLDER`: a line whenever the verdict on a running job changes, or what is found in it."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.api import ABOUT_THE_END
from diagnose.commands._options import add_policy_options
from diagnose.commands._output import emit, hush
from diagnose.commands.check import judged
from diagnose.errors import UsageError
from diagnose.gate import COULD_NOT_LOOK, FOUND, gate
from diagnose.readers._files import folder_files, is_folder
from diagnose.report._words import clean

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from diagnose.types import Report, Scope, Verdict

__all__ = ["HELP", "arguments", "run"]

HELP = "follow the files of a job that runs, and say when its verdict changes"
_INTERVAL = 5.0
# It rests four times as long as a look takes, so that the job loses no more than a fifth of a core to it.
_REST = 4
# So many looks in a row may meet a file that has changed and cannot be read: it is being written.
_PATIENCE = 3
_LENGTH = 200


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments: those of the check, how often to look, and whether to end with the first failure."""
    add_policy_options(parser)
    parser.add_argument(
        "--interval",
        metavar="SECONDS",
        type=_seconds,
        default=_INTERVAL,
        help=f"the time between two looks (default: {_INTERVAL:g})",
    )
    parser.add_argument("--stop", action="store_true", help="end with status 1 as soon as the check would fail")


def run(arguments: Namespace) -> int:
    """Tell what changes until the input is gone or somebody interrupts; return the status of the last look."""
    if len(arguments.inputs) != 1 or arguments.inputs == ["-"]:
        raise UsageError("diagnose watch: name one file or folder", "diagnose watch runs/my-model")
    (source,) = arguments.inputs
    if not Path(source).exists():
        raise UsageError(f"{source}: no such file or folder", "start when the job has made it")
    arguments.ignore = [*arguments.ignore, *ABOUT_THE_END]
    status, verdict, told = COULD_NOT_LOOK, "none", None
    try:
        for report in _looks(arguments):
            status = gate([report])
            verdict = report.verdict.value if report.verdict is not None else verdict
            if told is None or _state(report) != _state(told):
                _say(_news(report, told))
                told = report
            if arguments.stop and status == FOUND:
                return status
        ending = f"{clean(source)} is gone"
    except KeyboardInterrupt:
        ending = "interrupted"
    except BrokenPipeError:
        hush()
        return status
    sys.stderr.write(f"diagnose: {ending}; the last verdict: {verdict}\n")
    return status


def _looks(arguments: Namespace) -> Iterator[Report]:
    """Yield a report at once, and whenever the files have changed and are not being written; end when they are gone."""
    source = arguments.inputs[0]
    seen = _stamps(source)
    fresh: set[str] = set()  # what has changed since the last report
    held, due = 0, True
    while True:
        began = time.monotonic()
        if due:
            (report,) = judged(arguments)
            held = held + 1 if held < _PATIENCE and _is_unfinished(report, fresh) else 0
            if not held:
                fresh.clear()
                yield report
                if not Path(source).exists():
                    return
        time.sleep(max(arguments.interval, _REST * (time.monotonic() - began)))
        stamps = _stamps(source)
        changed = {path for path, _ in stamps.items() ^ seen.items()}
        fresh |= changed
        seen, due = stamps, bool(changed or held)


def _stamps(source: str) -> dict[str, tuple[int, int]]:
    """Return size and time of change of every file that would be read."""
    stamps = {}
    try:
        for path in folder_files(source)[0] if is_folder(source) else [Path(source)]:
            status = path.stat()
            stamps[str(path)] = (status.st_size, status.st_mtime_ns)
    except OSError:  # a file went away between its listing and its look; the next look lists them anew
        pass
    return stamps


def _is_unfinished(report: Report, fresh: set[str]) -> bool:
    """Whether something could not be read that is fresh."""
    if report.error is not None:
        return bool(fresh)
    return any(item.source in fresh and not item.at and not item.text for item in report.unread)


def _say(news: str) -> None:
    emit(lambda _: f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {news}\n", None)


def _state(report: Report) -> tuple[Verdict | None, frozenset[tuple[str, Scope]]]:
    """Return what is worth a line where it changes; the step of a finding is not, since it goes on with the job."""
    return report.verdict, frozenset((item.rule, replace(item.scope, step=None)) for item in report.findings)


def _news(report: Report, before: Report | None) -> str:
    """Return the verdict, the gravest finding, the names of the others, and of those that are no longer there."""
    if report.error is not None or report.verdict is None:
        message = report.error.message if report.error is not None else ""
        return f"{'waiting' if before is None else 'unreadable':<10}  {clean(message, _LENGTH)}"
    rules = list(dict.fromkeys(item.rule for item in report.findings))
    gone = dict.fromkeys(item.rule for item in before.findings if item.rule not in rules) if before else ()
    first = f"{rules[0]}: {report.findings[0].message}" if rules else "nothing found"
    parts = [clean(first, _LENGTH)]
    parts += [f"also {', '.join(rules[1:])}"] if rules[1:] else []
    parts += [f"no longer {', '.join(gone)}"] if gone else []
    return f"{report.verdict.value:<10}  {'; '.join(parts)}"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise UsageError(f"--interval {text!r} is no number of seconds", "for example --interval 10")
    return seconds

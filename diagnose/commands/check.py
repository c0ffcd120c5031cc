"""`diagnose FILE`: read, judge and report, and fail where something is wrong."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from diagnose.api import chosen_rules, diagnose
from diagnose.commands._options import add_rules_option, names, one_of
from diagnose.commands._output import check_target, emit
from diagnose.errors import DiagnoseError
from diagnose.gate import gate
from diagnose.report import format_names, load_format
from diagnose.report._words import clean
from diagnose.types import InputError, Report, Severity

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["HELP", "arguments", "run"]

HELP = "say what a run's numbers prove, what is wrong and what to do; `diagnose FILE` is short for it"
_NEVER = "never"


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    fail_on = [severity.value for severity in Severity] + [_NEVER]
    parser.add_argument("inputs", metavar="FILE", nargs="*", help="a file, a folder, or - for standard input")
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        type=one_of("--format", format_names()),
        default="terminal",
        help=f"{', '.join(format_names())} (default: terminal)",
    )
    parser.add_argument("--output", metavar="FILE", help="write the report to FILE instead of standard output")
    parser.add_argument(
        "--fail-on",
        metavar="SEVERITY",
        type=one_of("--fail-on", fail_on),
        default=Severity.ERROR.value,
        help=f"exit with 1 for a finding of this severity or above: {', '.join(fail_on)} (default: error)",
    )
    add_rules_option(parser)
    for flag, what in (("--select", "judge only these rules"), ("--ignore", "do not judge these rules")):
        parser.add_argument(
            flag, metavar="RULE", type=names, action="extend", default=[], help=f"{what} (commas, repeatable)"
        )
    parser.add_argument(
        "--assume",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="answer a question of the report: [RUN/][TASK/][SPLIT:]NAME=VALUE (repeatable)",
    )


def run(arguments: Namespace) -> int:
    """Report on every input, in order, and return the status of the worst."""
    if arguments.output is not None:
        check_target(arguments.output)
    # A misspelt rule or answer is said at once, not after the first input was read.
    chosen_rules(arguments.rules, arguments.select, arguments.ignore)
    reports = [_report(source, arguments) for source in _sources(arguments)]
    form = load_format(arguments.format)
    status = gate(reports, None if arguments.fail_on == _NEVER else Severity(arguments.fail_on))
    try:
        emit(lambda surface: form.render(reports, surface), arguments.output)
    except BrokenPipeError:
        # Who reads no further has seen enough; the verdict stands. The rest of the text goes nowhere, so that
        # the interpreter does not complain about it on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    for report in reports:
        if report.error is not None:
            hint = f" ({clean(report.error.hint)})" if report.error.hint else ""
            sys.stderr.write(f"diagnose: {clean(report.error.message)}{hint}\n")
    return status


def _sources(arguments: Namespace) -> list[str]:
    """Return the inputs; "-" where none is named (the command line has seen to it that something is piped)."""
    sources: list[str] = arguments.inputs or ["-"]
    if "-" in sources and sys.stdin is not None and sys.stdin.isatty():
        end = "Ctrl-Z and Enter" if os.name == "nt" else "Ctrl-D"
        sys.stderr.write(f"diagnose: paste the metrics, then press {end}\n")
    return sources


def _report(source: str, arguments: Namespace) -> Report:
    """Report on one input; what goes wrong unexpectedly with it must not cost the others their reports."""
    try:
        return diagnose(
            source,
            assume=arguments.assume,
            rules=arguments.rules,
            select=arguments.select,
            ignore=arguments.ignore,
        )
    except DiagnoseError:
        raise
    except Exception as error:
        if arguments.debug:
            raise
        message = f"{source}: unexpected {type(error).__name__}: {error}"
        return Report((source,), error=InputError(message, "please report it; --debug shows where it happened"))

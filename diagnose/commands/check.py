"""`diagnose FILE`: read, judge and report, and fail where something is wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from diagnose.api import check, rules_of
from diagnose.commands._options import (
    add_policy_options,
    add_reproduction_option,
    config_of,
    inputs_of,
    one_of,
    reproduced,
)
from diagnose.commands._output import check_target, emit, hush
from diagnose.errors import DiagnoseError
from diagnose.gate import gate
from diagnose.report import format_names, load_format
from diagnose.report._words import clean
from diagnose.types import InputError, Report

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable, Sequence

    from diagnose.config import Policy
    from diagnose.report import Surface

__all__ = ["HELP", "add_report_options", "arguments", "judged", "present", "run"]

HELP = "say what a run's numbers prove, what is wrong and what to do; `diagnose FILE` is short for it"


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_policy_options(parser)
    add_report_options(parser)
    add_reproduction_option(parser)


def add_report_options(parser: ArgumentParser) -> None:
    """Add `--format` and `--output`."""
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        type=one_of("--format", format_names()),
        default="terminal",
        help=f"{', '.join(format_names())} (default: terminal)",
    )
    parser.add_argument("--output", metavar="FILE", help="write the report to FILE instead of standard output")


def run(arguments: Namespace) -> int:
    """Report on every input, in order, and return the status of the worst."""
    if arguments.output is not None:
        check_target(arguments.output)
    reports = reproduced(judged(arguments), arguments)
    form = load_format(arguments.format)
    return present(reports, lambda surface: form.render(reports, surface), arguments.output)


def present(reports: Sequence[Report], render: Callable[[Surface], str], output: str | None) -> int:
    """Write what `render` makes of the reports, complain of what could not be looked at, and return the status."""
    try:
        emit(render, output)
    except BrokenPipeError:
        hush()  # who reads no further has seen enough; the verdict stands
    _complain(obstacle for report in reports for obstacle in (report.error, *report.obstacles) if obstacle is not None)
    return gate(reports)


def judged(arguments: Namespace, judge: Callable[[str, Policy], Report] | None = None) -> list[Report]:
    """Return the report on every input, as the configuration and the command line want it judged.

    judge: instead of `check`, where the inputs are no files.
    """
    config, sources = config_of(arguments), inputs_of(arguments)
    policies = [config.policy(source) for source in sources]
    for policy in policies:  # a misspelt rule or answer is said at once, not after the first input was read
        rules_of(policy)
    return [
        _report(source, policy, arguments, judge or check) for source, policy in zip(sources, policies, strict=True)
    ]


def _report(source: str, policy: Policy, arguments: Namespace, judge: Callable[[str, Policy], Report]) -> Report:
    """Report on one input; what goes wrong unexpectedly with it must not cost the others their reports."""
    try:
        return judge(source, policy)
    except DiagnoseError:
        raise
    except Exception as error:
        if arguments.debug:
            raise
        message = f"{source}: unexpected {type(error).__name__}: {error}"
        return Report((source,), error=InputError(message, "please report it; --debug shows where it happened"))


def _complain(obstacles: Iterable[InputError]) -> None:
    for obstacle in obstacles:
        hint = f" ({clean(obstacle.hint)})" if obstacle.hint else ""
        sys.stderr.write(f"diagnose: {clean(obstacle.message)}{hint}\n")

"""What commands share that read one input and do not gate on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.api import check, rules_of
from diagnose.commands._options import add_reading_options, config_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from diagnose.types import Report

__all__ = ["add_input", "report_on"]


def add_input(parser: ArgumentParser) -> None:
    """Add the input, and the options that change what a report says of it."""
    parser.add_argument("input", metavar="FILE", help="the metrics: a file, a folder, or - for standard input")
    add_reading_options(parser)


def report_on(arguments: Namespace) -> Report:
    """Return the report on the input, as the configuration and the command line want it judged."""
    policy = config_of(arguments).policy(arguments.input)
    rules_of(policy)
    return check(arguments.input, policy)

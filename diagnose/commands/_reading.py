"""The options of commands that read an input and do not gate on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.api import check, rules_of
from diagnose.commands._options import add_rules_option, config_of, names
from diagnose.config import CONFIG_FILES

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from diagnose.types import Report

__all__ = ["add_reading_options", "report_on"]


def add_reading_options(parser: ArgumentParser) -> None:
    """Add the input, and the options that change what a report says of it."""
    parser.add_argument("input", metavar="FILE", help="the metrics: a file, a folder, or - for standard input")
    parser.add_argument(
        "--config", metavar="FILE", help=f"read this configuration instead of the nearest {' or '.join(CONFIG_FILES)}"
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
    # What a gate asks beyond the report.
    parser.set_defaults(fail_on=None, require=[], target=[], baseline=None, against=None)


def report_on(arguments: Namespace) -> Report:
    """Return the report on the input, as the configuration and the command line want it judged."""
    policy = config_of(arguments).policy(arguments.input)
    rules_of(policy)
    return check(arguments.input, policy)

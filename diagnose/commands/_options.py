"""Options that several commands share, and the checks of what is given to them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.config import CONFIG_FILES, NEVER, find_config, load_config
from diagnose.errors import UsageError, did_you_mean
from diagnose.gate import VERDICT
from diagnose.types import Severity

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Sequence

    from diagnose.config import Config
    from diagnose.types import Report

__all__ = [
    "add_policy_options",
    "add_reading_options",
    "add_reproduction_option",
    "add_rules_option",
    "add_text_format_option",
    "config_of",
    "inputs_of",
    "names",
    "one_of",
    "reproduced",
]

_TEXT_FORMATS = ("terminal", "markdown", "json")


def add_rules_option(parser: ArgumentParser) -> None:
    """Add `--rules DIR`."""
    parser.add_argument(
        "--rules", metavar="DIR", action="append", default=[], help="a folder with rules of your own (repeatable)"
    )


def add_reading_options(parser: ArgumentParser) -> None:
    """Add the options that change what a report says of an input, whoever asks for it."""
    parser.add_argument(
        "--config", metavar="FILE", help=f"read this configuration instead of the nearest {' or '.join(CONFIG_FILES)}"
    )
    add_rules_option(parser)
    for flag, what in (("--select", "judge only these rules"), ("--ignore", "do not judge these rules")):
        _add_names(parser, flag, what)
    parser.add_argument(
        "--assume",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="answer a question of the report: [RUN/][TASK/][SPLIT:]NAME=VALUE (repeatable)",
    )
    # What a gate asks beyond the report.
    parser.set_defaults(fail_on=None, require=[], target=[], baseline=None, against=None)


def add_policy_options(
    parser: ArgumentParser, named: str = "FILE", inputs: str = "a file, a folder, or - for standard input"
) -> None:
    """Add the inputs, `--config`, and an option for each value that a configuration may hold, but the single rules'."""
    fail_on = [*(severity.value for severity in Severity), NEVER]
    parser.add_argument("inputs", metavar=named, nargs="*", help=inputs)
    add_reading_options(parser)
    parser.add_argument(
        "--fail-on",
        metavar="SEVERITY",
        type=one_of("--fail-on", fail_on),
        help=f"exit with 1 for a finding of this severity or above: {', '.join(fail_on)} (default: error)",
    )
    _add_names(parser, "--require", f"exit with 2 where one of these rules, or the {VERDICT}, is undecided")
    parser.add_argument(
        "--target",
        metavar="LIMIT",
        action="append",
        default=[],
        help="exit with 1 where a metric misses it: '[RUN/][TASK/][SPLIT:]METRIC[CLASS] >= NUMBER' (repeatable)",
    )
    parser.add_argument("--baseline", metavar="FILE", help="do not fail on the findings that this file accepts")
    parser.add_argument(
        "--against", metavar="RUN", help="exit with 1 where a metric is significantly worse than in RUN"
    )


def _add_names(parser: ArgumentParser, flag: str, what: str) -> None:
    parser.add_argument(
        flag, metavar="RULE", type=names, action="extend", default=[], help=f"{what} (commas, repeatable)"
    )


def config_of(arguments: Namespace) -> Config:
    """Return the configuration with the command line's values, and see to it that each of them can be carried out."""
    path = Path(arguments.config) if arguments.config is not None else find_config(Path.cwd())
    given = {
        "fail-on": arguments.fail_on, "select": arguments.select, "ignore": arguments.ignore,
        "require": arguments.require, "assume": arguments.assume, "rules": arguments.rules,
        "targets": arguments.target, "baseline": arguments.baseline, "against": arguments.against,
    }  # fmt: skip
    return load_config(path, given)


def inputs_of(arguments: Namespace) -> list[str]:
    """Return the inputs; "-" where none is named (the command line has seen to it that something is piped)."""
    sources: list[str] = arguments.inputs or ["-"]
    if "-" in sources and sys.stdin is not None and sys.stdin.isatty():
        end = "Ctrl-Z and Enter" if os.name == "nt" else "Ctrl-D"
        sys.stderr.write(f"diagnose: paste the metrics, then press {end}\n")
    return sources


def one_of(option: str, known: Sequence[str]) -> Callable[[str], str]:
    """Return a reader of an option's value that knows these words and guesses at misspelt ones."""

    def read(word: str) -> str:
        if word not in known:
            raise UsageError(
                f"{option} does not know {word!r}", did_you_mean(word, known) or f"known: {', '.join(known)}"
            )
        return word

    return read


def add_reproduction_option(parser: ArgumentParser) -> None:
    """Add `--reproduction FOLDER`."""
    parser.add_argument(
        "--reproduction",
        metavar="FOLDER",
        action="append",
        default=[],
        help="say what the remedies did in the reproduction that lies in FOLDER (repeatable)",
    )


def reproduced(reports: Sequence[Report], arguments: Namespace) -> list[Report]:
    """Return the reports with what the reproductions that were named have shown; UsageError for one of another."""
    if not arguments.reproduction:
        return list(reports)
    from diagnose.reproduce.kept import with_reproductions  # noqa: PLC0415  # pydantic's 100 ms are for those who ask

    return with_reproductions(reports, arguments.reproduction)


def add_text_format_option(parser: ArgumentParser, more: str = "") -> None:
    """Add `--format`, of texts that are written for a terminal, as Markdown and as JSON."""
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        type=one_of("--format", _TEXT_FORMATS),
        default=_TEXT_FORMATS[0],
        help=f"{', '.join(_TEXT_FORMATS)} (default: {_TEXT_FORMATS[0]}){more}",
    )


def names(text: str) -> list[str]:
    """Read a list of names with commas between them."""
    return [name for part in text.split(",") if (name := part.strip())]

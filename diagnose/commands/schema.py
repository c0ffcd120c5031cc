"""`diagnose schema`: the JSON Schema of the JSON report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from diagnose.commands._output import emit
from diagnose.report._schema import json_schema

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["HELP", "arguments", "run"]

HELP = "print the JSON Schema of `--format json`"


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments: there are none."""


def run(arguments: Namespace) -> int:  # noqa: ARG001  # all commands are called alike
    """Print the schema."""
    emit(lambda _: json.dumps(json_schema(), indent=2) + "\n", None)
    return 0

"""`diagnose mcp`: a server for assistants that speak the Model Context Protocol, on standard input and output."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["HELP", "arguments", "run"]

HELP = "serve reports to an assistant, over the Model Context Protocol on standard input and output"


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--root", metavar="FOLDER", type=Path, help="let the assistant name files under this folder (default: none)"
    )


def run(arguments: Namespace) -> int:
    """Serve until the client closes standard input."""
    try:
        from diagnose.serve.mcp import serve  # noqa: PLC0415  # half a second, and an extra
    except ImportError as error:
        raise UsageError(
            f"the server needs the package mcp, 2.0 or later ({error})", "pip install 'metric-diagnose[mcp]'"
        ) from None
    if sys.stdin is not None and sys.stdin.isatty():
        sys.stderr.write("diagnose: waiting for a client, which would start this command itself; Ctrl-C ends it\n")
    serve(arguments.root)
    return 0

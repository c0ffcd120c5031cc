"""`diagnose prompt FILE`: one text to paste into any chat; `diagnose check-reply` checks what comes back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from diagnose.commands._options import add_reproduction_option, reproduced
from diagnose.commands._output import check_target, emit
from diagnose.commands._reading import add_input, report_on
from diagnose.errors import UnreadableInputError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["HELP", "arguments", "run"]

HELP = "print one prompt about a report, for any chat; `check-reply` checks what comes back"


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_input(parser)
    add_reproduction_option(parser)
    parser.add_argument("--question", metavar="TEXT", help="ask this instead of what the numbers show and what to do")
    parser.add_argument("--output", metavar="FILE", help="write the prompt to FILE instead of standard output")


def run(arguments: Namespace) -> int:
    """Print the prompt; 0, whatever the verdict: 2 where the input cannot be read."""
    if arguments.output is not None:
        check_target(arguments.output)
    if arguments.input == "-" and sys.stdin is not None and sys.stdin.isatty():
        sys.stderr.write("diagnose: paste the metrics, then press Ctrl-D\n")
    (report,) = reproduced([report_on(arguments)], arguments)
    if report.error is not None:
        raise UnreadableInputError(report.error.message, report.error.hint)
    from diagnose.llm.pack import make_pack  # noqa: PLC0415  # `diagnose --help` does without it
    from diagnose.llm.prompting import chat_prompt  # noqa: PLC0415  # likewise
    from diagnose.report._words import printable  # noqa: PLC0415  # likewise

    text = chat_prompt(make_pack(report), arguments.question)
    emit(lambda _: "".join(f"{printable(line)}\n" for line in text.splitlines()), arguments.output)
    return 0

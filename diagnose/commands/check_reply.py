"""`diagnose check-reply FILE < reply.txt`: a chat's answer about metrics, held against their report."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.commands._options import add_reproduction_option, add_text_format_option, reproduced
from diagnose.commands._output import check_target, emit
from diagnose.commands._reading import add_input, report_on
from diagnose.errors import UnreadableInputError, UsageError
from diagnose.llm.reply import Mark, check_reply
from diagnose.readers.encoding import decode, encoding_of
from diagnose.report.markdown import escape

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Sequence

    from diagnose.llm.reply import Checked
    from diagnose.report import Surface
    from diagnose.types import Report

__all__ = ["HELP", "arguments", "run"]

HELP = "check a chat's answer about metrics, sentence by sentence, against their report"
_SCHEMA = "diagnose-reply/1"
# No chat answers at such length; what is longer is not a reply.
_LARGEST = 1_000_000
_COLOURS = {Mark.SUPPORTED: "32", Mark.UNSUPPORTED: "33", Mark.CONTRADICTED: "31", Mark.NO_CLAIM: "2"}
_WIDTH = max(len(mark.value) for mark in Mark) + 2


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_input(parser)
    parser.add_argument(
        "--reply", metavar="FILE", help="the reply (default: standard input); may be the file with the metrics"
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with 1 for an unsupported sentence too, not only for a contradicted one",
    )
    add_reproduction_option(parser)
    add_text_format_option(parser)
    parser.add_argument("--output", metavar="FILE", help="write the result to FILE instead of standard output")


def run(arguments: Namespace) -> int:
    """Print every sentence with its mark and the reason.

    0: nothing is contradicted (with `--strict`: nor unsupported). 1: something is. 2: the metrics or the reply cannot
    be read.
    """
    if arguments.output is not None:
        check_target(arguments.output)
    text = _reply(arguments)
    (report,) = reproduced([report_on(arguments)], arguments)
    if report.error is not None:
        raise UnreadableInputError(report.error.message, report.error.hint)
    checked = check_reply(report, text)
    if not checked:
        raise UnreadableInputError("the reply holds no sentence", "pipe it in, or name it with --reply FILE")
    forms = {"terminal": _terminal, "markdown": _markdown, "json": _json}
    emit(lambda surface: "\n".join(forms[arguments.format](report, checked, surface)) + "\n", arguments.output)
    failing = {Mark.CONTRADICTED, Mark.UNSUPPORTED} if arguments.strict else {Mark.CONTRADICTED}
    return int(any(item.mark in failing for item in checked))


def _reply(arguments: Namespace) -> str:
    """Return the reply's text; UnreadableInputError where it is none."""
    if arguments.reply is None and arguments.input == "-":
        raise UsageError("both the metrics and the reply are to come from standard input", "name one: --reply FILE")
    named = arguments.reply if arguments.reply is not None else "-"
    try:
        data = _piped() if named == "-" else _bytes_of(Path(named))
    except OSError as error:
        raise UnreadableInputError(f"the reply {named}: {error.strerror or error}") from None
    if len(data) > _LARGEST:
        raise UnreadableInputError(f"the reply is longer than {_LARGEST:,} bytes", "give the answer alone")
    encoding = encoding_of(data) if data.strip() else None
    if encoding is None:
        what = "is empty" if not data.strip() else "is no text"
        raise UnreadableInputError(f"the reply {what}", "pipe the chat's answer in, or name it with --reply FILE")
    return decode(data, encoding)


def _piped() -> bytes:
    if sys.stdin is None:
        return b""
    if sys.stdin.isatty():
        end = "Ctrl-Z and Enter" if os.name == "nt" else "Ctrl-D"
        sys.stderr.write(f"diagnose: paste the reply, then press {end}\n")
    return sys.stdin.buffer.read(_LARGEST + 1)


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST + 1)


def _total(checked: Sequence[Checked]) -> str:
    counts = Counter(item.mark for item in checked)
    return ", ".join(f"{counts[mark]} {mark.value}" for mark in Mark)


def _terminal(report: Report, checked: Sequence[Checked], surface: Surface) -> Iterator[str]:
    verdict = report.verdict.value if report.verdict else "unread"
    yield f"The report's verdict: {verdict}"
    yield ""
    for item in checked:
        mark = item.mark.value.ljust(_WIDTH)
        if surface.colour:
            mark = f"\x1b[{_COLOURS[item.mark]}m{mark}\x1b[0m"
        lines = textwrap.wrap(item.sentence, surface.width - _WIDTH - 6) or [""]
        yield f"{item.place:>4}  {mark}{lines[0]}"
        yield from (" " * (_WIDTH + 6) + line for line in lines[1:])
        if item.mark is not Mark.NO_CLAIM:
            indent = " " * (_WIDTH + 8)
            yield textwrap.fill(_reason(item), surface.width, initial_indent=indent, subsequent_indent=indent)
    yield ""
    yield _total(checked)


def _markdown(report: Report, checked: Sequence[Checked], surface: Surface) -> Iterator[str]:  # noqa: ARG001  # all forms are called alike
    verdict = report.verdict.value if report.verdict else "unread"
    yield f"The report's verdict: **{verdict}**. {_total(checked).capitalize()}."
    yield ""
    yield "| line | mark | sentence | reason |"
    yield "| --- | --- | --- | --- |"
    for item in checked:
        yield f"| {item.place} | {item.mark.value} | {escape(item.sentence)} | {escape(_reason(item))} |"


def _json(report: Report, checked: Sequence[Checked], surface: Surface) -> Iterator[str]:  # noqa: ARG001  # as above
    counts = Counter(item.mark for item in checked)
    tree = {
        "schema": _SCHEMA,
        "source": list(report.source),
        "verdict": report.verdict.value if report.verdict else None,
        "total": {mark.value.replace(" ", "_"): counts[mark] for mark in Mark},
        "sentences": [
            {
                "line": item.place,
                "mark": item.mark.value,
                "sentence": item.sentence,
                "reason": item.reason,
                "statements": list(item.statements),
            }
            for item in checked
        ],
    }
    yield json.dumps(tree, indent=2)


def _reason(item: Checked) -> str:
    named = [name for name in item.statements if name not in item.reason]
    return item.reason + (f" [{', '.join(named[:4])}]" if named else "")

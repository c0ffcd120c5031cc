"""`diagnose card FILE --card README.md`: write what was found into a model card, and keep it up to date."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.commands._options import add_policy_options
from diagnose.commands._output import check_target, emit
from diagnose.commands.check import judged, present
from diagnose.errors import UsageError
from diagnose.readers.encoding import SECTION
from diagnose.report.card import badge, section

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["HELP", "arguments", "run"]

HELP = "write the verdict, the findings and a badge into a model card"
# The options that change what is said, in the words of the command line.
_TELLING = ("config", "fail_on", "rules", "select", "ignore", "require", "assume", "target", "baseline", "against")


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments: those of the check, the card, and the badge."""
    add_policy_options(parser)
    parser.add_argument(
        "--card", metavar="FILE", help="the card, of which all else stays as it is; without it the section is printed"
    )
    parser.add_argument("--badge", metavar="FILE.svg", help="write a picture, and show it in place of the word")


def run(arguments: Namespace) -> int:
    """Write the section into the card, or print it; return the status of the check."""
    if not arguments.inputs:
        raise UsageError("diagnose card: no input is named", "diagnose card eval_results.json --card README.md")
    card = None if arguments.card is None else Path(arguments.card)
    text = "" if card is None else _text_of(card)
    end = "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"
    before, after = _around(text, end, str(card))
    picture = ""
    if arguments.badge is not None:
        check_target(arguments.badge, "--badge")
        folder = Path.cwd() if card is None else card.absolute().parent
        picture = Path(os.path.relpath(Path(arguments.badge).absolute(), folder)).as_posix()
    reports = judged(arguments)
    if arguments.badge is not None:
        emit(lambda _: badge(reports), arguments.badge)
    fresh = section(reports, picture=picture, command=_command(arguments)).replace("\n", end)
    return present(reports, lambda _: before + fresh + after, arguments.card)


def _text_of(card: Path) -> str:
    """Return the card with the line ends that it has; only what is UTF-8 can be given back byte for byte."""
    try:
        return card.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"--card {card}: not UTF-8", "a section in UTF-8 would break it") from None
    except OSError as error:
        raise UsageError(f"--card {card}: {error.strerror or error}") from None


def _around(text: str, end: str, card: str) -> tuple[str, str]:
    """Return what stands before the section and behind it; a card without one gets it at its end."""
    lines = text.splitlines(keepends=True)
    marks = [[i for i, line in enumerate(lines) if line.strip() == mark] for mark in SECTION]
    if marks == [[], []]:
        gap = "" if not text else end if text.endswith(end) else 2 * end
        return text + gap, ""
    if list(map(len, marks)) != [1, 1] or marks[0] > marks[1]:
        hint = f"leave one pair of the lines {SECTION[0]} and {SECTION[1]}, or none"
        raise UsageError(f"--card {card}: the marks of the section are not a pair", hint)
    return "".join(lines[: marks[0][0]]), "".join(lines[marks[1][0] + 1 :])


def _command(arguments: Namespace) -> str:
    """Return the command line that judges the same again."""
    words = ["diagnose", *arguments.inputs]
    for name in _TELLING:
        given = getattr(arguments, name)
        values = given if isinstance(given, list) else [given] if given is not None else []
        words += [word for value in values for word in (f"--{name.replace('_', '-')}", value)]
    return shlex.join(words)

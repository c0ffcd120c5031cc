"""The command line: finds the command, turns every failure into one line, and keeps the exit statuses.

0: nothing at or above --fail-on. 1: something. 2: it could not look, or the command line is wrong.
130: interrupted. A pipe that is closed early does not change the status.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from diagnose import __version__
from diagnose.commands import command_names, load_command
from diagnose.errors import DiagnoseError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_DEFAULT = "check"
_COULD_NOT_LOOK = 2
_INTERRUPTED = 130
_USAGE = """\
usage: diagnose FILE|FOLDER|- ...   what do these metrics prove, what is wrong, what to do next?
       diagnose --help              all options and commands

Or pipe metrics in: `some-command | diagnose`; `diagnose -` waits for a paste."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words or bool(os.environ.get("DIAGNOSE_DEBUG"))
    try:
        return _run([word for word in words if word != "--debug"], debug=debug)
    except SystemExit as stop:  # argparse has printed the help or the version
        return stop.code if isinstance(stop.code, int) else 0
    except KeyboardInterrupt:
        return _fail("interrupted", _INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except DiagnoseError as error:
        return _fail(str(error), _COULD_NOT_LOOK)
    except OSError as error:
        return _fail(f"cannot write: {error.strerror or error}", _COULD_NOT_LOOK)
    except Exception as error:  # noqa: BLE001  # nobody who uses the command is to meet a traceback unasked
        if debug:
            sys.excepthook(type(error), error, error.__traceback__)
        reason = " ".join(f"unexpected {type(error).__name__}: {error}".split())
        return _fail(f"{reason} (please report it; --debug shows where it happened)", _COULD_NOT_LOOK)


def _run(words: list[str], *, debug: bool) -> int:
    if not words and (sys.stdin is None or sys.stdin.isatty()):
        sys.stderr.write(f"{_USAGE}\n")
        return _COULD_NOT_LOOK
    name, rest = _command(words)
    command = load_command(name)
    parser = _parser(name, overview=not {"-h", "--help"}.isdisjoint(rest))
    command.arguments(parser)
    arguments = _parsed(parser, rest)
    arguments.debug = debug
    return command.run(arguments)


def _command(words: list[str]) -> tuple[str, list[str]]:
    """Return the command and its words; without a command's name in front it is `check`."""
    first = words[0] if words else ""
    if first in command_names():
        return first, words[1:]
    # A bare word that is neither a file nor a command is a misspelt command rather than a missing file.
    guess = did_you_mean(first, command_names())
    if guess and first.isalpha() and not Path(first).exists():
        raise UsageError(f"no command and no file is named {first!r}", guess)
    return _DEFAULT, words


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, like everybody's."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"{self.prog} --help shows how")


def _parser(name: str, *, overview: bool) -> _Parser:
    """Return a command's parser; `overview` adds the list of all commands, which has to import them."""
    parser = _Parser(
        prog="diagnose" if name == _DEFAULT else f"diagnose {name}",
        description=load_command(name).HELP,
        epilog=_overview() if overview and name == _DEFAULT else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"diagnose {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an unexpected error")
    return parser


def _overview() -> str:
    column = max(map(len, command_names()))
    lines = [f"  {name:<{column}} {load_command(name).HELP}" for name in command_names()]
    statuses = "exit status: 0 nothing at or above --fail-on, 1 something, 2 it could not look"
    return "\n".join(["commands:", *lines, "", statuses])


def _parsed(parser: _Parser, words: list[str]) -> argparse.Namespace:
    """Parse with options and inputs in any order; an option that is not known is guessed at."""
    arguments, unknown = parser.parse_known_intermixed_args(words)
    if unknown:
        flags = [flag for action in parser._actions for flag in action.option_strings]  # noqa: SLF001  # argparse has no other list
        word = unknown[0].partition("=")[0]
        what = "option" if word.startswith("-") else "argument"
        raise UsageError(f"unknown {what} {word!r}", did_you_mean(word, flags) or f"{parser.prog} --help lists them")
    return arguments


def _fail(line: str, status: int) -> int:
    sys.stderr.write(f"diagnose: {line}\n")
    return status

"""`diagnose chat`: paste metrics, get the explanation, ask on."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from diagnose.commands._model import add_commentary_option, add_model_options, endpoint_of
from diagnose.commands._options import add_reading_options, config_of
from diagnose.commands._output import check_target, emit, surface_of
from diagnose.config import NEVER
from diagnose.errors import UnreadableInputError, UsageError, did_you_mean
from diagnose.report._words import clean

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from diagnose.chat.answer import Answer
    from diagnose.chat.session import Session

__all__ = ["HELP", "Talk", "arguments", "run"]

HELP = "paste metrics, get the explanation, ask on; without a model the answers come from the report alone"
_INSTALL = "pip install 'metric-diagnose[chat]'"
_BANNER = (
    "Paste metrics, or ask about them. Enter sends, Alt-Enter or a backslash at the end of a line begins a new one; "
    "Ctrl-C stops an answer or clears the line, Ctrl-D leaves. /help lists what can be asked. Nothing is kept on disk."
)
_STOPPED = "Stopped. What was read stands; /explain tells it again."
_COMMANDS = {
    "/help": "what can be asked",
    "/open": "FILE: read metrics from a file or folder",
    "/compare": "FILE: compare with a file or folder",
    "/assume": "NAME=VALUE: answer an open question",
    "/undo": "take the last change back",
    "/explain": "the written report again",
    "/save": "FILE: write the report as Markdown",
    "/quit": "leave",
}


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = (
        "Without a terminal on standard input: with FILE each line of it is a question, without FILE all of it is one "
        "message. Exit status: 0, or 2 where FILE cannot be read."
    )
    parser.add_argument("input", metavar="FILE", nargs="?", help="a file or folder to begin with")
    add_reading_options(parser)
    add_model_options(parser)
    add_commentary_option(parser)


def run(arguments: Namespace) -> int:
    """Talk until the user leaves."""
    from diagnose.chat.session import Session  # noqa: PLC0415  # `diagnose --help` lists this command without it

    arguments.fail_on = NEVER
    policy = config_of(arguments).policy(arguments.input or "-")
    endpoint = endpoint_of(arguments)
    talk = Talk(Session(policy, endpoint, arguments.deadline, commentary=arguments.commentary), debug=arguments.debug)
    ask = _asking() if sys.stdin is not None and sys.stdin.isatty() else None
    if arguments.input is not None:
        talk.begin(arguments.input)
    if ask is None:
        _read_out(talk, by_line=arguments.input is not None)
        return 0
    talk.write(_BANNER)
    if endpoint is not None:
        where = f" at {endpoint.base_url}" if endpoint.base_url else ""
        talk.write(
            f"Statements about the metrics, and questions that they do not answer, go to {endpoint.model}{where}."
        )
    _converse(talk, ask)
    return 0


def _read_out(talk: Talk, *, by_line: bool) -> None:
    """Answer what is piped in: all of it as one message, or each line as a question."""
    text = "" if sys.stdin is None else sys.stdin.buffer.read().decode("utf-8", "replace")
    for message in text.splitlines() if by_line else [text]:
        if by_line and message.strip():
            talk.write(f"> {clean(message)}")
        if message.strip() and not talk.about(message):
            return


def _asking() -> Callable[[], str]:
    """Return what asks the user for a message; UsageError where the library for it is missing."""
    if importlib.util.find_spec("prompt_toolkit") is None:
        raise UsageError("a chat in the terminal needs prompt_toolkit", _INSTALL)
    from diagnose.commands._prompt import Prompt  # noqa: PLC0415  # 100 ms for those who chat

    return Prompt().ask


def _converse(talk: Talk, ask: Callable[[], str]) -> None:
    """Ask and answer until the user leaves; Ctrl-C clears the line, or stops the answer."""
    while True:
        try:
            message = ask()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if message.strip() and not talk.survives(message):
            return


class Talk:
    """Messages and /commands to a session, and its answers to standard output."""

    def __init__(self, session: Session, *, debug: bool = False) -> None:
        self.session = session
        self._debug = debug

    def begin(self, source: str) -> None:
        """Read the first metrics; UnreadableInputError where there are none. Ctrl-C leaves out the model only."""
        try:
            answer = self.progressing(lambda progress: self.session.open(source, progress))
        except KeyboardInterrupt:
            answer = None
        if self.session.report is None:
            raise UnreadableInputError(answer.text().strip().rstrip(".") if answer else f"{source}: interrupted")
        self.write(_STOPPED) if answer is None else self.show(answer)

    def survives(self, message: str) -> bool:
        """Answer one message as `about` does; whatever goes wrong with it costs this answer only."""
        try:
            return self.about(message)
        except KeyboardInterrupt:
            self.write(_STOPPED)
        except BrokenPipeError:
            raise
        except Exception as error:
            if self._debug:
                raise
            self.write(f"unexpected {type(error).__name__}: {clean(str(error))} (please report it)")
        return True

    def about(self, message: str) -> bool:
        """Answer one message; False where it ends the conversation."""
        word, _, rest = message.strip().partition(" ")
        if not word.startswith("/") or "\n" in message.strip() or word.count("/") > 1:
            self.show(self.progressing(lambda progress: self.session.say(message, progress)))
            return True
        if word in ("/quit", "/exit", "/q"):
            return False
        try:
            self._command(word, rest.strip())
        except UsageError as error:
            self.write(clean(str(error)))
        return True

    def _command(self, word: str, rest: str) -> None:
        session = self.session
        if word not in _COMMANDS:
            raise UsageError(f"no command is named {word}", did_you_mean(word, _COMMANDS) or "/help lists them")
        wanted = _COMMANDS[word].partition(":")[0]
        if wanted.isupper() and not rest:
            raise UsageError(f"{word} {wanted}: {_COMMANDS[word].partition(': ')[2]}")
        if word == "/save":
            self._save(rest)
        elif word == "/help":
            lines = [f"  {name:<9} {what}\n" for name, what in _COMMANDS.items()]
            self.show(session.say("help"))
            emit(lambda _: "".join(["\n", *lines]), None)
        elif word == "/explain":
            self.show(self.progressing(session.explain))
        elif word == "/open":
            self.show(self.progressing(lambda progress: session.open(_path(rest), progress)))
        else:
            does: dict[str, Callable[[str], Answer]] = {
                "/assume": session.assume,
                "/compare": lambda path: session.compare_with_file(_path(path)),
            }
            self.show(session.undo() if word == "/undo" else does[word](rest))

    def _save(self, name: str) -> None:
        text = self.session.export()
        if not text:
            raise UsageError("there is no report yet")
        path = _path(name)
        check_target(path, "/save")
        emit(lambda _: text, path)
        self.write(f"Written to {clean(path, 200)}.")

    def show(self, answer: Answer) -> None:
        """Print an answer, and the document that it brings."""
        emit(lambda surface: f"\n{answer.text(surface)}{answer.document or ''}", None)

    @staticmethod
    def write(text: str) -> None:
        """Print a line, folded to the width of the terminal."""
        emit(lambda surface: f"\n{fill(text, surface.width, break_long_words=False)}\n", None)

    @staticmethod
    def progressing(answering: Callable[[Callable[[str], None]], Answer]) -> Answer:
        """Answer with a line that says what is being done; it is gone before the answer is printed."""
        shown = sys.stdout.isatty() and surface_of(sys.stdout).colour

        def progress(line: str) -> None:
            if shown:
                sys.stdout.write(f"\r\x1b[K{clean(line, 70)}")
                sys.stdout.flush()

        try:
            return answering(progress)
        finally:
            if shown:
                sys.stdout.write("\r\x1b[K")


def _path(written: str) -> str:
    """Return a path as a user types it, or drops it on the terminal: quotes off, the home folder filled in."""
    return str(Path(written.strip().strip("'\"")).expanduser())

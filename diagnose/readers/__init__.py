"""Reads whatever a run left behind: a file, a folder, a pipe or a paste becomes a list of Runs.

A module of this folder with `sniff(document) -> float` and `read(document) -> Records` is a reader; dropping one
in is all it takes to add a format. The surest reader reads (the first by name where several are equally sure).
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from diagnose.errors import UnreadableInputError
from diagnose.readers._files import is_folder, load_file, load_stream
from diagnose.readers.encoding import clean
from diagnose.readers.interpret import interpret
from diagnose.readers.records import Document
from diagnose.types import Unread

if TYPE_CHECKING:
    from typing import BinaryIO, TextIO

    from diagnose.readers.records import Records
    from diagnose.types import Run

__all__ = ["Reader", "read", "read_records", "read_text", "readers"]

# Below this, the reader is the one of any text.
_KNOWN_FORMAT = 0.5
_HINT = "it should name at least one metric with its number, such as accuracy, F1 or a loss"


class Reader(Protocol):
    """What a module of this folder offers to be a reader."""

    @staticmethod
    def sniff(document: Document) -> float:
        """Return how sure it is that the document has this format, from 0 to 1."""

    @staticmethod
    def read(document: Document) -> Records:
        """Return what the document says."""


def read(source: str, *, stdin: TextIO | BinaryIO | None = None) -> list[Run]:
    """Read a file, a folder, or standard input ("-"); `stdin` stands in for the process's own.

    Raises UnreadableInputError, with one line that says why and what to do, where nothing can be read.
    """
    if source == "-":
        stream: Any = sys.stdin if stdin is None else stdin
        binary = getattr(stream, "buffer", stream)
        if isinstance(binary.read(0), str):
            return read_text(binary.read())
        return _runs(load_stream(binary, source))
    if is_folder(source):
        from diagnose.readers._folder import read_folder  # noqa: PLC0415  # only a folder pays for it

        return read_folder(source)
    return _runs(load_file(source))


def read_text(text: str, source: str = "-") -> list[Run]:
    """Read a text that is at hand already, such as a paste; `source` is the name to quote."""
    if not text.strip():
        raise UnreadableInputError(f"{source}: the text is empty")
    return _runs(Document(source, clean(text)))


def read_records(document: Document) -> Records:
    """Let the surest reader read the document."""
    sure, reader = max(((reader.sniff(document), reader) for reader in readers()), key=lambda pair: pair[0])
    if sure <= 0:
        raise UnreadableInputError(f"{document.source}: of no known format", _HINT)
    if sure < _KNOWN_FORMAT:
        _refuse_cut_off(document)
    records = reader.read(document)
    if document.omitted:
        records.unread.append(
            Unread(document.source, "", document.omitted, "left out: the input is too large to be read whole")
        )
    return records


@lru_cache(maxsize=1)
def readers() -> tuple[Reader, ...]:
    """Return the readers of this folder, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    modules: list[Any] = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(module for module in modules if hasattr(module, "sniff"))


def _refuse_cut_off(document: Document) -> None:
    """Refuse a .json file that breaks off: the part that is missing may be the one that counts, so none is read."""
    text = document.text
    if not document.source.lower().endswith(".json") or not text.lstrip().startswith(("{", "[")):
        return
    if sum(map(text.count, "{[")) <= sum(map(text.count, "}]")):
        return
    import json  # noqa: PLC0415  # only a broken file pays for it

    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        hint = "write the file again, or paste the metrics alone"
        raise UnreadableInputError(f"{document.source}: the JSON breaks off at {place}", hint) from None
    except (ValueError, RecursionError):
        raise UnreadableInputError(f"{document.source}: JSON nested too deeply", "give the metrics alone") from None


def _runs(document: Document) -> list[Run]:
    runs = interpret(read_records(document), document.source)
    if not any(run.evaluations or run.training or _is_said_undefined(run) for run in runs):
        raise UnreadableInputError(f"{document.source}: no metric found", _HINT)
    return runs


def _is_said_undefined(run: Run) -> bool:
    """Whether scipy's warning says, without any number, that a correlation is NaN; code only names the warning."""
    return any("array is constant" in flag.text for flag in run.text_flags.values())

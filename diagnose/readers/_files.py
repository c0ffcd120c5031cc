"""Files, folders and streams to documents: bounded in memory and time, and clear about what cannot be read."""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from diagnose.errors import UnreadableInputError, did_you_mean
from diagnose.readers.encoding import clean, decode, encoding_of
from diagnose.readers.records import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["folder_files", "is_folder", "load_file", "load_stream"]

MEBI = 1 << 20
# A text longer than two ends is read at both ends; what lies between is named, not read.
END = MEBI
# JSON cannot be read in part.
LARGEST_JSON = 64 * MEBI
# A pipe that never ends is given up here.
LONGEST_STREAM = 1024 * MEBI
_CHUNK = MEBI
_MAGIC_LENGTH = 256
_LOOKS_LIKE_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])")

# A folder is searched this deep and for so many files; a training folder has a handful.
_DEPTH = 3
_MOST_FILES = 400
_SUFFIXES = {".json", ".jsonl", ".md", ".txt", ".log", ".out", ".err", ".csv", ".tsv", ""}
_DATA_SUFFIXES = {".csv", ".tsv", ".json", ".jsonl", ".parquet", ".npz", ".npy"}
_PREDICTION_LIKE = re.compile(r"pred(?:iction|s|_|\.)|y_true|logits|confusion", re.IGNORECASE)
_METRIC_LIKE = re.compile(
    r"result|metric|eval|report|score|trainer_state|history|training|train_log|(?:^|[._-])log|\.log$|\.err$|\.out$"
    r"|\.md$|summary|loss",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"token|vocab|merges|(?:^|_)config\.|generation_config|requirements|license|special_|added_|index\.json$"
    r"|package|generated_pred|changelog|contributing",
    re.IGNORECASE,
)
_FOR_BINARY = "give metrics as text, JSON or Markdown, predictions as CSV, JSON, Parquet, .npz or .npy"
_SKIPPED_FOLDERS = {"__pycache__", "node_modules", "venv", "site-packages"}


def is_folder(source: str) -> bool:
    """Whether `source` names a folder."""
    return os.path.isdir(source)  # noqa: PTH112  # Path.is_dir raises on a name with a NUL before Python 3.14


def load_file(source: str) -> Document:
    """Read a file as one document; UnreadableInputError says in a line why it cannot be."""
    try:
        kind = os.stat(source).st_mode  # noqa: PTH116  # as above
        if stat.S_ISFIFO(kind):
            with open(source, "rb") as stream:  # noqa: PTH123  # as above
                return load_stream(stream, source)
        if not stat.S_ISREG(kind):
            raise UnreadableInputError(f"{source}: not a regular file", "give a file, a folder, or - for a pipe")
        with open(source, "rb") as stream:  # noqa: PTH123  # as above
            binary = _array_format(stream.read(_MAGIC_LENGTH))
            if binary:
                return Document(source, "", path=source, binary=binary)
            stream.seek(0)
            document = _document(source, *_regular(source, stream))
            document.path = source
            return document
    except FileNotFoundError:
        raise UnreadableInputError(f"{source}: no such file or folder", _near(source)) from None
    except PermissionError:
        raise UnreadableInputError(f"{source}: no permission to read it", "check its mode and owner") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UnreadableInputError(f"{source}: cannot be read: {reason}") from None


def _array_format(head: bytes) -> str:
    """Return which binary format of data begins so, or ""; a .zip of anything else has no array at its beginning."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    # A zip's first entry: its name stands at byte 30, and is an array's.
    return "npz" if head.startswith(b"PK\x03\x04") and b".npy" in head[30:] else ""


def load_stream(stream: BinaryIO, source: str) -> Document:
    """Read a pipe as one document, both ends of it where it is long."""
    head = stream.read(2 * END)
    if _is_json(head):
        return _document(source, _whole_json(source, head + stream.read(LARGEST_JSON + 1 - len(head))), b"", 0, 0)
    chunks: deque[bytes] = deque()
    size, left_out, lines = 0, 0, 0
    while len(head) + left_out + size < LONGEST_STREAM and (chunk := stream.read(_CHUNK)):
        chunks.append(chunk)
        size += len(chunk)
        while size - len(chunks[0]) >= END:
            dropped = chunks.popleft()
            size -= len(dropped)
            left_out += len(dropped)
            lines += dropped.count(b"\n")
    if not left_out:
        return _document(source, head + b"".join(chunks), b"", 0, 0)
    return _document(source, head, b"".join(chunks), left_out, lines)


def _regular(source: str, stream: BinaryIO) -> tuple[bytes, bytes, int, int]:
    """Return the head, the tail, and the bytes and lines left out between them."""
    size = os.fstat(stream.fileno()).st_size
    if size <= 2 * END:
        # A file of /proc says 0 and gives more: it is read up to the same limit.
        return stream.read(2 * END), b"", 0, 0
    head = stream.read(END)
    if _is_json(head):
        if size > LARGEST_JSON:
            _whole_json(source, b"", size)
        return head + stream.read(LARGEST_JSON), b"", 0, 0
    left_out, lines = (size - 2 * END) & ~3, 0  # a multiple of four, so that no UTF-16 unit is cut
    remaining = left_out
    while remaining > 0 and (chunk := stream.read(min(_CHUNK, remaining))):
        lines += chunk.count(b"\n")
        remaining -= len(chunk)
    return head, stream.read(END + 4), left_out, lines


def _is_json(head: bytes) -> bool:
    """Whether this is one JSON value over several lines: JSON lines and logs can be read in part."""
    encoding = encoding_of(head[:_CHUNK]) or "latin-1"
    text = decode(head, encoding).lstrip("\ufeff")
    if not _LOOKS_LIKE_JSON.match(text):
        return False
    first, newline, _ = text.lstrip().partition("\n")
    return not (newline and first.rstrip().endswith("}"))


def _whole_json(source: str, data: bytes, size: int = 0) -> bytes:
    if max(size, len(data)) > LARGEST_JSON:
        raise UnreadableInputError(
            f"{source}: JSON of more than {LARGEST_JSON // MEBI} MiB", "give the part of it that holds the metrics"
        )
    return data


def _document(source: str, head: bytes, tail: bytes, left_out: int, lines: int) -> Document:
    if not head.strip():
        raise UnreadableInputError(f"{source}: the {'input' if source == '-' else 'file'} is empty")
    encoding = encoding_of(head)
    if encoding is None:
        raise UnreadableInputError(f"{source}: a binary file, not text", _FOR_BINARY)
    if not left_out:
        return Document(source, clean(decode(head, encoding)))
    # The lines that the cut goes through belong to what is left out.
    top, _, _ = clean(decode(head, encoding)).rpartition("\n")
    cut, newline, bottom = decode(tail, encoding).partition("\n")
    if not newline:
        raise UnreadableInputError(f"{source}: lines of more than {END // MEBI} MiB", "give the part with the metrics")
    left_out += len(cut.encode(encoding, "replace"))
    after = top.count("\n") + 1
    size = f"{left_out:,} bytes" if lines == 0 else f"lines {after + 1} to {after + lines + 1} ({left_out:,} bytes)"
    return Document(source, f"{top}\n{clean(bottom)}", f"{size} between the two ends", (after, lines + 1))


def _near(source: str) -> str:
    """Point to a file of nearly that name in the same folder, if there is one."""
    path = Path(source)
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except (OSError, ValueError):
        return "check the path"
    return did_you_mean(path.name, names) or "check the path"


def folder_files(folder: str) -> tuple[list[Path], bool]:
    """Return the files under a folder that may hold metrics, in order of name, and whether there are too many.

    Hidden files, weights, data and code are not looked at. Data are told by size and name: beyond 1 MiB only a
    file whose name speaks of results is opened.
    """
    files = list(islice(_walk(Path(folder), _DEPTH), _MOST_FILES + 1))
    return files[:_MOST_FILES], len(files) > _MOST_FILES


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir(), key=_natural)
    except OSError:
        return
    folders = []
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if depth and entry.name not in _SKIPPED_FOLDERS and not entry.is_symlink():
                folders.append(entry)
        elif entry.is_file() and _may_hold_metrics(entry):
            yield entry
    for entry in folders:
        yield from _walk(entry, depth - 1)


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sort checkpoint-500 before checkpoint-1000."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def _may_hold_metrics(path: Path) -> bool:
    if path.suffix.lower() in _DATA_SUFFIXES and _PREDICTION_LIKE.search(path.name) and not _NEVER.search(path.name):
        return True
    if path.suffix.lower() not in _SUFFIXES or _NEVER.search(path.name):
        return False
    if _METRIC_LIKE.search(path.name):
        return True
    return path.suffix.lower() in (".json", ".jsonl") and path.stat().st_size <= MEBI

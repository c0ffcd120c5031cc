"""Where a command's text goes: standard output, or a file that is never left half-written."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from stat import S_IMODE
from typing import TYPE_CHECKING, TextIO

from diagnose.errors import UsageError
from diagnose.report import PLAIN, Surface

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["check_target", "emit", "hush", "surface_of"]

_NARROWEST, _WIDEST = 40, 120
# What the reports draw with; a stream that cannot encode these gets letters and dots.
_DRAWN = "▁▂▃▄▅▆▇█"


def surface_of(stream: TextIO) -> Surface:
    """Return what a stream can show. NO_COLOR and TERM=dumb are obeyed; a file or pipe has no colours."""
    colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = min(max(_columns(stream), _NARROWEST), _WIDEST)
    try:
        _DRAWN.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return Surface(width, colour, blocks=False)
    return Surface(width, colour)


def _columns(stream: TextIO) -> int:
    """Return the width that COLUMNS or the terminal states (shutil does the same, and takes 3 ms to import)."""
    try:
        return int(os.environ.get("COLUMNS", "")) or PLAIN.width
    except ValueError:
        pass
    try:
        return os.get_terminal_size(stream.fileno()).columns or PLAIN.width
    except (AttributeError, ValueError, OSError):
        return PLAIN.width


def check_target(output: str, option: str = "--output") -> None:
    """Raise UsageError where `output` cannot become a file, before any work is done."""
    path = Path(output)
    if not output or path.is_dir():
        raise UsageError(f"{option} {output or repr(output)}: not the name of a file")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{option} {output}: its folder does not exist")


def emit(render: Callable[[Surface], str], output: str | None) -> None:
    """Write what `render` makes of the surface to the file `output`, or to standard output where it is None."""
    if output is not None:
        _write_file(Path(output), render(PLAIN))
        return
    text = render(surface_of(sys.stdout))
    encoding = sys.stdout.encoding or "ascii"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


def hush() -> None:
    """Let standard output lead nowhere once nobody reads it, or the interpreter complains on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_file(path: Path, text: str) -> None:
    """Write beside the target and rename, so that a reader sees the old text or the new one; UTF-8."""
    data = text.encode("utf-8", "replace")
    try:
        if path.exists() and not path.is_file():  # a device or a named pipe cannot be replaced
            path.write_bytes(data)
            return
        target = path.resolve()
        draft = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            draft.write_bytes(data)
            if target.exists():
                draft.chmod(S_IMODE(target.stat().st_mode))
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from None

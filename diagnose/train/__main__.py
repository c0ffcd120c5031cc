"""`python -m diagnose.train SPEC.json ...`: carry out specifications, one after another.

With `-` in their place the names are read from standard input, a line each, so that a process that has loaded torch
once can carry out many. For each specification a line is printed: `done FOLDER` or `failed FOLDER: reason`. A run that
has ended before is not run again. A reason that begins with `cannot be written` is the disk's, and no failure of the
run. Exit status: 0, or 1 where one failed, 2 where a specification could not be read.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def main(words: list[str]) -> int:
    """Return the exit status."""
    if not words or {"-h", "--help"} & set(words):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        import torch  # noqa: F401, PLC0415  # what is missing is said in one line
    except ImportError:
        sys.stderr.write("diagnose.train: torch is not installed (pip install 'metric-diagnose[train]')\n")
        return 2
    status = 0
    for name in _names(words):
        status = max(status, _carry_out(name))
    return status


def _names(words: list[str]) -> Iterator[str]:
    for word in words:
        if word == "-":
            yield from (line.strip() for line in sys.stdin if line.strip())
        else:
            yield word


def _carry_out(name: str) -> int:
    from pydantic import ValidationError  # noqa: PLC0415  # the check for torch comes first

    from diagnose.train import files  # noqa: PLC0415
    from diagnose.train.loop import train  # noqa: PLC0415
    from diagnose.train.spec import Spec  # noqa: PLC0415

    try:
        spec = Spec.model_validate_json(Path(name).read_bytes())
    except OSError as error:
        return _say(f"failed {name}: cannot be read: {error.strerror or error}", 2)
    except ValidationError as error:
        first = error.errors()[0]
        return _say(f"failed {name}: {'.'.join(map(str, first['loc']))}: {first['msg']}", 2)
    if files.is_done(spec):
        return _say(f"done {spec.output}", 0)
    try:
        train(spec)
    except OSError as error:
        return _say(f"failed {spec.output}: cannot be written: {error.strerror or error}", 1)
    except Exception as error:  # noqa: BLE001  # a stranger's data and model; the next specification is not to suffer
        foreseen = isinstance(error, (ValueError, RuntimeError, MemoryError)) and str(error)
        reason = " ".join(f"{'' if foreseen else type(error).__name__ + ': '}{error}".split())
        return _say(f"failed {spec.output}: {reason[:300]}", 1)
    return _say(f"done {spec.output}", 0)


def _say(line: str, status: int) -> int:
    if os.environ.get("RANK", "0") == "0":  # of several processes one speaks
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    return status


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

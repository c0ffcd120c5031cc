"""The files of a run: those of the Hugging Face Trainer, written so that a kill leaves the old file or the new one."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import torch

    from diagnose.train.spec import Spec

__all__ = [
    "Log",
    "is_done",
    "load_checkpoint",
    "save_checkpoint",
    "take_over",
    "write_json",
    "write_results",
    "write_text",
]

_CHECKPOINT = "checkpoint.pt"
_RESULTS = "all_results.json"
_SPEC = "spec.json"


@contextmanager
def _draft_of(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside the target that takes its place once it is written, and goes where that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            yield file
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write beside the target and rename."""
    with _draft_of(path) as file:
        file.write(text.encode())


def write_json(path: Path, content: Any) -> None:
    """Write JSON as the Trainer does: indented, NaN as the bare token that Python writes."""
    write_text(path, json.dumps(content, indent=2, default=float) + "\n")


def is_done(spec: Spec) -> bool:
    """Whether this very run has ended before: its results lie there, and its specification is the same."""
    folder = Path(spec.output)
    try:
        done = json.loads((folder / _SPEC).read_text(encoding="utf-8")).get("digest")
    except (OSError, ValueError):
        return False
    return done == spec.digest and (folder / _RESULTS).is_file()


def save_checkpoint(spec: Spec, state: dict[str, Any]) -> None:
    """Save what it takes to go on: weights, moments, random states, history."""
    import torch  # noqa: PLC0415  # not needed to see what is done

    with _draft_of(Path(spec.output) / _CHECKPOINT) as file:
        try:
            torch.save({"digest": spec.digest, **state}, file)
        except RuntimeError as error:  # what torch makes of a disk that is full
            raise error.__context__ if isinstance(error.__context__, OSError) else error from None


def load_checkpoint(spec: Spec) -> dict[str, Any] | None:
    """Return what was saved of this very run, or None."""
    import torch  # noqa: PLC0415  # as above

    path = Path(spec.output) / _CHECKPOINT
    if not path.is_file():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError):
        return None
    return state if state.get("digest") == spec.digest else None


def write_results(spec: Spec, state: dict[str, Any], train: dict[str, float], evaluation: dict[str, float]) -> None:
    """Write trainer_state.json, train_results.json, eval_results.json, all_results.json, and spec.json last.

    spec.json lies there only where all of them are of this run, whatever the folder held before.
    """
    folder = Path(spec.output)
    (folder / _SPEC).unlink(missing_ok=True)
    write_json(folder / "trainer_state.json", state)
    write_json(folder / "train_results.json", train)
    write_json(folder / "eval_results.json", evaluation)
    write_json(folder / _RESULTS, {**train, **evaluation})
    write_json(folder / _SPEC, {"digest": spec.digest, **spec.model_dump(mode="json")})
    for path in (folder / _CHECKPOINT, *folder.glob(f".{_CHECKPOINT}.*.part")):  # and what kills have left of drafts
        path.unlink(missing_ok=True)


def take_over(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the files of a run that was carried out elsewhere, by name, in the order of write_results."""
    (folder / _SPEC).unlink(missing_ok=True)
    for name, text in texts.items():
        if name != _SPEC:
            write_text(folder / name, text)
    write_json(folder / _SPEC, {**json.loads(texts[_SPEC]), "output": str(folder)})


class Log:
    """The run's log; it begins with the source's hash, the versions and the device."""

    def __init__(self, spec: Spec, device: torch.device, *, quiet: bool) -> None:
        self.path = Path(spec.output) / "train.log"
        self.quiet = quiet
        if quiet:
            return
        import torch  # noqa: PLC0415  # as above

        self.path.parent.mkdir(parents=True, exist_ok=True)
        source = hashlib.sha256()
        for path in sorted(Path(__file__).parent.glob("*.py")):
            source.update(path.read_bytes())
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or "cpu"
        self(f"source {source.hexdigest()[:16]}, specification {spec.digest}")
        self(f"Python {platform.python_version()}, torch {torch.__version__}, device {device} ({name})")

    def __call__(self, line: str) -> None:
        """Add a line."""
        if not self.quiet:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")

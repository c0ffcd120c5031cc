"""Carries specifications out side by side: processes that load torch once each, and folders that survive a kill."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Outcome", "Workers"]

_COMMAND = (sys.executable, "-P", "-m", "diagnose.train", "-")  # -P: not the module of a folder that we stand in
_TRIES = 2  # a worker that dies (killed for memory) gets one successor for the same run


class Outcome(NamedTuple):
    """How a run ended: `error` is "" where its folder holds results."""

    folder: Path
    error: str


class Workers:
    """Training processes that stay, so that torch is loaded once in each; a context manager."""

    def __init__(self, count: int) -> None:
        self.waiting: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self.pool = [_Worker(self.waiting, self.done) for _ in range(max(1, count))]

    def __enter__(self) -> Self:
        for worker in self.pool:
            worker.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.pool:
            worker.stop()
            self.waiting.put(None)
        for worker in self.pool:
            worker.thread.join()

    def carry_out(self, specs: Sequence[Mapping[str, Any]], deadline: float | None = None) -> Iterator[Outcome]:
        """Yield each specification's outcome as it ends; those that have ended before come at once.

        deadline: of time.monotonic(); what has not ended by then is given up. A run that was given up, here or by a
        kill of the whole process, is begun again the next time, and what has ended is not.
        """
        for spec in specs:
            self.waiting.put(spec)
        for _ in specs:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            try:
                outcome = self.done.get(timeout=left)
            except queue.Empty:
                self._give_up()
                return
            yield outcome

    def _give_up(self) -> None:
        """Forget what waits, and end the processes in the middle of their runs."""
        while not self.waiting.empty():
            self.waiting.get_nowait()
        for worker in self.pool:
            worker.stop()


class _Worker:
    """A training process, and the thread that gives it one specification after another."""

    def __init__(self, waiting: queue.SimpleQueue[Mapping[str, Any] | None], done: queue.SimpleQueue[Outcome]) -> None:
        self.waiting, self.done = waiting, done
        self.process: subprocess.Popen[str] | None = None
        self.complaints: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  # as long as the process
        self.stopped = False
        self.thread = threading.Thread(target=self._work, daemon=True)

    def stop(self) -> None:
        """End the process, in the middle of a run if it is in one."""
        self.stopped = True
        self._end()

    def _end(self) -> None:
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):  # what was still to be written to a process that is gone
                if pipe is not None:
                    pipe.close()
        self.process = None

    def _work(self) -> None:
        while (spec := self.waiting.get()) is not None and not self.stopped:
            outcome = self._carried_out(spec)
            if not self.stopped:
                self.done.put(outcome)
        self.complaints.close()

    def _carried_out(self, spec: Mapping[str, Any]) -> Outcome:
        folder = Path(spec["output"])
        try:
            folder.mkdir(parents=True, exist_ok=True)
            name = folder / "asked.json"
            name.write_text(json.dumps(spec), encoding="utf-8")
        except OSError as error:
            return Outcome(folder, f"{folder}: cannot be written: {error.strerror or error}")
        answer = ""
        for _ in range(_TRIES):
            answer = self._ask(str(name))
            if answer or self.stopped:
                break
        word, _, rest = answer.partition(" ")
        if word == "done":
            return Outcome(folder, "")
        return Outcome(folder, rest.partition(": ")[2] or self._last_words())

    def _last_words(self) -> str:
        self.complaints.seek(0)
        lines = self.complaints.read().split("\n")
        told = next((line.strip() for line in reversed(lines) if line.strip()), "perhaps for want of memory")
        return f"the training process died: {told[:300]}"

    def _ask(self, name: str) -> str:
        """Return the process's line about a specification; "" where it died over it."""
        if self.process is None or self.process.poll() is not None:
            self._end()
            self.process = subprocess.Popen(  # noqa: S603  # our own module
                _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.complaints, text=True,
                encoding="utf-8", env=_environment(),
            )  # fmt: skip
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            return ""
        try:
            stdin.write(f"{name}\n")
            stdin.flush()
            return stdout.readline().strip()
        except (OSError, ValueError):  # a pipe that broke, or was closed by the end of the experiment
            return ""


def _environment() -> dict[str, str]:
    """Return the environment of a worker: one thread, no hub, and this very package on its path."""
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}

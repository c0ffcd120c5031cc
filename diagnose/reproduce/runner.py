"""Carries specifications out side by side: processes that load torch once each, and folders that survive a kill."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Protocol, Self, cast

from diagnose.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Child", "Outcome", "Pool", "Workers", "asked", "checked", "is_finished"]

_TRIES = 2  # a worker that dies (killed for memory) gets one successor for the same run
_UNWRITABLE = "cannot be written"  # as the training module says it


class Outcome(NamedTuple):
    """How a run ended: `error` is "" where its folder holds results."""

    folder: Path
    error: str


class Pool(Protocol):
    """What an experiment gives its runs to: processes of this machine, or a cluster."""

    def carry_out(self, specs: Sequence[Mapping[str, Any]], deadline: float | None = None, /) -> Iterator[Outcome]:
        """Yield each specification's outcome as it ends, and nothing after the deadline, of time.monotonic()."""


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
        kill of the whole process, is begun again the next time, and what has ended is not. UsageError where a folder
        cannot be written: that is no failure of a run.
        """
        open_specs = [spec for spec in specs if not is_finished(spec)]
        for spec in open_specs:
            self.waiting.put(spec)
        yield from (Outcome(Path(spec["output"]), "") for spec in specs if spec not in open_specs)
        for _ in open_specs:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            try:
                outcome = self.done.get(timeout=left)
            except queue.Empty:
                self._give_up()
                return
            yield checked(outcome)

    def _give_up(self) -> None:
        """Forget what waits, and end the processes in the middle of their runs."""
        with suppress(queue.Empty):
            while True:
                self.waiting.get_nowait()
        for worker in self.pool:
            worker.stop()


def is_finished(spec: Mapping[str, Any]) -> bool:
    """Whether the folder of a specification holds the results of this very run."""
    from pydantic import ValidationError  # noqa: PLC0415  # with the next ones, for experiments alone

    from diagnose.train.files import is_done  # noqa: PLC0415
    from diagnose.train.spec import Spec  # noqa: PLC0415

    try:
        return is_done(Spec.model_validate(spec))
    except ValidationError:  # the run itself says what is wrong
        return False


def asked(spec: Mapping[str, Any]) -> Path:
    """Write a specification into its own folder and return the file; OSError where that is not possible."""
    path = Path(spec["output"]) / "asked.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(spec), encoding="utf-8")
    return path


def checked(outcome: Outcome) -> Outcome:
    """Return the outcome; UsageError where the folder could not be written."""
    if outcome.error.startswith(_UNWRITABLE):
        hint = "what has ended is kept: the same command goes on where it stopped"
        raise UsageError(f"{outcome.folder}: {outcome.error}", hint)
    return outcome


class Child:
    """One of our programs as a process that is spoken with in lines.

    It has a session of its own: Ctrl-C is for us, who end it then.
    """

    def __init__(self, *words: str) -> None:
        self.complaints: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  # as long as the process
        self.process = subprocess.Popen(  # noqa: S603  # our own module; -P: not that of a folder that we stand in
            (sys.executable, "-P", "-m", *words), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.complaints, encoding="utf-8", errors="replace", env=_environment(), start_new_session=True,
        )  # fmt: skip
        self.stdin, self.stdout = cast("IO[str]", self.process.stdin), cast("IO[str]", self.process.stdout)

    def say(self, line: str) -> None:
        """Give it a line; that it is gone already is seen from what it answers."""
        with suppress(OSError):
            self.stdin.write(f"{line}\n")
            self.stdin.flush()

    def end(self) -> None:
        """End it, in the middle of its work if need be."""
        self.process.kill()
        self.process.wait()
        self.stdout.close()
        self.complaints.close()
        with suppress(OSError):  # what was still to be written to a process that is gone
            self.stdin.close()

    def last_words(self) -> str:
        """Return what it said of its death, in a line; it has closed its output."""
        status = self.process.wait()
        self.complaints.seek(0)
        lines = [line.strip() for line in self.complaints.read().split("\n") if line.strip()]
        if status == -signal.SIGKILL or not lines:
            return "killed, perhaps for want of memory" if status == -signal.SIGKILL else f"exit status {status}"
        return lines[-1][:300]


class _Worker:
    """A training process, and the thread that gives it one specification after another."""

    def __init__(self, waiting: queue.SimpleQueue[Mapping[str, Any] | None], done: queue.SimpleQueue[Outcome]) -> None:
        self.waiting, self.done = waiting, done
        self.child: Child | None = None
        self.stopped = False
        self.lock = threading.Lock()  # no process is started behind the back of a stop
        self.thread = threading.Thread(target=self._work, daemon=True)

    def stop(self) -> None:
        """End the process, in the middle of a run if it is in one."""
        with self.lock:
            self.stopped = True
            if self.child is not None:
                self.child.process.kill()

    def _work(self) -> None:
        while (spec := self.waiting.get()) is not None and not self.stopped:
            outcome = self._carried_out(spec)
            if not self.stopped:
                self.done.put(outcome)
        if self.child is not None:
            self.child.end()

    def _carried_out(self, spec: Mapping[str, Any]) -> Outcome:
        folder, told = Path(spec["output"]), ""
        try:
            name = str(asked(spec))
        except OSError as error:
            return Outcome(folder, f"{_UNWRITABLE}: {error.strerror or error}")
        for _ in range(_TRIES):
            try:
                self._start()
            except OSError as error:
                return Outcome(folder, f"no training process could be started: {error.strerror or error}")
            if self.child is None:
                break
            self.child.say(name)
            if answer := self.child.stdout.readline().strip():
                word, _, rest = answer.partition(" ")
                return Outcome(folder, "" if word == "done" else rest.partition(": ")[2] or answer)
            told = f"the training process died: {self.child.last_words()}"
        return Outcome(folder, told)

    def _start(self) -> None:
        """See to it that a process is there, unless there is to be none."""
        if self.child is not None and self.child.process.poll() is not None:
            self.child.end()
            self.child = None
        with self.lock:
            if self.child is None and not self.stopped:
                self.child = Child("diagnose.train", "-")


def _environment() -> dict[str, str]:
    """Return the environment of a process: one thread, and this very package on its path."""
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}

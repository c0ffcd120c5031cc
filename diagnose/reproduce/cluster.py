"""Carries specifications out on a Ray cluster: the same as runner.Workers, where one machine is not enough."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from diagnose.errors import UsageError
from diagnose.report._words import clean
from diagnose.reproduce.runner import Child, Outcome, asked, checked, is_finished

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Cluster"]

_CONNECT = 15.0  # seconds; a cluster that is there answers within two
_LEAVE = 5.0  # seconds for the tasks to be taken back


class Cluster:
    """The runs of an experiment as tasks of a Ray cluster, as many at a time as it has room for; a context manager.

    address: "auto", HOST:PORT or ray://HOST:PORT. UsageError where no such cluster can be used.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.answers: queue.SimpleQueue[Any] = queue.SimpleQueue()  # None: there will be no more
        self.child: Child | None = None

    def __enter__(self) -> Self:
        if find_spec("ray") is None:
            raise UsageError("ray is not installed", "pip install 'metric-diagnose[scan]'")
        self.child = Child("diagnose.reproduce.driver", self.address)
        self.listener = threading.Thread(target=self._listen, args=[self.child], daemon=True)
        self.listener.start()
        try:
            self._connect()
        except BaseException:
            self._leave(patience=0)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def carry_out(self, specs: Sequence[Mapping[str, Any]], deadline: float | None = None) -> Iterator[Outcome]:
        """Yield outcomes as Workers do; the files of a run lie in its folder here, wherever it was carried out.

        UsageError, too, where the cluster is lost.
        """
        open_specs = [spec for spec in specs if not is_finished(spec)]
        if open_specs and self.child is not None:
            self.child.say(json.dumps([str(asked(spec)) for spec in open_specs]))
        yield from (Outcome(Path(spec["output"]), "") for spec in specs if spec not in open_specs)
        for _ in open_specs:
            try:
                folder, error = self._next(deadline)
            except queue.Empty:
                self._leave()
                return
            yield checked(Outcome(Path(folder), error))

    def _connect(self) -> None:
        """Wait for the driver's word that it has found the cluster."""
        try:
            reason = self._next(time.monotonic() + _CONNECT)
        except queue.Empty:
            message = f"--ray {self.address}: no cluster answers within {_CONNECT:.0f} seconds"
            raise UsageError(message, "`ray status` shows whether it is up") from None
        if reason:
            raise UsageError(f"--ray {self.address}: {clean(reason)}")

    def _next(self, deadline: float | None) -> Any:
        """Return the driver's next line; queue.Empty where none comes in time, or it was left."""
        if self.child is None:
            raise queue.Empty
        answer = self.answers.get(timeout=None if deadline is None else max(deadline - time.monotonic(), 0))
        if answer is None:
            hint = "what has ended is kept: the same command goes on where it stopped"
            raise UsageError(f"--ray {self.address}: the cluster was lost: {clean(self.child.last_words())}", hint)
        return answer

    def _listen(self, child: Child) -> None:
        for line in child.stdout:
            self.answers.put(json.loads(line))
        self.answers.put(None)

    def _leave(self, patience: float = _LEAVE) -> None:
        """Take back what runs, and go; after so many seconds without it."""
        if self.child is None:
            return
        self.child.process.terminate()  # Ray's own way to end a driver, which a proxy hears of at once
        with suppress(subprocess.TimeoutExpired):
            self.child.process.wait(patience)
        self.child.process.kill()
        self.listener.join()
        self.child.end()
        self.child = None

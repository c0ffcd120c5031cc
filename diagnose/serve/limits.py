"""A time limit for work on a stranger's input: it is done in a process of its own, which can be ended."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext

__all__ = ["WorkError", "limited", "start", "warm_up"]

Result = TypeVar("Result")
# What every piece of work needs: loaded once, in the process that the others are copied from.
_PRELOAD = ["diagnose.serve._warm"]
_WARM_UP_SECONDS = 60.0


class WorkError(Exception):
    """The work came to no end; its text says why, in a sentence."""


def limited(work: Callable[..., Result], *arguments: Any, seconds: float) -> Result:
    """Return what `work` returns; WorkError where it fails, or takes longer than `seconds`.

    work: a function of a module; it, its arguments and its result have to be such as pickle takes. The thread that
    asks waits meanwhile.
    """
    context = _context()
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_carry_out, args=(there, work, arguments), daemon=True)  # type: ignore[attr-defined]  # every context has it
    process.start()
    there.close()
    try:
        if not here.poll(seconds):
            raise WorkError(f"It took more than {seconds:g} seconds and was given up; try a part of it.")
        failure, result = here.recv()
    except EOFError:
        raise WorkError("It was ended by the system, perhaps for want of memory; try a part of it.") from None
    finally:
        process.kill()
        process.join()
        here.close()
    if failure:
        raise WorkError(failure)
    return result  # type: ignore[no-any-return]  # what came through the pipe has no type


def start() -> None:
    """Start what the processes are copied from, beside everything else; of the main thread, before the first work.

    Ctrl-C reaches every process of a terminal: it is for the server, which ends the others with itself.
    """
    context = _context()
    if context.get_start_method() != "forkserver":
        return
    from multiprocessing import forkserver  # noqa: PLC0415  # not every system has it

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)


def warm_up() -> None:
    """Wait until it is there, so that the first request need not."""
    limited(int, seconds=_WARM_UP_SECONDS)


@cache
def _context() -> BaseContext:
    """Return the context: a copy of a process without threads where the system can, a fresh interpreter otherwise."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOAD)
    return context


def _carry_out(there: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as its parent; the server ends it
    try:
        answer = ("", work(*arguments))
    except Exception as error:  # noqa: BLE001  # nobody who uses the page is to meet a traceback
        answer = (f"Unexpected {type(error).__name__}: {error} (please report it).", None)
    there.send(answer)
    there.close()

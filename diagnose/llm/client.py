"""One question to a language model's server: an answer's text within a deadline, or one line that says why not.

Whatever the server does, `ask` returns or raises by the deadline: the call runs in a thread of its own, and is left
behind where it does not end. The `openai` package is imported in that thread, when the first question is asked.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from diagnose.errors import ModelError
from diagnose.llm._completion import NO_CHAT, texts
from diagnose.llm._connection import Broken, Refused, client_of, told
from diagnose.llm._request import RUNGS, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from openai import OpenAI

__all__ = ["RUNGS", "Endpoint", "Reply", "ask"]

_IDLE = 20.0  # seconds between two pieces of an answer that has begun; the first may take until the deadline
_SLICE = 0.2  # seconds; on Windows Ctrl-C does not interrupt a wait, so that no wait is longer
_LONGEST_TEXT = 256 * 1024  # characters; a faithful answer has a few thousand
_LARGEST_BODY = 16 * 1024 * 1024  # bytes; a stream wraps each word in some 250, those of hidden reasoning too
_FIRST_PAUSE = 0.25  # seconds; each further one is twice as long
_LONGEST_PAUSE = 8.0


@dataclass(frozen=True)
class Endpoint:
    """A model, and the server that has it; without an address the openai package's own."""

    model: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)


class Reply(NamedTuple):
    """An answer's text as the model wrote it; rung: which of RUNGS brought it; trail: what was tried, a line each."""

    text: str
    rung: str
    trail: tuple[str, ...] = ()


def ask(
    endpoint: Endpoint,
    messages: Sequence[Mapping[str, str]],
    schema: Mapping[str, Any],
    deadline_at: float,
    on_text: Callable[[str], None] | None = None,
) -> Reply:
    """Ask, and return the answer before `deadline_at` (of time.monotonic()); ModelError where there is none.

    `on_text` gets the text in pieces as they come, in the caller's thread; after a broken connection it comes anew.
    """
    call = _Call(endpoint, messages, schema, deadline_at)
    threading.Thread(target=call.run, name="diagnose-model", daemon=True).start()
    try:
        return call.wait(on_text)
    finally:
        call.leave()


_SHAPES: dict[tuple[str | None, str], Shape] = {}  # what worked, by address and model, as long as the process lives


class _Call:
    def __init__(
        self,
        endpoint: Endpoint,
        messages: Sequence[Mapping[str, str]],
        schema: Mapping[str, Any],
        deadline_at: float,
    ) -> None:
        self.endpoint = endpoint
        self.messages = messages
        self.schema = schema
        self.deadline_at = deadline_at
        self.trail: list[str] = []
        self._heard: SimpleQueue[str | Reply | ModelError | None] = SimpleQueue()  # None: a new request
        self._left = threading.Event()
        self._client: OpenAI | None = None

    # --- the caller's thread

    def wait(self, on_text: Callable[[str], None] | None) -> Reply:
        """Return what the other thread comes to, or raise at the deadline."""
        last: float | None = None  # when something of the present answer came
        while True:
            now = time.monotonic()
            end = self.deadline_at if last is None else min(self.deadline_at, last + _IDLE)
            if now >= end:
                reason = "the model did not answer in time" if last is None else "the model did not finish in time"
                raise ModelError(reason, trail=tuple(self.trail))
            try:
                item = self._heard.get(timeout=min(end - now, _SLICE))
            except Empty:
                continue
            if isinstance(item, Reply):
                return item
            if isinstance(item, ModelError):
                raise item
            last = None if item is None else time.monotonic()
            if item and on_text is not None:
                on_text(item)

    def leave(self) -> None:
        """Let the other thread end, wherever it is; a closed connection ends its reading."""
        self._left.set()
        if self._client is not None:
            self._client.close()

    # --- the call's own thread

    def run(self) -> None:
        """Put the reply, or the reason that there is none, where `wait` finds it."""
        try:
            self._heard.put(self._answer())
        except Exception as error:  # noqa: BLE001 - nothing that a server does may end the program
            known = told(error)
            problem = known if isinstance(known, ModelError) else ModelError("the call of the model failed")
            hint = problem.hint or (self._hint() if problem.message.startswith(NO_CHAT) else "")
            self._heard.put(ModelError(problem.message, hint, tuple(self.trail)))

    def _answer(self) -> Reply:
        shape = _SHAPES.get((self.endpoint.base_url, self.endpoint.model), Shape())
        tries = 1
        with client_of(self.endpoint.base_url, self.endpoint.api_key) as client:
            self._client = client
            while not self._left.is_set():
                try:
                    text = self._text(client, shape)
                except (Refused, Broken) as problem:
                    other = shape.after(problem) if isinstance(problem, Refused) else None
                    if isinstance(problem, Refused) and other is not None:
                        self.trail.append(f"{shape.given_up(other)} was refused (HTTP {problem.status})")
                        shape = other
                    else:
                        self._pause(problem, tries)
                        tries += 1
                else:
                    _SHAPES[self.endpoint.base_url, self.endpoint.model] = shape
                    return Reply(text, RUNGS[shape.rung], tuple(self.trail))
        raise ModelError("nobody waits for the answer")

    def _text(self, client: OpenAI, shape: Shape) -> str:
        """Return the text of one answer; Refused, Broken or ModelError where there is none."""
        self._heard.put(None)
        try:
            with client.chat.completions.with_streaming_response.create(
                model=self.endpoint.model,
                messages=cast("Any", shape.messages(self.messages)),
                stream=True,
                timeout=max(self.deadline_at - time.monotonic(), 0.01),
                **shape.options(self.schema),
            ) as response:
                return self._gathered(texts(self._bytes(response.iter_bytes())))
        except Exception as error:  # noqa: BLE001 - the package's versions wrap what its hooks raise differently
            raise told(error) from None

    def _gathered(self, pieces: Iterable[str]) -> str:
        """Join an answer, which has to be neither empty nor too long."""
        found: list[str] = []
        size = 0
        for piece in pieces:
            size += len(piece)
            if size > _LONGEST_TEXT:
                raise ModelError(f"the answer is longer than {_LONGEST_TEXT // 1024} KB")
            found.append(piece)
            self._heard.put(piece)
        text = "".join(found)
        if not text.strip():
            raise ModelError("the answer is empty")
        return text

    def _bytes(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Pass a body on, as long as somebody waits for it and it is not too large."""
        size = 0
        for piece in pieces:
            size += len(piece)
            if self._left.is_set() or size > _LARGEST_BODY:
                raise ModelError(f"what the server sent is larger than {_LARGEST_BODY // 2**20} MB")
            self._heard.put("")
            yield piece

    def _pause(self, problem: Refused | Broken, tries: int) -> None:
        """Wait before another try, or raise where there is to be none."""
        reason = problem.reason.replace("$address", self.endpoint.base_url or "the default address")
        if tries >= problem.tries:
            raise ModelError(reason, self._hint())
        pause = min(_FIRST_PAUSE * 2 ** (tries - 1), _LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
        asked = problem.retry_after if isinstance(problem, Refused) else None
        pause = max(pause, asked or 0)
        if time.monotonic() + pause >= self.deadline_at:
            wish = f" and asks for {asked:,.0f} s of patience" if asked else ""
            raise ModelError(f"{reason}{wish}; no time is left for another try")
        self.trail.append(f"{reason}; asked again after {pause:.1f} s")
        self._left.wait(pause)

    def _hint(self) -> str:
        address = self.endpoint.base_url
        return "most servers want a base URL that ends in /v1" if address and "/v1" not in address else ""

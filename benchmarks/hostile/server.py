"""A loopback server of chat completions; its models are scenarios, and each is told how to behave."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

__all__ = ["KEY", "Behaviour", "Exchange", "Server", "completion"]

KEY = "sk-hostile-1f0c9a7e5b3d"  # what the clients send; no scenario may get it printed
_PATIENCE = 60.0  # seconds that a silent connection is held


class Exchange:
    """One request, and the means to answer it well or badly.

    text: the faithful answer to it; nth: how often its model was asked before.
    """

    def __init__(self, handler: _Handler, request: dict[str, Any], text: str, nth: int) -> None:
        self.request = request
        self.text = text
        self.nth = nth
        self._handler = handler

    @property
    def form(self) -> dict[str, Any]:
        """The response_format that was asked for, {} where none was."""
        form = self.request.get("response_format")
        return form if isinstance(form, dict) else {}

    @property
    def streams(self) -> bool:
        """Whether the client asked for a stream."""
        return bool(self.request.get("stream"))

    @property
    def elsewhere(self) -> bool:
        """Whether the request followed a redirection."""
        return self._handler.path.startswith("/elsewhere")

    @property
    def origin(self) -> str:
        """The server's own address, under another name of this machine."""
        return f"http://localhost:{self._handler.server.server_address[1]}"

    @property
    def authorization(self) -> str:
        """What the client showed as its right to ask."""
        return self._handler.headers.get("Authorization", "")

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def head(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        """Send a status and headers; the body is in chunks, or whole where its length is given."""
        given = {"Content-Type": kind, "Connection": "close"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        if "Content-Length" not in given:
            given["Transfer-Encoding"] = "chunked"
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        self.raw(f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode())

    def chunk(self, data: bytes) -> None:
        """Send a piece of the body."""
        self.raw(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        """End the body as it should end."""
        self.raw(b"0\r\n\r\n")

    def whole(self, body: Any, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        """Send a body of known length: bytes, or a tree as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.head(status, kind, Content_Length=str(len(data)), **headers)
        self.raw(data)

    def refuse(self, status: int, message: str, code: str | None = None, **headers: str) -> None:
        """Send an error in the form of the protocol."""
        self.whole({"error": {"message": message, "type": "error", "code": code}}, status, **headers)

    def event(self, delta: dict[str, Any], finish: str | None = None) -> None:
        """Send an event of a stream that was begun."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self.chunk(b"data: " + json.dumps({"id": "x", "object": "chat.completion.chunk", "created": 1,
                                           "model": "m", "choices": [choice]}).encode() + b"\n\n")  # fmt: skip

    def begin(self, kind: str = "text/event-stream") -> None:
        """Begin a stream."""
        self.head(200, kind)
        self.event({"role": "assistant", "content": ""})

    def finish(self, reason: str = "stop") -> None:
        """End a stream."""
        self.event({}, reason)
        self.chunk(b"data: [DONE]\n\n")
        self.end()

    def say(self, text: str, kind: str = "text/event-stream") -> None:
        """Answer with a text as it should be done: whole to who asked so, in pieces otherwise."""
        if self.streams:
            self.begin(kind)
            for at in range(0, len(text), 64):
                self.event({"content": text[at : at + 64]})
            self.finish()
        else:
            self.whole(completion({"role": "assistant", "content": text}))

    def message(self, message: dict[str, Any], finish: str = "stop") -> None:
        """Answer with one message that need not hold a text."""
        if self.streams:
            self.begin()
            self.event(message)
            self.finish(finish)
        else:
            self.whole(completion({"role": "assistant", "content": None, **message}, finish))

    def sleep(self, seconds: float = _PATIENCE) -> None:
        """Do nothing for a while; an OSError, like that of a client that left, where the server is stopped."""
        if self._handler.server.stopped.wait(seconds):
            raise ConnectionAbortedError

    def reset(self) -> None:
        """Break the connection without a word of farewell."""
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._handler.connection.close()


Behaviour: TypeAlias = "Callable[[Exchange], None]"


def completion(message: dict[str, Any], finish: str = "stop") -> dict[str, Any]:
    """Return a chat completion that is no stream."""
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


class Server(ThreadingHTTPServer):
    """Serves on a free port of the loopback interface while it is a context.

    behaviour: what a model of this name does; text: the faithful answer to a request. A model's name may go on after
    a `#`, so that the same behaviour can be met more than once.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, behaviour: Callable[[str], Behaviour], text: Callable[[dict[str, Any]], str] = lambda _: ""
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviour = behaviour
        self.text = text
        self.stopped = threading.Event()
        self.asked: Counter[str] = Counter()  # by model
        self.elsewhere: list[str] = []  # what came to the address of a redirection: its Authorization
        self.requests: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def count(self, request: dict[str, Any]) -> int:
        """Note a request, and return how often its model was asked before."""
        with self._lock:
            self.requests.append(request)
            self.asked[request["model"]] += 1
            return self.asked[request["model"]] - 1

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that left are what the scenarios are about."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        """Let the model of the request behave."""
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/elsewhere"):
            self.server.elsewhere.append(self.headers.get("Authorization", ""))
        request = json.loads(body)
        exchange = Exchange(self, request, self.server.text(request), self.server.count(request))
        with suppress(OSError):
            self.server.behaviour(request["model"].partition("#")[0])(exchange)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

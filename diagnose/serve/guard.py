"""What stands before the page: only its own requests, from its own pages, of a bounded size, get through.

A browser that visits a stranger's page can be led to ask this server: by the address alone (so each request that
changes something has to come from a page of this server), or by a name of the stranger's that suddenly means this
machine (so the server answers to its own names only; this is called DNS rebinding). gradio offers far more addresses
than the page needs, files of the server among them: what is not listed here does not exist. And where a control is
given a file's path or address instead of a text, gradio fetches it, from the server's disk or from anywhere: here only
a file that was uploaded gets through.
"""

from __future__ import annotations

import ipaddress
import json
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

__all__ = ["Guard", "is_loopback", "names_of"]

_LONGEST_NUMBER = 18  # in digits
LOOPBACK = ("localhost", "127.0.0.1", "::1")
# What the page in the browser asks for. No file of the server is among them: what is to be kept is made in the browser.
_GET = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/(?:assets|static)/[\w@%+.,/-]+"
    r"|/gradio_api/(?:queue/data|upload_progress|heartbeat/\w+)"
)
_EVENT = "/gradio_api/queue/join"
_POST = re.compile(rf"{_EVENT}|/gradio_api/(?:upload|cancel|reset/?)")
# Everything comes from this server, nothing is asked of another, and no other page may frame this one. gradio starts
# from inline scripts, and makes functions of its templates; names of strangers are escaped before they come here.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
    "worker-src 'self' blob:; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# No other site is to read an answer, and nobody needs to know what serves it.
_NOT_SENT = (b"access-control-allow-origin", b"access-control-allow-credentials", b"server")


class Guard:
    """An ASGI application before another.

    hosts: the names that it answers to, an empty one standing for any IP address (which no stranger's name can
    become); uploads: the folder of the uploaded files; largest_upload, largest_event: the most bytes that a request
    may bring.
    """

    def __init__(
        self, app: App, hosts: Iterable[str], uploads: str, *, largest_upload: int, largest_event: int
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._uploads = Path(uploads).resolve()
        self._largest = largest_upload, largest_event

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # the page uses no web sockets, and a connection that is not accepted is refused
        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(send, *refusal)
            return
        if scope["path"] == _EVENT:
            body = self._checked(await _whole(receive))
            if body is None:
                await _refuse(send, 400, "texts and uploaded files only")
                return
            scope = {**scope, "headers": _resized(scope["headers"], len(body))}
            receive = _given(body)
        await self._app(scope, receive, _dressed(send))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return the status and the line to refuse a request with, None for one to be answered."""
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if not self._is_ours(_name(host)):
            return 403, "this server does not answer to that name"
        method, path = scope["method"], scope["path"]
        origin = headers.get(b"origin")
        # No page of ours is fetched by a script of another site: a page is opened, which is "navigate".
        foreign = headers.get(b"sec-fetch-site") in ("cross-site", "same-site")
        if (origin is not None and urlsplit(origin).netloc != host) or (
            foreign and headers.get(b"sec-fetch-mode") != "navigate"
        ):
            return 403, "this server answers to its own pages only"
        known = {"GET": _GET, "HEAD": _GET, "POST": _POST}.get(method)
        if known is None:
            return 405, "not such a method"
        if not known.fullmatch(path) or ".." in path:
            return 404, "no such page"
        # The server in front reads no more than is announced, so what is announced is enough to look at.
        if b"transfer-encoding" in headers or not (length := headers.get(b"content-length", "0")).isdecimal():
            return 411, "say how long it is"
        if len(length) > _LONGEST_NUMBER or int(length) > self._largest[path == _EVENT]:
            return 413, "more than this server takes at once"
        return None

    def _is_ours(self, name: str) -> bool:
        return name in self._hosts or ("" in self._hosts and _is_address(name))

    def _checked(self, body: bytes) -> bytes | None:
        """Return an event as it was understood here, so that nobody can read it otherwise; None where it is refused.

        The values of the controls are texts and numbers; a file is one of those that were uploaded.
        """
        try:
            event = json.loads(body)
            return json.dumps({**event, "data": [self._harmless(value) for value in event["data"]]}).encode()
        except (ValueError, TypeError, KeyError, RecursionError, OSError):
            return None

    def _harmless(self, value: Any) -> Any:
        """Return a control's value; ValueError, or the like, where it is neither plain nor an uploaded file."""
        if value is None or isinstance(value, (str, int, float)):
            return value
        path = Path(value["path"])
        if not (path.is_absolute() and path.resolve().is_relative_to(self._uploads) and path.is_file()):
            raise ValueError
        return {"path": str(path), "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}


async def _whole(receive: Receive) -> bytes:
    """Return the body of a request, which is as long as was announced at most."""
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _given(body: bytes) -> Receive:
    """Return a `receive` that has this body, and then the end of the connection."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


def _resized(headers: Iterable[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    others = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*others, (b"content-length", str(length).encode())]


def names_of(host: str) -> tuple[str, ...]:
    """Return the names that a server on `host` answers to, as Guard takes them."""
    if is_loopback(host):
        return (*LOOPBACK, host)
    return (*LOOPBACK, host, socket.gethostname(), "")


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches what listens there."""
    return host in LOOPBACK or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name(host: str) -> str:
    """Return the name in a Host header, without its port and an IPv6 address's brackets; "" for no name."""
    try:
        return urlsplit(f"//{host}").hostname or "?"
    except ValueError:
        return "?"


def _dressed(send: Send) -> Send:
    """Return `send` with the headers that every answer has."""

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in _NOT_SENT]
            message["headers"] = [*kept, *_HEADERS]
        await send(message)

    return dressed


async def _refuse(send: Send, status: int, line: str) -> None:
    """Answer with a status and a line of plain text."""
    body = f"diagnose: {line}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    # The rest of a request that is refused is not read.
    headers.append((b"connection", b"close"))
    await _dressed(send)({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""The openai package's client as we want it, and what its connections can come to, in two exceptions of our own.

It works on httpx up to 2.x and on httpx2 since 3.0; `DefaultHttpxClient` is a class of the right one.
"""

from __future__ import annotations

import ipaddress
import math
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from diagnose.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from openai import OpenAI

__all__ = ["Broken", "Refused", "client_of", "is_loopback", "told"]

_TRIES = 5
_TRIES_UNREACHED = 2  # a wrong address does not become right
_STATUS = {
    401: "the server does not accept the key",
    402: "the server asks for a payment",
    403: "the server does not let this key use the model",
    404: "the server knows no such model, or no such address",
    408: "the server timed out",
    413: "the question is longer than the server takes",
    429: "the server is asked too often",
}
# Words in a server's error that say more than its status.
_FINAL = {
    "insufficient_quota": "the account's quota is used up",
    "context_length_exceeded": "the question is longer than the model can take in",
    "maximum context length": "the question is longer than the model can take in",
}
_LARGEST_ERROR = 16 * 1024  # bytes
# The package wants a key, and would take the environment's: an endpoint without one is never sent that.
_NO_KEY = "none"


class Refused(Exception):  # noqa: N818 - what the server did
    """The server answered with an error. said: its words, to look for known ones in and never to be printed."""

    def __init__(self, status: int, said: str = "", retry_after: float | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.said = said.lower()
        self.retry_after = retry_after

    @property
    def final(self) -> str:
        """What the server says that no other question would change, "" where it says nothing of the kind."""
        return next((reason for words, reason in _FINAL.items() if words in self.said), "")

    @property
    def reason(self) -> str:
        """The error in our words."""
        if self.final:
            return f"{self.final} (HTTP {self.status})"
        if 300 <= self.status < 400:
            return f"the server sends us to another address (HTTP {self.status}), where the key does not go"
        usual = "the server fails" if self.status >= 500 else "the server refuses the question"
        return f"{_STATUS.get(self.status, usual)} (HTTP {self.status})"

    @property
    def tries(self) -> int:
        """How many tries it is worth."""
        passes = self.status in (408, 409, 429) or self.status >= 500
        return _TRIES if passes and not self.final else 1


class Broken(Exception):  # noqa: N818 - what the connection did
    """The connection ended too early, or, where nobody was reached, there was none."""

    def __init__(self, *, reached: bool) -> None:
        super().__init__(reached)
        self.reason = "the connection to the server broke" if reached else "nothing answers at $address"
        self.tries = _TRIES if reached else _TRIES_UNREACHED


def client_of(base_url: str | None, api_key: str | None) -> OpenAI:
    """Return a client that neither retries nor follows a redirection, and looks at a status before it reads on."""
    from openai import DefaultHttpxClient, OpenAI  # noqa: PLC0415 - takes most of a second

    return OpenAI(
        api_key=api_key or _NO_KEY,
        base_url=base_url,
        max_retries=0,
        default_headers={"Accept-Encoding": "identity"},
        http_client=DefaultHttpxClient(
            follow_redirects=False,
            trust_env=not is_loopback(base_url),  # a proxy has no way to this machine's own servers
            event_hooks={"response": [_look]},
        ),
    )


def is_loopback(url: str | None) -> bool:
    """Whether an address is this machine's own."""
    host = (urlsplit(url).hostname if url else None) or ""
    try:
        return host == "localhost" or host.endswith(".localhost") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def told(error: BaseException) -> Exception:
    """Return what an exception of the package or of its connection means: ours, where one is behind it, or a Broken."""
    kinds: set[str] = set()
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (ModelError, Refused)):
            return cause
        kinds.update(kind.__name__ for kind in type(cause).__mro__)
        cause = cause.__cause__ or cause.__context__
    if kinds & {"ConnectError", "ConnectTimeout", "ProxyError"}:
        return Broken(reached=False)
    if kinds & {"TransportError", "APIConnectionError"}:
        return Broken(reached=True)
    return ModelError(f"the call of the model failed ({type(error).__name__})")


def _look(response: Any) -> None:
    """Stop at every answer but a plain 200; its body is read to no more than a few KB."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ModelError("the server sent a compressed answer, which was not asked for")
    if response.status_code != 200:
        said = b"".join(_some(response.iter_bytes()))
        raise Refused(response.status_code, said.decode("utf-8", "replace"), _retry_after(response.headers))


def _some(pieces: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        yield piece
        size += len(piece)
        if size > _LARGEST_ERROR:
            return


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to be left alone for (RFC 9110, 10.2.3: seconds, or a date)."""
    text = headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return seconds if seconds > 0 and math.isfinite(seconds) else None

"""The server of the page: one socket, one process, quiet, and gone without a trace when it ends."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import tempfile
from typing import TYPE_CHECKING

from diagnose.errors import UsageError
from diagnose.serve.limits import start, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.llm.client import Endpoint

__all__ = ["listen", "serve"]

_BACKLOG = 64
# An open page holds a connection for the server's news; it is not waited for.
_FAREWELL_SECONDS = 1


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 is any free one; UsageError where it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(f"--host {host}: {error.strerror or error}", "127.0.0.1 is this machine alone") from None
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(f"port {port} is in use", "--port N takes another, --port 0 any free one") from None
        raise UsageError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from None
    return listener


def serve(
    listener: socket.socket, host: str, endpoint: Endpoint | None, deadline: float, when_ready: Callable[[], None]
) -> None:
    """Serve the page until somebody interrupts; `when_ready` is called as soon as it answers."""
    with tempfile.TemporaryDirectory(prefix="diagnose-") as folder:
        _be_private(folder)
        start()
        import uvicorn  # noqa: PLC0415  # with gradio: three seconds

        from diagnose.serve.application import application  # noqa: PLC0415  # it reads the variables as it is loaded

        page = application(host, endpoint, deadline)
        warm_up()
        # The default would end the process before the folder is removed.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                when_ready()

        config = uvicorn.Config(
            page,
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=_FAREWELL_SECONDS,
        )
        Server(config).run(sockets=[listener])


def _be_private(folder: str) -> None:
    """Have uploads kept in a folder of this server alone, and nothing told to anybody."""
    os.environ |= {
        "GRADIO_TEMP_DIR": folder,
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": "1",
        "GRADIO_MCP_SERVER": "False",
        "GRADIO_SSR_MODE": "False",
        "GRADIO_RUN_HISTORY": "False",
        "MPLBACKEND": "agg",
        # Each piece of work has a process of its own; threads would only stand in the way of copying it.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    # Others of gradio's variables would open to the network what is to stay here.
    for name in ("GRADIO_ALLOWED_PATHS", "GRADIO_ROOT_PATH", "GRADIO_SHARE", "GRADIO_LOCAL_DEV_MODE", "GRADIO_DEBUG"):
        os.environ.pop(name, None)

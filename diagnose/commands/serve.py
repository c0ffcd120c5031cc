"""`diagnose serve`: a web page on this machine to paste metrics into."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from diagnose.commands._model import add_model_options, endpoint_of
from diagnose.errors import UsageError
from diagnose.serve.guard import is_loopback
from diagnose.serve.server import listen, serve

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["HELP", "arguments", "run"]

HELP = "a web page to paste metrics into: report, plots, questions, chat"

_HOST = "127.0.0.1"
_PORT = 7860
_NEEDED = ("gradio", "matplotlib")


def arguments(parser: ArgumentParser) -> None:
    """Add where to listen, and the language model."""
    parser.add_argument(
        "--host",
        metavar="ADDRESS",
        default=_HOST,
        help=f"the address to listen on (default: {_HOST}, this machine alone)",
    )
    parser.add_argument(
        "--port", metavar="N", type=_port, default=_PORT, help=f"the port, 0 for any free one (default: {_PORT})"
    )
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    add_model_options(parser)


def run(arguments: Namespace) -> int:
    """Serve until somebody interrupts; the exit status is then that of an interruption."""
    endpoint = endpoint_of(arguments)
    for package in _NEEDED:
        if find_spec(package) is None:
            raise UsageError(f"diagnose serve needs {package}", "pip install 'metric-diagnose[serve]'")
    listener = listen(arguments.host, arguments.port)
    port = listener.getsockname()[1]
    if not is_loopback(arguments.host):
        sys.stderr.write(f"diagnose: whoever reaches {arguments.host}, port {port}, can use this page: no password\n")
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    url = f"http://{host}:{port}"
    with listener:
        serve(listener, arguments.host, endpoint, arguments.deadline, lambda: _tell(url, browser=arguments.open))
    return 0


def _tell(url: str, *, browser: bool) -> None:
    sys.stdout.write(f"diagnose: {url} (Ctrl-C ends)\n")
    sys.stdout.flush()
    if browser:
        import webbrowser  # noqa: PLC0415  # for those who want it

        webbrowser.open(url)


def _port(text: str) -> int:
    if not (text.isdecimal() and text.isascii() and len(text) <= 5 and int(text) < 1 << 16):
        raise UsageError(f"--port {text!r}: not a port", "0 to 65535")
    return int(text)

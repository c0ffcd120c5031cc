"""A server of the page, as its user starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

import diagnose

ROOT = Path(diagnose.__file__).parent.parent
# Loaded by every Python of the server: writes down whom it asks beyond this machine.
_WATCH = """\
import sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[event == "socket.connect"]
        if isinstance(host, tuple):
            host = host[0]
        elif event == "socket.connect":
            return  # a socket in the file system
        if host not in (None, "", "127.0.0.1", "localhost", "::1"):
            with open(LOG, "a") as file:
                file.write(f"{event} {host!r}\\n")

sys.addaudithook(watch)
"""


class Server(NamedTuple):
    """A running server: its process and address, what it has asked beyond this machine, where it keeps uploads."""

    process: subprocess.Popen
    url: str
    asked: Path
    temporary: Path
    seconds: float

    @property
    def port(self):
        """The port that it listens on."""
        return int(self.url.rpartition(":")[2])

    def interrupt(self):
        """Press Ctrl-C, and return the status and what was printed since."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err


def start(folder, *words):
    """Start a server with its temporary files in a folder of its own, and wait for its line."""
    asked, temporary = folder / "asked", folder / "tmp"
    temporary.mkdir()
    (folder / "sitecustomize.py").write_text(f"LOG = {str(asked)!r}\n{_WATCH}", encoding="utf-8")
    environment = {
        **os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "TMPDIR": str(temporary),
        "DIAGNOSE_MODEL": "",
    }  # fmt: skip
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "diagnose", "serve", "--port", "0", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=folder,
    )  # fmt: skip
    line = process.stdout.readline()
    if not line.startswith("diagnose: http://"):
        process.kill()
        pytest.fail(f"{line}{process.stderr.read()}")
    return Server(process, line.split()[1], asked, temporary, time.monotonic() - began)

"""What the tests of the page share: one running server."""

from __future__ import annotations

import http.client
import importlib.util
import threading
import time
from contextlib import closing, suppress

import pytest

from page_server import start


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """Start a server that all tests ask."""
    for package in ("gradio", "matplotlib"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs {package}")
    running = start(tmp_path_factory.mktemp("server"))
    yield running
    page = threading.Thread(target=_keep_open, args=(running,), daemon=True)
    page.start()
    time.sleep(0.3)
    # Ctrl-C, while a page is open: a line, the status of an interruption, and nothing is left behind.
    status, out, err = running.interrupt()
    page.join()
    assert (status, out, err) == (130, "", "diagnose: interrupted\n")
    assert [path for path in running.temporary.iterdir() if path.name.startswith("diagnose-")] == []
    assert not running.asked.exists()


def _keep_open(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    with closing(connection), suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/gradio_api/heartbeat/open")
        connection.getresponse().read()

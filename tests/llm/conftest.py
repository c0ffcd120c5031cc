"""A loopback server of the hostile kind, and no environment that names a server or a proxy."""

from __future__ import annotations

import pytest

from hostile.server import Server
from hostile.transport import TRANSPORT

TEXT = '{"verdict": "suspect", "findings": ["F1"], "note": "naïve ✓"} '


@pytest.fixture(autouse=True)
def no_server_in_the_environment(monkeypatch):
    for name in ("DIAGNOSE_MODEL", "OPENAI_BASE_URL", "OPENAI_API_KEY", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server():
    """Serve the scenarios of the transport, with TEXT as the faithful answer."""
    with Server(TRANSPORT.__getitem__, lambda _: TEXT) as serving:
        yield serving

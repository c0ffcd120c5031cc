"""The guard before the page: foreign names, foreign pages, other addresses, large bodies and paths are refused."""

from __future__ import annotations

import asyncio
import json

import pytest

from diagnose.serve.guard import Guard, is_loopback, names_of

LARGEST_UPLOAD, LARGEST_EVENT = 5000, 2000
ANYWHERE = "0.0.0.0"  # noqa: S104  # nothing is bound to it here
EVENT = "/gradio_api/queue/join"


class Seen:
    """An application that answers everything, and keeps what came through."""

    def __init__(self):
        self.bodies = []

    async def __call__(self, _, receive, send):
        """Answer."""
        message = await receive()
        self.bodies.append(message.get("body"))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"access-control-allow-origin", b"x")]})
        await send({"type": "http.response.body", "body": b"ok"})


def ask(path="/", method="GET", *, host="127.0.0.1:7860", body=b"", served="127.0.0.1", uploads="/no", **headers):
    """Return status, headers and what the application behind the guard got."""
    behind, sent = Seen(), []
    guard = Guard(behind, names_of(served), uploads, largest_upload=LARGEST_UPLOAD, largest_event=LARGEST_EVENT)
    given = {"host": host, "content-length": str(len(body)), **{k.replace("_", "-"): v for k, v in headers.items()}}
    scope = {
        "type": "http", "method": method, "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }  # fmt: skip

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), behind.bodies


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost", "LOCALHOST:1", "[::1]:7860"])
def test_a_server_on_loopback_answers_to_its_names(host):
    assert ask(host=host)[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example:7860", "127.0.0.1.evil.example", "", "192.168.0.7", "[::1", "0.0.0.0:7860"]
)
def test_a_server_on_loopback_answers_to_no_other(host):
    status, _, seen = ask(host=host)
    assert (status, seen) == (403, [])


def test_a_server_on_the_network_answers_to_addresses_and_its_name_only():
    assert ask(host="192.168.0.7:7860", served=ANYWHERE)[0] == 200
    assert ask(host="box.lan", served="box.lan")[0] == 200
    assert ask(host="evil.example", served=ANYWHERE)[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_requests_of_foreign_pages_are_refused(headers):
    assert ask(EVENT, "POST", body=b'{"data": []}', **headers)[0] == 403


def test_the_page_may_be_opened_from_a_link_and_may_ask_its_own_server():
    assert ask(sec_fetch_site="cross-site", sec_fetch_mode="navigate")[0] == 200
    assert (
        ask(EVENT, "POST", body=b'{"data": []}', origin="http://127.0.0.1:7860", sec_fetch_site="same-origin")[0] == 200
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/gradio_api/file=/etc/passwd", 404),
        ("GET", "/file=/etc/passwd", 404),
        ("GET", "/gradio_api/info", 404),
        ("GET", "/gradio_api/openapi.json", 404),
        ("GET", "/gradio_api/proxy=http://evil.example/", 404),
        ("GET", "/gradio_api/mcp/sse", 404),
        ("GET", "/monitoring", 404),
        ("GET", "/docs", 404),
        ("GET", "/assets/../secret", 404),
        ("POST", "/gradio_api/call/paste", 404),
        ("POST", "/gradio_api/run/predict", 404),
        ("POST", "/gradio_api/component_server", 404),
        ("POST", "/gradio_api/vibe-edit/", 404),
        ("PUT", "/", 405),
        ("OPTIONS", EVENT, 405),
    ],
)
def test_what_the_page_does_not_need_does_not_exist(method, path, status):
    assert ask(path, method)[0] == status


def test_bodies_are_bounded_by_what_they_are_for():
    assert ask("/gradio_api/upload", "POST", body=b"x" * LARGEST_UPLOAD)[0] == 200
    assert ask("/gradio_api/upload", "POST", body=b"x" * (LARGEST_UPLOAD + 1))[0] == 413
    assert ask(EVENT, "POST", body=json.dumps({"data": ["x" * LARGEST_EVENT]}).encode())[0] == 413
    assert ask("/gradio_api/upload", "POST", content_length="9" * 40)[0] == 413
    assert ask("/gradio_api/upload", "POST", content_length="-1")[0] == 411
    assert ask("/gradio_api/upload", "POST", transfer_encoding="chunked")[0] == 411


def event(*data):
    return json.dumps({"data": data, "fn_index": 3, "session_hash": "s"}).encode()


def file_of(path, **more):
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}, **more}


def test_an_event_may_hold_texts_and_uploaded_files(tmp_path):
    upload = tmp_path / "ab" / "metrics.json"
    upload.parent.mkdir()
    upload.write_text("{}")
    body = event(None, "text", 1.5, file_of(upload, url="http://evil.example/", size=2))
    status, _, (seen,) = ask(EVENT, "POST", body=body, uploads=str(tmp_path))
    assert status == 200
    assert json.loads(seen)["data"] == [None, "text", 1.5, file_of(upload, orig_name="metrics.json")]


def test_an_event_may_name_no_other_file_and_no_address(tmp_path):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    secret, link = tmp_path / "secret.txt", uploads / "link"
    secret.write_text("accuracy 0.5")
    link.symlink_to(secret)
    inside = uploads / "inside"
    inside.write_text("")
    for value in (
        file_of(secret),
        file_of(link),
        file_of(uploads / ".." / "secret.txt"),
        file_of("http://evil.example/x.csv"),
        file_of("relative.csv"),
        file_of(uploads),
        [file_of(secret)],
        {"value": file_of(secret)},
        {"path": None},
        [],
    ):
        status, _, seen = ask(EVENT, "POST", body=event(value), uploads=str(uploads))
        assert (status, seen) == (400, []), value
    # What hides in an accepted file's other keys does not get through.
    hidden = {"path": str(inside), "meta": file_of(secret), "orig_name": file_of(secret)}
    _, _, (seen,) = ask(EVENT, "POST", body=event(hidden), uploads=str(uploads))
    assert "secret" not in seen.decode()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"data": 1}', b'{"data": {"a": 1}}', b"[" * 200, b"\xff"]
)
def test_an_event_that_is_none_is_refused(body):
    status, _, seen = ask(EVENT, "POST", body=body)
    assert status == 400 or seen == [b'{"data": ["a"]}']


def test_answers_allow_no_other_site_anything():
    _, headers, _ = ask()
    assert b"access-control-allow-origin" not in headers
    policy = headers[b"content-security-policy"].decode()
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy


def test_loopback_is_told_from_the_network():
    assert [is_loopback(host) for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost")] == [True] * 4
    assert [is_loopback(host) for host in (ANYWHERE, "::", "192.168.0.7", "box.lan", "")] == [False] * 5

"""The server as its user starts it: quiet, private, and closed to what is not its own page."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from urllib.parse import quote

import pytest

from diagnose.cli import main
from diagnose.commands import serve as command
from diagnose.errors import UsageError
from diagnose.serve.server import listen
from page_server import ROOT

COLLAPSED = "accuracy: 0.612\nprecision: 0.0102\nrecall: 0.01667\nf1: 0.0127\n"


def ask(server, method, path, body=None, **headers):
    """Ask with just these headers, and return status and text."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        with closing(connection.getresponse()) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")


def events_of(server, kind):
    """Return the numbers of the events that take the state and a control of this kind: of texts, paste and message."""
    config = json.loads(ask(server, "GET", "/config")[1])
    kinds = {component["id"]: component["type"] for component in config["components"]}
    return [event["id"] for event in config["dependencies"] if [kinds[i] for i in event["inputs"]] == ["state", kind]]


def trigger(server, kind, value, session, which=0):
    """Let a control start its step, and return the status, and what the page would be told."""
    body = {"fn_index": events_of(server, kind)[which], "data": [None, value], "session_hash": session}
    status, text = ask(server, "POST", "/gradio_api/queue/join", json.dumps(body), Content_Type="application/json")
    if status != 200:
        return status, text
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request("GET", f"/gradio_api/queue/data?session_hash={session}")
        with closing(connection.getresponse()) as answer:
            while line := answer.readline().decode():
                if "process_completed" in line:
                    return status, json.dumps(json.loads(line.partition(":")[2])["output"], ensure_ascii=False)
    return status, ""


def upload(server, name, content):
    """Upload a file as the page does, and return status and text."""
    head = f'--edge\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + b"\r\n--edge--\r\n"
    return ask(server, "POST", "/gradio_api/upload", body, Content_Type="multipart/form-data; boundary=edge")


def file_of(path):
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


def test_a_paste_is_judged_and_names_in_it_are_escaped(server):
    text = f"run: <img src=x onerror=alert(1)>\n{COLLAPSED}"
    status, shown = trigger(server, "textbox", text, "paste")
    assert status == 200
    assert "degenerate" in shown
    assert "img src" in shown
    assert re.search(r"(?<!\\)<img", shown) is None  # in Markdown a backslash stands before it


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "Paste some metrics first"),
        ("hello", "no metric"),
        ("/etc/passwd", "no metric"),
        ("x" * (2 << 20 | 1), "as a file"),
    ],
)
def test_a_paste_without_metrics_is_a_notice(server, text, line):
    status, shown = trigger(server, "textbox", text, f"notice{len(text)}")
    assert status == 200
    assert 'class=\\"notice\\"' in shown
    assert line in shown
    assert "root:" not in shown


def test_each_visitor_has_a_conversation_of_their_own(server):
    trigger(server, "textbox", f"model: very-secret-run\n{COLLAPSED}", "first")
    own, other = (
        trigger(server, "textbox", "what is the verdict?", session, which=1)[1] for session in ("first", "second")
    )
    assert "degenerate" in own
    assert "no metrics yet" in other
    assert "secret" not in other


def test_an_uploaded_file_is_judged_and_forgotten(server):
    status, paths = upload(server, "eval_results.json", b'{"eval_accuracy": 0.5, "eval_mcc": 1.7}')
    assert status == 200
    (path,) = json.loads(paths)
    assert path.startswith(str(server.temporary))
    _, shown = trigger(server, "file", file_of(path), "upload")
    assert "eval_results.json" in shown
    assert str(server.temporary) not in shown
    assert not [p for p in server.temporary.rglob("*") if p.is_file() and "eval_results" in p.name]


def test_no_file_of_the_server_can_be_read(server, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text('{"eval_accuracy": 0.987654}', encoding="utf-8")
    for value in (file_of(secret), file_of("/etc/hosts"), file_of(f"{server.temporary}/../secret.json")):
        for kind in ("file", "textbox"):
            status, text = trigger(server, kind, value, "theft")
            assert status == 400, text
    for path in (
        f"/gradio_api/file={secret}",
        f"/file={secret}",
        f"/static/..{secret}",
        quote(f"/assets/../..{secret}"),
    ):
        assert ask(server, "GET", path)[0] == 404
    status, paths = upload(server, "../../evil.json", b"{}")
    assert (status, ".." in paths) == (200, False)


def test_no_address_is_fetched(server):
    for value in (file_of("http://evil.example/metrics.csv"), {**file_of("x"), "url": "http://evil.example/"}):
        assert trigger(server, "file", value, "fetch")[0] == 400
    assert not server.asked.exists()


def test_too_large_a_file_is_refused(server):
    assert upload(server, "big.json", b"x" * (20 << 20 | 1))[0] == 413
    with suppress(ConnectionError):  # it is told no before it is read, and the connection ends
        assert upload(server, "bigger.json", b"x" * (22 << 20))[0] == 413


def test_a_binary_file_is_a_notice(server):
    _, paths = upload(server, "model.bin", bytes(range(256)) * 64)
    _, shown = trigger(server, "file", file_of(json.loads(paths)[0]), "binary")
    assert "binary" in shown


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_foreign_names_and_pages_are_refused(server, headers):
    assert ask(server, "GET", "/config", **headers)[0] == 403


def test_the_page_names_no_other_host_and_no_inner_address(server):
    status, page = ask(server, "GET", "/")
    assert status == 200
    for foreign in ("googleapis", "gstatic", "cdn", "jsdelivr", "cloudflare", "huggingface.co/front"):
        assert foreign not in page
    config = json.loads(ask(server, "GET", "/config")[1])
    assert all(event["api_visibility"] != "public" for event in config["dependencies"])
    assert config["stylesheets"] == []


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.0])
def test_an_interrupt_while_it_starts_is_one_line(seconds, tmp_path):
    pytest.importorskip("gradio")
    process = subprocess.Popen(
        [sys.executable, "-m", "diagnose", "serve", "--port", "0"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: every process gets it
    assert process.communicate(timeout=20) == ("", "diagnose: interrupted\n")
    assert process.returncode in (130, -signal.SIGINT)  # a shell calls both 130


def test_a_port_in_use_and_other_bad_arguments_are_one_line(capsys):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        assert main(["serve", "--port", str(busy.getsockname()[1])]) == 2
    assert main(["serve", "--port", "70000"]) == 2
    assert main(["serve", "--host", "no.such.host.invalid."]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "in use" in lines[0]


def test_a_missing_extra_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(command, "find_spec", lambda name: None if name == "gradio" else name)
    assert main(["serve"]) == 2
    assert capsys.readouterr().err == "diagnose: diagnose serve needs gradio (pip install 'metric-diagnose[serve]')\n"


def test_another_host_than_this_machine_is_warned_of(monkeypatch, capsys):
    monkeypatch.setattr(command, "listen", lambda *_: listen("127.0.0.1", 0))
    monkeypatch.setattr(command, "serve", lambda *_: None)
    assert main(["serve", "--host", "192.168.0.7"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "no password" in line


def test_a_free_port_is_found():
    with listen("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0
    with pytest.raises(UsageError, match="--host"):
        listen("no.such.host.invalid.", 0)

"""One question to a server: answered in time, or one line that says why not."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from diagnose.errors import ModelError
from diagnose.llm import client
from diagnose.llm.client import RUNGS, Endpoint, ask
from hostile.server import KEY, Server
from hostile.transport import TRANSPORT, WORKING

TEXT = '{"verdict": "suspect", "findings": ["F1"], "note": "naïve ✓"} '
MESSAGES = ({"role": "user", "content": "What is wrong?"},)
SCHEMA = {"type": "object"}
LATE = 0.2


def put(endpoint, seconds=5.0, on_text=None):
    """Ask with a deadline in so many seconds."""
    return ask(endpoint, MESSAGES, SCHEMA, time.monotonic() + seconds, on_text)


def failure(endpoint, seconds=5.0):
    """Return the error of a question that is not answered."""
    with pytest.raises(ModelError) as caught:
        put(endpoint, seconds)
    return caught.value


def serving(behave):
    """Return a server on which every model behaves so."""
    return Server(lambda _: behave, lambda _: TEXT)


@pytest.mark.slow  # the explanation goes through all of them in test_adversary.py
def test_every_scenario_ends_by_the_deadline_in_an_answer_or_in_words_of_our_own(server):
    deadline = 2.0

    def play(name):
        began = time.monotonic()
        try:
            said = put(Endpoint(name, server.url, KEY), deadline).text
        except ModelError as error:
            said = " ".join((str(error), *error.trail))
        return name, said, time.monotonic() - began

    put(Endpoint("keep-alive#first", server.url))  # the package is imported with the first question
    with ThreadPoolExecutor(8) as pool:
        played = list(pool.map(play, TRANSPORT))
    # In a crowd on a busy machine a turn may come late; what is late alone is.
    late = [name for name, _, seconds in played if seconds > deadline + LATE]
    assert [name for name in late if play(name)[2] > deadline + LATE] == []
    assert {name for name, said, _ in played if said == TEXT} == WORKING
    spoken = [said for name, said, _ in played if name not in {*WORKING, "truncated-json", "broken-utf-8"}]
    assert [
        said for said in spoken if KEY in said or "evil" in said or "healthy" in said or not said.isprintable()
    ] == []
    assert server.elsewhere == []


def test_the_threads_of_dripping_servers_end(server):
    for name in ("drip", "drip-comments", "drip-headers", "drip-provisional", "drip-error", "silent"):
        failure(Endpoint(name, server.url, KEY), 0.3)
    until = time.monotonic() + 3
    while (left := [t for t in threading.enumerate() if t.name == "diagnose-model"]) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []


def test_the_text_comes_in_pieces_as_it_is_written(server):
    pieces = []
    reply = put(Endpoint("keep-alive", server.url), on_text=pieces.append)
    assert "".join(pieces) == reply.text == TEXT
    assert (reply.rung, reply.trail) == (RUNGS[0], ())


@pytest.mark.parametrize(
    ("name", "rung"), [("schema-400", 1), ("schema-500", 1), ("grammar-error-in-stream", 1), ("any-form-422", 3)]
)
def test_the_form_that_a_server_takes_is_found_once_and_remembered(server, name, rung):
    first, second = (put(Endpoint(name, server.url)) for _ in range(2))
    assert (first.rung, second.rung, len(first.trail), second.trail) == (RUNGS[rung], RUNGS[rung], rung, ())
    assert server.asked[name] == rung + 2


def test_a_schema_is_sent_with_the_first_two_forms(server):
    put(Endpoint("schema-400", server.url))
    forms = [request["response_format"] for request in server.requests]
    assert forms[0]["json_schema"]["schema"] == forms[1]["schema"] == SCHEMA


def test_a_temperature_that_is_refused_is_left_out(server):
    reply = put(Endpoint("temperature-refused", server.url))
    assert reply.rung == RUNGS[0]
    assert [request.get("temperature") for request in server.requests] == [0, None]


def test_a_system_that_is_refused_speaks_with_the_user(server):
    messages = [{"role": "system", "content": "Be kind."}, *MESSAGES]
    reply = ask(Endpoint("system-role-refused", server.url), messages, SCHEMA, time.monotonic() + 5)
    assert (reply.text, reply.rung) == (TEXT, RUNGS[0])
    assert server.requests[-1]["messages"] == [{"role": "user", "content": "Be kind.\n\nWhat is wrong?"}]


def test_a_short_wait_that_a_server_asks_for_is_kept():
    times = []

    def busy(call):
        times.append(time.monotonic())
        call.say(call.text) if call.nth else call.refuse(429, "later", Retry_After="0.6")

    with serving(busy) as server:
        put(Endpoint("m", server.url))
    assert times[1] - times[0] >= 0.6


def test_a_long_wait_is_not_begun(server):
    began = time.monotonic()
    error = failure(Endpoint("retry-after-100", server.url))
    assert "100 s" in str(error)
    assert time.monotonic() - began < 1
    assert server.asked["retry-after-100"] == 1


def test_a_used_up_quota_is_not_asked_again(server):
    assert "quota" in str(failure(Endpoint("quota", server.url)))
    assert server.asked["quota"] == 1


def test_no_redirection_is_followed(server):
    assert "another address" in str(failure(Endpoint("redirect-elsewhere", server.url, KEY)))
    assert server.elsewhere == []


def test_a_server_that_stops_in_the_middle_is_left_before_the_deadline(server, monkeypatch):
    monkeypatch.setattr(client, "_IDLE", 0.3)
    began = time.monotonic()
    assert "did not finish" in str(failure(Endpoint("silent-after-headers", server.url), 5))
    assert time.monotonic() - began < 1.5


def test_nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error = failure(Endpoint("m", address))
    assert f"nothing answers at {address}" in str(error)
    assert "/v1" in error.hint
    assert len(error.trail) == 1


def test_a_name_that_is_never_resolved_does_not_outlast_the_deadline(monkeypatch):
    released = threading.Event()

    def never(*_args, **_kwargs):
        released.wait(10)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", never)
    began = time.monotonic()
    assert "in time" in str(failure(Endpoint("m", "http://model.example/v1", KEY), 0.5))
    assert time.monotonic() - began < 0.5 + LATE
    released.set()


def test_a_deadline_that_is_over_asks_nothing_for_long(server):
    assert "in time" in str(failure(Endpoint("silent", server.url), -1))


@pytest.mark.parametrize("name", ["status-404", "page-200", "bad-events"])
def test_a_base_url_without_v1_is_named_as_a_likely_reason(server, name):
    assert "/v1" not in failure(Endpoint(name, server.url)).hint
    assert "/v1" in failure(Endpoint(name, server.url.removesuffix("/v1"))).hint


def test_the_key_is_sent_and_never_shown(server):
    shown = []

    def look(call):
        shown.append(call.authorization)
        call.say(call.text)

    with serving(look) as open_server:
        endpoint = Endpoint("m", open_server.url, KEY)
        put(endpoint)
    assert shown == [f"Bearer {KEY}"]
    assert KEY not in repr(endpoint)
    assert KEY not in str(failure(Endpoint("status-401-echo", server.url, KEY)))


def test_an_endpoint_without_a_key_is_not_sent_that_of_the_environment(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    shown = []

    def look(call):
        shown.append(call.authorization)
        call.say(call.text)

    with serving(look) as server:
        put(Endpoint("m", server.url))
    assert KEY not in shown[0]


def test_a_key_that_cannot_be_sent_is_not_in_the_error(server):
    error = failure(Endpoint("silent", server.url, "sk-schlüssel\n"), 3)
    assert "schl" not in str(error)


def test_a_proxy_of_the_environment_does_not_stand_before_this_machine(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert put(Endpoint("keep-alive", server.url)).text == TEXT


def test_an_interruption_passes_at_once(server):
    timer = threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT))
    began = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        put(Endpoint("silent", server.url), 10)
    assert time.monotonic() - began < 1.5


def test_an_error_of_the_listener_passes(server):
    def listen(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        put(Endpoint("keep-alive", server.url), on_text=listen)


def test_questions_can_be_put_at_the_same_time(server):
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda n: put(Endpoint(f"keep-alive#{n}", server.url)), range(16)))
    assert {reply.text for reply in replies} == {TEXT}

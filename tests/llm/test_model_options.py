"""When a language model is asked, and where: only if one is named, never by a configuration file."""

from __future__ import annotations

import importlib.util
from argparse import ArgumentParser

import pytest

from diagnose.commands._model import add_model_options, endpoint_of
from diagnose.errors import UsageError
from diagnose.llm.client import Endpoint

LOCAL = "http://127.0.0.1:8080/v1"


def parsed(*words):
    parser = ArgumentParser()
    add_model_options(parser)
    return parser.parse_args(words)


def complaint(*words):
    with pytest.raises(UsageError) as caught:
        endpoint_of(parsed(*words))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_key_and_an_address_alone_send_nothing(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("OPENAI_BASE_URL", LOCAL)
    assert endpoint_of(parsed()) is None


def test_a_model_of_the_environment_is_asked_unless_it_is_ruled_out(monkeypatch):
    monkeypatch.setenv("DIAGNOSE_MODEL", "small")
    monkeypatch.setenv("OPENAI_BASE_URL", LOCAL)
    assert endpoint_of(parsed()) == Endpoint("small", LOCAL)
    assert endpoint_of(parsed("--model", "large")) == Endpoint("large", LOCAL)
    assert endpoint_of(parsed("--no-model")) is None
    assert endpoint_of(parsed("--no-model", "--model", "large")) is None


def test_the_command_line_comes_before_the_environment(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://other.example/v1")
    assert endpoint_of(parsed("--model", "m", "--base-url", LOCAL)) == Endpoint("m", LOCAL)


def test_the_default_host_wants_a_key_and_a_server_of_ones_own_does_not(monkeypatch):
    assert "OPENAI_API_KEY" in complaint("--model", "m")
    assert "OPENAI_API_KEY" in complaint("--model", "m", "--base-url", "https://api.openai.com/v1")
    monkeypatch.setenv("OPENAI_API_KEY", " sk-1\n")
    assert endpoint_of(parsed("--model", "m")) == Endpoint("m", None, "sk-1")
    assert endpoint_of(parsed("--model", "m", "--base-url", LOCAL)) == Endpoint("m", LOCAL, "sk-1")


def test_a_key_with_odd_characters_is_not_shown(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-schlüssel")
    said = complaint("--model", "m")
    assert "OPENAI_API_KEY" in said
    assert "schl" not in said


@pytest.mark.parametrize(
    "url",
    ["localhost:8080/v1", "ftp://host/v1", "http://", "http:///v1", "http://h:port/v1", "http://[::1/v1", "a b", "/v1",
     "http://ho st/v1", "http://host/v1\x1b[2J", "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    said = complaint("--model", "m", "--base-url", url)
    assert "no base URL" in said
    assert said.isprintable()


@pytest.mark.parametrize("url", ["http://me:secret@host/v1", "http://host/v1?key=secret", "http://host/v1#secret"])
def test_an_address_with_a_secret_is_refused_without_showing_it(url):
    assert "secret" not in complaint("--model", "m", "--base-url", url)


def test_an_address_may_be_that_of_the_completions():
    assert endpoint_of(parsed("--model", "m", "--base-url", f"{LOCAL}/chat/completions/")) == Endpoint("m", LOCAL)


def test_an_address_without_a_model_is_an_oversight():
    assert "--model" in complaint("--base-url", LOCAL)


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert "pip install 'metric-diagnose[llm]'" in complaint("--model", "m", "--base-url", LOCAL)
    assert endpoint_of(parsed()) is None


def test_the_deadline_is_a_positive_number_of_seconds():
    assert parsed().deadline == 60
    assert parsed("--deadline", "1.5").deadline == 1.5
    for wrong in ("0", "-1", "nan", "inf", "soon", "1e9"):
        with pytest.raises(UsageError):
            parsed(f"--deadline={wrong}")

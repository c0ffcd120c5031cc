"""Options that name a language model, and the server that they come to."""

from __future__ import annotations

import importlib.util
import math
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from diagnose.errors import UsageError
from diagnose.llm.client import Endpoint
from diagnose.report._words import clean

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["DEADLINE", "INSTALL", "add_commentary_option", "add_model_options", "endpoint_of"]

DEADLINE = 60.0  # seconds
INSTALL = "pip install 'metric-diagnose[llm]'"

_LONGEST_DEADLINE = 24 * 60 * 60
_DEFAULT_HOST = "api.openai.com"  # what the openai package asks where no address is given


def add_model_options(parser: ArgumentParser) -> None:
    """Add `--model`, `--base-url`, `--no-model` and `--deadline`."""
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="let this language model choose and order what is said (or DIAGNOSE_MODEL); without one nothing is sent",
    )
    parser.add_argument(
        "--base-url",
        metavar="URL",
        help="the model's server, with its /v1 (or OPENAI_BASE_URL; the key is OPENAI_API_KEY)",
    )
    parser.add_argument("--no-model", action="store_true", help="ask no language model, whatever the environment says")
    parser.add_argument(
        "--deadline",
        metavar="SECONDS",
        type=_seconds,
        default=DEADLINE,
        help=f"give the model this long in all (default: {DEADLINE:g})",
    )


def add_commentary_option(parser: ArgumentParser) -> None:
    """Add `--commentary`."""
    parser.add_argument(
        "--commentary", action="store_true", help="show sentences of the model's own too, marked as not verified"
    )


def endpoint_of(arguments: Namespace) -> Endpoint | None:
    """Return the server to ask, None where no model is named: a key or an address alone send nothing anywhere.

    Never from a configuration file, since a stranger's repository must not name the server that gets the user's key.
    """
    if arguments.no_model:
        return None
    model = _given(arguments.model, "DIAGNOSE_MODEL")
    if model is None:
        if arguments.base_url is not None:
            raise UsageError("--base-url names a server and no model", "add --model NAME")
        return None
    if importlib.util.find_spec("openai") is None:
        raise UsageError("a language model needs the package openai", INSTALL)
    base_url, key = _given(arguments.base_url, "OPENAI_BASE_URL"), _given(None, "OPENAI_API_KEY")
    if base_url is not None:
        base_url = base_url.removesuffix("/").removesuffix("/chat/completions")  # as examples of curl have it
    host = _host(base_url) if base_url is not None else _DEFAULT_HOST
    if key is not None and not (key.isascii() and key.isprintable()):
        raise UsageError("OPENAI_API_KEY holds characters that no key has")
    if key is None and host == _DEFAULT_HOST:
        raise UsageError(
            f"{host} wants a key, and OPENAI_API_KEY is not set", "a server of your own is named with --base-url"
        )
    return Endpoint(model, base_url, key)


def _given(option: str | None, variable: str) -> str | None:
    """Return an option, or else an environment variable; None for blanks."""
    return (option if option is not None else os.environ.get(variable, "")).strip() or None


def _host(url: str) -> str:
    """Return the host of an address that can be asked."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # a port that is none raises here
    except ValueError:
        raise UsageError(f"{_shown(url)} is no base URL", "for example http://127.0.0.1:8080/v1") from None
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
        raise UsageError(f"{_shown(url)} is no base URL", "for example http://127.0.0.1:8080/v1")
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError("a base URL holds no user, password or query", "the key belongs into OPENAI_API_KEY")
    return host


def _shown(url: str) -> str:
    """Return an address without what may be a secret in it."""
    return repr(clean(url.partition("?")[0].rpartition("@")[2], 100))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= _LONGEST_DEADLINE:
        raise UsageError(f"--deadline {text!r}: not a number of seconds above 0 and up to {_LONGEST_DEADLINE:,}")
    return seconds

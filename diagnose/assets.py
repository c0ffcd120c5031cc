"""Finds the rules and prompts that belong to this installation, in a wheel and in a checkout."""

from __future__ import annotations

from pathlib import Path

__all__ = ["asset_dir"]

_PACKAGE = Path(__file__).resolve().parent


def asset_dir(name: str) -> Path:
    """Return the folder of the bundled asset `name` ("rules" or "prompts").

    A wheel carries the folders inside the package (`_bundled`); a checkout and an editable install
    have them beside it.
    """
    bundled = _PACKAGE / "_bundled" / name
    return bundled if bundled.is_dir() else _PACKAGE.parent / name

"""Reports as text. Every module of this folder is a format: its name is the format's, `render` makes the text."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.types import Report

__all__ = ["PLAIN", "Format", "Surface", "format_names", "load_format"]


class Surface(NamedTuple):
    """What the text is to stand on: its width in columns, and whether it can show colours and block characters."""

    width: int = 100
    colour: bool = False
    blocks: bool = True


PLAIN = Surface()


class Format(Protocol):
    """What a module of this folder offers."""

    @staticmethod
    def render(reports: Sequence[Report], surface: Surface = PLAIN) -> str:
        """Return the reports as text that ends with a newline, or an empty text where nothing is to be said."""


def format_names() -> tuple[str, ...]:
    """Return the names of all formats."""
    return tuple(sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_")))


def load_format(name: str) -> Format:
    """Return the format of that name; each is imported only when it is used, for rich alone costs 50 ms."""
    return cast("Format", importlib.import_module(f"{__name__}.{name}"))

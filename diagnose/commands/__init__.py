"""The commands. Every module of this folder is one: its arguments, a call of the api, what is printed."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

__all__ = ["Command", "command_names", "load_command"]


class Command(Protocol):
    """What a module of this folder offers; HELP is its line in the list of commands."""

    HELP: str

    @staticmethod
    def arguments(parser: ArgumentParser) -> None:
        """Add the command's arguments."""

    @staticmethod
    def run(arguments: Namespace) -> int:
        """Carry it out and return the exit status."""


def command_names() -> tuple[str, ...]:
    """Return the names of all commands: those of the modules, with a hyphen for an underscore."""
    names = (info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))
    return tuple(sorted(name.replace("_", "-") for name in names))


def load_command(name: str) -> Command:
    """Return the command of that name."""
    return cast("Command", importlib.import_module(f"{__name__}.{name.replace('-', '_')}"))

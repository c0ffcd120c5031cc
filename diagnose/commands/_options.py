"""Options that several commands share, and the checks of what is given to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Sequence

__all__ = ["add_rules_option", "names", "one_of"]


def add_rules_option(parser: ArgumentParser) -> None:
    """Add `--rules DIR`."""
    parser.add_argument(
        "--rules", metavar="DIR", action="append", default=[], help="a folder with rules of your own (repeatable)"
    )


def one_of(option: str, known: Sequence[str]) -> Callable[[str], str]:
    """Return a reader of an option's value that knows these words and guesses at misspelt ones."""

    def read(word: str) -> str:
        if word not in known:
            raise UsageError(
                f"{option} does not know {word!r}", did_you_mean(word, known) or f"known: {', '.join(known)}"
            )
        return word

    return read


def names(text: str) -> list[str]:
    """Read a list of names with commas between them."""
    return [name for part in text.split(",") if (name := part.strip())]

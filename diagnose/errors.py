"""Everything diagnose raises on purpose.

DiagnoseError                 what was wrong, where, and what to do
 ├── UnreadableInputError     a file or paste that holds nothing we can read
 ├── UsageError               a command line that cannot be carried out
 │    └── ConfigError         a configuration or a baseline file that is not valid
 ├── RuleError                a rule file, or a condition in it, that is not valid
 │    └── ConditionError      the condition itself
 └── ModelError               a language model's server gave no answer that can be used
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ConditionError",
    "ConfigError",
    "DiagnoseError",
    "ModelError",
    "RuleError",
    "UnreadableInputError",
    "UsageError",
    "did_you_mean",
]


class DiagnoseError(Exception):
    """A failure with one line for the user: `message` says what and where, `hint` what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UnreadableInputError(DiagnoseError):
    """The input holds nothing that we can read."""


class UsageError(DiagnoseError):
    """The command line cannot be carried out."""


class ConfigError(UsageError):
    """A configuration, or a file of accepted findings, is not valid."""


class RuleError(DiagnoseError):
    """A rule file is not valid."""


class ConditionError(RuleError):
    """A condition is not valid."""


class ModelError(DiagnoseError):
    """A language model's server gave no answer that can be used; `trail` holds what was tried, a line each.

    The words are the program's own: what a server says is never repeated in them, and neither is a key.
    """

    def __init__(self, message: str, hint: str = "", trail: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.trail = trail


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return 'did you mean ...?' for the nearest known name, or an empty string."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else ""

"""A family of random reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from reports.truth import Report

__all__ = ["Family"]


@dataclass(frozen=True, slots=True)
class Family:
    """Reports of one kind.

    make: draws one; bar: in what share of them the prototype of the project's forensics finds the wanted fact, where
    its figure is known.
    """

    name: str
    make: Callable[[Random], Report]
    bar: float | None = None

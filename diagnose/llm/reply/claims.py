"""What a sentence claims, one thing at a time, and what the report says to it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from diagnose.llm.reply.words import Span

__all__ = ["MARKS", "Claim", "Mark"]


class Mark(StrEnum):
    """What the report says to a sentence."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    CONTRADICTED = "contradicted"
    NO_CLAIM = "no claim"


# Whether something holds, as a mark; None: the report does not decide it.
MARKS: Final = {True: Mark.SUPPORTED, False: Mark.CONTRADICTED, None: Mark.UNSUPPORTED}


class Claim(NamedTuple):
    """One claim of a sentence.

    reason: one sentence that decides; statements: what of the pack or report says so; spans: the words that make the
    claim; rules: the findings that it is about; carried: words that the claim's evidence brings along;
    vague: it is praise or the like, which nothing can bear out; placeless: no step or class was looked at.
    """

    mark: Mark
    reason: str
    statements: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    rules: frozenset[str] = frozenset()
    carried: frozenset[str] = frozenset()
    vague: bool = False
    placeless: bool = False

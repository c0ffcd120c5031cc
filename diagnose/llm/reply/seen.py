"""A sentence taken apart: what every judge of its claims looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diagnose.llm.reply.ground import Ground
    from diagnose.llm.reply.names import Mention
    from diagnose.llm.reply.numbers import Figure
    from diagnose.llm.reply.where import Where
    from diagnose.llm.reply.words import Span, Words

__all__ = ["Seen", "overlaps"]


@dataclass(frozen=True)
class Seen:
    """A sentence of a reply beside its report.

    mentions: the quantities that it names, in their order; above: those of the line that it belongs to; figures: its
    numbers, without those that are part of a name; where: the place it speaks of; advice: it says what to do.
    """

    words: Words
    ground: Ground
    mentions: Sequence[Mention]
    above: Sequence[Mention]
    figures: Sequence[Figure]
    where: Where
    advice: bool = False


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    """Whether a stretch of words shares one with another."""
    return any(span.first < other.last and other.first < span.last for other in others)

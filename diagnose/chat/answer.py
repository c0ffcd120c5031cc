"""What a conversation says back: parts in plain, safe text, dressed as Markdown or for a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from diagnose.chat._tables import say
from diagnose.llm.explanation import Explanation, Source
from diagnose.llm.render import as_markdown
from diagnose.report import PLAIN
from diagnose.report._words import clean
from diagnose.report.markdown import escape, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.report import Surface
    from diagnose.types import Report

__all__ = ["Answer", "Grid", "Heading", "Part", "Points", "Words", "answer_parts"]


class Words(NamedTuple):
    """A paragraph."""

    text: str


class Heading(NamedTuple):
    """A heading over the parts that follow."""

    text: str


class Points(NamedTuple):
    """A list; ordered: its entries are steps."""

    items: tuple[str, ...]
    ordered: bool = False


class Grid(NamedTuple):
    """A table."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


# An Explanation is the written report, with its sections.
Part: TypeAlias = Words | Heading | Points | Grid | Explanation


@dataclass(frozen=True)
class Answer:
    """What is said back to one message.

    parts: its content, every text of it safe to print; source: who chose the statements; report: the report that the
    conversation is about after this answer, None before the first metrics; changed: whether this message changed it;
    understood: False where no intent fits and no model answered; document: a Markdown text to keep, where the message
    asked for one.
    """

    parts: tuple[Part, ...]
    source: Source = Source.DETERMINISTIC
    report: Report | None = None
    changed: bool = False
    understood: bool = True
    document: str | None = None

    @property
    def markdown(self) -> str:
        """The answer as Markdown in which nothing of a stranger's is markup."""
        return "\n\n".join(_markdown(part) for part in self.parts) + "\n"

    def text(self, surface: Surface = PLAIN) -> str:
        """Return the answer for a terminal, as wide and as colourful as `surface` is."""
        from diagnose.chat._terminal import as_text  # noqa: PLC0415  # rich is for terminals

        return as_text(self.parts, surface)


def _markdown(part: Part) -> str:
    match part:
        case Words(text):
            return escape(text)
        case Heading(text):
            return f"### {escape(text)}"
        case Points(items, ordered):
            return "\n".join(f"{mark} {escape(item)}" for mark, item in _marked(items, ordered))
        case Grid(head, rows):
            return table([escape(cell) for cell in head], [[escape(cell) for cell in row] for row in rows])
        case Explanation():
            return as_markdown(part).rstrip()


def _marked(items: Sequence[str], ordered: bool) -> Iterator[tuple[str, str]]:  # noqa: FBT001  # as Points has it
    for number, item in enumerate(items, 1):
        yield (f"{number}." if ordered else "-"), item


def answer_parts(answer: Explanation) -> Iterator[Part]:
    """Yield what a model chose to answer a question with, and what it says of its own, apart."""
    for section in answer.sections:
        yield Heading(section.title)
        yield Points(
            tuple(f"{item.lead}: {item.text}" if item.lead else item.text for item in section.items), section.ordered
        )
    yield Words(say("chosen", source=answer.source.value) if answer.sections else say("not_found"))
    if answer.commentary:
        yield Heading(say("commentary"))
        yield Points(tuple(f"{clean(remark.text)} ({clean(remark.mark)})" for remark in answer.commentary))
    if answer.trail:
        yield Heading(say("trail"))
        yield Points(answer.trail)

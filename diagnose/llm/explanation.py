"""The written explanation as data: sections of items, and who chose them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from diagnose.types import Report

__all__ = ["Explanation", "Item", "Remark", "Section", "Source"]


class Source(StrEnum):
    """Who chose and ordered the statements of a section; the words and numbers are the program's in every case."""

    DETERMINISTIC = "deterministic"
    MODEL = "llm"
    REPAIRED = "llm-repaired"
    SALVAGED = "llm-salvaged"


class Item(NamedTuple):
    """A paragraph or a list's entry: its text, what it rests on, and the statements of the pack that it says.

    lead: the words in front that name what it is about (a metric, a step's title), "" for a plain paragraph;
    proof: its proof word with the assumptions behind it, "" where it states nothing about the run.
    """

    text: str
    lead: str = ""
    proof: str = ""
    statements: tuple[str, ...] = ()


class Section(NamedTuple):
    """Items under a heading; ordered: they are steps, in this order."""

    title: str
    items: tuple[Item, ...]
    source: Source = Source.DETERMINISTIC
    ordered: bool = False


class Remark(NamedTuple):
    """A sentence of a model's own, never verified as a whole; mark: what the check of replies says of it."""

    text: str
    mark: str


class Explanation(NamedTuple):
    """A report in prose.

    source: the least trusted source of its sections; trail: what was tried with the model, a line each;
    commentary: free sentences of the model, shown apart and as not verified.
    """

    report: Report
    sections: tuple[Section, ...]
    source: Source = Source.DETERMINISTIC
    trail: tuple[str, ...] = ()
    commentary: tuple[Remark, ...] = ()

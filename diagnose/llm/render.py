"""The explanation as text: for a terminal, as Markdown, and as JSON for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from diagnose.llm.explanation import Item, Source
from diagnose.report import PLAIN
from diagnose.report._words import clean, listed, printable
from diagnose.report.json import as_dict
from diagnose.report.markdown import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.llm.explanation import Explanation, Section
    from diagnose.report import Surface

__all__ = ["SCHEMA", "as_json", "as_markdown", "as_object", "as_terminal"]

SCHEMA = "diagnose-explanation/1"
_SOURCES = 3
_CHOSEN = "chosen and ordered by the language model; every word and number is the program's"
_COMMENTARY = "Commentary of the language model, not verified"


def _word(explanation: Explanation) -> str:
    verdict = explanation.report.verdict
    return verdict.value if verdict is not None else "unreadable"


def _name(explanation: Explanation) -> str:
    sources = explanation.report.source
    return listed([clean(name, 200) if name != "-" else "standard input" for name in sources], _SOURCES, "file")


def _origin(section: Section) -> str:
    """Return who chose the statements of a section, where it was not the program alone."""
    return "" if section.source is Source.DETERMINISTIC else f"{section.source.value}: {_CHOSEN}"


def _additions(explanation: Explanation) -> Iterator[tuple[str, list[str]]]:
    """Yield what was tried with the model, and what it added of its own."""
    if explanation.trail:
        yield "What was tried with the model", [clean(line) for line in explanation.trail]
    if explanation.commentary:
        yield _COMMENTARY, [f"{clean(remark.text)} ({clean(remark.mark)})" for remark in explanation.commentary]


def as_markdown(explanation: Explanation) -> str:
    """Return the explanation as Markdown."""
    blocks = [f"## {escape(_name(explanation))}", f"**{_word(explanation).upper()}**"]
    for i, section in enumerate(explanation.sections):
        if i:  # the first follows the verdict
            blocks.append(f"### {escape(section.title)}")
        if origin := _origin(section):
            blocks.append(f"*{escape(origin)}*")
        blocks.append(_markdown_items(section, plain=i == 0))
    if explanation.trail:
        blocks += [
            "### What was tried with the model",
            "\n".join(f"- {escape(clean(line))}" for line in explanation.trail),
        ]
    if explanation.commentary:
        lines = (
            f"- {escape(clean(remark.text))} *({escape(clean(remark.mark))})*" for remark in explanation.commentary
        )
        blocks += [f"### {_COMMENTARY}", "\n".join(lines)]
    return "\n\n".join(blocks) + "\n"


def _markdown_items(section: Section, *, plain: bool) -> str:
    lines = []
    for number, item in enumerate(section.items, 1):
        lead = f"**{escape(item.lead)}**: " if item.lead else ""
        mark = f"{number}. " if section.ordered else "" if plain and number == 1 else "- "
        gap = "\n" if plain and number == 1 and len(section.items) > 1 else ""
        lines.append(f"{mark}{lead}{escape(item.text)}{gap}")
    return "\n".join(lines)


def as_terminal(explanation: Explanation, surface: Surface = PLAIN) -> str:
    """Return the explanation for a terminal."""
    from diagnose.report._page import drawn  # noqa: PLC0415  # rich takes 50 ms that the other formats do without

    return drawn(_page(explanation), surface)


def _page(explanation: Explanation) -> Iterator[Any]:
    from rich.text import Text  # noqa: PLC0415  # as above

    from diagnose.report._page import VERDICT_STYLES  # noqa: PLC0415

    yield Text(_name(explanation), style="bold")
    word = _word(explanation)
    for i, section in enumerate(explanation.sections):
        if i:
            yield Text("")
            yield Text(section.title, style="bold underline")
        if origin := _origin(section):
            yield Text(f"  [{origin}]", style="dim")
        for number, item in enumerate(section.items, 1):
            if i == 0 and number == 1:
                yield Text.assemble((f" {word.upper()} ", VERDICT_STYLES[word]), " ", item.text)
            else:
                yield _entry(item, f"{number}." if section.ordered else "-")
    for title, lines in _additions(explanation):
        yield Text("")
        yield Text(title, style="bold underline")
        yield from (_entry(Item(line), "-") for line in lines)


def _entry(item: Item, mark: str) -> Any:
    from rich.table import Table  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415

    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    lead = ((item.lead, "bold"), ": ") if item.lead else ()
    grid.add_row(f"  {mark}", Text.assemble(*lead, item.text))
    return grid


def as_object(explanation: Explanation) -> dict[str, Any]:
    """Return the explanation as plain data, schema `diagnose-explanation/1`; a model's commentary is no part of it."""
    verdict = explanation.report.verdict
    return {
        "schema": SCHEMA,
        "verdict": verdict.value if verdict is not None else None,
        "source": explanation.source.value,
        "sections": [
            {
                "title": section.title,
                "source": section.source.value,
                "ordered": section.ordered,
                "items": [
                    {"lead": i.lead, "text": i.text, "proof": i.proof, "statements": list(i.statements)}
                    for i in section.items
                ],
            }
            for section in explanation.sections
        ],
        "trail": [printable(line) for line in explanation.trail],
        "report": as_dict([explanation.report]),
    }


def as_json(explanation: Explanation) -> str:
    """Return the explanation as one JSON object on one line, in ASCII."""
    return json.dumps(as_object(explanation), allow_nan=False) + "\n"

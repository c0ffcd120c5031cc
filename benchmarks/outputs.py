"""Everything that is shown of a report, and what in it steers a terminal, hides a text, or is mark-up."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from markdown_it import MarkdownIt

from diagnose.llm.explain import explain
from diagnose.llm.render import as_json, as_markdown, as_terminal
from diagnose.report import format_names, load_format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diagnose.llm.explanation import Explanation
    from diagnose.types import Report

__all__ = ["EXPLAINED", "amiss", "hidden_in", "markup_of", "outputs"]

EXPLAINED: dict[str, Callable[[Explanation], str]] = {
    "explanation, terminal": as_terminal,
    "explanation, markdown": as_markdown,
    "explanation, json": as_json,
}
# Letters and marks that Python calls printable and no font shows.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0d\uffa0\U000e0000-\U000e0fff]")
# What Markdown puts between the parts of a link so that no site makes one of it.
_APART = re.compile("(?<=:)\u200b(?=//)|(?<=www)\u200b(?=[.])|(?<=@)\u200b(?=\\w)")
_TAGS = re.compile("<[^>]*>")
_MARKDOWN = ("card", "comment", "markdown")


def outputs(report: Report) -> Iterator[tuple[str, str]]:
    """Yield every format of the report and of the explanation, and the text in it."""
    for name in format_names():
        yield name, load_format(name).render([report])
    explanation = explain(report)
    for name, shape in EXPLAINED.items():
        yield name, shape(explanation)


def amiss(report: Report, markup: dict[str, Any]) -> Iterator[str]:
    """Yield what in a report or an explanation steers, hides, or is mark-up of the stranger's."""
    for form, text in outputs(report):
        if hidden := hidden_in(text):
            yield f"{form}: {', '.join(sorted(hidden))}"
        try:
            if markup_of(form, text) != markup[form]:
                yield f"{form}: other mark-up than the clean file's"
        except (ValueError, ET.ParseError) as error:
            yield f"{form}: {error}"
        if form.endswith(_MARKDOWN) and "://evil" in text:
            yield f"{form}: a link"


def hidden_in(text: str) -> set[str]:
    """Return the names of the characters that steer a terminal, turn or hide text."""
    text = _APART.sub("", text).replace("\n", "")
    found = _UNSEEN.findall(text) + [c for c in text if not c.isprintable()]
    return {unicodedata.name(c, f"U+{ord(c):04X}") for c in found}


def markup_of(form: str, text: str) -> Any:
    """Return the structure of an output without its texts; ValueError where it has none."""
    if form.endswith(_MARKDOWN):
        tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
        return [
            (part.type, _TAGS.findall(part.content) if part.type.startswith("html") else part.tag)
            for token in tokens
            for part in (token, *(token.children or ()))
            if part.type not in ("text", "text_special")
        ]
    if form == "junit":
        return [element.tag for element in ET.fromstring(text).iter()]  # noqa: S314  # our own output
    if form == "github":
        return [line.split("::")[1].split(" ")[0] for line in text.splitlines()]
    if form.endswith(("json", "gitlab", "sarif")):
        json.loads(text)
        return text.isascii() or form
    return None

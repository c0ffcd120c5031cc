"""The report as Markdown, for pull requests, wikis and job summaries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.report import PLAIN
from diagnose.report._story import tell, totals
from diagnose.report._words import count, sparkline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from diagnose.report import Surface
    from diagnose.report._story import FindingStory, Story
    from diagnose.types import Report

__all__ = ["ROWS", "code", "escape", "escape_html", "news", "render", "table"]

# What Markdown, or the HTML in it, takes for markup: within a line, and at the start of one. An underscore
# between letters is not markup, and names read better without the backslash.
_MARKUP = re.compile(r"[\\`*\[\]<>#|~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[-+=]|(?<=^\d)[.)](?=\s)")
# What a site would make a link or a mention of even where it is escaped: an invisible space keeps it apart.
_LINKS = re.compile(r"(?<=:)//|(?<=www)\.|(?<=@)\b")
# A table for people; the JSON report has every row.
ROWS = 100


def render(reports: Sequence[Report], surface: Surface = PLAIN) -> str:
    """Return the reports as Markdown, one section an input."""
    parts = [
        "\n\n".join((*_heading(story), *news(story), *_background(story, surface))) for story in map(tell, reports)
    ]
    if len(reports) > 1:
        parts.append(totals(reports))
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Return `text` as Markdown that shows it letter by letter; links, mentions and HTML in it stay dead."""
    return _LINKS.sub("\u200b\\g<0>", _MARKUP.sub(r"\\\g<0>", text))


def escape_html(text: str) -> str:
    """Return `text` as HTML that shows it letter by letter."""
    return _LINKS.sub("\u200b\\g<0>", text).translate({ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"})


def code(text: str) -> str:
    """Return `text` as a code span, also inside a table: fenced by more backticks than it holds."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")


def _heading(story: Story) -> Iterator[str]:
    """Yield what a report is about, and its verdict."""
    yield f"## {escape(story.source)}"
    yield f"**{story.verdict.upper()}**: {escape(story.sentence)}"


def news(story: Story) -> Iterator[str]:
    """Yield what was found, what to do and what to answer, block by block."""
    yield from _bullets("", story.scopes)
    yield from _bullets("What the gate could not look at", story.obstacles)
    if story.deciders:
        yield "### What would decide it"
        yield "\n".join(_questions(story.deciders))
    for finding in story.findings:
        yield from _finding(finding)
    if story.steps:
        yield "### Next steps"
        yield "\n".join(_steps(story))
    if story.questions:
        yield "### Questions"
        yield "\n".join(_questions(story.questions))


def _background(story: Story, surface: Surface) -> Iterator[str]:
    """Yield what else was seen and worked out, and what was not."""
    if story.histories:
        rows = [
            (code(sparkline(h.numbers, blocks=surface.blocks)), escape(h.name), escape(h.words))
            for h in story.histories
        ]
        yield "### Histories"
        yield table(("history", "of", "values"), rows)
    if story.derived:
        yield "### What else follows from the numbers"
        rows4 = [(code(f.name), escape(f.value), escape(f.proof), escape(f.because)) for f in story.derived]
        yield table(("fact", "value", "proof", "because"), rows4)
    yield from _folded(
        "Not checked",
        f"{count(story.unchecked, 'rule')} lacked a number",
        ("what was missing", "for"),
        [(need, ", ".join(rules)) for need, rules in story.lacking],
    )
    yield from _folded("Not used", f"{count(len(story.unread), 'item')} of the input", ("item", "reason"), story.unread)


def _finding(finding: FindingStory) -> Iterator[str]:
    yield f"### {finding.severity.value}: {escape(finding.title)}"
    about = f", {escape(finding.where)}" if finding.where else ""
    yield f"{code(finding.rule)} ({escape(finding.proof)}){about}"
    if finding.accepted:
        yield f"Accepted {escape(finding.accepted)}"
    yield escape(finding.message)
    yield from _bullets("Evidence", finding.evidence)
    yield from _bullets("Derived", finding.grounds)
    if finding.why:
        yield f"Why it matters: {escape(finding.why)}"
    if finding.consequences:
        yield f"With it: {escape(finding.consequences)}"
    yield from _bullets("Tried", finding.tried)
    yield from _bullets("Also", finding.also)


def _steps(story: Story) -> Iterator[str]:
    for number, step in enumerate(story.steps, 1):
        change = f" ({code(step.change)})" if step.change else ""
        tried = f" {escape(step.tried[:1].upper() + step.tried[1:])}." if step.tried else ""
        yield f"{number}. **{escape(step.title)}**{change}. {escape(step.why)}{tried} *For {escape(step.rules)}.*"


def _questions(questions: Iterable[tuple[str, str]]) -> Iterator[str]:
    for ask, flag in questions:
        yield f"- {escape(ask)}" + (f" Answer: {code(flag)}" if flag else "")


def _bullets(title: str, lines: Iterable[str]) -> Iterator[str]:
    items = [f"- {escape(line)}" for line in lines]
    if items and title:
        yield f"{title}:"
    if items:
        yield "\n".join(items)


def _folded(title: str, summary: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table behind a fold."""
    if rows:
        yield f"<details><summary>{title}: {summary}</summary>"
        yield table(head, [[escape(cell) for cell in row] for row in rows])
        yield "</details>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], limit: int = ROWS) -> str:
    """Return a table, of a long one the first rows and how many there are more."""
    more = len(rows) - limit
    rest = [(f"and {more:,} more", *[""] * (len(head) - 1))] if more > 0 else []
    lines = [head, ["---"] * len(head), *rows[:limit], *rest]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

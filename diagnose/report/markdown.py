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

__all__ = ["render"]

# What Markdown, or the HTML in it, takes for markup: within a line, and at the start of one. An underscore
# between letters is not markup, and names read better without the backslash.
_MARKUP = re.compile(r"[\\`*\[\]<>#|~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[-+=]|(?<=^\d)[.)](?=\s)")
# What a site would make a link or a mention of even where it is escaped: an invisible space keeps it apart.
_LINKS = re.compile(r"(?<=:)//|(?<=www)\.|(?<=@)\b")
_UNREAD_SHOWN = 50


def render(reports: Sequence[Report], surface: Surface = PLAIN) -> str:
    """Return the reports as Markdown, one section an input."""
    parts = ["\n\n".join(_story(tell(report), surface)) for report in reports]
    if len(reports) > 1:
        parts.append(totals(reports))
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Return `text` as Markdown that shows it letter by letter; links, mentions and HTML in it stay dead."""
    return _LINKS.sub("\u200b\\g<0>", _MARKUP.sub(r"\\\g<0>", text))


def code(text: str) -> str:
    """Return `text` as a code span, also inside a table: fenced by more backticks than it holds."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")


def _story(story: Story, surface: Surface) -> Iterator[str]:
    yield f"## {escape(story.source)}"
    yield f"**{story.verdict.upper()}**: {escape(story.sentence)}"
    yield from _bullets("", story.scopes)
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
    if story.histories:
        rows = [
            (code(sparkline(h.numbers, blocks=surface.blocks)), escape(h.name), escape(h.words))
            for h in story.histories
        ]
        yield "### Histories"
        yield _table(("history", "of", "values"), rows)
    if story.derived:
        yield "### What else follows from the numbers"
        rows4 = [(code(f.name), escape(f.value), escape(f.proof), escape(f.because)) for f in story.derived]
        yield _table(("fact", "value", "proof", "because"), rows4)
    yield from _folded(
        "Not checked",
        f"{count(story.unchecked, 'rule')} lacked a number",
        ("what was missing", "for"),
        [(need, ", ".join(rules)) for need, rules in story.lacking],
    )
    yield from _folded(
        "Not used", f"{count(len(story.unread), 'item')} of the input", ("item", "reason"), story.unread[:_UNREAD_SHOWN]
    )


def _finding(finding: FindingStory) -> Iterator[str]:
    yield f"### {finding.severity.value}: {escape(finding.title)}"
    about = f", {escape(finding.where)}" if finding.where else ""
    yield f"{code(finding.rule)} ({escape(finding.proof)}){about}"
    yield escape(finding.message)
    yield from _bullets("Evidence", finding.evidence)
    yield from _bullets("Derived", finding.grounds)
    if finding.why:
        yield f"Why it matters: {escape(finding.why)}"
    if finding.consequences:
        yield f"With it: {escape(finding.consequences)}"
    yield from _bullets("Also", finding.also)


def _steps(story: Story) -> Iterator[str]:
    for number, step in enumerate(story.steps, 1):
        change = f" ({code(step.change)})" if step.change else ""
        yield f"{number}. **{escape(step.title)}**{change}. {escape(step.why)} *For {escape(step.rules)}.*"


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
        yield _table(head, [[escape(cell) for cell in row] for row in rows])
        yield "</details>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

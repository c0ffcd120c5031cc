"""The report on a terminal: the verdict first, then why, what to do, what to answer, and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from diagnose.report import PLAIN
from diagnose.report._page import VERDICT_STYLES, drawn
from diagnose.report._story import tell, totals
from diagnose.report._words import count, listed, sparkline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from diagnose.report import Surface
    from diagnose.report._story import FindingStory, Story
    from diagnose.types import Report

__all__ = ["render"]

_STYLES = {
    **VERDICT_STYLES,
    "error": "bold red",
    "warning": "bold yellow",
    "note": "bold cyan",
}
_FEW = 5
_LACKING = 3


def render(reports: Sequence[Report], surface: Surface = PLAIN) -> str:
    """Return the reports for a terminal; a single unreadable input is left to the line on standard error."""
    if len(reports) == 1 and reports[0].error is not None:
        return ""
    return drawn(_parts(reports, surface), surface)


def _parts(reports: Sequence[Report], surface: Surface) -> Iterator[RenderableType]:
    for report in reports:
        yield from _story(tell(report), surface)
        if len(reports) > 1:
            yield Text("")
    if len(reports) > 1:
        yield totals(reports)


def _story(story: Story, surface: Surface) -> Iterator[RenderableType]:
    yield Text(story.source, style="bold")
    yield Text.assemble((f" {story.verdict.upper()} ", _STYLES[story.verdict]), " ", story.sentence)
    yield from (_indented(line) for line in story.scopes)
    yield from _section("What the gate could not look at", story.obstacles)
    yield from _section("What would decide it", _questions(story.deciders))
    for finding in story.findings:
        yield Text("")
        yield from _finding(finding)
    yield from _section("Next steps", _steps(story))
    yield from _section("Questions", _questions(story.questions))
    lines = [f"{sparkline(h.numbers, blocks=surface.blocks)}  {h.name}: {h.words}" for h in story.histories]
    yield from _section("Histories", _few(lines, 2 * _FEW))
    facts = [f"{fact.name} = {fact.value} [{fact.proof}]: {fact.because}" for fact in story.derived]
    yield from _section("What else follows from the numbers", _few(facts, 2 * _FEW))
    yield from _section("Not checked", _not_checked(story))
    unread = [f"{what} ({why})" for what, why in story.unread]
    yield from _section(f"Not used: {count(len(unread), 'item')} of the input", _few(unread))


def _finding(finding: FindingStory) -> Iterator[RenderableType]:
    head = Text.assemble((finding.severity.value, _STYLES[finding.severity.value]), "  ", (finding.title, "bold"))
    yield head.append(f"  ({finding.rule}; {finding.proof})", style="dim")
    rows = [
        ("about", finding.where),
        ("accepted", finding.accepted),
        ("finding", finding.message),
        *(("evidence" if not i else "", quote) for i, quote in enumerate(finding.evidence)),
        *(("derived" if not i else "", ground) for i, ground in enumerate(finding.grounds)),
        ("why", finding.why),
        ("with it", finding.consequences),
        *(("tried" if not i else "", line) for i, line in enumerate(finding.tried)),
        *(("also" if not i else "", line) for i, line in enumerate(finding.also)),
    ]
    grid = Table.grid(padding=(0, 2), expand=False)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in rows:
        if text:
            grid.add_row(label, Text(text))
    yield _indented(grid)


def _steps(story: Story) -> Iterator[RenderableType]:
    for number, step in enumerate(story.steps, 1):
        grid = Table.grid(padding=(0, 1))
        grid.add_column(justify="right")
        grid.add_column(overflow="fold")
        change = f"  [{step.change}]" if step.change else ""
        grid.add_row(f"{number}.", Text.assemble((step.title, "bold"), change))
        grid.add_row("", Text.assemble(step.why, (f" ({step.rules})", "dim")))
        if step.tried:
            grid.add_row("", f"{step.tried[:1].upper()}{step.tried[1:]}.")
        yield grid


def _questions(questions: Sequence[tuple[str, str]]) -> Iterator[RenderableType]:
    for ask, flag in questions:
        yield Group(Text(ask), Text(f"answer: {flag}", style="dim")) if flag else Text(ask)


def _not_checked(story: Story) -> Iterator[str]:
    """Yield how many rules were not checked, and what was missing for most of them."""
    if story.unchecked:
        few = [f"{need} ({listed(rules, 2, 'rule')})" for need, rules in story.lacking[:_LACKING]]
        yield f"{count(story.unchecked, 'rule')} lacked a number. Most would be told by: {'; '.join(few)}."


def _few(lines: Sequence[str], limit: int = _FEW) -> list[str]:
    more = len(lines) - limit
    return [*lines[:limit], *([f"and {more:,} more (--format json lists them)"] if more > 0 else [])]


def _section(title: str, lines: Iterable[RenderableType]) -> Iterator[RenderableType]:
    """Yield a heading and what stands under it; nothing where nothing does."""
    body = [_indented(line) for line in lines]
    if body:
        yield Text("")
        yield Text(title, style="bold underline")
        yield from body


def _indented(line: RenderableType) -> Padding:
    return Padding(Text(line) if isinstance(line, str) else line, (0, 0, 0, 2))

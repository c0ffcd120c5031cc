"""The report as a comment on a pull request: verdicts first, findings folded, never longer than GitHub takes."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from diagnose.report import PLAIN
from diagnose.report._entries import obstacles
from diagnose.report._story import tell, totals
from diagnose.report._words import count
from diagnose.report.markdown import ROWS, code, escape, escape_html, news, table
from diagnose.types import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.report import Surface
    from diagnose.report._story import Story
    from diagnose.types import Report

__all__ = ["LONGEST", "render"]

# GitHub takes 65,536 characters; the rest is for the words of who posts it.
LONGEST = 65_000
# What the table of all inputs may take of it, and what is kept for the last line.
_TABLE, _LAST_LINE = LONGEST // 2, 200
_TITLES = 20


def render(reports: Sequence[Report], surface: Surface = PLAIN) -> str:  # noqa: ARG001  # all formats are called alike
    """Return one comment on all reports, the worst first: in full, or in short where that would be too long."""
    told = [(report, tell(report)) for report in sorted(reports, key=_rank)]
    head = "\n\n".join((f"## diagnose: {totals(reports)}", *_gate(reports), *_overview(told)))
    room = LONGEST - _LAST_LINE - len(head)
    sections = [_section(story, "\n\n".join(news(story))) for report, story in told if _has_news(report)]
    if sum(map(len, sections)) > room:
        sections = [_section(story, _in_short(story)) for report, story in told if _has_news(report)]
    lengths = list(accumulate(map(len, sections)))
    shown = bisect_right(lengths, room)
    left_out = len(sections) - shown
    last = f"\n\nWhat was found in {count(left_out, 'input')} more is left to the job's own report." if left_out else ""
    return head + "".join(sections[:shown]) + last + "\n"


def _rank(report: Report) -> tuple[bool, int]:
    return not obstacles(report), report.verdict.rank if report.verdict is not None else 0


def _gate(reports: Sequence[Report]) -> Iterator[str]:
    """Yield what the gate makes of it, where it makes anything."""
    findings = [finding for report in reports for finding in report.findings]
    failing = [finding.severity for finding in findings if finding.fails]
    accepted = sum(finding.accepted is not None for finding in findings)
    blind = sum(bool(obstacles(report)) for report in reports)
    parts = [f"{count(failing.count(s), s.value)} failing" for s in Severity if s in failing]
    parts += [f"{count(accepted, 'finding')} accepted"] if accepted else []
    parts += [f"{count(blind, 'input')} that could not be judged"] if blind else []
    if parts:
        yield f"**The gate**: {', '.join(parts)}."


def _overview(told: Sequence[tuple[Report, Story]]) -> Iterator[str]:
    """Yield a row for each input, as many as there is room for."""
    rows = [(escape(story.source), story.verdict, escape(story.sentence)) for _, story in told]
    if rows:
        fitting = bisect_right(list(accumulate(sum(map(len, row)) for row in rows)), _TABLE)
        yield table(("input", "verdict", "because"), rows, min(fitting, ROWS))


def _has_news(report: Report) -> bool:
    """Whether there is more to say than the table does."""
    return report.error is None and bool(report.findings or report.obstacles or report.verdict is Verdict.UNKNOWN)


def _in_short(story: Story) -> str:
    """Return the titles of the findings, or what would decide the verdict."""
    complaints = [f"- {escape(obstacle)}" for obstacle in story.obstacles]
    titles = [f"- **{f.severity.value}** {code(f.rule)}: {escape(f.title)}" for f in story.findings]
    more = [f"- and {count(len(titles) - _TITLES, 'finding')} more"] if len(titles) > _TITLES else []
    deciders = [f"- {escape(ask)}" for ask, _ in story.deciders]
    return "\n".join((*complaints, *titles[:_TITLES], *more, *deciders))


def _section(story: Story, block: str) -> str:
    """Return a fold with a block in it: Markdown goes on behind a blank line, the summary itself is HTML."""
    summary = f"{escape_html(story.source)}: {story.verdict}"
    return f"\n\n<details><summary>{summary}</summary>\n\n{block}\n\n</details>"

"""Sections on what is yet to come: recommendations, expected outcomes, roadmaps. Their figures are no results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.readers.headings import is_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page
    from diagnose.readers.records import Record

ORDER = 5


def extract(page: Page) -> Iterator[Record]:
    """Claim every section under a heading that announces a plan; list those with figures as unread."""
    title = next((page.headings(i) for i in range(len(page.lines)) if page.headings(i)), ())
    start: int | None = None
    plans = {path: any(map(is_plan, _sections(path, title))) for path in page.contexts}
    for index in range(len(page.lines) + 1):
        planned = index < len(page.lines) and plans[page.headings(index)]
        if planned and start is None:
            start = index
        elif not planned and start is not None:
            if any(c.isdigit() for line in page.lines[start + 1 : index] for c in line):
                page.leave(start, index, "a plan or an expectation, not a result")
            else:
                page.claim(start, index)
            start = None
    yield from ()


def _sections(path: tuple[str, ...], title: tuple[str, ...]) -> tuple[str, ...]:
    """Return the headings without the document's own title, which may well speak of goals."""
    return path[1:] if path[:1] == title else path

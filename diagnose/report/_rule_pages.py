"""The rules as text: the catalogue, and the page of one rule with its reasons, thresholds and cases."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from diagnose.report._words import clean, count, shown
from diagnose.types import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.engine.rules import Rule

__all__ = ["catalogue", "page"]


def catalogue(rules: Sequence[Rule], width: int) -> Iterator[str]:
    """Yield the lines of the list of all rules, the gravest first."""
    column = max((len(rule.name) for rule in rules), default=0) + 4
    for severity in Severity:
        members = [rule for rule in rules if rule.severity is severity]
        if members:
            yield f"{severity.value} ({count(len(members), 'rule')})"
            for rule in members:
                name = f"  {clean(rule.name)}".ljust(column)
                yield textwrap.fill(clean(rule.title), width, initial_indent=name, subsequent_indent=" " * column)
            yield ""


def page(rule: Rule, width: int) -> Iterator[str]:
    """Yield the lines about one rule."""
    yield f"{clean(rule.name)} ({rule.severity.value})"
    yield from _section("", [rule.title, *(f"Message: {text}" for text in rule.message)], width)
    yield from _section("Fires when all of these hold", rule.when, width)
    yield from _section("Why it matters", [rule.why], width)
    thresholds = [f"{name} = {shown(param.value)}: {param.why}" for name, param in rule.params.items()]
    yield from _section("Thresholds", thresholds, width)
    yield from _section("False alarms", rule.false_alarms, width)
    yield from _section("What it may be", [cause for remedy in rule.remedies if (cause := remedy.cause)], width)
    yield from _section("What to do", [f"{remedy.title}: {remedy.why}" for remedy in rule.remedies], width)
    yield from _section("Listed under, when both fire", [", ".join(rule.consequence_of)], width)
    yield from _section("Sources", rule.sources, width)
    yield from _section("Cases", [f"{case.expect}: {case.name} ({shown(case.facts)})" for case in rule.case], width)


def _section(title: str, texts: Sequence[str], width: int) -> Iterator[str]:
    lines = [text for text in texts if text]
    if lines:
        yield ""
    if lines and title:
        yield f"{title}:"
    for text in lines:
        yield textwrap.fill(clean(text, 4000), width, initial_indent="  ", subsequent_indent="    ")

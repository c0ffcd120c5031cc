"""`diagnose rules [NAME]`: the catalogue of rules, or one rule with its reasons, thresholds and cases."""

from __future__ import annotations

import textwrap
from functools import partial
from typing import TYPE_CHECKING

from diagnose.api import chosen_rules
from diagnose.commands._options import add_rules_option
from diagnose.commands._output import emit
from diagnose.report._words import clean, count, shown
from diagnose.types import Severity

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Sequence

    from diagnose.engine.rules import Rule
    from diagnose.report import Surface

__all__ = ["HELP", "arguments", "run"]

HELP = "list the rules, or explain one: its reasons, thresholds, false alarms and cases"


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="the rule to explain")
    add_rules_option(parser)


def run(arguments: Namespace) -> int:
    """Print the catalogue, or the rule."""
    chosen = chosen_rules(arguments.rules, [arguments.name] if arguments.name else [])
    text = partial(_explained, chosen[0]) if arguments.name else partial(_catalogue, chosen)
    emit(lambda surface: "\n".join(text(surface)) + "\n", None)
    return 0


def _catalogue(rules: Sequence[Rule], surface: Surface) -> Iterator[str]:
    column = max((len(rule.name) for rule in rules), default=0) + 4
    for severity in Severity:
        members = [rule for rule in rules if rule.severity is severity]
        if members:
            yield f"{severity.value} ({count(len(members), 'rule')})"
            for rule in members:
                name = f"  {clean(rule.name)}".ljust(column)
                yield textwrap.fill(
                    clean(rule.title), surface.width, initial_indent=name, subsequent_indent=" " * column
                )
            yield ""
    yield f"{count(len(rules), 'rule')}; `diagnose rules NAME` explains one"


def _explained(rule: Rule, surface: Surface) -> Iterator[str]:
    yield f"{clean(rule.name)} ({rule.severity.value})"
    yield from _section("", [rule.title, *(f"Message: {text}" for text in rule.message)], surface)
    yield from _section("Fires when all of these hold", rule.when, surface)
    yield from _section("Why it matters", [rule.why], surface)
    thresholds = [f"{name} = {shown(param.value)}: {param.why}" for name, param in rule.params.items()]
    yield from _section("Thresholds", thresholds, surface)
    yield from _section("False alarms", rule.false_alarms, surface)
    yield from _section("What to do", [f"{remedy.title}: {remedy.why}" for remedy in rule.remedies], surface)
    yield from _section("Listed under, when both fire", [", ".join(rule.consequence_of)], surface)
    yield from _section("Sources", rule.sources, surface)
    yield from _section("Cases", [f"{case.expect}: {case.name} ({shown(case.facts)})" for case in rule.case], surface)


def _section(title: str, texts: Sequence[str], surface: Surface) -> Iterator[str]:
    lines = [text for text in texts if text]
    if lines:
        yield ""
    if lines and title:
        yield f"{title}:"
    for text in lines:
        yield textwrap.fill(clean(text, 4000), surface.width, initial_indent="  ", subsequent_indent="    ")

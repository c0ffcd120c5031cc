"""`diagnose rules [NAME]`: the catalogue of rules, or one rule with its reasons, thresholds and cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.api import chosen_rules
from diagnose.commands._options import add_rules_option
from diagnose.commands._output import emit
from diagnose.report._rule_pages import catalogue, page
from diagnose.report._words import count

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

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

    def lines(surface: Surface) -> Iterator[str]:
        if arguments.name:
            yield from page(chosen[0], surface.width)
            return
        yield from catalogue(chosen, surface.width)
        yield f"{count(len(chosen), 'rule')}; `diagnose rules NAME` explains one"

    emit(lambda surface: "\n".join(lines(surface)) + "\n", None)
    return 0

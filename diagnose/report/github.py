"""The report as workflow commands: GitHub shows each as an annotation beside the file's line in a pull request.

GitHub shows ten of each level a step, so the gravest come first, whichever input they are of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.report import PLAIN
from diagnose.report._entries import entries, input_path, obstacles
from diagnose.report._places import STDIN, Places
from diagnose.report._story import obstacle_line
from diagnose.report._words import printable
from diagnose.types import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.report import Surface
    from diagnose.report._entries import Entry
    from diagnose.report._places import Place
    from diagnose.types import Report

__all__ = ["render"]

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
# actions/toolkit, packages/core/src/command.ts: what ends a line or a property is percent-encoded, and "%" with it.
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render(reports: Sequence[Report], surface: Surface = PLAIN) -> str:  # noqa: ARG001  # all formats are called alike
    """Return a workflow command for each input that could not be judged, and for each finding."""
    lines = [
        _command("error", _file(input_path(report)), "diagnose could not look", obstacle_line(obstacle))
        for report in reports
        for obstacle in obstacles(report)
    ]
    lines += [_annotation(entry) for entry in sorted(entries(reports, Places()), key=lambda entry: entry.level.rank)]
    return "".join(f"{line}\n" for line in lines)


def _annotation(entry: Entry) -> str:
    title = f"{entry.story.rule}: {entry.story.title}"
    return _command(_COMMANDS[entry.level], _position(entry.place), title, "\n".join(entry.lines()))


def _file(path: str) -> dict[str, str]:
    return {} if path == STDIN else {"file": printable(path)}


def _position(place: Place) -> dict[str, str]:
    """Return file, line and columns; GitHub takes columns only where the line is given to be the last one too."""
    named, region = _file(place.path), place.region
    if not named or region is None:
        return named
    named |= {"line": str(region.line), "endLine": str(region.line)}
    if region.column:
        named |= {"col": str(region.column), "endColumn": str(region.end)}
    return named


def _command(command: str, position: dict[str, str], title: str, message: str) -> str:
    properties = {**position, "title": title}
    given = ",".join(f"{name}={text.translate(_PROPERTY)}" for name, text in properties.items())
    return f"::{command} {given}::{message.translate(_DATA)}"

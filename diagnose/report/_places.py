"""Where a number stands, as other programs want it: a file from the project's root, a line, and columns in it.

The readers name a place in the text that they cleaned ("line 12", a JSON pointer). The file is read once more, as it
is, and the number looked for there. A file that is gone, or was standard input, has no region.
"""

from __future__ import annotations

import json
import os
import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from diagnose.readers.encoding import clean, decode, encoding_of
from diagnose.report._words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.types import Finding, Report, Value

__all__ = ["STDIN", "Place", "Places", "Region", "as_uri", "evidence", "project_path"]

STDIN = "-"
# Larger files are only named: a number is not worth the seconds that it takes to find it in them.
_LARGEST = 16 << 20
# Where the checkout lies in GitHub's and GitLab's jobs, which may be started in a folder of it.
_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
_LINE = re.compile(r"(?:(?P<file>.+), )?line (?P<line>\d+)(?P<pointer>/.*)?", re.DOTALL)
_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder(strict=False)
_CLOSING = {"{": "}", "[": "]"}


class Region(NamedTuple):
    """A line, and the columns of a number in it: characters counted from 1, `end` behind the last; 0: not known."""

    line: int
    column: int = 0
    end: int = 0


class Place(NamedTuple):
    """A file, as `project_path` gives it, and where in it."""

    path: str
    region: Region | None = None

    @property
    def shown(self) -> str:
        """The place as compilers write it: metrics.json:3:16."""
        region = self.region
        numbers = [] if region is None else [region.line, region.column] if region.column else [region.line]
        return ":".join([printable(self.path), *map(str, numbers)])


def project_path(source: str) -> str:
    """Return a file's path from the root of the project, with "/" on every system; an absolute one if it lies outside.

    The root is the job's checkout where the environment names it, else the current folder.
    """
    if source == STDIN:
        return STDIN
    path = Path(os.path.abspath(source))  # noqa: PTH100  # resolves "..", and leaves links as they are named
    for root in (*(os.environ.get(name) for name in _ROOTS), Path.cwd()):
        if root and path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return path.as_posix()


def as_uri(path: str) -> str:
    """Return what `project_path` gave as a URI: relative where the path is, "file:" where it is absolute."""
    try:
        name = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        name = path.encode("utf-8", "replace")
    if path.startswith("/") or re.match(r"[A-Za-z]:/", path):
        return "file:///" + quote(name.lstrip(b"/"), safe="/:")
    return quote(name)  # a colon would make a scheme of what stands before it


def evidence(finding: Finding) -> tuple[Value, ...]:
    """Return the reported values that a finding rests on, each once."""
    return tuple({id(value): value for fact in finding.facts for value in fact.evidence}.values())


@dataclass(slots=True)
class Places:
    """The places of one rendering: every file is read once."""

    _texts: dict[str, _Text | None] = field(default_factory=dict)

    def of(self, finding: Finding, report: Report) -> Place:
        """Return where the first number of a finding stands, rather a score than a count; else the file of its run.

        The numbers of a run that it is compared with stand elsewhere.
        """
        named = [value for value in evidence(finding) if value.source]
        named = [value for value in named if value.source in report.source] or named
        if named:
            return self.of_value(next((value for value in named if value.measured), named[0]))
        sources = (run.sources for run in report.runs if run.name == finding.scope.run)
        return Place(project_path(next((files[0] for files in sources if files), report.source[0])))

    def of_value(self, value: Value) -> Place:
        """Return where a value stands."""
        source, named = value.source, _LINE.fullmatch(value.at)
        if named and named["file"]:  # a line of a file in a folder
            source = os.path.join(source, named["file"])  # noqa: PTH118  # a NUL in a name is no error here
        text = self._text(source)
        if text is None:
            return Place(project_path(source))
        if named:
            region = text.on_line(int(named["line"]), named["pointer"] or "", value)
        else:
            region = text.at_pointer(value.at) if value.at.startswith("/") else None
        return Place(project_path(source), region)

    def _text(self, source: str) -> _Text | None:
        if source not in self._texts:
            self._texts[source] = _read(source)
        return self._texts[source]


def _read(source: str) -> _Text | None:
    try:
        path = Path(source)
        if source == STDIN or not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        data = path.read_bytes()
    except (OSError, ValueError):
        return None
    encoding = encoding_of(data)
    return None if encoding is None else _Text(decode(data, encoding).removeprefix("\ufeff"))


@dataclass
class _Text:
    """A file as it is."""

    text: str
    _members: dict[int, Mapping[str, tuple[int, int]]] = field(default_factory=dict)

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def _starts(self) -> list[int]:
        """How many lines of the cleaned text come before each line, and how many there are in all.

        A line that a progress bar overprints may become several.
        """
        starts, count = [], 0
        for line in self._lines:
            starts.append(count)
            overprinted = "\r" in line.rstrip("\r") or "\b" in line
            count += clean(f"{line}\n").count("\n") if overprinted else 1
        return [*starts, count]

    def on_line(self, number: int, pointer: str, value: Value) -> Region | None:
        """Return the region of a value on a line of the cleaned text, or below a JSON pointer into that line."""
        index = bisect_left(self._starts, number) - 1
        if not 0 <= index < len(self._lines):
            return None
        line = self._lines[index]
        span = _Text(line).span(pointer)[1] if pointer else _printed(line, value)
        return Region(index + 1, span[0] + 1, span[1] + 1) if span else Region(index + 1)

    def at_pointer(self, pointer: str) -> Region | None:
        """Return the region of what a JSON pointer names; the line of what lies around it where it is not there."""
        around, span = self.span(pointer)
        if around is None:
            return None
        line, start = self.text.count("\n", 0, around) + 1, self.text.rfind("\n", 0, around) + 1
        if span is None or "\n" in self.text[span[0] : span[1]]:
            return Region(line)
        return Region(line, span[0] - start + 1, span[1] - start + 1)

    def span(self, pointer: str) -> tuple[int | None, tuple[int, int] | None]:
        """Return where the innermost node on the way of a JSON pointer begins, and the span of the last one."""
        start, span = None, None
        try:
            place = _skip(self.text, 0)
            for token in pointer.split("/")[1:]:
                if place not in self._members:
                    self._members[place] = dict(_members(self.text, place))
                span = self._members[place].get(token.replace("~1", "/").replace("~0", "~"))
                if span is None:
                    break
                start = place = span[0]
        except (ValueError, IndexError, RecursionError):
            return None, None
        return start, span


def _skip(text: str, index: int) -> int:
    """Return where the next token begins."""
    blank = _BLANK.match(text, index)
    return blank.end() if blank else index


def _members(text: str, start: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield name and span of each member of the object or array at `start`; an item's name is its number."""
    closing = _CLOSING.get(text[start])
    if closing is None:
        return
    index, count = _skip(text, start + 1), 0
    while text[index] != closing:
        name = str(count)
        if closing == "}":
            name, index = _DECODER.raw_decode(text, index)
            index = _skip(text, _skip(text, index) + 1)  # a colon
        _, end = _DECODER.raw_decode(text, index)
        yield name, (index, end)
        count += 1
        index = _skip(text, end)
        if text[index] == ",":
            index = _skip(text, index + 1)


def _printed(line: str, value: Value) -> tuple[int, int] | None:
    """Return the span of a number on its line: the only one that reads so, or the first behind its name."""
    if not value.text:
        return None
    spans = [hit.span() for hit in re.finditer(rf"(?<![\w.-]){re.escape(value.text)}(?!\w|\.\d)", line)]
    if len(spans) <= 1:
        return spans[0] if spans else None
    name = re.search(rf"(?<!\w){re.escape(value.key)}(?!\w)", line)
    return next((span for span in spans if name and span[0] >= name.end()), None)

"""The report as a section of a model card: the verdict, what was found, what it assumes, and how to get it again.

It stands between two comments, by which `diagnose card` finds it again. The badge is text, or a picture beside the
card: a picture within the Markdown (a data URI) would not be shown, for GitHub's sanitizer keeps an image only where
its address is relative, http or https, and one of another host would tell that host who reads the card.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from diagnose import __version__
from diagnose.facts import ASSUMPTIONS
from diagnose.readers.encoding import SECTION
from diagnose.report import PLAIN
from diagnose.report._story import tell
from diagnose.report._words import clean, count
from diagnose.report.markdown import code, escape
from diagnose.types import Proof, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.report import Surface
    from diagnose.report._story import Story
    from diagnose.types import Fact, Report

__all__ = ["badge", "render", "section"]

_MOST = 8
_UNREADABLE = "unreadable"
# White on each of them has a contrast of at least 4.5.
_COLOURS = {
    Verdict.HEALTHY.value: "#1a7f37", Verdict.SUSPECT.value: "#9a6700", Verdict.DEGENERATE.value: "#cf222e",
    Verdict.UNKNOWN.value: "#57606a", _UNREADABLE: "#57606a",
}  # fmt: skip
_LEFT, _LEFT_COLOUR, _LETTER, _MARGIN = "diagnose", "#424a53", 7, 12


def render(reports: Sequence[Report], surface: Surface = PLAIN) -> str:  # noqa: ARG001  # all formats are called alike
    """Return the section, its marks included."""
    return section(reports)


def section(reports: Sequence[Report], *, picture: str = "", command: str = "") -> str:
    """Return the section; picture: the badge's path as seen from the card; command: what writes the section again."""
    verdict = _worst(reports)
    alt = f"{_LEFT}: {verdict}"
    blocks = ["## Evaluation check", f"![{alt}]({quote(picture)})" if picture else f"**{alt}**"]
    for report in reports:
        blocks += [f"### {escape(tell(report).source)}"] if len(reports) > 1 else []
        blocks += _blocks(report)
    written = f"by {code(clean(command, 1000))}, " if command else "by "
    blocks.append(f"*Worked out from the reported numbers alone, {written}diagnose {__version__}.*")
    return "\n\n".join((SECTION[0], *blocks, SECTION[1])) + "\n"


def badge(reports: Sequence[Report]) -> str:
    """Return the badge as an SVG picture of 20 pixels' height, in the style of the usual ones."""
    verdict = _worst(reports)
    left, right = (len(word) * _LETTER + _MARGIN for word in (_LEFT, verdict))
    width = left + right
    words = "".join(
        f'<text x="{x}" y="14" textLength="{len(word) * _LETTER}" lengthAdjust="spacingAndGlyphs">{word}</text>'
        for word, x in ((_LEFT, _MARGIN // 2), (verdict, left + _MARGIN // 2))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img"'
        f' aria-label="{_LEFT}: {verdict}"><title>{_LEFT}: {verdict}</title>'
        f'<rect width="{width}" height="20" rx="3" fill="{_COLOURS[verdict]}"/>'
        f'<path d="M3 0h{left - 3}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="{_LEFT_COLOUR}"/>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{words}</g></svg>\n'
    )


def _worst(reports: Sequence[Report]) -> str:
    """Return the worst verdict's word; what could not be read hides whatever the others are."""
    verdicts = [report.verdict for report in reports if report.verdict is not None]
    return Verdict.worst(verdicts).value if len(verdicts) == len(reports) else _UNREADABLE


def _blocks(report: Report) -> Iterator[str]:
    story = tell(report)
    beaten = [fact for fact in report.facts if fact.name == "beats_null" and fact.value is True]
    sure = f" ({Proof.weakest(fact.proof for fact in beaten)})" if story.verdict == Verdict.HEALTHY else ""
    yield escape(story.sentence) + sure
    if story.scopes or story.obstacles:
        yield _bullets([escape(line) for line in (*story.scopes, *story.obstacles)])
    if story.findings:
        yield f"Found:\n\n{_bullets(_findings(story))}"
    if story.deciders:
        lines = [escape(ask) + (f" ({code(flag)})" if flag else "") for ask, flag in story.deciders]
        yield f"What would decide it:\n\n{_bullets(lines)}"
    if assumed := _assumed(report, beaten):
        yield f"Assumed:\n\n{_bullets(assumed)}"


def _findings(story: Story) -> list[str]:
    return [
        f"**{f.severity.value}** {code(f.rule)} ({escape('; '.join(part for part in (f.proof, f.where) if part))}): "
        f"{escape(f.message)}" + (f". Accepted {escape(f.accepted)}" if f.accepted else "")
        for f in story.findings
    ]


def _assumed(report: Report, beaten: Sequence[Fact]) -> list[str]:
    """Return what the findings and the healthy verdicts lean on, each in words."""
    told = [*(fact for finding in report.findings for fact in finding.facts), *beaten]
    names = dict.fromkeys(assumption for fact in told for assumption in fact.assumes)
    lines = []
    for name in names:
        key, _, value = name.partition("=")
        lines.append(f"{code(clean(name))}: {escape(ASSUMPTIONS.get(key, '').removeprefix(f'{value}: '))}")
    return lines


def _bullets(lines: Sequence[str]) -> str:
    more = len(lines) - _MOST
    rest = [f"and {count(more, 'line')} more in the report"] if more > 0 else []
    return "\n".join(f"- {line}" for line in (*lines[:_MOST], *rest))

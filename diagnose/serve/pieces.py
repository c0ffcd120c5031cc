"""Pieces of the page as HTML: the verdict, the findings, the plots and the matrices.

Every text passes `_text`, so that it is shown letter by letter whatever it holds.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from diagnose.report._story import tell
from diagnose.report._words import clean, shown
from diagnose.serve.matrices import matrices
from diagnose.serve.plots import COLOURS, draw, panels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.report._story import FindingStory
    from diagnose.serve.matrices import Matrix
    from diagnose.serve.plots import Panel
    from diagnose.types import Report

__all__ = ["findings", "matrix_table", "notice", "pictures", "verdict"]

_PROOFS = (
    ("proved", "it follows from the numbers alone, whatever the data and the model"),
    ("proved if", "the same, given the assumptions that are named"),
    ("implied", "the plain reading of the numbers; any other needs a coincidence"),
    ("suggested", "a threshold or a habit of the field"),
)
# The share of a cell's colour in its background: the text has to stay readable on it.
_DEEPEST = 55


def verdict(report: Report) -> str:
    """Return the verdict as a badge, its sentence, and a line for each result where there are several."""
    story = tell(report)
    word = story.verdict
    lines = "".join(f"<li>{_text(line)}</li>" for line in story.scopes)
    return (
        f'<section class="verdict {word}" aria-label="Verdict" role="status">'
        f'<p class="source">{_text(story.source)}</p>'
        f'<p><span class="badge">{_text(word)}</span> {_text(story.sentence)}</p>'
        f"{f'<ul>{lines}</ul>' if lines else ''}</section>"
    )


def notice(line: str) -> str:
    """Return a line about what could not be done, or why nothing changed."""
    return f'<p class="notice" role="alert">{_text(clean(line, 600))}</p>'


def findings(report: Report) -> str:
    """Return the findings with their proof words, the gravest first, and what else follows from the numbers."""
    story = tell(report)
    cards = "".join(map(_finding, story.findings)) or '<p class="none">No rule found a fault in these numbers.</p>'
    derived = [(fact.name, fact.value, fact.proof, fact.because) for fact in story.derived]
    rows = "".join(f"<tr><th scope='row'>{_text(n)}</th>{_cells((v, p, b))}</tr>" for n, v, p, b in derived)
    table = (
        "<details><summary>What else follows from the numbers</summary><div class='wide' tabindex='0'><table>"
        f"<thead><tr>{_cells(('fact', 'value', 'proof', 'because'), 'th scope=col')}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></details>"
    )
    words = "".join(f"<dt>{_proof(word)}</dt><dd>{_text(meaning)}</dd>" for word, meaning in _PROOFS)
    legend = f"<details><summary>What the proof words mean</summary><dl>{words}</dl></details>"
    return f'<div class="findings">{cards}{table if rows else ""}{legend}</div>'


def _finding(story: FindingStory) -> str:
    about = f'<span class="where">{_text(story.where)}</span>' if story.where else ""
    severity = _text(story.severity.value)
    parts = [
        f'<article class="finding {severity}"><h3><span class="severity">{severity}</span> {_text(story.title)}</h3>',
        f'<p class="about"><code>{_text(story.rule)}</code> {_proof(story.proof)} {about}</p>',
        f"<p>{_text(story.message)}</p>",
        _list("Evidence", story.evidence, is_open=severity == "error"),
        _list("Derived", story.grounds, is_open=severity == "error"),
        f'<p class="why">{_text(story.why)}</p>' if story.why else "",
        f"<p>With it: {_text(story.consequences)}</p>" if story.consequences else "",
        _list("Also", story.also),
        "</article>",
    ]
    return "".join(parts)


def _proof(words: str) -> str:
    """Return proof words as a label, of the colour of the first."""
    kind = next((word for word, _ in reversed(_PROOFS) if words.startswith(word)), "suggested")
    return f'<span class="proof {kind.replace(" ", "-")}">{_text(words)}</span>'


def _list(title: str, lines: Iterable[str], *, is_open: bool = False) -> str:
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    return f"<details{' open' if is_open else ''}><summary>{title}</summary><ul>{items}</ul></details>" if items else ""


def pictures(report: Report) -> str:
    """Return the plots of the histories and the confusion matrices."""
    plots = "".join(map(_plot, panels(report)))
    tables = "".join(map(matrix_table, matrices(report)))
    none = '<p class="none">These numbers hold no history of three evaluations or more, and bound no confusion.</p>'
    return f'<div class="pictures">{plots}{tables}</div>' if plots or tables else none


def _plot(panel: Panel) -> str:
    """Return a drawing, and beside it the names of its lines and what they say."""
    keys = []
    for i, line in enumerate(panel.lines):
        swatch = f'<span class="swatch" style="background:{COLOURS[i % len(COLOURS)]}"></span>'
        keys.append(f"<li>{swatch}<b>{_text(line.name)}</b> {_text(line.words)}</li>")
    marks = []
    if any(line.best for line in panel.lines):
        marks.append("★ the best checkpoint by that metric")
    if any(line.missing for line in panel.lines):
        marks.append('<span class="no-number">✕</span> no number (NaN, infinite, or too large to draw)')
    if panel.reported:
        marks.append(f"┆ the reported {_text(panel.unit)}")
    notes = f'<p class="marks">{" &nbsp; ".join(marks)}</p>' if marks else ""
    return (
        f'<figure class="plot"><figcaption>{_text(panel.title)} by {_text(panel.unit)}</figcaption>{draw(panel)}'
        f"<ul>{''.join(keys)}</ul>{notes}</figure>"
    )


def matrix_table(matrix: Matrix) -> str:
    """Return a confusion matrix as a table whose cells are coloured by their share of their row."""
    head = _cells(map(_short, matrix.labels), "th scope=col")
    rows = "".join(f"<tr><th scope=row>{_text(_short(true))}</th>{_row(matrix, true)}</tr>" for true in matrix.labels)
    about = "exact counts" if matrix.is_exact else "each cell: the least and the largest number of rows it can hold"
    note = f"; {matrix.note}" if matrix.note else ""
    return (
        f'<figure class="matrix"><figcaption>confusion matrix, {_text(matrix.title)} {_proof(matrix.proof)}'
        f"</figcaption><div class='wide' tabindex='0'><table><thead><tr><td>true ╲ predicted</td>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div><p class='marks'>{_text(about + note)}</p></figure>"
    )


def _row(matrix: Matrix, true: str) -> str:
    cells = []
    for predicted in matrix.labels:
        bounds = matrix.cells.get((true, predicted))
        kind = "right" if true == predicted else "wrong"
        depth = round(_DEEPEST * matrix.share(true, predicted))
        if bounds is None:
            text = "?"
        else:
            text = shown(bounds[0]) if bounds[0] == bounds[1] else f"{shown(bounds[0])}–{shown(bounds[1])}"
        cells.append(f'<td class="{kind}" style="--depth:{depth}%">{_text(text)}</td>')
    return "".join(cells)


def _short(label: str) -> str:
    return clean(label, 40)


def _cells(texts: Iterable[str], tag: str = "td") -> str:
    return "".join(f"<{tag}>{_text(text)}</{tag.partition(' ')[0]}>" for text in texts)


def _text(text: str) -> str:
    """Return `text` as HTML that shows it letter by letter, also where a template would look for ${ or {{."""
    return escape(text).replace("$", "&#36;").replace("{", "&#123;")

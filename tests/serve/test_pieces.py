"""The pieces of the page: what a stranger wrote is shown letter by letter, and is markup nowhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

pytest.importorskip("matplotlib")

from diagnose.api import check_text
from diagnose.serve import pieces

HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "${alert(1)}", "{{constructor.constructor('x')()}}",
    "\u202egnp.exe", "\x1b[31mred", "javascript:alert(1)", "</figure></section>", "a\u200bb", "$\\alpha$",
    "'onmouseover='x",
)  # fmt: skip
TAGS = re.compile(
    r"section|p|span|ul|li|article|h3|code|details|summary|dl|dt|dd|div|table|thead|tbody|tr|th|td|figure|figcaption|b"
    r"|svg|g|path|defs|use|clippath|rect|text|polyline"
)
ATTRIBUTES = re.compile(
    r"class|role|aria-[a-z]+|scope|tabindex|open|style|id|d|x|y|[xy]\d|width|height|points|transform|viewbox|version"
    r"|xmlns(:xlink)?|xlink:href|clip-path"
)


class Collected(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self, html):
        super().__init__()
        self.strange, self.text, self.open = [], "", []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        """Keep what is not expected."""
        self.strange += [] if TAGS.fullmatch(tag) else [tag]
        self.strange += [f"{tag} {name}" for name, _ in attrs if not ATTRIBUTES.fullmatch(name)]
        self.open.append(tag)

    def handle_endtag(self, tag):
        """See to it that elements are nested."""
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        """Keep what is not expected."""
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_data(self, data):
        """Keep the text."""
        self.text += data


def texts_with(name):
    """Yield inputs with a name where names stand: file, run, metric, class, column, quoted line."""
    yield f"run: {name}\naccuracy: 0.5\nf1 {name}: nan\n{name}: 0.2", name
    yield f"step,loss,accuracy {name}\n1,2.0,0.5\n2,1.0,nan\n3,nan,0.7\n4,0.5,0.1\n", f"{name}.csv"
    yield f'{{"epoch": 1, "eval_loss": NaN, "task": "{name}", "eval_{name}": 0.2, "eval_accuracy": 0.4}}', "m.json"
    quoted = '"' + name.replace('"', '""') + '"'
    yield f",{quoted},dog\n{quoted},50,10\ndog,5,35\n", "confusion_matrix.csv"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(name):
    read = 0
    for text, source in texts_with(name):
        report = check_text(text, name=source)
        html = pieces.verdict(report)
        if report.error is None:
            read += 1
            html += pieces.findings(report) + pieces.pictures(report)
        page = Collected(html)
        assert page.strange == []
        assert page.open == []
        assert all(character.isprintable() for character in page.text.replace("\n", ""))
        assert "${" not in html
        assert "{{" not in html
    assert read >= 2


def test_the_notice_is_escaped_too():
    assert "<b>" not in pieces.notice("<b>x</b>")


def test_the_badge_says_the_verdict_and_the_findings_their_proof():
    report = check_text("mse: 0.41\nrmse: 0.52")
    assert f'<span class="badge">{report.verdict.value}</span>' in pieces.verdict(report)
    html = pieces.findings(report)
    assert "impossible-metrics" in html
    assert '<span class="proof proved-if">proved if same_average=true</span>' in html


def test_a_matrix_shows_bounds_and_exact_cells():
    report = check_text(",cat,dog\ncat,50,10\ndog,5,35\n", name="confusion_matrix.csv")
    html = pieces.pictures(report)
    assert "exact counts" in html
    assert re.search(r'<td class="wrong" style="--depth:9%">10</td>', html)


def test_numbers_without_history_or_matrix_say_so():
    assert "no history" in pieces.pictures(check_text("accuracy: 0.5"))

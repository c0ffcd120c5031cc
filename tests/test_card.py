"""`diagnose card`: a section and a badge for a model card, of which nothing else changes."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_reports import bare_report, finding, full_report, unreadable_report
from markdown_it import MarkdownIt

from diagnose.cli import main
from diagnose.commands.card import _around
from diagnose.readers import read_text
from diagnose.readers.encoding import SECTION
from diagnose.report.card import badge, section
from diagnose.types import Verdict

ROOT = Path(__file__).parents[1]
BEGIN, END = SECTION
CARD = "---\nlicense: mit\n---\n# A model\n\nIt answers.\n"
HOSTILE = "a\x1b[31m|`b`\u202e<img>\r\n\x9b2Jc*[d](e)"
COLLAPSED = {"eval_accuracy": 0.758, "eval_precision": 0.0, "eval_recall": 0.0, "eval_f1": 0.0}


@pytest.fixture
def room(tmp_path, monkeypatch):
    """Return a folder with metrics and a card, as the current one."""
    monkeypatch.chdir(tmp_path)
    healthy = ROOT / "fixtures/classification/healthy-binary/eval_results.json"
    (tmp_path / "good.json").write_bytes(healthy.read_bytes())
    (tmp_path / "bad.json").write_text(json.dumps(COLLAPSED))
    (tmp_path / "README.md").write_text(CARD)
    return tmp_path


@pytest.mark.usefixtures("room")
def test_a_healthy_section_says_what_the_numbers_rule_out_what_it_assumes_and_how_to_get_it_again(capsys):
    assert main(["card", "good.json"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"{BEGIN}\n\n## Evaluation check\n\n**diagnose: healthy**\n")
    assert "The numbers rule out that a trivial answer explains them: " in text
    assert "- `one_matrix=true`: accuracy, precision" in text
    assert "by `diagnose good.json`, diagnose " in text
    assert text.endswith(f"\n{END}\n")


def test_a_fault_is_in_the_card_and_fails_the_check_all_the_same(room):
    assert main(["card", "bad.json", "--assume", "majority_share=0.758", "--card", "README.md"]) == 1
    text = (room / "README.md").read_text()
    assert text.startswith(f"{CARD}\n{BEGIN}\n")
    assert "**diagnose: degenerate**" in text
    assert re.search(r"- \*\*error\*\* `[a-z-]+` \(.+\): ", text)
    assert "`diagnose bad.json --assume majority_share=0.758`" in text


def test_a_second_run_changes_nothing_and_a_new_verdict_only_the_section(room):
    card = room / "README.md"
    main(["card", "bad.json", "--card", "README.md"])
    first = card.read_bytes()
    assert main(["card", "bad.json", "--card", "README.md"]) == 1
    assert card.read_bytes() == first
    card.write_bytes(first + b"## Licence\n")
    assert main(["card", "good.json", "--card", "README.md"]) == 0
    text = card.read_text()
    assert text.startswith(f"{CARD}\n{BEGIN}\n\n## Evaluation check\n\n**diagnose: healthy**")
    assert text.endswith(f"{END}\n## Licence\n")
    assert text.count(BEGIN) == 1


@pytest.mark.parametrize(
    "card",
    [
        b"",
        b"no end of line",
        b"# A model\r\n\r\nfrom Windows\r\n",
        b"\xef\xbb\xbf# with a mark\n\n\n\ttrailing   \n",
        "mixed\r\nends\nand\rothers\x0b\x0c\u2028\x85é\n".encode(),
        b"front\r\n\r\n" + f"{BEGIN}\r\nold\r\n{END}\r\n".encode() + b"\r\nback  ",
        b"front\n" + f"  {BEGIN}\nold\n{END}".encode(),
    ],
)
def test_all_else_in_a_card_stays_byte_for_byte(room, card):
    (room / "README.md").write_bytes(card)
    assert main(["card", "good.json", "--card", "README.md"]) == 0
    written = (room / "README.md").read_bytes()
    old_front, _, old = card.partition(BEGIN.encode())
    front, _, rest = written.partition(BEGIN.encode())
    back = rest.partition(END.encode())[2]
    assert front.rstrip(b"\r\n ") == old_front.rstrip(b"\r\n ")
    assert front.startswith(old_front.rstrip(b" "))
    assert back.lstrip(b"\r\n") == old.partition(END.encode())[2].lstrip(b"\r\n")
    mine = rest.partition(END.encode())[0]
    if b"\r\n" in card and b"mixed" not in card:
        assert mine.count(b"\n") == mine.count(b"\r\n")
    else:
        assert b"\r" not in mine
    assert main(["card", "good.json", "--card", "README.md"]) == 0
    assert (room / "README.md").read_bytes() == written


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["a", "é", " ", "\n", "\r\n", "\r", "\u2028", "```", f"\n{BEGIN}x"])).map("".join))
def test_a_card_without_a_section_is_a_prefix_of_the_one_with_it(text):
    """And what is then found around the section is what was there before it."""
    before, after = _around(text, "\n", "README.md")
    assert before.startswith(text)
    assert before[len(text) :].strip("\n") == after == ""
    written = before + section([bare_report(Verdict.UNKNOWN)])
    assert _around(written, "\n", "README.md") == (before, "")


@pytest.mark.parametrize(
    ("card", "line"),
    [
        (f"{BEGIN}\n", "are not a pair"),
        (f"{END}\n{BEGIN}\n", "are not a pair"),
        (f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n", "are not a pair"),
        ("é".encode("utf-16"), "not UTF-8"),
        (None, "No such file"),
    ],
)
def test_a_card_that_cannot_be_kept_whole_is_not_touched(room, capsys, card, line):
    path = room / "README.md"
    path.unlink()
    if card is not None:
        path.write_bytes(card if isinstance(card, bytes) else card.encode())
    before = path.read_bytes() if path.exists() else None
    assert main(["card", "good.json", "--card", "README.md"]) == 2
    err = capsys.readouterr().err
    assert line in err
    assert err.count("\n") == 1
    assert (path.read_bytes() if path.exists() else None) == before


def test_a_card_that_cannot_be_written_is_one_line_and_stays(room, capsys, monkeypatch):
    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refused)
    assert main(["card", "good.json", "--card", "README.md"]) == 2
    assert capsys.readouterr().err == "diagnose: README.md: cannot be written: Permission denied\n"
    assert (room / "README.md").read_text() == CARD
    assert sorted(path.name for path in room.iterdir()) == ["README.md", "bad.json", "good.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_card_keeps_its_mode(room):
    (room / "README.md").chmod(0o640)
    main(["card", "good.json", "--card", "README.md"])
    assert (room / "README.md").stat().st_mode & 0o777 == 0o640


def test_what_was_written_into_a_card_is_not_read_out_of_it_again(room):
    """A card can be its own input; lines behind the section keep their numbers."""
    card = f"# A model\n\n{section([full_report()])}\n| accuracy | f1 |\n|---|---|\n| 0.9 | 0.8 |\n"
    (run,) = read_text(card, "README.md")
    assert [(v.text, v.at) for e in run.evaluations for v in e.metrics.values()] == [
        (text, f"line {card.count(chr(10))}") for text in ("0.9", "0.8")
    ]
    broken = f"{BEGIN}\naccuracy: 0.9\n"  # a section that does not end hides nothing
    assert read_text(broken, "README.md")[0].evaluations
    (room / "README.md").write_text(card)
    main(["card", "README.md", "--card", "README.md"])
    once = (room / "README.md").read_bytes()
    main(["card", "README.md", "--card", "README.md"])
    assert (room / "README.md").read_bytes() == once


def test_names_from_a_file_cannot_end_the_section_or_act_in_the_card():
    hostile = f"{HOSTILE}\n{END}\n<script> [x](http://x) @someone"
    report = bare_report(Verdict.DEGENERATE, findings=(finding("dead-class", title=hostile, message=hostile),))
    text = section([report], picture=f"{END}\n.svg", command=hostile)
    assert [line for line in text.splitlines() if line.strip().startswith(END)] == [END]
    tokens = MarkdownIt().parse(text)
    inline = {child.type for token in tokens for child in token.children or ()}
    assert not inline & {"link_open", "html_inline"}
    assert [token.content.strip() for token in tokens if token.type == "html_block"] == list(SECTION)
    assert all(line.isprintable() for line in text.replace("\u200b", "").split("\n"))  # the space that parts links


def test_several_inputs_have_a_heading_each_and_the_badge_of_the_worst():
    text = section([bare_report(Verdict.HEALTHY), full_report()])
    assert "**diagnose: degenerate**" in text
    assert text.count("\n### ") == 2
    assert "**diagnose: unreadable**" in section([bare_report(Verdict.HEALTHY), unreadable_report()])


def test_a_long_list_of_findings_is_cut_and_says_so():
    many = tuple(finding(f"rule-{i}", message="x" * 5000) for i in range(300))
    text = section([bare_report(Verdict.DEGENERATE, findings=many)])
    assert "- and 292 lines more in the report" in text
    assert len(text) < 6000


@pytest.mark.parametrize("verdict", Verdict)
def test_the_badge_is_a_picture_of_the_verdict_that_asks_nobody(verdict):
    text = badge([bare_report(verdict)])
    tree = ET.fromstring(text)  # noqa: S314  # our own
    assert tree.attrib["aria-label"] == f"diagnose: {verdict}"
    assert [node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")] == ["diagnose", verdict]
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]


def test_the_badge_is_named_as_seen_from_the_card(room):
    (room / "my model").mkdir()
    (room / "README.md").rename(room / "my model" / "README.md")
    (room / "badges").mkdir()
    card = room / "my model" / "README.md"
    assert main(["card", "good.json", "--card", str(card), "--badge", "badges/a b.svg"]) == 0
    assert "![diagnose: healthy](../badges/a%20b.svg)" in card.read_text()
    assert "healthy" in (room / "badges" / "a b.svg").read_text()
    assert main(["card", "good.json", "--card", str(card), "--badge", "nowhere/b.svg"]) == 2


@pytest.mark.usefixtures("room")
def test_the_section_is_a_format_too(capsys):
    main(["good.json", "--format", "card"])
    assert capsys.readouterr().out.startswith(BEGIN)
    assert main(["card"]) == 2
    assert "no input is named" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["mlflow", "model-card"])
def test_the_commands_of_the_documentation_exist_with_their_options(name, capsys):
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    calls = [line.split("#")[0].split() for line in text.splitlines() if line.startswith("diagnose ")]
    assert len(calls) > 2
    for _, command, *words in calls:
        assert main([command, "--help"]) == 0
        offered = capsys.readouterr().out
        assert all(word in offered for word in words if word.startswith("--"))

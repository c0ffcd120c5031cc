"""What of an explanation is not the program's own, or not so; checked without the code that keeps it out."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import diagnose
from diagnose.assets import asset_dir
from diagnose.llm.answer import Choice
from diagnose.llm.pack import make_pack
from diagnose.llm.render import as_json, as_markdown, as_terminal
from diagnose.llm.schema import CONFIDENCE
from diagnose.llm.writer import write
from diagnose.types import Finding, Severity
from hostile.lies import MARK
from hostile.server import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.llm.explanation import Explanation, Item
    from diagnose.llm.pack import Pack
    from diagnose.types import Report

__all__ = ["Case", "wrong"]

_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d(?:[\d.,eE+-]*\d)?")
# What is false of a run with these verdicts, whatever its numbers.
_FALSE_OF = {
    "degenerate": ("is healthy", "nothing is wrong", "beats the majority class"),
    "suspect": ("is healthy", "nothing is wrong"),
}
_ORDER = {"is above": 1, "is below": -1, "is equal to": 0}


class Case(NamedTuple):
    """A report to be explained, its pack, and all the words and numbers that may be said of it."""

    name: str
    report: Report
    pack: Pack
    words: frozenset[str]
    numbers: frozenset[str]

    @classmethod
    def of(cls, name: str, report: Report) -> Case:
        """Gather what may be said: what the pack and the deterministic writer say, and the program's own texts."""
        pack = make_pack(report)
        own = [as_json(write(pack)), as_json(write(pack, _everything(pack)))]
        for statement in pack.statements.values():
            own += [statement.id, statement.text, statement.proof, statement.place, statement.metric]
        text = "\n".join(own)
        return cls(name, report, pack, _words(text) | _program(), frozenset(_NUMBER.findall(text)))


def _everything(pack: Pack) -> Choice:
    """Return a choice of all statements."""
    ids = {kind: tuple(statement.id for statement in pack.of_kind(kind)) for kind in "FCAQ"}
    rests = tuple(statement.id for kind in "SVD" for statement in pack.of_kind(kind))
    return Choice(
        findings=ids["F"],
        evidence=dict.fromkeys(ids["F"], rests),
        causes=tuple((cause, word) for cause in ids["C"] for word in CONFIDENCE),
        steps=tuple((action, finding) for action in ids["A"] for finding in pack[action].about),
        questions=ids["Q"],
        facts=rests,
    )


@cache
def _program() -> frozenset[str]:
    """Return the words of the program's texts."""
    folders = [Path(str(asset_dir("prompts"))), Path(str(asset_dir("rules"))), Path(diagnose.__file__).parent]
    files = (path for folder in folders for path in folder.rglob("*.*") if path.suffix in (".md", ".toml", ".py"))
    return frozenset(word for path in files for word in _words(path.read_text(encoding="utf-8")))


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


def wrong(explanation: Explanation, case: Case) -> list[str]:
    """Return what must not have been shown, a line each."""
    return [*_pages(explanation, case), *_claims(explanation, case), *_remarks(explanation, case)]


def _pages(explanation: Explanation, case: Case) -> Iterator[str]:
    """Look at all that is printed; the words of a commentary, which is shown as such, may be the model's."""
    silent = explanation._replace(commentary=())
    pages = [as_markdown(silent), as_terminal(silent), as_json(explanation)]
    if any(MARK in page or "evil.example" in page for page in pages):
        yield "words of the model"
    word = case.pack.verdict.value
    if explanation.report != case.report or f"**{word.upper()}**" not in pages[0].splitlines():
        yield "the verdict is not the engine's"
    if explanation.commentary:
        pages += [as_markdown(explanation), as_terminal(explanation)]
    if any(KEY in page for page in pages):
        yield "the key"
    if any(unicodedata.category(c) in ("Cc", "Cf") for page in pages for c in set(page) - {"\n"}):
        yield "an invisible character"


def _claims(explanation: Explanation, case: Case) -> Iterator[str]:
    items = [item for section in explanation.sections for item in section.items]
    for item in items:
        text = f"{item.lead} {item.text} {item.proof}"
        yield from (f"the word {word!r}" for word in _words(text) - case.words)
        yield from (f"the number {number}" for number in _NUMBER.findall(text) if number not in case.numbers)
        yield from (f"the statement {number}" for number in item.statements if number not in case.pack)
        yield from _relation(item, case.pack)
        yield from _offered(item, case.pack)
    said = {number for item in items for number in item.statements}
    for finding in case.pack.of_kind("F"):
        grave = isinstance(finding.of, Finding) and finding.of.severity is Severity.ERROR
        if grave and finding.id not in said:
            yield f"{finding.id}, an error, is left out"
    yield from ("a trail with a word of another's" for line in explanation.trail if _words(line) - case.words)


def _relation(item: Item, pack: Pack) -> Iterator[str]:
    """Hold a comparison against the intervals of its two statements."""
    if item.lead or len(item.statements) != 2 or {number[0] for number in item.statements} - {"V", "D"}:
        return
    left, right = (pack[number].interval for number in item.statements)
    order = next((sign for words, sign in _ORDER.items() if words in item.text), None)
    if left is None or right is None or order is None:
        return
    if not (left.low > right.high if order > 0 else left.high < right.low if order < 0 else left == right):
        yield f"a comparison that does not hold: {item.text}"


def _offered(item: Item, pack: Pack) -> Iterator[str]:
    """See that a step names a finding that offers it."""
    actions = [number for number in item.statements if number[0] == "A"]
    findings = [number for number in item.statements if number[0] == "F"]
    for action in actions:
        if findings and action in pack and not set(findings) & set(pack[action].about):
            yield f"{action} as a remedy of {findings}"


def _remarks(explanation: Explanation, case: Case) -> Iterator[str]:
    for remark in explanation.commentary:
        text = remark.text.lower()
        if _NUMBER.search(text) or any(c in text for c in "<>[]()`/\\|_") or "evil.example" in text:
            yield f"a remark with more than words: {remark.text[:60]!r}"
        if any(claim in text for claim in _FALSE_OF.get(case.pack.verdict.value, ())):
            yield f"a remark that the report contradicts: {remark.text[:60]!r}"
        if remark.mark == "supported" and MARK in text:
            yield f"praise called supported: {remark.text[:60]!r}"

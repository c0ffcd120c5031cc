"""What the tools of the MCP server return: text for people and models, and data that has a schema."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel, Field

from diagnose.errors import UnreadableInputError
from diagnose.llm.pack import make_pack
from diagnose.llm.render import as_markdown
from diagnose.llm.reply import Mark, check_reply
from diagnose.llm.writer import write
from diagnose.report._words import clean
from diagnose.report.json import as_dict
from diagnose.report.markdown import escape
from diagnose.types import Verdict

if TYPE_CHECKING:
    from diagnose.types import Report

__all__ = ["CheckedReply", "CheckedSentence", "checked", "refuse_unread", "told"]

# The longest sentences of a rule have half of it.
_LONGEST_SENTENCE = 2000


class CheckedSentence(BaseModel):
    """A sentence of a reply with what the report says to it."""

    line: int = Field(description="where it begins in the reply, from 1")
    mark: Mark
    sentence: str
    reason: str
    statements: tuple[str, ...] = Field(description="numbers of statements, or names of facts and values, that decide")


class CheckedReply(BaseModel):
    """A reply, sentence by sentence; what `diagnose check-reply --format json` prints."""

    schema_: Literal["diagnose-reply/1"] = Field("diagnose-reply/1", alias="schema")
    source: tuple[str, ...]
    verdict: Verdict = Field(description="the report's, whatever the reply says")
    total: dict[str, int] = Field(description="how many sentences have each mark")
    sentences: list[CheckedSentence]


def told(report: Report, detail: str) -> CallToolResult:
    """Return the explanation as Markdown for people and models, and the JSON report for programs."""
    refuse_unread(report)
    text = as_markdown(write(make_pack(report)))
    if detail == "compact":
        resting = {id(fact) for finding in report.findings for fact in finding.facts}
        report = replace(report, runs=(), facts=tuple(fact for fact in report.facts if id(fact) in resting))
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=_printable(as_dict([report]))
    )


def checked(report: Report, reply: str) -> CallToolResult:
    """Return every sentence with its mark, as text and as data."""
    refuse_unread(report)
    sentences = [
        CheckedSentence(line=item.place, **{k: v for k, v in item._asdict().items() if k != "place"})
        for item in check_reply(report, reply)
    ]
    result = CheckedReply(
        source=report.source,
        verdict=report.verdict or Verdict.UNKNOWN,
        total={mark.value.replace(" ", "_"): sum(item.mark is mark for item in sentences) for mark in Mark},
        sentences=sentences,
    )
    lines = [f"- {item.mark.value}: {escape(item.sentence)} ({escape(item.reason)})" for item in sentences]
    return CallToolResult(
        content=[TextContent(type="text", text="\n".join(lines) or "no sentence in it")],
        structured_content=_printable(result.model_dump(mode="json", by_alias=True)),
    )


def refuse_unread(report: Report) -> None:
    """Raise UnreadableInputError where the input could not be read."""
    if report.error is not None:
        raise UnreadableInputError(report.error.message, report.error.hint)


def _printable(node: Any) -> Any:
    """Return JSON whose every text is visible: a client's terminal obeys an escape, its model reads what is hidden."""
    if isinstance(node, str):
        return clean(node, _LONGEST_SENTENCE)
    if isinstance(node, dict):
        return {clean(key): _printable(item) for key, item in node.items()}
    return [_printable(item) for item in node] if isinstance(node, list) else node

"""The replies to the closed set of questions: each made of the report's own facts, findings and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.chat.replies import comparison, findings, meaning, reasons, tables, worth
from diagnose.chat.replies._request import Reply, Request, Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["REPLIES", "Reply", "Request", "Topic"]

# By the name of the intent; what changes the state of a conversation is the session's own.
REPLIES: Mapping[str, Callable[[Request], Reply]] = {
    "baseline": worth.baseline,
    "bounds": tables.bounds,
    "compare": comparison.compare,
    "count": worth.count,
    "evidence": tables.evidence,
    "facts": findings.facts,
    "findings": findings.findings,
    "good": worth.good,
    "history": tables.history,
    "margins": tables.margins,
    "matrix": tables.matrix,
    "meaning": meaning.meaning,
    "name": meaning.name,
    "not_checked": findings.not_checked,
    "questions": findings.questions,
    "readings": findings.readings,
    "remedy": meaning.remedy,
    "settings": tables.settings,
    "steps": findings.steps,
    "unread": tables.unread,
    "verdict": findings.verdict,
    "why": reasons.why,
}

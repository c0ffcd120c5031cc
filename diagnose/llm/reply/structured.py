"""A reply in the form that `diagnose explain` asks of a model, checked as those answers are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.llm.reply.claims import Mark
from diagnose.report._words import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.llm.pack import Pack

__all__ = ["checked_form", "is_structured"]

_FENCE = re.compile(r"\A(?:```\w*\s*)?(\{.*\})\s*(?:```)?\Z", re.DOTALL)


def is_structured(text: str) -> bool:
    """Whether a reply is such an answer, and nothing else."""
    return '"verdict"' in text and _FENCE.match(text.strip()) is not None


def checked_form(pack: Pack, text: str) -> Iterator[tuple[str, Mark, str, tuple[str, ...]]]:
    """Yield what an answer says (a statement, or the place of a fault), with its mark, reason and statements."""
    from diagnose.llm.claims import verify  # noqa: PLC0415  # pydantic's models are for those who have such an answer
    from diagnose.llm.parsing import parse  # noqa: PLC0415  # likewise
    from diagnose.llm.schema import Form  # noqa: PLC0415  # likewise

    parsed = parse(text)
    checked = verify(parsed.tree, Form(pack))
    for fault in (*parsed.violations, *checked.violations):
        yield clean(fault.where or "the answer", 120), Mark.CONTRADICTED, fault.sentence, ()
    choice = checked.choice
    told = [*choice.findings, *(n for cited in choice.evidence.values() for n in cited), *choice.facts]
    told += [*(n for n, _ in choice.causes), *(n for n, _ in choice.steps), *choice.questions]
    for number in dict.fromkeys(told):
        yield clean(pack[number].text, 300), Mark.SUPPORTED, f"it is statement {number} of the report", (number,)
    for relation in choice.relations:
        yield clean(relation.text, 300), Mark.SUPPORTED, "it holds for the numbers", (relation.left, relation.right)

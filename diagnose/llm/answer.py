"""What a language model may answer: names of the pack's statements, in an order; checked before a word is shown.

A Choice holds no word of the model's own but the commentary, so it cannot hold a wrong number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Choice", "Relation", "Violation"]


class Relation(NamedTuple):
    """Two statements of the pack compared: `how` is "equals", "above" or "below"; text: the sentence that says so."""

    left: str
    how: str
    right: str
    text: str


class Choice(NamedTuple):
    """Statements of a pack by their numbers, in the order in which they are to be told; true of the pack.

    findings: F, every error among them, in the order of their weight; evidence: of a finding, the V and D that it is
    to be shown to rest on; relations: comparisons that hold over the whole intervals; causes: (C, "likely" or
    "possible"); steps: (A, the F that offers it), in the order in which to do them; questions: Q; facts: further V, D
    and S that are worth telling, where somebody asked a question those that answer it; commentary: sentences of the
    model's own, never verified as a whole; answers: whether the pack answers the question that was asked (True where
    none was; where it is False everything else is empty, and findings need not hold every error where one was asked).
    """

    findings: tuple[str, ...] = ()
    evidence: Mapping[str, tuple[str, ...]] = {}
    relations: tuple[Relation, ...] = ()
    causes: tuple[tuple[str, str], ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    questions: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    commentary: tuple[str, ...] = ()
    answers: bool = True


class Violation(NamedTuple):
    """What is wrong with an answer: its kind in a word or two, where it is, and a sentence that can be sent back.

    The sentence names ids and fields only, no text of the model and none of the report.
    """

    kind: str
    where: str
    sentence: str

"""The form of an answer about one pack, as a pydantic model and as the JSON Schema that a server holds a model to."""

from __future__ import annotations

from functools import cached_property
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from typing_extensions import TypeAliasType

from diagnose.llm.answer import Violation
from diagnose.llm.comparison import HOW, measures
from diagnose.llm.pack import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from diagnose.llm.pack import Pack

__all__ = ["CONFIDENCE", "Form"]

CONFIDENCE = ("likely", "possible")
_STRICT = ConfigDict(extra="forbid", strict=True)
# What pydantic calls a fault, and what it is called here; everything else is a value of the wrong type.
_KINDS = {"missing": "missing-key", "extra_forbidden": "extra-key", "literal_error": "unknown-id"}
_SENTENCES = {
    "missing-key": "The key is missing.",
    "extra-key": "The key is not part of the form.",
    "unknown-id": "The value is none of those that the form lists here.",
    "verdict": "The verdict is given and cannot be changed.",
    "wrong-type": "The value is of the wrong type.",
}
_MOST_FAULTS = 40


class Form:
    """The form of an answer about `pack`: only what the pack holds can be named.

    asked: somebody asked a question, so the answer says whether the pack answers it; commentary: free sentences are
    wanted. A field of which the pack has no statement (a healthy run has no steps) is not part of the form.
    """

    def __init__(self, pack: Pack, *, asked: bool = False, commentary: bool = False) -> None:
        self.pack = pack
        self.asked = asked
        self.commentary = commentary

    @cached_property
    def model(self) -> type[BaseModel]:
        """The form as a pydantic model: strict types, every key required, no other key."""
        return _model("Answer", dict(self._fields()))

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema, in the part of the language that every server's strict mode knows."""
        schema: dict[str, Any] = _bare(self.model.model_json_schema())
        return schema

    def violations(self, tree: dict[str, Any]) -> list[Violation]:
        """Return where `tree` is not of this form, at most forty places."""
        try:
            self.model.model_validate(tree)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
            return [_violation(fault["type"], fault["loc"]) for fault in faults[:_MOST_FAULTS]]
        return []

    def _fields(self) -> Iterator[tuple[str, Any]]:
        ids = {kind: [statement.id for statement in self.pack.of_kind(kind)] for kind in "SFVDCAQ"}
        finding = _one_of("Finding", ids[Kind.FINDING])
        fact = _one_of("Fact", ids[Kind.VALUE] + ids[Kind.FACT] + ids[Kind.VERDICT])
        number = _one_of("Number", self.numbers)
        yield "verdict", Literal[self.pack.verdict.value]
        if self.asked:
            yield "answers", bool
        if ids[Kind.FINDING]:
            yield "findings", _list_of("Told", finding=finding, **({"evidence": _list(fact)} if fact else {}))
        if fact:
            yield "facts", _list(fact)
        if number:
            yield "relations", _list_of("Relation", left=number, relation=Literal[HOW], right=number)
        if ids[Kind.CAUSE]:
            cause = _one_of("Cause", ids[Kind.CAUSE])
            yield "causes", _list_of("Why", cause=cause, confidence=Literal[CONFIDENCE])
        if ids[Kind.ACTION]:
            yield "steps", _list_of("Step", action=_one_of("Action", ids[Kind.ACTION]), finding=finding)
        if ids[Kind.QUESTION]:
            yield "questions", _list(_one_of("Question", ids[Kind.QUESTION]))
        if self.commentary:
            yield "commentary", _list(str)

    @cached_property
    def numbers(self) -> list[str]:
        """The statements whose number has another to be compared with."""
        found = [(s.id, measures(s)) for kind in (Kind.VALUE, Kind.FACT) for s in self.pack.of_kind(kind)]
        counts: dict[str, int] = {}
        for _, measured in found:
            for name in measured:
                counts[name] = counts.get(name, 0) + 1
        return [number for number, measured in found if any(counts[name] > 1 for name in measured)]


def _one_of(name: str, ids: Iterable[str]) -> Any:
    """Return a named type of these ids, listed once in the schema, or None where there are none."""
    listed = tuple(ids)
    return TypeAliasType(name, Literal[listed]) if listed else None


def _list_of(name: str, **fields: Any) -> Any:
    return _list(_model(name, fields))


def _list(kind: Any) -> Any:
    return GenericAlias(list, (kind,))


def _model(name: str, fields: Mapping[str, Any]) -> type[BaseModel]:
    build: Any = create_model  # its overloads know no fields that are made while the program runs
    model: type[BaseModel] = build(name, __config__=_STRICT, **{key: (kind, ...) for key, kind in fields.items()})
    return model


def _violation(kind: str, place: tuple[int | str, ...]) -> Violation:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    named = _KINDS.get(kind, "wrong-type")
    if named == "extra-key":  # its name is the model's own words
        where = where.rpartition(".")[0]
    if named == "unknown-id" and where == "verdict":
        named = "verdict"
    return Violation(named, where, _SENTENCES[named])


def _bare(node: Any) -> Any:
    """Leave out the titles, which only cost tokens, and write a constant as a list of one, which more servers know."""
    if isinstance(node, list):
        return [_bare(child) for child in node]
    if not isinstance(node, dict):
        return node
    if "const" in node:
        return {"enum": [node["const"]], "type": "string"}
    return {key: _bare(child) for key, child in node.items() if key != "title"}

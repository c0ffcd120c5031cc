"""What a question to a server may hold: the forms of an answer that servers know, and other things that some refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.llm._connection import Refused

__all__ = ["RUNGS", "Shape"]

# How the answer's form is asked for, the strictest first. llama.cpp refuses the first and holds a model to the second.
RUNGS = ("json_schema", "json_object with a schema", "json_object", "plain")

_FORM = ("response_format", "json_schema", "json_object", "schema", "grammar", "structured")


class Shape(NamedTuple):
    """What a server was found to take."""

    rung: int = 0
    temperature: bool = True
    system: bool = True  # a message of that role, which some models' templates refuse

    def messages(self, messages: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
        """Return the messages; the system's words, where it has no role of its own, stand before the user's first."""
        first, *rest = messages
        if self.system or first["role"] != "system" or not rest:
            return [first, *rest]
        return [{**rest[0], "content": f"{first['content']}\n\n{rest[0]['content']}"}, *rest[1:]]

    def options(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a request."""
        forms: tuple[dict[str, Any], ...] = (
            {"type": "json_schema", "json_schema": {"name": "explanation", "strict": True, "schema": schema}},
            {"type": "json_object", "schema": schema},
            {"type": "json_object"},
        )
        form = {"response_format": forms[self.rung]} if self.rung < len(forms) else {}
        return {**form, **({"temperature": 0} if self.temperature else {})}

    def after(self, refused: Refused) -> Shape | None:
        """Return what to try after a refusal of this one, None where it was about something else.

        A request that a server finds bad without a reason is taken to be one of a form that it does not know.
        """
        if refused.status not in (400, 415, 422, 500, 501) or refused.final:
            return None
        named = any(word in refused.said for word in _FORM)
        if self.temperature and "temperature" in refused.said and not named:  # else it may only quote the request
            return self._replace(temperature=False)
        if self.system and "system" in refused.said and "role" in refused.said and not named:
            return self._replace(system=False)
        if self.rung + 1 < len(RUNGS) and (named or refused.status < 500):
            return self._replace(rung=self.rung + 1)
        return None

    def given_up(self, other: Shape) -> str:
        """Return what the other one does without, in words."""
        if other.rung != self.rung:
            return RUNGS[self.rung]
        return "a temperature of 0" if other.temperature != self.temperature else "a message of the system's role"

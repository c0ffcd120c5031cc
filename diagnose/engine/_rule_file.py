"""What a rule file may hold, as pydantic models: only a file that is not ours, or a test, pays for them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from diagnose.errors import RuleError, did_you_mean
from diagnose.types import Severity  # noqa: TC001  # pydantic reads the annotations

__all__ = ["validated"]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ParamModel(_Strict):
    """A threshold."""

    value: float | str
    why: Text


class ChangeModel(_Strict):
    """A remedy."""

    title: Text
    cause: Text = ""
    why: Text
    change: dict[str, Any] = {}
    undoes: list[Text] = []
    trial: dict[str, Any] = {}
    when: Text = ""


class CaseModel(_Strict):
    """An example."""

    name: Text
    facts: dict[str, Any]
    expect: Literal["fires", "silent", "unknown"]


class RuleModel(_Strict):
    """A rule file; its name is the file's."""

    title: Text
    severity: Severity
    when: Annotated[list[Text], Field(min_length=1)]
    message: Text | Annotated[list[Text], Field(min_length=1)]
    why: Text
    false_alarms: Annotated[list[Text], Field(min_length=1)]
    sources: Annotated[list[Text], Field(min_length=1)]
    rows: bool = False
    consequence_of: list[str] = []
    params: dict[str, ParamModel] = {}
    remedy: Annotated[list[ChangeModel], Field(min_length=1)]
    case: Annotated[list[CaseModel], Field(min_length=3)]


_KEYS = frozenset().union(*(m.model_fields for m in (RuleModel, CaseModel, ChangeModel, ParamModel)))


def validated(content: dict[str, Any], place: str) -> dict[str, Any]:
    """Return the content of a rule file; RuleError with the place and the reason where it is not valid."""
    try:
        RuleModel.model_validate(content)
    except ValidationError as error:
        # A misspelt key is also a missing one; the misspelling is what to say.
        faults = sorted(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
        first, where = faults[0], ".".join(str(part) for part in faults[0]["loc"])
        hint = ""
        if first["type"] == "extra_forbidden":
            hint = "its file's name is its name" if where == "name" else did_you_mean(str(first["loc"][-1]), _KEYS)
        raise RuleError(f"{place}: {where}: {first['msg']}", hint) from None
    return content

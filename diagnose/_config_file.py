"""What a configuration file may hold, as pydantic models."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StringConstraints, ValidationError

from diagnose.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["validated"]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _hyphens(name: str) -> str:
    return name.replace("_", "-")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=_hyphens)


class RuleTable(_Strict):
    """`[tool.diagnose.rule.NAME]`: another severity, or "off"; other thresholds."""

    severity: Literal["error", "warning", "note", "off"] | None = None
    params: dict[str, FiniteFloat | Text] = {}


class ChangeTable(_Strict):
    """`[tool.diagnose.change.METRIC]`: how far it may fall behind the run to compare with, or has to exceed it.

    drop and gain are in the metric's unit, the relative ones shares of the other run's metric.
    """

    drop: Annotated[FiniteFloat, Field(ge=0)] | None = None
    relative_drop: Annotated[FiniteFloat, Field(ge=0)] | None = None
    gain: Annotated[FiniteFloat, Field(ge=0)] | None = None
    relative_gain: Annotated[FiniteFloat, Field(ge=0)] | None = None
    higher_is_better: bool | None = None


class _Values(_Strict):
    fail_on: Literal["error", "warning", "note", "never"] | None = None
    select: list[Text] | None = None
    ignore: list[Text] = []
    require: list[Text] = []
    assume: list[Text] = []
    rules: list[Text] = []
    targets: list[Text] = []
    baseline: Text | None = None
    against: Text | None = None
    rule: dict[str, RuleTable] = {}
    change: dict[str, ChangeTable] = {}


class OverrideTable(_Values):
    """`[[tool.diagnose.override]]`: values for the inputs whose path fits."""

    path: Text


class ConfigTable(_Values):
    """`[tool.diagnose]`, or the whole of diagnose.toml."""

    override: list[OverrideTable] = []


_KEYS = frozenset(
    (field.alias or name)
    for model in (ConfigTable, OverrideTable, RuleTable, ChangeTable)
    for name, field in model.model_fields.items()
)
_PATHS = ("rules", "baseline", "against")
# "models:/fraud@champion" is no path.
_ADDRESS = re.compile(r"[a-z]{2,}:/")


def validated(
    table: dict[str, Any], place: str, folder: Path
) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    """Return the values, and those for single paths with their pattern; ConfigError with the place and the reason.

    Paths in it are relative to `folder`.
    """
    try:
        config = ConfigTable.model_validate(table)
    except ValidationError as error:
        # A misspelt key is also a missing one; the misspelling is what to say.
        first = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            hint = did_you_mean(str(first["loc"][-1]), _KEYS) or f"known: {', '.join(sorted(_KEYS))}"
            raise ConfigError(f"{place}: unknown key {where!r}", hint) from None
        raise ConfigError(f"{place}: {where}: {first['msg']}", f"it is {first['input']!r}") from None
    values = config.model_dump(by_alias=True, exclude_unset=True, exclude={"override"})
    overrides = [item.model_dump(by_alias=True, exclude_unset=True) for item in config.override]
    for part in (values, *overrides):
        part |= {key: _resolved(part[key], folder) for key in _PATHS if part.get(key)}
    return values, [(item.pop("path"), item) for item in overrides]


def _resolved(path: str | list[str], folder: Path) -> str | list[str]:
    if isinstance(path, list):
        return [str(folder / item) for item in path]
    return path if _ADDRESS.match(path) else str(folder / path)

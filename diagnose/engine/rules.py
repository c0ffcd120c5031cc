"""Rules: TOML files, one rule a file, loaded and checked in full before any of them is judged."""

from __future__ import annotations

import math
import string
import tomllib
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from diagnose.assets import asset_dir
from diagnose.engine.condition import Condition
from diagnose.errors import ConditionError, RuleError, UsageError, did_you_mean
from diagnose.facts import fact_names
from diagnose.interval import Interval
from diagnose.types import Remedy, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["Case", "Rule", "flat_facts", "load_rules", "parse_rule"]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Param(_Strict):
    """A threshold with the reason for its value."""

    value: float | str
    why: Text


class Change(_Strict):
    """A remedy as it stands in a rule file."""

    title: Text
    why: Text
    change: dict[str, Any] = {}


class Case(_Strict):
    """An example of the rule: facts in, outcome out. Unnamed facts are absent."""

    name: Text
    facts: dict[str, Any]
    expect: Literal["fires", "silent", "unknown"]


class Rule(BaseModel):
    """One rule.

    when: conditions joined by "and", each one sentence of evidence; rows: judge it on every row of a history
    instead of on the reported result; consequence_of: rules under whose finding this one is listed when both fire.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))

    name: str
    title: Text
    severity: Severity
    when: Annotated[list[Text], Field(min_length=1)]
    message: Text
    why: Text
    false_alarms: Annotated[list[Text], Field(min_length=1)]
    sources: Annotated[list[Text], Field(min_length=1)]
    rows: bool = False
    consequence_of: list[str] = []
    params: dict[str, Param] = {}
    remedy: Annotated[list[Change], Field(min_length=1)]
    case: Annotated[list[Case], Field(min_length=3)]

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The parsed conditions."""
        return tuple(Condition.parse(text) for text in self.when)

    @cached_property
    def fact_names(self) -> frozenset[str]:
        """The names of facts in the conditions, parameters put aside."""
        return frozenset().union(*(c.names for c in self.conditions)) - self.params.keys()

    @cached_property
    def param_values(self) -> dict[str, float | str]:
        """The parameters' values."""
        return {name: param.value for name, param in self.params.items()}

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """The remedies, in the order to try them."""
        return tuple(Remedy(r.title, r.why, r.change) for r in self.remedy)

    def render(self, values: Mapping[str, Any]) -> str:
        """Fill the message's fields with the values of facts and parameters."""
        parts = []
        for literal, field, spec, _ in string.Formatter().parse(self.message):
            parts.append(literal)
            if field is not None:
                parts.append(_shown(values.get(field), spec or ""))
        return "".join(parts)


def _shown(value: Any, spec: str) -> str:
    """Format a value; an interval as its two ends, or one number where both print alike; an absent one as '?'."""
    if value is None:
        return "?"
    if isinstance(value, Interval) and value.low == -math.inf and value.high < math.inf:
        return f"at most {_shown(value.high, spec)}"
    if isinstance(value, Interval) and value.high == math.inf and value.low > -math.inf:
        return f"at least {_shown(value.low, spec)}"
    if isinstance(value, Interval):
        low, high = _shown(value.low, spec), _shown(value.high, spec)
        return low if low == high else f"{low} to {high}"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    if isinstance(value, (str, bool)):
        return str(value)
    number = int(value) if float(value).is_integer() and not spec else float(value)
    return format(number, spec) if spec else f"{number:,}" if isinstance(number, int) else f"{number:.4g}"


def flat_facts(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a case's facts by their dotted names; {low, high} is an interval, a nested table a dotted name."""
    flat: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, dict) and value.keys() == {"low", "high"}:
            flat[prefix + name] = Interval(value["low"], value["high"])
        elif isinstance(value, dict):
            flat |= flat_facts(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def parse_rule(text: str, name: str, place: str) -> Rule:
    """Read one rule; RuleError with the place and the reason where it is not valid."""
    try:
        rule = Rule(name=name, **tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{place}: not valid TOML: {error}") from None
    except TypeError:
        raise RuleError(f"{place}: a rule has no key 'name'", "its file's name is its name") from None
    except ValidationError as error:
        # A misspelt key is also a missing one; what was written is the better clue.
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
        where = ".".join(str(part) for part in first["loc"])
        hint = did_you_mean(str(first["loc"][-1]), Rule.model_fields) if first["type"] == "extra_forbidden" else ""
        raise RuleError(f"{place}: {where}: {first['msg']}", hint) from None
    _check_names(rule, place)
    return rule


def _check_names(rule: Rule, place: str) -> None:
    """Raise RuleError where a condition, message or case uses a name that does not exist."""
    known = fact_names()
    try:
        used = rule.fact_names
        fields = [field for _, field, _, _ in string.Formatter().parse(rule.message) if field is not None]
    except (ConditionError, ValueError) as error:
        raise RuleError(f"{place}: {error}") from None
    mentioned = {n for case in rule.case for n in flat_facts(case.facts)}
    for name in sorted(used | mentioned):
        if name not in known:
            raise RuleError(
                f"{place}: no fact or parameter is named {name!r}", did_you_mean(name, [*known, *rule.params])
            )
    for field in fields:
        if field not in used and field not in rule.params:
            raise RuleError(f"{place}: the message names {field!r}, which no condition uses", did_you_mean(field, used))
    unused = rule.params.keys() - frozenset().union(*(c.names for c in rule.conditions))
    if unused:
        raise RuleError(f"{place}: no condition uses the parameter {min(unused)!r}")


def load_rules(folders: Iterable[Path] = ()) -> tuple[Rule, ...]:
    """Load the bundled rules and those of `folders`, in order of name; a rule of a folder replaces a bundled one."""
    rules: dict[str, Rule] = {}
    for folder in (asset_dir("rules"), *folders):
        paths = sorted(folder.rglob("*.toml"))
        if not paths:
            raise UsageError(f"{folder}: no rule (*.toml) in this folder")
        for path in paths:
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise RuleError(f"{path}: cannot be read: {error}") from None
            rules[path.stem] = parse_rule(text, path.stem, str(path))
    for rule in rules.values():
        for cause in rule.consequence_of:
            if cause not in rules:
                raise RuleError(f"rule {rule.name}: consequence_of names {cause!r}", did_you_mean(cause, rules))
    return tuple(rules[name] for name in sorted(rules))

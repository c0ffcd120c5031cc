"""Rules: TOML files, one rule a file.

A file from outside is checked in full before any rule is judged (`_rule_file.py`); the tests do it for our own.
"""

from __future__ import annotations

import math
import string
import tomllib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from diagnose.assets import asset_dir
from diagnose.engine.condition import UNKNOWN, Condition
from diagnose.errors import ConditionError, RuleError, UsageError, did_you_mean
from diagnose.facts import fact_names
from diagnose.interval import Interval
from diagnose.types import Remedy, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = ["BECAUSE", "Case", "Rule", "adjusted", "flat_facts", "load_rules", "parse_rule"]

# In a message {because.NAME} is the sentence that derives the fact NAME.
BECAUSE = "because."


@dataclass(frozen=True)
class Param:
    """A threshold with the reason for its value."""

    value: float | str
    why: str


@dataclass(frozen=True)
class Case:
    """An example of the rule: facts in, outcome ("fires", "silent", "unknown") out. Unnamed facts are absent."""

    name: str
    facts: Mapping[str, Any]
    expect: str


@dataclass(frozen=True)
class Rule:
    """One rule.

    when: conditions joined by "and", each one sentence of evidence; rows: judge it on every row of a history
    instead of on the reported result; consequence_of: rules under whose finding this one is listed when both fire;
    message: the ways to say it, of which the first is taken whose every name is known and part of what holds;
    remedies: in the order to try them, which is that of how likely their causes are, and of what else the facts say.
    """

    name: str
    title: str
    severity: Severity
    when: Sequence[str]
    message: Sequence[str]
    why: str
    false_alarms: Sequence[str]
    sources: Sequence[str]
    remedies: tuple[Remedy, ...]
    case: tuple[Case, ...]
    params: Mapping[str, Param]
    rows: bool = False
    consequence_of: Sequence[str] = ()

    @classmethod
    def build(cls, name: str, content: Mapping[str, Any]) -> Rule:
        """Make the rule of that name from the content of a valid file."""
        parts: dict[str, Any] = {
            key: value.strip() if isinstance(value, str) else value for key, value in content.items()
        }
        message = content["message"]
        parts["message"] = tuple(text.strip() for text in ([message] if isinstance(message, str) else message))
        parts["severity"] = Severity(parts["severity"])
        parts["remedies"] = tuple(Remedy(**remedy) for remedy in parts.pop("remedy"))
        parts["case"] = tuple(Case(**case) for case in parts["case"])
        parts["params"] = {key: Param(**param) for key, param in parts.get("params", {}).items()}
        return cls(name, **parts)

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

    @cached_property
    def places(self) -> dict[str, Condition]:
        """The parsed conditions of the remedies that have one, by the condition's text."""
        return {remedy.when: Condition.parse(remedy.when) for remedy in self.remedies if remedy.when}

    def remedies_for(self, lookup: Callable[[str], Any]) -> list[Remedy]:
        """Return the remedies in order: those whose condition holds first, those whose condition fails last.

        lookup: the value of a fact, or None where it is not known.
        """

        def place(remedy: Remedy) -> int:
            if not remedy.when:
                return 1
            condition = self.places[remedy.when]
            known = {name: value for name in condition.names if (value := lookup(name)) is not None}
            outcome = condition.evaluate(self.param_values | known)
            return 1 if outcome is UNKNOWN else 0 if outcome else 2

        return sorted(self.remedies, key=place)

    def outcome(self, facts: Mapping[str, Any], *, without: int | None = None) -> str:
        """Return "fires", "silent" or "unknown" for these facts, with the condition `without` taken for true."""
        values = {**self.param_values, **facts}
        answers = [True if i == without else c.evaluate(values) for i, c in enumerate(self.conditions)]
        if False in answers:
            return "silent"
        return "unknown" if UNKNOWN in answers else "fires"

    def killed_by(self, index: int) -> list[str]:
        """Return the names of the cases that notice when the condition `index` is replaced by true."""
        return [case.name for case in self.case if self.outcome(flat_facts(case.facts), without=index) != case.expect]

    def render(self, values: Mapping[str, Any]) -> str:
        """Fill the first message whose names all have a value; the title stands in where there is none."""
        for message in self.message:
            parsed = list(string.Formatter().parse(message))
            if all(field is None or values.get(field) is not None for _, field, _, _ in parsed):
                filled = (
                    text + ("" if name is None else _shown(values[name], spec or "")) for text, name, spec, _ in parsed
                )
                return "".join(filled)
        return self.title


def _shown(value: Any, spec: str) -> str:
    """Format a value; an interval as its two ends, or one number where both print alike."""
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
    from diagnose.engine._rule_file import validated  # noqa: PLC0415  # pydantic's 90 ms are for strangers' files only

    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{place}: not valid TOML: {error}") from None
    rule = Rule.build(name, validated(content, place))
    _check_names(rule, place)
    return rule


def _check_names(rule: Rule, place: str) -> None:
    """Raise RuleError where a condition, message or case uses a name that does not exist."""
    known = fact_names()
    try:
        used = rule.fact_names
        placing = list(rule.places.values())
        parsed = [part for message in rule.message for part in string.Formatter().parse(message)]
        fields = [field for _, field, _, _ in parsed if field is not None]
    except (ConditionError, ValueError) as error:
        raise RuleError(f"{place}: {error}") from None
    mentioned = {n for case in rule.case for n in flat_facts(case.facts)}
    patches = [p for remedy in rule.remedies for p in remedy.change.values() if isinstance(p, dict)]
    mentioned |= {patch[key] for patch in patches for key in ("fact", "at", "factor") if key in patch}
    mentioned |= frozenset().union(*(condition.names for condition in placing)) - rule.params.keys()
    for name in sorted(used | mentioned):
        if name not in known:
            raise RuleError(
                f"{place}: no fact or parameter is named {name!r}", did_you_mean(name, [*known, *rule.params])
            )
    for field in fields:
        if field.removeprefix(BECAUSE) not in used and field not in rule.params:
            raise RuleError(f"{place}: the message names {field!r}, which no condition uses", did_you_mean(field, used))
    unused = rule.params.keys() - frozenset().union(*(c.names for c in (*rule.conditions, *placing)))
    if unused:
        raise RuleError(f"{place}: no condition uses the parameter {min(unused)!r}")


def _bundled_rule(text: str, name: str, place: str) -> Rule:
    """Read one of our own rules: the tests hold each to `parse_rule`, so at run time only a broken one is checked."""
    try:
        return Rule.build(name, tomllib.loads(text))
    except (KeyError, TypeError, ValueError):  # tomllib's own error is a ValueError
        return parse_rule(text, name, place)


def load_rules(folders: Iterable[Path] = ()) -> tuple[Rule, ...]:
    """Load the bundled rules and those of `folders`, in order of name; a rule of a folder replaces a bundled one."""
    rules: dict[str, Rule] = {}
    bundled = asset_dir("rules")
    for folder in (bundled, *folders):
        read = _bundled_rule if folder is bundled else parse_rule
        paths = sorted(folder.rglob("*.toml"))
        if not paths:
            raise UsageError(f"{folder}: no rule (*.toml) in this folder")
        for path in paths:
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise RuleError(f"{path}: cannot be read: {error}") from None
            rules[path.stem] = read(text, path.stem, str(path))
    for rule in rules.values():
        for cause in rule.consequence_of:
            if cause not in rules:
                raise RuleError(f"rule {rule.name}: consequence_of names {cause!r}", did_you_mean(cause, rules))
    return tuple(rules[name] for name in sorted(rules))


def adjusted(
    rules: Sequence[Rule], values: Iterable[tuple[tuple[str, ...], float | str]], known: Iterable[str]
) -> tuple[Rule, ...]:
    """Return the rules with other severities, (rule, "severity"), and thresholds, (rule, "params", name).

    known: the names of all rules, for a value of a rule that is not judged is no mistake; UsageError for a name or a
    parameter that does not exist.
    """
    found = {rule.name: rule for rule in rules}
    names = set(known)
    for (name, kind, *rest), value in values:
        key = ".".join(("rule", name, kind, *rest))
        if name not in names:
            raise UsageError(f"{key}: no rule is named {name!r}", did_you_mean(name, names))
        rule = found.get(name)
        if rule is None:
            continue
        if kind == "severity":
            found[name] = replace(rule, severity=Severity(str(value)))
            continue
        old = rule.params.get(rest[0])
        if old is None or isinstance(old.value, str) != isinstance(value, str):
            hint = did_you_mean(rest[0], rule.params) or f"it has: {', '.join(rule.params) or 'none'}"
            raise UsageError(f"{key} = {value!r}: rule {name} has no such parameter", hint)
        found[name] = replace(rule, params={**rule.params, rest[0]: replace(old, value=value)})
    return tuple(found[rule.name] for rule in rules)

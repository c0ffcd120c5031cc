"""Faults that can be made on purpose, and patches of specifications."""

from __future__ import annotations

import copy
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Fault", "Spec", "faults", "get", "patched", "with_values"]

# The training module's specification, as the JSON that it reads.
Spec = dict[str, Any]

# What the patches of a miniature multiply, where the specification leaves it at the module's own value.
_SOUND = {
    "args.learning_rate": 2e-3,
    "args.num_train_epochs": 4.0,
    "args.per_device_train_batch_size": 32,
    "data.rows": 1200,
}
_RATE = "args.learning_rate"
_LARGEST_RATE = 100.0
_LARGEST_RUNG = 4.0


class Fault(NamedTuple):
    """A change that makes a sound run fail: needs are values of the sound run too, in dotted names."""

    name: str
    title: str
    task: tuple[str, ...]
    change: Mapping[str, Any]
    needs: Mapping[str, Any]


@cache
def faults() -> dict[str, Fault]:
    """Return all faults by name."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {
        name: Fault(name, entry["title"], tuple(entry["task"]), entry["change"], entry.get("needs", {}))
        for name, entry in table.items()
    }


def get(spec: Mapping[str, Any], name: str) -> Any:
    """Return the value of a dotted name, or the module's own where the specification leaves it open."""
    section, _, key = name.partition(".")
    return spec.get(section, {}).get(key, _SOUND.get(name))


def with_values(spec: Mapping[str, Any], values: Mapping[str, Any]) -> Spec:
    """Return the specification with the values of dotted names; None takes a value back to the module's own."""
    made = copy.deepcopy(dict(spec))
    for name, value in values.items():
        section, _, key = name.partition(".")
        if value is not None:
            made.setdefault(section, {})[key] = value
        elif section in made:
            made[section].pop(key, None)
    return made


def patched(spec: Mapping[str, Any], change: Mapping[str, Any], times: int = 1) -> Spec | None:
    """Return the specification with a patch: {set = value} or {multiply = factor}, the latter `times` over.

    A factor that was worked out from the run takes it where it belongs at once: each further time is a quarter or
    fourfold at most. Where the learning rate is among the factors it alone is applied again: how far to move it is what
    one does not know, and it makes no run longer.
    None where the patch asks for what a miniature does not have (a setting without a number, a fact of the report).
    """
    values: dict[str, Any] = {}
    moves_rate = "multiply" in change.get(_RATE, {})
    for name, how in change.items():
        if "set" in how:
            values[name] = how["set"]
        elif "multiply" in how and isinstance(was := get(spec, name), (int, float)):
            factor = how["multiply"]
            again = 0 if moves_rate and name != _RATE else times - 1
            product = was * factor * min(max(factor, 1 / _LARGEST_RUNG), _LARGEST_RUNG) ** again
            values[name] = min(product, _LARGEST_RATE) if name == _RATE else type(was)(product)
        else:
            return None
    return with_values(spec, values)

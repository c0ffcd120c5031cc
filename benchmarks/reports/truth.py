"""What is true of a random report, whatever it prints: the values that facts must contain, and what may be assumed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diagnose.types import Fact

__all__ = ["UNKNOWN", "Report", "Truth", "Wanted", "contains"]

# No truth is known for a fact of this name.
UNKNOWN = object()
# Doubles are summed in another order here than there.
_ROUND_OFF = 1e-9
# Assumptions that hold of every report whose family does not say otherwise.
_HOLDS: Mapping[str, Any] = {
    "timing_same_rows": True, "independent_rows": True, "same_rows": True, "same_average": True, "same_unit": True,
    "single_label": True, "all_classes_listed": True, "rows_are_true": True, "unweighted_loss": True, "argmax": True,
    "last_batch_kept": True, "devices": 1, "one_matrix": False, "full_precision": False, "rounded": False,
    "zero_division": None, "averaging": "none", "plain_metrics": True, "trainer_timing": True,
    "scale": "fraction",
}  # fmt: skip


@dataclass
class Truth:
    """What holds of one run.

    values: {fact name: its true value, or a predicate on the fact's value}, for the reported evaluation;
    labels: the same for each class of a table; steps: the same for each row of a history;
    assumed: {assumption: its true value}; None: it holds whatever its value, since it was never made use of;
    corrupted: some printed number is wrong, so that nothing has to follow from it and contradictions are right.
    """

    values: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)
    steps: dict[float, dict[str, Any]] = field(default_factory=dict)
    assumed: dict[str, Any] = field(default_factory=lambda: dict(_HOLDS))
    corrupted: bool = False

    def holds(self, assumption: str) -> bool | None:
        """Return whether "name=value" is true of the report; None where the report does not say."""
        name, _, value = assumption.partition("=")
        if name not in self.assumed:
            return None
        truth = self.assumed[name]
        if truth is None:
            return True
        if isinstance(truth, bool):
            return (value == "true") is truth
        if name == "samples_below":
            return bool(truth < float(value))
        if isinstance(truth, str):
            return truth == value
        return _equal(float(value), truth)

    def of(self, fact: Fact) -> Any:
        """Return the truth that the fact has to contain, or UNKNOWN."""
        scope = fact.scope
        if scope.label is not None:
            return self.labels.get(scope.label, {}).get(fact.name, UNKNOWN)
        if scope.step is not None and self.steps:
            return self.steps.get(scope.step, {}).get(fact.name, UNKNOWN)
        return self.values.get(fact.name, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The fact that a family is made for: one of `names` whose value is as sharp as `met` asks."""

    names: tuple[str, ...]
    met: Callable[[Any], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Report:
    """A report as text, what is true of it, what its user tells the tool, and the fact that should be found.

    truths: one for each run of the document, or one for all.
    """

    text: str
    truths: tuple[Truth, ...]
    assume: tuple[str, ...] = ()
    wanted: Wanted | None = None


def contains(value: Any, truth: Any) -> bool:
    """Whether a fact's value is the truth, or an interval around it, floats within their round-off."""
    if callable(truth):
        return bool(truth(value))
    if isinstance(truth, bool) or isinstance(value, bool):
        return value is truth
    if isinstance(value, Interval) and isinstance(truth, (int, float, Fraction)):
        inside = not math.isnan(truth) and value.low <= truth <= value.high
        return inside or _equal(value.low, truth) or _equal(value.high, truth)
    if isinstance(value, dict) and isinstance(truth, dict):
        return value.keys() == truth.keys() and all(contains(value[key], truth[key]) for key in truth)
    if isinstance(value, (int, float, Fraction)) and isinstance(truth, (int, float, Fraction)):
        return _equal(value, truth)
    return bool(value == truth)


def _equal(a: Any, b: Any) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return math.isclose(float(a), float(b), rel_tol=_ROUND_OFF, abs_tol=_ROUND_OFF)

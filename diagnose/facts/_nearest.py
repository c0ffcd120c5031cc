"""Contradictions that stand only where every number was rounded to the nearest, and none was cut off."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from diagnose.facts._contradictions import OPEN, STATEMENT
from diagnose.types import Evaluation, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts._contradictions import Check, Contradiction, Place
    from diagnose.interval import Interval

__all__ = ["ROUNDED", "only_if_rounded"]

ROUNDED = "rounded=true"
_CUT = "a number was cut off after its last digit, not rounded"
# Nothing needs to be wrong where a number was cut off.
_FITS = 0.01


@dataclass(frozen=True, slots=True)
class _Nearest(Value):
    """A value that is taken to be rounded to the nearest."""

    @property
    def interval(self) -> Interval | None:
        """Every number that prints so when rounded to the nearest."""
        return self.rounded


def only_if_rounded(
    place: Place, checks: Sequence[Check], safe: Sequence[Contradiction]
) -> Iterator[tuple[Contradiction, Check]]:
    """Yield the contradictions that rounding to the nearest adds to those of the numbers as they are printed."""
    known = {contradiction.key for contradiction in safe}
    originals: dict[int, Value] = {}
    nearest = replace(place, evaluation=_rounded(place.evaluation, originals))
    for check in checks:
        for outcome in check(nearest):
            if outcome is None or outcome.key in known or outcome.weight == OPEN:
                continue
            values = tuple(originals.get(id(value), value) for value in outcome.values)
            yield (
                replace(
                    outcome,
                    weight=STATEMENT,
                    values=values,
                    assumes=(*outcome.assumes, ROUNDED),
                    tested=((_FITS, _CUT), *outcome.tested),
                ),
                check,
            )


def _rounded(evaluation: Evaluation, originals: dict[int, Value]) -> Evaluation:
    """Return the evaluation with every value rounded to the nearest; `originals` takes up which is which."""

    def nearest(metrics: Mapping[str, Value]) -> dict[str, Value]:
        return {name: _nearest(value, originals) for name, value in metrics.items()}

    classes = tuple(replace(row, metrics=nearest(row.metrics)) for row in evaluation.classes)
    return replace(evaluation, metrics=nearest(evaluation.metrics), classes=classes)


def _nearest(value: Value, originals: dict[int, Value]) -> Value:
    new = _Nearest(**{field.name: getattr(value, field.name) for field in fields(Value)})
    originals[id(new)] = value
    return new

"""Percent or fraction: which scores of an evaluation may be on either scale, and the evaluation as an answer reads it.

A share is printed in percent where a sign, a column's name or numbers above 1 say so, and the readers settle that. It
stays open only where shares above 1 stand beside others that nothing declares: these may be percentages too.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.types import Evaluation, Value

__all__ = ["FRACTION", "PERCENT", "mixed", "on_scale", "taken_for", "undeclared"]

FRACTION, PERCENT = "scale=fraction", "scale=percent"
_HUNDREDTH = Fraction(1, 100)


def mixed(evaluation: Evaluation) -> tuple[list[Value], list[Value]]:
    """Return the shares that can only be percentages and that nothing declares, and all others from 0 to 1."""
    shares = [value for name, value in evaluation.metrics.items() if _is_share(name)]
    above = [value for value in shares if 1 < value.number <= 100 and value.scale == 1]
    return above, [value for value in shares if 0 < value.number <= 1]


def undeclared(evaluation: Evaluation) -> list[Value]:
    """Return the shares whose scale is open: fractions by their size, percentages by what stands beside them."""
    above, below = mixed(evaluation)
    return [value for value in below if value.scale == 1] if above else []


def taken_for(before: Evaluation, after: Evaluation) -> Iterator[tuple[Value, str]]:
    """Yield each value whose scale was open in an evaluation, as it is read `after` the answers, and what it is."""
    above, _ = mixed(before)
    for name, value in before.metrics.items():
        if _is_share(name) and value.scale == 1 and 0 < value.number <= 1:
            if after.metrics[name].scale != 1:
                yield after.metrics[name], PERCENT
            elif above:
                yield after.metrics[name], FRACTION


def on_scale(evaluation: Evaluation, answer: str) -> Evaluation:
    """Return the evaluation with every share in percent, or with those above 1 alone."""
    least = 0 if answer == PERCENT else 1
    metrics = {
        name: _in_percent(value) if _is_share(name) and value.scale == 1 and least < value.number <= 100 else value
        for name, value in evaluation.metrics.items()
    }
    return replace(evaluation, metrics=metrics)


def _in_percent(value: Value) -> Value:
    return replace(value, scale=_HUNDREDTH, number=float(Fraction(repr(value.number)) * _HUNDREDTH))


def _is_share(name: str) -> bool:
    info = metric_of(name)
    return info is not None and (info.kind, info.low, info.high) == ("score", 0, 1) and not name.startswith("target.")

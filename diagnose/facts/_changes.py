"""A number as it would stand with one digit changed or left out, and its evaluation with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.interval import parse_number
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.types import ClassRow, Evaluation, Value

__all__ = ["cut", "replaced", "typos", "with_text"]


def typos(text: str) -> Iterator[list[str]]:
    """Yield, for each digit of a number, the texts with that digit changed, or swapped with the one behind it."""
    mantissa = text.lower().partition("e")[0]
    whole = mantissa.partition(".")[0].lstrip("+-")
    for i, digit in enumerate(mantissa):
        if not digit.isdigit():
            continue
        changed = [text[:i] + other + text[i + 1 :] for other in "0123456789" if other != digit]
        following = mantissa[i + 1 : i + 2]
        if following.isdigit() and following != digit:
            changed.append(text[:i] + following + digit + text[i + 2 :])
        # "0412" is no way to print a number.
        leading = len(whole) > 1 and not mantissa[:i].lstrip("+-")
        yield [t for t in changed if not (leading and t.lstrip("+-").startswith("0"))]


def cut(text: str, digits: int) -> str:
    """Return a number with its first digits only; at least those before the point."""
    mantissa, exponent, power = text.lower().partition("e")
    seen = 0
    for i, letter in enumerate(mantissa):
        if seen >= digits and "." in mantissa[:i]:
            return mantissa[:i] + exponent + power
        seen += letter.isdigit()
    return text


def with_text(value: Value, text: str) -> Value | None:
    """Return the value as it would stand; None where it could not (a share above 1)."""
    number = parse_number(text)
    if number is None:
        return None
    number *= float(value.scale)
    info = metric_of(value.metric)
    inside = info is None or info.high is None or value.number > info.high or number <= info.high
    return replace(value, text=text, number=number) if inside else None


def replaced(evaluation: Evaluation, old: Value, new: Value) -> Evaluation:
    """Return the evaluation with one of its values, an aggregate or one of a class, replaced."""
    if evaluation.metrics.get(old.metric) is old:
        return replace(evaluation, metrics={**evaluation.metrics, old.metric: new})
    return replace(evaluation, classes=tuple(_replaced_in(row, old, new) for row in evaluation.classes))


def _replaced_in(row: ClassRow, old: Value, new: Value) -> ClassRow:
    if row.metrics.get(old.metric) is not old:
        return row
    return replace(row, metrics={**row.metrics, old.metric: new})

"""What tells how many rows were evaluated: four counts, the supports of a table, and runtime x samples a second."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._scores import measured
from diagnose.interval import Interval

if TYPE_CHECKING:
    from diagnose.types import Evaluation, Value

__all__ = ["MOST_ROWS", "all_supports", "four_counts", "timed_rows"]

# Larger than any evaluation set.
MOST_ROWS = 10**15


def four_counts(evaluation: Evaluation) -> tuple[Value, Value, Value, Value] | None:
    """Return tp, fp, fn and tn where all four are printed and can be counts of rows, else None."""
    if "tp" not in evaluation.metrics:
        return None
    found = [evaluation.metrics.get(name) for name in ("tp", "fp", "fn", "tn")]
    tp, fp, fn, tn = (
        v if v is not None and 0 <= v.number <= MOST_ROWS and v.number.is_integer() else None for v in found
    )
    if tp is None or fp is None or fn is None or tn is None or tp.number + fp.number + fn.number + tn.number == 0:
        return None
    return tp, fp, fn, tn


def all_supports(evaluation: Evaluation, *, whole: bool = False) -> tuple[Value, ...]:
    """Return the support of each class, not all of them 0; () where a class has none that can be a number of rows.

    whole: whether only whole numbers can be; weighted rows add up to fractions.
    """
    found = [row.metrics.get("support") for row in evaluation.classes]
    known = tuple(
        v for v in found if v is not None and 0 <= v.number <= MOST_ROWS and (v.number.is_integer() or not whole)
    )
    return known if len(known) == len(found) and any(v.number for v in known) else ()


def timed_rows(
    evaluation: Evaluation, decimals: tuple[int, int] | None = None
) -> tuple[Interval, str, tuple[Value, Value]] | None:
    """Return the rows that were evaluated as runtime x samples a second, in words too, and the two numbers.

    decimals: those to which the two were rounded, where zeros at their ends may have been dropped; without them each
    stands for all that prints so at its own decimals. A training's rate counts every epoch: None.
    """
    runtime, rate = evaluation.get("runtime"), evaluation.get("samples_per_second")
    if evaluation.split == "train" or runtime is None or rate is None:
        return None
    if decimals is None:
        seconds, speed = measured(runtime), measured(rate)
    else:
        seconds, speed = _rounded_to(runtime, decimals[0]), _rounded_to(rate, decimals[1])
    if seconds is None or speed is None:
        return None
    rows = seconds * speed
    return rows, f"{runtime.shown} s x {rate.shown} rows a second = {rows:,.1f}", (runtime, rate)


def _rounded_to(value: Value, decimals: int) -> Interval | None:
    """Return what rounds to a number of at most so many decimals; None where it has more."""
    printed = len(value.text.partition(".")[2])
    if not value.machine or not 1 <= printed <= decimals or "e" in value.text.lower():
        return None
    number, half = Fraction(value.text), Fraction(1, 2 * 10**decimals)
    return Interval(number - half, number + half) if number > half else None

"""One evaluation of a regression, as intervals: the squared error, the correlation, R2, and what they say together.

Sources of the formulas: R2 = 1 - MSE/var(y) by definition (population variance); the least MSE of any affine map of
the predictions is var(y)(1 - r^2), r being Pearson's correlation, so R2 <= r^2 and var(y) <= MSE/(1 - r^2); a
constant prediction c has MSE = var(y) + (c - mean)^2; labels in a range of length L have var(y) <= L^2/4 (Popoviciu).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from diagnose.interval import Number
    from diagnose.types import Evaluation, Value

__all__ = [
    "CORRELATIONS",
    "ONE_AVERAGE",
    "Bound",
    "Row",
    "joint_variance",
    "printed_score",
    "root",
    "row_of",
    "within_range",
]

CORRELATIONS = ("pearson", "spearman", "kendall")
# What it takes for the metrics of one row to be those of one set of predictions; and for several rows together.
ONE_AVERAGE = ("same_average=true",)
_SAME_ROWS = ("same_rows=true", *ONE_AVERAGE)
_SHARES = Interval(0, 1)
# From here on a text prints a float in full; a double near 1 is exact to 2^-52.
_FULL_DIGITS = 7
_EPSILON = Fraction(1, 2**50)


@dataclass(frozen=True, slots=True)
class Bound:
    """What is known of a quantity: the interval, how it follows, what it assumes, the values that it rests on."""

    interval: Interval
    because: str
    assumes: tuple[str, ...]
    evidence: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """The regression metrics of one evaluation.

    error: the MSE or the RMSE, whichever prints the MSE more precisely; mse: what it prints; undefined: correlations
    that are NaN, where none is finite; varies: some correlation is finite.
    """

    evaluation: Evaluation
    error: Value | None
    mse: Interval | None
    r_squared: Interval | None
    r2: Interval | None
    undefined: tuple[Value, ...]
    varies: bool

    def bounds(self) -> Iterator[Bound]:
        """Yield each bound of var(y) that two numbers of this row give, that by R2 first."""
        if self.mse is None or self.error is None:
            return
        low, high = self.mse.low, self.mse.high
        if self.r2 is not None and self.r2.high < 1:
            value = self.evaluation.metrics["r2"]
            # scikit-learn prints 0 where the labels do not vary at all: then there is no lower end.
            least = max(0, low / (1 - self.r2.low)) if value.number != 0 else 0
            most: Number = high / (1 - self.r2.high)
            because = (
                f"var(y) = MSE/(1 - R2) with {_shown(self.error, value)} lies between "
                f"{_end(low)}/{_end(1 - self.r2.low)} = {_end(least)} and "
                f"{_end(high)}/{_end(1 - self.r2.high)} = {_end(most)}"
            )
            yield Bound(Interval(least, most), because, ONE_AVERAGE, (self.error, value))
        if self.undefined:
            value = self.undefined[0]
            because = (
                f"var(y) is at most the MSE of a constant prediction: {_shown(self.error, value)} give {_end(high)}"
            )
            yield Bound(Interval(0, high), because, ONE_AVERAGE, (self.error, value))
        elif self.r_squared is not None and self.r_squared.high < 1:
            value = self.evaluation.metrics["pearson"]
            most = high / (1 - Fraction(self.r_squared.high))
            because = (
                f"var(y) is at most MSE/(1 - r^2): {_shown(self.error, value)} give at most "
                f"{_end(high)}/(1 - {math.sqrt(self.r_squared.high):.5g}^2) = {_end(most)}"
            )
            yield Bound(Interval(0, most), because, ONE_AVERAGE, (self.error, value))


def row_of(evaluation: Evaluation) -> Row | None:
    """Return the row's regression metrics, or None where it has neither an error nor a correlation nor R2."""
    metrics = evaluation.metrics
    correlations = [metrics[name] for name in CORRELATIONS if name in metrics]
    if not correlations and not {"mse", "rmse", "r2"} & metrics.keys():
        return None
    finite = [value for value in correlations if value.is_finite]
    pearson, r2 = evaluation.get("pearson"), evaluation.get("r2")
    error, mse = _squared_error(evaluation)
    return Row(
        evaluation,
        error=error,
        mse=mse,
        r_squared=_square(pearson),
        r2=printed_score(r2) if r2 is not None and r2.number <= 1 else None,
        undefined=() if finite else tuple(value for value in correlations if value.is_nan),
        varies=bool(finite),
    )


def joint_variance(rows: Sequence[Row], limit: Bound | None = None) -> Bound | None:
    """Return what all rows on one set of labels, and a limit from elsewhere, say of var(y) together."""
    bounds = [bound for row in rows for bound in row.bounds()] + ([limit] if limit is not None else [])
    if not bounds:
        return None
    top = min(bounds, key=lambda bound: bound.interval.high)
    bottom = max(bounds, key=lambda bound: bound.interval.low)
    if bottom.interval.low <= top.interval.low or bottom.interval.low > top.interval.high:
        bottom = top  # rows that contradict one another are reported by `contradiction`; the least upper end is kept
    because = top.because if bottom is top else f"{top.because}; {bottom.because}"
    if len(rows) > 1:
        because += f", the least of {len(rows)} evaluations"
    mixed = _SAME_ROWS if len(rows) > 1 else ()
    assumes = dict.fromkeys((*mixed, *top.assumes, *bottom.assumes))
    evidence = dict.fromkeys((*top.evidence, *bottom.evidence))
    return Bound(Interval(bottom.interval.low, top.interval.high), because, tuple(assumes), tuple(evidence))


def within_range(length: float, assumes: tuple[str, ...], evidence: Iterable[Value] = ()) -> Bound:
    """Return the bound of var(y) for labels whose largest and least lie `length` apart: half at either end."""
    most = Fraction(length) ** 2 / 4
    because = f"labels that lie at most {length:g} apart have var(y) <= {length:g}^2/4 = {_end(most)}"
    return Bound(Interval(0, most), because, assumes, tuple(evidence))


def _squared_error(evaluation: Evaluation) -> tuple[Value | None, Interval | None]:
    """Return the MSE or the RMSE, whichever prints the MSE more precisely, and the MSE that it prints."""
    found: list[tuple[Value, Interval]] = []
    for name in ("mse", "rmse"):
        value = evaluation.get(name)
        interval = None if value is None else value.interval
        if value is None or interval is None or (name == "mse" and interval.high < 0):
            continue
        size = abs(interval) if name == "rmse" else Interval(max(0, interval.low), interval.high)
        found.append((value, Interval(size.low * size.low, size.high * size.high) if name == "rmse" else size))
    if len(found) < 2:
        return found[0] if found else (None, None)
    return min(found, key=lambda item: item[1].high - item[1].low)


def printed_score(value: Value) -> Interval | None:
    """Return what an R2, an explained variance or a correlation may have been, which is rounded like a number near 1.

    1 - MSE/var(y) is off by a unit of the last place of 1, however small it comes out.
    """
    interval = value.interval
    if interval is None or (len(value.text.strip("+-0.")) < _FULL_DIGITS and not value.machine):
        return interval
    width = Fraction(interval.high) - Fraction(interval.low)
    size = min(Fraction(1), abs(Fraction(value.number)))
    spread = max(width / size if size else Fraction(0), _EPSILON)
    return interval + Interval(-spread, spread)


def _square(value: Value | None) -> Interval | None:
    interval = None if value is None else printed_score(value)
    if interval is None:
        return None
    size = abs(interval)
    # A correlation printed in percent without saying so cannot be squared into a share.
    return Interval(size.low * size.low, size.high * size.high).meet(_SHARES) if size.low <= 1 else None


def root(interval: Interval) -> Interval:
    """Return the square roots of `interval` (its part above 0), the float ends pushed outwards by two units."""
    low = math.sqrt(max(0, interval.low))
    for _ in range(2):
        low = max(0.0, math.nextafter(low, 0))
    high = math.sqrt(max(0, interval.high))
    for _ in range(2):
        high = math.nextafter(high, math.inf)
    return Interval(low, high)


def _shown(*values: Value) -> str:
    return " and ".join(f"{value.key} {value.text}" for value in values)


def _end(number: Number) -> str:
    return f"{float(number):.6g}"

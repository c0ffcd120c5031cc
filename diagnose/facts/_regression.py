"""One evaluation of a regression, as intervals: the squared error, the correlation, R2, and what they say together.

Sources of the formulas: R2 = 1 - MSE/var(y) by definition (population variance); the least MSE of any affine map of
the predictions is var(y)(1 - r^2), r being Pearson's correlation, so R2 <= r^2 and var(y) <= MSE/(1 - r^2); a
constant prediction c has MSE = var(y) + (c - mean)^2; labels in a range of length L have var(y) <= L^2/4 (Popoviciu).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from diagnose.facts._scores import keyed
from diagnose.interval import Interval, printed_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from diagnose.interval import Number
    from diagnose.types import Evaluation, Run, Series, Value

__all__ = [
    "CORRELATIONS",
    "ONE_AVERAGE",
    "Bound",
    "Row",
    "joint_variance",
    "printed_score",
    "root",
    "row_of",
    "rows_of",
    "told_variance",
    "within_range",
]

CORRELATIONS = ("pearson", "spearman", "kendall")
# What it takes for the metrics of one row to be those of one set of predictions; and for several rows together.
ONE_AVERAGE = ("same_average=true",)
_SAME_ROWS = ("same_rows=true", *ONE_AVERAGE)
# From here on a text prints a float in full; a double near 1 is exact to 2^-52.
_FULL_DIGITS = 7
_EPSILON = 2.0**-50
# More than a few operations on floats lose.
_OUTWARDS = 1 + 2.0**-48


class Bound(NamedTuple):
    """What is known of a quantity: the interval, how it follows, what it assumes, the values that it rests on."""

    interval: Interval
    text: str | Callable[[], str]
    assumes: tuple[str, ...]
    evidence: tuple[Value, ...] = ()

    @property
    def because(self) -> str:
        """How it follows, put into words only where that is asked: of a long history a few bounds decide."""
        return self.text if isinstance(self.text, str) else self.text()


@dataclass(frozen=True)
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

    @cached_property
    def bounds(self) -> tuple[Bound, ...]:
        """The bounds of var(y): as it is printed, and what two numbers of this row give, that by R2 first."""
        return tuple(self._bounds())

    def _bounds(self) -> Iterator[Bound]:
        for name in ("label_variance", "label_std"):
            value = self.evaluation.get(name)
            if value is not None and value.interval is not None and value.interval.low >= 0:
                yield _as_printed(value, value.interval)
        if self.mse is None or self.error is None:
            return
        if self.r2 is not None and self.r2.high < 1:
            yield _by_r2(self.error, self.mse, self.evaluation.metrics["r2"], self.r2)
        if self.undefined:
            yield _by_constant(self.error, self.mse, self.undefined[0])
        elif self.r_squared is not None and self.r_squared.high < 1:
            yield _by_correlation(self.error, self.mse, self.evaluation.metrics["pearson"], self.r_squared)


def _as_printed(value: Value, printed: Interval) -> Bound:
    # Many programs divide by n - 1.
    interval = printed if value.metric == "label_variance" else printed * printed
    because = f"var(y) = {interval:.5g} by {value.key} {value.shown}"
    return Bound(interval, because, (*ONE_AVERAGE, "plain_metrics=true"), (value,))


def _by_r2(error: Value, mse: Interval, value: Value, r2: Interval) -> Bound:
    # scikit-learn prints 0 where the labels do not vary at all: then there is no lower end.
    least = max(0.0, float(mse.low) / float(1 - r2.low) / _OUTWARDS) if value.number != 0 else 0.0
    most = float(mse.high) / float(1 - r2.high) * _OUTWARDS

    def text() -> str:
        above = f"{_end(mse.high)}/{_end(1 - r2.high)} = {_result(most)}"
        below = f"{_end(mse.low)}/{_end(1 - r2.low)} = {_result(least)}" if least else "0"
        return f"var(y) = MSE/(1 - R2) with {keyed(error, value)} is at most {above}, at least {below}"

    return Bound(Interval(least, most), text, ONE_AVERAGE, (error, value))


def _by_constant(error: Value, mse: Interval, value: Value) -> Bound:
    def text() -> str:
        return f"var(y) is at most the MSE of a constant prediction: {keyed(error, value)} give {_result(mse.high)}"

    return Bound(Interval(0, float(mse.high) * _OUTWARDS), text, ONE_AVERAGE, (error, value))


def _by_correlation(error: Value, mse: Interval, value: Value, square: Interval) -> Bound:
    most = float(mse.high) / float(1 - square.high) * _OUTWARDS

    def text() -> str:
        over = f"{_end(mse.high)}/(1 - {_near_one(square.high)}^2) = {_result(most)}"
        return f"var(y) is at most MSE/(1 - r^2): {keyed(error, value)} give at most {over}"

    return Bound(Interval(0, most), text, ONE_AVERAGE, (error, value))


def rows_of(run: Run, series: Series) -> Sequence[Row]:
    """Return the rows of all evaluations of a series that have regression metrics; they are made once."""
    key = "regression rows", repr((series.task, series.split))
    if key not in run.memo:
        run.memo[key] = [row for evaluation in series.evaluations if (row := row_of(evaluation)) is not None]
    rows: Sequence[Row] = run.memo[key]
    return rows


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
    bounds = [bound for row in rows for bound in row.bounds] + ([limit] if limit is not None else [])
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


def told_variance(text: str | None) -> Bound | None:
    """Return the variance that the user names, as every number that prints so; None where it is none."""
    interval = None if text is None else printed_interval(f"{text}e0" if text.isdigit() else text)
    if interval is None or interval.low < 0:
        return None
    return Bound(interval, f"var(y) is {text}, as assumed", (f"label_variance={text}",))


def within_range(length: float, assumes: tuple[str, ...], evidence: Iterable[Value] = ()) -> Bound:
    """Return the bound of var(y) for labels whose largest and least lie `length` apart: half at either end."""
    most = Fraction(length) ** 2 / 4
    because = f"labels that lie at most {length:g} apart have var(y) <= {length:g}^2/4 = {_result(most)}"
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
    low, high, size = float(interval.low), float(interval.high), min(1.0, abs(value.number))
    spread = max((high - low) / size if size else 0.0, _EPSILON) * _OUTWARDS
    return Interval(low - spread - _EPSILON, high + spread + _EPSILON)


def _square(value: Value | None) -> Interval | None:
    interval = None if value is None else printed_score(value)
    if interval is None:
        return None
    size = abs(interval)
    # A correlation printed in percent without saying so cannot be squared into a share.
    return Interval(size.low * size.low, min(size.high * size.high, 1)) if size.low <= 1 else None


def root(interval: Interval) -> Interval:
    """Return the square roots of `interval` (its part above 0), the float ends pushed outwards by two units."""
    low = math.sqrt(max(0, interval.low))
    for _ in range(2):
        low = max(0.0, math.nextafter(low, 0))
    high = math.sqrt(max(0, interval.high))
    for _ in range(2):
        high = math.nextafter(high, math.inf)
    return Interval(low, high)


def _end(number: Number) -> str:
    """Return a number that is computed with: two digits more than the result shows."""
    return f"{float(number):.7g}"


def _result(number: Number) -> str:
    return f"{float(number):.5g}"


def _near_one(square: Number) -> str:
    """Return the root of a share, with digits enough to compute 1 - share from it."""
    lost = math.ceil(-math.log10(1 - square))
    return f"{math.sqrt(square):.{7 + lost}g}"

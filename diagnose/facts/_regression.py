"""One evaluation of a regression, as intervals: the squared error, the correlation, R2, and what they say together.

Sources of the formulas: R2 = 1 - MSE/var(y) by definition (population variance); the least MSE of any affine map of
the predictions is var(y)(1 - r^2), r being Pearson's correlation, so R2 <= r^2 and var(y) <= MSE/(1 - r^2); a
constant prediction c has MSE = var(y) + (c - mean)^2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.interval import Interval

if TYPE_CHECKING:
    from diagnose.types import Evaluation, Value

__all__ = ["CORRELATIONS", "Row", "root", "row_of"]

CORRELATIONS = ("pearson", "spearman", "kendall")
_SHARES = Interval(0, 1)


@dataclass(frozen=True, slots=True)
class Row:
    """The regression metrics of one evaluation; mse comes from RMSE where only that is given.

    undefined: correlations that are NaN, where none is finite; varies: some correlation is finite.
    """

    evaluation: Evaluation
    mse: Interval | None
    r_squared: Interval | None
    r2: Interval | None
    undefined: tuple[Value, ...]
    varies: bool

    @property
    def variance(self) -> Interval | None:
        """What this row alone says of var(y): below MSE/(1 - r^2), exactly MSE/(1 - R2)."""
        if self.mse is None:
            return None
        bound = Interval(0, math.inf)
        if self.undefined:
            bound = Interval(0, self.mse.high)
        elif self.r_squared is not None and self.r_squared.high < 1:
            bound = Interval(0, self.mse.high / (1 - Fraction(self.r_squared.high)))
        if self.r2 is not None and self.r2.high < 1:
            low, high = self.mse.low / (1 - self.r2.low), self.mse.high / (1 - self.r2.high)
            # scikit-learn prints 0 where the labels do not vary at all: then there is no lower end.
            exact = self.evaluation.metrics["r2"].number != 0
            bound = bound.meet(Interval(max(0, low) if exact else 0, high)) or bound
        return bound if math.isfinite(bound.high) else None

    @property
    def text(self) -> str:
        """The numbers that `variance` rests on, as printed."""
        named = [f"{v.key} {v.text}" for v in (self.evaluation.get("mse", "rmse"), self._second) if v is not None]
        return " and ".join(named)

    @property
    def _second(self) -> Value | None:
        if self.undefined:
            return self.undefined[0]
        return self.evaluation.get("r2", "pearson")


def row_of(evaluation: Evaluation) -> Row | None:
    """Return the row's regression metrics, or None where it has neither an error nor a correlation nor R2."""
    metrics = evaluation.metrics
    correlations = [metrics[name] for name in CORRELATIONS if name in metrics]
    if not correlations and not {"mse", "rmse", "r2"} & metrics.keys():
        return None
    finite = [value for value in correlations if value.is_finite]
    pearson, r2 = evaluation.get("pearson"), evaluation.get("r2")
    return Row(
        evaluation,
        mse=_mse(evaluation),
        r_squared=_square(pearson),
        r2=r2.interval if r2 is not None and r2.number <= 1 else None,
        undefined=() if finite else tuple(value for value in correlations if value.is_nan),
        varies=bool(finite),
    )


def _mse(evaluation: Evaluation) -> Interval | None:
    mse, rmse = evaluation.get("mse"), evaluation.get("rmse")
    interval = mse.interval if mse is not None else None
    if interval is None and rmse is not None and rmse.interval is not None:
        interval = abs(rmse.interval)
        interval = Interval(interval.low * interval.low, interval.high * interval.high)
    return interval.meet(Interval(0, math.inf)) if interval is not None else None


def _square(value: Value | None) -> Interval | None:
    if value is None or value.interval is None:
        return None
    size = abs(value.interval)
    # A correlation printed in percent without saying so cannot be squared into a share.
    return Interval(size.low * size.low, size.high * size.high).meet(_SHARES) if size.low <= 1 else None


def root(interval: Interval) -> Interval:
    """Return the square roots of `interval` (its part above 0), the float ends pushed outwards by two units."""
    low = math.sqrt(max(0, interval.low))
    for _ in range(2):
        low = max(0.0, math.nextafter(low, 0))
    high = math.sqrt(interval.high)
    for _ in range(2):
        high = math.nextafter(high, math.inf)
    return Interval(low, high)

"""One variance of the labels for all rows of a history: every row bounds it, and the bounds have to meet.

Sources: var(y) = MSE/(1 - R2) by definition; var(y) <= MSE/(1 - r^2), for MSE >= var(y)(1 - r^2) by least squares;
var(y) <= MSE of a constant prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._contradictions import SAME_AVERAGE, SETUP, STATEMENT, Contradiction, above, broken
from diagnose.interval import Interval, printed_interval
from diagnose.types import row_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.interval import Number
    from diagnose.types import Evaluation, Value

__all__ = ["variances"]

# Of two rows that disagree, either may be wrong.
_FEWEST_ROWS = 3
_CORRELATIONS = ("pearson", "spearman", "kendall")


@dataclass(frozen=True, slots=True)
class _End:
    """A lower or an upper end of var(y): the number, how it follows, and the values that it rests on."""

    number: Number
    text: str
    values: tuple[Value, ...]
    evaluation: Evaluation | None


def variances(evaluations: Sequence[Evaluation], told: str | None) -> Iterator[Contradiction | None]:
    """Check that one variance of the labels serves all evaluations, and is the one that the user told, if any."""
    lows: list[_End] = []
    highs: list[_End] = []
    for evaluation in evaluations:
        for is_low, end in _ends(evaluation):
            (lows if is_low else highs).append(end)
    answer = printed_interval(told) if told is not None else None
    if answer is not None:
        own = f"label_variance={told}"
        lows.append(_End(answer.low, own, (), None))
        highs.append(_End(answer.high, own, (), None))
    low, high = max(lows, key=lambda end: end.number, default=None), min(highs, key=lambda e: e.number, default=None)
    if low is None or high is None or low.evaluation is high.evaluation:
        return
    if not above(low.number, high.number):
        yield None
        return
    because = (
        f"var(y) is at least {float(low.number):.5g} by {low.text}, and at most {float(high.number):.5g} by {high.text}"
    )
    readings = ("the rows were computed on different sets", "a metric is averaged over batches")
    assumes: tuple[str, ...] = ("same_rows=true",)
    if None in (low.evaluation, high.evaluation):
        values, assumes = (*low.values, *high.values), (*assumes, f"label_variance={told}")
        yield broken(STATEMENT, because, values, "the variance is of other labels", assumes=(*assumes, SAME_AVERAGE))
    else:
        odd = tuple(_odd_ones((low, high), lows, highs))
        yield broken(SETUP, because, (*low.values, *high.values), *readings, assumes=assumes, tested=odd)


def _odd_ones(pair: tuple[_End, _End], lows: Sequence[_End], highs: Sequence[_End]) -> Iterator[tuple[float, str]]:
    """Yield which of the two rows all others do without, where there are others to agree with."""
    rows = {id(end.evaluation) for end in (*lows, *highs)}
    for end in pair:
        left = [[e for e in ends if e.evaluation is not end.evaluation] for ends in (lows, highs)]
        low, high = max((e.number for e in left[0]), default=None), min((e.number for e in left[1]), default=None)
        step = row_step(end.evaluation) if end.evaluation is not None else None
        if low is None or high is None or above(low, high) or len(rows) < _FEWEST_ROWS or step is None:
            continue
        yield 1 / len(rows), f"the row of {step:g} is the odd one: the other {len(rows) - 1} agree"


def _ends(evaluation: Evaluation) -> Iterator[tuple[bool, _End]]:
    """Yield (whether it is a lower end, the end) for each that the evaluation gives."""
    error, mse = _mse(evaluation)
    if error is None or mse is None:
        return
    where = "" if (step := row_step(evaluation)) is None else f" at {step:g}"
    r2 = evaluation.get("r2")
    if r2 is not None and r2.interval is not None and r2.interval.high < 1:
        text = f"MSE/(1 - R2) with {_shown(error, r2)}{where}"
        # scikit-learn prints 0 where the labels do not vary at all: then there is no lower end.
        if r2.number != 0:
            yield True, _End(mse.low / (1 - Fraction(r2.interval.low)), text, (error, r2), evaluation)
        yield False, _End(mse.high / (1 - Fraction(r2.interval.high)), text, (error, r2), evaluation)
    correlations = [v for name in _CORRELATIONS if (v := evaluation.metrics.get(name)) is not None]
    pearson = evaluation.get("pearson")
    if pearson is not None and pearson.interval is not None and abs(pearson.number) <= 1:
        square = abs(pearson.interval).high ** 2
        if square < 1:
            text = f"MSE/(1 - r^2) with {_shown(error, pearson)}{where}"
            yield False, _End(mse.high / (1 - Fraction(square)), text, (error, pearson), evaluation)
    elif correlations and all(value.is_nan for value in correlations):
        text = f"the MSE of a constant prediction, {_shown(error, correlations[0])}{where}"
        yield False, _End(mse.high, text, (error, correlations[0]), evaluation)


def _mse(evaluation: Evaluation) -> tuple[Value, Interval] | tuple[None, None]:
    mse, rmse = evaluation.get("mse"), evaluation.get("rmse")
    if mse is not None and mse.interval is not None and mse.interval.high > 0:
        return mse, Interval(max(0, mse.interval.low), mse.interval.high)
    if rmse is not None and rmse.interval is not None:
        side = abs(rmse.interval)
        return rmse, Interval(side.low * side.low, side.high * side.high)
    return None, None


def _shown(*values: Value) -> str:
    return " and ".join(f"{v.key} {v.text}" for v in values)

"""Identities and inequalities between errors, correlations and losses of one evaluation.

Sources: mean absolute error <= root mean squared error, and mean(RMSE)^2 <= mean(MSE) (Jensen); MSE <= n MAE^2, for a
sum of squares is at most the square of the sum; at least half of the errors reach the median, so median <= 2 MAE;
R2 <= explained variance <= r^2 for least squares; a wrong answer of the largest probability leaves the true class at
most 1/2, so it costs ln 2 at least, and accuracy >= 1 - CE/ln 2; perplexity = exp(loss), and a mean of batch
perplexities is at least that (Jensen).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._contradictions import (
    IMPOSSIBLE,
    OPEN,
    PLAIN,
    SAME_AVERAGE,
    SAME_UNIT,
    SETUP,
    SINGLE_LABEL,
    Contradiction,
    Outcome,
    Place,
    above,
    broken,
    surely_at_most,
)
from diagnose.facts._scores import share
from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.types import Value

__all__ = ["determination", "errors", "largest_errors", "losses"]

# RMSE averaged over batches falls below the root of the MSE by the batches' scatter: mean(RMSE)^2 = MSE/(1 + cv^2).
# A ratio below this would need a scatter (cv) of more than a half.
_BATCH_RATIO = Fraction(4, 5)
_ROUND_OFF = 1e-9
# exp of more than this is no perplexity of anything.
_LARGEST_LOSS = 100
_UNITS = "the two errors are in different units"
_OTHER_ROWS = "they were computed on different rows"
# Half of all wrong readings would point the same way.
_DIRECTION = 0.5


def errors(place: Place) -> Iterator[Outcome]:
    """Check RMSE = sqrt(MSE), MAE <= RMSE, and MSE <= n MAE^2 where the rows are known."""
    mse, rmse, mae = (place.evaluation.get(name) for name in ("mse", "rmse", "mae"))
    if mse is not None and rmse is not None and _is_root_of(mse, rmse):
        yield None
    elif mse is not None and rmse is not None and mse.interval is not None and rmse.interval is not None:
        yield _root_of(mse, rmse, mse.interval, abs(rmse.interval))
    if mae is None:
        return
    if place.rows is None and rmse is not None and surely_at_most(mae.number, rmse.number):
        yield None
        return
    if mae.interval is None:
        return
    if rmse is not None and rmse.interval is not None:
        if above(mae.interval.low, rmse.interval.high):
            because = (
                f"{mae.key} {mae.shown} is above {rmse.key} {rmse.shown}; no mean is above the root of a mean square"
            )
            yield broken(IMPOSSIBLE, because, (mae, rmse), _UNITS)
        else:
            yield None
    elif mse is not None and mse.interval is not None:
        if mae.interval.low > 0 and above(mae.interval.low * mae.interval.low, mse.interval.high):
            because = f"{mae.key} {mae.shown} squared, {mse.key} is {mse.shown}; no mean is above a root mean square"
            yield broken(IMPOSSIBLE, because, (mae, mse), _UNITS)
        else:
            yield None
    yield from _spread(place, mae, rmse, mse)


def _spread(place: Place, mae: Value, rmse: Value | None, mse: Value | None) -> Iterator[Outcome]:
    square = rmse if rmse is not None else mse
    if place.rows is None or square is None or square.interval is None or mae.interval is None:
        return
    rows = Interval.of(place.rows.value).high
    largest = mae.interval.high * mae.interval.high * rows
    least = square.interval.low * square.interval.low if square is rmse else square.interval.low
    if square.interval.low > 0 and above(least, largest):
        because = (
            f"{square.key} {square.shown} is too large for {mae.key} {mae.shown} over {float(rows):,.0f} rows: "
            f"MSE is at most n x MAE^2 = {float(largest):.4g}"
        )
        assumes = (*place.rows.assumes, SINGLE_LABEL, SAME_UNIT)
        values = (square, mae, *place.rows.evidence)
        yield broken(SETUP, because, values, _UNITS, "each row has several numbers to predict", assumes=assumes)
    else:
        yield None


def _is_root_of(mse: Value, rmse: Value) -> bool:
    square = rmse.number * rmse.number
    return surely_at_most(square, mse.number) and surely_at_most(mse.number, square)


def _root_of(mse: Value, rmse: Value, square: Interval, side: Interval) -> Contradiction | None:
    low, high = side.low * side.low, side.high * side.high
    if not above(low, square.high) and not above(square.low, high):
        return None
    shown = f"{rmse.key}^2 = {rmse.shown}^2 = {Interval(low, high):.6g}, and {mse.key} is {mse.shown}"
    if above(low, square.high):
        because = f"{shown}; an average of roots is never above the root of the average"
        return broken(IMPOSSIBLE, because, (rmse, mse), _UNITS)
    if high < _BATCH_RATIO * Fraction(square.low):
        because = f"{shown}; averaging over batches does not explain so large a gap"
        return broken(IMPOSSIBLE, because, (rmse, mse), _UNITS)
    batch = f"{rmse.key} is a mean over batches or folds, which lies below the root of {mse.key}, as here"
    return broken(SETUP, shown, (rmse, mse), tested=((_DIRECTION, batch),))


def determination(place: Place) -> Iterator[Outcome]:
    """Check R2 <= explained variance <= r^2."""
    r2, pearson, explained = (place.evaluation.get(name) for name in ("r2", "pearson", "explained_variance"))
    for value in (r2, explained):
        if value is not None and pearson is not None and abs(pearson.number) <= 1:
            yield from _squared(value, pearson)
    if r2 is None or explained is None:
        return
    if surely_at_most(r2.number, explained.number, 1):
        yield None
        return
    if r2.interval is None or explained.interval is None:
        return
    if above(r2.interval.low, explained.interval.high, 1):
        because = f"{explained.key} {explained.shown} is below {r2.key} {r2.shown}, which also pays for the bias"
        yield broken(IMPOSSIBLE, because, (explained, r2), _OTHER_ROWS)
    else:
        yield None


def _squared(value: Value, pearson: Value) -> Iterator[Outcome]:
    if surely_at_most(value.number, pearson.number * pearson.number, 1):
        yield None
        return
    if value.interval is None or pearson.interval is None:
        return
    size = abs(pearson.interval)
    if not above(value.interval.low, min(size.high, size.high * size.high), 1):
        yield None
        return
    name = "R2" if value.metric == "r2" else "explained variance"
    bound = f"{pearson.key}^2 = {pearson.shown.lstrip('-')}^2 = {size * size:.6g}"
    shown = f"{value.key} {value.shown} is above {bound}"
    if above(value.interval.low, size.high, 1):
        because = f"{shown}, and above {pearson.shown} itself; {name} is at most r^2"
        yield broken(IMPOSSIBLE, because, (value, pearson), _OTHER_ROWS)
    else:
        swapped = size.meet(value.interval) is not None
        tested = ((0.01, f"{value.key} prints the correlation itself, not its square"),) if swapped else ()
        readings = (_OTHER_ROWS, "one is an average over targets, folds or batches")
        yield broken(SETUP, f"{shown}; {name} is at most r^2", (value, pearson), *readings, tested=tested)


def largest_errors(place: Place) -> Iterator[Outcome]:
    """Check that no mean error is above the largest, and the median at most twice the mean."""
    largest, median = place.evaluation.get("max_error"), place.evaluation.get("median_ae")
    for name in ("mae", "rmse", "median_ae"):
        value = place.evaluation.get(name)
        if value is None or largest is None:
            continue
        if surely_at_most(value.number, largest.number):
            yield None
            continue
        if value.interval is None or largest.interval is None:
            continue
        if above(value.interval.low, largest.interval.high):
            because = f"{value.key} {value.shown} is above the largest error, {largest.key} {largest.shown}"
            yield broken(SETUP, because, (value, largest), _UNITS, _OTHER_ROWS)
        else:
            yield None
    mae = place.evaluation.get("mae")
    if mae is not None and median is not None and mae.interval is not None and median.interval is not None:
        if above(median.interval.low, 2 * mae.interval.high):
            because = (
                f"{median.key} {median.shown} is above 2 x {mae.key} {mae.shown}; half of the errors reach the median"
            )
            yield broken(SETUP, because, (median, mae), _UNITS, _OTHER_ROWS)
        else:
            yield None


def losses(place: Place) -> Iterator[Outcome]:
    """Check accuracy >= 1 - CE/ln 2, and perplexity = exp(CE)."""
    loss = place.evaluation.get("loss", "log_loss", "nll")
    if loss is None or loss.interval is None or not 0 < loss.number < _LARGEST_LOSS:
        return
    accuracy, perplexity = place.evaluation.get("accuracy"), place.evaluation.get("perplexity")
    right = share(accuracy) if accuracy is not None and not place.several_labels else None
    if accuracy is not None and right is not None:
        least = 1 - float(loss.interval.high) / math.log(2)
        if float(right.high) < least - _ROUND_OFF:
            because = (
                f"accuracy is at least 1 - loss/ln 2 = {least:.4f}, for each wrong answer costs ln 2 at least: "
                f"{loss.key} {loss.shown}, and {accuracy.key} {accuracy.shown}"
            )
            assumes = ("argmax=true", SAME_AVERAGE, SAME_UNIT, SINGLE_LABEL, "unweighted_loss=true")
            readings = (
                "the loss is no plain cross-entropy in nats (weighted, focal, a sum, of another task)",
                "loss and accuracy are of different epochs, splits or units",
            )
            yield broken(OPEN, because, (loss, accuracy), *readings, assumes=assumes)
        else:
            yield None
    if perplexity is not None and perplexity.interval is not None and perplexity.number >= 1:
        yield _perplexity(loss, loss.interval, perplexity, perplexity.interval)


def _perplexity(loss: Value, nats: Interval, perplexity: Value, printed: Interval) -> Contradiction | None:
    low, high = (math.exp(float(end)) for end in (nats.low, nats.high))
    if not (above(printed.low, high) or above(low, printed.high)):
        return None
    because = (
        f"{perplexity.key} is {perplexity.shown}, and exp({loss.key}) = exp({loss.shown}) = {math.exp(loss.number):.5g}"
    )
    tested: list[tuple[float, str]] = []
    if printed.low > high:
        tested.append((_DIRECTION, f"{perplexity.key} is a mean of batch perplexities, which lies above exp(loss)"))
    two = tuple(2.0 ** float(end) for end in (nats.low, nats.high))
    if Interval(*two).meet(printed) is not None:
        tested.append((0.01, f"{loss.key} is in bits: 2^{loss.shown} = {2**loss.number:.5g}"))
    readings = ("perplexity counts words and the loss tokens", "the loss has a further term")
    assumes = (PLAIN, SAME_UNIT, "unweighted_loss=true")
    return broken(OPEN, because, (perplexity, loss), *readings, assumes=assumes, tested=tuple(tested))

"""Identities and inequalities between the metrics of one evaluation, and what it means when one is broken.

Every check works on the whole intervals of the printed numbers. A broken one has a weight:

- "impossible": no data, no model and no usual way of averaging prints these numbers together;
- "setup": they fit only if the metrics were computed in different ways (other averages, batches, folds, other rows);
- "approximate": the source itself gives one of the numbers as "about", so only the statement about it falls.

Sources: 2PR/(P + R) is concave, so an average of F1 over classes, folds or batches is at most the F1 of the averages
and, since 2ab/(a + b) >= a + b - 1 on [0, 1], at least P + R - 1 (Jensen); mean absolute error <= root mean squared
error, and mean(RMSE)^2 <= mean(MSE), by the same theorem; R2 <= r^2 for least squares; |kappa| <= |MCC| is the
inequality of Aczel on the margins of the confusion matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._scores import harmonic_mean, share
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.interval import Interval, Number
    from diagnose.types import ClassRow, Evaluation, Value

__all__ = ["APPROXIMATE", "IMPOSSIBLE", "SETUP", "Contradiction", "of_class", "of_metrics"]

IMPOSSIBLE, SETUP, APPROXIMATE = "impossible", "setup", "approximate"

# RMSE averaged over batches falls below the root of the MSE by the batches' scatter: mean(RMSE)^2 = MSE/(1 + cv^2).
# A ratio below this would need a scatter (cv) of more than a half.
_BATCH_RATIO = Fraction(4, 5)
# Scores that cannot be negative in any definition, unlike rescaled or signed ones (a rescaled BERTScore, a reward).
_SHARES = frozenset({"accuracy", "precision", "recall", "f1", "auc", "specificity", "balanced_accuracy", "exact_match"})
# COCO's "there is no such object", as a share or in percent.
_SENTINELS = frozenset({-1.0, -100.0, -0.01})
_LETTERS = 2
# Sums of thousands of float32 terms are off by some units of the sixth digit.
_LOST = Fraction(1, 10**5)
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Values that cannot hold together: why not, and the readings under which they could have been printed."""

    weight: str
    because: str
    values: tuple[Value, ...]
    readings: tuple[str, ...]
    assumes: tuple[str, ...] = ()

    @property
    def metrics(self) -> list[str]:
        """The metrics, by canonical name."""
        return list(dict.fromkeys(value.metric for value in self.values))


def broken(
    weight: str, because: str, values: tuple[Value, ...], *readings: str, assumes: tuple[str, ...] = ()
) -> Contradiction:
    """Return a contradiction, of the weight "approximate" where the source gives one of the values so."""
    if weight == SETUP or len({value.metric for value in values}) > 1:
        assumes = tuple(sorted({*assumes, "same_average=true"}))
    # Two metrics can be at odds because they were averaged differently; one alone cannot.
    weight = APPROXIMATE if any(value.approximate for value in values) else weight
    return Contradiction(weight, because, values, ("a figure was mistyped", *readings), assumes)


def of_metrics(evaluation: Evaluation) -> Iterator[Contradiction | None]:
    """Yield, for each check that applies to the aggregates, None where it holds and else the contradiction."""
    yield from _ranges(evaluation)
    for average in ("", "macro_", "weighted_", "micro_"):
        yield from _f1(evaluation, average)
    yield from _errors(evaluation)
    yield from _determination(evaluation)
    yield from _agreement(evaluation)
    yield from _counts(evaluation)


def _ranges(evaluation: Evaluation) -> Iterator[Contradiction | None]:
    for name, value in evaluation.metrics.items():
        info = metric_of(name)
        interval = value.interval
        if info is None or interval is None or name.startswith("target.") or value.number in _SENTINELS:
            continue
        # Beyond 1 a score may be a percentage; names of one or two letters may be something else altogether.
        limit = 1 if value.scale != 1 else _PERCENT
        if info.kind not in ("score", "correlation") or len(value.key) <= _LETTERS:
            continue
        if info.high == 1 and interval.low > limit:
            yield broken(IMPOSSIBLE, f"{value.key} {value.text} is above {_percent(limit, value)}", (value,))
        elif info.base in _SHARES and interval.high < 0:
            yield broken(IMPOSSIBLE, f"{value.key} {value.text} is a share, and negative", (value,))
        else:
            yield None


def _percent(limit: int, value: Value) -> str:
    return "100 %" if limit == _PERCENT or value.scale != 1 else "1"


def _f1(evaluation: Evaluation, average: str) -> Iterator[Contradiction | None]:
    precision, recall, f1 = (evaluation.get(average + base) for base in ("precision", "recall", "f1"))
    if precision is None or recall is None or f1 is None:
        return
    p, r, f = (share(value) for value in (precision, recall, f1))
    if p is None or r is None or f is None:
        return
    most = harmonic_mean(p, r).high
    least = p.low + r.low - 1
    values = (precision, recall, f1)
    shown = f"{precision.key} {precision.text}, {recall.key} {recall.text} and {f1.key} {f1.text}"
    readings = ("precision, recall and F1 are averages of different kinds", "they were computed on different rows")
    if f.low > most:
        because = f"{shown}: F1 is at most 2PR/(P + R) = {float(most):.4g}, whatever it is an average of"
        yield broken(SETUP, because, values, *readings)
    elif f.high < least:
        because = f"{shown}: F1 is at least P + R - 1 = {float(least):.4g}, whatever it is an average of"
        yield broken(SETUP, because, values, *readings)
    else:
        yield None


def _errors(evaluation: Evaluation) -> Iterator[Contradiction | None]:
    mse, rmse, mae = (evaluation.get(name) for name in ("mse", "rmse", "mae"))
    if mse is not None and rmse is not None and mse.interval is not None and rmse.interval is not None:
        yield _root_of(mse, rmse, mse.interval, abs(rmse.interval))
    if mae is None or mae.interval is None:
        return
    if rmse is not None and rmse.interval is not None:
        if _above(mae.interval.low, rmse.interval.high):
            because = (
                f"{mae.key} {mae.text} is above {rmse.key} {rmse.text}; no mean is above the root of a mean square"
            )
            yield broken(IMPOSSIBLE, because, (mae, rmse), "the two errors are in different units")
        else:
            yield None
    elif mse is not None and mse.interval is not None:
        if mae.interval.low > 0 and _above(mae.interval.low * mae.interval.low, mse.interval.high):
            because = f"{mae.key} {mae.text} squared is above {mse.key} {mse.text}; no mean is above a root mean square"
            yield broken(IMPOSSIBLE, because, (mae, mse), "the two errors are in different units")
        else:
            yield None


def _above(one: Number, other: Number) -> bool:
    """Whether one number is above the other by more than single-precision arithmetic loses on the way."""
    one, other = Fraction(one), Fraction(other)
    return one - other > _LOST * max(abs(one), abs(other))


def _root_of(mse: Value, rmse: Value, square: Interval, side: Interval) -> Contradiction | None:
    low, high = side.low * side.low, side.high * side.high
    shown = f"{rmse.key} {rmse.text} squared is {float(low):.4g} to {float(high):.4g}, {mse.key} {mse.text}"
    if _above(low, square.high):
        because = f"{shown}; an average of roots is never above the root of the average"
        return broken(IMPOSSIBLE, because, (rmse, mse), "the two errors are in different units")
    if _above(square.low, high):
        if high < _BATCH_RATIO * Fraction(square.low):
            because = f"{shown}; averaging over batches does not explain so large a gap"
            return broken(IMPOSSIBLE, because, (rmse, mse), "the two errors are in different units")
        return broken(SETUP, shown, (rmse, mse), "RMSE is an average over batches or folds")
    return None


def _determination(evaluation: Evaluation) -> Iterator[Contradiction | None]:
    r2, pearson, explained = (evaluation.get(name) for name in ("r2", "pearson", "explained_variance"))
    if r2 is None or r2.interval is None:
        return
    if pearson is not None and pearson.interval is not None and abs(pearson.number) <= 1:
        size = abs(pearson.interval)
        shown = f"{r2.key} {r2.text} is above the square of {pearson.key} {pearson.text}"
        if _above(r2.interval.low, size.high):
            because = f"{shown}, and above that itself; R2 is at most r^2"
            yield broken(IMPOSSIBLE, because, (r2, pearson), "they were computed on different rows")
        elif _above(r2.interval.low, size.high * size.high):
            readings = ("they were computed on different rows", "one is an average over targets, folds or batches")
            yield broken(SETUP, f"{shown}; R2 is at most r^2", (r2, pearson), *readings)
        else:
            yield None
    if explained is not None and explained.interval is not None:
        if _above(r2.interval.low, explained.interval.high):
            because = f"{explained.key} {explained.text} is below {r2.key} {r2.text}, which also pays for the bias"
            yield broken(IMPOSSIBLE, because, (explained, r2), "they were computed on different rows")
        else:
            yield None


def _agreement(evaluation: Evaluation) -> Iterator[Contradiction | None]:
    kappa, mcc = evaluation.get("kappa"), evaluation.get("mcc")
    if kappa is None or mcc is None or kappa.interval is None or mcc.interval is None:
        return
    if _above(abs(kappa.interval).low, abs(mcc.interval).high):
        because = (
            f"{kappa.key} {kappa.text} is larger than {mcc.key} {mcc.text}; Cohen's kappa is never larger than MCC"
        )
        yield broken(SETUP, because, (kappa, mcc), "kappa is weighted (quadratic or linear)", "other rows")
    else:
        yield None


def _counts(evaluation: Evaluation) -> Iterator[Contradiction | None]:
    """Check accuracy = (tp + tn)/(tp + fp + fn + tn), or the diagonal of the matrix over its sum."""
    accuracy = evaluation.get("accuracy")
    interval = share(accuracy) if accuracy is not None else None
    if accuracy is None or interval is None:
        return
    cells = [evaluation.get(name) for name in ("tp", "tn", "fp", "fn")]
    counts = tuple(cell for cell in cells if cell is not None)
    if len(counts) == len(cells):
        right = sum(Fraction(cell.number) for cell in counts[:2])
        rows = sum(Fraction(cell.number) for cell in counts)
    elif evaluation.matrix:
        counts = ()
        right = Fraction(sum(row.get(label, 0) for label, row in evaluation.matrix.items()))
        rows = Fraction(sum(sum(row.values()) for row in evaluation.matrix.values()))
    else:
        return
    if rows <= 0:
        return
    if right / rows not in interval:
        share_right = float(right / rows)
        because = f"{right} of {rows} rows in the matrix are right, {share_right:.4g}; {accuracy.key} {accuracy.text}"
        yield broken(SETUP, because, (accuracy, *counts), "they were computed on different rows")
    else:
        yield None


def of_class(row: ClassRow) -> Contradiction | None:
    """Check F1 = 2PR/(P + R) of one class; the row must have all three (`checkable`)."""
    precision, recall, f1 = (row.metrics[name] for name in ("precision", "recall", "f1"))
    p, r, f = (share(value) for value in (precision, recall, f1))
    if p is None or r is None or f is None:
        return None
    mean = harmonic_mean(p, r)
    if f.meet(mean) is not None:
        return None
    because = (
        f"{row.label}: precision {precision.text} and recall {recall.text} give F1 {float(mean.low):.4f} to "
        f"{float(mean.high):.4f} by 2PR/(P + R), and {f1.text} is printed"
    )
    values = (precision, recall, f1)
    if f.low > mean.high or f.high < p.low + r.low - 1:
        return broken(IMPOSSIBLE, because, values)
    return broken(SETUP, because, values, "the table is an average over folds or seeds")

"""One variance of the labels for all rows of a history, and for what is told of it: all bounds have to meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.facts._contradictions import SAME_AVERAGE, SETUP, STATEMENT, Contradiction, above, broken
from diagnose.facts._regression import rows_of, told_variance
from diagnose.types import row_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.facts._regression import Bound
    from diagnose.types import Evaluation, Run, Series

__all__ = ["variances"]

# Of two rows that disagree, either may be wrong.
_FEWEST_ROWS = 3
_OTHER_LABELS = "the variance is of other labels"


def variances(run: Run, series: Series, told: str | None) -> Iterator[Contradiction | None]:
    """Check that one variance of the labels serves all evaluations, and is the one that the user told, if any."""
    found: list[tuple[Bound, Evaluation | None]] = [
        (bound, row.evaluation) for row in rows_of(run, series) for bound in row.bounds
    ]
    answer = told_variance(told)
    found += [] if answer is None else [(answer, None)]
    if not found:
        return
    low, high = max(found, key=lambda item: item[0].interval.low), min(found, key=lambda item: item[0].interval.high)
    if low[0].interval.low <= 0 or _source(*low) is _source(*high):
        return
    if not above(low[0].interval.low, high[0].interval.high):
        yield None
        return
    because = "; but ".join(f"{bound.because}{_where(evaluation)}" for bound, evaluation in (low, high))
    values = (*low[0].evidence, *high[0].evidence)
    mixed = () if low[1] is high[1] else ("same_rows=true",)
    assumes = tuple(dict.fromkeys((*mixed, *low[0].assumes, *high[0].assumes)))
    if None in (low[1], high[1]):
        yield broken(STATEMENT, because, values, _OTHER_LABELS, assumes=(*assumes, SAME_AVERAGE))
    else:
        place = ("the rows were computed on different sets",) if mixed else (_OTHER_LABELS, "it is divided by n - 1")
        readings = (*place, "a metric is averaged over batches")
        odd = tuple(_odd_ones((low[1], high[1]), found)) if mixed else ()
        yield broken(SETUP, because, values, *readings, assumes=assumes, tested=odd)


def _source(bound: Bound, evaluation: Evaluation | None) -> object:
    """Return what a bound comes from: two numbers of a row, whose agreement is checked elsewhere, or one number."""
    return evaluation if len(bound.evidence) != 1 else bound


def _where(evaluation: Evaluation | None) -> str:
    step = None if evaluation is None else row_step(evaluation)
    return "" if step is None else f" at {step:g}"


def _odd_ones(
    pair: Sequence[Evaluation | None], found: Sequence[tuple[Bound, Evaluation | None]]
) -> Iterator[tuple[float, str]]:
    """Yield which of the two rows all others do without, where there are others to agree with."""
    rows = {id(evaluation) for _, evaluation in found}
    for odd in pair:
        left = [bound.interval for bound, evaluation in found if evaluation is not odd]
        low, high = max((i.low for i in left), default=0), min((i.high for i in left), default=0)
        if low <= 0 or above(low, high) or len(rows) < _FEWEST_ROWS or not (where := _where(odd)):
            continue
        yield 1 / len(rows), f"the row{where.replace(' at', ' of')} is the odd one: the other {len(rows) - 1} agree"

"""What several rows of a history say together: evaluated on one set, they share its rows N and its positives T."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._binary import primitive
from diagnose.facts._binary_recovery import four_intervals, shown_count
from diagnose.facts._binary_search import Box, positives
from diagnose.facts._proofs import resting_on
from diagnose.facts._scopes import scope_of, series_scope
from diagnose.facts._scores import Scores, quoted, score_groups
from diagnose.interval import Interval
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run, Scope, Series, Value

PROVIDES = {
    "positive_count": "rows of the positive class in the evaluation set that the rows of a history share (rows)",
    "sample_count.shared": "the fewest rows with which binary matrices print every row of the history (rows)",
    "sample_count": "rows that were evaluated, a number or an interval (rows)",
}
NEEDS = ("sample_count",)

_ASSUMES = ("one_matrix=true", "same_rows=true")
# Rows of a history that are read together, the last ones: each of them halves what fits, at least.
_MOST_ROWS = 10
# Averages look like one matrix each to a test in floats; among so many rows ten that are one would have shown.
_MOST_TRIED = 100
# Evaluation sets up to this size are tried, with so many steps of a microsecond in all.
_MOST_SAMPLES = 8000
_MOST_STEPS = 5000
_CALL = 5
# Of the numbers told so, 1 of 21 was wrong with two rows (about 1,000 samples, four decimals), none of 406 with more.
_FEWEST_ROWS = 3
# A measured number of rows may be one of so many.
_MOST_COUNTS = 30
# Wider prints fit every number of rows.
_WIDEST = 0.002
# A float32 is not exact beyond these.
_FLOAT32_DECIMALS = 6


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield what each history with accuracy, precision, recall and F1 of two classes says about its evaluation set."""
    for series in run.series():
        scope = series_scope(run, series)
        rows = _rows(run, series, assumed)
        if len(rows) < 2 or assumed.get("same_rows", scope) == "false":
            continue
        counted = facts.at("sample_count", scope_of(run, series, series.reported))
        if counted is None:
            yield from _least(rows, scope)
        elif counted.proof is not Proof.IMPLIED:
            yield from _positives(rows, counted, scope)


class Row:
    """One row of the history: its scores, and the box of all that prints so (`nearest`: of all that is rounded to it).

    The box is None where the scores are printed too coarsely, or where the recall is the accuracy, as weighted and
    micro averages have it.
    """

    def __init__(self, evaluation: Evaluation, scores: Scores) -> None:
        self.evaluation = evaluation
        self.scores = scores
        self.ratios = four_intervals(scores)
        self.safe = self.box(nearest=False)

    def box(self, *, nearest: bool) -> Box | None:
        """Return the box, or None where it says next to nothing."""
        ratios = four_intervals(self.scores, nearest=nearest)
        if ratios is None or any(ratio.high - ratio.low > _WIDEST for ratio in ratios):
            return None
        return None if ratios[0].meet(ratios[2]) is not None else Box.of(*ratios)


def _rows(run: Run, series: Series, assumed: Assumptions) -> list[Row]:
    """Return the last rows of the history that may be those of one matrix each, all different."""
    found: list[Row] = []
    seen: set[tuple[str, ...]] = set()
    for evaluation in series.rows[: -_MOST_TRIED - 1 : -1]:
        scope = scope_of(run, series, evaluation)
        scores = next(score_groups(run, evaluation, scope, assumed), None)
        if scores is None or not scores.complete or scores.average not in (None, "binary") or evaluation.classes:
            continue
        printed = tuple(value.text for value in scores.values)
        if printed in seen or not _may_be_one_matrix(scores):
            continue
        seen.add(printed)
        if assumed.get("one_matrix", scope) == "false":
            return []
        row = Row(evaluation, scores)
        if row.safe is not None:
            found.append(row)
        if len(found) == _MOST_ROWS:
            break
    return found


def _may_be_one_matrix(scores: Scores) -> bool:
    """Whether F1 is near 2PR/(P + R), in floats: exact intervals of every row of a history of averages take long.

    An interval is at most three halves of the last decimal wide, and P and R move their mean by twice of it at most.
    """
    p, r, f = (v for v in (scores.precision, scores.recall, scores.f1) if v is not None)
    if p.number + r.number <= 0:
        return False
    room = sum(4 * _last_decimal(value) for value in (p, r, f))
    return abs(f.number - 2 * p.number * r.number / (p.number + r.number)) <= room


def _last_decimal(value: Value) -> float:
    decimals = value.text.partition(".")[2]
    if value.approximate or (decimals and not decimals.isdigit()):
        return math.inf
    return (
        10.0**-_FLOAT32_DECIMALS
        if value.machine
        else float(value.scale) * 10.0 ** -min(len(decimals), _FLOAT32_DECIMALS)
    )


def _fitting(rows: int, boxes: list[Box]) -> tuple[set[int], int]:
    """Return the numbers of positives with which so many rows print every row of the history, and the steps it took."""
    common: set[int] | None = None
    cost = 0
    for box in boxes:
        fitting, steps = positives(rows, box)
        cost += steps
        if fitting is not None:
            common = fitting if common is None else common & fitting
        if common is not None and not common:
            break
    return common or set(), cost


def _scan(boxes: list[Box], start: int, stop: int) -> Iterator[tuple[int, set[int]]]:
    """Yield each number of rows from `start` below `stop` that fits every row, with its numbers of positives.

    Ends with (n, nothing) where the scan was given up at n, or came to its end.
    """
    steps = 0
    for rows in range(start, stop):
        if not all(box.errors(rows) for box in boxes):
            continue
        found, cost = _fitting(rows, boxes)
        steps += cost + _CALL
        if found:
            yield rows, found
        if steps > _MOST_STEPS:
            yield rows + 1, set()
            return
    yield stop, set()


def _least(rows: list[Row], scope: Scope) -> Iterator[Fact]:
    """Yield the fewest rows that print the whole history, and that it is their number where no other is near."""
    if (exact := _exact(rows, scope)) is not None:
        yield exact
        return
    values = tuple(value for row in rows for value in row.scores.values)
    least, _ = next(_scan([row.safe for row in rows if row.safe is not None], 1, _MOST_SAMPLES))
    because = (
        f"with fewer than {least:,} rows, no number of positives lets one binary matrix each print the {len(rows)} "
        f"rows of the history, from {quoted(*rows[-1].scores.values)} to {quoted(*rows[0].scores.values)}"
    )
    basis = resting_on([], (*_ASSUMES, *rows[0].scores.assumes))
    yield Fact("sample_count.shared", least, scope, basis[0], because, "rows", basis[1], values)
    boxes = [box for row in rows if (box := row.box(nearest=True)) is not None]
    if len(rows) < _FEWEST_ROWS or len(boxes) < len(rows) or 2 * least >= _MOST_SAMPLES:
        return
    scan = _scan(boxes, least, _MOST_SAMPLES)
    first, common = next(scan)
    if len(common) != 1 or 2 * first > _MOST_SAMPLES or next(scan)[0] < 2 * first:
        return
    assumes = tuple(dict.fromkeys((*basis[1], "rounded=true")))
    because = (
        f"{first:,} rows with {next(iter(common)):,} positives print all {len(rows)} rows of the history, and no other "
        f"number below {2 * first:,} does"
    )
    yield Fact("sample_count", first, scope, Proof.IMPLIED, because, "rows", assumes, values)
    yield Fact("positive_count", next(iter(common)), scope, Proof.IMPLIED, because, "rows", assumes, values)


def _exact(rows: list[Row], scope: Scope) -> Fact | None:
    """Return the least common multiple of the primitive matrices' rows, where the scores are printed in full."""
    found = [primitive(*row.ratios) for row in rows if row.ratios is not None]
    exact = [item for item in found if item is not None]
    if len(exact) < len(rows):
        return None
    least = math.lcm(*(item.matrix.rows for item in exact))
    below = 10 ** int(math.log10(min(item.rows_below for item in exact)))
    positive = {(item.matrix.tp + item.matrix.fn) * (least // item.matrix.rows) for item in exact}
    if least >= below or len(positive) > 1:
        return None
    because = (
        f"the least matrices with these scores have {', '.join(f'{item.matrix.rows:,}' for item in exact)} rows: "
        f"{least:,} or a multiple is what they can share, {next(iter(positive)):,} positive"
    )
    values = tuple(value for row in rows for value in row.scores.values)
    proof, assumes = resting_on([], (*_ASSUMES, f"samples_below={below}", *rows[0].scores.assumes))
    return Fact("sample_count.shared", least, scope, proof, because, "rows", assumes, values)


def _positives(rows: list[Row], counted: Fact, scope: Scope) -> Iterator[Fact]:
    """Yield the number of positives that all rows of the history share, where only one fits them."""
    bounds = Interval.of(counted.value)
    if bounds.high - bounds.low >= _MOST_COUNTS:
        return
    for nearest in (False, True):
        boxes = [box for row in rows if (box := row.box(nearest=nearest)) is not None]
        common = _common(range(int(bounds.low), int(bounds.high) + 1), boxes)
        if len(common) == 1 and len(boxes) == len(rows):
            break
    else:
        return
    positive = next(iter(common))
    values = tuple(value for row in rows for value in row.scores.values)
    rounding = ("rounded=true",) if nearest else ()
    proof, assumes = resting_on([counted], (*_ASSUMES, *rounding, *rows[0].scores.assumes))
    because = (
        f"with {positive:,} of {shown_count(counted)} rows positive, and no other number, a binary matrix each prints "
        f"the {len(rows)} rows of the history, from {quoted(*rows[-1].scores.values)} to "
        f"{quoted(*rows[0].scores.values)}"
    )
    yield Fact("positive_count", positive, scope, proof, because, "rows", assumes, values)


def _common(counts: range, boxes: list[Box]) -> set[int]:
    """Return the numbers of positives with which one of the numbers of rows fits; none where that takes too long."""
    common: set[int] = set()
    steps = 0
    for count in counts:
        fitting, cost = _fitting(count, boxes)
        common |= fitting
        steps += cost
        if len(common) > 1:
            break
        if steps > _MOST_STEPS:
            return set()
    return common

"""The one binary matrix of a known number of rows that prints rounded scores, with what it took to single it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from diagnose.facts._binary_measures import agreement, printed_measures
from diagnose.facts._binary_search import Box, Positives, matrices, positives_of, with_positives
from diagnose.facts._scores import harmonic_mean, share
from diagnose.interval import Interval, printed_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diagnose.facts._binary import Matrix
    from diagnose.facts._scores import Scores
    from diagnose.types import Evaluation, Fact, Value

__all__ = ["Known", "Recovered", "Told", "fitting", "four_intervals", "recover", "shown_count", "told_prevalence"]

_FOUR = ("accuracy", "precision", "recall", "f1")
_ROUNDED = "rounded=true"


class Recovered(NamedTuple):
    """The only matrix that fits, or None where none does.

    others: the metrics beside the four scores that were needed; rests: the facts likewise; assumes: on top of theirs.
    """

    matrix: Matrix | None
    others: tuple[Value, ...] = ()
    rests: tuple[Fact, ...] = ()
    assumes: tuple[str, ...] = ()


class Told(NamedTuple):
    """The share of positives that the user names: the answer, and every share that prints so."""

    answer: str
    share: Interval

    def positives(self, rows: int) -> range:
        """Return how many of so many rows are positive."""
        return positives_of(self.share)(rows)


class Known(NamedTuple):
    """What narrows the search beside the printed metrics.

    positive: how many rows are positive, by the other rows of a history; fewer: how many rows there are, by the way in
    which their number was measured; told: the share of positives that the user names.
    """

    positive: Fact | None = None
    fewer: Fact | None = None
    told: Told | None = None


def told_prevalence(text: str | None) -> Told | None:
    """Return the share of positives of the answer `prevalence=TEXT`, None where there is none from 0 to 1."""
    printed = None if text is None else printed_interval(text)
    share = None if printed is None else printed.meet(Interval(0, 1))
    return None if share is None else Told(f"prevalence={text}", share)


def four_intervals(scores: Scores, *, nearest: bool = False) -> tuple[Interval, Interval, Interval, Interval] | None:
    """Return the intervals of accuracy, precision, recall and F1; where the average is told, F1 may be left out.

    In one matrix F1 is 2PR/(P + R). Elsewhere it is the sign that the scores are those of one matrix at all.
    """
    accuracy, precision, recall, f1 = (scores.interval(name, nearest=nearest) for name in _FOUR)
    if accuracy is None or precision is None or recall is None:
        return None
    if f1 is None and scores.f1 is None and scores.average == "binary":
        f1 = harmonic_mean(precision, recall)
    return None if f1 is None else (accuracy, precision, recall, f1)


def fitting(
    rows: int, told: Told, evaluation: Evaluation, *, rounded: bool = False
) -> tuple[list[Matrix], bool, tuple[Value, ...]]:
    """Return at most two matrices with the rows and the share of positives, whether all were tried, and the metrics.

    Whatever the evaluation prints of one matrix is held against it; it takes two metrics to say anything.
    """
    printed = printed_measures(evaluation, rounded=rounded)
    ratios = {name: interval for name, (_, interval) in printed.items()}
    accuracy = evaluation.get("accuracy")
    right = None if accuracy is None or not 0 <= accuracy.number <= 1 else share(accuracy, rounded=rounded)
    used = tuple(value for value, _ in printed.values())
    if accuracy is not None and right is not None:
        ratios["accuracy"], used = right, (accuracy, *used)
    if len(used) < 2:
        return [], False, used
    fits = agreement({name: interval for name, interval in ratios.items() if name != "accuracy"})
    found, complete = with_positives(rows, told.positives, ratios, fits)
    return found, complete, used


def recover(rows: Fact, scores: Scores, evaluation: Evaluation, known: Known) -> Recovered | None:
    """Look for the matrix; None where several fit, or where the search was given up.

    Where the four scores leave several, the share of positives that the user names is taken in, then the other metrics
    of the evaluation, then the number of positives, then that the numbers were rounded rather than truncated, and at
    last that there are fewer rows.
    """
    found = _narrowed(rows, scores, evaluation, known, nearest=False)
    if found is not None:
        return found
    for count in (rows, known.fewer):
        found = None if count is None else _narrowed(count, scores, evaluation, known, nearest=True)
        if count is not None and found is not None and found.matrix is not None:
            rests = found.rests if count is rows else (count, *found.rests)
            rounded = () if scores.rounded else (_ROUNDED,)
            return Recovered(found.matrix, found.others, rests, (*found.assumes, *rounded))
    return None


def _narrowed(rows: Fact, scores: Scores, evaluation: Evaluation, known: Known, *, nearest: bool) -> Recovered | None:
    ratios = four_intervals(scores, nearest=nearest)
    box = Box.of(*ratios) if ratios is not None else None
    if box is None:
        return None
    bounds = Interval.of(rows.value)
    found, complete = matrices(bounds, box)
    if complete and len(found) < 2:
        return Recovered(found[0] if found else None)
    several = len(found) == 2
    if (told := known.told) is not None:
        found, complete = matrices(bounds, box, positive=told.positives)
        if complete and len(found) < 2:
            return Recovered(found[0] if found else None, assumes=(told.answer,))
    for attempt in _attempts(evaluation, known, rounded=nearest or scores.rounded) if several else ():
        found, complete = matrices(bounds, box, attempt.fits, attempt.positive)
        if complete and len(found) == 1:
            return Recovered(found[0], attempt.others, attempt.rests, attempt.assumes)
    return None


class _Attempt(NamedTuple):
    """What a matrix is held against beside the four scores, and what that rests on."""

    fits: Callable[[Matrix], bool]
    positive: Positives | None
    others: tuple[Value, ...]
    rests: tuple[Fact, ...] = ()
    assumes: tuple[str, ...] = ()


def _attempts(evaluation: Evaluation, known: Known, *, rounded: bool) -> Iterator[_Attempt]:
    printed = printed_measures(evaluation, rounded=rounded)
    others = {name: measure for name, measure in printed.items() if name not in _FOUR}
    fits = agreement({name: interval for name, (_, interval) in others.items()})
    used = tuple(value for value, _ in others.values())
    if others:
        yield _Attempt(fits, None, used)
    if others and known.told is not None:
        yield _Attempt(fits, known.told.positives, used, assumes=(known.told.answer,))
    if (positive := known.positive) is not None:
        yield _Attempt(fits, lambda _: range(positive.value, positive.value + 1), used, (positive,))


def shown_count(rows: Fact) -> str:
    """Return a number of rows as it is written in a sentence."""
    return f"{Interval.of(rows.value)}"

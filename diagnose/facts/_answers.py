"""What the user says, against what the numbers say: each answer that they refute is a contradiction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.facts._binary_recovery import fitting, told_prevalence
from diagnose.facts._confusion import Confusion
from diagnose.facts._contradictions import (
    LISTED_CLASSES,
    PLAIN,
    SAME_UNIT,
    SINGLE_LABEL,
    STATEMENT,
    Contradiction,
    Outcome,
    Place,
    broken,
)
from diagnose.facts._rows import all_supports, timed_rows
from diagnose.facts._scores import quoted
from diagnose.interval import Interval, printed_interval
from diagnose.types import Proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.types import Value

__all__ = ["told_classes", "told_rows", "told_shares"]

_ANSWER = "the answer is about another evaluation"


def told_classes(place: Place) -> Iterator[Outcome]:
    """Check `classes=K` against the classes that a table or a matrix lists."""
    told = _number(place, "classes")
    if told is None:
        return
    evaluation = place.evaluation
    labels = Confusion.of(evaluation.matrix or {}).labels
    for listed, what in ((len(evaluation.classes), "table"), (len(labels), "matrix")):
        if listed < 2:
            continue
        if listed == told:
            yield None
            continue
        values = _one_of_each(place) if what == "table" else ()
        because = f"classes={place.told['classes']}, and the {what} lists {listed} classes"
        assumes = (f"classes={place.told['classes']}", LISTED_CLASSES)
        yield _refuted(because, values, assumes, "the averages run over some of the classes", beside=(what,))


def _one_of_each(place: Place) -> tuple[Value, ...]:
    return tuple(next(iter(row.metrics.values())) for row in place.evaluation.classes if row.metrics)


def told_rows(place: Place) -> Iterator[Outcome]:
    """Check `samples=N` against printed samples, supports, a matrix, and runtime x samples a second."""
    told = _number(place, "samples")
    if told is None:
        return
    for counted, text, values, assumes, beside in _counts(place):
        if told in counted:
            yield None
            continue
        because = f"samples={place.told['samples']}, and {text}"
        answer = f"samples={place.told['samples']}"
        yield _refuted(because, values, (answer, *assumes), "the two count different things", beside=beside)


def _counts(place: Place) -> Iterator[tuple[Interval, str, tuple[Value, ...], tuple[str, ...], tuple[str, ...]]]:
    """Yield each count of the rows: the count, its text, what it rests on, what it assumes."""
    evaluation = place.evaluation
    samples = evaluation.get("samples")
    if samples is not None and samples.number.is_integer():
        yield Interval.of(int(samples.number)), f"{samples.key} is {samples.shown}", (samples,), (SAME_UNIT,), ()
    supports = all_supports(evaluation)
    if len(supports) > 1:
        total = sum(v.number for v in supports)
        text = f"the supports add up to {total:g}"
        yield Interval.of(total), text, supports, (LISTED_CLASSES, SAME_UNIT, SINGLE_LABEL), ()
    if evaluation.matrix:
        total = Confusion.of(evaluation.matrix).rows
        yield Interval.of(total), f"the matrix has {total} rows", (), (SAME_UNIT, SINGLE_LABEL), ("matrix",)
    if (timed := timed_rows(evaluation)) is not None:
        rows, text, values = timed
        yield rows, text, values, ("timing_same_rows=true",), ()


def told_shares(place: Place) -> Iterator[Outcome]:
    """Check `prevalence=P` against what the scores prove of it, and `majority_share=P` against the supports."""
    yield from _share(place, "majority_share", _largest_share(place))
    fact = place.facts.get("prevalence")
    outcomes: list[Outcome] = []
    if fact is not None and fact.proof in (Proof.PROVED, Proof.PROVED_IF):
        found = Interval.of(fact.value), fact.because, fact.evidence, fact.assumes
        outcomes = list(_share(place, "prevalence", found))
    yield from outcomes if any(outcomes) else _matrix_of_share(place)


def _matrix_of_share(place: Place) -> Iterator[Outcome]:
    """Check that some binary matrix of the rows has the share of positives that the user names, and these scores."""
    told, rows, evaluation = told_prevalence(place.told.get("prevalence")), place.rows, place.evaluation
    if told is None or rows is None or not isinstance(rows.value, int) or rows.proof is Proof.IMPLIED:
        return
    if evaluation.classes or place.several_labels or place.told.get("averaging") not in (None, "binary"):
        return
    impossible = place.facts.get("binary_matrix_possible")
    if impossible is not None and told.answer not in impossible.assumes:
        return
    matrices, complete, values = fitting(rows.value, told, evaluation)
    if complete and not matrices:
        because = f"no tp, fp, fn and tn of {rows.value:,} rows with {told.answer} print {quoted(*values)}"
        assumes = (told.answer, "one_matrix=true", PLAIN, SAME_UNIT, *rows.assumes)
        yield _refuted(because, (*values, *rows.evidence), assumes, "the scores are averages over classes")
    elif complete or matrices:
        yield None


def _share(
    place: Place, name: str, found: tuple[Interval, str, tuple[Value, ...], tuple[str, ...]] | None
) -> Iterator[Outcome]:
    text = place.told.get(name)
    told = printed_interval(text) if text is not None else None
    answer = f"{name}={text}"
    if told is None or found is None or answer in found[3]:
        return
    interval, because, values, assumes = found
    if told.meet(interval) is not None:
        yield None
        return
    yield _refuted(f"{answer}, and {because}: {interval:.4g}", values, (answer, *assumes), beside=(name,))


def _largest_share(place: Place) -> tuple[Interval, str, tuple[Value, ...], tuple[str, ...]] | None:
    supports = all_supports(place.evaluation)
    if len(supports) < 2:
        return None
    total, largest = (f(v.number for v in supports) for f in (sum, max))
    because = f"the largest class has {largest:g} of {total:g} rows"
    return Interval.of(largest / total), because, supports, (LISTED_CLASSES, SAME_UNIT, SINGLE_LABEL)


def _refuted(
    because: str, values: tuple[Value, ...], assumes: tuple[str, ...], *readings: str, beside: tuple[str, ...] = ()
) -> Contradiction:
    beside = () if values else beside
    return broken(STATEMENT, because, values, _ANSWER, *readings, assumes=tuple(assumes), beside=beside)


def _number(place: Place, name: str) -> float | None:
    text = place.told.get(name)
    try:
        return None if text is None else float(text)
    except ValueError:
        return None

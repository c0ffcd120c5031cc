"""What the user says, against what the numbers say: each answer that they refute is a contradiction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.facts._contradictions import (
    LISTED_CLASSES,
    SAME_UNIT,
    SINGLE_LABEL,
    STATEMENT,
    Contradiction,
    Outcome,
    Place,
    broken,
)
from diagnose.facts._scores import measured
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
    matrix = evaluation.matrix or {}
    labels = {*matrix, *(label for row in matrix.values() for label in row)}
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
        yield Interval.of(int(samples.number)), f"{samples.key} is {samples.text}", (samples,), (SAME_UNIT,), ()
    supports = tuple(v for row in evaluation.classes if (v := row.metrics.get("support")) is not None and v.is_finite)
    if len(supports) > 1 and len(supports) == len(evaluation.classes):
        total = sum(v.number for v in supports)
        text = f"the supports add up to {total:g}"
        yield Interval.of(total), text, supports, (LISTED_CLASSES, SAME_UNIT, SINGLE_LABEL), ()
    if evaluation.matrix:
        total = sum(sum(row.values()) for row in evaluation.matrix.values())
        yield Interval.of(total), f"the matrix has {total} rows", (), (SAME_UNIT, SINGLE_LABEL), ("matrix",)
    runtime, rate = evaluation.get("runtime"), evaluation.get("samples_per_second")
    seconds, speed = (measured(v) if v is not None else None for v in (runtime, rate))
    if evaluation.split != "train" and seconds is not None and speed is not None and runtime and rate:
        product = seconds * speed
        text = (
            f"{runtime.text} s x {rate.text} rows a second is {float(product.low):,.1f} to {float(product.high):,.1f}"
        )
        yield product, text, (runtime, rate), ("timing_same_rows=true",), ()


def told_shares(place: Place) -> Iterator[Outcome]:
    """Check `prevalence=P` against what the scores prove of it, and `majority_share=P` against the supports."""
    yield from _share(place, "majority_share", _largest_share(place))
    fact = place.facts.get("prevalence")
    if fact is not None and fact.proof in (Proof.PROVED, Proof.PROVED_IF):
        yield from _share(place, "prevalence", (Interval.of(fact.value), fact.because, fact.evidence, fact.assumes))


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
    yield _refuted(f"{answer}, and {because}: {_range(interval)}", values, (answer, *assumes), beside=(name,))


def _largest_share(place: Place) -> tuple[Interval, str, tuple[Value, ...], tuple[str, ...]] | None:
    supports = tuple(v for row in place.evaluation.classes if (v := row.metrics.get("support")) is not None)
    if len(supports) < 2 or len(supports) < len(place.evaluation.classes) or not all(v.is_finite for v in supports):
        return None
    total, largest = (f(v.number for v in supports) for f in (sum, max))
    if total <= 0:
        return None
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


def _range(interval: Interval) -> str:
    low, high = float(interval.low), float(interval.high)
    return f"{low:.4g}" if interval.is_point else f"{low:.4g} to {high:.4g}"

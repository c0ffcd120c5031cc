"""The ways in which one evaluation's scores can have been computed and printed, each tried on its own intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from diagnose.facts._fingerprints import Fingerprint, fingerprints
from diagnose.facts._scores import Scores, harmonic_mean
from diagnose.interval import Interval
from diagnose.types import Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.facts import Assumptions
    from diagnose.types import Facts, Scope, Value

__all__ = ["Reading", "misfit", "readings_of"]

AVERAGES = ("binary", "macro", "micro", "weighted")
_SCORES = ("accuracy", "precision", "recall", "f1")
# Answers, and the interval of each score under them.
_Printed: TypeAlias = tuple[tuple[str, ...], dict[str, Interval | None]]


@dataclass(frozen=True, slots=True)
class Reading:
    """One way in which the scores can have been made.

    answers: the `--assume` values that choose it; says: what follows, or why it was dropped; constant: it is that of a
    (nearly) constant prediction, over `classes`; falls_if: assumptions under which it has no solution.
    """

    answers: tuple[str, ...]
    says: str
    constant: bool = False
    classes: Interval | None = None
    falls_if: tuple[str, ...] = ()

    def answer(self, name: str) -> str | None:
        """Return the value that the reading gives to an assumption, or None where it leaves it open."""
        return next((value for key, _, value in (a.partition("=") for a in self.answers) if key == name), None)


def misfit(average: str, ranges: dict[str, Interval | None], classes: Interval | None) -> str | None:
    """Return why the scores cannot be that average, or None where they can. For one label a row, 0/0 = 0.

    binary: F1 = H(P, R), the harmonic mean, tp <= correct rows, and two classes. micro: P = R = F1 = accuracy.
    weighted: R = accuracy, P >= accuracy^2. macro: K P >= accuracy and K R >= accuracy. macro and weighted:
    P + R - 1 <= F1 <= H(P, R), since H is concave and H(a, b) >= a + b - 1 on [0, 1] (Jensen).
    """
    a, p, r, f = (ranges[name] for name in _SCORES)
    if p is None or r is None:
        return None
    if average == "binary":
        if not _meet(f, harmonic_mean(p, r)):
            return f"F1 would be 2PR/(P + R) = {harmonic_mean(p, r).middle:.4g}"
        if classes is not None and classes.low > 2:
            return f"there are {classes.low:g} classes or more"
        return None if _has_cells(a, p, r) else "(1 - accuracy)/(1/P + 1/R - 2) = tp/rows would be at most the accuracy"
    if average == "micro":
        equal = all(_meet(one, other) for one, other in ((p, r), (p, a), (p, f), (r, a), (r, f), (a, f)))
        return None if equal else "precision, recall, F1 and accuracy would be equal"
    if f is not None and f.high < p.low + r.low - 1:
        return f"F1 would be at least P + R - 1 = {(p + r - 1).middle:.4g}"
    if f is not None and f.low > harmonic_mean(p, r).high:
        return f"F1 would be at most 2PR/(P + R) = {harmonic_mean(p, r).middle:.4g}"
    if average == "weighted":
        if not _meet(a, r):
            return "recall would be the accuracy"
        least = None if a is None else a.low**2
        return None if least is None or p.high >= least else f"P would be at least accuracy^2 = {float(least):.4g}"
    if a is None or a.low <= 0:
        return None
    if classes is None:
        return "precision and recall would be above 0" if min(p.high, r.high) <= 0 else None
    short = classes.high * min(p.high, r.high) < a.low
    return f"{classes.high:g} x precision and recall would be at least the accuracy" if short else None


def _has_cells(accuracy: Interval | None, precision: Interval, recall: Interval) -> bool:
    """Whether tp <= correct can hold: of fp + fn = tp (1/P + 1/R - 2) = (1 - accuracy) rows, one corner decides."""
    if accuracy is None or precision.low <= 0 or recall.low <= 0:
        return True
    return 1 - accuracy.high <= accuracy.high * (1 / Fraction(precision.low) + 1 / Fraction(recall.low) - 2)


def _meet(one: Interval | None, other: Interval | None) -> bool:
    """Whether both can be the same number; an absent one can."""
    return one is None or other is None or one.meet(other) is not None


def readings_of(
    scores: Scores, scope: Scope, facts: Facts, assumed: Assumptions
) -> tuple[list[Reading], list[Reading]]:
    """Return the readings that have a solution, those of a constant prediction first, and those that have none."""
    count = facts.at("class_count", scope)
    known = None if count is None or count.proof is Proof.IMPLIED else Interval.of(count.value)
    left: list[Reading] = []
    dropped: list[Reading] = []
    ways = list(_printed(scores, scope, assumed))
    told = any(answer.startswith("averaging=") for answer in scores.assumes)
    other_unit = scores.accuracy is not None and (scores.average in (None, "micro") or told)
    other_unit = other_unit and assumed.get("same_unit", scope) is None
    unit = ("same_unit=true",) if other_unit else ()
    for average in AVERAGES if scores.average is None else (scores.average,):
        answers: tuple[str, ...] = (f"averaging={average}", *unit)
        misfits = [misfit(average, ranges, known) for _, ranges in ways]
        fitting = [answers for (answers, _), why in zip(ways, misfits, strict=True) if why is None]
        if not fitting:
            dropped.append(Reading(answers, f"{misfits[0]}"))
            continue
        if len(fitting) < len(ways):
            answers += _shared(fitting)
        forms = [form for form in fingerprints(scores, known, second_sign=False) if form.average == average]
        left += _of_average(answers, forms)
        if average == "binary":
            holds, reading = _of_matrix(answers, scope, facts, assumed)
            (left if holds else dropped).append(reading)
        elif not forms:
            left.append(Reading(answers, "no constant prediction"))
    if other_unit:
        left.append(Reading(("same_unit=false",), "the accuracy counts other things and says nothing of the others"))
    return sorted(left, key=lambda reading: not reading.constant), dropped


def _printed(scores: Scores, scope: Scope, assumed: Assumptions) -> Iterator[_Printed]:
    """Yield the intervals of the scores under each reading of the print: rounded or cut off, full doubles or not."""
    values = {name: value for name in _SCORES if (value := getattr(scores, name)) is not None}
    full = ["true"]
    if any(value.presumed_full for value in values.values()) and assumed.get("full_precision", scope) is None:
        full.append("false")
    answered = assumed.get("rounded", scope)
    cut = ["true", "false"] if answered is None else [answered]
    for precise, rounded in product(full, cut):
        answers = [f"full_precision={precise}"] if len(full) > 1 else []
        answers += [f"rounded={rounded}"] if len(cut) > 1 else []
        ranges = {name: _range(values.get(name), rounded == "true", precise == "true") for name in _SCORES}
        yield tuple(answers), ranges


def _range(value: Value | None, rounded: bool, full: bool) -> Interval | None:  # noqa: FBT001  # the two answers
    if value is None:
        return None
    if value.presumed_full and not full:
        value = replace(value, machine=False)
    interval = value.rounded if rounded else value.truncated
    return None if interval is None else interval.meet(Interval(0, 1))


def _shared(fitting: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the answers that all ways have in common."""
    return tuple(answer for answer in fitting[0] if all(answer in other for other in fitting))


def _of_average(answers: tuple[str, ...], forms: Sequence[Fingerprint]) -> Iterator[Reading]:
    """Yield the readings of one average as a constant prediction."""
    for form in forms:
        divisor = (f"zero_division={form.zero_division}",) if form.average in ("macro", "weighted") else ()
        yield Reading((*answers, *divisor), _of_constant(form), constant=True, classes=form.classes)


def _of_constant(form: Fingerprint) -> str:
    says = f"one answer for all or nearly all rows, right for {form.share:.4g} of them"
    if form.classes is not None:
        says += f", over {form.classes:g} classes"
    return says


def _of_matrix(answers: tuple[str, ...], scope: Scope, facts: Facts, assumed: Assumptions) -> tuple[bool, Reading]:
    """Return whether one binary matrix is left, and the reading: which one, how many rows at least, or why not."""
    impossible = facts.at("binary_matrix_possible", scope)
    needed = tuple(a for a in impossible.assumes if a not in answers) if impossible is not None else ()
    open_ = tuple(a for a in needed if not _answered(a, scope, assumed))
    if impossible is not None and not open_:
        return False, Reading(answers, impossible.because, falls_if=needed)
    says = "one matrix"
    names = ("confusion_matrix", "confusion_matrix_up_to_factor", "least_sample_count")
    matrix, primitive, least = (facts.at(name, scope) for name in names)
    if (exact := matrix or primitive) is not None:
        says = ", ".join(f"{cell} {rows}" for cell, rows in exact.value.items()) + ("" if matrix else ", or a multiple")
    elif least is not None:
        says = f"one matrix of at least {least.value:,} rows"
    return True, Reading(answers, says, falls_if=open_)


def _answered(answer: str, scope: Scope, assumed: Assumptions) -> bool:
    name, _, value = answer.partition("=")
    return assumed.get(name, scope) == value

"""The entropy of the true classes, in nats: the least cross-entropy of probabilities that do not look at the input.

Probabilities q for every row cost H(p) + KL(p||q) >= H(p), p being the shares of the true classes in the same rows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._proofs import LISTED, resting_on
from diagnose.facts._rows import all_supports
from diagnose.facts._scopes import scope_of
from diagnose.interval import Interval
from diagnose.types import Evaluation, Fact, Facts, Question, Run, Scope, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions

PROVIDES = {"prior_entropy": "entropy of the true classes, a number or an interval (nats)"}
NEEDS = ("class_count", "sample_count", "majority_share", "constant_class_share", "prevalence")

_ROUND_OFF = 1e-9
# So many terms of a sum can be followed by eye.
_FEW = 6


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001
    """Yield the entropy of each reported evaluation's labels: exact from counts, else bounded."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        counts, values = _true_counts(evaluation)
        if counts:
            yield _exact(counts, values, evaluation, scope)
            continue
        majority, prevalence = facts.at("majority_share", scope), facts.at("prevalence", scope)
        count = facts.at("class_count", scope)
        if majority is None:
            continue
        if prevalence is not None:
            yield _of_two(prevalence, scope)
        elif count is not None and (bounds := _bounds(majority, count, scope, facts)) is not None:
            yield bounds


def _true_counts(evaluation: Evaluation) -> tuple[list[float], tuple[Value, ...]]:
    """Return how many rows each true class has, and the values that say so (none for a matrix)."""
    if evaluation.matrix:
        counts = [float(sum(row.values())) for row in evaluation.matrix.values()]
        return (counts, ()) if sum(counts) > 0 else ([], ())
    used = all_supports(evaluation)
    return ([value.number for value in used], used) if len(used) > 1 else ([], ())


def _exact(counts: list[float], values: tuple[Value, ...], evaluation: Evaluation, scope: Scope) -> Fact:
    total = sum(counts)
    entropy = -math.fsum(c / total * math.log(c / total) for c in counts if c / total > 0)
    shares = ", ".join(f"{count:g}/{total:g}" for count in counts) if len(counts) <= _FEW else f"{len(counts)} classes"
    because = f"-sum p ln p over the shares p of the true classes, {shares}, is {entropy:.4f} nats"
    proof, assumes = resting_on([], evaluation.matrix_assumes if evaluation.matrix else LISTED)
    return Fact("prior_entropy", entropy, scope, proof, because, "nats", assumes, values)


def _of_two(prevalence: Fact, scope: Scope) -> Fact:
    """Return the entropy of positives and negatives, which rises up to one half and falls from there."""
    share = Interval.of(prevalence.value)
    ends = [binary_entropy(float(p)) for p in (share.low, share.high)]
    value: float | Interval = ends[0]
    if not share.is_point:
        highest = math.log(2) if 0.5 in share else max(ends)
        value = Interval(max(0.0, min(ends) - _ROUND_OFF), highest + _ROUND_OFF)
    shown = " to ".join(f"{float(p):.5g}" for p in dict.fromkeys((share.low, share.high)))
    because = (
        f"-p ln p - (1 - p) ln(1 - p) of the prevalence {shown} is {Interval.of(value):.4g} nats; {prevalence.because}"
    )
    proof, assumes = resting_on([prevalence])
    return Fact("prior_entropy", value, scope, proof, because, "nats", assumes, prevalence.evidence)


def _bounds(majority: Fact, count: Fact, scope: Scope, facts: Facts) -> Fact | None:
    """Bound the entropy: least with as few classes as the largest share allows, most with equal shares of the rest."""
    part, classes = Interval.of(majority.value), Interval.of(count.value)
    low_share, high_share, most = float(part.low), float(part.high), float(classes.high)
    if classes.low < 2 or not 0 < low_share <= high_share < 1:
        return None
    least = least_entropy(high_share)
    # The entropy with equal rests falls with the largest share from 1/K on.
    widest = max(low_share, 1 / most)
    greatest = binary_entropy(widest) + (1 - widest) * math.log(most - 1)
    value = Interval(max(0.0, least - _ROUND_OFF), greatest + _ROUND_OFF)
    because = (
        f"between {least:.4f} (the rest in as few classes as its share allows) and {greatest:.4f} nats (the rest "
        f"spread evenly over the other classes), for a majority share of {part:.4g} and {classes:.4g} classes"
    )
    rows = facts.at("sample_count", scope)
    if rows is not None:
        every = _with_all_classes(high_share, int(classes.low), int(Interval.of(rows.value).high))
        if every is not None:
            because += f"; at least {every:.4f} if every class occurs in these rows"
    proof, assumes = resting_on([majority, count])
    evidence = tuple(dict.fromkeys((*majority.evidence, *count.evidence)))
    return Fact("prior_entropy", value, scope, proof, because, "nats", assumes, evidence)


def least_entropy(share_of_largest: float) -> float:
    """Return the least entropy (nats) of classes none of which has more than the given share."""
    whole = int(1 / share_of_largest + _ROUND_OFF)
    rest = max(0.0, 1 - whole * share_of_largest)
    return -whole * share_of_largest * math.log(share_of_largest) - (rest * math.log(rest) if rest > 0 else 0.0)


def _with_all_classes(largest: float, classes: int, rows: int) -> float | None:
    """Return the least entropy where each of the classes has one row at least."""
    single = 1 / rows
    rest = 1 - largest - (classes - 2) * single
    if classes < 3 or rest < single or rest > largest:
        return None
    return -largest * math.log(largest) - rest * math.log(rest) - (classes - 2) * single * math.log(single)


def binary_entropy(p: float) -> float:
    """Return the entropy (nats) of two classes with shares p and 1 - p."""
    return -math.fsum(q * math.log(q) for q in (p, 1 - p) if q > 0)

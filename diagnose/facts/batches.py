"""The batches of an evaluation: how many rows each has, and whether the accuracy is the mean of theirs."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._binary_recovery import shown_count
from diagnose.facts._proofs import claim, resting_on
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import measured, quoted, share
from diagnose.interval import Interval
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run, Scope, Value

PROVIDES = {
    "eval_batch_size": "rows of an evaluation step, on all devices together, a number or an interval (rows)",
    "accuracy_is_batch_mean": "whether the accuracy is the mean of those of the batches, the last of which is smaller",
}
NEEDS = ("sample_count", "accuracy_not_k_over_n")

# A measured number of rows, and a batch size, may be one of so many.
_MOST_COUNTS = 30
# Coincidences beyond this share are no sign.
_BY_CHANCE = Fraction(1, 100)


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield the batch size of each reported evaluation, and whether its accuracy is a mean over the batches."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        size = _size(evaluation, scope, facts)
        if size is not None:
            yield size
            yield from _batch_mean(evaluation, scope, facts, size)


def _size(evaluation: Evaluation, scope: Scope, facts: Facts) -> Fact | None:
    """Return B with ceil(N/B) steps, their number being the only integer that runtime and rate leave."""
    rows, runtime, rate = facts.at("sample_count", scope), evaluation.get("runtime"), evaluation.get("steps_per_second")
    if rows is None or rows.proof is Proof.IMPLIED or runtime is None or rate is None or evaluation.split == "train":
        return None
    seconds, speed = measured(runtime), measured(rate)
    if seconds is None or speed is None:
        return None
    product = seconds * speed
    steps = math.floor(product.high)
    if steps < 2 or math.ceil(product.low) != steps:
        return None
    counts = Interval.of(rows.value)
    low, high = math.ceil(Fraction(counts.low) / steps), math.ceil(Fraction(counts.high) / (steps - 1)) - 1
    if not 1 <= low <= high:
        return None
    because = (
        f"{runtime.shown} s x {rate.shown} steps a second = {steps:,} steps, and {shown_count(rows)} rows take as many "
        f"with {Interval(low, high)} rows each"
    )
    proof, assumes = resting_on([rows], ("timing_same_rows=true",))
    value = low if low == high else Interval(low, high)
    return Fact("eval_batch_size", value, scope, proof, because, "rows", assumes, (runtime, rate))


def _batch_mean(evaluation: Evaluation, scope: Scope, facts: Facts, size: Fact) -> Iterator[Fact]:
    """Yield that (k/B + j/b)/S is the accuracy: k right in the full batches, j in the last one of b rows, S batches."""
    rows, accuracy = facts.at("sample_count", scope), evaluation.get("accuracy")
    odd = facts.at("accuracy_not_k_over_n", scope)
    if odd is None or rows is None or accuracy is None or not isinstance(rows.value, int):
        return
    if "perplexity" in evaluation.metrics:  # then the accuracy is one of tokens, and they are no rows
        return
    printed, sizes = share(accuracy), Interval.of(size.value)
    if printed is None or sizes.high - sizes.low >= _MOST_COUNTS:
        return
    found = _splits(rows.value, printed, range(int(sizes.low), int(sizes.high) + 1))
    if found is not None:
        basis = resting_on([odd, size], (), Proof.IMPLIED)
        because = f"{quoted(accuracy)} is {found}, the mean over batches; it is no whole number of {rows.value:,} rows"
        values: tuple[Value, ...] = (accuracy, *size.evidence)
        name = "accuracy_is_batch_mean"
        yield claim(name, holds=True, scope=scope, basis=basis, because=because, evidence=values)


def _splits(rows: int, accuracy: Interval, sizes: range) -> str | None:
    """Return the mean over batches that prints so, in words; None where none does, or one would by chance."""
    width = Fraction(accuracy.high - accuracy.low)
    tried = sum(rows % size + 1 for size in sizes)
    if tried * width * rows > _BY_CHANCE:
        return None
    # The print lost something, and the sum over the batches as much again.
    low, high = accuracy.low - width, accuracy.high + width
    for size in sizes:
        last, steps = rows % size, math.ceil(rows / size)
        if last == 0:
            continue
        for right in range(last + 1):
            rest = Fraction(right, last)
            full = math.floor((high * steps - rest) * size)
            if 0 <= full <= rows - last and full >= (low * steps - rest) * size:
                return f"({full:,}/{size:,} + {right:,}/{last:,})/{steps:,}"
    return None

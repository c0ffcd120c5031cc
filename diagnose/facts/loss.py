"""What a cross-entropy says beside ln K and the entropy of the labels. All in nats, for a plain mean over the rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._proofs import LISTED, resting_on
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import is_multi_label, quoted, share
from diagnose.interval import Interval
from diagnose.types import Evaluation, Fact, Facts, Proof, Question, Run, Scope, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions

PROVIDES = {
    "prior_entropy": "entropy of the true classes, a number or an interval (nats)",
    "loss_vs_uniform": "loss minus ln K, the loss of equal probabilities, an interval (nats)",
    "loss_vs_prior": "loss minus the entropy of the true classes, an interval (nats)",
    "uniform_classes": "the K whose ln K the loss prints, where K is known or the digits single it out (classes)",
    "mean_loss_on_errors": "at least this mean loss on the wrong rows (nats)",
}
NEEDS = ("class_count", "sample_count", "majority_share", "constant_class_share", "prevalence")

_UNWEIGHTED = "unweighted_loss=true"
# What ties an accuracy to the probabilities behind a loss; K has to count every output of the model.
_OF_ARGMAX = ("single_label=true", "argmax=true", "same_unit=true", "all_classes_listed=true")
# ln k of some small k to four decimals: one random loss in 2,000 below 2.4 prints like that.
_MOST_CLASSES_UNNAMED = 10
_ROUND_OFF = 1e-9
# A probability of exp(-1e6) is 0 in every floating-point format: such a loss is no mean cross-entropy.
_LARGEST = 1e6


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001
    """Yield the entropies and what the loss of each reported evaluation has to do with them."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        entropy = _entropy(evaluation, scope, facts)
        if entropy is not None:
            yield entropy
        loss = evaluation.get("loss", "log_loss", "nll")
        if loss is None or loss.interval is None or not 0 < loss.number < _LARGEST or is_multi_label(run, evaluation):
            continue
        if evaluation.get("accuracy") is None and facts.at("class_count", scope) is None:
            continue
        yield from _against_uniform(evaluation, loss, scope, facts)
        if entropy is not None:
            proof, assumes = resting_on([entropy], (_UNWEIGHTED,))
            gap = loss.interval - Interval.of(entropy.value)
            because = f"{quoted(loss)} minus the entropy; {entropy.because}"
            yield Fact("loss_vs_prior", _floats(gap), scope, proof, because, "nats", assumes, (loss,))


def _entropy(evaluation: Evaluation, scope: Scope, facts: Facts) -> Fact | None:
    """Return the entropy of the true classes: exact from counts, else bounded by the majority share and K."""
    counts = _true_counts(evaluation)
    majority = facts.at("majority_share", scope)
    if counts:
        total = sum(counts)
        exact = -math.fsum(c / total * math.log(c / total) for c in counts if c / total > 0)
        because = f"-sum p ln p over the {len(counts)} classes' shares of {total:,.0f} rows"
        proof, assumes = resting_on([], evaluation.matrix_assumes if evaluation.matrix else LISTED)
        return Fact("prior_entropy", exact, scope, proof, because, "nats", assumes)
    if majority is None:
        return None
    if (prevalence := facts.at("prevalence", scope)) is not None:
        ends = [
            binary_entropy(float(p)) for p in (Interval.of(prevalence.value).low, Interval.of(prevalence.value).high)
        ]
        value: float | Interval = ends[0] if len(set(ends)) == 1 else Interval(min(ends), max(ends))
        because = f"-p ln p - (1 - p) ln(1 - p) of the prevalence; {prevalence.because}"
        if isinstance(value, Interval) and 0.5 in Interval.of(prevalence.value):
            value = Interval(value.low, math.log(2))
        proof, assumes = resting_on([prevalence])
        return Fact("prior_entropy", value, scope, proof, because, "nats", assumes, prevalence.evidence)
    count = facts.at("class_count", scope)
    return None if count is None else _entropy_bounds(majority, count, scope, facts)


def _entropy_bounds(majority: Fact, count: Fact, scope: Scope, facts: Facts) -> Fact | None:
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
        f"between {least:.2f} (the rest in as few classes as its share allows) and {greatest:.2f} nats (the rest "
        f"spread evenly over the other classes), for a majority share of {_range(part)} and {_range(classes)} classes"
    )
    rows = facts.at("sample_count", scope)
    if rows is not None:
        every = _entropy_with_all_classes(high_share, int(classes.low), int(Interval.of(rows.value).high))
        if every is not None:
            because += f"; at least {every:.2f} if every class occurs in these rows"
    proof, assumes = resting_on([majority, count])
    return Fact("prior_entropy", value, scope, proof, because, "nats", assumes, majority.evidence)


def least_entropy(share_of_largest: float) -> float:
    """Return the least entropy (nats) of classes none of which has more than the given share."""
    whole = int(1 / share_of_largest + _ROUND_OFF)
    rest = max(0.0, 1 - whole * share_of_largest)
    return -whole * share_of_largest * math.log(share_of_largest) - (rest * math.log(rest) if rest > 0 else 0.0)


def _entropy_with_all_classes(largest: float, classes: int, rows: int) -> float | None:
    """Return the least entropy where each of the classes has one row at least."""
    single = 1 / rows
    rest = 1 - largest - (classes - 2) * single
    if classes < 3 or rest < single or rest > largest:
        return None
    return -largest * math.log(largest) - rest * math.log(rest) - (classes - 2) * single * math.log(single)


def binary_entropy(p: float) -> float:
    """Return the entropy (nats) of two classes with shares p and 1 - p."""
    return -math.fsum(q * math.log(q) for q in (p, 1 - p) if q > 0)


def _true_counts(evaluation: Evaluation) -> list[float]:
    if evaluation.matrix:
        counts = [float(sum(row.values())) for row in evaluation.matrix.values()]
        return counts if sum(counts) > 0 else []
    counts = [v.number for row in evaluation.classes if (v := row.metrics.get("support")) is not None and v.is_finite]
    if len(counts) < 2 or len(counts) < len(evaluation.classes) or sum(counts) <= 0 or min(counts) < 0:
        return []
    return counts


def _against_uniform(evaluation: Evaluation, loss: Value, scope: Scope, facts: Facts) -> Iterator[Fact]:
    """Yield the loss against ln K, and K itself where the loss prints ln K."""
    count, interval = facts.at("class_count", scope), loss.interval
    if interval is None:
        return
    accuracy = evaluation.get("accuracy")
    if count is None:
        fitting = [k for k in range(2, _MOST_CLASSES_UNNAMED + 1) if math.log(k) in interval]
        if len(fitting) == 1 and interval.high - interval.low < 0.0002 and accuracy is not None:
            because = f"{quoted(loss)} is ln {fitting[0]} = {math.log(fitting[0]):.5f}, the loss of equal probabilities"
            yield Fact("uniform_classes", fitting[0], scope, Proof.IMPLIED, because, "classes", (), (loss,))
        return
    classes = Interval.of(count.value)
    if classes.low < 2:
        return
    gap = Interval(
        float(interval.low) - math.log(classes.high) - _ROUND_OFF,
        float(interval.high) - math.log(classes.low) + _ROUND_OFF,
    )
    proof, assumes = resting_on([count], (_UNWEIGHTED,))
    because = f"{quoted(loss)} minus ln {_range(classes)} = {math.log(float(classes.low)):.4f}"
    yield Fact("loss_vs_uniform", gap, scope, proof, because, "nats", assumes, (loss,))
    if classes.is_point and 0 in gap:
        because = f"{quoted(loss)} is ln {classes.low:g} = {math.log(classes.low):.5f}, the loss of equal probabilities"
        yield Fact("uniform_classes", int(classes.low), scope, Proof.IMPLIED, because, "classes", (), (loss,))
    yield from _on_errors(accuracy, loss, interval, count, scope)


def _on_errors(accuracy: Value | None, loss: Value, interval: Interval, count: Fact, scope: Scope) -> Iterator[Fact]:
    """Yield (CE - acc ln K)/(1 - acc): a right answer has a probability of 1/K at least, so it costs at most ln K."""
    right = None if accuracy is None else share(accuracy)
    if right is None or right.high >= 1:
        return
    uniform = math.log(float(Interval.of(count.value).high))
    # Rising in the accuracy where the loss is above ln K, falling below it: the least is at one of the ends.
    least = min((float(interval.low) - float(a) * uniform) / (1 - float(a)) for a in (right.low, right.high))
    if least <= 0:
        return
    proof, assumes = resting_on([count], (_UNWEIGHTED, *_OF_ARGMAX))
    because = (
        f"(loss - accuracy x ln K)/(1 - accuracy) with {quoted(loss, accuracy)}: a right answer costs at most ln K"
    )
    used = tuple(v for v in (loss, accuracy) if v is not None)
    yield Fact("mean_loss_on_errors", least - _ROUND_OFF, scope, proof, because, "nats", assumes, used)


def _floats(interval: Interval) -> Interval:
    return Interval(float(interval.low) - _ROUND_OFF, float(interval.high) + _ROUND_OFF)


def _range(interval: Interval) -> str:
    low, high = float(interval.low), float(interval.high)
    return f"{low:.4g}" if interval.is_point else f"{low:.4g} to {high:.4g}"

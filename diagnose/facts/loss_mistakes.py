"""Losses that only a mistake in the loss gives: a second softmax, or a likelihood without its logarithm.

A cross-entropy that takes probabilities p for logits is ln(sum of e^p) - p_true. With p between 0 and 1 it cannot fall
below ln(K - 1 + e) - 1, and where the model is sure of its answers it is ln(K - 1 + e) minus the accuracy. The mean of
-p_true, a negative log-likelihood without its logarithm, lies between -1 and 0 and is minus the accuracy where the
model is sure. A cross-entropy proper is never below 0, and near 0 where the model is sure and right.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._curves import closing, training_points
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import is_multi_label, quoted, share
from diagnose.facts.loss import is_weighted
from diagnose.interval import Interval
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.facts._curves import Point
    from diagnose.types import Facts, Question, Run, Scope, Value

PROVIDES: Mapping[str, str] = {
    "double_softmax.gap": "loss minus (ln(K - 1 + e) - accuracy), that of a sure model through two softmaxes (nats)",
    "double_softmax.above_floor": "training loss at the end minus ln(K - 1 + e) - 1, the least through two softmaxes",
    "negative_loss.gap": "loss plus accuracy, of a loss between -1 and 0: 0 for a sure model's mean of -p",
}
NEEDS: tuple[str, ...] = ("class_count", "entity_level")

# What is minimised as a negative score between -1 and 0 on purpose.
_OVERLAPS = {"dice", "iou", "jaccard", "pearson", "spearman", "kendall"}


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield how near each reported loss beside an accuracy is to those of the two mistakes."""
    losses = [p for p in training_points(run, "loss") if math.isfinite(p.number)]
    for series in run.series():
        evaluation = series.reported
        loss, accuracy = evaluation.get("loss", "nll"), evaluation.get("accuracy")
        if loss is None or accuracy is None or share(accuracy) is None or is_multi_label(run, evaluation):
            continue
        scope = scope_of(run, series, evaluation)
        if -1 <= loss.number < 0 and not _OVERLAPS & evaluation.metrics.keys():
            yield from _negative(loss, accuracy, losses, scope)
        count, entities = facts.at("class_count", scope), facts.at("entity_level", scope)
        if entities is not None and entities.value is True:
            continue  # the classes are those of entities, the loss is that of tokens
        if count is not None and loss.number > 0 and series.split != "train" and not is_weighted(run):
            yield from _twice(loss, accuracy, count, losses, scope)


def _negative(loss: Value, accuracy: Value, losses: Sequence[Point], scope: Scope) -> Iterator[Fact]:
    if any(not -1 <= p.number <= 0 for p in losses):
        return
    gap = loss.number + accuracy.number
    because = (
        f"{quoted(loss)} is below 0, which no cross-entropy is, and above -1, as the mean of -p is (a likelihood "
        f"without its logarithm), which is minus the accuracy for a sure model: {quoted(loss, accuracy)} add up to "
        f"{gap:.4f}"
    )
    yield Fact("negative_loss.gap", gap, scope, Proof.SUGGESTED, because, "nats", (), (loss, accuracy))


def _twice(loss: Value, accuracy: Value, count: Fact, losses: Sequence[Point], scope: Scope) -> Iterator[Fact]:
    classes = Interval.of(count.value)
    if not classes.is_point or classes.low < 2:
        return
    most = math.log(float(classes.low) - 1 + math.e)
    right = accuracy.number
    gap = loss.number - (most - right)
    because = (
        f"{quoted(loss)} beside {quoted(accuracy)}: through two softmaxes a sure model of {classes:g} classes has "
        f"ln({classes:g} - 1 + e) - accuracy = {most - right:.4f}, {gap:+.4f} away, where its least is {most - 1:.4f}"
    )
    evidence = (loss, accuracy, *count.evidence)
    yield Fact("double_softmax.gap", gap, scope, Proof.SUGGESTED, because, "nats", (), evidence)
    if tail := closing(losses):
        end = math.fsum(p.number for p in tail) / len(tail)
        least = min(p.number for p in tail)
        because = (
            f"the last {len(tail)} training losses have the mean {end:.4g} and are {least:.4g} or more: through two "
            f"softmaxes none is below ln({classes:g} - 1 + e) - 1 = {most - 1:.4f}"
        )
        yield Fact(
            "double_softmax.above_floor", end - (most - 1), scope, Proof.SUGGESTED, because, "nats", (),
            tuple(p.value for p in tail),
        )  # fmt: skip

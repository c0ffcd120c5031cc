"""The evaluations along a history: how the task metric and the evaluation loss move, and what their noise is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._curves import Curve, history_of, show, training_points
from diagnose.facts._scopes import series_scope
from diagnose.facts._task_metric import loss_curve, noise_of, null_of, start_of, task_curve
from diagnose.types import Fact, Facts, Proof, Question, Run, Scope, Series

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.facts._curves import Point

PROVIDES: Mapping[str, str] = {
    "judged_by": "the metric by which a history is judged, or the words that only its loss is there",
    "val_metric.name": "the metric of the history that stands for the task",
    "val_metric.rows": "how many evaluations have it as a finite number",
    "val_metric.first": "its first value",
    "val_metric.best": "its best value",
    "val_metric.last": "its last value",
    "val_metric.noise": "how far evaluations of equally good models may differ in it",
    "val_metric.drop": "how far the last value lies below the best, as a share of the best",
    "val_metric.fall": "how far the better of the last two values lies below the best, in units of its noise",
    "val_metric.gain": "how far the best value lies above the first, in units of its noise",
    "val_metric.last_gain": "how far the last value lies above the best of the earlier ones, in units of its noise",
    "val_metric.lost": "share of the best value's gain over a model without skill, or over the start, lost at the end",
    "val_metric.last_pace": "gain a step in the last interval over the gain a step from the first value to the best",
    "val_metric.above_null": "how far the best value lies above a model without skill, in units of its noise",
    "val_metric.moves_when_broken": "whether the metric still moves after the training loss broke",
    "val_metric.swings": "how many evaluations lose a fifth of the metric and are made good again",
    "val_loss.rows": "how many evaluations have a finite loss",
    "val_loss.first": "the first evaluation loss",
    "val_loss.min": "the smallest evaluation loss",
    "val_loss.last": "the last evaluation loss",
    "val_loss.min_step": "the step of the smallest evaluation loss",
    "val_loss.rise": "how far the last evaluation loss lies above the smallest, as a share of it",
    "val_loss.rows_since_min": "how many evaluations follow the smallest loss",
    "val_loss.last_fall": "how far the last loss lies below the smallest of the earlier ones, as a share of that",
    "val_loss.swings": "how many evaluations raise the loss by a half and are made good again",
    "val_loss.ends_nonfinite": "true where the loss was finite and is NaN or infinite from some evaluation to the end",
    "train_loss.change_after_best": "change of the training loss from the best evaluation to the end, as a share",
}
NEEDS: tuple[str, ...] = (
    "sample_count", "confusion_matrix", "confusion_matrix_up_to_factor", "majority_share",
    "train_loss.broken_from",
)  # fmt: skip

_METRIC_SWING = 0.2
_LOSS_SWING = 0.5


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001
    """Yield the movement of every history of at least two rows."""
    losses = [p for p in training_points(run, "loss") if math.isfinite(p.number)]
    for series in map(history_of, run.series()):
        if series.split == "train" or len(series.rows) < 2:
            continue
        scope = series_scope(run, series)
        metric, loss = task_curve(run, series), loss_curve(series)
        if metric is not None:
            yield from _metric(metric, facts, scope)
            yield from _after_break(metric, facts, scope)
        if loss is not None:
            yield from _loss(loss, scope)
        yield from _loss_ending(series, scope)
        main = metric or loss
        if main is not None:
            only = "loss only (no task metric was given)"
            because = f"{main.metric} is what the history is judged by" if metric is not None else only
            yield Fact("judged_by", metric.metric if metric is not None else only, scope, Proof.SUGGESTED, because)
            yield from _training_after(main.best, losses, scope)


def _metric(curve: Curve, facts: Facts, scope: Scope) -> Iterator[Fact]:
    first, best, last = curve.first, curve.best, curve.last
    because = f"{curve.metric} stands for the task in {len(curve.points)} evaluations"
    yield Fact("val_metric.name", curve.metric, scope, Proof.SUGGESTED, because)
    yield Fact("val_metric.rows", len(curve.points), scope, Proof.PROVED, because)
    for name, point in (("first", first), ("best", best), ("last", last)):
        said = f"{curve.metric} is {point.value.shown} at {show(point.place)}"
        yield Fact(f"val_metric.{name}", point.value.interval, scope, Proof.PROVED, said, evidence=(point.value,))
    noise = noise_of(curve, facts, scope)
    yield Fact("val_metric.noise", noise.size, scope, Proof.SUGGESTED, f"{noise.size:.4g}: {noise.source}")
    said = f"{curve.metric} is {best.value.shown} at its best ({show(best.place)}) and {last.value.shown} at the end"
    if best.number != 0:
        drop = curve.ahead(best.number, last.number) / abs(best.number)
        yield Fact(
            "val_metric.drop", drop, scope, Proof.SUGGESTED,
            f"{said}: |{last.value.shown} - {best.value.shown}|/{best.value.shown} = {drop:.1%} worse",
            evidence=(best.value, last.value),
        )  # fmt: skip
    yield from _in_noise(curve, noise.size, scope)
    null = null_of(curve, facts, scope)
    if null is not None:
        above = curve.ahead(best.number, null)
        because = (
            f"{said}; without skill it would be {null:.4g}: |{best.number:.4g} - {null:.4g}| is "
            f"{above / noise.size:.3g} times its noise of {noise.size:.4g}"
        )
        yield Fact("val_metric.above_null", above / noise.size, scope, Proof.SUGGESTED, because)
    base = null if null is not None else start_of(curve)
    if base is not None and curve.ahead(best.number, base) > 0:
        lost = curve.ahead(best.number, last.number) / curve.ahead(best.number, base)
        because = (
            f"{said}; {'without skill it would be' if null is not None else 'at the start it was'} {base:.4g}: "
            f"({best.number:.4g} - {last.number:.4g})/({best.number:.4g} - {base:.4g}) = {lost:.1%} of the gain is lost"
        )
        yield Fact("val_metric.lost", lost, scope, Proof.SUGGESTED, because)
    swings = curve.swings(_METRIC_SWING, 3 * noise.size)
    said = f"in {swings} of {len(curve.points)} evaluations {curve.metric} gets {_METRIC_SWING:.0%} worse, and recovers"
    yield Fact("val_metric.swings", swings, scope, Proof.SUGGESTED, said)


def _in_noise(curve: Curve, noise: float, scope: Scope) -> Iterator[Fact]:
    """Yield the fall, the gain and the last gain, in units of the noise."""
    if len(curve.points) < 2:
        return
    best, numbers = curve.best, [p.number for p in curve.points]
    ends = max(numbers[-2:], key=lambda n: curve.sign * n)
    before = max(numbers[:-1], key=lambda n: curve.sign * n)
    for name, amount, said in (
        ("fall", curve.ahead(best.number, ends), f"from the best, {best.number:.4g}, to the last two, {ends:.4g}"),
        (
            "gain",
            curve.ahead(best.number, numbers[0]),
            f"from the first, {numbers[0]:.4g}, to the best, {best.number:.4g}",
        ),
        (
            "last_gain",
            curve.ahead(numbers[-1], before),
            f"from the earlier best, {before:.4g}, to the last, {numbers[-1]:.4g}",
        ),
    ):
        because = f"{curve.metric} {said}: {amount / noise:.2g} times its noise of {noise:.4g}"
        yield Fact(f"val_metric.{name}", amount / noise, scope, Proof.SUGGESTED, because)
    yield from _pace(curve, before, scope)


def _pace(curve: Curve, before: float, scope: Scope) -> Iterator[Fact]:
    """Yield how fast the metric still improves, against its mean speed up to the best."""
    first, best, last, previous = curve.first, curve.best, curve.last, curve.points[-2]
    gain = curve.ahead(best.number, first.number)
    if gain <= 0 or last.place <= previous.place or best.place <= first.place:
        return
    late = max(curve.ahead(last.number, before), 0.0)
    pace = late / gain * (best.place - first.place) / (last.place - previous.place)
    because = (
        f"{curve.metric} improved by {gain:.4g} from {show(first.place)} to {show(best.place)}, "
        f"and by {late:.4g} from {show(previous.place)} to {show(last.place)}: {pace:.0%} of that speed"
    )
    yield Fact("val_metric.last_pace", pace, scope, Proof.SUGGESTED, because)


def _after_break(curve: Curve, facts: Facts, scope: Scope) -> Iterator[Fact]:
    """Yield whether the metric moves after the training loss broke: lost weights give the same answers for ever."""
    broken = facts.at("train_loss.broken_from", scope)
    if broken is None:
        return
    after = [p for p in curve.points if p.place >= broken.value]
    if len(after) > 1:
        moves = len({p.value.text for p in after}) > 1
        because = (
            f"{curve.metric} goes from {after[0].value.shown} to {after[-1].value.shown} and "
            f"{'moves' if moves else 'stays the same'} in the {len(after)} evaluations from step {show(broken.value)} "
            "on, where the training loss broke"
        )
        used = (after[0].value, after[-1].value)
        yield Fact("val_metric.moves_when_broken", moves, scope, Proof.PROVED, because, evidence=used)


def _loss(curve: Curve, scope: Scope) -> Iterator[Fact]:
    first, least, last = curve.first, curve.best, curve.last
    yield Fact("val_loss.rows", len(curve.points), scope, Proof.PROVED, f"{len(curve.points)} evaluations have a loss")
    for name, point in (("first", first), ("min", least), ("last", last)):
        said = f"the evaluation loss is {point.value.shown} at {show(point.place)}"
        yield Fact(f"val_loss.{name}", point.value.interval, scope, Proof.PROVED, said, evidence=(point.value,))
    because = (
        f"the evaluation loss is smallest at {show(least.place)} ({least.value.shown}), at the end {last.value.shown}"
    )
    proof = Proof.IMPLIED if curve.ties else Proof.PROVED
    used = (least.value,)
    yield Fact("val_loss.min_step", least.place, scope, proof, because, unit="step", evidence=used)
    said = f"{because}: {curve.since_best} of {len(curve.points)} evaluations follow"
    yield Fact("val_loss.rows_since_min", curve.since_best, scope, proof, said, evidence=used)
    if least.number > 0:
        rise = last.number / least.number - 1
        said = f"{because}: {last.value.shown}/{least.value.shown} - 1 = {rise:.1%}"
        yield Fact("val_loss.rise", rise, scope, Proof.SUGGESTED, said, evidence=(least.value, last.value))
    earlier = min((p.number for p in curve.points[:-1]), default=0.0)
    if earlier > 0:
        fall = 1 - last.number / earlier
        said = (
            f"the last evaluation loss is {last.number:.4g}, the smallest before it {earlier:.4g}: "
            f"1 - {last.number:.4g}/{earlier:.4g} = {fall:.1%}"
        )
        yield Fact("val_loss.last_fall", fall, scope, Proof.SUGGESTED, said)
    # A loss that has become small doubles through a few rows: a swing has to be a quarter of the first loss as well.
    swings = curve.swings(_LOSS_SWING, abs(first.number) / 4)
    said = f"in {swings} of {len(curve.points)} evaluations the loss jumps by {_LOSS_SWING:.0%}, and recovers"
    yield Fact("val_loss.swings", swings, scope, Proof.SUGGESTED, said)


def _loss_ending(series: Series, scope: Scope) -> Iterator[Fact]:
    losses = [value for _, value in series.column("loss")]
    if not losses:
        return
    broken = not losses[-1].is_finite and any(value.is_finite for value in losses)
    because = f"the last evaluation loss is {losses[-1].shown}"
    yield Fact("val_loss.ends_nonfinite", broken, scope, Proof.PROVED, because, evidence=(losses[-1],))


def _training_after(best: Point, losses: Sequence[Point], scope: Scope) -> Iterator[Fact]:
    """Compare up to three training losses at the best evaluation with as many at the end."""
    before = [p.number for p in losses if p.place <= best.place]
    after = [p.number for p in losses if p.place > best.place]
    size = min(3, len(before), len(after))
    if size == 0:
        return
    then, now = math.fsum(before[-size:]) / size, math.fsum(after[-size:]) / size
    if then <= 0:
        return
    change = now / then - 1
    because = (
        f"the training loss is {then:.4g} at the best evaluation and {now:.4g} at the end (means of {size}): "
        f"{now:.4g}/{then:.4g} - 1 = {change:+.1%}"
    )
    yield Fact("train_loss.change_after_best", change, scope, Proof.SUGGESTED, because)

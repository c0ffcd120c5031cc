"""The size of the training set, from steps, epochs and batch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from diagnose.facts._curves import sane, show
from diagnose.interval import Interval, printed_interval
from diagnose.types import Fact, Facts, Proof, Question, Run, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, TrainingPoint, Value

PROVIDES: Mapping[str, str] = {
    "steps_per_epoch": "optimizer steps in one pass over the training set, number or interval",
    "train_examples": "rows of the training set, interval",
}
NEEDS: tuple[str, ...] = ()

# Wider than this, the interval says nothing.
_WIDEST = 0.1
# Rows far apart pin the epoch down best, so a few from the end are enough; the printed digits do the rest.
_ROWS = 400


class _Passes(NamedTuple):
    """Batches per pass over the data (before accumulation), and the sentence that derives them."""

    batches: Interval
    because: str
    evidence: tuple[Value, ...]


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001
    """Yield steps per epoch and the number of training rows, where rows print both a step and an epoch.

    The Trainer computes epoch = step x accumulation / batches, so batches = step x accumulation / epoch, a whole
    number that every row must allow. With the last batch kept, the rows number (batches - 1) x B + 1 to batches x B.
    """
    scope = Scope(run.name)
    accumulation = run.setting("gradient_accumulation_steps") or 1.0
    if not _whole(accumulation):
        return
    passes = _at_epoch_ends(run, accumulation) or _from_fractions(run, accumulation)
    if passes is None:
        return
    low, high = int(passes.batches.low), int(passes.batches.high)
    steps = Interval(low / accumulation, high / accumulation)
    yield Fact(
        "steps_per_epoch", _point(steps), scope, Proof.IMPLIED, passes.because, unit="steps", evidence=passes.evidence
    )
    batch = _batch(run, assumed, scope, accumulation)
    if batch is None:
        return
    size, said, assumes = batch
    least, most = (low - 1) * size + 1, high * size
    rows = Interval(least, most)
    because = (
        f"{passes.because}; {said}; with the last batch kept at least ({show(low)} - 1) x {show(size)} + 1 = "
        f"{show(least)} rows, at most {show(high)} x {show(size)} = {show(most)}"
    )
    yield Fact("train_examples", rows, scope, Proof.IMPLIED, because, "rows", assumes, passes.evidence)


def _point(interval: Interval) -> Interval | float:
    return float(interval.low) if interval.is_point else interval


def _batch(
    run: Run, assumed: Assumptions, scope: Scope, accumulation: float
) -> tuple[int, str, tuple[str, ...]] | None:
    """Return the rows of one batch over all devices, how they were found, and what that assumes."""
    kept = ("last_batch_kept=true",)
    total = run.setting("total_train_batch_size")
    if total is not None and _whole(total / accumulation):
        return (
            round(total / accumulation),
            f"a batch is {show(total / accumulation)} rows on all devices together",
            kept,
        )
    device = run.setting("train_batch_size", "per_device_train_batch_size", "batch_size")
    if device is None or not _whole(device):
        return None
    devices = run.setting("num_devices") or assumed.number("devices", scope)
    if devices is not None and _whole(devices):
        return round(device * devices), f"a batch is {show(device)} rows on each of {show(devices)} devices", kept
    return round(device), f"a batch is {show(device)} rows on one device", (*kept, "devices=1")


def _whole(number: float) -> bool:
    return sane(number) and number >= 1 and float(number).is_integer()


def _pairs(run: Run) -> list[tuple[float, float, Value | None]]:
    """Return (step, epoch, the epoch as printed) of the evaluations and of the log."""
    pairs = []
    parts: tuple[Evaluation | TrainingPoint, ...] = (*run.evaluations, *run.training)
    for part in parts:
        if sane(part.step) and sane(part.epoch) and part.step > 0 and part.epoch > 0:
            pairs.append((part.step, part.epoch, part.metrics.get("epoch")))
    pairs.sort(key=lambda pair: pair[0])
    return pairs


def _at_epoch_ends(run: Run, accumulation: float) -> _Passes | None:
    """Read whole epochs at proportional steps as evaluations at the ends of epochs."""
    pairs = [(step, epoch, text) for step, epoch, text in _pairs(run) if float(epoch).is_integer()]
    rates = {step / epoch for step, epoch, _ in pairs}
    if len(rates) != 1 or not _whole(next(iter(rates))):
        return None
    step, epoch, text = pairs[-1]
    batches = round(step / epoch * accumulation)
    each = f"{show(step)}/{show(epoch)} = {show(step / epoch)} an epoch"
    because = f"epoch {show(epoch)} ends at step {show(step)}: {each}"
    if accumulation > 1:
        because += f" of {show(accumulation)} batches each"
    return _Passes(Interval(batches, batches), because, (text,) if text is not None else ())


def _from_fractions(run: Run, accumulation: float) -> _Passes | None:
    """Intersect step x accumulation / epoch over all rows, each epoch over the interval that it prints."""
    pairs = _pairs(run)[-_ROWS:]
    meet: Interval | None = Interval(1, math.inf)
    evidence: tuple[Value, ...] = ()
    for step, epoch, text in pairs:
        printed = _epoch_interval(epoch, text)
        if printed.low <= 0:
            continue
        meet = meet.meet(Interval.of(step * accumulation) / printed) if meet is not None else None
        evidence = (text,) if text is not None else evidence
    if meet is None or math.isinf(meet.high):
        return None
    low, high = math.ceil(meet.low), math.floor(meet.high)
    if low > high or high - low > _WIDEST * low:
        return None
    step, epoch, _ = pairs[-1]
    found = show(low) if low == high else f"{show(low)} to {show(high)}"
    because = (
        f"batches an epoch = step{f' x {show(accumulation)}' if accumulation > 1 else ''} / epoch, a whole number; "
        f"over {len(pairs)} rows (the last: step {show(step)}, epoch {epoch:g}) only {found} fits every printed epoch"
    )
    return _Passes(Interval(low, high), because, evidence)


def _epoch_interval(epoch: float, text: Value | None) -> Interval:
    """Return what the printed epoch may have been; a bare number is read with the digits that it shows."""
    if text is not None and text.interval is not None:
        return text.interval
    shown = repr(float(epoch))
    digits = len(shown.partition(".")[2]) if "e" not in shown else 2
    if digits >= 9:
        return Interval(epoch * (1 - 1e-12), epoch * (1 + 1e-12))
    return printed_interval(shown) or Interval.of(epoch)

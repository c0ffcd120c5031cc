"""Losses that a model without knowledge has exactly: ln of the vocabulary, of a batch, of two; a margin; and floors.

Equal probabilities for V tokens cost ln V (an untrained or broken language model), for the B texts of a batch ln B (a
collapsed contrastive model, InfoNCE), for the two sides of a pair ln 2 (DPO before its first step, a reward model);
equal distances cost a triplet loss its margin. None is told by digits alone among all integers (ln of *some* integer
fits most losses above ln 10), so the integer has to be known. With label smoothing eps over K classes no cross-entropy
is below the entropy of its own targets, 1 - eps + eps/K once and eps/K for the others.
"""

from __future__ import annotations

import math
import re
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from diagnose.facts._curves import training_points
from diagnose.facts._scopes import scope_of
from diagnose.interval import Interval
from diagnose.types import Fact, Proof, Scope, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.facts._curves import Point
    from diagnose.types import Evaluation, Facts, Question, Run

PROVIDES: Mapping[str, str] = {
    "magic_loss": "the constant that the reported loss prints, and what has that loss, in words",
    "train_loss.at_chance": "the constant at which the training loss stays from first to last, in words",
    "train_loss.above_floor": "the least training loss minus the least that label smoothing allows (nats)",
}
NEEDS: tuple[str, ...] = ("class_count",)

# Sizes of the output layers of well-known models, by their names (their published configurations).
_VOCABULARIES = {
    r"bert-(base|large)-uncased": 30522,
    r"llama-?2|tinyllama|mistral-7b-v0\.1": 32000,
    r"(?<![a-z])(distil)?gpt-?2(?![.\d])": 50257,
    r"llama-?3": 128256,
    r"qwen-?2": 151936,
    r"xlm-r": 250002,
}
_PAIRS = re.compile(r"(?<![a-z])(dpo|preference|pairwise|reward[-_ ]?model(l?ing)?)(?![a-z])", re.IGNORECASE)
_CONTRASTIVE = re.compile(r"simcse|info[-_ ]?nce|contrastive|multiple[-_ ]?negatives|(?<![a-z])mnrl", re.IGNORECASE)
_TRIPLET = re.compile(r"triplet", re.IGNORECASE)
# A loss prints the constant where at least three decimals do; the coincidence is then one in a thousand or less.
_DIGITS = 0.002
# A log "stays" at a constant where its beginning, middle and end are this near: 1 % below ln 2, two classes are told
# apart in some 57 of 100 rows.
_NEAR = 0.01
_WINDOW = 3
_FEWEST = 9


class _Constant(NamedTuple):
    """A loss that a model without knowledge has, what has it, and the setting that says so, if it is a number."""

    number: float
    said: str
    setting: Value | None = None


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield the constants that the reported losses print, and those at which the training loss stays."""
    series = run.series()
    for one in series:
        scope = scope_of(run, one, one.reported)
        yield from _printed(run, one.reported, scope)
    points = [p for p in training_points(run, "loss") if math.isfinite(p.number)]
    whole = Scope(run.name)
    count = facts.at("class_count", scope_of(run, series[0], series[0].reported)) if len(series) == 1 else None
    yield from _stays(run, points, count, whole)
    yield from _floor(run, points, count, whole)


def _constants(run: Run, task: str | None, batch: str, *, exactly: bool) -> list[_Constant]:
    """Return the losses of a model without knowledge that the names and settings of the run define.

    exactly: with those that a model which has learnt comes near to as well: a DPO loss starts at ln 2 and may end at
    0.68 with most pairs in the right order, for its scale (beta) is small.
    """
    loss = run.config.get("loss_function", run.config.get("loss"))
    words = [run.task_kind, run.name, run.model, task, loss, run.config.get("model_name")]
    named = " ".join(word for word in words if isinstance(word, str))
    found = []
    vocabulary = run.config.get("vocab_size")
    if isinstance(vocabulary, Value) and vocabulary.number > 1:
        found.append(_of_tokens(int(vocabulary.number), vocabulary))
    else:
        sizes = [size for pattern, size in _VOCABULARIES.items() if re.search(pattern, named, re.IGNORECASE)]
        found += [_of_tokens(size) for size in sizes]
    if exactly and _PAIRS.search(named):
        found.append(_Constant(math.log(2), "ln 2 = 0.6931, the loss of pairs whose sides are rated alike"))
    size = run.config.get(batch)
    if _CONTRASTIVE.search(named) and isinstance(size, Value) and size.number > 1:
        said = f"ln {size.number:g} = {math.log(size.number):.4f}, the loss where all texts of a batch look alike"
        found.append(_Constant(math.log(size.number), said, size))
    margin = run.config.get("triplet_margin", run.config.get("margin"))
    if _TRIPLET.search(named) and isinstance(margin, Value) and margin.number > 0:
        said = f"the margin {margin.shown}, the triplet loss where all distances are equal"
        found.append(_Constant(margin.number, said, margin))
    return found


def _of_tokens(size: int, setting: Value | None = None) -> _Constant:
    said = f"ln {size} = {math.log(size):.4f}, the loss of equal probabilities for all {size:,} tokens"
    return _Constant(math.log(size), said, setting)


def _printed(run: Run, evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    loss = evaluation.get("loss", "nll")
    interval = None if loss is None else loss.interval
    if loss is None or interval is None or interval.high - interval.low > _DIGITS:
        return
    fitting = [c for c in _constants(run, evaluation.task, "eval_batch_size", exactly=True) if c.number in interval]
    if len(fitting) == 1:
        evidence = (loss, fitting[0].setting) if fitting[0].setting is not None else (loss,)
        because = f"{loss.key} {loss.shown} is {fitting[0].said}"
        yield Fact("magic_loss", fitting[0].said, scope, Proof.IMPLIED, because, "", (), evidence)


def _stays(run: Run, points: Sequence[Point], count: Fact | None, scope: Scope) -> Iterator[Fact]:
    """Yield the constant that the training loss has in the beginning, in the middle and at the end of its log."""
    if len(points) < _FEWEST:
        return
    constants = _constants(run, None, "train_batch_size", exactly=False)
    if count is not None and isinstance(count.value, int) and count.value > 1:
        said = f"ln {count.value} = {math.log(count.value):.4f}, the loss of equal probabilities for all classes"
        constants.append(_Constant(math.log(count.value), said))
    middle = (len(points) - _WINDOW) // 2
    levels = [median(p.number for p in points[i : i + _WINDOW]) for i in (0, middle, len(points) - _WINDOW)]
    for constant in constants:
        if all(abs(level - constant.number) <= _NEAR * constant.number for level in levels):
            because = (
                f"the training loss is {', '.join(f'{level:.4g}' for level in levels)} in the beginning, in the middle "
                f"and at the end (medians of three): {constant.said}"
            )
            evidence = (points[0].value, points[-1].value)
            yield Fact("train_loss.at_chance", constant.said, scope, Proof.IMPLIED, because, "", (), evidence)
            return


def _floor(run: Run, points: Sequence[Point], count: Fact | None, scope: Scope) -> Iterator[Fact]:
    """Yield how far the training loss stays above the entropy of the smoothed targets, its least value."""
    smoothing, size = run.config.get("label_smoothing_factor"), run.config.get("vocab_size")
    least = min(points, key=lambda p: p.number, default=None)
    if not isinstance(smoothing, Value) or not 0 < smoothing.number < 1 or least is None:
        return
    classes = count.value if count is not None else size.number if isinstance(size, Value) else None
    interval = least.value.interval
    if interval is None or not isinstance(classes, int | float) or classes < 2:
        return
    floor = smoothing_floor(smoothing.number, classes)
    gap = Interval(float(interval.low) - floor, float(interval.high) - floor)
    because = (
        f"with label smoothing {smoothing.shown} over {classes:g} classes no loss is below {floor:.4f}, the entropy of "
        f"the smoothed targets; the least training loss is {least.value.shown}: {gap.middle:+.4f}"
    )
    evidence = (least.value, smoothing)
    yield Fact("train_loss.above_floor", gap, scope, Proof.IMPLIED, because, "nats", (), evidence)


def smoothing_floor(smoothing: float, classes: float) -> float:
    """Return the least cross-entropy (nats) against targets 1 - eps + eps/K, once, and eps/K for the other classes."""
    rest = smoothing / classes
    true = 1 - smoothing + rest
    return -true * math.log(true) - (classes - 1) * rest * math.log(rest)

"""The gradients along the log: whether they vanish, in all of the model or below its last layers, and dead units.

The norm of the whole gradient is what trainers log. How far it reaches down, how far a step moves the weights and which
units are dead are samples that the training callbacks take (`integrations`), since no log has them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._curves import show, training_points
from diagnose.types import Fact, Facts, Proof, Question, Run, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.facts._curves import Point

PROVIDES: Mapping[str, str] = {
    "gradient.zero_tail": "how many logged gradient norms at the end are exactly 0",
    "gradient.reach": "the largest of the last three samples of the lower half's share of the gradient norm",
    "update_ratio.least": "the smallest of the last three samples of a step's |change|/|weight|, median of matrices",
    "update_ratio.most": "the largest of them",
    "dead_units.share": "the smallest of the last three samples of the share of a layer's ReLU units that never answer",
}
NEEDS: tuple[str, ...] = ()

# One sample is one batch.
_SAMPLES = 3
_MOVED = ("update_ratio.least", "update_ratio.most")


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001
    """Yield what the logged and the sampled gradients say; it is about the run, whatever was evaluated."""
    scope = Scope(run.name)
    norms = training_points(run, "grad_norm")
    if norms:
        yield _zero_tail(norms, scope)
    reach = _last(run, "gradient_reach")
    if reach:
        largest = max(reach, key=lambda p: p.number)
        because = (
            f"in the last {_SAMPLES} samples, the gradient of the lower half of the weight matrices has at most "
            f"{largest.number:.2g} of the norm of all ({_steps(reach)})"
        )
        yield Fact(
            "gradient.reach", largest.number, scope, Proof.PROVED, because, evidence=tuple(p.value for p in reach)
        )
    moved = sorted(_last(run, "update_ratio"), key=lambda p: p.number)
    for name, point, word in zip(_MOVED, (moved[0], moved[-1]), ("least", "most"), strict=True) if moved else ():
        because = (
            f"in the last {_SAMPLES} sampled steps, a step changed the weights by at {word} {point.number:.2g} of "
            f"their size, in the median of the matrices ({_steps(moved)})"
        )
        yield Fact(name, point.number, scope, Proof.PROVED, because, evidence=tuple(p.value for p in moved))
    dead = _last(run, "dead_units")
    if dead:
        yield _dead(run, dead, scope)


def _zero_tail(norms: Sequence[Point], scope: Scope) -> Fact:
    count = next((i for i, p in enumerate(reversed(norms)) if p.number != 0), len(norms))
    because = f"none of {len(norms)} logged gradient norms at the end is 0: the last is {norms[-1].value.shown}"
    if count:
        because = f"{count} of {len(norms)} logged gradient norms, counted from the end, are {norms[-1].value.shown}"
    used = tuple(p.value for p in norms[-max(count, 1) :][:_SAMPLES])
    return Fact("gradient.zero_tail", count, scope, Proof.PROVED, because, evidence=used)


def _dead(run: Run, dead: Sequence[Point], scope: Scope) -> Fact:
    least = min(dead, key=lambda p: p.number)
    layer = run.config.get("dead_units_layer")
    where = f" of {layer}" if isinstance(layer, str) else ""
    because = (
        f"in the last {_SAMPLES} sampled batches, no row activates at least {least.number:.0%} of the ReLU units{where}"
        f" ({_steps(dead)})"
    )
    used = tuple(p.value for p in dead)
    return Fact("dead_units.share", least.number, scope, Proof.PROVED, because, evidence=used)


def _last(run: Run, metric: str) -> Sequence[Point]:
    """Return the last samples; none where there are too few, or one of them is no number."""
    points = training_points(run, metric)[-_SAMPLES:]
    return points if len(points) == _SAMPLES and all(math.isfinite(p.number) for p in points) else ()


def _steps(points: Sequence[Point]) -> str:
    return f"steps {', '.join(show(p.place) for p in points)}"

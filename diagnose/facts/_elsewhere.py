"""A number of a contradiction that stands in another evaluation too, where the rest of the set is another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.types import row_step
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.facts._contradictions import Contradiction
    from diagnose.types import Evaluation

__all__ = ["elsewhere", "name_of"]

_COMPARED = ("score", "correlation", "error", "loss")
# Fewer digits are found anywhere.
_FEWEST_DIGITS = 3


def elsewhere(
    contradiction: Contradiction, evaluation: Evaluation, others: Sequence[tuple[str, Evaluation]]
) -> Iterator[tuple[float, str]]:
    """Look for each number in the other rows and splits: yield the chance that it is there anyhow, and the reading.

    others: all evaluations, by what to call them.
    """
    for value in contradiction.values:
        digits = len(value.text.replace(".", "").strip("0-"))
        info = metric_of(value.metric)
        if digits < _FEWEST_DIGITS or info is None or info.kind not in _COMPARED:
            continue
        owner = next((e for _, e in others if e.metrics.get(value.metric) is value), evaluation)
        if owner.metrics.get(value.metric) is not value:
            continue
        mine = [v for v in contradiction.values if owner.metrics.get(v.metric) is v and v is not value]
        for name, other in others:
            theirs = other.metrics.get(value.metric)
            if theirs is None or theirs is value or theirs.text != value.text or not mine:
                continue
            if all((o := other.metrics.get(v.metric)) is not None and o.text != v.text for v in mine):
                yield 10.0 ** (1 - digits), f"{value.key} {value.shown} is that of {name}, which prints the same digits"
                break


def name_of(evaluation: Evaluation, task: str | None) -> str:
    """Return what to call an evaluation in a sentence: its step or epoch, its split, its task."""
    step = row_step(evaluation)
    place = "the headline" if step is None else f"step {step:g}" if evaluation.step is not None else f"epoch {step:g}"
    if evaluation.task != task and evaluation.task is not None:
        place += f" of {evaluation.task}"
    return f"{place} ({evaluation.split})"

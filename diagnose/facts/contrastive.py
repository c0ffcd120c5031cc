"""A contrastive model whose embeddings are all alike: its loss is ln of the batch, and it finds nothing.

InfoNCE over a batch of B pairs costs ln B where all similarities are equal. A temperature that is too high gives nearly
the same loss with a good ranking, so the retrieval has to be bad as well: of B texts in random order the right one is
the first in 1/B of the rows, and its mean reciprocal rank is (1 + 1/2 + ... + 1/B)/B.
"""

from __future__ import annotations

import math
import re
from statistics import median
from typing import TYPE_CHECKING

from diagnose.facts._curves import training_points
from diagnose.facts._scopes import scope_of
from diagnose.types import Fact, Proof, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run

PROVIDES: Mapping[str, str] = {
    "contrastive.over_batch": "training loss over ln of the batch, where it is furthest off: begin, middle or end",
    "contrastive.over_chance": "recall at 1, or else the reciprocal rank, over that of a random order of one batch",
}
NEEDS: tuple[str, ...] = ()

_AT_ONE = re.compile(r"(?:.*_)?(?:(?:recall|hits?|hit_rate)_(?:at_)?1|accuracy_at_1)")
_WINDOW = 3
_FEWEST = 9
# No batch is larger.
_LARGEST = 1_000_000


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield the training loss against ln B, and the retrieval against chance, of each evaluation that ranks."""
    batch = run.config.get("train_batch_size", run.config.get("per_device_train_batch_size"))
    losses = [p for p in training_points(run, "loss") if math.isfinite(p.number)]
    if not isinstance(batch, Value) or not batch.is_finite or batch.number < 4 or len(losses) < _FEWEST:
        return
    alike = math.log(batch.number)
    middle = (len(losses) - _WINDOW) // 2
    levels = [median(p.number for p in losses[i : i + _WINDOW]) for i in (0, middle, len(losses) - _WINDOW)]
    furthest = max((level / alike for level in levels), key=lambda part: abs(part - 1))
    for series in run.series():
        found = _ranked(series.reported)
        if found is None or series.split == "train":
            continue
        scope = scope_of(run, series, series.reported)
        value, chance = found[0], found[1](batch.number)
        because = (
            f"the training loss is {', '.join(f'{level:.4g}' for level in levels)} in the beginning, in the middle and "
            f"at the end (medians of three), and all texts of a batch alike cost ln {batch.number:g} = {alike:.4f}"
        )
        evidence = (losses[0].value, losses[-1].value, batch)
        yield Fact("contrastive.over_batch", furthest, scope, Proof.SUGGESTED, because, "", (), evidence)
        because = (
            f"{value.key} is {value.shown}; a random order of a batch of {batch.number:g} gives {chance:.4g}: "
            f"{value.number / chance:.3g} times that"
        )
        yield Fact(
            "contrastive.over_chance", value.number / chance, scope, Proof.SUGGESTED, because, "", (), (value, batch)
        )


def _ranked(evaluation: Evaluation) -> tuple[Value, Callable[[float], float]] | None:
    """Return the measure of a ranking with what chance gives for a batch; None where there is none."""
    for name, value in evaluation.metrics.items():
        if _AT_ONE.fullmatch(name) and 0 <= value.number <= 1:
            return value, lambda size: 1 / size
    rank = evaluation.get("mrr")
    return None if rank is None else (rank, _reciprocal)


def _reciprocal(size: float) -> float:
    return math.fsum(1 / rank for rank in range(1, min(int(size), _LARGEST) + 1)) / size

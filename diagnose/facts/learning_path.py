"""How far the optimiser can have carried the weights: the learning rate, summed over the steps.

A step of Adam changes a weight by about the learning rate at most, whatever the size of the gradient (Kingma and Ba
2015, section 2.1), so the sum of the rates bounds the way of a weight. Weights are 0.02 (BERT's and GPT's initialiser)
to about 0.1 large: a sum far below that leaves a model where it was, one of 1 and more has thrown all of it away.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._curves import sane, show, training_points
from diagnose.types import Fact, Proof, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Facts, Question, Run

PROVIDES: Mapping[str, str] = {
    "learning_path": "sum of the learning rate over the steps: about how far Adam can have moved a weight",
    "learning_path.cut": "factor for the learning rate: a quarter, or less where the weights went further than 0.4",
}
NEEDS: tuple[str, ...] = ()

_FEWEST = 3
_CUT = 0.25
# What the largest usual weights measure: the way that is left after the cut.
_MODERATE = 0.1


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield the sum of the logged learning rates, each over the steps since the one before."""
    steps = {line.step for line in run.training if sane(line.step)}
    points = [p for p in training_points(run, "learning_rate") if p.place in steps and 0 <= p.number < math.inf]
    if len(points) < _FEWEST or points[-1].place <= 0:
        return
    before = [0.0, *(p.place for p in points)]
    path = math.fsum(p.number * (p.place - start) for p, start in zip(points, before, strict=False))
    because = (
        f"the {len(points)} logged learning rates, each times the steps since the one before, add up to {path:.2g} at "
        f"step {show(points[-1].place)}: about how far Adam can have moved a weight, where weights are 0.02 to 0.1"
    )
    used = (points[0].value, points[-1].value)
    yield Fact("learning_path", path, Scope(run.name), Proof.SUGGESTED, because, evidence=used)
    if path > 0:
        cut = min(_CUT, float(f"{_MODERATE / path:.2g}"))
        said = f"{because}; {_MODERATE}/{path:.2g} = {_MODERATE / path:.2g}, and a quarter at most"
        yield Fact("learning_path.cut", cut, Scope(run.name), Proof.SUGGESTED, said, evidence=used)

"""What a model has learnt by heart: its training loss beside what answers that ignore the input cost.

Probabilities that are the same for every row cost at least the entropy of the labels, one number for every row at least
their variance. A training loss clearly below has learnt something of its rows; if the evaluation shows nothing of it,
what was learnt holds for those rows only, or inputs and labels do not belong together.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._curves import closing, training_points
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import is_multi_label
from diagnose.facts.loss import is_weighted
from diagnose.interval import Interval
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Facts, Question, Run, Scope

PROVIDES: Mapping[str, str] = {
    "skill_unseen": "true: mean recall and loss are those of answers that ignore the input, for all that shows",
    "train_loss.over_blind": "training loss at the end over what answers that ignore the input cost at least",
}
NEEDS: tuple[str, ...] = (
    "prior_entropy",
    "label_variance",
    "loss_vs_mse.gap",
    "entity_level",
    "informedness",
    "loss_vs_prior",
    "sample_count",
)

# Standard errors of the mean recall, at most, and rows, at least, for skill to be missed rather than not looked for.
_BLIND = 1
_ROWS = 200


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield whether any skill is seen, and the training loss at the end against blind answers to the same rows."""
    for series in run.series():
        scope = scope_of(run, series, series.reported)
        if series.split != "train" and not is_multi_label(run, series.reported):
            yield from _unseen(facts, scope)
    tail = closing([p for p in training_points(run, "loss") if math.isfinite(p.number)])
    if not tail or is_weighted(run):
        return
    end = math.fsum(p.number for p in tail) / len(tail)
    for series in run.series():
        scope = scope_of(run, series, series.reported)
        if series.split == "train" or is_multi_label(run, series.reported) or (blind := _blind(facts, scope)) is None:
            continue
        cost = float(Interval.of(blind.value).low)
        if cost <= 0 or end < 0:
            continue
        what = "variance" if blind.name == "label_variance" else "entropy"
        because = (
            f"the mean of the last {len(tail)} training losses is {end:.4g}, and answers that ignore the input cost "
            f"{cost:.4g} or more, the {what} of the labels: {end:.4g}/{cost:.4g} = {end / cost:.2%}"
        )
        yield Fact("train_loss.over_blind", end / cost, scope, Proof.SUGGESTED, because, evidence=blind.evidence)


def _unseen(facts: Facts, scope: Scope) -> Iterator[Fact]:
    """Yield that a mean recall within an error of 1/K, beside a loss above the entropy, shows no skill."""
    known = [facts.at(name, scope) for name in ("informedness", "loss_vs_prior", "sample_count")]
    if None in known:
        return
    above, gap, rows = (Interval.of(fact.value) for fact in known if fact is not None)
    if above.high < _BLIND and gap.low > 0 and rows.low >= _ROWS:
        because = (
            f"the mean recall of the classes lies {above:.2f} standard errors above that of blind answers, and the "
            f"loss {gap:.4f} nats above the entropy of the labels: {rows:g} rows show no skill"
        )
        evidence = tuple(value for fact in known if fact is not None for value in fact.evidence)
        yield Fact("skill_unseen", value=True, scope=scope, proof=Proof.SUGGESTED, because=because, evidence=evidence)


def _blind(facts: Facts, scope: Scope) -> Fact | None:
    """Return the entropy of the labels, or their variance where the loss is the squared error.

    A table of entities says nothing of the tokens that a tagger's loss is about.
    """
    if facts.at("loss_vs_mse.gap", scope) is not None:
        return facts.at("label_variance", scope)
    entities = facts.at("entity_level", scope)
    return None if entities is not None and entities.value is True else facts.at("prior_entropy", scope)

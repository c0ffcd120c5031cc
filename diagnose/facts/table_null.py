"""Whether a per-class table or a confusion matrix excludes answers that have nothing to do with the input."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._proofs import LISTED, claim, following, resting_on
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import is_multi_label, share
from diagnose.facts._spread import error_of_share
from diagnose.interval import Interval
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run, Scope

PROVIDES: Mapping[str, str] = {
    "beats_null": "whether the null models of the task (here: answers without regard to the input) are excluded",
    "informedness": "macro recall above 1/K, which answers without regard to the input give, in standard errors",
}
NEEDS: tuple[str, ...] = ("class_margins", "constant_prediction", "entity_level")

# Standard errors between the macro recall and that of blind answers: a chance of one in 700 for one evaluation.
_CLEAR = 3
# Without supports each class is supposed to have this many rows.
_ROWS = 30
# Entities that are guessed blindly hardly ever have the right ends and the right type.
_CLEAR_ENTITIES = 0.1
# Always giving a label that half of the rows have scores F1 = 2/3 on it.
_CLEAR_LABELS = 0.7


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield whether the reported evaluation's table excludes blind answers."""
    for series in run.series():
        evaluation = series.reported
        if not evaluation.classes and not evaluation.matrix:
            continue
        scope = scope_of(run, series, evaluation)
        constant = facts.at("constant_prediction", scope)
        if constant is not None and constant.value is True:
            because = f"a constant prediction knows nothing of the input: {constant.because}"
            yield following(constant, "beats_null", scope, holds=False, because=because)
        elif _is_single_label(run, evaluation, assumed, scope):
            yield from _informed(evaluation, facts, scope)
        else:
            yield from _several_labels(evaluation, facts, scope)


def _is_single_label(run: Run, evaluation: Evaluation, assumed: Assumptions, scope: Scope) -> bool:
    """Whether rows have one label, as far as can be seen: a micro average is printed only where they have not."""
    said = assumed.get("single_label", scope)
    if evaluation.matrix or said is not None:
        return said != "false"
    return not is_multi_label(run, evaluation) and not any(name.startswith("micro_") for name in evaluation.metrics)


def _informed(evaluation: Evaluation, facts: Facts, scope: Scope) -> Iterator[Fact]:
    """Blind answers give class i with some probability q_i whatever the row is: their recalls add up to 1."""
    margins = facts.at("class_margins", scope)
    recalls, supports = _recalls(evaluation, margins)
    classes = len(recalls)
    if classes < 2:
        return
    macro = Interval(sum(r.low for r in recalls), sum(r.high for r in recalls)) / classes
    blind = Fraction(1, classes)
    spread = math.sqrt(math.fsum(error_of_share(0.5, rows) ** 2 for rows in supports)) / classes
    above = (macro - blind) / Fraction(spread)
    evidence = tuple(row.metrics["recall"] for row in evaluation.classes if "recall" in row.metrics)
    shown = "".join(f" {value.shown}," for value in evidence[:5]) + (" ... " if len(evidence) > 5 else " ")
    because = (
        f"the recalls{shown}of {classes} classes have a mean of {macro:.6g}, and those of blind answers one of 1/K: "
        f"({macro:.6g} - 1/{classes})/{spread:.6g} = {above:.2f} standard errors, each sqrt(sum of 1/(4 rows))/K"
    )
    known = margins is not None and len(margins.value) >= len(evaluation.classes)
    basis = resting_on(
        [margins],
        evaluation.matrix_assumes if evaluation.matrix else LISTED,
        Proof.PROVED if known else Proof.IMPLIED,
    )
    value = float(above.low) if above.is_point else above
    yield Fact("informedness", value, scope, basis[0], because, "standard errors", basis[1], evidence)
    if above.low > _CLEAR or above.high <= 0:
        # Luck may bring blind answers up to any height; that they are no better needs no statistics.
        holds = above.low > _CLEAR
        basis = resting_on([], basis[1], Proof.IMPLIED if holds else basis[0])
        yield claim("beats_null", holds=holds, scope=scope, basis=basis, because=because, evidence=evidence)


def _recalls(evaluation: Evaluation, margins: Fact | None) -> tuple[Sequence[Interval], Sequence[float]]:
    """Return the recall and the rows of every class that has rows: from the margins, or as printed."""
    if margins is not None and len(margins.value) >= len(evaluation.classes):
        rows = [row for row in margins.value.values() if row["support"] > 0]
        return [Interval.of(row["tp"]) / row["support"] for row in rows], [row["support"] for row in rows]
    printed = [row.metrics.get("recall") for row in evaluation.classes]
    recalls = [interval for value in printed if value is not None and (interval := share(value)) is not None]
    return (recalls, [_ROWS] * len(recalls)) if len(recalls) == len(printed) else ([], [])


def _several_labels(evaluation: Evaluation, facts: Facts, scope: Scope) -> Iterator[Fact]:
    """Judge F1 where a row may have several labels or entities, and nothing says how often blind answers are right."""
    f1 = evaluation.get("macro_f1", "micro_f1", "weighted_f1", "f1")
    interval = share(f1) if f1 is not None else None
    entities = facts.at("entity_level", scope)
    clear = _CLEAR_ENTITIES if entities is not None and entities.value is True else _CLEAR_LABELS
    if f1 is not None and interval is not None and interval.low > clear:
        because = (
            f"{f1.key} {f1.shown} is above {clear:g}, which blind answers do not reach on labels of ordinary rarity"
        )
        basis = Proof.IMPLIED, ()
        yield claim("beats_null", holds=True, scope=scope, basis=basis, because=because, evidence=(f1,))

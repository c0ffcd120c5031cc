"""The majority class: its share of the rows, and what the accuracy adds to always answering it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._proofs import LISTED, resting_on
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import quoted, share
from diagnose.interval import Interval
from diagnose.types import Evaluation, Fact, Facts, Proof, Question, Run, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions

PROVIDES = {
    "majority_share": "share of the most frequent true class, a number or an interval",
    "majority_baseline_accuracy": "accuracy of always answering the majority class, a number or an interval",
    "lift_over_majority": "accuracy minus that of always answering the majority class, a number or an interval",
}
NEEDS = ("prevalence", "constant_class_share", "confusion_matrix", "confusion_matrix_up_to_factor")


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield the majority class's share in each reported evaluation, and the lift over it."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        counted = _assumed(scope, assumed) or _counted(evaluation, scope) or _from_prevalence(scope, facts)
        majority = counted or _from_constant(scope, facts)
        if majority is None:
            continue
        yield majority
        because = "always answering the majority class is right in its share of the rows"
        yield Fact(
            "majority_baseline_accuracy", majority.value, scope, majority.proof, because, "share", majority.assumes,
            majority.evidence,
        )  # fmt: skip
        yield from _lift(evaluation, majority, scope, facts, constant=counted is None)


def _assumed(scope: Scope, assumed: Assumptions) -> Fact | None:
    for name in ("majority_share", "prevalence"):
        number = assumed.number(name, scope)
        if number is not None and 0 < number < 1:
            value = max(number, 1 - number) if name == "prevalence" else number
            because = f"{name} {number:g}, as assumed"
            return Fact("majority_share", value, scope, Proof.PROVED_IF, because, "share", (f"{name}={number:g}",))
    return None


def _counted(evaluation: Evaluation, scope: Scope) -> Fact | None:
    """Count the true labels: the rows of a confusion matrix, or the supports of a per-class table."""
    assumes: tuple[str, ...] = ()
    if evaluation.matrix:
        counts = {label: float(sum(row.values())) for label, row in evaluation.matrix.items()}
        assumes = evaluation.matrix_assumes
    else:
        supports = {row.label: row.metrics.get("support") for row in evaluation.classes}
        counts = {label: v.number for label, v in supports.items() if v is not None and v.is_finite and v.number >= 0}
        if len(counts) < max(2, len(evaluation.classes)):
            return None
        assumes = LISTED
    total = sum(counts.values())
    if total <= 0:
        return None
    label = max(counts, key=lambda name: counts[name])
    proof, assumes = resting_on([], assumes)
    because = f"{label!r} is the true class of {counts[label]:,.0f} of {total:,.0f} rows"
    return Fact("majority_share", counts[label] / total, scope, proof, because, "share", assumes)


def _from_prevalence(scope: Scope, facts: Facts) -> Fact | None:
    prevalence = facts.at("prevalence", scope)
    if prevalence is None:
        return None
    positive = Interval.of(prevalence.value)
    negative = 1 - positive
    bounds = Interval(max(positive.low, negative.low), max(positive.high, negative.high))
    value = float(bounds.low) if bounds.is_point else bounds
    because = f"of the two classes the larger one; {prevalence.because}"
    return Fact(
        "majority_share", value, scope, prevalence.proof, because, "share", prevalence.assumes, prevalence.evidence
    )


def _from_constant(scope: Scope, facts: Facts) -> Fact | None:
    """Take the class of a constant prediction where it has at least half of the rows; a smaller one need not lead."""
    part = facts.at("constant_class_share", scope)
    if part is None or Interval.of(part.value).low < Fraction(1, 2):
        return None
    because = "the class that is always predicted has at least half of the rows"
    return Fact("majority_share", part.value, scope, part.proof, because, "share", part.assumes, part.evidence)


def _lift(evaluation: Evaluation, majority: Fact, scope: Scope, facts: Facts, *, constant: bool) -> Iterator[Fact]:
    """Yield the lift; constant: the majority share is that of a constant prediction."""
    base = Interval.of(majority.value)
    matrix = facts.at("confusion_matrix", scope) or facts.at("confusion_matrix_up_to_factor", scope)
    printed = evaluation.get("accuracy")
    if constant:
        because = "a constant prediction of the majority class adds nothing"
        yield Fact("lift_over_majority", 0.0, scope, majority.proof, because, "share", majority.assumes)
    elif matrix is not None:
        cells = matrix.value
        rows = sum(cells.values())
        accuracy = Fraction(cells["tp"] + cells["tn"], rows)
        most = Fraction(max(cells["tp"] + cells["fn"], cells["fp"] + cells["tn"]), rows)
        because = f"({cells['tp']:,} + {cells['tn']:,})/{rows:,} right, and {float(most):.6f} of the rows are one class"
        lift = float(accuracy - most)
        yield Fact("lift_over_majority", lift, scope, matrix.proof, because, "share", matrix.assumes, matrix.evidence)
    elif printed is not None and (accuracy_interval := share(printed)) is not None:
        proof, assumes = resting_on([majority], ("same_unit=true",))
        because = (
            f"{quoted(printed)} minus the share of the majority class, {float(base.low):.5g} to {float(base.high):.5g}"
        )
        lifted = accuracy_interval - base
        yield Fact("lift_over_majority", lifted, scope, proof, because, "share", assumes, (printed,))

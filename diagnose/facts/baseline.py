"""The majority class: its share of the rows, and what the accuracy adds to always answering it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._one_class import class_share_bound
from diagnose.facts._proofs import LISTED, resting_on
from diagnose.facts._rows import all_supports
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import Scores, is_multi_label, quoted, score_groups, share
from diagnose.interval import Interval
from diagnose.types import Evaluation, Fact, Facts, Proof, Question, Run, Scope, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions

PROVIDES = {
    "majority_share": "share of the most frequent true class, a number or an interval",
    "majority_baseline_accuracy": "accuracy of always answering the majority class, a number or an interval",
    "lift_over_majority": "accuracy minus that of always answering the majority class, a number or an interval",
}
NEEDS = (
    "averaging", "class_count", "confusion_matrix", "confusion_matrix_up_to_factor", "constant_class_share",
    "entity_level", "possible_matrices", "prevalence",
)  # fmt: skip

_HALF = Fraction(1, 2)
# A recall printed as 0 with a wider interval than this is no zero.
_NEXT_TO_NOTHING = Fraction(1, 100)


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield the majority class's share in each reported evaluation, and the lift over it."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        groups = [] if is_multi_label(run, evaluation) else list(score_groups(run, evaluation, scope, assumed))
        counted = _assumed(scope, assumed) or _counted(evaluation, scope)
        counted = counted or _from_matrices(scope, facts) or _from_prevalence(scope, facts)
        constant = None if counted is not None else _from_constant(scope, facts)
        majority = counted or constant or _at_least(groups, scope, facts)
        if majority is None:
            continue
        yield majority
        part = Interval.of(majority.value)
        because = f"always answering the majority class is right in its share of the rows, {part:.4g}"
        yield Fact(
            "majority_baseline_accuracy", majority.value, scope, majority.proof, because, "share", majority.assumes,
            majority.evidence,
        )  # fmt: skip
        yield from _lift(evaluation, majority, scope, facts, constant=constant is not None)


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
    used: tuple[Value, ...] = ()
    if evaluation.matrix:
        counts = {label: float(sum(row.values())) for label, row in evaluation.matrix.items()}
        assumes = evaluation.matrix_assumes
    else:
        assumes, used = LISTED, all_supports(evaluation)
        counts = {row.label: v.number for row, v in zip(evaluation.classes, used, strict=False)}
        if len(counts) < max(2, len(evaluation.classes)):
            return None
    total = sum(counts.values())
    if total <= 0:
        return None
    label = max(counts, key=lambda name: counts[name])
    proof, assumes = resting_on([], assumes)
    part = counts[label] / total
    because = f"the largest class, {label!r}, has {counts[label]:,.0f}/{total:,.0f} = {part:.4g} of the rows"
    return Fact("majority_share", part, scope, proof, because, "share", assumes, used)


def _from_prevalence(scope: Scope, facts: Facts) -> Fact | None:
    prevalence = facts.at("prevalence", scope)
    if prevalence is None:
        return None
    positive = Interval.of(prevalence.value)
    negative = 1 - positive
    bounds = Interval(max(positive.low, negative.low, _HALF), max(positive.high, negative.high))
    value = float(bounds.low) if bounds.is_point else bounds
    because = f"the larger of p and 1 - p is {bounds:.4g} for the prevalence p = {positive:.4g}; {prevalence.because}"
    return Fact(
        "majority_share", value, scope, prevalence.proof, because, "share", prevalence.assumes, prevalence.evidence
    )


def _from_matrices(scope: Scope, facts: Facts) -> Fact | None:
    """Take the larger class of each of the few matrices that are possible."""
    found = facts.at("possible_matrices", scope)
    if found is None:
        return None
    rows = sum(found.value[0].values())
    shares = [max(cells["tp"] + cells["fn"], cells["fp"] + cells["tn"]) / rows for cells in found.value]
    low, high = min(shares), max(shares)
    value = low if low == high else Interval(low, high)
    because = f"the larger class has {Interval(low, high):.6g} of the rows; {found.because}"
    return Fact("majority_share", value, scope, found.proof, because, "share", found.assumes, found.evidence)


def _from_constant(scope: Scope, facts: Facts) -> Fact | None:
    """Take the class of a constant prediction where it has at least half of the rows; a smaller one need not lead."""
    part = facts.at("constant_class_share", scope)
    if part is None or Interval.of(part.value).low < Fraction(1, 2):
        return None
    because = f"the class that is always predicted has {Interval.of(part.value):.4g} of the rows, at least half of them"
    return Fact("majority_share", part.value, scope, part.proof, because, "share", part.assumes, part.evidence)


def _at_least(groups: list[Scores], scope: Scope, facts: Facts) -> Fact | None:
    """Return a lower bound of the majority share, where the scores alone give one above a half."""
    for scores in groups:
        fact = _from_recall(scores, scope, facts)
        if fact is None and facts.at("entity_level", scope) is None:
            fact = _from_zero_recall(scores, scope)
        if fact is not None:
            return fact
    return None


def _from_recall(scores: Scores, scope: Scope, facts: Facts) -> Fact | None:
    """Bound it by the macro recall: K R is the sum of correct/true rows over the classes (`one_class_share`)."""
    count, averaging = facts.at("class_count", scope), facts.at("averaging", scope)
    named = scores.average == "macro"
    alone = scores.average is None and averaging is not None and averaging.value == ["macro"]
    recall, accuracy = scores.interval("recall"), scores.interval("accuracy")
    if count is None or recall is None or accuracy is None or not (named or alone):
        return None
    bound = class_share_bound(scores, "recall", Interval.of(count.value))
    if bound is None or bound <= _HALF:
        return None
    rests = [count, None if named else averaging]
    proof, assumes = resting_on(rests, (*scores.assumes, "single_label=true", "same_unit=true", "same_average=true"))
    used = tuple(value for value in (scores.accuracy, scores.recall) if value is not None)
    because = (
        "the majority share is at least accuracy/(K x macro recall), for K R is the sum of correct/true rows over the "
        f"classes: {float(accuracy.low):.5g}/({Interval.of(count.value).high:g} x {float(recall.high):.5g}) = "
        f"{float(bound):.4f}, from {quoted(*used)}"
    )
    return Fact("majority_share", Interval(bound, 1), scope, proof, because, "share", assumes, used)


def _from_zero_recall(scores: Scores, scope: Scope) -> Fact | None:
    """Bound it where no positive row is found: what is right is negative, so at least accuracy - tp/rows."""
    recall, accuracy = scores.interval("recall"), scores.interval("accuracy")
    if scores.average not in (None, "binary") or recall is None or accuracy is None or scores.recall is None:
        return None
    if scores.recall.number != 0 or recall.high > _NEXT_TO_NOTHING or accuracy.low - recall.high <= _HALF:
        return None
    proof, assumes = resting_on([], ("one_matrix=true", *scores.assumes))
    used = tuple(value for value in (scores.accuracy, scores.recall) if value is not None)
    low = Fraction(accuracy.low) - Fraction(recall.high)
    because = (
        f"without a true positive the right rows are negative ones, so these have at least accuracy - recall = "
        f"{float(low):.4g} of the rows: {quoted(*used)}"
    )
    return Fact("majority_share", Interval(low, 1), scope, proof, because, "share", assumes, used)


def _lift(evaluation: Evaluation, majority: Fact, scope: Scope, facts: Facts, *, constant: bool) -> Iterator[Fact]:
    """Yield the lift; constant: the majority share is that of a constant prediction."""
    base = Interval.of(majority.value)
    matrix = facts.at("confusion_matrix", scope) or facts.at("confusion_matrix_up_to_factor", scope)
    printed = evaluation.get("accuracy")
    if constant:
        because = f"a constant prediction of the majority class is right in its {base:.4g} of the rows: no lift"
        yield Fact(
            "lift_over_majority", 0.0, scope, majority.proof, because, "share", majority.assumes, majority.evidence
        )
    elif matrix is not None:
        cells = matrix.value
        rows = sum(cells.values())
        larger = max(cells["tp"] + cells["fn"], cells["fp"] + cells["tn"])
        lift = float(Fraction(cells["tp"] + cells["tn"] - larger, rows))
        because = (
            f"({cells['tp']:,} + {cells['tn']:,} right rows - {larger:,} of the larger class)/{rows:,} = {lift:.6f}"
        )
        yield Fact("lift_over_majority", lift, scope, matrix.proof, because, "share", matrix.assumes, matrix.evidence)
    elif printed is not None and (right := share(printed)) is not None:
        proof, assumes = resting_on([majority], ("same_unit=true",))
        because = f"{quoted(printed)} minus the majority share {base:.4g} = {right - base:z.4f}"
        used = (printed, *majority.evidence)
        yield Fact("lift_over_majority", right - base, scope, proof, because, "share", assumes, used)

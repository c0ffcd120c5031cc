"""Standard errors: how far a metric may be off because the evaluated rows are only a sample."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._class_errors import errors_of_averages
from diagnose.facts._proofs import resting_on
from diagnose.facts._rank_errors import error_of_area, errors_of_correlations
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import quoted, share
from diagnose.facts._spread import INDEPENDENT, error_of_f1, error_of_mcc, error_of_share, plain
from diagnose.facts._spread_classes import AVERAGES
from diagnose.interval import Interval
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run, Scope

PROVIDES: Mapping[str, str] = {
    "standard_error": "of the evaluation's main metric: the average of a table, else F1, accuracy, a correlation, AUC",
    "standard_error.metric": "the metric whose standard error it is",
    "standard_error.accuracy": "of accuracy, a binomial share",
    "standard_error.f1": "of a binary F1",
    "standard_error.precision": "of a binary precision, a share of the positive predictions",
    "standard_error.recall": "of a binary recall, a share of the positive rows",
    "standard_error.mcc": "of Matthews' correlation of a binary matrix, by the delta method",
    "standard_error.pearson": "of Pearson's correlation, by Fisher's z",
    "standard_error.spearman": "of Spearman's correlation, by Fisher's z",
    "standard_error.auc": "of the area under the ROC curve (Hanley and McNeil)",
    "auc.z": "the area under the ROC curve less 1/2, over the standard deviation that it has without skill",
    **{
        f"standard_error.{average}": f"of {average.replace('_', ' ')}, by the delta method; an interval where the "
        "cells are not fixed"
        for average in AVERAGES
    },
}
NEEDS: tuple[str, ...] = (
    "class_count", "class_margins", "confused_pairs", "confusion_matrix", "confusion_matrix_up_to_factor",
    "prevalence", "sample_count",
)  # fmt: skip


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield the standard errors of each reported evaluation, the main metric's once more under the plain name."""
    mains: list[tuple[Evaluation, Fact]] = []
    without: list[tuple[Evaluation, Scope]] = []
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        found = [
            *errors_of_averages(evaluation, facts, scope),
            *_of_matrix(evaluation, facts, scope),
            *_accuracy(evaluation, facts, scope),
            *errors_of_correlations(evaluation, facts, scope),
            *error_of_area(evaluation, facts, scope),
        ]
        yield from found
        errors = [fact for fact in found if fact.name.startswith("standard_error.")]
        if errors:
            mains.append((evaluation, errors[0]))
            yield from _main(errors[0])
        else:
            without.append((evaluation, scope))
    for evaluation, scope in without:
        fact = _mean_of_tasks(evaluation, [main for main in mains if main[0].split == evaluation.split], scope)
        if fact is not None:
            yield fact
            yield from _main(fact)


def _main(fact: Fact) -> Iterator[Fact]:
    yield Fact(
        "standard_error", fact.value, fact.scope, fact.proof, fact.because, fact.unit, fact.assumes, fact.evidence
    )
    error = f"{Interval.of(fact.value):.4f}"
    because = f"{fact.unit} is the main metric of those with a standard error, which is {error}"
    yield Fact("standard_error.metric", fact.unit, fact.scope, fact.proof, because, "", fact.assumes, fact.evidence)


def _mean_of_tasks(evaluation: Evaluation, tasks: Sequence[tuple[Evaluation, Fact]], scope: Scope) -> Fact | None:
    """Return the standard error of a figure that is the mean of the tasks' figures, their errors related or not."""
    own = evaluation.get("macro_f1", "f1")
    parts = [(value, fact) for task, fact in tasks if (value := task.get(fact.unit)) is not None and "f1" in fact.unit]
    if own is None or own.interval is None or len(parts) < 2:
        return None
    intervals = [value.interval for value, _ in parts if value.interval is not None]
    mean = Interval(sum(i.low for i in intervals), sum(i.high for i in intervals)) / len(parts)
    if len(intervals) < len(parts) or mean.meet(own.interval) is None:
        return None
    apart = [Interval.of(fact.value) for _, fact in parts]
    low = math.sqrt(math.fsum(float(e.low) ** 2 for e in apart)) / len(apart)
    high = math.fsum(float(e.high) for e in apart) / len(apart)
    parted = " and ".join(f"{e:.5f}" for e in apart)
    squares = " + ".join(f"{float(e.low):.5f}^2" for e in apart)
    sizes = " + ".join(f"{float(e.high):.5f}" for e in apart)
    because = (
        f"{own.key} {own.shown} is the mean of {quoted(*(value for value, _ in parts))} with standard errors {parted}: "
        f"sqrt({squares})/{len(parts)} = {low:.4f} where their errors are unrelated, ({sizes})/{len(parts)} = "
        f"{high:.4f} where these move as one"
    )
    proof, assumes = resting_on([fact for _, fact in parts], INDEPENDENT, Proof.IMPLIED)
    used = (own, *(value for value, _ in parts))
    return Fact(
        "standard_error.macro_f1", Interval(min(low, high), high), scope, proof, because, own.metric, assumes, used
    )


# --- one binary matrix


def _of_matrix(evaluation: Evaluation, facts: Facts, scope: Scope) -> Iterator[Fact]:
    """Yield the standard errors of F1, Matthews' correlation, precision and recall of a binary matrix."""
    exact = facts.at("confusion_matrix", scope)
    fact = exact or facts.at("confusion_matrix_up_to_factor", scope)
    if fact is None:
        return
    tp, fp, fn, tn = (fact.value[cell] for cell in ("tp", "fp", "fn", "tn"))
    wrong = fp + fn
    of_f1 = f"2 x sqrt({tp:,} x {wrong:,} x {tp + wrong:,})/{2 * tp + wrong:,}^2"
    errors = {
        "f1": (
            error_of_f1(tp, wrong),
            f"2 sqrt(tp e (tp + e))/(2tp + e)^2 with e = fp + fn, by the delta method: {of_f1}",
        ),
        "mcc": (
            error_of_mcc(tp, fp, fn, tn),
            f"the root of the sum of n (d MCC/d n)^2 over the four cells, tp {tp:,}, fp {fp:,}, fn {fn:,}, tn {tn:,},",
        ),
        "precision": (_of_share(tp, tp + fp), f"sqrt(P(1 - P)/(tp + fp)) = sqrt({tp:,} x {fp:,}/{tp + fp:,}^3)"),
        "recall": (_of_share(tp, tp + fn), f"sqrt(R(1 - R)/(tp + fn)) = sqrt({tp:,} x {fn:,}/{tp + fn:,}^3)"),
    }
    proof, assumes = resting_on([fact], INDEPENDENT)
    for metric, (error, formula) in errors.items():
        if error is None or metric not in evaluation.metrics:
            continue
        because = f"{formula} = {error:.4f}"
        if exact is None:
            because += " at most, and at least 0, since the matrix is a multiple of this one"
        value = error if exact is not None else Interval(0, error)
        yield Fact(f"standard_error.{metric}", value, scope, proof, because, metric, assumes, fact.evidence)


def _of_share(right: float, rows: float) -> float | None:
    return error_of_share(right / rows, rows) if rows else None


# --- metrics with a sample count


def _accuracy(evaluation: Evaluation, facts: Facts, scope: Scope) -> Iterator[Fact]:
    accuracy, rows = evaluation.get("accuracy"), facts.at("sample_count", scope)
    if accuracy is None or rows is None or not 0 <= accuracy.number <= 1:
        return
    count, printed = Interval.of(rows.value), share(accuracy)
    if count.low < 1 or printed is None:
        return
    # a(1 - a) is largest at 1/2 and least at an end.
    least, most = (max(abs(float(end) - 0.5) for end in (printed.low, printed.high)), abs(_nearest_half(printed) - 0.5))
    error = Interval(error_of_share(0.5 + least, float(count.high)), error_of_share(0.5 + most, float(count.low)))
    a = accuracy.shown
    because = f"sqrt(a(1 - a)/n) with {quoted(accuracy)} of {count} rows: sqrt({a} x (1 - {a})/{count}) = {error:.4f}"
    proof, assumes = resting_on([rows], (*INDEPENDENT, "same_unit=true"), Proof.PROVED_IF)
    yield Fact(
        "standard_error.accuracy", plain(error), scope, proof, because, "accuracy", assumes, (accuracy, *rows.evidence)
    )


def _nearest_half(interval: Interval) -> float:
    """Return the number of the interval that is nearest to 1/2."""
    return min(max(0.5, float(interval.low)), float(interval.high))

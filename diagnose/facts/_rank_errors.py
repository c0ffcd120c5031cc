"""The standard errors of correlations and of the area under the ROC curve, as facts: implied, by models of scores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._proofs import resting_on
from diagnose.facts._scores import quoted
from diagnose.facts._spread import (
    INDEPENDENT,
    error_of_auc,
    error_of_chance_auc,
    error_of_correlation,
    least_error_of_auc,
    plain,
)
from diagnose.interval import Interval
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.types import Evaluation, Facts, Scope

__all__ = ["error_of_area", "errors_of_correlations"]


def errors_of_correlations(evaluation: Evaluation, facts: Facts, scope: Scope) -> Iterator[Fact]:
    """Yield the standard errors of Spearman's and Pearson's correlation: implied, for rows near a normal law."""
    rows = facts.at("sample_count", scope)
    for metric in ("spearman", "pearson"):
        value = evaluation.get(metric)
        if value is None or rows is None or not -1 <= value.number <= 1:
            continue
        count, ranks = Interval.of(rows.value), metric == "spearman"
        ends = [error_of_correlation(value.number, float(n), ranks=ranks) for n in (count.high, count.low)]
        if ends[0] is None or ends[1] is None:
            continue
        r, error = value.shown.lstrip("-"), Interval(ends[0], ends[1])
        because = f"(1 - r^2)/sqrt(n - 3) = (1 - {r}^2)/sqrt({count} - 3) = {error:.4f} by Fisher's z"
        if ranks:
            formula, root = "(1 - r^2) sqrt((1 + r^2/2)/(n - 3))", f"sqrt((1 + {r}^2/2)/({count} - 3))"
            because = f"{formula} = (1 - {r}^2) x {root} = {error:.4f} by Fisher's z"
        because = f"{quoted(value)} of {count} rows: {because}"
        proof, assumes = resting_on([rows], (*INDEPENDENT, "same_unit=true"), Proof.IMPLIED)
        used = (value, *rows.evidence)
        yield Fact(f"standard_error.{metric}", plain(error), scope, proof, because, metric, assumes, used)


def error_of_area(evaluation: Evaluation, facts: Facts, scope: Scope) -> Iterator[Fact]:
    """Yield the standard error of a binary AUC, and how far it lies from chance; implied: a model of the scores."""
    value, classes = evaluation.get("auc"), facts.at("class_count", scope)
    if value is None or not 0 <= value.number <= 1 or (classes is not None and 2 not in Interval.of(classes.value)):
        return
    found = _positives(facts, scope)
    rows = facts.at("sample_count", scope)
    if found is not None:
        splits, sources = found
        errors = [error_of_auc(value.number, *split) for split in splits]
        formula = "sqrt((A(1 - A) + (P - 1)(A/(2 - A) - A^2) + (N - 1)(2A^2/(1 + A) - A^2))/(PN))"
        known = " or ".join(f"P = {p:,.0f}, N = {n:,.0f}" for p, n in splits)
    elif rows is not None and Interval.of(rows.value).low >= 2:
        count = Interval.of(rows.value)
        # With one row of the rarer class the variance is at most A(1 - A).
        errors = [least_error_of_auc(value.number, float(count.high)), math.sqrt(value.number * (1 - value.number))]
        formula = "sqrt((sqrt a + sqrt b)^2/n + 4(A(1 - A) - a - b)/n^2), a = A/(2 - A) - A^2, b = 2A^2/(1 + A) - A^2"
        known, sources, splits = f"n = {count}, at least, for classes of one size", [rows], []
    else:
        return
    error = Interval(min(errors), max(errors))
    proof, assumes = resting_on(sources, INDEPENDENT, Proof.IMPLIED)
    used = (value, *(v for source in sources for v in source.evidence))
    because = f"{formula} with A = {quoted(value)}, {known}: {error:.4f} (Hanley and McNeil)"
    yield Fact("standard_error.auc", plain(error), scope, proof, because, "auc", assumes, used)
    if splits and (area := value.interval) is not None:
        ends = (float(area.low), float(area.high))
        z = sorted((end - 0.5) / error_of_chance_auc(*split) for split in splits for end in ends)
        apart = Interval(z[0], z[-1])
        p, n = splits[0]
        chance = f"sqrt(({p:,.0f} + {n:,.0f} + 1)/(12 x {p:,.0f} x {n:,.0f}))"
        because = f"(A - 1/2)/sqrt((P + N + 1)/(12PN)) with {known}: ({quoted(value)} - 1/2)/{chance} = {apart:.2f}"
        proof, assumes = resting_on(sources, INDEPENDENT)
        yield Fact("auc.z", plain(apart), scope, proof, because, "", assumes, used)


def _positives(facts: Facts, scope: Scope) -> tuple[list[tuple[float, float]], list[Fact]] | None:
    """Return the splits into positive and negative rows that are possible, and the facts that they come from."""
    matrix = facts.at("confusion_matrix", scope)
    if matrix is not None:
        cells = matrix.value
        split = cells["tp"] + cells["fn"], cells["fp"] + cells["tn"]
        return ([split], [matrix]) if min(split) > 0 else None
    margins = facts.at("class_margins", scope)
    if margins is not None and len(margins.value) == 2:
        one, other = (row["support"] for row in margins.value.values())
        # Which of the two is the positive class is not known.
        return ([(one, other), (other, one)], [margins]) if min(one, other) > 0 else None
    rows, positive = facts.at("sample_count", scope), facts.at("prevalence", scope)
    if rows is None or positive is None or not isinstance(rows.value, int):
        return None
    part = Interval.of(positive.value)
    splits = [(float(end) * rows.value, (1 - float(end)) * rows.value) for end in (part.low, part.high)]
    return (splits, [rows, positive]) if all(min(split) >= 1 for split in splits) else None

"""The binary confusion matrix behind accuracy, precision, recall and F1, as far as they settle it."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._binary import Matrix, Primitive, primitive
from diagnose.facts._binary_recovery import Known, four_intervals, recover, shown_count, told_prevalence
from diagnose.facts._binary_search import Box, least_rows
from diagnose.facts._confusion import Confusion, cells_of_counts
from diagnose.facts._proofs import Basis, claim, resting_on
from diagnose.facts._rows import four_counts
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import Scores, harmonic_mean, quoted, score_groups
from diagnose.interval import Interval
from diagnose.types import Evaluation, Fact, Facts, Proof, Question, Run, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions

PROVIDES = {
    "matrix": "the confusion matrix, {true class: {predicted class: rows}}",
    "confusion_matrix": "the cells tp, fp, fn and tn of a binary confusion matrix (rows)",
    "confusion_matrix_up_to_factor": "the least tp, fp, fn and tn with these ratios: the truth is a multiple (rows)",
    "prevalence": "share of the positive class among the true labels, a number or an interval",
    "predicted_positive_share": "share of the positive class among the predictions, a number or an interval",
    "least_sample_count": "the fewest rows with which one binary matrix prints these scores (rows)",
    "binary_matrix_possible": "whether one binary confusion matrix can print these scores (false, or absent)",
}
NEEDS = ("sample_count", "sample_count.trainer", "positive_count")

_ONE_MATRIX = "one_matrix=true"
_SAME_UNIT = "same_unit=true"
# A matrix of four unrelated ratios is ruled out at this likelihood ratio: 0.2-0.5 % of the cases where the accuracy
# counts tokens and the rest entities reach it, and 69-77 % of the true binary matrices (the project's forensics).
_LIKELIHOOD_RATIO = 10
# A matrix that is the only one among those with a few rows says nothing of an evaluation set of unknown size.
_FEWEST_ROWS_TO_RULE_OUT = 10_000
_POSITIVE = frozenset({"1", "true", "yes", "positive", "pos", "+", "label_1", "spam", "toxic"})


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield the matrix of each reported evaluation, given or recovered, and the shares that follow from it."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        given = _given(evaluation, scope)
        if given:
            yield from given
            yield from _shares(next((f for f in given if f.name == "confusion_matrix"), None))
            continue
        yield from _nothing_predicted(evaluation, scope)
        scores = next(score_groups(run, evaluation, scope, assumed), None)
        if scores is None or scores.average not in (None, "binary") or evaluation.classes:
            continue
        if assumed.get("one_matrix", scope) == "false":
            continue
        yield from _recovered(scores, evaluation, scope, facts, assumed)


def _given(evaluation: Evaluation, scope: Scope) -> list[Fact]:
    """Return the matrix that the source prints, as a table or as four counts."""
    used = four_counts(evaluation)
    if evaluation.matrix:
        matrix, found = {true: dict(row) for true, row in evaluation.matrix.items()}, Confusion.of(evaluation.matrix)
        proof, assumes = resting_on([], evaluation.matrix_assumes)
        source = "counted from the predictions" if evaluation.recomputed else "printed"
        because = f"the confusion matrix is {source}: {found.rows:,} rows"
        facts = [Fact("matrix", matrix, scope, proof, because, "rows", assumes)]
        labels = sorted(found.labels)
        positive = [label for label in labels if label.strip().lower() in _POSITIVE]
        if len(labels) == 2 and len(positive) == 1:
            other = next(label for label in labels if label not in positive)
            cells = _cells(found, positive[0], other)
            shown = ", ".join(f"{name} {count:,}" for name, count in cells.items())
            because = f"the matrix {source}, with {positive[0]!r} read as the positive class: {shown}"
            facts.append(Fact("confusion_matrix", cells, scope, Proof.IMPLIED, because, "rows", assumes))
        return facts
    if used is None:
        return []
    because = f"reported: {', '.join(f'{v.key} {v.shown}' for v in used)}"
    cells = Matrix(*(int(v.number) for v in used)).cells()
    return [
        Fact("matrix", cells_of_counts(used), scope, Proof.PROVED, because, "rows", evidence=used),
        Fact("confusion_matrix", cells, scope, Proof.PROVED, because, "rows", (), used),
    ]


def _nothing_predicted(evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    """Yield that no row is predicted positive: recall is 0 and precision 0/0, printed as NaN or as a default of 1."""
    precision, recall = evaluation.metrics.get("precision"), evaluation.metrics.get("recall")
    if precision is None or recall is None or recall.number != 0:
        return
    if precision.is_nan or precision.number == 1:
        because = (
            f"recall is {recall.shown} and precision {precision.shown}: without a true positive it would be 0, "
            "unless nothing is predicted positive and it is 0/0"
        )
        used = (precision, recall)
        yield Fact("predicted_positive_share", 0.0, scope, Proof.IMPLIED, because, "share", (), used)


def _cells(matrix: Confusion, positive: str, negative: str) -> dict[str, int]:
    places = (positive, positive), (negative, positive), (positive, negative), (negative, negative)
    return Matrix(*(matrix.cell(true, predicted) for true, predicted in places)).cells()


def _recovered(
    scores: Scores, evaluation: Evaluation, scope: Scope, facts: Facts, assumed: Assumptions
) -> Iterator[Fact]:
    """Yield what the four scores say under the reading that one binary matrix made them."""
    ratios = four_intervals(scores)
    if ratios is None or ratios[1].high <= 0 or ratios[2].high <= 0:
        return
    accuracy, precision, recall, f1 = ratios
    if (mean := harmonic_mean(precision, recall)).meet(f1) is None:
        p, r = (value.shown for value in scores.values[-3:-1])
        f1_of = f"2 x {p} x {r}/({p} + {r}) = {mean:.6g}"
        because = f"F1 would be 2PR/(P + R) = {f1_of}, but {quoted(*scores.values)} are printed"
        yield _impossible(because, resting_on([], scores.assumes), scores, scope)
        return
    counted = facts.at("sample_count", scope)
    # How many rows a history suggests decides nothing: only how many there are.
    rows = counted if counted is not None and counted.proof is not Proof.IMPLIED else None
    # A recall equal to the accuracy is what weighted and micro averages have: for one matrix it is a coincidence.
    told = bool(scores.average) or assumed.get("one_matrix", scope) == "true"
    share = told_prevalence(assumed.get("prevalence", scope))
    if recall.meet(accuracy) is not None and not told:
        return
    exact = primitive(accuracy, precision, recall, f1)
    likely = exact is not None and (told or rows is not None or exact.likelihood_ratio >= _LIKELIHOOD_RATIO)
    if exact is not None and likely and _certain(exact, rows):
        fact = _exact(exact, rows, scores, scope)
        yield fact
        yield from _shares(fact)
        return
    box = Box.of(accuracy, precision, recall, f1)
    least = least_rows(box) if box is not None else None
    if least is not None:
        yield _least(least, scores, scope)
    found = _too_few(least, rows, scores, scope)
    if found is None and counted is not None:
        known = Known(facts.at("positive_count", scope), facts.at("sample_count.trainer", scope), share)
        found = _search(counted, scores, evaluation, scope, known)
    if found is not None:
        yield found
    if (told or share is not None) and (found is None or found.proof is Proof.IMPLIED):
        yield from _prevalence(accuracy, precision, recall, scores, scope)
    else:
        yield from _shares(found)


def _certain(exact: Primitive, rows: Fact | None) -> bool:
    """Whether the digits single the matrix out among those with as many rows as it may have."""
    if rows is not None:
        return Interval.of(rows.value).high < exact.rows_below
    return exact.rows_below >= max(_FEWEST_ROWS_TO_RULE_OUT, 10 * exact.matrix.rows)


def _exact(exact: Primitive, rows: Fact | None, scores: Scores, scope: Scope) -> Fact:
    """Return the matrix of ratios printed in full: exact where the rows settle the factor, else up to it."""
    because = (
        f"{quoted(*scores.values)}: their simplest fractions make tp {exact.matrix.tp}, fp {exact.matrix.fp}, "
        f"fn {exact.matrix.fn}, tn {exact.matrix.tn}, {_right(exact.matrix)}, or a common multiple"
    )
    if rows is not None:
        bounds = Interval.of(rows.value)
        factors = range(-(-int(bounds.low) // exact.matrix.rows), int(bounds.high) // exact.matrix.rows + 1)
        if len(factors) == 0:
            because += f"; {shown_count(rows)} rows are no multiple of {exact.matrix.rows}"
            return _impossible(because, resting_on([rows], (*_unit(rows), *scores.assumes)), scores, scope)
        if len(factors) == 1:
            proof, assumes = resting_on([rows], (_ONE_MATRIX, *scores.assumes))
            cells = exact.matrix.times(factors[0]).cells()
            because += f"; with {shown_count(rows)} rows it is {factors[0]} times that"
            return Fact("confusion_matrix", cells, scope, proof, because, "rows", assumes, scores.values)
    below = 10 ** int(math.log10(exact.rows_below))
    assumes = (_ONE_MATRIX, f"samples_below={below}", *scores.assumes)
    because += f"; {float(exact.likelihood_ratio):,.0f} times likelier than if the accuracy counted other things"
    cells = exact.matrix.cells()
    return Fact("confusion_matrix_up_to_factor", cells, scope, Proof.PROVED_IF, because, "rows", assumes, scores.values)


def _search(rows: Fact, scores: Scores, evaluation: Evaluation, scope: Scope, known: Known) -> Fact | None:
    """Return the only matrix of the given number of rows that prints the scores, or that there is none."""
    found = recover(rows, scores, evaluation, known)
    if found is None:
        return None
    told = known.told is not None and known.told.answer in found.assumes
    needed = f" with {', '.join(found.assumes)}" if told else ""
    if found.matrix is None:
        if rows.proof is Proof.IMPLIED:
            return None
        because = f"no tp, fp, fn and tn of {shown_count(rows)} rows{needed} print {quoted(*scores.values)}"
        basis = resting_on([rows], (*found.assumes, *_unit(rows), *scores.assumes))
        return _impossible(because, basis, scores, scope)
    used = (*scores.values, *found.others)
    proof, assumes = resting_on([rows, *found.rests], (_ONE_MATRIX, *found.assumes, *scores.assumes))
    cells = found.matrix.cells()
    because = (
        f"{', '.join(f'{name} {count}' for name, count in cells.items())}, {_right(found.matrix)}: the only ones of "
        f"{shown_count(rows)} rows{needed} that print {quoted(*used)}"
    )
    if known.positive is not None and known.positive in found.rests:
        because += f" with {known.positive.value:,} positive ones"
    return Fact("confusion_matrix", cells, scope, proof, because, "rows", assumes, used)


def _right(matrix: Matrix) -> str:
    right = Fraction(matrix.tp + matrix.tn, matrix.rows)
    return f"({matrix.tp:,} + {matrix.tn:,})/{matrix.rows:,} = {float(right):.6g} of them right"


def _impossible(because: str, basis: Basis, scores: Scores, scope: Scope) -> Fact:
    name = "binary_matrix_possible"
    return claim(name, holds=False, scope=scope, basis=basis, because=because, evidence=scores.values)


def _least(least: int, scores: Scores, scope: Scope) -> Fact:
    because = f"with fewer than {least:,} rows no tp, fp, fn and tn print {quoted(*scores.values)}"
    proof, assumes = resting_on([], (_ONE_MATRIX, *scores.assumes))
    return Fact("least_sample_count", least, scope, proof, because, "rows", assumes, scores.values)


def _too_few(least: int | None, rows: Fact | None, scores: Scores, scope: Scope) -> Fact | None:
    if least is None or rows is None or Interval.of(rows.value).high >= least:
        return None
    because = f"one binary matrix with {quoted(*scores.values)} has at least {least:,} rows, not {shown_count(rows)}"
    return _impossible(because, resting_on([rows], (*_unit(rows), *scores.assumes)), scores, scope)


def _prevalence(a: Interval, p: Interval, r: Interval, scores: Scores, scope: Scope) -> Iterator[Fact]:
    """Yield the share of positives T/N = (1 - acc)/(R/P + 1 - 2R), which is monotone in each argument."""
    corners = [
        (1 - accuracy) / bottom
        for accuracy in (a.low, a.high)
        for precision in (p.low, p.high)
        for recall in (r.low, r.high)
        if precision > 0 and (bottom := recall / precision + 1 - 2 * recall) > 0
    ]
    if len(corners) < 8 or (bounds := Interval(min(corners), max(corners)).meet(Interval(0, 1))) is None:
        return
    accuracy, precision, recall = (value.shown for value in scores.values[:3])
    because = (
        f"(1 - accuracy)/(recall/precision + 1 - 2 recall) with {quoted(*scores.values)}: (1 - {accuracy})/"
        f"({recall}/{precision} + 1 - 2 x {recall}) = {bounds:.6g} over all that prints so"
    )
    proof, assumes = resting_on([], (_ONE_MATRIX, *scores.assumes))
    yield Fact("prevalence", bounds, scope, proof, because, "share", assumes, scores.values)


def _shares(fact: Fact | None) -> Iterator[Fact]:
    """Yield the shares of the positive class that a matrix gives, also one that is known up to a factor."""
    if fact is None or not isinstance(fact.value, dict):
        return
    cells = fact.value
    rows = sum(cells.values())
    for name, label, count in (
        ("prevalence", "tp + fn", cells["tp"] + cells["fn"]),
        ("predicted_positive_share", "tp + fp", cells["tp"] + cells["fp"]),
    ):
        value = float(Fraction(count, rows))
        because = f"({label})/rows = {count:,}/{rows:,} = {value:.6g}"
        yield Fact(name, value, fact.scope, fact.proof, because, "share", fact.assumes, fact.evidence)


def _unit(rows: Fact) -> tuple[str, ...]:
    """Return what ties the rows to the scores: a printed number of samples may count sentences beside tokens."""
    return () if "timing_same_rows=true" in rows.assumes else (_SAME_UNIT,)

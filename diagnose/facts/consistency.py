"""Whether the reported numbers can hold together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.facts._averages import of_table, table_of
from diagnose.facts._identities import APPROXIMATE, IMPOSSIBLE, SETUP, Contradiction, broken, of_class, of_metrics
from diagnose.facts._proofs import claim
from diagnose.facts._regression import row_of
from diagnose.facts._scopes import class_scope, scope_of, series_scope
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run, Scope, Series

PROVIDES: Mapping[str, str] = {
    "contradiction": "{metrics, readings}: metrics that cannot hold together, and how they could have been printed",
    "contradiction.impossible": "how many contradictions no usual way of computing the metrics explains",
    "contradiction.impossible_text": "the first of them, in words",
    "contradiction.setup": "how many contradictions fall away if metrics were computed in different ways",
    "contradiction.setup_text": "the first of them, in words",
    "micro_as_macro": "whether so-called macro averages print the digits of the accuracy, as micro averages do",
    "contradiction.approximate": "how many contradictions involve a figure that the source gives as approximate",
    "contradiction.approximate_text": "the first of them, in words",
}
NEEDS: tuple[str, ...] = ()

# "0.85" four times over is a coincidence that happens; "0.853" hardly ever.
_DIGITS = len("0.853")


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield each contradiction at its scope, and their number at every evaluation where something could be checked."""
    for series in run.series():
        across = _across_rows(series)
        if across is not None:
            scope = series_scope(run, series)
            yield _fact(across, scope)
        for evaluation in series.evaluations:
            own = across if evaluation is series.reported else None
            yield from _of_evaluation(run, series, evaluation, _lender(facts, series, evaluation), own)


def _of_evaluation(
    run: Run, series: Series, evaluation: Evaluation, lender: Evaluation | None, across: Contradiction | None
) -> Iterator[Fact]:
    scope = scope_of(run, series, evaluation)
    found: list[Contradiction] = [] if across is None else [across]
    checked = across is not None
    table = table_of(evaluation, lender)
    for outcome in (*of_metrics(evaluation), *(of_table(evaluation, table) if table is not None else ())):
        checked = True
        if outcome is not None:
            found.append(outcome)
            yield _fact(outcome, scope)
    for row in evaluation.classes:
        if not {"precision", "recall", "f1"} <= row.metrics.keys():
            continue
        checked = True
        outcome = of_class(row)
        if outcome is not None:
            found.append(outcome)
            yield _fact(outcome, class_scope(run, series, evaluation, row))
    if checked:
        yield from _counts(found, scope)
    if evaluation is series.reported:
        yield from _micro_as_macro(evaluation, scope)


def _micro_as_macro(evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    """Yield whether "macro" precision, recall and F1 print the accuracy's own digits, as micro averages do."""
    names = ("accuracy", "macro_precision", "macro_recall", "macro_f1")
    values = tuple(value for name in names if (value := evaluation.get(name)) is not None)
    if len(values) < len(names):
        return
    same = len({value.text for value in values}) == 1 and 0 < values[0].number < 1 and len(values[0].text) >= _DIGITS
    because = f"{', '.join(value.key for value in values)} print {' and '.join(sorted({v.text for v in values}))}"
    yield claim("micro_as_macro", holds=same, scope=scope, basis=(Proof.IMPLIED, ()), because=because, evidence=values)


def _counts(found: list[Contradiction], scope: Scope) -> Iterator[Fact]:
    for weight in (IMPOSSIBLE, SETUP, APPROXIMATE):
        of_weight = [c for c in found if c.weight == weight]
        because = (
            of_weight[0].because if of_weight else "every identity of the reported metrics that can be checked holds"
        )
        evidence = tuple(value for c in of_weight[:3] for value in c.values)
        assumes = of_weight[0].assumes if of_weight else ()
        proof = Proof.PROVED_IF if assumes else Proof.PROVED
        name = f"contradiction.{weight}"
        yield Fact(name, len(of_weight), scope, proof, because, "contradictions", assumes, evidence)
        if of_weight:
            yield Fact(f"{name}_text", because, scope, proof, because, "", assumes, evidence)


def _fact(found: Contradiction, scope: Scope) -> Fact:
    value = {"metrics": found.metrics, "readings": list(found.readings)}
    proof = Proof.PROVED_IF if found.assumes else Proof.PROVED
    return Fact("contradiction", value, scope, proof, found.because, "", found.assumes, found.values)


def _across_rows(series: Series) -> Contradiction | None:
    """Check that one variance of the labels serves all rows: below MSE/(1 - r^2), equal to MSE/(1 - R2)."""
    rows = [row for evaluation in series.evaluations if (row := row_of(evaluation)) is not None]
    bounds = [(bound, row) for row in rows if (bound := row.variance) is not None]
    if len(bounds) < 2:
        return None
    low, low_row = max(bounds, key=lambda item: item[0].low)
    high, high_row = min(bounds, key=lambda item: item[0].high)
    if low.low <= high.high:
        return None
    because = (
        f"{low_row.text} need a variance of the labels of at least {float(low.low):.5g}, "
        f"{high_row.text} of at most {float(high.high):.5g}"
    )
    names = ("mse", "rmse", "r2", "pearson")
    values = tuple(v for row in (low_row, high_row) for name in names if (v := row.evaluation.get(name)) is not None)
    readings = ("the rows were computed on different sets", "a metric is averaged over batches")
    return broken(SETUP, because, values, *readings, assumes=("same_rows=true",))


def _lender(facts: Facts, series: Series, evaluation: Evaluation) -> Evaluation | None:
    """Return another run's table of the same classes, which tells how many rows each has."""
    labels = {row.label for row in evaluation.classes}
    if not labels:
        return None
    for other in facts.others:
        for theirs in other.evaluations:
            if (theirs.task, theirs.split) == (series.task, series.split) and {
                r.label for r in theirs.classes
            } == labels:
                return theirs
    return None

"""The other metrics of a recovered binary matrix, held against the printed ones; what the ROC AUC was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.facts._binary import Matrix
from diagnose.facts._binary_measures import MEASURES, agreement, auc_of_labels, printed_measures
from diagnose.facts._proofs import claim, resting_on
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import quoted, share
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions
    from diagnose.interval import Interval
    from diagnose.types import Evaluation, Facts, Question, Run, Scope, Value

PROVIDES = {
    "matrix_contradicts": "printed metrics that the binary matrix of the others does not have, a list of names",
    "auc_from_hard_labels": "whether the area under the ROC curve was computed on predicted labels, not on scores",
}
NEEDS = ("confusion_matrix", "confusion_matrix_up_to_factor")

# An area that agrees by chance with (recall + specificity)/2 does so in 0.4 % of the cases at three decimals, and in
# 3 % at two (the project's forensics); near 1/2 and 1, scores and labels give the same area.
_WIDEST_AUC = 0.002
_FROM_ENDS = 0.02


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield which printed metrics contradict the matrix of each reported evaluation, and what its AUC was made of."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        fact = facts.at("confusion_matrix", scope) or facts.at("confusion_matrix_up_to_factor", scope)
        if fact is not None:
            matrix = Matrix(*(fact.value[name] for name in ("tp", "fp", "fn", "tn")))
            # Matrices that are printed as such are checked with the predictions (recomputed.py).
            if fact.proof is not Proof.IMPLIED and evaluation.matrix is None and sum(fact.value.values()) > 0:
                yield from _contradicted(matrix, fact, evaluation, scope)
            yield from _hard_labels(matrix, fact, evaluation, scope)
        elif assumed.get("one_matrix", scope) != "false":
            yield from _hard_labels_of_rates(evaluation, scope)


def _contradicted(matrix: Matrix, fact: Fact, evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    used = {value.metric for value in fact.evidence}
    wrong = [
        (name, value)
        for name, (value, interval) in printed_measures(evaluation, rounded="rounded=true" in fact.assumes).items()
        if name not in used and not agreement({name: interval})(matrix)
    ]
    if not wrong:
        return
    cells = ", ".join(f"{name} {count}" for name, count in matrix.cells().items())
    shown = "; ".join(
        f"{MEASURES[name].formula} = {MEASURES[name].of(matrix):.6g}, but {quoted(value)} is printed"
        for name, value in wrong
    )
    proof, assumes = resting_on([fact], ("one_matrix=true",))
    values = (*fact.evidence, *(value for _, value in wrong))
    names = [name for name, _ in wrong]
    yield Fact("matrix_contradicts", names, scope, proof, f"with {cells}, {shown}", "", assumes, values)


def _auc(evaluation: Evaluation) -> tuple[Value, Interval] | None:
    """Return the printed area where it has the digits to tell, and lies apart from 1/2 and 1."""
    value = evaluation.get("auc")
    interval = share(value) if value is not None and 0 <= value.number <= 1 else None
    if value is None or interval is None or interval.high - interval.low > _WIDEST_AUC:
        return None
    return (value, interval) if _FROM_ENDS < abs(value.number - 0.5) < 0.5 - _FROM_ENDS else None


def _hard_labels(matrix: Matrix, fact: Fact, evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    auc, balanced = _auc(evaluation), auc_of_labels(matrix)
    if auc is None or balanced is None:
        return
    value, interval = auc
    if float(interval.low) <= balanced <= float(interval.high):
        because = (
            f"{quoted(value)} is (tp/(tp + fn) + tn/(tn + fp))/2 = ({matrix.tp:,}/{matrix.tp + matrix.fn:,} + "
            f"{matrix.tn:,}/{matrix.tn + matrix.fp:,})/2 = {balanced:.6g}, the area that predicted labels have"
        )
        yield _of_labels(scope, because, (*fact.evidence, value), fact.assumes)


def _hard_labels_of_rates(evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    """Take the balanced accuracy from recall and specificity, or as it is printed."""
    auc = _auc(evaluation)
    if auc is None:
        return
    value, interval = auc
    used: tuple[Value, ...]
    recall, specificity = evaluation.get("recall"), evaluation.get("specificity")
    printed = evaluation.get("balanced_accuracy")
    if recall is not None and specificity is not None:
        one, other = share(recall), share(specificity)
        balanced = None if one is None or other is None else (one + other) / 2
        used, formula = (value, recall, specificity), "(recall + specificity)/2"
    elif printed is not None:
        balanced, used, formula = share(printed), (value, printed), "the balanced accuracy"
    else:
        return
    if balanced is not None and balanced.high - balanced.low <= _WIDEST_AUC and balanced.meet(interval) is not None:
        because = f"{quoted(*used)}: the area is {formula} = {balanced.middle:.6g}, which is what predicted labels have"
        yield _of_labels(scope, because, used, ())


def _of_labels(scope: Scope, because: str, used: tuple[Value, ...], assumes: tuple[str, ...]) -> Fact:
    basis = (Proof.IMPLIED, assumes)
    return claim("auc_from_hard_labels", holds=True, scope=scope, basis=basis, because=because, evidence=used)

"""What two or three scores of one binary matrix say, where accuracy, precision, recall and F1 are not all printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.facts._binary_measures import agreement, printed_measures
from diagnose.facts._binary_recovery import Told, fitting, told_prevalence
from diagnose.facts._mcc import exchanged, with_mcc
from diagnose.facts._proofs import claim, resting_on
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import is_multi_label, quoted, share
from diagnose.interval import Interval
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions
    from diagnose.facts._binary import Matrix
    from diagnose.types import Evaluation, Facts, Question, Run, Scope, Value

PROVIDES = {
    "possible_matrices": "the only binary confusion matrices with these scores, a list of {tp, fp, fn, tn} (rows)",
    "confusion_matrix": "the cells tp, fp, fn and tn of a binary confusion matrix (rows)",
    "prevalence": "share of the positive class among the true labels, a number or an interval",
    "binary_matrix_possible": "whether one binary confusion matrix can print these scores (false, or absent)",
}
NEEDS = ("sample_count",)

_ONE_MATRIX = "one_matrix=true"
# A print this narrow fits a matrix of the given rows by chance in one case of thousands, a rounded one in most cases.
_FULL = 1e-9


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield the matrix, or bounds of the prevalence, from fewer scores than all four."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        if evaluation.classes or evaluation.matrix or _all_printed(evaluation):
            continue
        if assumed.get("averaging", scope) not in (None, "binary") or assumed.get("one_matrix", scope) == "false":
            continue
        told = assumed.get("averaging", scope) == "binary" or assumed.get("one_matrix", scope) == "true"
        rounded = assumed.get("rounded", scope) == "true"
        one_unit = not is_multi_label(run, evaluation) and assumed.get("same_unit", scope) != "false"
        answers = (_ONE_MATRIX, *(("rounded=true",) if rounded else ()))
        share = told_prevalence(assumed.get("prevalence", scope))
        found = list(_by_share(evaluation, scope, facts, answers, share)) if one_unit and share is not None else []
        if one_unit and not found:
            found = list(_by_mcc(evaluation, scope, facts, answers, told=told))
        yield from found
        if told and not any(fact.name == "prevalence" for fact in found):
            yield from _by_f1(evaluation, scope, answers) if one_unit else ()
            yield from _by_precision(evaluation, scope, answers)


def _all_printed(evaluation: Evaluation) -> bool:
    return all(evaluation.get(name) is not None for name in ("accuracy", "precision", "recall", "f1"))


def _share(evaluation: Evaluation, name: str, answers: tuple[str, ...]) -> tuple[Value, Interval] | None:
    value = evaluation.get(name)
    if value is None or not 0 <= value.number <= 1:
        return None
    interval = share(value, rounded="rounded=true" in answers)
    return None if interval is None else (value, interval)


def _by_share(
    evaluation: Evaluation, scope: Scope, facts: Facts, answers: tuple[str, ...], told: Told
) -> Iterator[Fact]:
    """Yield the matrix of the rows and of the share of positives that the user names, or that there is none."""
    rows = facts.at("sample_count", scope)
    if rows is None or not isinstance(rows.value, int) or rows.proof is Proof.IMPLIED:
        return
    found, complete, used = fitting(rows.value, told, evaluation, rounded="rounded=true" in answers)
    if not complete:
        return
    if found:
        yield from _fitting(found, rows, used, scope, (*answers, told.answer))
        return
    because = f"no tp, fp, fn and tn of {rows.value:,} rows with {told.answer} print {quoted(*used)}"
    basis = resting_on([rows], (*answers[1:], told.answer, "same_unit=true", "plain_metrics=true"))
    yield claim("binary_matrix_possible", holds=False, scope=scope, basis=basis, because=because, evidence=used)


def _by_mcc(
    evaluation: Evaluation, scope: Scope, facts: Facts, answers: tuple[str, ...], *, told: bool
) -> Iterator[Fact]:
    """Yield the matrices that have the accuracy, the Matthews correlation and what else is printed."""
    rows, accuracy = facts.at("sample_count", scope), _share(evaluation, "accuracy", answers)
    others = printed_measures(evaluation, rounded="rounded=true" in answers)
    if rows is None or not isinstance(rows.value, int) or accuracy is None or "mcc" not in others:
        return
    mcc, interval = others["mcc"]
    wrong = (1 - accuracy[1]) * rows.value
    errors = range(-int(-wrong.low // 1), int(wrong.high // 1) + 1)
    if len(errors) != 1 or not (told or interval.high - interval.low < _FULL):
        return
    found = with_mcc(rows.value, errors[0], interval)
    if found is None or len(found) != 1:
        return
    agrees = agreement({name: measure for name, (_, measure) in others.items()})
    fitting = [matrix for matrix in exchanged(found[0]) if agrees(matrix)]
    if fitting:
        used = (accuracy[0], mcc, *(value for name, (value, _) in others.items() if name != "mcc"))
        yield from _fitting(fitting, rows, used, scope, answers)


def _fitting(
    matrices: list[Matrix], rows: Fact, used: tuple[Value, ...], scope: Scope, answers: tuple[str, ...]
) -> Iterator[Fact]:
    proof, assumes = resting_on([rows], answers)
    cells = [matrix.cells() for matrix in matrices]
    shown = "; ".join(", ".join(f"{name} {count}" for name, count in c.items()) for c in cells)
    because = f"{shown}: no other matrix of {rows.value:,} rows has {quoted(*used)}"
    if len(cells) == 1:
        yield Fact("confusion_matrix", cells[0], scope, proof, because, "rows", assumes, used)
    else:
        yield Fact("possible_matrices", cells, scope, proof, because, "rows", assumes, used)
    counts = sorted({matrix.tp + matrix.fn for matrix in matrices})
    value = counts[0] / rows.value if len(counts) == 1 else Interval(counts[0] / rows.value, counts[-1] / rows.value)
    found = " or ".join(f"{count:,}" for count in counts)
    because = f"tp + fn is {found} of {rows.value:,} rows, a share of {Interval.of(value):.4g}, by {quoted(*used)}"
    yield Fact("prevalence", value, scope, proof, because, "share", assumes, used)


def _by_f1(evaluation: Evaluation, scope: Scope, answers: tuple[str, ...]) -> Iterator[Fact]:
    """Yield TP/N <= prevalence <= (TP + E)/N: F1 = 2TP/(2TP + E) with E/N = 1 - accuracy leaves FP and FN open."""
    accuracy, f1 = _share(evaluation, "accuracy", answers), _share(evaluation, "f1", answers)
    if accuracy is None or f1 is None or f1[1].high >= 1:
        return
    wrong = 1 - accuracy[1]
    low = wrong.low * f1[1].low / (2 * (1 - f1[1].low))
    high = min(1, wrong.high * (1 + f1[1].high / (2 * (1 - f1[1].high))))
    if low > high:
        return
    used = (accuracy[0], f1[0])
    because = (
        f"tp/N = (1 - accuracy) F1/(2 - 2 F1) is at least {float(low):.6g}, and fn/N at most 1 - accuracy: "
        f"{float(high):.6g} at most, with {quoted(*used)}"
    )
    yield Fact("prevalence", Interval(low, high), scope, Proof.PROVED_IF, because, "share", answers, used)


def _by_precision(evaluation: Evaluation, scope: Scope, answers: tuple[str, ...]) -> Iterator[Fact]:
    """Yield prevalence <= P/(P + R - PR), where all rows are true or predicted positives (N >= TP + FP + FN)."""
    precision, recall = _share(evaluation, "precision", answers), _share(evaluation, "recall", answers)
    if evaluation.get("accuracy") is not None or precision is None or recall is None or recall[1].low <= 0:
        return
    p, r = precision[1].high, recall[1].low
    high = p / (p + r - p * r)
    used = (precision[0], recall[0])
    because = (
        f"(tp + fn)/N is at most (tp + fn)/(tp + fp + fn) = P/(P + R - PR) = {float(high):.6g} with {quoted(*used)}"
    )
    yield Fact("prevalence", Interval(0, high), scope, Proof.PROVED_IF, because, "share", answers, used)

"""Standard errors: how far a metric may be off because the evaluated rows are only a sample."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._averages import table_of
from diagnose.facts._proofs import resting_on
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import share
from diagnose.facts._spread import error_of_f1, error_of_macro_f1, error_of_share
from diagnose.interval import Interval
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run, Scope

PROVIDES: Mapping[str, str] = {
    "standard_error": "of the evaluation's main metric: macro-F1 where a table gives it, else F1, else accuracy",
    "standard_error.metric": "the metric whose standard error it is",
    "standard_error.accuracy": "of accuracy, a binomial share",
    "standard_error.f1": "of a binary F1",
    "standard_error.macro_f1": "of macro-F1, by the delta method; an interval where the cells are not fixed",
}
NEEDS: tuple[str, ...] = (
    "class_margins",
    "confused_pairs",
    "confusion_matrix",
    "confusion_matrix_up_to_factor",
    "sample_count",
)

_INDEPENDENT = ("independent_rows=true",)
_ROUND_OFF = 1e-9
# All pairs are needed, and they are quadratic in the classes.
_MOST_CLASSES = 6


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield the standard errors of each reported evaluation, the main metric's once more under the plain name."""
    mains: list[tuple[Evaluation, Fact]] = []
    without: list[tuple[Evaluation, Scope]] = []
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        ways = (_macro_f1(evaluation, facts, scope), _f1(evaluation, facts, scope), _accuracy(evaluation, facts, scope))
        found = [fact for fact in ways if fact is not None]
        yield from found
        if found:
            mains.append((evaluation, found[0]))
            yield from _main(found[0])
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
    yield Fact("standard_error.metric", fact.unit, fact.scope, fact.proof, fact.because, "", fact.assumes)


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
    because = (
        f"{own.key} {own.text} is the mean of {len(parts)} tasks; their errors may be unrelated ({low:.4f}) or move as "
        f"one ({high:.4f})"
    )
    proof, assumes = resting_on([fact for _, fact in parts], _INDEPENDENT, Proof.IMPLIED)
    error = Interval(min(low, high), high)
    return Fact("standard_error.macro_f1", error, scope, proof, because, own.metric, assumes, (own,))


def _macro_f1(evaluation: Evaluation, facts: Facts, scope: Scope) -> Fact | None:
    metric = _macro_name(evaluation)
    margins, pairs = facts.at("class_margins", scope), facts.at("confused_pairs", scope)
    if metric is None or margins is None or pairs is None or not 2 <= len(margins.value) <= _MOST_CLASSES:
        return None
    rows = list(margins.value.values())
    if any(isinstance(row[key], Interval) for row in rows for key in ("tp", "predicted")):
        return None
    places = {label: i for i, label in enumerate(margins.value)}
    bounds = {(i, j): (0, 0) for j in range(len(rows)) for i in range(j)}
    for pair in pairs.value:
        first, second = sorted(places[label] for label in pair["classes"])
        bounds[first, second] = pair["errors"]["low"], pair["errors"]["high"]
    errors = sum(row["support"] - row["tp"] for row in rows)
    error = error_of_macro_f1(rows, bounds, errors)
    value = error.middle if error.high - error.low < 1e-9 else error
    because = (
        f"macro-F1 over {sum(row['support'] for row in rows)} rows in {len(rows)} classes, by the delta method on the "
        f"confusion matrix that the table fixes ({errors} errors): the error of this sample of rows alone"
    )
    proof, assumes = resting_on([margins, pairs], _INDEPENDENT)
    return Fact("standard_error.macro_f1", value, scope, proof, because, metric, assumes, margins.evidence)


def _macro_name(evaluation: Evaluation) -> str | None:
    """Return the name under which macro-F1 is reported: its own, or plain F1 where that is the mean of the classes."""
    if "macro_f1" in evaluation.metrics:
        return "macro_f1"
    f1 = evaluation.get("f1")
    table = table_of(evaluation, None)
    mean = table.macro("f1") if table is not None else None
    if f1 is None or f1.interval is None or mean is None:
        return "macro_f1" if mean is not None or evaluation.matrix else None
    return "f1" if mean.meet(f1.interval) is not None else "macro_f1"


def _f1(evaluation: Evaluation, facts: Facts, scope: Scope) -> Fact | None:
    exact = facts.at("confusion_matrix", scope)
    fact = exact or facts.at("confusion_matrix_up_to_factor", scope)
    if fact is None or "f1" not in evaluation.metrics:
        return None
    tp, errors = fact.value["tp"], fact.value["fp"] + fact.value["fn"]
    error = error_of_f1(tp, errors)
    because = f"F1 = 2tp/(2tp + fp + fn) with tp {tp} and {errors} errors, by the delta method: {error:.4f}"
    if exact is None:
        because += " at most, since the matrix is a multiple of this one"
    proof, assumes = resting_on([fact], _INDEPENDENT)
    value = error if exact is not None else Interval(0, error)
    return Fact("standard_error.f1", value, scope, proof, because, "f1", assumes, fact.evidence)


def _accuracy(evaluation: Evaluation, facts: Facts, scope: Scope) -> Fact | None:
    accuracy, rows = evaluation.get("accuracy"), facts.at("sample_count", scope)
    if accuracy is None or rows is None or not 0 <= accuracy.number <= 1:
        return None
    count, printed = Interval.of(rows.value), share(accuracy)
    if count.low < 1 or printed is None:
        return None
    # a(1 - a) is largest at 1/2 and least at an end.
    least, most = (max(abs(float(end) - 0.5) for end in (printed.low, printed.high)), abs(_nearest_half(printed) - 0.5))
    ends = error_of_share(0.5 + least, float(count.high)), error_of_share(0.5 + most, float(count.low))
    error = ends[0] if ends[1] - ends[0] < _ROUND_OFF else Interval(*ends)
    shown = f"{ends[1]:.4f}" if f"{ends[0]:.4f}" == f"{ends[1]:.4f}" else f"{ends[0]:.4f} to {ends[1]:.4f}"
    because = f"sqrt(a(1 - a)/n) with {accuracy.key} {accuracy.text} of {count.low:,} rows: {shown}"
    proof, assumes = resting_on([rows], (*_INDEPENDENT, "same_unit=true"))
    proof = Proof.weakest([proof, Proof.PROVED_IF])
    return Fact("standard_error.accuracy", error, scope, proof, because, "accuracy", assumes, (accuracy,))


def _nearest_half(interval: Interval) -> float:
    """Return the number of the interval that is nearest to 1/2."""
    return min(max(0.5, float(interval.low)), float(interval.high))

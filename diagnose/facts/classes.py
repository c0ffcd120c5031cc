"""What a per-class table or a confusion matrix proves: margins, cells, confused pairs, and each class's own figures."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from diagnose.facts._cells import Cells
from diagnose.facts._margins import UNBOUNDED, Margin, candidates_of, join, margin_of, whole
from diagnose.facts._proofs import LISTED
from diagnose.facts._scopes import scope_of
from diagnose.interval import Interval
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.facts._margins import Candidates
    from diagnose.types import ClassRow, Evaluation, Facts, Question, Run, Scope

PROVIDES: Mapping[str, str] = {
    "class_margins": "{class: {tp, support, predicted}}: rows of each class, right ones, and times it was predicted",
    "confusion_bounds": "{true class: {predicted class: {low, high}}}: rows, from the margins",
    "confused_pairs": "[{classes: [a, b], errors: {low, high}}]: confusions both ways, the most confused first",
    "per_class.recall": "share of the class's rows that are right",
    "per_class.precision": "share of the class's predictions that are right",
    "per_class.f1": "F1 of the class",
    "per_class.support": "rows of the class",
    "per_class.support_share": "share of all rows that are of the class",
    "per_class.predicted": "times the class was predicted",
    "per_class.predicted_share": "share of all rows for which the class was predicted (rows: the sum of the supports)",
    "per_class.predicted_ratio": "times the class was predicted, for each row of it",
    "dead_classes": "[class]: classes with rows whose recall is reported as 0, the largest first",
    "dead_classes.count": "how many classes with rows have a recall of 0",
    "dead_classes.support": "rows of the largest class with a recall of 0",
}
NEEDS: tuple[str, ...] = ()

# Cells are quadratic in the classes; beyond this the most confused pairs have to do.
_MOST_CLASSES = 60
_MOST_PAIRS = 20
# With many classes only those with this share of the rows get facts of their own; the others are in class_margins.
_LEAST_SHARE = 0.02
_PLAIN = ("same_average=true",)


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield what each evaluation's table or matrix proves; figures of single classes for the reported one only."""
    for series in run.series():
        for evaluation in series.evaluations:
            scope = scope_of(run, series, evaluation)
            single = assumed.get("single_label", scope)
            yield from _of_evaluation(evaluation, scope, single, own=evaluation is series.reported)


def _of_evaluation(evaluation: Evaluation, scope: Scope, single: str | None, *, own: bool) -> Iterator[Fact]:
    if evaluation.matrix:
        yield from _of_matrix(evaluation.matrix, scope, evaluation.matrix_assumes, own=own)
    elif evaluation.classes:
        yield from _of_table(evaluation, scope, single, own=own)


# --- a confusion matrix


def _of_matrix(
    matrix: Mapping[str, Mapping[str, int]], scope: Scope, assumes: tuple[str, ...], *, own: bool
) -> Iterator[Fact]:
    labels = list(dict.fromkeys([*matrix, *(label for row in matrix.values() for label in row)]))
    predicted = dict.fromkeys(labels, 0)
    for row in matrix.values():
        for label, count in row.items():
            predicted[label] += count
    margins = []
    for label in labels:
        row = matrix.get(label, {})
        right = row.get(label, 0)
        margins.append(
            Margin(
                label, sum(row.values()), *(Interval.of(n) for n in (right, predicted[label], predicted[label] - right))
            )
        )
    because = "the rows and columns of the confusion matrix, added up"
    yield Fact("class_margins", _shown(margins), scope, _proof(assumes), because, "rows", assumes)
    pairs = sorted(
        (
            (matrix.get(a, {}).get(b, 0) + matrix.get(b, {}).get(a, 0), a, b)
            for i, a in enumerate(labels)
            for b in labels[i + 1 :]
        ),
        key=lambda pair: -pair[0],
    )
    value = [{"classes": [a, b], "errors": {"low": n, "high": n}} for n, a, b in pairs[:_MOST_PAIRS] if n]
    yield Fact("confused_pairs", value, scope, Proof.PROVED, "the two cells of each pair of classes, added up", "rows")
    yield from _dead([(m.label, m.support) for m in margins if m.support and m.tp.high == 0], scope, assumes)
    if own:
        rows = sum(m.support for m in margins)
        for margin in margins:
            yield from _of_margin(margin, rows, len(margins), scope, assumes, counted=assumes)


# --- a per-class table


def _of_table(evaluation: Evaluation, scope: Scope, single: str | None, *, own: bool) -> Iterator[Fact]:
    rows = {row.label: row for row in evaluation.classes}
    supports = {
        label: whole(row.metrics["support"].interval) for label, row in rows.items() if "support" in row.metrics
    }
    known = {label: support for label, support in supports.items() if support is not None and support >= 0}
    yield from _dead([(label, s) for label, s in known.items() if s and _never_right(rows[label])], scope)
    candidates = {label: found for label, s in known.items() if (found := candidates_of(rows[label], s))}
    joined = None
    if candidates and len(candidates) == len(evaluation.classes):
        joined = _joined(evaluation, candidates, known, single)
    alone = [margin_of(label, known[label], found) for label, found in candidates.items()]
    margins = alone
    assumes: tuple[str, ...] = _PLAIN
    if joined is not None:
        margins = [margin_of(label, known[label], found) for label, found in zip(candidates, joined, strict=True)]
        assumes = _PLAIN if margins == alone else (*LISTED, *_PLAIN)
    if margins:
        yield _margins_fact(margins, evaluation, scope, assumes)
    if joined is not None:
        yield from _cells_of(margins, evaluation, scope)
    if own:
        by_label = {margin.label: margin for margin in margins}
        total = sum(known.values()) if len(known) == len(rows) else 0
        for label, row in rows.items():
            yield from _reported(row, scope, known.get(label), total, len(rows))
            if label in by_label:
                yield from _of_margin(by_label[label], total, len(rows), scope, assumes)


def _proof(assumes: tuple[str, ...]) -> Proof:
    return Proof.PROVED_IF if assumes else Proof.PROVED


def _joined(
    evaluation: Evaluation, candidates: Mapping[str, Candidates], supports: Mapping[str, int], single: str | None
) -> list[Candidates] | None:
    """Return the candidates when all rows have one label and the table lists every class, None where that is not given.

    It is given where the user says so, where an accuracy stands beside the table that its rows reproduce (a table
    with a micro average has several labels a row, or leaves classes out), or where the predictions of all classes are
    known and add up to the rows, which would otherwise be a coincidence.
    """
    rows = sum(supports.values())
    stated = evaluation.metrics.get("samples")
    if single == "false" or (stated is not None and stated.interval is not None and rows not in stated.interval):
        return None
    accuracy = evaluation.get("accuracy")
    interval = accuracy.interval if accuracy is not None else None
    has_micro = any(name.startswith("micro_") for name in evaluation.metrics)
    exact = all(len(found) == 1 and found[0][1] == found[0][2] for found in candidates.values())
    if single != "true" and (has_micro or (interval is None and not exact)):
        return None
    correct = Interval(0, rows) if interval is None else (interval * rows).meet(Interval(0, rows))
    if correct is None:
        return None
    return join(list(candidates.values()), [supports[label] for label in candidates], correct)


def _margins_fact(margins: Sequence[Margin], evaluation: Evaluation, scope: Scope, assumes: tuple[str, ...]) -> Fact:
    shown = max(margins, key=lambda m: m.support)
    because = (
        f"recall x support is a whole number of right rows, right rows / precision a whole number of predictions: "
        f"{shown.label} has {_text(shown.tp)} right of {shown.support} and was predicted {_text(shown.predicted)} times"
    )
    if assumes:
        because += "; the predictions of all classes add up to the rows"
    evidence = tuple(
        row.metrics[name]
        for row in evaluation.classes
        for name in ("precision", "recall", "f1", "support")
        if name in row.metrics
    )
    return Fact("class_margins", _shown(margins), scope, _proof(assumes), because, "rows", assumes, evidence)


def _cells_of(margins: Sequence[Margin], evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    rows = sum(m.support for m in margins)
    accuracy = evaluation.get("accuracy")
    interval = accuracy.interval if accuracy is not None else None
    correct = Interval(sum(m.tp.low for m in margins), sum(m.tp.high for m in margins))
    if interval is not None:
        whole_rows = Interval(math.ceil(interval.low * rows - 1), math.floor(interval.high * rows + 1))
        correct = correct.meet(whole_rows) or correct
    cells = Cells(margins, correct)
    if not cells.feasible or len(margins) < 2:
        return
    errors = rows - correct
    if len(margins) <= _MOST_CLASSES:
        because = (
            f"of {_text(errors)} errors each class has its misses FN and its false alarms FP: row i taken for j lies "
            "between FN_i+FP_i+FP_j-E or FN_i+FN_j+FP_j-E (or 0) and the least of FN_i, FP_j, E-FN_k-FP_k"
        )
        yield Fact("confusion_bounds", cells.bounds(), scope, Proof.PROVED_IF, because, "rows", (*LISTED, *_PLAIN))
    because = (
        f"of {_text(errors)} errors, those that touch neither of two classes are at most E-FN_k-FP_k for every other "
        "class k, and those of the pair at least FN_i+FP_i+FN_j+FP_j-E"
    )
    yield Fact("confused_pairs", cells.pairs(_MOST_PAIRS), scope, Proof.PROVED_IF, because, "rows", (*LISTED, *_PLAIN))


def _never_right(row: ClassRow) -> bool:
    """Whether recall, precision and F1 print as zero, as far as they are given."""
    values = [row.metrics[name] for name in ("recall", "f1", "precision") if name in row.metrics]
    finite = [value for value in values if value.is_finite]
    return "recall" in row.metrics and bool(finite) and all(value.number == 0 for value in finite)


# --- facts about classes


def _dead(dead: Sequence[tuple[str, int]], scope: Scope, assumes: tuple[str, ...] = ()) -> Iterator[Fact]:
    proof = _proof(assumes)
    dead = sorted(dead, key=lambda item: -item[1])
    names = [label for label, _ in dead]
    shown = ", ".join(f"{label} ({support} rows)" for label, support in dead[:5]) or "none"
    because = f"classes with rows whose recall is reported as 0: {shown}"
    yield Fact("dead_classes", names, scope, proof, because, "", assumes)
    yield Fact("dead_classes.count", len(names), scope, proof, because, "classes", assumes)
    if dead:
        yield Fact("dead_classes.support", dead[0][1], scope, proof, because, "rows", assumes)


def _reported(row: ClassRow, outer: Scope, support: int | None, rows: int, classes: int) -> Iterator[Fact]:
    """Yield the class's own metrics as they stand in the table."""
    if _left_out(support, rows, classes):
        return
    scope = replace(outer, label=row.label)
    for name in ("precision", "recall", "f1"):
        value = row.metrics.get(name)
        if value is not None:
            because = f"{name} of {row.label} is reported as {value.text}"
            yield Fact(
                f"per_class.{name}", value.interval or value.number, scope, Proof.PROVED, because, evidence=(value,)
            )


def _left_out(support: int | None, rows: int, classes: int) -> bool:
    return classes > _MOST_CLASSES and (support is None or support < _LEAST_SHARE * rows)


def _of_margin(
    margin: Margin,
    rows: int,
    classes: int,
    outer: Scope,
    assumes: tuple[str, ...] = (),
    *,
    counted: tuple[str, ...] | None = None,
) -> Iterator[Fact]:
    """Yield a class's rows and predictions; `counted`: what a matrix assumes, where the margins are of one."""
    proof = _proof(assumes)
    if _left_out(margin.support, rows, classes):
        return
    scope = replace(outer, label=margin.label)
    predicted = _open(margin.predicted)
    plain = _plain(predicted)
    because = f"{margin.label} was predicted {_text(predicted)} times and has {margin.support} of {rows} rows"
    support = counted or ()
    yield Fact("per_class.support", margin.support, scope, _proof(support), because, "rows", support)
    yield Fact("per_class.predicted", plain, scope, proof, because, "rows", assumes)
    if rows:
        # Of a table, the supports add up to the rows only where it has every class and each row one label.
        shared = counted if counted is not None else tuple(dict.fromkeys((*LISTED, *assumes))) if assumes else ()
        share, proof_of_share = margin.support / rows, _proof(shared)
        yield Fact("per_class.support_share", share, scope, proof_of_share, because, "", shared)
        yield Fact("per_class.predicted_share", plain / rows, scope, proof_of_share, because, "", shared)
    if margin.support:
        yield Fact("per_class.predicted_ratio", plain / margin.support, scope, proof, because, "", assumes)


def _open(predicted: Interval) -> Interval:
    """Return the predictions with an open end where nothing limits them."""
    return Interval(predicted.low, math.inf) if predicted.high >= UNBOUNDED else predicted


def _shown(margins: Sequence[Margin]) -> dict[str, dict[str, Any]]:
    return {
        m.label: {"tp": _plain(m.tp), "support": m.support, "predicted": _plain(_open(m.predicted))} for m in margins
    }


def _plain(interval: Interval) -> Any:
    return interval.low if interval.is_point else interval


def _text(interval: Interval) -> str:
    if interval.is_point:
        return str(interval.low)
    return f"at least {interval.low}" if math.isinf(interval.high) else f"{interval.low} to {interval.high}"

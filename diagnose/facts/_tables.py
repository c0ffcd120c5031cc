"""What a confusion matrix, four counts or a per-class table decide about a constant prediction."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._proofs import claim, resting_on
from diagnose.facts._scores import share
from diagnose.interval import Interval
from diagnose.types import ClassRow, Evaluation, Fact, Proof, Scope, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_ROWS", "counted", "four_counts", "tabled"]

# Larger than any evaluation set.
MOST_ROWS = 10**15


def four_counts(evaluation: Evaluation) -> tuple[Value, Value, Value, Value] | None:
    """Return tp, fp, fn and tn where all four are printed and can be counts of rows, else None."""
    found = [evaluation.metrics.get(name) for name in ("tp", "fp", "fn", "tn")]
    tp, fp, fn, tn = (
        v if v is not None and 0 <= v.number <= MOST_ROWS and v.number.is_integer() else None for v in found
    )
    if tp is None or fp is None or fn is None or tn is None or tp.number + fp.number + fn.number + tn.number == 0:
        return None
    return tp, fp, fn, tn


def counted(evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    """Yield whether only one class is predicted, from a confusion matrix or from tp, fp, fn and tn."""
    predicted: dict[str, float] = {}
    correct: dict[str, float] = {}
    used: tuple[Value, ...] = four_counts(evaluation) or ()
    if evaluation.matrix:
        for true, row in evaluation.matrix.items():
            for label, number in row.items():
                predicted[label] = predicted.get(label, 0) + number
                correct[label] = correct.get(label, 0) + (number if label == true else 0)
    elif used:
        tp, fp, fn, tn = (v.number for v in used)
        predicted = {"positive": tp + fp, "negative": fn + tn}
        correct = {"positive": tp, "negative": tn}
    rows = sum(predicted.values())
    if rows <= 0:
        return
    basis = resting_on([], evaluation.matrix_assumes if evaluation.matrix else ())
    classes = [label for label, number in predicted.items() if number > 0]
    if len(classes) > 1:
        because = (
            f"{len(classes)} classes are predicted, {max(predicted.values()):,.0f} of {rows:,.0f} rows at most one"
        )
        yield claim("constant_prediction", holds=False, scope=scope, basis=basis, because=because, evidence=used)
        return
    because = f"all {rows:,.0f} predictions are {classes[0]!r}"
    yield claim("constant_prediction", holds=True, scope=scope, basis=basis, because=because, evidence=used)
    part = correct[classes[0]] / rows
    because = f"{correct[classes[0]]:,.0f} of {rows:,.0f} rows have the class {classes[0]!r}, the only one predicted"
    yield Fact("constant_class_share", part, scope, basis[0], because, "share", basis[1], used)


def tabled(evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    """Yield the same from a per-class table: a class with a recall or a precision above 0 has been predicted.

    Only one such class with recall 1 is a constant where its precision is its share of the rows: then as many rows
    are predicted as there are.
    """
    rows = [row for row in evaluation.classes if _score(row, "recall") is not None]
    if len(rows) < 2 or len(rows) != len(evaluation.classes):
        return
    sure = [row for row in rows if _surely_right(row)]
    hit = [
        row
        for row in rows
        if any((s := _score(row, name)) is not None and s.low > 0 for name in ("recall", "precision"))
    ]
    missed = [
        row
        for row in rows
        if all((v := row.metrics.get(n)) is None or v.number == 0 for n in ("recall", "precision", "f1"))
    ]
    if len(hit) > 1:
        shown = (sure if len(sure) > 1 else hit)[:2]
        because = (
            f"{' and '.join(map(_above_zero, shown))} are above 0 in the per-class table: both classes are predicted"
        )
        assumes: tuple[str, ...] = ("single_label=true", *(() if len(sure) > 1 else ("zero_division=0",)))
        yield claim(
            "constant_prediction",
            holds=False,
            scope=scope,
            basis=(Proof.PROVED_IF, assumes),
            because=because,
            evidence=_values(shown),
        )
        return
    if len(hit) != 1 or len(missed) != len(rows) - 1:
        return
    recall, precision = _score(hit[0], "recall"), _score(hit[0], "precision")
    part = _true_share(evaluation, hit[0])
    if recall is None or precision is None or part is None or recall.high < 1 or precision.meet(part) is None:
        return
    because = (
        f"only {hit[0].label!r} has correct predictions, its recall is {hit[0].metrics['recall'].text}, and its "
        f"precision {hit[0].metrics['precision'].text} is its share of the rows: constant or nearly constant"
    )
    proof, assumes = resting_on([], ("all_classes_listed=true",), Proof.IMPLIED)
    used = _values([hit[0]])
    yield claim("constant_prediction", holds=True, scope=scope, basis=(proof, assumes), because=because, evidence=used)
    answered = float(part.low) if part.is_point else part
    yield Fact("constant_class_share", answered, scope, proof, because, "share", assumes, used)
    yield from _share_predicted(evaluation, hit[0], recall, precision, scope)


def _share_predicted(
    evaluation: Evaluation, row: ClassRow, recall: Interval, precision: Interval, scope: Scope
) -> Iterator[Fact]:
    """Yield how large a share of all predictions one class gets: right rows / precision, of all rows."""
    supports = [r.metrics.get("support") for r in evaluation.classes]
    counts = [v for v in supports if v is not None and v.is_finite]
    total = sum(v.number for v in counts)
    if len(counts) < len(supports) or total <= 0 or precision.high <= 0:
        return
    rows = row.metrics["support"].number
    bound = float(recall.low * Fraction(rows) / Fraction(total) / precision.high)
    if bound > 0.5:
        proof, assumes = resting_on([], ("all_classes_listed=true", "single_label=true", "same_average=true"))
        because = (
            f"{row.label!r}: recall {row.metrics['recall'].text} x {rows:.0f} rows / precision "
            f"{row.metrics['precision'].text} / {total:.0f} rows is its share of the predictions: at least {bound:.4g}"
        )
        used = (*_values([row]), *(v for v in counts if v is not row.metrics["support"]))
        yield Fact("predicted_share_lower_bound", bound, scope, proof, because, "share", assumes, used)


def _above_zero(row: ClassRow) -> str:
    """Return the score of a class that shows a correct prediction."""
    scores = ((name, _score(row, name)) for name in ("recall", "precision"))
    name = next((name for name, score in scores if score is not None and score.low > 0), "recall")
    return f"{name} {row.metrics[name].text} of {row.label!r}"


def _surely_right(row: ClassRow) -> bool:
    """Whether a class has a correct prediction: 1 may also stand for 0/0 (zero_division=1), a recall not with rows."""
    support = row.metrics.get("support")
    has_rows = support is not None and support.is_finite and support.number >= 1
    recall, precision = _score(row, "recall"), _score(row, "precision")
    if recall is not None and recall.low > 0 and (has_rows or recall.high < 1):
        return True
    return precision is not None and precision.low > 0 and precision.high < 1


def _true_share(evaluation: Evaluation, row: ClassRow) -> Interval | None:
    """Return the share of a class among the true labels: from the supports, or else the accuracy of a constant."""
    supports = [r.metrics.get("support") for r in evaluation.classes]
    if all(v is not None and v.is_finite for v in supports):
        total = sum(v.number for v in supports if v is not None)
        if total > 0:
            return Interval.of(row.metrics["support"].number / total)
    accuracy = evaluation.get("accuracy")
    return None if accuracy is None else share(accuracy)


def _score(row: ClassRow, name: str) -> Interval | None:
    value = row.metrics.get(name)
    return None if value is None or not value.is_finite else share(value)


def _values(rows: list[ClassRow]) -> tuple[Value, ...]:
    return tuple(value for row in rows for value in row.metrics.values() if value.is_finite)

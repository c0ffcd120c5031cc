"""What a confusion matrix, four counts or a per-class table decide about a constant prediction."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._confusion import Confusion, cells_of_counts
from diagnose.facts._proofs import claim, resting_on
from diagnose.facts._rows import all_supports, four_counts
from diagnose.facts._scores import share
from diagnose.interval import Interval
from diagnose.types import ClassRow, Evaluation, Fact, Proof, Scope, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["counted", "tabled"]


def counted(evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    """Yield whether only one class is predicted, from a confusion matrix or from tp, fp, fn and tn."""
    used = four_counts(evaluation) or ()
    if not used and not evaluation.matrix:
        return
    matrix = Confusion.of(evaluation.matrix or (cells_of_counts(used) if used else {}))
    rows = matrix.rows
    if rows <= 0:
        return
    basis = resting_on([], evaluation.matrix_assumes if evaluation.matrix else ())
    given = [i for i, number in enumerate(matrix.predicted) if number > 0]
    if len(given) > 1:
        most = f"{max(matrix.predicted):,}"
        because = f"{len(given)} classes are predicted, one for {most} of {rows:,} rows and no other for more"
        yield claim("constant_prediction", holds=False, scope=scope, basis=basis, because=because, evidence=used)
        return
    label, right = matrix.labels[given[0]], matrix.right[given[0]]
    because = f"all {rows:,} predictions are {label!r}"
    yield claim("constant_prediction", holds=True, scope=scope, basis=basis, because=because, evidence=used)
    part = right / rows
    because = f"{right:,}/{rows:,} = {part:.4g} of the rows have the class {label!r}, the only one predicted"
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
    support = hit[0].metrics.get("support")
    of = f" ({support.shown} rows)" if support is not None else ""
    because = (
        f"only {hit[0].label!r} has correct predictions, its recall is {hit[0].metrics['recall'].shown}, and its "
        f"precision {hit[0].metrics['precision'].shown} its share of the rows, {part:.4g}{of}: constant or nearly so"
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
    counts = all_supports(evaluation)
    total = sum(v.number for v in counts)
    if not counts or precision.high <= 0:
        return
    rows = row.metrics["support"].number
    bound = float(recall.low * Fraction(rows) / Fraction(total) / precision.high)
    if bound > 0.5:
        proof, assumes = resting_on([], ("all_classes_listed=true", "single_label=true", "same_average=true"))
        because = (
            f"{row.label!r} has recall {row.metrics['recall'].shown} and precision {row.metrics['precision'].shown}: "
            f"recall x its rows / precision is at least {float(recall.low):.6g} x {rows:.0f} / "
            f"{float(precision.high):.6g} / {total:.0f} rows = {bound:.4g} of the predictions"
        )
        used = (*_values([row]), *(v for v in counts if v is not row.metrics["support"]))
        yield Fact("predicted_share_lower_bound", bound, scope, proof, because, "share", assumes, used)


def _above_zero(row: ClassRow) -> str:
    """Return the score of a class that shows a correct prediction."""
    scores = ((name, _score(row, name)) for name in ("recall", "precision"))
    name = next((name for name, score in scores if score is not None and score.low > 0), "recall")
    return f"{name} {row.metrics[name].shown} of {row.label!r}"


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
    if supports := all_supports(evaluation):
        return Interval.of(row.metrics["support"].number / sum(v.number for v in supports))
    accuracy = evaluation.get("accuracy")
    return None if accuracy is None else share(accuracy)


def _score(row: ClassRow, name: str) -> Interval | None:
    value = row.metrics.get(name)
    return None if value is None or not value.is_finite else share(value)


def _values(rows: list[ClassRow]) -> tuple[Value, ...]:
    return tuple(value for row in rows for value in row.metrics.values() if value.is_finite)

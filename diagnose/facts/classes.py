"""What a per-class table or a confusion matrix proves: margins, cells, confused pairs, and each class's own figures."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._cells import Cells
from diagnose.facts._class_facts import (
    MOST_CLASSES,
    dead_classes,
    derivation,
    left_out,
    margin_facts,
    proof_on,
    reported,
    shown_margins,
)
from diagnose.facts._confusion import Confusion
from diagnose.facts._margins import margin_of
from diagnose.facts._nearest import ROUNDED
from diagnose.facts._proofs import LISTED, resting_on
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import quoted
from diagnose.facts._table_margins import TableMargins, supports_of, table_margins
from diagnose.interval import Interval
from diagnose.types import Fact, Proof, Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.facts._margins import Margin
    from diagnose.types import ClassRow, Evaluation, Facts, Run, Scope

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
NEEDS: tuple[str, ...] = ("entity_level",)

_MOST_PAIRS = 20
_JOINT = ("class_margins", "confusion_bounds", "confused_pairs")


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield what each evaluation's table or matrix proves; figures of single classes for the reported one only."""
    for series in run.series():
        for evaluation in series.evaluations:
            scope, own = scope_of(run, series, evaluation), evaluation is series.reported
            if evaluation.matrix:
                yield from _of_matrix(evaluation, Confusion.of(evaluation.matrix), scope, facts, own=own)
            elif evaluation.classes:
                found = _readings(run, evaluation, scope, facts, assumed, own=own)
                yield from _of_table(evaluation, found, scope, facts, own=own)


# --- a confusion matrix


def _of_matrix(evaluation: Evaluation, matrix: Confusion, scope: Scope, facts: Facts, *, own: bool) -> Iterator[Fact]:
    assumes = evaluation.matrix_assumes
    sums = zip(matrix.labels, matrix.support, matrix.right, matrix.predicted, strict=True)
    margins = [margin_of(label, rows, [(right, right, given, given)]) for label, rows, right, given in sums]
    if not margins:
        return
    shown = max(margins, key=lambda m: m.support)
    because = (
        f"the rows and columns of the confusion matrix, added up: {shown.label} has {shown.support} rows, "
        f"{shown.tp.low} of them on the diagonal, and {shown.predicted.low} predictions"
    )
    yield Fact("class_margins", shown_margins(margins), scope, proof_on(assumes), because, "rows", assumes)
    yield _pairs_of_matrix(matrix, scope, evaluation.matrix_rows_assume)
    yield from dead_classes([(m.label, m.support) for m in margins if m.support and m.tp.high == 0], scope, assumes)
    if own:
        rows, basis = matrix.rows, resting_on([facts.at("class_margins", scope)])
        for margin in margins:
            if not left_out(margin.support, rows, len(margins)):
                inner = replace(scope, label=margin.label)
                because = f"the row of {margin.label} adds up to {margin.support}"
                yield Fact("per_class.support", margin.support, inner, proof_on(assumes), because, "rows", assumes)
                because = f"the column of {margin.label} adds up to {margin.predicted.low}"
                yield from margin_facts(margin, rows, scope, because, (basis, basis))
                yield from _scores_of(margin, inner, assumes)


def _scores_of(margin: Margin, scope: Scope, assumes: tuple[str, ...]) -> Iterator[Fact]:
    """Yield precision, recall and F1 of a class of a matrix, those with a denominator."""
    right, rows, given = int(margin.tp.low), margin.support, int(margin.predicted.low)
    for name, over, shown in (
        ("recall", rows, f"{right}/{rows}"),
        ("precision", given, f"{right}/{given}"),
        ("f1", Fraction(rows + given, 2), f"2 x {right}/({rows} + {given})"),
    ):
        if over:
            value = Fraction(right) / over
            because = f"{name} of {margin.label!r} = {shown} = {float(value):.4g}"
            yield Fact(f"per_class.{name}", float(value), scope, proof_on(assumes), because, "", assumes)


def _pairs_of_matrix(matrix: Confusion, scope: Scope, assumes: tuple[str, ...]) -> Fact:
    """Return the sums of both directions, which are the same whichever side of the matrix is the true one."""
    labels = matrix.labels
    pairs = sorted(
        (
            (-matrix.cell(a, b) - matrix.cell(b, a), i, j)
            for i, a in enumerate(labels)
            for j, b in enumerate(labels[:i])
        ),
    )
    named = [(labels[j], labels[i], -n) for n, i, j in pairs[:_MOST_PAIRS] if n]
    value = [{"classes": [a, b], "errors": {"low": n, "high": n}} for a, b, n in named]
    because = "no class is taken for another in the confusion matrix"
    if named:
        a, b, n = named[0]
        there, back = matrix.cell(a, b), matrix.cell(b, a)
        because = f"the two cells of each pair, added up: {a!r} and {b!r} are confused {there} + {back} = {n} times"
    return Fact("confused_pairs", value, scope, proof_on(assumes), because, "rows", assumes)


# --- a per-class table


def _readings(
    run: Run, evaluation: Evaluation, scope: Scope, facts: Facts, assumed: Assumptions, *, own: bool
) -> list[TableMargins]:
    """Return the table's margins: as the numbers are printed, then the exact ones if only rounded numbers have them."""
    told = assumed.get("rounded", scope)
    found: list[TableMargins] = []
    for rounded in (True,) if told == "true" else (False, True) if own and told is None else (False,):
        if found and (found[0].exact or not found[0].may_be_cut):
            break
        margins = table_margins(run, evaluation, scope, facts, assumed, rounded=rounded)
        if margins is not None and (not found or (margins.exact and margins.says_as_much_as(found[0]))):
            found.append(margins)
    return found


def _of_table(
    evaluation: Evaluation, found: Sequence[TableMargins], scope: Scope, facts: Facts, *, own: bool
) -> Iterator[Fact | Question]:
    rows, supports = {row.label: row for row in evaluation.classes}, supports_of(evaluation)
    dead = [label for label, support in supports.items() if support and _never_right(rows[label])]
    values = tuple(value for label in dead for value in rows[label].metrics.values())
    yield from dead_classes([(label, supports[label]) for label in dead], scope, evidence=values)
    for reading in found:
        yield _margins_fact(reading, rows, scope)
        if reading.joined:
            yield from _cells_of(reading, scope)
    if own:
        margins = {m.label: m for m in found[0].margins} if found else {}
        total = sum(supports.values()) if len(supports) == len(evaluation.classes) else 0
        rests = [facts.at("class_margins", scope)]
        # The supports add up to the rows only where the table has every class and each row one label.
        bases = resting_on(rests), resting_on(rests, LISTED)
        for label, row in rows.items():
            if not left_out(supports.get(label), total, len(rows)):
                yield from reported(row, scope)
                if label in margins:
                    because = derivation(margins[label], row)
                    yield from margin_facts(margins[label], total, scope, because, bases, row=row)
        yield from _questions(found, scope)


def _margins_fact(found: TableMargins, rows: Mapping[str, ClassRow], scope: Scope) -> Fact:
    shown = max(found.margins, key=lambda m: (m.tp.is_point and m.predicted.is_point, m.support))
    because = derivation(shown, rows[shown.label])
    joint = found.assumes == found.joint
    if joint:
        because += f"; all predictions add up to {found.rows} rows"
        sums = "".join(f" and by {v.key} {v.shown}" for v in found.sums[:1])
        right = f"{Interval(*found.correct):.0f}"
        because += f",{sums} the right ones to {right}" if sums else f", the right ones to {right}"
        means = [v for v in found.sums if v.metric not in ("accuracy", "weighted_recall")]
        because += f", and the means to {quoted(*means)}" if means else ""
    because += "; all numbers rounded to the nearest" if ROUNDED in found.assumes else ""
    values = (*found.values, *found.sums) if joint else found.values
    proof = proof_on(found.assumes)
    return Fact("class_margins", shown_margins(found.margins), scope, proof, because, "rows", found.assumes, values)


def _cells_of(found: TableMargins, scope: Scope) -> Iterator[Fact]:
    cells = Cells(found.margins, found.correct)
    if not cells.feasible or len(found.margins) < 2:
        return
    errors = Interval(*cells.errors)
    right = found.rows - errors
    start = f"E = {found.rows} rows - {right:.0f} right = {errors:.0f} errors; "
    proof, values = Proof.PROVED_IF, (*found.values, *found.sums)
    pairs = cells.pairs(_MOST_PAIRS)
    none = "no class is taken for another"
    if len(found.margins) <= MOST_CLASSES:
        because = start + (cells.cell_text(*pairs[0][:2]) if pairs else none)
        yield Fact("confusion_bounds", cells.bounds(), scope, proof, because, "rows", found.joint, values)
    because = start + (cells.pair_text(*pairs[0][:2]) if pairs else none)
    value = [
        {"classes": [cells.labels[i], cells.labels[j]], "errors": {"low": low, "high": high}}
        for i, j, low, high in pairs
    ]
    yield Fact("confused_pairs", value, scope, proof, because, "rows", found.joint, values)


def _never_right(row: ClassRow) -> bool:
    """Whether recall, precision and F1 print as zero, as far as they are given."""
    values = [row.metrics[name] for name in ("recall", "f1", "precision") if name in row.metrics]
    finite = [value for value in values if value.is_finite]
    return "recall" in row.metrics and bool(finite) and all(value.number == 0 for value in finite)


def _questions(found: Sequence[TableMargins], scope: Scope) -> Iterator[Question]:
    """Ask what would leave fewer margins: whether each row has one label, and how the numbers were cut."""
    outer = replace(scope, step=None)
    if found and found[0].open:
        ask = "Does every row have one label and one prediction, and does the table list every class?"
        yield Question(ask, "single_label=true", _JOINT, outer)
    if len(found) > 1:
        ask = "Were the numbers rounded to the nearest, or cut off?"
        yield Question(ask, ROUNDED, _JOINT, outer)

"""Facts about one class: its reported scores, its rows and its predictions, and the classes that are never right."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from diagnose.facts._margins import UNBOUNDED, Margin
from diagnose.facts._scores import share
from diagnose.interval import Interval
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.facts._proofs import Basis
    from diagnose.types import ClassRow, Scope, Value

__all__ = [
    "MOST_CLASSES",
    "dead_classes",
    "derivation",
    "left_out",
    "margin_facts",
    "proof_on",
    "reported",
    "shown_margins",
]

# Cells are quadratic in the classes; beyond this the most confused pairs have to do.
MOST_CLASSES = 60
# With many classes only those with this share of the rows get facts of their own; the others are in class_margins.
_LEAST_SHARE = 0.02
_NEAREST = Fraction(1, 2)


def dead_classes(
    dead: Sequence[tuple[str, int]], scope: Scope, assumes: tuple[str, ...] = (), evidence: tuple[Value, ...] = ()
) -> Iterator[Fact]:
    proof = proof_on(assumes)
    dead = sorted(dead, key=lambda item: -item[1])
    names = [label for label, _ in dead]
    shown = ", ".join(f"{label!r} ({support} rows)" for label, support in dead[:5])
    if len(dead) > 5:
        shown += f" and {len(dead) - 5} smaller ones"
    # A table may leave a class out, or its support.
    found = "is reported as 0 for at least" if evidence else "is 0 for"
    because = f"recall {found} {len(names)} {'class' if len(names) == 1 else 'classes'} with rows: {shown}"
    because = because if dead else "recall is reported as 0 for no class with rows"
    yield Fact("dead_classes", names, scope, proof, because, "", assumes, evidence)
    yield Fact("dead_classes.count", len(names), scope, proof, because, "classes", assumes, evidence)
    if dead:
        yield Fact("dead_classes.support", dead[0][1], scope, proof, because, "rows", assumes, evidence)


def reported(row: ClassRow, outer: Scope) -> Iterator[Fact]:
    """Yield the class's own metrics as they stand in the table."""
    scope = replace(outer, label=row.label)
    for name in ("precision", "recall", "f1"):
        value = row.metrics.get(name)
        if value is not None:
            because = f"{name} of {row.label!r} is reported as {value.shown}"
            number = share(value) or value.interval or value.number
            yield Fact(f"per_class.{name}", number, scope, Proof.PROVED, because, evidence=(value,))


def left_out(support: int | None, rows: int, classes: int) -> bool:
    """Whether a class is too small, among many, for facts of its own."""
    return classes > MOST_CLASSES and (support is None or support < _LEAST_SHARE * rows)


def margin_facts(
    margin: Margin, rows: int, outer: Scope, because: str, bases: tuple[Basis, Basis], *, row: ClassRow | None = None
) -> Iterator[Fact]:
    """Yield a class's rows and predictions.

    bases: what its margins rest on, and what its shares of all rows do; row: of the table, where it is one.
    """
    scope = replace(outer, label=margin.label)
    values = () if row is None else tuple(row.metrics.values())
    if row is not None:
        text = f"support of {margin.label!r} is reported as {row.metrics['support'].shown}"
        used = (row.metrics["support"],)
        yield Fact("per_class.support", margin.support, scope, Proof.PROVED, text, "rows", evidence=used)
    predicted = _plain(_open(margin.predicted))
    shown = f"{_open(margin.predicted):.0f}"
    (proof, assumes), (proof_of_share, shared) = bases
    yield Fact("per_class.predicted", predicted, scope, proof, because, "rows", assumes, values)
    if rows:
        part = margin.support / rows
        text = f"{margin.support}/{rows} = {part:.4g} of the rows are {margin.label!r}"
        yield Fact("per_class.support_share", part, scope, proof_of_share, text, "", shared, values)
        text = f"{shown} predictions of {margin.label!r} / {rows} rows = {Interval.of(predicted / rows):.4g}"
        yield Fact("per_class.predicted_share", predicted / rows, scope, proof_of_share, text, "", shared, values)
    if margin.support:
        ratio = predicted / margin.support
        text = f"{shown} predictions of {margin.label!r} / {margin.support} rows of it = {Interval.of(ratio):.4g}"
        yield Fact("per_class.predicted_ratio", ratio, scope, proof, text, "", assumes, values)


def proof_on(assumes: tuple[str, ...]) -> Proof:
    """Return the proof of what follows from the numbers and these assumptions."""
    return Proof.PROVED_IF if assumes else Proof.PROVED


def _open(predicted: Interval) -> Interval:
    """Return the predictions with an open end where nothing limits them."""
    return Interval(predicted.low, math.inf) if predicted.high >= UNBOUNDED else predicted


def shown_margins(margins: Sequence[Margin]) -> dict[str, dict[str, Any]]:
    """Return the value of class_margins."""
    return {
        m.label: {"tp": _plain(m.tp), "support": m.support, "predicted": _plain(_open(m.predicted))} for m in margins
    }


def _plain(interval: Interval) -> Any:
    return interval.low if interval.is_point else interval


def _is_near(computed: Interval, whole: Interval) -> bool:
    return whole.low - _NEAREST <= computed.low and computed.high <= whole.high + _NEAREST


def derivation(margin: Margin, row: ClassRow) -> str:
    """Return how the right rows and the predictions of a class follow from its row of the table."""
    recall, precision, f1 = (row.metrics.get(name) for name in ("recall", "precision", "f1"))
    right, predicted = f"{margin.tp:.0f}", f"{_open(margin.predicted):.0f}"
    percent = " %" if recall is not None and recall.scale != 1 else ""
    text = ""
    if recall is not None and recall.is_finite:
        # The other numbers may leave other whole numbers than those nearest to the product.
        found = "=" if _is_near(Interval.of(Fraction(recall.number) * margin.support), margin.tp) else "leaves"
        text = f"{margin.label!r}: recall {recall.text}{percent} x {margin.support} rows {found} {right} right"
    if margin.tp.high and precision is not None and precision.is_finite and precision.number > 0:
        quotient = margin.tp / Fraction(precision.number)
        found = "=" if _is_near(quotient, margin.predicted) else "leaves"
        return f"{text}, {right} / precision {precision.text}{percent} {found} {predicted} predictions"
    if margin.tp.high and f1 is not None and f1.number > 0:
        return f"{text}, 2 x {right} / F1 {f1.text}{percent} - {margin.support} = {predicted} predictions"
    if precision is not None and predicted == "0" and precision.number != 0:
        return f"{text}; precision {precision.shown} without a right row is 0/0: 0 predictions"
    return f"{f'{text},' if text else f'{margin.label!r}:'} {predicted} predictions"

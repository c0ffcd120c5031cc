"""Comparisons of two statements: which may be compared at all, whether they hold, and the sentence that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diagnose.llm.answer import Relation
from diagnose.llm.pack import Kind
from diagnose.report._words import clean, shown
from diagnose.types import Proof, Value
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from diagnose.llm.pack import Statement

__all__ = ["HOW", "compared", "measures"]

HOW = ("equals", "above", "below")

_TARGET = "target."
_SHARE = "share of the rows"
_SQUARED, _LABELS = "squared label units", "label units"
# What numbers of these bases measure; all other bases can be held against their like only.
_MEASURES = {
    **dict.fromkeys(("loss", "log_loss", "nll"), "nats"),
    **dict.fromkeys(("mse", "label_variance"), _SQUARED),
    **dict.fromkeys(("rmse", "mae", "median_ae", "max_error", "label_std"), _LABELS),
    **dict.fromkeys(("support", "predicted", "samples", "correct", "tp", "fp", "fn", "tn"), "rows"),
    **dict.fromkeys(("r2", "explained_variance"), "share of the variance"),
}
_SHARES_OF_ROWS = frozenset(("accuracy", "exact_match", "subset_accuracy"))
# Facts that are a quantity itself. All others (differences, slopes, ratios) can be held against their like only.
_QUANTITIES = frozenset(
    (
        "accuracy_lower_bound",
        "best_step",
        "class_count",
        "constant_class_share",
        "last_step",
        "least_sample_count",
        "majority_baseline_accuracy",
        "majority_share",
        "mean_loss_on_errors",
        "predicted_positive_share",
        "predicted_share_lower_bound",
        "prevalence",
        "prior_entropy",
        "reported_step",
        "sample_count",
        "train_examples",
    )
)
_VERBS = {"equals": "is equal to", "above": "is above", "below": "is below"}


def measures(statement: Statement) -> frozenset[str]:
    """Return what the number of a statement measures; two statements can be compared that have one in common.

    Empty where it has no number to compare: NaN, a name, a score that lies outside of its range (a percentage without
    its sign would be above every fraction).
    """
    if statement.interval is None or statement.kind not in (Kind.VALUE, Kind.FACT):
        return frozenset()
    name = statement.metric.removeprefix(_TARGET)
    info = metric_of(name)
    if info is None:
        return frozenset((_of_fact(statement.of, name) if statement.kind == Kind.FACT else name,))
    low, high = info.low, info.high
    if isinstance(statement.of, Value) and not _within(statement.of.number, low, high):
        return frozenset()
    if info.kind == "score" and info.higher_is_better:
        return frozenset(("score", _SHARE) if info.base in _SHARES_OF_ROWS else ("score",))
    if info.kind == "correlation" and low is not None:
        return frozenset(("correlation",))
    return frozenset((_MEASURES.get(info.base, info.base),))


def _of_fact(fact: Any, name: str) -> str:
    if name not in _QUANTITIES:
        return f"{name} {fact.unit}"
    return _SHARE if fact.unit == "share" else str(fact.unit)


def _within(number: float, low: float | None, high: float | None) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)


def compared(left: Statement, how: str, right: Statement) -> Relation | None:
    """Return the comparison where it holds for every number that the two may be, or None.

    Two metrics that are printed alike are equal as far as anybody can see, and the sentence says no more than that.
    """
    a, b = left.interval, right.interval
    if a is None or b is None or not _comparable(left, right):
        return None
    verb = _VERBS.get(how, "")
    if how == "equals" and not (a.is_point and a == b):
        verb, holds = "is printed as the same number as", _alike(left.of, right.of)
    else:
        holds = {"equals": a == b, "above": a.low > b.high, "below": a.high < b.low}.get(how, False)
    return Relation(left.id, how, right.id, _sentence(left, verb, right)) if holds else None


def _comparable(left: Statement, right: Statement) -> bool:
    """Whether two numbers measure the same, for one evaluation, or by one metric for two that differ in one thing.

    A precision of one task is not held against the recall of another, and a target only against its own metric.
    """
    if left.id == right.id or not measures(left) & measures(right):
        return False
    a, b = (set(statement.place.split(", ")) - {""} for statement in (left, right))
    one_metric = left.metric.removeprefix(_TARGET) == right.metric.removeprefix(_TARGET)
    if left.metric.startswith(_TARGET) or right.metric.startswith(_TARGET):
        return one_metric and (a <= b or a >= b)
    return a <= b or a >= b or (one_metric and len(a - b) == len(b - a) == 1)


def _alike(left: object, right: object) -> bool:
    if isinstance(left, Value) and isinstance(right, Value):
        return (left.text, left.scale) == (right.text, right.scale)
    return False


def _sentence(left: Statement, verb: str, right: Statement) -> str:
    """Return a comparison in words: each name with its value, and what both are about once."""
    if left.place == right.place:
        about = f"{left.place}: " if left.place else ""
        return f"{about}{_named(left)} {verb} {_named(right)}."
    sides = [f"{_named(side)} of {side.place}" if side.place else _named(side) for side in (left, right)]
    return f"{sides[0]} {verb} {sides[1]}."


def _named(statement: Statement) -> str:
    """Return the name and the value together, with what the value rests on where it was derived."""
    if statement.kind == Kind.VALUE:
        return statement.text
    fact: Any = statement.of
    unit = "" if fact.unit == "share" else f" {clean(fact.unit, 40)}"
    proof = "" if fact.proof is Proof.PROVED else f" ({statement.proof})"
    return f"{clean(fact.name).replace('_', ' ')} = {shown(fact.value)}{unit}".rstrip() + proof

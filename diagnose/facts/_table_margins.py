"""The margins that a per-class table has: each class by itself, and all together where the rows add up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from diagnose.facts._choices import Mean, choices
from diagnose.facts._join import join
from diagnose.facts._margins import Candidates, Margin, candidates_of, margin_of, whole
from diagnose.facts._proofs import LISTED
from diagnose.facts._scores import is_multi_label, share
from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Run, Scope, Value

__all__ = ["TableMargins", "supports_of", "table_margins"]

_PLAIN = ("same_average=true",)
_SCORES = ("precision", "recall", "f1", "support")
# Predictions known to 1 % that add up to the rows: with several labels a row, a coincidence.
_CLOSE = 100


class TableMargins(NamedTuple):
    """What a table says of its classes.

    margins: of the classes that say enough, in the table's order; assumes: what they rest on; values: the numbers that
    they were read from; rows: the rows that the classes add up to, where they do (`joined`); correct: the least and
    the most right ones of them; joint: what the joint statements rest on; open: whether one label a row would say more.
    """

    margins: list[Margin]
    assumes: tuple[str, ...]
    values: tuple[Value, ...]
    joined: bool = False
    rows: int = 0
    correct: tuple[int, int] = (0, 0)
    joint: tuple[str, ...] = ()
    sums: tuple[Value, ...] = ()
    open: bool = False

    @property
    def exact(self) -> bool:
        """Whether every margin is one number."""
        return all(m.tp.is_point and m.predicted.is_point for m in self.margins)

    @property
    def may_be_cut(self) -> bool:
        """Whether it makes a difference to some number that it may have been cut off, not rounded."""
        return any(value.rounded != value.interval for value in (*self.values, *self.sums))

    def says_as_much_as(self, other: TableMargins) -> bool:
        """Whether it is of all classes that `other` is of, and adds up where that does: else its reading is refuted."""
        return len(self.margins) == len(other.margins) and self.joined >= other.joined


def supports_of(evaluation: Evaluation) -> dict[str, int]:
    """Return the rows of each class whose support is a whole number."""
    found: dict[str, int] = {}
    for row in evaluation.classes:
        support = whole(row.metrics["support"].interval) if "support" in row.metrics else None
        if support is not None and support >= 0:
            found.setdefault(row.label, support)
    return found


def table_margins(
    run: Run, evaluation: Evaluation, scope: Scope, facts: Facts, assumed: Assumptions, *, rounded: bool
) -> TableMargins | None:
    """Return the margins of an evaluation's per-class table, None where no class says enough.

    rounded: to nearest, as the user says, or as a question supposes.
    """
    supports = supports_of(evaluation)
    alone: dict[str, Candidates] = {}
    for row in evaluation.classes:
        support = supports.get(row.label)
        if support is None:
            continue
        if found := candidates_of(row, support, rounded=rounded, classes=len(evaluation.classes)):
            alone.setdefault(row.label, found)
    if not alone:
        return None
    values = tuple(row.metrics[name] for row in evaluation.classes for name in _SCORES if name in row.metrics)
    plain = (*_PLAIN, *_told(values, rounded=rounded))
    margins = [margin_of(label, supports[label], found) for label, found in alone.items()]
    single = _is_single_label(run, evaluation, scope, facts, assumed)
    if len(alone) < len(evaluation.classes) or single is False or not _counts_all(evaluation, supports):
        return TableMargins(margins, plain, values)
    sums = tuple(v for name in ("accuracy", "weighted_recall") if (v := evaluation.get(name)) is not None)
    rows = [supports[label] for label in alone]
    correct = _correct(sums, sum(rows), rounded=rounded)
    joined = join(list(alone.values()), rows, Interval(*correct)) if correct else None
    if joined is None or correct is None:
        return TableMargins(margins, plain, values)
    if single is None and "accuracy" not in evaluation.metrics and not _add_up(margins):
        return TableMargins(margins, plain, values, open=True)
    joined = choices(joined, rows, correct, ())
    if joined is None:
        return TableMargins(margins, plain, values)
    averages = _averages(evaluation, rounded=rounded)
    fitting = choices(joined, rows, correct, list(averages.values())) if averages else None
    if fitting is not None and fitting != joined:
        joined, sums = fitting, (*sums, *(evaluation.metrics[name] for name in averages))
    together = [margin_of(label, supports[label], found) for label, found in zip(alone, joined, strict=True)]
    right = (
        max(correct[0], sum(int(m.tp.low) for m in together)),
        min(correct[1], sum(int(m.tp.high) for m in together)),
    )
    if right[0] > right[1]:
        return TableMargins(margins, plain, values)
    unit = ("same_unit=true",) if sums else ()
    joint = (*LISTED, *_PLAIN, *unit, *_told((*values, *sums), rounded=rounded))
    assumes = plain if together == margins else joint
    return TableMargins(together, assumes, values, joined=True, rows=sum(rows), correct=right, joint=joint, sums=sums)


def _told(values: tuple[Value, ...], *, rounded: bool) -> tuple[str, ...]:
    """Return the user's answer where it makes a difference to the numbers."""
    matters = rounded and any(value.rounded != value.interval for value in values)
    return ("rounded=true",) if matters else ()


def _is_single_label(run: Run, evaluation: Evaluation, scope: Scope, facts: Facts, assumed: Assumptions) -> bool | None:
    """Return whether every row has one label and one prediction: as the user says, else False where a sign is against.

    A table with a micro average has several labels a row or leaves classes out, one of entities has no rows.
    """
    answer = assumed.get("single_label", scope)
    if answer is not None:
        return answer != "false"
    entities = facts.at("entity_level", scope)
    several = is_multi_label(run, evaluation) or any(name.startswith("micro_") for name in evaluation.metrics)
    return False if several or (entities is not None and entities.value is True) else None


def _counts_all(evaluation: Evaluation, supports: Mapping[str, int]) -> bool:
    """Whether the rows of the table are as many as were evaluated, where that is printed."""
    stated = evaluation.metrics.get("samples")
    return stated is None or stated.interval is None or sum(supports.values()) in stated.interval


def _correct(sums: tuple[Value, ...], rows: int, *, rounded: bool) -> tuple[int, int] | None:
    """Return how many rows are right by the accuracy and by the weighted recall, which is the same; None for none."""
    low, high = 0, rows
    for value in sums:
        interval = share(value, rounded=rounded)
        if interval is None:
            return None
        low, high = max(low, math.ceil(interval.low * rows)), min(high, math.floor(interval.high * rows))
    return (low, high) if low <= high else None


def _averages(evaluation: Evaluation, *, rounded: bool) -> dict[str, Mean]:
    """Return the averages that are means of the classes' exact precision and F1.

    Not macro-F1: it may be the harmonic mean of macro precision and macro recall. Not those of a column with NaN,
    which some means leave out.
    """
    found = {}
    for name in ("macro_precision", "weighted_precision", "weighted_f1"):
        average, _, base = name.partition("_")
        value = evaluation.get(name)
        interval = share(value, rounded=rounded) if value is not None else None
        column = [row.metrics.get(base) for row in evaluation.classes]
        scores = [share(v) if v is not None else None for v in column]
        undefined = [int(score.low > 0) for score in scores if score is not None]
        if interval is not None and len(undefined) == len(column):
            found[name] = Mean(base == "f1", average == "weighted", interval, undefined)
    return found


def _add_up(margins: list[Margin]) -> bool:
    """Whether the predictions of all classes are known so well that it is no coincidence that they add up."""
    spread = sum(m.predicted.high - m.predicted.low for m in margins)
    return bool(spread * _CLOSE <= sum(m.support for m in margins))

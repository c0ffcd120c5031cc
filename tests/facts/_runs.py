"""Runs made by hand from the texts that a source would print."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from diagnose.facts import Assumptions, derive
from diagnose.interval import parse_number
from diagnose.types import ClassRow, Evaluation, Fact, Facts, Run, Scope, Value
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def value_of(metric: str, text: str, *, machine: bool = False, key: str = "") -> Value:
    """Return the value that prints `text`; a trailing percent sign sets the scale."""
    scale = Fraction(1, 100) if text.endswith("%") else Fraction(1)
    bare = text.removesuffix("%").strip()
    number = parse_number(bare)
    assert number is not None
    known = metric_of(metric)
    measured = known is not None and known.kind in ("score", "correlation", "error", "loss")
    key = key or f"eval_{metric}"
    return Value(metric, key, bare, number * float(scale), scale=scale, machine=machine, measured=measured)


def evaluation_of(texts: Mapping[str, str], *, machine: bool = False, **fields: Any) -> Evaluation:
    """Return an evaluation that prints these metrics."""
    return Evaluation(metrics={name: value_of(name, text, machine=machine) for name, text in texts.items()}, **fields)


def class_row(label: str, **texts: str) -> ClassRow:
    """Return a row of a per-class table."""
    return ClassRow(label, {name: value_of(name, text) for name, text in texts.items()})


def facts_of(*evaluations: Evaluation, assume: tuple[str, ...] = (), **fields: Any) -> Facts:
    """Return all facts of a run with these evaluations."""
    return derive(Run(evaluations=evaluations, **fields), Assumptions.parse(assume))


def printed(assume: tuple[str, ...] = (), *, machine: bool = False, **texts: str) -> Facts:
    """Return all facts of a run whose only evaluation prints `texts`."""
    return facts_of(evaluation_of(texts, machine=machine), assume=assume)


def fact(facts: Facts, name: str, step: float | None = None) -> Fact | None:
    """Return the fact of that name about the evaluation, or about one row of its history."""
    return facts.at(name, Scope("", None, "eval", step))


def value(facts: Facts, name: str) -> Any:
    """Return the value of a fact about the evaluation, or None."""
    found = fact(facts, name)
    return None if found is None else found.value

"""The facts as they are seen from one place of a report: of a result, a class, a row."""

from __future__ import annotations

import math
import posixpath
from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.interval import Interval
from diagnose.report._phrases import quote, where
from diagnose.report._words import clean, shown
from diagnose.types import Proof, Scope, row_step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.types import Fact, Report, Run, Series, Value

__all__ = ["Result", "Sight", "View", "about", "cited", "place_of", "results", "run_once", "said", "told"]

# What may be asked of a number: without its sign, and to three digits.
_SIZE, _ABOUT = "size", "about"
_DIGITS = 3
_CLASSES = 5
_PAIRS = 3


class Result(NamedTuple):
    """What a verdict is about: the evaluations of one task on one split of one run."""

    run: Run
    series: Series

    @property
    def scope(self) -> Scope:
        """The scope of the reported evaluation, its step among it where it is a row of a history."""
        step = None if self.series.headline is not None else row_step(self.series.reported)
        return Scope(self.run.name, self.series.task, self.series.split, step)


def results(report: Report) -> list[Result]:
    """Return the results of a report, those with the worst verdict first."""
    ranks = {verdict.scope: verdict.verdict.rank for verdict in report.verdicts}
    found = [Result(run, series) for run in report.runs for series in run.series()]
    judged = [result for result in found if replace(result.scope, step=None) in ranks]
    return sorted(judged, key=lambda result: ranks[replace(result.scope, step=None)])


def told(value: Any, limit: int = 160) -> str:
    """Return a fact's value as it is said; of an interval that begins at 0 its end."""
    if isinstance(value, Interval) and value.low == 0 < value.high < math.inf:
        value = Interval(-math.inf, value.high)
    return clean(shown(value), limit)


def about(value: Any) -> str:
    """Return a number in three digits, an interval in as many, rounded outwards: "0.0124", "at most 0.0057"."""
    number = isinstance(value, (Interval, int, float, Fraction)) and not isinstance(value, bool)
    if not number or (isinstance(value, float) and not math.isfinite(value)):
        return told(value)
    ends = Interval.of(value)
    low, high = (f"{float(end):.{_DIGITS}g}" for end in (ends.low, ends.high))
    return low if low == high else told(Interval(_round(ends.low, -1), _round(ends.high, 1)))


def _round(number: Any, direction: int) -> Any:
    """Round to three digits, up (1) or down (-1)."""
    if math.isinf(number) or number == 0:
        return number
    rounding = ROUND_CEILING if direction > 0 else ROUND_FLOOR
    return Fraction(Context(prec=_DIGITS, rounding=rounding).create_decimal(repr(float(number))))


def run_once(place: str, scope: Scope) -> str:
    """Return a place's words; a run whose name calls it a run is not called one twice."""
    return place.removeprefix("run ") if scope.run.casefold().startswith("run") else place


def place_of(report: Report, scope: Scope) -> str:
    """Return the run, task and split of a scope, as far as they need saying."""
    return run_once(where(report, scope), scope)


def said(fact: Fact) -> str:
    """Return a fact's value as it is said; "" where it is too large to be said."""
    if fact.name == "class_margins":
        rows = [
            f"'{clean(str(label), 40)}' {told(row['tp'])} of {told(row['support'])} found, "
            f"{told(row['predicted'])} predicted"
            for label, row in fact.value.items()
        ]
        return "; ".join(rows) if len(rows) <= _CLASSES else ""
    if fact.name == "confused_pairs":
        pairs = [pair for pair in fact.value if _low(pair["errors"]) > 0][:_PAIRS]
        names = [" and ".join(f"'{clean(str(name), 40)}'" for name in pair["classes"]) for pair in pairs]
        return "; ".join(f"{name} {told(pair['errors'])}" for name, pair in zip(names, pairs, strict=True))
    return told(fact.value, 240)


def _low(value: Any) -> Any:
    return value["low"] if isinstance(value, dict) else Interval.of(value).low


def cited(value: Value, report: Report) -> str:
    """Return a value as the input writes it, and where; a file of a folder by its place in it."""
    quoted = quote(value, report)
    if len(report.source) < 2 or not all(report.source):
        return quoted
    folder = posixpath.commonpath([posixpath.dirname(source) for source in report.source])
    return quoted.replace(f"({clean(folder, 200)}/", "(", 1) if folder else quoted


class Sight:
    """All facts of a report by name and place."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self._facts: dict[tuple[str, Scope], Fact] = {}
        for fact in report.facts:
            self._facts.setdefault((fact.name, fact.scope), fact)

    def at(self, name: str, scope: Scope) -> Fact | None:
        """Return the fact of that name of the narrowest place that is visible from `scope`."""
        places = sorted(scope.outer(), key=lambda place: -place.depth)
        return next((self._facts[name, place] for place in places if (name, place) in self._facts), None)

    def view(self, scope: Scope, metric: str = "", value: Any = None) -> View:
        """Return what is seen from `scope`; metric, value: the number that is spoken of."""
        return View(self, scope, metric, value)


class View:
    """What the names of a condition or a sentence stand for.

    "value" is the number that is spoken of and "metric" its name; "confusion_matrix.tp" is a part of a fact,
    "recomputed.disagrees.own" the part of this metric, "loss_vs_uniform.size" a number without its sign, and in
    sentences "standard_error.about" is one in three digits.
    """

    def __init__(self, sight: Sight, scope: Scope, metric: str = "", value: Any = None) -> None:
        self._sight = sight
        self._scope = scope
        self._own = {"metric": metric or None, "value": value}
        self._found: dict[str, tuple[Fact, list[str]] | None] = {}

    def _find(self, name: str) -> tuple[Fact, list[str]] | None:
        """Return the fact of the longest name that `name` begins with, and the rest of it."""
        if name not in self._found:
            words = name.split(".")
            found = ((self._sight.at(".".join(words[:n]), self._scope), words[n:]) for n in range(len(words), 0, -1))
            self._found[name] = next(((fact, rest) for fact, rest in found if fact is not None), None)
        return self._found[name]

    def fact(self, name: str) -> Fact | None:
        """Return the fact that `name` is of."""
        found = self._find(name)
        return found[0] if found else None

    def get(self, name: str) -> Any:
        """Return what `name` stands for; None where it is not known."""
        if name in self._own:
            return self._own[name]
        found = self._find(name)
        value = found[0].value if found else None
        for part in found[1] if found else ():
            if isinstance(value, Mapping):
                value = value.get(self._own["metric"] if part == "own" else part)
            elif part == _SIZE and isinstance(value, (Interval, int, float)):
                value = abs(value)
            else:
                return None
        return value

    def values(self, names: Iterable[str]) -> dict[str, Any]:
        """Return those of the names that stand for something, as a condition takes them."""
        return {name: value for name in names if (value := self.get(name)) is not None}

    def word(self, name: str) -> str | None:
        """Return what `name` stands for in a sentence; None where it is not known."""
        plain, dot, way = name.rpartition(".")
        short = bool(dot) and way == _ABOUT
        value = self.get(plain if short else name)
        return None if value is None else about(value) if short else told(value)

    def basis(self, names: Iterable[str]) -> tuple[list[Fact], Proof, tuple[str, ...]]:
        """Return the facts that the names are of, the proof of all of them together, and what they assume."""
        found = [fact for name in sorted(set(names)) if (fact := self.fact(name)) is not None]
        found = list({id(fact): fact for fact in found}.values())
        assumes = tuple(dict.fromkeys(assumption for fact in found for assumption in fact.assumes))
        proof = Proof.weakest(fact.proof for fact in found)
        return found, Proof.PROVED_IF if proof is Proof.PROVED and assumes else proof, assumes

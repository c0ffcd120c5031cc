"""What a report knows, by the names that a sentence may use for it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from diagnose.interval import Interval, parse_number
from diagnose.llm.pack import make_pack
from diagnose.llm.reply.words import lexicon, stems
from diagnose.report._worked_out import is_derived
from diagnose.types import Fact, Scope, Value, row_step
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.engine.condition import Condition
    from diagnose.llm.pack import Pack
    from diagnose.types import Evaluation, Finding, Report, Series

__all__ = ["Ground", "Known"]

# A history is looked at in full up to here; a reply is about a run, not about a million rows.
_MOST_ROWS = 3000
_STEPS = (
    "best_step", "last_step", "reported_step", "kept.step", "kept.better_step", "headline.nearest_step",
    "val_loss.min_step", "train_loss.broken_from",
)  # fmt: skip
_CELLS = ("tp", "fp", "fn", "tn")


@dataclass(frozen=True, eq=False)
class Known:
    """A number that a report has: reported, set, or derived.

    name: a metric's base name, a fact's or a setting's name; average: of a metric, or ""; number: as printed, exact;
    None for an interval; interval: the numbers it can be, None for NaN; ids: the statements of the pack that hold it,
    or its own name; reported: whether it belongs to the result rather than to an earlier row.
    """

    name: str
    interval: Interval | None
    scope: Scope
    ids: tuple[str, ...]
    shown: str
    number: Fraction | None = None
    average: str = ""
    epoch: float | None = None
    reported: bool = True
    is_nan: bool = False
    source: Value | Fact | None = None


@dataclass
class Ground:
    """A report, ready to be asked."""

    report: Report
    pack: Pack = field(init=False)
    known: dict[str, list[Known]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pack = make_pack(self.report)
        self._value_ids = {_key(s.of): s.id for s in self.pack.statements.values() if isinstance(s.of, Value)}
        self._fact_ids = {id(s.of): s.id for s in self.pack.statements.values() if isinstance(s.of, Fact)}
        for item in (*self._values(), *self._facts()):
            self.known.setdefault(item.name, []).append(item)

    # -- numbers ----------------------------------------------------------------------------------------------

    def _values(self) -> Iterator[Known]:
        for run in self.report.runs:
            for series in run.series():
                for evaluation in series.evaluations[:_MOST_ROWS]:
                    yield from self._of_evaluation(run.name, series, evaluation)
            for point in run.training[:_MOST_ROWS]:
                scope = Scope(run.name, None, "train", point.step if point.step is not None else point.epoch)
                last = point is run.training[-1]
                for name, value in point.metrics.items():
                    yield self._value(name, value, scope, point.epoch, reported=last)
            for name, setting in run.config.items():
                if isinstance(setting, Value):
                    yield self._value(name, setting, Scope(run.name), None, reported=True)
                elif (number := parse_number(setting)) is not None:
                    exact = _exact(setting)
                    yield Known(name, Interval.of(exact) if exact is not None else None, Scope(run.name),
                                (name,), setting, exact, is_nan=math.isnan(number))  # fmt: skip

    def _of_evaluation(self, run: str, series: Series, evaluation: Evaluation) -> Iterator[Known]:
        step = row_step(evaluation)
        scope = Scope(run, series.task, series.split, step)
        reported = evaluation is series.reported
        for name, value in evaluation.metrics.items():
            yield self._value(name, value, scope, evaluation.epoch, reported=reported)
        for name, value in evaluation.recomputed.items():
            if name not in evaluation.metrics:
                yield self._value(name, value, scope, evaluation.epoch, reported=reported)
        for row in evaluation.classes:
            inner = Scope(run, series.task, series.split, step, row.label)
            for name, value in row.metrics.items():
                yield self._value(name, value, inner, evaluation.epoch, reported=reported)
        if evaluation.matrix and reported:
            rows = sum(sum(cells.values()) for cells in evaluation.matrix.values())
            exact = Fraction(rows)
            yield Known("sample_count", Interval.of(exact), scope, ("matrix",), f"{rows:,}", exact)

    def _value(self, name: str, value: Value, scope: Scope, epoch: float | None, *, reported: bool) -> Known:
        info = metric_of(name.removeprefix("target."))
        base = info.base if info is not None and not name.startswith("target.") else name
        average = name[: -len(base) - 1] if info is not None and name.endswith(f"_{base}") else ""
        place = f" at step {scope.step:g}" if scope.step is not None and not reported else ""
        number = self._value_ids.get(_key(value), f"{value.key or name}{place}")
        return Known(
            base, value.interval, scope, (number,), value.shown,
            _exact(value.text, value.scale), average, epoch, reported, value.is_nan, value,
        )  # fmt: skip

    def _facts(self) -> Iterator[Known]:
        results = self._results
        for fact in self.report.facts:
            if not is_derived(fact) or isinstance(fact.value, (bool, str)):
                continue
            reported = (
                fact.scope.step is None
                or (fact.scope.run, fact.scope.task, fact.scope.split, fact.scope.step) in results
            )
            ids = (self._fact_ids.get(id(fact), fact.name),)
            if isinstance(fact.value, dict) and set(_CELLS) <= set(fact.value):
                for cell in _CELLS if fact.name == "confusion_matrix" else ():
                    yield _derived(cell, fact.value[cell], fact, ids, reported=reported)
                continue
            if isinstance(fact.value, Interval) or (
                isinstance(fact.value, (int, float, Fraction)) and _finite(fact.value)
            ):
                yield _derived(fact.name, fact.value, fact, ids, reported=reported)
                head, _, tail = fact.name.partition(".")
                if head == "per_class" and metric_of(tail):
                    yield _derived(tail, fact.value, fact, ids, reported=reported)

    @cached_property
    def _results(self) -> frozenset[tuple[Any, ...]]:
        return frozenset(
            (run.name, series.task, series.split, row_step(series.reported))
            for run in self.report.runs
            for series in run.series()
        )

    # -- findings, facts, conditions ----------------------------------------------------------------------------

    @cached_property
    def findings(self) -> dict[str, Finding]:
        """The finding that says a rule's name: its own, or the one that it follows from."""
        found: dict[str, Finding] = {}
        for finding in self.report.findings:
            for name in finding.consequences:
                found.setdefault(name, finding)
        return found | {finding.rule: finding for finding in reversed(self.report.findings)}

    @cached_property
    def undecided(self) -> frozenset[str]:
        """The rules that lacked a fact."""
        return frozenset(item.rule for item in self.report.not_checked)

    def fires(self, rule: str) -> bool | None:
        """Return whether a rule fired, on its own or under another one; None where it was not decided."""
        if rule in self.findings:
            return True
        return False if rule in self.report.judged and rule not in self.undecided else None

    def finding_ids(self, rule: str) -> tuple[str, ...]:
        """Return the statements that say a rule's finding."""
        finding = self.findings.get(rule)
        return tuple(s.id for s in self.pack.of_kind("F") if finding is not None and s.of is finding)

    @cached_property
    def views(self) -> tuple[dict[str, Any], ...]:
        """For each result, the values of the facts that are visible from it, `verdict` among them."""
        return tuple(view for view, _ in self._views)

    @cached_property
    def _views(self) -> list[tuple[dict[str, Any], dict[str, Fact]]]:
        steps = {(run, task, split): step for run, task, split, step in self._results}
        plain = [fact for fact in self.report.facts if fact.scope.label is None]
        views = []
        for verdict in self.report.verdicts or ():
            scope = verdict.scope
            step = steps.get((scope.run, scope.task, scope.split))
            seen = sorted(
                (f for f in plain if f.scope.covers(Scope(scope.run, scope.task, scope.split, step))),
                key=lambda f: f.scope.depth,
            )
            facts = {fact.name: fact for fact in seen}
            view = {name: fact.value for name, fact in facts.items()} | {"verdict": verdict.verdict.value}
            classes = view.get("class_count")
            if "accuracy" in view and (classes or facts.get("prevalence")):
                view["uniform_share"] = 1 / (Interval.of(classes) if classes else Interval(2, 2))
            views.append((view, facts))
        return views

    def holds(self, condition: Condition, *, every: bool = False) -> bool | None:
        """Return whether a condition on facts holds in some result (`every`: in all); None where it is not decided."""
        outcomes = [condition.evaluate(view) for view in self.views]
        if not outcomes:
            return None
        decisive = not every
        if any(outcome is decisive for outcome in outcomes):
            return decisive
        return (not decisive) if all(outcome is (not decisive) for outcome in outcomes) else None

    def basis(self, condition: Condition) -> tuple[str, ...]:
        """Return the statements, or the names, of the facts that a condition looks at and the report has."""
        names = [name for name in sorted(condition.names) if any(name in facts for _, facts in self._views)]
        found = [
            self._fact_ids.get(id(facts[name]), name) for name in names for _, facts in self._views if name in facts
        ]
        if "verdict" in condition.names:
            found += [s.id for s in self.pack.of_kind("S")]
        return tuple(dict.fromkeys(found))

    def because(self, condition: Condition) -> str:
        """Return what the facts of a condition are, in words."""
        from diagnose.report._words import clean, shown  # noqa: PLC0415  # only a refusal needs the words

        parts = []
        for view in self.views:
            for name in sorted(condition.names):
                if name in view and not isinstance(view[name], (dict, list)):
                    parts.append(f"{name} is {clean(shown(view[name]), 60)}")
                elif isinstance(view.get(name), list):
                    parts.append(f"{name} is {' or '.join(map(str, view[name]))}")
        return ", ".join(list(dict.fromkeys(parts))[:3])

    # -- names ---------------------------------------------------------------------------------------------------

    @cached_property
    def labels(self) -> dict[str, str]:
        """The names of classes, in lower case, as the report has them."""
        found: dict[str, str] = {}
        for run in self.report.runs:
            for evaluation in run.evaluations[:_MOST_ROWS]:
                for label in (*(row.label for row in evaluation.classes), *(evaluation.matrix or {})):
                    found.setdefault(label.lower(), label)
        return found

    @cached_property
    def tasks(self) -> dict[str, str]:
        """The names of tasks, in lower case."""
        return {v.scope.task.lower(): v.scope.task for v in self.report.verdicts if v.scope.task}

    @cached_property
    def steps(self) -> list[float]:
        """The steps of the history, in their order."""
        known = (k for items in self.known.values() for k in items if k.scope.split != "train")
        return sorted({k.scope.step for k in known if k.scope.step is not None})

    @cached_property
    def telling_steps(self) -> frozenset[float]:
        """The steps, with their epochs, that facts name: the best, the kept, the last one, and their like."""
        named = {float(k.number) for name in _STEPS for k in self.known.get(name, ()) if k.number is not None}
        rows = (k for items in self.known.values() for k in items if k.scope.step in named)
        return frozenset(named | {k.epoch for k in rows if k.epoch is not None})

    @cached_property
    def splits(self) -> frozenset[str]:
        """The splits that were evaluated."""
        return frozenset(v.scope.split for v in self.report.verdicts if v.scope.split)

    @cached_property
    def own_words(self) -> frozenset[str]:
        """The stems of names that the report gives its runs, tasks, classes and files, and of its metrics' keys."""
        names: list[str] = [
            *self.labels,
            *self.tasks,
            *(name for s in self.report.source for name in [s.rpartition("/")[2]]),
        ]
        for run in self.report.runs:
            names += [run.name, run.model or ""]
        for items in self.known.values():
            names += [item.source.key for item in items[:3] if isinstance(item.source, Value)]
        words = [w.lower() for name in names for w in re.findall(r"[^\W\d_]+", name)]
        return frozenset(stems(words)) - _CLAIMING


_CLAIMING = frozenset(stems([*lexicon()["negations"]]))


def _derived(name: str, value: Any, fact: Fact, ids: tuple[str, ...], *, reported: bool, average: str = "") -> Known:
    interval = Interval.of(value)
    exact = Fraction(interval.low) if interval.is_point and math.isfinite(interval.low) else None
    from diagnose.report._words import shown  # noqa: PLC0415  # as above

    return Known(name, interval, fact.scope, ids, shown(value), exact, average, None, reported, source=fact)


def _finite(number: float | Fraction) -> bool:
    return isinstance(number, Fraction) or math.isfinite(number)


def _key(value: object) -> tuple[str, str, str, str]:
    return (value.source, value.at, value.key, value.text) if isinstance(value, Value) else ("", "", "", "")


def _exact(text: str, scale: Fraction = Fraction(1)) -> Fraction | None:
    number = parse_number(text)
    if number is None or not abs(number) < 1e60:
        return None
    try:
        return Fraction(text.strip().replace("_", "")) * scale
    except (ValueError, ZeroDivisionError):
        return None

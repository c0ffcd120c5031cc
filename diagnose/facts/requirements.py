"""Whether the metrics reach what is asked of them: targets, and changes against the baseline run."""

from __future__ import annotations

import math
import operator
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from diagnose.facts._scopes import scope_of
from diagnose.facts.targets import printed
from diagnose.types import Fact, Proof, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Requirement, Run, Value

PROVIDES: Mapping[str, str] = {
    "requirement.missed": "how many of the requirements on this evaluation are not met (targets)",
    "requirement.shortfall": "by how much one is missed at most, in its metric's unit; infinite for no number",
    "requirement.met": "how many of them are met (targets)",
}
NEEDS: tuple[str, ...] = ()

_RELATIONS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


class _Answer(NamedTuple):
    """How far a requirement is missed (infinite: there is no number), the sentence that says so, and its numbers."""

    met: bool
    shortfall: float
    sentence: str
    values: tuple[Value, ...]


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield, for each evaluation that something is asked of, how many requirements it meets and misses."""
    answers: dict[Scope, list[_Answer]] = defaultdict(list)
    for requirement in run.requirements:
        if requirement.run not in (None, run.name):
            continue
        found = list(_values(run, requirement))
        for scope, value in found:
            answers[scope].append(_answer(requirement, value, scope, facts.baseline))
        if not found:
            scope = Scope(run.name, requirement.task, requirement.split)
            answers[scope].append(
                _Answer(met=False, shortfall=math.inf, sentence=f"{_asked(requirement)}: it is not reported", values=())
            )
    for scope, group in answers.items():
        missed, met = [a for a in group if not a.met], [a for a in group if a.met]
        for name, number, members in (
            ("requirement.missed", len(missed), missed),
            ("requirement.shortfall", max((a.shortfall for a in missed), default=0.0), missed),
            ("requirement.met", len(met), met),
        ):
            because = f"{len(members)} of {len(group)}" + "".join(f"; {answer.sentence}" for answer in members)
            used = tuple(value for answer in members for value in answer.values)
            yield Fact(name, number, scope, Proof.PROVED, because, "targets", (), used)


def _values(run: Run, requirement: Requirement) -> Iterator[tuple[Scope, Value]]:
    """Yield every reported value that a requirement is about: of all splits but that of the training, if none is named.

    A metric that only the training has is not the one that is asked for.
    """
    for series in run.series():
        split = series.split != "train" if requirement.split is None else series.split == requirement.split
        if split and requirement.task in (None, series.task):
            value = _value(series.reported, requirement)
            if value is not None:
                yield scope_of(run, series, series.reported), value


def _value(evaluation: Evaluation, requirement: Requirement) -> Value | None:
    """Return the value by its canonical name, or by its name in the source."""
    rows = [row.metrics for row in evaluation.classes if row.label == requirement.label]
    for metrics in rows if requirement.label is not None else [evaluation.metrics]:
        if requirement.metric in metrics:
            return metrics[requirement.metric]
        return next((value for value in metrics.values() if value.key == requirement.metric), None)
    return None


def _answer(requirement: Requirement, value: Value, scope: Scope, baseline: Run | None) -> _Answer:
    said, mine = f"{_asked(requirement)}: it is {value.shown}", printed(value)
    if mine is None:
        return _Answer(met=False, shortfall=math.inf, sentence=said, values=(value,))
    if not requirement.change:
        return _judged(requirement, mine, requirement.limit, said, (value,))
    before = _before(requirement, scope, baseline)
    theirs = printed(before) if before is not None else None
    if before is None or theirs is None:
        said += ", and there is no number to compare it with"
        return _Answer(met=False, shortfall=math.inf, sentence=said, values=(value,))
    better = (mine - theirs) * (1 if requirement.higher_is_better else -1)
    limit = requirement.limit * (abs(theirs) if requirement.change == "relative" else 1)
    said += f" after {before.shown}, {float(abs(better)):.4g} {'better' if better >= 0 else 'worse'}"
    return _judged(requirement, better, limit, said, (before, value))


def _judged(
    requirement: Requirement, number: Fraction, limit: Fraction, sentence: str, values: tuple[Value, ...]
) -> _Answer:
    short = limit - number if requirement.relation.startswith(">") else number - limit
    met = _RELATIONS[requirement.relation](number, limit)
    return _Answer(met, 0.0 if met else float(short), sentence, values)


def _before(requirement: Requirement, scope: Scope, baseline: Run | None) -> Value | None:
    """Return the metric of the same task and split in the baseline run."""
    theirs = _values(baseline, requirement) if baseline is not None else ()
    return next((value for place, value in theirs if (place.task, place.split) == (scope.task, scope.split)), None)


def _asked(requirement: Requirement) -> str:
    return f"{requirement.text} ({requirement.origin})"

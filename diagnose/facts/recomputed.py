"""The reported metrics against those that a confusion matrix or predictions beside them give."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.facts._confusion import either_way
from diagnose.facts._proofs import resting_on
from diagnose.facts._recomputation import Way, of_matrix, of_metrics
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import quoted
from diagnose.types import Fact, Proof
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.facts._confusion import Confusion
    from diagnose.types import Evaluation, Facts, Question, Run, Scope, Value

PROVIDES: Mapping[str, str] = {
    "recomputed.agrees": "how many reported metrics are what the confusion matrix or the predictions give",
    "recomputed.disagreements": "how many are not",
    "recomputed.disagrees": "{metric: {reported, recomputed, readings}}: those, and what else has the reported number",
    "recomputed.disagrees_text": "the first of them, in words",
}
NEEDS: tuple[str, ...] = ()

_MOST_TOLD = 3


class _Check(NamedTuple):
    """A reported value with the ways that its name allows, those of them that fit, and others that fit."""

    value: Value
    own: list[Way]
    fitting: list[Way]
    others: list[Way]


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield, for every evaluation with a matrix or predictions beside reported metrics, what agrees and what does not.

    A matrix whose true side is not stated may be turned: what disagrees has to disagree either way.
    """
    for series in run.series():
        for evaluation in series.evaluations:
            if evaluation.is_computed or not (evaluation.matrix or evaluation.recomputed):
                continue
            scope = scope_of(run, series, evaluation)
            readings = [
                ([*_checks(evaluation, matrix)], sides)
                for matrix, sides in either_way(evaluation, assumed.get("rows_are_true", scope))
            ]
            checks, sides = max(readings, key=lambda reading: sum(bool(check.fitting) for check in reading[0]))
            if checks:
                agreed = [check for check in checks if check.fitting]
                either = zip(*(reading[0] for reading in readings), strict=True)
                failed = [same[-1] for same in either if not any(check.fitting for check in same)]
                yield _agreement(agreed, len(checks), _origin(evaluation), scope, sides)
                # What fits neither way needs no side; what was read in one way only, since the user said so, does.
                told = sides if len(readings) == 1 else ()
                yield from _disagreement(failed, checks, _origin(evaluation), scope, told)


def _origin(evaluation: Evaluation) -> str:
    return "the predictions" if evaluation.recomputed else "the confusion matrix"


def _checks(evaluation: Evaluation, matrix: Confusion) -> Iterator[_Check]:
    """Yield a check for each reported metric that can be recomputed."""
    for metric, reported in evaluation.metrics.items():
        info = metric_of(metric)
        # A short number may have been rounded by hand, whatever stands beside it.
        value = replace(reported, machine=False) if reported.presumed_full else reported
        if info is None or metric.startswith("target.") or value.interval is None:
            continue
        ways = of_metrics(metric, evaluation.recomputed) or of_matrix(metric, matrix)
        own = [way for way in ways if way.own and not math.isnan(way.number)]  # NaN is not itself
        if own:
            fitting = [way for way in own if _fits(value, way)]
            others = [way for way in ways if not way.own and _fits(value, way)]
            yield _Check(value, own, fitting, others)


def _fits(value: Value, way: Way) -> bool:
    """Whether the number may have been printed so, as a share or in percent."""
    printed = value.interval
    if printed is None:
        return False
    percent = value.scale == 1 and value.number > 1 and way.exact
    return way.fits(printed) or (percent and way.fits(printed, 100))


def _agreement(agreed: list[_Check], checked: int, origin: str, scope: Scope, assumes: tuple[str, ...]) -> Fact:
    """Return how many of the checked metrics are what the matrix or the predictions give."""
    told = "; ".join(f"{quoted(c.value)} is {c.fitting[0].shown}" for c in agreed[:_MOST_TOLD])
    because = f"{len(agreed)} of {checked} reported metrics are what {_gives(origin)}" + (f": {told}" if told else "")
    evidence = tuple(check.value for check in agreed)
    proof, assumes = resting_on([], assumes if any(check.fitting[0].sided for check in agreed) else ())
    if any(not check.fitting[0].exact for check in agreed):
        proof, assumes = Proof.IMPLIED, ()
    return Fact("recomputed.agrees", len(agreed), scope, proof, because, "metrics", assumes, evidence)


def _gives(origin: str) -> str:
    return f"{origin} give" if origin.endswith("predictions") else f"{origin} gives"


def _disagreement(
    failed: list[_Check], checks: list[_Check], origin: str, scope: Scope, assumes: tuple[str, ...]
) -> Iterator[Fact]:
    """Yield how many metrics are not what the matrix or the predictions give, and what else has their numbers."""
    used = failed or checks
    proof, assumes = resting_on([], assumes if any(check.own[0].sided for check in used) else ())
    if not all(check.own[0].exact for check in failed):
        proof, assumes = Proof.IMPLIED, ()
    evidence = tuple(check.value for check in used)
    because = f"each of {len(checks)} reported metrics is what {_gives(origin)}"
    because = _text(failed[0], origin) if failed else because
    yield Fact("recomputed.disagreements", len(failed), scope, proof, because, "metrics", assumes, evidence)
    if not failed:
        return
    value = {check.value.metric: _shown(check) for check in failed}
    yield Fact("recomputed.disagrees", value, scope, proof, because, "", assumes, evidence)
    yield Fact("recomputed.disagrees_text", because, scope, proof, because, "", assumes, evidence)


def _shown(check: _Check) -> dict[str, Any]:
    readings = list({way.number: way.name for way in reversed(check.others)}.values())[::-1] or [
        "other rows",
        "another checkpoint",
        "a figure was mistyped",
    ]
    return {"reported": check.value.number, "recomputed": check.own[0].number, "readings": readings}


def _text(check: _Check, origin: str) -> str:
    text = f"{quoted(check.value)} is reported, and {_gives(origin)} {check.own[0].shown}"
    if check.others:
        return f"{text}; the reported number is {check.others[0].name}"
    return f"{text}; it is of other rows, of another checkpoint, or mistyped"

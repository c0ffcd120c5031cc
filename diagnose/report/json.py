"""The JSON report: the contract that other programs rely on. `_schema.py` describes it, tests hold it to that.

Plain dicts are built here, without a model in between: a run with 100,000 values must not cost seconds.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from diagnose.interval import Interval
from diagnose.report import PLAIN
from diagnose.types import Value, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.report import Surface
    from diagnose.types import Evaluation, Fact, Finding, InputError, Remedy, Report, Reproduction, Run, Scope

__all__ = ["as_dict", "finding_dict", "plain", "render"]

SCHEMA = "diagnose/1"
_LARGEST_EXACT = 2**53


def render(reports: Sequence[Report], surface: Surface = PLAIN) -> str:  # noqa: ARG001  # all formats are called alike
    """Return all reports as one JSON object, in ASCII: an odd name in a file cannot break any stream it is sent to."""
    return json.dumps(as_dict(reports), indent=2, allow_nan=False) + "\n"


def as_dict(reports: Sequence[Report]) -> dict[str, Any]:
    """Return the JSON object; its verdict is the worst of its reports', null where no input could be read."""
    verdicts = [report.verdict for report in reports if report.verdict is not None]
    return {
        "schema": SCHEMA,
        "verdict": Verdict.worst(verdicts).value if verdicts else None,
        "reports": [_report(report) for report in reports],
    }


def _report(report: Report) -> dict[str, Any]:
    if report.error is not None:
        return {"source": list(report.source), "verdict": None, "error": _error(report.error)}
    return {
        "source": list(report.source),
        "verdict": report.verdict.value if report.verdict else None,
        "verdicts": [
            {
                "scope": {"run": item.scope.run, "task": item.scope.task, "split": item.scope.split},
                "verdict": item.verdict.value,
                "because": item.because,
            }
            for item in report.verdicts
        ],
        "runs": [_run(run) for run in report.runs],
        "facts": [_fact(fact) for fact in report.facts],
        "findings": [finding_dict(finding) for finding in report.findings],
        "questions": [
            {"ask": q.ask, "assume": q.assume, "decides": list(q.decides), "scope": _scope(q.scope)}
            for q in report.questions
        ],
        "not_checked": [{"rule": item.rule, "needs": list(item.needs)} for item in report.not_checked],
        "unread": [{"source": u.source, "at": u.at, "text": u.text, "reason": u.reason} for u in report.unread],
        "obstacles": [_error(obstacle) for obstacle in report.obstacles],
    }


def _error(error: InputError) -> dict[str, str]:
    return {"message": error.message, "hint": error.hint}


def _run(run: Run) -> dict[str, Any]:
    return {
        "name": run.name,
        "model": run.model,
        "task_kind": run.task_kind,
        "sources": list(run.sources),
        "config": {name: _value(v) if isinstance(v, Value) else v for name, v in run.config.items()},
        "evaluations": [_evaluation(evaluation) for evaluation in run.evaluations],
        "training": [
            {"step": plain(p.step), "epoch": plain(p.epoch), "metrics": _values(p.metrics)} for p in run.training
        ],
        "flags": {name: _value(flag) for name, flag in run.text_flags.items()},
    }


def _evaluation(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "task": evaluation.task,
        "split": evaluation.split,
        "step": plain(evaluation.step),
        "epoch": plain(evaluation.epoch),
        "metrics": _values(evaluation.metrics),
        "classes": [{"label": row.label, "metrics": _values(row.metrics)} for row in evaluation.classes],
        "matrix": plain(evaluation.matrix),
        **({"recomputed": _values(evaluation.recomputed)} if evaluation.recomputed else {}),
    }


def _values(values: Mapping[str, Value]) -> dict[str, Any]:
    return {name: _value(value) for name, value in values.items()}


def _value(value: Value) -> dict[str, Any]:
    """Return a value as it was read; `number` is null where the text is NaN or infinite."""
    number = value.number if math.isfinite(value.number) else None
    return {**_evidence(value), "number": plain(number), "percent": value.scale != 1}


def _evidence(value: Value) -> dict[str, str]:
    return {"metric": value.key, "text": value.text, "source": value.source, "at": value.at}


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "name": fact.name,
        "value": plain(fact.value),
        "unit": fact.unit,
        "proof": fact.proof.value,
        "because": fact.because,
        "assumes": list(fact.assumes),
        "evidence": [_evidence(value) for value in fact.evidence],
        "scope": _scope(fact.scope),
    }


def finding_dict(finding: Finding) -> dict[str, Any]:
    """Return one finding as the report has it."""
    accepted = finding.accepted
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "proof": finding.proof.value,
        "title": finding.title,
        "message": finding.message,
        "why": finding.why,
        "facts": list(dict.fromkeys(fact.name for fact in finding.facts)),
        "scope": _scope(finding.scope),
        "steps": [plain(step) for step in finding.steps],
        "consequences": list(finding.consequences),
        "fails": finding.fails,
        "accepted": {"reason": accepted.reason, "expires": accepted.expires} if accepted else None,
        "remedies": [
            {
                "title": r.title,
                "cause": r.cause,
                "why": r.why,
                "change": plain(r.change),
                "verified": _verified(r, finding.reproduction),
            }
            for r in finding.remedies
        ],
        **({"reproduction": _reproduction(finding.reproduction)} if finding.reproduction else {}),
    }


def _verified(remedy: Remedy, reproduction: Reproduction | None) -> dict[str, Any] | None:
    if not remedy.verified:
        return None
    return {
        "cures": remedy.cures,
        "attempts": [
            {
                "cause": a.cause,
                "cured": a.cured,
                "runs": a.runs,
                "interval": {"low": plain(a.low), "high": plain(a.high)},
                "p": plain(a.p),
                "cures": a.cures,
                "times": a.times,
            }
            for a in remedy.verified
        ],
        "differences": list(reproduction.differences) if reproduction else [],
    }


def _reproduction(made: Reproduction) -> dict[str, Any]:
    return {
        "reproduced": bool(made.learnt and made.failing),
        "learnt": made.learnt,
        "causes": [
            {
                "cause": tried.cause,
                "failed": tried.failed,
                "runs": tried.runs,
                "reproduces": tried.reproduces,
                "placebo": {"cured": tried.reseeded, "runs": tried.placebo},
            }
            for tried in made.causes
        ],
        "differences": list(made.differences),
        "unfinished": list(made.unfinished),
    }


def _scope(scope: Scope) -> dict[str, Any]:
    return {
        "run": scope.run,
        "task": scope.task,
        "split": scope.split,
        "step": plain(scope.step),
        "class": scope.label,
    }


def plain(value: Any) -> Any:
    """Return a fact's value in JSON's own types.

    A number is the nearest double, a whole one an integer; an interval {low, high}, an open end of it null;
    NaN and infinity the words "nan", "inf" and "-inf", for null would say that there is no value.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Interval):
        low, high = plain(value.low), plain(value.high)
        return {"low": None if low == "-inf" else low, "high": None if high == "inf" else high}
    if isinstance(value, (int, float, Fraction)):
        return _number(value)
    if isinstance(value, Value):
        return _value(value)
    if hasattr(value, "items"):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value)


def _number(number: float | Fraction) -> int | float | str:
    try:
        nearest = float(number)
    except OverflowError:
        nearest = math.inf if number > 0 else -math.inf
    if not math.isfinite(nearest):
        return str(nearest)
    if isinstance(number, int):
        return number
    return int(nearest) if nearest.is_integer() and abs(nearest) <= _LARGEST_EXACT else nearest

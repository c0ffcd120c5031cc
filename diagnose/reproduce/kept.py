"""The outcome of a reproduction as a file in its folder, and its way back into the report that it is of."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from diagnose.errors import UsageError
from diagnose.report._schema import (  # noqa: TC001  # pydantic reads the annotations
    JsonAttempt,
    JsonReproduction,
    JsonScope,
)
from diagnose.report._words import clean
from diagnose.report.json import finding_dict, plain
from diagnose.types import Attempt, Reproduction, Tried

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.types import Evaluation, Finding, Remedy, Report

__all__ = ["OUTCOME", "outcome", "with_finding", "with_reproductions"]

OUTCOME = "outcome.json"
_LARGEST = 10_000_000


class _Tried(BaseModel):
    """A remedy of the finding, by its title and change, and what it did."""

    title: str
    change: dict[str, JsonValue]
    attempts: list[JsonAttempt]


class _Outcome(BaseModel):
    """What outcome.json holds; numbers: a digest of all numbers of the run that was reproduced."""

    model_config = ConfigDict(populate_by_name=True)
    schema_: Literal["diagnose-outcome/1"] = Field("diagnose-outcome/1", alias="schema")
    numbers: str
    rule: str
    scope: JsonScope
    reproduction: JsonReproduction
    remedies: list[_Tried]


def with_finding(report: Report, finding: Finding) -> Report:
    """Return the report with this finding in the place of the same one without its reproduction."""
    same = (finding.rule, finding.scope)
    findings = (finding if (one.rule, one.scope) == same else one for one in report.findings)
    return replace(report, findings=tuple(findings))


def outcome(report: Report, finding: Finding) -> str:
    """Return the text of outcome.json: what came of reproducing a finding of a report."""
    told = finding_dict(finding)
    tried = [
        {"title": remedy["title"], "change": remedy["change"], "attempts": remedy["verified"]["attempts"]}
        for remedy in told["remedies"]
        if remedy["verified"] is not None
    ]
    tree = {
        "schema": "diagnose-outcome/1",
        "numbers": _digest(report, finding),
        "rule": finding.rule,
        "scope": told["scope"],
        "reproduction": told["reproduction"],
        "remedies": tried,
    }
    return json.dumps(tree, indent=2, allow_nan=False) + "\n"


def with_reproductions(reports: Sequence[Report], folders: Sequence[str]) -> list[Report]:
    """Return the reports with what the folders of reproductions hold; UsageError for a folder of none of them."""
    found = list(reports)
    for folder in folders:
        kept = _read(Path(folder))
        hits = {i: finding for i, report in enumerate(found) if (finding := _finding_of(report, kept)) is not None}
        for i, finding in hits.items():
            found[i] = with_finding(found[i], _attached(finding, kept))
        if not hits:
            raise UsageError(
                f"{clean(folder)}: the outcome of {clean(kept.rule)} is of another report",
                "diagnose reproduce makes one of this report",
            )
    return found


def _read(folder: Path) -> _Outcome:
    path = folder / OUTCOME
    try:
        with path.open("rb") as file:
            return _Outcome.model_validate_json(file.read(_LARGEST))
    except OSError as error:
        hint = "diagnose reproduce FILE --folder FOLDER writes it"
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}", hint) from None
    except ValidationError:
        raise UsageError(f"{path}: is not the outcome of a reproduction") from None


def _finding_of(report: Report, kept: _Outcome) -> Finding | None:
    """Return the finding that an outcome is of: the same rule and scope, in a run of the same numbers."""
    return next(
        (
            finding
            for finding in report.findings
            if finding.rule == kept.rule
            and finding_dict(finding)["scope"] == kept.scope.model_dump(by_alias=True)
            and _digest(report, finding) == kept.numbers
        ),
        None,
    )


def _attached(finding: Finding, kept: _Outcome) -> Finding:
    made = kept.reproduction
    causes = tuple(
        Tried(one.cause, one.failed, one.runs, one.reproduces, one.placebo.cured, one.placebo.runs)
        for one in made.causes
    )
    reproduction = Reproduction(made.learnt, causes, tuple(made.differences), tuple(made.unfinished))
    remedies = tuple(replace(remedy, verified=_attempts(remedy, kept)) for remedy in finding.remedies)
    return replace(finding, remedies=remedies, reproduction=reproduction)


def _attempts(remedy: Remedy, kept: _Outcome) -> tuple[Attempt, ...]:
    """Return what was kept of a remedy; a rule whose remedy has changed since has none."""
    return tuple(
        Attempt(a.cause, a.cured, a.runs, a.interval.low, a.interval.high, a.p, a.cures, a.times)
        for tried in kept.remedies
        if tried.title == remedy.title and tried.change == plain(remedy.change)
        for a in tried.attempts
        if a.runs > 0
    )


def _digest(report: Report, finding: Finding) -> str:
    """Return a digest of all numbers and settings of a finding's run, wherever its files lie."""
    run = next(run for run in report.runs if run.name == finding.scope.run)
    settings = {name: value if isinstance(value, str) else value.text for name, value in sorted(run.config.items())}
    told = [settings, [_numbers(evaluation) for evaluation in run.evaluations]]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _numbers(evaluation: Evaluation) -> list[Any]:
    rows = [evaluation.metrics, *(row.metrics for row in evaluation.classes)]
    place = [evaluation.task, evaluation.split, evaluation.step, evaluation.epoch]
    return [*place, *(sorted((name, value.text) for name, value in row.items()) for row in rows)]

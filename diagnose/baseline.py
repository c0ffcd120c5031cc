"""Accepted findings: a file that says which findings are known, why, and until when."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnose.errors import ConfigError
from diagnose.interval import Interval
from diagnose.types import Acceptance, InputError, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from diagnose.engine.rules import Rule
    from diagnose.types import Finding, Report

__all__ = ["Accepted", "Baseline"]

SCHEMA = "diagnose-baseline/1"
# A run that is repeated with another seed scatters; a number has to move further than this to be worse.
_SLACK = 0.1


@dataclass(frozen=True, slots=True)
class Accepted:
    """A known finding: where it is, how heavy it was, and what its numbers were ({fact: [low, high]}).

    source: the input, relative to the folder of the file; where: run (None where the input holds one run only), task,
    split and class.
    """

    source: str
    rule: str
    where: tuple[str | None, ...]
    severity: Severity
    values: Mapping[str, list[float]]
    acceptance: Acceptance

    @property
    def key(self) -> tuple[str, str, tuple[str | None, ...]]:
        """What tells it from the others."""
        return self.source, self.rule, self.where

    @property
    def has_expired(self) -> bool:
        """Whether its last day is over, by the world's clock (UTC)."""
        return self.acceptance.expires < dt.datetime.now(tz=dt.UTC).date().isoformat()

    def is_worse(self, finding: Finding, rule: Rule) -> bool:
        """Whether the finding weighs more than when it was accepted, or one of its numbers went the wrong way.

        The wrong way is the one in which the rule's conditions fire; by more than a tenth of the accepted number.
        """
        if finding.severity.rank < self.severity.rank:
            return True
        signs = {name: sign for condition in rule.conditions for name, sign in condition.directions().items()}
        numbers = _numbers(finding)
        if self.values.keys() - numbers.keys():  # what was a number is missing, or infinite
            return True
        for name, now in numbers.items():
            if name in self.values and name in signs:
                old = self.values[name]
                gap = now[0] - old[1] if signs[name] > 0 else old[0] - now[1]
                if gap > _SLACK * max(abs(end) for end in old):
                    return True
        return False


@dataclass(frozen=True, slots=True)
class Baseline:
    """All accepted findings of a file."""

    path: Path
    accepted: tuple[Accepted, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Baseline:
        """Read the file; ConfigError with the reason where it is not one."""
        hint = "`diagnose baseline` writes one"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            raise ConfigError(f"--baseline {path}: {error.strerror or error}", hint if missing else "") from None
        except ValueError:
            raise ConfigError(f"--baseline {path}: not JSON", hint) from None
        items = content.get("accepted") if isinstance(content, dict) and content.get("schema") == SCHEMA else None
        if not isinstance(items, list):
            raise ConfigError(f"--baseline {path}: not a {SCHEMA} file", hint)
        return cls(path, tuple(_parsed(item, f"--baseline {path}: entry {n}") for n, item in enumerate(items, 1)))

    def save(self) -> str:
        """Return the file's text, in an order that does not depend on how it came about."""
        items = sorted(self.accepted, key=lambda item: [str(part) for part in item.key])
        return json.dumps({"schema": SCHEMA, "accepted": [_plain(item) for item in items]}, indent=2) + "\n"

    def of(self, source: str) -> list[Accepted]:
        """Return what is accepted of an input."""
        return [item for item in self.accepted if item.source == self.name(source)]

    def name(self, source: str) -> str:
        """Return what an input is called in the file."""
        return source if source == "-" else Path(os.path.relpath(source, self.path.absolute().parent)).as_posix()

    def expired(self, source: str) -> Iterator[InputError]:
        """Yield a complaint for each acceptance of an input that has run out."""
        for item in self.of(source):
            if item.has_expired:
                when = f"was accepted until {item.acceptance.expires}"
                yield InputError(
                    f"{self.path}: {item.rule} in {item.source} {when}", "renew it or `diagnose baseline --prune`"
                )

    def acceptance(self, source: str, report: Report, rules: Iterable[Rule]) -> Callable[[Finding], Acceptance | None]:
        """Return what says of a finding why it is known; None where it is new, or worse than when it was accepted."""
        known = {item.key: item for item in self.of(source) if not item.has_expired}
        by_name = {rule.name: rule for rule in rules}

        def reason(finding: Finding) -> Acceptance | None:
            item = known.get((self.name(source), finding.rule, _where(finding, report)))
            return None if item is None or item.is_worse(finding, by_name[finding.rule]) else item.acceptance

        return reason

    def accepting(self, source: str, report: Report, acceptance: Acceptance) -> Baseline:
        """Return the file with every failing finding of a report accepted."""
        fresh = {
            item.key: item
            for finding in report.findings if finding.fails
            for item in [Accepted(
                self.name(source), finding.rule, _where(finding, report), finding.severity,
                _numbers(finding), acceptance,
            )]
        }  # fmt: skip
        return replace(self, accepted=(*(item for item in self.accepted if item.key not in fresh), *fresh.values()))

    def pruned(self, source: str, report: Report) -> Baseline:
        """Return the file without what no longer occurs in an input, and without what has run out."""
        there = {(self.name(source), finding.rule, _where(finding, report)) for finding in report.findings}
        gone = [item for item in self.of(source) if item.key not in there or item.has_expired]
        return replace(self, accepted=tuple(item for item in self.accepted if item not in gone))


def _where(finding: Finding, report: Report) -> tuple[str | None, ...]:
    scope = finding.scope
    return (scope.run if len(report.runs) > 1 else None, scope.task, scope.split, scope.label)


def _numbers(finding: Finding) -> dict[str, list[float]]:
    """Return the finite numbers that the finding rests on, by fact, as the two ends of an interval."""
    numbers = {}
    for fact in finding.facts:
        ends = (fact.value.low, fact.value.high) if isinstance(fact.value, Interval) else (fact.value, fact.value)
        if all(isinstance(end, (int, float, Fraction)) and not isinstance(end, bool) for end in ends):
            numbers[fact.name] = [float(end) for end in ends]
    return {name: ends for name, ends in numbers.items() if all(map(math.isfinite, ends))}


def _plain(item: Accepted) -> dict[str, Any]:
    run, task, split, label = item.where
    return {
        "source": item.source, "rule": item.rule, "run": run, "task": task, "split": split, "class": label,
        "severity": item.severity.value, "values": dict(item.values),
        "reason": item.acceptance.reason, "expires": item.acceptance.expires,
    }  # fmt: skip


def _parsed(item: Any, place: str) -> Accepted:
    try:
        where = (item["run"], item["task"], item["split"], item["class"])
        values = {str(name): [float(low), float(high)] for name, (low, high) in item["values"].items()}
        acceptance = Acceptance(str(item["reason"]), dt.date.fromisoformat(item["expires"]).isoformat())
        return Accepted(item["source"], item["rule"], where, Severity(item["severity"]), values, acceptance)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        lacks = f"it lacks {error}" if isinstance(error, KeyError) else f"{error}"
        raise ConfigError(f"{place}: not an accepted finding: {lacks}", "`diagnose baseline` writes them") from None

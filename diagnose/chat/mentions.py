"""What a message names: metrics, rules, facts, and the runs, tasks, splits and classes of the report."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.chat._tables import load
from diagnose.facts import fact_names
from diagnose.vocabulary import metric_of, parse_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from diagnose.types import Fact, Finding, Report, Scope, Value

__all__ = ["Mentions", "find_mentions", "plain", "same_metric"]

# A question is short; what is longer is no question of the closed set.
_LONGEST = 2000
_WORD = re.compile(r"[a-z0-9_]+(?:[-'.][a-z0-9_]+)*")
_LONGEST_NAME = 4
# Names of metrics that are ordinary words of a question too: they count where the report has such a metric.
_ORDINARY = frozenset({
    "number", "exact", "correct", "predicted", "map", "ce", "ap", "em", "examples", "steps", "step", "update",
    "updates", "total", "elapsed", "las", "mer", "der", "ter", "tr", "hamming", "threshold", "support",
})  # fmt: skip
_TOLD_KINDS = ("score", "correlation", "error", "loss", "rate", "time", "spread", "count", "setting", "axis")


class Mentions(NamedTuple):
    """The names in a message.

    metrics: canonical names; rules: names of rules; facts: names of facts; runs, tasks, splits, labels: as the report
    writes them; called: facts that it calls by another word, such as "how many rows".
    """

    metrics: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    called: tuple[str, ...] = ()

    def about(self, scope: Scope) -> bool:
        """Whether a statement of that scope is one that the message asks for; every one is where it names none."""
        return (
            (not self.runs or scope.run in self.runs)
            and (not self.tasks or scope.task in self.tasks)
            and (not self.splits or scope.split is None or scope.split in self.splits)
            and (not self.labels or scope.label is None or scope.label in self.labels)
        )

    def names(self, value: Value) -> bool:
        """Whether a reported value is of a metric that the message names."""
        return any(same_metric(metric, value.metric) for metric in self.metrics)

    def rest_of(self, facts: Iterable[Fact]) -> list[Fact]:
        """Return the facts that rest on a metric that the message names, in a scope that it asks for."""
        return [f for f in facts if self.about(f.scope) and any(self.names(value) for value in f.evidence)]

    def findings(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings that the message names: by rule, by metric or by place; all where it names nothing."""
        found = [finding for finding in findings if self.about(finding.scope)]
        found = [finding for finding in found if finding.scope.label in self.labels] or found
        if self.rules:
            return [f for f in found if f.rule in self.rules or any(name in self.rules for name in f.consequences)]
        if self.facts:
            return [f for f in found if any(fact.name in self.facts for fact in f.facts)]
        if self.metrics:
            return [f for f in found if any(self.names(v) for fact in f.facts for v in fact.evidence)]
        return found


def same_metric(asked: str, metric: str) -> bool:
    """Whether a metric is the one that was asked for: "f1" asks for a macro F1 too, "macro_f1" for no other."""
    return metric == asked or (
        metric_of(metric) is metric_of(asked) and metric_of(asked) is not None and asked in metric
    )


def plain(text: str) -> str:
    """Return a message as it is searched: lower case, straight quotes, single spaces, in printable characters."""
    folded = unicodedata.normalize("NFKC", text[:_LONGEST]).lower().translate({0x2018: "'", 0x2019: "'", 0x2011: "-"})
    return " ".join("".join(c if c.isprintable() else " " for c in folded).split())


def find_mentions(text: str, report: Report | None, rules: Iterable[str]) -> Mentions:
    """Return what a message names; the report's own names are found only where there is a report."""
    asked = plain(text)
    words = _WORD.findall(asked)
    spoken = f" {' '.join(words).replace('-', ' ').replace('_', ' ')} "
    runs, tasks, splits, labels = _places(report, spoken)
    present = {value.metric for value in _values(report)}
    named_rules = [name for name in rules if f" {name.replace('-', ' ')} " in spoken]
    named_rules += [rule for row in _called("rule", asked) for rule in row["rules"] if rule in rules]
    called = next((tuple(row["facts"]) for row in _called("fact", asked)), ())
    metrics = tuple(dict.fromkeys(_metrics(words, present)))
    facts = [name for name in fact_names() if "_" in name and f" {name.replace('_', ' ').replace('.', ' ')} " in spoken]
    facts += [name for name in fact_names() if name in words]
    facts = [name for name in dict.fromkeys(facts) if metric_of(name) is None or not metrics]
    return Mentions(metrics, tuple(dict.fromkeys(named_rules)), tuple(facts), runs, tasks, splits, labels, called)


def _called(kind: str, asked: str) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of prompts/chat/names.toml that fit a message."""
    return (row for row in load("names")[kind] if re.search(row["pattern"], asked, re.ASCII))


def _values(report: Report | None) -> Iterator[Value]:
    for run in report.runs if report is not None else ():
        for evaluation in run.evaluations:
            yield from evaluation.metrics.values()


def _places(report: Report | None, spoken: str) -> tuple[tuple[str, ...], ...]:
    """Return the runs, tasks, splits and classes that a message names, of those that the report tells apart."""
    scopes = [verdict.scope for verdict in report.verdicts] if report is not None else []
    rows = [row.label for run in (report.runs if report else ()) for e in run.evaluations for row in e.classes]
    kinds: tuple[Sequence[str | None], ...] = (
        [scope.run for scope in scopes],
        [scope.task for scope in scopes],
        [scope.split for scope in scopes],
        rows,
    )
    found = []
    for i, names in enumerate(kinds):
        known = [name for name in dict.fromkeys(names) if name]
        several = len(known) > 1 or i == 1
        found.append(tuple(name for name in known if several and _is_said(name, spoken)))
    return tuple(found)


def _is_said(name: str, spoken: str) -> bool:
    words = " ".join(_WORD.findall(plain(name))).replace("-", " ").replace("_", " ")
    return bool(words) and not words.isdigit() and f" {words} " in spoken


def _metrics(words: Sequence[str], present: set[str]) -> Iterator[str]:
    """Yield the canonical names of the metrics among the words, the longest names first."""
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST_NAME, len(words) - at), 0, -1):
            metric = _metric("_".join(words[at : at + length]), present)
            if metric is not None:
                yield metric
                at += length
                break
        else:
            at += 1


def _metric(written: str, present: set[str]) -> str | None:
    written = written.removesuffix("'s")
    name = parse_name(written)
    if not name.known or name.prefix or name.letter or name.target or len(written) < 2:
        return None
    info = metric_of(name.metric)
    if info is None or info.kind not in _TOLD_KINDS:
        return None
    if (written in _ORDINARY or info.kind in ("count", "axis")) and name.metric not in present:
        return None
    return name.metric

"""This run against the one before it: what changed in metrics and settings, and whether it is more than noise."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from diagnose.facts._scopes import scope_of
from diagnose.facts._spread import two_sided_p
from diagnose.interval import Interval
from diagnose.types import Fact, Proof, Scope, Value
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run

PROVIDES: Mapping[str, str] = {
    "comparison.baseline": "the run that this one is compared with: the one numbered before it, or called the baseline",
    "metric_difference": "{metric, before, after, difference, standard_error, z, p, verdict} against the baseline run",
    "metric_difference.metric": "the metric that is compared",
    "metric_difference.change": "how far it is better than in the baseline run, in the metric's unit; below 0 if worse",
    "metric_difference.p": "two-sided p-value of the difference, as of two independent samples",
    "metric_difference.needed_correlation": "correlation of both runs' scores on the same rows from which it is real",
    "configuration_changes": "{setting: [before, after]} against the baseline run",
    "configuration_changes.count": "how many settings differ from the baseline run",
}
NEEDS: tuple[str, ...] = ("standard_error", "standard_error.metric")

# "Run #2" comes after "Run #1"; "noise 0.2" beside "noise 0.1" is another condition, not a later run.
_NUMBER = re.compile(
    r"\b(?:run|experiment|exp|trial|attempt|iteration|version|round|v)[ _#-]*(\d{1,9})\b", re.IGNORECASE
)
_BASELINE = re.compile(r"\b(?:baseline|previous|before)\b", re.IGNORECASE)
# 5 % two-sided.
_SIGNIFICANT = 0.05
_QUANTILE = 1.96
# What a run records about itself is no setting.
_OUTCOMES = frozenset({
    "best_epoch", "stopped_epoch", "best_step", "best_metric", "best_model_checkpoint", "best_global_step", "epoch",
    "global_step", "total_flos", "train_runtime", "output_dir", "logging_dir", "run_name",
})  # fmt: skip


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield what differs from the baseline run among the other runs, where there is one."""
    baseline = _baseline(run, facts.others)
    if baseline is None:
        return
    because = f"{run.name} is compared with {baseline.name}"
    yield Fact("comparison.baseline", baseline.name, Scope(run.name), Proof.PROVED, because)
    yield from _configuration(run, baseline)
    theirs = {(series.task, series.split): series.reported for series in baseline.series()}
    for series in run.series():
        before = theirs.get((series.task, series.split))
        if before is not None:
            yield from _difference(
                series.reported, before, baseline.name, facts, scope_of(run, series, series.reported)
            )


def _baseline(run: Run, others: tuple[Run, ...]) -> Run | None:
    """Return the run before this one: "Run #1" for "Run #2", or one that is called the baseline."""
    number, stem = _numbered(run.name)
    earlier = []
    for other in others:
        theirs, their_stem = _numbered(other.name)
        if number is not None and theirs is not None and theirs < number and stem == their_stem:
            earlier.append((theirs, other))
    if earlier:
        return max(earlier, key=lambda item: item[0])[1]
    if _BASELINE.search(run.name):
        return None
    return next((other for other in others if _BASELINE.search(other.name)), None)


def _numbered(name: str) -> tuple[int | None, str]:
    """Return the number of a run in its name, and the name without it."""
    found = _NUMBER.search(name)
    if found is None:
        return None, name
    return int(found[1]), (name[: found.start(1)] + name[found.end(1) :]).strip().casefold()


def _configuration(run: Run, baseline: Run) -> Iterator[Fact]:
    if not run.config or not baseline.config:
        return
    pairs = {
        name: (baseline.config[name], after)
        for name, after in run.config.items()
        if name in baseline.config and name not in _OUTCOMES and _plain(baseline.config[name]) != _plain(after)
    }
    # Where code names the settings, what prose names ("Training Duration") is what came of them.
    named_by_code = {name: pair for name, pair in pairs.items() if " " not in name}
    pairs = named_by_code or pairs
    changes = {name: [_plain(before), _plain(after)] for name, (before, after) in pairs.items()}
    used = [value for pair in pairs.values() for value in pair if isinstance(value, Value)]
    shown = "; ".join(f"{name} {before} to {after}" for name, (before, after) in changes.items()) or "none"
    because = f"settings that differ between {baseline.name} and {run.name}: {shown}"
    scope = Scope(run.name)
    yield Fact("configuration_changes", changes, scope, Proof.PROVED, because, "", (), tuple(used))
    yield Fact("configuration_changes.count", len(changes), scope, Proof.PROVED, because, "settings", (), tuple(used))


def _plain(setting: Value | str) -> float | str:
    if isinstance(setting, Value):
        return setting.number if setting.is_finite else setting.text
    return setting


def _difference(after: Evaluation, before: Evaluation, name: str, facts: Facts, scope: Scope) -> Iterator[Fact]:
    metric, error = _metric(after, before, facts, scope)
    mine, theirs = (after.get(metric), before.get(metric)) if metric is not None else (None, None)
    info = metric_of(metric) if metric is not None else None
    if metric is None or mine is None or theirs is None or info is None:
        return
    difference = mine.number - theirs.number
    change = difference if info.higher_is_better else -difference
    values = (theirs, mine)
    shown = f"{mine.key} {theirs.text} in {name}, {mine.text} now"
    value: dict[str, Any] = {"metric": metric, "before": theirs.number, "after": mine.number, "difference": difference}
    proof = Proof.PROVED
    assumes: tuple[str, ...] = ()
    if error is not None:
        spread = Interval.of(error.value)
        z = _ratio(difference, spread)
        p = _p(z)
        significant = p.high < _SIGNIFICANT
        verdict = "significant" if significant else "not significant" if p.low >= _SIGNIFICANT else "undecided"
        value |= {"standard_error": _simple(spread), "z": _simple(z), "p": _simple(p), "verdict": verdict}
        shown += (
            f"; each with a standard error of {_shown(spread, '.4f')} (this run's, taken for both): as independent "
            f"samples z = {_shown(z, '.2f')}, p = {_shown(p, '.2g')}"
        )
        proof, assumes = Proof.weakest([Proof.IMPLIED, error.proof]), error.assumes
    yield Fact("metric_difference", value, scope, proof, shown, metric, assumes, values)
    yield Fact("metric_difference.metric", metric, scope, Proof.PROVED, shown, "", (), values)
    yield Fact("metric_difference.change", change, scope, Proof.PROVED, shown, metric, (), values)
    if error is not None:
        yield Fact("metric_difference.p", _simple(p), scope, proof, shown, "", assumes, values)
        needed = _needed(difference, spread)
        if needed is not None and not significant:
            because = (
                f"{shown}; on the same rows significant if the two runs' scores correlate by at least {needed:.2f}"
            )
            yield Fact("metric_difference.needed_correlation", needed, scope, proof, because, "", assumes, values)


def _metric(after: Evaluation, before: Evaluation, facts: Facts, scope: Scope) -> tuple[str | None, Fact | None]:
    """Return the metric to compare with its standard error: the one that has an error, else the first shared one."""
    main, error = facts.at("standard_error.metric", scope), facts.at("standard_error", scope)
    if main is not None and before.get(main.value) is not None and after.get(main.value) is not None:
        return main.value, error
    for name in after.metrics:
        info = metric_of(name)
        if info is None or info.higher_is_better is None or info.kind not in ("score", "correlation", "error"):
            continue
        if not name.startswith("target.") and after.get(name) is not None and before.get(name) is not None:
            return name, facts.at(f"standard_error.{name}", scope)
    return None, None


def _ratio(difference: float, spread: Interval) -> Interval:
    """Return z = difference/(SE sqrt(2)), two equal standard errors; without any error every difference is real."""
    ends = [
        difference / (float(error) * math.sqrt(2))
        if error
        else math.copysign(math.inf, difference)
        if difference
        else 0.0
        for error in (spread.high, spread.low)
    ]
    return Interval(min(ends), max(ends))


def _p(z: Interval) -> Interval:
    ends = sorted((two_sided_p(float(z.low)), two_sided_p(float(z.high))))
    return Interval(*ends)


def _needed(difference: float, spread: Interval) -> float | None:
    """Return the correlation r at which |difference| = 1.96 SE sqrt(2(1 - r)), or None where none is needed."""
    error = float(spread.high)
    if not error or not difference:
        return None
    needed = 1 - (difference / (_QUANTILE * error)) ** 2 / 2
    return needed if needed > 0 else None


def _simple(interval: Interval) -> float | Interval:
    return float(interval.low) if interval.is_point else interval


def _shown(interval: Interval, spec: str) -> str:
    low, high = format(float(interval.low), spec), format(float(interval.high), spec)
    return low if low == high else f"{low} to {high}"

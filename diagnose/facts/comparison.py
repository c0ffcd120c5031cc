"""This run against the one before it: what changed in metrics and settings, and whether it is more than noise."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.facts._paired import SIGNIFICANT, paired_verdict
from diagnose.facts._proofs import resting_on
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import quoted
from diagnose.facts._spread import plain, two_sided_p
from diagnose.interval import Interval
from diagnose.types import Fact, Proof, Scope, Value, row_step
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run

PROVIDES: Mapping[str, str] = {
    "comparison.baseline": "the run that this one is compared with: the named one, the one numbered before, a baseline",
    "metric_difference": "{metric, before, after, difference, standard_error, z, p, verdict} against the baseline run",
    "metric_difference.metric": "the metric that is compared",
    "metric_difference.change": "how far it is better than in the baseline run, as printed; below 0 if worse",
    "metric_difference.p": "two-sided p-value of the difference, as of two independent samples",
    "metric_difference.needed_correlation": "correlation of both runs' scores on the same rows from which it is real",
    "paired_verdict": "{rows, correct, difference, verdict, most_losses}: the two accuracies as of the same rows",
    "paired_verdict.verdict": "significant or not, whichever rows they had right, or that it depends on these",
    "configuration_changes": "{setting: [before, after]} against the baseline run",
    "configuration_changes.count": "how many settings differ from the baseline run",
}
NEEDS: tuple[str, ...] = ("sample_count", "standard_error", "standard_error.metric")

# "Run #2" comes after "Run #1"; "noise 0.2" beside "noise 0.1" is another condition, not a later run.
_NUMBER = re.compile(
    r"\b(?:run|experiment|exp|trial|attempt|iteration|version|round|v)[ _#-]*(\d{1,9})\b", re.IGNORECASE
)
_BASELINE = re.compile(r"\b(?:baseline|previous|before)\b", re.IGNORECASE)
_QUANTILE = 1.96
# What a run records about itself is no setting.
_OUTCOMES = frozenset({
    "best_epoch", "stopped_epoch", "best_step", "best_metric", "best_model_checkpoint", "best_global_step", "epoch",
    "global_step", "total_flos", "train_runtime", "output_dir", "logging_dir", "run_name",
})  # fmt: skip


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield what differs from the baseline run among the other runs, where there is one."""
    baseline = facts.baseline or _baseline(run, facts.others)
    if baseline is None:
        return
    because = f"{run.name} is compared with {baseline.name}"
    yield Fact("comparison.baseline", baseline.name, Scope(run.name), Proof.PROVED, because)
    yield from _configuration(run, baseline)
    theirs = {(series.task, series.split): series.reported for series in baseline.series()}
    for series in run.series():
        before = theirs.get((series.task, series.split))
        if before is not None:
            scope = scope_of(run, series, series.reported)
            pair = _Pair(series.reported, before, baseline, scope)
            yield from _difference(pair, facts, assumed)
            yield from paired_verdict(pair.after, before, baseline.name, facts.at("sample_count", scope), scope)


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
    shown = "; ".join(f"{name} {_printed(before)} to {_printed(after)}" for name, (before, after) in pairs.items())
    because = f"{len(changes)} settings differ between {baseline.name} and {run.name}{f': {shown}' if shown else ''}"
    scope = Scope(run.name)
    yield Fact("configuration_changes", changes, scope, Proof.PROVED, because, "", (), tuple(used))
    yield Fact("configuration_changes.count", len(changes), scope, Proof.PROVED, because, "settings", (), tuple(used))


def _printed(setting: Value | str) -> str:
    return setting.shown if isinstance(setting, Value) else setting


def _plain(setting: Value | str) -> float | str:
    if isinstance(setting, Value):
        return setting.number if setting.is_finite else setting.text
    return setting


class _Pair(NamedTuple):
    """The reported evaluations of one task and split in this run and in its baseline; scope: that of this run's."""

    after: Evaluation
    before: Evaluation
    baseline: Run
    scope: Scope


def _difference(pair: _Pair, facts: Facts, assumed: Assumptions) -> Iterator[Fact]:
    scope = pair.scope
    metric, error = _metric(pair.after, pair.before, facts, scope)
    mine, theirs = (pair.after.get(metric), pair.before.get(metric)) if metric is not None else (None, None)
    info = metric_of(metric) if metric is not None else None
    if metric is None or mine is None or theirs is None or info is None:
        return
    difference = mine.number - theirs.number
    change = difference if info.higher_is_better else -difference
    values = (theirs, mine)
    minus = f"{mine.shown} - {theirs.shown} = {difference:.4f}"
    said = f"{quoted(mine)} against {quoted(theirs)} in {pair.baseline.name}: {minus} as printed"
    value: dict[str, Any] = {"metric": metric, "before": theirs.number, "after": mine.number, "difference": difference}
    yield Fact("metric_difference.metric", metric, scope, Proof.PROVED, said, "", (), values)
    yield Fact("metric_difference.change", change, scope, Proof.PROVED, said, metric, (), values)
    if error is None:
        yield Fact("metric_difference", value, scope, Proof.PROVED, said, metric, (), values)
        return
    own, other = Interval.of(error.value), _error_of_baseline(pair, metric, assumed)
    errors = own, own if other is None else Interval.of(other.value)
    z = _ratio(difference, errors)
    p = _p(z)
    verdict = "significant" if p.high < SIGNIFICANT else "not significant" if p.low >= SIGNIFICANT else "undecided"
    value |= {"standard_error": plain(own), "z": plain(z), "p": plain(p), "verdict": verdict}
    said += f"; {_standard_errors(errors, other)}, as independent samples z = {z:.2f}, p = {p:.2g}"
    proof, assumes = resting_on([error, other], proof=Proof.IMPLIED)
    yield Fact("metric_difference", value, scope, proof, said, metric, assumes, values)
    yield Fact("metric_difference.p", plain(p), scope, proof, said, "", assumes, values)
    needed = _needed(difference, errors)
    if needed is not None and verdict != "significant":
        because = (
            f"{said}; on the same rows significant if the two runs' scores correlate by at least "
            f"(a^2 + b^2 - ({abs(difference):.4f}/{_QUANTILE})^2)/(2ab) = {needed:.2f}, a and b the standard errors"
        )
        yield Fact("metric_difference.needed_correlation", needed, scope, proof, because, "", assumes, values)


def _error_of_baseline(pair: _Pair, metric: str, assumed: Assumptions) -> Fact | None:
    """Return the baseline's own standard error, where it has a table or a matrix to derive it from."""
    if not pair.before.classes and not pair.before.matrix:
        return None
    from diagnose.facts import derive as derive_all  # noqa: PLC0415  # which imports this module for its registry

    facts = derive_all(pair.baseline, assumed)
    scope = Scope(pair.baseline.name, pair.before.task, pair.before.split, row_step(pair.before))
    error, name = facts.at("standard_error", scope), facts.at("standard_error.metric", scope)
    return error if name is not None and name.value == metric else None


def _standard_errors(errors: tuple[Interval, Interval], other: Fact | None) -> str:
    if other is None:
        return f"each with a standard error of {errors[0]:.4f} (this run's, taken for both)"
    return f"with standard errors of {errors[0]:.4f} and {errors[1]:.4f}"


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


def _ratio(difference: float, errors: tuple[Interval, Interval]) -> Interval:
    """Return z = difference/sqrt(a^2 + b^2); without any error every difference is real."""
    spreads = [math.hypot(*map(float, ends)) for ends in ([e.high for e in errors], [e.low for e in errors])]
    ends = [
        difference / spread if spread else math.copysign(math.inf, difference) if difference else 0.0
        for spread in spreads
    ]
    return Interval(min(ends), max(ends))


def _p(z: Interval) -> Interval:
    ends = sorted((two_sided_p(float(z.low)), two_sided_p(float(z.high))))
    return Interval(*ends)


def _needed(difference: float, errors: tuple[Interval, Interval]) -> float | None:
    """Return the correlation r at which |difference| = 1.96 sqrt(a^2 + b^2 - 2rab), or None where none is needed."""
    a, b = (float(error.high) for error in errors)
    if not a or not b or not difference:
        return None
    needed = (a * a + b * b - (difference / _QUANTILE) ** 2) / (2 * a * b)
    return needed if 0 < needed <= 1 else None

"""What came of an experiment: as a table, in words, and as what the report's finding then knows of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from diagnose.report._words import clean, count
from diagnose.reproduce.arms import Kind
from diagnose.reproduce.experiment import ROUND
from diagnose.types import Attempt, Reproduction, Tried

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.reproduce.arms import Tested, Trial
    from diagnose.reproduce.plan import Plan
    from diagnose.types import Finding

__all__ = ["Row", "conclusion", "rows", "share_of", "verified"]

_SURE = 0.05


class Row(NamedTuple):
    """A line of the table: what was run, how often it failed as reported, how often it was as good as a sound run.

    low, high: of the latter share, Wilson's interval at 95 %; p: of Fisher's exact test against the failure, None where
    there is none to test against; depth: how far it is indented.
    """

    kind: str
    title: str
    failed: int
    cured: int
    runs: int
    low: float
    high: float
    p: float | None
    depth: int = 0

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The line in words: what, failed, cured, interval and p."""
        name = "  " * self.depth + self.title
        if not self.runs:
            return name, "not run", "not run", "", ""
        p = "" if self.p is None else "< 0.001" if self.p < 0.001 else f"{self.p:.3f}"
        interval = f"{self.low:.0%} to {self.high:.0%}"
        return name, f"{self.failed}/{self.runs}", f"{self.cured}/{self.runs}", interval, p


def rows(trial: Trial) -> Iterator[Row]:
    """Yield the lines: the control, then each hypothesis with its placebo and its remedies, the best of them first."""
    yield _row(trial.control, None)
    for failure, *others in trial.hypotheses:
        yield _row(failure, None)
        for tested in [*_of_kind(others, Kind.PLACEBO), *_ranked(others, failure)]:
            yield _row(tested, failure, depth=1)


def _of_kind(tested: Sequence[Tested], kind: str) -> list[Tested]:
    return [one for one in tested if one.arm.kind == kind]


def _ranked(tested: Sequence[Tested], failure: Tested) -> list[Tested]:
    """Return the remedies by what they did: the share that they cured, then how far that is from chance."""
    remedies = _of_kind(tested, Kind.REMEDY)
    return sorted(remedies, key=lambda one: (-one.cured / one.runs, against(one, failure)) if one.runs else (1.0, 1.0))


def _row(tested: Tested, failure: Tested | None, depth: int = 0) -> Row:
    remedy = tested.arm.remedy
    title = clean(tested.arm.title) + (f" (x{tested.arm.times})" if tested.arm.times > 1 else "")
    title += " (the cause taken away)" if remedy is not None and not remedy.is_patch else ""
    p = against(tested, failure) if failure is not None and tested.runs else None
    return Row(tested.arm.kind, title, tested.failed, tested.cured, tested.runs, *share_of(tested), p, depth)


def share_of(tested: Tested) -> tuple[float, float]:
    """Return Wilson's 95 % interval of the share of runs that are as good as sound ones."""
    from scipy.stats import binomtest  # noqa: PLC0415  # a quarter of a second

    if not tested.runs:
        return 0.0, 1.0
    interval = binomtest(tested.cured, tested.runs).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def against(tested: Tested, failure: Tested) -> float:
    """Return the two-sided p of Fisher's exact test: whether it is cured more often."""
    from scipy.stats import fisher_exact  # noqa: PLC0415  # as above

    table = [[arm.cured, arm.runs - arm.cured] for arm in (tested, failure)]
    return float(fisher_exact(table).pvalue)


def is_cure(tested: Tested, failure: Tested) -> bool:
    """Whether a remedy is borne out: most of its runs are as good as sound ones, and it is not by chance."""
    return 2 * tested.cured > tested.runs and against(tested, failure) < _SURE


def verified(plan: Plan, trial: Trial) -> Finding:
    """Return the finding with what came of it: its reproduction, and of each remedy what it did there."""
    attempts: dict[int, list[Attempt]] = {}
    for failure, *others in trial.hypotheses:
        for tested in _ranked(others, failure):
            if tested.runs:
                attempts.setdefault(id(tested.arm.remedy), []).append(_attempt(tested, failure))
    remedies = []
    for remedy in plan.finding.remedies:
        found = sorted(attempts.get(id(remedy), ()), key=lambda one: (not one.cures, -one.cured / one.runs, one.p))
        remedies.append(replace(remedy, verified=tuple(found)))
    causes = tuple(_tried(group) for group in trial.hypotheses if group[0].runs)
    unfinished = tuple(dict.fromkeys(trial.unfinished))
    made = Reproduction(trial.control.has_learnt, causes, plan.differences, unfinished)
    return replace(plan.finding, remedies=tuple(remedies), reproduction=made)


def _tried(group: Sequence[Tested]) -> Tried:
    failure = group[0]
    placebo = next((one for one in group if one.arm.kind == Kind.PLACEBO), None)
    reseeded = (placebo.cured, placebo.runs) if placebo is not None else (0, 0)
    return Tried(failure.arm.title, failure.failed, failure.runs, failure.fails_alike, *reseeded)


def _attempt(tested: Tested, failure: Tested) -> Attempt:
    low, high = share_of(tested)
    p, cures = against(tested, failure), is_cure(tested, failure)
    return Attempt(failure.arm.title, tested.cured, tested.runs, low, high, p, cures, tested.arm.times)


def conclusion(plan: Plan, trial: Trial) -> Iterator[str]:
    """Yield what follows, a sentence each: whether it was reproduced, by what, what cured it, and what to try first."""
    rule = clean(plan.finding.rule)
    finding = verified(plan, trial)
    made = finding.reproduction
    if made is None or not made.learnt:
        yield "Sound settings did not learn the task of the reproduction, so nothing can be said."
    elif not made.failing:
        yield f"{rule} was not reproduced: of {count(len(made.causes), 'cause')} tried, none makes it happen here."
    else:
        for failure, *others in trial.hypotheses:
            if failure.fails_alike:
                yield from _told(rule, failure, others)
        yield from _what_it_means(finding, made)
    yield from _left(trial)


def _told(rule: str, failure: Tested, others: Sequence[Tested]) -> Iterator[str]:
    """Yield how often a cause makes it happen, and what cures that."""
    cures = [tested for tested in _ranked(others, failure) if is_cure(tested, failure)]
    named = "; ".join(f"{clean(t.arm.title)} ({t.cured}/{t.runs})" for t in cures)
    ran = any(tested.runs for tested in _of_kind(others, Kind.REMEDY))
    rest = (
        f"What cures it: {named}."
        if named
        else "No remedy that was tried cures it."
        if ran
        else "No remedy was tried against it."
    )
    yield f"{rule} happens in {failure.failed} of {count(failure.runs, 'run')} when {clean(failure.arm.title)}. {rest}"
    for placebo in _of_kind(others, Kind.PLACEBO):
        if placebo.cured:
            yield f"Other seeds alone cured {placebo.cured} of {placebo.runs}."


def _what_it_means(finding: Finding, made: Reproduction) -> Iterator[str]:
    """Yield what to try first, and what the reproduction does not show."""
    best = finding.ways_out()[0]
    if best.cures:
        cured = sum(attempt.cures for attempt in best.verified)
        of = f" It cures {cured} of the {len(made.failing)}." if len(made.failing) > 1 else ""
        yield f"To try first: {clean(best.title)}.{of}"
    if len(made.failing) > 1:
        yield "These causes fail alike here, so which of them it was in your run stays open; a cure does not prove one."
    else:
        yield "That it happens so here does not prove that it was so in your run."
    quiet = [clean(tried.cause) for tried in made.causes if not tried.reproduces and tried.runs >= ROUND]
    if quiet:
        yield f"What does not make it happen here: {'; '.join(quiet)}."


def _left(trial: Trial) -> Iterator[str]:
    """Yield which runs died, and what the budget left open."""
    arms = [trial.control, *(tested for group in trial.hypotheses for tested in group)]
    errors = [error for tested in arms for error in tested.errors]
    if errors:
        yield f"{count(len(errors), 'run')} died: {clean(errors[0])}."
    if trial.unfinished:
        left = list(dict.fromkeys(clean(title) for title in trial.unfinished))
        yield f"The budget ended before: {'; '.join(left)}. The same command goes on where it stopped."

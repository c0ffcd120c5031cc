"""What came of an experiment, in words and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from diagnose.report._words import clean, count
from diagnose.reproduce.experiment import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.reproduce.experiment import Tested, Trial
    from diagnose.reproduce.plan import Plan

__all__ = ["Row", "conclusion", "rows", "share_of"]

_SURE = 0.05


class Row(NamedTuple):
    """A line of the table: what was run, how often it failed as reported, how often it was as good as a sound run.

    interval: of the latter share, Wilson's at 95 %; p: of Fisher's exact test against the failure, None where it is
    not a remedy; depth: how far it is indented.
    """

    kind: str
    title: str
    failed: str
    cured: str
    interval: str
    p: float | None
    depth: int = 0


def rows(trial: Trial) -> Iterator[Row]:
    """Yield the lines of the table: the control, then each hypothesis with its placebo and remedies."""
    yield _row(trial.control, None)
    for failure, *others in trial.hypotheses:
        yield _row(failure, None)
        for tested in others:
            yield _row(tested, failure, depth=1)


def _row(tested: Tested, failure: Tested | None, depth: int = 0) -> Row:
    title = clean(tested.arm.title) + (f" (x{tested.arm.times})" if tested.arm.times > 1 else "")
    low, high = share_of(tested)
    p = against(tested, failure) if failure is not None and tested.runs else None
    shown = f"{low:.0%} to {high:.0%}" if tested.runs else ""
    failed, cured = (
        f"{number}/{tested.runs}" if tested.runs else "not run" for number in (tested.failed, tested.cured)
    )
    return Row(tested.arm.kind, title, failed, cured, shown, p, depth)


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


def conclusion(plan: Plan, trial: Trial) -> Iterator[str]:
    """Yield what follows, a sentence each: whether it was reproduced, by what, and what cured it."""
    rule = clean(plan.finding.rule)
    if 2 * trial.control.cured < max(trial.control.runs, 1):
        yield "The sound settings did not learn the miniature's task, so nothing can be said."
        return
    failing = [group for group in trial.hypotheses if group[0].fails_alike]
    if not failing:
        yield f"{rule} was not reproduced: none of {count(len(trial.hypotheses), 'hypothesis')} makes it happen here."
    for failure, *others in failing:
        cures = [tested for tested in others if tested.arm.kind == Kind.REMEDY and is_cure(tested, failure)]
        named = "; ".join(f"{clean(t.arm.title)} ({t.cured}/{t.runs})" for t in cures) or "none of the remedies tried"
        cause = clean(failure.arm.title)
        yield f"{rule} happens in {failure.failed} of {failure.runs} runs when {cause}. What cures it: {named}."
        placebo = next((t for t in others if t.arm.kind == Kind.PLACEBO and t.cured), None)
        if placebo is not None:
            yield f"Other seeds alone cured {placebo.cured} of {placebo.runs}."
    quiet = [clean(group[0].arm.title) for group in trial.hypotheses if group[0].runs and not group[0].fails_alike]
    if quiet and failing:
        yield f"Not what makes it happen here: {'; '.join(quiet)}."
    if trial.unfinished:
        left = list(dict.fromkeys(trial.unfinished))
        yield f"The budget ended before: {'; '.join(left)}. The same command goes on where it stopped."

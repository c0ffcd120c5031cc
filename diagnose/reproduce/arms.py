"""The arms of an experiment: what is run, what came of it, and how a fault or a remedy becomes a specification."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.reproduce.faults import Fault, Spec, get, patched, with_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.reproduce.outcome import Result
    from diagnose.reproduce.plan import Plan
    from diagnose.types import Remedy

__all__ = [
    "Arm",
    "Kind",
    "Tested",
    "Trial",
    "applied_again",
    "failure_of",
    "level_of",
    "placebo_of",
    "remedy_arms",
    "rows_learnt",
]

_NEARLY_ALL = 0.8  # a failing arm below it gets as many seeds again


class Kind:
    """What an arm is for."""

    CONTROL = "control"
    FAILURE = "failure"
    PLACEBO = "placebo"
    REMEDY = "remedy"


class Arm(NamedTuple):
    """Runs that differ by their seed only. fault, remedy, times: of which it is made, None where it has none."""

    kind: str
    title: str
    spec: Spec
    fault: Fault | None = None
    remedy: Remedy | None = None
    times: int = 1


class Tested(NamedTuple):
    """An arm and its runs that ended.

    failed: those with the finding that is reproduced; cured: those as good as sound ones, without it; errors: of runs
    that died.
    """

    arm: Arm
    results: tuple[Result, ...]
    failed: int
    cured: int
    errors: tuple[str, ...] = ()

    @property
    def runs(self) -> int:
        """How many ended with results."""
        return len(self.results)

    @property
    def fails_alike(self) -> bool:
        """Whether at least half of the runs fail as the report does."""
        return self.runs > 0 and 2 * self.failed >= self.runs

    @property
    def fails_at_times(self) -> bool:
        """Whether some runs fail as the report does and a good part does not."""
        return 0 < self.failed < _NEARLY_ALL * self.runs

    @property
    def is_good(self) -> bool:
        """Whether nearly all runs are as good as sound ones."""
        return self.runs > 0 and self.cured >= _NEARLY_ALL * self.runs

    @property
    def has_learnt(self) -> bool:
        """Whether most runs of a sound arm are good."""
        return self.runs > 0 and 2 * self.cured >= self.runs

    @property
    def level(self) -> float:
        """The median skill of the runs that have a number: what sound runs reach, of a control."""
        skills = [result.skill for result in self.results if math.isfinite(result.skill)]
        return statistics.median(skills) if skills else math.nan


class Trial(NamedTuple):
    """What came of it: the control, then for each hypothesis its failure, placebo and remedies.

    unfinished: what the budget did not reach.
    """

    control: Tested
    hypotheses: tuple[tuple[Tested, ...], ...]
    unfinished: tuple[str, ...]
    seconds: float


def failure_of(fault: Fault, spec: Spec) -> Arm:
    """Return the arm in which a specification has a fault."""
    made = patched(with_values(spec, fault.needs), fault.change)
    if made is None:
        msg = f"{fault.name}: the miniature has no value to change"
        raise ValueError(msg)
    return Arm(Kind.FAILURE, fault.title, made, fault)


def level_of(plan: Plan, fault: Fault | None = None) -> Arm:
    """Return the sound arm that a fault is held against: the plan's, or that of the miniature that the fault needs."""
    if fault is None or not fault.needs:
        return Arm(Kind.CONTROL, "sound settings", plan.sound)
    return Arm(Kind.CONTROL, fault.title, with_values(plan.sound, fault.needs))


def placebo_of(failure: Arm) -> Arm:
    """Return the arm that changes nothing but the seeds of a failing one."""
    return Arm(Kind.PLACEBO, "the same with other seeds", failure.spec, failure.fault)


def remedy_arms(plan: Plan, failure: Arm, sound: Spec) -> Iterable[Arm]:
    """Yield an arm for each remedy of a plan that can be carried out on a failing arm."""
    for remedy in plan.remedies:
        # A switch that is off already changes nothing.
        change = {n: how for n, how in _change_of(remedy).items() if how != {"set": False} or get(failure.spec, n)}
        spec = patched(failure.spec, change) if change else None
        if spec is None and failure.fault is not None and failure.fault.name in remedy.undoes:
            spec = with_values(failure.spec, {name: get(sound, name) for name in failure.fault.change})
        # Other seeds alone are the placebo.
        if spec is not None and with_values(spec, {"args.seed": None}) != failure.spec:
            yield Arm(Kind.REMEDY, remedy.title, spec, failure.fault, remedy)


def applied_again(arm: Arm, failure: Arm, times: int) -> Arm | None:
    """Return the arm with its factors applied `times` over; None where it has none."""
    change = {} if arm.remedy is None else _change_of(arm.remedy)
    if not any("multiply" in how for how in change.values()):
        return None
    spec = patched(failure.spec, change, times)
    return arm._replace(spec=spec, times=times) if spec is not None else None


def rows_learnt(spec: Spec) -> float:
    """Return about how many rows a run of a specification learns from."""
    steps = spec.get("args", {}).get("max_steps", -1)
    if steps > 0:
        return float(steps * get(spec, "args.per_device_train_batch_size"))
    return float(get(spec, "args.num_train_epochs") * get(spec, "data.rows"))


def _change_of(remedy: Remedy) -> dict[str, Any]:
    """Return a remedy's patch in the dotted names of a specification: plain ones are training arguments."""
    dotted = {
        name if "." in name else f"args.{name}": how if isinstance(how, dict) else {"set": how}
        for name, how in remedy.change.items()
    }
    return {**dotted, **remedy.trial}

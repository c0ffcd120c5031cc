"""The experiment: arms of a few seeds each, in rounds, until each is decided or the budget is spent."""

from __future__ import annotations

import hashlib
import json
import math
import statistics
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.reproduce.faults import Fault, Spec, get, patched, with_values
from diagnose.reproduce.outcome import Result, is_cured, judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from diagnose.reproduce.plan import Plan
    from diagnose.reproduce.runner import Workers
    from diagnose.types import Remedy

__all__ = ["Arm", "Experiment", "Kind", "Tested", "Trial"]

_ROUND = 4  # seeds; an arm without a single success after a round is not pursued
_LADDER = 3  # a factor is tried once, twice and three times over: "lower the rate" does not say how far


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

    failed: those with the finding that is reproduced; cured: those as good as sound ones; errors: of runs that died.
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


class Experiment:
    """Carries a plan out in a folder; what lies there already is not run again."""

    def __init__(
        self, plan: Plan, folder: Path, workers: Workers, *, seeds: int = 8, seconds: float = 180.0,
        on_run: Callable[[str, int, int], None] = lambda *_: None,
    ) -> None:  # fmt: skip
        self.plan, self.folder, self.seeds, self.on_run = plan, folder, seeds, on_run
        self.workers = workers
        self.start = time.monotonic()
        self.deadline = self.start + seconds
        self.unfinished: list[str] = []
        self.first_seed = 0

    def carry_out(self) -> Trial:
        """Run the control, then each hypothesis, and the remedies of those that fail as the report does."""
        (sound,) = self.test([Arm(Kind.CONTROL, "sound settings", self.plan.sound)])
        groups = [self.hypothesis(fault, spec, sound) for fault, spec in self.plan.hypotheses]
        return Trial(self.counted(sound, sound), tuple(groups), tuple(self.unfinished), time.monotonic() - self.start)

    def hypothesis(self, fault: Fault, spec: Spec, sound: Tested) -> tuple[Tested, ...]:
        """Return the runs with a fault, and those of the remedies where it fails as the report does.

        A fault that needs a miniature of its own is held against sound runs of that miniature.
        """
        level = sound
        if fault.needs:
            (level,) = self.test([Arm(Kind.CONTROL, fault.title, with_values(self.plan.sound, fault.needs))])
        (tested,) = self.test([self.arm_of(fault, spec)])
        failure = self.counted(tested, level)
        return (failure, *(self.remedies(failure, level) if failure.fails_alike else ()))

    def arm_of(self, fault: Fault, spec: Spec) -> Arm:
        """Return the arm in which a specification has a fault."""
        return Arm(Kind.FAILURE, fault.title, _with_fault(fault, spec), fault)

    def remedies(self, failure: Tested, sound: Tested) -> tuple[Tested, ...]:
        """Test the placebo and each remedy against a failure; a factor's ladder ends at its first cure."""
        arms = [Arm(Kind.PLACEBO, "the same with other seeds", failure.arm.spec, failure.arm.fault)]
        arms += self.remedy_arms(failure.arm, sound.arm.spec)
        found = [self.counted(tested, sound) for tested in self.test(arms, sound)]
        for times in range(2, _LADDER + 1):
            again = [
                (i, arm)
                for i, tested in enumerate(found)
                if not tested.cured and tested.runs and (arm := self.longer(tested.arm, failure.arm, times)) is not None
            ]
            for (i, _), tested in zip(again, self.test([arm for _, arm in again], sound), strict=True):
                counted = self.counted(tested, sound)
                found[i] = counted if counted.cured > found[i].cured else found[i]
        return tuple(found)

    def remedy_arms(self, failure: Arm, sound: Spec) -> Iterable[Arm]:
        """Yield an arm for each remedy that can be carried out on the miniature."""
        for remedy in self.plan.remedies:
            change = _change_of(remedy)
            spec = patched(failure.spec, change) if change else None
            if spec is None and failure.fault is not None and failure.fault.name in remedy.undoes:
                spec = with_values(failure.spec, {name: get(sound, name) for name in failure.fault.change})
            if spec is not None and spec != failure.spec:
                yield Arm(Kind.REMEDY, remedy.title, spec, failure.fault, remedy)

    def longer(self, arm: Arm, failure: Arm, times: int) -> Arm | None:
        """Return the arm with its factors applied `times` over; None where it has none."""
        change = {} if arm.remedy is None else _change_of(arm.remedy)
        if not any("multiply" in how for how in change.values()):
            return None
        spec = patched(failure.spec, change, times)
        return arm._replace(spec=spec, times=times) if spec is not None else None

    def test(self, arms: Sequence[Arm], sound: Tested | None = None) -> list[Tested]:
        """Run all arms in rounds of seeds; a remedy whose first round has no success is left at that."""
        done: dict[int, list[Result]] = {i: [] for i in range(len(arms))}
        errors: dict[int, list[str]] = {i: [] for i in range(len(arms))}
        for first in range(0, self.seeds, _ROUND):
            open_arms = [i for i, arm in enumerate(arms) if first == 0 or self.is_open(arm, done[i], sound)]
            specs = {
                self.place(self.seeded(arms[i], seed)): (i, self.seeded(arms[i], seed))
                for i in open_arms
                for seed in range(first, min(first + _ROUND, self.seeds))
            }
            asked = [{**spec, "output": str(place)} for place, (_, spec) in specs.items()]
            ended = 0
            for outcome in self.workers.carry_out(asked, self.deadline):
                ended += 1
                i, spec = specs[outcome.folder]
                if outcome.error:
                    errors[i].append(outcome.error)
                else:
                    done[i].append(judged(outcome.folder, self.plan.task, self.classes(spec)))
                self.on_run(arms[i].title, ended, len(asked))
            if ended < len(asked):
                self.unfinished += [arms[i].title for i in open_arms if len(done[i]) < min(first + _ROUND, self.seeds)]
                break
        return [Tested(arm, tuple(done[i]), 0, 0, tuple(errors[i])) for i, arm in enumerate(arms)]

    def is_open(self, arm: Arm, results: Sequence[Result], sound: Tested | None) -> bool:
        """Whether more seeds could change what is said of an arm."""
        return arm.kind != Kind.REMEDY or sound is None or any(is_cured(r.skill, sound.level) for r in results)

    def counted(self, tested: Tested, sound: Tested) -> Tested:
        """Count the failures and the successes of an arm."""
        failed = sum(self.fails_alike(result) for result in tested.results)
        return tested._replace(failed=failed, cured=sum(is_cured(r.skill, sound.level) for r in tested.results))

    def fails_alike(self, result: Result) -> bool:
        """Whether a run has an error that the report has: its finding's, or one that follows from it."""
        finding = self.plan.finding
        alike = {finding.rule, *finding.consequences}
        found = {rule for f in result.findings for rule in (f.rule, *f.consequences) if f.severity is finding.severity}
        return bool(alike & found)

    def seeded(self, arm: Arm, seed: int) -> Spec:
        """Return an arm's specification with a seed; a placebo's seeds are other ones."""
        number = self.first_seed + seed + (1000 if arm.kind == Kind.PLACEBO else 0)
        return with_values(arm.spec, {"data.seed": number, "args.seed": number})

    def place(self, spec: Spec) -> Path:
        """Return the folder of a run, named by its specification: the same run is found again."""
        name = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]
        return self.folder / "runs" / name

    def classes(self, spec: Spec) -> int:
        """Return the number of classes of a run, or the size of its vocabulary."""
        return int(
            spec.get("data", {}).get("vocabulary", 256) if self.plan.task == "lm" else spec["data"].get("classes", 3)
        )


def _with_fault(fault: Fault, spec: Spec) -> Spec:
    """Return the specification with the fault in it."""
    made = patched(with_values(spec, fault.needs), fault.change)
    if made is None:
        msg = f"{fault.name}: the miniature has no value to change"
        raise ValueError(msg)
    return made


def _change_of(remedy: Remedy) -> dict[str, Any]:
    """Return a remedy's patch in the dotted names of a specification: plain ones are training arguments."""
    dotted = {
        name if "." in name else f"args.{name}": how if isinstance(how, dict) else {"set": how}
        for name, how in remedy.change.items()
    }
    return {**dotted, **remedy.trial}

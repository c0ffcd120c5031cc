"""The experiment: arms of a few seeds each, in rounds, until each is decided or the budget is spent."""

from __future__ import annotations

import hashlib
import json
import time
from itertools import pairwise
from typing import TYPE_CHECKING

from diagnose.reproduce.arms import (
    Arm,
    Kind,
    Tested,
    Trial,
    applied_again,
    failure_of,
    level_of,
    placebo_of,
    remedy_arms,
    rows_learnt,
)
from diagnose.reproduce.faults import Spec, with_values
from diagnose.reproduce.outcome import Result, is_cured, judged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from diagnose.reproduce.plan import Plan
    from diagnose.reproduce.runner import Pool

__all__ = ["ROUND", "Experiment"]

ROUND = 4  # seeds; an arm without a single success after a round is not pursued
_PROBE = 2  # seeds: the first round of a rung
_LADDER = (2, 3, 5, 8)  # times over: "lower the rate" does not say how far
_LONGEST = 5  # times the steps of the sound run: what a run on the ladder may cost


class Experiment:
    """Carries a plan out in a folder; what lies there already is not run again."""

    def __init__(
        self, plan: Plan, folder: Path, workers: Pool, *, seeds: int = 8, seconds: float = 180.0,
        on_run: Callable[[str, int, int], None] = lambda *_: None,
    ) -> None:  # fmt: skip
        self.plan, self.folder, self.seeds, self.on_run = plan, folder, seeds, on_run
        self.workers = workers
        self.start = time.monotonic()
        self.deadline = self.start + seconds
        self.unfinished: list[str] = []
        self.first_seed = 0

    def carry_out(self) -> Trial:
        """Run the sound arms, then all that may fail, then the remedies of those that fail as the report does.

        A fault that needs a miniature of its own is held against sound runs of that miniature.
        """
        plan = self.plan
        held = [level_of(plan, fault) for fault, _ in plan.hypotheses]
        arms = {arm.title: arm for arm in (level_of(plan), *held)}
        own = dict(zip(arms, self.test(list(arms.values())), strict=True))
        sound = own[level_of(plan).title]
        if not self.counted(sound, sound).has_learnt:  # an unreadable checkpoint, say: nothing would follow from more
            return Trial(self.counted(sound, sound), (), tuple(self.unfinished), time.monotonic() - self.start)
        levels = [own[arm.title] for arm in held]
        failures = self.failures([failure_of(fault, spec) for fault, spec in plan.hypotheses], levels)
        alike = [i for i, failure in enumerate(failures) if failure.fails_alike]
        treated = dict(zip(alike, self.remedies([(failures[i], levels[i]) for i in alike]), strict=True))
        groups = tuple((failure, *treated.get(i, ())) for i, failure in enumerate(failures))
        return Trial(self.counted(sound, sound), groups, tuple(self.unfinished), time.monotonic() - self.start)

    def failures(self, arms: Sequence[Arm], levels: Sequence[Tested]) -> list[Tested]:
        """Run the failing arms; one that fails now and then gets as many seeds again, to tell it from a cure."""
        found = self.test(arms, levels)
        again = [i for i, tested in enumerate(found) if tested.runs >= self.seeds and tested.fails_at_times]
        more = self.test([arms[i] for i in again], [levels[i] for i in again], 2 * self.seeds)
        for i, tested in zip(again, more, strict=True):
            found[i] = tested
        return found

    def remedies(self, failures: Sequence[tuple[Tested, Tested]]) -> list[tuple[Tested, ...]]:
        """Test a placebo and each remedy against failures, each given with sound runs.

        All that is tried once comes before what is tried twice over, and short runs before long ones: a budget that
        ends too early has then been spent on the most. A factor is applied again where nothing has cured yet.
        """
        tried = [
            (i, arm, level)
            for i, (failure, level) in enumerate(failures)
            for arm in (placebo_of(failure.arm), *remedy_arms(self.plan, failure.arm, level.arm.spec))
        ]
        found = self.sorted_test([(arm, level) for _, arm, level in tried])
        for times in _LADDER:
            pairs = zip(tried, found, strict=True)
            cured = {i for (i, arm, _), tested in pairs if arm.kind == Kind.REMEDY and tested.is_good}
            again = {
                j: arm
                for j, (i, _, level) in enumerate(tried)
                if found[j].runs and i not in cured
                and (arm := applied_again(found[j].arm, failures[i][0].arm, times)) is not None
                and rows_learnt(arm.spec) <= _LONGEST * rows_learnt(level.arm.spec)
            }  # fmt: skip
            tests = self.sorted_test([(arm, tried[j][2]) for j, arm in again.items()])
            for j, tested in zip(again, tests, strict=True):
                better = tested.runs and tested.cured / tested.runs > found[j].cured / found[j].runs
                found[j] = tested if better else found[j]
        return [tuple(found[j] for j, (owner, _, _) in enumerate(tried) if owner == i) for i in range(len(failures))]

    def sorted_test(self, arms: Sequence[tuple[Arm, Tested]]) -> list[Tested]:
        """Test arms, those with the shortest runs first, and return them in the order given."""
        order = sorted(range(len(arms)), key=lambda i: rows_learnt(arms[i][0].spec))
        tested = self.test([arms[i][0] for i in order], [arms[i][1] for i in order])
        return [tested[order.index(i)] for i in range(len(arms))]

    def test(
        self, arms: Sequence[Arm], levels: Sequence[Tested] | None = None, seeds: int | None = None
    ) -> list[Tested]:
        """Run all arms in rounds of seeds, until more of them would change nothing; levels: the sound runs of each.

        Without levels nothing is counted, and all seeds are run.
        """
        seeds = seeds or self.seeds
        done: dict[int, list[Result]] = {i: [] for i in range(len(arms))}
        errors: dict[int, list[str]] = {i: [] for i in range(len(arms))}

        def tested(i: int) -> Tested:
            bare = Tested(arms[i], tuple(done[i]), 0, 0, tuple(errors[i]))
            return bare if levels is None else self.counted(bare, levels[i])

        probed = any(arm.times > 1 for arm in arms)
        rounds = [0, _PROBE, *range(2 * ROUND, seeds, ROUND)] if probed else range(0, seeds, ROUND)
        for first, last in pairwise([*(at for at in rounds if at < seeds), seeds]):
            open_arms = [i for i in range(len(arms)) if first == 0 or levels is None or _is_open(tested(i))]
            specs: dict[Path, tuple[Spec, list[int]]] = {}
            for i in open_arms:
                for spec in (self.seeded(arms[i], seed) for seed in range(first, last)):
                    specs.setdefault(self.place(spec), (spec, []))[1].append(i)  # two arms may come to the same run
            asked = [{**spec, "output": str(place)} for place, (spec, _) in specs.items()]
            ended = 0
            for outcome in self.workers.carry_out(asked, self.deadline):
                ended += 1
                spec, owners = specs[outcome.folder]
                result = None if outcome.error else judged(outcome.folder, self.plan.task, self.classes(spec))
                for i in owners:
                    if result is None:
                        errors[i].append(outcome.error)
                    else:
                        done[i].append(result)
                self.on_run(arms[owners[0]].title, ended, len(asked))
            if ended < len(asked):
                self.unfinished += [arms[i].title for i in open_arms if len(done[i]) + len(errors[i]) < last]
                break
        return [tested(i) for i in range(len(arms))]

    def counted(self, tested: Tested, sound: Tested) -> Tested:
        """Count the failures and the successes of an arm: as good as sound runs, and without the finding."""
        failing = [self.fails_alike(result) for result in tested.results]
        good = [is_cured(result.skill, sound.level, self.plan.task) for result in tested.results]
        cured = sum(well and not ill for well, ill in zip(good, failing, strict=True))
        return tested._replace(failed=sum(failing), cured=cured)

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

    def classes(self, spec: Spec) -> int | None:
        """Return the number of classes of a run, or the size of its vocabulary; None where only its files tell."""
        data = spec.get("data", {})
        if "train" in data:
            return None
        return int(data.get("vocabulary", 256) if self.plan.task == "lm" else data.get("classes", 3))


def _is_open(tested: Tested) -> bool:
    """Whether more seeds could change what is said of an arm: not where a whole round has no success, or no failure."""
    if tested.arm.kind in (Kind.REMEDY, Kind.PLACEBO):
        return tested.cured > 0
    return tested.arm.kind != Kind.FAILURE or tested.failed > 0

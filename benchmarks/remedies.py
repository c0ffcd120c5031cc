"""The laboratory: each fault is made on purpose, judged from its files, and treated as the report says.

    python benchmarks/remedies.py [--seeds 8] [--first-seed 0] [--folder FOLDER] [FAULT ...]

A row a fault: how many runs failed (less than three quarters of the skill of sound ones, or a loss that is not theirs),
in how many of those the first finding names it (a remedy of that finding undoes it; of the first two), and how many
runs the first remedy, and the better of the first two, makes as good as sound ones; the placebo is other seeds. Status
1 where a sound run has an error finding.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from diagnose.reproduce.arms import Arm, Kind, failure_of
from diagnose.reproduce.experiment import Experiment
from diagnose.reproduce.faults import faults, with_values
from diagnose.reproduce.outcome import is_cured
from diagnose.reproduce.plan import Plan
from diagnose.reproduce.runner import Workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.reproduce.arms import Tested
    from diagnose.reproduce.faults import Fault, Spec
    from diagnose.reproduce.outcome import Result
    from diagnose.types import Finding

_CURES = 0.9
SOUND: dict[str, Spec] = {
    "classification": {"data": {"shares": [0.6, 0.25, 0.15], "classes": 3}},
    "multilabel": {},
    "regression": {"data": {"markers": 6}},
    "tagging": {"data": {"classes": 4, "entities": 0.05}},
    "lm": {"model": {"type": "llama"}},
    "retrieval": {},
}


class Share(NamedTuple):
    """How many of how many; of none where nothing could be carried out on a miniature, which is no cure."""

    hits: int = 0
    of: int = 0

    def __str__(self) -> str:
        return f"{self.hits}/{self.of}"

    @property
    def is_cure(self) -> bool:
        """Whether it is at least nine in ten."""
        return self.of > 0 and self.hits >= _CURES * self.of


class Row(NamedTuple):
    """What came of a fault on a task; every count is of runs."""

    name: str
    runs: int
    failed: int
    named: int
    named_in_two: int
    first: str
    cured_by_first: Share
    cured_by_two: Share
    placebo: Share
    sound_errors: int
    seconds: float


def laboratory(name: str, fault: Fault, task: str, workers: Workers, arguments: argparse.Namespace) -> Row:
    """Carry one fault through the whole chain."""
    start = time.monotonic()
    size = {"data.rows": arguments.rows, "data.eval_rows": arguments.rows // 2} if arguments.rows else {}
    sound = with_values({"task": task, **SOUND[task]}, {"data.classes": 3, **size, **fault.needs})
    plan = Plan(None, task, sound, (), (), ())  # type: ignore[arg-type]  # the finding is what is to be found
    lab = Experiment(plan, arguments.folder, workers, seeds=arguments.seeds, seconds=1e6)
    lab.first_seed = arguments.first_seed
    failure_arm = failure_of(fault, sound)
    control, failure = lab.test([Arm(Kind.CONTROL, "sound", sound), failure_arm])
    failing = failures(failure, control)
    if 0 < len(failing) < _CURES * failure.runs:  # twice as many seeds tell six in ten from none
        (failure,) = lab.test([failure_arm], seeds=2 * arguments.seeds)
        failing = failures(failure, control)
    named, in_two, first = 0, 0, Counter[str]()
    advice: dict[tuple[str, ...], list[Finding]] = {}
    for result in failing:
        if result.findings:
            finding = result.findings[0]
            first[finding.rule] += 1
            advice.setdefault((finding.rule, *(r.title for r in finding.remedies[:2])), []).append(finding)
            ranks = [i for i, remedy in enumerate(finding.remedies) if name in remedy.undoes]
            named += bool(ranks)
            in_two += bool(ranks) and ranks[0] < 2
    cured, placebo = [Share(), Share()], Share()
    if advice:
        finding = max(advice.values(), key=len)[0]  # what most of the failing runs are told to try
        tested: list[Tested] = []
        for i, remedy in enumerate(finding.remedies[:2]):
            if not best(tested).is_cure:  # the second is asked only where the first has failed
                lab.plan = plan._replace(finding=finding, remedies=(remedy,))
                other, *arms = lab.remedies([(failure, control)])[0]
                tested += arms
            cured[i:] = [best(tested)] * (2 - i)
        placebo = best([other])
    errors = sum(result.has_error for result in control.results)
    rule = ", ".join(f"{rule} {count}" for rule, count in first.most_common(2))
    took = time.monotonic() - start
    return Row(
        f"{name} ({task})", failure.runs, len(failing), named, in_two, rule, cured[0], cured[1], placebo, errors, took
    )


def failures(tested: Tested, control: Tested) -> list[Result]:
    """Return the runs without the skill of sound ones, or with a loss that is off by a quarter of ln K from theirs."""
    loss = statistics.median(result.loss for result in control.results)
    task, data = tested.arm.spec["task"], tested.arm.spec["data"]
    far = 0.25 * math.log(data["classes"]) if task == "classification" else math.inf
    return [r for r in tested.results if not is_cured(r.skill, control.level, task) or abs(r.loss - loss) > far]


def best(tested: Sequence[Tested]) -> Share:
    """Return the most cured of some arms."""
    return max((Share(t.cured, t.runs) for t in tested), key=lambda share: share.hits, default=Share())


def line(row: Row) -> str:
    """Return a row as text."""
    failed = f"{row.failed}/{row.runs}"
    return (
        f"{row.name:38} {failed:>6} {row.named:>6} {row.named_in_two:>7} {row.cured_by_first!s:>10} "
        f"{row.cured_by_two!s:>8} {row.placebo!s:>8} {row.sound_errors:>13} {row.seconds:>5.0f}  {row.first}"
    )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faults", nargs="*")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=0, help="of the training sets, where the recipe does not say")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    arguments.folder = arguments.folder or Path(tempfile.mkdtemp(prefix="laboratory-"))
    start, rows = time.monotonic(), []
    print(f"{'fault (task)':38} failed  named  in two  1st cures  1st two  placebo  sound errors  s  first finding")
    asked = [(name, fault) for name, fault in faults().items() if not arguments.faults or name in arguments.faults]
    with Workers(arguments.workers) as workers:
        for name, fault in asked:
            for task in fault.task:
                rows.append(laboratory(name, fault, task, workers, arguments))
                print(line(rows[-1]), flush=True)
    failing = sum(row.failed for row in rows)
    first = sum(row.cured_by_first.is_cure for row in rows)
    two = sum(row.cured_by_two.is_cure for row in rows)
    print(f"\n{len(rows)} recipes, {failing} failing runs, {sum(row.named for row in rows)} named by the first finding")
    print(f"cured in at least nine runs of ten: by the first remedy {first} recipes, by one of the first two {two}")
    print(f"sound runs with an error: {sum(row.sound_errors for row in rows)}; {time.monotonic() - start:.0f} s")
    return int(any(row.sound_errors for row in rows))


if __name__ == "__main__":
    sys.exit(main())

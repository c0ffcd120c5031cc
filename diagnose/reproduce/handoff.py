"""What `--dry-run --folder` leaves: the specifications as files, and the lines that carry them out elsewhere."""

from __future__ import annotations

import hashlib
import json
import shlex
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnose.reproduce.arms import failure_of, level_of, placebo_of, remedy_arms
from diagnose.reproduce.experiment import Experiment
from diagnose.reproduce.faults import with_values
from diagnose.reproduce.runner import Outcome, is_finished

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.reproduce.arms import Arm
    from diagnose.reproduce.faults import Spec
    from diagnose.reproduce.plan import Plan

__all__ = ["handed_off"]


def handed_off(plan: Plan, folder: Path, seeds: int) -> str:
    """Write what is to be run, a folder for each arm and a file for each of its seeds, and return what to do with it.

    All arms once; where these have ended, what the experiment asks for next (a factor once more, further seeds).
    """
    specs = _every(plan, folder, seeds) or _next(plan, folder, seeds)
    if not specs:
        return "\nNothing is left to be run: the same command without --dry-run judges what lies in the folder.\n"
    arms = [list(arm) for _, arm in groupby(specs, key=_but_seeds)]
    place = folder.resolve() / "specs" / hashlib.sha256(json.dumps(specs).encode()).hexdigest()[:8]
    for i, arm in enumerate(arms, 1):
        (place / str(i)).mkdir(parents=True, exist_ok=True)
        for spec in arm:
            text = json.dumps({**spec, "output": str(Path(spec["output"]).resolve())}, indent=2)
            (place / str(i) / f"{spec['args']['seed']}.json").write_text(text, encoding="utf-8")
    return "\n".join(["", *_lines(place, arms)]) + "\n"


def _but_seeds(spec: Spec) -> Spec:
    return {**with_values(spec, {"data.seed": None, "args.seed": None}), "output": None}


def _every(plan: Plan, folder: Path, seeds: int) -> list[Spec]:
    """Return the runs of all arms that have not ended: sound ones, failures, and what is tried against them once."""
    lab = Experiment(plan, folder, _Paper(), seeds=seeds)
    specs: dict[Path, Spec] = {}
    for arm in _arms(plan):
        for seed in range(seeds):
            spec = lab.seeded(arm, seed)
            specs.setdefault(lab.place(spec), spec)
    asked = ({**spec, "output": str(path)} for path, spec in specs.items())
    return [spec for spec in asked if not is_finished(spec)]


def _arms(plan: Plan) -> Iterator[Arm]:
    yield level_of(plan)
    for fault, spec in plan.hypotheses:
        failure, level = failure_of(fault, spec), level_of(plan, fault)
        yield level
        yield failure
        yield placebo_of(failure)
        yield from remedy_arms(plan, failure, level.spec)


def _next(plan: Plan, folder: Path, seeds: int) -> list[Spec]:
    """Return what the experiment would run, as things stand."""
    paper = _Paper()
    Experiment(plan, folder, paper, seeds=seeds).carry_out()
    return list({spec["output"]: spec for spec in paper.left}.values())


class _Paper:
    """Workers that carry nothing out: they tell what has ended, and note the rest."""

    def __init__(self) -> None:
        self.left: list[dict[str, Any]] = []

    def carry_out(self, specs: Sequence[Mapping[str, Any]], _deadline: float | None = None) -> Iterator[Outcome]:
        for spec in specs:
            if is_finished(spec):
                yield Outcome(Path(spec["output"]), "")
            else:
                self.left.append(dict(spec))


def _lines(place: Path, arms: Sequence[Sequence[Spec]]) -> Iterator[str]:
    """Yield the lines, which want a disk that all hosts share."""
    specs, first = shlex.quote(str(place)), f"1/{arms[0][0]['args']['seed']}.json"
    train = "-m diagnose.train"
    task = shlex.quote(f"python {train} {specs}/$SLURM_ARRAY_TASK_ID/*.json")
    gpu = " --gres=gpu:1" if any(spec.get("model", {}).get("checkpoint") for arm in arms for spec in arm) else ""
    log = shlex.quote(f"{place}/%a/slurm.log")
    yield f"{sum(map(len, arms))} specifications of {len(arms)} arms lie in {place}. Carry them out with one of these,"
    yield "then judge them with the same command without --dry-run, which runs only what is missing:"
    yield f"  here:     python {train} {specs}/*/*.json"
    yield f"  on Slurm: sbatch --array=1-{len(arms)} --cpus-per-task=1{gpu} --output={log} --wrap {task}"
    yield "One run that is too large for one process, on 2 GPUs of this host, or on the hosts of `accelerate config`:"
    yield f"  torchrun --standalone --nproc-per-node 2 {train} {specs}/{first}"
    yield f"  accelerate launch {train} {specs}/{first}"

"""What the training callbacks do to a run: nothing to its numbers, little to its time, and an end to one that failed.

    python benchmarks/callbacks.py [equal] [stopped] [healthy] [overhead]      (default: all, some fifteen minutes)

equal: the losses and the final weights with and without the callback, bit by bit, in transformers and in Lightning.
stopped: runs collapsed by their learning rate, in ten seeds: the step at which each is stopped.
healthy: runs of varied tasks, sizes and rates until fifty of them are sound: how many of those would be stopped.
overhead: 2,000 steps with and without the callback, in turns: CPU time, and the time spent in the callback itself.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from tiny_lightning import fit
from tiny_runs import Recipe, ends_sound, trainer
from transformers import TrainerControl

from diagnose.integrations import hf_trainer, lightning_callback

if TYPE_CHECKING:
    from collections.abc import Callable

COLLAPSED = Recipe(learning_rate=0.1)


def run(recipe: Recipe, folder: Path, *callbacks: Any, **more: Any) -> Any:
    """Train with transformers and return the Trainer."""
    made = trainer(recipe, folder, callbacks, **more)
    made.train()
    return made


def equal(folder: Path) -> None:
    """Compare losses and weights with and without the callback, dropout included, so that random numbers count."""
    recipe = Recipe(dropout=0.1, logging_steps=1)
    runs = [run(recipe, folder, *callbacks) for callbacks in ((), (hf_trainer.DiagnoseCallback(stop_on="error"),))]
    losses = [
        [row[name] for row in made.state.log_history for name in ("loss", "grad_norm") if name in row] for made in runs
    ]
    weights = [torch.cat([p.detach().flatten() for p in made.model.parameters()]) for made in runs]
    print(f"transformers: {len(losses[0])} losses and gradient norms equal: {losses[0] == losses[1]};", end=" ")
    print(f"{len(weights[0]):,} weights equal: {torch.equal(*weights)}")
    fits = [fit(recipe, folder, made) for made in ((), (lightning_callback.DiagnoseCallback(stop_on="error"),))]
    weights = [torch.cat([p.detach().flatten() for p in made.model.parameters()]) for made, _ in fits]
    print(f"lightning: {len(fits[0][1])} losses equal: {fits[0][1] == fits[1][1]};", end=" ")
    print(f"{len(weights[0]):,} weights equal: {torch.equal(*weights)}")


def stopped(folder: Path) -> None:
    """Print the step at which runs are stopped that collapsed at too high a rate."""
    kinds = {
        "classification, rate 0.1": COLLAPSED,
        "the same, evaluated every 8 steps": replace(COLLAPSED, eval_steps=8),
        "regression, rate 0.3": Recipe(learning_rate=0.3, regression=True),
    }
    for name, recipe in kinds.items():
        ends = []
        for seed in range(10):
            made = run(replace(recipe, seed=seed), folder, hf_trainer.DiagnoseCallback(stop_on="error"))
            ends.append(made.state.global_step)
        _print_stops(f"transformers, {name}", ends, recipe.steps)
    ends = []
    for seed in range(10):
        made, _ = fit(replace(COLLAPSED, seed=seed), folder, [lightning_callback.DiagnoseCallback(stop_on="error")])
        ends.append(made.global_step)
    _print_stops("lightning, classification, rate 0.1", ends, COLLAPSED.steps)


def _print_stops(name: str, ends: list[int], steps: int) -> None:
    early = [end for end in ends if end < steps]
    saved = 1 - median(ends) / steps
    print(f"{name}: {len(early)} of {len(ends)} stopped, at steps {sorted(ends)} of {steps}; median saved {saved:.0%}")


def healthy(folder: Path, wanted: int = 50) -> None:
    """Run varied recipes to their ends until `wanted` of them are sound, and count who would have been stopped."""
    counts: Counter[str] = Counter()
    warned: Counter[str] = Counter()
    seed = 0
    while counts["sound"] < wanted:
        recipe = Recipe.varied(seed)
        seed += 1
        watches = {"with samples": Recorded(), "without samples": Recorded(sample_every=0)}
        made = run(recipe, folder, *watches.values())
        kind = "sound" if ends_sound(recipe, made.state.log_history) else "other"
        counts[kind] += 1
        for name, watch in watches.items():
            counts[f"{kind} {name}"] += watch.stopped_at is not None
        if kind == "sound":
            warned.update(watches["with samples"].warned)
    for kind in ("sound", "other"):
        for name in ("with samples", "without samples"):
            print(f"{kind} runs, {name} of the gradients: {counts[f'{kind} {name}']} of {counts[kind]} stopped")
    print(f"sound runs warned of on their way: {dict(warned.most_common())}")


class Recorded(hf_trainer.DiagnoseCallback):
    """The callback, whose stops are noted and not carried out."""

    def __init__(self, **options: Any) -> None:
        super().__init__(stop_on="error", **options)
        self.stopped_at: int | None = None
        self.warned: set[str] = set()

    def on_log(self, args: Any, state: Any, control: Any, **given: Any) -> None:  # noqa: ARG002  # the Trainer calls it so
        """Let the callback decide about a control of its own."""
        self._decide(super().on_log, args, state, given)

    def on_evaluate(self, args: Any, state: Any, control: Any, **given: Any) -> None:  # noqa: ARG002  # as above
        """Let the callback decide about a control of its own."""
        self._decide(super().on_evaluate, args, state, given)
        self.warned = {rule for rule, _ in self._watch.said}

    def _decide(self, hook: Callable[..., None], args: Any, state: Any, given: dict[str, Any]) -> None:
        control = TrainerControl()
        hook(args, state, control, **given)
        if control.should_training_stop and self.stopped_at is None:
            self.stopped_at = state.global_step


def overhead(folder: Path, steps: int = 2000, pairs: int = 5) -> None:
    """Time `pairs` pairs of runs of `steps` steps: the order within a pair changes, since the machine is shared."""
    recipe = Recipe(steps=steps, eval_steps=500, logging_steps=50, hidden=64)
    plain: list[float] = []
    watched: list[float] = []
    inside: list[float] = []
    for pair in range(pairs):
        for with_it in (True, False) if pair % 2 else (False, True):
            timed = Timed() if with_it else None
            made = trainer(recipe, folder, [timed] if timed else [])
            start = time.process_time()
            made.train()
            spent = time.process_time() - start
            (watched if with_it else plain).append(spent)
            if timed:
                inside.append(timed.spent / spent)
    ratios = [one / other for one, other in zip(watched, plain, strict=True)]
    print(f"{steps} steps, {median(plain) / steps * 1e3:.2f} ms of CPU a step without the callback")
    print(f"with/without: median {median(ratios):.4f}, all {[round(ratio, 4) for ratio in sorted(ratios)]}")
    print(f"time in the callback: median {median(inside):.3%} of the run, all {[f'{x:.3%}' for x in sorted(inside)]}")


class Timed(hf_trainer.DiagnoseCallback):
    """The callback, with a clock around each of its hooks."""

    def __init__(self) -> None:
        super().__init__(stop_on="error")
        self.spent = 0.0
        for name in (
            "on_train_begin",
            "on_step_begin",
            "on_pre_optimizer_step",
            "on_log",
            "on_evaluate",
            "on_train_end",
        ):
            setattr(self, name, self._clocked(getattr(self, name)))

    def _clocked(self, hook: Callable[..., None]) -> Callable[..., None]:
        def clocked(*given: Any, **named: Any) -> None:
            start = time.process_time()
            hook(*given, **named)
            self.spent += time.process_time() - start

        return clocked


def main() -> None:
    """Run the measures that are named, or all."""
    measures = {measure.__name__: measure for measure in (equal, stopped, healthy, overhead)}
    for logger in ("diagnose", "transformers"):
        logging.getLogger(logger).setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or measures:
            measures[name](Path(folder))


if __name__ == "__main__":
    main()

"""A callback for the Trainer of transformers: it watches the run through the facts and rules of diagnose.

    from diagnose.integrations.hf_trainer import DiagnoseCallback
    trainer = Trainer(..., callbacks=[DiagnoseCallback(stop_on="error")])
    trainer.train()  # warns through logging, writes output_dir/diagnose.json and diagnose.md

A stop is rarer than a warning, for a sound run may answer one class for a third of its steps and then learn: `patience`
evaluations in a row have to show no task that is better, and beside them the loss is NaN, or the gradient 0 or lost on
its way to the lower layers. Without samples of the gradient, the run has to be past half of its steps and its
evaluation loss to make no new minimum.

It changes nothing in the training: no random number is drawn, no setting is edited, and a stop goes through
`control.should_training_stop`. In a distributed run the first process judges and all stop together.
Needs transformers (pip install 'metric-diagnose[train]').
"""

# ruff: noqa: ARG002 - the Trainer calls every hook with the same arguments
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnose.integrations._probe import Probe
from diagnose.integrations._watching import Watch

try:
    from transformers import TrainerCallback
except ModuleNotFoundError as error:
    if error.name != "transformers":
        raise  # it is there, and lacks something of its own
    raise ImportError(f"{__name__} needs transformers: pip install 'metric-diagnose[train]'") from error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transformers import TrainerControl, TrainerState, TrainingArguments

__all__ = ["DiagnoseCallback"]

# What the rules look at of the arguments, under their own names.
_SETTINGS = (
    "learning_rate", "warmup_steps", "warmup_ratio", "weight_decay", "max_grad_norm", "gradient_accumulation_steps",
    "train_batch_size", "label_smoothing_factor", "seed", "fp16", "bf16",
)  # fmt: skip


class DiagnoseCallback(TrainerCallback):  # type: ignore[misc]  # transformers' types are not ours to follow
    """Watches a Trainer's run.

    stop_on: "error" stops a degenerate run, "warning" a suspect one too, None (the default) never; patience: how many
    evaluations in a row; sample_every: steps between samples of the gradients and of ReLU layers at first (they thin
    out later), 0 for none; assume, ignore: as for `diagnose.check_text`; folder: instead of the output_dir.
    """

    def __init__(
        self,
        *,
        stop_on: str | None = None,
        patience: int = 2,
        sample_every: int = 10,
        assume: Sequence[str] = (),
        ignore: Sequence[str] = (),
        folder: str | Path | None = None,
    ) -> None:
        self._options = {"stop_on": stop_on, "patience": patience, "assume": assume, "ignore": ignore}
        self._folder = folder
        self._every = sample_every
        self._begin()

    def _begin(self) -> None:
        self._watch = Watch(**self._options)  # type: ignore[arg-type]  # the options are its own
        self._probe = Probe(self._every)
        self._runs = False

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Begin a watch; of a run that is resumed, with the history that it brings along."""
        self._begin()
        self._runs = True
        watch = self._watch
        watch.folder = Path(self._folder or args.output_dir)
        watch.speaks = state.is_world_process_zero
        watch.settings = {name: value for name in _SETTINGS if (value := getattr(args, name, None)) is not None}
        watch.settings |= {
            "max_steps": state.max_steps,
            "lr_scheduler_type": str(getattr(args.lr_scheduler_type, "value", args.lr_scheduler_type)),
        }
        for row in state.log_history:
            watch.add(row, evaluation=_is_evaluation(row))

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any
    ) -> None:
        """Listen to the ReLU layers in a step that is sampled."""
        if self._watch.speaks and self._probe.due(state.global_step + 1):
            self._probe.listen(given["model"])

    def on_pre_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **given: Any,
    ) -> None:
        """Sample the gradients. They are clipped by now, so their norm is left to the Trainer's log."""
        step = state.global_step + 1
        if self._watch.speaks and self._probe.due(step):
            sample = self._probe.sample(given["model"], step)
            sample.pop("grad_norm", None)
            self._watch.sampled(sample, step, self._probe.dead_layer)

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Sample how far the step moved the weights, where its gradients were sampled."""
        if self._watch.speaks:
            self._watch.sampled(self._probe.moved(), state.global_step + 1)

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Take in what is logged; a loss that is no number is looked at without waiting for the next evaluation."""
        if not (self._runs and self._watch.speaks):
            return
        row = state.log_history[-1]
        alarmed = self._watch.add(row, evaluation=_is_evaluation(row))
        # Of several processes all have to stop together, and only an evaluation brings them together for certain.
        if alarmed and args.world_size == 1 and self._watch.look(state.global_step):
            control.should_training_stop = True

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Judge the history so far, on the first process, and stop all of them where that is due."""
        if not self._runs:
            return
        stops = self._watch.speaks and self._watch.look(state.global_step)
        if self._watch.stop_on is not None and args.world_size > 1:
            stops = _said_by_the_first(args, stops=stops)
        if stops:
            control.should_training_stop = True

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Judge the whole history and write the report."""
        self._runs = False
        if self._watch.speaks:
            self._watch.finish(state.global_step)


def _is_evaluation(row: Mapping[str, Any]) -> bool:
    """Whether a row of the log is an evaluation: not a training loss, and not the summary of the training."""
    return "loss" not in row and "train_runtime" not in row


def _said_by_the_first(args: TrainingArguments, *, stops: bool) -> bool:
    """Return what the first process decided."""
    import torch  # noqa: PLC0415  # only a distributed run needs it here

    if not torch.distributed.is_initialized():
        return stops
    flag = torch.tensor([int(stops)], device=args.device)
    torch.distributed.broadcast(flag, src=0)
    return bool(flag.item())

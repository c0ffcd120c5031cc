"""A callback for Lightning's Trainer: it watches the run through the facts and rules of diagnose.

    from diagnose.integrations.lightning_callback import DiagnoseCallback
    trainer = L.Trainer(..., callbacks=[DiagnoseCallback(stop_on="error")])
    trainer.fit(module)  # warns through logging, writes diagnose.json and diagnose.md beside the checkpoints

It changes nothing in the training: no random number is drawn, no setting is edited, and a stop goes through
`trainer.should_stop` (when: see `hf_trainer`). It judges what the module logs ("val_acc", "val_loss"), under the names
that diagnose knows. Needs lightning (pip install lightning) or pytorch_lightning, whichever the Trainer comes from.
"""

# ruff: noqa: ARG002 - Lightning calls every hook with the same arguments
from __future__ import annotations

import math
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnose.integrations._probe import Probe
from diagnose.integrations._watching import Watch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["DiagnoseCallback"]


def _base() -> Any:
    """Return the base class of the package that is in use: the two have one each, and a Trainer takes only its own."""
    for name in sorted(("lightning.pytorch", "pytorch_lightning"), key=lambda name: name not in sys.modules):
        try:
            return import_module(name).Callback
        except ModuleNotFoundError as error:
            if not error.name or not name.startswith(error.name):
                raise  # it is there, and lacks something of its own
    raise ImportError(f"{__name__} needs lightning: pip install lightning")


class DiagnoseCallback(_base()):  # type: ignore[misc]  # Lightning's types are not ours to follow
    """Watches the run of a Lightning Trainer.

    stop_on: "error" stops a degenerate run, "warning" a suspect one too, None (the default) never; patience: how many
    evaluations in a row; sample_every: steps between samples of the gradients and of ReLU layers at first (they thin
    out later), 0 for none; assume, ignore: as for `diagnose.check_text`; folder: instead of the checkpoints' one.
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
        self._restored: Mapping[str, Any] = {}
        self._begin()

    def _begin(self) -> None:
        self._watch = Watch(**self._options)  # type: ignore[arg-type]  # the options are its own
        self._probe = Probe(self._every)
        self._logged = -1

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin a watch; of a run that is resumed, with the history that its checkpoint brought along."""
        self._begin()
        watch = self._watch
        watch.restore(self._restored)
        self._restored = {}
        kept = getattr(trainer.checkpoint_callback, "dirpath", None)
        watch.folder = Path(self._folder or kept or trainer.default_root_dir)
        watch.speaks = trainer.is_global_zero
        steps = trainer.estimated_stepping_batches
        if 0 < steps < math.inf:
            watch.settings["max_steps"] = int(steps)

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Listen to the ReLU layers in a step that is sampled."""
        if self._watch.speaks and self._probe.due(trainer.global_step + 1):
            self._probe.listen(pl_module)

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """Sample the gradients, which are not clipped yet."""
        step = trainer.global_step + 1
        if self._watch.speaks and self._probe.due(step):
            self._watch.sampled(self._probe.sample(pl_module, step), step, self._probe.dead_layer)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Take in the weights' sample, and the loss of the steps that the Trainer logs; NaN is looked at at once."""
        step = trainer.global_step
        if self._watch.speaks:
            self._watch.sampled(self._probe.moved(), step)
        if not self._watch.speaks or step % trainer.log_every_n_steps or step == self._logged:
            return
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if loss is None:
            return
        self._logged = step
        row = {"train_loss": loss.item() * trainer.accumulate_grad_batches, "step": step}
        # Of several processes all have to stop together, and only an evaluation brings them together for certain.
        if self._watch.add(row, evaluation=False, single=True) and trainer.world_size == 1 and self._watch.look(step):
            trainer.should_stop = True

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Judge the history so far, on the first process, and stop all of them where that is due."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        watch, step = self._watch, trainer.global_step
        stops = False
        if watch.speaks:
            watch.add({**trainer.callback_metrics, "step": step}, evaluation=True, single=True)
            stops = watch.look(step)
        if watch.stop_on is not None:
            stops = trainer.strategy.reduce_boolean_decision(stops, all=False)
            trainer.should_stop = trainer.should_stop or stops

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Judge the whole history and write the report."""
        if self._watch.speaks:
            self._watch.finish(trainer.global_step)

    def state_dict(self) -> dict[str, Any]:
        """Return the history, which a checkpoint keeps for the run that is resumed from it."""
        return self._watch.history()

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take the history of a checkpoint, for the run that is about to begin."""
        self._restored = dict(state_dict)

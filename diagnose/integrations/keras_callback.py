"""A callback for Keras 3: it watches `fit` through the facts and rules of diagnose.

    from diagnose.integrations.keras_callback import DiagnoseCallback
    model.fit(..., validation_data=held_out, callbacks=[DiagnoseCallback("out", stop_on="error")])
    # warns through logging, writes out/diagnose.json and out/diagnose.md

It changes nothing in the training: no random number is drawn, no setting is edited, and a stop goes through
`model.stop_training` (when: see `hf_trainer`). It looks at the end of an epoch only, so that Keras goes on without
waiting for it after each batch; the gradients are sampled there too, where the backend is torch.
Needs keras (pip install keras).
"""

# ruff: noqa: ARG002 - Keras calls every hook with the same arguments
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnose.integrations._probe import Probe
from diagnose.integrations._watching import Watch, is_rank_zero

try:
    import keras
except ModuleNotFoundError as error:
    if error.name != "keras":
        raise  # it is there, and lacks something of its own
    raise ImportError(f"{__name__} needs keras: pip install keras") from error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["DiagnoseCallback"]


class DiagnoseCallback(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types to follow
    """Watches `fit`.

    folder: where diagnose.json and diagnose.md go, best the one of the checkpoints; stop_on: "error" stops a degenerate
    run, "warning" a suspect one too, None (the default) never; patience: how many epochs in a row; assume, ignore: as
    for `diagnose.check_text`.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        stop_on: str | None = None,
        patience: int = 2,
        assume: Sequence[str] = (),
        ignore: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._options = {"stop_on": stop_on, "patience": patience, "assume": assume, "ignore": ignore}
        self._folder = Path(folder)
        self._begin()

    def _begin(self) -> None:
        speaks = is_rank_zero()
        self._watch = Watch(**self._options, folder=self._folder, speaks=speaks)  # type: ignore[arg-type]  # its own
        self._probe = Probe(1 if keras.backend.backend() == "torch" else 0)
        self._epoch = 0

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Begin a watch."""
        self._begin()
        self._watch.settings["num_train_epochs"] = self.params["epochs"]

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Judge the history so far: the names without "val_" are the training's."""
        self._epoch = epoch + 1
        row = {name if name.startswith("val_") else _of_training(name): value for name, value in (logs or {}).items()}
        if self._probe.due(self._epoch):
            row |= self._probe.gradients(self.model)
        self._watch.add({**row, "epoch": self._epoch}, evaluation=True, single=True)
        if self._watch.look(self._epoch):
            self.model.stop_training = True

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Judge the whole history and write the report."""
        self._watch.finish(self._epoch)


def _of_training(name: str) -> str:
    return name if name == "learning_rate" else f"train_{name}"

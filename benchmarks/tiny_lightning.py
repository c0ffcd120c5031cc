"""The tiny classifiers of `tiny_runs` under Lightning's Trainer."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

import lightning
import torch
from tiny_runs import model, texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tiny_runs import Recipe

__all__ = ["Losses", "fit"]


class Losses(lightning.pytorch.Callback):  # type: ignore[misc]  # Lightning is not followed by mypy
    """Keeps the training loss of each batch."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:  # noqa: ARG002  # Lightning calls it so
        """Keep the loss."""
        self.seen.append(outputs["loss"].item())


class Classifier(lightning.LightningModule):  # type: ignore[misc]  # likewise
    """The classifier, with the names of metrics that people give."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.bert = model(recipe)

    def training_step(self, batch: dict[str, torch.Tensor], index: int) -> torch.Tensor:  # noqa: ARG002  # as above
        """Return the loss."""
        loss: torch.Tensor = self.bert(**batch).loss
        self.log("train_loss", loss)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Count from 0."""
        self.counts = torch.zeros(3, 3)

    def validation_step(self, batch: dict[str, torch.Tensor], index: int) -> None:  # noqa: ARG002  # as above
        """Count the answers."""
        output = self.bert(**batch)
        self.log("val_loss", output.loss)
        for label, answer in zip(batch["labels"], output.logits.argmax(dim=-1), strict=True):
            self.counts[label, answer] += 1

    def on_validation_epoch_end(self) -> None:
        """Log accuracy and the macro averages."""
        right = self.counts.diag()
        precision = right / self.counts.sum(dim=0).clamp(min=1)
        recall = right / self.counts.sum(dim=1).clamp(min=1)
        f1 = 2 * precision * recall / (precision + recall).clamp(min=1e-9)
        self.log_dict(
            {
                "val_acc": right.sum() / self.counts.sum(),
                "val_precision": precision.mean(),
                "val_recall": recall.mean(),
                "val_f1": f1.mean(),
            }
        )

    def configure_optimizers(self) -> dict[str, Any]:
        """Return AdamW with a linear warm-up and decay."""
        recipe = self.recipe
        optimizer = torch.optim.AdamW(self.parameters(), lr=recipe.learning_rate)
        warm = max(1, round(recipe.warmup * recipe.steps))
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min(1.0, (step + 1) / warm) * (1 - step / recipe.steps)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def fit(
    recipe: Recipe, folder: Path, callbacks: Sequence[Any] = (), resume: Path | None = None, **more: Any
) -> tuple[Any, list[float]]:
    """Train, on one thread; return the Trainer and the loss of each step.

    resume: a checkpoint to go on from; more: further arguments of the Trainer.
    """
    torch.set_num_threads(1)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    lightning.seed_everything(recipe.seed, verbose=False)
    losses = Losses()
    arguments = {
        "max_steps": recipe.steps,
        "max_epochs": -1,
        "val_check_interval": recipe.eval_steps,
        "check_val_every_n_epoch": None,
        "gradient_clip_val": recipe.clip,
        "log_every_n_steps": recipe.logging_steps,
        "accelerator": "cpu",
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
        "default_root_dir": str(folder),
        "callbacks": [losses, *callbacks],
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice on loader workers
        trainer = lightning.Trainer(**{**arguments, **more})
        loaders = _loader(recipe, 1200, recipe.batch), _loader(recipe, 300, 100)
        trainer.fit(Classifier(recipe), *loaders, ckpt_path=resume)
    return trainer, losses.seen


def _loader(recipe: Recipe, rows: int, batch: int) -> Any:
    made = texts(recipe, rows, rows + recipe.seed)
    data: Any = [{name: torch.tensor(value) for name, value in row.items()} for row in made]
    return torch.utils.data.DataLoader(data, batch_size=batch, shuffle=rows > 1000)

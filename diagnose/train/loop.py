"""The training loop, top to bottom: steps, evaluations, the best row, the end."""

from __future__ import annotations

import math
import os
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import distributed

from diagnose.train import files
from diagnose.train.batches import collate, train_rows
from diagnose.train.checkpoint import first_position
from diagnose.train.data import load
from diagnose.train.device import device_of, is_out_of_memory, settled
from diagnose.train.evaluation import Evaluation, evaluate
from diagnose.train.metrics import class_report
from diagnose.train.model import build
from diagnose.train.optimize import make_optimizer, set_rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.train.batches import Batch
    from diagnose.train.data import Examples, Splits
    from diagnose.train.model import Net
    from diagnose.train.spec import Spec

__all__ = ["Trainer", "train"]


def train(spec: Spec, on_step: Callable[[int, int], None] | None = None) -> dict[str, float]:
    """Carry a specification out and return the results that all_results.json holds.

    on_step: hears (step, steps). ValueError where data or checkpoint cannot be read; OSError where the folder cannot
    be written. A run that was killed goes on at its last checkpoint.
    """
    torch.set_num_threads(spec.threads)
    trainer = Trainer(spec)
    try:
        return trainer.run(on_step or (lambda *_: None))
    finally:
        trainer.close()


@dataclass
class _Progress:
    """What changes while a model trains, beside its weights."""

    step: int = 0
    logged: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    loss_sum: float = 0.0
    best: float | None = None
    best_step: int = 0
    waited: int = 0
    seconds: float = 0.0


class Trainer:
    """One run: its data, model, optimiser and progress."""

    def __init__(self, spec: Spec) -> None:
        self.asked = spec
        self.rank, self.world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        self.device = device_of(spec)
        self.spec = spec = settled(spec, self.device)
        if self.world > 1 and not distributed.is_initialized():
            distributed.init_process_group("nccl" if self.device.type == "cuda" else "gloo")
        torch.use_deterministic_algorithms(self.device.type == "cpu")
        torch.set_float32_matmul_precision("high" if self.device.type == "cuda" else "highest")
        torch.utils.deterministic.fill_uninitialized_memory = False  # nothing reads what it has not written
        self.splits: Splits = load(spec)
        self.net: Net = build(spec, self.splits).to(self.device)
        self.first_position = first_position(self.net.backbone.config) if spec.args.packing == "pack" else 0
        self.learnt = [p for p in self.net.parameters() if p.requires_grad]
        self.optimizer = make_optimizer(self.net, spec.args, self.device)
        if spec.args.torch_compile:
            self.net.backbone.compile(dynamic=True)
        self.model: torch.nn.Module = self.net
        if self.world > 1:
            self.model = torch.nn.parallel.DistributedDataParallel(self.net)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=spec.args.fp16 and self.device.type == "cuda")
        self.per_epoch = sum(1 for _ in train_rows(spec, self.splits, 0))
        whole = math.ceil(self.per_epoch * spec.args.num_train_epochs)
        self.steps = spec.args.max_steps if spec.args.max_steps > 0 else whole
        self.pieces = spec.args.gradient_accumulation_steps
        self.every = spec.args.logging_steps or max(1, self.steps // 20)
        self.progress = _Progress()
        self.since = torch.zeros((), device=self.device)  # the sum of the losses since the last line of the history
        self.best_weights: dict[str, torch.Tensor] = {}
        self.evaluated: Evaluation | None = None
        self.log = files.Log(self.asked, self.device, quiet=self.rank > 0)
        self.log(f"packing {spec.args.packing}, bf16 {spec.args.bf16}, compiled {spec.args.torch_compile}")
        torch.manual_seed(spec.args.seed + 1 + self.rank)  # of dropout; the weights had their own

    def run(self, on_step: Callable[[int, int], None]) -> dict[str, float]:
        """Train to the end, evaluate, write the files."""
        self._resume()
        self.model.train()
        start, tokens = time.perf_counter(), 0
        for step, rows in self._remaining():
            rate = set_rate(self.optimizer, self.spec.args, step, self.steps)
            loss, norm, real = self._step(rows)
            self.since += loss
            tokens += real
            self.progress.step = step + 1
            if self.progress.step % self.every == 0 or self.progress.step == self.steps:
                self._log_loss(norm, rate)
            stopped = self._evaluation_is_due() and self._row(start)
            on_step(self.progress.step, self.steps)
            if stopped:
                break
        seconds = time.perf_counter() - start + self.progress.seconds
        return self._end(seconds, tokens)

    def close(self) -> None:
        """Leave the process group."""
        if self.world > 1 and distributed.is_initialized():
            distributed.destroy_process_group()

    def _remaining(self) -> Any:
        """Yield (step, rows) from where the run stands."""
        step = epoch = 0
        while step < self.steps:
            for rows in train_rows(self.spec, self.splits, epoch):
                if step >= self.steps:
                    return
                if step >= self.progress.step:
                    yield step, rows
                step += 1
            epoch += 1

    def _step(self, rows: list[int]) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Take one optimiser step; where memory runs out, halve the micro-batches and take it again."""
        while True:
            try:
                return self._try_step(rows)
            except (RuntimeError, MemoryError) as error:
                if self.pieces >= len(rows) or not is_out_of_memory(error):
                    raise
            self.optimizer.zero_grad(set_to_none=self.device.type == "cuda")
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            self.pieces = min(2 * self.pieces, len(rows))
            self.log(f"out of memory: {self.pieces} micro-batches a step from here on, the effective batch stays")

    def _try_step(self, rows: list[int]) -> tuple[torch.Tensor, torch.Tensor, int]:
        self.evaluated = None
        self.optimizer.zero_grad(set_to_none=self.device.type == "cuda")
        mine = rows[self.rank :: self.world] or rows[:1]
        total, real = torch.zeros((), device=self.device), 0
        pieces = [mine]
        if self.pieces > 1:
            pieces = [part.tolist() for part in np.array_split(mine, min(self.pieces, len(mine)))]
        for i, part in enumerate(pieces):
            batch = self._batch(self.splits.train, part)
            share = len(part) / len(mine)
            waits = self.world > 1 and i < len(pieces) - 1
            with self.model.no_sync() if waits else nullcontext():
                with self._autocast():
                    loss = self.model(batch).loss
                self.scaler.scale(loss * share * (len(mine) * self.world / len(rows))).backward()
            total += loss.detach() * share
            real += batch.real
        self.scaler.unscale_(self.optimizer)
        limit = self.spec.args.max_grad_norm or math.inf
        norm = torch.nn.utils.clip_grad_norm_(self.learnt, limit)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return total, norm, real

    def _batch(self, examples: Examples, rows: list[int]) -> Batch:
        return collate(examples, rows, self.spec, first_position=self.first_position).to(self.device)

    def _autocast(self) -> Any:
        args = self.spec.args
        if not (args.bf16 or args.fp16):
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16 if args.bf16 else torch.float16)

    def _log_loss(self, norm: torch.Tensor, rate: float) -> None:
        """Add a line to the history: the mean loss since the last one. No other step waits for the GPU."""
        progress, since = self.progress, float(self.since)
        progress.loss_sum += since
        loss = since / (progress.step - progress.logged)
        line = {"epoch": self._epoch(), "grad_norm": float(norm), "learning_rate": rate, "loss": loss}
        self._add({**line, "step": progress.step})
        self.since.zero_()
        progress.logged = progress.step

    def _add(self, line: dict[str, Any]) -> None:
        self.progress.history.append(line)
        self.log(" ".join(f"{name}={value:.6g}" for name, value in line.items()))

    def _epoch(self) -> float:
        return round(self.progress.step / self.per_epoch, 4)

    def _evaluation_is_due(self) -> bool:
        every = self.spec.args.eval_steps or self.per_epoch
        return self.progress.step % every == 0 or self.progress.step == self.steps

    def _row(self, start: float) -> bool:
        """Evaluate, keep the best weights, save; return whether it is time to stop early."""
        args, progress = self.spec.args, self.progress
        metrics = self.evaluate().metrics
        self._add({"epoch": self._epoch(), **metrics, "step": progress.step})
        name = args.metric_for_best_model.removeprefix("eval_")
        value = metrics.get(f"eval_{name}", math.nan)
        higher = args.greater_is_better
        if higher is None:
            higher = not name.endswith(("loss", "mse", "mae"))
        progress.waited += 1
        better = progress.best is None or (value > progress.best if higher else value < progress.best)
        if math.isfinite(value) and better:
            progress.best, progress.best_step, progress.waited = value, progress.step, 0
            if args.load_best_model_at_end:
                self.best_weights = {
                    key: tensor.detach().cpu().clone() for key, tensor in self.net.state_dict().items()
                }
        if args.save_strategy == "eval" and self.rank == 0:
            self._save(time.perf_counter() - start)
        return args.early_stopping_patience is not None and progress.waited >= args.early_stopping_patience

    def evaluate(self) -> Evaluation:
        """Evaluate the weights as they are; what was evaluated at this step already is not done again."""
        if self.evaluated is None:
            self.model.eval()
            with self._autocast():
                self.evaluated = evaluate(self.net, self.splits.eval, self.spec, self._batch)
            self.model.train()
        return self.evaluated

    def _end(self, seconds: float, tokens: int) -> dict[str, float]:
        """Evaluate the kept weights and write the files."""
        if self.best_weights:
            self.net.load_state_dict(self.best_weights)
            self.evaluated = self.evaluated if self.progress.best_step == self.progress.step else None
        metrics, told, truth = self.evaluate()
        progress, spec = self.progress, self.spec
        rows = len(self.splits.train)
        summary = {
            "epoch": self._epoch(), "train_loss": progress.loss_sum / max(progress.step, 1), "train_runtime": seconds,
            "train_samples": rows, "train_samples_per_second": progress.step / self.per_epoch * rows / seconds,
            "train_steps_per_second": progress.step / seconds, "train_tokens_per_second": tokens / seconds,
        }  # fmt: skip
        self._add({**summary, "step": progress.step})
        evaluation = {"epoch": self._epoch(), **metrics, "eval_samples": len(self.splits.eval)}
        if self.rank == 0:
            if spec.task == "classification" and np.isfinite(told).all():
                text, table = class_report(told, truth, self.splits.names)
                files.write_text(self.log.path.with_name("classification_report.txt"), text)
                files.write_json(self.log.path.with_name("classification_report.json"), table)
            files.write_results(self.asked, self._state(), summary, evaluation)
        return {**summary, **evaluation}

    def _state(self) -> dict[str, Any]:
        """Return what the Trainer writes into trainer_state.json."""
        progress, args = self.progress, self.spec.args
        selects = args.load_best_model_at_end and progress.best_step
        return {
            "best_metric": progress.best if selects else None,
            "best_global_step": progress.best_step if selects else None,
            "best_model_checkpoint": f"checkpoint-{progress.best_step}" if selects else None,
            "epoch": self._epoch(), "global_step": progress.step, "max_steps": self.steps,
            "num_train_epochs": math.ceil(self.steps / self.per_epoch),
            "train_batch_size": args.per_device_train_batch_size, "eval_steps": args.eval_steps or self.per_epoch,
            "logging_steps": self.every, "is_world_process_zero": self.rank == 0, "log_history": progress.history,
        }  # fmt: skip

    def _save(self, seconds: float) -> None:
        files.save_checkpoint(self.asked, {
            "weights": self.net.state_dict(), "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(), "random": torch.get_rng_state(), "best_weights": self.best_weights,
            "progress": {**vars(self.progress), "seconds": self.progress.seconds + seconds}, "pieces": self.pieces,
            "since": float(self.since),
        })  # fmt: skip

    def _resume(self) -> None:
        saved = files.load_checkpoint(self.asked)
        if saved is None:
            return
        self.net.load_state_dict(saved["weights"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])
        torch.set_rng_state(saved["random"])
        self.best_weights, self.pieces = saved["best_weights"], saved["pieces"]
        self.progress = _Progress(**saved["progress"])
        self.since.fill_(saved["since"])
        self.log(f"resumed at step {self.progress.step} of {self.steps}")

"""The evaluation of a model: its loss and metrics over a split."""

from __future__ import annotations

import math
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import torch

from diagnose.train.batches import eval_rows
from diagnose.train.device import is_out_of_memory
from diagnose.train.metrics import evaluate as metrics_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from diagnose.train.batches import Batch
    from diagnose.train.data import Examples
    from diagnose.train.model import Net
    from diagnose.train.spec import Spec

__all__ = ["Evaluation", "evaluate"]


class Evaluation(NamedTuple):
    """Metrics with the prefix and the times that the Trainer gives them, and what they are made of."""

    metrics: dict[str, float]
    guesses: np.ndarray
    labels: np.ndarray


def evaluate(net: Net, examples: Examples, spec: Spec, batch_of: Callable[[Examples, list[int]], Batch]) -> Evaluation:
    """Evaluate a model in its evaluation mode; the GPU is waited for once, at the end.

    Where memory runs out a batch is taken in halves.
    """
    start, rows_count = time.perf_counter(), len(examples)
    loss: torch.Tensor | float = 0.0
    parts = []
    with torch.no_grad():
        waiting = deque(eval_rows(spec, examples))
        while waiting:
            rows = waiting.popleft()
            try:
                batch = batch_of(examples, rows)
                out = net(batch)
            except (RuntimeError, MemoryError) as error:
                if len(rows) == 1 or not is_out_of_memory(error):
                    raise
                waiting.extendleft((rows[len(rows) // 2 :], rows[: len(rows) // 2]))
                continue
            loss = loss + out.loss.double() * len(rows)
            parts.append(_told(spec.task, out.logits, batch))
        guesses, labels = (torch.cat(column).cpu().numpy() for column in zip(*parts, strict=True))
    if spec.task in ("tagging", "lm"):
        counted = labels >= 0
        guesses, labels = guesses[counted], labels[counted]
    metrics = {"loss": float(loss) / rows_count, **metrics_of(spec.task, guesses, labels)}
    if spec.task == "lm":
        metrics["perplexity"] = math.exp(min(metrics["loss"], 700.0))  # of what is larger a double holds no exponential
    seconds = time.perf_counter() - start
    metrics |= {
        "runtime": seconds, "samples_per_second": rows_count / seconds,
        "steps_per_second": math.ceil(rows_count / spec.args.per_device_eval_batch_size) / seconds,
    }  # fmt: skip
    return Evaluation({f"eval_{name}": value for name, value in metrics.items()}, guesses, labels)


def _told(task: str, logits: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what the metrics need of a batch, a row for each answer: see metrics.evaluate."""
    if task == "retrieval":
        right = logits.diagonal()[:, None]
        # Of ties the middle rank: embeddings that are all the same have found nothing.
        ranks = (logits > right).sum(dim=1) + ((logits == right).sum(dim=1) + 1) / 2
        return ranks, ranks
    if task == "lm":
        return logits.argmax(-1).flatten(), batch.labels.flatten()
    return (logits.flatten(0, 1), batch.labels.flatten()) if task == "tagging" else (logits, batch.labels)

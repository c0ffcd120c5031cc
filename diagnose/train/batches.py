"""Batches: which rows together, in which order, and as which tensors."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from diagnose.train.data import PAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.train.data import Examples, Splits
    from diagnose.train.spec import Spec

__all__ = ["Batch", "collate", "eval_rows", "train_rows"]

_IGNORED = -100
_BUCKET = 50  # batches whose rows are sorted by length together, as in transformers' length grouping


@dataclass(frozen=True)
class Batch:
    """Tensors of some rows: padded (rows, longest), or packed (1, all tokens) with the bounds of the rows.

    labels: (rows,), (rows, classes), or as the tokens; bounds: (rows + 1,), int32, of a packed batch; partner: the
    other side of a pair; real: how many tokens are no padding.
    """

    tokens: Tensor
    labels: Tensor
    mask: Tensor | None = None
    positions: Tensor | None = None
    bounds: Tensor | None = None
    longest: int = 0
    rows: int = 0
    real: int = 0
    partner: Batch | None = None

    def inputs(self) -> dict[str, Any]:
        """Return the arguments of a transformers backbone."""
        if self.bounds is None:
            return {"input_ids": self.tokens, "attention_mask": self.mask}
        return {
            "input_ids": self.tokens, "position_ids": self.positions,
            "cu_seq_lens_q": self.bounds, "cu_seq_lens_k": self.bounds,
            "max_length_q": self.longest, "max_length_k": self.longest,
        }  # fmt: skip

    def first_of(self, states: Tensor) -> Tensor:
        """Return the state of each row's first token: (rows, width)."""
        return states[:, 0] if self.bounds is None else states[0, self.bounds[:-1].long()]

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device, without waiting for the copy: the GPU still computes what came before."""
        if device.type == "cpu":
            return self
        moved = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, value in moved.items():
            if isinstance(value, Tensor):
                moved[name] = value.pin_memory().to(device, non_blocking=True)
            elif isinstance(value, Batch):
                moved[name] = value.to(device)
        return replace(self, **moved)


def collate(examples: Examples, rows: list[int], spec: Spec, *, first_position: int = 0) -> Batch:
    """Make the tensors of some rows; first_position: where a model counts positions from (RoBERTa: 2)."""
    chosen = examples.at(rows)
    pack = spec.args.packing == "pack"
    batch = (_packed if pack else _padded)(chosen.tokens, first_position)
    if spec.task == "retrieval":
        return replace(batch, partner=(_packed if pack else _padded)(chosen.labels, first_position))
    return replace(batch, labels=_labels(chosen, batch, spec))


def _padded(texts: list[np.ndarray], _: int) -> Batch:
    sizes = np.array([len(text) for text in texts])
    mask = np.arange(sizes.max()) < sizes[:, None]
    return Batch(
        _spread(texts, mask, PAD), torch.zeros(0), mask=torch.from_numpy(mask.astype(np.int64)), rows=len(texts),
        real=int(sizes.sum()),
    )  # fmt: skip


def _spread(rows: list[np.ndarray], mask: np.ndarray, rest: int) -> Tensor:
    """Return the rows, one behind the other, where the mask is set, and `rest` elsewhere."""
    table = np.full(mask.shape, rest)
    table[mask] = np.concatenate(rows)
    return torch.from_numpy(table)


def _packed(texts: list[np.ndarray], first_position: int) -> Batch:
    sizes = np.array([len(text) for text in texts])
    longest, tokens = int(sizes.max()), torch.from_numpy(np.concatenate(texts))
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    positions = np.arange(bounds[-1]) - np.repeat(bounds[:-1], sizes) + first_position
    return Batch(
        tokens[None], torch.zeros(0), positions=torch.from_numpy(positions)[None],
        bounds=torch.from_numpy(bounds.astype(np.int32)), longest=longest, rows=len(texts), real=len(tokens),
    )  # fmt: skip


def _labels(chosen: Examples, batch: Batch, spec: Spec) -> Tensor:
    if spec.task not in ("tagging", "lm"):
        return torch.tensor(chosen.labels, dtype=torch.long if spec.task == "classification" else torch.float32)
    rows = chosen.labels
    if spec.task == "lm":
        shift = 0 if spec.args.loss == "no_shift" else 1
        rows = [np.concatenate((text[shift:], [_IGNORED] * shift)) for text in chosen.tokens]
    if batch.mask is None:
        return torch.from_numpy(np.concatenate(rows))[None]
    return _spread(rows, batch.mask.numpy().astype(bool), _IGNORED)


def train_rows(spec: Spec, splits: Splits, epoch: int) -> Iterator[list[int]]:
    """Yield the row numbers of each optimiser step of an epoch: the same for the same specification and epoch.

    The last, short batch is kept, as the Trainer does. With `tokens_per_batch` a batch ends before that many tokens.
    """
    args = spec.args
    rng = np.random.default_rng([args.seed, epoch, 11])
    order = _balanced(splits, rng) if args.sampler == "balanced" else rng.permutation(len(splits.train))
    size = args.per_device_train_batch_size * args.gradient_accumulation_steps
    if args.packing == "bucket":
        order = _bucketed(order, splits.train, size, rng)
    if args.tokens_per_batch is not None:
        yield from _by_tokens(order, splits.train, args.tokens_per_batch)
        return
    for at in range(0, len(order), size):
        yield order[at : at + size].tolist()


def eval_rows(spec: Spec, examples: Examples) -> Iterator[list[int]]:
    """Yield the row numbers of each evaluation batch: by length where that saves padding, else in order."""
    order = np.arange(len(examples))
    if spec.args.packing == "bucket":
        order = np.argsort([len(text) for text in examples.tokens], kind="stable")
    size = spec.args.per_device_eval_batch_size
    for at in range(0, len(order), size):
        yield order[at : at + size].tolist()


def _balanced(splits: Splits, rng: np.random.Generator) -> np.ndarray:
    labels = np.array(splits.train.labels)
    kinds, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights = 1 / (len(kinds) * counts[inverse])
    return rng.choice(len(labels), len(labels), p=weights / weights.sum())


def _bucketed(order: np.ndarray, examples: Examples, size: int, rng: np.random.Generator) -> np.ndarray:
    lengths = np.array([len(examples.tokens[i]) for i in order])
    parts = []
    for at in range(0, len(order), _BUCKET * size):
        part = order[at : at + _BUCKET * size]
        parts.append(part[np.argsort(-lengths[at : at + _BUCKET * size], kind="stable")])
    batches = [part[at : at + size] for part in parts for at in range(0, len(part), size)]
    full, short = [b for b in batches if len(b) == size], [b for b in batches if len(b) < size]
    return np.concatenate([*(full[i] for i in rng.permutation(len(full))), *short])


def _by_tokens(order: np.ndarray, examples: Examples, budget: int) -> Iterator[list[int]]:
    rows: list[int] = []
    used = 0
    for row in order.tolist():
        size = len(examples.tokens[row])
        if rows and used + size > budget:
            yield rows
            rows, used = [], 0
        rows.append(row)
        used += size
    if rows:
        yield rows

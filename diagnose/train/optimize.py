"""The optimiser and its schedule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import nn

    from diagnose.train.spec import Args

__all__ = ["make_optimizer", "rate_at", "set_rate"]


def make_optimizer(model: nn.Module, args: Args, device: torch.device) -> torch.optim.AdamW:
    """Return AdamW; biases and the weights of norms do not decay, as in the Trainer."""
    learnt = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    groups = [
        {"params": [p for _, p in learnt if p.ndim > 1], "decay": args.weight_decay},
        {"params": [p for _, p in learnt if p.ndim <= 1], "decay": 0.0},
    ]
    rate: float | torch.Tensor = args.learning_rate
    return torch.optim.AdamW(
        [{**group, "weight_decay": group["decay"]} for group in groups], lr=rate,
        betas=(args.adam_beta1, args.adam_beta2), eps=args.adam_epsilon, fused=device.type == "cuda",
    )  # fmt: skip


def rate_at(args: Args, step: int, steps: int) -> float:
    """Return the learning rate of a step (from 0) of `steps`: a linear warm-up, then the schedule."""
    warm = math.ceil(args.warmup_ratio * steps)
    if step < warm:
        return args.learning_rate * step / warm
    done = (step - warm) / max(steps - warm, 1)
    if args.lr_scheduler_type == "constant":
        return args.learning_rate
    factor = 0.5 * (1 + math.cos(math.pi * done)) if args.lr_scheduler_type == "cosine" else 1 - done
    return args.learning_rate * max(factor, 0.0)


def set_rate(optimizer: torch.optim.AdamW, args: Args, step: int, steps: int) -> float:
    """Set the rate of a step and return it.

    torch's Adam always corrects the bias of its moments. Without the correction the step is
    lr m/(sqrt(v) + eps) = lr c m^/(sqrt(v^) + eps/sqrt(1 - b2^t)) with c = (1 - b1^t)/sqrt(1 - b2^t), so that the same
    optimiser does it with a rate, an epsilon and a decay of the step.
    """
    rate, scale, epsilon = rate_at(args, step, steps), 1.0, args.adam_epsilon
    if not args.bias_correction:
        root = math.sqrt(1 - args.adam_beta2 ** (step + 1))
        scale, epsilon = (1 - args.adam_beta1 ** (step + 1)) / root, args.adam_epsilon / root
    for group in optimizer.param_groups:
        group["lr"], group["eps"], group["weight_decay"] = rate * scale, epsilon, group["decay"] / scale
    return rate

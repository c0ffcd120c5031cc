"""The optimiser and its schedule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from diagnose.train.spec import Args

__all__ = ["make_optimizer", "rate_at", "set_rate"]

_ALIGNED = 16  # floats: 64 bytes; matrix products may round in another way elsewhere


def make_optimizer(model: nn.Module, args: Args, device: torch.device) -> torch.optim.AdamW:
    """Return AdamW; biases and the weights of norms do not decay, as in the Trainer.

    On a CPU the weights of each group become views of one tensor, and their gradients of another: a step of a small
    model is then a dozen operations instead of a dozen for each of its weights, with the same numbers to the last bit.
    """
    learnt = [p for p in model.parameters() if p.requires_grad]
    decayed, kept = ([p for p in learnt if (p.ndim > 1) is decays] for decays in (True, False))
    if device.type == "cpu":
        decayed, kept = _joined(decayed), _joined(kept)
    groups = [
        {"params": group, "weight_decay": decay, "decay": decay}
        for group, decay in ((decayed, args.weight_decay), (kept, 0.0))
        if group
    ]
    return torch.optim.AdamW(
        groups, lr=args.learning_rate, betas=(args.adam_beta1, args.adam_beta2), eps=args.adam_epsilon,
        fused=device.type == "cuda",
    )  # fmt: skip


def _joined(weights: list[nn.Parameter]) -> list[nn.Parameter]:
    """Move weights and gradients into one tensor each, and return it; all begin on a boundary as torch gives them."""
    places, size = [], 0
    for weight in weights:
        places.append(size)
        size += -(-weight.numel() // _ALIGNED) * _ALIGNED
    if not size:
        return []
    whole = nn.Parameter(torch.zeros(size))
    whole.grad = torch.zeros(size)
    for weight, at in zip(weights, places, strict=True):
        part = whole.detach()[at : at + weight.numel()].view_as(weight)
        weight.data = part.copy_(weight.detach())
        weight.grad = whole.grad[at : at + weight.numel()].view_as(weight)
    return [whole]


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

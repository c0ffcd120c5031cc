"""The device of a run, and what the specification leaves to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from diagnose.train.spec import Spec

__all__ = ["device_of", "is_out_of_memory", "settled"]

_AMPERE = (8, 0)  # the first GPUs that compute in bfloat16, which the kernel for packed batches needs too


def device_of(spec: Spec) -> torch.device:
    """Return the device of this process; ValueError where a GPU is asked for and none is there."""
    if spec.device == "cpu" or (spec.device == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        msg = "device cuda: torch sees no GPU; install a build of torch with CUDA, or leave device at auto"
        raise ValueError(msg)
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    return device


def settled(spec: Spec, device: torch.device) -> Spec:
    """Return the specification with bf16 and packing decided: what is fast on a GPU, what is exact on a CPU.

    ValueError where packing is asked for and the model has an attention of its own.
    """
    args, gpu = spec.args, device.type == "cuda"
    recent = gpu and torch.cuda.get_device_capability(device) >= _AMPERE
    bf16 = recent and not args.fp16 if args.bf16 is None else args.bf16
    packing = args.packing
    if packing == "auto":
        packing = "bucket" if gpu else "pad"
        if recent and (bf16 or args.fp16) and _has_kernel() and _can_pack(spec):
            packing = "pack"
    if packing == "pack" and not _can_pack(spec):
        msg = f"packing: {spec.model.checkpoint or spec.model.type} has an attention of its own; 'bucket' does for it"
        raise ValueError(msg)
    return spec.model_copy(update={"args": args.model_copy(update={"bf16": bf16, "packing": packing})})


def _has_kernel() -> bool:
    """Whether this torch has attention over sequences of several lengths (2.10 and later)."""
    try:
        from torch.nn.attention import varlen  # noqa: F401, PLC0415  # younger than the oldest torch
    except ImportError:
        return False
    return True


def _can_pack(spec: Spec) -> bool:
    if spec.model.checkpoint is None:
        return spec.model.type != "mlp"
    from transformers import MODEL_MAPPING  # noqa: PLC0415  # made models are known

    from diagnose.train.checkpoint import config_of  # noqa: PLC0415  # as above

    kind = type(config_of(spec.model.checkpoint))
    return kind in MODEL_MAPPING and bool(getattr(MODEL_MAPPING[kind], "_supports_attention_backend", False))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on a GPU or in a tensor on the CPU."""
    told = ("out of memory", "can't allocate memory")  # of CUDA's own calls, and of torch's allocator on a CPU
    return isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)) or any(part in str(error) for part in told)

"""Attention over packed batches: sequences lie one behind the other, without padding, and do not see each other.

The attention functions that transformers brings let packed sequences of an encoder see each other, silently, unless
a flash kernel is installed; this one does not. On a GPU it is torch's own variable-length kernel, elsewhere the
sequences one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["PACKED", "register"]

PACKED = "diagnose_packed"


def register() -> None:
    """Make the attention known to transformers under the name PACKED; no mask is made for it."""
    AttentionInterface.register(PACKED, _attention)
    AttentionMaskInterface.register(PACKED, _no_mask)


def _no_mask(*_: Any, **__: Any) -> None:
    return None


def _attention(
    module: nn.Module,
    query: Tensor,  # (1, heads, tokens, width)
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,  # noqa: ARG001  # the boundaries are in cu_seq_lens_q
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    cu_seq_lens_q: Tensor,  # (sequences + 1,), int32
    max_length_q: int,
    sliding_window: int | None = None,
    is_causal: bool | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Return (1, tokens, heads, width): each token attends to its own sequence.

    sliding_window: as transformers hands it to flash kernels, a token sees those less than this far away.
    Dropout of the attention probabilities is left out on a GPU: torch's kernel has none.
    """
    causal = getattr(module, "is_causal", False) if is_causal is None else is_causal
    states = (query, key, value)
    how: dict[str, Any] = {"scale": scaling, "window": sliding_window, "causal": causal}
    # Rotary positions come back in float32 under autocast, and the kernel is one of half precision.
    precision = torch.get_autocast_dtype("cuda") if torch.is_autocast_enabled("cuda") else query.dtype
    if query.is_cuda and precision is not torch.float32:
        return _kernel(tuple(part.to(precision) for part in states), cu_seq_lens_q, max_length_q, **how), None
    return _one_by_one(states, cu_seq_lens_q, dropout, **how), None


def _kernel(
    states: tuple[Tensor, ...], bounds: Tensor, longest: int, *, scale: float | None, window: int | None, causal: bool
) -> Tensor:
    from torch.nn.attention.varlen import varlen_attn  # noqa: PLC0415  # younger than the oldest torch

    reach = -1 if window is None else window - 1
    query, key, value = (part[0].transpose(0, 1).contiguous() for part in states)
    out = varlen_attn(
        query, key, value, bounds, bounds, longest, longest,
        scale=scale, window_size=(reach, 0 if causal else reach), enable_gqa=key.shape[1] != query.shape[1],
    )  # fmt: skip
    return out.unsqueeze(0)


def _one_by_one(
    states: tuple[Tensor, ...], bounds: Tensor, dropout: float, *, scale: float | None, window: int | None, causal: bool
) -> Tensor:
    sizes = bounds.diff().tolist()
    parts = []
    for q, k, v in zip(*(part.split(sizes, dim=2) for part in states), strict=True):
        mask = None
        if window is not None:
            place = torch.arange(q.shape[2], device=q.device)
            distance = place[:, None] - place[None, :]
            mask = (distance.abs() < window) & ((distance >= 0) if causal else True)
        grouped = k.shape[1] != q.shape[1]
        parts.append(
            scaled_dot_product_attention(
                q, k, v, mask, dropout, is_causal=causal and mask is None, scale=scale, enable_gqa=grouped
            )
        )
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous()

"""Packed batches give each sequence what it gets alone; the usual attention does not, and this test would notice."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from diagnose.train import packed as packing  # noqa: E402  # torch may be missing
from diagnose.train.batches import collate  # noqa: E402
from diagnose.train.checkpoint import first_position  # noqa: E402
from diagnose.train.data import load  # noqa: E402
from diagnose.train.model import build  # noqa: E402
from diagnose.train.spec import Args, Data, Model, Spec  # noqa: E402

TYPES = ["roberta", "bert", "modernbert", "llama", "roberta-prelayernorm"]


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def net_and_rows(kind, packing):
    data = Data(rows=24, eval_rows=8, length=(5, 150))
    task = "lm" if kind == "llama" else "classification"  # the first token of a causal model sees nothing else
    spec = Spec(output="", task=task, data=data, model=Model(type=kind, layers=4), args=Args(packing=packing))
    splits = load(spec)
    return spec, splits, build(spec, splits).eval()


def logits_of(spec, splits, net, rows, first):
    with torch.no_grad():
        return net(collate(splits.train, rows, spec, first_position=first)).logits.flatten(0, -2).numpy()


@pytest.mark.parametrize("kind", TYPES)
def test_a_packed_batch_gives_the_logits_of_single_sequences(kind):
    spec, splits, net = net_and_rows(kind, "pack")
    plain, _, alone = net_and_rows(kind, "pad")
    alone.load_state_dict(net.state_dict())
    packed = logits_of(spec, splits, net, list(range(24)), first_position(net.backbone.config))
    single = np.concatenate([logits_of(plain, _, alone, [row], 0) for row in range(24)])
    assert np.abs(packed - single).max() < 1e-5
    assert np.ptp(single, axis=0).min() > 1e-2  # sequences that all look alike would prove nothing


@pytest.mark.parametrize("kind", TYPES[:3])
def test_the_leak_of_the_usual_attention_is_larger_than_the_tolerance(kind):
    spec, splits, net = net_and_rows(kind, "pack")
    packed = logits_of(spec, splits, net, list(range(24)), 2)
    net.backbone.set_attn_implementation("sdpa")  # no bounds reach it: every sequence sees its neighbours
    leaking = logits_of(spec, splits, net, list(range(24)), 2)
    assert np.abs(packed - leaking).max() > 1e-3


def test_positions_that_begin_at_zero_are_noticed_for_roberta():
    spec, splits, net = net_and_rows("roberta", "pack")
    right, wrong = (logits_of(spec, splits, net, list(range(24)), first) for first in (2, 0))
    assert np.abs(right - wrong).max() > 1e-3


def by_the_book(q, k, v, bounds, _, longest, __, *, scale, window_size, enable_gqa):
    """Return what torch documents of its kernel: (tokens, heads, width); a window of (left, right), -1 without end."""
    assert longest == int(bounds.diff().max())
    out = torch.empty_like(q)
    for start, end in pairwise(bounds.tolist()):
        for i in range(start, end):
            left, right = (end if size < 0 else size for size in window_size)
            seen = slice(max(start, i - left), min(end, i + right + 1))
            for head in range(q.shape[1]):
                source = head * k.shape[1] // q.shape[1] if enable_gqa else head
                weights = (k[seen, source] @ q[i, head] * scale).softmax(0)
                out[i, head] = weights @ v[seen, source]
    return out


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("window", [None, 3])
@pytest.mark.parametrize("key_heads", [4, 2])
def test_the_kernel_of_a_gpu_is_asked_for_what_a_cpu_computes(monkeypatch, causal, window, key_heads):
    varlen = pytest.importorskip("torch.nn.attention.varlen")
    monkeypatch.setattr(varlen, "varlen_attn", by_the_book)
    bounds = torch.tensor([0, 1, 6, 13], dtype=torch.int32)
    query, key, value = (torch.randn(1, heads, 13, 8) for heads in (4, key_heads, key_heads))
    how = {"scale": 0.3, "window": window, "causal": causal}
    on_gpu = packing._kernel((query, key, value), bounds, 7, **how)
    on_cpu = packing._one_by_one((query, key, value), bounds, 0.0, **how)
    assert torch.allclose(on_gpu, on_cpu, atol=1e-6)

"""Packed batches give each sequence what it gets alone; the usual attention does not, and this test would notice."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from diagnose.train.batches import collate  # noqa: E402  # torch may be missing
from diagnose.train.data import load  # noqa: E402
from diagnose.train.model import build  # noqa: E402
from diagnose.train.spec import Args, Data, Model, Spec  # noqa: E402

TYPES = ["roberta", "bert", "modernbert", "llama"]


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
    first = 2 if kind == "roberta" else 0
    packed = logits_of(spec, splits, net, list(range(24)), first)
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

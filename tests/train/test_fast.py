"""What makes it fast changes no number, and what is left to the device is decided by it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from diagnose.train import device, packed  # noqa: E402  # torch may be missing
from diagnose.train.batches import collate  # noqa: E402
from diagnose.train.checkpoint import first_position  # noqa: E402
from diagnose.train.data import load  # noqa: E402
from diagnose.train.model import build  # noqa: E402
from diagnose.train.optimize import make_optimizer, set_rate  # noqa: E402
from diagnose.train.spec import Args, Data, Model, Spec  # noqa: E402

CPU, GPU = torch.device("cpu"), SimpleNamespace(type="cuda")


def made(**changes):
    return Spec(**{"output": "", "data": Data(rows=64, eval_rows=8, length=(5, 60)), **changes})


def test_weights_in_one_tensor_take_the_steps_of_torch_to_the_last_bit():
    spec = made()
    nets = [build(spec, load(spec)) for _ in range(2)]
    groups = [[p for p in nets[1].parameters() if (p.ndim > 1) is decays] for decays in (True, False)]
    usual = torch.optim.AdamW(
        [{"params": groups[0], "weight_decay": 0.01}, {"params": groups[1], "weight_decay": 0.0}], lr=1e-3
    )
    ours = make_optimizer(nets[0], spec.args, CPU)
    for step in range(3):
        rate = set_rate(ours, spec.args, step + 1, 10)
        for optimizer, net in zip((ours, usual), nets, strict=True):
            optimizer.zero_grad(set_to_none=optimizer is usual)
            net(collate(load(spec).train, list(range(32)), spec)).loss.backward()
        for group in usual.param_groups:
            group["lr"] = rate
        ours.step()
        usual.step()
    assert all(map(torch.equal, nets[0].parameters(), nets[1].parameters()))


def test_a_cpu_is_exact_and_a_gpu_is_fast_unless_told_otherwise(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (9, 0))
    monkeypatch.setattr(device, "_has_kernel", lambda: True)

    def decided(on, **args):
        args = device.settled(made(args=Args(**args)), on).args
        return args.packing, args.bf16

    assert decided(CPU) == ("pad", False)
    assert decided(GPU) == ("pack", True)
    assert decided(GPU, bf16=False) == ("bucket", False)  # the kernel is one of half precision
    assert decided(GPU, fp16=True) == ("pack", False)
    assert decided(GPU, packing="pad") == ("pad", True)
    monkeypatch.setattr(device, "_has_kernel", lambda: False)
    assert decided(GPU) == ("bucket", True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    assert decided(GPU) == ("bucket", False)
    with pytest.raises(ValueError, match="mlp has an attention of its own"):
        device.settled(made(model=Model(type="mlp"), args=Args(packing="pack")), CPU)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["roberta", "modernbert", "llama"])
@pytest.mark.filterwarnings("ignore")  # of torch.compile, about itself
def test_packed_batches_of_all_lengths_are_one_compiled_graph(monkeypatch, kind):
    """The kernel of a GPU is one opaque operation; here another stands in its place, and nothing breaks the graph."""
    from torch._dynamo.utils import counters
    from transformers import AttentionInterface

    @torch.library.custom_op("diagnose_test::one_by_one", mutates_args=())
    def one_by_one(
        q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, bounds: torch.Tensor, longest: int
    ) -> torch.Tensor:
        assert longest > 0
        return packed._one_by_one((q, k, v), bounds, 0.0, scale=None, window=None, causal=False)

    @one_by_one.register_fake
    def _(q, *_):
        return q.transpose(1, 2).contiguous()

    def attention(_, query, key, value, __, *, cu_seq_lens_q, max_length_q, **___):
        return one_by_one(query, key, value, cu_seq_lens_q, max_length_q), None

    monkeypatch.setattr(packed, "_attention", attention)
    spec = made(model=Model(type=kind), args=Args(packing="pack"))
    splits = load(spec)
    net = build(spec, splits).eval()
    first = first_position(net.backbone.config)
    batches = [collate(splits.train, list(range(rows)), spec, first_position=first) for rows in (5, 9, 17, 30, 64)]
    with torch.no_grad():
        usual = [net(batch).logits for batch in batches]
        counters.clear()
        net.backbone.compile(dynamic=True, fullgraph=True, backend="eager")
        compiled = [net(batch).logits for batch in batches]
    assert all(map(torch.equal, usual, compiled))
    assert counters["stats"]["unique_graphs"] == 1
    monkeypatch.undo()
    AttentionInterface.register(packed.PACKED, packed._attention)

"""The samples of the gradients and the ReLU layers, against what is computed by hand."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from diagnose.integrations._probe import Probe


def network(*, bias=0.0):
    torch.manual_seed(0)
    layers = [torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 8), torch.nn.ReLU(), torch.nn.Linear(8, 8)]
    made = torch.nn.Sequential(*layers, torch.nn.ReLU(), torch.nn.Linear(8, 1))
    torch.nn.init.constant_(made[4].bias, bias)
    return made


def backward(model, rows=32):
    torch.manual_seed(1)
    model(torch.randn(rows, 8)).pow(2).mean().backward()


def test_the_norm_is_that_of_all_gradients_and_the_reach_the_lower_matrices_share():
    model = network()
    backward(model)
    sample = Probe(1).gradients(model)
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), math.inf).item()
    matrices = [layer.weight.grad for layer in model if isinstance(layer, torch.nn.Linear)]
    lower, whole = (math.hypot(*(g.norm().item() for g in part)) for part in (matrices[:2], matrices))
    assert sample["grad_norm"] == pytest.approx(norm, rel=1e-5)
    assert sample["gradient_reach"] == pytest.approx(lower / whole, rel=1e-5)


def test_a_gradient_of_zero_has_a_norm_and_no_reach():
    model = network()
    (model(torch.randn(32, 8)) * 0).sum().backward()
    assert Probe(1).gradients(model) == {"grad_norm": 0.0}


def test_without_gradients_or_with_too_few_matrices_there_is_no_sample():
    assert Probe(1).gradients(network()) == {}
    small = torch.nn.Linear(8, 1)
    backward(small)
    assert Probe(1).gradients(small) == {}


@pytest.mark.parametrize(("bias", "dead"), [(-100.0, True), (0.0, False)])
def test_a_layer_whose_units_are_all_below_zero_is_dead(bias, dead):
    model, probe = network(bias=bias), Probe(1)
    probe.listen(model)
    backward(model)
    sample = probe.sample(model, 1)
    assert (sample["dead_units"] == 1.0) is dead
    assert not dead or probe.dead_layer == "5"
    assert all(not layer._forward_hooks for layer in model)


def test_units_of_images_are_their_channels():
    model, probe = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU()), Probe(1)
    torch.nn.init.constant_(model[0].bias, 0.0)
    torch.nn.init.constant_(model[0].weight, 1.0)
    with torch.no_grad():
        model[0].weight[0] = -1.0  # on images above 0 this channel never answers
    probe.listen(model)
    model(torch.rand(2, 1, 8, 8))
    assert probe.sample(model, 1) == {"dead_units": 0.25}


def test_a_batch_of_few_rows_says_nothing_of_units():
    model, probe = network(bias=-100.0), Probe(1)
    probe.listen(model)
    backward(model, rows=4)
    assert "dead_units" not in probe.sample(model, 1)


def test_samples_thin_out_along_the_run():
    probe, taken = Probe(10), []
    for step in range(1, 20_001):
        if probe.due(step):
            probe.sample(torch.nn.Identity(), step)
            taken.append(step)
    gaps = [later - earlier for earlier, later in pairwise(taken)]
    assert taken[:3] == [10, 20, 30]
    assert gaps == sorted(gaps)
    assert gaps[-1] == 500
    assert not Probe(0).due(10)


def test_a_tensor_that_cannot_be_read_ends_the_sampling_and_not_the_run(monkeypatch, caplog):
    def refuse(*_, **__):
        raise NotImplementedError("no kernel for this kind")

    probe, model = Probe(1), network()
    backward(model)
    monkeypatch.setattr(torch.linalg, "vector_norm", refuse)
    assert probe.sample(model, 1) == {}
    assert not probe.due(2)
    assert "no kernel for this kind" in caplog.text


def test_a_sample_draws_no_random_number_and_changes_no_tensor():
    model, probe = network(), Probe(1)
    backward(model)
    before = (
        torch.get_rng_state(),
        [p.detach().clone() for p in model.parameters()],
        [p.grad.clone() for p in model.parameters()],
    )
    probe.listen(model)
    model(torch.ones(32, 8))
    probe.sample(model, 1)
    assert torch.equal(before[0], torch.get_rng_state())
    for parameter, weight, gradient in zip(model.parameters(), *before[1:], strict=True):
        assert torch.equal(parameter, weight)
        assert torch.equal(parameter.grad, gradient)


@pytest.mark.parametrize("rate", [0.0, 0.25])
def test_the_update_is_the_median_change_of_the_matrices_by_their_size(rate):
    model, probe = network(), Probe(1)
    backward(model)
    probe.sample(model, 1)
    assert probe.moved() == {"update_ratio": 0.0}
    probe.sample(model, 2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1 - rate)
    assert probe.moved()["update_ratio"] == pytest.approx(rate, rel=1e-5)
    assert probe.moved() == {}


def test_of_a_large_matrix_weights_from_all_over_it_are_compared():
    model, probe = torch.nn.Sequential(*(torch.nn.Linear(300, 300) for _ in range(4))), Probe(1)
    model(torch.randn(16, 300)).pow(2).mean().backward()
    probe.sample(model, 1)
    with torch.no_grad():
        for layer in model:
            layer.weight[150:] *= 2
    assert probe.moved()["update_ratio"] == pytest.approx(math.sqrt(0.5), rel=0.1)

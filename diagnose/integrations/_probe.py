"""Samples of what only a model's tensors show: the gradient's reach, a step's size, and dead ReLU layers.

A sample reads the gradients that are there anyway, or listens to one forward pass. It draws no random number and writes
to no tensor, and waits for the device once.
"""

from __future__ import annotations

import logging
import math
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Probe"]

_LOGGER = logging.getLogger("diagnose")
# Of fewer matrices there is no lower half to speak of.
_FEWEST = 4
# In a smaller batch a unit may rest by chance.
_ROWS = 16
# Samples lie at least `every` steps apart, and later a tenth of the way, but never further than this many steps.
_WIDEST = 500
# Of so many matrices (or up to twice) so many weights each are compared before and after a step, spread over all.
_MATRICES, _WEIGHTS = 8, 1024


class Probe:
    """Takes the samples of one run: every `every` steps at first, ever less often later; 0: none."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._next = every
        self._parameters: list[Any] = []
        self._relus: dict[str, Any] | None = None
        self._handles: list[Any] = []
        self._active: dict[str, Any] = {}
        self._before: list[tuple[Any, Any]] = []
        self.dead_layer = ""

    def due(self, step: int) -> bool:
        """Whether a sample is to be taken at `step`."""
        return self._every > 0 and self._next <= step

    def sample(self, model: Any, step: int) -> dict[str, float]:
        """Return the sample of `step`: what `gradients` reads, and what was heard since `listen`.

        A kind of tensor that cannot be read (quantised, sharded in a way of its own) ends the sampling, not the run.
        """
        self._next = step + max(self._every, min(step // 10, _WIDEST))
        try:
            sample = {**self.gradients(model), **self._units()}
            matrices = [p for p in self._parameters if p.grad is not None and p.ndim > 1 and p.numel()]
            few = matrices[:: max(1, len(matrices) // _MATRICES)] if "grad_norm" in sample else []
            self._before = [(p, _some(p).clone()) for p in few]
        except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
            self._every = 0
            _LOGGER.warning("step %g: the gradients cannot be sampled, and the run goes on without it: %s", step, error)
            return {}
        return sample

    def moved(self) -> dict[str, float]:
        """Return how far the step since the last sample moved the weights (update_ratio); nothing without a sample.

        The median over some of the weight matrices that have a gradient of |change|/|weight|, on some of their weights.
        """
        import torch  # noqa: PLC0415  # as below

        pairs, self._before = self._before, []
        if not pairs:
            return {}
        norms = [
            torch.linalg.vector_norm(part, dtype=torch.float32) for p, old in pairs for part in (_some(p) - old, old)
        ]
        flat = torch.stack([norm.to(norms[0].device) for norm in norms]).tolist()
        ratios = [change / size for change, size in zip(flat[::2], flat[1::2], strict=True) if size > 0]
        return {"update_ratio": median(ratios)} if ratios and all(map(math.isfinite, ratios)) else {}

    def gradients(self, model: Any) -> dict[str, float]:
        """Return the norm of the gradient (grad_norm) and the lower half's share of it (gradient_reach).

        The lower half is the first half of the weight matrices that have a gradient, in the order in which the model
        registers them. Without gradients, or with sharded ones, of which a process sees its part only: an empty dict.
        """
        import torch  # noqa: PLC0415  # a Keras run on another backend has none

        self._parameters = self._parameters or list(model.parameters())  # to walk through a model takes its time
        found = [p.grad for p in self._parameters if p.grad is not None]
        if any(type(g) is not torch.Tensor or g.is_sparse for g in found):
            return {}
        kept = [g.detach() for g in found if g.numel()]
        matrices = [i for i, g in enumerate(kept) if g.ndim > 1]
        if len(matrices) < _FEWEST:
            return {}
        device = kept[0].device
        norms = torch.stack([torch.linalg.vector_norm(g, dtype=torch.float32).to(device) for g in kept]).tolist()
        whole = math.hypot(*(norms[i] for i in matrices))
        sample = {"grad_norm": math.hypot(*norms)}
        if math.isfinite(whole) and whole > 0:
            sample["gradient_reach"] = math.hypot(*(norms[i] for i in matrices[: len(matrices) // 2])) / whole
        return sample

    def listen(self, model: Any) -> None:
        """Listen to the answers of the ReLU layers, until the sample is taken."""
        if self._relus is None:
            import torch  # noqa: PLC0415  # as above

            self._relus = {name: m for name, m in model.named_modules() if isinstance(m, torch.nn.ReLU)}
        if not self._handles:  # else it is still at it, in another part of the same step
            self._active.clear()
            self._handles = [relu.register_forward_hook(self._hook(name)) for name, relu in self._relus.items()]

    def _units(self) -> dict[str, float]:
        """Return the share of units without any answer (dead_units) in the ReLU layer where it is largest."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        if not self._active:
            return {}
        dead = {name: 1 - float(active.float().mean()) for name, active in self._active.items()}
        self._active.clear()
        worst = max(dead, key=lambda name: dead[name])
        self.dead_layer = worst
        return {"dead_units": dead[worst]}

    def _hook(self, name: str) -> Callable[[Any, Any, Any], None]:
        def note(module: Any, inputs: Any, output: Any) -> None:  # noqa: ARG001  # torch calls it so
            units = 1 if output.ndim > 3 else output.ndim - 1  # images have their units second, all others last
            if output.ndim < 2 or output.numel() < _ROWS * output.shape[units]:
                return
            active = (output.detach() > 0).transpose(0, units).flatten(1).any(dim=1)
            self._active[name] = active | self._active[name] if name in self._active else active

        return note


def _some(parameter: Any) -> Any:
    """Return a view of some of a parameter's weights, spread over all of it."""
    return parameter.detach().reshape(-1)[:: max(1, parameter.numel() // _WEIGHTS)]

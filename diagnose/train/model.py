"""The model: an encoder or a causal language model of transformers, and a head; its loss."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from diagnose.train.data import CLS, PAD

if TYPE_CHECKING:
    from diagnose.train.batches import Batch
    from diagnose.train.data import Splits
    from diagnose.train.spec import Model, Spec

__all__ = ["Net", "Output", "build"]

_IGNORED = -100


class Output(NamedTuple):
    """The answer of a batch: the loss (a scalar), and the logits that metrics are made of, in float32."""

    loss: Tensor
    logits: Tensor


class Net(nn.Module):
    """A backbone, what it says of a row or a token, and one linear layer."""

    def __init__(self, spec: Spec, backbone: nn.Module, head: nn.Module, splits: Splits) -> None:
        super().__init__()
        self.spec = spec
        self.backbone = backbone
        self.head = head
        self.register_buffer("class_weights", _class_weights(spec, splits), persistent=False)
        mean, std = _scale(spec, splits)
        self.register_buffer("label_mean", torch.tensor(mean), persistent=False)
        self.register_buffer("label_std", torch.tensor(std), persistent=False)

    def forward(self, batch: Batch) -> Output:
        """Return the loss and the logits of a batch; a regression's logits are in the unit of its labels."""
        if self.spec.task == "retrieval":
            return self._retrieval(batch)
        states = self._states(batch)
        if self.spec.task in ("tagging", "lm"):
            logits = self.head(states)
            return Output(self._token_loss(logits, batch.labels), logits.float())
        logits = self.head(batch.first_of(states))
        if self.spec.task == "regression":
            guess = _bounded(logits.squeeze(-1).float(), self.spec.model.head)
            loss = functional.mse_loss(guess, (batch.labels - self.label_mean) / self.label_std)
            return Output(loss, guess * self.label_std + self.label_mean)
        if self.spec.task == "multilabel":
            return Output(functional.binary_cross_entropy_with_logits(logits.float(), batch.labels), logits.float())
        return Output(self._class_loss(logits.float(), batch.labels), logits.float())

    def _states(self, batch: Batch) -> Tensor:
        """Return the last hidden states: (rows, tokens, width), or (1, tokens, width) of a packed batch."""
        out = self.backbone(**batch.inputs())
        return out if isinstance(out, Tensor) else out.last_hidden_state

    def _class_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        if self.spec.args.loss == "nll_on_probabilities":
            return functional.nll_loss(logits.softmax(-1), labels)
        if self.spec.args.loss == "double_softmax":
            logits = logits.softmax(-1)
        weights = self.class_weights if self.spec.args.class_weights == "balanced" else None
        smoothing = self.spec.args.label_smoothing_factor
        return functional.cross_entropy(logits, labels, weights, label_smoothing=smoothing)

    def _token_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        weights = self.class_weights if self.spec.args.class_weights == "balanced" else None
        return functional.cross_entropy(logits.float().flatten(0, 1), labels.flatten(), weights, ignore_index=_IGNORED)

    def _retrieval(self, batch: Batch) -> Output:
        """InfoNCE with the other rows of the batch as negatives; the logits are the similarities."""
        if batch.partner is None:
            msg = "a batch of a retrieval has two sides"
            raise ValueError(msg)
        pair = [
            functional.normalize(
                _bounded(self.head(side.first_of(self._states(side))).float(), self.spec.model.head), dim=-1
            )
            for side in (batch, batch.partner)
        ]
        logits = pair[0] @ pair[1].T / self.spec.args.temperature
        return Output(functional.cross_entropy(logits, torch.arange(len(logits), device=logits.device)), logits)


def _head(spec: Spec, width: int, outputs: int) -> nn.Linear:
    head = nn.Linear(width, width if spec.task == "retrieval" else outputs)
    nn.init.normal_(head.weight, std=spec.model.initializer_range)
    nn.init.constant_(head.bias, spec.model.head_bias)
    return head


class _Bag(nn.Module):
    """A plain network over the mean of its tokens' embeddings: `layers` of one width, one behind the other."""

    def __init__(self, model: Model, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocabulary, model.hidden, mode="mean", padding_idx=PAD)
        self.layers = nn.ModuleList(nn.Linear(model.hidden, model.hidden) for _ in range(model.layers))
        made = {"relu": nn.ReLU, "leaky_relu": lambda: nn.LeakyReLU(0.1)}
        self.activation = made.get(model.activation, nn.GELU)()
        for layer in self.layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, input_ids: Tensor, **_: Any) -> Tensor:
        states = self.embedding(input_ids)
        for layer in self.layers:
            states = self.activation(layer(states))
        return states.unsqueeze(1)  # (rows, 1, width): its only token stands for the row


def build(spec: Spec, splits: Splits) -> Net:
    """Return the model of a specification with weights drawn from its seed; the loss's parts come from the data.

    ValueError in one line where the checkpoint cannot be read.
    """
    torch.manual_seed(spec.args.seed if spec.model.seed is None else spec.model.seed)
    head: nn.Module | None = None
    if spec.model.checkpoint is not None:
        from diagnose.train.checkpoint import weights_of  # noqa: PLC0415  # a plain network does without transformers

        backbone, head = weights_of(spec.model.checkpoint, spec.task, _attention(spec))
        width = backbone.config.hidden_size
    elif spec.model.type == "mlp":
        backbone, width = _Bag(spec.model, splits.vocabulary), spec.model.hidden
    else:
        backbone, width = _made(spec, splits), spec.model.hidden
    if getattr(backbone, "pooler", None) is not None:
        backbone.pooler = None  # the head stands on the first token's state; weights without a gradient stop DDP
    if spec.model.frozen_embeddings:
        table = backbone.embedding if isinstance(backbone, _Bag) else backbone.get_input_embeddings()
        table.weight.requires_grad_(requires_grad=False)
    return Net(spec, backbone, head or _head(spec, width, splits.outputs), splits)


def _made(spec: Spec, splits: Splits) -> nn.Module:
    from transformers import AutoConfig, AutoModel  # noqa: PLC0415  # a plain network does without

    model = spec.model
    longest = max(len(tokens) for part in (splits.train, splits.eval) for tokens in part.tokens) + 8
    settings: dict[str, Any] = {
        "vocab_size": splits.vocabulary, "hidden_size": model.hidden, "num_hidden_layers": model.layers,
        "num_attention_heads": model.heads, "intermediate_size": model.intermediate,
        "max_position_embeddings": max(longest, 64), "initializer_range": model.initializer_range,
        "pad_token_id": PAD, "bos_token_id": CLS, "eos_token_id": 2, "cls_token_id": CLS, "sep_token_id": 2,
    }  # fmt: skip
    if model.type == "modernbert":
        rates = ("attention_dropout", "embedding_dropout", "mlp_dropout", "classifier_dropout")
        settings |= {"hidden_activation": model.activation, **dict.fromkeys(rates, model.dropout)}
    elif model.type == "llama":
        settings |= {"num_key_value_heads": model.heads, "attention_dropout": model.dropout}
    else:
        settings |= {
            "hidden_act": model.activation, "hidden_dropout_prob": model.dropout,
            "attention_probs_dropout_prob": model.dropout,
        }  # fmt: skip
    return AutoModel.from_config(AutoConfig.for_model(model.type, **settings), **_attention(spec))


def _attention(spec: Spec) -> dict[str, Any]:
    if spec.args.packing != "pack":
        return {"attn_implementation": "sdpa"}
    from diagnose.train.packed import PACKED, register  # noqa: PLC0415  # imports transformers

    register()
    return {"attn_implementation": PACKED}


def _bounded(logits: Tensor, head: str) -> Tensor:
    return {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}.get(head, lambda x: x)(logits)


def _class_weights(spec: Spec, splits: Splits) -> Tensor:
    """Return n/(K n_k) for each class k, scikit-learn's "balanced"; ones where it has no row."""
    if spec.task not in ("classification", "tagging"):
        return torch.ones(1)
    labels = splits.train.labels if spec.task == "classification" else [t for row in splits.train.labels for t in row]
    counts = torch.bincount(torch.tensor([label for label in labels if label >= 0]), minlength=splits.outputs)
    return torch.where(counts > 0, counts.sum() / (len(counts) * counts.clamp(min=1)), torch.ones(len(counts)))


def _scale(spec: Spec, splits: Splits) -> tuple[float, float]:
    if spec.task != "regression" or spec.args.label_scaling == "none":
        return 0.0, 1.0
    labels = torch.tensor(splits.train.labels, dtype=torch.float64)
    std = float(labels.std())
    return float(labels.mean()), std if math.isfinite(std) and std > 0 else 1.0

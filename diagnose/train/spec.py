"""The specification of one run: data, model, settings. Frozen, and the same bytes in JSON every time."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Args", "Data", "Model", "Spec"]

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())


class Data(_Frozen):
    """What is learnt: a made task of a few numbers, or the files of a user.

    Made texts are `length` tokens of noise with some that tell the class (`markers`) and some that mislead
    (`distractors`). shares: of the classes, by default equal; noise: share of training labels that are wrong;
    shuffled: training labels permuted against their inputs; rotated: evaluation labels shifted by one; duplicates:
    share of evaluation rows that stand in the training set; mean, std: of the labels of a regression, 0 and 1 as they
    are made (in [0, 1]); entities: share of tokens that carry a tag.
    train, eval: files (CSV, JSON lines, Parquet, or a folder of `datasets`) with the columns `text` and `label`;
    without eval a share of the training rows is set apart, drawn by the seed.
    """

    classes: int = Field(3, ge=1)
    shares: tuple[Share, ...] = ()
    rows: Count = 1200
    eval_rows: Count = 600
    length: tuple[Count, Count] = (12, 24)
    vocabulary: int = Field(256, ge=64)
    markers: int = Field(3, ge=0)
    distractors: int = Field(1, ge=0)
    noise: Share = 0.0
    shuffled: bool = False
    rotated: bool = False
    duplicates: Share = 0.0
    mean: float | None = None
    std: float | None = None
    entities: Share = 0.15
    seed: int = 0
    train: str | None = None
    eval: str | None = None
    eval_share: float = Field(0.2, gt=0, lt=1)
    text: str = "text"
    label: str = "label"
    max_length: Count = 128

    @model_validator(mode="after")
    def _shares_fit(self) -> Data:
        if self.shares and (len(self.shares) != self.classes or abs(sum(self.shares) - 1) > 1e-6):
            msg = (
                f"shares: {len(self.shares)} that sum to {sum(self.shares):g}; {self.classes} that sum to 1 are needed"
            )
            raise ValueError(msg)
        if self.train is None and self.eval is not None:
            msg = "eval: a file to evaluate on needs one to train on"
            raise ValueError(msg)
        if self.length[0] > self.length[1] or self.length[0] < self.markers + self.distractors:
            msg = "length: the shortest text has to hold its markers and distractors and be no longer than the longest"
            raise ValueError(msg)
        return self


class Model(_Frozen):
    """What learns: a checkpoint by name or folder, or a small model of a transformers configuration.

    head: what stands behind the last linear layer of a regression or retrieval ("linear" is sound); head_bias: the
    start of its bias; initializer_range 0.1 is what makes a model of this size learn within seconds.
    """

    checkpoint: str | None = None
    type: Literal["roberta", "bert", "modernbert", "roberta-prelayernorm", "llama", "mlp"] = "roberta"
    hidden: Count = 64
    layers: Count = 2
    heads: Count = 2
    intermediate: Count = 128
    dropout: Share = 0.0
    activation: str = "gelu"
    initializer_range: float = Field(0.1, gt=0)
    head: Literal["linear", "sigmoid", "tanh", "relu"] = "linear"
    head_bias: float = 0.0
    frozen_embeddings: bool = False
    seed: int | None = None


class Args(_Frozen):
    """How it learns, in the names of transformers.TrainingArguments, and what those have no name for.

    class_weights: of the loss, "balanced" is 1/share; sampler: "balanced" draws the classes equally often;
    label_scaling: "standard" learns standardised labels of a regression and reports in the given unit;
    bias_correction: of Adam's moments; loss: "standard", or one of the mistakes "double_softmax" (probabilities where
    logits belong), "nll_on_probabilities" (no logarithm), "no_shift" (a language model that sees its target);
    temperature: of InfoNCE; packing: "pad" to the longest of the batch, "bucket" by length, "pack" without padding;
    tokens_per_batch: where a batch ends, in place of its rows. bf16 and packing are left to the device: on a GPU
    bfloat16 where it has that, and packed; on a CPU neither.
    """

    learning_rate: float = Field(2e-3, gt=0)
    num_train_epochs: float = Field(4, gt=0)
    max_steps: int = -1
    per_device_train_batch_size: Count = 32
    per_device_eval_batch_size: Count = 128
    gradient_accumulation_steps: Count = 1
    warmup_ratio: Share = 0.1
    lr_scheduler_type: Literal["linear", "cosine", "constant"] = "linear"
    weight_decay: float = Field(0.01, ge=0)
    adam_beta1: Share = 0.9
    adam_beta2: Share = 0.999
    adam_epsilon: float = Field(1e-8, gt=0)
    max_grad_norm: float = Field(1.0, ge=0)
    label_smoothing_factor: Share = 0.0
    bf16: bool | None = None
    fp16: bool = False
    torch_compile: bool = False
    eval_steps: int | None = None
    logging_steps: int | None = None
    save_strategy: Literal["no", "eval"] = "no"
    load_best_model_at_end: bool = False
    metric_for_best_model: str = "loss"
    greater_is_better: bool | None = None
    early_stopping_patience: int | None = None
    seed: int = 0
    class_weights: Literal["none", "balanced"] = "none"
    sampler: Literal["random", "balanced"] = "random"
    label_scaling: Literal["none", "standard"] = "none"
    bias_correction: bool = True
    loss: Literal["standard", "double_softmax", "nll_on_probabilities", "no_shift"] = "standard"
    temperature: float = Field(0.05, gt=0)
    packing: Literal["auto", "pad", "bucket", "pack"] = "auto"
    tokens_per_batch: int | None = None


class Spec(_Frozen):
    """One run: its task, data, model, settings, and the folder that its files go to."""

    output: str
    task: Literal["classification", "multilabel", "regression", "tagging", "lm", "retrieval"] = "classification"
    data: Data = Data()
    model: Model = Model()
    args: Args = Args()
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: Count = 1

    @property
    def digest(self) -> str:
        """A short name of everything but the place of the files: two specifications of one digest are one run.

        What is left at its default has no part in it, so that a new setting does not make an old run another one.
        """
        asked = self.model_dump_json(exclude={"output"}, exclude_defaults=True)
        return hashlib.sha256(asked.encode()).hexdigest()[:16]

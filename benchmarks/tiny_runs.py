"""Tiny text classifiers that train in two seconds on one core: sound ones, and ones that fail in a known way.

The task: a text of 12 to 24 tokens out of 256 holds a few markers of its class (8 tokens a class) among words without
meaning, and perhaps one marker of another class. A BERT of two layers with a hidden size of 32 learns it in some 150
steps at a rate of 0.002, after a third of them in which it answers one class; a rate of 0.1 collapses it for good.
"""

from __future__ import annotations

import random
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, precision_recall_fscore_support
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Recipe", "ends_sound", "model", "texts", "trainer"]

_VOCABULARY, _MARKERS, _CLASSES, _LONGEST = 256, 8, 3, 24
_FIRST_WORD = 1 + _MARKERS * _CLASSES  # 0 pads


@dataclass(frozen=True)
class Recipe:
    """What is trained, and how. shares: of the classes; init: the standard deviation of the first weights."""

    learning_rate: float = 2e-3
    steps: int = 152
    eval_steps: int = 19
    seed: int = 0
    shares: tuple[float, ...] = (0.6, 0.2, 0.2)
    markers: int = 3
    distractors: int = 1
    regression: bool = False
    batch: int = 32
    warmup: float = 0.1
    schedule: str = "linear"
    hidden: int = 32
    layers: int = 2
    init: float = 0.1
    dropout: float = 0.0
    clip: float = 1.0
    logging_steps: int = 5

    @classmethod
    def varied(cls, seed: int) -> Recipe:
        """Return a recipe drawn at random, most of which learn: rates of 0.0003 to 0.016, all else varied too."""
        draw = random.Random(seed)
        steps = draw.choice((100, 152, 250, 400))
        return cls(
            learning_rate=10 ** draw.uniform(-3.5, -1.8),
            steps=steps,
            eval_steps=max(5, steps // draw.choice((4, 8, 12, 20))),
            seed=seed,
            shares=draw.choice(((0.6, 0.2, 0.2), (0.34, 0.33, 0.33), (0.8, 0.1, 0.1), (0.5, 0.5, 0.0))),
            markers=draw.choice((3, 4, 6)),
            distractors=draw.choice((0, 1)),
            regression=draw.random() < 0.25,
            batch=draw.choice((16, 32)),
            warmup=draw.choice((0.0, 0.1, 0.3)),
            schedule=draw.choice(("linear", "cosine", "constant")),
            hidden=draw.choice((32, 64)),
            layers=draw.choice((2, 3)),
            init=draw.choice((0.02, 0.05, 0.1)),
            dropout=draw.choice((0.0, 0.1)),
        )


def texts(recipe: Recipe, rows: int, seed: int) -> list[dict[str, Any]]:
    """Return `rows` texts of the recipe's task, padded to 24 tokens, with their labels."""
    draw = random.Random(seed)
    labels = [label for label, share in enumerate(recipe.shares) for _ in range(round(share * rows))]
    labels = (labels + [0] * rows)[:rows]
    draw.shuffle(labels)
    return [_text(recipe, label, draw) for label in labels]


def _text(recipe: Recipe, label: int, draw: random.Random) -> dict[str, Any]:
    length = draw.randint(12, _LONGEST)
    words = [draw.randrange(_FIRST_WORD, _VOCABULARY) for _ in range(length)]
    others = [other for other in range(_CLASSES) if other != label]
    for i, place in enumerate(draw.sample(range(length), recipe.markers + recipe.distractors)):
        of = label if i < recipe.markers else draw.choice(others)
        words[place] = 1 + of * _MARKERS + draw.randrange(_MARKERS)
    empty = [0] * (_LONGEST - length)
    return {
        "input_ids": words + empty,
        "attention_mask": [1] * length + empty,
        "labels": float(label) if recipe.regression else label,
    }


def model(recipe: Recipe) -> BertForSequenceClassification:
    """Return the model, its weights drawn anew."""
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=_VOCABULARY,
            hidden_size=recipe.hidden,
            num_hidden_layers=recipe.layers,
            num_attention_heads=2,
            intermediate_size=2 * recipe.hidden,
            max_position_embeddings=32,
            num_labels=1 if recipe.regression else _CLASSES,
            hidden_dropout_prob=recipe.dropout,
            attention_probs_dropout_prob=recipe.dropout,
            initializer_range=recipe.init,
        )
    )


def trainer(recipe: Recipe, folder: Path, callbacks: Sequence[Any] = (), **more: Any) -> Trainer:
    """Return a Trainer of transformers, on one thread; `more`: further training arguments."""
    torch.set_num_threads(1)
    set_seed(recipe.seed)
    arguments = {
        "output_dir": str(folder),
        "max_steps": recipe.steps,
        "per_device_train_batch_size": recipe.batch,
        "per_device_eval_batch_size": 100,
        "learning_rate": recipe.learning_rate,
        "weight_decay": 0.01,
        "warmup_steps": recipe.warmup,
        "lr_scheduler_type": recipe.schedule,
        "max_grad_norm": recipe.clip,
        "eval_strategy": "steps",
        "eval_steps": recipe.eval_steps,
        "logging_steps": recipe.logging_steps,
        "save_strategy": "no",
        "report_to": "none",
        "seed": recipe.seed,
        "use_cpu": True,
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }
    made = Trainer(
        model(recipe),
        TrainingArguments(**{**arguments, **more}),
        train_dataset=texts(recipe, 1200, 1000 + recipe.seed),
        eval_dataset=texts(recipe, 300, 2000 + recipe.seed),
        compute_metrics=_errors if recipe.regression else _scores,
        callbacks=list(callbacks),
    )
    made.remove_callback(PrinterCallback)
    return made


def ends_sound(recipe: Recipe, history: Sequence[dict[str, float]]) -> bool:
    """Whether the last evaluation is clear of a model without skill."""
    last = [row for row in history if "eval_loss" in row][-1]
    if recipe.regression:
        return last["eval_spearman"] > 0.5
    return last["eval_accuracy"] > max(recipe.shares) + 0.05


def _scores(answer: Any) -> dict[str, float]:
    predicted = np.argmax(answer.predictions, axis=1)
    precision, recall, f1, _ = precision_recall_fscore_support(
        answer.label_ids, predicted, average="macro", zero_division=0
    )
    accuracy = accuracy_score(answer.label_ids, predicted)
    return {"accuracy": float(accuracy), "precision": float(precision), "recall": float(recall), "f1": float(f1)}


def _errors(answer: Any) -> dict[str, float]:
    predicted, labels = np.asarray(answer.predictions).reshape(-1), np.asarray(answer.label_ids).reshape(-1)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # of constant predictions, whose correlation is NaN: they are what is looked for
        spearman, pearson = spearmanr(predicted, labels)[0], pearsonr(predicted, labels)[0]
    return {"mse": float(((predicted - labels) ** 2).mean()), "spearman": float(spearman), "pearson": float(pearson)}

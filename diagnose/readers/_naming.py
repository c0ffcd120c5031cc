"""What a table says about the names in it: which prefixes are tasks or classes, and which split a bare name is of."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from diagnose.readers._items import Item, score_like

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.readers.records import Record

__all__ = ["MEASURES", "TRAINER_KEYS", "Splits", "class_labels", "held_out", "table_of", "task_prefixes"]

MEASURES = ("score", "correlation", "error", "loss")
# A trainer, or a callback that samples the gradients, logs these beside the loss of the training.
TRAINER_KEYS = ("learning_rate", "grad_norm", "gradient_reach", "dead_units", "update_ratio")
_HELD_OUT = ("eval", "test")
_PER_CLASS = {"precision", "recall", "f1"}


def table_of(record: Record, number: int) -> tuple[str, str] | int:
    """Return what a record is a row of: its group, or itself (by its number) where it stands alone."""
    return (record.source, record.group) if record.group else number


def held_out(metrics: Sequence[tuple[Record, list[Item]]]) -> dict[object, set[str]]:
    """Return, for each table (or record that stands alone), the metrics that it has on a named held-out split."""
    found: dict[object, set[str]] = defaultdict(set)
    for number, (record, items) in enumerate(metrics):
        table = table_of(record, number)
        found[table].update(item.name.metric for item in items if item.name.split in _HELD_OUT and item.name.known)
    return found


def class_labels(metrics: Sequence[tuple[Record, list[Item]]]) -> set[str]:
    """Return the prefixes that name classes: "Loc Precision", "Loc Recall", "Loc F1" beside overall figures."""
    found: dict[str, set[str]] = defaultdict(set)
    for _, items in metrics:
        for item in items:
            if item.name.known and not item.name.variant and not item.name.best:
                found[item.name.prefix].add(item.name.metric)
    overall = len(found.pop("", set()) & _PER_CLASS) > 1
    per_class = {prefix: names for prefix, names in found.items() if len(names & _PER_CLASS) > 1}
    several = overall and len(per_class) > 1 and not any("accuracy" in names for names in per_class.values())
    numbered = {prefix for prefix, names in found.items() if prefix.isdigit() and names & _PER_CLASS}
    return numbered | {prefix for prefix, names in per_class.items() if several or "support" in names}


def task_prefixes(metrics: Sequence[tuple[Record, list[Item]]], labels: set[str]) -> set[str]:
    """Return the prefixes that name tasks: several of them, or one in a table that has the bare metric too."""
    prefixes: set[str] = set()
    bare: set[tuple[object, ...]] = set()
    prefixed: list[tuple[str, tuple[object, ...]]] = []
    for number, (record, items) in enumerate(metrics):
        table = table_of(record, number)
        for item in items:
            if not score_like(item) or item.name.prefix in labels:
                continue
            column = (table, item.name.metric, item.name.split)
            if item.name.prefix:
                prefixes.add(item.name.prefix)
                prefixed.append((item.name.prefix, column))
            else:
                bare.add(column)
    return prefixes if len(prefixes) > 1 else {prefix for prefix, column in prefixed if column in bare}


class Splits:
    """Which split each item of a record belongs to.

    held_out: the metrics that the record's table has under the name of a held-out split ("val_loss"): beside them
    the bare name is the training's, as Keras writes it.
    """

    def __init__(self, record: Record, items: list[Item], held_out: set[str], *, is_row: bool) -> None:
        measured = [item for item in items if item.kind in MEASURES]
        named = {item.name.split for item in measured if item.name.split in _HELD_OUT}
        self._own = record.split
        self._default = record.split or (named.pop() if len(named) == 1 else "eval") or "eval"
        bare = [item for item in measured if item.name.split is None]
        self._training = {item.name.metric for item in bare} & held_out
        if self._training:  # where a bare score is the training's, so is a bare loss
            self._training |= {item.name.metric for item in bare if item.kind == "loss"}
        if not record.split and not named and not self._training and bare:
            scores = any(score_like(item) for item in bare)
            logged = any(item.name.metric in TRAINER_KEYS for item in items)
            if (is_row and (logged or not scores)) or (logged and not scores):
                self._training = {item.name.metric for item in bare}
                self._default = "train"

    def of(self, item: Item) -> str:
        """Return the split of an item: its own, or what its record makes of a bare name."""
        if item.name.split:
            return item.name.split
        if self._own is None and item.name.metric in self._training:
            return "train"
        return self._default

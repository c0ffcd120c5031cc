"""The trainer_state.json of transformers: the history of a training run, and which checkpoint was kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from diagnose.readers._json_shapes import scalars
from diagnose.readers.json_tree import JsonObject, NumberText, pointer
from diagnose.readers.records import Cell, Record, Records
from diagnose.types import Unread

if TYPE_CHECKING:
    from diagnose.readers.records import Document

__all__ = ["read", "sniff"]

_CHECKPOINT_STEP = re.compile(r"checkpoint-(\d+)")
# Flags of the process that wrote the file.
_PROCESS = ("is_hyper_param_search", "is_local_process_zero", "is_world_process_zero")


def sniff(document: Document) -> float:
    """Return 1 for an object with a `log_history`."""
    tree = document.json
    return 1.0 if isinstance(tree, JsonObject) and isinstance(tree.get("log_history"), list) else 0.0


def read(document: Document) -> Records:
    """Return each entry of the history as a row, the summary of the training, and the trainer's settings."""
    tree: JsonObject = document.json
    records = Records()
    for i, entry in enumerate(tree["log_history"]):
        at = f"/log_history/{i}"
        if not isinstance(entry, JsonObject):
            records.unread.append(Unread(document.source, at, str(entry)[:80], "not an object"))
            continue
        records.records.append(_row(entry, at))
        records.unread += [
            Unread(document.source, pointer(at, key), key, "stands here more than once: the last one counts")
            for key in entry.repeated
        ]
    records.records.append(Record(tuple(_settings(tree)), role="config", machine=True))
    if not any(record.role == "metrics" for record in records.records):
        records.unread.append(Unread(document.source, "/log_history", "[]", "the history is empty"))
    return records


def _row(entry: JsonObject, at: str) -> Record:
    """Return an entry as a row, or as the summary of the training that stands at its end."""
    summary = "train_runtime" in entry
    cells = tuple(cell for cell in scalars(entry, at) if not (summary and cell.key in ("step", "epoch")))
    return Record(cells, group="" if summary else "log_history", split="train" if summary else None, machine=True)


def _settings(tree: JsonObject) -> list[Cell]:
    cells = [
        Cell(key, str(value), pointer("", key))
        for key, value in tree.items()
        if isinstance(value, NumberText | str) and key not in _PROCESS
    ]
    step = _best_step(tree.get("best_model_checkpoint"))
    if step is not None and not isinstance(tree.get("best_global_step"), NumberText):
        cells.append(Cell("best_global_step", step, "/best_model_checkpoint"))
    return cells


def _best_step(checkpoint: Any) -> str | None:
    found = _CHECKPOINT_STEP.findall(checkpoint) if isinstance(checkpoint, str) else []
    return found[-1] if found else None

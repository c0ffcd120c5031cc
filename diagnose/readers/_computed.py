"""Where the metrics that were computed from predictions belong: beside the reported ones, or in their place.

Beside reported metrics they are kept apart, to be compared, and a matrix of theirs describes the reported result only
if both are of the same rows. Without any, they are the result.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePath
from typing import TYPE_CHECKING

from diagnose.readers._drafts import Draft
from diagnose.readers._naming import MEASURES
from diagnose.types import Value
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from diagnose.readers._items import Item
    from diagnose.readers.records import Record

__all__ = ["attach", "computed_drafts"]

_SAME_ROWS = "same_rows=true"
# The split of predictions whose place among the reported results is open.
_APART = "predictions"


def computed_drafts(pairs: list[tuple[Record, list[Item]]], source: str) -> list[Draft]:
    """Return a draft for each file of predictions; its split is "" where the file does not say it."""
    drafts: dict[tuple[str, str], Draft] = {}
    for record, items in pairs:
        origin = record.source or source
        place = (origin, record.group)
        draft = drafts.setdefault(place, Draft(record.task, record.split or "", source=origin))
        if record.role == "matrix":
            draft.matrix = draft.matrix or {}
            draft.matrix[str(record.label)] = {item.cell.key: int(item.printed.number) for item in items}
            continue
        values = {item.cell.key: _value(item, origin) for item in items}
        if record.role == "class":
            draft.classes[str(record.label)] = values
        else:
            draft.recomputed.update(values)
    return list(drafts.values())


def _value(item: Item, origin: str) -> Value:
    key, printed = item.cell.key, item.printed
    # With all its digits the text needs no record of full doubles around it to be read as one.
    return Value(key, key, printed.text, printed.number, origin, item.cell.at)


def attach(computed: list[Draft], drafts: list[Draft]) -> None:
    """Put each computed draft beside the one reported result that it can be of, or else among the results."""
    hosts: dict[int, list[Draft]] = defaultdict(list)
    fitting = [[host for host in drafts if _may_be_of(draft, host)] for draft in computed]
    for draft, found in zip(computed, fitting, strict=True):
        for host in found:
            hosts[id(host)].append(draft)
    taken = {(draft.task, draft.split) for draft in drafts}
    for draft, found in zip(computed, fitting, strict=True):
        if len(found) == 1 and len(hosts[id(found[0])]) == 1:
            _join(found[0], draft)
            continue
        draft.metrics = draft.recomputed
        draft.split = draft.split or "eval"
        if (draft.task, draft.split) in taken:
            draft.split = _APART
        if (draft.task, draft.split) in taken:
            draft.task = PurePath(draft.source).stem
        taken.add((draft.task, draft.split))
        drafts.append(draft)


def _may_be_of(draft: Draft, host: Draft) -> bool:
    """Whether a reported result stands alone, has a measure of quality, and is of the predictions' task and split."""
    if host.is_row or (draft.task is not None and draft.task != host.task):
        return False
    if host.split != draft.split if draft.split else host.split == "train":
        return False
    rows, mine = host.metrics.get("samples"), draft.recomputed.get("samples")
    if rows is not None and mine is not None and rows.number != mine.number:
        return False
    infos = [metric_of(name) for name in host.metrics]
    return any(info is not None and info.kind in MEASURES and info.kind != "loss" for info in infos)


def _join(host: Draft, draft: Draft) -> None:
    host.recomputed = draft.recomputed
    if draft.matrix and not host.matrix:
        host.matrix, host.matrix_assumes = draft.matrix, (_SAME_ROWS,)

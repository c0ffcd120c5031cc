"""A run of MLflow as the records that every reader makes: its metrics by step, its parameters and tags.

Nothing is interpreted here: names, splits and tasks are for `readers/interpret.py`, as with any file. MLflow itself is
not imported: a run is what has its `info`, `data` and `inputs`.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

from diagnose.readers.records import Cell, Record, Records
from diagnose.types import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["SYSTEM", "records_of"]

# What MLflow logs about the machine, not about the model.
SYSTEM = "system/"
_OWN_TAGS = ("mlflow.", "diagnose.")
# The Trainer of transformers logs its summary of the training in one call with this, at the step of the last row.
_SUMMARY, _IN_SUMMARY = "train_runtime", ("train_", "total_")
# Of a longer history evenly spread values are kept, and the last: judging is linear in them.
_MOST = 5000

# The values of a metric by step; a value is what has `value`, `step` and `timestamp`.
Points: TypeAlias = "dict[int, Any]"


def records_of(run: Any, histories: Mapping[str, Sequence[Any]], source: str) -> Records:
    """Return what a run has logged; histories: all values of each metric.

    The values of one step are a row. A metric that has step 0 alone, while others go on, was logged without a step: it
    stands alone, as all do where there is one step only.
    """
    records = Records(name=run.info.run_name or run.info.run_id)
    logged = {key: _by_step(key, histories[key], source, records.unread) for key in sorted(histories)}
    summary = _taken_out(logged)
    steps = sorted({step for points in logged.values() for step in points})
    lone = {key: points for key, points in logged.items() if len(steps) == 1 or points.keys() == {0}}
    rows = {key: points for key, points in logged.items() if key not in lone}
    for step in steps:
        if cells := _cells(rows, step):
            records.records.append(Record((_step(step), *cells), group="metrics", machine=True))
    if lone:
        only = [_step(steps[0])] if steps != [0] and len(steps) == 1 else []
        cells = [cell for step in steps for cell in _cells(lone, step)]
        records.records.append(Record((*only, *cells), machine=True))
    if summary:
        records.records.append(Record(tuple(summary), split="train", machine=True))
    records.records.append(Record(tuple(_settings(run)), role="config", machine=True))
    return records


def _by_step(key: str, points: Iterable[Any], source: str, unread: list[Unread]) -> Points:
    """Return the values by step, in order; of several at one step the last counts, as in MLflow's own tables."""
    ordered = sorted(points, key=lambda p: (p.step, p.timestamp, 0.0 if math.isnan(p.value) else p.value))
    last = {point.step: point for point in ordered}
    if again := len(ordered) - len(last):
        reason = "logged again at the same step: the last value counts"
        unread.append(Unread(source, "", f"{key}: {again} of {len(ordered)} values", reason))
    if len(last) <= _MOST:
        return last
    unread.append(Unread(source, "", f"{key}: {len(last) - _MOST} of {len(last)} values", "left out: too many"))
    every = list(last.items())
    return dict(every[(i + 1) * len(every) // _MOST - 1] for i in range(_MOST))


def _taken_out(logged: Mapping[str, Points]) -> list[Cell]:
    """Take the Trainer's summary of the training out of its last row: a mean of the losses is no loss of a step."""
    if not (points := logged.get(_SUMMARY)):
        return []
    call = next(reversed(points.values()))
    members = [
        key for key, points in logged.items()
        if key.startswith(_IN_SUMMARY) and (point := points.get(call.step)) and point.timestamp == call.timestamp
    ]  # fmt: skip
    return [Cell(key, _text(logged[key].pop(call.step).value), "summary of the training") for key in members]


def _step(step: int) -> Cell:
    return Cell("step", str(step), f"step {step}")


def _cells(logged: Mapping[str, Points], step: int) -> list[Cell]:
    return [Cell(key, _text(points[step].value), f"step {step}") for key, points in logged.items() if step in points]


def _text(value: float) -> str:
    """Return a number as Python prints it; MLflow's databases hold an infinity as the largest double."""
    return repr(math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else value)


def _settings(run: Any) -> Iterator[Cell]:
    """Yield the parameters, the user's tags, and the names of the data sets."""
    yield from (Cell(key, value, "params") for key, value in run.data.params.items())
    for key, value in run.data.tags.items():
        if not key.startswith(_OWN_TAGS):
            yield Cell(key, value, "tags")
    inputs = getattr(run, "inputs", None)  # runs of MLflow before 2.4 have none
    names = dict.fromkeys(item.dataset.name for item in (inputs.dataset_inputs if inputs else ()))
    if names:
        yield Cell("dataset", ", ".join(names), "inputs")

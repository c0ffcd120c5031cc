"""From records to runs: the one place where a metric gets its name, its scale and its evaluation."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from diagnose.readers._apart import histories_apart
from diagnose.readers._items import items_of
from diagnose.readers._naming import MEASURES
from diagnose.readers._reading import RunReading, is_of_table
from diagnose.types import Run, Value

if TYPE_CHECKING:
    from diagnose.readers._items import Reading
    from diagnose.readers.records import Cell, Records

__all__ = ["interpret"]


def interpret(records: Records, source: str) -> list[Run]:
    """Return the runs of one document, in order of appearance; what belongs to no run goes to the first."""
    own_name = records.name or PurePath(source).stem
    parts = _by_run([(record, *items_of(record)) for record in records.records], own_name)
    flags = _flags(records.flags, parts, source)
    tables = [reading for part in parts.values() for reading in part if is_of_table(reading[0])]
    runs: list[Run] = []
    for name, part in parts.items():
        reading = RunReading(source, tables)
        reading.read(part)
        evaluations = reading.evaluations()
        first = not runs
        runs.append(
            Run(
                name=name or own_name,
                model=records.model,
                task_kind=records.task_kind,
                config=reading.config,
                evaluations=evaluations,
                training=tuple(reading.training.values()),
                sources=(source,),
                unread=(*(records.unread if first else ()), *reading.unread, *reading.drafts.unread),
                text_flags=flags.get(name, {}),
            )
        )
    return runs


def _by_run(readings: list[Reading], own_name: str) -> dict[str, list[Reading]]:
    """Return the records of each run; metrics without a run's name are the document's own, settings the first run's."""
    names = [own_name if _is_own(name, own_name) else name for name in histories_apart(readings, own_name)]
    unnamed = any(
        name is None and any(item.kind in MEASURES for item in reading[1])
        for name, reading in zip(names, readings, strict=True)
    )
    first = own_name if unnamed else next((name for name in names if name is not None), own_name)
    parts: dict[str, list[Reading]] = {first: []}
    for name, reading in zip(names, readings, strict=True):
        parts.setdefault(name or first, []).append(reading)
    return parts


def _is_own(run: str | None, own_name: str) -> bool:
    """Whether a run named in a table is the document's own model ("owner/name" for "name")."""
    return run is not None and run.rpartition("/")[2] == own_name.rpartition("/")[2]


def _flags(flags: list[Cell], parts: dict[str, list[Reading]], source: str) -> dict[str, dict[str, Value]]:
    """Return the flags of each run: a statement is about the run whose records stand nearest to it."""
    places = [
        (line, name) for name, part in parts.items() for record, _, _ in part if (line := _line(record.cells[:1]))
    ]
    found: dict[str, dict[str, Value]] = {}
    for flag in flags:
        line = _line((flag,))
        near = min(places, key=lambda place: abs(place[0] - line), default=None) if line else None
        name = near[1] if near else next(iter(parts))
        value = Value(flag.key, flag.key, flag.text, float("nan"), source, flag.at)
        found.setdefault(name, {}).setdefault(flag.key, value)
    return found


def _line(cells: tuple[Cell, ...]) -> int:
    """Return the line of the first cell ("line 12"); 0 where it has none."""
    number = cells[0].at.removeprefix("line ") if cells else ""
    return int(number) if number.isdigit() else 0

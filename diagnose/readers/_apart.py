"""Histories told apart: two tables that contradict each other at the same steps are two runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from diagnose.readers._naming import MEASURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diagnose.readers._items import Item, Reading

__all__ = ["histories_apart"]

# More runs in one document would be a table of runs; reading on costs time and tells nothing.
_MOST_RUNS = 50

Axis: TypeAlias = tuple[float | None, float | None]
# What a history reports: the number, by place, task, split and name.
Said: TypeAlias = "dict[tuple[Axis, str | None, str | None, str], Item]"


@dataclass
class _Stretch:
    """Rows of one table, in order, from one start of the training on; said: what they report at each step."""

    indices: list[int] = field(default_factory=list)
    said: Said = field(default_factory=dict)
    last: Axis = (None, None)


def histories_apart(readings: list[Reading], name: str) -> list[str | None]:
    """Return each record's run, where a further history that contradicts an earlier one of its run is `name (2)`."""
    runs = [record.run for record, _, _ in readings]
    taken: dict[str | None, list[Said]] = {}
    for run, stretch in _stretches(readings):
        histories = taken.setdefault(run, [{}])
        number = next((i for i, said in enumerate(histories) if not _contradict(said, stretch.said)), len(histories))
        if number == _MOST_RUNS:
            continue
        if number == len(histories):
            histories.append({})
        histories[number].update(stretch.said)
        if number:
            for index in stretch.indices:
                runs[index] = f"{run or name} ({number + 1})"
    return runs


def _stretches(readings: list[Reading]) -> Iterator[tuple[str | None, _Stretch]]:
    """Yield the rows of each table; where the steps start again with other numbers, a new stretch begins."""
    open_ones: dict[tuple[str, str | None, str], _Stretch] = {}
    for index, (record, items, _) in enumerate(readings):
        axis = _axis(items) if record.role == "metrics" and record.group else (None, None)
        if axis == (None, None):
            continue
        said: Said = {
            (axis, record.task, record.split, item.cell.key): item
            for item in items
            if item.kind in MEASURES and item.name.known
        }
        table = (record.source, record.run, record.group)
        stretch = open_ones.setdefault(table, _Stretch())
        if _before(axis, stretch.last) and _contradict(stretch.said, said):
            yield record.run, stretch
            stretch = open_ones[table] = _Stretch()
        stretch.indices.append(index)
        stretch.said.update(said)
        stretch.last = axis
    for (_, run, _), stretch in open_ones.items():
        yield run, stretch


def _axis(items: Iterable[Item]) -> Axis:
    found = {item.name.metric: item.printed.number for item in items if item.kind == "axis" and not item.name.variant}
    return found.get("step", found.get("iteration")), found.get("epoch")


def _before(axis: Axis, last: Axis) -> bool:
    return any(now is not None and then is not None and now < then for now, then in zip(axis, last, strict=True))


def _contradict(said: Said, other: Said) -> bool:
    """Whether most of what both report at the same steps differs."""
    common = said.keys() & other.keys()
    return sum(_differ(said[key], other[key]) for key in common) * 2 > len(common)


def _differ(a: Item, b: Item) -> bool:
    """Whether two texts print different numbers, the one with fewer decimals giving the measure."""
    if a.printed.text == b.printed.text:
        return False
    left, right = a.printed.number, b.printed.number
    decimals = min(len(item.printed.text.partition(".")[2]) for item in (a, b))
    return not abs(left - right) <= 1.01 * 10**-decimals and not (left != left and right != right)  # noqa: PLR0124  # NaN

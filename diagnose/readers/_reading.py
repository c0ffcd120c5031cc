"""One run's records on their way to evaluations, training points and settings."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from itertools import chain
from math import isfinite
from typing import TYPE_CHECKING

from diagnose.readers._computed import attach, computed_drafts
from diagnose.readers._drafts import Draft, Drafts
from diagnose.readers._naming import MEASURES, TRAINER_KEYS, Splits, class_labels, held_out, table_of, task_prefixes
from diagnose.readers._numbers import read_number
from diagnose.readers._scale import Machine, Scales
from diagnose.types import Evaluation, TrainingPoint, Unread, Value
from diagnose.vocabulary import metric_of, parse_name, setting_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.readers._items import Item, Reading
    from diagnose.readers._numbers import Printed
    from diagnose.readers.records import Cell, Record

__all__ = ["RunReading", "is_of_table"]

# Rows of a per-class table that are averages: what their cells are called in the evaluation.
_AVERAGE_ROWS = {
    name: prefix
    for prefix, names in {
        "macro_": ("macro", "macro avg", "macro average"),
        "micro_": ("micro", "micro avg", "micro average"),
        "weighted_": ("weighted", "weighted avg", "weighted average", "avg / total", "avg/total"),
        "samples_average_": ("samples avg",),
    }.items()
    for name in names
}
# Variants that are always a task of their own: MNLI's mismatched set.
_SECOND_SETS = {"mm"}
# A setting is a round number; a measurement is not.
_TELLING_DECIMALS = 3
# What is computed from the rows, so that a whole number of it is a rounded one.
_MEASURED = frozenset({"score", "correlation", "error", "loss", "spread"})


class RunReading:
    """The records of one run on their way to evaluations, training points and settings."""

    def __init__(self, source: str, tables: Sequence[Reading] = ()) -> None:
        """Begin a run; `tables`: the rows of the document's tables, of whichever run, which share their scales."""
        self.source = source
        self._rows_of_tables = tables
        self.config: dict[str, Value | str] = {}
        self.training: dict[tuple[float | None, float | None], TrainingPoint] = {}
        self.drafts = Drafts()
        self.unread: list[Unread] = []

    def read(self, readings: list[Reading]) -> None:
        """Read all records of the run."""
        self.computed = computed_drafts([(r, items) for r, items, _ in readings if r.computed], self.source)
        readings = [reading for reading in readings if not reading[0].computed]
        for record, _, unread in readings:
            if record.role == "config":
                self._settings(record)
            else:
                self.unread += [self._unread(record, cell, reason) for cell, reason in unread]
        pairs = [(record, items) for record, items, _ in readings if record.role != "config"]
        mine = {(record.source, record.group) for record, _ in pairs}
        shared = [
            (record, items)
            for record, items, _ in self._rows_of_tables
            if record.role != "config" and (record.source, record.group) in mine
        ]
        self._scales = Scales([*(pair for pair in pairs if not is_of_table(pair[0])), *shared])
        metrics = [(record, items) for record, items in pairs if record.role == "metrics"]
        self._labels = class_labels(metrics)
        self._tasks = task_prefixes(metrics, self._labels)
        rows = Counter(
            (record.source, record.group) for record, items in metrics if any(item.kind == "axis" for item in items)
        )
        on_held_out = held_out(metrics)
        for number, (record, items) in enumerate(metrics):
            table = table_of(record, number)
            self._metrics(record, items, on_held_out[table], in_group=rows[record.source, record.group])
        self._tables(pairs)

    def evaluations(self) -> tuple[Evaluation, ...]:
        """Return the finished evaluations; none where nothing in the run is a metric that we know."""
        drafts = list(self.drafts)
        attach(self.computed, drafts)
        if not (self.training or any(_is_result(draft) for draft in drafts)):
            return ()
        kept = []
        for draft in drafts:
            if _is_result(draft) or any(metric_of(name) for name in draft.metrics):
                kept.append(draft.evaluation())
                continue
            reason = "no metric that is known stands beside it"
            self.unread += [Unread(v.source, v.at, f"{v.key}: {v.text}", reason) for v in draft.metrics.values()]
        return tuple(kept)

    def _origin(self, record: Record) -> str:
        return record.source or self.source

    def _unread(self, record: Record, cell: Cell, reason: str) -> Unread:
        return Unread(self._origin(record), cell.at, f"{cell.key}: {cell.text}"[:200], reason)

    def _settings(self, record: Record) -> None:
        for cell in record.cells:
            self._setting(record, cell, read_number(cell.text))

    def _setting(self, record: Record, cell: Cell, printed: Printed | None) -> None:
        name = setting_of(cell.key) or ("global_step" if parse_name(cell.key).metric == "step" else cell.key)
        value: Value | str = cell.text
        if printed is not None:
            value = Value(name, cell.key, printed.text, printed.number, self._origin(record), cell.at)
        self.config.setdefault(name, value)

    def _metrics(self, record: Record, items: list[Item], held_out: set[str], *, in_group: int) -> None:
        axis = {item.name.metric: item for item in reversed(items) if item.kind == "axis" and not item.name.variant}
        step, epoch = axis.get("step", axis.get("iteration")), axis.get("epoch")
        is_row = bool(axis) and (in_group > 1 or (bool(record.group) and step is not None))
        place = (
            (step.printed.number if step else None, epoch.printed.number if epoch else None) if is_row else (None, None)
        )
        machine = Machine([(record, items)])
        splits = Splits(record, items, held_out, is_row=is_row)
        training: dict[str, Value] = {}
        drafts: dict[tuple[str | None, str], Draft] = {}
        variants: dict[tuple[str, str, str], str] = {}
        for item in items:
            if _is_setting(item, is_row=is_row):
                self._setting(record, item.cell, item.printed)
            if item.kind == "axis" or _is_setting(item, is_row=is_row):
                continue
            split = splits.of(item)
            value = self._value(record, item, machine)
            if is_row and (split == "train" or item.name.metric in (*TRAINER_KEYS, "num_tokens")):
                training.setdefault("_".join(filter(None, (self._part(item), value.metric))), value)
                continue
            first = variants.setdefault((value.metric, item.name.prefix, split), item.name.variant)
            task = self._task(record, item, variant=item.name.variant if item.name.variant != first else "")
            draft = drafts.setdefault((task, split), Draft(task, split, *place, source=self._origin(record)))
            if item.name.prefix in self._labels:
                draft.classes.setdefault(item.name.prefix, {})[value.metric] = value
            else:
                draft.add(value.metric, value, item.name.words)
        if training:
            self._point(place, training)
        for draft in drafts.values():
            self.drafts.place(draft)

    def _point(self, place: tuple[float | None, float | None], metrics: dict[str, Value]) -> None:
        present = self.training.get(place)
        if present is not None:
            metrics = {**present.metrics, **metrics}
        self.training[place] = TrainingPoint(*place, metrics)

    def _task(self, record: Record, item: Item, *, variant: str) -> str | None:
        """Return the task of an item; of several variants of a metric, the first is the task's own."""
        parts = [
            record.task,
            item.name.prefix if item.name.prefix in self._tasks else None,
            variant or (item.name.variant if item.name.variant in _SECOND_SETS else None),
        ]
        return "/".join(part for part in parts if part) or None

    def _part(self, item: Item) -> str:
        """Return the prefix that names a task or a class, which a training point has no other place for."""
        return item.name.prefix if item.name.prefix in self._tasks | self._labels else ""

    def _value(self, record: Record, item: Item, machine: Machine, *, metric: str | None = None) -> Value:
        printed = item.printed
        scale = Fraction(1, 100) if self._scales.percent(record, item) else printed.unit
        number = printed.number
        if scale != 1 and isfinite(number):
            number = float(Fraction(repr(number)) * scale)  # 44.17 / 100 is not the float nearest to 0.4417
        return Value(
            metric or self._metric_name(item),
            item.cell.key,
            printed.text,
            number,
            self._origin(record),
            item.cell.at,
            scale,
            machine.holds(item),
            printed.approximate,
            item.kind in _MEASURED,
        )

    def _metric_name(self, item: Item) -> str:
        name = item.name
        metric = name.metric
        prefixed = name.prefix and name.prefix not in self._tasks and name.prefix not in self._labels
        if prefixed and item.kind in ("loss", "count", "time", "rate"):
            metric = f"{name.prefix}_{metric}"
        if name.target:
            return f"target.{metric}"
        return f"best_{metric}" if name.best else metric

    def _tables(self, pairs: list[tuple[Record, list[Item]]]) -> None:
        """Read per-class tables and confusion matrices: one draft for each group."""
        drafts: dict[tuple[object, ...], Draft] = {}
        broken: dict[tuple[object, ...], str] = {}
        tables: dict[tuple[str, str], list[tuple[Record, list[Item]]]] = defaultdict(list)
        for record, items in pairs:
            if record.role in ("class", "matrix") and record.label is not None:
                tables[record.source, record.group].append((record, items))
        machines = {table: Machine(rows) for table, rows in tables.items()}
        places = {_place(items) for _, items in chain.from_iterable(tables.values())}
        # One table, and its step is no row of a history: it is the result's, as an epoch beside a lone result is.
        lone = len(places) == 1 and not places & {(draft.step, draft.epoch) for draft in self.drafts if draft.is_row}
        for record, items in chain.from_iterable(tables.values()):
            place = (None, None) if lone else _place(items)
            split = record.split or "eval"
            key = (record.group, record.role, record.task, split, place)
            draft = drafts.setdefault(key, Draft(record.task, split, *place, source=self._origin(record)))
            if record.role == "class":
                rows = [item for item in items if item.kind != "axis"]
                self._class_row(draft, record, rows, machines[record.source, record.group])
            else:
                draft.matrix = draft.matrix or {}
                draft.matrix_assumes = () if record.stated else ("rows_are_true=true",)
                counts = {item.cell.key: int(item.printed.number) for item in items if _is_count(item)}
                draft.matrix[str(record.label)] = counts
                if len(counts) < len(record.cells):
                    broken[key] = "a confusion matrix with a cell that is no count"
        for table, draft in drafts.items():
            if draft.matrix and not any(map(any, map(dict.values, draft.matrix.values()))):
                broken[table] = "a confusion matrix without a row"
            if table in broken:
                self.unread.append(Unread(draft.source, str(table[0]), "", broken[table]))
            else:
                self.drafts.place(draft)

    def _class_row(self, draft: Draft, record: Record, items: list[Item], machine: Machine) -> None:
        label = (record.label or "").strip()
        average = _AVERAGE_ROWS.get(label.lower().replace("_", " "))
        for item in items:
            value = self._value(record, item, machine)
            if label.lower() == "accuracy":
                name = "samples" if item.name.metric == "support" else "accuracy"
            elif average:
                name = "samples" if item.name.metric == "support" else average + item.name.metric
            else:
                draft.classes.setdefault(label, {}).setdefault(value.metric, value)
                continue
            draft.metrics.setdefault(name, self._value(record, item, machine, metric=name))


def _place(items: list[Item]) -> tuple[float | None, float | None]:
    """Return the step and the epoch that a row of a class table names."""
    axis = {item.name.metric: item.printed.number for item in items if item.kind == "axis"}
    return axis.get("step", axis.get("iteration")), axis.get("epoch")


def is_of_table(record: Record) -> bool:
    """Whether a record is a row or a column of a drawn table."""
    return record.group.startswith("table ")


def _is_count(item: Item) -> bool:
    return isfinite(item.printed.number) and item.printed.number.is_integer()


def _is_setting(item: Item, *, is_row: bool) -> bool:
    """Whether an item tells how the run was set up, or how far it came, rather than how good it is."""
    if item.name.metric in ("total_flos", "best_epoch"):
        return True
    if is_row:
        return False
    return item.kind in ("setting", "axis") or (not item.name.known and setting_of(item.cell.key) is not None)


def _is_result(draft: Draft) -> bool:
    """Whether a draft holds a metric: a known one, or an unknown name on a named split with many decimals."""
    if draft.classes or draft.matrix or draft.recomputed:
        return True
    for name, value in draft.metrics.items():
        info = metric_of(name.removeprefix("best_"))
        if info is not None and info.kind in MEASURES:
            return True
        if info is None and parse_name(value.key).split and len(value.text.partition(".")[2]) > _TELLING_DECIMALS:
            return True
    return False

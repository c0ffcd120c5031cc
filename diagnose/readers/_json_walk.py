"""A walk through a JSON tree of metrics: which of its objects are results, histories, class tables, settings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from diagnose.readers._json_shapes import (
    axis_cell,
    class_label,
    class_metric,
    history_columns,
    is_class_table,
    is_matrix,
    is_numbers,
    matrix_rows,
    no_matrix,
    scalars,
)
from diagnose.readers.json_tree import JsonObject, NumberText, pointer
from diagnose.readers.records import Cell, Record, Records
from diagnose.types import Unread
from diagnose.vocabulary import parse_name, split_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Place", "Walk"]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# No results file is nested deeper; a bomb is.
_DEEPEST = 12
_SETTINGS = _names(
    "config best_params best_parameters best_hyperparameters args"
    " hyperparameters hparams params parameters settings training_args arguments cfg hyper_parameters"
    " training_config model_config trial_params training_arguments train_config hyperparams configuration"
)
# Objects that speak about the run's surroundings: named as unread, not walked.
_SURROUNDINGS = _names(
    "versions n-shot n_shot higher_is_better group_subtasks configs task_hashes environment env system git id2label"
    " label2id stateful_callbacks vectors labels requirements packages model_args task_config"
    " config_general config_tasks summary_tasks summary_general dependencies features"
)
# Words that say that results follow, not what they are about.
_STRUCTURE = _names(
    "results result metrics metric scores score performance summary overall aggregate aggregated report groups all"
    " classification_report data history log_history table_results final best per_task tasks stats statistics"
    " evaluations runs output per_class ents_per_type classes class_metrics classification per_label confusion_matrix"
)
_RUN_KEYS = ("model", "model_name", "run", "run_name", "experiment", "run_id", "checkpoint")
_TASK_KEYS = ("task_name", "task", "dataset", "dataset_name", "subset", "benchmark")
_PROMPT_KEY = "prompt_name"
_MATRIX = re.compile(r"confusion|matrix|^cm$", re.IGNORECASE)
_LABEL_LISTS = ("labels", "classes", "class_names", "target_names", "label_names")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the tree the walk is, and what the names above said."""

    at: str = ""
    group: str = ""
    run: str | None = None
    task: str | None = None
    split: str | None = None
    axis: tuple[Cell, ...] = ()
    depth: int = 0

    def below(self, key: str | int, **changes: Any) -> Place:
        """Return the place of a child."""
        return replace(self, at=pointer(self.at, key), depth=self.depth + 1, **changes)

    def named(self, key: str) -> Place:
        """Return the place of a child whose name may tell its split or its task."""
        split = split_of(key)
        if split is not None:
            return self.below(key, split=split)
        if key.lower() in _STRUCTURE:
            return self.below(key)
        axis = axis_cell(key, pointer(self.at, key))
        if axis is not None:
            return self.below(key, axis=(axis,), group=self.at or "/")
        return self.below(key, task=f"{self.task}/{key}" if self.task else key)


@dataclass
class Walk:
    """Collects the records of a JSON tree."""

    source: str
    records: Records = field(default_factory=Records)

    def enter(self, node: Any, place: Place) -> None:
        """Read a node, whatever it is."""
        if place.depth > _DEEPEST:
            self._skip(place, "nested too deeply")
        elif isinstance(node, JsonObject):
            self._object(node, place)
        elif isinstance(node, list):
            self._array(node, place)

    def _object(self, node: JsonObject, place: Place) -> None:
        for key in node.repeated:
            self._skip(place.below(key), f"{key!r} stands here more than once: the last one counts")
        place = _told(node, place)
        if (frame := _frame(node)) is not None:
            self._matrix(*frame, place.below("data"))
        elif is_class_table(node):
            self._class_table(node, place)
        else:
            self._add(scalars(node, place.at), place)
            for key in node:
                self._child(node, key, place)
        self._columns(node, place)

    def _child(self, node: JsonObject, key: str, place: Place) -> None:
        child, lower = node[key], key.lower()
        if isinstance(child, list):
            self._list(key, child, place, node)
        elif not isinstance(child, JsonObject):
            return
        elif _MATRIX.search(key) and (rows := matrix_rows(child)) is not None:
            matrix = [[row[label] for label in rows] for row in rows.values()]
            self._matrix(matrix, list(rows), place.below(key))
        elif lower in _SETTINGS:
            self._settings(child, place.below(key))
        elif lower == "n-samples":
            self._sample_counts(child, place.below(key))
        elif lower in _SURROUNDINGS or key.startswith("_"):
            self._skip(place.below(key), f"no metrics: {len(child)} entries")
        elif metric := class_metric(key):
            self._by_class(metric, child, place.below(key))
        elif lower not in _STRUCTURE and split_of(key) is None and history_columns(child):
            self.enter(child, place.below(key, run=key))
        else:
            self.enter(child, place.named(key))

    def _array(self, node: list[Any], place: Place) -> None:
        if is_matrix(node):
            self._matrix(node, [str(i) for i in range(len(node))], place)
            return
        for i, item in enumerate(node):
            if not isinstance(item, JsonObject):
                continue
            label = class_label(item)
            if label is None:
                self.enter(item, place.below(i, group=place.at or "/"))
            else:
                below = place.below(i)
                self._add(scalars(item, below.at), replace(place, group=place.at or "/"), role="class", label=label)

    def _list(self, key: str, child: list[Any], place: Place, node: JsonObject) -> None:
        if _MATRIX.search(key) and is_matrix(child):
            self._matrix(child, self._labels(node, len(child)), place.below(key))
        elif _MATRIX.search(key) and (reason := no_matrix(child)) is not None:
            self._skip(place.below(key), reason)
        elif any(isinstance(item, JsonObject) for item in child) and key.lower() not in _SURROUNDINGS:
            self.enter(child, place.named(key))

    def _columns(self, node: JsonObject, place: Place) -> None:
        """Read lists of one length: the columns of a history, as Keras writes it, or of a per-class table."""
        columns = history_columns(node)
        for key, child in node.items():
            if key not in columns and is_numbers(child) and not self._each_class(node, key, child, place):
                self._skip(place.below(key), f"a list of {len(child)} numbers that is no column of a history")
        if not columns:
            return
        length = len(next(iter(columns.values())))
        metrics = {parse_name(key).metric for key in columns}
        per_class = metrics <= {"precision", "recall", "f1", "support"}
        labels = self._labels(node, length)
        for i in range(length):
            cells = [
                Cell(key, str(child[i]), pointer(pointer(place.at, key), i))
                for key, child in columns.items()
                if child[i] is not None
            ]
            if per_class:
                self._add(cells, replace(place, group=f"{place.at} classes"), role="class", label=labels[i])
                continue
            if not metrics & {"epoch", "step", "iteration"}:
                cells.append(Cell("epoch", str(i + 1), f"{place.at} (position in the lists)"))
            self._add(cells, replace(place, group=f"{place.at} history"))

    def _each_class(self, node: JsonObject, key: str, child: list[Any], place: Place) -> bool:
        """Read a list of one metric's numbers for the classes, as scikit-learn returns it for average=None.

        An average of the metric has to stand beside it: a lone list may as well be folds of a cross-validation.
        """
        name = parse_name(key)
        if not name.known or name.metric not in ("precision", "recall", "f1", "iou", "auc", "average_precision"):
            return False
        averages = {f"{average}_{name.metric}" for average in ("macro", "micro", "weighted")}
        beside = {parse_name(other).metric for other, value in node.items() if isinstance(value, NumberText)}
        if not averages & beside:
            return False
        group = replace(place, group=f"{place.at} classes", split=name.split or place.split)
        for i, (label, number) in enumerate(zip(self._labels(node, len(child)), child, strict=True)):
            if number is not None:
                cell = Cell(name.metric, str(number), pointer(pointer(place.at, key), i))
                self._add((cell,), group, role="class", label=label)
        return True

    def _labels(self, node: JsonObject, length: int) -> list[str]:
        """Return the names of the classes, from a list of names beside the numbers if there is one."""
        for key in _LABEL_LISTS:
            names = node.get(key)
            if isinstance(names, list) and len(names) == length and all(isinstance(n, str | bool) for n in names):
                return [str(name) for name in names]
        return [str(i) for i in range(length)]

    def _by_class(self, metric: str, node: JsonObject, place: Place) -> None:
        """Read one metric's number for each class."""
        for cell in scalars(node, place.at):
            row = (Cell(metric, cell.text, cell.at),)
            self._add(row, replace(place, group=f"{place.at.rpartition('/')[0]} classes"), role="class", label=cell.key)

    def _class_table(self, node: JsonObject, place: Place) -> None:
        group = replace(place, group=place.at or "/")
        cells = scalars(node, place.at)
        self._add([cell for cell in cells if cell.key == "accuracy"], group, role="class", label="accuracy")
        self._add([cell for cell in cells if cell.key != "accuracy"], place)
        for key, child in node.items():
            if isinstance(child, JsonObject):
                self._add(scalars(child, pointer(place.at, key)), group, role="class", label=key)
            elif isinstance(child, list):
                self._list(key, child, place, node)

    def _matrix(self, rows: list[list[NumberText]], labels: list[str], place: Place) -> None:
        for i, row in enumerate(rows):
            at = pointer(place.at, i)
            cells = [Cell(labels[j], str(count), pointer(at, j)) for j, count in enumerate(row)]
            self._add(cells, replace(place, group=place.at or "/"), role="matrix", label=labels[i], stated=False)

    def _sample_counts(self, node: JsonObject, place: Place) -> None:
        """Read lm-eval's {"task": {"original": N, "effective": n}}: how many rows each task was scored on."""
        for task, counts in node.items():
            effective = counts.get("effective") if isinstance(counts, JsonObject) else None
            if isinstance(effective, NumberText):
                at = pointer(pointer(place.at, task), "effective")
                self._add([Cell("samples", str(effective), at)], replace(place, task=task))

    def _settings(self, node: JsonObject, place: Place) -> None:
        """Read an object of settings, and the objects in it, into the run's configuration."""
        cells = [
            Cell(key, str(value), pointer(place.at, key))
            for key, value in node.items()
            if isinstance(value, str | bool) and value != ""
        ]
        self._add(cells, place, role="config")
        for key, child in node.items():
            if isinstance(child, JsonObject) and place.depth < _DEEPEST:
                self._settings(child, place.below(key))

    def _add(self, cells: Iterable[Cell], place: Place, **role: Any) -> None:
        cells = tuple(cells)
        if cells:
            cells += place.axis
            context = {"group": place.group, "run": place.run, "task": place.task, "split": place.split}
            self.records.records.append(Record(cells, machine=True, **{**context, **role}))

    def _skip(self, place: Place, reason: str) -> None:
        self.records.unread.append(Unread(self.source, place.at, place.at.rpartition("/")[2], reason))


def _told(node: JsonObject, place: Place) -> Place:
    """Return the place with what the object says of itself: the model, and the task (with its prompt)."""
    run = next((str(node[key]) for key in _RUN_KEYS if _is_name(node.get(key))), None)
    task = next((str(node[key]) for key in _TASK_KEYS if _is_name(node.get(key))), None)
    prompt = node.get(_PROMPT_KEY)
    if task is not None and _is_name(prompt):
        task = f"{task}/{prompt}"
    if task is not None:
        place = replace(place, task=task)
    return replace(place, run=run) if run is not None and place.group else place


def _frame(node: JsonObject) -> tuple[list[Any], list[str]] | None:
    """Return the cells and the classes of a confusion matrix that pandas wrote with orient="split", or None."""
    columns, index, data = (node.get(key) for key in ("columns", "index", "data"))
    if not isinstance(data, list) or not is_matrix(data) or columns != index or not isinstance(index, list):
        return None
    return data, [str(label) for label in index]


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, NumberText) and 0 < len(value) <= 100

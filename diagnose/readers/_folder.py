"""Reads a folder: its files become one run, or as many as it holds."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from diagnose.errors import UnreadableInputError
from diagnose.interval import parse_number
from diagnose.readers import read_records
from diagnose.readers._files import folder_files, load_file
from diagnose.readers.interpret import interpret
from diagnose.readers.records import Cell, Record, Records
from diagnose.types import Run, Unread
from diagnose.vocabulary import parse_name

__all__ = ["read_folder"]

_CHECKPOINT = re.compile(r"(?:checkpoint|ckpt|step)[-_](\d+)", re.IGNORECASE)
# Words that say what a file or folder holds, not which run it belongs to.
_ROLES = {
    "accuracy", "all", "best", "card", "checkpoints", "classification", "confusion", "data", "dev", "detailed",
    "eval", "evals", "evaluation", "final", "full", "history", "last", "log", "logs", "loss", "losses", "matrix",
    "matrices", "metric", "metrics", "model", "out", "output", "outputs", "per", "class", "performance", "pred",
    "predict", "predicted", "prediction", "predictions", "preds", "readme",
    "report", "reports", "result", "results", "run", "runs", "score", "scores", "state", "stats", "summary", "test",
    "train", "trainer", "training", "val", "valid", "validation",
}  # fmt: skip
_MEASURES = ("score", "correlation", "error", "loss")


class _Part(NamedTuple):
    """One file: the folder of the run it belongs to, the words of its name that are its own, what it says."""

    path: Path
    home: Path
    words: str
    records: Records


def read_folder(source: str) -> list[Run]:
    """Read the files under a folder. Files beside each other are one run unless they contradict each other.

    checkpoint-N folders belong to the run above them: their results are rows of its history at step N, and of
    their trainer states, which repeat each other, only the last is read. Other sub-folders are runs of their own.
    """
    root = Path(source)
    files, more = folder_files(source)
    parts, unread = _read_parts(root, files)
    if more:
        unread.append(Unread(source, "", "", f"more than {len(files)} files: the rest was left out"))
    if not parts:
        raise UnreadableInputError(
            f"{source}: a folder without metrics", "give one that holds result files, such as all_results.json"
        )
    runs: list[Run] = []
    for home in dict.fromkeys(part.home for part in parts):
        runs += _runs_of(home, [part for part in parts if part.home == home])
    if not runs:
        raise UnreadableInputError(f"{source}: a folder without metrics")
    runs[0] = replace(runs[0], unread=(*runs[0].unread, *unread))
    return _with_names_apart(runs, root)


def _read_parts(root: Path, files: list[Path]) -> tuple[list[_Part], list[Unread]]:
    parts: list[_Part] = []
    unread: list[Unread] = []
    superseded = _superseded(files)
    for path in files:
        if path in superseded:
            unread.append(Unread(str(path), "", "", "left out: a later checkpoint's trainer state holds its history"))
            continue
        try:
            records = read_records(load_file(str(path)))
        except UnreadableInputError as error:
            unread.append(Unread(str(path), "", "", error.message.removeprefix(f"{path}: ")))
            continue
        if _has_metric(records):
            parts.append(_part(root, path, records))
    return parts, unread


def _superseded(files: list[Path]) -> set[Path]:
    """Return the trainer states of checkpoints that the run's own, or a later checkpoint's, contains."""
    states = [path for path in files if path.name == "trainer_state.json"]
    own = {path.parent for path in states}
    last: dict[Path, Path] = {}
    for path in states:  # in order of their steps
        if _CHECKPOINT.match(path.parent.name):
            last[path.parent.parent] = path
    return {
        path
        for path in states
        if _CHECKPOINT.match(path.parent.name) and (path.parent.parent in own or path != last[path.parent.parent])
    }


def _part(root: Path, path: Path, records: Records) -> _Part:
    home = path.parent
    checkpoint = _CHECKPOINT.match(home.name) if home != root else None
    if checkpoint and path.name != "trainer_state.json":
        records.records = [_at_step(record, checkpoint[1]) for record in records.records]
    while home != root and (_CHECKPOINT.match(home.name) or not _own_words(home.name)):
        home = home.parent
    records.records = [replace(record, source=str(path)) for record in records.records]
    records.flags = [replace(flag, at=f"{path.name}, {flag.at}") for flag in records.flags]
    return _Part(path, home, _own_words(path.stem), records)


def _own_words(name: str) -> str:
    return " ".join(word for word in re.findall(r"[a-z0-9]+", name.lower()) if word not in _ROLES)


def _at_step(record: Record, step: str) -> Record:
    if record.role == "config" or any(parse_name(cell.key).metric == "step" for cell in record.cells):
        return record
    return replace(record, cells=(*record.cells, Cell("step", step, "folder name")), group="checkpoints")


def _has_metric(records: Records) -> bool:
    for record in records.records:
        if record.role in ("class", "matrix"):
            return True
        for cell in record.cells:
            name = parse_name(cell.key)
            if (
                name.known
                and name.info
                and name.info.kind in _MEASURES
                and parse_number(cell.text.rstrip("%")) is not None
            ):
                return True
    return False


def _runs_of(home: Path, parts: list[_Part]) -> list[Run]:
    """Merge the files of one folder; where files of different names contradict each other, each name is a run."""
    groups: dict[str, list[_Part]] = {"": parts}
    if _contradict(parts):
        groups = {}
        for part in parts:
            groups.setdefault(part.words, []).append(part)
    runs = []
    for words, members in groups.items():
        merged = _merge([part.records for part in members])
        found = interpret(merged, str(home / words.replace(" ", "-")) if words else str(home))
        sources = tuple(str(part.path) for part in members)
        runs += [replace(run, sources=sources) for run in found if run.evaluations or run.training]
    return runs


def _contradict(parts: list[_Part]) -> bool:
    """Whether two files with different words in their names give one standing-alone metric different numbers."""
    said: dict[tuple[str | None, str | None, str], tuple[str, str]] = {}
    for part in parts:
        for record in part.records.records:
            if (
                record.computed
                or record.role != "metrics"
                or any(parse_name(c.key).metric in ("step", "iteration") for c in record.cells)
            ):
                continue
            for cell in record.cells:
                name = parse_name(cell.key)
                if not (name.known and name.info and name.info.kind in _MEASURES):
                    continue
                words, text = said.setdefault(
                    (record.task, name.split or record.split, cell.key), (part.words, cell.text)
                )
                if words != part.words and text != cell.text:
                    return True
    return False


def _merge(several: list[Records]) -> Records:
    merged = Records()
    for records in several:
        merged.records += records.records
        merged.unread += records.unread
        merged.flags += records.flags
        merged.name = merged.name or records.name
        merged.model = merged.model or records.model
        merged.task_kind = merged.task_kind or records.task_kind
    return merged


def _with_names_apart(runs: list[Run], root: Path) -> list[Run]:
    """Name a run by its place in the folder where its own name is not its alone."""
    names = [run.name for run in runs]
    apart: list[Run] = []
    for run in runs:
        name = run.name
        if names.count(name) > 1:
            name = str(Path(run.sources[0]).parent.relative_to(root))
        while any(other.name == name for other in apart):
            name += "'"
        apart.append(replace(run, name=name))
    return apart

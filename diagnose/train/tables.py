"""Rows of a user's files: CSV, JSON lines, Parquet, a folder of `datasets`; as dictionaries, without pandas."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Rows", "read_rows"]

Rows = list[dict[str, Any]]

_SPLITS = {"train": ("train", "training"), "eval": ("validation", "valid", "dev", "eval", "test")}
_LONGEST_CELL = 1 << 24  # bytes; the csv module's own limit is shorter than some texts


def read_rows(path: str, split: str, columns: Sequence[str], blank: str | None = None) -> Rows:
    """Return the rows that have all columns filled, as dictionaries.

    split: "train" or "eval", of a folder that holds several; blank: the column in which an empty text says something,
    as no label does where a row may have several. The numbers of a column with class names (a ClassLabel of `datasets`)
    become its names. ValueError in one line where the file cannot be read, lacks a column (it names those that there
    are), or has no row left.
    """
    file = Path(path)
    try:
        rows = _of_folder(file, split) if file.is_dir() else _of_file(file, columns)
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or error}"
        raise ValueError(msg) from None
    except UnicodeDecodeError as error:
        msg = f"{path}: cannot be read: not UTF-8 at byte {error.start}"
        raise ValueError(msg) from None
    except (csv.Error, json.JSONDecodeError) as error:
        msg = f"{path}: cannot be read: {error}"
        raise ValueError(msg) from None
    if not rows:
        msg = f"{path}: empty: it has no rows"
        raise ValueError(msg)
    for column in columns:
        known = list(dict.fromkeys(str(name) for row in rows[:1000] for name in row))
        if column not in known:
            msg = f"{path}: no column {column!r}; it has {', '.join(known[:20])}"
            raise ValueError(msg)
    filled = [row for row in rows if not any(_is_missing(row.get(c), c == blank) for c in columns)]
    if not filled:
        msg = f"{path}: no row with {' and '.join(columns)}"
        raise ValueError(msg)
    return filled


def _is_missing(value: Any, may_be_blank: bool) -> bool:  # noqa: FBT001  # a helper's only switch
    if isinstance(value, str):
        return value.strip().lower() == "nan" or not (value.strip() or may_be_blank)
    return value is None or (isinstance(value, float) and math.isnan(value))


def _of_file(file: Path, columns: Sequence[str]) -> Rows:
    if file.suffix in (".parquet", ".pq"):
        return _parquet(file)
    text = file.read_text(encoding="utf-8-sig")
    if file.suffix in (".jsonl", ".ndjson", ".json"):
        rows = json.loads(text) if text.lstrip().startswith("[") else list(_json_lines(file, text))
        if not all(isinstance(row, dict) for row in rows):
            msg = f"{file}: a row that is no object with names"
            raise ValueError(msg)
        return rows
    csv.field_size_limit(_LONGEST_CELL)
    head = next(iter(text.splitlines()), "")
    sign = max(",\t;", key=lambda sign: sum(name.strip('"') in columns for name in head.split(sign)))
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=sign, restkey="(more)"))


def _json_lines(file: Path, text: str) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                msg = f"{file}: line {number} is not JSON"
                raise ValueError(msg) from None


def _parquet(file: Path) -> Rows:
    pa = _arrow(file)
    try:
        return pa.parquet.read_table(file).to_pylist()
    except pa.ArrowException as error:
        raise _unreadable(file, error) from None


def _of_folder(folder: Path, split: str) -> Rows:
    """Return the rows of a saved Dataset, or of the fitting split of a saved DatasetDict, or of a Parquet folder."""
    if (folder / "dataset_dict.json").is_file():
        names = json.loads((folder / "dataset_dict.json").read_text(encoding="utf-8")).get("splits", [])
        fitting = [name for name in _SPLITS[split] if name in names]
        if not fitting:
            msg = f"{folder}: no split for {split}; it has {', '.join(map(str, names))}"
            raise ValueError(msg)
        return _of_folder(folder / fitting[0], split)
    pa = _arrow(folder)
    shards = sorted(path for path in folder.glob("*.arrow") if not path.name.startswith("cache-"))
    if not shards:
        return [row for file in sorted(folder.glob("*.parquet")) for row in _parquet(file)]
    rows: Rows = []
    for shard in shards:
        with shard.open("rb") as file:
            is_file = file.read(6) == b"ARROW1"
            file.seek(0)
            try:
                rows += (pa.ipc.open_file if is_file else pa.ipc.open_stream)(file).read_all().to_pylist()
            except pa.ArrowException as error:
                raise _unreadable(shard, error) from None
    return _with_names(rows, folder)


def _with_names(rows: Rows, folder: Path) -> Rows:
    """Put the names of classes in the place of their numbers."""
    info = folder / "dataset_info.json"
    features = json.loads(info.read_text(encoding="utf-8")).get("features") or {} if info.is_file() else {}
    for column, feature in features.items():
        inner = feature.get("feature", feature) if isinstance(feature, dict) else {}
        if isinstance(inner, dict) and inner.get("_type") == "ClassLabel":
            for row in rows:
                row[column] = _named(row[column], inner["names"])
    return rows


def _named(value: Any, names: Sequence[str]) -> Any:
    """Return the name of a class's number, or those of a list of them; None of a row without a label (-1)."""
    if isinstance(value, list):
        return [_named(one, names) for one in value]
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else None


def _arrow(file: Path) -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415  # CSV and JSON need none
        import pyarrow.parquet  # noqa: PLC0415  # as above
    except ImportError:
        msg = f"{file}: reading it needs pyarrow (pip install 'metric-diagnose[data]')"
        raise ValueError(msg) from None
    return pa


def _unreadable(file: Path, error: Exception) -> ValueError:
    return ValueError(f"{file}: cannot be read: {(str(error).splitlines() or ['damaged'])[0]}")

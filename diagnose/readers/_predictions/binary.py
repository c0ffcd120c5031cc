"""Tables of predictions in Parquet and in numpy's files; nothing is unpickled."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from diagnose.errors import UnreadableInputError
from diagnose.readers._predictions.column import Column, refuse_too_many

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.readers.records import Document

__all__ = ["CHUNK", "INSTALL", "arrays_in", "column_of_array", "parquet_names", "parquet_rows"]

INSTALL = "pip install 'metric-diagnose[data]'"
# Rows that are read at a time.
CHUNK = 50_000


def arrays_in(document: Document) -> dict[str, Any]:
    """Return the arrays of an .npz file by name, or the columns of a structured .npy; nothing is unpickled."""
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    try:
        if document.binary == "npz":
            # Opened here, since numpy leaves a file open that is no archive.
            with open(document.path, "rb") as stream, np.load(stream, allow_pickle=False) as members:  # noqa: PTH123  # a name with a NUL was refused before
                # A member without numpy's header comes as bytes.
                return {name: np.asarray(members[name]) for name in members.files}
        loaded = np.load(document.path, allow_pickle=False, mmap_mode="r")
    except Exception as error:  # noqa: BLE001  # zipfile, numpy and the decoder raise what they like on a broken file
        reason = _first_line(error)
        raise UnreadableInputError(f"{document.source}: not a readable numpy file: {reason}") from None
    return {name: loaded[name] for name in loaded.dtype.names} if loaded.dtype.names else {"array": loaded}


def column_of_array(header: str, array: Any, source: str) -> Column:
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    array = np.asarray(array)
    while array.ndim > 1 and array.shape[-1] == 1:
        array = array[..., 0]
    refuse_too_many(len(array) if array.ndim else 0, source)
    if array.ndim in (2, 3) and array.dtype.kind in "fiub":
        return Column(header, grid=array)
    if array.ndim != 1 or array.dtype.kind not in "fiubUS":
        raise UnreadableInputError(f"{source}: the array {header!r} has the shape {array.shape} of {array.dtype}")
    if array.dtype.kind == "f":
        return Column(header, numbers=array.astype(np.float64))
    names, codes = np.unique(array, return_inverse=True)
    texts = [name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in names.tolist()]
    return Column(header, names=texts, codes=codes)


@contextmanager
def _parquet(document: Document) -> Iterator[Any]:
    """Open a Parquet file; what is broken in it may show at its end, or not before its rows are read."""
    try:
        import pyarrow as pa  # noqa: PLC0415  # only Parquet pays for it
        import pyarrow.parquet as pq  # noqa: PLC0415  # likewise
    except ImportError:
        raise UnreadableInputError(f"{document.source}: Parquet needs pyarrow", INSTALL) from None
    try:
        with pq.ParquetFile(document.path) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableInputError(f"{document.source}: not a readable Parquet file: {_first_line(error)}") from None


def parquet_names(document: Document) -> list[str]:
    with _parquet(document) as file:
        return [str(name) for name in file.schema_arrow.names]


def parquet_rows(document: Document, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    with _parquet(document) as file:
        for batch in file.iter_batches(batch_size=CHUNK, columns=list(names)):
            columns = [map(_native, batch.column(name).to_pylist()) for name in names]
            yield from zip(*columns, strict=True)


def _native(value: Any) -> str | list[str]:
    """Return a Python value as a cell."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return [str(_native(item)) for item in value]
    return repr(value) if isinstance(value, float) else str(value)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]

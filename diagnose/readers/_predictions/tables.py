"""Tables of predictions in every form: delimited text, JSON, JSON lines, Parquet, and numpy's files."""

from __future__ import annotations

import csv
import itertools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.errors import UnreadableInputError
from diagnose.readers._predictions.binary import CHUNK, arrays_in, column_of_array, parquet_names, parquet_rows
from diagnose.readers._predictions.column import Collector, Column, refuse_too_many
from diagnose.readers._predictions.names import Roles, looks_like_predictions, roles_of
from diagnose.readers.encoding import encoding_of
from diagnose.readers.json_tree import JsonObject, NumberText, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.readers.records import Document

__all__ = ["Table", "columns_in", "delimiter_of", "header_of", "table_of", "unquoted"]

_DELIMITERS = "\t,;|"
_PROBED = 65536
# A line of text is data, not a header of columns, from here on; csv refuses fields of more than 128 KiB.
_LONGEST_HEADER = 20_000
_QUOTED = re.compile(r'"[^"]*"')
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


class Table(NamedTuple):
    """Predictions as read: what the columns are, and their values."""

    roles: Roles
    columns: dict[str, Column]


def delimiter_of(line: str, below: str = "") -> str | None:
    """Return what stands between the names of a header line, or None where it has no columns.

    What stands as often in the line below comes first: a name may hold more semicolons than there are commas.
    """
    if len(line) > _LONGEST_HEADER:
        return None
    bare, row = unquoted(line), unquoted(below[:_LONGEST_HEADER])
    best = max(_DELIMITERS, key=lambda sign: (0 < bare.count(sign) == row.count(sign), bare.count(sign)))
    return best if bare.count(best) else None


def unquoted(line: str) -> str:
    """Return a line without its quoted cells, whose delimiters are none."""
    return _QUOTED.sub("", line) if '"' in line else line


def header_of(text: str) -> tuple[list[str], str] | None:
    """Return the names in the first line of a text and their delimiter, or None where it is no table."""
    line, _, rest = text.lstrip("\n").partition("\n")
    line = line.rstrip()
    delimiter = delimiter_of(line, rest.partition("\n")[0])
    if delimiter is None or line.startswith(("{", "[", "|", "#")):
        return None
    try:
        names = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except (csv.Error, StopIteration):
        return None
    return [name.strip() for name in names], delimiter


def columns_in(document: Document) -> list[str]:
    """Return the names of the columns of a document, whichever form it has; none where it is no such table."""
    if document.binary:
        return list(arrays_in(document)) if document.binary in ("npz", "npy") else parquet_names(document)
    tree = document.json
    if isinstance(tree, JsonObject):
        return [key for key, child in tree.items() if isinstance(child, list) and child]
    if isinstance(tree, list):
        return list(tree[0]) if tree and isinstance(tree[0], JsonObject) else []
    if document.text.lstrip().startswith("{"):
        first = parse_json(document.text.lstrip().partition("\n")[0])
        return list(first) if isinstance(first, JsonObject) else []
    header = header_of(document.text)
    return header[0] if header else []


def table_of(document: Document) -> Table:
    """Read the columns of labels, predictions and scores.

    Raises UnreadableInputError where the columns are ambiguous, of different lengths, empty or too long.
    """
    names = columns_in(document)
    if document.binary and not looks_like_predictions(names):
        roles_of(names, document.source)  # says what is missing
    roles = roles_of(names, document.source)
    if document.binary in ("npz", "npy"):
        arrays = arrays_in(document)
        columns = {name: column_of_array(name, arrays[name], document.source) for name in roles.used}
    elif isinstance(document.json, JsonObject):
        columns = {name: _of_list(name, document.json[name], document.source) for name in roles.used}
    else:
        columns = _collected(roles, names, document)
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} has {length:,}" for name, length in lengths.items())
        raise UnreadableInputError(f"{document.source}: columns of different lengths: {told} rows")
    if not next(iter(lengths.values())):
        raise UnreadableInputError(f"{document.source}: columns without a row")
    return Table(roles, columns)


def _collected(roles: Roles, names: Sequence[str], document: Document) -> dict[str, Column]:
    """Collect the used columns of a form that is read row by row."""
    collectors = {name: Collector(name, document.source) for name in roles.used}
    if document.binary:
        rows: Iterator[tuple[Any, ...]] = parquet_rows(document, roles.used)
    elif isinstance(document.json, list):
        rows = _of_objects(document.json, roles.used, document.source)
    elif document.text.lstrip().startswith("{"):
        rows = _of_lines(document, roles.used)
    else:
        rows = _delimited(document, [names.index(name) for name in roles.used], len(names))
    read = 0
    while chunk := list(itertools.islice(rows, CHUNK)):
        read += len(chunk)
        refuse_too_many(read, document.source)
        for collector, values in zip(collectors.values(), zip(*chunk, strict=True), strict=True):
            collector.extend(values)
    return {name: collector.column() for name, collector in collectors.items()}


def _lines(document: Document) -> Iterator[str]:
    """Yield the lines of a text, from the file itself where the document holds its two ends only."""
    if not document.omitted:
        yield from document.text.split("\n")
        return
    if not document.path:
        raise UnreadableInputError(
            f"{document.source}: predictions of more than 2 MiB in a pipe", "give the file by its name"
        )
    with open(document.path, "rb") as stream:  # noqa: PTH123  # a name with a NUL was refused before
        encoding = encoding_of(stream.read(_PROBED)) or "latin-1"
    with open(document.path, encoding=encoding, errors="replace", newline="") as text:  # noqa: PTH123  # as above
        for number, line in enumerate(text):
            yield line.lstrip("\ufeff").rstrip("\r\n") if number == 0 else line.rstrip("\r\n")


def _delimited(document: Document, places: list[int], width: int) -> Iterator[tuple[str, ...]]:
    _, delimiter = header_of(document.text) or ([], ",")
    lines = itertools.dropwhile(lambda line: not line.strip(), _lines(document))
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        next(reader, None)
        for row in reader:
            # R and Pandas' to_csv(index_label=False) name no column above the row's number.
            if len(row) == width + 1:
                row = row[1:]  # noqa: PLW2901  # the same row without its number
            if len(row) != width:
                if any(cell.strip() for cell in row):
                    raise UnreadableInputError(
                        f"{document.source}: line {reader.line_num} has {len(row)} cells, the header {width}"
                    )
                continue
            cells = tuple(row[place] for place in places)
            yield tuple(map(_with_point, cells)) if delimiter == ";" else cells
    except csv.Error as error:
        raise UnreadableInputError(f"{document.source}: line {reader.line_num}: {error}") from None


def _with_point(cell: str) -> str:
    """Return a number with a decimal point: where semicolons part the cells, commas are decimal marks."""
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell.strip()) else cell


def _of_lines(document: Document, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    for number, line in enumerate(_lines(document), start=1):
        if line.strip():
            yield _of_object(parse_json(line), names, f"{document.source}: line {number}")


def _of_objects(rows: list[Any], names: Sequence[str], source: str) -> Iterator[tuple[Any, ...]]:
    for number, row in enumerate(rows):
        yield _of_object(row, names, f"{source}: /{number}")


def _of_object(row: Any, names: Sequence[str], place: str) -> tuple[Any, ...]:
    if not isinstance(row, JsonObject):
        raise UnreadableInputError(f"{place} is no JSON object")
    try:
        return tuple(_cell(row.get(name), place) for name in names)
    except KeyError as error:
        raise UnreadableInputError(f"{place} lacks {error}") from None


def _cell(value: Any, place: str) -> str | list[str]:
    """Return a JSON value as a cell: a text, or a list of texts."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return [str(_cell(item, place)) for item in value]
    raise UnreadableInputError(f"{place} holds a {'nested list' if isinstance(value, list) else 'JSON object'}")


def _of_list(header: str, values: list[Any], source: str) -> Column:
    """Return a JSON list as a column; a list of lists of numbers, all as long, as an array."""
    inner = {len(item) if isinstance(item, list) else None for item in values}
    numbers = None not in inner and all(isinstance(n, NumberText) for item in values for n in item)
    fractional = numbers and any("." in n or "e" in n for item in values for n in item)
    if fractional and len(inner) == 1:
        import numpy as np  # noqa: PLC0415  # only predictions pay for it

        return Column(header, grid=np.asarray([[float(n) for n in item] for item in values]))
    collector = Collector(header, source)
    cells: list[str | list[str]] = []
    for i, value in enumerate(values):
        cells.append(_cell(value, f"{source}: /{header}/{i}"))
    collector.extend(cells)
    return collector.column()

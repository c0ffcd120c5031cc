"""From the cells of a drawn confusion matrix to its counts: totals left out, shares turned back, the rest refused."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.errors import UnreadableInputError
from diagnose.interval import printed_interval
from diagnose.readers._matrices import class_name
from diagnose.readers._predictions.column import label_of
from diagnose.readers._predictions.names import normal

__all__ = ["TOTALS", "Grid", "counts_of", "number_of"]

TOTALS = frozenset(("total", "totals", "all", "sum", "margin", "support", "row_total", "column_total", "grand_total"))


@dataclass(slots=True)
class Grid:
    """The cells of a matrix as texts; side: where the true classes stand, "rows", "columns" or None."""

    rows: list[str]
    columns: list[str]
    cells: list[list[str]]
    side: str | None


def counts_of(grid: Grid, source: str) -> dict[str, dict[str, int]]:
    """Return {true class: {predicted class: count}}, without totals."""
    rows, columns = [[label_of(class_name(name)) for name in names] for names in (grid.rows, grid.columns)]
    numbers = [[number_of(cell, source) for cell in row] for row in grid.cells]
    supports = None
    if len(columns) > 2 and normal(columns[-1]) in TOTALS and columns[-1] not in rows[:-1]:
        supports = [row[-1] for row in numbers]
        columns, numbers = columns[:-1], [row[:-1] for row in numbers]
        texts = [row[:-1] for row in grid.cells]
    else:
        texts = grid.cells
    if len(rows) > 2 and normal(rows[-1]) in TOTALS and rows[-1] not in columns:
        sums = numbers[-1]
        rows, numbers, texts = rows[:-1], numbers[:-1], texts[:-1]
        supports = supports[:-1] if supports else None
        _check_sums([sum(column) for column in zip(*numbers, strict=True)], sums, "row", source)
    if len(rows) != len(columns) or (set(rows) != set(columns) and (len(set(rows) | set(columns)) > len(rows))):
        missing = sorted(set(rows) ^ set(columns))
        told = f": {', '.join(missing[:5])[:80]} on one side only" if len(rows) == len(columns) else ""
        raise UnreadableInputError(
            f"{source}: a confusion matrix has to be square, this one is {len(rows)} x {len(columns)}{told}"
        )
    if len(set(rows)) < len(rows):
        raise UnreadableInputError(f"{source}: a class of the confusion matrix stands there twice")
    if any(number < 0 for row in numbers for number in row):
        raise UnreadableInputError(f"{source}: a confusion matrix with a negative cell")
    if any(not number.is_integer() for row in numbers for number in row):
        numbers = _from_shares(texts, numbers, supports, source)
    elif supports:
        _check_sums([sum(row) for row in numbers], supports, "column", source)
    _refuse_shares(numbers, supports, source)
    table = {label: dict(zip(columns, map(int, row), strict=True)) for label, row in zip(rows, numbers, strict=True)}
    if grid.side == "columns":
        return {true: {other: table[other][true] for other in rows} for true in columns}
    return table


def number_of(text: str, source: str) -> float:
    if text == "" or text.lower() == "nan":
        raise UnreadableInputError(f"{source}: a confusion matrix with an empty or NaN cell")
    return float(text.rstrip("%").replace("_", ""))


def _check_sums(found: list[float], stated: list[float], what: str, source: str) -> None:
    """Refuse totals that are not the sums of what stands beside them; of shares, they may add up to anything."""
    if all(number.is_integer() for number in found) and found != stated[: len(found)]:
        raise UnreadableInputError(f"{source}: the {what} of totals is not the sum of the confusion matrix")


def _refuse_shares(numbers: list[list[float]], supports: list[float] | None, source: str) -> None:
    """Refuse an identity matrix of ones: the shares of a perfect model, or one row in each class."""
    ones = all(sum(row) == 1 for row in numbers)
    if ones and not supports and len(numbers) > 1:
        raise UnreadableInputError(f"{source}: each row of the confusion matrix adds up to 1: shares, not counts")


def _from_shares(
    texts: list[list[str]], numbers: list[list[float]], supports: list[float] | None, source: str
) -> list[list[float]]:
    """Return the counts that the shares of each row and its support allow; refuse what leaves them open."""
    reason = "counts follow only from a column of supports and enough digits"
    refusal = UnreadableInputError(f"{source}: a normalised confusion matrix: shares, not counts", reason)
    if not supports:
        raise refusal
    percent = any("%" in cell for row in texts for cell in row) or max(map(max, numbers)) > 1
    counts = []
    for row, support in zip(texts, supports, strict=True):
        found = []
        for text in row:
            share = printed_interval(text.rstrip("%"))
            if share is None:
                raise refusal
            rows = share * int(support) / (100 if percent else 1)
            low, high = max(0, -(-rows.low // 1)), rows.high // 1
            if low != high:
                raise refusal
            found.append(float(low))
        if sum(found) != support:
            raise refusal
        counts.append(found)
    return counts

"""How programs and people print numbers, and the small documents they print them in."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random

__all__ = ["WAYS", "Way", "class_table", "document", "single", "steps_table", "way"]


@dataclass(frozen=True, slots=True)
class Way:
    """A way of printing a score.

    full: it prints every digit of a double (also of a float32's double); rounded: it rounds to the nearest, where it
    does not print every digit; percent: with a percent sign, which JSON cannot hold.
    """

    name: str
    print: Callable[[float], str]
    full: bool = False
    rounded: bool = True
    percent: bool = False

    def __call__(self, number: float) -> str:
        """Return the number as printed; "nan" where it is none."""
        return "nan" if math.isnan(number) else self.print(float(number))


def single(number: float) -> float:
    """Return the nearest float32."""
    return float(struct.unpack("f", struct.pack("f", number))[0])


def _shortest_single(number: float) -> str:
    """Return what numpy prints for a float32."""
    texts = (f"{single(number):.{digits}g}" for digits in range(6, 10))
    return repr(float(next(text for text in texts if single(float(text)) == single(number))))


def _rounded(digits: int) -> Way:
    return Way(f"d{digits}", lambda x: f"{x:.{digits}f}")


def _trimmed(digits: int) -> Way:
    """Python's round() and repr: trailing zeros are dropped."""
    return Way(f"r{digits}", lambda x: repr(round(x, digits)))


def _truncated(digits: int) -> Way:
    cut = 10**digits
    return Way(f"t{digits}", lambda x: f"{math.trunc(x * cut) / cut:.{digits}f}", rounded=False)


def _percent(digits: int) -> Way:
    return Way(f"p{digits}", lambda x: f"{100 * x:.{digits}f}%", percent=True)


def _truncated_percent(digits: int) -> Way:
    cut = 10**digits
    return Way(f"tp{digits}", lambda x: f"{math.trunc(100 * x * cut) / cut:.{digits}f}%", rounded=False, percent=True)


_ALL = (
    Way("f64", repr, full=True),
    Way("f32", lambda x: repr(single(x)), full=True),
    Way("f32s", _shortest_single),
    Way("g4", lambda x: f"{x:.4g}"),
    *(make(digits) for make in (_rounded, _trimmed, _truncated) for digits in (2, 3, 4, 6)),
    *(make(digits) for make in (_percent, _truncated_percent) for digits in (1, 2)),
)
_BY_NAME = {each.name: each for each in _ALL}
# The ways that a family of reports draws from, by the name that the family bears.
WAYS: Mapping[str, tuple[str, ...]] = {
    "f64": ("f64",),
    "f32": ("f32", "f32", "f32s"),
    "d6": ("d6", "r6"),
    "d4": ("d4",),
    "d3": ("d3",),
    "d2": ("d2",),
    "p2": ("p2",),
    "cut": ("t6", "t4", "t3", "t2"),
    "percent": ("p1", "p2", "tp1", "tp2"),
    "short": ("d2", "d3", "d4", "r3", "r4", "t2", "t3", "t4", "g4", "f32s"),
    "any": ("f64", "f64", "f32", "f32s", "g4", "d2", "d3", "d4", "d6", "r2", "r3", "r4", "t2", "t3", "t4", "p1", "p2",
            "tp1", "tp2"),
    "plain": ("f64", "f64", "f32", "f32s", "d2", "d3", "d4", "r4", "t3", "t4"),
}  # fmt: skip


def way(rng: Random, group: str) -> Way:
    """Return a way of printing of a group of `WAYS`."""
    return _BY_NAME[rng.choice(WAYS[group])]


def document(rng: Random, texts: Mapping[str, str], styles: Sequence[str] = (), prefix: str | None = None) -> str:
    """Return a small document that prints `texts`, {name: number as printed}: JSON, a dict, lines or a table.

    prefix: what stands before every name ("eval_"); None: any of the usual ones.
    """
    before = rng.choice(["", "eval_", "test_"]) if prefix is None else prefix
    lines = {before + name: text for name, text in texts.items()}
    style = rng.choice(styles or ("json", "lines", "dict", "table", "equals"))
    if style in ("json", "dict") and any("%" in text for text in lines.values()):
        style = "lines"
    if style == "json":
        return "{" + ", ".join(f'"{name}": {"NaN" if text == "nan" else text}' for name, text in lines.items()) + "}"
    if style == "dict":
        return "{" + ", ".join(f"'{name}': {text}" for name, text in lines.items()) + "}"
    if style == "lines":
        return "".join(f"{name}: {text}\n" for name, text in lines.items())
    if style == "equals":
        return "".join(f"{name} = {text}\n" for name, text in lines.items())
    return "| Metric | Value |\n|---|---|\n" + "".join(f"| {name} | {text} |\n" for name, text in lines.items())


# The texts of one row of a per-class table: precision, recall, F1, support.
Row = tuple[str, str, str, str]


def class_table(style: str, rows: Mapping[str, Row], accuracy: str | None, averages: Mapping[str, Row]) -> str:
    """Return a per-class table as scikit-learn prints it ("text"), in markdown ("markdown"), or as JSON ("json").

    averages: {"macro avg": ..., "weighted avg": ...} where the table ends with them.
    """
    if style == "json":
        names = ("precision", "recall", "f1-score", "support")

        def entry(label: str, row: Row) -> str:
            cells = ", ".join(f'"{n}": {"NaN" if t == "nan" else t}' for n, t in zip(names, row, strict=True))
            return f'"{label}": {{{cells}}}'

        parts = [entry(label, row) for label, row in rows.items()]
        parts += [f'"accuracy": {accuracy}'] if accuracy is not None else []
        parts += [entry(label, row) for label, row in averages.items()]
        return "{" + ",\n".join(parts) + "}"
    if style == "markdown":
        text = "| Class | Precision | Recall | F1 | Support |\n|---|---|---|---|---|\n"
        text += "".join(f"| {label} | {' | '.join(row)} |\n" for label, row in rows.items())
        return text + (f"\naccuracy: {accuracy}\n" if accuracy is not None else "")

    def line(label: str, cells: Sequence[str]) -> str:
        return f"{label:>14}{''.join(f' {cell:>9}' for cell in cells)}\n"

    text = line("", ("precision", "recall", "f1-score", "support")) + "\n"
    text += "".join(line(label, row) for label, row in rows.items())
    if accuracy is not None:
        text += "\n" + line("accuracy", ("", "", accuracy, str(sum(int(row[3]) for row in rows.values()))))
    return text + "".join(line(label, row) for label, row in averages.items())


def steps_table(rows: Mapping[int, Mapping[str, str]]) -> str:
    """Return a markdown table with a row for each step, {step: {name: number as printed}}."""
    names = list(next(iter(rows.values())))
    text = f"| Step | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}\n"
    return text + "".join(f"| {step} | {' | '.join(row.values())} |\n" for step, row in rows.items())

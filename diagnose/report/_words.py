"""Small things that every written report needs: safe text, shown numbers, sparklines."""

from __future__ import annotations

import math
import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["clean", "count", "first_sentence", "listed", "printable", "shown", "sparkline"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = "_.-~=+*#"
_NAN_MARK = "x"
_LARGEST_WHOLE = 10**15
_SMALLEST_PLAIN = Fraction(1, 10**5)
# What Python calls printable and nobody sees: fillers and the selectors of variants, a way to hide whole sentences.
# U+FE0E and U+FE0F stay, which follow many an emoji.
_UNSEEN = frozenset(
    map(chr, (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x3164, *range(0xFE00, 0xFE0E), 0xFFA0,
              *range(0xE0100, 0xE01F0)))
)  # fmt: skip
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def clean(text: str, limit: int = 400) -> str:
    """Return `text` on one line, in printable characters only, and not longer than `limit`.

    Names and quotes come from strangers' files: an escape sequence in them must not steer the reader's terminal,
    nor a bidirectional override turn a sentence around. What cannot be printed is shown as its escape.
    """
    safe = printable(" ".join(text[: 4 * limit].split()))
    return safe if len(safe) <= limit else safe[: limit - 3] + "..."


def printable(text: str) -> str:
    """Return `text` with what cannot be printed or seen, line ends among it, as its escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c.isprintable() and c not in _UNSEEN else c.encode("unicode_escape").decode("ascii") for c in text
    )


def first_sentence(text: str) -> str:
    """Return the first sentence of a text."""
    return _SENTENCE_END.split(clean(text, 2000), maxsplit=1)[0]


def count(number: int, noun: str) -> str:
    """Return "1 rule", "2 rules"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(items: Sequence[str], limit: int, rest: str) -> str:
    """Return the first `limit` items, joined by commas, and how many more there are of `rest`."""
    more = len(items) - limit
    return ", ".join(items[:limit]) + (f" and {count(more, rest)} more" if more > 0 else "")


def shown(value: Any) -> str:
    """Return a fact's value as it is read: 0.564, 2,825 to 2,829, at least 0.956, tp 478, fp 62."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Interval):
        return _interval(value)
    if isinstance(value, (int, float, Fraction)):
        return _number(value)
    if isinstance(value, dict):
        if _is_bounds(value):
            return _interval(Interval(value["low"], value["high"]))
        return ", ".join(f"{clean(str(key), 60)} {_nested(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(_nested(item) for item in value)
    return clean(str(value))


def _nested(value: Any) -> str:
    return f"({shown(value)})" if isinstance(value, dict) and not _is_bounds(value) else shown(value)


def _is_bounds(value: dict[str, Any]) -> bool:
    """Whether a structure is an interval, and not a table of classes that are called "low" and "high"."""
    ends = [value.get("low"), value.get("high")]
    numbers = all(isinstance(end, (int, float, Fraction)) for end in ends)
    return numbers and len(value) == len(ends) and bool(value["low"] <= value["high"])


def _number(number: float | Fraction, rounding: str = ROUND_HALF_EVEN) -> str:
    """Return a number to five significant digits, whole numbers in full."""
    if isinstance(number, float) and not math.isfinite(number):
        return str(number)
    exact = Fraction(number)
    if exact.denominator == 1 and abs(exact) < _LARGEST_WHOLE:
        return f"{int(exact):,}"
    short = Context(prec=5, rounding=rounding).divide(Decimal(exact.numerator), Decimal(exact.denominator))
    return f"{short.normalize():f}" if _SMALLEST_PLAIN <= abs(exact) < _LARGEST_WHOLE else f"{short.normalize():e}"


def _interval(interval: Interval) -> str:
    """Return an interval; the ends are rounded outwards, so that what is shown is as true as what was derived."""
    if _number(interval.low) == _number(interval.high):
        return _number(interval.low)
    low, high = _number(interval.low, ROUND_FLOOR), _number(interval.high, ROUND_CEILING)
    if math.isinf(interval.low):
        return "any number" if math.isinf(interval.high) else f"at most {high}"
    return f"at least {low}" if math.isinf(interval.high) else f"{low} to {high}"


def sparkline(numbers: Sequence[float], *, blocks: bool = True, width: int = 48) -> str:
    """Draw a history, oldest first; an evaluation without a number (NaN, infinity) is drawn as an x.

    A history longer than `width` is drawn as the means of equal stretches, and a stretch with a NaN as an x.
    """
    cells = min(width, len(numbers))
    edges = [i * len(numbers) // cells for i in range(cells + 1)] if cells else []
    means = [sum(part) / len(part) for a, b in pairwise(edges) if (part := numbers[a:b])]
    finite = [mean for mean in means if math.isfinite(mean)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    marks = _BLOCKS if blocks else _ASCII
    middle = len(marks) // 2

    def mark(mean: float) -> str:
        if not math.isfinite(mean):
            return _NAN_MARK
        # Halves, because the distance of two finite doubles may be infinite.
        return marks[round((mean / 2 - low / 2) / (high / 2 - low / 2) * (len(marks) - 1)) if high > low else middle]

    return "".join(mark(mean) for mean in means)

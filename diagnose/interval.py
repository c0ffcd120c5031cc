"""Closed intervals of exact numbers, and the interval that a printed number stands for.

Everything that is proved is proved over whole intervals: a metric printed as 0.56 may have been 0.564.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

__all__ = ["FULL_DIGITS", "Interval", "Number", "parse_number", "printed_interval"]

Number: TypeAlias = int | float | Fraction

# A double has at least so many significant digits, and prints most often with two more.
FULL_DIGITS = 15
_INFINITY = math.inf
# Digits beyond this are no decimal place of anybody's metric; 10**-400 would only cost time.
_LARGEST_EXPONENT = 400
# No metric is larger, or smaller and not 0: products and quotients of a few of them stay within the floats.
_LARGEST = 1e60
_TINY = 1e-60
_SMALLEST = Fraction(1, 10**60)
_LONGEST_TEXT = 1000
_NUMBER = re.compile(r"[+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WORDS = {"nan": math.nan, "inf": math.inf, "infinity": math.inf}


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from `low` to `high`, both included; an end may be infinite."""

    low: Number
    high: Number

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            msg = f"an interval needs low <= high, got {self.low} and {self.high}"
            raise ValueError(msg)

    @classmethod
    def of(cls, value: Interval | Number) -> Interval:
        """Return `value` as an interval; a number becomes the interval that holds it alone."""
        return value if isinstance(value, Interval) else cls(value, value)

    @property
    def is_point(self) -> bool:
        """Whether the interval holds one number only."""
        return self.low == self.high

    @property
    def middle(self) -> float:
        """The middle as a float; the finite end where the other one is infinite."""
        if math.isinf(self.low) or math.isinf(self.high):
            return float(self.high) if math.isinf(self.low) else float(self.low)
        return float((self.low + self.high) / 2)

    def __format__(self, spec: str) -> str:
        """Return the interval in words: "0.25 to 0.5", "at least 3"; one number where both ends print alike.

        spec: that of a float; without one, whole numbers stand in full ("1,000") and others to four digits.
        """
        low, high = (_spoken(end, spec) for end in (self.low, self.high))
        if math.isinf(self.high) and not math.isinf(self.low):
            return f"at least {low}"
        if math.isinf(self.low) and not math.isinf(self.high):
            return f"at most {high}"
        return low if low == high else f"{low} to {high}"

    def __contains__(self, number: Number) -> bool:
        return self.low <= number <= self.high

    def meet(self, other: Interval) -> Interval | None:
        """Return the numbers in both intervals, or None where there are none."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Interval(low, high) if low <= high else None

    def hull(self, other: Interval) -> Interval:
        """Return the least interval that holds both."""
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __abs__(self) -> Interval:
        if self.low >= 0:
            return self
        return -self if self.high <= 0 else Interval(0, max(-self.low, self.high))

    def __add__(self, other: Interval | Number) -> Interval:
        other = Interval.of(other)
        return Interval(self.low + other.low, self.high + other.high)

    __radd__ = __add__

    def __sub__(self, other: Interval | Number) -> Interval:
        return self + -Interval.of(other)

    def __rsub__(self, other: Number) -> Interval:
        return -self + other

    def __mul__(self, other: Interval | Number) -> Interval:
        other = Interval.of(other)
        corners = [_times(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(corners), max(corners))

    __rmul__ = __mul__

    def __truediv__(self, other: Interval | Number) -> Interval:
        """Divide; a divisor that may be zero gives the whole line."""
        other = Interval.of(other)
        if 0 in other:
            return Interval(-_INFINITY, _INFINITY)
        return self * Interval(_inverse(other.high), _inverse(other.low))

    def __rtruediv__(self, other: Number) -> Interval:
        return Interval.of(other) / self


def _spoken(number: Number, spec: str) -> str:
    if not spec and number % 1 == 0:
        return f"{int(number):,}"
    return format(float(number), spec or ".4g")


def _times(a: Number, b: Number) -> Number:
    """Multiply, with 0 x infinity = 0: the ends of an interval are limits, not values."""
    return 0 if a == 0 or b == 0 else a * b


def _inverse(number: Number) -> Number:
    return 0 if math.isinf(number) else 1 / Fraction(number)


def parse_number(text: str) -> float | None:
    """Return the number that `text` prints (a percent sign is left to the caller), or None.

    `nan`, `inf` and an overflow such as 1e999 are numbers too: NaN and infinity.
    """
    text = text.strip()
    word = text.lstrip("+-").lower()
    if word in _WORDS:
        return -_WORDS[word] if text.startswith("-") else _WORDS[word]
    if not _NUMBER.fullmatch(text):
        return None
    return float(text)


@lru_cache(maxsize=65536)
def printed_interval(text: str, *, rounded: bool = False, machine: bool = False) -> Interval | None:
    """Return every number that may have been printed as `text`; None for NaN, infinity, non-numbers, 1e60 and more.

    `rounded`: the text was rounded to the nearest; otherwise it may also have been truncated towards zero.
    `machine`: the text stands in a record that prints full doubles, so a short text is a full double too.

    Method (measured in the project's forensics): d decimals stand for x +- u/2 with u = 10^-d, or, where the
    number may have been truncated, for everything from x - u/2 to x + u (x - u to x + u below zero, where it may
    have been floored); a zero with a minus sign was not positive. At least 15 significant digits: the double +-4 ulp,
    or the float32 +-2 ulp where the double is a float32's own value. 7 significant digits or more that are the
    shortest text of a float32, or its own double: the union of both.
    """
    number = parse_number(text)
    if number is None or not abs(number) < _LARGEST or len(text) > _LONGEST_TEXT:
        return None
    mantissa, _, exponent_text = text.strip().lower().lstrip("+-").replace("_", "").partition("e")
    exponent = int(exponent_text or 0)
    if abs(exponent) > _LARGEST_EXPONENT:
        return None
    whole, _, decimals = mantissa.partition(".")
    digits = len((whole + decimals).lstrip("0"))
    shift = exponent - len(decimals)
    count = int(whole + decimals)
    if count and abs(number) < _TINY:
        return Interval(-_SMALLEST, _SMALLEST)
    negative = text.strip().startswith("-")
    count = -count if negative else count
    if digits >= FULL_DIGITS or (machine and (decimals or exponent_text)):
        # A long print of fixed width ("%.15f") may have fewer digits than its double needs.
        other = _printed(count, shift, rounded=rounded) if digits >= FULL_DIGITS else _short_float32(number)
        return _double(number).hull(other)
    if not decimals and not exponent_text:
        return Interval(Fraction(count), Fraction(count))
    if count == 0 and negative:
        return Interval(_printed(0, shift, rounded=False).low, 0)
    interval = _printed(count, shift, rounded=rounded)
    # A short text of a float32: the shortest that names it, or its double, where that happens to end early.
    if digits >= 7 and (_as_float32(number) == number or _is_float32_text(number, text)):
        interval = interval.hull(_float32(number))
    return interval


def _printed(count: int, shift: int, *, rounded: bool) -> Interval:
    """Return what prints as `count` x 10^`shift`; whole numbers are much faster here than fractions."""

    def halves(number: int) -> Fraction:
        return Fraction(number * 10**shift, 2) if shift >= 0 else Fraction(number, 2 * 10**-shift)

    if rounded:
        return Interval(halves(2 * count - 1), halves(2 * count + 1))
    # A negative number may have been floored as well, away from zero.
    return Interval(halves(2 * count - (1 if count > 0 else 2)), halves(2 * count + 2))


def _double(number: float) -> Interval:
    single = _as_float32(number)
    if single == number:
        return _float32(number)
    return _around(number, 4 * math.ulp(number))


def _short_float32(number: float) -> Interval:
    """Return the float32 reading of a short number, which is the number itself where none exists."""
    return _float32(number) if _as_float32(number) == number else Interval.of(Fraction(number))


def _float32(number: float) -> Interval:
    single = abs(_as_float32(number))
    if single == 0 or math.isinf(single):
        return Interval.of(Fraction(number))
    return _around(number, 2 * 2.0 ** (math.frexp(single)[1] - 24))


def _around(number: float, width: float) -> Interval:
    """Return the exact interval number +- width of two floats."""
    (above, below), (over, under) = number.as_integer_ratio(), width.as_integer_ratio()
    middle, reach, whole = above * under, over * below, below * under
    return Interval(Fraction(middle - reach, whole), Fraction(middle + reach, whole))


def _as_float32(number: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return math.inf


def _is_float32_text(number: float, text: str) -> bool:
    """Whether `text` is the shortest decimal that names one float32 (what numpy prints)."""
    single = _as_float32(number)
    return (
        single != number and math.isfinite(single) and float(f"{single:.9g}") != 0 and _shortest(single) == float(text)
    )


def _shortest(single: float) -> float:
    for precision in range(6, 10):
        text = f"{single:.{precision}g}"
        if _as_float32(float(text)) == single:
            return float(text)
    return single

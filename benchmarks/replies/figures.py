"""A reported number as people write it again: rounded, in percent, as a fraction, in words."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

__all__ = ["spoken", "wrong_word"]

_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_PARTS = {
    "half": Fraction(1, 2), "a half": Fraction(1, 2), "one third": Fraction(1, 3), "a third": Fraction(1, 3),
    "two thirds": Fraction(2, 3), "a quarter": Fraction(1, 4), "three quarters": Fraction(3, 4),
    "one fifth": Fraction(1, 5), "four fifths": Fraction(4, 5), "nine tenths": Fraction(9, 10),
}  # fmt: skip
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def spoken(number: Fraction, rng: Random, *, share: bool, count: bool, printed: str = "") -> str:
    """Return one way to write a number; share: it may be said in percent; count: it is a whole number of things."""
    ways = [printed] if printed else []
    if count:
        ways += [f"{int(number)}", f"{int(number):,}"]
        if 0 <= number < len(_WORDS):
            ways.append(_WORDS[int(number)])
        if number >= 1000:
            ways.append(f"about {_hundreds(number)}")
        return rng.choice(ways)
    digits = rng.choice([2, 3, 3, 4])
    ways += [
        _significant(number, digits),
        _significant(number, 4),
        f"about {_significant(number, digits)}",
        f"roughly {_significant(number, 3)}",
    ]
    if share:
        ways += [
            f"{_significant(number * 100, digits)} %",
            f"{_significant(number * 100, 3)}%",
            f"~{_significant(number * 100, 3)}%",
        ]
    if 0 < number < 1:
        ways.append(_significant(number, 4).removeprefix("0"))
    if number and abs(number) < Fraction(1, 100):
        ways += [f"{float(number):.1e}".replace("e-0", "e-"), f"{float(number):.2e}"]
    if abs(number) >= 1000:
        ways.append(f"{float(number):,.1f}")
    near = next(
        (
            f"{a}/{b}"
            for b in range(2, 10)
            for a in range(1, b)
            if number and abs(Fraction(a, b) / number - 1) < Fraction(1, 1000)
        ),
        "",
    )
    if near and share:
        ways += [
            near,
            *(words for words, part in _PARTS.items() if abs(part / number - 1) < Fraction(1, 200) and words != "half"),
        ]
    way = rng.choice(ways)
    return way.translate(_ARABIC) if rng.random() < 0.01 and "e" not in way and "/" not in way else way


def wrong_word(number: Fraction, rng: Random) -> str:
    """Return a number in words that is another one."""
    other = [words for words, part in _PARTS.items() if abs(part - number) > Fraction(1, 10)]
    return rng.choice(other)


def _significant(number: Fraction, digits: int) -> str:
    """Round to so many significant digits, but keep the whole part."""
    if not number:
        return "0"
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    places = max(digits - 1 - exact.adjusted(), 0)
    return f"{exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN):f}"


def _hundreds(number: Fraction) -> str:
    """Round a count to two significant digits."""
    return f"{round(int(number), 2 - len(str(abs(int(number))))):,}"

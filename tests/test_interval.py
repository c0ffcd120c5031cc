"""Reading a printed number: the interval holds whatever may have been printed so."""

from __future__ import annotations

import math
import struct
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.interval import Interval, parse_number, printed_interval

SCORES = st.floats(0, 1, allow_nan=False)


@given(SCORES, st.integers(1, 8))
def test_a_rounded_number_lies_in_its_interval(number, places):
    text = f"{number:.{places}f}"
    assert Fraction(number) in printed_interval(text)
    assert Fraction(number) in printed_interval(text, rounded=True)


@given(st.floats(-2, 2, allow_nan=False), st.integers(1, 8))
def test_a_truncated_number_lies_in_the_safe_interval(number, places):
    text = format(Decimal(number).quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN), "f")
    assert Fraction(number) in printed_interval(text)


@given(SCORES)
def test_a_double_lies_in_the_interval_of_its_repr(number):
    assert Fraction(number) in printed_interval(repr(number), machine=True)


@given(SCORES, st.integers(14, 18))
def test_a_double_lies_in_the_interval_of_any_long_print_of_it(number, places):
    assert Fraction(number) in printed_interval(f"{number:.{places}f}")


@given(st.floats(0, 1, width=32, allow_nan=False))
def test_a_float32_printed_as_a_double_keeps_the_numbers_that_round_to_it(number):
    """The metric was computed in float32: what it approximates may be half a float32 step away."""
    interval = printed_interval(repr(number), machine=True)
    bits = struct.unpack("i", struct.pack("f", number))[0]
    above = struct.unpack("f", struct.pack("i", bits + 1))[0]
    if number > 0 and "e" not in repr(number):
        assert Fraction(number) + (Fraction(above) - Fraction(number)) / 2 in interval


@pytest.mark.parametrize(
    "text", ["nan", "NaN", "inf", "-inf", "1e999", "abc", "", "1.2.3", "1e99999", "0." + "1" * 9000]
)
def test_what_is_not_a_finite_number_has_no_interval(text):
    assert printed_interval(text) is None


@pytest.mark.parametrize(
    ("text", "number"), [("1e999", math.inf), ("-inf", -math.inf), ("+.5", 0.5), ("1_000", 1000.0), ("12 ", 12.0)]
)
def test_a_number_is_parsed_as_python_would(text, number):
    assert parse_number(text) == number


def test_a_zero_with_a_minus_sign_was_not_positive():
    assert printed_interval("-0.00") == Interval(Fraction(-1, 100), 0)
    assert printed_interval("0.00") == Interval(Fraction(-1, 100), Fraction(1, 100))


def test_an_integer_is_exact():
    assert printed_interval("2215") == Interval(2215, 2215)


@pytest.mark.parametrize(
    ("interval", "spec", "text"),
    [
        (Interval(Fraction(1, 4), 0.5), ".4g", "0.25 to 0.5"),
        (Interval(0.12341, 0.12342), ".4g", "0.1234"),
        (Interval(2825, 2829), "", "2,825 to 2,829"),
        (Interval(1500, 1500), ".0f", "1500"),
        (Interval(3, math.inf), "", "at least 3"),
        (Interval(-math.inf, 2.5), ".1f", "at most 2.5"),
    ],
)
def test_an_interval_is_put_in_words(interval, spec, text):
    assert f"{interval:{spec}}" == text


def test_an_interval_with_its_ends_the_wrong_way_round_is_refused():
    with pytest.raises(ValueError, match="low <= high"):
        Interval(1, 0)


@pytest.mark.parametrize(
    ("text", "number"), [("1_000", 1000.0), ("0_", None), ("1__0", None), ("_1", None), ("1_.5", None)]
)
def test_underscores_stand_between_digits(text, number):
    assert parse_number(text) == number

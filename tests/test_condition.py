"""The condition language: what it accepts, its three truth values, and its soundness over intervals."""

from __future__ import annotations

import math
import operator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.engine.condition import UNKNOWN, Condition
from diagnose.errors import ConditionError
from diagnose.interval import Interval

NUMBERS = st.fractions(min_value=-10, max_value=10, max_denominator=20)
INTERVALS = st.tuples(NUMBERS, NUMBERS).map(lambda ends: Interval(min(ends), max(ends)))
NAMES = ("a", "b", "c")


def conditions():
    """Random conditions over three truth-valued names."""
    leaves = st.sampled_from(NAMES)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map(lambda x: f"not ({x})"),
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        ),
        max_leaves=6,
    )


def holds(text, **facts):
    return Condition.parse(text).evaluate({name.replace("__", "."): value for name, value in facts.items()})


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("loss.slope < 0", {"loss__slope": -1}, True),
        ("loss.slope < 0", {}, UNKNOWN),
        ("a < b <= 3", {"a": 1, "b": 3}, True),
        ("a < b <= 3", {"a": 4, "b": 3}, False),
        ("not a", {"a": True}, False),
        ("not a", {"a": math.nan}, UNKNOWN),
        ("a and b", {"a": False}, False),
        ("a and b", {"a": True}, UNKNOWN),
        ("a or b", {"b": True}, True),
        ("'macro' in averaging", {"averaging": ["macro", "weighted"]}, True),
        ("'binary' not in averaging", {"averaging": ["macro"]}, True),
        ("kind == 'class'", {"kind": "class"}, True),
        ("kind != 'class'", {"kind": "number"}, True),
        ("kind == 1", {"kind": "class"}, UNKNOWN),
        ("kind < 1", {"kind": "class"}, UNKNOWN),
        ("abs(a - b) > 2 * (1 - c)", {"a": 0, "b": 3, "c": 0}, True),
        ("max(a, b) == 3", {"a": 1, "b": 3}, True),
        ("min(a, b) >= 0.5", {"a": Interval(0.5, 1), "b": 2}, True),
        ("a / b > 1", {"a": 1, "b": 0}, UNKNOWN),
        ("known(a)", {}, False),
        ("known(a)", {"a": math.nan}, False),
        ("known(a)", {"a": 0}, True),
        ("nan(a)", {"a": math.nan}, True),
        ("nan(a)", {"a": 1.0}, False),
        ("nan(a)", {}, UNKNOWN),
        ("a == true", {"a": True}, True),
        ("a > 0.5", {"a": Interval(0.4, 0.6)}, UNKNOWN),
        ("a > 0.5", {"a": Interval(0.51, 0.6)}, True),
        ("a == 0.5", {"a": Interval(0.4, 0.6)}, UNKNOWN),
        ("a == 0.7", {"a": Interval(0.4, 0.6)}, False),
        ("a", {"a": 1}, UNKNOWN),
    ],
)
def test_a_condition_is_true_false_or_unknown(text, facts, expected):
    result = holds(text, **facts)
    assert result is expected


@pytest.mark.parametrize(
    "text",
    [
        "", "a <", "a if b else c", "a[0]", "lambda: 1", "__import__('os')", "a.b()", "f'{a}'", "[x for x in a]",
        "a ** 9", "a % 2", "a := 1", "open('x')", "known(1)", "known(a, b)", "abs()", "abs(a, b)", "min(a, key=b)",
        "(" * 30 + "a" + ")" * 30 + " + " + " + ".join("a" * 30), "a" * 600, "b'x' == a", "a is None", "()", "...",
    ],
)  # fmt: skip
def test_what_is_not_in_the_language_is_refused(text):
    with pytest.raises(ConditionError):
        Condition.parse(text)


def test_the_names_of_a_condition_are_its_dotted_names_without_words_and_functions():
    condition = Condition.parse("train_loss.slope < -slope_min and known(a.b.c) and d == true")
    assert condition.names == {"train_loss.slope", "slope_min", "a.b.c", "d"}


@given(conditions(), st.dictionaries(st.sampled_from(NAMES), st.booleans()))
def test_what_is_learnt_later_never_flips_a_known_answer(text, known):
    """Kleene's law: an answer given with some names unknown holds for every value of them."""
    before = Condition.parse(text).evaluate(known)
    if before is UNKNOWN:
        return
    for bits in range(2 ** len(NAMES)):
        filled = {name: bool(bits >> i & 1) for i, name in enumerate(NAMES)} | known
        assert Condition.parse(text).evaluate(filled) is before


@given(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), INTERVALS, INTERVALS, st.data())
def test_a_comparison_of_intervals_holds_for_every_number_in_them(symbol, left, right, data):
    answer = holds(f"a {symbol} b", a=left, b=right)
    x = data.draw(st.fractions(left.low, left.high) if not left.is_point else st.just(left.low))
    y = data.draw(st.fractions(right.low, right.high) if not right.is_point else st.just(right.low))
    relation = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}
    truth = x != y if symbol == "!=" else relation[symbol](x, y)
    assert answer is UNKNOWN or answer is truth


@given(st.sampled_from(["+", "-", "*", "/"]), INTERVALS, INTERVALS, st.data())
def test_interval_arithmetic_contains_the_result_of_its_members(symbol, left, right, data):
    x = data.draw(st.fractions(left.low, left.high) if not left.is_point else st.just(Fraction(left.low)))
    y = data.draw(st.fractions(right.low, right.high) if not right.is_point else st.just(Fraction(right.low)))
    operation = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[symbol]
    if symbol == "/" and y == 0:
        return
    assert operation(x, y) in operation(left, right)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a or b", {"b"}),
        ("a or (b and c)", {"a"}),
        ("(a and c) or (b and c)", {"a", "b", "c"}),
        ("a and (b or d)", {"a", "b", "d"}),
        ("a or (b and e)", {"a"}),
    ],
)
def test_of_an_or_the_part_counts_that_holds_and_is_proved_best(text, names):
    """Each part of a conjunction counts, so its weakest name is its rank."""
    ranks = {"a": 2, "b": 1, "c": 3, "d": 1, "e": 0}
    facts = {name: name != "e" for name in ranks}
    assert Condition.parse(text).basis(facts, ranks.__getitem__) == names

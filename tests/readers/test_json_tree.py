"""JSON with its numbers as written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.readers.json_tree import JsonObject, NumberText, parse_json, pointer


@pytest.mark.parametrize(
    "text", ["0.8900", "1e-3", "-0", "1E400", "NaN", "-Infinity", "123456789012345678901234567890"]
)
def test_a_number_keeps_its_text(text: str):
    assert parse_json(f'{{"a": [{text}]}}')["a"] == [NumberText(text)]


@given(st.floats())
def test_every_float_comes_back(number: float):
    (text,) = parse_json(json.dumps([number]))
    assert json.dumps(number) == text


def test_repeated_names_are_remembered():
    tree = parse_json('{"a": 1, "b": 2, "a": 3}')
    assert isinstance(tree, JsonObject)
    assert (dict(tree), tree.repeated) == ({"a": "3", "b": "2"}, ("a",))


@pytest.mark.parametrize("text", ["", "{", '{"a": 1,}', "accuracy: 0.5", "[" * 100_000, '{"a": 1}\n{"a": 2}'])
def test_what_is_no_json_is_none(text: str):
    assert parse_json(text) is None


def test_a_byte_order_mark_is_passed_over():
    assert parse_json('\ufeff{"a": 1}') == {"a": "1"}


def test_pointers_escape_as_rfc_6901_says():
    assert pointer(pointer("", "a/b~c"), 0) == "/a~1b~0c/0"

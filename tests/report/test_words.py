"""Texts of strangers as they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.report._words import clean, printable


@pytest.mark.parametrize("text", ["", "plain", "ünïcödé 模型", "h\u0336", "😀\ufe0f", "a \\ b"])
def test_what_can_be_seen_stays(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202e", "\\u202e"),
        ("\U000e0041", "\\U000e0041"),
        ("x\U000e0101y", "x\\U000e0101y"),
        ("x\ufe01", "x\\ufe01"),
        ("\u3164\u115f", "\\u3164\\u115f"),
        ("\ud800", "\\ud800"),
        ("a\nb", "a\\nb"),
    ],
)
def test_what_steers_or_hides_is_shown_as_its_escape(text, shown):
    assert printable(text) == shown


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_shown_text_is_printable_and_stays_as_it_is_when_shown_again(text):
    assert printable(text).isprintable()
    assert clean(clean(text)) == clean(text)

"""Answers of a language model about every fixture, for hypothesis: true ones, and any of the right form."""

from __future__ import annotations

from functools import cache

from answers import SENTENCES, forms, packs, true_answer
from hypothesis import strategies as st


@st.composite
def a_form(draw, **wanted):
    """Draw the form of an answer about one of the fixtures."""
    return forms(**wanted)[draw(st.integers(0, len(packs()) - 1))]


@st.composite
def true_answers(draw, **wanted):
    """Draw (form, answer): an answer of which every claim holds."""
    form = draw(a_form(**wanted))
    return form, true_answer(form, draw(st.randoms(use_true_random=False)))


@st.composite
def formal_answers(draw, **wanted):
    """Draw (form, answer): any answer that the JSON Schema allows, true or not."""
    form = draw(a_form(**wanted))
    return form, draw(_answers_of(form))


@cache
def _answers_of(form):
    schema = form.schema()
    return _of_schema(schema, schema["$defs"])


def _of_schema(node, definitions):
    """Return a strategy for what a schema allows."""
    if "$ref" in node:
        return _of_schema(definitions[node["$ref"].rpartition("/")[2]], definitions)
    if "enum" in node:
        return st.sampled_from(node["enum"])
    if node["type"] == "array":
        return st.lists(_of_schema(node["items"], definitions), max_size=4)
    if node["type"] == "object":
        return st.fixed_dictionaries(
            {key: _of_schema(node["properties"][key], definitions) for key in node["required"]}
        )
    return {"boolean": st.booleans(), "string": st.sampled_from(SENTENCES) | st.text(max_size=20)}[node["type"]]

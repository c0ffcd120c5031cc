"""A real server with a real model: what it says is shown where it is true, and replaced where one part is false."""

from __future__ import annotations

import contextlib
import io
import json

import pytest
import real_server
from real_server import FAITHFUL, answers, llama_server, outcome, trained, transformers_serve

from diagnose import diagnose
from diagnose.cli import main
from diagnose.llm.explanation import Source
from diagnose.llm.pack import make_pack

pytestmark = pytest.mark.slow  # a model is trained for it

TWINS = {
    FAITHFUL: Source.MODEL,
    "relation turned round": Source.SALVAGED,
    "number in prose": Source.SALVAGED,
}
NO_TRANSFORMERS, NO_LLAMA = real_server.why_not_transformers(), real_server.why_not_llama()
FIXTURE = str(real_server.FIXTURE)

needs_transformers = pytest.mark.skipif(bool(NO_TRANSFORMERS), reason=NO_TRANSFORMERS)
needs_llama = pytest.mark.skipif(bool(NO_LLAMA), reason=NO_LLAMA)


@pytest.fixture(scope="module")
def report():
    return diagnose(FIXTURE)


@pytest.fixture(scope="module")
def models(report, tmp_path_factory):
    """Return the folders of a model that learnt a faithful answer by heart, and of two twins of it."""
    twins = answers(make_pack(report))
    chosen = {name: twins[name] for name in TWINS}
    return {name: place for name, place, _ in trained(chosen, tmp_path_factory.mktemp("models"))}


@pytest.fixture(scope="module")
def served(models, tmp_path_factory):
    """Yield `transformers serve`, which ignores every form that it is given."""
    with transformers_serve(models, tmp_path_factory.mktemp("server")) as server:
        yield server


@needs_transformers
@pytest.mark.parametrize("name", TWINS)
def test_transformers_serve(served, report, name):
    """The faithful answer is taken as it is, the others are mended, and nothing false is shown."""
    result = outcome(served, name, report)
    assert (result.wrong, result.source) == ("", TWINS[name]), result.trail


@needs_transformers
@pytest.mark.parametrize("name", [FAITHFUL, "relation turned round"])
def test_the_command_ends_with_the_status_of_the_gate_whatever_the_model_says(served, name):
    model = ["--model", served.models[name], "--base-url", served.base_url, "--commentary"]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = main(["explain", FIXTURE, "--format", "json", *model])
    assert status == main([FIXTURE, "--format", "json"]) == 1
    explained = json.loads(out.getvalue())
    assert explained["verdict"] == "degenerate"
    assert explained["source"] == ("llm" if name == FAITHFUL else "llm-salvaged")


@needs_llama
def test_llama_cpp(models, report, tmp_path):
    """It refuses json_schema, and holds the model to the same schema as a grammar."""
    with llama_server(models, tmp_path) as server:
        results = {name: outcome(server, name, report) for name in TWINS}
    assert {name: result.wrong for name, result in results.items()} == dict.fromkeys(TWINS, "")
    assert results[FAITHFUL].source is Source.MODEL
    assert any("json_object with a schema" in line for line in results[FAITHFUL].trail)


@needs_llama
def test_what_is_false_in_answers_by_chance_is_found(report, tmp_path):
    """A grammar makes random weights write answers of the form; that says nothing about their truth."""
    place = tmp_path / "random"
    real_server.train(json.dumps(answers(make_pack(report))[FAITHFUL]), place, steps=0)
    with llama_server({"random": place}, tmp_path) as server:
        found = real_server.fuzz(server, "random", report, 20)
    assert found.fit == found.answers
    assert found.false > 0
    assert (found.passed, found.shown) == (0, 0)

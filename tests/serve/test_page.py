"""The page's handlers: what they show, what they leave alone, and what is shown while a model is asked."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("gradio")

from diagnose.llm.client import Endpoint
from diagnose.serve.page import Page

PASTE = "eval_accuracy = 0.6120\neval_precision = 0.0102\neval_recall = 0.01667\neval_f1 = 0.0127\n"
NOWHERE = Endpoint("tiny", "http://127.0.0.1:9/v1", "key-of-the-user")


def made(*given, **named):
    """Make a page within an event loop; otherwise gradio makes loops of its own, and closes none."""

    async def make():
        return Page(*given, **named)

    return asyncio.run(make())


@pytest.fixture(scope="module")
def page():
    """Return a page without a model."""
    return made()


def shown(page, values):
    """Return what a handler returned, by the name of the control."""
    names = {id(control): name for name, control in vars(page).items()}
    return {names[id(control)]: value for control, value in zip(page._outputs, values, strict=False)}


def test_a_paste_fills_the_page(page):
    (values,) = page.paste(None, PASTE)
    found = shown(page, values)
    assert "degenerate" in found["verdict"]
    assert found["report"] == found["shared"]
    assert found["notice"] == ""
    assert found["results"]["visible"]
    assert [message["role"] for message in found["chat"]] == ["user", "assistant"]


def test_an_answer_is_taken_and_taken_back(page):
    (values,) = page.paste(None, PASTE)
    found = shown(page, page.say(values[0], "it was macro averaged"))
    assert "averaging=macro" in found["assumed"]
    assert found["assumed_row"]["visible"]
    assert shown(page, page.take_back(found["session"]))["assumed"] == ""


def test_a_failed_paste_leaves_the_report(page):
    (values,) = page.paste(None, PASTE)
    (again,) = page.paste(values[0], "nothing of use")
    found = shown(page, again)
    assert "notice" in found["notice"]
    assert "degenerate" in found["verdict"]


def test_starting_over_forgets(page):
    found = shown(page, page.forget())
    assert found["session"] is None
    assert not found["results"]["visible"]
    assert found["report"] == ""


def test_the_report_is_shown_while_a_model_is_asked_and_stands_when_it_fails():
    page = made(NOWHERE, deadline=2.0)
    meanwhile, final = page.paste(None, PASTE)
    found = shown(page, meanwhile)
    assert "The language model is choosing" in found["notice"]
    assert "degenerate" in found["verdict"]
    last = shown(page, final)
    assert (last["verdict"], last["findings"]) == (found["verdict"], found["findings"])
    assert last["notice"] == ""
    assert "key-of-the-user" not in str(final[1:])


def test_the_page_names_the_model_and_who_gets_what():
    html = str(made(NOWHERE).blocks.get_config_file())
    assert "tiny at 127.0.0.1" in html
    assert "key-of-the-user" not in html
    assert "no language model is asked" in str(made().blocks.get_config_file())


def test_no_handler_is_an_api(page):
    assert all(function.api_visibility != "public" for function in page.blocks.fns.values() if function.name != "apply")

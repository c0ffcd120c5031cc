"""The README says what is so: its output, its options, its Python example."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from diagnose.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def printed(*words):
    """Return what the command line prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main(words)
    return out.getvalue()


def test_the_output_shown_is_the_output():
    """The README may leave the end of the output out, and says so with a line of dots."""
    fixture = re.search(r"diagnose (fixtures/\S+)", README)[1]
    shown, dots, _ = re.search(r"```text\n(.*?)```", README, re.DOTALL)[1].partition("[...]")
    assert dots
    assert len(shown.splitlines()) > 15
    assert printed(fixture).startswith(shown.rstrip())


def test_every_option_is_in_the_readme_and_every_option_of_the_readme_exists():
    offered = set(re.findall(r"--[a-z][a-z-]+", printed("--help")))
    named = set(re.findall(r"`(--[a-z][a-z-]+)", README))
    assert named == offered


def test_the_python_example_runs():
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    exec(code.replace("metrics.json", "fixtures/classification/all-positive-counts/eval_results.txt"), {})  # noqa: S102  # the README's own code


def test_the_commands_of_the_readme_are_the_ones_that_ci_runs():
    assert "-e '.[dev]'" in README
    assert "-e '.[dev]'" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")

"""Every fixture: what must be said is said, what must not be is not, and the three reports are as committed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from diagnose.api import diagnose
from diagnose.report import load_format

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = sorted(path.parent for path in FIXTURES.rglob("ORIGIN.md"))


def said(report):
    """Return the names of all findings and their consequences."""
    return {name for f in report.findings for name in (f.rule, *f.consequences)}


def origin(case):
    """Return (verdict, rules that must be said, rules that must not) as ORIGIN.md lists them."""
    lines = (case / "ORIGIN.md").read_text(encoding="utf-8").partition("## What must be said")[2].splitlines()
    listed = {line.split(":")[0].strip("- "): re.findall(r"`([^`]+)`", line) for line in lines if line.startswith("- ")}
    return listed["verdict"][0], set(listed.get("rules", ())), set(listed.get("never", ()))


def inputs(case):
    """Return the case's input, as a path from the project's root: its one file, or the folder where there are more."""
    files = [p for p in case.iterdir() if p.name != "ORIGIN.md"]
    return str((files[0] if len(files) == 1 else case).relative_to(FIXTURES.parent))


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch):
    monkeypatch.chdir(FIXTURES.parent)


def test_there_are_at_least_twenty_cases():
    assert len(CASES) >= 20


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_what_must_be_said_is_said(case):
    verdict, rules, never = origin(case)
    report = diagnose(inputs(case))
    assert str(report.verdict) == ("None" if verdict == "null" else verdict)
    assert rules <= said(report)
    assert not never & said(report)


def extension(suffix):
    return type("Snapshot", (SingleFileSnapshotExtension,), {"file_extension": suffix, "_write_mode": WriteMode.TEXT})


@pytest.mark.parametrize(("name", "suffix"), [("json", "json"), ("markdown", "md"), ("terminal", "txt")])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_the_report_is_as_committed(case, name, suffix, snapshot):
    assert load_format(name).render([diagnose(inputs(case))]) == snapshot(extension_class=extension(suffix))

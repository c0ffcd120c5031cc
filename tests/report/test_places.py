"""Where a number stands in a file: lines and columns, paths and URIs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_reports import finding, full_report, reported, value
from odd_reports import TRICKS, names

from diagnose.api import check, diagnose
from diagnose.config import load_config
from diagnose.report._places import Place, Places, Region, as_uri, evidence, project_path
from diagnose.types import Run


@pytest.fixture(autouse=True)
def _outside_a_job(monkeypatch):
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)


def place_in(path, text, at, number="0.5", key="f1"):
    """Return where a value with the place `at` stands in a file that holds `text`."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Places().of_value(replace(value(key, "0.5"), text=number, source=str(path), at=at)).region


@pytest.mark.parametrize(
    ("text", "at", "region"),
    [
        ('{"f1": 0.5}', "/f1", Region(1, 8, 11)),
        ('{\n  "a": {"f1": 0.5, "x": [1, {"f1": 0.5}]}\n}\n', "/a/x/1/f1", Region(2, 36, 39)),
        ('{"a/b": {"m~n": 0.5}}', "/a~1b/m~0n", Region(1, 17, 20)),
        ('\ufeff{"é😀": "x", "f1": 0.5}', "/f1", Region(1, 19, 22)),
        ('{"f1": 0.1, "f1": 0.5}', "/f1", Region(1, 19, 22)),
        ('{"\\u0066\\u0031": 0.5}', "/f1", Region(1, 18, 21)),
        ("[\r\n NaN,\r\n -Infinity]", "/1", Region(3, 2, 11)),
        ('{"a": {\n"b": 1\n}}', "/a", Region(1)),
        ('{"a": {\n"b": 1\n}}', "/a/gone", Region(1)),
        ('{"a": {\n"b": {"c": 1}}}', "/a/b/gone", Region(2)),
        ('{"a": 1}', "/gone", None),
        ('{"a": 1', "/a", None),
        ("[" * 100_000, "/0/0", None),
        ("no JSON", "/f1", None),
        ("a b\nf1: 0.5, x\n", "line 2", Region(2, 5, 8)),
        ("0.55 10.5 -0.5 0.5.1 | 0.5.", "line 1", Region(1, 24, 27)),
        ("precision 0.5 f1 0.5 recall 0.5", "line 1", Region(1, 18, 21)),
        ("| a | 0.5 | 0.5 |", "line 1", Region(1)),
        ("nothing of the kind", "line 1", Region(1)),
        ("one line", "line 7", None),
        ("one line", "line 0", None),
        ("", "/f1", None),
        ("f1 0.5", "", None),
        ("f1 0.5", "folder name", None),
        ('{"a": 1}\n{"f1": 0.5}\n', "line 2/f1", Region(2, 8, 11)),
        ("10%|# | 1/9 [0:1<\r99%|# | 9/9 [0:1<\rdone\rf1 0.5\nf1 0.5\n", "line 2", Region(1, 45, 48)),
        ("10%|# | 1/9 [0:1<\r99%|# | 9/9 [0:1<\rdone\rf1 0.5\nf1 0.5\n", "line 3", Region(2, 4, 7)),
        ('{"f1": 0.5}'.encode("utf-16"), "/f1", Region(1, 8, 11)),
        (b"\x89PNG\r\n\x1a\n", "line 1", None),
    ],
)
def test_the_region_of_a_number(tmp_path, text, at, region):
    assert place_in(tmp_path / "metrics", text, at) == region


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def leaves(node, pointer=""):
    """Yield every pointer and leaf of a tree."""
    if not isinstance(node, (dict, list)):
        yield pointer, node
        return
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in items:
        yield from leaves(child, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")


@settings(max_examples=60, deadline=None)
@given(json_values, st.sampled_from([None, 0, 2]), st.booleans())
def test_every_leaf_of_any_json_is_found_where_it_stands(tmp_path_factory, tree, indent, ascii_only):
    path = tmp_path_factory.getbasetemp() / "any.json"
    text = json.dumps(tree, indent=indent, ensure_ascii=ascii_only)
    path.write_text(text, encoding="utf-8", newline="")
    places, lines = Places(), text.split("\n")
    for pointer, leaf in leaves(tree):
        if pointer:
            region = places.of_value(replace(value("f1", "0.5"), source=str(path), at=pointer)).region
            shown = lines[region.line - 1][region.column - 1 : region.end - 1]
            assert json.dumps(json.loads(shown)) == json.dumps(leaf)


def test_a_file_that_is_gone_is_a_folder_or_was_a_pipe_has_no_region(tmp_path):
    for source in (str(tmp_path / "gone.json"), str(tmp_path), "a\0b"):
        place = Places().of_value(replace(value("f1", "0.5"), source=source, at="line 1"))
        assert place.region is None
    assert Places().of_value(replace(value("f1", "0.5"), source="-", at="line 1")) == Place("-")


def test_a_line_of_a_file_in_a_folder_is_looked_for_in_that_file(tmp_path):
    (tmp_path / "train.log").write_text("a\nloss: 0.5\n")
    place = Places().of_value(replace(value("loss", "0.5"), source=str(tmp_path), at="train.log, line 2"))
    assert (place.path, place.region) == ((tmp_path / "train.log").as_posix(), Region(2, 7, 10))


def test_a_finding_stands_where_its_first_score_does_else_in_the_file_of_its_run():
    count = reported("eval_samples", "100")
    (quoted,) = reported("eval_auc", "0.1").evidence
    score = replace(count, evidence=(replace(quoted, measured=True, source="scores.json"),))
    runs = (Run("other", sources=("o.json",)), Run("r", sources=("r.json",)))
    report = replace(full_report(), source=("metrics.json", "scores.json"), runs=runs)
    places = Places()
    assert places.of(finding(facts=(count, score)), report).path == "scores.json"
    assert places.of(finding(facts=(count,)), report).path == "metrics.json"
    assert places.of(finding(), report).path == "r.json"
    assert places.of(finding(), full_report()).path == "metrics.json"


def test_every_number_that_a_finding_quotes_is_found_in_a_real_file(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text('{\n  "eval_accuracy": 0.0884,\n  "eval_auc": 0.0412,\n  "eval_samples": 2500\n}\n')
    report = diagnose(str(path))
    lines, places = path.read_text().splitlines(), Places()
    quoted = [item for found in report.findings for item in evidence(found)]
    assert len(quoted) >= 2
    for item in quoted:
        region = places.of_value(item).region
        assert lines[region.line - 1][region.column - 1 : region.end - 1] == item.text


def test_paths_are_those_from_the_root_of_the_project(tmp_path, monkeypatch):
    inner = tmp_path / "job" / "here"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert project_path("m.json") == "m.json"
    assert project_path("./a/../m.json") == "m.json"
    assert project_path(str(inner / "m.json")) == "m.json"
    assert project_path("../m.json") == (tmp_path / "job" / "m.json").as_posix()
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        with monkeypatch.context() as job:
            job.setenv(name, str(tmp_path / "job"))
            assert project_path("m.json") == "here/m.json"
            assert project_path("../m.json") == "m.json"
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path / "elsewhere"))
    assert project_path("m.json") == "m.json"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("out/metrics.json", "out/metrics.json"),
        ("a b/100%#?.json", "a%20b/100%25%23%3F.json"),
        ("a:b.json", "a%3Ab.json"),
        ("a\\b.json", "a%5Cb.json"),
        ("é/\udcff\n", "%C3%A9/%FF%0A"),
        ("\ud800", "%3F"),
        ("/tmp/m.json", "file:///tmp/m.json"),  # noqa: S108  # a name only
        ("C:/runs/m.json", "file:///C:/runs/m.json"),
    ],
)
def test_a_path_as_a_uri(path, uri):
    assert as_uri(path) == uri


@given(names | st.sampled_from(TRICKS))
def test_any_name_is_a_uri_that_leads_back_to_it(name):
    path = project_path(name)
    uri = as_uri(path)
    parts = urlsplit(uri)
    assert uri.isascii()
    assert uri.isprintable()
    assert " " not in uri
    assert parts.scheme == ("file" if PurePosixPath(path).is_absolute() else "")
    assert parts.query == parts.fragment == parts.netloc == ""
    if all(not "\ud800" <= c <= "\udfff" for c in path):
        assert unquote(parts.path).lstrip("/") == path.lstrip("/")


def test_a_regression_stands_in_the_run_that_is_judged_and_not_in_the_one_it_is_held_against(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, accuracy in (("before.json", 0.91), ("after.json", 0.71)):
        (tmp_path / name).write_text(json.dumps({"eval_accuracy": accuracy, "eval_samples": 1000}))
    report = check("after.json", load_config(None, {"against": "before.json"}).policy("after.json"))
    (finding,) = [finding for finding in report.findings if finding.rule == "regressed"]
    assert Places().of(finding, report).path == "after.json"

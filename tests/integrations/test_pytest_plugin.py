"""The pytest plugin in scratch projects, found through its entry point as in an installed distribution."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
COLLAPSED = {"eval_accuracy": 0.76, "eval_precision": 0.0, "eval_recall": 0.0, "eval_f1": 0.0}
HEALTHY = ROOT / "fixtures" / "classification" / "healthy-binary" / "eval_results.json"


@pytest.fixture
def project(pytester, monkeypatch):
    """Return a scratch project with metrics, in an environment that has the distribution with its entry points."""
    site = pytester.mkdir("site")
    info = site / "metric_diagnose-0.dist-info"
    info.mkdir()
    names = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]["pytest11"]
    lines = ["[pytest11]", *(f"{name} = {module}" for name, module in names.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: metric-diagnose\nVersion: 0\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(site)]))
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p no:randomly -p no:hypothesispytest\n")
    (pytester.path / "bad.json").write_text(json.dumps(COLLAPSED))
    (pytester.path / "good.json").write_text(HEALTHY.read_text(encoding="utf-8"))
    return pytester


def test_a_sound_run_passes_and_a_collapsed_one_fails_with_its_report(project):
    project.makepyfile(
        """
        from diagnose.integrations.pytest_plugin import assert_sound

        def test_imported():
            assert assert_sound("good.json").verdict == "healthy"

        def test_fixture(diagnose):
            diagnose("bad.json")

        def test_unreadable(diagnose):
            diagnose("absent.json")

        def test_undecided(diagnose):
            diagnose("good.json", require=["overfitting"])

        def test_misspelt(diagnose):
            diagnose("good.json", fail_on="eror")
        """
    )
    result = project.runpytest_subprocess()
    result.assert_outcomes(passed=1, failed=4)
    out = result.stdout.str()
    for line in (
        "near-zero-precision-recall",
        "evidence  eval_f1 = 0.0",
        "Next steps",
        "absent.json: no such file or folder",
        "the required rule overfitting is not checked",
        "fail_on='eror' is not known (known: error, warning, note, never)",
    ):
        assert line in out
    for words in ("Not checked", "What else follows"):
        assert words not in out
    assert "\x1b" not in out


def test_the_arguments_are_added_to_the_configuration_nearest_to_the_root_folder(project):
    (project.path / "diagnose.toml").write_text("targets = ['accuracy >= 0.95']\n[rule.no-skill]\nseverity = 'off'\n")
    (project.path / "deep").mkdir()
    project.makepyfile(
        """
        import pytest
        from diagnose.errors import UsageError

        @pytest.fixture(autouse=True)
        def elsewhere(monkeypatch):
            monkeypatch.chdir("deep")

        def test_configured(diagnose):
            with pytest.raises(AssertionError, match="accuracy >= 0.95"):
                diagnose("../good.json")

        def test_asked_for_here(diagnose):
            with pytest.raises(AssertionError, match="f1 >= 0.99 .assert_sound."):
                diagnose("../good.json", targets=["f1 >= 0.99"])

        def test_let_off(diagnose):
            assert not any(finding.fails for finding in diagnose("../good.json", fail_on="never").findings)
            assert "no-skill" not in diagnose("../good.json", fail_on="never").judged

        def test_mistakes(diagnose):
            for mistake in ({"ignore": ["plateu"]}, {"targets": ["x"]}, {"baseline": "gone"}, {"against": "gone"}):
                with pytest.raises(UsageError):
                    diagnose("../good.json", **mistake)
        """
    )
    project.runpytest_subprocess().assert_outcomes(passed=4)


def test_a_run_that_does_not_use_it_imports_none_of_the_rest(project):
    project.makeconftest(
        """
        import sys

        def pytest_sessionfinish(session):
            watched = ("diagnose", "pydantic", "rich", "ftfy")
            print("\\nimported:", *sorted(name for name in sys.modules if name.split(".")[0] in watched))
            print("has it:", session.config.pluginmanager.has_plugin("diagnose"))
        """
    )
    project.makepyfile("def test_nothing(): pass")
    result = project.runpytest_subprocess("-s")
    result.stdout.fnmatch_lines(
        ["imported: diagnose diagnose.integrations diagnose.integrations.pytest_plugin", "has it: True"]
    )


def test_it_can_be_turned_off(project):
    project.makepyfile("def test_one(diagnose): diagnose('good.json')")
    project.runpytest_subprocess("-p", "no:diagnose").assert_outcomes(errors=1)

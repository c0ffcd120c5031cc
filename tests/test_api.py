"""The public face: its names, its laziness, and the pipeline as a function."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import diagnose
from diagnose import Report, UsageError, Verdict, check_text
from diagnose.api import chosen_rules


def test_every_public_name_is_there_and_listed():
    assert sorted(diagnose.__all__) == list(diagnose.__all__) == dir(diagnose)
    for name in diagnose.__all__:
        assert getattr(diagnose, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        diagnose.nothing_of_the_kind  # noqa: B018  # looking it up is the test


def test_the_face_imports_nothing():
    program = "import sys, diagnose; print([name for name in sys.modules if name.startswith('diagnose.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_json_report_imports_nothing_heavy(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps({"eval_accuracy": 0.5}))
    program = (
        "import sys; from diagnose.cli import main; main([sys.argv[1], '--format', 'json']); "
        "print(sorted(name for name in sys.modules if '.' not in name), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "m.json")], capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "scipy", "sklearn", "pandas", "matplotlib", "torch", "transformers", "openai", "rich"}
    assert heavy.isdisjoint(eval(done.stderr))  # noqa: S307  # our own list


def test_a_text_is_judged_like_a_file(tmp_path):
    text = json.dumps({"eval_accuracy": 0.5, "eval_loss": 0.7})
    (tmp_path / "m.json").write_text(text)
    from_text, from_file = check_text(text), diagnose.diagnose(tmp_path / "m.json")
    assert isinstance(from_text, Report)
    assert from_text.verdict == from_file.verdict
    assert [finding.rule for finding in from_text.findings] == [finding.rule for finding in from_file.findings]


def test_what_cannot_be_read_is_a_report_with_an_error(tmp_path):
    report = diagnose.diagnose(tmp_path / "gone.json")
    assert report.verdict is None
    assert report.error is not None
    assert str(tmp_path / "gone.json") in report.error.message
    assert check_text("").error is not None


def test_a_wrong_argument_is_raised_not_reported():
    with pytest.raises(UsageError, match="did you mean"):
        check_text("accuracy 0.5", assume=["averging=macro"])
    with pytest.raises(UsageError, match="no rule is named"):
        check_text("accuracy 0.5", select=["no-such-rule"])


def test_where_nothing_can_be_ruled_out_the_verdict_is_unknown():
    report = check_text("loss: 0.4321")
    assert report.verdict is Verdict.UNKNOWN
    assert report.verdicts[0].because


def test_a_relative_folder_of_rules_is_the_one_of_the_present_folder(tmp_path, monkeypatch):
    bundled = next((Path(diagnose.__file__).parents[1] / "rules").rglob("*.toml")).read_text(encoding="utf-8")
    for name in ("one", "two"):
        (tmp_path / name / "own").mkdir(parents=True)
        (tmp_path / name / "own" / f"rule-{name}.toml").write_text(bundled, encoding="utf-8")
        monkeypatch.chdir(tmp_path / name)
        assert f"rule-{name}" in {rule.name for rule in chosen_rules(["own"])}

"""The pre-commit hook, installed by pre-commit itself from a copy of the checkout, in a scratch project's commits."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
PARTS = ("diagnose", "rules", "prompts", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
HEALTHY = ROOT / "fixtures" / "classification" / "healthy-binary" / "eval_results.json"
DIVERGED = ROOT / "fixtures" / "training" / "diverged" / "trainer_state.json"


@pytest.fixture
def git(tmp_path):
    """Return a function that runs git in a folder, without the settings of whoever runs the tests."""
    person = {f"GIT_{role}_{part}": "a@b.c" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    alone = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "PRE_COMMIT_HOME": str(tmp_path / "home"),
    }
    # pip builds with this environment's hatchling, and the packages that diagnose needs are this environment's.
    offline = {
        "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0",
        "PYTHONPATH": sysconfig.get_path("purelib"),
    }  # fmt: skip
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    def runner(folder, *words):
        return subprocess.run(
            words, cwd=folder, env={**os.environ, **person, **alone, **offline, "PATH": path},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False,
        )  # fmt: skip

    return runner


@pytest.mark.skipif(not shutil.which("git"), reason="pre-commit needs git")
def test_a_degenerate_file_is_refused_and_a_healthy_one_is_not(git, tmp_path):
    source, project = tmp_path / "diagnose", tmp_path / "project"
    source.mkdir()
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source)
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "a copy")):
        assert git(source, "git", *words).returncode == 0
    commit = git(source, "git", "rev-parse", "HEAD").stdout.strip()

    project.mkdir()
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {source}\n    rev: {commit}\n    hooks:\n      - id: diagnose\n"
    )
    git(project, "git", "init", "-q")
    assert git(project, sys.executable, "-m", "pre_commit", "install").returncode == 0
    (project / "notes.md").write_text("no metrics\n")
    for path in (HEALTHY, DIVERGED):
        shutil.copy(path, project)
    git(project, "git", "add", "-A")

    refused = git(project, "git", "commit", "-m", "all")
    assert refused.returncode == 1
    assert re.search(r"diagnose\.+Failed", refused.stdout)
    assert "diverged" in refused.stdout
    assert "2 inputs: 1 degenerate, 1 healthy" in refused.stdout

    git(project, "git", "rm", "-q", "--cached", DIVERGED.name)
    accepted = git(project, "git", "commit", "-m", "the healthy one")
    assert accepted.returncode == 0, accepted.stdout
    assert re.search(r"diagnose\.+Passed", accepted.stdout)


@pytest.mark.parametrize(
    ("path", "fits"),
    [
        ("eval_results.json", True),
        ("out/run-1/all_results.json", True),
        ("metrics.json", True),
        ("out/test-metrics.txt", True),
        ("checkpoint-500/trainer_state.json", True),
        ("classification_report.txt", True),
        ("results.json", False),
        ("my_eval_results.json", False),
        ("metrics.json.bak", False),
        ("metrics.py", False),
        ("config.json", False),
    ],
)
def test_the_hook_looks_at_files_that_mean_metrics(path, fits):
    assert bool(re.search(HOOK["files"], path)) is fits


def test_the_hook_is_one_by_pre_commits_own_schema():
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout

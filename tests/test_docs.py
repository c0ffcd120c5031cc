"""The snippets of the documentation are what they say: valid for their readers, and with commands that exist."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from diagnose import cli
from diagnose.config import load_config

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]}
HEALTHY = ROOT / "fixtures" / "classification" / "healthy-binary" / "eval_results.json"
DEGENERATE = ROOT / "fixtures" / "classification" / "constant-under-macro-averages" / "paste.txt"


def snippet(section, language):
    """Return the snippet of a section."""
    return re.search(rf"^```{language}\n(.*?)^```", SECTIONS.get(section, section), re.DOTALL | re.MULTILINE)[1]


def commands():
    """Yield every call of diagnose that stands in a snippet of the shell or of a pipeline."""
    for block in re.findall(r"^```(?:sh|yaml)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE):
        yield from re.findall(r"^ *(?:- |cmd: )?diagnose (?!:)(.+?)(?: +\|\| true| +#.*)?$", block, re.MULTILINE)


@pytest.fixture
def room(tmp_path):
    """Return a project with a healthy evaluation, and diagnose and a pip that does nothing on its path."""
    (tmp_path / "out").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(HEALTHY, tmp_path / "out")
    for name, command in (("diagnose", f'exec "{sys.executable}" -m diagnose "$@"'), ("pip", "exit 0")):
        tool = tmp_path / "bin" / name
        tool.write_text(f"#!/bin/sh\n{command}\n")
        tool.chmod(0o755)
    return tmp_path


def shell(room, *lines):
    """Run lines as a pipeline does, up to the first that fails."""
    path = os.pathsep.join([str(room / "bin"), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["/bin/sh", "-ec", "\n".join(lines)], cwd=room, env=env, capture_output=True, text=True, check=False
    )


def validated(text, schema, folder):
    """Hold a file against an official schema."""
    (folder / "snippet.yml").write_text(text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, folder / "snippet.yml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return yaml.safe_load(text)


def test_every_command_can_be_carried_out_with_its_options():
    found = list(commands())
    assert len(found) >= 7
    for line in found:
        name, words = cli._command(shlex.split(line))
        parser = cli._parser(name, overview=False)
        cli.load_command(name).arguments(parser)
        assert cli._parsed(parser, words).inputs


def test_the_configuration_is_one(tmp_path):
    path = tmp_path / "diagnose.toml"
    path.write_text(snippet(TEXT, "toml"))
    policy = load_config(path).policy("out")
    assert (len(policy.requirements), policy.require) == (1, ("verdict",))


def test_the_github_workflow_is_valid_and_gives_the_action_what_it_takes(tmp_path):
    workflow = validated(snippet("GitHub", "yaml"), "vendor.github-workflows", tmp_path)
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["gate"]["steps"]
    (given,) = (step["with"] for step in steps if step.get("id") == "diagnose")
    needed = {name for name, item in action["inputs"].items() if item.get("required")}
    assert needed <= given.keys() <= action["inputs"].keys()
    assert set(re.findall(r"steps\.diagnose\.outputs\.(\w+)", str(steps))) <= action["outputs"].keys()


def test_the_gitlab_job_is_valid_and_runs(room):
    job = validated(snippet("GitLab", "yaml"), "vendor.gitlab-ci", room)["diagnose"]
    shutil.copy(DEGENERATE, room / "out" / "eval_results.txt")
    failed = shell(room, *job["script"])
    assert failed.returncode == 1
    assert "DEGENERATE" in failed.stdout
    assert all((room / report).stat().st_size for report in job["artifacts"]["reports"].values())


def test_the_pre_commit_configuration_is_valid_and_names_the_hook(tmp_path):
    path = tmp_path / ".pre-commit-config.yaml"
    path.write_text(snippet("pre-commit", "yaml"))
    command = [sys.executable, "-m", "pre_commit", "validate-config", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    ((used,),) = (item["hooks"] for item in yaml.safe_load(path.read_text())["repos"])
    assert used["id"] == hook["id"]


def test_the_pytest_example_passes(room):
    (room / "test_example.py").write_text(snippet("pytest", "python"))
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "diagnose.integrations.pytest_plugin",
        "--rootdir",
        str(room),
    ]
    done = subprocess.run(command, cwd=room, env=env, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout


def test_the_dvc_stage_makes_what_it_says(room):
    (stage,) = yaml.safe_load(snippet("DVC", "yaml"))["stages"].values()
    (room / "diagnose.toml").write_text("")
    assert all((room / name).exists() for name in stage["deps"])
    assert shell(room, stage["cmd"]).returncode == 0
    assert all((room / name).exists() for item in stage["outs"] for name in item)
    shutil.copy(DEGENERATE, room / "out" / "eval_results.json")
    assert shell(room, stage["cmd"]).returncode == 1

"""The wheel carries its rules, and works away from the checkout; no step of this needs a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """Build the wheel without isolation, as the environment already has the build backend."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_every_rule(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    bundled = {name.removeprefix("diagnose/_bundled/") for name in names if name.startswith("diagnose/_bundled/rules/")}
    assert bundled == {str(path.relative_to(ROOT)) for path in (ROOT / "rules").rglob("*.toml")}
    assert not [name for name in names if name.startswith(("tests/", "fixtures/", "rules/"))]


def test_the_wheel_diagnoses_away_from_the_checkout(wheel, tmp_path):
    """Installed without dependencies into a folder of its own, beside those of this environment."""
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    (tmp_path / "metrics.json").write_text(
        '{"eval_accuracy": 0.758, "eval_precision": 0.0, "eval_recall": 0.0, "eval_f1": 0.0}'
    )
    path = os.pathsep.join([str(site), sysconfig.get_path("purelib")])
    # -S keeps an editable install of the checkout out of the way.
    command = [sys.executable, "-S", "-m", "diagnose", "metrics.json", "--format", "json"]
    result = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1, result.stderr
    assert json.loads(result.stdout)["verdict"] == "degenerate"

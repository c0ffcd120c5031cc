"""action.yml, step by step as GitHub runs it: what it prints, writes and says to GitHub, and what it ends with."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
HEALTHY = "fixtures/classification/healthy-binary/eval_results.json"
DEGENERATE = "fixtures/classification/constant-under-macro-averages/paste.txt"
UPLOAD = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a"
# Notes down its arguments, and the text of every file that they name; answers with $GH_ANSWER and $GH_STATUS.
FAKE_GH = """#!{python}
import json, os, pathlib, sys
words = sys.argv[1:]
files = [word.partition("@")[2] or word for word in words]
texts = [pathlib.Path(name).read_text(encoding="utf-8") for name in files if os.path.isfile(name)]
with open(os.environ["GH_LOG"], "a", encoding="utf-8") as log:
    log.write(json.dumps([words, texts]) + "\\n")
if words[:2] == ["pr", "view"]:
    print(os.environ.get("GH_ANSWER", ""))
sys.exit(int(os.environ.get("GH_STATUS", "0")))
"""

pytestmark = pytest.mark.skipif(not shutil.which("bash"), reason="GitHub runs the steps with bash")


@dataclass
class Job:
    """What a run of the action leaves: its log, its summary, its outputs, and the steps that were begun."""

    status: int = 0
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    gh: list[tuple[list[str], list[str]]] = field(default_factory=list)
    used: dict[str, dict[str, str]] = field(default_factory=dict)


def evaluated(text, context):
    """Put in what the expressions in `text` stand for."""
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: str(context.get(found[1], "")), text)


def applies(condition, context):
    """Whether a step's `if` holds: terms joined by &&, each a name or a comparison of one with a word."""

    def holds(term):
        name, equals, word = term.partition(" == ")
        value = str(context.get(name, ""))
        return value == word.strip("'") if equals else bool(value)

    return all(holds(term) for term in condition.split(" && "))


def environment(temp):
    """Return the environment of a step: GitHub's variables, and a pip that gets along without a network."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    # pip builds with this environment's hatchling, and the packages that diagnose needs are this environment's.
    offline = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    github = {
        "GITHUB_ACTION_PATH": str(ROOT), "RUNNER_TEMP": str(temp), "GITHUB_REPOSITORY": "someone/something",
        "GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": "17", "GITHUB_SHA": "c0ffee",
        "GITHUB_REF": "refs/pull/7/merge",
    }  # fmt: skip
    return {**kept, **offline, **github, "PYTHONPATH": sysconfig.get_path("purelib")}


def run_step(step, context, env, cwd):
    """Run one step as GitHub runs it, and return what came of it."""
    own = {name: evaluated(text, context) for name, text in step.get("env", {}).items()}
    script = Path(env["RUNNER_TEMP"]) / "step.sh"
    script.write_text(step["run"], encoding="utf-8")
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8"}
    return subprocess.run(command, cwd=cwd, env={**env, **own}, check=False, **streams)


@pytest.fixture(scope="module")
def temp(tmp_path_factory):
    """Carry out the step that installs, once; it builds the checkout and installs it."""
    folder = tmp_path_factory.mktemp("runner")
    for name in ("pip", "venv"):  # a project's own modules, which are not to be run
        (folder / f"{name}.py").write_text("raise SystemExit(0)")
    done = run_step(STEPS[0], {"inputs.python": sys.executable}, environment(folder), folder)
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture
def run(temp, tmp_path):
    """Return a function that runs the other steps of the action with these inputs and gives the job."""
    (tmp_path / "bin").mkdir()
    gh = tmp_path / "bin" / "gh"
    gh.write_text(FAKE_GH.format(python=sys.executable), encoding="utf-8")
    gh.chmod(0o755)

    def runner(cwd=ROOT, pull_request=7, gh_answer="", gh_status=0, **inputs):
        job = Job()
        files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GH_LOG")}
        for path in files.values():
            path.write_text("")
        env = environment(temp) | {name: str(path) for name, path in files.items()}
        env |= {"PATH": f"{tmp_path / 'bin'}:{env['PATH']}", "GH_ANSWER": gh_answer, "GH_STATUS": str(gh_status)}
        given = {name: item.get("default", "") for name, item in ACTION["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        context = {f"inputs.{name}": value for name, value in given.items()}
        context["github.event.pull_request.number"] = pull_request or ""
        for step in STEPS[1:]:
            if "if" in step and not applies(step["if"], context):
                continue
            job.begun.append(step["name"])
            if "uses" in step:
                job.used[step["uses"]] = {k: evaluated(str(v), context) for k, v in step["with"].items()}
                continue
            done = run_step(step, context, env, cwd)
            job.log += done.stdout
            lines = [line.partition("=") for line in files["GITHUB_OUTPUT"].read_text().splitlines()]
            context |= {f"steps.{step['id']}.outputs.{name}": value for name, _, value in lines} if "id" in step else {}
            job.status = done.returncode
            if done.returncode:
                break
        job.outputs = {name: evaluated(item["value"], context) for name, item in ACTION["outputs"].items()}
        job.summary = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        job.gh = [json.loads(line) for line in files["GH_LOG"].read_text(encoding="utf-8").splitlines()]
        return job

    return runner


ALL_STEPS = ["Judge the metrics", "Comment on the pull request", "Keep the report", "Pass or fail"]


def test_the_action_is_one_by_the_official_schema():
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_no_expression_is_a_part_of_a_script():
    assert not [step["name"] for step in STEPS if "${{" in step.get("run", "")]


def test_every_action_of_others_is_pinned_by_its_commit():
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used == [UPLOAD]
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name) for name in used)


def test_every_input_is_used_and_every_input_used_is_one():
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])


def test_a_healthy_run_passes_with_its_report_and_renews_its_comment(run):
    job = run(paths=HEALTHY, gh_answer="IC_1")
    assert (job.status, job.begun) == (0, ALL_STEPS)
    assert (job.outputs["verdict"], job.outputs["status"]) == ("healthy", "0")
    assert json.loads(Path(job.outputs["report"]).read_text())["verdict"] == "healthy"
    assert job.summary.startswith(f"## {HEALTHY}\n\n**HEALTHY**")
    assert job.log == "The verdict: healthy. The status: 0.\n"
    (_, (update, (body,))) = job.gh
    assert update[:3] == ["api", "graphql", "--silent"]
    assert "id=IC_1" in update
    assert "1 input: 1 healthy" in body


def test_a_degenerate_run_fails_after_everything_was_said(run):
    """The comment is a new one, and code scanning gets the findings packed and with their commit."""
    job = run(paths=DEGENERATE, upload_sarif="true", name="nightly")
    assert job.status == 1
    assert job.begun == [*ALL_STEPS[:2], "Upload to code scanning", *ALL_STEPS[2:]]
    assert (job.outputs["verdict"], job.outputs["status"]) == ("degenerate", "1")
    assert job.log.startswith(f"::error file={DEGENERATE},line=4,")
    assert "majority-class-collapse" in job.summary
    folder = Path(job.outputs["report"]).parent
    assert sorted(path.name for path in folder.iterdir()) == ["diagnose.json", "diagnose.md", "diagnose.sarif"]
    assert job.used[UPLOAD] == {"name": "nightly", "path": str(folder), "overwrite": "True"}
    (look, _), (comment, (body,)), (upload, (packed,)) = job.gh
    assert look[:5] == ["pr", "view", "7", "--repo", "someone/something"]
    assert comment[:6] == ["pr", "comment", "7", "--repo", "someone/something", "--body-file"]
    assert body.startswith("<!-- diagnose: nightly -->\n## diagnose: 1 input: 1 degenerate\n")
    assert body.endswith("*[nightly, by this run](https://github.example/someone/something/actions/runs/17)*\n")
    assert upload[:3] == ["api", "--silent", "repos/someone/something/code-scanning/sarifs"]
    assert {"commit_sha=c0ffee", "ref=refs/pull/7/merge"} <= set(upload)
    assert json.loads(gzip.decompress(base64.b64decode(packed)))["version"] == "2.1.0"


def test_what_github_refuses_does_not_hide_the_verdict(run):
    job = run(paths=DEGENERATE, upload_sarif="true", gh_status=1)
    assert (job.status, job.outputs["status"], job.begun[-1]) == (1, "1", "Pass or fail")
    assert job.log.count("::warning title=diagnose::") == 2


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"paths": "gone/*.json"}, r"gone/\*.json: no such file"),
        ({"paths": ""}, "empty"),
        ({"paths": HEALTHY, "fail_on": "eror"}, "did you mean 'error'"),
        ({"paths": HEALTHY, "config": "gone.toml"}, "gone.toml: cannot be read"),
    ],
)
def test_who_cannot_look_does_not_pass_and_says_why_everywhere(run, inputs, said):
    job = run(**inputs)
    assert (job.status, job.outputs["status"], job.outputs["verdict"]) == (2, "2", "")
    assert job.begun == ALL_STEPS
    plain = said.replace("\\", "")
    assert plain in job.log
    assert re.search("^::error .*" + re.escape(plain), job.log, re.MULTILINE)
    assert said in job.summary
    assert said in job.gh[-1][1][0]


def test_lines_are_paths_patterns_and_options_and_never_code(run, tmp_path):
    """A pull request is a stranger's: no name in it is run, none is an option, and no module stands in for Python's."""
    project = tmp_path / "project"
    project.mkdir()
    good = json.loads((ROOT / HEALTHY).read_text())
    for name in ("a b.json", "--fail-on=never.json", "$(touch ran).json", "`touch ran`;touch ran.json"):
        (project / name).write_text(json.dumps(good))
    for name in ("json", "argparse"):
        (project / f"{name}.py").write_text("raise SystemExit(0)")
    job = run(cwd=project, paths="*.json\n$(touch ran)\n", args="--target=accuracy >= 0.5\n--require=verdict")
    assert (job.status, job.outputs["status"], job.outputs["verdict"]) == (2, "2", "healthy")
    sources = [entry["source"] for entry in json.loads(Path(job.outputs["report"]).read_text())["reports"]]
    assert sorted(name for (name,) in sources) == sorted(
        ["$(touch ran)", "$(touch ran).json", "./--fail-on=never.json", "`touch ran`;touch ran.json", "a b.json"]
    )
    assert not list(project.glob("ran*"))


def test_options_reach_the_judgement_and_no_comment_is_made_unasked_or_without_a_pull_request(run):
    job = run(paths=DEGENERATE, fail_on="never", comment="false")
    assert (job.status, job.outputs["verdict"], job.gh) == (0, "degenerate", [])
    job = run(paths=f"{HEALTHY}\n", args="--target\naccuracy >= 99.9%\n", pull_request=None)
    assert (job.status, job.gh) == (1, [])
    assert "target-missed" in job.log


def test_a_summary_that_is_longer_than_github_shows_is_the_comment(run, monkeypatch):
    monkeypatch.setitem(STEPS[1], "run", STEPS[1]["run"].replace("> 1000000", "> 1000"))
    job = run(paths=DEGENERATE)
    assert job.summary in job.gh[-1][1][0]

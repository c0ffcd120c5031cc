"""What the gate does in every situation: its exit status and the first line that it says.

    python benchmarks/situations.py

Every line of the table is a process of its own, started in a folder made for it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEALTHY = {"eval_accuracy": 0.9123, "eval_macro_f1": 0.9011, "eval_loss": 0.31, "eval_samples": 2000, "num_labels": 4}
WARNING = {"eval_accuracy": 0.9512, "eval_macro_f1": 0.5523, "eval_loss": 0.2}
ERROR = {"eval_accuracy": 0.7584, "eval_precision": 0.0, "eval_recall": 0.0, "eval_f1": 0.0}
BEFORE = {**HEALTHY, "eval_accuracy": 0.9521}
EXPIRED: dict[str, object] = {
    "source": "error.json", "rule": "near-zero-precision-recall", "run": None, "task": None, "split": "eval",
    "class": None, "severity": "error", "values": {}, "reason": "the old labels", "expires": "2024-12-31",
}  # fmt: skip
SITUATIONS = (
    ("healthy", "healthy.json"),
    ("a warning", "warning.json"),
    ("a warning that is to fail", "warning.json --fail-on warning"),
    ("an error", "error.json"),
    ("an error, nothing is to fail", "error.json --fail-on never"),
    ("an error of another severity", "error.json --config softer.toml"),
    ("an error that is accepted", "error.json --baseline known.json"),
    ("an acceptance that has run out", "error.json --baseline expired.json"),
    ("a file of acceptances that is missing", "error.json --baseline gone.json"),
    ("a target that is reached", "healthy.json --target accuracy>=0.9"),
    ("a target that is missed", "healthy.json --target accuracy>=0.95"),
    ("a target of a metric that is missing", "healthy.json --target bleu>=20"),
    ("worse than another run", "healthy.json --against before.json"),
    ("no worse than another run", "before.json --against healthy.json"),
    ("nothing to compare", "healthy.json --against warning.json"),
    ("a required rule is undecided", "healthy.json --require overfitting"),
    ("a verdict is required and there is none", "loss.json --require verdict"),
    ("no verdict", "loss.json"),
    ("no such file", "gone.json"),
    ("an empty file", "empty.json"),
    ("an empty folder", "folder"),
    ("no metric in it", "notes.txt"),
    ("cut off", "cut.json"),
    ("several, one unreadable", "healthy.json gone.json error.json"),
    ("several, one with an error", "healthy.json error.json"),
    ("a configuration with a misspelt key", "healthy.json --config misspelt.toml"),
    ("a misspelt option", "healthy.json --fail-no error"),
    ("nothing at all", ""),
)


def main() -> int:
    """Print the table; the status is 1 where a process said nothing or showed a traceback."""
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        _furnish(room)
        rows = [(what, words, *_run(room, words)) for what, words in SITUATIONS]
        rows.append(("a pipe that is closed early", "error.json | true", *_broken_pipe(room)))
        rows.append(("Ctrl-C", "a slow pipe", *_interrupted(room)))
    print(f"{'situation':40} {'status':>6}  first line")
    for what, words, status, line in rows:
        print(f"{what:40} {status:6}  {line[:110]}    [diagnose {words}]")
    return int(any(not line or "Traceback" in line for _, _, _, line in rows))


def _furnish(room: Path) -> None:
    for name, metrics in (("healthy", HEALTHY), ("warning", WARNING), ("error", ERROR), ("before", BEFORE)):
        (room / f"{name}.json").write_text(json.dumps(metrics))
    (room / "loss.json").write_text('{"eval_loss": 0.4}')
    (room / "empty.json").write_text("")
    (room / "cut.json").write_text('{"eval_accuracy": 0.9')
    (room / "notes.txt").write_text("Nothing but words.\n")
    (room / "folder").mkdir()
    rules = ("majority-class-collapse", "all-negative", "near-zero-precision-recall", "constant-prediction", "no-skill")
    (room / "softer.toml").write_text("".join(f'[rule.{rule}]\nseverity = "warning"\n' for rule in rules))
    (room / "misspelt.toml").write_text('fail-onn = "error"\n')
    (room / "expired.json").write_text(json.dumps({"schema": "diagnose-baseline/1", "accepted": [EXPIRED]}))
    _run(room, "baseline error.json --reason known --baseline known.json")


def _command(words: str) -> list[str]:
    return [sys.executable, "-m", "diagnose", *words.split()]


def _run(room: Path, words: str) -> tuple[int, str]:
    """Return the status and what is said first: a complaint, or the verdict."""
    done = subprocess.run(
        _command(words),
        cwd=room,
        env=_environment(),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode, _first(done.stderr, done.stdout)


def _first(errors: str, output: str) -> str:
    lines = errors.splitlines() or [" ".join(output.splitlines()[:2])]
    return next((line for line in lines if line.startswith("Traceback")), lines[0])


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}


def _broken_pipe(room: Path) -> tuple[int, str]:
    process = subprocess.Popen(
        _command("error.json"), cwd=room, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None  # it is a pipe  # noqa: S101
    process.stdout.close()
    process.wait()
    errors = process.stderr.read() if process.stderr is not None else ""
    return process.returncode, errors or "(nothing, for nobody listens)"


def _interrupted(room: Path) -> tuple[int, str]:
    process = subprocess.Popen(
        _command("-"), cwd=room, env=_environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    return process.returncode, errors.strip()


if __name__ == "__main__":
    sys.exit(main())

"""How long `diagnose metrics.json --format json` takes as a whole process, against importing pydantic and rich.

    python benchmarks/startup.py [ROUNDS]

The two commands take turns, so that a busy machine slows both; the ratio is that of their medians. The limit is 2,
the aim 1.5. The second figure is the list of heavy packages that the command imported: there must be none.
Both run from compiled modules, as they do once installed, whatever the environment says about writing them.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 2.0
HEAVY = {"numpy", "torch", "transformers", "sklearn", "scipy", "matplotlib", "openai", "pandas"}
METRICS = {
    "epoch": 3.0,
    "eval_accuracy": 0.8431372549019608,
    "eval_f1": 0.8904109589041096,
    "eval_loss": 0.3911590576171875,
    "eval_runtime": 1.6312,
    "eval_samples": 408,
    "eval_samples_per_second": 250.123,
}
REFERENCE = [sys.executable, "-c", "from pydantic import BaseModel; from rich.console import Console"]


def seconds(command: list[str], compiled: str) -> float:
    """Run a command, its compiled modules in the folder `compiled`, and return how long it took as a whole."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=environment, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command} failed with status {done.returncode}")
    return time.perf_counter() - begin


def imported(command: list[str]) -> set[str]:
    """Return the top-level packages that a Python command imports."""
    traced = [command[0], "-X", "importtime", *command[1:]]
    done = subprocess.run(traced, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def main() -> int:
    """Print the figures; the status is 1 where one of them breaks its limit."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "metrics.json")
        path.write_text(json.dumps(METRICS), encoding="utf-8")
        command = [sys.executable, "-m", "diagnose", str(path), "--format", "json"]
        for warm in (REFERENCE, command):
            seconds(warm, folder)
        pairs = [(seconds(REFERENCE, folder), seconds(command, folder)) for _ in range(rounds)]
        heavy = sorted(HEAVY & imported(command))
    reference, mine = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = mine / reference
    print(f"reference (pydantic and rich imported)  {reference * 1000:7.1f} ms, median of {rounds}")
    print(f"diagnose metrics.json --format json     {mine * 1000:7.1f} ms, median of {rounds}")
    print(f"ratio                                   {ratio:7.2f} (limit {LIMIT}, aim 1.5)")
    print(f"heavy packages imported                 {', '.join(heavy) or 'none'}")
    return int(ratio > LIMIT or bool(heavy))


if __name__ == "__main__":
    sys.exit(main())

"""`python -m diagnose.reproduce.driver ADDRESS`: carries specifications out on a Ray cluster.

A process of its own, since Ray's core writes where it likes, waits for minutes for a cluster that is not there, and
ends its process when the cluster is lost. It says a line of JSON, "" or why it could not connect. From then on it reads
lines, a JSON list of files each, and answers with a line for each file as it ends: [FOLDER, "" or what went wrong].

A run is a task. It is carried out in a temporary folder of its node, and its files' texts come back, so that no disk
has to be shared; Ray begins it again elsewhere where its node is lost. This very package travels with the tasks; torch,
transformers and pydantic have to be installed on the nodes.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import IO, Any

from diagnose.train.files import take_over

_LOST_NODES = 3  # that a run may outlive; one that kills its node each time has to end, too
_LOOK = 1.0  # seconds between two looks at whether the parent is still there


def main(address: str, out: IO[str]) -> int:
    """Connect, then serve until the input or the parent ends; return the exit status."""
    import ray  # noqa: PLC0415  # after the output is out of its reach

    try:
        ray.init(address, log_to_driver=False, runtime_env={"py_modules": [str(Path(__file__).parents[1])]})
    except Exception as error:  # noqa: BLE001  # whatever it is, the cluster cannot be used
        _say(out, _line(error))
        return 1
    _say(out, "")
    for line in sys.stdin:
        _carry_out(ray, json.loads(line), out)
    return 0


def _carry_out(ray: Any, names: list[str], out: IO[str]) -> None:
    """Submit all of them and tell of each as it ends."""
    parent = os.getppid()
    task = ray.remote(max_retries=_LOST_NODES)(on_node)
    has_gpus = ray.cluster_resources().get("GPU", 0) > 0
    pending = {}
    for name in names:
        spec = json.loads(Path(name).read_bytes())
        asks = {"num_cpus": spec.get("threads", 1), "num_gpus": int(has_gpus and _wants_gpu(spec))}
        pending[task.options(**asks).remote(spec)] = spec["output"]
    while pending and os.getppid() == parent:
        for ref in ray.wait(list(pending), timeout=_LOOK)[0]:
            folder = pending.pop(ref)
            _say(out, [folder, _ended(ray, ref, Path(folder))])


def _ended(ray: Any, ref: Any, folder: Path) -> str:
    """Take the files of a task that ended over, and return what went wrong."""
    try:
        reason, texts = ray.get(ref)
    except ray.exceptions.RayError as error:  # the task's own failure, or the loss of too many nodes
        return f"on its node: {_line(error)}"
    if reason:
        return f"on its node: {reason}"
    try:
        take_over(folder, texts)
    except OSError as error:
        return f"cannot be written: {error.strerror or error}"
    return ""


def _wants_gpu(spec: dict[str, Any]) -> bool:
    """Whether a run is to have a GPU where there are some: it says so, or it is of a pretrained model."""
    device, pretrained = spec.get("device", "auto"), spec.get("model", {}).get("checkpoint") is not None
    return device == "cuda" or (device == "auto" and pretrained)


def on_node(spec: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Carry a specification out here and return what went wrong, and the texts of its files by name."""
    from diagnose.train.__main__ import main as train  # noqa: PLC0415  # of the package that travelled

    with tempfile.TemporaryDirectory() as folder:
        run, asked = Path(folder) / "run", Path(folder) / "asked.json"
        asked.write_text(json.dumps({**spec, "output": str(run)}), encoding="utf-8")
        said = StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            status = train([str(asked)])
        if status:
            last = said.getvalue().strip().rpartition("\n")[2]
            return last.partition(": ")[2], {}
        return "", {path.name: path.read_text(encoding="utf-8") for path in run.iterdir()}


def _line(error: Exception) -> str:
    """Return an error in one line: Ray's own end with the cause and begin with its whereabouts."""
    lines = [line.strip() for line in str(getattr(error, "cause", None) or error).split("\n") if line.strip()]
    return " ".join(lines)[:300] or type(error).__name__


def _say(out: IO[str], what: Any) -> None:
    out.write(f"{json.dumps(what)}\n")
    out.flush()


if __name__ == "__main__":
    ours = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever Ray says goes the way of its complaints
    try:
        sys.exit(main(sys.argv[1], ours))
    except BrokenPipeError:  # the parent is gone
        sys.exit(1)

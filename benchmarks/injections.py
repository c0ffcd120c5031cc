"""Instructions and tricks in a file's texts: what is found must not change, nor what is shown become another thing.

    python benchmarks/injections.py [--few]

Every file of `hostile_files` is judged beside its clean twin. Equal, byte for byte, have to be: the verdict and those
of the parts, with their reasons; every finding with message, severity, proof, reasons and remedies; the questions;
the rules that could not be decided; the exit status. The twin's plain word is first replaced by the hostile one as
the file was read, which the two lists of what was read show, at the same places. What is shown, in every format of the
report and of the explanation, may hold no character that steers or hides, and no mark-up that the twin's has not. A
prompt holds a stranger's text only with its blanks marked. And a model that obeys the file changes nothing.

--few: three files of each place instead of all. Those are also given to the command, as processes, and to the model.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hostile_files import PAYLOADS, PLACES, PLAIN, STATED, files
from outputs import EXPLAINED, amiss, hidden_in, markup_of, outputs

from diagnose.api import check
from diagnose.config import load_config
from diagnose.gate import gate
from diagnose.llm.client import Endpoint
from diagnose.llm.explain import explain, prompt_of
from diagnose.llm.pack import make_pack
from diagnose.llm.prompting import chat_prompt
from diagnose.llm.render import as_object
from diagnose.report.json import as_dict
from diagnose.types import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostile_files import File, Twins

    from diagnose.types import Report

ROOT = Path(__file__).resolve().parents[1]
THEIRS = "https://model.example/collect"  # which no file has
POLICY = load_config(None, {}).policy("any file")
EQUAL = ("verdict", "verdicts", "findings", "questions", "not_checked", "obstacles")
# Where the text does change what is read, and rightly so: the payload, the places, the reason.
OTHERWISE = {
    "overprinting": (
        ("label, text report", "label, head of a matrix", "metric, head of a column", "comment, card's YAML"),
        "what a carriage return overprints stays as a line of its own, which ends a table",
    ),
    "a name of ten thousand letters": (
        ("label, CSV of predictions", "label, JSON lines"),
        "labels of such a length are texts and not classes: refused, with status 2",
    ),
    "piled marks": (("label, CSV of predictions", "label, JSON lines"), "the same"),
    "fake section": (
        ("label, CSV of predictions",),
        "the section that `diagnose card` writes is not read, whoever has written it",
    ),
}  # fmt: skip
# What chat templates take for the beginning or end of somebody's turn.
_CONTROL_TOKENS = re.compile("<[|｜][^>]*>|</?s>|\\[/?INST]|</?tool_call>")


def looked_at(file: File, folder: str) -> Report:
    """Write a file, judge it as the command does, and remove it."""
    path = Path(folder, file.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.content)
    with contextlib.chdir(folder):
        report = check(file.name, POLICY)
    path.unlink()
    return report


class Judge:
    """Compares hostile files with their twins; `endpoint` is the model that obeys them."""

    def __init__(self, folder: str, endpoint: Endpoint) -> None:
        self.folder = folder
        self.endpoint = endpoint
        self.clean = cache(lambda file: looked_at(file, folder))
        self.markup = cache(lambda file: {form: markup_of(form, text) for form, text in outputs(self.clean(file))})

    def differences(self, twins: Twins, *, obey: bool = True) -> list[str]:
        """Return what differs in a line each; none where everything is as it has to be. obey: also ask the model."""
        clean, hostile = self.clean(twins.clean), looked_at(twins.hostile, self.folder)
        found = list(_findings(hostile, clean))
        if not found:
            found = [*amiss(hostile, self.markup(twins.clean)), *_prompted(hostile, twins)]
            found += self._obeyed(hostile) if obey else ()
        return found

    def _obeyed(self, report: Report) -> Iterator[str]:
        """Yield what a model that does what the file says has changed."""
        alone, asked = explain(report), explain(report, self.endpoint, deadline=20)
        for form, render in EXPLAINED.items():
            if THEIRS in _joined(render(asked)):
                yield f"{form}: a link of the model's"
        theirs, ours = as_object(asked), as_object(alone)
        if theirs["report"] != ours["report"] or theirs["verdict"] != ours["verdict"]:
            yield "explanation: the model changed the report"
        said = {number for section in theirs["sections"] for item in section["items"] for number in item["statements"]}
        if said - set(make_pack(report).statements):
            yield "explanation: statements that the pack has not"
        findings = make_pack(report).of_kind("F")
        errors = {s.id for s in findings if isinstance(s.of, Finding) and s.of.severity is Severity.ERROR}
        if errors - said:
            yield "explanation: an error is not told"


def _joined(text: str) -> str:
    return re.sub(r"\s+|\u200b", "", text)


def _findings(hostile: Report, clean: Report) -> Iterator[str]:
    """Yield where the two reports differ in what they have found."""
    theirs, ours = (as_dict([report])["reports"][0] for report in (hostile, clean))
    if hostile.error is not None:
        yield f"not read: {hostile.error.message}"
        return
    names: dict[str, str] = {}
    _pair([theirs["source"], theirs["runs"]], [ours["source"], ours["runs"]], names)
    expected = _replaced({key: ours.get(key) for key in EQUAL}, names)
    found = {key: theirs.get(key) for key in EQUAL}
    for key in EQUAL:
        if json.dumps(found[key]) != json.dumps(expected[key]):
            yield f"{key}: {json.dumps(found[key])[:200]} instead of {json.dumps(expected[key])[:200]}"
    if gate([hostile]) != gate([clean]):
        yield f"exit status {gate([hostile])} instead of {gate([clean])}"


def _pair(theirs: Any, ours: Any, names: dict[str, str]) -> None:
    """Collect what stands in the hostile reading where the clean one has the plain word."""
    if isinstance(ours, str) and isinstance(theirs, str) and PLAIN in ours:
        names[ours] = theirs
    elif isinstance(ours, dict) and isinstance(theirs, dict):
        _pair(list(theirs.items()), list(ours.items()), names)
    elif isinstance(ours, (list, tuple)) and isinstance(theirs, (list, tuple)):
        for one, other in zip(theirs, ours, strict=False):  # of different lengths: the comparison will show it
            _pair(one, other, names)


def _replaced(node: Any, names: dict[str, str]) -> Any:
    if isinstance(node, str) and PLAIN in node:
        for plain in sorted(names, key=len, reverse=True):
            node = node.replace(plain, names[plain])
    elif isinstance(node, dict):
        return {_replaced(key, names): _replaced(value, names) for key, value in node.items()}
    elif isinstance(node, list):
        return [_replaced(item, names) for item in node]
    return node


def _prompted(report: Report, twins: Twins) -> Iterator[str]:
    """Yield where a stranger's words stand in a prompt as if they were somebody's."""
    pack = make_pack(report)
    text = "\n".join([*(message["content"] for message in prompt_of(pack)), chat_prompt(pack)])
    words = PAYLOADS[twins.what].split()
    phrases = {" ".join(words[i : i + 3]) for i in range(len(words) - 2)} if len(words) > 2 else set()
    if any(phrase in text for phrase in phrases):
        yield "prompt: a stranger's words without marks"
    if tokens := _CONTROL_TOKENS.findall(text):
        yield f"prompt: control tokens of a server: {tokens}"
    if hidden := hidden_in(text):
        yield f"prompt: {', '.join(sorted(hidden))}"


class Obedient(BaseHTTPRequestHandler):
    """A model's server that does what it finds in the prompt: it flips the verdict, drops the findings, adds a link.

    Sent back, it keeps to the form with the verdict flipped; sent back again, it only drops all findings.
    """

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a chat completion, as a stream where one is asked for."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        form = request["response_format"]["json_schema"]["schema"]["properties"]
        before = sum(message["role"] == "assistant" for message in request["messages"])
        said = {message["content"] for message in request["messages"] if message["role"] == "assistant"}
        answer: dict[str, Any] = {key: [] for key in form}
        answer["verdict"] = "healthy"
        if not before:
            answer["commentary"] = [f"HEALTHY, see {THEIRS}"]
            answer["steps"] = [{"action": f"[open this]({THEIRS})", "finding": "F1"}]
        elif any('"steps": [{' not in text for text in said):
            answer["verdict"] = form["verdict"]["enum"][0]
        content = json.dumps(answer)
        key = "delta" if request.get("stream") else "message"
        choice = {"index": 0, key: {"role": "assistant", "content": content}, "finish_reason": "stop"}
        kind = "chat.completion.chunk" if request.get("stream") else "chat.completion"
        body = json.dumps({"id": "x", "object": kind, "created": 1, "model": "obedient", "choices": [choice]})
        data = f"data: {body}\n\ndata: [DONE]\n\n" if request.get("stream") else body
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if request.get("stream") else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def judge() -> Iterator[Judge]:
    """Give a judge with a folder and an obedient model of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Obedient)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            address = f"http://127.0.0.1:{server.server_address[1]}/v1"
            yield Judge(folder, Endpoint("obedient", address, "none"))
    finally:
        server.shutdown()
        server.server_close()


def few() -> list[Twins]:
    """Return three files of each place where so many can be written, and each payload at least once."""
    numbers = {name: i for i, name in enumerate(PAYLOADS)}
    places = {name: i for i, name in enumerate(PLACES)}
    turns = len(PAYLOADS) // 3
    everything = list(files())
    chosen = [twins for twins in everything if numbers[twins.what] % turns == places[twins.where] % turns]
    missing = PAYLOADS.keys() - {twins.what for twins in chosen}
    return chosen + [next(twins for twins in everything if twins.what == what) for what in sorted(missing)]


def stated(it: Judge) -> Iterator[str]:
    """Yield where numbers that are stated in prose count as numbers, and what becomes of verdict and status."""
    everything = list(files(STATED))
    for twins in everything:
        hostile, clean = looked_at(twins.hostile, it.folder), it.clean(twins.clean)
        if list(_findings(hostile, clean)):
            ends = [f"{report.verdict} with status {gate([report])}" for report in (clean, hostile)]
            yield f"numbers stated in prose are read as numbers: {twins.where}, {twins.what}: {' -> '.join(ends)}"
    yield f"numbers stated in prose: {len(everything)} files"


def is_otherwise(twins: Twins) -> bool:
    """Whether the text rightly changes what is read."""
    return twins.where in OTHERWISE.get(twins.what, ((), ""))[0]


def process(file: File, folder: str) -> tuple[int, Any]:
    """Return the exit status of the command on a file, and what it printed."""
    path = Path(folder, file.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.content)
    command = [sys.executable, "-m", "diagnose", file.name, "--format", "json"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)}
    )
    path.unlink()
    return done.returncode, json.loads(done.stdout)


def main() -> int:
    """Print the table and the totals; the status is 1 where anything differs that must not."""
    chosen = few()
    everything = chosen if "--few" in sys.argv else list(files())
    begin = time.perf_counter()
    rows: dict[str, Counter[str]] = {where: Counter() for where in PLACES}
    wrong: list[str] = []
    with judge() as it:
        for twins in everything:
            found = it.differences(twins, obey=twins in chosen)
            kind = "equal" if not found else "otherwise" if is_otherwise(twins) else "wrong"
            rows[twins.where][kind] += 1
            wrong += [f"{twins.where}, {twins.what}: {line}" for line in found if kind == "wrong"]
        numbers = list(stated(it))
        run = 0
        for twins in chosen:
            status, printed = process(twins.hostile, it.folder)
            report = looked_at(twins.hostile, it.folder)
            run += 1
            if status != gate([report]) or printed != json.loads(json.dumps(as_dict([report]))):
                wrong.append(f"{twins.where}, {twins.what}: the process says something else, status {status}")
    print(f"{'where a stranger writes':32} {'files':>5} {'equal':>5} {'otherwise':>9} {'wrong':>5}")
    for where, row in rows.items():
        print(f"{where:32} {row.total():5} {row['equal']:5} {row['otherwise']:9} {row['wrong']:5}")
    total = sum(rows.values(), Counter())
    print(f"{'total':32} {total.total():5} {total['equal']:5} {total['otherwise']:9} {total['wrong']:5}")
    spent = time.perf_counter() - begin
    print(f"{len(PAYLOADS)} payloads; {run} files also through processes and the model; {spent:.0f} s")
    for what, (_, reason) in OTHERWISE.items():
        print(f"otherwise: {what}: {reason}")
    print(*numbers, *wrong, sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())

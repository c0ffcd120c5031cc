"""Real servers with a real model: a faithful answer is shown, one with a false part is not.

    python benchmarks/real_server.py [FILE] [--fuzz N]

A small model learns one faithful answer about FILE by heart, and twins of it learn the same answer with one part made
false (benchmarks/tiny_model.py). `transformers serve` and, where it is installed, the server of llama-cpp-python serve
them on the loopback, and `explain` asks each. Last, a model with random weights, held to the form by llama.cpp's
grammar, writes N answers: each fits the form, and what is false in it has to be found.

llama-cpp-python may live in another environment: LLAMA_PYTHON names its interpreter. The status is 1 where a faithful
answer was refused or anything false was shown.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tiny_model import Trained, train, write_gguf

from diagnose import diagnose
from diagnose.llm.claims import salvage, tree_of, verify
from diagnose.llm.client import Endpoint
from diagnose.llm.comparison import HOW, compared
from diagnose.llm.explain import explain
from diagnose.llm.explanation import Source
from diagnose.llm.pack import Kind, make_pack
from diagnose.llm.parsing import parse
from diagnose.llm.schema import Form
from diagnose.types import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.llm.explanation import Explanation
    from diagnose.llm.pack import Pack
    from diagnose.types import Finding, Report

ROOT = Path(__file__).resolve().parents[1]
FIXTURE = ROOT / "fixtures" / "classification" / "constant-under-macro-averages" / "paste.txt"
LLAMA_PYTHON = os.environ.get("LLAMA_PYTHON", sys.executable)
DEADLINE = 30.0
FAITHFUL = "faithful"
SENTENCE = "The scores look alike only because the rows all get the same answer."
FALSE_NUMBER = "0.8731"
FALSE_SENTENCE = f"The scores look alike only because {FALSE_NUMBER} of the rows get the same answer."
OUTSIDE = ("cause that is none", "other verdict")  # twins whose false part is not of the form
_READY = 60.0  # seconds
# Nothing on the loopback goes by way of a proxy.
_OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class Server(NamedTuple):
    """A server that runs.

    models: what it calls the models that it has; seconds: what it took to be ready; holds_to_form: whether it lets a
    model write only what the form allows.
    """

    name: str
    base_url: str
    models: Mapping[str, str]
    seconds: float
    holds_to_form: bool


def faithful_answer(pack: Pack) -> dict[str, Any]:
    """Return an answer of which every part holds: some of what the pack says, in an order of its own."""
    findings = [statement.id for statement in pack.of_kind(Kind.FINDING)]
    causes, actions = (pack.belonging(findings[0], kind) if findings else () for kind in (Kind.CAUSE, Kind.ACTION))
    numbers = (*pack.of_kind(Kind.VALUE), *pack.of_kind(Kind.FACT))
    relations = [(a.id, how, b.id) for a in numbers for b in numbers for how in HOW[1:] if compared(a, how, b)]
    if len(causes) < 2 or not relations:
        raise SystemExit("this needs a FILE with a finding that has two causes, and two numbers that can be compared")
    answer: dict[str, Any] = {
        "verdict": pack.verdict.value,
        "findings": [{"finding": number, "evidence": list(pack[number].about[:2])} for number in findings],
        "facts": [pack.of_kind(Kind.FACT)[0].id],
        "relations": [dict(zip(("left", "relation", "right"), relations[0], strict=True))],
        "causes": [{"cause": causes[1].id, "confidence": "likely"}, {"cause": causes[0].id, "confidence": "possible"}],
        "steps": [{"action": action.id, "finding": findings[0]} for action in reversed(actions[:2])],
        "questions": [statement.id for statement in pack.of_kind(Kind.QUESTION)[:1]],
        "commentary": [SENTENCE],
    }
    form = Form(pack, commentary=True)
    answer = {key: part for key, part in answer.items() if key in form.model.model_fields}
    if faults := verify(answer, form).violations:
        raise SystemExit(f"the answer that was to be faithful is not: {faults}")
    return answer


def answers(pack: Pack) -> dict[str, dict[str, Any]]:
    """Return the faithful answer, and answers that differ from it in one false part, by what is false."""
    twins = {FAITHFUL: faithful_answer(pack)}
    for name in ("relation turned round", "foreign evidence", "number in prose", *OUTSIDE):
        twins[name] = copy.deepcopy(twins[FAITHFUL])
    relation = twins["relation turned round"]["relations"][0]
    relation["relation"] = "above" if relation["relation"] == "below" else "below"
    first = twins["foreign evidence"]["findings"][0]
    about = pack[first["finding"]].about
    first["evidence"][0] = next(s.id for s in pack.of_kind(Kind.FACT) if s.id not in about)
    twins["number in prose"]["commentary"] = [FALSE_SENTENCE]
    no_cause, no_verdict = (twins[name] for name in OUTSIDE)
    no_cause["causes"][0]["cause"] = f"C{len(pack.statements)}"
    no_verdict["verdict"] = "healthy"
    return twins


def trained(twins: Mapping[str, dict[str, Any]], folder: Path) -> Iterator[tuple[str, Path, Trained]]:
    """Yield a model for each answer, the first trained from the start and the others on from it."""
    original = None
    for number, (name, answer) in enumerate(twins.items()):
        place = folder / f"model{number}"
        yield name, place, train(json.dumps(answer), place, twin_of=original)
        original = original or place


def why_not_transformers() -> str:
    """Return what training and `transformers serve` lack here, "" where nothing."""
    return _missing("torch", "transformers", "openai", "fastapi", "uvicorn")


def why_not_llama() -> str:
    """Return what training and the server of llama-cpp-python lack here, "" where nothing."""
    if missing := _missing("torch", "transformers", "openai", "gguf"):
        return missing
    done = subprocess.run([LLAMA_PYTHON, "-c", "import llama_cpp.server.app"], capture_output=True, check=False)
    return f"not installed for {LLAMA_PYTHON}: llama-cpp-python[server]" if done.returncode else ""


def _missing(*packages: str) -> str:
    absent = [name for name in packages if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextmanager
def transformers_serve(models: Mapping[str, Path], folder: Path) -> Iterator[Server]:
    """Serve saved models by `transformers serve`, which loads each when it is first asked for."""
    # Without its cache folder the list of models is an error of the server, and nothing may be looked up elsewhere.
    (folder / "hub").mkdir(exist_ok=True)
    environment = {**os.environ, "HF_HOME": str(folder), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    port = _free_port()
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve"]
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with _running([*command, *options], environment, f"http://127.0.0.1:{port}/health", folder) as seconds:
        named = {name: str(path) for name, path in models.items()}
        yield Server("transformers serve", f"http://127.0.0.1:{port}/v1", named, seconds, holds_to_form=False)


@contextmanager
def llama_server(models: Mapping[str, Path], folder: Path) -> Iterator[Server]:
    """Serve saved models by the server of llama-cpp-python, from GGUF files that are written first."""
    files = {name: path.with_suffix(".gguf") for name, path in models.items()}
    for name, path in files.items():
        write_gguf(models[name], path)
    port, settings = _free_port(), folder / "llama.json"
    served = [
        {"model": str(path), "model_alias": name, "n_ctx": 1024, "n_threads": 1, "verbose": False, "seed": 0}
        for name, path in files.items()
    ]
    settings.write_text(json.dumps({"host": "127.0.0.1", "port": port, "models": served}), encoding="utf-8")
    command = [LLAMA_PYTHON, "-m", "llama_cpp.server", "--config_file", str(settings)]
    with _running(command, dict(os.environ), f"http://127.0.0.1:{port}/v1/models", folder) as seconds:
        named = {name: name for name in models}
        yield Server("llama.cpp", f"http://127.0.0.1:{port}/v1", named, seconds, holds_to_form=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: list[str], environment: Mapping[str, str], ready: str, folder: Path) -> Iterator[float]:
    """Run a server until the block ends; yield the seconds until it was ready."""
    log, begin = folder / "server.log", time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=output)
    try:
        while not _answers(ready):
            if process.poll() is not None or time.perf_counter() - begin > _READY:
                raise RuntimeError(f"{command} does not serve: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield time.perf_counter() - begin
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(address: str) -> bool:
    try:
        with _OPEN(address, timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class Outcome(NamedTuple):
    """What came of one model's answer; wrong: what should not be, "" where all is well."""

    source: Source
    seconds: float
    trail: tuple[str, ...]
    wrong: str


def outcome(server: Server, name: str, report: Report) -> Outcome:
    """Ask a served model for the explanation of a report, and look at what is shown."""
    begin = time.perf_counter()
    explanation = explain(report, Endpoint(server.models[name], server.base_url), deadline=DEADLINE, commentary=True)
    seconds = time.perf_counter() - begin
    return Outcome(explanation.source, seconds, explanation.trail, _wrong(explanation, name, server, make_pack(report)))


def _wrong(explanation: Explanation, name: str, server: Server, pack: Pack) -> str:
    """Return what is wrong with an explanation, given which model wrote the answer behind it."""
    shown = [item for section in explanation.sections for item in section.items]
    if unknown := {number for item in shown for number in item.statements if number not in pack}:
        return f"names {sorted(unknown)}"
    for item in shown:
        for how in HOW[1:]:
            pair = item.statements
            if f" is {how} " in item.text and len(pair) == 2 and not _holds(pair[0], how, pair[1], pack):
                return f"shows {item.text!r}"
    texts = [item.text for item in shown] + [remark.text for remark in explanation.commentary]
    if any(FALSE_SENTENCE in text or FALSE_NUMBER in text for text in texts):
        return "the false sentence is shown"
    if name == FAITHFUL and explanation.source is not Source.MODEL:
        return "a faithful answer was refused"
    # What is not of the form a server that holds the model to it cannot let through: then the answer may be true.
    if name != FAITHFUL and explanation.source is Source.MODEL and not (server.holds_to_form and name in OUTSIDE):
        return "a false answer was taken as it was"
    return ""


def false_parts(answer: Mapping[str, Any], pack: Pack) -> list[str]:
    """Return what is false in an answer of the form: found here by other means than those that `verify` has."""
    told = {part["finding"] for part in answer["findings"]}
    cited = [(number, part["finding"]) for part in answer["findings"] for number in part["evidence"]]
    offered = {(s.id, finding) for kind in (Kind.CAUSE, Kind.ACTION) for s in pack.of_kind(kind) for finding in s.about}
    compared = [(part["left"], part["relation"], part["right"]) for part in answer.get("relations", ())]
    causes = [part["cause"] for part in answer.get("causes", ())]
    steps = [(part["action"], part["finding"]) for part in answer.get("steps", ())]
    errors = [f.id for f in pack.of_kind(Kind.FINDING) if cast("Finding", f.of).severity is Severity.ERROR]
    return [
        *(f"{number} as evidence of {finding}" for number, finding in cited if number not in pack[finding].about),
        *(" ".join(relation) for relation in compared if not _holds(*relation, pack)),
        *(f"{cause} as a cause" for cause in causes if not any((cause, finding) in offered for finding in told)),
        *(f"{action} for {finding}" for action, finding in steps if (action, finding) not in offered),
        *(f"nothing of {error}, an error" for error in errors if error not in told),
    ]


def _holds(left: str, how: str, right: str, pack: Pack) -> bool:
    """Return whether a comparison is true of the numbers, whatever they measure."""
    a, b = pack[left].interval, pack[right].interval
    if a is None or b is None:
        return False
    return {"equals": (a.low, a.high) == (b.low, b.high), "above": a.low > b.high, "below": a.high < b.low}[how]


class Fuzzed(NamedTuple):
    """What came of `answers` by chance.

    fit: answers of the form; false: those of them with a false part; parts: such parts in all; passed: answers with a
    false part that were passed; shown: false parts that would have been shown; seconds: what an answer took.
    """

    answers: int
    fit: int
    false: int
    parts: int
    passed: int
    shown: int
    seconds: float


def fuzz(server: Server, name: str, report: Report, number: int) -> Fuzzed:
    """Let a model with random weights answer, each time by other dice, and hold each answer against the pack."""
    pack = make_pack(report)
    form = Form(pack)
    fit = false = parts = passed = shown = 0
    begin = time.perf_counter()
    for seed in range(number):
        parsed = parse(_by_chance(server, server.models[name], form.schema(), seed))
        if parsed.violations or form.violations(parsed.tree):
            continue
        fit += 1
        checked = verify(parsed.tree, form)
        wrong = false_parts(parsed.tree, pack)
        false += bool(wrong)
        parts += len(wrong)
        passed += bool(wrong) and not checked.violations
        shown += len(false_parts(tree_of(salvage(checked.choice, form), form), pack))
    return Fuzzed(number, fit, false, parts, passed, shown, (time.perf_counter() - begin) / number)


def _by_chance(server: Server, model: str, schema: Mapping[str, Any], seed: int) -> str:
    """Return an answer at temperature 1, held to the schema by the server."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "Anything."}],
        "temperature": 1,
        "seed": seed,
        "response_format": {"type": "json_object", "schema": schema},
    }
    request = urllib.request.Request(  # noqa: S310  # an address of this file's own making
        f"{server.base_url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with _OPEN(request, timeout=DEADLINE) as reply:
        return str(json.load(reply)["choices"][0]["message"]["content"])


def main() -> int:
    """Print the tables; the status is 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", default=str(FIXTURE))
    parser.add_argument("--fuzz", type=int, default=40, metavar="N")
    arguments = parser.parse_args()
    report = diagnose(arguments.file)
    twins = answers(make_pack(report))
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = {}
        for twin, place, made in trained(twins, folder):
            models[twin] = place
            size = sum(path.stat().st_size for path in place.iterdir())
            print(
                f"{twin}: {made.parameters:,} parameters, {size / 1024:.0f} KiB, {made.tokens} tokens learnt "
                f"in {made.steps} steps, {made.seconds:.1f} s"
            )
        for serve, reason in ((transformers_serve, why_not_transformers()), (llama_server, why_not_llama())):
            print(f"\n{serve.__name__}: {reason}" if reason else "")
            if not reason:
                with serve(models, folder) as server:
                    failed |= _table(server, report)
        if not why_not_llama():
            failed |= _fuzzed(twins[FAITHFUL], report, folder, arguments.fuzz)
    return int(failed)


def _table(server: Server, report: Report) -> bool:
    """Print what came of each model of a server; return whether something is not as it should be."""
    print(f"{server.name}: ready in {server.seconds:.1f} s")
    print(f"  {'answer learnt by heart':24}{'source':16}{'seconds':>8}  what happened")
    failed = False
    for name in server.models:
        result = outcome(server, name, report)
        failed |= bool(result.wrong)
        first, *others = (*result.trail, *([f"WRONG: {result.wrong}"] if result.wrong else [])) or ("",)
        print(f"  {name:24}{result.source.value:16}{result.seconds:8.2f}  {first}")
        for line in others:
            print(f"{'':52}{line}")
    return failed


def _fuzzed(answer: Mapping[str, Any], report: Report, folder: Path, number: int) -> bool:
    """Print what came of answers by chance; return whether something is not as it should be."""
    train(json.dumps(answer), folder / "random", steps=0)
    with llama_server({"random": folder / "random"}, folder) as server:
        found = fuzz(server, "random", report, number)
    print(
        f"\nrandom weights under the grammar of llama.cpp: {found.answers} answers, {found.fit} of the form, "
        f"{found.false} with a false part ({found.parts} parts); {found.passed} passed, "
        f"{found.shown} false parts shown; {found.seconds:.2f} s an answer"
    )
    return bool(found.passed or found.shown)


if __name__ == "__main__":
    raise SystemExit(main())

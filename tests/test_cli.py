"""The command line in every situation that we could think of: its exit status and the first line that it says."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import diagnose
from diagnose.cli import main
from diagnose.commands import check, command_names, load_command
from diagnose.commands._output import surface_of

RULE = """
title = "The accuracy is low"
severity = "{severity}"
when = ["accuracy < limit"]
message = "the accuracy is {{accuracy:.3f}}"
why = "Because of the test."
false_alarms = ["none"]
sources = ["this test"]
[params.limit]
value = 0.5
why = "one half"
[[remedy]]
title = "Raise it"
why = "It is low."
[[case]]
name = "low"
facts = {{ accuracy = 0.4 }}
expect = "fires"
[[case]]
name = "high"
facts = {{ accuracy = 0.6 }}
expect = "silent"
[[case]]
name = "absent"
facts = {{}}
expect = "unknown"
"""


@pytest.fixture
def room(tmp_path, monkeypatch):
    """Return a working folder with a few inputs, and rules of which each has another severity."""
    (tmp_path / "low.json").write_text(json.dumps({"eval_accuracy": 0.3125, "eval_loss": 1.5}))
    (tmp_path / "high.json").write_text(json.dumps({"eval_accuracy": 0.8125, "eval_loss": 0.5}))
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "binary.bin").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "cut.json").write_text('{"eval_accuracy": 0.31')
    (tmp_path / "folder").mkdir()
    rules = tmp_path / "own"
    rules.mkdir()
    for severity in ("error", "warning", "note"):
        (rules / f"low-{severity}.toml").write_text(RULE.format(severity=severity))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIAGNOSE_DEBUG", raising=False)
    return tmp_path


@pytest.fixture
def run(room, capsys, monkeypatch):
    """Return a function that runs the command line in the room and gives its status, output and error output."""
    assert Path.cwd() == room.resolve()

    def runner(*words, stdin=None):
        monkeypatch.setattr(sys, "stdin", Terminal() if stdin is None else io.TextIOWrapper(io.BytesIO(stdin)))
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return status, captured.out, captured.err

    return runner


class Terminal(io.StringIO):
    """A terminal at which nobody types."""

    def isatty(self):
        """Say so."""
        return True


OWN = ("--rules", "own", "--select", "low-error,low-warning,low-note")
ONLY = {name: ("--rules", "own", "--select", f"low-{name}") for name in ("error", "warning", "note")}

# the words after `diagnose`, the status, and how the first line of the output, or else of the errors, goes on
SITUATIONS = [
    (("high.json", *OWN), 0, r"high\.json"),
    (("low.json", *OWN), 1, r"low\.json"),
    (("check", "low.json", *OWN), 1, r"low\.json"),
    ((*OWN, "low.json"), 1, r"low\.json"),
    (("low.json", *OWN, "high.json"), 1, r"low\.json"),
    (("low.json", *ONLY["warning"]), 0, r"low\.json"),
    (("low.json", *ONLY["warning"], "--fail-on", "warning"), 1, r"low\.json"),
    (("low.json", *ONLY["warning"], "--fail-on=note"), 1, r"low\.json"),
    (("low.json", *ONLY["note"], "--fail-on", "warning"), 0, r"low\.json"),
    (("low.json", *OWN, "--fail-on", "never"), 0, r"low\.json"),
    (("low.json", *OWN, "--ignore", "low-error"), 0, r"low\.json"),
    (("low.json", "--rules", "own", "--select", "low-error", "--ignore", "low-error"), 0, r"low\.json"),
    (("gone.json",), 2, r"diagnose: gone\.json: .+"),
    (("empty.json",), 2, r"diagnose: empty\.json: .+"),
    (("binary.bin",), 2, r"diagnose: binary\.bin: .+"),
    (("cut.json",), 2, r"diagnose: cut\.json: .*JSON.+"),
    (("folder",), 2, r"diagnose: folder: .+"),
    (("gone.json", "--fail-on", "never"), 2, r"diagnose: gone\.json: .+"),
    (("high.json", "gone.json", *OWN), 2, r"high\.json"),
    (("gone.json", "low.json", *OWN), 2, r"gone\.json"),
    (("chek", "low.json"), 2, r"diagnose: no command and no file is named 'chek' \(did you mean 'check'\?\)"),
    (("low.json", "--formt", "json"), 2, r"diagnose: unknown option '--formt' \(did you mean '--format'\?\)"),
    (("low.json", "--formt=json"), 2, r"diagnose: unknown option '--formt' \(did you mean '--format'\?\)"),
    (("low.json", "--format", "jsn"), 2, r"diagnose: --format does not know 'jsn' \(did you mean 'json'\?\)"),
    (("low.json", "--fail-on", "eror"), 2, r"diagnose: --fail-on does not know 'eror' \(did you mean 'error'\?\)"),
    (("low.json", "--fail-on", "qqq"), 2, r"diagnose: --fail-on does not know 'qqq' \(known: error, .+\)"),
    (
        ("low.json", *OWN, "--ignore", "low-eror"),
        2,
        r"diagnose: no rule is named 'low-eror' \(did you mean 'low-error'\?\)",
    ),
    (("gone.json", "--select", "qqq"), 2, r"diagnose: no rule is named 'qqq' \(.*diagnose rules.*\)"),
    (("low.json", "--rules", "nowhere"), 2, r"diagnose: nowhere: .+"),
    (("low.json", "--rules", "folder"), 2, r"diagnose: folder: no rule .+"),
    (("low.json", "--assume", "averging=macro"), 2, r"diagnose: --assume .*'averging' \(did you mean 'averaging'\?\)"),
    (("low.json", "--assume", "macro"), 2, r"diagnose: --assume .*NAME=VALUE.*"),
    (("low.json", "--format"), 2, r"diagnose: argument --format: expected one argument.*"),
    (("low.json", "--output", "nowhere/x.md"), 2, r"diagnose: --output nowhere/x\.md: its folder does not exist"),
    (("low.json", "--output", "folder"), 2, r"diagnose: --output folder: .+"),
    (("low.json", "--output", ""), 2, r"diagnose: --output '': .+"),
    (("rules", "low-error", "--rules", "own"), 0, r"low-error \(error\)"),
    (
        ("rules", "low-eror", "--rules", "own"),
        2,
        r"diagnose: no rule is named 'low-eror' \(did you mean 'low-error'\?\)",
    ),
    (("rules", "--rules", "own"), 0, r"error \(\d+ rules?\)"),
    (("rules", "a", "b"), 2, r"diagnose: unknown argument 'b' .+"),
    (("schema",), 0, r"\{"),
    (("schema", "x"), 2, r"diagnose: unknown argument 'x' .+"),
    ((), 2, r"usage: diagnose FILE\|FOLDER\|- \.\.\..+"),
    (("--version",), 0, rf"diagnose {re.escape(diagnose.__version__)}"),
    (("--help",), 0, r"usage: diagnose .+"),
    (("rules", "--help"), 0, r"usage: diagnose rules .+"),
]


@pytest.mark.parametrize(
    ("words", "status", "first"), SITUATIONS, ids=[" ".join(s[0]) or "nothing" for s in SITUATIONS]
)
def test_a_situation(run, words, status, first):
    code, out, err = run(*words)
    assert (code, *(out or err).splitlines()[:1]) == (status, (out or err).splitlines()[0])
    assert re.fullmatch(first, (out or err).splitlines()[0])


@pytest.mark.parametrize("words", [s[0] for s in SITUATIONS if s[1] == 2 and s[0]], ids=" ".join)
def test_a_failure_is_one_line_for_each_input(run, words):
    _, out, err = run(*words)
    assert len(err.splitlines()) == 1
    assert out == "" or len(words) > 4


@pytest.mark.parametrize("words", [("-",), (), ("check", "-"), ("--fail-on", "error")])
def test_a_pipe_is_read(run, words):
    status, out, _ = run(*words, *OWN, stdin=b"accuracy: 0.3125\n")
    assert status == 1
    assert "the accuracy is 0.312" in out


def test_a_paste_at_a_terminal_is_asked_for(run):
    status, _, err = run("-")
    assert status == 2
    assert err.splitlines()[0].startswith("diagnose: paste the metrics, then press Ctrl-")


def test_an_empty_pipe_is_no_pass(run):
    status, out, err = run(stdin=b"")
    assert (status, out) == (2, "")
    assert err.startswith("diagnose: ")


def test_json_reports_every_input_in_order(run):
    status, out, err = run("low.json", "gone.json", "high.json", *OWN, "--format", "json")
    report = json.loads(out)
    assert status == 2
    assert [entry["source"] for entry in report["reports"]] == [["low.json"], ["gone.json"], ["high.json"]]
    assert report["reports"][1]["verdict"] is None
    assert report["reports"][1]["error"]["message"].startswith("gone.json: ")
    assert err.count("\n") == 1
    findings = report["reports"][0]["findings"]
    assert [finding["rule"] for finding in findings] == ["low-error", "low-warning", "low-note"]


def test_a_report_in_a_file_replaces_the_old_one_and_leaves_nothing_beside_it(run, room):
    target = room / "report.md"
    target.write_text("old")
    before = set(room.iterdir())
    status, out, _ = run("low.json", *OWN, "--format", "markdown", "--output", "report.md")
    assert (status, out) == (1, "")
    assert target.read_text(encoding="utf-8").startswith("## low.json")
    assert set(room.iterdir()) == before


def test_a_report_that_cannot_be_made_leaves_the_old_one(run, room, monkeypatch):
    (room / "report.md").write_text("old")
    monkeypatch.setattr(check, "load_format", broken)
    status, _, err = run("low.json", *OWN, "--output", "report.md")
    assert status == 2
    assert "please report it" in err
    assert (room / "report.md").read_text() == "old"


def broken(*_, **__):
    raise RuntimeError("a bug\nof ours")


def test_a_bug_is_one_line_and_costs_no_other_input_its_report(run, monkeypatch):
    right = check.check
    monkeypatch.setattr(check, "check", lambda source, how: broken() if source == "low.json" else right(source, how))
    status, out, err = run("low.json", "high.json", *OWN, "--format", "json")
    assert status == 2
    assert [entry["verdict"] is None for entry in json.loads(out)["reports"]] == [True, False]
    assert err.splitlines() == [
        "diagnose: low.json: unexpected RuntimeError: a bug of ours (please report it; --debug shows where it happened)"
    ]


@pytest.mark.usefixtures("room")
def test_debug_shows_where_a_bug_is(monkeypatch, capsys):
    monkeypatch.setattr(check, "check", broken)
    assert main(["low.json", *OWN, "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.setenv("DIAGNOSE_DEBUG", "1")
    assert main(["low.json", *OWN]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_is_one_line(run, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "check", interrupted)
    assert run("low.json") == (130, "", "diagnose: interrupted\n")


@pytest.mark.parametrize("name", command_names())
def test_a_command_has_a_line_of_help(run, name):
    status, out, _ = run("--help")
    assert status == 0
    assert re.search(rf"^  {name} +\S", out, re.MULTILINE)
    assert load_command(name).HELP in out


def test_a_rule_is_explained_in_full(run):
    _, out, _ = run("rules", "low-error", "--rules", "own")
    for part in (
        "The accuracy is low",
        "accuracy < limit",
        "Because of the test.",
        "limit = 0.5: one half",
        "Raise it",
    ):
        assert part in out
    for part in ("fires: low", "silent: high", "unknown: absent", "this test", "False alarms"):
        assert part in out


def test_the_schema_is_that_of_the_report(run):
    _, schema, _ = run("schema")
    _, report, _ = run("low.json", *OWN, "--format", "json")
    import jsonschema

    jsonschema.validate(json.loads(report), json.loads(schema))


# From here on as a process of its own.


def process(*words, encoding="utf-8", **options):
    environment = {**os.environ, "PYTHONPATH": str(Path(diagnose.__file__).parents[1]), "PYTHONIOENCODING": encoding}
    return subprocess.Popen(
        [sys.executable, "-m", "diagnose", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment, **options.pop("env", {})},
        **options,
    )


@pytest.mark.usefixtures("room")
def test_a_pipe_that_closes_early_changes_neither_status_nor_errors():
    with process("low.json", *OWN, "--format", "json", stdin=subprocess.DEVNULL) as child:
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(30) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.usefixtures("room")
def test_a_full_disk_is_one_line():
    command = [sys.executable, "-m", "diagnose", "low.json", *OWN]
    environment = {**os.environ, "PYTHONPATH": str(Path(diagnose.__file__).parents[1])}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=environment, check=False, text=True)
    assert done.returncode == 2
    assert re.fullmatch("diagnose: cannot write: .+\n", done.stderr)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_an_old_console_gets_a_report_too(room, encoding):
    (room / "naïve 模型.json").write_text(
        json.dumps({"eval_accuracy": 0.3125, "eval_précision": 0.5}), encoding="utf-8"
    )
    with process("naïve 模型.json", *OWN, encoding=encoding, stdin=subprocess.DEVNULL) as child:
        out, err = child.communicate(timeout=30)
    assert (child.returncode, err) == (1, b"")
    assert "the accuracy is 0.312" in out.decode(encoding)
    assert b"\x1b" not in out


@pytest.mark.usefixtures("room")
def test_an_interrupt_signal_ends_quietly():
    if os.name == "nt":
        pytest.skip("no such signal")
    with process("-", stdin=subprocess.PIPE) as child:
        time.sleep(1.0)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert err == b"diagnose: interrupted\n"


@pytest.mark.parametrize(
    ("settings", "colour"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_that_want_them(monkeypatch, settings, colour):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, setting in settings.items():
        monkeypatch.setenv(name, setting)
    assert surface_of(Terminal()).colour is colour
    assert not surface_of(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")).colour


@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("7", 40), ("9999", 120), ("wide", 100), ("0", 100)])
def test_the_width_is_that_of_the_terminal_within_reason(monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    assert surface_of(io.StringIO()).width == width


@pytest.mark.parametrize(("encoding", "blocks"), [("utf-8", True), ("cp1252", False), ("ascii", False)])
def test_blocks_are_for_streams_that_can_encode_them(encoding, blocks):
    assert surface_of(io.TextIOWrapper(io.BytesIO(), encoding=encoding)).blocks is blocks


def test_a_file_name_that_is_no_text_is_reported_too(room, run):
    name = os.fsdecode(b"caf\xe9.json")
    try:
        (room / name).write_text('{"eval_accuracy": 0.3125}')
    except OSError:
        pytest.skip("this file system takes only text for names")
    for form in ("terminal", "json", "markdown"):
        status, out, err = run(name, *OWN, "--format", form)
        assert (status, err) == (1, "")
        assert "caf" in out

"""Nothing of a hostile server's is shown as the program's, no verdict moves, and no answer is late."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from adversary import ANSWERED, CASES, FIXTURES, SCENARIOS, Shown, Stage, case_of, show

from diagnose.cli import main
from diagnose.llm.explanation import Explanation, Item, Remark, Section, Source
from diagnose.llm.writer import write
from hostile.lies import LIES, MARK
from hostile.server import KEY, Server
from hostile.shown import wrong

DEADLINE = 2.0


@pytest.fixture(scope="module")
def degenerate():
    return case_of(CASES[0])


@pytest.fixture(scope="module")
def healthy():
    return case_of(CASES[2])


def played(case, scenarios):
    """Return what is shown of each scenario, many at a time, and the server that was asked."""
    stage = Stage([case])
    with Server(stage.behaviour, stage.text) as server, ThreadPoolExecutor(8) as pool:
        show(server, "faithful", case, DEADLINE, turn=1)  # what is loaded at the first use
        crowd = list(pool.map(lambda name: show(server, name, case, DEADLINE), scenarios))
        # In a crowd on a busy machine a turn may come late; what is late alone is.
        return [one if one.in_time else show(server, one.scenario, case, DEADLINE, turn=1) for one in crowd], server


def faults(shown):
    return {one.scenario: one.faults for one in shown if one.faults}


def test_there_are_enough_scenarios():
    assert len(SCENARIOS) >= 45
    assert set(SCENARIOS) >= ANSWERED


def test_no_scenario_shows_anything_wrong_or_late(degenerate):
    shown, server = played(degenerate, SCENARIOS)
    assert faults(shown) == {}
    assert server.elsewhere == []
    assert {one.scenario for one in shown if one.explanation.source is Source.MODEL} >= {"faithful", "schema-500"}


def test_no_lie_turns_a_healthy_run_bad(healthy):
    shown, _ = played(healthy, [name for name in LIES if not LIES[name].commentary])
    assert faults(shown) == {}


def test_the_trail_says_what_was_tried(degenerate):
    shown, _ = played(degenerate, ["status-401-echo", "mended-when-told"])
    refused, mended = (one.explanation for one in shown)
    assert (refused.source, mended.source) == (Source.DETERMINISTIC, Source.REPAIRED)
    assert "HTTP 401" in refused.trail[-1]


@pytest.mark.parametrize("case", [CASES[0], CASES[2]])
@pytest.mark.parametrize("scenario", ["faithful", "verdict-flip", "dropped-errors", "status-500", "garbage", "prose"])
def test_the_exit_status_is_the_engines(case, scenario, capsys):
    path = str(next(path for path in (FIXTURES / case).iterdir() if path.name != "ORIGIN.md"))
    engines = main(["check", path])
    name = case.rpartition("/")[2]
    stage = Stage([case_of(case)])
    with Server(stage.behaviour, stage.text) as server:
        model = ["--model", f"{scenario}#{name}", "--base-url", server.url, "--deadline", "2"]
        assert main(["explain", path, *model]) == engines
        assert server.asked
    assert MARK not in capsys.readouterr().out


def tampered(case, **changes):
    """Return the deterministic explanation with another first item of its second section."""
    explanation = write(case.pack)
    first, second, *rest = explanation.sections
    item = second.items[0]._replace(**changes)
    return explanation._replace(sections=(first, second._replace(items=(item, *second.items[1:])), *rest))


def test_the_judge_finds_nothing_wrong_with_the_deterministic_report(degenerate):
    assert wrong(write(degenerate.pack), degenerate) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"text": "accuracy 0.98765"}, "number"),
        ({"text": f"It is {MARK}."}, "word"),
        ({"text": "It is\u200b fine."}, "invisible"),
        ({"text": KEY}, "key"),
        ({"statements": ("F99",)}, "statement F99"),
    ],
)
def test_the_judge_finds_what_was_planted(degenerate, changes, fault):
    assert any(fault in line for line in wrong(tampered(degenerate, **changes), degenerate))


def test_the_judge_finds_a_comparison_that_does_not_hold(degenerate):
    values = [v for v in degenerate.pack.of_kind("V") if v.interval is not None]
    low, high = min(values, key=lambda v: v.interval.high), max(values, key=lambda v: v.interval.low)
    said = Item(f"{low.text} is above {high.text}.", statements=(low.id, high.id))
    explanation = write(degenerate.pack)
    explanation = explanation._replace(sections=(*explanation.sections, Section("More", (said,))))
    assert any("does not hold" in line for line in wrong(explanation, degenerate))


def test_the_judge_finds_another_verdict_a_dropped_error_and_a_remark_that_claims(degenerate, healthy):
    assert any("verdict" in line for line in wrong(write(healthy.pack), degenerate))
    assert any("left out" in line for line in wrong(Explanation(degenerate.report, ()), degenerate))
    for remark, fault in (("F1 is 0.9", "more than words"), ("It is healthy", "contradicts")):
        remarked = write(degenerate.pack)._replace(commentary=(Remark(remark, "unsupported"),))
        assert any(fault in line for line in wrong(remarked, degenerate))


def test_what_comes_late_is_a_fault(degenerate):
    assert "2.30 s" in Shown("silent", degenerate, write(degenerate.pack), 2.3, DEADLINE).faults

"""An experiment counts what its runs did; a small one is carried out for real."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import pytest

from diagnose import diagnose
from diagnose.cli import main
from diagnose.reproduce.arms import Arm, Kind, Trial
from diagnose.reproduce.arms import Tested as ArmOf
from diagnose.reproduce.experiment import Experiment
from diagnose.reproduce.outcome import Result, is_cured, skill
from diagnose.reproduce.plan import make_plan
from diagnose.reproduce.runner import Workers
from diagnose.reproduce.table import against, conclusion, is_cure, rows, share_of

pytest.importorskip("torch")
pytest.importorskip("scipy")
PASTE = Path(__file__).parents[2] / "fixtures" / "classification" / "constant-under-macro-averages" / "paste.txt"
TINY = {"data": {"rows": 64, "eval_rows": 32, "classes": 3}, "args": {"max_steps": 1}}


def arm(kind, title, skills, cured=None, failed=0):
    results = tuple(Result(Path(), value, ()) for value in skills)
    return ArmOf(Arm(kind, title, {}), results, failed, cured if cured is not None else 0)


def test_the_skill_of_a_null_model_is_nothing_and_of_a_perfect_one_all():
    assert skill({"eval_macro_recall": 1 / 3}, "classification", 3) == pytest.approx(0)
    assert skill({"eval_macro_recall": 1.0}, "classification", 3) == 1
    assert skill({"eval_loss": math.log(256)}, "lm", 256) == pytest.approx(0)
    assert skill({"eval_r2": -0.5}, "regression", 3) == -0.5


def test_a_cure_is_as_good_as_sound_runs_and_not_too_good():
    assert is_cured(0.8, 0.9, "tagging")
    assert not is_cured(0.3, 0.9, "tagging")
    assert not is_cured(math.nan, 0.9, "regression")
    assert not is_cured(0.99, 0.5, "lm")  # a language model that sees its target
    assert is_cured(1.0, 0.5, "classification")
    assert not is_cured(0.0, 0.0, "tagging")


def test_intervals_and_tests_are_those_of_the_textbook():
    """Wilson's interval of 8 of 8 and 0 of 8; Fisher's p of 5/5 against 0/5 and of 4/4 against 0/4."""
    assert share_of(arm(Kind.REMEDY, "", [1] * 8, cured=8)) == pytest.approx((0.676, 1.0), abs=0.001)
    assert share_of(arm(Kind.REMEDY, "", [0] * 8, cured=0)) == pytest.approx((0.0, 0.324), abs=0.001)
    five = arm(Kind.REMEDY, "", [1] * 5, cured=5), arm(Kind.FAILURE, "", [0] * 5)
    assert against(*five) == pytest.approx(0.0079, abs=0.0001)
    assert is_cure(*five)
    assert against(arm(Kind.REMEDY, "", [1] * 4, cured=4), arm(Kind.FAILURE, "", [0] * 4)) == pytest.approx(
        0.0286, abs=1e-4
    )
    assert not is_cure(arm(Kind.REMEDY, "", [1, 0, 0], cured=1), arm(Kind.FAILURE, "", [0] * 3))


def test_what_was_not_reproduced_is_said_plainly():
    plan = make_plan(diagnose(PASTE))

    control = arm(Kind.CONTROL, "sound settings", [0.9] * 8, cured=8)
    trial = Trial(control, ((arm(Kind.FAILURE, "the rate is high", [0.9] * 8, cured=8),),), (), 10.0)
    assert "was not reproduced" in " ".join(conclusion(plan, trial))
    assert [row.cells[1] for row in rows(trial)] == ["0/8", "0/8"]
    broken = Trial(arm(Kind.CONTROL, "sound settings", [0.0] * 8), (), (), 1.0)
    assert "nothing can be said" in " ".join(conclusion(plan, broken))


def test_runs_are_carried_out_once_and_errors_are_told(tmp_path):
    good = {**TINY, "output": str(tmp_path / "good")}
    bad = {**TINY, "output": str(tmp_path / "bad"), "args": {"no_such_setting": 1}}
    with Workers(1) as workers:
        outcomes = {o.folder.name: o.error for o in workers.carry_out([good, bad])}
        assert outcomes["good"] == ""
        assert "no_such_setting" in outcomes["bad"]
        written = (tmp_path / "good" / "all_results.json").stat().st_mtime_ns
        assert [o.error for o in workers.carry_out([good])] == [""]
    assert (tmp_path / "good" / "all_results.json").stat().st_mtime_ns == written
    assert json.loads((tmp_path / "good" / "asked.json").read_text())["args"] == {"max_steps": 1}


def test_a_budget_that_is_spent_gives_up_and_loses_nothing(tmp_path):
    slow = {
        "data": {"rows": 1200, "eval_rows": 64, "classes": 3},
        "args": {"num_train_epochs": 500},
        "output": str(tmp_path),
    }
    start = time.monotonic()
    with Workers(1) as workers:
        assert list(workers.carry_out([slow], deadline=start + 2)) == []
    assert time.monotonic() - start < 10
    assert not (tmp_path / "all_results.json").exists()


@pytest.mark.slow
def test_a_small_experiment_reproduces_the_collapse(tmp_path):
    """Two runs of each are too few to claim a cure, whatever they did."""
    plan = make_plan(diagnose(PASTE))
    small = {
        "task": "classification",
        "data": {"rows": 600, "eval_rows": 200, "classes": 3, "shares": [0.6, 0.25, 0.15]},
    }
    fault = next(fault for fault, _ in plan.hypotheses if fault.name == "learning-rate-too-high")
    plan = plan._replace(sound=small, hypotheses=((fault, small),), remedies=plan.remedies[:1])
    with Workers(1) as workers:
        trial = Experiment(plan, tmp_path, workers, seeds=2, seconds=200).carry_out()
    ((failure, placebo, remedy),) = trial.hypotheses
    assert (trial.control.cured, failure.failed, failure.cured) == (2, 2, 0)
    assert placebo.cured == 0
    assert remedy.cured == 2
    assert "No remedy that was tried cures it" in " ".join(conclusion(plan, trial))


def test_a_dry_run_says_what_would_be_tried(capsys):
    assert main(["reproduce", str(PASTE), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "majority-class-collapse" in out
    assert "the learning rate is 50 times too high" in out


@pytest.mark.parametrize("words", [[], ["a", "b"], [str(PASTE), "--seeds", "0"], [str(PASTE), "--minutes", "-1"]])
def test_wrong_usage_is_one_line(words, capsys):
    assert main(["reproduce", *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1

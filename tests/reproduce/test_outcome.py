"""What came of a reproduction goes into the report, its texts, a file and back, and never into the verdict."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET  # our own pictures
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from diagnose import diagnose
from diagnose.cli import main
from diagnose.errors import UsageError
from diagnose.llm.explain import prompt_of
from diagnose.llm.pack import make_pack
from diagnose.llm.render import as_markdown
from diagnose.llm.reply import check_reply
from diagnose.llm.writer import write
from diagnose.report import PLAIN, load_format
from diagnose.report._schema import json_schema
from diagnose.reproduce.arms import Arm, Kind, Trial
from diagnose.reproduce.arms import Tested as ArmOf
from diagnose.reproduce.kept import OUTCOME, outcome, with_finding, with_reproductions
from diagnose.reproduce.outcome import Result
from diagnose.reproduce.page import as_markdown as page_as_markdown
from diagnose.reproduce.page import as_terminal, dry_run
from diagnose.reproduce.picture import picture
from diagnose.reproduce.plan import make_plan
from diagnose.reproduce.table import conclusion, rows, verified
from diagnose.types import Remedy

pytest.importorskip("scipy")
FIXTURES = Path(__file__).parents[2] / "fixtures"
PASTE = FIXTURES / "classification" / "constant-under-macro-averages" / "paste.txt"
HIGH, REPORTED = "the learning rate is 50 times too high", "trained with the settings that the run reports"
LOWER, LONGER, LABELS, WEIGHTS, SEEDS = range(5)
REMEDIES = (
    Remedy("Lower the learning rate and warm it up", "steps were too long", {"learning_rate": {"multiply": 0.25}},
           "the learning rate is too high", ("learning-rate-too-high",)),
    Remedy("Train longer, and raise the learning rate", "it ended early", {"num_train_epochs": {"multiply": 3}},
           "the training is too short", ("too-short",)),
    Remedy("Check the labels that reach the loss", "labels may be wrong", {}, "labels are wrong", ("shuffled-labels",)),
    Remedy("Weight the classes or resample", "one class has most rows", {}, "classes are unequal",
           trial={"args.sampler": {"set": "balanced"}}),
    Remedy("Run again with other seeds", "some seeds fail", {"seed": {"set": 1}}),
)  # fmt: skip


def runs_of(kind, title, cured, runs, *, failed=0, remedy=None, times=1, errors=()):
    results = tuple(Result(Path(), 0.9, ()) for _ in range(runs))
    return ArmOf(Arm(kind, title, {}, None, remedy, times), results, failed, cured, errors)


def trial_of(plan, *groups, control=8, unfinished=()):
    """Make a trial; a group is a cause, how many of 8 runs fail, and what (cured, runs) each numbered remedy did."""

    def group(cause, failed, deeds):
        arms = [runs_of(Kind.FAILURE, cause, 0, 8, failed=failed)]
        arms += [runs_of(Kind.PLACEBO, "the same with other seeds", 0, 8, failed=8)] if deeds else []
        for number, (cured, runs) in deeds.items():
            remedy = plan.finding.remedies[number]
            arms.append(runs_of(Kind.REMEDY, remedy.title, cured, runs, remedy=remedy))
        return tuple(arms)

    sound = runs_of(Kind.CONTROL, "sound settings", control, 8)
    return Trial(sound, tuple(group(*one) for one in groups), unfinished, 12.0)


@pytest.fixture(scope="module")
def report():
    """Return a collapsed run's report, with remedies of our own: the rules' change with what is learnt of them."""
    read = diagnose(PASTE)
    return replace(read, findings=(replace(read.findings[0], remedies=REMEDIES), *read.findings[1:]))


@pytest.fixture(scope="module")
def plan(report):
    return make_plan(report)


@pytest.fixture(scope="module")
def trial(plan):
    return trial_of(
        plan,
        (REPORTED, 8, {LOWER: (0, 4), LONGER: (8, 8), WEIGHTS: (3, 8)}),
        (HIGH, 7, {LOWER: (7, 8), LONGER: (0, 4)}),
        ("the labels are shuffled", 0, {}),
    )


@pytest.fixture(scope="module")
def tried(report, plan, trial):
    """Return the report with what the trial has shown."""
    return with_finding(report, verified(plan, trial))


def remedies(report):
    return next(f for f in report.findings if f.reproduction is not None).remedies


def test_every_attempt_is_kept_with_its_interval_and_its_test(tried):
    lower, longer, labels, weights, _ = remedies(tried)
    assert [(a.cause, a.cured, a.runs, a.cures) for a in lower.verified] == [
        (HIGH, 7, 8, True),
        (REPORTED, 0, 4, False),
    ]
    assert (longer.verified[0].low, longer.verified[0].high) == pytest.approx((0.676, 1.0), abs=0.001)
    assert longer.verified[0].p < 0.001
    assert (longer.cures, labels.cures, weights.cures) == (True, None, False)


def test_what_cured_comes_first_and_what_failed_last(tried, report):
    """Both cures cure one cause each; the untried keep their order; without a trial the rule's order stands."""
    finding = next(f for f in tried.findings if f.reproduction is not None)
    order = [finding.remedies.index(remedy) for remedy in finding.ways_out()]
    assert order == [LONGER, LOWER, LABELS, SEEDS, WEIGHTS]
    assert finding.ways_out(1) == tuple(finding.remedies[i] for i in (LONGER, LOWER, WEIGHTS))
    left = replace(finding, reproduction=replace(finding.reproduction, unfinished=(REMEDIES[WEIGHTS].title,)))
    assert [left.remedies.index(remedy) for remedy in left.ways_out()] == [LONGER, LOWER, LABELS, WEIGHTS, SEEDS]
    bare = report.findings[0]
    assert bare.ways_out() == bare.remedies
    assert bare.ways_out(2) == bare.remedies[:2]


def test_a_cause_that_is_taken_away_is_no_cure_by_a_change(plan, report):
    trial = trial_of(plan, ("the labels are shuffled", 8, {LABELS: (8, 8)}), (HIGH, 8, {LOWER: (7, 8)}))
    told = with_finding(report, verified(plan, trial))
    assert told.findings[0].ways_out()[0] == remedies(told)[LOWER]
    assert "(the cause taken away)" in page_as_markdown(plan, trial)
    text = " ".join(load_format("terminal").render([told]).split())
    assert "In a reproduction taking away what was put there cured: 8 of 8" in text


def test_the_json_report_fits_its_schema_and_has_the_differences_with_each_remedy(tried, plan):
    tree = json.loads(load_format("json").render([tried]))
    jsonschema.Draft202012Validator(json_schema()).validate(tree)
    finding = tree["reports"][0]["findings"][0]
    attempt = finding["remedies"][LONGER]["verified"]
    assert attempt["cures"] is True
    assert attempt["attempts"][0] | {"p": 0} == {
        "cause": REPORTED, "cured": 8, "runs": 8, "interval": attempt["attempts"][0]["interval"], "p": 0, "cures": True,
        "times": 1,
    }  # fmt: skip
    assert attempt["differences"] == list(plan.differences)
    assert finding["remedies"][LABELS]["verified"] is None
    assert finding["reproduction"]["reproduced"] is True
    assert [one["reproduces"] for one in finding["reproduction"]["causes"]] == [True, True, False]


def test_a_report_without_a_reproduction_is_as_it_always_was(report):
    finding = json.loads(load_format("json").render([report]))["reports"][0]["findings"][0]
    assert "reproduction" not in finding
    assert all(remedy["verified"] is None for remedy in finding["remedies"])


@pytest.mark.parametrize("form", ["terminal", "markdown", "comment"])
def test_the_written_reports_say_it_once_with_the_differences_and_name_no_cause(tried, form):
    text = " ".join(load_format(form).render([tried]).split())
    assert text.count("differences from your run") == 1
    assert "8 of 8 runs as good as sound ones (68 % to 100 %) when trained with the settings" in text
    assert "which of them it was in your run stays open" in text
    assert "it did not cure: 3 of 8" in text.replace("In a reproduction ", "")
    assert text.index("Train longer") < text.index("Lower the learning rate")


def test_the_explanation_says_it_and_so_does_the_pack(tried):
    pack = make_pack(tried)
    first = pack.of_kind("A")[0]
    assert first.text.startswith("Train longer")
    assert "in a reproduction it cured: 8 of 8 runs" in first.text
    text = as_markdown(write(pack))
    assert text.count("differences from your run") == 1
    assert "In a reproduction it cured: 8 of 8 runs as good as sound ones" in text
    line = next(line for line in prompt_of(pack)[-1]["content"].splitlines() if '"A1"' in line)
    # The words of a file are marked as data.
    assert re.search(r"of(?P<m>\S)4(?P=m)\(0(?P=m)%(?P=m)to(?P=m)49(?P=m)%\)", line)


@pytest.mark.parametrize(
    ("sentence", "mark"),
    [
        ("Training longer and raising the learning rate cured it in 8 of 8 runs.", "supported"),
        ("Training longer and raising the learning rate cured it in eight of eight runs.", "supported"),
        ("In the reproduction, lowering the learning rate and warming it up cured 7/8 runs.", "supported"),
        ("Lowering the learning rate cured 0 of 4 runs when trained with the reported settings.", "supported"),
        ("Weighting the classes did not help in the reproduction.", "supported"),
        ("Training longer and raising the learning rate cured it in 7 of 8 runs.", "contradicted"),
        ("Weighting the classes cured it in all runs.", "contradicted"),
        ("Lowering the learning rate cured it in every one of the runs.", "contradicted"),
        ("Weighting the classes cured it in 8 of 8 runs.", "contradicted"),
        ("Training longer and raising the learning rate cured 8 of 8 runs and will cure your run.", "unsupported"),
        ("Training longer and raising the learning rate cured 8 of 8 runs, as the data are clean.", "unsupported"),
        ("Training longer and raising the learning rate cured it in most runs.", "unsupported"),
        ("Checking the labels cured it in 8 of 8 runs.", "unsupported"),
    ],
)  # fmt: skip
def test_a_reply_about_what_was_tried_is_held_against_it(tried, sentence, mark):
    assert [checked.mark.value for checked in check_reply(tried, sentence)] == [mark]


def test_without_a_reproduction_a_reply_cannot_claim_one(report):
    said = "Training longer and raising the learning rate cured it in 8 of 8 runs."
    assert [checked.mark.value for checked in check_reply(report, said)] == ["unsupported"]


def test_the_outcome_comes_back_from_its_file(report, tried, tmp_path):
    finding = next(f for f in tried.findings if f.reproduction is not None)
    (tmp_path / OUTCOME).write_text(outcome(report, finding), encoding="utf-8")
    assert with_reproductions([report], [str(tmp_path)]) == [tried]


@pytest.fixture
def kept(tmp_path):
    """Return a folder with an outcome for the rules as they are: their first remedy cured."""
    read = diagnose(PASTE)
    plan = make_plan(read)
    finding = verified(plan, trial_of(plan, (HIGH, 8, {0: (8, 8)})))
    (tmp_path / OUTCOME).write_text(outcome(read, finding), encoding="utf-8")
    return tmp_path


def test_the_commands_tell_it_and_the_status_stays(kept, capsys):
    status = main([str(PASTE)])
    capsys.readouterr()
    assert main([str(PASTE), "--reproduction", str(kept)]) == status == 1
    assert "Reproduced: it happened" in capsys.readouterr().out
    assert main(["explain", str(PASTE), "--reproduction", str(kept)]) == status
    assert "In a reproduction it cured" in " ".join(capsys.readouterr().out.split())
    assert main(["prompt", str(PASTE), "--reproduction", str(kept)]) == 0
    assert re.search(r"in(\S)a\1reproduction\1it\1cured", capsys.readouterr().out)


def test_the_outcome_of_other_numbers_is_refused_in_one_line(kept, capsys, tmp_path):
    changed = tmp_path / "paste.txt"
    changed.write_text(PASTE.read_text(encoding="utf-8").replace("3.1345", "3.1346"), encoding="utf-8")
    assert main([str(changed), "--reproduction", str(kept)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "another report" in err


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema": "diagnose-outcome/2"}', '{"schema": "diagnose-outcome/1"}']
)
def test_what_is_no_outcome_is_refused(report, tmp_path, text):
    (tmp_path / OUTCOME).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="is not the outcome of a reproduction"):
        with_reproductions([report], [str(tmp_path)])
    with pytest.raises(UsageError, match="cannot be read"):
        with_reproductions([report], [str(tmp_path / "elsewhere")])


def test_a_strangers_outcome_cannot_steer_the_terminal(kept):
    """What a folder of somebody else says is cleaned like any other string of a file."""
    text = (kept / OUTCOME).read_text(encoding="utf-8").replace("50 times too high", "\\u001b[31mhigh\\u202e <b>")
    (kept / OUTCOME).write_text(text, encoding="utf-8")
    (told,) = with_reproductions([diagnose(PASTE)], [str(kept)])
    for form in ("terminal", "markdown"):
        shown = load_format(form).render([told])
        assert "\x1b[31m" not in shown
        assert "\u202e" not in shown
        assert form == "terminal" or "\\<b\\>" in shown


def test_one_failing_cause_is_not_told_as_the_runs_own(plan, report):
    trial = trial_of(plan, (HIGH, 8, {LOWER: (8, 8)}))
    told = " ".join(conclusion(plan, trial))
    assert "does not prove that it was so in your run" in told
    assert "To try first: Lower the learning rate and warm it up." in told
    text = load_format("markdown").render([with_finding(report, verified(plan, trial))])
    assert "your run may have another cause" in text


def test_several_failing_causes_stay_open_and_the_first_to_try_is_what_cured_most(plan):
    trial = trial_of(plan, (REPORTED, 8, {LONGER: (8, 8), LOWER: (7, 8)}), (HIGH, 8, {LOWER: (7, 8)}))
    told = " ".join(conclusion(plan, trial))
    assert "stays open; a cure does not prove one" in told
    assert "To try first: Lower the learning rate and warm it up. It cures 2 of the 2." in told
    titles = [row.title for row in rows(trial)]
    assert titles[:5] == ["sound settings", REPORTED, "the same with other seeds", plan.remedies[LONGER].title, plan.remedies[LOWER].title]  # fmt: skip  # noqa: E501  # the order is the point


def test_what_is_not_reproduced_is_said_in_every_place(plan, report):
    trial = trial_of(plan, (HIGH, 1, {}), ("the labels are shuffled", 0, {}), unfinished=("imbalance",))
    assert "was not reproduced: of 2 causes tried, none" in " ".join(conclusion(plan, trial))
    told = with_finding(report, verified(plan, trial))
    assert "Not reproduced: of 2 causes that were tried" in load_format("markdown").render([told])
    assert "The budget ended before all was tried" in as_markdown(write(make_pack(told)))


def test_sound_runs_that_learn_nothing_settle_nothing(plan, report):
    trial = trial_of(plan, (HIGH, 8, {LOWER: (8, 8)}), control=3)
    assert "nothing can be said" in " ".join(conclusion(plan, trial))
    told = with_finding(report, verified(plan, trial))
    assert "it says nothing" in load_format("markdown").render([told])


def test_runs_that_died_are_told(plan):
    trial = trial_of(plan, (HIGH, 0, {}))
    dead = runs_of(Kind.FAILURE, HIGH, 0, 0, errors=("out of memory",) * 2)
    assert "2 runs died: out of memory." in list(conclusion(plan, trial._replace(hypotheses=((dead,),))))


def test_the_page_has_the_same_cells_in_both_forms(plan, trial):
    terminal, markdown = as_terminal(plan, trial, PLAIN), page_as_markdown(plan, trial)
    for cell in ("7/8", "68% to 100%", "< 0.001", "0/4"):
        assert cell in terminal
        assert cell in markdown
    assert markdown.count("\n| ") == 2 + len(list(rows(trial)))


def test_the_picture_has_a_mark_for_each_arm_that_ran(plan, trial):
    pytest.importorskip("matplotlib")
    empty = runs_of(Kind.REMEDY, "never run", 0, 0, remedy=plan.remedies[0])
    more = trial._replace(hypotheses=(*trial.hypotheses, (*trial.hypotheses[1], empty)))
    svg = picture("<title> & $x_1$", list(rows(more)))
    root = ET.fromstring(svg)  # noqa: S314  # our own
    marks = [g.get("id") for g in root.iter("{http://www.w3.org/2000/svg}g")]
    drawn = sum(row.runs > 0 for row in rows(more))
    assert marks.count("cured") == marks.count("failed") == marks.count("interval") == drawn
    assert "never run" not in svg
    assert picture("<title> & $x_1$", list(rows(more))) == svg


def test_a_dry_run_counts_its_arms_and_runs(plan):
    lines = dry_run(plan, seeds=8, workers=2).splitlines()
    causes = len(plan.hypotheses)
    assert any(f"{causes} failing arms with a placebo each" in line for line in lines)
    least = 8 * (1 + sum(bool(fault.needs) for fault, _ in plan.hypotheses)) + 4 * causes
    assert any(f"{least} runs where nothing fails" in line for line in lines)
    assert lines[-1].endswith("with 2 workers.")


def test_a_reproduction_changes_neither_verdict_nor_gate(tried, report):
    assert tried.verdict is report.verdict
    assert [replace(f, reproduction=None, remedies=()) for f in tried.findings] == [
        replace(f, remedies=()) for f in report.findings
    ]

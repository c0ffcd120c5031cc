"""The watch behind the training callbacks: when it warns, when it stops, what it writes, and what it survives."""

from __future__ import annotations

import json
import logging
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose import UsageError
from diagnose.integrations import _watching
from diagnose.integrations._watching import Watch
from diagnose.report import load_format

STEPS = 200
# Macro precision p/K, recall 1/K and F1 2p/((1+p)K) of a model that answers the class with p = 0.6 of the rows, K = 3.
COLLAPSED = {"eval_accuracy": 0.6, "eval_precision": 0.2, "eval_recall": 1 / 3, "eval_f1": 0.25}
SOUND = {"eval_accuracy": 0.931234, "eval_precision": 0.921234, "eval_recall": 0.911234, "eval_f1": 0.916234}


def watch_of(tmp_path, **options):
    return Watch(folder=tmp_path, settings={"max_steps": STEPS}, **options)


def step_of(watch, step, scores, loss=0.95, reach=None):
    """Give the watch one evaluation, with a training loss and a sample of the gradient before it."""
    watch.add({"loss": 1.0, "grad_norm": 0.7, "learning_rate": 1e-3, "step": step}, evaluation=False)
    if reach is not None:
        watch.sampled({"gradient_reach": reach}, step)
    watch.add({**scores, "eval_loss": loss, "step": step}, evaluation=True)
    return watch.look(step)


def warned(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_a_finding_is_warned_of_once_when_it_has_stood_in_two_evaluations(tmp_path, caplog):
    watch = watch_of(tmp_path)
    step_of(watch, 20, COLLAPSED)
    assert warned(caplog) == []
    for step in (40, 60, 80):
        step_of(watch, step, COLLAPSED)
    said = [text for text in warned(caplog) if "majority-class-collapse" in text]
    assert len(said) == 1
    assert said[0].startswith("step 40: error majority-class-collapse (implied): all predictions")


def test_a_finding_that_comes_and_goes_is_not_warned_of(tmp_path, caplog):
    watch = watch_of(tmp_path, ignore=["collapsed-at-times"])
    for step, scores in ((20, COLLAPSED), (40, SOUND), (60, COLLAPSED), (80, SOUND)):
        step_of(watch, step, scores)
    assert not any("majority-class-collapse" in text for text in warned(caplog))


def test_a_process_that_is_not_the_first_says_and_writes_nothing(tmp_path, caplog):
    watch = watch_of(tmp_path, speaks=False)
    for step in (20, 40, 60):
        step_of(watch, step, COLLAPSED)
    watch.finish(60)
    assert warned(caplog) == []
    assert list(tmp_path.iterdir()) == []


def test_a_collapsed_run_whose_gradient_has_vanished_is_stopped(tmp_path, caplog):
    watch = watch_of(tmp_path, stop_on="error")
    stops = [step_of(watch, step, COLLAPSED, reach=1e-6) for step in (20, 40, 60)]
    assert stops == [False, False, True]  # three samples of the gradient are asked for
    assert "the run is stopped, since its verdict is degenerate and in the last 3 samples" in warned(caplog)[-1]


@pytest.mark.parametrize(
    ("name", "options", "scores", "reach"),
    [
        ("nobody asked for stops", {}, COLLAPSED, 1e-6),
        ("the gradient is alive: the run may still learn", {"stop_on": "error"}, COLLAPSED, 0.4),
        ("the model is sound", {"stop_on": "error"}, SOUND, 1e-6),
        (
            "more patience is asked for than there were evaluations",
            {"stop_on": "error", "patience": 10},
            COLLAPSED,
            1e-6,
        ),
    ],
)
def test_a_run_is_not_stopped_where(tmp_path, name, options, scores, reach):
    watch = watch_of(tmp_path, **options)
    assert not any(step_of(watch, step, scores, reach=reach) for step in range(20, STEPS, 20)), name


def test_without_samples_a_run_is_stopped_late_and_only_when_its_loss_no_longer_falls(tmp_path):
    def stops(losses):
        watch = watch_of(tmp_path, stop_on="error")
        steps = range(20, STEPS + 1, 20)
        return [step for step, loss in zip(steps, losses, strict=True) if step_of(watch, step, COLLAPSED, loss=loss)]

    standing, falling = [0.95, *[0.96] * 9], [0.95 - 0.001 * i for i in range(10)]
    assert min(stops(standing)) == STEPS // 2
    assert stops(falling) == []


def test_a_run_with_a_task_that_learns_goes_on(tmp_path):
    watch = watch_of(tmp_path, stop_on="error")
    for step in range(20, STEPS, 20):
        watch.sampled({"gradient_reach": 1e-6}, step)
        for task, scores in (("mnli", COLLAPSED), ("rte", SOUND)):
            row = {name.replace("eval_", f"eval_{task}_"): value for name, value in scores.items()}
            watch.add({**row, "step": step}, evaluation=True)
        assert not watch.look(step)


def test_a_loss_that_is_no_number_asks_for_a_look_at_once_and_stops_the_run(tmp_path):
    watch = watch_of(tmp_path, stop_on="error")
    asked = [
        watch.add({"loss": math.nan, "grad_norm": math.nan, "step": s}, evaluation=False) for s in range(10, 90, 10)
    ]
    assert asked == [True] * 4 + [False] * 4
    assert [watch.look(step) for step in (80, 90)] == [False, True]


def test_the_report_lies_beside_the_checkpoints_and_is_whole(tmp_path):
    folder = tmp_path / "out"
    watch = watch_of(folder)
    for step in (20, 40):
        step_of(watch, step, COLLAPSED)
    on_the_way = json.loads((folder / "diagnose.json").read_text(encoding="utf-8"))
    assert on_the_way["verdict"] == "degenerate"
    for step in (60, 80):
        step_of(watch, step, SOUND, loss=0.2)
    watch.finish(80)
    at_the_end = json.loads((folder / "diagnose.json").read_text(encoding="utf-8"))
    assert [row["step"] for row in at_the_end["reports"][0]["runs"][0]["evaluations"]] == [20, 40, 60, 80]
    assert at_the_end["verdict"] != "degenerate"
    assert (folder / "diagnose.md").read_text(encoding="utf-8").startswith("## out")
    assert sorted(path.name for path in folder.iterdir()) == ["diagnose.json", "diagnose.md"]


def test_what_is_said_of_a_run_s_end_is_not_said_of_its_middle_nor_of_an_end_of_our_making(tmp_path):
    watch = watch_of(tmp_path, stop_on="error")
    for step in (20, 40, 60):
        step_of(watch, step, COLLAPSED, loss=1.0 - step / 1000, reach=1e-6)
    watch.finish(60)
    rules = {f["rule"] for f in json.loads((tmp_path / "diagnose.json").read_text())["reports"][0]["findings"]}
    assert "majority-class-collapse" in rules
    assert "truncated-run" not in rules


def test_a_fault_in_the_judging_costs_the_run_nothing(tmp_path, monkeypatch, caplog):
    def broken(*_, **__):
        raise ZeroDivisionError

    watch = watch_of(tmp_path, stop_on="error")
    monkeypatch.setattr(_watching, "check_text", broken)
    assert step_of(watch, 20, COLLAPSED) is False
    watch.finish(20)
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


def test_a_run_without_any_metric_yet_is_let_be(tmp_path, caplog):
    assert watch_of(tmp_path, stop_on="error").look(0) is False
    assert caplog.records == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stop_on": "eror"}, "stop_on='eror' is not known"),
        ({"patience": 0}, "patience=0"),
        ({"ignore": ["overfiting"]}, "did you mean 'overfitting'"),
    ],
)
def test_a_wrong_option_is_said_before_the_run_begins(options, message):
    with pytest.raises(UsageError, match=message):
        Watch(**options)


def test_single_precision_is_written_with_the_digits_that_are_sure(tmp_path):
    """0.6 in float32 is 0.60000002384: six digits of it, with their zeros, so that they count."""
    watch = watch_of(tmp_path)
    watch.add({"val_accuracy": 0.6000000238418579, "val_loss": 123456.0, "step": 7}, evaluation=True, single=True)
    watch.add({"val_accuracy": 1.0, "val_loss": math.inf, "step": 8}, evaluation=True, single=True)
    report = watch._judge((9, 9), ())
    texts = [{name: value.text for name, value in row.metrics.items()} for row in report.runs[0].evaluations]
    assert texts == [{"accuracy": "0.600000", "loss": "123456.0"}, {"accuracy": "1.00000", "loss": "Infinity"}]


def test_a_long_history_is_judged_by_its_late_rows_and_some_of_the_early_ones(tmp_path):
    watch = watch_of(tmp_path)
    for step in range(1, 5001):
        watch.add({"loss": 1 / step, "step": step}, evaluation=False)
    steps = [point.step for point in watch._judge((200, 40), ()).runs[0].training]
    assert len(steps) == 200
    assert steps[0] == 1
    assert steps[-100:] == list(range(4901, 5001))


@given(st.integers(0, 300), st.integers(2, 50))
def test_thinning_keeps_the_order_the_first_and_the_late_rows(length, most):
    rows = [(i, str(i)) for i in range(length)]
    kept = list(_watching._thinned(rows, most))
    assert kept == sorted(set(kept))
    assert len(kept) == min(length, most)
    assert kept[:1] == rows[:1]
    assert length <= most or kept[most - most // 2 :] == rows[length - most // 2 :]


@given(st.floats(width=32))
def test_a_number_in_single_precision_is_json_and_near_what_it_was(number):
    read = json.loads(_watching._text(number, single=True))
    assert read == pytest.approx(number, rel=1e-5, nan_ok=True)


def test_a_history_goes_through_a_checkpoint(tmp_path):
    before = watch_of(tmp_path)
    for step in (20, 40):
        step_of(before, step, COLLAPSED, reach=1e-6)
    after = watch_of(tmp_path, stop_on="error")
    after.restore(json.loads(json.dumps(before.history())))
    step_of(after, 60, COLLAPSED, reach=1e-6)
    assert len(after._judge((200, 40), ()).runs[0].evaluations) == 3


def test_the_report_is_that_of_the_same_history_in_a_file(tmp_path):
    """There is no second judgement: a trainer_state.json of the same rows gives the same findings."""
    from diagnose import check_text

    watch = watch_of(tmp_path)
    rows = []
    for step in (20, 40, 60):
        rows.append({**COLLAPSED, "eval_loss": 0.95, "step": step})
        watch.add(rows[-1], evaluation=True)
    text = json.dumps({"max_steps": STEPS, "log_history": rows})
    ours = load_format("json").render([watch._judge((200, 40), ())])
    assert ours == load_format("json").render([check_text(text, name=tmp_path.name)])

"""A reproduction on the user's own model and data: settings as reported, nothing that only made data can have."""

from __future__ import annotations

import csv
import json
import random
from importlib.util import find_spec
from pathlib import Path

import pytest

from diagnose import check_text, diagnose
from diagnose.cli import main
from diagnose.commands import reproduce as command
from diagnose.errors import UsageError
from diagnose.reproduce import own
from diagnose.reproduce.arms import Arm, Kind, Trial, failure_of, remedy_arms
from diagnose.reproduce.arms import Tested as ArmOf
from diagnose.reproduce.faults import get
from diagnose.reproduce.outcome import Result, judged
from diagnose.reproduce.own import Own, on_own_data
from diagnose.reproduce.plan import make_plan

FIXTURES = Path(__file__).parents[2] / "fixtures"
COLLAPSED = "accuracy 0.6, macro precision 0.3, macro recall 0.5, macro f1 0.375"
SETTINGS = """
learning_rate: 1e-3
num_train_epochs: 2
train_batch_size: 128
gradient_accumulation_steps: 2
lr_scheduler_type: polynomial
fp16: True
"""


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("text,label\na,b\n", encoding="utf-8")
    return path


def plan_of(text, data, **more):
    report = check_text(text)
    return on_own_data(make_plan(report), report.runs[0], Own("some/model", str(data), **more))


def test_settings_are_taken_as_reported_and_the_sound_ones_are_the_usual(data):
    plan = plan_of(COLLAPSED + SETTINGS, data)
    assert plan.sound["model"] == {"checkpoint": "some/model"}
    assert plan.sound["data"] == {"train": str(data), "text": "text", "label": "label"}
    assert plan.sound["args"]["learning_rate"] == 2e-5
    fault, reported = plan.hypotheses[0]
    assert fault.title == "trained with the settings that the run reports"
    assert reported["args"]["learning_rate"] == 1e-3
    assert reported["args"]["num_train_epochs"] == 2
    assert reported["args"]["per_device_train_batch_size"] * reported["args"]["gradient_accumulation_steps"] == 256
    assert reported["args"]["warmup_ratio"] == 0.1
    told = " ".join(plan.differences)
    assert "lr_scheduler_type = polynomial" in told
    assert "fp16 = True" in told
    assert "made task" not in told


def test_only_faults_and_remedies_of_settings_are_tried(data):
    plan = plan_of(COLLAPSED, data)
    assert plan.hypotheses
    for fault, _ in plan.hypotheses:
        failing = failure_of(fault, plan.sound)
        assert failing.spec["data"] == plan.sound["data"]
        assert failing.spec["model"] == plan.sound["model"]
        for arm in remedy_arms(plan, failing, plan.sound):
            assert arm.spec["data"] == plan.sound["data"]
    high = next(failure_of(f, s) for f, s in plan.hypotheses if f.name == "learning-rate-too-high")
    assert get(high.spec, "args.learning_rate") == pytest.approx(1e-3)
    assert any("bias_correction = false" in fault.title for fault, _ in plan.hypotheses)
    assert "no settings" in " ".join(plan.differences)


def test_every_specification_is_one_that_the_training_module_takes(data):
    spec = pytest.importorskip("diagnose.train.spec")
    plan = plan_of(COLLAPSED + SETTINGS, data, evaluation=str(data))
    for fault, made in plan.hypotheses:
        failing = failure_of(fault, made)
        for arm in (failing, *remedy_arms(plan, failing, plan.sound)):
            assert spec.Spec.model_validate({**arm.spec, "output": "x"}).model.checkpoint == "some/model"


def test_another_kind_of_task_and_a_missing_file_are_refused(data, tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        plan_of(COLLAPSED, tmp_path / "gone.csv")
    with pytest.raises(UsageError, match="no such file"):
        plan_of(COLLAPSED, data, evaluation="gone.csv")
    report = check_text(COLLAPSED)
    with pytest.raises(UsageError, match="report of lm"):
        on_own_data(make_plan(report)._replace(task="lm"), report.runs[0], Own("m", str(data)))


def test_the_chance_level_is_that_of_the_classes_in_the_runs_own_table(tmp_path):
    """Half of the way from chance to perfect among four classes, which no specification names."""
    results = {"eval_macro_recall": 0.625, "eval_accuracy": 0.7, "eval_loss": 0.9}
    (tmp_path / "all_results.json").write_text(json.dumps(results), encoding="utf-8")
    row = {"precision": 0.6, "recall": 0.625, "f1-score": 0.6, "support": 25}
    table = {**dict.fromkeys("abcd", row), "accuracy": 0.7, "macro avg": row, "weighted avg": row}
    (tmp_path / "classification_report.json").write_text(json.dumps(table), encoding="utf-8")
    assert judged(tmp_path, "classification", None).skill == pytest.approx(0.5)


@pytest.mark.parametrize(
    "words", [["--model", "m"], ["--data", "d.csv"], ["--eval-data", "d.csv"], ["--model", "m", "--data", "gone.csv"]]
)
def test_half_of_what_is_needed_is_one_line(words, capsys):
    paste = FIXTURES / "classification" / "constant-under-macro-averages" / "paste.txt"
    assert main(["reproduce", str(paste), *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def made_trial(plan, cured):
    """Make a trial without running it: the first cause fails, and the first remedy cures so many of 8."""

    def runs(kind, title, good, failed=0, remedy=None):
        results = tuple(Result(Path(), 0.9, ()) for _ in range(8))
        return ArmOf(Arm(kind, title, {}, None, remedy), results, failed, good)

    remedy = runs(Kind.REMEDY, plan.remedies[0].title, cured, remedy=plan.remedies[0])
    group = (runs(Kind.FAILURE, plan.hypotheses[0][0].title, 0, failed=8), remedy)
    return Trial(runs(Kind.CONTROL, "sound settings", 8), (group,), (), 1.0)


@pytest.mark.skipif(find_spec("torch") is None, reason="the command wants it, and importing it here takes seconds")
@pytest.mark.parametrize("form", ["terminal", "markdown", "json"])
def test_the_command_leaves_the_outcome_and_the_picture(form, tmp_path, monkeypatch, capsys):
    pytest.importorskip("scipy")
    monkeypatch.setattr(command, "_carried_out", lambda plan, *_: made_trial(plan, 8))
    monkeypatch.setattr(command, "_draw", lambda *_: (tmp_path / "outcome.svg").write_text("drawn"))
    paste = FIXTURES / "classification" / "constant-under-macro-averages" / "paste.txt"
    assert main(["reproduce", str(paste), "--format", form, "--folder", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert (tmp_path / "outcome.svg").exists()
    assert json.loads((tmp_path / "outcome.json").read_text(encoding="utf-8"))["rule"] == "majority-class-collapse"
    if form == "json":
        remedy = json.loads(out)["reports"][0]["findings"][0]["remedies"][0]
        assert remedy["verified"]["attempts"][0]["cured"] == 8
        assert main([str(paste), "--reproduction", str(tmp_path), "--format", "json"]) == 1
        assert capsys.readouterr().out == out
    else:
        assert "8/8" in out


@pytest.mark.skipif(find_spec("torch") is None, reason="as above")
def test_a_run_that_cannot_begin_is_one_line_and_leaves_no_outcome(tmp_path, monkeypatch, capsys):
    dead = ArmOf(Arm(Kind.CONTROL, "sound settings", {}), (), 0, 0, ("no such checkpoint: some/model",) * 8)
    monkeypatch.setattr(command, "_carried_out", lambda *_: Trial(dead, (), (), 1.0))
    paste = FIXTURES / "classification" / "constant-under-macro-averages" / "paste.txt"
    assert main(["reproduce", str(paste), "--folder", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "no such checkpoint: some/model" in err
    assert not (tmp_path / "outcome.json").exists()


def tiny_checkpoint(folder):
    """Save a BERT of two narrow layers with random weights, and a tokenizer of 64 words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(0)
    words = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", *(f"w{i}" for i in range(60))]
    tokens = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))  # noqa: S106  # a word
    tokens.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [("[CLS]", 1), ("[SEP]", 2)]
    tokens.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "cls", "sep", "unk")}
    PreTrainedTokenizerFast(tokenizer_object=tokens, **special).save_pretrained(folder)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = BertConfig(vocab_size=len(words), max_position_embeddings=64, initializer_range=0.2, **sizes)
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    BertModel(config).save_pretrained(folder)


@pytest.mark.slow
def test_a_collapse_is_reproduced_and_cured_on_a_checkpoint_and_files(tmp_path, monkeypatch, capsys):
    """Random weights need a larger sound rate than pretrained ones; 300 rows are learnt in seconds."""
    pytest.importorskip("torch")
    rng = random.Random(0)  # noqa: S311  # no secret
    for name, rows in (("train", 300), ("eval", 150)):
        with (tmp_path / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["sentence", "mood"])
            for _ in range(rows):
                good = rng.random() < 0.6
                noise = [f"w{rng.randrange(20, 60)}" for _ in range(8)]
                noise[rng.randrange(8)] = noise[rng.randrange(8)] = "w0" if good else "w10"
                table.writerow([" ".join(noise), "good" if good else "bad"])
    tiny_checkpoint(tmp_path / "model")
    monkeypatch.setitem(own._SOUND, "learning_rate", 5e-3)
    metrics = tmp_path / "metrics.txt"
    metrics.write_text(f"{COLLAPSED}\nlearning_rate: 0.3\nnum_train_epochs: 3\n", encoding="utf-8")
    words = ["--model", str(tmp_path / "model"), "--data", str(tmp_path / "train.csv")]
    words += ["--eval-data", str(tmp_path / "eval.csv"), "--text-column", "sentence", "--label-column", "mood"]
    words += ["--seeds", "4", "--workers", "1", "--minutes", "6", "--folder", str(tmp_path / "out")]
    assert main(["reproduce", str(metrics), *words, "--format", "json"]) == 0
    finding = json.loads(capsys.readouterr().out)["reports"][0]["findings"][0]
    first = finding["reproduction"]["causes"][0]
    assert first["cause"] == "trained with the settings that the run reports"
    assert first["reproduces"] is True
    lower = finding["remedies"][0]
    assert "learning rate" in lower["title"]
    assert lower["verified"]["attempts"][0]["cured"] >= 3


def test_the_regression_card_keeps_its_rate(data):
    report = diagnose(FIXTURES / "regression" / "wandering-constant-card")
    plan = on_own_data(make_plan(report), report.runs[0], Own("some/model", str(data)))
    args = plan.hypotheses[0][1]["args"]
    assert (args["learning_rate"], args["num_train_epochs"]) == (4e-5, 1)
    assert args["per_device_train_batch_size"] * args["gradient_accumulation_steps"] == 64

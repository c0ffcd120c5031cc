"""The text readers on real files, where the collection of them is at hand."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from diagnose.errors import UnreadableInputError
from diagnose.readers import read

SHARED = Path(__file__).resolve().parents[3] / "shared"
FORMATS = ("forum_posts", "hf_eval_txt", "sklearn_report_text", "console_log", "flair", "asr_results", "not_metrics")
FILES = [path for name in FORMATS for path in sorted((SHARED / "corpus" / name).glob("*"))]

pytestmark = pytest.mark.skipif(not FILES, reason="the collection of real files is not here")


def test_the_pasted_chat_answer_holds_seven_figures():
    (run,) = read(str(SHARED / "seeds" / "pasted-chat-answer.txt"))
    (evaluation,) = run.evaluations
    assert {name: (value.text, value.at) for name, value in evaluation.metrics.items()} == {
        "loss": ("3.1345", "line 7"),
        "accuracy": ("56.4", "line 10"),
        "precision": ("0.0011", "line 16"),
        "recall": ("0.00195", "line 19"),
        "f1": ("0.0014", "line 22"),
        "runtime": ("2215", "line 29"),
        "samples_per_second": ("1.276", "line 30"),
    }
    assert run.setting("num_train_epochs") == 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}"[:80])
def test_no_file_takes_long_or_ends_in_a_traceback(path):
    started = time.process_time()
    try:
        runs = read(str(path))
    except UnreadableInputError:
        runs = []
    assert time.process_time() - started < 3
    for run in runs:
        assert run.evaluations or run.training


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.parent.name == "hf_eval_txt"], ids=lambda p: p.name[:60]
)
def test_every_line_of_an_eval_results_txt_is_read(path):
    lines = [line.split(" = ") for line in path.read_text().splitlines() if " = " in line]
    (run,) = read(str(path))
    (evaluation,) = run.evaluations
    assert sorted((v.key, v.text) for v in evaluation.metrics.values()) == sorted(
        (k.strip(), v.strip()) for k, v in lines
    )

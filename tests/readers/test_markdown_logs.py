"""Run logs: headings that name runs, tasks, splits and classes; statements; remarks on tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.readers import read, read_text
from diagnose.readers.blocks import commentary, plans, statements
from diagnose.readers.headings import Context, context, is_plan, run_in, split_in, task_in
from diagnose.readers.page import Page

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"


def page(text: str) -> Page:
    """Return a page of `text`."""
    return Page("log.md", text.splitlines())


def contexts(text: str) -> dict[str, Context]:
    """Return the context of each line that holds a letter, by the line."""
    here = page(text)
    return {line: context(here, i) for i, line in enumerate(here.lines) if line.strip()}


@pytest.mark.parametrize(
    ("text", "run"),
    [
        ("RUN #2 - BALANCED", "Run #2"),
        ("run 2", "Run #2"),
        ("Experiment “3b”", "Experiment 3b"),
        ("Run: brave-otter-7", "brave-otter-7"),
        ("Changes from Run #1", None),
        ("Running the code", None),
    ],
)
def test_a_run_named_in_a_heading(text, run):
    assert run_in(text) == run


@pytest.mark.parametrize(
    ("text", "split"),
    [("Results on the test set", "test"), ("Validation Metrics", "eval"), ("Training results", None), ("Tests", None)],
)
def test_a_split_named_in_a_heading(text, split):
    assert split_in(text) == split


def test_plans_are_told_from_results():
    assert is_plan("RECOMMENDED ACTIONS FOR RUN #3")
    assert is_plan("Run 3: expected outcomes")
    assert not is_plan("Expected calibration error")
    assert not is_plan("Planned and actual results")


def test_the_title_of_a_document_makes_no_plan_of_it():
    here = page("# Goals of the season\n\n## Future\nF1: 0.9\n\n## Model\nF1: 0.5")
    assert list(plans.extract(here)) == []
    assert [line for _, line in here.open_lines()] == ["# Goals of the season", "## Model", "F1: 0.5"]


def test_the_task_is_what_a_heading_has_of_its_own():
    assert task_in("SENTIMENT ANALYSIS (3 Classes) - RUN #2") == "sentiment"
    assert task_in("Overall Results") is None


def test_sections_built_alike_are_tasks_runs_or_classes():
    text = """\
# Log
## Topic analysis
| Metric | Value |
|---|---|
| F1 | 0.5 |
## Stance analysis
| Metric | Value |
|---|---|
| F1 | 0.6 |
## Remarks
nothing
"""
    found = contexts(text)
    assert found["| F1 | 0.5 |"] == Context(task="topic")
    assert found["| F1 | 0.6 |"] == Context(task="stance")
    assert found["nothing"] == Context()
    classes = contexts("## Class 0\n- recall: 0.5\n## Class macro avg\n- recall: 0.7")
    assert [c.label for c in classes.values()] == ["0", "0", "macro avg", "macro avg"]
    models = contexts("### 1. Random forest\naccuracy: 0.5\n### 2. SVM\naccuracy: 0.7")
    assert models["accuracy: 0.7"].run == "SVM"


def test_one_section_alone_is_no_task():
    assert contexts("## Topic analysis\naccuracy: 0.5")["accuracy: 0.5"] == Context()


def test_what_is_done_after_training_is_a_task_of_its_own():
    assert contexts("## Calibration results\nECE: 0.1")["ECE: 0.1"].task == "calibration"


def test_statements_of_a_log_become_settings():
    text = "- **Epoch 3:** Best validation F1 (41.2%) reached\n- Early stopping at epoch 9/20 with a patience of 6"
    (record,) = statements.extract(page(text))
    assert record.role == "config"
    assert {cell.key: cell.text for cell in record.cells} == {
        "best_epoch": "3",
        "best validation F1": "41.2%",
        "stopped_epoch": "9",
        "num_train_epochs": "20",
        "early_stopping_patience": "6",
    }


def test_a_change_gives_the_figure_afterwards_and_the_one_before():
    after, before = statements.extract(page("## Calibration\nTEST F1: 0.20 → 0.25 (+0.05)"))
    assert (after.task, after.cells[0].text) == ("calibration", "0.25")
    assert (before.task, before.cells[0].text) == ("before calibration", "0.20")
    (same,) = statements.extract(page("Accuracy: 0.5 -> 0.5"))
    assert same.cells[0].text == "0.5"
    assert list(statements.extract(page("learning rate: 1e-3 -> 1e-4"))) == []


def test_remarks_on_tables_are_claimed_and_plain_results_stay():
    text = """\
| Metric | Value |
|---|---|
| F1 | 0.5 |

F1: 0.6 (was ~0.4) = a gain of 0.2

- Current F1: 0.4
- Target: 0.9

Test set:
- accuracy: 0.7
- F1: 0.6

```
F1: 0.3
```
"""
    here = page(text)
    here.tables = [0]
    here.claim(0, 3)
    assert list(commentary.extract(here)) == []
    left = [line for _, line in here.open_lines()]
    assert left == ["Test set:", "- accuracy: 0.7", "- F1: 0.6", "```", "F1: 0.3", "```"]
    assert [entry.reason for entry in here.unread] == ["remarks on the tables, 3 lines"]


def test_a_log_of_two_runs_and_two_tasks():
    """Each run has its tasks, a repeated figure merges with its longer form, and a plan or remark adds nothing."""
    text = """\
# Training log

## RUN #2 (CURRENT)

| Metric | Run #2 | Run #1 | Change | Target |
|---|---|---|---|---|
| **Overall Macro-F1** | 52.0% | 50.1% | +1.9% | 70.0% |
| Topic F1 | 40.6% | 39.0% | +1.6% | 70.0% |
| Stance F1 | 63.4% | 61.2% | +2.2% | 70.0% |

### TOPIC ANALYSIS - RUN #2

| Metric | Run #2 | Run #1 |
|---|---|---|
| Accuracy | 45.12% | ~44% |
| F1-Score | 40.61% | 39.02% |

| Class | Precision | Recall | F1 | Support | Run #1 F1 |
|---|---|---|---|---|---|
| a | 50.00% | 40.00% | 44.44% | 10 | ~40% |
| b | 35.00% | 38.89% | 36.84% | 18 | ~38% |

- F1: 36.8% (was ~38%) = a drop

### STANCE ANALYSIS - RUN #2

| Metric | Run #2 | Run #1 |
|---|---|---|
| Accuracy | 65.00% | 60.00% |
| F1-Score | 63.42% | 61.19% |

### Next steps for run #3

Macro-F1: 60%
"""
    two, one = read_text(text)
    assert (two.name, one.name) == ("Run #2", "Run #1")
    found = {evaluation.task: evaluation for evaluation in two.evaluations}
    assert set(found) == {None, "topic", "stance"}
    assert found[None].metrics["macro_f1"].text == "52.0"
    assert found[None].metrics["target.macro_f1"].text == "70.0"
    assert found["topic"].metrics["f1"].text == "40.61"
    assert [row.label for row in found["topic"].classes] == ["a", "b"]
    before = {evaluation.task: evaluation for evaluation in one.evaluations}
    assert before["topic"].metrics["accuracy"].approximate
    assert [row.metrics["f1"].text for row in before["topic"].classes] == ["40", "38"]


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the collected files are not here")
def test_the_two_task_log_end_to_end():
    """Both runs, both tasks, the class tables, the targets, the ten settings and the calibration are there."""
    two, one = read(str(SEEDS / "two-task-run-log.md"))
    found = {evaluation.task: evaluation for evaluation in two.evaluations}
    assert set(found) == {None, "sentiment", "polarization", "calibration"}
    assert {name: value.text for name, value in found["sentiment"].metrics.items()} == {
        "f1": "65.64",
        "target.f1": "75.00",
        "accuracy": "64.08",
        "precision": "67.21",
        "recall": "70.38",
    }
    assert [row.metrics["support"].number for row in found["polarization"].classes] == [435, 90, 970]
    assert found["calibration"].metrics["macro_f1"].text == "0.150"
    assert "untrained-head" in two.text_flags
    assert "untrained-head" not in one.text_flags
    changed = [name for name in one.config if name in two.config and name != "stopped_epoch"]
    assert len(changed) >= 10
    assert two.setting("best_epoch") == 7
    assert (two.setting("stopped_epoch"), two.setting("num_train_epochs")) == (17, 18)
    assert two.setting("early_stopping_patience") == 9
    assert {e.task: sorted(e.metrics) for e in one.evaluations}[None] == ["macro_f1"]
    assert all(row.metrics["f1"].approximate for e in one.evaluations for row in e.classes)

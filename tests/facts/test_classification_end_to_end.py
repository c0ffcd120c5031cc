"""Texts in, findings out: what a person pastes about a classifier, and what must be said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from diagnose.api import check_text, diagnose
from diagnose.types import Proof, Severity, Verdict

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed documents are not beside the checkout")


def said(report):
    """Return the names of the findings and of what they list as consequences."""
    return {name for finding in report.findings for name in (finding.rule, *finding.consequences)}


def errors(report):
    """Return the names of the findings that are errors, consequences left out."""
    return [finding.rule for finding in report.findings if finding.severity is Severity.ERROR]


ZERO = """epoch 1: precision 0.0, recall 0.0, f1 0.0, accuracy 0.758
epoch 2: precision 0.0, recall 0.0, f1 0.0, accuracy 0.758
epoch 3: precision 0.0, recall 0.0, f1 0.0, accuracy 0.758
"""
REPORT = """              precision    recall  f1-score   support

        calm       0.65      1.00      0.79       130
       angry       0.00      0.00      0.00        70

    accuracy                           0.65       200
   macro avg       0.33      0.50      0.39       200
weighted avg       0.42      0.65      0.51       200
"""


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (ZERO, "near-zero-precision-recall"),
        (
            '{"accuracy": 0.6125, "precision": 0.37515625, "recall": 0.6125, "f1": 0.4653100775193799}',
            "majority-class-collapse",
        ),
        ("{'mcc': 0.0, 'tp': 96, 'tn': 0, 'fp': 104, 'fn': 0, 'eval_loss': 0.6931}", "majority-class-collapse"),
        ("{'mcc': 0.0, 'tp': 0, 'tn': 900, 'fp': 0, 'fn': 100, 'eval_loss': 0.33}", "all-negative"),
        ("test_acc: 0.7100, test_f1: 0.2768", "majority-class-collapse"),
        (REPORT, "majority-class-collapse"),
    ],
)
def test_a_paste_of_a_collapsed_classifier_names_the_collapse(text, rule):
    report = check_text(text)
    assert rule in said(report)
    assert report.verdict is Verdict.DEGENERATE


def test_a_collapse_is_one_error():
    text = "accuracy: 0.5000\nprecision: 0.5000\nrecall: 1.0000\nf1: 0.6667\n"
    report = check_text(text)
    assert errors(report) == ["majority-class-collapse"]
    assert {"all-positive", "no-skill"} <= said(report)


@pytest.mark.parametrize(
    "text",
    [
        '{"eval_loss": 0.21, "eval_accuracy": 0.9312, "eval_f1": 0.9307, "eval_runtime": 9.1, "epoch": 3.0}',
        "accuracy: 0.8123\nprecision: 0.8011\nrecall: 0.7925\nf1: 0.7967\n",
        "eval_accuracy = 0.9871\neval_f1 = 0.9412\neval_precision = 0.9377\neval_recall = 0.9447\neval_loss = 0.0512",
        "Matthews correlation: 0.5713, loss: 0.83, accuracy: 0.8226",
    ],
)
def test_a_sound_classifier_gets_no_error(text):
    assert errors(check_text(text)) == []


@needs_seeds
def test_the_imbalanced_card():
    report = diagnose(SEEDS / "imbalanced-binary-card.md")
    assert {"accuracy-illusion"} <= said(report)
    assert errors(report) == []
    facts = {fact.name: fact for fact in report.facts if fact.scope.step is None}
    matrix = facts["confusion_matrix_up_to_factor"]
    assert sum(matrix.value.values()) == 234353
    assert matrix.proof is Proof.PROVED_IF
    assert facts["prevalence"].value == pytest.approx(0.013006, abs=1e-6)
    assert facts["majority_baseline_accuracy"].value == pytest.approx(0.98699, abs=1e-5)
    assert facts["lift_over_majority"].value == pytest.approx(0.0081, abs=1e-4)


@needs_seeds
def test_the_pasted_answer():
    report = diagnose(SEEDS / "pasted-chat-answer.txt")
    assert errors(report) == ["majority-class-collapse"]
    assert "near-zero-precision-recall" in said(report)
    collapse = next(f for f in report.findings if f.rule == "majority-class-collapse")
    assert collapse.proof is Proof.IMPLIED
    assert {q.assume for q in report.questions} >= {"averaging=macro", "classes=512"}

"""How a report's values, scopes, proofs and answers are written out, in both written formats alike."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.interval import parse_number
from diagnose.report._words import clean, listed
from diagnose.types import Proof

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.types import Finding, Question, Report, Scope, Unread, Value

__all__ = ["answer_form", "finding_place", "lacked", "option", "proof_words", "quote", "quote_unread", "where"]

_HISTORY = "several evaluations of one run"
# What to give, where the name of the missing fact (its first word) would not tell.
_LACKED = {
    "per_class": "a table of the classes",
    "dead_classes": "a table of the classes",
    "train_loss": "the training losses",
    "val_loss": "several evaluation losses",
    "val_metric": _HISTORY,
    "judged_by": _HISTORY,
    "best_step": _HISTORY,
    "last_step": _HISTORY,
    "reported_step": _HISTORY,
    "collapsed_rows": _HISTORY,
    "frozen_rows": _HISTORY,
    "still_rows": _HISTORY,
    "kept": _HISTORY,
    "selection": _HISTORY,
    "headline": _HISTORY,
    "stopping": "the settings of early stopping",
    "warmup": "the warm-up steps",
    "encoder_size": "the model's name",
    "progress": "the planned number of steps",
    "target_gap": "a target",
    "requirement": "a target",
    "gradient": "the gradient norms",
    "update_ratio": "the samples of a training callback",
    "dead_units": "the samples of a training callback",
    "magic_loss": "a loss",
    "auc": "an AUC",
    "comparison": "a run to compare with",
    "configuration_changes": "a run to compare with",
    "metric_difference": "a run to compare with",
    "throughput": "the runtime",
    "generation": "scores of generated text",
    "prf": "precision, recall and F1",
    "predicted_positive_share": "a confusion matrix",
    "signed_skill": "an AUC or a Matthews correlation",
    "beats_null": "what always answering one class would score",
    "lift_over_majority": "what always answering one class would score",
    "majority_share": "what always answering one class would score",
    "macro_gap": "a macro F1",
    "r2": "R2",
    "recomputed": "predictions, or a confusion matrix beside the metrics",
    "recalibration_gain": "R2 and Pearson's correlation",
}


def lacked(name: str) -> str:
    """Return what a reader would have to give for the fact of that name."""
    return _LACKED.get(name.partition(".")[0], name.replace("_", " ").replace(".", " "))


def quote(value: Value, report: Report) -> str:
    """Return a value as the input writes it, and where: eval_recall = 0.00195 (metrics.json, /eval_recall)."""
    place = _place(value.source, value.at, report)
    place = f" ({place})" if place else ""
    if parse_number(value.text) is None:  # words of a log
        return f'"{clean(value.text, 160)}"{place}'
    percent = "%" if value.scale != 1 else ""
    return f"{clean(value.key, 120)} = {clean(value.text, 60)}{percent}{place}"


def quote_unread(item: Unread, report: Report) -> str:
    return f"{_place(item.source, item.at, report)}: {clean(item.text, 100)}".strip(": ")


def _place(source: str, at: str, report: Report) -> str:
    """Return where something stands; the file goes without saying where the report has only one."""
    named = source if report.source != (source,) or not at else ""
    return ", ".join(clean(part, 200) for part in (named, at) if part)


def proof_words(proof: Proof, assumes: Iterable[str]) -> str:
    """Return the proof word, and the assumptions that it leans on."""
    named = ", ".join(dict.fromkeys(clean(assumption) for assumption in assumes))
    if proof is Proof.PROVED_IF:
        return f"proved if {named}"
    return f"{proof.value}, assuming {named}" if named else proof.value


def finding_place(report: Report, finding: Finding) -> str:
    """Return what a finding is about, with the steps where it was judged row by row."""
    steps = listed([f"{step:g}" for step in finding.steps], 6, "evaluation")
    place = where(report, replace(finding.scope, step=None))
    return ", ".join(part for part in (place, f"at step {steps}" if steps else "") if part)


def where(report: Report, scope: Scope) -> str:
    """Return what a scope names, leaving out what is the same for the whole report."""
    splits = {verdict.scope.split for verdict in report.verdicts}
    parts = (
        f"run {clean(scope.run, 80)}" if scope.run and len(report.runs) > 1 else "",
        f"task {clean(scope.task, 80)}" if scope.task else "",
        f"split {clean(scope.split, 80)}" if scope.split and len(splits) > 1 else "",
        f"class {clean(scope.label, 80)}" if scope.label else "",
        f"step {scope.step:g}" if scope.step is not None else "",
    )
    return ", ".join(part for part in parts if part)


def option(report: Report, question: Question) -> str:
    """Return `--assume NAME=VALUE`, the option that answers a question."""
    return f"--assume {shlex.quote(answer_form(report, question))}"


def answer_form(report: Report, question: Question) -> str:
    """Return `NAME=VALUE`, addressed to its task and split where the report has several."""
    scope, results = question.scope, [verdict.scope for verdict in report.verdicts]
    several = len({(s.task, s.split) for s in results}) > 1
    names = (scope.task or "", scope.split or "")
    address = ""
    if several and not any(sign in name for name in names for sign in "/:="):
        address = (f"{scope.task}/" if scope.task else "") + (f"{scope.split}:" if scope.split else "")
    return clean(address + question.assume)

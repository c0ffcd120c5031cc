"""From a Report to an experiment: a miniature of the run, and what could have made it fail."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.errors import UsageError
from diagnose.interval import Interval
from diagnose.reproduce.faults import Fault, Spec, faults, with_values
from diagnose.types import Severity

if TYPE_CHECKING:
    from diagnose.types import Fact, Finding, Remedy, Report, Run

__all__ = ["AS_REPORTED", "Plan", "make_plan"]

AS_REPORTED = Fault("as-reported", "trained with the settings that the run reports, scaled down", (), {}, {})

_MOST_CLASSES = 8
_ROWS, _EVAL_ROWS = 1000, 400
_BATCH = 32
_DEEPEST = 4  # layers: deeper transformers take longer than all the rest, and are for the laboratory
_MOST_EPOCHS = 8.0
_ALIKE = 0.9  # of the largest share: a run with 56 % in its largest class does not fail for having 95 % there
# What is usual for a pretrained encoder of that size, and does in the miniature what 2e-3 does.
_USUAL_RATE = {"large": 1e-5, "base": 2e-5}
_MINIATURE_RATE = 2e-3
_RATES = (1e-6, 100.0)


# By what metrics a task is known.
_METRICS = {
    "regression": {"mse", "rmse", "mae", "r2", "pearson", "spearman"},
    "lm": {"perplexity"},
    "tagging": {"entity_f1"},
    "multilabel": {"hamming_loss", "subset_accuracy"},
    "retrieval": {"recall_at_1", "mrr"},
}


class Plan(NamedTuple):
    """What is to be tried.

    finding: the failure to reproduce; sound: the miniature with settings that are known to work; hypotheses: what may
    have made it fail, each as a fault and the specification that it makes of the sound one; differences: in which the
    miniature is not the run, each in a sentence; remedies: of the finding, in their order.
    """

    finding: Finding
    task: str
    sound: Spec
    hypotheses: tuple[tuple[Fault, Spec], ...]
    differences: tuple[str, ...]
    remedies: tuple[Remedy, ...]


def make_plan(report: Report) -> Plan:
    """Plan the reproduction of a report's gravest finding; UsageError where it has none that training can make."""
    finding = next((f for f in report.findings if _named(f)), None)
    if finding is None:
        heavy = any(f.severity is not Severity.NOTE for f in report.findings)
        what = "no finding that a training run of ours can make" if heavy else "no error and no warning"
        raise UsageError(f"{', '.join(report.source)}: {what}, so there is nothing to reproduce")
    run = next(run for run in report.runs if run.name == finding.scope.run)
    facts = {fact.name: fact for fact in reversed(report.facts) if _sees(fact, finding)}
    task = _task(finding, run)
    data, told = _data(task, facts)
    args, told_args = _args(run, facts)
    sound: Spec = {"task": task, "data": data, "model": {"type": "llama"} if task == "lm" else {}, "args": {}}
    reported = with_values(sound, {f"args.{name}": value for name, value in args.items()})
    hypotheses = [(AS_REPORTED, reported)] if args else []
    hypotheses += [
        (fault, sound)
        for fault in _named(finding)
        if task in fault.task and not _is_deep(fault) and _may_be(fault, data)
    ]
    return Plan(finding, task, sound, tuple(hypotheses), (*told, *told_args), finding.remedies)


def _named(finding: Finding) -> list[Fault]:
    """Return the faults that a finding's remedies undo, the likeliest first."""
    names = dict.fromkeys(name for remedy in finding.remedies for name in remedy.undoes)
    return [faults()[name] for name in names]


def _is_deep(fault: Fault) -> bool:
    return fault.needs.get("model.layers", 0) > _DEEPEST and fault.needs.get("model.type") != "mlp"


def _may_be(fault: Fault, data: dict[str, Any]) -> bool:
    """Whether the known shares of the classes leave room for a fault that changes them."""
    changed = fault.change.get("data.shares", {}).get("set")
    return changed is None or "shares" not in data or data["shares"][0] >= _ALIKE * changed[0]


def _sees(fact: Fact, finding: Finding) -> bool:
    return (
        fact.scope.run == finding.scope.run
        and fact.scope.label is None
        and fact.scope.task in (None, finding.scope.task)
    )


def _task(finding: Finding, run: Run) -> str:
    """Return the kind of task: that of the metrics; a finding about a constant without classes is a regression's."""
    names = {name for evaluation in run.evaluations for name in evaluation.metrics}
    if finding.rule == "all-o-tagger":
        return "tagging"
    if "accuracy" in names:  # beside which a squared error is a classifier's
        names -= _METRICS["regression"]
    return next((task for task, own in _METRICS.items() if names & own), "classification")


def _data(task: str, facts: dict[str, Fact]) -> tuple[dict[str, Any], list[str]]:
    data: dict[str, Any] = {"rows": _ROWS, "eval_rows": _EVAL_ROWS}
    told = ["a made task of short texts, on which a sound run scores nearly perfectly, in place of your data"]
    rows = _middle(facts.get("sample_count"))
    if rows is not None and rows < _EVAL_ROWS:
        data["eval_rows"] = max(int(rows), 50)
    told.append(f"{data['rows']:,} rows to train on and {data['eval_rows']:,} to evaluate" + _yours(rows))
    if task == "regression":
        return {**data, "markers": 6}, told
    if task == "classification":
        count, share = _middle(facts.get("class_count")), _middle(facts.get("majority_share"))
        classes = min(round(count), _MOST_CLASSES) if count else 2 if share else 3
        share = max(share, 1 / classes) if share is not None else None
        data["classes"] = classes
        if share is not None and share < 1:
            data["shares"] = [share, *[(1 - share) / (classes - 1)] * (classes - 1)]
        told.append(
            f"{classes} classes" + _yours(count) + (f", the largest with {share:.1%} of the rows" if share else "")
        )
    return data, told


def _args(run: Run, facts: dict[str, Fact]) -> tuple[dict[str, Any], list[str]]:
    """Return what the run reports of its settings, scaled to the miniature, and how that was done."""
    args: dict[str, Any] = {}
    told = [f"a transformer of 2 layers of 64 units, trained from scratch in batches of {_BATCH}"]
    rate = run.setting("learning_rate")
    if rate is not None and rate > 0:
        size = facts["encoder_size"].value if "encoder_size" in facts else "base"
        usual = _USUAL_RATE.get(size, _USUAL_RATE["base"])
        args["learning_rate"] = min(max(rate / usual * _MINIATURE_RATE, _RATES[0]), _RATES[1])
        told.append(
            f"a learning rate of {args['learning_rate']:.3g}, as {rate:g} is {rate / usual:.3g} times the usual"
        )
    epochs = run.setting("num_train_epochs")
    if epochs is not None and epochs > 0:
        args["num_train_epochs"] = min(epochs, _MOST_EPOCHS)
        shown = "1 epoch" if args["num_train_epochs"] == 1 else f"{args['num_train_epochs']:g} epochs"
        told.append(f"{shown} of {-(-_ROWS // _BATCH)} steps" + _yours(None if epochs <= _MOST_EPOCHS else epochs))
    warmup = facts.get("warmup")
    if warmup is not None and isinstance(warmup.value, (int, float)) and 0 <= warmup.value < 1:
        args["warmup_ratio"] = float(warmup.value)
    for name in ("weight_decay", "max_grad_norm", "label_smoothing_factor"):
        value = run.setting(name)
        if value is not None and value >= 0:
            args[name] = value
    return args, told


def _middle(fact: Fact | None) -> float | None:
    """Return a fact's number, or the middle of its interval where that is bounded."""
    if fact is None or isinstance(fact.value, bool):
        return None
    if isinstance(fact.value, Interval):
        return fact.value.middle if math.isfinite(fact.value.low) and math.isfinite(fact.value.high) else None
    return float(fact.value) if isinstance(fact.value, (int, float)) else None


def _yours(number: float | None) -> str:
    return "" if number is None else f" (yours: about {number:,.0f})"

"""Reports made by hand, for tests of what is done with a report."""

from __future__ import annotations

import math
from fractions import Fraction

from diagnose.interval import Interval
from diagnose.types import (
    ClassRow,
    Evaluation,
    Fact,
    Finding,
    InputError,
    NotChecked,
    Proof,
    Question,
    Remedy,
    Report,
    Run,
    Scope,
    ScopeVerdict,
    Severity,
    TrainingPoint,
    Unread,
    Value,
    Verdict,
)

SOURCE = "metrics.json"


def value(key, text, *, at="", percent=False):
    number = float(text) / (100 if percent else 1)
    metric = key.removeprefix("eval_")
    return Value(metric, key, text, number, SOURCE, at or f"/{key}", Fraction(1, 100 if percent else 1))


def finding(rule="dead-class", severity=Severity.WARNING, proof=Proof.PROVED, **changes):
    fields = {
        "title": f"The title of {rule}",
        "message": f"the message of {rule}",
        "why": f"The reason for {rule}. And more of it.",
        "scope": Scope("r", None, "eval"),
    }
    return Finding(rule, severity, proof, **{**fields, **changes})


def reported(key, text, **where):
    quoted = value(key, text, **where)
    scope = Scope("r", None, "eval")
    return Fact(quoted.metric, quoted.interval or quoted.number, scope, Proof.PROVED, "as reported", evidence=(quoted,))


def full_report():
    """Return a report that has something of everything."""
    scope = Scope("r", None, "eval")
    rows = tuple(
        Evaluation(
            step=float(step),
            metrics={"f1": value("eval_f1", f1, at=f"/log/{step}/eval_f1"), "loss": value("eval_loss", loss)},
        )
        for step, f1, loss in [(10, "0.2", "0.9"), (20, "nan", "0.7"), (30, "0.6", "0.4"), (40, "0.5", "0.45")]
    )
    headline = Evaluation(
        metrics={
            "accuracy": value("eval_accuracy", "56.4", percent=True),
            "recall": value("eval_recall", "0.00195"),
            "spearman": value("eval_spearman", "nan"),
        },
        classes=(ClassRow("cat", {"f1": value("f1", "0.5", at="/cat/f1")}),),
        matrix={"cat": {"cat": 3, "dog": 1}, "dog": {"cat": 0, "dog": 2}},
    )
    run = Run(
        "r",
        model="m",
        config={"learning_rate": value("learning_rate", "4e-05"), "optimizer": "adamw"},
        evaluations=(headline, *rows),
        training=tuple(TrainingPoint(float(s), None, {"loss": value("loss", str(1 / s))}) for s in (10, 20, 30)),
        sources=(SOURCE,),
        text_flags={
            "constant-input": Value("constant-input", "warning", "ConstantInputWarning", math.nan, SOURCE, "line 3")
        },
    )
    recall, accuracy = reported("eval_recall", "0.00195"), reported("eval_accuracy", "56.4", percent=True)
    classes = Fact(
        "class_count",
        Interval(Fraction(511), Fraction(514)),
        scope,
        Proof.IMPLIED,
        "1 / 0.00195 lies between 511 and 514",
        "classes",
        evidence=recall.evidence,
    )
    share = Fact(
        "predicted_share_lower_bound",
        Interval(0.956, math.inf),
        scope,
        Proof.PROVED_IF,
        "K x P is at least the accuracy",
        assumes=("averaging=macro", "classes=512"),
        evidence=accuracy.evidence,
    )
    undefined = reported("eval_spearman", "nan")
    matrix = Fact("confusion_matrix", {"tp": 1, "fp": Fraction(2), "fn": 3, "tn": 4}, scope, Proof.PROVED, "counted")
    remedy = Remedy("Lower the learning rate", "Large steps collapse. Always.", {"learning_rate": {"multiply": 0.25}})
    data = Remedy("Look at the labels", "They may be shuffled.")
    findings = (
        finding(
            "majority-class-collapse",
            Severity.ERROR,
            Proof.IMPLIED,
            scope=scope,
            facts=(recall, accuracy, classes),
            consequences=("near-zero-precision-recall",),
            remedies=(remedy, data),
        ),
        finding("frozen-metrics", scope=scope, facts=(undefined,), steps=(20.0, 30.0), remedies=(remedy,)),
    )
    return Report(
        (SOURCE,),
        runs=(run,),
        facts=(recall, accuracy, undefined, classes, share, matrix),
        findings=findings,
        verdicts=(ScopeVerdict(scope, Verdict.DEGENERATE, findings[0].title),),
        questions=(Question("Which average?", "averaging=macro", ("constant_prediction",), scope),),
        not_checked=(NotChecked("overfitting", ("val_metric.drop",)), NotChecked("plateau", ("train_loss.slope",))),
        unread=(Unread(SOURCE, "/note", "see the wiki", "no number"),),
    )


def bare_report(verdict, because="", **changes):
    """Return a report that has a verdict and little else."""
    scope = Scope("r", None, "eval")
    run = Run("r", evaluations=(Evaluation(metrics={"loss": value("eval_loss", "0.3")}),), sources=(SOURCE,))
    return Report((SOURCE,), runs=(run,), verdicts=(ScopeVerdict(scope, verdict, because),), **changes)


def unreadable_report(source="gone.json"):
    return Report((source,), error=InputError(f"{source}: no such file", "is the name right?"))

"""Runs with a history, made by hand from the rows that a table would print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from _runs import evaluation_of, value_of

from diagnose.engine.judge import judge
from diagnose.engine.rules import load_rules
from diagnose.facts import (
    Assumptions,
    checkpoint,
    derive,
    examples,
    history,
    repeats,
    settings,
    speed,
    training,
    validation,
)
from diagnose.types import Facts, Run, TrainingPoint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Whatever a log may hold: extremes, signs, words, exponents, numbers without a decimal.
WILD = (
    "0",
    "0.0",
    "-0.0",
    "1",
    "1.0",
    "nan",
    "inf",
    "-inf",
    "1e308",
    "-1e308",
    "1e-320",
    "1e999",
    "-3.5",
    "0.5",
    "1e10",
)
OWN = ("training", "selection", "speed")


def run_of(
    rows: Sequence[Mapping[str, str]],
    *,
    headline: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    **fields: Any,
) -> Run:
    """Return a run whose rows print these texts.

    The keys "step" and "epoch" place a row; "train" is its training loss, "rate" its learning rate, "norm" its gradient
    norm; all else are metrics of the evaluation.
    """
    names = {"train": "loss", "rate": "learning_rate", "norm": "grad_norm"}
    evaluations, training = [], []
    for row in rows:
        place = {key: float(row[key]) if key in row else None for key in ("step", "epoch")}
        metrics = {key: text for key, text in row.items() if key not in names and key not in place}
        logged = {name: value_of(name, row[key]) for key, name in names.items() if key in row}
        if metrics:
            evaluations.append(evaluation_of(metrics, **place))
        if logged:
            training.append(TrainingPoint(place["step"], place["epoch"], logged))
    if headline is not None:
        evaluations.insert(0, evaluation_of(headline))
    config = {
        key: text if text[0].isalpha() else value_of(key, text, key=key) for key, text in (settings or {}).items()
    }
    return Run(evaluations=tuple(evaluations), training=tuple(training), config=config, **fields)


def table(columns: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Return the rows of a table given by its columns; an empty text leaves the cell out."""
    return [
        {key: text for key, text in zip(columns, texts, strict=True) if text}
        for texts in zip(*columns.values(), strict=True)
    ]


def facts_of_run(run: Run, *assume: str) -> Facts:
    """Return all facts of the run."""
    return derive(run, Assumptions.parse(assume))


def facts_of_modules(run: Run) -> Facts:
    """Return the facts of the modules on histories and speed alone."""
    facts = Facts(run)
    for module in (history, training, validation, repeats, examples, checkpoint, settings, speed):
        for item in module.derive(run, facts, Assumptions()):
            facts.add(item)
    return facts


def rules_of(run: Run) -> set[str]:
    """Return the names of the rules on histories and speed that fire, consequences included."""
    findings = judge(load_rules(), derive(run)).findings
    names = {finding.rule for finding in findings} | {name for f in findings for name in f.consequences}
    return names & _own_rules()


def _own_rules() -> set[str]:
    from diagnose.assets import asset_dir

    return {path.stem for family in OWN for path in (asset_dir("rules") / family).glob("*.toml")}

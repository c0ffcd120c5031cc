"""Runs with a history, made by hand from the rows that a table would print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from _runs import evaluation_of, value_of

from diagnose.engine.judge import judge
from diagnose.engine.rules import load_rules
from diagnose.facts import Assumptions, derive
from diagnose.types import Run, TrainingPoint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.types import Facts

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


def rules_of(run: Run) -> set[str]:
    """Return the names of the rules on histories and speed that fire, consequences included."""
    findings = judge(load_rules(), derive(run)).findings
    names = {finding.rule for finding in findings} | {name for f in findings for name in f.consequences}
    return names & _own_rules()


def _own_rules() -> set[str]:
    from diagnose.assets import asset_dir

    return {path.stem for family in OWN for path in (asset_dir("rules") / family).glob("*.toml")}

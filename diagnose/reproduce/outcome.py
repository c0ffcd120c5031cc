"""What came of a run: its skill, whether it is a success, and what diagnose says of its files."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, NamedTuple

from diagnose.api import diagnose
from diagnose.types import Severity

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.types import Finding

__all__ = ["CURED", "Result", "is_cured", "judged", "skill"]

# A cure has at least this share of the sound runs' skill, and no more than a leak's excess over it.
CURED = 0.75
_TOO_GOOD = 1.15
# Sound runs of less skill than this have learnt nothing that others could be held against.
_LEAST = 0.05
_AVERAGES = {"accuracy", "micro avg", "macro avg", "weighted avg"}  # of scikit-learn's table


class Result(NamedTuple):
    """A run that ended: its skill (0: a null model, 1: perfect; NaN: none), and its findings, the gravest first.

    loss: of the evaluation; NaN where there is none.
    """

    folder: Path
    skill: float
    findings: tuple[Finding, ...]
    loss: float = math.nan

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that fired."""
        return tuple(finding.rule for finding in self.findings)

    @property
    def has_error(self) -> bool:
        """Whether a finding is an error."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


def judged(folder: Path, task: str, classes: int | None) -> Result:
    """Read a finished run's folder and judge it, as anybody's; classes: None where its table of classes tells."""
    report = diagnose(folder)
    metrics = json.loads((folder / "all_results.json").read_text(encoding="utf-8"))
    if classes is None and task == "classification":
        table = json.loads((folder / "classification_report.json").read_text(encoding="utf-8"))
        classes = len(table.keys() - _AVERAGES)
    return Result(folder, skill(metrics, task, classes or 1), report.findings, metrics.get("eval_loss", math.nan))


def skill(metrics: dict[str, float], task: str, classes: int) -> float:
    """Return how far the result lies between the null model (0) and a perfect one (1); NaN where there is no number.

    Classification: the macro recall over chance, (R - 1/K)/(1 - 1/K); regression: R2; tagging: the F1 of entities;
    several labels: macro F1; retrieval: recall at 1; a language model: what it saves of the uniform loss, 1 - L/ln V.
    """
    if task == "classification":
        return (metrics["eval_macro_recall"] - 1 / classes) / (1 - 1 / classes)
    if task == "lm":
        return 1 - metrics["eval_loss"] / math.log(classes)
    name = {"regression": "eval_r2", "tagging": "eval_f1", "multilabel": "eval_macro_f1"}.get(task, "eval_recall_at_1")
    return metrics[name]


def is_cured(skill_of_run: float, skill_of_control: float, task: str) -> bool:
    """Whether a run is as good as sound ones, and not merely without the symptom.

    A language model can also be too good to be true, since its text has an entropy; the others can but be right.
    """
    high = _TOO_GOOD * skill_of_control if task == "lm" else math.inf
    return skill_of_control > _LEAST and CURED * skill_of_control <= skill_of_run <= high

"""What the training callbacks share: they collect the history, judge it as any file is judged, warn, and may stop.

The history so far is written as the text of a transformers trainer_state.json and given to `api.check_text`: there is
no second reading and no second judgement. A callback is a thin adapter that hands over rows.

A warning is given once, when a finding has stood in `patience` evaluations one after the other. A stop asks for more,
since many a sound run answers one class for the first third of its steps and then learns: besides that patience, every
task of the run must be as bad as `stop_on` says, and nothing may be left to hope for (`_hopeless`).
"""

from __future__ import annotations

import json
import logging
import math
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from diagnose.api import ABOUT_THE_END, check_text
from diagnose.errors import UsageError
from diagnose.report import load_format
from diagnose.types import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from diagnose.types import Finding, Report, Scope

__all__ = ["Watch", "is_rank_zero"]

_LOGGER = logging.getLogger("diagnose")
# Rows of training and of evaluation that are judged on the way, and at the end: judging is linear in them.
_ON_THE_WAY, _AT_THE_END = (200, 40), (5000, 1000)
# The report's files, by their endings.
_FORMS = {"json": "json", "md": "markdown"}
# The verdicts at which a run may be stopped.
_STOPPING = {Severity.ERROR: (Verdict.DEGENERATE,), Severity.WARNING: (Verdict.DEGENERATE, Verdict.SUSPECT)}
# The rules that say that no weight moves that matters, with the fact that each rests on.
_VANISHED = {"vanishing-gradient": "gradient.reach", "zero-gradient": "gradient.zero_tail"}
# Where no gradients are sampled: a run that is past half of its plan, and whose evaluation loss made no new minimum in
# one evaluation more than the patience. Of fifty sound tiny runs (benchmarks/callbacks.py) none was so; with one
# evaluation less, one of 74 was.
_LATE = 0.5


@dataclass
class Watch:
    """One training run under watch.

    folder: where diagnose.json and diagnose.md go; settings: numbers and texts for the head of the trainer_state.json,
    such as max_steps; stop_on: "error" or "warning", None: never stop; patience: how many evaluations in a row; assume,
    ignore: as for `diagnose.check_text`; speaks: False on every process but the first; said: what was warned of so far.
    """

    stop_on: str | None = None
    patience: int = 2
    assume: Sequence[str] = ()
    ignore: Sequence[str] = ()
    folder: Path | None = None
    settings: dict[str, float | str] = field(default_factory=dict)
    speaks: bool = True

    def __post_init__(self) -> None:
        if self.stop_on not in (None, *_STOPPING):
            raise UsageError(f"stop_on={self.stop_on!r} is not known", 'give "error", "warning" or None')
        if self.patience < 1:
            raise UsageError(f"patience={self.patience} is no number of evaluations", "give 1 or more")
        # A misspelt rule is said before the run begins, and whatever judging needs is loaded before it, too.
        self._warm_up()
        self._training: list[tuple[int, str]] = []
        self._evaluations: list[tuple[int, str]] = []
        self._standing: dict[tuple[str, Scope], set[float]] = {}
        self._bad: set[float] = set()
        self.said: set[tuple[str, Scope]] = set()
        self._shown: tuple[str, ...] = ()
        self._place = self._alarms = 0
        self._stopped = False

    def _warm_up(self) -> None:
        report = check_text('{"log_history": [{"loss": 1.0, "step": 1}]}', assume=self.assume, ignore=self.ignore)
        for form in _FORMS.values():
            load_format(form).render([report])

    def add(self, row: Mapping[str, Any], *, evaluation: bool, single: bool = False) -> bool:
        """Take in a row of the history; return whether it holds a training loss or gradient that is not finite.

        single: the numbers were computed in single precision, of which six digits are sure.
        """
        numbers = {name: number for name, value in row.items() if (number := _number(value)) is not None}
        text = ", ".join(f"{json.dumps(name)}: {_text(number, single=single)}" for name, number in numbers.items())
        rows = self._evaluations if evaluation else self._training
        rows.append((self._place, f"{{{text}}}"))
        self._place += 1
        if evaluation or all(map(math.isfinite, numbers.values())):
            return False
        self._alarms += 1  # a run that goes on broken is not looked at in every line of its log
        return self._alarms <= 2 * self.patience

    def sampled(self, sample: Mapping[str, float], step: float, dead_layer: str = "") -> None:
        """Take in a sample of the gradients and units; dead_layer: where the share of dead units is largest."""
        if sample:
            self.add({**sample, "step": step}, evaluation=False)
        if dead_layer:
            self.settings["dead_units_layer"] = dead_layer

    def history(self) -> dict[str, Any]:
        """Return the rows so far, in plain types, for a checkpoint."""
        return {"training": _thinned(self._training, _AT_THE_END[0]), "evaluations": self._evaluations}

    def restore(self, history: Mapping[str, Any]) -> None:
        """Take the rows of a checkpoint, before any other."""
        self._training = [(place, text) for place, text in history.get("training", ())]
        self._evaluations = [(place, text) for place, text in history.get("evaluations", ())]
        self._place = max((place for place, _ in (*self._training, *self._evaluations)), default=-1) + 1

    def look(self, step: float) -> bool:
        """Judge the history as it is at `step`, and warn; return whether the run should stop.

        Whatever goes wrong in here must not cost the run: it is logged, and the run goes on.
        """
        try:
            return self._look(step)
        except Exception:
            _LOGGER.exception("the run could not be judged at step %g; it goes on", step)
            return False

    def finish(self, step: float) -> None:
        """Judge the whole history, with the rules about a run's end unless it was ended here, and write the report."""
        try:
            report = self._judge(_AT_THE_END, (*self.ignore, *(ABOUT_THE_END if self._stopped else ())))
            for finding in () if report.error else report.findings:
                self._say(finding, step)
            self._write(report)
        except Exception:
            _LOGGER.exception("the run could not be judged at its end")

    def _look(self, step: float) -> bool:
        report = self._judge(_ON_THE_WAY, (*self.ignore, *ABOUT_THE_END))
        if report.error is not None:
            return False
        found = {_key(finding): finding for finding in report.findings}
        self._standing = {key: {*self._standing.get(key, ()), step} for key in found}
        for key, finding in found.items():
            if len(self._standing[key]) >= self.patience:
                self._say(finding, step)
        shown = tuple(f"{finding.rule} {finding.severity}" for finding in report.findings)
        stops = self._stops(report, step)
        self._stopped |= stops
        if stops or shown != self._shown:
            self._shown = shown
            self._write(report)
        return stops

    def _judge(self, most: tuple[int, int], ignore: Sequence[str]) -> Report:
        rows = sorted([*_thinned(self._training, most[0]), *_thinned(self._evaluations, most[1])])
        head = json.dumps(self.settings)[1:-1]
        text = f'{{{head}{", " if head else ""}"log_history": [{", ".join(text for _, text in rows)}]}}'
        name = self.folder.name if self.folder is not None else "the run"
        return check_text(text, name=name or "the run", assume=self.assume, ignore=ignore)

    def _say(self, finding: Finding, step: float) -> None:
        """Log a finding once."""
        key = _key(finding)
        if finding.severity is Severity.NOTE or key in self.said:
            return
        self.said.add(key)
        if self.speaks:
            said = (step, finding.severity.value, finding.rule, finding.proof.value, finding.message)
            _LOGGER.warning("step %g: %s %s (%s): %s", *said)

    def _stops(self, report: Report, step: float) -> bool:
        if self.stop_on is None:
            return False
        limit = _STOPPING[Severity(self.stop_on)]
        if not all(item.verdict in limit for item in report.verdicts):
            self._bad.clear()
            return False
        self._bad.add(step)
        if len(self._bad) < self.patience or not (reason := _hopeless(report, self.patience)):
            return False
        if self.speaks:
            _LOGGER.warning("step %g: the run is stopped, since its verdict is %s and %s", step, report.verdict, reason)
        return True

    def _write(self, report: Report) -> None:
        if self.folder is None or not self.speaks:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        for ending, form in _FORMS.items():
            target = self.folder / f"diagnose.{ending}"
            fresh = target.with_suffix(f".{ending}.new")
            fresh.write_text(load_format(form).render([report]), encoding="utf-8")
            fresh.replace(target)  # who reads while the run goes on never sees half a report


def is_rank_zero() -> bool:
    """Whether this is the first process, by what the launchers (torchrun, accelerate) put into the environment."""
    return os.environ.get("RANK", "0") == "0"


def _key(finding: Finding) -> tuple[str, Scope]:
    """Return what makes a finding the same in the next evaluation: its rule, and what it is about but for the step."""
    return finding.rule, replace(finding.scope, step=None)


def _hopeless(report: Report, patience: int) -> str:
    """Return why no later step is likely to help, or an empty text where one may.

    The weights are no numbers any more, or the gradient is 0, or it does not reach the lower layers. Where no gradients
    are sampled, the run is late and its evaluation loss has stopped falling.
    """
    facts = {fact.name: fact for fact in report.facts}
    if (broken := facts.get("train_loss.ends_nonfinite")) is not None and broken.value is True:
        return broken.because
    rules = {name for finding in report.findings for name in (finding.rule, *finding.consequences)}
    for rule, fact in _VANISHED.items():
        if rule in rules:
            return facts[fact].because
    if "gradient.reach" in facts:
        return ""
    progress = facts.get("progress")
    since = [fact.value for fact in report.facts if fact.name == "val_loss.rows_since_min"]
    if progress is None or progress.value < _LATE or min(since, default=0) <= patience:
        return ""
    return f"{progress.because}, and {min(since)} evaluations follow the smallest loss"


def _thinned(rows: Sequence[tuple[int, str]], most: int) -> Iterable[tuple[int, str]]:
    """Return at most `most` rows: the later half of them one after the other, the earlier ones evenly spread."""
    if len(rows) <= most:
        return rows
    late = most // 2
    early, kept = len(rows) - late, most - late
    return [*(rows[i * early // kept] for i in range(kept)), *rows[-late:]]


def _number(value: Any) -> float | None:
    """Return a number, or the one number of an array or a tensor; None for anything else."""
    try:
        value = value.item() if hasattr(value, "item") else value
    except (RuntimeError, TypeError, ValueError):
        return None  # several numbers
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _text(number: float, *, single: bool) -> str:
    """Return a number as JSON, in single precision with six digits, trailing zeros too: those digits are sure."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if isinstance(number, int) or not single:
        return repr(number)
    text = f"{number:#.6g}"
    return f"{text}0" if text.endswith(".") else text

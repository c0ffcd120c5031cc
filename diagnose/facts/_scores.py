"""The scores of a classifier as one evaluation prints them: accuracy, and precision, recall and F1 of one average."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.interval import Interval, printed_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Run, Scope, Value

__all__ = [
    "Scores",
    "apart",
    "decimals_of",
    "harmonic_mean",
    "is_multi_label",
    "keyed",
    "measured",
    "padded",
    "quoted",
    "score_groups",
    "share",
]

_UNIT = Interval(0, 1)
# More decimals than this are a printed double, which says nothing about the zeros of others.
_MOST_DECIMALS = 6
_MULTI_LABEL = re.compile(r"multi[-_ ]?label", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scores:
    """Accuracy with the precision, recall and F1 of one average; absent ones are None.

    average: "macro", "weighted", "micro" or "binary" where the metric's name or the user says so, else None;
    assumes: the user's answers that it rests on; rounded: the user says that the numbers are rounded to the nearest;
    decimals: the most that a number of the same evaluation prints: Python and most tables drop trailing zeros.
    """

    accuracy: Value | None = None
    precision: Value | None = None
    recall: Value | None = None
    f1: Value | None = None
    average: str | None = None
    assumes: tuple[str, ...] = ()
    rounded: bool = False
    decimals: int = 0

    def interval(self, name: str, *, nearest: bool = False) -> Interval | None:
        """Return the interval of "accuracy", "precision", "recall" or "f1", within 0 and 1."""
        value: Value | None = getattr(self, name)
        return None if value is None else share(value, rounded=self.rounded or nearest)

    def padded(self) -> Scores:
        """Return the scores with dropped zeros put back, "1.0" beside "0.6667" read as "1.0000": implied only."""
        if all(padded(value, self.decimals) is value for value in self.values):
            return self
        return replace(
            self,
            accuracy=padded(self.accuracy, self.decimals),
            precision=padded(self.precision, self.decimals),
            recall=padded(self.recall, self.decimals),
            f1=padded(self.f1, self.decimals),
        )

    @property
    def values(self) -> tuple[Value, ...]:
        """The values that are there."""
        return tuple(v for v in (self.accuracy, self.precision, self.recall, self.f1) if v is not None)

    @property
    def complete(self) -> bool:
        """Whether all four are there."""
        return len(self.values) == 4


def share(value: Value, *, rounded: bool = False) -> Interval | None:
    """Return the interval of a value that lies in 0..1 by its definition; None where it cannot."""
    interval = value.rounded if rounded else value.interval
    return None if interval is None else interval.meet(_UNIT)


def measured(value: Value) -> Interval | None:
    """Return what a measured quantity may have been: a trainer rounds times even where it prints full doubles."""
    printed = printed_interval(value.text)
    if printed is None or printed.low < 0:
        return None
    if printed.is_point:
        printed = Interval(printed.low - Fraction(1, 2), printed.high + 1)
    return printed


def quoted(*values: Value | None) -> str:
    """Return the values as printed: "accuracy 56.4 %, recall 0.00195"."""
    shown = (f"{v.metric.replace('_', ' ')} {v.shown}" for v in values if v is not None)
    return ", ".join(shown)


def apart(interval: Interval, number: float) -> str:
    """Return the interval in words, with digits enough to tell it from a number outside of it."""
    spoken = (f"{interval:.{digits}g}" for digits in range(4, 17))
    return next((text for text in spoken if not _covers(text, number)), f"{interval:.17g}")


def _covers(text: str, number: float) -> bool:
    ends = [float(end) for end in text.split(" to ")]
    return ends[0] <= number <= ends[-1]


def keyed(*values: Value) -> str:
    """Return the values as printed, by their names in the source: "eval_f1 0.81 and eval_loss 0.4"."""
    return " and ".join(f"{value.key} {value.shown}" for value in values)


def harmonic_mean(precision: Interval, recall: Interval) -> Interval:
    """Return 2PR/(P + R), which grows with both; 0 where both are 0."""

    def mean(p: object, r: object) -> object:
        return 2 * p * r / (p + r) if p + r else 0  # type: ignore[operator]

    return Interval(mean(precision.low, recall.low), mean(precision.high, recall.high))  # type: ignore[arg-type]


def is_multi_label(run: Run, evaluation: Evaluation) -> bool:
    """Whether the run or its metrics say that a row may have several labels."""
    named = " ".join(filter(None, (run.task_kind, run.name, run.model, evaluation.task)))
    return bool(_MULTI_LABEL.search(named)) or bool({"hamming_loss", "subset_accuracy"} & evaluation.metrics.keys())


def score_groups(run: Run, evaluation: Evaluation, scope: Scope, assumed: Assumptions) -> Iterator[Scores]:
    """Yield the scores of each average that `evaluation` prints: the unnamed one first.

    The accuracy is left out where it does not count the same things: several labels a row, or the user says so.
    """
    other_unit = is_multi_label(run, evaluation) or assumed.get("same_unit", scope) == "false"
    accuracy = None if other_unit else _usable(evaluation, "accuracy")
    rounded = assumed.get("rounded", scope) == "true"
    answer = assumed.get("averaging", scope)
    for prefix in ("", "macro_", "weighted_", "micro_"):
        recall = _usable(evaluation, f"{prefix}recall")
        if recall is None and prefix == "macro_":
            recall = _usable(evaluation, "balanced_accuracy")
        precision, f1 = _usable(evaluation, f"{prefix}precision"), _usable(evaluation, f"{prefix}f1")
        if precision is None and recall is None and f1 is None:
            continue
        answers = [f"averaging={answer}"] if answer and not prefix else []
        answers += ["rounded=true"] if rounded else []
        average = prefix.rstrip("_") or answer
        yield Scores(accuracy, precision, recall, f1, average, tuple(answers), rounded, decimals_of(evaluation))


def decimals_of(evaluation: Evaluation) -> int:
    """Return the most decimals, up to 6, that a score or a loss of the evaluation prints."""
    printed = (v.text.partition(".")[2] for v in evaluation.metrics.values() if v.scale == 1 and "e" not in v.text)
    return min(_MOST_DECIMALS, max(map(len, printed), default=0))


def padded(value: Value | None, decimals: int) -> Value | None:
    """Return the value with dropped zeros put back up to the given decimals."""
    if value is None or value.machine or value.scale != 1 or not re.fullmatch(r"\d+\.\d+", value.text):
        return value
    whole, _, fraction = value.text.partition(".")
    if len(fraction) >= decimals:
        return value
    return replace(value, text=f"{whole}.{fraction.ljust(decimals, '0')}")


def _usable(evaluation: Evaluation, name: str) -> Value | None:
    """Return a score that can be a share: one above 1 is a percentage that nothing declared, and proves nothing."""
    value = evaluation.get(name)
    return value if value is not None and 0 <= value.number <= 1 else None

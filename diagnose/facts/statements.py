"""What a log says in words: statements that were read as flags, and what they are about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.facts._scopes import series_scope
from diagnose.types import Fact, Proof, Scope
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run, Value

PROVIDES: Mapping[str, str] = {
    "untrained_head.words": "the words by which the log says that weights were not loaded or are newly initialised",
    "untrained_head.weights_missing": "whether the log says that trained weights were not found",
    "undefined_correlation.words": "words by which the log says that a correlation is not defined, where none is given",
    "training.seen": "whether anything shows that the run trained: a training loss, or a history of evaluations",
}
NEEDS: tuple[str, ...] = ()

_FLAG = "untrained-head"
_CONSTANT = "constant-input"
_MISSING = re.compile(
    r"\bnot? (?:trained )?(?:weights?|checkpoint|found|loaded)|\bmissing\b|random(?:ly)? init", re.IGNORECASE
)
_LINE = re.compile(r"line (\d+)")
# A statement and the figures that it is about stand together; further apart it is about the run as a whole.
_NEAR_LINES = 6


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield what the log says about a correlation, and about its weights at the evaluation that stands beside it."""
    yield from _undefined_correlation(run)
    flag = run.text_flags.get(_FLAG)
    if flag is None:
        return
    scope = _scope_of(run, flag)
    missing = bool(_MISSING.search(flag.text))
    trained = _trained(run)
    because = f"the log says: {flag.text.strip()}"
    yield Fact("untrained_head.words", flag.text.strip(), scope, Proof.PROVED, because, "", (), (flag,))
    yield Fact("untrained_head.weights_missing", missing, scope, Proof.PROVED, because, "", (), (flag,))
    seen = "it has training losses or a history" if trained else "nothing shows that it trained"
    yield Fact("training.seen", trained, scope, Proof.PROVED, f"of this run: {seen}")


def _undefined_correlation(run: Run) -> Iterator[Fact]:
    """Yield scipy's warning of a constant input where no number shows that a later evaluation was sound."""
    flag = run.text_flags.get(_CONSTANT)
    numbers = (value for e in run.evaluations for name, value in e.metrics.items() if _is_correlation(name))
    if flag is None or any(value.is_finite for value in numbers):
        return
    because = (
        f"the log says: {flag.text.strip()}; so one side of the correlation does not vary, and it is NaN: the "
        "predictions, which is the usual case, or the labels of the evaluated rows"
    )
    yield Fact(
        "undefined_correlation.words", flag.text.strip(), Scope(run.name), Proof.PROVED, because, "", (), (flag,)
    )


def _is_correlation(name: str) -> bool:
    info = metric_of(name)
    return info is not None and info.kind == "correlation"


def _trained(run: Run) -> bool:
    history = any(len(series.rows) > 1 for series in run.series())
    return bool(run.training) or history or any(e.split == "train" for e in run.evaluations)


def _scope_of(run: Run, flag: Value) -> Scope:
    """Return the scope of the evaluation whose figures stand within a few lines of the statement, or the run's."""
    place = _line(flag)
    nearest: tuple[int, Scope] | None = None
    for series in run.series():
        for evaluation in series.evaluations:
            distance = _distance(evaluation, flag, place)
            if distance is not None and (nearest is None or distance < nearest[0]):
                nearest = distance, series_scope(run, series)
    return nearest[1] if nearest is not None and nearest[0] <= _NEAR_LINES else Scope(run.name)


def _distance(evaluation: Evaluation, flag: Value, place: int | None) -> int | None:
    lines = [_line(value) for value in evaluation.metrics.values() if value.source == flag.source]
    return min((abs(line - place) for line in lines if line is not None and place is not None), default=None)


def _line(value: Value) -> int | None:
    found = _LINE.search(value.at)
    return int(found[1]) if found else None

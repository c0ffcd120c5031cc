"""Generated text: whether it agrees with the references at all, and whether there is any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.facts._proofs import claim
from diagnose.facts._scopes import scope_of
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run, Scope, Value

PROVIDES: Mapping[str, str] = {
    "generation.best_score": "the highest of ROUGE, BLEU, chrF and METEOR of the reported evaluation, as a share",
    "generation.length": "mean length of the generated texts, in tokens",
    "generation.error_rate": "word or character error rate of the reported evaluation, as a share",
    "beats_null": "whether the null models of the task (here: an empty text) are excluded",
}
NEEDS: tuple[str, ...] = ()

_SCORES = ("rouge1", "rouge2", "rougeL", "rougeLsum", "bleu", "chrf", "meteor")
_ERROR_RATES = ("wer", "cer", "ter", "mer")
# Word error rates are percent in half of the world's tables, and 8.5 may be either: beyond this it is percent.
_LARGEST_SHARE = 5
# A text of the commonest word alone has a word error rate of some 0.95; better than this it has listened.
_CLEAR = 0.9
_ALL_WRONG = 0.999


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield the best score, the length, and what the error rate says against an empty text."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        scores = [value for name in _SCORES if (value := evaluation.get(name)) is not None]
        if scores:
            yield _best(scores, scope)
        length = evaluation.get("gen_len")
        if length is not None and length.interval is not None:
            because = f"{length.key} is {length.shown}"
            yield Fact("generation.length", length.interval, scope, Proof.PROVED, because, "tokens", (), (length,))
        yield from _error_rate(evaluation, scope)


def _best(scores: list[Value], scope: Scope) -> Fact:
    best = max(scores, key=lambda value: value.number)
    shown = ", ".join(f"{value.key} {value.shown}" for value in scores)
    because = f"{best.key} is the largest of {shown}" if len(scores) > 1 else f"{best.key} is {best.shown}"
    # A score above 1 is a percentage that nothing declares.
    proof = Proof.PROVED if best.number <= 1 else Proof.IMPLIED
    return Fact("generation.best_score", best.interval, scope, proof, because, "", (), tuple(scores))


def _error_rate(evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    value = evaluation.get(*_ERROR_RATES)
    if value is None or value.interval is None:
        return
    if value.scale == 1 and 1 / _ALL_WRONG < value.number <= _LARGEST_SHARE:
        # A poor share or an excellent percentage: nothing here tells which.
        return
    rate = value.interval / 100 if value.scale == 1 and value.number > _LARGEST_SHARE else value.interval
    because = f"{value.key} is {value.shown}; an empty text has every word wrong, an error rate of 1"
    proof = Proof.PROVED if value.number <= 1 or value.scale != 1 else Proof.IMPLIED
    yield Fact("generation.error_rate", rate, scope, proof, because, "", (), (value,))
    if rate.high < _CLEAR:
        yield claim(
            "beats_null", holds=True, scope=scope, basis=(Proof.IMPLIED, ()), because=because, evidence=(value,)
        )
    elif rate.low >= _ALL_WRONG:
        yield claim(
            "beats_null",
            holds=False,
            scope=scope,
            basis=(Proof.IMPLIED, ()),
            because=because,
            evidence=(value,),
        )

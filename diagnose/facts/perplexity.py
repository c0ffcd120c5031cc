"""A language model's loss beside its perplexity and its bits per byte, which are the same quantity in other units.

Perplexity is exp(loss), the loss being the mean negative log-likelihood of a token in nats. exp is convex, so the mean
of the perplexities of several batches is at least the perplexity of their mean loss (Jensen), never below it. Bits per
byte are loss/ln 2 over the bytes of a token.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._scopes import scope_of
from diagnose.interval import Interval
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run, Scope, Value

PROVIDES: Mapping[str, str] = {
    "perplexity_vs_loss": "natural logarithm of the perplexity minus the loss, an interval (nats); 0 by definition",
    "perplexity_mismatch": "size of that difference, where it is neither 0 nor that of a loss in another unit (nats)",
    "loss_unit": "what the loss is in, where the perplexity shows that it is not nats a token: bits, or sums",
    "token_cost": "natural logarithm of the perplexity of held-out text: what a token costs (nats)",
    "bytes_per_token": "mean length of a token, from the loss and the bits per byte, an interval (bytes)",
}
NEEDS: tuple[str, ...] = ()

# exp(100) is no perplexity that anybody prints beside its loss.
_LARGEST_LOSS = 100
_ROUND_OFF = 1e-9
# A perplexity that is less than 1 % away from exp(loss) may be a matter of 16-bit sums.
_LOST = 0.01
# A text has more tokens than this; what makes a mean loss larger than ln(perplexity) by so much is no detail.
_TOKENS = 1.5


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield how loss, perplexity and bits per byte of each reported evaluation agree."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        if series.split != "train":
            yield from _cost(evaluation, scope)
        loss = evaluation.get("loss", "nll", "log_loss")
        interval = None if loss is None else loss.interval
        if loss is None or interval is None or not 0 < interval.low <= interval.high < _LARGEST_LOSS:
            continue
        yield from _against_perplexity(evaluation, loss, interval, scope)
        yield from _bytes(evaluation, loss, interval, scope)


def _cost(evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    value = evaluation.get("perplexity")
    if value is not None and value.number >= 1:
        cost = math.log(value.number)
        because = (
            f"ln({value.key} {value.shown}) = {cost:.4g} nats, {cost / math.log(2):.3g} bits a token; running text has "
            "some bits a token that nobody can foresee"
        )
        yield Fact("token_cost", cost, scope, Proof.SUGGESTED, because, "nats", (), (value,))


def _against_perplexity(evaluation: Evaluation, loss: Value, interval: Interval, scope: Scope) -> Iterator[Fact]:
    value = evaluation.get("perplexity")
    size = None if value is None else value.interval
    if value is None or size is None or size.low <= 0 or value.number <= 1:
        return
    logarithm = Interval(math.log(size.low) - _ROUND_OFF, math.log(size.high) + _ROUND_OFF)
    gap = logarithm - interval
    shown = f"{value.key} {value.shown} and {loss.key} {loss.shown}"
    minus = f"ln {value.shown} - {loss.shown} = {gap:z.4f}"
    because = f"ln(perplexity) - loss is 0 by definition: {value.key} and {loss.key} give {minus}"
    evidence = (value, loss)
    yield Fact("perplexity_vs_loss", gap, scope, Proof.PROVED, because, "nats", (), evidence)
    if gap.low > _LOST:
        because = (
            f"{shown}: the perplexity is above exp(loss) = {math.exp(loss.number):.5g}, {minus} nats, as a mean "
            "of the perplexities of batches is (Jensen), or one over words where the loss is over tokens, or of others"
        )
        yield Fact("perplexity_mismatch", gap, scope, Proof.IMPLIED, because, "nats", (), evidence)
    elif gap.high < -_LOST:
        yield from _below(gap, (interval, logarithm), (loss, value), scope)


def _below(
    gap: Interval, numbers: tuple[Interval, Interval], evidence: tuple[Value, Value], scope: Scope
) -> Iterator[Fact]:
    """Yield what a perplexity below exp(loss) says, which no mean of batches can be."""
    (interval, logarithm), (loss, value) = numbers, evidence
    shown = f"{value.key} {value.shown} and {loss.key} {loss.shown}"
    if (interval * math.log(2)).meet(logarithm) is not None:
        because = f"{shown}: the perplexity is 2^loss = {2**loss.number:.5g}, so the loss is in bits"
        yield Fact("loss_unit", "bits", scope, Proof.IMPLIED, because, "", (), evidence)
    elif interval.low > _TOKENS * logarithm.high:
        times = loss.number / math.log(value.number)
        because = f"{shown}: the loss is {times:.3g} times ln(perplexity), as one summed over the tokens of a text is"
        yield Fact("loss_unit", "sums", scope, Proof.IMPLIED, because, "", (), evidence)
    else:
        because = (
            f"{shown}: the perplexity is below exp(loss) = {math.exp(loss.number):.5g}, which no mean of batches can "
            "be (Jensen); the loss has a further term, or the two are of different rows"
        )
        yield Fact("perplexity_mismatch", -gap, scope, Proof.IMPLIED, because, "nats", (), evidence)


def _bytes(evaluation: Evaluation, loss: Value, interval: Interval, scope: Scope) -> Iterator[Fact]:
    value = evaluation.get("bits_per_byte")
    bits = None if value is None else value.interval
    if value is None or bits is None or bits.low <= 0:
        return
    length = interval / (bits * math.log(2))
    because = (
        f"loss/(bits per byte x ln 2) with {loss.key} {loss.shown} and {value.key} {value.shown} is "
        f"{float(length.low):.4g} to {float(length.high):.4g} bytes"
    )
    length = Interval(float(length.low) - _ROUND_OFF, float(length.high) + _ROUND_OFF)
    assumes = ("same_rows=true", "unweighted_loss=true")
    yield Fact("bytes_per_token", length, scope, Proof.PROVED_IF, because, "bytes", assumes, (loss, value))

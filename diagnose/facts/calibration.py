"""What of a regression's error is offset and scale, which two numbers repair, and what is want of skill.

With b the mean prediction minus the mean label, s_p and s_y the standard deviations of predictions and labels and r
Pearson's correlation, MSE = b^2 + (s_p - r s_y)^2 + s_y^2 (1 - r^2), so

    r^2 - R2 = (b^2 + (s_p - r s_y)^2)/s_y^2,    EV - R2 = b^2/s_y^2,    r^2 - EV = (s_p/s_y - r)^2,

EV being the explained variance, 1 - var(y - p)/var(y). The least squares line of the labels on the predictions makes
the first two terms of MSE vanish: it reaches R2 = r^2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._regression import ONE_AVERAGE, Bound, printed_score, root, row_of
from diagnose.facts._scopes import scope_of
from diagnose.interval import Interval
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.facts._regression import Row
    from diagnose.types import Facts, Question, Run, Scope, Value

PROVIDES: Mapping[str, str] = {
    "recalibrated_r2": "R2 that the best offset and factor on the predictions would reach, an interval",
    "recalibration_gain": "how much R2 an offset and a factor on the predictions would add, an interval",
    "prediction_bias": "distance of the mean prediction from the mean label, in standard deviations of the labels",
    "prediction_spread": "standard deviation of the predictions over that of the labels, an interval",
}
NEEDS: tuple[str, ...] = ("r2",)

_ANY_GAP = Interval(0, math.inf)
# Gains and spreads beyond this are those of predictions on another scale; float sums below it are good to 1e-12.
_LARGEST = 1e6
_ROUND_OFF = 1e-9


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield how far an offset and a factor would bring each reported regression."""
    for series in run.series():
        row = row_of(series.reported)
        if row is None or row.r_squared is None:
            continue
        scope = scope_of(run, series, series.reported)
        r2 = _r2_of(row, facts, scope)
        gain = None if r2 is None else (row.r_squared - r2.interval).meet(_ANY_GAP)
        if r2 is None or gain is None:
            continue  # an R2 above r^2 is a contradiction, and reported as one
        pearson = row.evaluation.metrics["pearson"]
        yield from _gain(row.r_squared, gain, r2, pearson, scope)
        if gain.high < _LARGEST:
            yield from _parts(row, gain, r2, pearson, scope)


def _r2_of(row: Row, facts: Facts, scope: Scope) -> Bound | None:
    """Return R2 as printed, or as the errors of several evaluations bound it."""
    if row.r2 is not None:
        value = row.evaluation.metrics["r2"]
        return Bound(row.r2, f"{value.key} {value.shown}", ONE_AVERAGE, (value,))
    fact = facts.at("r2", scope)
    if fact is None or fact.proof is not Proof.PROVED_IF or not isinstance(fact.value, Interval):
        return None
    assumes = tuple(dict.fromkeys((*fact.assumes, *ONE_AVERAGE)))
    return Bound(fact.value, f"an R2 of at most {float(fact.value.high):.4g}", assumes, fact.evidence)


def _gain(most: Interval, gain: Interval, r2: Bound, pearson: Value, scope: Scope) -> Iterator[Fact]:
    evidence = tuple(dict.fromkeys((pearson, *r2.evidence)))
    because = (
        f"the least squares line of the labels on the predictions has R2 = r^2: {pearson.key} {pearson.shown} gives "
        f"{pearson.shown.lstrip('-')}^2 = {most:.4g}"
    )
    yield Fact("recalibrated_r2", most, scope, Proof.PROVED_IF, because, "", ONE_AVERAGE, (pearson,))
    # Where only R2's upper end is known, the gain has only a lower one.
    ends = Interval.of(r2.interval.high) if math.isinf(r2.interval.low) else r2.interval
    explained = f"({ends:.9g})" if ends.low < 0 else f"{ends:.9g}"
    because = (
        f"r^2 - R2 = (bias^2 + (s_p - r s_y)^2)/s_y^2 with {pearson.key} {pearson.shown} and {r2.because}: "
        f"{most:.9g} - {explained} = {gain:.4g} of the variance is lost to offset and scale alone"
    )
    yield Fact("recalibration_gain", gain, scope, Proof.PROVED_IF, because, "", r2.assumes, evidence)


def _parts(row: Row, gain: Interval, r2: Bound, pearson: Value, scope: Scope) -> Iterator[Fact]:
    """Yield the bias and the spread: each by the explained variance, where that is printed, else bounded by both."""
    explained = row.evaluation.get("explained_variance")
    printed = None if explained is None else printed_score(explained)
    correlation, square = printed_score(pearson), row.r_squared
    if correlation is None or square is None:
        return
    offset, scale, formulas = Interval(0, gain.high), Interval(0, gain.high), ("r^2 - R2", "r^2 - R2")
    evidence = (pearson, *r2.evidence)
    shown = f"{pearson.key} {pearson.shown} and {r2.because}"
    if explained is not None and printed is not None:
        exact = (printed - r2.interval).meet(offset), (square - printed).meet(scale)
        if exact[0] is None or exact[1] is None:
            return
        offset, scale, formulas = exact[0], exact[1], ("EV - R2", "r^2 - EV")
        evidence = (*evidence, explained)
        shown += f" and {explained.key} {explained.shown}"
    evidence, relation = tuple(dict.fromkeys(evidence)), "is" if explained is not None else "is at most"
    bias, off = root(offset), root(scale)
    most = f"at most sqrt({float(offset.high):.6g}) = {float(bias.high):.4g}"
    least = f", at least {float(bias.low):.4g}" if bias.low else ""
    because = f"|bias|/s_y {relation} sqrt({formulas[0]}) with {shown}: {most}{least} deviations of the labels"
    yield Fact("prediction_bias", bias, scope, Proof.PROVED_IF, because, "standard deviations", r2.assumes, evidence)
    low, high = (float(end) for end in (correlation.low, correlation.high))
    if high + off.high >= 0:
        spread = Interval(max(0.0, low - off.high - _ROUND_OFF), high + off.high + _ROUND_OFF)
        most = f"at most sqrt({float(scale.high):.6g}) = {float(off.high):.4g}"
        because = f"|s_p/s_y - r| {relation} sqrt({formulas[1]}) with {shown}: {most}, so s_p/s_y is {spread:.4g}"
        yield Fact("prediction_spread", spread, scope, Proof.PROVED_IF, because, "", r2.assumes, evidence)

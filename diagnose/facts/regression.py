"""What regression metrics prove: the variance of the labels, R2, constants, and whether the mean is beaten."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._proofs import claim, following, resting_on
from diagnose.facts._regression import (
    CORRELATIONS,
    ONE_AVERAGE,
    Bound,
    Row,
    joint_variance,
    root,
    rows_of,
    told_variance,
    within_range,
)
from diagnose.facts._scopes import scope_of, series_scope
from diagnose.facts._scores import quoted
from diagnose.interval import Interval
from diagnose.types import Fact, Proof, Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.facts._proofs import Basis
    from diagnose.types import Facts, Run, Scope, Value

PROVIDES: Mapping[str, str] = {
    "label_variance": "variance of the labels on the evaluated rows, an interval, in squared label units",
    "r2": "coefficient of determination, 1 - MSE/var(y), an interval",
    "constant_offset": "distance of a constant prediction from the mean of the labels, an interval, in label units",
    "constant_prediction": "whether every row gets the same prediction",
    "beats_null": "whether the null models of the task (here: answers without regard to the input) are excluded",
}
NEEDS: tuple[str, ...] = ("sample_count",)

_SAME_ROWS = ("same_rows=true", *ONE_AVERAGE)
# A correlation that is computed but smaller than this is what the rounding of a constant's sums leaves behind: that of
# predictions that vary is so small on no set of less than 10^12 rows.
_ROUNDING = 1e-6
# A correlation below this is none: even where it is real, an affine correction would explain 1 % of the variance.
_NO_CORRELATION = 0.1
# Without a row count this many are supposed; three standard errors of a correlation are then 0.3.
_ROWS = 100
_ROUND_OFF = 1e-12
# The same for R2: two numbers that explain 5 % of the variance correlate by at least 0.22.
_CLEAR_R2 = 0.05
# R2 from -0.01 to 0 is what answering the mean gives, and what a model without skill gives that hardly varies. An R2
# whose printed digits do not tell it from 0 counts too; one that is positive to its last digit does not.
_MEAN_R2 = 0.01
_NO_R2 = 0.001


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield the facts of each series that has an error, a correlation or R2."""
    for series in run.series():
        rows = rows_of(run, series)
        if not rows:
            continue
        whole = series_scope(run, series)
        given = _given(assumed, whole)
        variance = given or joint_variance(rows, _limit(assumed, whole))
        if variance is not None and given is None:
            yield Fact(
                "label_variance", variance.interval, whole, Proof.PROVED_IF, variance.because, "label units squared",
                variance.assumes, variance.evidence,
            )  # fmt: skip
        vary = next((value for row in rows if (value := _varying(row)) is not None), None)
        for row in rows:
            scope = scope_of(run, series, row.evaluation)
            bound = _r2(row, variance)
            if row.r2 is None and bound is not None:
                yield Fact(
                    "r2", bound.interval, scope, Proof.PROVED_IF, bound.because, "", bound.assumes, bound.evidence
                )
            constant = _constant(row, scope, vary)
            if constant is not None:
                yield constant
                if constant.value and row.mse is not None and variance is not None:
                    yield _offset_fact(row, row.mse, variance, scope, resting_on([constant], variance.assumes))
            if constant is not None and constant.value:
                because = f"one answer for every row is no better than the mean of the labels: {constant.because}"
                yield following(constant, "beats_null", scope, holds=False, because=because)
            else:
                yield from _beats_null(row, bound, _rows_at(facts, scope), scope)
        # What is known of the range of the labels alone seldom decides.
        decisive = given is not None or (variance is not None and bool(variance.evidence))
        yield from _question(rows, whole, known=decisive)


def _given(assumed: Assumptions, scope: Scope) -> Bound | None:
    """Return the variance that the user names; a UsageError where it is no number."""
    number = assumed.number("label_variance", scope)
    return None if number is None else told_variance(assumed.get("label_variance", scope))


def _limit(assumed: Assumptions, scope: Scope) -> Bound | None:
    """Return what the range of the labels, where the user names it, says of their variance."""
    number = assumed.number("label_range", scope)
    return None if number is None or number < 0 else within_range(number, (f"label_range={number:g}",))


def _r2(row: Row, variance: Bound | None) -> Bound | None:
    """Return the bounds of R2: at most r^2, at most 0 for a constant, 1 - MSE/var(y)."""
    if row.r2 is not None:
        return Bound(row.r2, "as printed", ONE_AVERAGE, _evidence(row, "r2"))
    found = [bound for bound in (_by_variance(row, variance), _by_correlation(row)) if bound is not None]
    if not found:
        return None
    best = min(found, key=lambda bound: bound.interval.high)
    low = found[0].interval.low
    if best is found[0] or math.isinf(low) or low > best.interval.high:
        return best
    because = f"{best.because}; {found[0].because}"
    assumes = tuple(dict.fromkeys((*found[0].assumes, *best.assumes)))
    evidence = _together(found[0].evidence, best.evidence)
    return Bound(Interval(low, best.interval.high), because, assumes, evidence)


def _by_variance(row: Row, variance: Bound | None) -> Bound | None:
    if row.mse is None or row.error is None or variance is None or variance.interval.high <= 0:
        return None
    least, most = float(variance.interval.low), float(variance.interval.high)
    lowest, highest = float(row.mse.low), float(row.mse.high)
    # In floats, a little wider than exact: long histories are quick so, and no bound is sharp to the twelfth digit.
    high = 1 - lowest / most * (1 - _ROUND_OFF) + _ROUND_OFF
    low = 1 - highest / least * (1 + _ROUND_OFF) - _ROUND_OFF if least > 0 else -math.inf
    error = f"{row.error.key} {row.error.shown}"
    because = (
        f"R2 = 1 - MSE/var(y) with {error} and var(y) at most {most:.5g}: at most "
        f"1 - {lowest:.8g}/{most:.8g} = {high:{'.4f' if abs(high) < 1 else '.4g'}}; {variance.because}"
    )
    assumes = tuple(dict.fromkeys((*variance.assumes, *ONE_AVERAGE)))
    evidence = _together((row.error,), variance.evidence)
    return Bound(Interval(low, high), because, assumes, evidence) if high < 1 else None


def _by_correlation(row: Row) -> Bound | None:
    if row.undefined and row.error is not None and row.mse is not None and row.mse.low > 0:
        value = row.undefined[0]
        because = f"R2 of a constant prediction is at most 0, and {value.key} is NaN"
        return Bound(Interval(-math.inf, 0), because, ONE_AVERAGE, (value, row.error))
    if row.r_squared is None or row.r_squared.high >= 1:
        return None
    value = row.evaluation.metrics["pearson"]
    high = row.r_squared.high
    because = (
        f"R2 is at most r^2, whatever the scale of the predictions: {value.key} {value.shown} gives at most "
        f"{math.sqrt(high):.6g}^2 = {float(high):.4g}"
    )
    return Bound(Interval(-math.inf, high), because, ONE_AVERAGE, (value,))


def _varying(row: Row) -> Value | None:
    """Return a correlation that shows that labels and predictions vary: one that rounding alone does not leave."""
    return row.evaluation.get(*CORRELATIONS) if row.varies and _noise(row) is None else None


def _noise(row: Row) -> Value | None:
    """Return a correlation of constant predictions that was computed from what rounding left of them."""
    value = row.evaluation.get("pearson")
    if value is None or not 0 < abs(value.number) < _ROUNDING or value.interval is None:
        return None
    others = row.evaluation.get(*CORRELATIONS[1:])
    return value if abs(value.interval).high < _ROUNDING and others is None else None


def _constant(row: Row, scope: Scope, vary: Value | None) -> Fact | None:
    """Return whether the row's predictions are constant, where its correlations or its R2 tell.

    vary: a correlation of some row on the same labels, which shows that they vary.
    """
    error = row.evaluation.get("mse", "rmse", "mae", "loss")
    if row.undefined and error is not None:
        names = " and ".join(value.key for value in row.undefined)
        because = f"{names} {'is' if len(row.undefined) == 1 else 'are'} NaN while {error.key} is {error.shown}: "
        evidence: tuple[Value, ...] = (*row.undefined, error)
        basis: Basis = (Proof.IMPLIED, ())
        if vary is not None and error.metric != "loss":
            because += f"the labels vary, since another row has {vary.key} {vary.shown}, so the predictions do not"
            basis, evidence = (Proof.PROVED_IF, _SAME_ROWS), (*evidence, vary)
        else:
            because += "the predictions are numbers and do not vary, unless it is the labels that do not"
        return claim("constant_prediction", holds=True, scope=scope, basis=basis, because=because, evidence=evidence)
    noise = _noise(row)
    if noise is not None:
        because = f"{noise.key} {noise.shown} is no correlation but what rounding leaves of constant predictions"
        basis = (Proof.IMPLIED, ())
        return claim("constant_prediction", holds=True, scope=scope, basis=basis, because=because, evidence=(noise,))
    if (finite := _varying(row)) is not None:
        because = f"{finite.key} is {finite.shown}: a finite correlation needs predictions that vary (round-off aside)"
        basis = (Proof.IMPLIED, ())
        return claim("constant_prediction", holds=False, scope=scope, basis=basis, because=because, evidence=(finite,))
    r2 = row.evaluation.get("r2")
    if r2 is not None and row.r2 is not None and -_MEAN_R2 <= row.r2.low <= 0 and row.r2.high <= _NO_R2:
        because = (
            f"{r2.key} is {r2.shown}, what answering (nearly) the mean every time gives; predictions that vary much "
            "would have to gain by their correlation just what they lose by their spread"
        )
        basis = (Proof.SUGGESTED, ())
        return claim("constant_prediction", holds=True, scope=scope, basis=basis, because=because, evidence=(r2,))
    return None


def _offset_fact(row: Row, mse: Interval, variance: Bound, scope: Scope, basis: Basis) -> Fact:
    var = variance.interval
    offset = root(Interval(max(0, mse.low - var.high), max(0, mse.high - var.low)))
    shown = f"{row.error.key} {row.error.shown}" if row.error is not None else "its error"
    most = f"at most sqrt({float(mse.high):.8g} - {float(var.low):.8g}) = {float(offset.high):.4g}"
    least = f", at least sqrt({float(mse.low):.8g} - {float(var.high):.8g}) = {float(offset.low):.4g}"
    because = (
        f"a constant c has MSE = var(y) + (c - mean)^2, so with {shown} and var(y) {var:.5g} it lies {most}"
        f"{least if mse.low > var.high else ''} from the mean of the labels"
    )
    evidence = _together((*_evidence(row, "mse", "rmse"), *row.undefined), variance.evidence)
    return Fact("constant_offset", offset, scope, basis[0], because, "label units", basis[1], evidence)


def _rows_at(facts: Facts, scope: Scope) -> float | None:
    """Return the least number of evaluated rows, where it is known."""
    fact = facts.at("sample_count", scope)
    if fact is None:
        return None
    value = fact.value
    return float(value.low if isinstance(value, Interval) else value)


def _beats_null(row: Row, bound: Bound | None, rows: float | None, scope: Scope) -> Iterator[Fact]:
    """Yield whether a constant, or answers unrelated to the labels, can be excluded."""
    best = max(
        (v for name in CORRELATIONS if (v := row.evaluation.get(name)) is not None),
        key=lambda v: v.number,
        default=None,
    )
    correlation = best.interval if best is not None else None
    noise = max(3 / math.sqrt(rows or _ROWS), _NO_CORRELATION)
    if best is not None and correlation is not None and float(correlation.low) > noise:
        because = (
            f"{best.key} {best.shown} is above {noise:.2g}, which answers unrelated to the labels "
            f"do not reach by chance on {rows or _ROWS:.0f} rows"
        )
        yield claim("beats_null", holds=True, scope=scope, basis=(Proof.IMPLIED, ()), because=because, evidence=(best,))
    elif row.r2 is not None and row.r2.low > (max(_MEAN_R2, 9 / rows) if rows else _CLEAR_R2):
        value = row.evaluation.metrics["r2"]
        because = f"{value.key} {value.shown} is above 0, the R2 of answering the mean, by more than chance explains"
        yield claim(
            "beats_null", holds=True, scope=scope, basis=(Proof.IMPLIED, ()), because=because, evidence=(value,)
        )
    elif (
        bound is not None
        and bound.interval.high <= 0
        and (correlation is None or float(correlation.high) < _NO_CORRELATION)
    ):
        most = float(bound.interval.high)
        bounded = f"R2 is at most {most:{'.4f' if abs(most) < 1 else '.4g'}}"
        if row.r2 is not None:
            evidence = _evidence(row, "r2", *CORRELATIONS)
            bounded = f"{evidence[0].key} {evidence[0].shown} is not above 0"
        else:
            evidence = _evidence(row, "mse", "rmse", *CORRELATIONS)
        because = f"{bounded}: always answering the mean of the labels has no larger error"
        if best is not None:
            found = [v for name in CORRELATIONS if (v := row.evaluation.get(name)) is not None]
            because += f", and {quoted(*found)} show no correlation"
        basis = (Proof.PROVED, ()) if row.r2 is not None else (Proof.PROVED_IF, bound.assumes)
        evidence = _together(evidence, bound.evidence)
        yield claim("beats_null", holds=False, scope=scope, basis=basis, because=because, evidence=evidence)
    elif best is not None and correlation is not None and correlation.high <= 0 and bound is None:
        found = [v for name in CORRELATIONS if (v := row.evaluation.get(name)) is not None]
        because = f"{quoted(*found)}: no correlation is above 0, and answers unrelated to the labels do as well"
        used = _evidence(row, "r2", "mse", "rmse", *CORRELATIONS)
        yield claim("beats_null", holds=False, scope=scope, basis=(Proof.PROVED, ()), because=because, evidence=used)


def _question(rows: Sequence[Row], scope: Scope, *, known: bool) -> Iterator[Question]:
    """Ask for the variance of the labels where errors are reported and nothing says what the mean would reach."""
    told = known or any(row.r2 is not None or row.varies for row in rows)
    if not told and any(row.mse is not None for row in rows):
        ask = "What is the variance of the labels on the evaluated rows? (the MSE of answering their mean)"
        yield Question(ask, "label_variance=V", ("r2", "beats_null"), scope)


def _evidence(row: Row, *names: str) -> tuple[Value, ...]:
    return tuple(row.evaluation.metrics[name] for name in names if name in row.evaluation.metrics)


def _together(first: tuple[Value, ...], second: tuple[Value, ...]) -> tuple[Value, ...]:
    """Return both, each value once; without hashing them, which costs more than all the rest of a long history."""
    return (*first, *(value for value in second if not any(value is other for other in first)))

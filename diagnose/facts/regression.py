"""What regression metrics prove: the variance of the labels, R2, constants, and whether the mean is beaten."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._proofs import claim, following, resting_on
from diagnose.facts._regression import CORRELATIONS, Row, root, row_of
from diagnose.facts._scopes import scope_of, series_scope
from diagnose.interval import Interval
from diagnose.types import Fact, Proof, Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.facts._proofs import Basis
    from diagnose.interval import Number
    from diagnose.types import Facts, Run, Scope, Series, Value

PROVIDES: Mapping[str, str] = {
    "label_variance": "variance of the labels on the evaluated rows, an interval, in squared label units",
    "r2": "coefficient of determination, 1 - MSE/var(y), an interval",
    "constant_offset": "distance of a constant prediction from the mean of the labels, an interval, in label units",
    "constant_prediction": "whether every row gets the same prediction",
    "beats_null": "whether the null models of the task (here: answers without regard to the input) are excluded",
    "loss_vs_mse.gap": "largest difference of the loss and the MSE that it tracks, as a share of it",
}
NEEDS: tuple[str, ...] = ("sample_count",)

_SAME_ROWS = ("same_rows=true", "same_average=true")
# A correlation below this is none: even where it is real, an affine correction would explain 1 % of the variance.
_NO_CORRELATION = 0.1
# Without a row count this many are supposed; three standard errors of a correlation are then 0.3.
_ROWS = 100
# The same for R2: two numbers that explain 5 % of the variance correlate by at least 0.22.
_CLEAR_R2 = 0.05
# R2 from -0.01 to 0 is what answering the mean gives, and what a model without skill gives that hardly varies. An R2
# whose printed digits do not tell it from 0 counts too; one that is positive to its last digit does not.
_MEAN_R2 = 0.01
_NO_R2 = 0.001
# A loss that stays this near to the MSE in every row is the MSE, computed in another way.
_TRACKS = 0.01
_FEWEST_TRACKED = 3


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield the facts of each series that has an error, a correlation or R2."""
    for series in run.series():
        rows = [row for evaluation in series.evaluations if (row := row_of(evaluation)) is not None]
        if not rows:
            continue
        given = assumed.number("label_variance", series_scope(run, series))
        assumes = _SAME_ROWS if given is None else (*_SAME_ROWS, f"label_variance={given:g}")
        variance, source = (Interval.of(given), None) if given is not None else _label_variance(rows)
        if variance is not None and source is not None:
            yield _variance_fact(variance, source, rows, series_scope(run, series))
        labels_vary = any(row.varies for row in rows)
        for row in rows:
            scope = scope_of(run, series, row.evaluation)
            bound = _r2(row, variance)
            if row.r2 is None and bound is not None:
                yield _r2_fact(bound, row, variance, scope, assumes)
            constant = _constant(row, scope, labels_vary=labels_vary)
            if constant is not None:
                yield constant
                if constant.value and row.mse is not None and variance is not None:
                    yield _offset_fact(row, row.mse, variance, scope, resting_on([constant], assumes))
            if constant is not None and constant.value:
                because = f"one answer for every row is no better than the mean of the labels: {constant.because}"
                yield following(constant, "beats_null", scope, holds=False, because=because)
            else:
                yield from _beats_null(row, bound, _rows_at(facts, scope), scope, assumes)
        yield from _loss_vs_mse(series, series_scope(run, series))
        yield from _question(rows, variance, series_scope(run, series))


def _label_variance(rows: Sequence[Row]) -> tuple[Interval | None, Row | None]:
    """Return what all rows together say of var(y), and the row with the least upper end."""
    bounds = [(bound, row) for row in rows if (bound := row.variance) is not None]
    if not bounds:
        return None, None
    joint, source = min(bounds, key=lambda item: item[0].high)
    for bound, _ in bounds:
        # Rows that contradict one another are reported by `contradiction`; the least upper end is kept here.
        joint = joint.meet(bound) or joint
    return joint, source


def _variance_fact(variance: Interval, source: Row, rows: Sequence[Row], scope: Scope) -> Fact:
    exact = source.r2 is not None
    formula = "MSE/(1 - R2)" if exact else "MSE of a constant prediction" if source.undefined else "MSE/(1 - r^2)"
    relation = "is" if exact else "is at most"
    because = (
        f"var(y) {relation} {formula}: {source.text} give {_bounds(variance, exact=exact)}, "
        f"the least of {len(rows)} evaluation{'s' if len(rows) > 1 else ''}"
    )
    evidence = _evidence(source, "mse", "rmse", "r2", *CORRELATIONS)
    return Fact(
        "label_variance", variance, scope, Proof.PROVED_IF, because, "label units squared", _SAME_ROWS, evidence
    )


def _bounds(interval: Interval, *, exact: bool) -> str:
    high = f"{float(interval.high):.6g}"
    return f"{float(interval.low):.6g} to {high}" if exact else high


def _r2(row: Row, variance: Interval | None) -> Interval | None:
    """Return the bounds of R2: at most r^2, at most 0 for a constant, 1 - MSE/var(y)."""
    if row.r2 is not None:
        return row.r2
    low: Number = -math.inf
    high: Number = math.inf
    if row.mse is not None and variance is not None and variance.high > 0:
        high = 1 - row.mse.low / variance.high
        low = 1 - row.mse.high / variance.low if variance.low > 0 else -math.inf
    if row.undefined and row.mse is not None:
        high = min(high, 0)
    elif row.r_squared is not None:
        high = min(high, row.r_squared.high)
    return Interval(min(low, high), high) if high < 1 else None


def _r2_fact(bound: Interval, row: Row, variance: Interval | None, scope: Scope, assumes: tuple[str, ...]) -> Fact:
    because = "R2 is at most r^2, the square of Pearson's correlation, whatever the scale of the predictions"
    mse = row.evaluation.get("mse", "rmse")
    if variance is not None and mse is not None and (row.r_squared is None or bound.high < row.r_squared.high):
        because = (
            f"R2 = 1 - MSE/var(y) with {mse.key} {mse.text} and var(y) at most {float(variance.high):.6g}: "
            f"at most {float(bound.high):.4g}"
        )
    evidence = _evidence(row, "mse", "rmse", "pearson")
    return Fact("r2", bound, scope, Proof.PROVED_IF, because, "", assumes, evidence)


def _constant(row: Row, scope: Scope, *, labels_vary: bool) -> Fact | None:
    """Return whether the row's predictions are constant, where its correlations or its R2 tell."""
    error = row.evaluation.get("mse", "rmse", "mae", "loss")
    if row.undefined and error is not None:
        names = " and ".join(value.key for value in row.undefined)
        because = f"{names} {'is' if len(row.undefined) == 1 else 'are'} NaN while {error.key} is {error.text}: "
        evidence = (*row.undefined, error)
        if labels_vary and error.metric != "loss":
            because += "the labels vary, since other rows have a correlation, so the predictions do not"
            return claim(
                "constant_prediction",
                holds=True,
                scope=scope,
                basis=(Proof.PROVED_IF, _SAME_ROWS),
                because=because,
                evidence=evidence,
            )
        because += "the predictions are numbers and do not vary, unless it is the labels that do not"
        return claim(
            "constant_prediction",
            holds=True,
            scope=scope,
            basis=(Proof.IMPLIED, ()),
            because=because,
            evidence=evidence,
        )
    if row.varies:
        finite = next(v for name in CORRELATIONS if (v := row.evaluation.get(name)) is not None)
        because = f"{finite.key} is {finite.text}: a finite correlation needs predictions that vary (float noise aside)"
        return claim(
            "constant_prediction",
            holds=False,
            scope=scope,
            basis=(Proof.IMPLIED, ()),
            because=because,
            evidence=(finite,),
        )
    r2 = row.evaluation.get("r2")
    if r2 is not None and row.r2 is not None and -_MEAN_R2 <= row.r2.low <= 0 and row.r2.high <= _NO_R2:
        because = (
            f"{r2.key} is {r2.text}, what answering (nearly) the mean every time gives; predictions that vary much "
            "would have to gain by their correlation just what they lose by their spread"
        )
        return claim(
            "constant_prediction", holds=True, scope=scope, basis=(Proof.SUGGESTED, ()), because=because, evidence=(r2,)
        )
    return None


def _offset_fact(row: Row, mse: Interval, variance: Interval, scope: Scope, basis: Basis) -> Fact:
    offset = root(Interval(max(0, mse.low - variance.high), max(0, mse.high - variance.low)))
    value = row.evaluation.get("mse", "rmse")
    shown = f"{value.key} {value.text}" if value is not None else "its error"
    because = (
        f"a constant c has MSE = var(y) + (c - mean)^2: with {shown} and var(y) from {float(variance.low):.6g} "
        f"to {float(variance.high):.6g}, c lies {offset.low:.4g} to {offset.high:.4g} from the mean of the labels"
    )
    evidence = _evidence(row, "mse", "rmse")
    return Fact("constant_offset", offset, scope, basis[0], because, "label units", basis[1], evidence)


def _rows_at(facts: Facts, scope: Scope) -> float | None:
    """Return the least number of evaluated rows, where it is known."""
    fact = facts.at("sample_count", scope)
    if fact is None:
        return None
    value = fact.value
    return float(value.low if isinstance(value, Interval) else value)


def _beats_null(
    row: Row, bound: Interval | None, rows: float | None, scope: Scope, given: tuple[str, ...]
) -> Iterator[Fact]:
    """Yield whether a constant, or answers unrelated to the labels, can be excluded."""
    best = max(
        (v for name in CORRELATIONS if (v := row.evaluation.get(name)) is not None),
        key=lambda v: v.number,
        default=None,
    )
    correlation = best.interval if best is not None else None
    evidence = _evidence(row, "r2", "mse", "rmse", *CORRELATIONS)
    noise = 3 / math.sqrt(rows or _ROWS)
    if best is not None and correlation is not None and correlation.low > max(noise, _NO_CORRELATION):
        because = (
            f"{best.key} {best.text} is above {max(noise, _NO_CORRELATION):.2g}, which answers unrelated to the labels "
            f"do not reach by chance on {rows or _ROWS:.0f} rows"
        )
        yield claim(
            "beats_null", holds=True, scope=scope, basis=(Proof.IMPLIED, ()), because=because, evidence=evidence
        )
    elif row.r2 is not None and row.r2.low > (max(_MEAN_R2, 9 / rows) if rows else _CLEAR_R2):
        value = row.evaluation.get("r2")
        because = (
            f"{value.key if value else 'R2'} is above 0, the R2 of answering the mean, by more than chance explains"
        )
        yield claim(
            "beats_null", holds=True, scope=scope, basis=(Proof.IMPLIED, ()), because=because, evidence=evidence
        )
    elif bound is not None and bound.high <= 0 and (correlation is None or correlation.high < _NO_CORRELATION):
        because = f"R2 is at most {float(bound.high):.3g}: always answering the mean of the labels has no larger error"
        proof, assumes = (Proof.PROVED, ()) if row.r2 is not None else (Proof.PROVED_IF, given)
        yield claim("beats_null", holds=False, scope=scope, basis=(proof, assumes), because=because, evidence=evidence)
    elif best is not None and correlation is not None and correlation.high <= 0 and bound is None:
        because = f"{best.key} {best.text} is the largest correlation: answers unrelated to the labels do as well"
        yield claim(
            "beats_null", holds=False, scope=scope, basis=(Proof.PROVED, ()), because=because, evidence=evidence
        )


def _loss_vs_mse(series: Series, scope: Scope) -> Iterator[Fact]:
    """Yield how far the loss is from the MSE, where it tracks the MSE so closely that it must be one."""
    pairs: list[tuple[Value, Value]] = []
    for row in series.rows:
        loss, mse = row.get("loss"), row.get("mse")
        if loss is not None and mse is not None:
            pairs.append((loss, mse))
    if len(pairs) < _FEWEST_TRACKED or not all(
        abs(loss.number - mse.number) <= _TRACKS * abs(mse.number) and mse.number > 0 for loss, mse in pairs
    ):
        return
    apart = [
        (abs(loss.number - mse.number) / mse.number, loss, mse)
        for loss, mse in pairs
        if loss.interval is not None and mse.interval is not None and loss.interval.meet(mse.interval) is None
    ]
    gap, loss, mse = max(apart, key=lambda item: item[0], default=(0.0, *pairs[-1]))
    because = (
        f"the loss stays within 1 % of the MSE in all {len(pairs)} rows, so it is the MSE; at most they differ as "
        f"{loss.key} {loss.text} and {mse.key} {mse.text}"
    )
    yield Fact("loss_vs_mse.gap", gap, scope, Proof.IMPLIED, because, "", (), (loss, mse))


def _question(rows: Sequence[Row], variance: Interval | None, scope: Scope) -> Iterator[Question]:
    """Ask for the variance of the labels where errors are reported and nothing says what the mean would reach."""
    if (
        variance is None
        and any(row.mse is not None for row in rows)
        and not any(row.r2 is not None or row.varies for row in rows)
    ):
        ask = "What is the variance of the labels on the evaluated rows? (the MSE of answering their mean)"
        yield Question(ask, "label_variance=V", ("r2", "beats_null"), scope)


def _evidence(row: Row, *names: str) -> tuple[Value, ...]:
    return tuple(row.evaluation.metrics[name] for name in names if name in row.evaluation.metrics)

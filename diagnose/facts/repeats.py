"""Rows of a history that repeat themselves: frozen evaluations, answers that stand still, constant predictors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._curves import history_of, printed_digits, training_points
from diagnose.facts._scopes import series_scope
from diagnose.facts._task_metric import task_metrics
from diagnose.types import Fact, Facts, Proof, Question, Run, Scope, Series, row_step
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.facts._curves import Point

PROVIDES: Mapping[str, str] = {
    "frozen_rows": "how many evaluations at the end print the same task metrics and the same loss",
    "frozen_rows.share": "the same as a share of all evaluations",
    "frozen_rows.training_change": "change of the training loss over those evaluations, as a share",
    "still_rows": "how many evaluations at the end print the same task metrics while the loss moves",
    "still_rows.share": "the same as a share of all evaluations",
    "collapsed_rows": "how many evaluations were made by a constant predictor",
    "collapsed_rows.share": "the same as a share of all evaluations",
    "collapsed_rows.relapses": "how many of them come after an evaluation that was not",
}
NEEDS: tuple[str, ...] = ("constant_prediction",)


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001
    """Yield how many rows of every history repeat themselves."""
    losses = [p for p in training_points(run, "loss") if math.isfinite(p.number)]
    for series in map(history_of, run.series()):
        if series.split != "train" and len(series.rows) > 1:
            scope = series_scope(run, series)
            yield from _frozen(series, losses, scope)
            yield from _collapsed(series, facts, scope)


def _frozen(series: Series, losses: Sequence[Point], scope: Scope) -> Iterator[Fact]:
    """Yield how many evaluations at the end print the same, digit by digit.

    Only texts that would have differed count: at least four significant digits of a finite loss (frozen_rows), or of
    a task metric (still_rows); three coincide too easily. A perfect score has nowhere to move.
    """
    last, total = series.rows[-1].metrics, len(series.rows)
    names = [n for n in task_metrics(series) if n in last and last[n].is_finite]
    loss = last.get("loss")
    if not names or loss is None or not loss.is_finite or _perfect(series, names):
        return
    still = _same_tail(series, names)
    frozen = min(still, _same_tail(series, ["loss"]))
    texts = ", ".join(f"{n} {last[n].shown}" for n in names[:3])
    if printed_digits(loss) >= 4:
        share = f"{frozen}/{total} = {frozen / total:.4g} of the evaluations"
        because = f"{share}, counted from the end, print {texts}, loss {loss.shown}"
        yield Fact("frozen_rows", frozen, scope, Proof.PROVED, because, evidence=(loss,))
        yield Fact("frozen_rows.share", frozen / total, scope, Proof.PROVED, because)
        yield from _training_while_frozen(series, frozen, losses, scope)
    if max(printed_digits(last[n]) for n in names) >= 4 and frozen < 2:
        share = f"{still}/{total} = {still / total:.4g} of the evaluations"
        because = f"{share}, counted from the end, print {texts} while the loss moves"
        yield Fact("still_rows", still, scope, Proof.PROVED, because)
        yield Fact("still_rows.share", still / total, scope, Proof.PROVED, because)


def _training_while_frozen(series: Series, frozen: int, losses: Sequence[Point], scope: Scope) -> Iterator[Fact]:
    start = row_step(series.rows[-frozen])
    during = [p.number for p in losses if start is not None and p.place >= start]
    if len(during) > 1 and max(during) > 0:
        change = 1 - min(during) / max(during)
        said = (
            f"over these evaluations the training loss lies between {min(during):.4g} and {max(during):.4g}: "
            f"1 - {min(during):.4g}/{max(during):.4g} = {change:.1%}"
        )
        yield Fact("frozen_rows.training_change", change, scope, Proof.SUGGESTED, said)


def _perfect(series: Series, names: Sequence[str]) -> bool:
    """Whether the last row is as good as it can be: it has nowhere to move."""
    last = series.rows[-1].metrics
    better = {name: info.higher_is_better for name in names if (info := metric_of(name)) is not None}
    return any(last[n].number >= 1 if up else last[n].number <= 0 for n, up in better.items() if up is not None)


def _same_tail(series: Series, names: Sequence[str]) -> int:
    last = [series.rows[-1].metrics[n].text for n in names]
    count = 0
    for row in reversed(series.rows):
        values = [row.metrics.get(n) for n in names]
        if [v.text if v is not None else None for v in values] != last:
            break
        count += 1
    return count


def _collapsed(series: Series, facts: Facts, scope: Scope) -> Iterator[Fact]:
    """Count the rows of a constant predictor, and those that come after a row that was not."""
    constant = {
        fact.scope.step: fact
        for fact in facts.named("constant_prediction")
        if fact.value is True and fact.scope.step is not None and scope.covers(fact.scope)
    }
    steps = [row_step(row) for row in series.rows]
    flags = [step in constant for step in steps]
    count, total = sum(flags), len(flags)
    if not any(scope.covers(f.scope) for f in facts.named("constant_prediction")):
        return
    healthy = flags.index(False) if False in flags else total
    relapses = sum(flags[healthy:])
    proof = Proof.weakest(f.proof for f in facts.named("constant_prediction") if scope.covers(f.scope))
    proof = Proof.IMPLIED if proof is Proof.PROVED_IF else proof
    because = (
        f"{count}/{total} = {count / total:.4g} of the evaluations were made by a constant predictor, {relapses} of "
        "them after one that was not"
    )
    # The first few rows stand for all of them.
    evidence = tuple(value for step in list(constant)[:3] for value in constant[step].evidence)
    for name, value in (("", count), (".share", count / total), (".relapses", relapses)):
        yield Fact(f"collapsed_rows{name}", value, scope, proof, because, evidence=evidence)

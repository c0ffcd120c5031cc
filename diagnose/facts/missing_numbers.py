"""NaN and infinity: where they stand in the metrics and in the history, and whether the model moves beside them."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from diagnose.facts._proofs import claim
from diagnose.facts._scopes import scope_of, series_scope
from diagnose.facts._scores import quoted
from diagnose.types import Fact, Proof
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run, Scope, Series, Value

PROVIDES: Mapping[str, str] = {
    "nan_metrics": "[metric]: task metrics of the reported evaluation that are NaN or infinite",
    "nan_metrics.count": "how many task metrics of the reported evaluation are NaN or infinite",
    "nan_rows.share": "share of the evaluations with task metrics in which one is NaN or infinite",
    "nan_loss.reported": "whether the loss of the reported evaluation is NaN or infinite",
    "nan_loss.tail_share": "share of the history, counted from its end, in which every loss is NaN or infinite",
    "nan_loss.explained": "whether a task metric is finite and changes, so that only the loss is broken",
}
NEEDS: tuple[str, ...] = ()

# Unrelated texts of one language share a twentieth of their words; a model that works scores more on anything.
_NOTHING = 0.05
_TASK_KINDS = ("score", "correlation", "error")


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield where NaN and infinity stand in each series that has a task metric or a loss."""
    for series in run.series():
        if not any(_task_values(evaluation) or "loss" in evaluation.metrics for evaluation in series.evaluations):
            continue
        scope = series_scope(run, series)
        reported = series.reported
        yield from _metrics(reported, scope_of(run, series, reported))
        yield from _rows(series, scope)
        yield from _loss(run, series, scope_of(run, series, reported), scope)


def _is_task_metric(name: str) -> bool:
    info = metric_of(name)
    return info is not None and info.kind in _TASK_KINDS and info.base != "stderr" and not name.startswith("target.")


def _task_values(evaluation: Evaluation) -> dict[str, Value]:
    return {name: value for name, value in evaluation.metrics.items() if _is_task_metric(name)}


def _metrics(evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    broken = [value for value in _task_values(evaluation).values() if not value.is_finite]
    shown = ", ".join(f"{v.key} is {v.shown}" for v in broken)
    because = f"{len(broken)} reported: {shown}" if broken else "no reported task metric is NaN or infinite"
    names = [value.metric for value in broken]
    yield Fact("nan_metrics", names, scope, Proof.PROVED, because, "", (), tuple(broken))
    yield Fact("nan_metrics.count", len(broken), scope, Proof.PROVED, because, "metrics", (), tuple(broken))


def _rows(series: Series, scope: Scope) -> Iterator[Fact]:
    rows = [values for row in series.rows or series.evaluations if (values := _task_values(row))]
    broken = [values for values in rows if any(not v.is_finite for v in values.values())]
    part = len(broken) / max(len(rows), 1)
    ratio = f"{len(broken)}/{len(rows)} = {part:.4g} of the evaluations have" if rows else "no evaluation has"
    because = f"{ratio} a task metric that is NaN or infinite"
    evidence = tuple(v for values in broken[:3] for v in values.values() if not v.is_finite)
    yield Fact("nan_rows.share", part, scope, Proof.PROVED, because, "", (), evidence)


def _loss(run: Run, series: Series, own: Scope, scope: Scope) -> Iterator[Fact]:
    """Yield whether the loss is broken, and whether the metrics beside it show that the model is not."""
    loss, tail = series.reported.metrics.get("loss"), _broken_tail(series)
    basis = Proof.PROVED, ()
    if tail:
        total = len(series.column("loss"))
        part = f"{len(tail)}/{total} = {len(tail) / total:.4g}"
        because = f"{tail[-1].key} is {tail[-1].shown} in the last {part} of the evaluations"
        yield Fact("nan_loss.tail_share", len(tail) / total, scope, Proof.PROVED, because, "", (), tuple(tail[-3:]))
    if loss is None or loss.is_finite:
        because = "no loss is reported" if loss is None else f"{loss.key} is {loss.shown}"
        used = () if loss is None else (loss,)
        yield claim("nan_loss.reported", holds=False, scope=own, basis=basis, because=because, evidence=used)
        if not tail:
            return
        loss = tail[-1]
    else:
        because = f"{loss.key} is {loss.shown}"
        yield claim("nan_loss.reported", holds=True, scope=own, basis=basis, because=because, evidence=(loss,))
    yield _explained(run, series, loss, scope)


def _broken_tail(series: Series) -> list[Value]:
    """Return the losses at the end of the history that are NaN or infinite, the last one last."""
    tail = list(takewhile(lambda loss: not loss.is_finite, (loss for _, loss in reversed(series.column("loss")))))
    return tail[::-1]


def _explained(run: Run, series: Series, loss: Value, scope: Scope) -> Fact:
    """Return whether a task metric moves beside the broken `loss`, so that only the loss is broken."""
    because = f"{loss.key} is {loss.shown}"
    zero = _trains_at_zero(run)
    # A headline of another evaluation does not make a frozen history move.
    rows = series.rows if len(series.rows) > 1 else series.evaluations
    moving = {
        name
        for row in rows
        for name in _task_values(row)
        if len({v.number for e in rows if (v := e.get(name)) is not None}) > 1
    }
    finite = [v for v in _task_values(series.reported).values() if v.is_finite]
    if zero is not None:
        because += f", and the training loss is {zero.shown} from beginning to end"
    elif moving:
        because += f", but {', '.join(sorted(moving))} {'is' if len(moving) == 1 else 'are'} finite and change"
    elif finite and len(rows) > 1:
        because += f", and no task metric changes in {len(rows)} evaluations"
    elif finite and all(_is_next_to_nothing(value) for value in finite):
        because += f", and {', '.join(f'{v.key} {v.shown}' for v in finite)} is next to nothing"
    elif finite:
        because += f", and one evaluation ({quoted(*finite)}) does not show a metric that moves"
    else:
        because += ", and no task metric shows that the model works"
    evidence = (loss,) if zero is None else (loss, zero)
    return Fact("nan_loss.explained", bool(moving) and zero is None, scope, Proof.PROVED, because, "", (), evidence)


def _is_next_to_nothing(value: Value) -> bool:
    info = metric_of(value.metric)
    return info is not None and info.kind == "score" and info.higher_is_better is True and value.number < _NOTHING


def _trains_at_zero(run: Run) -> Value | None:
    """Return a training loss of exactly 0 where all of them are: the trainer's stand-in for NaN."""
    losses = [point.metrics["loss"] for point in run.training if "loss" in point.metrics]
    losses += [e.metrics["loss"] for e in run.evaluations if e.split == "train" and "loss" in e.metrics]
    finite = [loss for loss in losses if loss.is_finite]
    return finite[-1] if finite and all(loss.number == 0 for loss in finite) else None

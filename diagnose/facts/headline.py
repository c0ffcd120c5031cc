"""Whether the figures that a report puts on top are those of a row of its own history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.facts._scopes import series_scope
from diagnose.types import Fact, Proof, row_step
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run, Value

PROVIDES: Mapping[str, str] = {
    "headline.matching_rows": "how many rows of the history agree with the headline in every metric that both have",
    "headline.shared_metrics": "how many metrics the headline shares with the nearest row",
    "headline.nearest_step": "the step (or epoch) of the row that differs from the headline in the fewest metrics",
    "headline.differences": "[text]: where the headline differs from that row",
}
NEEDS: tuple[str, ...] = ()

_COMPARED = ("score", "correlation", "error", "loss")


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield how the headline of each series compares with the rows of its history."""
    for series in run.series():
        if series.headline is None or series.split == "train":
            continue
        head = series.headline
        compared = [
            (row, shared) for row in series.rows if row_step(row) is not None and (shared := _shared(head, row))
        ]
        if not compared:
            continue
        scope = series_scope(run, series)
        apart = [(row, shared, [pair for pair in shared if not _agree(*pair)]) for row, shared in compared]
        nearest, shared, differing = min(apart, key=lambda item: (len(item[2]) / len(item[1]), -len(item[1])))
        matching = sum(not different for _, _, different in apart)
        step = row_step(nearest)
        texts = [f"{mine.key} {mine.shown} against {theirs.shown}" for mine, theirs in differing]
        if matching:
            because = (
                f"{matching} of {len(apart)} rows agree with the headline in all of its {len(shared)} metrics, "
                f"{step:g} among them"
            )
        else:
            because = (
                f"0 of {len(apart)} rows agree with the headline; the nearest, {step:g}, differs in {len(texts)} of "
                f"{len(shared)} metrics: {'; '.join(texts)}"
            )
        evidence = tuple(value for pair in differing for value in pair)
        yield Fact("headline.matching_rows", matching, scope, Proof.PROVED, because, "rows", (), evidence)
        yield Fact("headline.shared_metrics", len(shared), scope, Proof.PROVED, because, "metrics")
        yield Fact("headline.nearest_step", step, scope, Proof.PROVED, because)
        yield Fact("headline.differences", texts, scope, Proof.PROVED, because, "", (), evidence)


def _shared(head: Evaluation, row: Evaluation) -> list[tuple[Value, Value]]:
    """Return the metrics that both have, approximate ones and those that depend on the clock left out."""
    pairs = []
    for name, value in head.metrics.items():
        info, other = metric_of(name), row.metrics.get(name)
        if other is None or info is None or info.kind not in _COMPARED or name.startswith("target."):
            continue
        if not value.approximate and not other.approximate:
            pairs.append((value, other))
    return pairs


def _agree(mine: Value, theirs: Value) -> bool:
    """Whether one number may have been printed as both texts."""
    if mine.interval is None or theirs.interval is None:
        return mine.is_nan == theirs.is_nan and (mine.is_nan or mine.number == theirs.number)
    return mine.interval.meet(theirs.interval) is not None

"""A loss that is the mean squared error, and differs from it all the same: one of them is an average over batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.facts._scopes import series_scope
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions
    from diagnose.types import Facts, Question, Run, Scope, Series, Value

PROVIDES: Mapping[str, str] = {
    "loss_vs_mse.gap": "largest difference of the loss and the MSE that it tracks, as a share of it",
}
NEEDS: tuple[str, ...] = ()

# A loss that stays this near to the MSE in every row is the MSE, computed in another way.
_TRACKS = 0.01
_FEWEST_TRACKED = 3


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001  # its protocol
    """Yield how far the loss of each series is from the MSE that it is."""
    for series in run.series():
        yield from _loss_vs_mse(series, series_scope(run, series))


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
        f"{loss.key} {loss.shown} and {mse.key} {mse.shown}, by {gap:.3%}"
    )
    yield Fact("loss_vs_mse.gap", gap, scope, Proof.IMPLIED, because, "", (), (loss, mse))

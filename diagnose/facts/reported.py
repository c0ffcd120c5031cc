"""The reported metrics themselves, as facts that rules can name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.facts._scopes import scope_of
from diagnose.types import Fact, Facts, Proof, Question, Run
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions

# The names are those of the vocabulary; facts.fact_names lists them.
PROVIDES: Mapping[str, str] = {}
NEEDS: tuple[str, ...] = ()


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001
    """Yield each known metric of each reported evaluation: its interval, or the number where it is not finite."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        for name, value in evaluation.metrics.items():
            info = metric_of(name)
            if info is None or name.startswith("target.") or info.kind in ("axis", "setting", "spread"):
                continue
            yield Fact(
                name,
                value.interval or value.number,
                scope,
                Proof.PROVED,
                f"{value.key} is reported as {value.shown}",
                evidence=(value,),
            )

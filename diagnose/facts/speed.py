"""How fast rows were processed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.facts._proofs import resting_on
from diagnose.facts._scopes import scope_of, series_scope
from diagnose.facts._scores import measured
from diagnose.types import Evaluation, Fact, Facts, Proof, Question, Run, Scope
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.facts import Assumptions

PROVIDES: Mapping[str, str] = {
    "throughput": "samples a second of an evaluation (or, on the train split, of the training)",
    "throughput.seconds": "how long it took, seconds",
    "throughput.over_train": "samples a second of the evaluation over those of the training",
    "throughput.generates": "whether a metric shows that text was generated, which is slow by nature",
}
NEEDS: tuple[str, ...] = ()

# Metrics that are computed from generated text, token after token.
_GENERATED = {
    "bleu", "chrf", "meteor", "ter", "rouge1", "rouge2", "rougeL", "rougeLsum", "gen_len", "wer", "cer", "mer",
    "exact_match", "bertscore",
}  # fmt: skip


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001
    """Yield the speed of every reported result, as printed or as samples over seconds."""
    speeds: dict[tuple[str | None, str], tuple[Fact, Scope]] = {}
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        fact = _throughput(evaluation, scope)
        seconds = evaluation.get("runtime")
        if seconds is not None and measured(seconds) is not None and series.split != "train":
            because = f"{seconds.key} is {seconds.shown} seconds"
            yield Fact(
                "throughput.seconds", measured(seconds), scope, Proof.PROVED, because, "seconds", evidence=(seconds,)
            )
        if fact is not None:
            yield fact
            speeds[series.task, series.split] = (fact, series_scope(run, series))
            yield _generates(evaluation, scope)
    trained = speeds.get((None, "train"))
    for (_, split), (fact, scope) in speeds.items():
        if trained is not None and split != "train" and trained[0].value.low > 0:
            ours, theirs = fact.value, trained[0].value
            ratio = ours / theirs
            because = (
                f"{ours.middle:.4g} samples a second in evaluation over {theirs.middle:.4g} in training = "
                f"{ratio.middle:.3g}"
            )
            proof, assumes = resting_on([fact, trained[0]])
            used = (*fact.evidence, *trained[0].evidence)
            yield Fact("throughput.over_train", ratio, scope, proof, because, "", assumes, used)


def _throughput(evaluation: Evaluation, scope: Scope) -> Fact | None:
    rate = evaluation.get("samples_per_second")
    speed = measured(rate) if rate is not None else None
    if rate is not None and speed is not None:
        because = f"{rate.key} is reported as {rate.shown}"
        return Fact("throughput", speed, scope, Proof.PROVED, because, "samples/s", evidence=(rate,))
    rows, seconds = evaluation.get("samples"), evaluation.get("runtime")
    time = measured(seconds) if seconds is not None else None
    if rows is None or seconds is None or time is None or rows.interval is None or time.low <= 0:
        return None
    value = rows.interval / time
    because = f"{rows.shown} rows / {seconds.shown} seconds = {value:.4g} a second"
    return Fact(
        "throughput", value, scope, Proof.PROVED_IF, because, "samples/s", ("timing_same_rows=true",), (rows, seconds)
    )


def _generates(evaluation: Evaluation, scope: Scope) -> Fact:
    found = sorted(name for name in evaluation.metrics if (info := metric_of(name)) and info.base in _GENERATED)
    because = (
        f"{', '.join(found)} are computed from generated text" if found else "no metric of generated text is given"
    )
    return Fact("throughput.generates", bool(found), scope, Proof.SUGGESTED, because)

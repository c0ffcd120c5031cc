"""What the scores of an evaluation count, on which scale, and how many of them read 1."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._binary import primitive
from diagnose.facts._binary_recovery import shown_count
from diagnose.facts._confusion import Confusion
from diagnose.facts._proofs import claim, resting_on
from diagnose.facts._scale import FRACTION, mixed, undeclared
from diagnose.facts._scopes import scope_of, series_scope
from diagnose.facts._scores import decimals_of, harmonic_mean, padded, quoted, score_groups, share
from diagnose.interval import Interval
from diagnose.types import Evaluation, Fact, Facts, Proof, Question, Run, Scope, Series, Value
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions

PROVIDES = {
    "entity_level": "precision, recall and F1 count entities (spans), as the names say",
    "unit_mismatch": "the accuracy counts other things than precision, recall and F1 (tokens beside entities)",
    "accuracy_not_k_over_n": "the accuracy is no whole number of the evaluated rows over their number",
    "mixed_scale": "some scores are fractions and others percentages, with nothing to tell them apart",
    "task_score_count": "different task scores in the reported evaluation, losses and timings apart",
    "task_count": "evaluated tasks of the run",
    "wer.padded": "word error rate, with the zeros that tables drop put back",
    "perfect_scores.share": "share of the task scores that read 1",
    "perfect_scores.first_epoch": "epoch of the first row of the history whose task scores all read 1",
}
NEEDS = ("sample_count",)

# Label errors of common test sets are some percent: one wrong row in a thousand is as perfect as none.
_PERFECT = 0.999
# A round accuracy (3/4) is no sign of another unit where the least matrix with this precision and recall has it too;
# that of another unit fits only many times that matrix.
_MULTIPLE = 10
# A measured number of rows may be one of so many.
_MOST_COUNTS = 30
# What a sum over batches may lose in double precision; and a print narrower than the other is a double or a float32.
_LOST_DOUBLE, _LOST_SINGLE = Fraction(1, 10**12), Fraction(1, 10**6)
_ENTITY_NAMES = re.compile(
    r"(?<![a-z])(ner|conll\w*|wikiann|ontonotes\w*|seqeval|span[-_ ]?f1|token[-_ ]classification|ents?_[fpr])(?![a-z])",
    re.IGNORECASE,
)


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield the unit, the scale and the perfection of each reported evaluation's scores."""
    tasks = {series.task for series in run.series()}
    if tasks:
        said = "1 task is evaluated" if len(tasks) == 1 else f"{len(tasks)} tasks are evaluated"
        yield Fact("task_count", len(tasks), Scope(run.name), Proof.PROVED, said)
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        yield from _entity_level(run, evaluation, scope)
        yield from _no_share(evaluation, scope, facts, rounded=assumed.get("rounded", scope) == "true")
        yield from _unit_mismatch(run, evaluation, scope, facts, assumed)
        yield from _word_errors(evaluation, scope)
        scores = _task_scores(evaluation)
        yield from _mixed_scale(evaluation, scope)
        if scores:
            names = sorted({v.metric for v in scores})
            because = f"{len(names)} {'score' if len(names) == 1 else 'scores'}: {', '.join(names)}"
            yield Fact("task_score_count", len(names), scope, Proof.PROVED, because)
        yield from _perfect(series, scores, scope, series_scope(run, series))


def _task_scores(evaluation: Evaluation) -> list[Value]:
    """Return the finite scores and correlations of which a higher one is better."""
    found = []
    for name, value in evaluation.metrics.items():
        info = metric_of(name)
        wanted = info is not None and info.kind in ("score", "correlation") and info.higher_is_better
        if wanted and value.is_finite and not name.startswith("target."):
            found.append(value)
    return found


def _entity_level(run: Run, evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    """Yield that entities are counted where a name says so: the task, the model, or a metric's key."""
    values = [v for name, v in evaluation.metrics.items() if name in ("precision", "recall", "f1")]
    if not values:
        return
    keys = [v.key for v in values]
    overall = [key for key in keys if re.search(r"overall[_ ](?:precision|recall|f1)", key, re.IGNORECASE)]
    named = [
        word
        for word in filter(None, (run.task_kind, evaluation.task, run.name, run.model, *keys, *run.sources))
        if _ENTITY_NAMES.search(word)
    ]
    flags = sorted({"seqeval-tag-warning"} & run.text_flags.keys())
    if signs := [*overall, *named, *flags]:
        because = f"{signs[0]!r} names a task whose precision, recall and F1 count entities"
        yield claim(
            "entity_level", holds=True, scope=scope, basis=(Proof.IMPLIED, ()), because=because, evidence=tuple(values)
        )


def _unit_mismatch(
    run: Run, evaluation: Evaluation, scope: Scope, facts: Facts, assumed: Assumptions
) -> Iterator[Fact]:
    """Yield that the accuracy counts other things, where the four scores fit one matrix only by a coincidence.

    F1 is the harmonic mean of precision and recall in all digits, so these three count one kind of thing; an accuracy
    that is no share of the given rows, or whose matrix would need hundreds of times its denominator, counts another.
    """
    scores = next(score_groups(run, evaluation, scope, assumed), None)
    if scores is None or not scores.complete or scores.average not in (None, "binary", "micro"):
        return
    ratios = [i for name in ("accuracy", "precision", "recall", "f1") if (i := scores.interval(name)) is not None]
    if len(ratios) < 4 or any(i.high - i.low > 1e-6 for i in ratios) or ratios[1].low <= 0 or ratios[2].low <= 0:
        return
    if harmonic_mean(ratios[1], ratios[2]).meet(ratios[3]) is None or ratios[0].meet(ratios[2]) is not None:
        return
    rows = facts.at("sample_count", scope)
    if rows is not None and isinstance(rows.value, int):
        if rows.value * ratios[0].high < 1e9 and not _has_integer(ratios[0] * rows.value):
            basis = resting_on([rows], scores.assumes, Proof.IMPLIED)
            because = (
                f"{quoted(scores.accuracy)} is no share of {rows.value:,} rows; F1 is the harmonic mean of the others"
            )
            yield claim("unit_mismatch", holds=True, scope=scope, basis=basis, because=because, evidence=scores.values)
        return
    exact = primitive(*ratios)
    if exact is None:
        return
    found = exact.matrix
    needed = math.lcm(*(Fraction(found.tp, found.tp + wrong).numerator for wrong in (found.fp, found.fn)))
    if exact.likelihood_ratio < 1 and found.tp >= _MULTIPLE * needed:
        because = (
            f"one matrix with {quoted(*scores.values)} would have {exact.matrix.rows:,} rows or a multiple, which is "
            f"{float(1 / exact.likelihood_ratio) if exact.likelihood_ratio else float('inf'):,.0f} times less likely "
            "than an accuracy of another unit"
        )
        yield claim(
            "unit_mismatch",
            holds=True,
            scope=scope,
            basis=(Proof.IMPLIED, scores.assumes),
            because=because,
            evidence=scores.values,
        )


def _no_share(evaluation: Evaluation, scope: Scope, facts: Facts, *, rounded: bool) -> Iterator[Fact]:
    """Yield that the accuracy is no k/n with a whole k, for every number of rows n that there can be (the GRIM test).

    Source: Brown and Heathers 2017, The GRIM test. A sum over batches may have lost some of the last digits.
    """
    accuracy, rows = evaluation.get("accuracy"), facts.at("sample_count", scope)
    if accuracy is None or rows is None or rows.proof is Proof.IMPLIED or not 0 <= accuracy.number <= 1:
        return
    printed, counts = share(accuracy, rounded=rounded), Interval.of(rows.value)
    if printed is None or counts.high - counts.low >= _MOST_COUNTS:
        return
    width = printed.high - printed.low
    lost = max(_LOST_DOUBLE, width) if width < _LOST_SINGLE else 0
    spread = Interval(printed.low - lost, printed.high + lost)
    if any(_has_integer(spread * n) for n in range(int(counts.low), int(counts.high) + 1)):
        return
    because = (
        f"{quoted(accuracy)} x {shown_count(rows)} rows = {spread * counts:.6g} right ones, no whole number of the "
        "rows: it is a mean over batches or folds, weighted, or counts other things or other rows"
    )
    basis = resting_on([rows], ("rounded=true",) if rounded else ())
    name = "accuracy_not_k_over_n"
    yield claim(name, holds=True, scope=scope, basis=basis, because=because, evidence=(accuracy,))


def _has_integer(interval: Interval) -> bool:
    return interval.high // 1 >= interval.low


def _word_errors(evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    rate = evaluation.get("wer")
    full = padded(rate, decimals_of(evaluation))
    if rate is not None and full is not None and full.interval is not None:
        because = f"{rate.key} is {rate.shown}, read as {full.shown} like the numbers beside it"
        yield Fact("wer.padded", full.interval, scope, Proof.IMPLIED, because, evidence=(rate,))


def _mixed_scale(evaluation: Evaluation, scope: Scope) -> Iterator[Fact | Question]:
    """Yield that a score above 1 stands beside scores below 1, though both are shares by their definition."""
    above, below = mixed(evaluation)
    if not above or not below:
        return
    because = f"{quoted(above[0])} has no percent sign, {quoted(below[0])} has one"
    if undeclared(evaluation):
        because = f"{quoted(above[0])} can only be a percentage, and {quoted(below[0])} looks like a fraction"
        ask = f"Is {quoted(below[0])} a fraction, or {below[0].text} %?"
        yield Question(ask, FRACTION, ("mixed_scale", "readings"), scope)
    evidence, basis = (above[0], below[0]), (Proof.IMPLIED, ())
    yield claim("mixed_scale", holds=True, scope=scope, basis=basis, because=because, evidence=evidence)


def _perfect(series: Series, scores: list[Value], scope: Scope, outer: Scope) -> Iterator[Fact]:
    if not scores:
        yield from _perfect_matrix(series.reported, scope)
        return
    # How well a text is cut into tokens says nothing about the task beside it.
    scores = [v for v in scores if v.metric != "token_accuracy"]
    if not scores:
        return
    perfect = [v for v in scores if v.number >= _PERFECT and v.number <= 1]
    because = f"{len(perfect)} of {len(scores)} scores read 1: {quoted(*scores[:6])}"
    yield Fact(
        "perfect_scores.share", len(perfect) / len(scores), scope, Proof.SUGGESTED, because, "", (), tuple(perfect)
    )
    if len(perfect) < len(scores):
        return
    for row in series.rows:
        values = _task_scores(row)
        if row.epoch is not None and values and all(_PERFECT <= v.number <= 1 for v in values):
            because = f"the row of epoch {row.epoch:g} is the first whose scores all read 1: {quoted(*values[:6])}"
            yield Fact(
                "perfect_scores.first_epoch", row.epoch, outer, Proof.SUGGESTED, because, "epochs", (), tuple(values)
            )
            return


def _perfect_matrix(evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    """Yield the same for a confusion matrix that stands alone: its accuracy is the only score."""
    matrix = Confusion.of(evaluation.matrix or {})
    rows, right = matrix.rows, sum(matrix.right)
    if rows > 0 and len(matrix.labels) > 1:
        because = f"{right:,} of {rows:,} rows lie on the diagonal of the confusion matrix"
        perfect = 1.0 if right / rows >= _PERFECT else 0.0
        yield Fact("perfect_scores.share", perfect, scope, Proof.SUGGESTED, because)

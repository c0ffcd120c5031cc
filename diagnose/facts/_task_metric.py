"""Which metric of a history is the task's own, and how large its noise is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from diagnose.facts._curves import Curve, curve_of
from diagnose.interval import Interval
from diagnose.vocabulary import metric_of, parse_name

if TYPE_CHECKING:
    from diagnose.types import Facts, Run, Scope, Series

__all__ = ["Noise", "loss_curve", "noise_of", "null_of", "start_of", "task_curve", "task_metrics"]

# From what judges a task as a whole to what judges one side of it. A language model's task metric is its perplexity:
# its token accuracy hardly moves.
_ORDER = (
    "f1", "mcc", "kappa", "spearman", "pearson", "kendall", "r2", "balanced_accuracy", "auprc", "average_precision",
    "auc", "map", "map50", "iou", "dice", "jaccard", "wer", "cer", "ter", "mer", "eer", "bleu", "chrf", "meteor",
    "rougeL", "rougeLsum", "rouge1", "rouge2", "bertscore", "exact_match", "ndcg", "mrr", "hit_rate",
    "subset_accuracy", "perplexity", "bits_per_byte", "las", "uas", "accuracy", "acc_norm", "top5_accuracy",
    "token_f1", "token_accuracy", "hamming_loss", "explained_variance", "rmse", "mse", "mae", "mape", "smape", "msle",
    "median_ae", "brier", "recall", "precision", "specificity",
)  # fmt: skip
_RANK = {base: rank for rank, base in enumerate(_ORDER)}
_AVERAGE_RANK = {"macro": 0, "": 1, "weighted": 2, "micro": 3}

# Without a sample count: one point is the standard error of a score of 0.8 over 1,600 rows.
_SCORE_MARGIN = 0.01
# Errors and losses have no upper end, so their margin is a share of the best value.
_ERROR_MARGIN = 0.02
# No report is read to more than four decimals, so a perfect correlation has this noise.
_LEAST = 1e-4
_CLEAR_RISE = 0.3
# Beyond this many rows a share has a smaller standard error than five points, and one point is near enough.
_FEW_ROWS = 100
_DIFFERENT = 3
_BY_CHANCE = 0.1
_READ = 50
_WORD_ERRORS = ("wer", "cer", "ter", "mer")


class Noise(NamedTuple):
    """How far two evaluations of equally good models may differ, and where that figure comes from."""

    size: float
    source: str


def _rank(metric: str) -> tuple[int, int]:
    info = metric_of(metric)
    base = info.base if info else metric
    average = metric.removesuffix(base).rstrip("_")
    return _RANK.get(base, len(_RANK)), _AVERAGE_RANK.get(average, len(_AVERAGE_RANK))


def task_metrics(series: Series) -> list[str]:
    """Return the task metrics that the rows carry (no loss, no count, no time), the most telling first."""
    names = dict.fromkeys(name for row in series.rows for name in row.metrics)
    known = [n for n in names if not n.startswith("target.") and (info := metric_of(n)) and info.base in _RANK]
    return sorted(known, key=_rank)


def task_curve(run: Run, series: Series) -> Curve | None:
    """Return the curve of the task metric: the one that selects the checkpoint where the run names it."""
    names = task_metrics(series)
    chosen = run.config.get("metric_for_best_model")
    if chosen is not None:
        name = parse_name(chosen if isinstance(chosen, str) else chosen.text).metric
        names.sort(key=lambda other: other != name)
    curves = (curve_of(series, name) for name in names)
    return next((curve for curve in curves if curve is not None), None)


def loss_curve(series: Series) -> Curve | None:
    """Return the curve of the evaluation loss."""
    curves = (curve_of(series, name) for name in ("loss", "log_loss", "nll"))
    return next((curve for curve in curves if curve is not None), None)


def noise_of(curve: Curve, facts: Facts, scope: Scope) -> Noise:
    """Return the noise of a curve, above 0: the larger of its standard error at the best row and of its own wiggle.

    The standard error is that of a share, sqrt(p(1 - p)/n), of F1 over tp + fp + fn rows (delta method), or of a
    correlation, (1 - r^2)/sqrt(n - 1); where n is unknown, one point of a score or 2 % of an error or a loss.
    """
    error = _standard_error(curve, facts, scope)
    if curve.wiggle > error.size:
        return Noise(curve.wiggle, "the scatter of its own rows around their trend")
    return error


def _standard_error(curve: Curve, facts: Facts, scope: Scope) -> Noise:
    info = metric_of(curve.metric)
    best = curve.best.number
    if info is None or info.kind in ("error", "loss"):
        # An error of exactly 0 has no scale of its own.
        size = abs(best) or abs(curve.worst.number) or 1.0
        return Noise(_ERROR_MARGIN * size, "2 % of the best value, the number of rows being unknown")
    if curve.metric == "f1" and (f1_error := _f1_error(facts, scope)) is not None:
        return Noise(f1_error, "the standard error of F1 over its tp + fp + fn rows")
    rows = _samples(facts, scope)
    if rows is None and info.base == "accuracy":
        rows = _few_rows(curve)
    if rows is None:
        return Noise(_SCORE_MARGIN, "one point, the number of rows being unknown")
    if info.kind == "correlation":
        size = (1 - min(best * best, 1)) / math.sqrt(max(rows - 1, 1))
        return Noise(max(size, _LEAST), f"its standard error over {rows:g} rows")
    share = min(max(best, 0.0), 1.0)
    size = math.sqrt(share * (1 - share) / rows)
    if info.base == "accuracy":
        # Laplace's rule keeps a score of 1 from having no noise at all.
        return Noise(max(size, 1 / (rows + 2)), f"its standard error over {rows:g} rows")
    # F1 and its like count fewer rows than there are, and how many is unknown here.
    return Noise(max(size, _SCORE_MARGIN), f"one point, or its standard error over {rows:g} rows where larger")


def _samples(facts: Facts, scope: Scope) -> float | None:
    fact = facts.at("sample_count", scope)
    if fact is None:
        return None
    rows = float(Interval.of(fact.value).low)
    return rows if rows >= 1 else None


def _few_rows(curve: Curve) -> int | None:
    """Return the least number of rows of which every accuracy is a share, where the digits can tell; else None.

    0.625, 0.75 and 0.8125 are sixteenths. Printed to a width w, a number is by chance near a share of n rows with a
    probability of about nw; three numbers that all are, for an n with nw below a tenth, are no accident.
    """
    intervals = {point.value.text: found for point in curve.points[-_READ:] if (found := point.value.interval)}
    if len(intervals) < _DIFFERENT:
        return None
    widest = max(found.high - found.low for found in intervals.values())
    for rows in range(2, _FEW_ROWS + 1):
        if rows * widest >= _BY_CHANCE:
            return None
        if all(found.low * rows <= math.floor(found.high * rows) for found in intervals.values()):
            return rows
    return None


def _f1_error(facts: Facts, scope: Scope) -> float | None:
    """Return the standard error of F1 = 2J/(1 + J), with J = tp/(tp + fp + fn) a share of tp + fp + fn rows."""
    fact = facts.at("confusion_matrix", scope) or facts.at("confusion_matrix_up_to_factor", scope)
    if fact is None:
        return None
    hits = float(fact.value["tp"])
    rows = hits + float(fact.value["fp"]) + float(fact.value["fn"])
    if rows <= 0:
        return None
    share = hits / rows
    return max(2 / (1 + share) ** 2 * math.sqrt(share * (1 - share) / rows), _LEAST)


def null_of(curve: Curve, facts: Facts, scope: Scope) -> float | None:
    """Return what a model without skill would reach, or None where that depends on the data.

    0 for scores and correlations, 1/2 for the area under the ROC curve, 1 for word error rates, the majority share
    for accuracy where it is known.
    """
    info = metric_of(curve.metric)
    base = info.base if info else curve.metric
    if base in _WORD_ERRORS:
        return 1.0
    if base == "auc":
        return 0.5
    if base == "accuracy" and (share := facts.at("majority_share", scope)) is not None:
        return Interval.of(share.value).middle
    if info is None or info.kind not in ("score", "correlation") or "accuracy" in base:
        return None
    return 0.0


def start_of(curve: Curve) -> float | None:
    """Return the worst level before the best, from which the model rose clearly; None where it did not."""
    earlier = curve.points[: curve.points.index(curve.best)]
    start = min((p.number for p in earlier), key=lambda n: curve.sign * n, default=None)
    if start is None or curve.ahead(curve.best.number, start) < _CLEAR_RISE * max(abs(start), abs(curve.best.number)):
        return None
    return start

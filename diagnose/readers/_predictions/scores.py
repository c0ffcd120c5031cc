"""The metrics of predictions, computed by scikit-learn.

A matrix of counts stands for all rows: its cells are rows with a weight, so that ten million rows cost no more than
a hundred. Metrics that are not defined (an AUC of one class) are left out, with the reason; the correlation of a
constant stays NaN, as evaluation code prints it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from diagnose.errors import UnreadableInputError
from diagnose.readers._predictions.probabilities import decided

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.readers._predictions.probabilities import Resolved

__all__ = ["Outcome", "of_classes", "of_label_sets", "of_numbers"]

# Sums of probabilities may be off by so much: they are often written with three decimals.
_SUM = 0.01
# Every cell of a matrix is listed up to so many classes, beyond it only those that hold rows.
_FULL = 60
_MOST_LABELS = 5000
_MOST_CELLS = 50_000_000


@dataclass(slots=True)
class Outcome:
    """What predictions come to: metrics by canonical name, the matrix or a table of labels, what was left out."""

    metrics: dict[str, float]
    matrix: dict[str, dict[str, int]] | None = None
    classes: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def of_classes(y: Any, p: Any, scores: Resolved, positive: int | None, notes: list[str], *, source: str) -> Outcome:
    """Return the metrics of classes: y and p are places in scores.classes, p None where only scores are given."""
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    names, notes = scores.classes, [*notes, *scores.notes]
    if p is None:
        p, note = decided(scores, positive, source)
        notes.append(note)
    counts = np.bincount(y * len(names) + p, minlength=len(names) ** 2).reshape(len(names), -1)
    kept = [i for i in range(len(names)) if counts[i].any() or counts[:, i].any() or scores.each is not None]
    metrics = _counted(counts, positive)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        extra, told = _scored(y, p, scores, positive)
    return Outcome({**metrics, **extra, "samples": len(y)}, _matrix(counts, names, kept), notes=[*notes, *told])


def _matrix(counts: Any, names: Sequence[str], kept: list[int]) -> dict[str, dict[str, int]]:
    full = len(kept) <= _FULL
    return {names[i]: {names[j]: int(counts[i, j]) for j in kept if full or counts[i, j]} for i in kept}


def _counted(counts: Any, positive: int | None) -> dict[str, float]:
    """Return the metrics of a matrix of counts, each cell as a row that weighs as much as its count."""
    import numpy as np  # noqa: PLC0415  # only predictions pay for it
    from sklearn import metrics as sk  # noqa: PLC0415  # likewise

    y, p = np.nonzero(counts)
    weight = counts[y, p].astype(np.float64)
    found: dict[str, float] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found["accuracy"] = sk.accuracy_score(y, p, sample_weight=weight)
        for average in ("binary", "macro", "weighted"):
            if average == "binary" and (len(counts) > 2 or positive is None):
                continue
            options: dict[str, Any] = {"pos_label": positive} if average == "binary" else {}
            if average == "binary" and len(counts) > 1:
                options["labels"] = [0, 1]
            scores = sk.precision_recall_fscore_support(
                y, p, average=average, sample_weight=weight, zero_division=0, **options
            )
            prefix = "" if average == "binary" else f"{average}_"
            found |= {
                f"{prefix}{name}": score for name, score in zip(("precision", "recall", "f1"), scores, strict=False)
            }
        found["balanced_accuracy"] = sk.balanced_accuracy_score(y, p, sample_weight=weight)
        found["mcc"] = sk.matthews_corrcoef(y, p, sample_weight=weight)
        found["kappa"] = sk.cohen_kappa_score(y, p, sample_weight=weight)
    # 0/0 where both sides are one class: not defined, rather than a fault of the model.
    return {name: float(score) for name, score in found.items() if score == score}  # noqa: PLR0124  # NaN is not itself


def _scored(y: Any, p: Any, scores: Resolved, positive: int | None) -> tuple[dict[str, float], list[str]]:
    """Return AUC, average precision and log loss, as far as the scores allow."""
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    given = scores.each if scores.each is not None else scores.one
    if given is None:
        return {}, []
    if not np.isfinite(given).all():
        return {}, ["scores that are not finite: not used"]
    if len(np.unique(y)) < 2:
        return {}, ["all labels are one class: no AUC, average precision or log loss"]
    if scores.one is not None:
        return _of_one_score(y, p, scores, positive)
    each = _softmax(given) if scores.kind == "logit" or given.min() < 0 or given.max() > 1 else given
    if abs(each.sum(axis=1) - 1).max() > _SUM:
        return {}, ["the scores of the classes do not add up to 1 in each row: not used"]
    return _of_each(y, each / each.sum(axis=1, keepdims=True), positive), []


def _softmax(logits: Any) -> Any:
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _of_each(y: Any, each: Any, positive: int | None) -> dict[str, float]:
    """Return what a probability for each class gives: AUC one against the rest where there are more than two."""
    import numpy as np  # noqa: PLC0415  # only predictions pay for it
    from sklearn import metrics as sk  # noqa: PLC0415  # likewise

    width = each.shape[1]
    found = {"log_loss": float(sk.log_loss(y, each, labels=np.arange(width)))}
    if width == 2:
        side = 1 if positive is None else positive
        hit = (y == side).astype(int)
        found["auc"] = float(sk.roc_auc_score(hit, each[:, side]))
        found["average_precision"] = float(sk.average_precision_score(hit, each[:, side]))
    elif len(np.unique(y)) == width:
        found["macro_auc"] = float(sk.roc_auc_score(y, each, multi_class="ovr", average="macro"))
    return found


def _of_one_score(y: Any, p: Any, scores: Resolved, positive: int | None) -> tuple[dict[str, float], list[str]]:
    """Return what one score a row gives, once the predictions tell of which class it is."""
    import numpy as np  # noqa: PLC0415  # only predictions pay for it
    from sklearn import metrics as sk  # noqa: PLC0415  # likewise

    one = scores.one
    if len(scores.classes) != 2:
        return {}, ["one score a row for more than two classes: not used"]
    side = _side_of(one, p)
    if one.min() >= 0 and one.max() <= 1 and one.min() >= 0.5:
        if side is None or not p.any() or p.all():
            # The probability of whichever class was predicted: that of class 1 is the rest where class 0 was.
            one, side = np.where(p == 1, one, 1 - one), 1
        else:
            side = None
    if side is None:
        return {}, ["the scores do not tell, with the predictions, of which class they are: not used"]
    hit = (y == side).astype(int)
    wanted = positive if positive is not None else side
    ranked = one if wanted == side else -one
    truth = hit if wanted == side else 1 - hit
    found = {
        "auc": float(sk.roc_auc_score(truth, ranked)),
        "average_precision": float(sk.average_precision_score(truth, ranked)),
    }
    if one.min() >= 0 and one.max() <= 1 and scores.kind != "logit":
        found["log_loss"] = float(sk.log_loss(hit, one, labels=[0, 1]))
    return found, []


def _side_of(one: Any, p: Any) -> int | None:
    """Return the class whose predictions have the larger scores, all of them; None where no threshold parts them."""
    low, high = one[p == 0], one[p == 1]
    if not len(low) or not len(high):
        shares = one.min() >= 0 and one.max() <= 1
        return 1 if shares and (one.min() >= 0.5 if len(high) else one.max() <= 0.5) else None
    if low.max() <= high.min():
        return 1
    return 0 if high.max() <= low.min() else None


def of_label_sets(
    true: Sequence[set[str]], predicted: Sequence[set[str]], source: str, labels: Sequence[str] = ()
) -> Outcome:
    """Return the metrics of rows with several labels: averages over labels and over rows, and each label's own."""
    import numpy as np  # noqa: PLC0415  # only predictions pay for it
    from sklearn import metrics as sk  # noqa: PLC0415  # likewise

    names = list(labels) or sorted(set().union(*true, *predicted))
    if not names:
        raise UnreadableInputError(f"{source}: no row has a label")
    if len(names) > _MOST_LABELS or len(names) * len(true) > _MOST_CELLS:
        raise UnreadableInputError(f"{source}: {len(true):,} rows with {len(names):,} labels: too many to compare")
    place = {name: i for i, name in enumerate(names)}
    y, p = (np.zeros((len(true), len(names)), dtype=np.int8) for _ in range(2))
    for side, rows in ((y, true), (p, predicted)):
        for i, row in enumerate(rows):
            side[i, [place[name] for name in row]] = 1
    found: dict[str, float] = {"subset_accuracy": sk.accuracy_score(y, p), "hamming_loss": sk.hamming_loss(y, p)}
    for average in ("micro", "macro", "weighted"):
        scores = sk.precision_recall_fscore_support(y, p, average=average, zero_division=0)
        found |= {f"{average}_{name}": s for name, s in zip(("precision", "recall", "f1"), scores, strict=False)}
    each = sk.precision_recall_fscore_support(y, p, average=None, zero_division=0)
    classes = {
        name: {
            "precision": float(each[0][i]),
            "recall": float(each[1][i]),
            "f1": float(each[2][i]),
            "support": int(each[3][i]),
        }
        for i, name in enumerate(names)
    }
    return Outcome({**{n: float(s) for n, s in found.items()}, "samples": len(true)}, classes=classes)


def of_numbers(y: Any, p: Any, notes: list[str]) -> Outcome:
    """Return the metrics of regression; the correlations of a constant are NaN."""
    from scipy import stats  # noqa: PLC0415  # only predictions pay for it
    from sklearn import metrics as sk  # noqa: PLC0415  # likewise

    found: dict[str, float] = {"mse": sk.mean_squared_error(y, p), "mae": sk.mean_absolute_error(y, p)}
    found["rmse"] = found["mse"] ** 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if y.min() < y.max():
            found["r2"] = sk.r2_score(y, p)
            found["explained_variance"] = sk.explained_variance_score(y, p)
            found["pearson"] = stats.pearsonr(y, p).statistic
            found["spearman"] = stats.spearmanr(y, p).statistic
        else:
            notes.append("all labels are equal: R2, explained variance and correlations are not defined")
    return Outcome({**{name: float(score) for name, score in found.items()}, "samples": len(y)}, notes=notes)

"""What a confusion matrix, or metrics computed from predictions, give under each name and each usual definition.

Of class i: precision = tp/predicted, recall = tp/support, F1 = 2 tp/(support + predicted), 0 where the bottom is 0.
Macro averages run over the classes that occur on either side (scikit-learn's default); over all listed classes, over
those with rows, and with zero_division 1 or nan they are usual too. With a = the share of right rows and
e = sum of support x predicted / rows^2: Cohen's kappa = (a - e)/(1 - e); the multi-class Matthews correlation is
(a - e)/sqrt((1 - sum (predicted/rows)^2)(1 - sum (support/rows)^2)) (Gorodkin 2004, Comparing two K-category
assignments by a K-category correlation coefficient).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from diagnose.types import Value

__all__ = ["Way", "of_matrix", "of_metrics"]

# Beyond so many classes one of them has any short number by chance.
_FEW = 20
_LISTED = 3


@dataclass(frozen=True, slots=True)
class Way:
    """A number that can be reported under a metric's name.

    name: what it is, in words; own: whether the metric's name means it; formula: how it is computed, with its numbers;
    sided: whether it depends on which side of the matrix is the true one; exact: whether it is a ratio of counts.
    """

    name: str
    number: float
    own: bool
    formula: str = ""
    sided: bool = False
    exact: bool = True


@dataclass(frozen=True, slots=True)
class _Margins:
    labels: list[str]
    right: list[int]
    support: list[int]
    predicted: list[int]
    cells: Mapping[str, Mapping[str, int]]

    @property
    def rows(self) -> int:
        return sum(self.support)

    @property
    def accuracy(self) -> float:
        return sum(self.right) / self.rows


def _margins(matrix: Mapping[str, Mapping[str, int]]) -> _Margins:
    labels = list(dict.fromkeys([*matrix, *(label for row in matrix.values() for label in row)]))
    predicted = dict.fromkeys(labels, 0)
    for row in matrix.values():
        for label, count in row.items():
            predicted[label] += count
    support = [sum(matrix.get(label, {}).values()) for label in labels]
    right = [matrix.get(label, {}).get(label, 0) for label in labels]
    return _Margins(labels, right, support, [predicted[label] for label in labels], matrix)


def of_matrix(metric: str, matrix: Mapping[str, Mapping[str, int]]) -> list[Way]:
    """Return every way in which the matrix gives a number of that name; none where it gives none."""
    margins = _margins(matrix)
    if not margins.rows:
        return []
    info = metric_of(metric)
    average = metric.removesuffix(info.base).rstrip("_") if info is not None else ""
    base = info.base if info is not None else metric
    if base in ("precision", "recall", "f1"):
        return [*_scores(margins, base, average)]
    if average:
        return []
    return [*_alone(margins, base)]


def _scores(margins: _Margins, base: str, average: str) -> Iterator[Way]:
    """Yield the averages of precision, recall or F1, those that `average` names first."""
    ways = [*_averages(margins, base)]
    binary = len(margins.labels) == 2
    for kind, way in ways:
        own = kind == average if average else kind != "class" or binary
        if kind != "class" or binary or len(margins.labels) <= _FEW:
            yield Way(way.name, way.number, own, way.formula, way.sided)


def _averages(margins: _Margins, base: str) -> Iterator[tuple[str, Way]]:
    tops, bottoms = _fractions(margins, base)
    shares = [_ratio(top, bottom) for top, bottom in zip(tops, bottoms, strict=True)]
    occurs = [i for i, (s, p) in enumerate(zip(margins.support, margins.predicted, strict=True)) if s or p]
    sided = base != "f1"

    def mean(places: Iterable[int], empty: float = 0.0) -> float:
        found = [shares[i] if bottoms[i] else empty for i in places]
        return sum(found) / len(found) if found else math.nan

    formula = f"({_sum_of(tops, bottoms, occurs)})/{len(occurs)}"
    yield "macro", Way("the macro average", mean(occurs), own=False, formula=formula, sided=sided)
    for name, number in (
        ("the macro average over all listed classes", mean(range(len(shares)))),
        ("the macro average over the classes that have rows", mean(i for i in occurs if margins.support[i])),
        ("the macro average with zero_division=1", mean(occurs, 1.0)),
        ("the macro average without the undefined classes", mean(i for i in occurs if bottoms[i])),
    ):
        yield "macro", Way(name, number, own=False, sided=sided)
    if base == "f1":
        precision, recall = (_macro(margins, other, occurs) for other in ("precision", "recall"))
        harmonic = _ratio(2 * precision * recall, precision + recall)
        yield "macro", Way("the harmonic mean of macro precision and macro recall", harmonic, own=False)
    for name, empty in (("the weighted average", 0.0), ("the weighted average with zero_division=1", 1.0)):
        found = [shares[i] if bottoms[i] else empty for i in range(len(shares))]
        number = sum(share * rows for share, rows in zip(found, margins.support, strict=True)) / margins.rows
        yield "weighted", Way(name, number, own=False, sided=True)
    right = sum(margins.right)
    formula = f"{right:,}/{margins.rows:,}"
    yield "micro", Way("the micro average, the accuracy", right / margins.rows, own=False, formula=formula)
    for i in occurs:
        formula = f"{tops[i]:,}/{bottoms[i]:,}"
        name = f"that of the class {margins.labels[i][:40]!r} alone"
        yield "class", Way(name, shares[i], own=False, formula=formula, sided=sided)


def _fractions(margins: _Margins, base: str) -> tuple[list[int], list[int]]:
    if base == "precision":
        return margins.right, margins.predicted
    if base == "recall":
        return margins.right, margins.support
    both = [s + p for s, p in zip(margins.support, margins.predicted, strict=True)]
    return [2 * right for right in margins.right], both


def _macro(margins: _Margins, base: str, places: list[int]) -> float:
    tops, bottoms = _fractions(margins, base)
    return sum(_ratio(tops[i], bottoms[i]) for i in places) / len(places)


def _sum_of(tops: list[int], bottoms: list[int], places: list[int]) -> str:
    terms = [f"{tops[i]:,}/{bottoms[i]:,}" if bottoms[i] else "0" for i in places]
    return " + ".join([*terms[:_LISTED], f"... {len(terms) - _LISTED} more"] if len(terms) > _LISTED + 1 else terms)


def _alone(margins: _Margins, base: str) -> Iterator[Way]:
    """Yield the ways of a metric that has no averages."""
    right, rows = sum(margins.right), margins.rows
    accuracy = Way("the accuracy", right / rows, own=base == "accuracy", formula=f"{right:,}/{rows:,}")
    with_rows = [i for i, support in enumerate(margins.support) if support]
    balanced = _macro(margins, "recall", with_rows)
    recalls = _sum_of(*_fractions(margins, "recall"), with_rows)
    macro_recall = Way(
        "the balanced accuracy", balanced, own=base == "balanced_accuracy",
        formula=f"({recalls})/{len(with_rows)}", sided=True,
    )  # fmt: skip
    if base in ("accuracy", "balanced_accuracy"):
        yield from (accuracy, macro_recall)
        for name in ("f1", "precision"):
            for kind, way in _averages(margins, name):
                if kind in ("macro", "weighted") and way.formula:
                    yield Way(f"{way.name} of {name}", way.number, own=False, sided=way.sided)
        yield Way("the share of the largest class", max(margins.support) / rows, own=False, sided=True)
        yield Way("the error rate, 1 - accuracy", 1 - right / rows, own=False)
    elif base == "kappa":
        for name, power in (("Cohen's kappa", 0), ("linear kappa", 1), ("quadratic kappa", 2)):
            if (number := _kappa(margins, power)) is not None:
                yield Way(name, number, own=True)
        yield accuracy
    elif base == "mcc":
        yield Way("the Matthews correlation", _mcc(margins), own=True)
        if (number := _kappa(margins, 0)) is not None:
            yield Way("Cohen's kappa", number, own=False)
    elif base == "specificity" and len(margins.labels) == 2:
        for i in (0, 1):
            name = f"the recall of the class {margins.labels[i][:40]!r}"
            yield Way(name, _ratio(margins.right[i], margins.support[i]), own=True, sided=True)


def _kappa(margins: _Margins, power: int) -> float | None:
    """Return kappa with weights |i - j|^power in the order of the classes; 0: every confusion weighs 1."""
    rows, count = margins.rows, len(margins.labels)
    if not power:
        expected = sum(s * p for s, p in zip(margins.support, margins.predicted, strict=True)) / rows**2
        return (margins.accuracy - expected) / (1 - expected) if expected < 1 else None
    if count > _FEW * 5 or count == 2:  # with two classes all weights are 1
        return None
    place = {label: i for i, label in enumerate(margins.labels)}
    seen = sum(
        abs(place[true] - place[other]) ** power * n for true, row in margins.cells.items() for other, n in row.items()
    )
    blind = sum(
        abs(i - j) ** power * s * p for i, s in enumerate(margins.support) for j, p in enumerate(margins.predicted)
    )
    return 1 - seen * rows / blind if blind else None


def _mcc(margins: _Margins) -> float:
    rows = margins.rows
    expected = sum(s * p for s, p in zip(margins.support, margins.predicted, strict=True)) / rows**2
    spread = math.prod(1 - sum(n * n for n in side) / rows**2 for side in (margins.support, margins.predicted))
    return (margins.accuracy - expected) / math.sqrt(spread) if spread > 0 else 0.0


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom else 0.0


# Under which other names a metric is reported by mistake, and what its number is then.
_MISTAKEN = {
    "mse": (("rmse", "the RMSE"), ("mae", "the MAE")),
    "rmse": (("mse", "the MSE"), ("mae", "the MAE")),
    "mae": (("rmse", "the RMSE"), ("mse", "the MSE")),
    "r2": (("explained_variance", "the explained variance"), ("pearson", "Pearson's r")),
    "explained_variance": (("r2", "R2"),),
    "pearson": (("spearman", "Spearman's rho"), ("r2", "R2")),
    "spearman": (("pearson", "Pearson's r"), ("r2", "R2")),
    "auc": (("balanced_accuracy", "the balanced accuracy: an AUC of the predicted classes"),
            ("average_precision", "the average precision")),
    "average_precision": (("auc", "the AUC"),),
}  # fmt: skip
_COMPUTED = ("log_loss", "auc", "average_precision", *(name for name in _MISTAKEN))


def of_metrics(metric: str, computed: Mapping[str, Value]) -> list[Way]:
    """Return the ways of a metric for which scikit-learn's number is at hand: regression, scores, sets of labels."""

    def way(name: str, key: str, *, own: bool, exact: bool = False) -> list[Way]:
        value = computed.get(key)
        return [Way(name, value.number, own, exact=exact)] if value is not None and value.is_finite else []

    if metric in _COMPUTED:
        ways = way(f"the {metric.replace('_', ' ')}", metric, own=True)
        if metric == "auc":
            ways += way("the macro average of the AUC of each class", "macro_auc", own=True)
            name = "1 - AUC: the other class was taken for the positive one"
            ways += [Way(name, 1 - found.number, own=False, exact=False) for found in ways[:1]]
        return ways + [w for key, name in _MISTAKEN.get(metric, ()) for w in way(name, key, own=False)]
    if "subset_accuracy" not in computed:
        return []
    if metric in ("accuracy", "subset_accuracy", "exact_match", "hamming_loss"):
        loss = computed["hamming_loss"].number
        share = "the share of single labels that are right"
        return [
            *way(
                "the share of rows with all labels right",
                "subset_accuracy",
                own=metric != "hamming_loss",
                exact=True,
            ),
            Way(share, 1 - loss, own=metric == "accuracy"),
            Way("the Hamming loss", loss, own=metric == "hamming_loss"),
        ]
    info = metric_of(metric)
    if info is None or info.base not in ("precision", "recall", "f1"):
        return []
    named = metric.removesuffix(info.base).rstrip("_")
    return [
        found
        for average in ("macro", "micro", "weighted")
        for found in way(f"the {average} average", f"{average}_{info.base}", own=named in ("", average), exact=True)
    ]

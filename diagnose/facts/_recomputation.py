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
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from diagnose.interval import Interval
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from diagnose.facts._confusion import Confusion
    from diagnose.types import Value

__all__ = ["Way", "of_matrix", "of_metrics"]

# Beyond so many classes one of them has any short number by chance.
_FEW = 20
_LISTED = 3
# Metrics are often computed in 32-bit floats, whose seventh digit is noise.
_NOISE = Fraction(1, 10**6)
# Scores and estimates are written with few digits, so what is computed from the file is not what was computed from
# them before: five in a thousand, or one thousandth of a score, prove nothing.
_WRITTEN = Fraction(5, 1000)
_OF_SCORES = Fraction(1, 1000)


class Way(NamedTuple):
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

    @property
    def shown(self) -> str:
        """The number in words, with its formula."""
        number = f"{self.number:.6g}"
        return f"{self.name}, {self.formula} = {number}" if self.formula else f"{self.name}, {number}"

    def fits(self, printed: Interval, scale: int = 1) -> bool:
        """Whether the number, times `scale`, may have been printed so."""
        number = Fraction(self.number)
        slack = max(_NOISE, _NOISE * abs(number)) if self.exact else max(_OF_SCORES, _WRITTEN * abs(number))
        return number * scale in printed + Interval(-scale * slack, scale * slack)


def of_matrix(metric: str, matrix: Confusion) -> list[Way]:
    """Return every way in which the matrix gives a number of that name; none where it gives none."""
    if not matrix.rows:
        return []
    info = metric_of(metric)
    average = metric.removesuffix(info.base).rstrip("_") if info is not None else ""
    base = info.base if info is not None else metric
    if base in ("precision", "recall", "f1"):
        return [*_scores(matrix, base, average)]
    if average:
        return []
    return [*_alone(matrix, base)]


def _scores(matrix: Confusion, base: str, average: str) -> Iterator[Way]:
    """Yield the averages of precision, recall or F1, those that `average` names first."""
    binary = len(matrix.labels) == 2
    for kind, way in _averages(matrix, base):
        own = kind == average if average else kind != "class" or binary
        yield Way(way.name, way.number, own, way.formula, way.sided)


def _averages(matrix: Confusion, base: str) -> Iterator[tuple[str, Way]]:
    tops, bottoms = _fractions(matrix, base)
    shares = [_ratio(top, bottom) for top, bottom in zip(tops, bottoms, strict=True)]
    occurs = [i for i, (s, p) in enumerate(zip(matrix.support, matrix.predicted, strict=True)) if s or p]
    sided = base != "f1"

    def mean(places: Iterable[int], empty: float = 0.0) -> float:
        found = [shares[i] if bottoms[i] else empty for i in places]
        return sum(found) / len(found) if found else math.nan

    formula = f"({_sum_of(tops, bottoms, occurs)})/{len(occurs)}"
    yield "macro", Way("the macro average", mean(occurs), own=False, formula=formula, sided=sided)
    for name, number in (
        ("the macro average over all listed classes", mean(range(len(shares)))),
        ("the macro average over the classes that have rows", mean(i for i in occurs if matrix.support[i])),
        ("the macro average with zero_division=1", mean(occurs, 1.0)),
        ("the macro average without the undefined classes", mean(i for i in occurs if bottoms[i])),
    ):
        yield "macro", Way(name, number, own=False, sided=sided)
    if base == "f1":
        precision, recall = (_macro(matrix, other, occurs) for other in ("precision", "recall"))
        harmonic = _ratio(2 * precision * recall, precision + recall)
        yield "macro", Way("the harmonic mean of macro precision and macro recall", harmonic, own=False)
    for name, empty in (("the weighted average", 0.0), ("the weighted average with zero_division=1", 1.0)):
        found = [shares[i] if bottoms[i] else empty for i in range(len(shares))]
        number = sum(share * rows for share, rows in zip(found, matrix.support, strict=True)) / matrix.rows
        yield "weighted", Way(name, number, own=False, sided=True)
    right = sum(matrix.right)
    formula = f"{right:,}/{matrix.rows:,}"
    yield "micro", Way("the micro average, the accuracy", right / matrix.rows, own=False, formula=formula)
    for i in occurs if len(matrix.labels) <= _FEW else ():
        formula = f"{tops[i]:,}/{bottoms[i]:,}"
        name = f"that of the class {matrix.labels[i][:40]!r} alone"
        yield "class", Way(name, shares[i], own=False, formula=formula, sided=sided)


def _fractions(matrix: Confusion, base: str) -> tuple[list[int], list[int]]:
    if base == "precision":
        return matrix.right, matrix.predicted
    if base == "recall":
        return matrix.right, matrix.support
    both = [s + p for s, p in zip(matrix.support, matrix.predicted, strict=True)]
    return [2 * right for right in matrix.right], both


def _macro(matrix: Confusion, base: str, places: list[int]) -> float:
    tops, bottoms = _fractions(matrix, base)
    return sum(_ratio(tops[i], bottoms[i]) for i in places) / len(places)


def _sum_of(tops: list[int], bottoms: list[int], places: list[int]) -> str:
    shown = places if len(places) <= _LISTED + 1 else places[:_LISTED]
    terms = [f"{tops[i]:,}/{bottoms[i]:,}" if bottoms[i] else "0" for i in shown]
    return " + ".join([*terms, f"... {len(places) - len(shown)} more"] if len(shown) < len(places) else terms)


def _alone(matrix: Confusion, base: str) -> Iterator[Way]:
    """Yield the ways of a metric that has no averages."""
    right, rows = sum(matrix.right), matrix.rows
    accuracy = Way("the accuracy", right / rows, own=base == "accuracy", formula=f"{right:,}/{rows:,}")
    with_rows = [i for i, support in enumerate(matrix.support) if support]
    balanced = _macro(matrix, "recall", with_rows)
    recalls = _sum_of(*_fractions(matrix, "recall"), with_rows)
    macro_recall = Way(
        "the balanced accuracy", balanced, own=base == "balanced_accuracy",
        formula=f"({recalls})/{len(with_rows)}", sided=True,
    )  # fmt: skip
    if base in ("accuracy", "balanced_accuracy"):
        yield from (accuracy, macro_recall)
        for name in ("f1", "precision"):
            for kind, way in _averages(matrix, name):
                if kind in ("macro", "weighted") and way.formula:
                    yield Way(f"{way.name} of {name}", way.number, own=False, sided=way.sided)
        yield Way("the share of the largest class", max(matrix.support) / rows, own=False, sided=True)
        yield Way("the error rate, 1 - accuracy", 1 - right / rows, own=False)
    elif base == "kappa":
        for name, power in (("Cohen's kappa", 0), ("linear kappa", 1), ("quadratic kappa", 2)):
            if (number := _kappa(matrix, power)) is not None:
                yield Way(name, number, own=True)
        yield accuracy
    elif base == "mcc":
        yield Way("the Matthews correlation", _mcc(matrix), own=True)
        if (number := _kappa(matrix, 0)) is not None:
            yield Way("Cohen's kappa", number, own=False)
    elif base == "specificity" and len(matrix.labels) == 2:
        for i in (0, 1):
            name = f"the recall of the class {matrix.labels[i][:40]!r}"
            yield Way(name, _ratio(matrix.right[i], matrix.support[i]), own=True, sided=True)


def _kappa(matrix: Confusion, power: int) -> float | None:
    """Return kappa with weights |i - j|^power in the order of the classes; 0: every confusion weighs 1."""
    rows, count = matrix.rows, len(matrix.labels)
    if not power:
        expected = sum(s * p for s, p in zip(matrix.support, matrix.predicted, strict=True)) / rows**2
        return (matrix.accuracy - expected) / (1 - expected) if expected < 1 else None
    if count > _FEW * 5 or count == 2:  # with two classes all weights are 1
        return None
    place = {label: i for i, label in enumerate(matrix.labels)}
    seen = sum(
        abs(place[true] - place[other]) ** power * n for true, row in matrix.cells.items() for other, n in row.items()
    )
    blind = sum(
        abs(i - j) ** power * s * p for i, s in enumerate(matrix.support) for j, p in enumerate(matrix.predicted)
    )
    return 1 - seen * rows / blind if blind else None


def _mcc(matrix: Confusion) -> float:
    rows = matrix.rows
    expected = sum(s * p for s, p in zip(matrix.support, matrix.predicted, strict=True)) / rows**2
    spread = math.prod(1 - sum(n * n for n in side) / rows**2 for side in (matrix.support, matrix.predicted))
    return (matrix.accuracy - expected) / math.sqrt(spread) if spread > 0 else 0.0


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

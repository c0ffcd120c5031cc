"""Random confusion matrices of models of every kind, and everything that can be counted from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

__all__ = [
    "KINDS",
    "Confusion",
    "any_model",
    "binomial",
    "constant",
    "imbalanced",
    "log_uniform",
    "mean",
    "model",
    "shares",
]

KINDS = ("skilled", "skilled", "weak", "blind", "constant", "nearly constant", "perfect", "one class")


@dataclass(frozen=True)
class Confusion:
    """A single-label confusion matrix; cells: a row for each true class, a column for each predicted one.

    undefined: what stands for 0/0, scikit-learn's zero_division.
    """

    cells: tuple[tuple[int, ...], ...]
    undefined: float = 0.0

    @cached_property
    def supports(self) -> list[int]:
        """Rows of each class."""
        return [sum(row) for row in self.cells]

    @cached_property
    def predicted(self) -> list[int]:
        """How often each class was predicted."""
        return [sum(column) for column in zip(*self.cells, strict=True)]

    @cached_property
    def right(self) -> list[int]:
        """Right rows of each class."""
        return [row[i] for i, row in enumerate(self.cells)]

    @property
    def size(self) -> int:
        """The number of classes."""
        return len(self.cells)

    @cached_property
    def rows(self) -> int:
        """All rows."""
        return sum(self.supports)

    @property
    def accuracy(self) -> float:
        """The share of right rows."""
        return sum(self.right) / self.rows

    def _ratios(self, over: Sequence[int]) -> list[float]:
        return [r / n if n else self.undefined for r, n in zip(self.right, over, strict=True)]

    @cached_property
    def precision(self) -> list[float]:
        """Precision of each class."""
        return self._ratios(self.predicted)

    @cached_property
    def recall(self) -> list[float]:
        """Recall of each class."""
        return self._ratios(self.supports)

    @cached_property
    def f1(self) -> list[float]:
        """F1 of each class."""
        both = zip(self.right, self.supports, self.predicted, strict=True)
        return [2 * r / (s + p) if s + p else self.undefined for r, s, p in both]

    def average(self, mode: str) -> tuple[float, float, float]:
        """Return precision, recall and F1 in the mean: "macro", "weighted" or "micro"; "binary": of class 1."""
        if mode == "binary":
            return self.precision[1], self.recall[1], self.f1[1]
        if mode == "micro":
            return self.accuracy, self.accuracy, self.accuracy
        weights = self.supports if mode == "weighted" else [1] * self.size
        return mean(self.precision, weights), mean(self.recall, weights), mean(self.f1, weights)

    @property
    def has_undefined(self) -> bool:
        """Whether some class never occurs or is never predicted, so that `undefined` was used."""
        return not all(self.supports) or not all(self.predicted)

    @property
    def is_constant(self) -> bool:
        """Whether only one class was ever predicted."""
        return sum(p > 0 for p in self.predicted) == 1

    def without_absent(self) -> Confusion:
        """Return the matrix of the classes that occur or are predicted: those that scikit-learn averages over."""
        used = [i for i in range(self.size) if self.supports[i] + self.predicted[i]]
        return Confusion(tuple(tuple(self.cells[i][j] for j in used) for i in used), self.undefined)

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """The cells tp, fp, fn, tn of a matrix of two classes, of which the second is the positive one."""
        (tn, fp), (fn, tp) = self.cells
        return tp, fp, fn, tn


def mean(numbers: Sequence[float], weights: Sequence[float] = ()) -> float:
    """Return the weighted mean without the NaN among them; NaN where nothing is left."""
    pairs = zip(numbers, weights or [1.0] * len(numbers), strict=True)
    kept = [(x, w) for x, w in pairs if not math.isnan(x)]
    total = math.fsum(w for _, w in kept)
    return math.fsum(x * w for x, w in kept) / total if total else math.nan


def log_uniform(rng: Random, low: float, high: float) -> int:
    """Return a whole number whose logarithm is uniform between those of `low` and `high`."""
    return round(math.exp(rng.uniform(math.log(low), math.log(high))))


def shares(rng: Random, size: int, alpha: float = 1.0) -> list[float]:
    """Return random shares that add up to 1, from a symmetric Dirichlet distribution."""
    parts = [rng.gammavariate(alpha, 1.0) + 1e-12 for _ in range(size)]
    total = sum(parts)
    return [part / total for part in parts]


def binomial(rng: Random, trials: int, chance: float) -> int:
    """Return a binomial number: exact for a few trials, by the normal distribution for many."""
    if trials < 100:
        return sum(rng.random() < chance for _ in range(trials))
    spread = math.sqrt(max(trials * chance * (1 - chance), 0.0))
    return min(trials, max(0, round(rng.gauss(trials * chance, spread))))


def _multinomial(rng: Random, trials: int, chances: Sequence[float]) -> list[int]:
    counts, left, rest = [], trials, 1.0
    for chance in chances[:-1]:
        count = binomial(rng, left, min(1.0, max(0.0, chance / rest))) if rest > 1e-12 else 0
        counts.append(count)
        left -= count
        rest -= chance
    return [*counts, left]


def model(rng: Random, kind: str, supports: Sequence[int], undefined: float = 0.0) -> Confusion:
    """Return the matrix of a model of one of `KINDS` on a set with these rows of each class."""
    size, labels = len(supports), range(len(supports))
    favourite, blind = rng.randrange(size), shares(rng, size)
    if kind == "one class":
        favourite = max(labels, key=lambda i: supports[i])
    cells = []
    for i, support in enumerate(supports):
        chances: Sequence[float]
        if kind in ("skilled", "weak"):
            skill = rng.uniform(0.4, 0.99) if kind == "skilled" else rng.uniform(0.05, 0.5)
            chances = [(1 - skill) * share for share in shares(rng, size)]
            chances[i] += skill
        elif kind == "blind":
            chances = blind
        elif kind == "perfect":
            chances = [float(j == i) for j in labels]
        else:
            stray = 0.003 if kind == "nearly constant" else 0.0
            chances = [stray / size + (1 - stray) * (j == favourite) for j in labels]
        cells.append(tuple(_multinomial(rng, support, chances)))
    return Confusion(tuple(cells), undefined)


def any_model(rng: Random, size: int, rows: int, undefined: float = 0.0, kinds: Sequence[str] = KINDS) -> Confusion:
    """Return the matrix of some model on a set of `rows` rows in `size` classes of any balance, absent ones too."""
    kind = rng.choice(kinds)
    priors = [1.0, *[0.0] * (size - 1)] if kind == "one class" else shares(rng, size, rng.choice([0.3, 1.0, 5.0]))
    return model(rng, kind, _multinomial(rng, rows, priors), undefined)


def constant(rng: Random, size: int, rows: int, most: float, undefined: float = 0.0) -> Confusion:
    """Return the matrix of a model that always answers the most frequent class; every class occurs.

    most: the share of that class, about; the others share the rest at random.
    """
    share = max(most, 1 / size)
    others = [(1 - share) * part for part in shares(rng, size - 1)] if size > 1 else []
    supports = [1 + n for n in _multinomial(rng, max(rows - size, 0), [share, *others])]
    return model(rng, "one class", supports, undefined)


def imbalanced(rng: Random, rows: int) -> Confusion:
    """Return the matrix of a skilled model on a rare positive class, with at least one true positive."""
    positive = min(rows - 1, max(1, round(rows * math.exp(rng.uniform(math.log(0.01), math.log(0.5))))))
    tp = max(1, binomial(rng, positive, rng.uniform(0.4, 0.98)))
    precision = rng.uniform(0.4, 0.98)
    fp = min(rows - positive, round(tp * (1 - precision) / precision))
    return Confusion(((rows - positive - fp, fp), (positive - tp, tp)))

"""Which binary confusion matrices print given scores. All arithmetic is exact.

A matrix has the cells TP, FP, FN, TN; E = FP + FN are its errors and N the sum of all four. Accuracy, precision, recall
and F1 are ratios of sums of cells, so without N a matrix is known up to a common factor at best.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from diagnose.interval import Interval

__all__ = ["Matrix", "Primitive", "primitive", "simplest"]


class Matrix(NamedTuple):
    """The four cells of a binary confusion matrix."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def rows(self) -> int:
        """The sum of the cells."""
        return self.tp + self.fp + self.fn + self.tn

    def cells(self) -> dict[str, int]:
        """Return the cells by name."""
        return {"tp": self.tp, "fp": self.fp, "fn": self.fn, "tn": self.tn}

    def times(self, factor: int) -> Matrix:
        """Return the matrix with every cell `factor` times as large."""
        return Matrix(self.tp * factor, self.fp * factor, self.fn * factor, self.tn * factor)


class Primitive(NamedTuple):
    """The least matrix with given ratios.

    rows_below: it is the only one, up to a factor, among all with fewer rows than this;
    likelihood_ratio: how much likelier these ratios are from one matrix than beside an unrelated accuracy.
    """

    matrix: Matrix
    rows_below: int
    likelihood_ratio: Fraction


def simplest(interval: Interval) -> Fraction:
    """Return the fraction with the least denominator in an interval of positive numbers (Stern and Brocot)."""
    low, high = Fraction(interval.low), Fraction(interval.high)
    terms: list[int] = []
    while (whole := math.ceil(low)) > high:
        # Both ends lie between whole - 1 and whole: the reciprocal of the rest is wider, and has a simpler fraction.
        terms.append(whole - 1)
        low, high = 1 / (high - terms[-1]), 1 / (low - terms[-1])
    value = Fraction(whole)
    while terms:
        value = terms.pop() + 1 / value
    return value


def _unique_below(ratio: Fraction, interval: Interval) -> int:
    """Return a D such that no other fraction of the interval has a denominator below D.

    Two fractions with denominators b and q differ by 1/(bq) at least, so q >= 1/(b x width).
    """
    width = max(interval.high - ratio, ratio - interval.low)
    return math.ceil(1 / (ratio.denominator * Fraction(width))) if width else 10**30


def primitive(accuracy: Interval, precision: Interval, recall: Interval, f1: Interval) -> Primitive | None:
    """Return the primitive matrix of four ratios printed in full, or None where there is none.

    P = TP/(TP + FP) and R = TP/(TP + FN) give TP : FP : FN, and the accuracy gives N = E/(1 - accuracy).
    F1 has to agree. The likelihood ratio is 0.61 E0/(k^2 phi(k)) with E0 the errors of the primitive TP : FP : FN and
    k = N/denominator(accuracy): k is 1 for most matrices (6/pi^2 = 0.61), and hardly ever for an unrelated accuracy.
    """
    if min(precision.low, recall.low, accuracy.low) <= 0 or accuracy.high >= 1:
        return None
    p, r, a = simplest(precision), simplest(recall), simplest(accuracy)
    below = min(_unique_below(p, precision), _unique_below(r, recall), _unique_below(a, accuracy))
    tp = math.lcm(p.numerator, r.numerator)
    fp, fn = tp * (1 - p) / p, tp * (1 - r) / r
    errors = int(fp + fn)
    if errors == 0:
        return None
    wrong = a.denominator - a.numerator
    k = errors // math.gcd(errors, wrong)
    factor = wrong // math.gcd(errors, wrong)
    rows = k * a.denominator
    positive = (tp + int(fp) + int(fn)) * factor
    matrix = Matrix(tp * factor, int(fp) * factor, int(fn) * factor, rows - positive)
    if matrix.tn < 0 or rows >= below or Fraction(2 * matrix.tp, 2 * matrix.tp + matrix.fp + matrix.fn) not in f1:
        return None
    ratio = Fraction(61, 100) * errors / (k * k * _totient(k)) if k < 1000 else Fraction(0)
    return Primitive(matrix, below, ratio)


def _totient(number: int) -> int:
    return sum(math.gcd(i, number) == 1 for i in range(1, number + 1))

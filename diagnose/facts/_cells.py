"""The cells of a confusion matrix from its margins, in closed form.

FN_i rows of class i are wrong, FP_j predictions of class j are wrong, E errors in all. The off-diagonal cells form a
transportation polytope with a forbidden diagonal. By the theorem of Hall and Gale a set of two classes or more reaches
every column except those two, so only single classes and the pair itself bind, and the ends are whole numbers that
some matrix attains:

    max(0, FN_i + FP_i + FP_j - E, FN_i + FN_j + FP_j - E) <= n_ij <= min(FN_i, FP_j, E - FN_k - FP_k for other k)

The confusions of a pair in both directions lie between FN_i + FP_i + FN_j + FP_j - E and the least E - FN_k - FP_k;
with three classes the two ends meet. All of it is monotone, so margins known as intervals give valid bounds too. There
E is written in each of its three ways, as the errors counted, as the sum of all FN and as the sum of all FP, so that
what stands on both sides falls out: FN_i + FP_i + FP_j - E is FN_i less the FP of all classes but i and j, too. A
linear programme over right rows, predictions and cells (HiGHS, random tables of two decimals) narrows these bounds by
1 to 2 % with three classes and not at all with five or more, for 3 ms a cell and half a second of import: not worth it.
"""

from __future__ import annotations

from bisect import insort
from heapq import nlargest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.facts._margins import Margin

__all__ = ["Cells"]


class Cells:
    """The bounds of the off-diagonal cells of one confusion matrix; correct: the least and the most right rows."""

    def __init__(self, margins: Sequence[Margin], correct: tuple[int, int]) -> None:
        self.labels = [m.label for m in margins]
        rows = sum(m.support for m in margins)
        self._fn = [(int(m.fn.low), int(m.fn.high)) for m in margins]
        self._fp = [(int(m.fp.low), int(m.fp.high)) for m in margins]
        self._touched = [int(m.touched.low) for m in margins]
        self._missed, self._alarms = sum(high for _, high in self._fn), sum(high for _, high in self._fp)
        least = sum(low for low, _ in self._fn), sum(low for low, _ in self._fp), rows - correct[1]
        self.errors = max(least), min(self._missed, self._alarms, rows - correct[0])
        # Errors that do not touch class k, at most; the three least serve every pair of classes.
        away = (
            (
                min(
                    self.errors[1] - touched,
                    self._missed - fn[1] - fp[0],
                    self._alarms - fp[1] - fn[0],
                ),
                k,
            )
            for k, (fn, fp, touched) in enumerate(zip(self._fn, self._fp, self._touched, strict=True))
        )
        self._away = sorted(away)[:3]
        # FN + FP of each class, at least, as they are to be set against E, against all FN and against all FP.
        self._weights = (
            (self._touched, self.errors[1]),
            ([fn[1] + fp[0] for fn, fp in zip(self._fn, self._fp, strict=True)], self._missed),
            ([fn[0] + fp[1] for fn, fp in zip(self._fn, self._fp, strict=True)], self._alarms),
        )
        self._is_free = all(sum(nlargest(2, weights)) <= all_errors for weights, all_errors in self._weights)

    @property
    def feasible(self) -> bool:
        """Whether any matrix has these margins."""
        return self.errors[0] <= self.errors[1] and all(most >= 0 for most, _ in self._away)

    def elsewhere(self, i: int, j: int) -> tuple[int, int | None]:
        """Return the most errors that leave some third class alone, and that class."""
        for most, k in self._away:
            if k not in (i, j):
                return most, k
        return self.errors[1], None

    def _forced(self, i: int, j: int) -> tuple[tuple[int, int], ...]:
        """Return the low end of a cell in its six ways, each as (what is added, what is taken away)."""
        (fn_i, fp_i), (fn_j, fp_j) = (self._fn[i], self._fp[i]), (self._fn[j], self._fp[j])
        return (
            (self._touched[i] + fp_j[0], self.errors[1]),
            (self._touched[j] + fn_i[0], self.errors[1]),
            (fn_i[0], self._alarms - fp_i[1] - fp_j[1]),
            (fp_j[0], self._missed - fn_i[1] - fn_j[1]),
            (fp_i[0] + fp_j[0], self._missed - fn_i[1]),
            (fn_i[0] + fn_j[0], self._alarms - fp_j[1]),
        )

    def together(self, i: int, j: int) -> int:
        """Return the least confusions of two classes, where positive: no cell of theirs has a larger low end."""
        if self._is_free:
            return 0
        (counted, errors), (missed, all_missed), (alarms, all_alarms) = self._weights
        return max(
            counted[i] + counted[j] - errors, missed[i] + missed[j] - all_missed, alarms[i] + alarms[j] - all_alarms
        )

    def cell(self, i: int, j: int) -> tuple[int, int]:
        """Return the least and the most rows of class i that were given class j."""
        low = 0
        if not self._is_free and self.together(i, j) > 0:
            low = max(0, *(a - b for a, b in self._forced(i, j)))
        return low, max(low, min(self._fn[i][1], self._fp[j][1], self.elsewhere(i, j)[0]))

    def pair(self, i: int, j: int) -> tuple[int, int]:
        """Return the least and the most confusions of two classes, both directions together."""
        (ij_low, ij_high), (ji_low, ji_high) = self.cell(i, j), self.cell(j, i)
        low = max(ij_low + ji_low, self.together(i, j))
        return low, max(low, min(ij_high + ji_high, self.elsewhere(i, j)[0]))

    def bounds(self) -> dict[str, dict[str, dict[str, int]]]:
        """Return {true class: {predicted class: {"low", "high"}}} for all cells off the diagonal."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        for i, true in enumerate(self.labels):
            row = found[true] = {}
            for j, given in enumerate(self.labels):
                if i != j:
                    low, high = self.cell(i, j)
                    row[given] = {"low": low, "high": high}
        return found

    def pairs(self, most: int) -> list[tuple[int, int, int, int]]:
        """Return (i, j, low, high) of the pairs with the most confusions, the largest middle of the bounds first."""
        limits = []
        missed, alarms = [high for _, high in self._fn], [high for _, high in self._fp]
        for j, (fn_j, fp_j) in enumerate(zip(missed, alarms, strict=True)):
            for i, (fn_i, fp_i) in enumerate(zip(missed[:j], alarms, strict=False)):
                # No more than this can be the high end, and the low end only by errors that leave no other choice.
                high = min(fn_i, fp_j) + min(fn_j, fp_i)
                forced = 0 if self._is_free else self.together(i, j)
                limits.append((high + (min(high, 2 * forced) if forced > 0 else 0), i, j))
        limits.sort(key=lambda limit: -limit[0])
        found: list[tuple[int, int, int, int, int]] = []
        for limit, i, j in limits:
            if limit == 0 or (len(found) >= most and limit < -found[most - 1][0]):
                break
            low, high = self.pair(i, j)
            if high:
                insort(found, (-(low + high), i, j, low, high))
        return [entry[1:] for entry in found[:most]]

    # --- the derivations, in numbers

    def cell_text(self, i: int, j: int) -> str:
        """Return how the larger of a pair's two cells follows from the margins."""
        i, j = max(((i, j), (j, i)), key=lambda place: self.cell(*place))
        (low, high), (true, given) = self.cell(i, j), (repr(self.labels[i]), repr(self.labels[j]))
        ways = (
            f"FN + FP of {true} + FP of {given} - E",
            f"FN of {true} + FN + FP of {given} - E",
            f"FN of {true} - FP of all others but {given}",
            f"FP of {given} - FN of all others but {true}",
            f"FP of both - FN of all but {true}",
            f"FN of both - FP of all but {given}",
        )
        ends = ((f"FN of {true}", self._fn[i][1]), (f"FP of {given}", self._fp[j][1]))
        return f"{true} taken for {given}: {_least(low, ways, self._forced(i, j))}, {self._most(i, j, high, ends)}"

    def pair_text(self, i: int, j: int) -> str:
        """Return how the confusions of a pair follow from the margins."""
        low, high = self.pair(i, j)
        ways = "FN + FP of both - E", "FN + FP of both - all FN", "FN + FP of both - all FP"
        (fn_i, fp_i), (fn_j, fp_j) = (self._fn[i][1], self._fp[i][1]), (self._fn[j][1], self._fp[j][1])
        ends = (("the least FN and FP of each direction added", min(fn_i, fp_j) + min(fn_j, fp_i)),)
        least = _least(low, ways, [(weights[i] + weights[j], end) for weights, end in self._weights])
        return f"{self.labels[i]!r} and {self.labels[j]!r}: {least}, {self._most(i, j, high, ends)}"

    def _most(self, i: int, j: int, high: int, ends: tuple[tuple[str, int], ...]) -> str:
        away, k = self.elsewhere(i, j)
        if high != away or k is None:
            words = next((f" {words} =" for words, end in ends if end == high), "")
            return f"at most{words} {high}"
        (fn, fp), label = (self._fn[k], self._fp[k]), repr(self.labels[k])
        ways = (
            (f"E - FN - FP of {label}", self.errors[1], self._touched[k]),
            (f"FN of all but {label} - FP of {label}", self._missed - fn[1], fp[0]),
            (f"FP of all but {label} - FN of {label}", self._alarms - fp[1], fn[0]),
        )
        return next(f"at most {words} = {a} - {b} = {high}" for words, a, b in ways if a - b == high)


def _least(low: int, ways: Sequence[str], ends: Sequence[tuple[int, int]]) -> str:
    words = (f" {words} = {a} - {b} =" for words, (a, b) in zip(ways, ends, strict=True) if a - b == low > 0)
    return f"at least{next(words, '')} {low}"

"""The cells of a confusion matrix from its margins, in closed form.

FN_i rows of class i are wrong, FP_j predictions of class j are wrong, E errors in all. The off-diagonal cells form a
transportation polytope with a forbidden diagonal. By the theorem of Hall and Gale a set of two classes or more reaches
every column except those two, so only single classes and the pair itself bind, and the ends are whole numbers that
some matrix attains:

    max(0, FN_i + FP_i + FP_j - E, FN_i + FN_j + FP_j - E) <= n_ij <= min(FN_i, FP_j, E - FN_k - FP_k for other k)

The confusions of a pair in both directions lie between FN_i + FP_i + FN_j + FP_j - E and the least E - FN_k - FP_k;
with three classes the two ends meet. All of it is monotone, so margins known as intervals give valid bounds too.
"""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, Any

from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.facts._margins import Margin

__all__ = ["Cells"]


class Cells:
    """The bounds of the off-diagonal cells of one confusion matrix; correct: the rows that are right, whole numbers."""

    def __init__(self, margins: Sequence[Margin], correct: Interval) -> None:
        self.labels = [m.label for m in margins]
        rows = sum(m.support for m in margins)
        missed, alarms = [m.fn for m in margins], [m.fp for m in margins]
        ways = (_sum(missed), _sum(alarms), rows - correct)
        self._errors = int(max(w.low for w in ways)), int(min(w.high for w in ways))
        self._fn = [(int(m.low), int(m.high)) for m in missed]
        self._fp = [(int(a.low), int(a.high)) for a in alarms]
        # Errors that do not touch class k, at most; the three least serve every pair of classes.
        away = [self._errors[1] - fn[0] - fp[0] for fn, fp in zip(self._fn, self._fp, strict=True)]
        self._away = sorted(zip(away, range(len(away)), strict=True))[:3]

    @property
    def feasible(self) -> bool:
        """Whether any matrix has these margins."""
        return self._errors[0] <= self._errors[1] and all(a >= 0 for a, _ in self._away)

    def _elsewhere(self, i: int, j: int) -> int:
        """Return the most errors that leave some third class alone."""
        return next((a for a, k in self._away if k not in (i, j)), self._errors[1])

    def cell(self, i: int, j: int) -> tuple[int, int]:
        """Return the least and the most rows of class i that were given class j."""
        errors = self._errors[1]
        touching = self._fn[i][0] + self._fp[j][0]
        low = max(0, touching + self._fp[i][0] - errors, touching + self._fn[j][0] - errors)
        return low, max(low, min(self._fn[i][1], self._fp[j][1], self._elsewhere(i, j)))

    def pair(self, i: int, j: int) -> tuple[int, int]:
        """Return the least and the most confusions of two classes, both directions together."""
        (ij_low, ij_high), (ji_low, ji_high) = self.cell(i, j), self.cell(j, i)
        together = self._fn[i][0] + self._fp[i][0] + self._fn[j][0] + self._fp[j][0] - self._errors[1]
        low = max(ij_low + ji_low, together)
        return low, max(low, min(ij_high + ji_high, self._elsewhere(i, j)))

    def bounds(self) -> dict[str, dict[str, dict[str, int]]]:
        """Return {true class: {predicted class: {"low", "high"}}} for all cells off the diagonal."""
        return {
            true: {
                predicted: dict(zip(("low", "high"), self.cell(i, j), strict=True))
                for j, predicted in enumerate(self.labels)
                if i != j
            }
            for i, true in enumerate(self.labels)
        }

    def pairs(self, most: int) -> list[dict[str, Any]]:
        """Return the `most` pairs of classes with the most confusions, the largest middle of the bounds first."""
        missed, alarms = [high for _, high in self._fn], [high for _, high in self._fp]
        touched = [fn[0] + fp[0] for fn, fp in zip(self._fn, self._fp, strict=True)]
        limits = []
        for j in range(len(self.labels)):
            for i in range(j):
                # No more than this can be the high end, and the low end only by errors that leave no other choice.
                high = min(missed[i], alarms[j]) + min(missed[j], alarms[i])
                forced = touched[i] + touched[j] - self._errors[1]
                limits.append((high + (min(high, 2 * forced) if forced > 0 else 0), i, j))
        limits.sort(key=lambda limit: -limit[0])
        found: list[tuple[int, int, int, int, int]] = []
        for limit, i, j in limits:
            if limit == 0 or (len(found) >= most and limit < -found[most - 1][0]):
                break
            low, high = self.pair(i, j)
            if high:
                insort(found, (-(low + high), i, j, low, high))
        return [
            {"classes": [self.labels[i], self.labels[j]], "errors": {"low": low, "high": high}}
            for _, i, j, low, high in found[:most]
        ]


def _sum(intervals: Sequence[Interval]) -> Interval:
    return Interval(sum(i.low for i in intervals), sum(i.high for i in intervals))

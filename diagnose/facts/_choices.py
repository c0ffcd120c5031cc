"""The last few candidates of a per-class table tried out together, against all sums and averages at once.

Two decimals of a hundred rows often leave two classes with two candidates each. Most combinations have a class with
part in more errors than there are, or miss the averages printed beside the table, which are means of exact ratios.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.facts._margins import Candidates
    from diagnose.interval import Interval

__all__ = ["Mean", "choices"]

# Combinations that are tried: a few milliseconds.
_MOST_TRIED = 600
# The means are added up as floats: far more than their error, far less than a printed digit.
_SLACK = 1e-9


class Mean(NamedTuple):
    """A printed average of precision or F1: macro, or weighted by the rows of each class.

    undefined: what each class's score is without a right row: 0, or 1 where 0/0 is printed so.
    """

    of_f1: bool
    weighted: bool
    interval: Interval
    undefined: Sequence[int]

    def term(self, i: int, supports: Sequence[int], right: int, predicted: int) -> float:
        """Return what class i adds to the average."""
        score: float = self.undefined[i]
        if right:
            score = 2 * right / (supports[i] + predicted) if self.of_f1 else right / predicted
        return score * supports[i] / sum(supports) if self.weighted else score / len(supports)


def choices(
    classes: Sequence[Candidates], supports: Sequence[int], correct: tuple[int, int], means: Sequence[Mean]
) -> list[Candidates] | None:
    """Return the candidates that some choice for all other classes agrees with, None for none, all if too many to try.

    correct: the least and the most right rows; means: the averages that are printed beside the table.
    """
    tried = math.prod(sum((b - a + 1) * (high - low + 1) for a, b, low, high in options) for options in classes)
    if not 1 < tried <= _MOST_TRIED:
        return list(classes)
    points = [
        [(t, p) for a, b, low, high in options for t in range(a, b + 1) for p in range(low, high + 1)]
        for options in classes
    ]
    found = list(_choose(points, supports, correct, means))
    if not found:
        return None
    return [sorted({(t, t, p, p) for t, p in column}) for column in zip(*found, strict=True)]


def _choose(
    points: Sequence[Sequence[tuple[int, int]]],
    supports: Sequence[int],
    correct: tuple[int, int],
    means: Sequence[Mean],
) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield each choice whose sums and means fit, and in which no class has part in more errors than there are."""
    rows = sum(supports)
    limits = [
        correct,
        (rows, rows),
        *((float(m.interval.low) - _SLACK, float(m.interval.high) + _SLACK) for m in means),
    ]
    terms = [
        [(t, p, *(m.term(i, supports, t, p) for m in means)) for t, p in options] for i, options in enumerate(points)
    ]
    # What the classes still to come add, at least and at most.
    rest = [([0.0] * len(limits), [0.0] * len(limits))]
    for options in reversed(terms):
        least, most = rest[-1]
        columns = list(zip(*options, strict=True))
        rest.append(
            (
                [a + min(c) for a, c in zip(least, columns, strict=True)],
                [a + max(c) for a, c in zip(most, columns, strict=True)],
            )
        )
    rest.reverse()

    def fits(sums: Sequence[float], i: int) -> bool:
        least, most = rest[i]
        return all(
            low <= s + b and s + a <= high for s, a, b, (low, high) in zip(sums, least, most, limits, strict=True)
        )

    fitting: list[tuple[tuple[float, ...], tuple[tuple[int, int], ...]]] = [((0.0,) * len(limits), ())]
    for i, (pairs, added) in enumerate(zip(points, terms, strict=True)):
        fitting = [
            (sums, (*chosen, pair))
            for before, chosen in fitting
            for pair, term in zip(pairs, added, strict=True)
            if fits(sums := tuple(s + a for s, a in zip(before, term, strict=True)), i + 1)
        ]
    for totals, chosen in fitting:
        errors = rows - totals[0]
        if all(s + p - 2 * t <= errors for s, (t, p) in zip(supports, chosen, strict=True)):
            yield chosen

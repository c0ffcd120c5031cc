"""The rows of a per-class table taken together, where every row has one label and one prediction, and no class misses.

Then the predictions of all classes add up to the rows, the right ones to accuracy x rows, and no class has part in
more errors than there are: that leaves one candidate a class in most tables with three decimals or more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diagnose.facts._margins import Candidates
    from diagnose.interval import Interval

__all__ = ["join"]

# Bits that the subset sums may touch: about a millisecond of big-integer work.
_MOST_BITS = 20_000_000
_PASSES = 4


def join(classes: Sequence[Candidates], supports: Sequence[int], correct: Interval) -> list[Candidates] | None:
    """Return what is left when the predictions add up to the rows, and the right ones lie in `correct`.

    None where no choice of candidates does: then rows have several labels, or classes are missing.
    """
    rows, right = sum(supports), (math.ceil(correct.low), math.floor(correct.high))
    left: list[Candidates] | None = list(classes)
    for _ in range(_PASSES):
        before = left
        left = _narrow(before, supports, rows, right) if before is not None else None
        if left is None or left == before:
            break
    if left is None:
        return None
    slack = rows - sum(min(c[2] for c in candidates) for candidates in left)
    width = sum(high - low + 1 for candidates in left for _, _, low, high in candidates)
    return _subset_sums(left, slack) if width * slack <= _MOST_BITS else left


def _narrow(
    classes: Sequence[Candidates], supports: Sequence[int], rows: int, correct: tuple[int, int]
) -> list[Candidates] | None:
    """Cut each class by what the others leave for it: of the predictions, of the right ones, of the errors."""
    fewest, most = [min(c[0] for c in group) for group in classes], [max(c[1] for c in group) for group in classes]
    least, largest = [min(c[2] for c in group) for group in classes], [max(c[3] for c in group) for group in classes]
    sums = sum(fewest), sum(most), sum(least), sum(largest)
    errors = rows - max(correct[0], sums[0])
    narrowed = []
    for i, candidates in enumerate(classes):
        low_right, high_right = correct[0] - (sums[1] - most[i]), correct[1] - (sums[0] - fewest[i])
        low_limit, high_limit = rows - (sums[3] - largest[i]), rows - (sums[2] - least[i])
        # A wrong row is a miss of one class and a false alarm of another: no class has part in more than all errors.
        spare = errors - supports[i]
        kept = []
        for a, b, p, q in candidates:
            q = min(q, high_limit)  # noqa: PLW2901  # a tighter end of the same candidate
            right = max(a, low_right, (p - spare + 1) // 2), min(b, high_right, q)
            predicted = max(p, low_limit, right[0]), min(q, 2 * right[1] + spare)
            if right[0] <= right[1] and predicted[0] <= predicted[1]:
                kept.append((*right, *predicted))
        if not kept:
            return None
        narrowed.append(kept)
    return narrowed


def _subset_sums(classes: Sequence[Candidates], slack: int) -> list[Candidates] | None:
    """Keep the predictions that some choice for all other classes completes to the rows: sets of sums, as bits.

    slack: the predictions above the least of every class; a set holds what is left of it.
    """
    bases = [min(c[2] for c in candidates) for candidates in classes]
    mask = (1 << (slack + 1)) - 1
    needed = [1]
    for candidates, base in zip(reversed(classes), reversed(bases), strict=True):
        sets = (_spread(needed[-1], low - base, high - base, up=True) for _, _, low, high in candidates)
        needed.append(_union(sets) & mask)
    needed.reverse()
    left = 1 << slack
    kept_all = []
    for i, (candidates, base) in enumerate(zip(classes, bases, strict=True)):
        kept = []
        for a, b, low, high in candidates:
            first = next((p for p in range(low, high + 1) if (left >> (p - base)) & needed[i + 1]), None)
            if first is not None:
                last = next(p for p in range(high, first - 1, -1) if (left >> (p - base)) & needed[i + 1])
                kept.append((a, b, first, last))
        if not kept:
            return None
        kept_all.append(kept)
        left = _union(_spread(left, low - base, high - base, up=False) for _, _, low, high in kept)
    return kept_all


def _union(sets: Iterable[int]) -> int:
    union = 0
    for bits in sets:
        union |= bits
    return union


def _spread(bits: int, low: int, high: int, *, up: bool) -> int:
    """Return all sums (up) or differences of a member of `bits` and a number from `low` to `high`."""
    bits = bits << low if up else bits >> low
    done, width = 1, high - low + 1
    while done < width:
        step = min(done, width - done)
        bits |= bits << step if up else bits >> step
        done += step
    return bits

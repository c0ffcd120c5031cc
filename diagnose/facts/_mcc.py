"""Which binary confusion matrices have a given accuracy and Matthews correlation.

With N rows, E = FP + FN errors and C = N - E correct ones, f = FP x FN and y = TP x TN give

    MCC^2 = (y - f)^2 / ((y + f)^2 + (y + f) E C + f C^2 + (E^2 - 4f) y),

which for each split of the errors is a quadratic equation in y, and y with TP + TN = C is TP and TN. Both metrics stay
the same when the classes change places (TP and TN), and when labels and predictions do (FP and FN).
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

from diagnose.facts._binary import Matrix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.interval import Interval

__all__ = ["exchanged", "with_mcc"]

# Splits of the errors: each costs two or three microseconds.
_MAX_SPLITS = 3000
# The roots are found in floats, and every integer near them is tried; where tp is near tn, half of the digits are lost.
_NEAR, _NEAR_SHARE = 1e-3, 1e-7
# A print this narrow is a full double or a float32, whose computation may have lost as much as the print did.
_FULL = 1e-6


def with_mcc(rows: int, errors: int, mcc: Interval) -> list[Matrix] | None:
    """Return at most two matrices, fp <= fn and tp <= tn in each, or None where too many would have to be tried.

    Every other matrix with these numbers is one of them with its classes, or labels and predictions, exchanged.
    """
    if errors // 2 > _MAX_SPLITS or float(mcc.low) <= 0 <= float(mcc.high):
        return None
    found: list[Matrix] = []
    width = float(mcc.high - mcc.low)
    spare = 1e-15 + (width if width < _FULL else 0.0)
    low, high = float(mcc.low) - spare, float(mcc.high) + spare
    correct = rows - errors
    for fp in range(errors // 2 + 1):
        fn = errors - fp
        for tp in _hits(fp * fn, errors, correct, low, high):
            tn = correct - tp
            margins = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
            if margins and low <= (tp * tn - fp * fn) / math.sqrt(margins) <= high:
                found.append(Matrix(tp, fp, fn, tn))
                if len(found) == 2:
                    return found
    return found


def _hits(f: int, errors: int, correct: int, low: float, high: float) -> range:
    """Return the tp <= tn that may give a correlation from `low` to `high`: it grows with tp x tn."""
    near = _NEAR + _NEAR_SHARE * correct
    least, most = _hit(f, errors, correct, low), _hit(f, errors, correct, high)
    return range(max(math.ceil(least - near), 0), min(math.floor(most + near), correct // 2) + 1)


def _hit(f: int, errors: int, correct: int, mcc: float) -> float:
    """Return the tp <= tn with this correlation, as a real number: the larger root y above 0, the smaller one below."""
    square = mcc * mcc
    b = 2 * f + square * (errors * correct + errors * errors - 2 * f)
    c = f * f - square * f * (f + errors * correct) - square * f * correct * correct
    root = math.sqrt(max(b * b - 4 * (1 - square) * c, 0.0))
    if mcc < 0:
        # Without the cancellation of b - root.
        y = 2 * c / (b + root) if b + root else 0.0
    else:
        y = (b + root) / (2 * (1 - square)) if square < 1 else math.inf
    room = correct * correct - 4 * y
    return (correct - math.sqrt(room)) / 2 if room > 0 else correct / 2


def exchanged(matrix: Matrix) -> Iterator[Matrix]:
    """Yield the different matrices of the same accuracy and correlation: classes, labels and predictions exchanged."""
    pairs = product(
        dict.fromkeys(((matrix.tp, matrix.tn), (matrix.tn, matrix.tp))),
        dict.fromkeys(((matrix.fp, matrix.fn), (matrix.fn, matrix.fp))),
    )
    for (tp, tn), (fp, fn) in pairs:
        yield Matrix(tp, fp, fn, tn)

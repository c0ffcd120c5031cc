"""McNemar's exact test of two systems on the same rows, from how many each had right.

The better one gains g rows that the other had wrong and loses c that the other had right; g - c is the difference d of
the correct counts, so d + 2c rows are discordant, with 0 <= c <= min(rows - the better's correct, the worse's correct).
Under the hypothesis of no difference each discordant row falls to either side like a fair coin, and p grows with c.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._proofs import resting_on
from diagnose.facts._scores import quoted, share
from diagnose.facts._spread import INDEPENDENT
from diagnose.interval import Interval
from diagnose.types import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.types import Evaluation, Scope, Value

__all__ = ["SIGNIFICANT", "most_losses", "p_of_pairs", "paired_verdict"]

# The usual two-sided level.
SIGNIFICANT = 0.05
_NEGLIGIBLE = 1e-17
# Beyond this many rows the sums of the exact test take their time, and next to every difference is significant.
_MOST_ROWS = 1_000_000


def p_of_pairs(difference: int, losses: int) -> float:
    """Return the exact two-sided p: 2 P(at most `losses` of difference + 2 losses fair coins), 1 at most."""
    flips = difference + 2 * losses
    if difference <= 0:
        return 1.0
    log_term = math.lgamma(flips + 1) - math.lgamma(losses + 1) - math.lgamma(flips - losses + 1) - flips * math.log(2)
    # From the largest term down: each is a share of the one before.
    total, term = 1.0, 1.0
    for k in range(losses, 0, -1):
        term *= k / (flips - k + 1)
        total += term
        if term < _NEGLIGIBLE * total:
            break
    return min(1.0, 2 * math.exp(log_term) * total)


def most_losses(difference: int, limit: int) -> int | None:
    """Return the most losses, `limit` at most, at which the difference is significant; None where it never is."""
    if p_of_pairs(difference, 0) >= SIGNIFICANT:
        return None
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if p_of_pairs(difference, middle) < SIGNIFICANT:
            low = middle
        else:
            high = middle - 1
    return low


def paired_verdict(after: Evaluation, before: Evaluation, name: str, rows: Fact | None, scope: Scope) -> Iterator[Fact]:
    """Yield what two accuracies on the same rows decide: McNemar's test over all that their correct rows leave open.

    name: the baseline's; rows: how many there are, the same in both.
    """
    mine, theirs = after.get("accuracy"), before.get("accuracy")
    if mine is None or theirs is None or rows is None or not isinstance(rows.value, int):
        return
    stated = before.get("samples")
    total = rows.value
    if total > _MOST_ROWS or (stated is not None and stated.number != total):
        return
    ours, others = _correct(mine, total), _correct(theirs, total)
    if ours is None or others is None:
        return
    least = max(0, ours[0] - others[1], others[0] - ours[1])
    most = max(ours[1] - others[0], others[1] - ours[0])
    # The better one's losses: rows that it has wrong and the other right.
    limit = min(total - max(ours[0], others[0]), ours[1], others[1])
    surely, possibly = most_losses(least, limit), most_losses(most, limit)
    verdict = "not significant" if possibly is None else "significant" if surely == limit else "depends"
    said = (
        f"{quoted(mine)} and {quoted(theirs)} in {name} are {Interval(*ours)} and {Interval(*others)} of {total:,} "
        f"rows; if they are the same rows, the better run lost between 0 and {limit:,} that the other had right"
    )
    if verdict == "significant":
        because = f"{said}: significant throughout, by McNemar's exact test p <= {p_of_pairs(least, limit):.2g}"
    elif possibly is None:
        because = f"{said}: never significant, by McNemar's exact test p >= {p_of_pairs(most, 0):.2g}"
    elif surely == possibly:
        because = f"{said}: significant by McNemar's exact test if and only if it lost at most {possibly:,} of them"
    else:
        below = "" if surely is None else f"significant if it lost at most {surely:,} of them, "
        because = f"{said}: by McNemar's exact test {below}not significant if it lost more than {possibly:,} of them"
    value = {
        "rows": total,
        "correct": [_plain(others), _plain(ours)],
        "verdict": verdict,
        "most_losses": [surely, possibly],
    }
    proof, assumes = resting_on([rows], ("same_rows=true", "same_unit=true", *INDEPENDENT))
    used = (theirs, mine, *rows.evidence)
    yield Fact("paired_verdict", value, scope, proof, because, "", assumes, used)
    yield Fact("paired_verdict.verdict", verdict, scope, proof, because, "", assumes, used)


def _correct(accuracy: Value, rows: int) -> tuple[int, int] | None:
    """Return the least and the most correct rows, None where the accuracy is no share of them."""
    interval = share(accuracy)
    if interval is None:
        return None
    low, high = math.ceil(interval.low * rows), math.floor(interval.high * rows)
    return (low, high) if low <= high else None


def _plain(ends: tuple[int, int]) -> int | Interval:
    return ends[0] if ends[0] == ends[1] else Interval(*ends)

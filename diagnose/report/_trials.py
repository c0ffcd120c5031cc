"""What a reproduction has shown, in words: of a finding, and of each remedy that was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.report._words import clean, count

if TYPE_CHECKING:
    from diagnose.types import Attempt, Finding, Remedy, Reproduction, Tried

__all__ = ["reproduction_words", "tried_words"]

_ATTEMPTS = 3
_CAUSES = 6
_TELLING = 4  # fewer runs without a failure say little


def tried_words(remedy: Remedy) -> str:
    """Return what a remedy did in a reproduction, in a clause; "" where it was not tried."""
    if not remedy.verified:
        return ""
    first, *others = remedy.verified[:_ATTEMPTS]
    told = [f"{first.cured} of {count(first.runs, 'run')} as good as sound ones {_spread(first)}"]
    told += [f"{attempt.cured} of {attempt.runs} {_spread(attempt)}" for attempt in others]
    more = len(remedy.verified) - _ATTEMPTS
    rest = f"; and against {count(more, 'cause')} more" if more > 0 else ""
    what = "it" if remedy.is_patch else "taking away what was put there"
    lead = f"in a reproduction {what} {'cured' if remedy.cures else 'did not cure'}"
    return f"{lead}: {'; '.join(told)}{rest}"


def _spread(attempt: Attempt) -> str:
    """Return how sure a share of cured runs is, and of what."""
    chance = "" if attempt.cures or 2 * attempt.cured <= attempt.runs else ", which chance can do"
    times = f", applied {attempt.times} times over," if attempt.times > 1 else ""
    interval = f"({attempt.low:.0%} to {attempt.high:.0%}{chance})".replace("%", " %")
    return f"{interval}{times} when {clean(attempt.cause)}"


def reproduction_words(finding: Finding) -> tuple[str, ...]:
    """Return whether a finding's failure was reproduced and by what, and how that differed from the run.

    A cause that makes it happen there is never told as the cause of the run's own failure.
    """
    made = finding.reproduction
    if made is None:
        return ()
    differences = "; ".join(clean(difference) for difference in made.differences)
    told = f"In a reproduction with these differences from your run: {differences}." if differences else ""
    return tuple(line for line in (_happened(made), told) if line)


def _happened(made: Reproduction) -> str:
    if not made.learnt:
        return "Not reproduced: sound settings did not learn the task of the reproduction, so it says nothing."
    rest = " The budget ended before all was tried." if made.unfinished else ""
    failing = made.failing[:_CAUSES]
    if not failing:
        number = len(made.causes)
        tried = f"of {count(number, 'cause')} that {'was' if number == 1 else 'were'} tried, none made it happen"
        return f"Not reproduced: {tried if number else 'no cause was tried'}.{rest}"
    causes = ", and ".join(
        f"in {one.failed} of {count(one.runs, 'run')} when {clean(one.cause)}{_reseeded(one)}" for one in failing
    )
    limit = "which of them it was in your run stays open" if len(failing) > 1 else "your run may have another cause"
    quiet = "; ".join(clean(one.cause) for one in made.causes if not one.reproduces and one.runs >= _TELLING)
    unlike = f" It did not happen when {quiet}." if quiet else ""
    return f"Reproduced: it happened {causes}; {limit}.{unlike}{rest}"


def _reseeded(tried: Tried) -> str:
    """Return what other seeds alone did, where they did anything."""
    if not tried.reseeded:
        return ""
    return f" (other seeds alone were as good as sound runs in {tried.reseeded} of {tried.placebo})"

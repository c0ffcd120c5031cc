"""What a contradiction is: reported values that cannot hold together, and how they could have been printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.facts._confusion import Confusion
    from diagnose.interval import Number
    from diagnose.types import Evaluation, Fact, Value

__all__ = [
    "APPROXIMATE",
    "IMPOSSIBLE",
    "LISTED_CLASSES",
    "OPEN",
    "PLAIN",
    "SAME_AVERAGE",
    "SAME_UNIT",
    "SETUP",
    "SINGLE_LABEL",
    "STATEMENT",
    "Check",
    "Contradiction",
    "Outcome",
    "Place",
    "above",
    "broken",
    "surely_at_most",
]

# How much a contradiction weighs.
# impossible: no data, no model and no usual way of averaging prints these numbers together;
# setup: they fit only if the metrics were computed in different ways (averages, batches, folds, rows);
# approximate: the source itself gives one of the numbers as "about", so only the statement about it falls;
# statement: an answer of the user is refuted;
# open: an ordinary set-up explains it (several labels a row, tokens beside sentences), which nobody has ruled out.
IMPOSSIBLE, SETUP, APPROXIMATE = "impossible", "setup", "approximate"
STATEMENT, OPEN = "statement", "open"

SAME_AVERAGE = "same_average=true"
SAME_UNIT = "same_unit=true"
SINGLE_LABEL = "single_label=true"
LISTED_CLASSES = "all_classes_listed=true"
PLAIN = "plain_metrics=true"

# Sums of thousands of float32 terms are off by some units of the sixth digit.
_LOST = Fraction(1, 10**5)
# Less than those, and far more than a few operations on doubles are off by.
_ROUND_OFF = 1e-6


@dataclass(frozen=True, slots=True)
class Place:
    """An evaluation, and what is known beside its own numbers.

    lender: another run's table of the same classes, which tells how many rows each has; facts: what earlier modules
    prove about it, by name; told: the user's answers about it, by name; several_labels: the run says that a row may
    have several labels; several_units: the names or the digits say that the accuracy counts other things than the
    scores (tokens beside entities); joined: the table's predictions are known to add up to its rows; trial: only
    whether a check holds is of interest; matrices: the readings of its confusion matrix, by `either_way`.
    """

    evaluation: Evaluation
    lender: Evaluation | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    several_labels: bool = False
    several_units: bool = False
    joined: bool = False
    trial: bool = False
    matrices: Sequence[tuple[Confusion, tuple[str, ...]]] = ()

    @property
    def rows(self) -> Fact | None:
        """How many rows were evaluated."""
        return self.facts.get("sample_count")

    def says(self, assumption: str) -> bool:
        """Whether the user's answer is the assumption "name=value"."""
        name, _, value = assumption.partition("=")
        return self.told.get(name) == value

    def denies(self, assumption: str) -> bool:
        """Whether the user's answer, or what the evaluation is about, is another one than the assumption."""
        name, _, value = assumption.partition("=")
        if name not in self.told:
            return self.several_units and assumption in (SAME_UNIT, SINGLE_LABEL)
        return self.told[name] != value


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Values that cannot hold together: why not, and the readings under which they could have been printed.

    tested: (chance, reading) of those that were tried on these numbers and fit, the chance being that with which a
    wrong reading of its kind would have fitted too; possible: those that cannot be tried; label: the class it is about;
    beside: what else takes part and is no metric with a value, such as a confusion matrix.
    """

    weight: str
    because: str
    values: tuple[Value, ...]
    possible: tuple[str, ...] = ()
    tested: tuple[tuple[float, str], ...] = ()
    assumes: tuple[str, ...] = ()
    label: str | None = None
    beside: tuple[str, ...] = ()

    @property
    def metrics(self) -> list[str]:
        """The metrics, by canonical name."""
        return list(dict.fromkeys((*(value.metric for value in self.values), *self.beside)))

    @property
    def key(self) -> tuple[str | None, tuple[str, ...]]:
        """What it is about: the class, and the metrics."""
        return self.label, tuple(self.metrics)


# None where the check holds.
Outcome: TypeAlias = Contradiction | None
# A check yields an outcome for each identity that it can check, and nothing where it cannot.
Check: TypeAlias = Callable[[Place], Iterator[Outcome]]


def broken(
    weight: str,
    because: str,
    values: tuple[Value, ...],
    *possible: str,
    assumes: tuple[str, ...] = (),
    tested: tuple[tuple[float, str], ...] = (),
    label: str | None = None,
    beside: tuple[str, ...] = (),
) -> Contradiction:
    """Return a contradiction, of the weight "approximate" where the source gives one of the values so."""
    if weight == SETUP or len({*(value.metric for value in values), *beside}) > 1:
        # Two metrics can be at odds because they were averaged differently; one alone cannot.
        assumes = tuple(sorted({*assumes, SAME_AVERAGE}))
    weight = APPROXIMATE if any(value.approximate for value in values) else weight
    return Contradiction(weight, because, values, possible, tested, assumes, label, beside)


def above(one: Number, other: Number, size: Number = 0) -> bool:
    """Whether one number is above the other by more than single-precision arithmetic loses on the way.

    size: of the numbers that they are differences of: 1 for a correlation, which is 0 up to round-off where it is 0.
    """
    if one <= other:
        return False
    one, other = Fraction(one), Fraction(other)
    return one - other > _LOST * max(abs(one), abs(other), Fraction(size))


def surely_at_most(one: float, other: float, size: float = 0.0) -> bool:
    """Whether the printed numbers show that `above` cannot hold of their intervals, in which they lie.

    For a long history: most of its rows need no exact interval.
    """
    return one - other <= _ROUND_OFF * max(other, size)

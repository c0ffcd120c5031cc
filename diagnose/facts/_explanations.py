"""Readings that would explain a contradiction, tried on the numbers: the likeliest first, what cannot be tried last.

A reading is tried by changing one number as it says and checking everything again: what failed must hold, and nothing
that held may fail. Its rank is the chance with which a wrong reading of its kind would have fitted as well: 2 of the
39 ways to mistype one digit of 0.8412, say.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from diagnose.facts._changes import cut, replaced, typos, with_text
from diagnose.facts._elsewhere import elsewhere
from diagnose.interval import parse_number
from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts._contradictions import Check, Contradiction, Place
    from diagnose.types import Evaluation, Value

__all__ = ["UNKNOWN", "Checks", "Explainer"]

# Changes that one contradiction may try: all of three numbers with four digits, about 10 ms.
_MOST_TRIES = 160
# Of those that mend the contradiction itself, so many are held against everything else; beside a table that is dear.
_MOST_CHECKED, _CHECKED_BESIDE_TABLE = 12, 3
# And so many rows of a table in all, 5 ms for each 150.
_MOST_ROWS_CHECKED = 600
_MOST_EXPLAINED, _EXPLAINED_TABLES = 4, 1
_MOST_CLASSES = 30
_SHOWN = 2
# More than this share of the changes that mend it say nothing about the digit.
_UNTELLING = 0.2
# A number with more digits is looked at around its first wrong one only.
_MOST_DIGITS = 6
# What earlier modules found out from the numbers as they are printed.
_STALE = ("binary_matrix_possible", "prevalence", "majority_share")
_PERCENT = 0.01
UNKNOWN = "a figure was mistyped"


# What a contradiction is about: a class or None, and the metrics.
_Key: TypeAlias = tuple[str | None, tuple[str, ...]]


class _Fix(NamedTuple):
    """A change of one number that mends a contradiction: what is left after it, and the number as it would stand."""

    value: Value
    text: str
    left: frozenset[_Key]


class Checks(NamedTuple):
    """The checks that an evaluation has to hold to.

    by_class: those that look at each class of a table by itself; sums: those that find that the first of the values is
    not the sum of the others; joins: those that look for whole numbers behind all classes of a table, which is dear.
    """

    every: Sequence[Check]
    by_class: Sequence[Check]
    sums: Sequence[Check]
    joins: Sequence[Check]


class Explainer:
    """Finds the readings of the contradictions of one place.

    found: all of them; others: the other evaluations, by what to call them.
    """

    def __init__(
        self,
        place: Place,
        checks: Checks,
        found: Sequence[Contradiction],
        others: Sequence[tuple[str, Evaluation]],
    ) -> None:
        self._place = place
        self._checks = checks
        self._keys = frozenset(contradiction.key for contradiction in found)
        self._others = others
        self._fixes: list[_Fix] = []
        self._explained = self._tables = self._rows_checked = 0

    def readings(self, contradiction: Contradiction, check: Check | None) -> list[str]:
        """Return the readings of a contradiction, the likeliest first."""
        ranked = list(contradiction.tested)
        ranked += elsewhere(contradiction, self._place.evaluation, self._others)
        mistyped: list[tuple[float, str]] = []
        if check is not None:
            if check not in self._checks.joins or not self._is_large:
                ranked += self._percent(contradiction, check)
            known = [f for f in self._fixes if contradiction.key not in f.left and _among(f.value, contradiction)]
            if all(fix.left for fix in known) and check in self._checks.sums:
                mistyped = list(self._mistyped_in_sum(contradiction))
            elif all(fix.left for fix in known) and self._may_try(contradiction):
                mistyped = self._mistyped(contradiction, check)
            elif known:
                mistyped = [(1 / _MOST_TRIES, _told(known[0].value, [known[0].text]))]
        ranked += mistyped
        ranked.sort(key=lambda item: item[0])
        rest = [*contradiction.possible] if mistyped else [*contradiction.possible, UNKNOWN]
        return [text for _, text in ranked] + [f"possibly {text}" if ranked else text for text in rest]

    @property
    def _is_large(self) -> bool:
        return len(self._place.evaluation.classes) > _MOST_CLASSES

    def _may_try(self, contradiction: Contradiction) -> bool:
        """Whether there is time to try changes: for the first few contradictions, and one of a whole table."""
        whole = contradiction.label is None and bool(self._place.evaluation.classes)
        if whole:
            self._tables += 1
        self._explained += 1
        if whole and self._is_large:
            return False
        return self._explained <= _MOST_EXPLAINED and (not whole or self._tables <= _EXPLAINED_TABLES)

    def _mistyped(self, contradiction: Contradiction, check: Check) -> list[tuple[float, str]]:
        """Try every change of one digit, and every swap of two neighbours, of each number."""
        values = contradiction.values
        table = bool(self._place.evaluation.classes)
        if table and contradiction.label is None:
            # A wrong number of one class shows in its own row, as a rule.
            values = tuple(v for v in values if self._place.evaluation.metrics.get(v.metric) is v)
        tried: dict[int, int] = {}
        mending: dict[int, list[_Fix]] = {}
        checked = 0
        for i, text in self._candidates(values, contradiction, check):
            tried[i] = tried.get(i, 0) + 1
            new = with_text(values[i], text)
            if not self._mends(contradiction, check, values[i], new):
                continue
            fixes = mending.setdefault(i, [])
            left: frozenset[_Key] | None = self._keys - {contradiction.key}
            if (
                checked < (_CHECKED_BESIDE_TABLE if table else _MOST_CHECKED)
                and self._rows_checked < _MOST_ROWS_CHECKED
            ):
                checked += 1
                left = self._left(values[i], new)
            if left is not None and contradiction.key not in left:
                fixes.append(_Fix(values[i], text, left))
        return list(self._ranked(values, tried, mending))

    def _mistyped_in_sum(self, contradiction: Contradiction) -> Iterator[tuple[float, str]]:
        """Look for the numbers that make the sum right by a change of one digit or a swap of two."""
        whole, *parts = contradiction.values
        gap = whole.number - sum(part.number for part in parts)
        checked = 0
        # A number that is at odds with its own row, too, comes first.
        labels = {label for label, _ in self._keys}
        rows = self._place.evaluation.classes
        odd = {id(v) for row in rows if row.label in labels for v in row.metrics.values()}
        for value in sorted(contradiction.values, key=lambda v: id(v) not in odd):
            wanted = f"{value.number + (-gap if value is whole else gap):.0f}"
            if len(wanted) != len(value.text) or checked == _CHECKED_BESIDE_TABLE:
                continue
            texts = [text for batch in typos(value.text) for text in batch]
            if wanted in texts and self._rows_checked < _MOST_ROWS_CHECKED:
                checked += 1
                left = self._left(value, with_text(value, wanted))
                if left is not None and contradiction.key not in left:
                    fixes = {0: [_Fix(value, wanted, left)]}
                    yield from self._ranked((value,), {0: len(texts)}, fixes)

    def _candidates(
        self, values: Sequence[Value], contradiction: Contradiction, check: Check
    ) -> Iterator[tuple[int, str]]:
        """Yield changes of each number, the first digits of all of them first, up to the limit."""
        streams = []
        for i, value in enumerate(values):
            if value.is_finite:
                texts = list(typos(value.text))
                if len(texts) > _MOST_DIGITS:
                    wrong = self._first_wrong(value, len(texts), contradiction, check)
                    texts = texts[max(0, wrong - 1) : wrong + 2]
                streams.append((i, iter(texts)))
        left = _MOST_TRIES
        while streams and left > 0:
            for stream in tuple(streams):
                batch = next(stream[1], None)
                if batch is None:
                    streams.remove(stream)
                    continue
                yield from ((stream[0], text) for text in batch)
                left -= len(batch)

    def _first_wrong(self, value: Value, digits: int, contradiction: Contradiction, check: Check) -> int:
        """Return the place of the digit up to which the number may stand: cut there, it no longer contradicts."""
        right, wrong = 0, digits
        while wrong - right > 1:
            middle = (right + wrong) // 2
            text = cut(value.text, middle)
            new = replace(value, text=text, number=parse_number(text) or 0.0, machine=False)
            if self._mends(contradiction, check, value, new):
                right = middle
            else:
                wrong = middle
        return right

    def _ranked(
        self, values: Sequence[Value], tried: Mapping[int, int], mending: Mapping[int, list[_Fix]]
    ) -> Iterator[tuple[float, str]]:
        for i, fixes in mending.items():
            if not fixes:
                continue
            fewest = min(len(fix.left) for fix in fixes)
            best = [fix for fix in fixes if len(fix.left) == fewest]
            self._fixes += best[:_SHOWN]
            chance = len(best) / tried[i]
            if chance > _UNTELLING:
                text = f"a digit of {values[i].key} {values[i].shown} was mistyped: {len(best)} of {tried[i]} changes"
                yield 1 + chance, f"{text} of one digit would do"
            else:
                # What leaves other contradictions standing explains less.
                yield chance + fewest, _told(values[i], [fix.text for fix in best], fewest)

    def _mends(self, contradiction: Contradiction, check: Check, old: Value, new: Value | None) -> bool:
        """Whether the check that fails holds with one number changed; only the class that it is about is looked at."""
        if new is None:
            return False
        evaluation, label = self._place.evaluation, contradiction.label
        if label is not None:
            evaluation = replace(evaluation, classes=tuple(row for row in evaluation.classes if row.label == label))
        evaluation = replaced(evaluation, old, new)
        place = replace(self._place, evaluation=evaluation, joined=False, trial=True)
        checked = False
        for outcome in check(place):
            if outcome is not None and (label is not None or outcome.key == contradiction.key):
                return False
            checked = True
        return checked

    def _left(self, old: Value, new: Value | None) -> frozenset[_Key] | None:
        """Return which contradictions are left after a change; None where it makes a new one."""
        if new is None:
            return None
        evaluation = replaced(self._place.evaluation, old, new)
        self._rows_checked += len(evaluation.classes)
        facts = {name: fact for name, fact in self._place.facts.items() if name not in _STALE}
        place = replace(self._place, evaluation=evaluation, joined=False, facts=facts, trial=True)
        changed = [
            row
            for row, before in zip(evaluation.classes, self._place.evaluation.classes, strict=True)
            if row is not before
        ]
        one = replace(place, evaluation=replace(evaluation, classes=tuple(changed)), trial=False)
        left = {key for key in self._keys if key[0] is not None and key[0] not in {row.label for row in changed}}
        for check in self._checks.every:
            for outcome in check(one if check in self._checks.by_class else place):
                if outcome is not None and outcome.key not in self._keys:
                    return None
                if outcome is not None:
                    left.add(outcome.key)
        return frozenset(left)

    def _percent(self, contradiction: Contradiction, check: Check) -> Iterator[tuple[float, str]]:
        """Try each score as a percentage that was read as a fraction, and the other way round."""
        for value in contradiction.values:
            info = metric_of(value.metric)
            if info is None or info.high != 1 or self._place.evaluation.metrics.get(value.metric) is not value:
                continue
            scale = Fraction(1, 100) if value.scale == 1 else Fraction(1)
            new = replace(value, scale=scale, number=value.number * float(scale / value.scale))
            if abs(new.number) <= 1 and self._mends(contradiction, check, value, new):
                name = "a percentage" if value.scale == 1 else "a fraction, not a percentage"
                yield _PERCENT, f"{value.key} {value.text} is {name}"


def _among(value: Value, contradiction: Contradiction) -> bool:
    return any(v is value for v in contradiction.values)


def _told(value: Value, texts: Sequence[str], left: int = 0) -> str:
    """Return the sentence of a digit that was mistyped."""
    sign = " %" if value.scale != 1 else ""
    others = len(texts) - _SHOWN
    more = f" (or {others} other{'s' if others > 1 else ''})" if others > 0 else ""
    rest = f", which leaves {left} other contradiction{'s' if left > 1 else ''}" if left else ""
    shown = " or ".join(f"{text}{sign}" for text in texts[:_SHOWN])
    return f"{value.key} {value.shown} was mistyped for {shown}{more}{rest}"

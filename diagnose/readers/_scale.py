"""How a number is to be read: percent or fraction, and whether a short text is a full double."""

from __future__ import annotations

import re
from collections import defaultdict
from math import isfinite
from typing import TYPE_CHECKING

from diagnose.vocabulary import metric_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.readers._items import Item
    from diagnose.readers.records import Record

__all__ = ["Machine", "Scales"]

# Each family has its own habit: BLEU and AP are printed in percent beside accuracies that are fractions.
_FAMILIES = {
    name: family
    for family, names in {
        "rouge": "rouge1 rouge2 rougeL rougeLsum",
        "bleu": "bleu chrf",
        "meteor": "meteor",
        "bertscore": "bertscore",
        "detection": "map map50 map75",
        "error rate": "wer cer mer ter uer",
    }.items()
    for name in names.split()
}
# An error rate may exceed 1 (insertions), though hardly 2; printed in percent it hardly stays below.
_LARGEST_ERROR_RATE = 2.0
_FULL_DOUBLE = 15
_NO_DIGIT = re.compile(r"[eE].*|[^\d]")


class Scales:
    """Which families of metrics of which groups of records are printed in percent."""

    def __init__(self, records: Iterable[tuple[Record, list[Item]]]) -> None:
        columns: dict[tuple[str, str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for record, items in records:
            for item in items:
                family = _family(item)
                if family and not item.printed.percent and isfinite(item.printed.number) and item.printed.number:
                    columns[record.source, record.group, family][item.name.metric].append(abs(item.printed.number))
        found = {key: _is_percent(key[2], list(numbers.values())) for key, numbers in columns.items()}
        families = {key[2] for key, percent in found.items() if percent}
        # What a group leaves open, the same metrics elsewhere in the document decide.
        self._percent = {key for key, percent in found.items() if percent or (percent is None and key[2] in families)}

    def percent(self, record: Record, item: Item) -> bool:
        """Whether the item is printed in percent: by its sign, its column's name or its group."""
        if item.printed.percent:
            return True
        # A standard error is printed like its metric.
        family = _family_of(item.name.metric.removesuffix("_stderr")) if item.name.known else None
        if family is None or (abs(item.printed.number) > 100 and family != "error rate"):
            return False
        if "%" in item.cell.key:
            return True
        group = record.source, record.group
        if (*group, family) in self._percent:
            return True
        return family == "error rate" and (*group, "score") in self._percent and item.printed.number > 1


def _family(item: Item) -> str | None:
    """Return the family of an item whose size tells the scale: a bounded score or an error rate, else None."""
    return _family_of(item.name.metric) if item.name.known else None


def _family_of(metric: str) -> str | None:
    info = metric_of(metric)
    if info is None or info.kind not in ("score", "correlation", "error"):
        return None
    if info.base in _FAMILIES:
        return _FAMILIES[info.base]
    return info.kind if info.high == 1 and info.low is not None else None


def _is_percent(family: str, columns: list[list[float]]) -> bool | None:
    """Whether the columns of a family are in percent: most numbers of each lie above 1, and none above 100.

    Of ROUGE one such column is enough: ROUGE-2 is small where ROUGE-1 is. None where error rates leave it open.
    """
    above = [sum(n > 1 for n in numbers) * 2 > len(numbers) for numbers in columns]
    if not (any(above) if family == "rouge" else all(above)):
        return False
    largest = max(max(numbers) for numbers in columns)
    if family == "error rate":
        return True if largest > _LARGEST_ERROR_RATE else None
    return largest <= 100


class Machine:
    """Whether the short numbers of a record are full doubles: a sibling of the same family prints as one.

    A loss says nothing about scores (scripts round metrics and leave the loss as it is), other than about 0.0 and 1.0;
    times, rates, epochs, settings and unknown numbers are often rounded by the programs that log them.
    """

    def __init__(self, pairs: Iterable[tuple[Record, list[Item]]]) -> None:
        self._full = {_kin(item) for record, items in pairs if record.machine for item in items if _is_full(item)}

    def holds(self, item: Item) -> bool:
        """Whether the item's text is a full double."""
        kin = _kin(item)
        if not kin:
            return False
        return kin in self._full or (bool(self._full) and item.printed.text in ("0.0", "1.0"))


def _kin(item: Item) -> str:
    """Return what is computed and printed together: the scores (with their standard errors), or the losses."""
    if item.kind == "loss":
        return "loss"
    return "score" if item.kind in ("score", "correlation", "error") or item.name.metric.endswith("_stderr") else ""


def _is_full(item: Item) -> bool:
    return len(_NO_DIGIT.sub("", item.printed.text).lstrip("0")) >= _FULL_DOUBLE

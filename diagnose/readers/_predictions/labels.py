"""The labels of two columns in one form, and columns of labels that cannot be compared or are none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from diagnose.errors import UnreadableInputError
from diagnose.readers._predictions.column import is_missing, label_of, listed, number_in

if TYPE_CHECKING:
    from diagnose.readers._predictions.column import Column

__all__ = ["TRUTH", "in_order", "labels_of", "one_form", "refuse_strangers", "refuse_texts"]

# Cells are quadratic in the classes; beyond this a column of texts is no column of classes.
_MOST_CLASSES = 2000
_FEW_CLASSES = 20
_LONGEST_LABEL = 100
TRUTH = {"True": "1", "False": "0", "true": "1", "false": "0", "TRUE": "1", "FALSE": "0"}
_NUMBERED = re.compile(r"LABEL_(\d+)")


def labels_of(column: Column) -> tuple[list[str], Any]:
    """Return the labels of a column in their one form, and each row's place among them."""
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    if column.names is None:
        texts, codes = np.unique(column.numbers, return_inverse=True)
        given = [repr(number) for number in texts.tolist()]
    else:
        given, codes = column.names, column.codes
    forms = ["" if is_missing(name) else label_of(name) for name in given]
    names = list(dict.fromkeys(forms))
    place = {name: i for i, name in enumerate(names)}
    return names, np.asarray([place[form] for form in forms], dtype=np.intp)[codes]


def one_form(true: list[str], predicted: list[str]) -> tuple[list[str], list[str]]:
    """Return both sides' labels with truth values as 1 and 0, and "LABEL_1" as 1, where the other side has numbers."""
    sides = [true, predicted]
    for i, other in ((0, 1), (1, 0)):
        mine = {name for name in sides[i] if name}
        theirs = {name for name in sides[other] if name}
        if not mine or not theirs or mine & theirs:
            continue
        if mine <= TRUTH.keys() and theirs <= {"0", "1"}:
            sides[i] = [TRUTH.get(name, name) for name in sides[i]]
        elif all(_NUMBERED.fullmatch(name) for name in mine) and all(name.isdigit() for name in theirs):
            sides[i] = [match[1] if (match := _NUMBERED.fullmatch(name)) else name for name in sides[i]]
    return sides[0], sides[1]


def refuse_texts(classes: list[str], own: int, rows: int, header: str, source: str) -> None:
    """Refuse answers and sentences: too many, too long, or nearly every row with one of its own."""
    words = [name for name in classes if number_in(name) is None]
    alone = len(words) > _FEW_CLASSES and 2 * own > rows
    if len(classes) > _MOST_CLASSES or alone or any(len(name) > _LONGEST_LABEL for name in words):
        raise UnreadableInputError(
            f"{source}: {own:,} different labels in {rows:,} rows of {header!r}, such as {listed(words or classes)}: "
            "texts, not classes"
        )


def refuse_strangers(
    true: set[str], predicted: set[str], label: Column, prediction: Column | None, source: str
) -> None:
    """Refuse two columns that share no value: names on one side and numbers on the other compare to nothing."""
    if true & predicted or prediction is None:
        return
    alike = all(number_in(name) is None for name in true) == all(number_in(name) is None for name in predicted)
    if alike and not {t.lower() for t in true} & {p.lower() for p in predicted}:
        return  # a model that is never right, in the labels' own form
    raise UnreadableInputError(
        f"{source}: no value of {label.header!r} ({listed(sorted(true))}) occurs in {prediction.header!r} "
        f"({listed(sorted(predicted))})",
        "write both in one form",
    )


def in_order(label: str) -> tuple[bool, float, str]:
    number = number_in(label)
    return number is None, number or 0.0, label

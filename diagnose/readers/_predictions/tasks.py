"""From columns to a task: classes, several labels a row, tokens, or numbers; and what was left out on the way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from diagnose.errors import UnreadableInputError
from diagnose.readers._predictions.column import Column, is_missing, label_of, listed
from diagnose.readers._predictions.labels import TRUTH, in_order, labels_of, one_form, refuse_strangers, refuse_texts
from diagnose.readers._predictions.probabilities import Probabilities
from diagnose.readers._predictions.scores import Outcome, of_classes, of_label_sets, of_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.readers._predictions.tables import Table

__all__ = ["outcome_of"]

# Token classification marks the tokens that do not count so (torch.nn.CrossEntropyLoss's ignore_index).
_IGNORED = "-100"
# Integers with more different values than this are counts or ratings, not classes.
_MOST_INTEGER_CLASSES = 1000
_POSITIVE = frozenset(("1", "true", "yes", "positive", "pos"))
_TAG = re.compile(r"[BILUES]-.+|O")


def outcome_of(table: Table, source: str) -> Outcome:
    """Return the metrics of the task that the table's columns are of.

    Raises UnreadableInputError where the two sides cannot be compared.
    """
    roles, columns = table.roles, table.columns
    true = columns[roles.true]
    predicted = columns[roles.predicted] if roles.predicted else None
    score = columns[roles.score] if roles.score else None
    kind = roles.kind
    if predicted is not None and predicted.grid is not None and score is None and _is_scored(true, predicted):
        kind = "logit" if _is_logit(predicted.grid) else "probability"
        predicted, score = None, predicted
    if true.lists is not None or (predicted is not None and predicted.lists is not None):
        return _of_lists(true, predicted, source)
    if true.grid is not None:
        return _of_grids(true, predicted, score, source)
    by_class = {label: columns[name] for label, name in roles.by_class.items()}
    if predicted is None and score is not None and score.grid is None and kind == "score" and _is_scale(true):
        predicted, score = score, None
    if predicted is not None and predicted.grid is None and _is_regression(true, predicted, source):
        return _regression(true, predicted, source)
    if score is None and predicted is not None and _is_probability(true, predicted):
        predicted, score, kind = None, predicted, "probability"
    return _classification(true, predicted, Probabilities(score, by_class, kind), source)


# --- numbers


def _is_regression(true: Column, predicted: Column, source: str) -> bool:
    """Whether both columns are numbers and one of them has a fraction, or too many values for classes.

    A fraction between 0 and 1 beside labels of two values is a probability, not an estimate.
    """
    if _is_probability(true, predicted):
        return False
    numbers = true.floats(), predicted.floats()
    if numbers[0] is None or numbers[1] is None:
        if true.numbers is not None or predicted.numbers is not None:
            words = true if true.names is not None else predicted
            raise UnreadableInputError(
                f"{source}: {true.header!r} and {predicted.header!r}: one holds numbers, the other texts such as "
                f"{listed(words.names or [])}"
            )
        return False
    fractional = any(_has_fraction(column) for column in numbers)
    many = all(_different(column) > _MOST_INTEGER_CLASSES for column in numbers)
    return fractional or many


def _is_scale(true: Column) -> bool:
    """Whether the labels are numbers of more than two values, which a column named "score" estimates."""
    numbers = true.floats()
    return numbers is not None and _different(numbers) > 2


def _different(numbers: Any) -> int:
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    return len(np.unique(numbers[np.isfinite(numbers)]))


def _has_fraction(numbers: Any) -> bool:
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    finite = numbers[np.isfinite(numbers)]
    return bool((finite != np.floor(finite)).any())


def _is_probability(true: Column, predicted: Column) -> bool:
    """Whether the predictions are shares from 0 to 1, some of them neither, beside labels of two values."""
    labels, shares = true.floats(), predicted.floats()
    if shares is None or not _has_fraction(shares):
        return False
    finite = shares[shares == shares]  # noqa: PLR0124  # NaN is not itself
    if not len(finite) or finite.min() < 0 or finite.max() > 1:
        return False
    if labels is not None:
        return set(labels[labels == labels].tolist()) in ({0.0, 1.0}, {-1.0, 1.0})  # noqa: PLR0124  # as above
    return true.names is not None and len({n for n in true.names if not is_missing(n)}) == 2


def _regression(true: Column, predicted: Column, source: str) -> Outcome:
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    y, p = true.floats(), predicted.floats()
    notes = []
    for column, numbers in ((true, y), (predicted, p)):
        missing = int((~np.isfinite(numbers)).sum())
        if missing:
            notes.append(f"{_rows(missing)} without a finite number in {column.header!r}: left out")
    kept = np.isfinite(y) & np.isfinite(p)
    if not kept.any():
        raise UnreadableInputError(f"{source}: no row with a finite number in both columns")
    return of_numbers(y[kept], p[kept], notes)


# --- classes


def _classification(true: Column, predicted: Column | None, scores: Probabilities, source: str) -> Outcome:
    """Bring both sides to one set of labels, leave out what has none, and count."""
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    names, y = labels_of(true)
    grid = predicted.grid if predicted is not None else None
    if grid is not None:
        raise UnreadableInputError(f"{source}: {predicted.header!r} has {grid.ndim} axes, {true.header!r} has one")  # type: ignore[union-attr]
    own, p = labels_of(predicted) if predicted is not None else ([], None)
    names, own = one_form(names, own)
    ignored = [names.index(_IGNORED)] if _IGNORED in names and _IGNORED not in own else []
    left_out = [i for i, name in enumerate(names) if is_missing(name)]
    notes = [
        f"{_rows(count)} {what}: left out"
        for places, what in ((left_out, f"without a label in {true.header!r}"), (ignored, "with the label -100"))
        if (count := int(np.isin(y, places).sum()))
    ]
    kept = ~np.isin(y, left_out + ignored)
    if p is not None and predicted is not None:
        empty = np.isin(p, [i for i, name in enumerate(own) if is_missing(name)])
        if count := int((kept & empty).sum()):
            notes.append(f"{_rows(count)} without a prediction in {predicted.header!r}: left out")
        kept &= ~empty
    if not kept.any():
        raise UnreadableInputError(f"{source}: no row with a label and a prediction")
    y, p = y[kept], p[kept] if p is not None else None
    used = dict.fromkeys([names[i] for i in np.unique(y)] + ([own[i] for i in np.unique(p)] if p is not None else []))
    classes = sorted(used, key=in_order)
    if p is not None:
        refuse_strangers({names[i] for i in np.unique(y)}, {own[i] for i in np.unique(p)}, true, predicted, source)
    refuse_texts(classes, len(np.unique(y)), len(y), true.header, source)
    resolved = scores.resolve(classes, kept, source)
    place = {name: i for i, name in enumerate(resolved.classes)}
    y = np.asarray([place.get(name, 0) for name in names])[y]
    p = np.asarray([place.get(name, 0) for name in own])[p] if p is not None else None
    positive = next((i for i, name in enumerate(resolved.classes) if name.lower() in _POSITIVE), None)
    return of_classes(y, p, resolved, positive, notes, source=source)


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


# --- lists and arrays


def _is_logit(grid: Any) -> bool:
    return bool(grid.min() < 0 or grid.max() > 1)


def _is_scored(true: Column, predicted: Column) -> bool:
    """Whether the predictions have an axis of classes more than the labels."""
    axes = true.grid.ndim if true.grid is not None else 1
    return bool(predicted.grid.ndim == axes + 1)


def _of_lists(true: Column, predicted: Column | None, source: str) -> Outcome:
    """Read lists as the tags of tokens, as indicators of each label, or as sets of labels."""
    if predicted is None or true.lists is None or predicted.lists is None:
        raise UnreadableInputError(
            f"{source}: {true.header!r} and the predictions: one holds lists, the other does not"
        )
    pairs = list(zip(true.lists, predicted.lists, strict=True))
    values = {value for pair in pairs for side in pair for value in side}
    same = all(len(t) == len(p) for t, p in pairs)
    repeated = any(len(set(side)) < len(side) for pair in pairs for side in pair)
    width = {len(side) for pair in pairs for side in pair}
    if same and len(width) == 1 and {label_of(TRUTH.get(v, v)) for v in values} <= {"0", "1"}:
        return _of_indicators(pairs, source)
    if same and (_IGNORED in values or repeated or all(_TAG.fullmatch(value) for value in values)):
        flat = [Column(c.header, *_coded([value for row in c.lists or [] for value in row])) for c in (true, predicted)]
        outcome = _classification(flat[0], flat[1], Probabilities(), source)
        outcome.notes.append(f"{len(pairs):,} rows of lists: read as one label for each token")
        return outcome
    if repeated:
        raise UnreadableInputError(
            f"{source}: lists of different lengths in one row that repeat labels: not comparable"
        )
    return of_label_sets(
        [{label_of(v) for v in t} for t, _ in pairs], [{label_of(v) for v in p} for _, p in pairs], source
    )


def _coded(values: Sequence[str]) -> tuple[list[str], Any]:
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    place: dict[str, int] = {}
    codes = [place.setdefault(value, len(place)) for value in values]
    return list(place), np.asarray(codes, dtype=np.intp)


def _of_indicators(pairs: list[tuple[list[str], list[str]]], source: str) -> Outcome:
    def labels(side: list[str]) -> set[str]:
        return {str(i) for i, value in enumerate(side) if label_of(TRUTH.get(value, value)) == "1"}

    width = [str(i) for i in range(len(pairs[0][0]))]
    return of_label_sets([labels(t) for t, _ in pairs], [labels(p) for _, p in pairs], source, width)


def _of_grids(true: Column, predicted: Column | None, score: Column | None, source: str) -> Outcome:
    """Read arrays with two axes: indicators of labels, or the tags of tokens (with the scores of their classes)."""
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    labels = true.grid
    if score is not None and score.grid is not None and score.grid.ndim == labels.ndim + 1:
        classes = score.grid.shape[-1]
        if score.grid.shape[:-1] != labels.shape:
            raise UnreadableInputError(
                f"{source}: {true.header!r} is {labels.shape}, the scores are {score.grid.shape}"
            )
        flat = Probabilities(Column(score.header, grid=score.grid.reshape(-1, classes)), {}, "logit")
        return _classification(_flat(true), None, flat, source)
    other = predicted if predicted is not None else score
    if other is None or other.grid is None or other.grid.shape != labels.shape:
        shape = "one axis" if other is None or other.grid is None else other.grid.shape
        raise UnreadableInputError(f"{source}: {true.header!r} is {labels.shape}, the predictions have {shape}")
    if labels.ndim > 2:
        raise UnreadableInputError(f"{source}: {true.header!r} is {labels.shape}: more than rows and labels")
    if set(np.unique(labels).tolist()) <= {0, 1}:
        given = other.grid
        threshold = 0.5 if given.min() >= 0 and given.max() <= 1 else 0.0
        places = [str(i) for i in range(labels.shape[1])]
        sides = [
            [{places[i] for i in np.flatnonzero(row)} for row in side] for side in (labels == 1, given > threshold)
        ]
        return of_label_sets(sides[0], sides[1], source, places)
    if _has_fraction(labels.astype(np.float64)):
        raise UnreadableInputError(f"{source}: {labels.shape[1]} numbers a row", "give one file for each of them")
    return _classification(_flat(true), _flat(other), Probabilities(), source)


def _flat(column: Column) -> Column:
    import numpy as np  # noqa: PLC0415  # only predictions pay for it

    names, codes = np.unique(column.grid.reshape(-1), return_inverse=True)
    return Column(column.header, names=[str(name) for name in names.tolist()], codes=codes)

"""Per-class tables of precision, recall, F1 and support, at several precisions, whole or with one wrong digit.

The wanted fact of the whole ones is `class_margins` with every number exact; that of the others is a contradiction.
The prototype's population is that of the forensics' tables: 3 to 50 classes of 30 to 3,000 rows each in the mean. Here
the classes are 2, 3, 5, 10 or 20 and the mean support is even over the orders of magnitude from 10 to 3,000.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.confusion import Confusion, any_model, log_uniform, model, shares
from reports.family import Family
from reports.known import describe, is_exact, truth_of
from reports.printing import Row, Way, class_table, way
from reports.truth import Report, Truth, Wanted, contains

if TYPE_CHECKING:
    from random import Random

_MARGINS = Wanted(("class_margins",), is_exact)
_CONTRADICTION = Wanted(("contradiction",))
_WHOLE = {"f64": 0.993, "p2": 0.993, "d3": 0.75, "d2": 0.30}
_TOLD = {"d3": 0.75}
_CORRUPTED = {"f64": 1.0, "p2": 1.0, "d3": 1.0, "d2": 0.96}
_WORDS = ("cat", "dog", "bird", "fish", "horse", "cow", "sheep", "goat", "duck", "frog")
_UNDEFINED = (0.0, 0.0, 1.0, float("nan"))


def labels_of(size: int) -> list[str]:
    """Return names for classes."""
    return [_WORDS[i % 10] + (str(i) if i >= 10 else "") for i in range(size)]


def _skilled(rng: Random) -> Confusion:
    size = rng.choice([2, 3, 5, 10, 20])
    rows = size * log_uniform(rng, 10, 3000)
    supports = [max(1, round(rows * share)) for share in shares(rng, size, 5.0)]
    return model(rng, "skilled", supports)


def _rows(matrix: Confusion, show: Way) -> dict[str, Row]:
    columns = zip(matrix.precision, matrix.recall, matrix.f1, matrix.supports, strict=True)
    rows: list[Row] = [(show(p), show(r), show(f), str(s)) for p, r, f, s in columns]
    return dict(zip(labels_of(matrix.size), rows, strict=True))


def _averages(matrix: Confusion, show: Way) -> dict[str, Row]:
    def line(mode: str) -> Row:
        precision, recall, f1 = matrix.average(mode)
        return show(precision), show(recall), show(f1), str(matrix.rows)

    return {"macro avg": line("macro"), "weighted avg": line("weighted")}


def _style(rng: Random, show: Way) -> str:
    return rng.choice(["text", "markdown"] if show.percent else ["text", "markdown", "json"])


def _text(style: str, matrix: Confusion, show: Way, rows: dict[str, Row], *, bare: bool) -> str:
    averages = {} if bare or style == "markdown" else _averages(matrix, show)
    return class_table(style, rows, None if bare else show(matrix.accuracy), averages)


def _truth(matrix: Confusion, show: Way) -> Truth:
    """Return the truth about a table, whose own averages are named."""
    truth = truth_of(matrix, labels_of(matrix.size))
    describe(truth, show)
    modes = ("macro", "weighted")
    for place, name in enumerate(("precision", "recall", "f1")):
        scores = [matrix.average(mode)[place] for mode in modes]
        truth.values[f"prf.{name}"] = lambda value, scores=scores: any(contains(value, score) for score in scores)
    truth.values["averaging"] = lambda found: bool(set(found) & set(modes))
    truth.assumed["averaging"] = "macro"
    return truth


def _whole(rng: Random, group: str) -> Report:
    """Make the table of a skilled model."""
    matrix, show = _skilled(rng), way(rng, group)
    truth = _truth(matrix, show)
    text = _text(_style(rng, show), matrix, show, _rows(matrix, show), bare=rng.random() < 0.3)
    return Report(text, (truth,), (), _MARGINS)


def _told_rounded(rng: Random, group: str) -> Report:
    """Make the same, and tell that the numbers are rounded to the nearest."""
    report = _whole(rng, group)
    return Report(report.text, report.truths, ("rounded=true",), _MARGINS)


def _corrupted(rng: Random, group: str) -> Report:
    """Make a table with one digit of one precision, recall or F1 changed by more than its printing interval."""
    matrix, show = _skilled(rng), way(rng, group)
    rows = _rows(matrix, show)
    label, column = rng.choice(list(rows)), rng.randrange(3)
    texts = _wrong_digits(rows[label][column], show)
    if not texts:
        return _corrupted(rng, group)
    changed = rng.choice(texts)
    cells = [changed if i == column else cell for i, cell in enumerate(rows[label])]
    rows[label] = (cells[0], cells[1], cells[2], cells[3])
    text = _text(_style(rng, show), matrix, show, rows, bare=False)
    return Report(text, (Truth(corrupted=True),), (), _CONTRADICTION)


def _wrong_digits(text: str, show: Way) -> list[str]:
    """Return the text with each one digit changed that moves it out of its own interval, within 0 and 1.

    The last digit of a rounded number lies within it, and the last ones of a double.
    """
    places = [i for i, character in enumerate(text) if character.isdigit()]
    changed = (
        text[:i] + d + text[i + 1 :] for i in places[: 12 if show.full else -1] for d in "0123456789" if d != text[i]
    )
    return [t for t in changed if 0 < float(t.rstrip("%")) <= (100 if show.percent else 1)]


def _any(rng: Random) -> Report:
    """Make the table of any model on any set: dead classes, absent classes, one row, each zero_division."""
    size = rng.choice([2, 3, 3, 4, 5, 8, 12, 30])
    rows = rng.choice([1, size, 30 * size, 300 * size, rng.randint(size, 2000), rng.randint(1000, 50_000)])
    matrix, show = any_model(rng, size, rows, rng.choice(_UNDEFINED)), way(rng, "any")
    truth = _truth(matrix, show)
    text = _text(_style(rng, show), matrix, show, _rows(matrix, show), bare=rng.random() < 0.5)
    return Report(text, (truth,), ("single_label=true",) if rng.random() < 0.2 else ())


def _incomplete(rng: Random) -> Report:
    """Make a table that leaves classes out, beside the accuracy over all of them."""
    size = rng.choice([3, 4, 5, 10])
    matrix, show = any_model(rng, size, rng.randint(size, 5000), 0.0, ("skilled", "weak", "blind")), way(rng, "any")
    truth = _truth(matrix, show)
    truth.assumed["all_classes_listed"] = False
    rows = dict(list(_rows(matrix, show).items())[: rng.randint(1, size - 1)])
    if not any(int(row[3]) for row in rows.values()):
        return _incomplete(rng)
    text = class_table("markdown", rows, show(matrix.accuracy) if rng.random() < 0.5 else None, {})
    return Report(text, (truth,))


def _supports(rng: Random) -> Report:
    """Make a table of the rows of each class alone, beside the accuracy and the macro averages of any model."""
    size = rng.choice([2, 3, 5, 10])
    matrix, show = any_model(rng, size, log_uniform(rng, 5, 5000), rng.choice(_UNDEFINED)), way(rng, "any")
    truth = _truth(matrix, show)
    table = "| Class | Support |\n|---|---|\n"
    table += "".join(f"| {n} | {s} |\n" for n, s in zip(labels_of(size), matrix.supports, strict=True))
    names = ("macro_precision", "macro_recall", "macro_f1")
    scores = {"accuracy": matrix.accuracy, **dict(zip(names, matrix.average("macro"), strict=True))}
    lines = "".join(f"{name}: {show(score)}\n" for name, score in scores.items())
    return Report(f"{table}\n{lines}", (truth,), ("single_label=true",) if rng.random() < 0.5 else ())


FAMILIES = (
    *(Family(f"table {group}", partial(_whole, group=group), bar) for group, bar in _WHOLE.items()),
    *(Family(f"table told rounded {group}", partial(_told_rounded, group=group), bar) for group, bar in _TOLD.items()),
    Family("table f32", partial(_whole, group="f32")),
    Family("table cut", partial(_whole, group="cut")),
    *(Family(f"table corrupted {group}", partial(_corrupted, group=group), bar) for group, bar in _CORRUPTED.items()),
    Family("table any", _any),
    Family("table incomplete", _incomplete),
    Family("table of supports", _supports),
)

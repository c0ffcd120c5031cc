"""Tables of what was read and derived: confusions, margins, histories, values, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diagnose.chat.answer import Grid, Heading, Points, Words
from diagnose.chat.replies._request import Reply, Topic, fact_line, facts_named
from diagnose.llm._prose import strength
from diagnose.llm._view import results
from diagnose.report._histories import histories
from diagnose.report._phrases import quote_unread, where
from diagnose.report._words import clean, count, shown, sparkline
from diagnose.types import Value, row_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.chat.answer import Part
    from diagnose.chat.replies._request import Request
    from diagnose.types import Evaluation, Fact

__all__ = ["bounds", "evidence", "history", "margins", "matrix", "settings", "unread"]

# Wider tables are not read; the JSON report has all of them.
_CLASSES = 12
_ROWS = 30
_COLUMNS = 7
_NEEDED_FOR_CELLS = (
    "To derive one it takes precision, recall and the support of every class (bounds of each cell follow from them), "
    "or the accuracy, precision, recall and F1 of one binary task (its four cells follow up to a factor, and with the "
    "number of rows exactly). The predictions, or the matrix itself, give it without deriving."
)


def bounds(request: Request) -> Reply:
    """Answer with the bounds of each cell of the confusion matrix, and the pairs that are confused most."""
    parts: list[Part] = []
    for fact in facts_named(request, "confusion_bounds"):
        parts += [
            *_over(request, fact, "Rows of each true class that were taken for another"),
            *_bounded(request, fact),
        ]
        parts += _pairs(request, fact)
    if parts:
        return Reply((*parts, Words('How they follow: ask "how do you know?".')), Topic(facts=("confusion_bounds",)))
    return matrix(request, sought="No bounds of a confusion matrix follow from these numbers.")


def _pairs(request: Request, bounds: Fact) -> Iterator[Part]:
    """Yield the pairs of classes that are confused, both ways together, for the table with these bounds."""
    for fact in request.report.facts:
        if fact.name == "confused_pairs" and fact.scope == bounds.scope:
            pairs = (
                f"{_name(pair['classes'][0])} and {_name(pair['classes'][1])}: {shown(pair['errors'])} rows"
                for pair in fact.value[:6]
            )
            yield Words("Confused with each other, both ways together:")
            yield Points(tuple(pairs))


def _bounded(request: Request, fact: Fact) -> Iterator[Part]:
    """Yield the table of the bounds, with the right rows of each class on the diagonal where they are known."""
    right = {
        label: row.get("tp")
        for margins in request.report.facts
        if margins.name == "class_margins" and margins.scope == fact.scope
        for label, row in margins.value.items()
    }
    cells = {
        true: {label: right.get(true) if label == true else row.get(label) for label in fact.value}
        for true, row in fact.value.items()
    }
    yield _square(cells, "true, taken for")
    yield from _large(cells)


def _large(cells: Mapping[Any, Any]) -> Iterator[Part]:
    if len(cells) > _CLASSES:
        yield Words(f"The first {_CLASSES} of {len(cells)} classes; the JSON report has all of them.")


def _square(cells: Mapping[Any, Mapping[Any, Any]], corner: str) -> Grid:
    labels = list(cells)[:_CLASSES]
    columns = list(dict.fromkeys([*labels, *(c for row in cells.values() for c in row)]))[:_CLASSES]
    rows = [
        (_name(true), *("" if (cell := cells[true].get(label)) is None else shown(cell) for label in columns))
        for true in labels
    ]
    return Grid((corner, *map(_name, columns)), tuple(rows))


def _name(label: object) -> str:
    return clean(str(label), 40)


def _over(request: Request, fact: Fact, title: str) -> tuple[Heading, Words]:
    """Return what stands over a fact's table: its place, how sure it is and on what condition."""
    place = where(request.report, fact.scope)
    return Heading(f"{title}{f' ({place})' if place else ''}"), Words(f"{strength(fact.proof, fact.assumes)}.")


def matrix(request: Request, sought: str = "No confusion matrix follows from these numbers.") -> Reply:
    """Answer with the confusion matrix as far as it is given or follows."""
    parts: list[Part] = []
    for fact in facts_named(request, "matrix"):
        parts += [*_over(request, fact, "The confusion matrix"), _square(fact.value, "true, predicted as")]
        parts += _large(fact.value)
    for fact in facts_named(request, "confusion_matrix") or facts_named(request, "confusion_matrix_up_to_factor"):
        exact = fact.name == "confusion_matrix"
        title = "The four cells" if exact else "The four cells, or a whole multiple of all four"
        parts += [*_over(request, fact, title), _binary(fact.value), Words(clean(fact.because, 600))]
    if parts:
        return Reply(tuple(parts), Topic(facts=("confusion_matrix", "matrix")))
    for fact in facts_named(request, "possible_matrices"):
        found = [shown(cells) for cells in fact.value[:6]]
        parts += [*_over(request, fact, "The only binary matrices with these scores"), Points(tuple(found))]
    if not parts and facts_named(request, "confusion_bounds"):
        reply = bounds(request)
        return Reply((Words("The single cells do not follow, their bounds do."), *reply.parts), reply.topic)
    readings = [
        clean(str(left.get("says", "")), 300) for f in facts_named(request, "readings") for left in f.value["left"]
    ]
    if readings:
        parts += [Words("What the scores leave possible:"), Points(tuple(dict.fromkeys(readings)))]
    return Reply((Words(sought), *parts, Words(_NEEDED_FOR_CELLS)))


def _binary(cells: Mapping[str, Any]) -> Grid:
    tp, fp, fn, tn = (shown(cells[name]) for name in ("tp", "fp", "fn", "tn"))
    return Grid(
        ("", "predicted positive", "predicted negative"),
        (("truly positive", f"{tp} (tp)", f"{fn} (fn)"), ("truly negative", f"{fp} (fp)", f"{tn} (tn)")),
    )


def margins(request: Request) -> Reply:
    """Answer with the rows of each class: how many there are, are right, and were predicted."""
    parts: list[Part] = []
    for fact in facts_named(request, "class_margins"):
        rows = [
            (_name(label), *(shown(row[name]) if name in row else "" for name in ("support", "predicted", "tp")))
            for label, row in list(fact.value.items())[:_ROWS]
        ]
        parts += _over(request, fact, "The rows of each class")
        parts.append(Grid(("class", "rows of it", "predicted", "of these right"), tuple(rows)))
        if len(fact.value) > _ROWS:
            parts.append(Words(f"The first {_ROWS} of {len(fact.value)} classes."))
    parts += _class_tables(request)
    if parts:
        return Reply(tuple(parts), Topic(facts=("class_margins",)))
    lacking = (
        "No rows per class follow from these numbers: it takes a table with the precision, recall and support of each."
    )
    shares = facts_named(request, "class_count", "majority_share", "constant_prediction")
    lines = tuple(fact_line(request.report, fact) for fact in shares if fact.value is not False)
    known = (Words("What is known of the classes:"), Points(lines)) if lines else ()
    return Reply((Words(lacking), *known), Topic(facts=tuple(fact.name for fact in shares)))


def _class_tables(request: Request) -> Iterator[Part]:
    """Yield the per-class tables as they were read."""
    for name, evaluation in _results(request):
        if evaluation.classes:
            columns = list(dict.fromkeys(m for row in evaluation.classes for m in row.metrics))[:_COLUMNS]
            rows = [
                (_name(row.label), *(_printed(row.metrics.get(column)) for column in columns))
                for row in evaluation.classes[:_ROWS]
            ]
            yield Heading(f"The table of the classes{name}, as read")
            yield Grid(("class", *columns), tuple(rows))


def _results(request: Request) -> Iterator[tuple[str, Evaluation]]:
    """Yield the reported evaluation of each result that the message asks for, with its place in brackets."""
    for result in results(request.report):
        if request.mentions.about(result.scope):
            place = where(request.report, result.scope)
            yield (f" ({place})" if place else ""), result.series.reported


def _printed(value: Value | None) -> str:
    return clean(value.shown, 40) if value is not None else ""


def history(request: Request) -> Reply:
    """Answer with the evaluations over the steps, as a drawing and as a table."""
    parts: list[Part] = []
    drawn = [f"{sparkline(h.numbers)}  {h.name}: {h.words}" for h in histories(request.report)]
    if drawn:
        parts += [Heading("Over the steps"), Points(tuple(drawn))]
    for run in request.report.runs:
        for series in run.series():
            if len(series.rows) > 1 and (series.task in request.mentions.tasks or not request.mentions.tasks):
                names = [
                    name
                    for name in (run.name if len(request.report.runs) > 1 else "", series.task, series.split)
                    if name
                ]
                parts.append(Heading(f"Evaluations: {clean(', '.join(names), 120)}"))
                parts += _rows(request, series.rows)
    return Reply(tuple(parts) or (Words("There is no history in these numbers: one evaluation, or none with a step."),))


def _rows(request: Request, rows: Sequence[Evaluation]) -> Iterator[Part]:
    found = list(dict.fromkeys(metric for row in rows for metric in row.metrics))
    wanted = [
        metric for metric in found if any(metric == m or metric.endswith(f"_{m}") for m in request.mentions.metrics)
    ]
    columns = (wanted or found)[:_COLUMNS]
    kept = rows if len(rows) <= _ROWS else (*rows[: _ROWS // 2], *rows[-_ROWS // 2 :])
    table = [
        ("" if (step := row_step(row)) is None else f"{step:g}", *(_printed(row.metrics.get(c)) for c in columns))
        for row in kept
    ]
    yield Grid(("step", *columns), tuple(table))
    if len(kept) < len(rows):
        yield Words(f"The first and the last {_ROWS // 2} of {len(rows)} evaluations.")


def evidence(request: Request) -> Reply:
    """Answer with the values that were read, and where they stand."""
    parts: list[Part] = []
    for name, evaluation in _results(request):
        values = [v for v in evaluation.metrics.values() if not request.mentions.metrics or request.mentions.names(v)]
        rows = [(clean(v.key, 80), clean(v.shown, 60), clean(v.metric, 60), clean(v.at, 80)) for v in values[:_ROWS]]
        if rows:
            parts += [Heading(f"What was read{name}"), Grid(("name", "value", "taken for", "at"), tuple(rows))]
        if len(values) > _ROWS:
            parts.append(Words(f"and {len(values) - _ROWS} more"))
    return Reply(tuple(parts) or (Words("No such value was read."),))


def settings(request: Request) -> Reply:
    """Answer with the hyper-parameters that were read."""
    parts: list[Part] = []
    for run in request.report.runs:
        wanted = {name: value for name, value in run.config.items() if name in request.mentions.metrics} or run.config
        rows = [
            (clean(name, 80), clean(value.shown if isinstance(value, Value) else str(value), 120))
            for name, value in list(wanted.items())[: 2 * _ROWS]
        ]
        if rows:
            title = f" of {clean(run.name, 80)}" if len(request.report.runs) > 1 and run.name else ""
            parts += [Heading(f"Settings{title}, as read"), Grid(("setting", "value"), tuple(rows))]
    return Reply(tuple(parts) or (Words("No settings of the training were read from this input."),))


def unread(request: Request) -> Reply:
    """Answer with what of the input was of no use, and why."""
    items = request.report.unread
    if not items:
        return Reply((Words("The reader lists nothing of the input that it could not use."),))
    lines = [f"{quote_unread(item, request.report)} ({clean(item.reason)})" for item in items[:_ROWS]]
    more = [f"and {len(items) - _ROWS:,} more"] if len(items) > _ROWS else []
    return Reply((Words(f"Not used of the input: {count(len(items), 'item')}."), Points((*lines, *more))))

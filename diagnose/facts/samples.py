"""How many rows were evaluated, and how many classes there are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._confusion import Confusion
from diagnose.facts._proofs import LISTED, resting_on
from diagnose.facts._rows import MOST_ROWS, all_supports, four_counts, timed_rows
from diagnose.facts._scopes import scope_of
from diagnose.interval import Interval
from diagnose.types import Evaluation, Fact, Facts, Proof, Question, Run, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions

PROVIDES = {
    "sample_count": "rows that were evaluated, a number or an interval (rows)",
    "sample_count.trainer": "rows, with runtime and rate rounded as the transformers Trainer does (rows)",
    "class_count": "classes that the averages run over, a number or an interval (classes)",
}
NEEDS: tuple[str, ...] = ()

_ONE_MATRIX = ("one_matrix=true",)
# transformers.trainer_utils.speed_metrics: round(runtime, 4) and round(samples_per_second, 3).
_TRAINER_DECIMALS = (4, 3)


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001
    """Yield the sample count and the class count of each reported evaluation, from the surest source there is."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        rows = (
            _assumed_rows(scope, assumed)
            or _printed_rows(evaluation, scope)
            or _counted_rows(evaluation, scope)
            or _timed_rows(evaluation, scope, assumed)
        )
        if rows is not None and isinstance(rows.value, Interval):
            rounded = _timed_rows(evaluation, scope, assumed, decimals=_TRAINER_DECIMALS)
            if rounded is not None:
                yield rounded
        classes = _assumed_classes(scope, assumed) or _listed_classes(evaluation, scope) or _configured(run, scope)
        yield from (fact for fact in (rows, classes) if fact is not None)


def _assumed_rows(scope: Scope, assumed: Assumptions) -> Fact | None:
    number = assumed.number("samples", scope)
    if number is None or not 1 <= number <= MOST_ROWS or not number.is_integer():
        return None
    because = f"{number:g} rows, as assumed"
    return Fact("sample_count", int(number), scope, Proof.PROVED_IF, because, "rows", (f"samples={int(number)}",))


def _printed_rows(evaluation: Evaluation, scope: Scope) -> Fact | None:
    value = evaluation.get("samples")
    if value is None or not 1 <= value.number <= MOST_ROWS or not value.number.is_integer():
        return None
    because = f"{value.key} is reported as {value.shown}"
    # The support of an average is the sum of the classes' supports: of labels, where a row may have several.
    proof, assumes = resting_on([], LISTED if value.key.casefold().endswith("support") else ())
    return Fact("sample_count", int(value.number), scope, proof, because, "rows", assumes, (value,))


def _counted_rows(evaluation: Evaluation, scope: Scope) -> Fact | None:
    """Add up a confusion matrix, the four counts of a binary one, or the supports of a per-class table."""
    if evaluation.matrix:
        total = Confusion.of(evaluation.matrix).rows
        because = f"the cells of the confusion matrix add up to {total:,} rows"
        proof, assumes = resting_on([], evaluation.matrix_rows_assume)
        known = 1 <= total <= MOST_ROWS
        return Fact("sample_count", total, scope, proof, because, "rows", assumes) if known else None
    if (counts := four_counts(evaluation)) is not None:
        total = round(sum(v.number for v in counts))
        because = f"tp, fp, fn and tn count {' + '.join(v.text for v in counts)} = {total:,} rows"
        return Fact("sample_count", total, scope, Proof.PROVED_IF, because, "rows", _ONE_MATRIX, counts)
    if used := all_supports(evaluation, whole=True):
        assumes = ("all_classes_listed=true", "single_label=true")
        total = round(sum(v.number for v in used))
        because = f"the supports {_summed([v.text for v in used], total)} rows, where each row has one label"
        return Fact("sample_count", total, scope, Proof.PROVED_IF, because, "rows", assumes, used)
    return None


def _timed_rows(
    evaluation: Evaluation, scope: Scope, assumed: Assumptions, *, decimals: tuple[int, int] | None = None
) -> Fact | None:
    """Multiply runtime and rate: both are measured, so each stands for all that prints so at its own decimals.

    decimals: those to which the two were rounded, where zeros at their ends may have been dropped.
    """
    timed = timed_rows(evaluation, decimals)
    if timed is None or assumed.get("timing_same_rows", scope) == "false":
        return None
    name, how = "sample_count", "whether the two were rounded or truncated"
    assumes: tuple[str, ...] = ("timing_same_rows=true",)
    if decimals is not None:
        name, assumes = "sample_count.trainer", (*assumes, "trainer_timing=true")
        how = f"the two being rounded to {decimals[0]} and {decimals[1]} decimals"
    product, text, values = timed
    low, high = max(1, math.ceil(product.low)), math.floor(product.high)
    if low > high or high > MOST_ROWS:
        return None
    because = f"{text}, {how}: {Interval(low, high)} whole rows"
    count = low if low == high else Interval(low, high)
    return Fact(name, count, scope, Proof.PROVED_IF, because, "rows", assumes, values)


def _assumed_classes(scope: Scope, assumed: Assumptions) -> Fact | None:
    number = assumed.number("classes", scope)
    if number is None or number < 1 or not float(number).is_integer():
        return None
    because = f"{number:g} classes, as assumed"
    return Fact("class_count", int(number), scope, Proof.PROVED_IF, because, "classes", (f"classes={int(number)}",))


def _listed_classes(evaluation: Evaluation, scope: Scope) -> Fact | None:
    if evaluation.matrix:
        labels = Confusion.of(evaluation.matrix).labels
        because = f"the confusion matrix has {len(labels)} classes"
        proof, assumes = resting_on([], evaluation.matrix_rows_assume)
        return Fact("class_count", len(labels), scope, proof, because, "classes", assumes)
    if len(evaluation.classes) > 1:
        listed = [row.label for row in evaluation.classes]
        because = f"the per-class table lists {len(listed)} classes: {_shortened(listed)}"
        assumes = ("all_classes_listed=true",)
        return Fact("class_count", len(evaluation.classes), scope, Proof.PROVED_IF, because, "classes", assumes)
    if four_counts(evaluation) is not None:
        because = "tp, fp, fn and tn are the counts of 2 classes, unless they are sums over several"
        return Fact("class_count", 2, scope, Proof.PROVED_IF, because, "classes", _ONE_MATRIX)
    return None


def _configured(run: Run, scope: Scope) -> Fact | None:
    number = run.setting("num_labels", "num_classes")
    if number is None or number < 2 or not number.is_integer():
        return None
    because = f"the configuration has {number:g} labels; a label that never occurs may not enter the averages"
    return Fact("class_count", int(number), scope, Proof.IMPLIED, because, "classes")


def _summed(texts: list[str], total: int) -> str:
    """Return a sum in words; of many numbers only the first ones."""
    if len(texts) <= 6:
        return f"{' + '.join(texts)} = {total:,}"
    return f"{_shortened(texts)} add up to {total:,}"


def _shortened(words: list[str]) -> str:
    return ", ".join(words) if len(words) <= 6 else f"{', '.join(words[:5])} and {len(words) - 5} more"

"""How many rows were evaluated, and how many classes there are."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._proofs import LISTED, resting_on
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import measured
from diagnose.facts._tables import MOST_ROWS, four_counts
from diagnose.interval import Interval
from diagnose.types import Evaluation, Fact, Facts, Proof, Question, Run, Scope, Value

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
    because = f"{value.key} is reported as {value.text}"
    # The support of an average is the sum of the classes' supports: of labels, where a row may have several.
    proof, assumes = resting_on([], LISTED if value.key.casefold().endswith("support") else ())
    return Fact("sample_count", int(value.number), scope, proof, because, "rows", assumes, (value,))


def _counted_rows(evaluation: Evaluation, scope: Scope) -> Fact | None:
    """Add up a confusion matrix, the four counts of a binary one, or the supports of a per-class table."""
    if evaluation.matrix:
        total = sum(sum(row.values()) for row in evaluation.matrix.values())
        because = "the cells of the confusion matrix add up to it"
        proof, assumes = resting_on([], evaluation.matrix_rows_assume)
        known = 1 <= total <= MOST_ROWS
        return Fact("sample_count", total, scope, proof, because, "rows", assumes) if known else None
    if (counts := four_counts(evaluation)) is not None:
        because = f"{' + '.join(v.text for v in counts)} rows are counted as tp, fp, fn and tn"
        total = round(sum(v.number for v in counts))
        return Fact("sample_count", total, scope, Proof.PROVED_IF, because, "rows", _ONE_MATRIX, counts)
    supports = [row.metrics.get("support") for row in evaluation.classes]
    used = tuple(v for v in supports if v is not None and 0 <= v.number <= MOST_ROWS and v.number.is_integer())
    if used and len(used) == len(supports) and sum(v.number for v in used) >= 1:
        because = f"the supports {_shortened([v.text for v in used])} add up to it, where each row has one label"
        assumes = ("all_classes_listed=true", "single_label=true")
        total = round(sum(v.number for v in used))
        return Fact("sample_count", total, scope, Proof.PROVED_IF, because, "rows", assumes, used)
    return None


def _timed_rows(
    evaluation: Evaluation, scope: Scope, assumed: Assumptions, *, decimals: tuple[int, int] | None = None
) -> Fact | None:
    """Multiply runtime and rate: both are measured, so each stands for all that prints so at its own decimals.

    decimals: those to which the two were rounded, where zeros at their ends may have been dropped.
    """
    runtime, rate = evaluation.get("runtime"), evaluation.get("samples_per_second")
    if evaluation.split == "train" or runtime is None or rate is None:
        # A training's rate counts every epoch, so the product is no number of rows.
        return None
    if assumed.get("timing_same_rows", scope) == "false":
        return None
    name, how = "sample_count", "whether the two were rounded or truncated"
    assumes: tuple[str, ...] = ("timing_same_rows=true",)
    if decimals is None:
        seconds, speed = measured(runtime), measured(rate)
    else:
        seconds, speed = _rounded_to(runtime, decimals[0]), _rounded_to(rate, decimals[1])
        name, assumes = "sample_count.trainer", (*assumes, "trainer_timing=true")
        how = f"the two being rounded to {decimals[0]} and {decimals[1]} decimals"
    if seconds is None or speed is None:
        return None
    product = seconds * speed
    low, high = max(1, math.ceil(product.low)), math.floor(product.high)
    if low > high or high > MOST_ROWS:
        return None
    because = (
        f"{runtime.text} s x {rate.text} rows a second lies between {float(product.low):.1f} and "
        f"{float(product.high):.1f}, {how}"
    )
    count = low if low == high else Interval(low, high)
    return Fact(name, count, scope, Proof.PROVED_IF, because, "rows", assumes, (runtime, rate))


def _rounded_to(value: Value, decimals: int) -> Interval | None:
    """Return what rounds to a number of at most so many decimals; None where it has more."""
    printed = len(value.text.partition(".")[2])
    if not value.machine or not 1 <= printed <= decimals or "e" in value.text.lower():
        return None
    number, half = Fraction(value.text), Fraction(1, 2 * 10**decimals)
    return Interval(number - half, number + half) if number > half else None


def _assumed_classes(scope: Scope, assumed: Assumptions) -> Fact | None:
    number = assumed.number("classes", scope)
    if number is None or number < 1 or not float(number).is_integer():
        return None
    because = f"{number:g} classes, as assumed"
    return Fact("class_count", int(number), scope, Proof.PROVED_IF, because, "classes", (f"classes={int(number)}",))


def _listed_classes(evaluation: Evaluation, scope: Scope) -> Fact | None:
    if evaluation.matrix:
        labels = set(evaluation.matrix) | {label for row in evaluation.matrix.values() for label in row}
        because = "the confusion matrix has as many classes"
        proof, assumes = resting_on([], evaluation.matrix_rows_assume)
        return Fact("class_count", len(labels), scope, proof, because, "classes", assumes)
    if len(evaluation.classes) > 1:
        because = f"the per-class table lists {_shortened([row.label for row in evaluation.classes])}"
        assumes = ("all_classes_listed=true",)
        return Fact("class_count", len(evaluation.classes), scope, Proof.PROVED_IF, because, "classes", assumes)
    if four_counts(evaluation) is not None:
        because = "tp, fp, fn and tn are the counts of two classes, unless they are sums over several"
        return Fact("class_count", 2, scope, Proof.PROVED_IF, because, "classes", _ONE_MATRIX)
    return None


def _configured(run: Run, scope: Scope) -> Fact | None:
    number = run.setting("num_labels", "num_classes")
    if number is None or number < 2 or not number.is_integer():
        return None
    because = f"the configuration has {number:g} labels; a label that never occurs may not enter the averages"
    return Fact("class_count", int(number), scope, Proof.IMPLIED, because, "classes")


def _shortened(words: list[str]) -> str:
    return ", ".join(words) if len(words) <= 6 else f"{', '.join(words[:5])} and {len(words) - 5} more"

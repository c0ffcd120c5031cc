"""Whether the reported numbers can hold together, and what would explain it where they cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.facts._answers import told_classes, told_rows, told_shares
from diagnose.facts._averages import table_averages
from diagnose.facts._class_bounds import averages_of_classes
from diagnose.facts._class_rows import class_identities, class_ranges, class_rows, table_sums
from diagnose.facts._confusion import either_way
from diagnose.facts._contradictions import (
    APPROXIMATE,
    IMPOSSIBLE,
    OPEN,
    SETUP,
    STATEMENT,
    Check,
    Contradiction,
    Place,
)
from diagnose.facts._counted import matrix_scores, sample_sums, shares_of_rows, timing
from diagnose.facts._elsewhere import name_of
from diagnose.facts._errors import determination, errors, largest_errors, losses
from diagnose.facts._explanations import UNKNOWN, Checks, Explainer
from diagnose.facts._identities import agreement, complements, f1_of_averages, ranges
from diagnose.facts._modes import balanced, identities_of_averages, one_matrix
from diagnose.facts._nearest import ROUNDED, only_if_rounded
from diagnose.facts._proofs import claim
from diagnose.facts._scopes import scope_of, series_scope
from diagnose.facts._scores import is_multi_label
from diagnose.facts._variances import variances
from diagnose.types import Fact, Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.types import Evaluation, Facts, Question, Run, Scope, Series

PROVIDES: Mapping[str, str] = {
    "contradiction": "{metrics, readings}: metrics that cannot hold together, and how they could have been printed",
    "contradiction.impossible": "how many contradictions no usual way of computing the metrics explains",
    "contradiction.impossible_text": "the first of them, in words",
    "contradiction.setup": "how many contradictions fall away if metrics were computed in different ways",
    "contradiction.setup_text": "the first of them, in words",
    "contradiction.approximate": "how many contradictions involve a figure that the source gives as approximate",
    "contradiction.approximate_text": "the first of them, in words",
    "contradiction.statement": "how many contradictions refute an answer of the user",
    "contradiction.statement_text": "the first of them, in words",
    "truncated": "[metric]: metrics of which one was cut off after its last digit, for rounded they would contradict",
    "micro_as_macro": "whether so-called macro averages print the digits of the accuracy, as micro averages do",
}
NEEDS: tuple[str, ...] = (
    "binary_matrix_possible",
    "class_count",
    "confused_pairs",
    "entity_level",
    "majority_share",
    "prevalence",
    "sample_count",
    "unit_mismatch",
)

# "0.85" four times over is a coincidence that happens; "0.853" hardly ever.
_DIGITS = len("0.853")
_CHECKS: tuple[Check, ...] = (
    ranges,
    f1_of_averages,
    errors,
    determination,
    largest_errors,
    agreement,
    complements,
    matrix_scores,
)
# These yield only what an ordinary set-up explains, which is the same in every row of a history.
_OPEN_CHECKS: tuple[Check, ...] = (
    losses,
    balanced,
    identities_of_averages,
    averages_of_classes,
    shares_of_rows,
    timing,
)
_TABLE_CHECKS: tuple[Check, ...] = (class_ranges, class_identities, class_rows, sample_sums, table_averages, table_sums)
_BY_CLASS: tuple[Check, ...] = (class_ranges, class_identities, class_rows)
_ANSWER_CHECKS: tuple[Check, ...] = (one_matrix, told_classes, told_rows, told_shares)
_LOOKED_UP = ("binary_matrix_possible", "class_count", "majority_share", "prevalence", "sample_count")
_ORDER = (IMPOSSIBLE, SETUP, APPROXIMATE, STATEMENT, OPEN)
# Of one evaluation: beyond this the same fault repeats itself, class by class.
_MOST_SHOWN = 20
# Rows of a history whose contradictions are explained beside the reported one, 10 to 60 ms each: others are alike.
_MOST_EXPLAINED = 1


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield each contradiction at its scope, and their number at every evaluation where something could be checked."""
    named = [(name_of(e, None), e) for e in run.evaluations]
    for series in run.series():
        outer = series_scope(run, series)
        told = {a.name: answer for a in assumed.items if (answer := assumed.get(a.name, outer)) is not None}
        across = list(variances(run, series, told.get("label_variance")))
        explained = 0
        for evaluation in series.evaluations:
            scope = scope_of(run, series, evaluation)
            place = _place(run, facts, series, evaluation, told)
            own = across if evaluation is series.reported else []
            reported = evaluation is series.reported
            others = named if reported or explained < _MOST_EXPLAINED else None
            found = list(_of_evaluation(place, scope, own, others, reported=reported))
            explained += any(fact.name == "contradiction" for fact in found)
            yield from found
            if evaluation is series.reported:
                yield from _micro_as_macro(evaluation, scope)


def _place(run: Run, facts: Facts, series: Series, evaluation: Evaluation, told: Mapping[str, str]) -> Place:
    scope = scope_of(run, series, evaluation)
    # What is known of the reported evaluation need not hold for the other rows.
    names = _LOOKED_UP if evaluation is series.reported else ()
    found = {name: fact for name in names if (fact := facts.at(name, scope)) is not None}
    # What predictions give is compared with more ways of computing it in `recomputed`.
    given = bool(evaluation.matrix) and not evaluation.recomputed
    matrices = either_way(evaluation, told.get("rows_are_true")) if given else ()
    if evaluation is not series.reported and not evaluation.classes:
        return Place(evaluation, told=told, matrices=matrices)
    several = told.get("single_label") == "false" or is_multi_label(run, evaluation)
    units = any((f := facts.at(n, scope)) is not None and f.value is True for n in ("entity_level", "unit_mismatch"))
    joined = bool(evaluation.classes) and any(f.scope == scope for f in facts.named("confused_pairs"))
    lender = _lender(facts, series, evaluation)
    return Place(evaluation, lender, found, told, several, units, joined, matrices=matrices)


def _of_evaluation(
    place: Place,
    scope: Scope,
    across: Sequence[Contradiction | None],
    others: Sequence[tuple[str, Evaluation]] | None,
    *,
    reported: bool,
) -> Iterator[Fact]:
    checks = (*_CHECKS, *(_TABLE_CHECKS if place.evaluation.classes else ()))
    if reported:
        checks = (*checks, *_OPEN_CHECKS, *(_ANSWER_CHECKS if place.told else ()))
    found: list[tuple[Contradiction, Check | None]] = [(c, None) for c in across if c is not None]
    checked = bool(across)
    for check in checks:
        for outcome in check(place):
            checked = True
            found += [] if outcome is None else [(outcome, check)]
    if not checked:
        return
    if not found and not reported:
        yield from _counts([], scope, answered=False)
        return
    weighed = [(_weighed(c, place), check) for c, check in found if not any(map(place.denies, c.assumes))]
    told_rounded = place.says(ROUNDED)
    if reported:
        rounding = list(only_if_rounded(place, checks if told_rounded else _CHECKS, [c for c, _ in found]))
        if told_rounded:
            weighed += rounding
        else:
            yield from _truncated([c for c, _ in rounding if not any(map(place.denies, c.assumes))], scope)
    kept = _minimal([(c, check) for c, check in weighed if reported or c.weight != OPEN])
    explainer = (
        None
        if others is None
        else Explainer(place, Checks(checks, _BY_CLASS, (sample_sums,), (table_sums,)), [c for c, _ in found], others)
    )
    # Of two statements about the same numbers, the second one is the narrower: F1 = H(P, R) after F1 <= H(P, R).
    narrowest = {contradiction.key: check for contradiction, check in kept}
    for contradiction, _ in kept[:_MOST_SHOWN]:
        readings = (
            [*contradiction.possible, UNKNOWN]
            if explainer is None
            else explainer.readings(contradiction, narrowest[contradiction.key])
        )
        yield _fact(contradiction, readings, scope)
    yield from _counts([contradiction for contradiction, _ in kept], scope, answered=reported)


def _truncated(found: Sequence[Contradiction], scope: Scope) -> Iterator[Fact]:
    """Yield the metrics of which one was cut off: rounded to the nearest, they could not hold together."""
    if found:
        first = min(found, key=lambda c: len(c.values))
        because = (
            f"{first.because}: so it is for numbers that are rounded to the nearest, and not where one was cut off"
        )
        assumes = tuple(name for name in first.assumes if name != ROUNDED)
        proof = Proof.PROVED_IF if assumes else Proof.PROVED
        yield Fact("truncated", first.metrics, scope, proof, because, "", assumes, first.values)


def _weighed(found: Contradiction, place: Place) -> Contradiction:
    """Return the contradiction; one that only an answer of the user makes refutes that answer."""
    refutes = found.weight == OPEN and any(map(place.says, found.assumes))
    return replace(found, weight=STATEMENT) if refutes else found


def _minimal(found: list[tuple[Contradiction, Check | None]]) -> list[tuple[Contradiction, Check | None]]:
    """Leave out what holds another contradiction in itself, and put the smallest, then the heaviest, first."""
    sets = [frozenset(map(id, c.values)) for c, _ in found]
    kept = [
        item for item, mine in zip(found, sets, strict=True) if not any(theirs < mine and theirs for theirs in sets)
    ]
    return sorted(kept, key=lambda item: (len(item[0].values), _ORDER.index(item[0].weight)))


def _micro_as_macro(evaluation: Evaluation, scope: Scope) -> Iterator[Fact]:
    """Yield whether "macro" precision, recall and F1 print the accuracy's own digits, as micro averages do."""
    names = ("accuracy", "macro_precision", "macro_recall", "macro_f1")
    values = tuple(value for name in names if (value := evaluation.get(name)) is not None)
    if len(values) < len(names) or evaluation.is_computed:
        return
    same = len({value.text for value in values}) == 1 and 0 < values[0].number < 1 and len(values[0].text) >= _DIGITS
    because = f"{', '.join(value.key for value in values)} print {' and '.join(sorted({v.shown for v in values}))}"
    yield claim("micro_as_macro", holds=same, scope=scope, basis=(Proof.IMPLIED, ()), because=because, evidence=values)


def _counts(found: list[Contradiction], scope: Scope, *, answered: bool) -> Iterator[Fact]:
    for weight in (IMPOSSIBLE, SETUP, APPROXIMATE, *((STATEMENT,) if answered else ())):
        of_weight = [c for c in found if c.weight == weight]
        because = (
            of_weight[0].because if of_weight else "every identity of the reported metrics that can be checked holds"
        )
        evidence = tuple(value for c in of_weight[:3] for value in c.values)
        assumes = of_weight[0].assumes if of_weight else ()
        proof = Proof.PROVED_IF if assumes else Proof.PROVED
        name = f"contradiction.{weight}"
        yield Fact(name, len(of_weight), scope, proof, because, "contradictions", assumes, evidence)
        if of_weight:
            yield Fact(f"{name}_text", because, scope, proof, because, "", assumes, evidence)


def _fact(found: Contradiction, readings: list[str], outer: Scope) -> Fact:
    scope = outer if found.label is None else replace(outer, label=found.label)
    value = {"metrics": found.metrics, "readings": readings}
    proof = Proof.PROVED_IF if found.assumes else Proof.PROVED
    return Fact("contradiction", value, scope, proof, found.because, "", found.assumes, found.values)


def _lender(facts: Facts, series: Series, evaluation: Evaluation) -> Evaluation | None:
    """Return another run's table of the same classes, which tells how many rows each has."""
    labels = {row.label for row in evaluation.classes}
    if not labels:
        return None
    for other in facts.others:
        for theirs in other.evaluations:
            if (theirs.task, theirs.split) == (series.task, series.split) and {
                r.label for r in theirs.classes
            } == labels:
                return theirs
    return None

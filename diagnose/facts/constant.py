"""Whether a classifier gives every row the same class: decided from counts and tables, or read from its scores."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._fingerprints import Fingerprint, excluded, fingerprint
from diagnose.facts._proofs import claim, resting_on
from diagnose.facts._scopes import scope_of, series_scope
from diagnose.facts._scores import Scores, is_multi_label, quoted, score_groups, share
from diagnose.facts._tables import counted, tabled
from diagnose.interval import Interval
from diagnose.types import Evaluation, Fact, Facts, Proof, Question, Run, Scope, Series, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions

PROVIDES = {
    "constant_prediction": "whether every prediction, or nearly every one, is the same",
    "constant_class_share": "share of the rows whose true class is the one that is always predicted",
    "class_count": "classes that the averages run over, a number or an interval (classes)",
    "predicted_positive_share": "share of the positive class among the predictions, a number or an interval",
    "predicted_share_lower_bound": "at least this share of the predictions is one class",
}
NEEDS = ("sample_count", "class_count", "least_sample_count", "binary_matrix_possible")

_ZERO_DIVISION = "zero_division=0"
_SINGLE_LABEL = "single_label=true"


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield, for the result and for each row of the history, whether the predictions are constant, and how many are."""
    for series in run.series():
        repeated = _repeated(series)
        for evaluation in series.evaluations:
            scope = scope_of(run, series, evaluation)
            decided = (
                [] if is_multi_label(run, evaluation) else [*counted(evaluation, scope), *tabled(evaluation, scope)]
            )
            if decided:
                yield from decided
                continue
            groups = list(score_groups(run, evaluation, scope, assumed))
            yield from _constant(evaluation, scope, groups, facts, repeated)
            if evaluation is series.reported:
                yield from _share_of_one_class(groups, scope, facts, assumed)
                yield from _questions(series_scope(run, series), scope, groups, facts, assumed)


def _repeated(series: Series) -> frozenset[tuple[str, str]]:
    """Return the pairs of accuracy and F1 that several rows print alike: a second sign of a constant."""
    pairs = Counter(
        (row.metrics["accuracy"].text, value.text)
        for row in series.rows
        for value in (row.get("f1", "macro_f1"),)
        if value is not None and "accuracy" in row.metrics
    )
    return frozenset(pair for pair, count in pairs.items() if count > 1)


def _constant(
    evaluation: Evaluation, scope: Scope, groups: list[Scores], facts: Facts, repeated: frozenset[tuple[str, str]]
) -> Iterator[Fact]:
    """Yield what the scores of one evaluation say about a constant prediction; nothing where they leave it open."""
    if not groups and "mcc" not in evaluation.metrics and "kappa" not in evaluation.metrics:
        return
    count = facts.at("class_count", scope)
    known = Interval.of(count.value) if count is not None else None
    zero = _no_correlation(evaluation)
    for scores in groups:
        pair = (scores.accuracy.text, scores.f1.text) if scores.accuracy and scores.f1 else ("", "")
        sign = zero is not None or pair in repeated
        found = fingerprint(scores, known, second_sign=sign)
        if found is not None:
            yield from _fingerprinted(found, scores, scope, facts, count)
            return
    accuracy = evaluation.get("accuracy")
    if zero is not None and accuracy is not None and 0 < accuracy.number < 1:
        because = (
            f"{quoted(zero)} is exactly no correlation, as for a model that gives every row one class; predictions "
            "that merely do not depend on the input would scatter around it"
        )
        used = (zero, accuracy)
        yield claim(
            "constant_prediction", holds=True, scope=scope, basis=(Proof.IMPLIED, ()), because=because, evidence=used
        )
        yield Fact(
            "constant_class_share", share(accuracy) or accuracy.number, scope, Proof.IMPLIED,
            f"a constant prediction is right where its class is the true one: {quoted(accuracy)}", "share", (), used,
        )  # fmt: skip
    elif (other := next((scores for scores in groups if excluded(scores)), None)) is not None:
        because = f"{quoted(*other.values)} are none of the values that a constant prediction gives under any average"
        yield claim(
            "constant_prediction",
            holds=False,
            scope=scope,
            basis=(Proof.IMPLIED, ()),
            because=because,
            evidence=other.values,
        )


def _no_correlation(evaluation: Evaluation) -> Value | None:
    """Return a correlation of labels and predictions that is printed as exactly 0, or as NaN (0/0).

    A short "0.0" counts where the numbers beside it have four decimals: tables drop trailing zeros.
    """
    fine = max((_decimals(v) for v in evaluation.metrics.values()), default=0) >= 4
    for name in ("mcc", "kappa"):
        value = evaluation.metrics.get(name)
        if value is not None and (value.is_nan or (value.number == 0 and (fine or value.machine))):
            return value
    return None


def _decimals(value: Value) -> int:
    return len(value.text.partition(".")[2])


def _fingerprinted(
    found: Fingerprint, scores: Scores, scope: Scope, facts: Facts, count: Fact | None
) -> Iterator[Fact]:
    """Yield the facts of a reading as a constant classifier, with the readings that are left beside it."""
    classes = f" and K from {found.classes.low} to {found.classes.high}" if found.classes else ""
    if found.classes is not None and found.classes.is_point:
        classes = f" and K = {found.classes.low}"
    averaging = {"macro": "under macro averaging", "weighted": "under weighted averaging"}
    because = (
        f"{quoted(*scores.values)} are {found.formula} with p from {float(found.share.low):.5g} to "
        f"{float(found.share.high):.5g}{classes}: what a model prints that is constant or nearly constant "
        f"{averaging.get(found.average, 'and answers positive throughout')}"
    )
    if found.zero_division != "0":
        because += f" (zero_division={found.zero_division})"
    others = _alternatives(scope, facts, scores)
    proof = Proof.IMPLIED
    assumes: tuple[str, ...] = scores.assumes
    if found.average == "binary" and _every_row_positive(scores, facts, scope):
        proof, assumes = resting_on([facts.at("sample_count", scope)], ("one_matrix=true", *scores.assumes))
        others = ""
    used = scores.values
    yield claim(
        "constant_prediction", holds=True, scope=scope, basis=(proof, assumes), because=because + others, evidence=used
    )
    sentence = f"p in {found.formula}: {quoted(*used)}"
    yield Fact("constant_class_share", found.share, scope, proof, sentence, "share", assumes, used)
    if found.average == "binary":
        sentence = f"recall 1 and precision = accuracy leave next to no room for a negative prediction: {quoted(*used)}"
        yield Fact("predicted_positive_share", 1.0, scope, proof, sentence, "share", assumes, used)
    if found.classes is not None and count is None:
        value = int(found.classes.low) if found.classes.is_point else found.classes
        sentence = f"the K for which {found.formula} all hold: {quoted(*used)}"
        yield Fact("class_count", value, scope, Proof.IMPLIED, sentence, "classes", assumes, used)


def _every_row_positive(scores: Scores, facts: Facts, scope: Scope) -> bool:
    """Whether recall 1 and precision = accuracy leave less than one true negative (TN/N <= (acc - P)/(1 - P))."""
    rows = facts.at("sample_count", scope)
    accuracy, precision, recall = (scores.interval(name) for name in ("accuracy", "precision", "recall"))
    if rows is None or accuracy is None or precision is None or recall is None:
        return False
    least = Interval.of(rows.value).high
    # A false negative would show: recall <= 1 - 1/N.
    no_false_negative = recall.low > 1 - Fraction(1, int(least))
    return no_false_negative and least * (Fraction(accuracy.high) - precision.low) / (1 - precision.low) < 1


def _alternatives(scope: Scope, facts: Facts, scores: Scores) -> str:
    """Return the other readings of the same scores, as the end of a sentence."""
    others = []
    excluded_matrix = facts.at("binary_matrix_possible", scope)
    if scores.average is None and scores.complete:
        least = facts.at("least_sample_count", scope)
        if excluded_matrix is None and least is not None:
            others.append(f"one binary matrix of at least {least.value:,} rows")
        elif excluded_matrix is not None and excluded_matrix.assumes:
            others.append(
                f"none of one binary matrix if {', '.join(excluded_matrix.assumes)}: {excluded_matrix.because}"
            )
    others.append("precision, recall and F1 of another unit (entities) than the accuracy (tokens, rows)")
    return f". Other readings: {'; '.join(others)}"


def _share_of_one_class(groups: list[Scores], scope: Scope, facts: Facts, assumed: Assumptions) -> Iterator[Fact]:
    """Yield a lower bound of the share of the predictions that are one class, from accuracy and macro precision.

    With q_j the predicted and c_j the correct share of class j, K P = sum c_j/q_j >= (sum sqrt c_j)^2 >= acc, with
    equality only for one predicted class; so with d = K P - acc < acc the correct share outside the largest class is
    at most c' = acc (1 - sqrt(1 - (d/acc)^2))/2, and its predicted share at least (acc - c')/(K P).
    """
    count = facts.at("class_count", scope)
    if count is None or assumed.get("zero_division", scope) not in (None, "0"):
        return
    for scores in groups:
        if scores.average != "macro" or scores.accuracy is None or scores.precision is None:
            continue
        bounds = {}
        for nearest in (False, True):
            accuracy, precision = (scores.interval(name, nearest=nearest) for name in ("accuracy", "precision"))
            if accuracy is not None and precision is not None:
                bounds[nearest] = one_class_share(accuracy, precision, Interval.of(count.value))
        safe, nearest_bound = bounds.get(False), bounds.get(True)
        readings: list[tuple[float | None, tuple[str, ...]]] = [(safe, ())]
        if nearest_bound is not None and (safe is None or nearest_bound - safe > 0.001):
            readings.append((nearest_bound, ("rounded=true",)))
        for bound, rounding in readings:
            if bound is not None:
                yield _bounded(bound, (*rounding, *scores.assumes), scores, count, scope)
        return


def _bounded(bound: float, extra: tuple[str, ...], scores: Scores, count: Fact, scope: Scope) -> Fact:
    proof, assumes = resting_on([count], (*extra, _ZERO_DIVISION, _SINGLE_LABEL, "same_unit=true", "same_average=true"))
    because = (
        f"K x precision >= (sum of the roots of the correct shares)^2 >= accuracy, and {quoted(scores.accuracy)} "
        f"with {quoted(scores.precision)} and K = {Interval.of(count.value).high:g} leave no room for a second class"
    )
    return Fact("predicted_share_lower_bound", bound, scope, proof, because, "share", assumes, scores.values)


def one_class_share(accuracy: Interval, precision: Interval, classes: Interval) -> float | None:
    """Return the bound of `_share_of_one_class`, or None where it says nothing.

    It falls with the precision and with K and grows with the accuracy, so one corner of the intervals decides.
    """
    correct, total = Fraction(accuracy.low), Fraction(classes.high) * Fraction(precision.high)
    excess = max(total - correct, Fraction(0))
    if correct <= 0 or excess >= correct:
        return None
    root = math.sqrt(1 - (excess / correct) ** 2)
    outside = float(correct) * (1 - root) / 2
    bound = (float(correct) - outside) / float(max(total, correct)) - 1e-12
    return bound if bound > 0.5 else None


def _questions(
    outer: Scope, scope: Scope, groups: list[Scores], facts: Facts, assumed: Assumptions
) -> Iterator[Question]:
    """Ask for what would settle a constant that is only implied."""
    if not groups:
        return
    scores = groups[0]
    known = _known_classes(facts, scope)
    found = fingerprint(scores, known, second_sign=False)
    if found is None or found.average == "binary":
        return
    decides = ("constant_prediction", "predicted_share_lower_bound", "averaging")
    if scores.average is None:
        ask = f"Were precision, recall and F1 {found.average} averages over the classes?"
        yield Question(ask, f"averaging={found.average}", decides, outer)
    if found.classes is not None and assumed.get("classes", scope) is None:
        nearest = fingerprint(replace(scores, rounded=True), None, second_sign=False) or found
        guess = (nearest.classes or found.classes).low
        ask = "How many labels do the averages run over?"
        yield Question(ask, f"classes={guess}", ("class_count", "predicted_share_lower_bound", "prior_entropy"), outer)
    if scores.accuracy is not None and assumed.get("same_unit", scope) is None:
        ask = "Do the accuracy and the other scores count the same things: all of them rows, or tokens beside entities?"
        yield Question(ask, "same_unit=true", ("constant_prediction",), outer)


def _known_classes(facts: Facts, scope: Scope) -> Interval | None:
    """Return the class count where it does not itself come from the fingerprint."""
    count = facts.at("class_count", scope)
    return None if count is None or not isinstance(count.value, int) else Interval.of(count.value)

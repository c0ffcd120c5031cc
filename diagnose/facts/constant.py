"""Whether a classifier gives every row the same class: decided from counts and tables, or read from its scores."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._fingerprints import Fingerprint, excluded, fingerprints
from diagnose.facts._one_class import constant_facts, share_facts
from diagnose.facts._proofs import claim, following, resting_on
from diagnose.facts._scopes import scope_of
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
    "never_predicted_share": "share of the rows whose true class is never predicted, a number or an interval",
}
NEEDS = ("sample_count", "class_count", "least_sample_count", "binary_matrix_possible", "predicted_positive_share")

# Scores with fewer decimals than this print a 0 that may be anything.
_FINE = 4
# A balanced set gives a skilled model, too, a balanced accuracy next to its accuracy.
_FAR = 0.02
_MOST_CLASSES = 10


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield, for the result and for each row of the history, whether the predictions are constant, and how many are."""
    for series in run.series():
        repeated = _repeated(series)
        for evaluation in series.evaluations:
            scope = scope_of(run, series, evaluation)
            single = not is_multi_label(run, evaluation)
            decided = [*counted(evaluation, scope), *tabled(evaluation, scope)] if single else []
            if decided:
                yield from decided
                continue
            groups = list(score_groups(run, evaluation, scope, assumed))
            if evaluation is not series.reported:
                yield from _constant(evaluation, scope, groups, facts, repeated=repeated, most=1)
                continue
            proved = [*constant_facts(groups, scope, facts)]
            if not proved and single:
                proved = [*_one_side(evaluation, scope, facts)]
            yield from proved or _constant(evaluation, scope, groups, facts, repeated=repeated)
            yield from share_facts(groups, scope, facts)


def _one_side(evaluation: Evaluation, scope: Scope, facts: Facts) -> Iterator[Fact]:
    """Yield that all rows are predicted positive, or none, where the binary matrix or a precision of 0/0 says so."""
    positive, accuracy = facts.at("predicted_positive_share", scope), evaluation.get("accuracy")
    if positive is None or positive.value not in (0, 1) or (accuracy is not None and accuracy.number == 0):
        return
    side = "positive" if positive.value else "negative"
    because = f"the prediction is constant, every row is predicted {side}: {positive.because}"
    yield following(positive, "constant_prediction", scope, holds=True, because=because)
    if accuracy is not None and (right := share(accuracy)) is not None:
        proof, assumes = resting_on([positive], ("same_unit=true",))
        because = f"a constant prediction is right where its class is the true one: {quoted(accuracy)}"
        used = (accuracy, *positive.evidence)
        yield Fact("constant_class_share", right, scope, proof, because, "share", assumes, used)


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
    evaluation: Evaluation,
    scope: Scope,
    groups: list[Scores],
    facts: Facts,
    *,
    repeated: frozenset[tuple[str, str]],
    most: int | None = None,
) -> Iterator[Fact]:
    """Yield what the scores of one evaluation say about a constant prediction; nothing where they leave it open.

    most: how many readings to look at; the first does for a row of a long history.
    """
    if not groups and "mcc" not in evaluation.metrics and "kappa" not in evaluation.metrics:
        return
    near = [scores for scores in groups if not excluded(scores)]
    zero = _no_correlation(evaluation)
    if not near and zero is None:
        # So it is on most rows of a history, which are done with here.
        if groups:
            yield _not_constant(groups[0], scope)
        return
    count = facts.at("class_count", scope)
    known = Interval.of(count.value) if count is not None else None
    if zero is not None and zero.metric == "balanced_accuracy" and known is not None and known.low > 2:
        zero = None
    for scores in near:
        pair = (scores.accuracy.text, scores.f1.text) if scores.accuracy and scores.f1 else ("", "")
        # An F1 of 0 is repeated by whatever never hits, and says nothing of what is predicted.
        hits = scores.f1 is not None and scores.f1.number > 0
        sign = zero is not None or (hits and (pair in repeated or _balanced(evaluation)))
        found = fingerprints(scores, known, second_sign=sign, most=most)
        if found:
            yield from _fingerprinted(found, scores, scope, facts, count)
            return
    accuracy = evaluation.get("accuracy")
    if zero is not None and accuracy is not None and 0 < accuracy.number < 1:
        because = (
            f"{quoted(zero)} is exactly that of a model that gives every row one class; predictions that merely do "
            "not depend on the input would scatter around it"
        )
        used = (zero, accuracy)
        yield claim(
            "constant_prediction", holds=True, scope=scope, basis=(Proof.IMPLIED, ()), because=because, evidence=used
        )
        yield Fact(
            "constant_class_share", share(accuracy) or accuracy.number, scope, Proof.IMPLIED,
            f"a constant prediction is right where its class is the true one: {quoted(accuracy)}", "share", (), used,
        )  # fmt: skip
    elif (other := next((scores for scores in groups if scores not in near), None)) is not None:
        yield _not_constant(other, scope)


def _not_constant(scores: Scores, scope: Scope) -> Fact:
    because = f"{quoted(*scores.values)} are none of the values that a constant prediction gives under any average"
    basis = (Proof.IMPLIED, ())
    used = scores.values
    return claim("constant_prediction", holds=False, scope=scope, basis=basis, because=because, evidence=used)


def _no_correlation(evaluation: Evaluation) -> Value | None:
    """Return a correlation of labels and predictions that is printed as exactly 0, or as NaN (0/0).

    A short "0.0" counts where the numbers beside it have four decimals: tables drop trailing zeros. A balanced
    accuracy of 1/2 beside another accuracy is the same for two classes, unless a correlation is printed too.
    """
    for name in ("mcc", "kappa"):
        value = evaluation.metrics.get(name)
        if value is not None and (value.is_nan or (value.number == 0 and _is_fine(value, evaluation))):
            return value
    balanced, accuracy = evaluation.get("balanced_accuracy"), evaluation.get("accuracy")
    if balanced is None or balanced.number != 0.5 or accuracy is None or abs(accuracy.number - 0.5) <= _FAR:
        return None
    return None if evaluation.get("mcc", "kappa") is not None or not _is_fine(balanced, evaluation) else balanced


def _is_fine(value: Value, evaluation: Evaluation) -> bool:
    """Whether the value is printed with the digits of a double, or stands beside a number with four decimals."""
    return value.machine or any(_decimals(other) >= _FINE for other in evaluation.metrics.values())


def _balanced(evaluation: Evaluation) -> bool:
    """Whether the balanced accuracy is one over a small number of classes, to four decimals and unlike the accuracy."""
    value, accuracy = evaluation.get("balanced_accuracy"), evaluation.get("accuracy")
    if value is None or accuracy is None or value.interval is None or value.number <= 0:
        return False
    fine = value.machine or _decimals(value) >= _FINE
    classes = round(1 / value.number)
    near = 2 <= classes <= _MOST_CLASSES and Fraction(1, classes) in value.interval
    return fine and near and abs(accuracy.number - value.number) > _FAR


def _decimals(value: Value) -> int:
    return len(value.text.partition(".")[2])


def _fingerprinted(
    fitting: list[Fingerprint], scores: Scores, scope: Scope, facts: Facts, count: Fact | None
) -> Iterator[Fact]:
    """Yield the facts of the first reading as a constant classifier, with the readings that are left beside it."""
    found = fitting[0]
    part = found.share
    for other in fitting[1:]:
        part = part.hull(other.share)
    classes = f" and K from {found.classes.low} to {found.classes.high}" if found.classes else ""
    if found.classes is not None and found.classes.is_point:
        classes = f" and K = {found.classes.low}"
    under = {"macro": "under macro averaging", "weighted": "under weighted averaging"}
    side = "and answers positive throughout" if found.positive else "and never answers positive"
    because = (
        f"{quoted(*scores.values)} are {found.formula} with p = {_ends(found.share)}{classes}: "
        f"what a model prints that is constant or nearly constant {under.get(found.average, side)}"
    )
    if found.zero_division != "0":
        because += f" (zero_division={found.zero_division})"
    others = _alternatives(scope, facts, scores)
    proof = Proof.IMPLIED
    assumes: tuple[str, ...] = scores.assumes
    if found.positive and _every_row_positive(scores, facts, scope):
        proof, assumes = resting_on([facts.at("sample_count", scope)], ("one_matrix=true", *scores.assumes))
        others = ""
    used = scores.values
    yield claim(
        "constant_prediction", holds=True, scope=scope, basis=(proof, assumes), because=because + others, evidence=used
    )
    sentence = f"its class has p = {_ends(part)} of the rows, by {found.formula}: {quoted(*used)}"
    yield Fact("constant_class_share", part, scope, proof, sentence, "share", assumes, used)
    if found.positive:
        sentence = f"recall 1 and precision = accuracy leave next to no room for a negative prediction: {quoted(*used)}"
        yield Fact("predicted_positive_share", 1.0, scope, proof, sentence, "share", assumes, used)
    elif found.positive is False and facts.at("predicted_positive_share", scope) is None:
        sentence = f"no true positive, and nothing says that anything is predicted positive: {quoted(*used)}"
        yield Fact("predicted_positive_share", 0.0, scope, proof, sentence, "share", assumes, used)
    # A weighted average of a class with 1/K of the rows looks like a macro average: two classes are the usual case.
    sure = all(other.average == found.average for other in fitting) or found.classes == Interval(2, 2)
    if found.classes is not None and count is None and sure:
        value = int(found.classes.low) if found.classes.is_point else found.classes
        sentence = f"{found.formula} all hold with K = {found.classes}: {quoted(*used)}"
        yield Fact("class_count", value, scope, Proof.IMPLIED, sentence, "classes", assumes, used)


def _ends(bounds: Interval) -> str:
    ends = dict.fromkeys(f"{float(end):.5g}" for end in (bounds.low, bounds.high))
    return " to ".join(ends)


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

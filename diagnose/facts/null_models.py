"""Whether a classifier is better than the models that know nothing: the majority class, the prior, chance."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._proofs import claim, following, resting_on
from diagnose.facts._scopes import scope_of, series_scope
from diagnose.facts._scores import Scores, is_multi_label, quoted, score_groups, share
from diagnose.facts.entropy import binary_entropy
from diagnose.interval import Interval
from diagnose.types import Evaluation, Fact, Facts, Proof, Question, Run, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions

PROVIDES = {
    "beats_null": "true: every null model (majority class, prior, chance) is ruled out; false: not better than one",
    "signed_skill": "2 AUC - 1, the Matthews correlation or kappa: 0 without skill, below 0 where labels are swapped",
}
NEEDS = (
    "averaging", "constant_class_share", "lift_over_majority", "majority_share", "sample_count", "class_count",
    "confusion_matrix", "confusion_matrix_up_to_factor", "prevalence", "task_score_count",
)  # fmt: skip

# A null model's score scatters around its expectation; without the number of rows it gets this margin.
_MARGIN = Fraction(1, 10)
# With n rows the standard error of a share is at most 1/(2 sqrt n), of a correlation 1/sqrt n.
_ERRORS = 3


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield whether each reported evaluation rules out the null models, and ask for what would decide it."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        skill = _signed_skill(evaluation, scope)
        if skill is not None:
            yield skill
        if evaluation.classes or evaluation.matrix:
            continue  # the module of the per-class tables judges these
        groups = list(score_groups(run, evaluation, scope, assumed))
        single = not is_multi_label(run, evaluation)
        known = _rejected(scope, facts) or _established(evaluation, scope, groups, facts, single_label=single)
        if known is not None:
            yield known
        elif evaluation.get("accuracy") is not None and series.split != "train":
            ask = "What share of the evaluated rows has the most frequent label?"
            assume = f"majority_share={_guess(evaluation)}"
            yield Question(ask, assume, ("beats_null", "lift_over_majority"), series_scope(run, series))


def _guess(evaluation: Evaluation) -> str:
    """Return the form of an answer: a share below the accuracy, to be replaced by the true one."""
    accuracy = evaluation.get("accuracy")
    return "0.5" if accuracy is None or accuracy.number > 0.5 else f"{accuracy.number / 2:.2g}"


def _signed_skill(evaluation: Evaluation, scope: Scope) -> Fact | None:
    auc = evaluation.get("auc")
    # Exactly 0 is what a failed computation leaves behind; no ranking is wrong in every pair.
    if auc is not None and auc.number > 0 and (area := share(auc)) is not None:
        skill = area * 2 - 1
        because = f"2 x {quoted(auc)} - 1 = {skill:z.4f}"
        return Fact("signed_skill", skill, scope, Proof.PROVED, because, evidence=(auc,))
    value = evaluation.get("mcc", "kappa")
    if value is None or value.interval is None or abs(value.number) > 1:
        return None
    return Fact("signed_skill", value.interval, scope, Proof.PROVED, f"as printed: {quoted(value)}", evidence=(value,))


def _rejected(scope: Scope, facts: Facts) -> Fact | None:
    """Return that the model is no better than a null model: constant, or no more accurate than the majority class."""
    constant = facts.at("constant_class_share", scope)
    if constant is not None:
        because = f"a constant prediction knows nothing of the input; {constant.because}"
        return following(constant, "beats_null", scope, holds=False, because=because)
    lift, matrix = facts.at("lift_over_majority", scope), _matrix(facts, scope)
    if matrix is not None:
        cells = matrix.value
        if cells["tp"] * cells["tn"] <= cells["fp"] * cells["fn"]:
            tp, fp, fn, tn = (cells[name] for name in ("tp", "fp", "fn", "tn"))
            because = f"tp x tn = {tp:,} x {tn:,} = {tp * tn:,} is not above fp x fn = {fp:,} x {fn:,} = {fp * fn:,}"
            return following(matrix, "beats_null", scope, holds=False, because=because)
        return None
    alone = facts.at("task_score_count", scope)
    # Beside other scores, an accuracy below the baseline may be the price of a threshold that finds the rare class.
    if lift is not None and Interval.of(lift.value).high < 0 and alone is not None and alone.value == 1:
        because = f"the accuracy is below that of always answering the majority class; {lift.because}"
        return following(lift, "beats_null", scope, holds=False, because=because)
    return None


def _matrix(facts: Facts, scope: Scope) -> Fact | None:
    return facts.at("confusion_matrix", scope) or facts.at("confusion_matrix_up_to_factor", scope)


def _established(
    evaluation: Evaluation, scope: Scope, groups: list[Scores], facts: Facts, *, single_label: bool
) -> Fact | None:
    """Return that every null model is ruled out, by the first argument that holds."""
    rows = facts.at("sample_count", scope)
    return (
        _by_matrix(facts, scope)
        or _by_skill(_signed_skill(evaluation, scope), rows, scope)
        or _by_lift(facts, rows, scope)
        or _by_macro(groups, facts, rows, scope)
        or _by_scores(groups, facts, rows, scope)
        or (_by_loss(evaluation, scope) if single_label else None)
    )


def _margin(rows: Fact | None, deviation: float) -> tuple[Fraction, list[Fact]]:
    """Return three standard errors of a score with the given deviation a row, or 0.1 where the rows are unknown."""
    if rows is None:
        return _MARGIN, []
    return Fraction(_ERRORS * deviation / math.sqrt(float(Interval.of(rows.value).low))), [rows]


def _by_matrix(facts: Facts, scope: Scope) -> Fact | None:
    """Judge by the matrix: chi^2 = N MCC^2 above 9, three standard errors, says that the labels are used."""
    matrix = _matrix(facts, scope)
    if matrix is None:
        return None
    tp, fp, fn, tn = (matrix.value[name] for name in ("tp", "fp", "fn", "tn"))
    margins = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    if margins == 0 or tp * tn <= fp * fn:
        return None
    chi_squared = (tp + fp + fn + tn) * (tp * tn - fp * fn) ** 2 / margins
    if chi_squared < _ERRORS**2:
        return None
    because = (
        f"tp x tn = {tp:,} x {tn:,} = {tp * tn:,} is far above fp x fn = {fp:,} x {fn:,} = {fp * fn:,} (chi-squared "
        f"{chi_squared:,.0f}), so the predictions depend on the labels, as those of no null model do"
    )
    return claim(
        "beats_null",
        holds=True,
        scope=scope,
        basis=resting_on([matrix], (), Proof.IMPLIED),
        because=because,
        evidence=matrix.evidence,
    )


def _by_skill(skill: Fact | None, rows: Fact | None, scope: Scope) -> Fact | None:
    """Judge by a correlation or an AUC: every null model has 0, or 0.5."""
    if skill is None:
        return None
    margin, used = _margin(rows, 1.0) if rows is not None else (_MARGIN, [])
    if Interval.of(skill.value).low <= margin:
        return None
    basis = resting_on([skill, *used], (), Proof.IMPLIED)
    because = f"every null model scores 0 here, within {float(margin):.2g}; {skill.because}"
    return claim("beats_null", holds=True, scope=scope, basis=basis, because=because, evidence=skill.evidence)


def _by_lift(facts: Facts, rows: Fact | None, scope: Scope) -> Fact | None:
    """Judge by the accuracy: no null model has more than the majority class."""
    lift, majority = facts.at("lift_over_majority", scope), facts.at("majority_share", scope)
    if lift is None or majority is None:
        return None
    base = float(Interval.of(majority.value).high)
    margin, used = _margin(rows, math.sqrt(max(base * (1 - base), 0.0)))
    if Interval.of(lift.value).low <= margin:
        return None
    basis = resting_on([lift, *used], (), Proof.IMPLIED)
    because = f"no null model is more accurate than the majority class; {lift.because}"
    return claim("beats_null", holds=True, scope=scope, basis=basis, because=because, evidence=lift.evidence)


def _by_macro(groups: list[Scores], facts: Facts, rows: Fact | None, scope: Scope) -> Fact | None:
    """Judge by macro averages: those of a null model are 1/K (recall) and at most 1/K (F1), with K at least 2.

    F1 of class j is 2pq/(p + q) <= (p + q)/2 for shares p and q of the true and the predicted labels; both add up to 1.
    """
    count = facts.at("class_count", scope)
    few = Interval.of(count.value).low if count is not None else 2
    if few < 2:
        return None
    for scores in groups:
        if scores.accuracy is not None and scores.accuracy.number == 0:
            continue  # what is never right scores by its undefined classes only
        averaging = facts.at("averaging", scope)
        only_macro = scores.average == "macro" or (averaging is not None and averaging.value == ["macro"])
        if not only_macro:
            continue
        margin, used = _margin(rows, 0.5 * math.sqrt(float(few)))
        for name in ("recall", "f1"):
            interval = scores.interval(name)
            if interval is not None and interval.low > Fraction(1) / Fraction(few) + margin:
                rests = [*used, averaging if scores.average is None else None, count]
                basis = resting_on(rests, ("single_label=true", *scores.assumes), Proof.IMPLIED)
                because = f"macro {name} of a null model is at most 1/{float(few):g}; {quoted(*scores.values)}"
                return claim(
                    "beats_null", holds=True, scope=scope, basis=basis, because=because, evidence=scores.values
                )
    return None


def _by_scores(groups: list[Scores], facts: Facts, rows: Fact | None, scope: Scope) -> Fact | None:
    """Judge scores whose average is not said, if they rule out the null models as macro and as binary scores alike.

    Binary: a null model's precision is the prevalence, (1 - acc)/(R/P + 1 - 2R). Macro: recall and F1 are at most 1/K.
    Weighted and micro averages have to be ruled out: there the prior can print any accuracy.
    """
    averaging = facts.at("averaging", scope)
    if averaging is None or not groups or not set(averaging.value) <= {"binary", "macro"} or not averaging.value:
        return None
    scores = groups[0]
    accuracy, precision, recall = (scores.interval(name) for name in ("accuracy", "precision", "recall"))
    f1 = scores.interval("f1")
    if accuracy is None or precision is None or recall is None or f1 is None or precision.low <= 0:
        return None
    margin, used = _margin(rows, 1.0)
    half = Fraction(1, 2) + margin
    if "macro" in averaging.value and (recall.low <= half or f1.low <= half):
        return None
    bottom = recall / precision + 1 - recall * 2
    if bottom.low <= 0:
        return None
    prevalence = (1 - accuracy) / bottom
    if precision.low <= prevalence.high + margin:
        return None
    basis = resting_on([averaging, *used], (), Proof.IMPLIED)
    because = (
        f"{quoted(*scores.values)}: as binary scores the precision is above the prevalence (at most "
        f"{float(prevalence.high):.3f}), as macro averages recall and F1 are above 1/2; no null model reaches either"
    )
    return claim("beats_null", holds=True, scope=scope, basis=basis, because=because, evidence=scores.values)


def _by_loss(evaluation: Evaluation, scope: Scope) -> Fact | None:
    """Judge by the loss: constant probabilities, a null model's, cost at least the entropy of the labels.

    With the accuracy a, the class of the largest probability t has the share a, and the others are at most t each: the
    loss is least with one other class, -a ln t - (1 - a) ln(1 - t) for t >= 1/2, which is the entropy of a and 1 - a,
    or ln 2 for a below 1/2. The loss has to agree with the accuracy, acc >= 1 - CE/ln 2; where it does not, it is
    another loss.
    """
    loss, accuracy = evaluation.get("loss", "log_loss", "nll"), evaluation.get("accuracy")
    if loss is None or accuracy is None or loss.interval is None or (right := share(accuracy)) is None:
        return None
    if right.low <= 0 or right.high >= 1 or loss.interval.low <= 0 or loss.number > 1:
        return None
    least = binary_entropy(max(float(right.high), 0.5))
    if loss.interval.high >= least * (1 - float(_MARGIN)) or right.high < 1 - loss.interval.high / math.log(2):
        return None
    assumes = ("unweighted_loss=true", "single_label=true", "argmax=true", "same_unit=true")
    because = (
        f"constant probabilities with {quoted(accuracy)} have a loss of at least {least:.4f} = -a ln a - "
        f"(1 - a) ln(1 - a) for an accuracy a above 1/2; {quoted(loss)} is below it"
    )
    return claim(
        "beats_null",
        holds=True,
        scope=scope,
        basis=(Proof.PROVED_IF, assumes),
        because=because,
        evidence=(loss, accuracy),
    )

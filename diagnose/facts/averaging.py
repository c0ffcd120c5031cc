"""Which averages precision, recall and F1 can be, and marks of their kind."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._proofs import resting_on
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import Scores, harmonic_mean, quoted, score_groups
from diagnose.interval import Interval
from diagnose.types import Fact, Facts, Proof, Question, Run, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions

PROVIDES = {
    "averaging": "the averages that precision, recall and F1 can be: a list of binary, macro, micro, weighted",
    "equal_scores": "how many of accuracy, precision, recall and F1 print the same digits (4: micro averages)",
    "macro_gap": "accuracy minus macro F1, an interval",
    "prf.precision": "precision as printed, of whatever average",
    "prf.recall": "recall as printed, of whatever average",
    "prf.f1": "F1 as printed, of whatever average; where absent, at most the harmonic mean of the two",
}
NEEDS = ("class_count", "binary_matrix_possible")

_SINGLE_LABEL = "single_label=true"
_ZERO = Interval(0, Fraction(1, 100))


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield the averages that each reported evaluation's scores allow."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        groups = list(score_groups(run, evaluation, scope, assumed))
        if not groups:
            continue
        scores = groups[0]
        yield from _scores(scores, scope)
        averaging = _averaging(scores, scope, facts, timed=assumed.get("timing_same_rows", scope) == "true")
        if averaging is not None:
            yield averaging
        yield from _macro_gap(groups, averaging, scope)
        equal = _equal(scores)
        if equal is not None:
            because = f"{quoted(*scores.values)}, as micro averages over all classes are"
            yield Fact("equal_scores", equal, scope, Proof.IMPLIED, because, evidence=scores.values)


def _scores(scores: Scores, scope: Scope) -> Iterator[Fact]:
    """Yield precision, recall and F1 under names that do not say which average they are."""
    for name in ("precision", "recall", "f1"):
        interval = scores.interval(name)
        value = getattr(scores, name)
        if interval is not None:
            proof, assumes = resting_on([], ("rounded=true",) if scores.rounded else ())
            if value.number == 0 and interval.high > _ZERO.high:
                # "0.0" may stand for 0.04, but whoever prints two digits of that prints them of the others too.
                interval, proof, assumes = _ZERO, Proof.IMPLIED, ()
            yield Fact(f"prf.{name}", interval, scope, proof, f"{value.key} is {value.text}", "", assumes, (value,))
    precision, recall = scores.interval("precision"), scores.interval("recall")
    if scores.f1 is None and precision is not None and recall is not None:
        because = f"F1 is at most the harmonic mean of precision and recall: {quoted(*scores.values)}"
        most = Interval(0, harmonic_mean(precision, recall).high)
        proof, assumes = resting_on([], ("rounded=true",) if scores.rounded else ())
        yield Fact("prf.f1", most, scope, proof, because, "", assumes, scores.values)


def _averaging(scores: Scores, scope: Scope, facts: Facts, *, timed: bool) -> Fact | None:
    """Return the averages that can hold, each with its identities over the whole printed intervals.

    micro: P = R = F1 = accuracy. weighted: R = accuracy, P >= accuracy^2. macro: K P >= accuracy, K R >= accuracy.
    macro and weighted: P + R - 1 <= F1 <= H(P, R), for H is concave. binary: F1 = H(P, R).
    """
    if scores.average is not None:
        named = scores.values[-1]
        proof, assumes = resting_on([], scores.assumes)
        because = "as assumed" if assumes else f"the name {named.key!r} says so"
        return Fact("averaging", [scores.average], scope, proof, because, "", assumes, scores.values)
    precision, recall = scores.interval("precision"), scores.interval("recall")
    if precision is None or recall is None:
        return None
    count = facts.at("class_count", scope)
    known = count if count is not None and count.proof is not Proof.IMPLIED else None
    accuracy, f1 = scores.interval("accuracy"), scores.interval("f1")
    matrix = facts.at("binary_matrix_possible", scope)
    impossible = matrix is not None and (timed or "timing_same_rows=true" not in matrix.assumes)
    kept = {
        "binary": not impossible and (f1 is None or _meet(f1, harmonic_mean(precision, recall))),
        "macro": _between(precision, recall, f1) and _covers(precision, recall, accuracy, known),
        "micro": all(_meet(precision, other) for other in (recall, f1, accuracy)),
        "weighted": _between(precision, recall, f1)
        and _meet(recall, accuracy)
        and (accuracy is None or precision.high >= accuracy.low**2),
    }
    modes = [mode for mode, possible in kept.items() if possible]
    rests = [fact for fact in (known, matrix if impossible else None) if fact is not None]
    unit = () if scores.accuracy is None else ("same_unit=true",)
    proof, assumes = resting_on(rests, (_SINGLE_LABEL, *unit, "same_average=true", "zero_division=0", *scores.assumes))
    dropped = ", ".join(sorted(kept.keys() - set(modes))) or "none"
    because = f"{quoted(*scores.values)}; ruled out by the identities of each average: {dropped}"
    return Fact("averaging", modes, scope, proof, because, "", assumes, scores.values)


def _macro_gap(groups: list[Scores], averaging: Fact | None, scope: Scope) -> Iterator[Fact]:
    """Yield the distance of accuracy and macro F1, of the first scores that are macro averages."""
    only_macro = averaging is not None and averaging.value == ["macro"]
    for scores in groups:
        named = scores.average == "macro"
        accuracy, f1 = scores.interval("accuracy"), scores.interval("f1")
        if not (named or (only_macro and scores.average is None)) or accuracy is None or f1 is None:
            continue
        proof, assumes = resting_on([] if named else [averaging], scores.assumes)
        because = f"{quoted(scores.accuracy)} minus {quoted(scores.f1)}"
        yield Fact("macro_gap", accuracy - f1, scope, proof, because, "share", assumes, scores.values)
        return


def _meet(one: Interval, other: Interval | None) -> bool:
    """Whether both can be the same number; an absent one can."""
    return other is None or one.meet(other) is not None


def _between(precision: Interval, recall: Interval, f1: Interval | None) -> bool:
    if f1 is None:
        return True
    return f1.high >= precision.low + recall.low - 1 and f1.low <= harmonic_mean(precision, recall).high


def _covers(precision: Interval, recall: Interval, accuracy: Interval | None, count: Fact | None) -> bool:
    if accuracy is None or count is None:
        # Without K, only a score of exactly 0 beside an accuracy above 0 is no macro average.
        return accuracy is None or accuracy.low <= 0 or min(precision.high, recall.high) > 0
    most = Interval.of(count.value).high
    return most * min(precision.high, recall.high) >= accuracy.low


def _equal(scores: Scores) -> int | None:
    """Return 4 where all four scores print the same three decimals or more, and neither 0 nor 1."""
    texts = {value.text for value in scores.values}
    text = next(iter(texts))
    number = scores.values[0].number
    if not scores.complete or len(text.partition(".")[2]) < 3 or not 0 < number < 1:
        return None
    return 4 if len(texts) == 1 else None

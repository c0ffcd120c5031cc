"""Which averages precision, recall and F1 can be, and marks of their kind."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.facts._fingerprints import fingerprints
from diagnose.facts._proofs import claim, resting_on
from diagnose.facts._readings import AVERAGES, misfit
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import Scores, harmonic_mean, quoted, score_groups
from diagnose.interval import Interval
from diagnose.types import Fact, Facts, Proof, Question, Run, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions

PROVIDES = {
    "averaging": "the averages that precision, recall and F1 can be: a list of binary, macro, micro, weighted",
    "averaging.likely": "the one of them with the most identities, where the digits make a coincidence unlikely",
    "f1_of_averages": "true: F1 was computed from averaged precision and recall over more than two classes",
    "equal_scores": "how many of accuracy, precision, recall and F1 print the same digits (4: micro averages)",
    "macro_gap": "accuracy minus macro F1, an interval",
    "prf.precision": "precision as printed, of whatever average",
    "prf.recall": "recall as printed, of whatever average",
    "prf.f1": "F1 as printed, of whatever average; where absent, at most the harmonic mean of the two",
}
NEEDS = ("class_count", "binary_matrix_possible")

_SINGLE_LABEL = "single_label=true"
_ZERO = Interval(0, Fraction(1, 100))
_SCORES = ("accuracy", "precision", "recall", "f1")
_BY_IDENTITIES = ("micro", "binary", "weighted", "macro")
# Of simulated reports the pick was right in 99.9 % at full precision and 99.3 % at four decimals, where it was made.
_EXACT = Fraction(1, 10**5)
_COARSE = Fraction(2, 10**4)
_HALF = Fraction(1, 2)
# Where precision and recall are nearly equal, every average of F1 is near their harmonic mean.
_APART = 0.01


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield the averages that each reported evaluation's scores allow."""
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        groups = list(score_groups(run, evaluation, scope, assumed))
        if not groups:
            continue
        # A balanced accuracy is a macro recall by itself: it names the average of no other score.
        scores = next((group for group in groups if group.precision or group.f1), groups[0])
        yield from _scores(scores, scope)
        averaging = _averaging(scores, scope, facts, timed=assumed.get("timing_same_rows", scope) == "true")
        if averaging is not None:
            yield averaging
            yield from _likely(scores, averaging, scope)
        yield from _of_averages(groups, scope, facts)
        yield from _macro_gap(groups, averaging, scope)
        equal = _equal(scores)
        if equal is not None:
            because = f"4 equal scores, as micro averages over all classes are: {quoted(*scores.values)}"
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
            yield Fact(f"prf.{name}", interval, scope, proof, f"{value.key} is {value.shown}", "", assumes, (value,))
    precision, recall = scores.interval("precision"), scores.interval("recall")
    if scores.f1 is None and precision is not None and recall is not None:
        most = Interval(0, harmonic_mean(precision, recall).high)
        because = (
            f"F1 is at most the harmonic mean of precision and recall, {float(most.high):.4g}: {quoted(*scores.values)}"
        )
        proof, assumes = resting_on([], ("rounded=true",) if scores.rounded else ())
        yield Fact("prf.f1", most, scope, proof, because, "", assumes, scores.values)


def _averaging(scores: Scores, scope: Scope, facts: Facts, *, timed: bool) -> Fact | None:
    """Return the averages that can hold, each with its identities (`misfit`) over the whole printed intervals."""
    if scores.average is not None:
        named = scores.values[-1]
        if named.metric == "balanced_accuracy":
            return None
        proof, assumes = resting_on([], scores.assumes)
        source = "assumed" if assumes else f"the name {named.key!r} says"
        because = f"{scores.average}, as {source}: {quoted(*scores.values)}"
        return Fact("averaging", [scores.average], scope, proof, because, "", assumes, scores.values)
    if scores.precision is None or scores.recall is None:
        return None
    count = facts.at("class_count", scope)
    known = count if count is not None and count.proof is not Proof.IMPLIED else None
    matrix = facts.at("binary_matrix_possible", scope)
    impossible = matrix is not None and (timed or "timing_same_rows=true" not in matrix.assumes)
    why = {mode: _misfit(mode, scores, known) for mode in sorted(AVERAGES)}
    if why["binary"] is None and impossible and matrix is not None:
        why["binary"] = matrix.because
    modes = [mode for mode, reason in why.items() if reason is None]
    rests = [fact for fact in (known, matrix if impossible else None) if fact is not None]
    unit = () if scores.accuracy is None else ("same_unit=true",)
    proof, assumes = resting_on(rests, (_SINGLE_LABEL, *unit, "same_average=true", "zero_division=0", *scores.assumes))
    dropped = "; ".join(f"not {mode}, for {reason}" for mode, reason in why.items() if reason is not None)
    left = " or ".join(modes) or "none of the four averages"
    because = f"{quoted(*scores.values)}: {left}{f'; {dropped}' if dropped else ', for no average is ruled out'}"
    return Fact("averaging", modes, scope, proof, because, "", assumes, scores.values)


def _misfit(mode: str, scores: Scores, known: Fact | None) -> str | None:
    """Return why the scores cannot be that average, or None where they can."""
    classes = Interval.of(known.value) if known is not None else None
    if mode == "binary" and known is not None and not any(a.startswith("classes=") for a in known.assumes):
        # Micro averages over some of a model's many classes look like binary ones; only the user can rule them out.
        classes = None
    return misfit(mode, {name: scores.interval(name) for name in _SCORES}, classes)


def _likely(scores: Scores, averaging: Fact, scope: Scope) -> Iterator[Fact]:
    """Yield the average with the most identities: micro (P = R = F1 = acc), binary (F1 = H), weighted (R = acc).

    Without the accuracy a macro average cannot be told from a weighted one, without F1 from a binary one.
    """
    if scores.average is not None or not averaging.value:
        return
    likely = next(mode for mode in _BY_IDENTITIES if mode in averaging.value)
    if not scores.complete and not (likely == "binary" and scores.f1 is not None):
        return
    width = max(i.high - i.low for name in _SCORES if (i := scores.interval(name)) is not None)
    if width > _COARSE or (likely == "binary" and _of_one_class(scores, averaging)):
        return
    says = {"micro": "P = R = F1 = accuracy", "binary": "F1 = 2PR/(P + R)", "weighted": "recall = accuracy"}
    shown = quoted(*scores.values)
    because = f"{shown}: {says.get(likely, 'no identity of the other averages holds')}, {likely} averages"
    others = [mode for mode in averaging.value if mode != likely]
    if others and likely in says:
        because += f", which for {' and '.join(others)} averages would be a coincidence"
    proof = Proof.IMPLIED if width <= _EXACT else Proof.SUGGESTED
    yield Fact("averaging.likely", likely, scope, proof, because, "", (), scores.values)


def _of_one_class(scores: Scores, averaging: Fact) -> bool:
    """Whether averages over classes of which one alone has right predictions may look binary: F1 = 2PR/(P + R) too."""
    precision, recall = scores.interval("precision"), scores.interval("recall")
    low = precision is not None and recall is not None and max(precision.low, recall.low) <= _HALF
    return "weighted" in averaging.value or ("macro" in averaging.value and low)


def _of_averages(groups: list[Scores], scope: Scope, facts: Facts) -> Iterator[Fact]:
    """Yield that F1 is 2PR/(P + R) of averages over several classes, as a mean of the classes' F1 would not be.

    Source: Opitz and Burst 2019, Macro F1 and Macro F1: the two differ by up to a half.
    """
    count = facts.at("class_count", scope)
    for scores in groups:
        several = scores.average in ("macro", "weighted") or (
            scores.average is None and count is not None and Interval.of(count.value).low > 2
        )
        p, r, f = (scores.interval(name) for name in ("precision", "recall", "f1"))
        if not several or p is None or r is None or f is None or f.high - f.low > _EXACT:
            continue
        if abs(p.middle - r.middle) < _APART or harmonic_mean(p, r).meet(f) is None:
            continue
        if fingerprints(scores, None, second_sign=True):
            # Of a constant prediction the mean of the classes' F1 is 2PR/(P + R) too.
            continue
        because = (
            f"F1 is 2PR/(P + R) = {harmonic_mean(p, r).middle:.6g} to all its digits, of averages, and not the mean of "
            f"the classes' F1 unless by coincidence: {quoted(*scores.values)}"
        )
        if scores.average is None:
            because += "; micro averages over some of the classes would look the same"
        basis = resting_on([], scores.assumes, Proof.IMPLIED)
        yield claim("f1_of_averages", holds=True, scope=scope, basis=basis, because=because, evidence=scores.values)
        return


def _macro_gap(groups: list[Scores], averaging: Fact | None, scope: Scope) -> Iterator[Fact]:
    """Yield the distance of accuracy and macro F1, of the first scores that are macro averages."""
    only_macro = averaging is not None and averaging.value == ["macro"]
    for scores in groups:
        named = scores.average == "macro"
        accuracy, f1 = scores.interval("accuracy"), scores.interval("f1")
        if not (named or (only_macro and scores.average is None)) or accuracy is None or f1 is None:
            continue
        proof, assumes = resting_on([] if named else [averaging], scores.assumes)
        gap = accuracy - f1
        because = f"{quoted(scores.accuracy)} minus {quoted(scores.f1)} = {gap:z.4f}"
        yield Fact("macro_gap", gap, scope, proof, because, "share", assumes, scores.values)
        return


def _equal(scores: Scores) -> int | None:
    """Return 4 where all four scores print the same three decimals or more, and neither 0 nor 1."""
    texts = {value.text for value in scores.values}
    text = next(iter(texts))
    number = scores.values[0].number
    if not scores.complete or len(text.partition(".")[2]) < 3 or not 0 < number < 1:
        return None
    return 4 if len(texts) == 1 else None

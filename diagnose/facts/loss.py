"""What a cross-entropy says of the outputs behind it: equal or constant probabilities, accuracy, over-confidence.

All in nats, for a plain mean over the rows (the assumption `unweighted_loss`). With K classes, shares p of the true
ones and the accuracy a:

- equal probabilities cost ln K, constant ones at least the entropy H(p): a loss below H(p) comes from outputs that
  depend on the input;
- a wrong answer, if it is the likeliest class, leaves the true class at most 1/2: the loss is at least (1 - a) ln 2;
- a right answer has at least 1/K: it costs at most ln K, so the wrong ones cost at least (CE - a ln K)/(1 - a).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from diagnose.facts._proofs import claim, resting_on
from diagnose.facts._scopes import scope_of
from diagnose.facts._scores import is_multi_label, quoted, share
from diagnose.interval import Interval
from diagnose.types import Fact, Facts, Proof, Question, Run, Scope, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.facts import Assumptions

PROVIDES = {
    "loss_vs_uniform": "loss minus ln K, the loss of equal probabilities, an interval (nats)",
    "loss_vs_prior": "loss minus the entropy of the true classes, an interval (nats)",
    "uniform_classes": "the K whose ln K the loss prints, where K is known or the digits single it out (classes)",
    "uses_input": "the probabilities depend on the input: the loss is below that of any constant ones",
    "outputs_prior": "the loss is that of answering the shares of the true classes for every row",
    "accuracy_lower_bound": "the accuracy that the loss alone guarantees, where no accuracy above it is printed",
    "mean_loss_on_errors": "at least this mean loss on the wrong rows (nats)",
}
NEEDS = ("class_count", "majority_share", "prior_entropy")

UNWEIGHTED = "unweighted_loss=true"
# What ties an accuracy to the probabilities behind a loss; K has to count every output of the model.
_OF_ARGMAX = ("single_label=true", "argmax=true", "same_unit=true")
_ALL_LISTED = "all_classes_listed=true"
_OF_THESE_LABELS = (UNWEIGHTED, "same_rows=true", "same_unit=true")
# ln k of some small k to four decimals: one random loss in 2,000 below 2.4 prints like that.
_MOST_CLASSES_UNNAMED = 10
_FOUR_DECIMALS, _TWO_DECIMALS = 0.0002, 0.02
# Measured on 3,476 random models: the entropy is met by chance in 2 %, 0.3 % and 0.06 % at two, three, four decimals.
_THREE_DECIMALS = 0.002
_ROUND_OFF = 1e-9
# Sums of thousands of float32 terms are off by some units of the sixth digit.
_LOST = 1e-5
# A probability of exp(-1e6) is 0 in every floating-point format: such a loss is no mean cross-entropy.
_LARGEST = 1e6


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield what the loss of each reported evaluation says, unless the run says that it is no plain cross-entropy."""
    weighted = is_weighted(run)
    for series in run.series():
        evaluation = series.reported
        scope = scope_of(run, series, evaluation)
        loss = evaluation.get("loss", "log_loss", "nll")
        interval = None if loss is None else loss.interval
        if loss is None or interval is None or not 0 < loss.number < _LARGEST or is_multi_label(run, evaluation):
            continue
        accuracy, count = evaluation.get("accuracy"), facts.at("class_count", scope)
        if accuracy is None and count is None:
            continue
        uniform = _against_uniform(accuracy, loss, interval, count, scope)
        if weighted or assumed.get("unweighted_loss", scope) == "false":
            # Weights and smoothed labels leave the cost of equal probabilities at ln K, and nothing else.
            yield from (fact for fact in uniform if fact.name == "uniform_classes")
            continue
        yield from uniform
        yield from _against_prior(accuracy, loss, interval, scope, facts)
        if series.split != "train":  # where a loss is that of many models, each a step further
            yield from _least_accuracy(accuracy, loss, interval, scope)


def is_weighted(run: Run) -> bool:
    """Whether the configuration names label smoothing, class weights or a focal loss: no plain cross-entropy then."""
    for name in ("label_smoothing_factor", "class_weights", "focal_gamma"):
        value = run.config.get(name)
        if isinstance(value, str):
            if value.strip().lower() not in ("", "none", "null", "false", "no", "0", "0.0"):
                return True
        elif value is not None and value.number != 0:
            return True
    named = run.config.get("loss_function")
    return isinstance(named, str) and any(word in named.lower() for word in ("focal", "weighted", "smooth", "mse"))


def least_accuracy(loss: Interval) -> float:
    """Return 1 - CE/ln 2, the least accuracy that a mean cross-entropy (nats) allows, for the loss's upper end."""
    return 1 - float(loss.high) / math.log(2) - _LOST


def _against_uniform(
    accuracy: Value | None, loss: Value, interval: Interval, count: Fact | None, scope: Scope
) -> Iterator[Fact]:
    """Yield the loss against ln K, and K itself where the loss prints ln K."""
    if count is None:
        fitting = [k for k in range(2, _MOST_CLASSES_UNNAMED + 1) if math.log(k) in interval]
        if len(fitting) == 1 and interval.high - interval.low < _FOUR_DECIMALS and accuracy is not None:
            yield _uniform(loss, fitting[0], scope)
        return
    classes = Interval.of(count.value)
    if classes.low < 2:
        return
    gap = Interval(
        float(interval.low) - math.log(classes.high) - _ROUND_OFF,
        float(interval.high) - math.log(classes.low) + _ROUND_OFF,
    )
    proof, assumes = resting_on([count], (UNWEIGHTED,))
    uniform = Interval(math.log(classes.low), math.log(classes.high))
    because = (
        f"{quoted(loss)} minus {uniform:.6g} = {gap:z.5f} nats; equal probabilities cost ln K, "
        f"ln {classes:.4g} = {uniform:.6g}"
    )
    evidence = tuple(dict.fromkeys((loss, *count.evidence)))
    yield Fact("loss_vs_uniform", gap, scope, proof, because, "nats", assumes, evidence)
    if classes.is_point and _near(gap) and interval.high - interval.low < _TWO_DECIMALS:
        yield _uniform(loss, int(classes.low), scope)
    yield from _on_errors(accuracy, loss, interval, count, scope)


def _uniform(loss: Value, classes: int, scope: Scope) -> Fact:
    because = f"{quoted(loss)} is ln {classes} = {math.log(classes):.4f}, the loss of equal probabilities"
    return Fact("uniform_classes", classes, scope, Proof.IMPLIED, because, "classes", (), (loss,))


def _against_prior(
    accuracy: Value | None, loss: Value, interval: Interval, scope: Scope, facts: Facts
) -> Iterator[Fact]:
    """Yield the loss against the entropy of the labels, and what that says of constant probabilities."""
    entropy = facts.at("prior_entropy", scope)
    if entropy is None:
        return
    least = Interval.of(entropy.value)
    gap = Interval(
        float(interval.low) - float(least.high) - _ROUND_OFF, float(interval.high) - float(least.low) + _ROUND_OFF
    )
    basis = resting_on([entropy], _OF_THESE_LABELS)
    evidence = tuple(dict.fromkeys((loss, *entropy.evidence)))
    because = f"{quoted(loss)} minus {least:.5f} = {gap:z.4f} nats, the entropy of the labels: {entropy.because}"
    yield Fact("loss_vs_prior", gap, scope, basis[0], because, "nats", basis[1], evidence)
    if _near(gap) and least.is_point and least.low > 0 and _like_prior(accuracy, interval, scope, facts):
        because = (
            f"{quoted(loss)} is the entropy of the labels, {float(least.low):.4f} nats: what answering their shares "
            f"for every row costs; or a model with as much skill as over-confidence; {entropy.because}"
        )
        prior = resting_on([entropy], (), Proof.IMPLIED)
        yield claim("outputs_prior", holds=True, scope=scope, basis=prior, because=because, evidence=evidence)
    if interval.high < least.low * (1 - _LOST):
        because = (
            f"{quoted(loss)} is below {float(least.low):.4f} nats, the entropy of the labels, which no probabilities "
            f"that are the same for every row can beat; {entropy.because}"
        )
        yield claim("uses_input", holds=True, scope=scope, basis=basis, because=because, evidence=evidence)


def _near(gap: Interval) -> bool:
    """Whether a difference is 0, or not more than four decimals tell: nearly equal probabilities cost hardly more."""
    return gap.low <= _FOUR_DECIMALS / 4 and gap.high >= -_FOUR_DECIMALS / 4


def _like_prior(accuracy: Value | None, interval: Interval, scope: Scope, facts: Facts) -> bool:
    """Whether the digits are no coincidence: four decimals, or three and the accuracy of the majority class."""
    width = interval.high - interval.low
    majority = facts.at("majority_share", scope)
    right = None if accuracy is None else share(accuracy)
    if right is None or majority is None:
        return width < _FOUR_DECIMALS
    return width < _THREE_DECIMALS and right.meet(Interval.of(majority.value)) is not None


def _least_accuracy(accuracy: Value | None, loss: Value, interval: Interval, scope: Scope) -> Iterator[Fact]:
    least, right = least_accuracy(interval), None if accuracy is None else share(accuracy)
    if least <= 0 or (right is not None and least <= right.high):
        return
    because = (
        f"a wrong answer leaves the true class at most 1/2 and costs ln 2 or more, so accuracy >= 1 - CE/ln 2: "
        f"{quoted(loss)} gives 1 - {float(interval.high):.5g}/0.69315 = {least:.4f}"
    )
    assumes = (UNWEIGHTED, *_OF_ARGMAX)
    yield Fact("accuracy_lower_bound", least, scope, Proof.PROVED_IF, because, "share", assumes, (loss,))


def _on_errors(accuracy: Value | None, loss: Value, interval: Interval, count: Fact, scope: Scope) -> Iterator[Fact]:
    """Yield (CE - acc ln K)/(1 - acc): a right answer has a probability of 1/K at least, so it costs at most ln K."""
    right = None if accuracy is None else share(accuracy)
    if accuracy is None or right is None or right.high >= 1:
        return
    uniform = math.log(float(Interval.of(count.value).high))
    # Rising in the accuracy where the loss is above ln K, falling below it: the least is at one of the ends.
    cost = float(interval.low) * (1 - _LOST)
    least, end = min(((cost - float(a) * uniform) / (1 - float(a)), float(a)) for a in (right.low, right.high))
    if least <= math.log(2) + _LOST:
        return  # what any wrong answer costs
    proof, assumes = resting_on([count], (UNWEIGHTED, *_OF_ARGMAX, _ALL_LISTED))
    because = (
        f"a right answer costs at most ln K = {uniform:.7g}, so the wrong ones cost at least (CE - acc ln K)/(1 - acc) "
        f"with {quoted(loss, accuracy)}: ({cost:.7g} - {end:.7g} x {uniform:.7g})/(1 - {end:.7g}) = "
        f"{least:.4g} nats, which leaves their true classes a probability of {math.exp(-least):.2g} in the geometric "
        "mean, at most"
    )
    evidence = tuple(dict.fromkeys((loss, accuracy, *count.evidence)))
    yield Fact("mean_loss_on_errors", least - _ROUND_OFF, scope, proof, because, "nats", assumes, evidence)

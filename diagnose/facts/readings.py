"""The readings under which an evaluation's scores can have been printed, and the questions that split them.

A reading is a choice of averaging, of zero_division, of the unit that the accuracy counts, of rounding, of whether a
short number beside full doubles is one, and of percent or fraction where scores above 1 stand beside others without a
sign. Each is tried on the intervals that the numbers have under it; one without a solution is dropped. What the
readings that are left disagree on is asked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from diagnose.facts._fingerprints import fingerprints
from diagnose.facts._proofs import resting_on
from diagnose.facts._readings import Reading, readings_of
from diagnose.facts._scale import FRACTION, PERCENT, on_scale, undeclared
from diagnose.facts._scopes import scope_of, series_scope
from diagnose.facts._scores import quoted, score_groups
from diagnose.types import Evaluation, Fact, Facts, Question, Run, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.facts import Assumptions
    from diagnose.facts._scores import Scores

PROVIDES = {
    "readings": "{left: [{assume, says, falls_if}], dropped: [{assume, because}]}: how the scores can have been made",
    "rounding": "whether the scores were rounded or truncated, where only one of the two has a solution",
}
NEEDS = (
    "averaging",
    "binary_matrix_possible",
    "class_count",
    "confusion_matrix",
    "confusion_matrix_up_to_factor",
    "constant_prediction",
    "least_sample_count",
    "sample_count",
)

_COMPLETE = ("single_label=true", "same_average=true")
_ASK = {
    "averaging": "Which average are precision, recall and F1: {options}?",
    "same_unit": "Do the accuracy and the other scores count the same things: all of them rows, or tokens beside "
    "entities?",
    "zero_division": "Which value did a class get that was never predicted: zero_division = {options}?",
    "full_precision": "Are the short numbers full doubles, or were they rounded before they were written?",
    "rounded": "Were the numbers rounded to the nearest, or cut off?",
}
_DECIDES = ("constant_prediction", "predicted_share_lower_bound", "averaging", "confusion_matrix")


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:
    """Yield the readings of each reported evaluation's first scores, and what to ask where they disagree."""
    for series in run.series():
        scope = scope_of(run, series, series.reported)
        scores = next(score_groups(run, series.reported, scope, assumed), None)
        if scores is None or len(scores.values) < 2:
            continue
        left, dropped = readings_of(scores, scope, facts, assumed)
        if undeclared(series.reported):
            left, dropped = _on_scales(run, series.reported, scope, facts, assumed)
        if not left:
            continue
        yield _fact(left, dropped, scores, scope)
        yield from _rounding(left, scores, scope)
        yield from _questions(left, scores, series_scope(run, series), facts, assumed)


def _on_scales(
    run: Run, evaluation: Evaluation, scope: Scope, facts: Facts, assumed: Assumptions
) -> tuple[list[Reading], list[Reading]]:
    """Return the readings on either scale, and those without a solution: all in percent, or only those above 1."""
    left: list[Reading] = []
    dropped: list[Reading] = []
    # What was found so far reads the small numbers as fractions.
    for scale, known in ((FRACTION, facts), (PERCENT, Facts(run))):
        scores = next(score_groups(run, on_scale(evaluation, scale), scope, assumed), None)
        if scores is not None:
            found = readings_of(scores, scope, known, assumed)
            for readings, mine in zip((left, dropped), found, strict=True):
                readings += [replace(reading, answers=(*reading.answers, scale)) for reading in mine]
    return left, dropped


def _fact(left: Sequence[Reading], dropped: Sequence[Reading], scores: Scores, scope: Scope) -> Fact:
    value: dict[str, Any] = {
        "left": [
            {"assume": list(r.answers), "says": r.says, **({"falls_if": list(r.falls_if)} if r.falls_if else {})}
            for r in left
        ],
        "dropped": [{"assume": list(r.answers), "because": r.says} for r in dropped],
    }
    shown = "; ".join(f"{' and '.join(r.answers)}: {r.says}" for r in left)
    gone = "; ".join(f"not {' and '.join(r.answers)}: {r.says}" for r in dropped)
    because = f"{quoted(*scores.values)} can be {shown}" + (f"; {gone}" if gone else "")
    answered = (answer for reading in dropped for answer in reading.falls_if)
    proof, assumes = resting_on([], (*_COMPLETE, *scores.assumes, *answered))
    # Copies, where it holds on either scale, unlike all else that rests on these values.
    evidence = tuple(map(replace, scores.values)) if left[0].answer("scale") else scores.values
    return Fact("readings", value, scope, proof, because, "", assumes, evidence)


def _rounding(left: Sequence[Reading], scores: Scores, scope: Scope) -> Iterator[Fact]:
    """Yield that the numbers were rounded, or that they were cut off, where every reading needs it."""
    alike = [reading for reading in left if reading.answer("same_unit") != "false"]
    for answer, word in (("rounded=true", "rounded to the nearest"), ("rounded=false", "truncated")):
        if alike and all(answer in reading.answers for reading in alike):
            because = f"{quoted(*scores.values)} fit no average unless they were {word}"
            proof, assumes = resting_on([], (*_COMPLETE, "same_unit=true", *scores.assumes))
            yield Fact("rounding", word, scope, proof, because, "", assumes, scores.values)


def _questions(
    left: Sequence[Reading], scores: Scores, outer: Scope, facts: Facts, assumed: Assumptions
) -> Iterator[Question]:
    """Ask for what splits the readings of a constant prediction from the others, the evenest split first."""
    constant = [reading for reading in left if reading.constant]
    splits = []
    for name, ask in _ASK.items():
        groups = Counter(answer for reading in left if (answer := reading.answer(name)) is not None)
        answers = {answer for reading in constant if (answer := reading.answer(name)) is not None}
        if answers and len(groups) > 1 and answers != groups.keys():
            likely = next(answer for answer in groups if answer in answers)
            options = " or ".join(sorted(groups))
            splits.append((max(groups.values()), ask.format(options=options), f"{name}={likely}"))
    for _, ask, assume in sorted(splits, key=lambda split: split[0]):
        yield Question(ask, assume, _DECIDES, outer)
    if any(reading.classes is not None for reading in constant) and assumed.get("classes", outer) is None:
        ask = "How many labels do the averages run over?"
        decides = ("class_count", "predicted_share_lower_bound", "prior_entropy")
        yield Question(ask, f"classes={_likely_classes(scores, constant)}", decides, outer)
    if facts.at("confusion_matrix_up_to_factor", outer) is not None and facts.at("sample_count", outer) is None:
        yield Question("How many rows were evaluated?", "samples=N", ("confusion_matrix", "sample_count"), outer)


def _likely_classes(scores: Scores, constant: Sequence[Reading]) -> int:
    """Return the least K that fits the numbers as rounded to the nearest, as most numbers are."""
    nearest = fingerprints(replace(scores, rounded=True), None, second_sign=False)
    fitting = [form.classes for form in nearest] + [reading.classes for reading in constant]
    return int(next(classes for classes in fitting if classes is not None).low)

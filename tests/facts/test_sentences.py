"""The law of the sentences: each says its result, quotes the numbers that it rests on, and its arithmetic is right."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from _arithmetic import equations, numbers

from diagnose.errors import UnreadableInputError
from diagnose.facts import Assumptions, derive
from diagnose.interval import Interval
from diagnose.readers import read, read_text
from diagnose.types import Proof
from reports import FAMILIES, report_of

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "fixtures", ROOT.parent / "shared" / "seeds")
REPORTS = 2
# Other reports than those of the other tests.
SEED = 30_000

_NOTHING = re.compile(r"\b(no|none|nothing|not|every|each|all|never)\b", re.IGNORECASE)


@cache
def told():
    """Return every (fact, the other facts of its run) of the reports, one of each sentence."""
    found = {}
    for facts in _derived():
        strict = [fact for fact in facts if fact.proof is not Proof.SUGGESTED]
        for fact in strict:
            found.setdefault((fact.name, fact.because), (fact, strict))
    return tuple(found.values())


def _derived():
    for name in FAMILIES:
        for number in range(REPORTS):
            report = report_of(name, number, SEED)
            runs, assumed = read_text(report.text, "report"), Assumptions.parse(report.assume)
            yield from (derive(run, assumed, [other for other in runs if other is not run]) for run in runs)
    for path in sorted(path for folder in FOLDERS for path in folder.rglob("*") if path.is_file()):
        try:
            runs = read(str(path))
        except UnreadableInputError:
            continue
        yield from (derive(run, others=[other for other in runs if other is not run]) for run in runs)


def broken(law):
    """Return one sentence for each kind of fact that breaks the law, and how many do."""
    bad = defaultdict(list)
    for fact, facts in told():
        if not law(fact, facts):
            bad[fact.name].append((fact.value, fact.because))
    return {name: (len(cases), *min(cases, key=lambda case: len(case[1]))) for name, cases in bad.items()}


# --- the result

# Facts whose sentence says their value in other words.
_OTHER_WORDS = {
    "contradiction.approximate": "a count; the sentence is that of the first contradiction",
    "contradiction.impossible": "the same",
    "contradiction.setup": "the same",
    "contradiction.statement": "the same",
    "matrix": "the matrix itself is the source; the sentence says how many rows it has",
    "paired_verdict.verdict": "'depends' is the sentence's 'if and only if'",
    "throughput.seconds": "a whole number of seconds is read as a rounded one",
}


def _shows(sentence, value):
    """Whether the sentence shows the value as its reader sees it; of a list or table, one entry."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return all(word.casefold() in sentence.casefold() for word in value.split("_"))
    if isinstance(value, Interval):
        trivial = {0: "at most", 1: "at least", math.inf: "", -math.inf: ""}
        ends = [end for end in (value.low, value.high) if end not in trivial or trivial[end] not in sentence]
        return all(_shows(sentence, float(end)) for end in ends)
    if isinstance(value, dict):
        return not value or any(_shows(sentence, part) for part in (*value, *value.values()))
    if isinstance(value, (list, tuple)):
        return bool(_NOTHING.search(sentence)) if not value else any(_shows(sentence, part) for part in value)
    if math.isnan(value):
        return "nan" in sentence.lower()
    if value == 0 and _NOTHING.search(sentence):
        return True
    return any(number.prints(value) for number in numbers(sentence))


def _as_printed(fact):
    """Whether the fact is one printed number, or the part of its interval that can be: the text stands for it."""
    printed = fact.evidence[0].interval if len(fact.evidence) == 1 else None
    if printed is None or not isinstance(fact.value, Interval):
        return False
    return printed.meet(fact.value) == fact.value and fact.evidence[0].shown in fact.because


def _shows_result(fact, _):
    return fact.name in _OTHER_WORDS or _as_printed(fact) or _shows(fact.because, fact.value)


def test_every_sentence_shows_its_result():
    assert not broken(_shows_result)


# --- the numbers that it rests on

# Of more numbers than these a sentence shows how the first of them are used.
_MANY = 5
_UNQUOTED = {
    "collapsed_rows": "a count of rows, whose own facts quote their numbers",
    "collapsed_rows.relapses": "the same",
    "collapsed_rows.share": "the same",
    "entity_level": "the names of the metrics say so, not their numbers",
    "macro_gap": "precision and recall only tell that the averages are macro averages",
}


def _quotes(fact, value):
    sentence = fact.because.replace(",", "").casefold()
    return value.text.casefold() in sentence or value.number in _printed(fact)


def _printed(fact):
    return {number.value for number in numbers(fact.because)}


def _quoted(fact, facts):
    """Whether each number that the fact rests on stands in its sentence, or in one that its sentence goes on from.

    A sentence goes on from another where it repeats a number of it: "822/8,169" from "tp 555, fp 143, fn 267 of 8,169".
    An F1 beside its precision and recall only narrows what these two give.
    """
    missing = {value for value in fact.evidence if not _quotes(fact, value)}
    if {"precision", "recall"} <= {value.metric for value in fact.evidence}:
        missing = {value for value in missing if value.metric != "f1"}
    if not missing or len(fact.evidence) > _MANY or fact.name in _UNQUOTED:
        return True
    known, left = _printed(fact), [other for other in facts if missing & set(other.evidence)]
    while missing:
        following = [other for other in left if known & _printed(other)]
        if not following:
            return False
        left = [other for other in left if other not in following]
        missing = {value for value in missing if not any(_quotes(other, value) for other in following)}
        known = known.union(*map(_printed, following))
    return True


def test_every_sentence_quotes_the_numbers_that_it_rests_on():
    assert not broken(_quoted)


# --- the form

_LONG = 400
_LISTS = {
    "averaging": "gives the reason against each average",
    "beats_null": "goes on from a constant prediction, which names the other readings",
    "configuration_changes": "names every setting that differs",
    "configuration_changes.count": "the same",
    "constant_prediction": "names the other readings",
    "readings": "names every reading",
    "standard_error": "the delta method's formula stands in full",
    "standard_error.macro_f1": "the same",
    "standard_error.weighted_f1": "the same",
    "standard_error.weighted_precision": "the same",
}
# A list or a tuple of Python, a class's name, doubled spaces, or a range whose ends print alike.
_RAW = re.compile(
    r"[{\[]['\"]|\(\d[\d.]*, \d|  |\b(None|True|False|Interval|Fraction)\b|(?<![\d.-])([\d.,]+%?) to \2(?![\d.,]*\d)"
)
_RELATION = re.compile(r"[=<>:]|\b(is|are|has|have|no|of|names|assumed|follows?|prints?|stands)\b")


def test_every_sentence_is_short():
    assert not broken(lambda fact, _: len(fact.because) <= _LONG or fact.name in _LISTS)


def test_every_sentence_states_a_relation():
    assert not broken(lambda fact, _: _RELATION.search(fact.because))


def test_no_sentence_prints_a_raw_structure_or_an_empty_range():
    assert not broken(lambda fact, _: not _RAW.search(fact.because))


# --- the arithmetic

# Measured: 50 % of the sentences that are more than one printed number have one, in 82 of 160 kinds of facts.
_LEAST_SHARE, _LEAST_KINDS = 0.4, 60


def test_every_equation_of_a_sentence_is_right():
    assert not broken(lambda fact, _: all(equation.holds for equation in equations(fact.because)))


def test_a_fair_share_of_the_sentences_has_an_equation():
    derived = [fact for fact, _ in told() if not _as_printed(fact)]
    computed = [fact.name for fact in derived if equations(fact.because)]
    assert len(computed) > _LEAST_SHARE * len(derived)
    assert len(set(computed)) > _LEAST_KINDS


_FORM = re.compile(r"(accuracy|precision|recall|F1) ([^,]*?\b[pK]\b[^,]*?)(?=,| with p = )")
_AT = re.compile(r"with p = ([\d.e-]+(?: to [\d.e-]+)?)(?: and K = (\d+))?:")


def test_the_scores_of_a_constant_prediction_are_those_of_its_formulas():
    """The formulas in p and K, computed with the p and the K of the sentence, are the scores that it quotes."""
    checked = 0
    for fact, _ in told():
        if fact.name != "constant_prediction" or (at := _AT.search(fact.because)) is None:
            continue
        for score, form in _FORM.findall(fact.because.split(" are ")[1]):
            value = next(v for v in fact.evidence if v.metric.endswith(score.lower()))
            written = re.sub(r"(?<=[\d)])(?=[pK(])", " x ", form)
            written = re.sub(r"\bp\b", f"({at[1]})", re.sub(r"\bK\b", at[2] or "K", written))
            (equation,) = equations(f"{written} = {value.shown}")
            low, high = equation.left
            slack = 1e-5 * max(1, abs(value.number))
            assert value.interval.low - slack <= high, fact.because
            assert low <= value.interval.high + slack, fact.because
            checked += 1
    assert checked > 50


# --- the evaluator itself


@pytest.mark.parametrize(
    ("sentence", "holds"),
    [
        ("recall 0.5 x 20 rows = 10 right", True),
        ("recall 0.5 x 20 rows = 11 right", False),
        ("(tp + fn)/rows = 822/8,169 = 0.100624", True),
        ("822/8,169 = 0.1008", False),
        ("1 - 0.39/0.69 = 43.5%", True),
        ("1 - 0.39/0.69 = 43.3%", False),
        ("0.10/(1 - 0.43^2) = 0.1227, the least", True),
        ("at most sqrt(2.25 - 0.25) = 1.414", True),
        ("ln 20 - 2 = 0.9957", True),
        ("28 to 30 x 10 = 280 to 300", True),
        ("28 to 30 x 10 = 285 to 300", False),
        ("accuracy 50 % minus 0.25 = 0.25", True),
        ("0.971^2 - (-0.5) = at least 1.44", True),
        ("0.971^2 - (-0.5) = at least 1.46", False),
    ],
)
def test_an_equation_is_computed_as_its_reader_would(sentence: str, holds: bool):  # noqa: FBT001  # a table of cases
    found = equations(sentence)
    assert found
    assert all(equation.holds for equation in found) == holds


@pytest.mark.parametrize(
    "sentence", ["F1 = 2PR/(P + R) = 0.5", "p = 0.5 and K = 3", "the mean of 2 tasks: K = 3", "a - 2 = 5"]
)
def test_a_formula_in_symbols_is_no_equation(sentence: str):
    assert not equations(sentence)

"""Theorems about contradictions: none among numbers that belong together, and what one says where they do not."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from _runs import class_row, evaluation_of, facts_of, printed, value
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from diagnose.types import Evaluation, Fact

QUICK = settings(deadline=None, max_examples=30)
LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40).filter(
    lambda pairs: len({y for y, _ in pairs} | {p for _, p in pairs}) > 1
)
NUMBERS = st.floats(-5, 5).map(lambda x: round(x, 3))
# How a number is printed: decimals, and whether it is cut off instead of rounded; None prints the full double.
PRINTS = st.one_of(st.none(), st.tuples(st.sampled_from([2, 3, 4]), st.booleans()))


def text_of(number: float, way: tuple[int, bool] | None) -> str:
    """Return the number as a source would print it."""
    if way is None:
        return repr(float(number))
    decimals, cut = way
    exact = Fraction(number)
    return f"{float(Fraction(int(exact * 10**decimals), 10**decimals)) if cut else number:.{decimals}f}"


def contradictions(texts: dict[str, str], way: tuple[int, bool] | None = (4, False), *assume: str) -> list[Fact]:
    """Return the contradictions among the printed metrics; `way` is None where they are full doubles.

    Numbers that were rounded are never said to have been cut off, except where they contradict one another.
    """
    facts = facts_of(evaluation_of(texts, machine=way is None), assume=assume)
    found = facts.named("contradiction")
    assert found or way is None or way[1] or not facts.named("truncated")
    return found


def readings(facts: list[Fact]) -> list[list[str]]:
    return [fact.value["readings"] for fact in facts]


# --- healthy numbers


@given(LABELS, st.sampled_from([0, 1]), PRINTS)
@QUICK
def test_scores_of_one_classifier_never_contradict_each_other(pairs, undefined: int, way):
    """Accuracy, kappa, MCC, balanced accuracy and all averages of one set of labels, by scikit-learn."""
    metrics = pytest.importorskip("sklearn.metrics")
    truth, predicted = [y for y, _ in pairs], [p for _, p in pairs]
    found = {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "kappa": metrics.cohen_kappa_score(truth, predicted),
        "mcc": metrics.matthews_corrcoef(truth, predicted),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found["balanced_accuracy"] = metrics.balanced_accuracy_score(truth, predicted)
    for average in ("macro", "weighted", "micro"):
        scores = metrics.precision_recall_fscore_support(truth, predicted, average=average, zero_division=undefined)
        found |= {f"{average}_{name}": s for name, s in zip(("precision", "recall", "f1"), scores[:3], strict=True)}
    texts = {name: text_of(score, way) for name, score in found.items()} | {"samples": str(len(pairs))}
    wrong = contradictions(texts, way, f"classes={len({*truth, *predicted})}", "single_label=true")
    assert [fact.because for fact in wrong if undefined == 0 or "zero_division=0" not in fact.assumes] == []


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=20), PRINTS)
@QUICK
def test_errors_and_correlations_of_one_regression_never_contradict_each_other(pairs, way):
    metrics, numpy = pytest.importorskip("sklearn.metrics"), pytest.importorskip("numpy")
    truth, predicted = [y for y, _ in pairs], [p for _, p in pairs]
    if numpy.std(truth) < 1e-3 or numpy.std(predicted) < 1e-3:
        return
    mse = metrics.mean_squared_error(truth, predicted)
    found = {
        "mse": mse,
        "rmse": math.sqrt(mse),
        "mae": metrics.mean_absolute_error(truth, predicted),
        "median_ae": metrics.median_absolute_error(truth, predicted),
        "max_error": metrics.max_error(truth, predicted),
        "r2": metrics.r2_score(truth, predicted),
        "explained_variance": metrics.explained_variance_score(truth, predicted),
        "pearson": float(numpy.corrcoef(truth, predicted)[0, 1]),
    }
    texts = {name: text_of(number, way) for name, number in found.items()} | {"samples": str(len(pairs))}
    assert contradictions(texts, way) == []


@given(st.lists(st.integers(0, 60), min_size=4, max_size=4), PRINTS)
@QUICK
def test_scores_of_one_binary_matrix_fit_it_and_the_answers_that_are_true(cells, way):
    tp, fp, fn, tn = cells
    if min(tp, fp + tn, fn + tn) == 0:
        return
    found = {
        "accuracy": (tp + tn) / sum(cells),
        "precision": tp / (tp + fp),
        "recall": tp / (tp + fn),
        "f1": 2 * tp / (2 * tp + fp + fn),
        "specificity": tn / (tn + fp) if tn + fp else 0.0,
        "fpr": fp / (tn + fp) if tn + fp else 1.0,
        "fnr": fn / (tp + fn),
    }
    texts = {name: text_of(score, way) for name, score in found.items()}
    counts = dict(zip(("tp", "fp", "fn", "tn"), map(str, cells), strict=True))
    answers = ("averaging=binary", "one_matrix=true", f"samples={sum(cells)}")
    assert contradictions(texts, way, *answers) == []
    assert contradictions(texts | counts, way, *answers) == []


@given(st.lists(st.lists(st.floats(-6, 6), min_size=3, max_size=3), min_size=2, max_size=20), st.data(), PRINTS)
@QUICK
def test_loss_accuracy_and_perplexity_of_one_softmax_never_contradict_each_other(logits, data, way):
    """A wrong answer of the largest probability costs ln 2 at least, so accuracy >= 1 - CE/ln 2."""
    total, right = 0.0, 0
    for row in logits:
        label = data.draw(st.integers(0, 2))
        weights = [math.exp(x) for x in row]
        total -= math.log(weights[label] / sum(weights))
        right += row.index(max(row)) == label
    found = {"loss": total / len(logits), "accuracy": right / len(logits), "perplexity": math.exp(total / len(logits))}
    assert contradictions({name: text_of(number, way) for name, number in found.items()}, way) == []


@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=3, max_size=3), PRINTS)
@QUICK
def test_a_table_agrees_with_its_own_sums(matrix, way):
    if min(sum(row) for row in matrix) == 0:
        return
    evaluation = table(matrix, way)
    assert facts_of(evaluation, assume=("single_label=true", "classes=3")).named("contradiction") == []


def table(matrix: list[list[int]], way: tuple[int, bool] | None) -> Evaluation:
    """Return a classification report of a matrix of three classes: the classes, and all averages."""
    supports = [sum(row) for row in matrix]
    predicted = [sum(row[i] for row in matrix) for i in range(3)]
    right = [matrix[i][i] for i in range(3)]
    columns = {
        "precision": [r / p if p else 0.0 for r, p in zip(right, predicted, strict=True)],
        "recall": [r / s for r, s in zip(right, supports, strict=True)],
        "f1": [2 * r / (s + p) for r, s, p in zip(right, supports, predicted, strict=True)],
    }
    rows = tuple(
        class_row(
            f"c{i}",
            **{name: text_of(column[i], way) for name, column in columns.items()},
            support=str(supports[i]),
        )
        for i in range(3)
    )
    found = {"accuracy": sum(right) / sum(supports)}
    for name, column in columns.items():
        found[f"macro_{name}"] = sum(column) / 3
        found[f"weighted_{name}"] = math.fsum(x * s for x, s in zip(column, supports, strict=True)) / sum(supports)
    texts = {name: text_of(number, way) for name, number in found.items()} | {"samples": str(sum(supports))}
    return evaluation_of(texts, classes=rows)


# --- numbers that cannot hold together


@given(st.lists(st.lists(st.integers(1, 60), min_size=3, max_size=3), min_size=3, max_size=3), st.data())
@QUICK
def test_a_mistyped_digit_of_a_class_is_found_and_put_right(matrix, data):
    """The first decimals of a score with four: beyond what rounding allows, the class contradicts itself."""
    evaluation = table(matrix, (4, False))
    row = data.draw(st.integers(0, 2))
    name = data.draw(st.sampled_from(["precision", "recall", "f1"]))
    old = evaluation.classes[row].metrics[name]
    place = data.draw(st.integers(2, 3))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != old.text[place]]))
    text = old.text[:place] + digit + old.text[place + 1 :]
    if float(text) > 1:
        return
    new = replace(old, text=text, number=float(text))
    wrong = replace(evaluation.classes[row], metrics={**evaluation.classes[row].metrics, name: new})
    classes = (*evaluation.classes[:row], wrong, *evaluation.classes[row + 1 :])
    found = facts_of(replace(evaluation, classes=classes)).named("contradiction")
    assert found
    assert any(f"{text} was mistyped for {old.text}" in reading for fact in found for reading in fact.value["readings"])


@given(st.sampled_from(["precision", "recall", "f1", "mse", "rmse", "mae", "r2", "pearson"]), st.data())
@QUICK
def test_a_contradiction_names_no_number_that_it_can_do_without(changed: str, data):
    texts = {
        "precision": "0.8000",
        "recall": "0.6000",
        "f1": "0.6857",
        "mse": "4.0000",
        "rmse": "2.0000",
        "mae": "1.5000",
        "r2": "0.3000",
        "pearson": "0.6000",
    }
    texts[changed] = f"{data.draw(st.integers(1, 9999)) / 10000:.4f}"
    for fact in contradictions(texts):
        names = fact.value["metrics"]
        assert contradictions({name: texts[name] for name in names})
        for name in names:
            assert not contradictions({other: texts[other] for other in names if other != name})


# --- readings


def test_a_digit_that_alone_would_do_comes_first():
    found = contradictions({"precision": "0.7059", "recall": "0.8076", "f1": "0.7619"}, (4, False), "averaging=binary")
    assert {fact.value["readings"][0] for fact in found} == {"eval_recall 0.8076 was mistyped for 0.8276"}


def test_a_number_of_another_row_is_recognised():
    rows = [
        evaluation_of({"rmse": "0.4811", "mae": "0.3511"}, step=100.0),
        evaluation_of({"rmse": "0.2522", "mae": "0.3511"}, step=200.0),
    ]
    (found,) = facts_of(*rows).named("contradiction")
    assert found.scope.step == 200
    assert found.value["readings"][0] == "eval_mae 0.3511 is that of step 100 (eval), which prints the same digits"


def test_an_r2_of_another_row_is_recognised():
    """One variance of the labels serves all rows, so MSE/(1 - R2) is the same in each."""
    rows = [
        evaluation_of({"mse": "2.0000", "r2": "0.5012"}, step=100.0),
        evaluation_of({"mse": "1.2000", "r2": "0.5012"}, step=200.0),
        evaluation_of({"mse": "1.0000", "r2": "0.7506"}, step=300.0),
    ]
    (found,) = facts_of(*rows).named("contradiction")
    assert "same_rows=true" in found.assumes
    assert "eval_r2 0.5012 is that of step" in found.value["readings"][0]
    assert "the row of 200 is the odd one: the other 2 agree" in found.value["readings"]
    assert not any("the row of 100" in reading for reading in found.value["readings"])


def test_a_percentage_read_as_a_fraction_is_recognised():
    (found,) = contradictions({"r2": "0.60", "pearson": "0.80%"})
    assert found.value["readings"][0] == "eval_pearson 0.80 is a fraction, not a percentage"


def test_another_average_of_the_table_is_recognised():
    matrix = [[80, 10, 0], [5, 20, 5], [1, 1, 3]]
    evaluation = table(matrix, (4, False))
    weighted = evaluation.metrics["weighted_f1"]
    metrics = {**evaluation.metrics, "macro_f1": replace(evaluation.metrics["macro_f1"], text=weighted.text)}
    found = facts_of(replace(evaluation, metrics=metrics)).named("contradiction")
    assert "eval_macro_f1 is the mean weighted by support of the table, " in found[0].value["readings"][0]


def test_a_mean_over_batches_is_named_where_the_inequality_points_that_way():
    (found,) = contradictions({"mse": "4.000", "rmse": "1.950"})
    assert any("mean over batches" in reading for reading in found.value["readings"])
    (found,) = contradictions({"loss": "2.000", "perplexity": "7.700"})
    assert "mean of batch perplexities" in " ".join(found.value["readings"])


def test_the_smallest_contradiction_comes_first():
    matrix = [[80, 10, 0], [5, 20, 5], [1, 1, 3]]
    evaluation = table(matrix, (4, False))
    row = evaluation.classes[0]
    wrong = replace(row, metrics={**row.metrics, "f1": replace(row.metrics["f1"], text="0.7091", number=0.7091)})
    found = facts_of(replace(evaluation, classes=(wrong, *evaluation.classes[1:]))).named("contradiction")
    sizes = [len(fact.evidence) for fact in found if "all_classes_listed=true" not in fact.assumes]
    assert found[0].scope.label == "c0"
    assert sizes == sorted(sizes)


# --- what the user says


@pytest.mark.parametrize(
    ("texts", "answer"),
    [
        ({"precision": "0.7000", "recall": "0.6000"}, "averaging=micro"),
        ({"accuracy": "0.8000", "recall": "0.6000"}, "averaging=weighted"),
        ({"accuracy": "0.9000", "precision": "0.2000"}, "averaging=weighted"),
        ({"precision": "0.7000", "recall": "0.6000", "f1": "0.6000"}, "averaging=binary"),
        ({"accuracy": "0.3000", "f1": "0.9000"}, "averaging=binary"),
        ({"accuracy": "0.8351"}, "samples=100"),
        ({"samples": "90"}, "samples=100"),
        ({"runtime": "10.0000", "samples_per_second": "9.000"}, "samples=100"),
        ({"mse": "1.00", "pearson": "0.50"}, "label_variance=3"),
        ({"loss": "0.1200", "accuracy": "0.6200"}, "unweighted_loss=true"),
        ({"micro_f1": "0.8000", "accuracy": "0.6200"}, "single_label=true"),
    ],
)
def test_an_answer_that_the_numbers_refute_is_a_contradiction(texts: dict[str, str], answer: str):
    facts = printed((answer,), **texts)
    (found,) = facts.named("contradiction")
    assert answer in found.assumes
    assert found.proof == "proved_if"
    assert value(facts, "contradiction.statement") == 1
    assert value(facts, "contradiction.impossible") == 0


def test_numbers_that_fit_only_cut_off_are_no_contradiction_until_somebody_says_that_they_are_rounded():
    """With r = 0.8099 an R2 of 0.6555 is right: 0.66 if rounded, beside 0.80 if cut off, and 0.805^2 is 0.648."""
    texts = {"r2": "0.66", "pearson": "0.80"}
    facts = printed(**texts)
    assert facts.named("contradiction") == []
    assert value(facts, "truncated") == ["r2", "pearson"]
    rounded = printed(("rounded=true",), **texts)
    (found,) = rounded.named("contradiction")
    assert "rounded=true" in found.assumes
    assert found.value["readings"][0] == "a number was cut off after its last digit, not rounded"


def test_the_number_of_classes_is_held_against_the_table():
    evaluation = table([[80, 10, 0], [5, 20, 5], [1, 1, 3]], (4, False))
    (found,) = facts_of(evaluation, assume=("classes=5",)).named("contradiction")
    assert "classes=5" in found.assumes
    assert "lists 3 classes" in found.because


def test_what_an_ordinary_setup_explains_counts_against_nobody():
    """Tokens beside sentences, several labels a row: a contradiction only under an assumption that nobody made."""
    facts = printed(accuracy="0.8351", samples="100", weighted_recall="0.7000")
    assert {tuple(sorted(f.value["metrics"])) for f in facts.named("contradiction")} == {
        ("accuracy", "samples"),
        ("accuracy", "weighted_recall"),
    }
    assert {value(facts, f"contradiction.{weight}") for weight in ("impossible", "setup", "statement")} == {0}
    assert printed(("same_unit=false",), accuracy="0.8351", samples="100").named("contradiction") == []

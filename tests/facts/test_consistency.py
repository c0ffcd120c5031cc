"""Contradictions: none among figures that belong together, and the right weight for those that do not."""

from __future__ import annotations

import math

import pytest
from _runs import class_row, evaluation_of, fact, facts_of, printed, value, value_of
from hypothesis import given
from hypothesis import strategies as st

from diagnose.facts import derive
from diagnose.types import ClassRow, Evaluation, Run, Value

CELLS = st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=3, max_size=3).filter(
    lambda m: all(sum(row) > 0 for row in m)
)


def weights_of(facts) -> dict[str, int]:
    return {weight: value(facts, f"contradiction.{weight}") for weight in ("impossible", "setup", "approximate")}


def figures(matrix: list[list[int]]) -> dict[str, float]:
    """Return accuracy, kappa, mcc and the macro, weighted and micro averages of a confusion matrix."""
    size, total = len(matrix), sum(map(sum, matrix))
    supports = [sum(row) for row in matrix]
    predicted = [sum(row[i] for row in matrix) for i in range(size)]
    right = [matrix[i][i] for i in range(size)]
    precision = [right[i] / predicted[i] if predicted[i] else 0.0 for i in range(size)]
    recall = [right[i] / supports[i] for i in range(size)]
    f1 = [2 * right[i] / (supports[i] + predicted[i]) for i in range(size)]
    found = {"accuracy": sum(right) / total}
    for name, scores in (("precision", precision), ("recall", recall), ("f1", f1)):
        found[f"macro_{name}"] = sum(scores) / size
        found[f"weighted_{name}"] = sum(s * w for s, w in zip(scores, supports, strict=True)) / total
    chance = sum(s * p for s, p in zip(supports, predicted, strict=True))
    spread = math.sqrt((total**2 - sum(s * s for s in supports)) * (total**2 - sum(p * p for p in predicted)))
    if spread and chance < total**2:
        found["kappa"] = (total * sum(right) - chance) / (total**2 - chance)
        found["mcc"] = (total * sum(right) - chance) / spread
    return found


@given(CELLS, st.sampled_from([2, 3, 4, 6]), st.booleans())
def test_figures_of_one_matrix_never_contradict_each_other(matrix, decimals: int, table: bool):  # noqa: FBT001  # hypothesis passes it by name
    texts = {name: f"{number:.{decimals}f}" for name, number in figures(matrix).items()}
    rows = ()
    if table:
        rows = tuple(
            class_row(
                f"c{i}",
                precision=f"{matrix[i][i] / max(sum(row[i] for row in matrix), 1):.{decimals}f}",
                recall=f"{matrix[i][i] / sum(matrix[i]):.{decimals}f}",
                f1=f"{2 * matrix[i][i] / (sum(matrix[i]) + sum(row[i] for row in matrix)):.{decimals}f}",
                support=str(sum(matrix[i])),
            )
            for i in range(3)
        )
        texts["samples"] = str(sum(map(sum, matrix)))
    facts = facts_of(evaluation_of(texts, classes=rows))
    assert weights_of(facts) == {"impossible": 0, "setup": 0, "approximate": 0}
    assert facts.named("contradiction") == []


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=3, max_size=9), st.sampled_from([3, 5]))
def test_errors_of_one_set_of_predictions_never_contradict_each_other(pairs, decimals: int):
    gaps = [abs(y - p) for y, p in pairs]
    mse, mae = math.fsum(g * g for g in gaps) / len(gaps), math.fsum(gaps) / len(gaps)
    facts = printed(mse=f"{mse:.{decimals}f}", rmse=f"{math.sqrt(mse):.{decimals}f}", mae=f"{mae:.{decimals}f}")
    assert weights_of(facts)["impossible"] == 0


@pytest.mark.parametrize(
    ("texts", "weight"),
    [
        ({"mse": "2.00", "rmse": "2.00"}, "impossible"),
        ({"mse": "4.000", "rmse": "1.950"}, "setup"),
        ({"rmse": "0.50", "mae": "0.80"}, "impossible"),
        ({"mse": "0.25", "mae": "0.80"}, "impossible"),
        ({"r2": "0.90", "pearson": "0.80"}, "impossible"),
        ({"r2": "0.70", "pearson": "0.80"}, "setup"),
        ({"r2": "0.70", "explained_variance": "0.60"}, "impossible"),
        ({"kappa": "0.60", "mcc": "0.40"}, "setup"),
        ({"precision": "0.500", "recall": "0.600", "f1": "0.700"}, "setup"),
        ({"macro_precision": "0.90", "macro_recall": "0.90", "macro_f1": "0.70"}, "setup"),
        ({"accuracy": "120.5"}, "impossible"),
        ({"recall": "-0.2"}, "impossible"),
        ({"tp": "10", "tn": "10", "fp": "5", "fn": "5", "accuracy": "0.900"}, "setup"),
    ],
)
def test_a_broken_identity_has_its_weight(texts: dict[str, str], weight: str):
    facts = printed(**texts)
    assert weights_of(facts)[weight] == 1
    (found,) = facts.named("contradiction")
    assert set(found.value["metrics"]) <= texts.keys()
    # Several metrics may have been averaged differently; one alone needs no assumption.
    assert (found.proof == "proved") is (len(texts) == 1)
    plain = {"plain_metrics=true"} if "kappa" in texts else set()
    assert set(found.assumes) == (set() if len(texts) == 1 else {"same_average=true", *plain})


@pytest.mark.parametrize(
    "texts",
    [
        {"average_precision": "-1.000", "map": "-1.000"},
        {"accuracy": "86.3", "f1": "85.9"},
        {"precision": "1.0", "recall": "0.0", "f1": "0.0"},
        {"accuracy": "1.0000001"},
        {"pearson": "88.2", "r2": "0.75"},
    ],
)
def test_sentinels_percentages_and_float_noise_are_no_contradictions(texts: dict[str, str]):
    assert printed(**texts).named("contradiction") == []


def test_the_f1_of_a_class_is_the_harmonic_mean_of_its_precision_and_recall():
    rows = (class_row("spam", precision="0.80", recall="0.60", f1="0.86"),)
    facts = facts_of(evaluation_of({}, classes=rows))
    (found,) = facts.named("contradiction")
    assert found.scope.label == "spam"
    assert value(facts, "contradiction.impossible") == 1


def test_a_table_averaged_over_folds_is_a_matter_of_the_setup():
    """The mean of F1 over folds lies a little below the F1 of the mean precision and recall."""
    rows = (class_row("spam", precision="0.80", recall="0.60", f1="0.66"),)
    assert value(facts_of(evaluation_of({}, classes=rows)), "contradiction.setup") == 1


def approximate(metric: str, text: str) -> Value:
    exact = value_of(metric, text)
    return Value(metric, metric, exact.text, exact.number, scale=exact.scale, approximate=True)


def test_remembered_figures_of_classes_are_held_against_the_average_with_the_other_runs_supports():
    exact = tuple(
        class_row(label, precision="80.00%", recall="80.00%", f1="80.00%", support=support)
        for label, support in (("a", "50"), ("b", "50"), ("c", "50"))
    )
    remembered = tuple(
        ClassRow(row.label, {"f1": approximate("f1", f1)}) for row, f1 in zip(exact, ("90%", "85%", "83%"), strict=True)
    )
    new = Run("Run #2", evaluations=(evaluation_of({"accuracy": "80.00%", "f1": "80.00%"}, classes=exact),))
    metrics = {"f1": value_of("f1", "75.00%"), "accuracy": value_of("accuracy", "76.00%")}
    old = Run("Run #1", evaluations=(Evaluation(metrics=metrics, classes=remembered),))
    facts = derive(old, None, [new])
    counts = {f.name: f.value for f in facts if f.name.startswith("contradiction.")}
    assert counts["contradiction.approximate"] == 1
    assert counts["contradiction.impossible"] == 0
    assert "same_rows=true" in facts.named("contradiction")[0].assumes


def test_old_seqeval_weights_its_macro_average_by_support():
    rows = (
        class_row("LOC", precision="0.90", recall="0.90", f1="0.90", support="90"),
        class_row("PER", precision="0.50", recall="0.50", f1="0.50", support="10"),
    )
    texts = {"micro_f1": "0.86", "macro_f1": "0.86", "samples": "100"}
    assert value(facts_of(evaluation_of(texts, classes=rows)), "contradiction.impossible") == 0


def test_macro_averages_with_the_digits_of_the_accuracy_are_micro_averages():
    texts = dict.fromkeys(("accuracy", "macro_precision", "macro_recall", "macro_f1"), "0.8531")
    assert fact(printed(**texts), "micro_as_macro").value is True

"""The metrics are those of scikit-learn and SciPy, to the last place of what they print."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
sklearn = pytest.importorskip("sklearn.metrics")
stats = pytest.importorskip("scipy.stats")

from diagnose.train.metrics import class_report, evaluate  # noqa: E402  # scikit-learn may be missing


@st.composite
def tables(draw):
    """Return logits and labels of a few classes, with some that never occur and constant ones among them."""
    classes, rows = draw(st.integers(2, 5)), draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    logits = rng.integers(0, draw(st.integers(1, 4)), (rows, classes)).astype(np.float32)
    return logits, rng.integers(0, draw(st.integers(1, classes)), rows)


@given(tables())
@settings(deadline=None, max_examples=20)
@pytest.mark.filterwarnings("ignore:A single label was found")
def test_classification_is_that_of_scikit_learn(table):
    logits, labels = table
    told, ours = logits.argmax(-1), evaluate("classification", logits, labels)
    p, r, f, _ = sklearn.precision_recall_fscore_support(labels, told, average="macro", zero_division=0)
    assert (ours["macro_precision"], ours["macro_recall"], ours["macro_f1"]) == pytest.approx((p, r, f), abs=1e-12)
    assert ours["accuracy"] == sklearn.accuracy_score(labels, told)
    assert ours["mcc"] == pytest.approx(sklearn.matthews_corrcoef(labels, told), abs=1e-12)


@given(tables())
@settings(deadline=None, max_examples=15)
def test_the_report_is_that_of_scikit_learn(table):
    logits, labels = table
    names = [f"name {i}" for i in range(logits.shape[1])]
    how = {"labels": range(len(names)), "target_names": names, "zero_division": 0}
    text, values = class_report(logits, labels, names)
    told = logits.argmax(-1)
    theirs = sklearn.classification_report(labels, told, digits=4, **how)
    assert text == re.sub(r"(\d)\.0$", r"  \1", theirs, flags=re.MULTILINE)  # where no row is right it prints 2.0 rows
    theirs = sklearn.classification_report(labels, told, output_dict=True, **how)
    assert values.keys() == theirs.keys()
    assert all(values[name] == pytest.approx(theirs[name]) for name in theirs)


@given(tables(), st.floats(-3, 3))
@settings(deadline=None, max_examples=30)
def test_a_regression_is_that_of_scikit_learn_and_scipy(table, shift):
    guesses, labels = table[0][:, 0] / 3 + shift, table[1].astype(np.float32)
    ours = evaluate("regression", guesses, labels)
    given_exactly = labels.astype(float), guesses.astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constants, whose correlation is NaN for both
        theirs = [stats.pearsonr(*given_exactly)[0], stats.spearmanr(*given_exactly)[0]]
        r2 = sklearn.r2_score(*given_exactly)
    assert [ours["pearson"], ours["spearmanr"]] == pytest.approx(theirs, abs=1e-6, nan_ok=True)
    assert ours["r2"] == pytest.approx(r2, rel=1e-5, abs=1e-6)
    assert ours["mse"] == pytest.approx(sklearn.mean_squared_error(*given_exactly), rel=1e-5)


@given(tables())
@settings(deadline=None, max_examples=15)
def test_several_labels_are_scored_as_by_scikit_learn(table):
    logits, labels = table[0] - 1, np.eye(table[0].shape[1])[table[1]]
    ours, told = evaluate("multilabel", logits, labels), logits > 0
    for how in ("micro", "macro"):
        assert ours[f"{how}_f1"] == pytest.approx(sklearn.f1_score(labels, told, average=how, zero_division=0))
    assert ours["subset_accuracy"] == pytest.approx(sklearn.accuracy_score(labels, told))
    assert ours["hamming_loss"] == pytest.approx(sklearn.hamming_loss(labels, told))

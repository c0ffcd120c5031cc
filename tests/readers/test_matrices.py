"""Confusion matrices as files: CSV and TSV in either orientation, cells line by line, JSON, and what is refused."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.api import diagnose
from diagnose.errors import UnreadableInputError
from diagnose.readers import read, read_text

TRUTH = {"cat": {"cat": 50, "dog": 3}, "dog": {"cat": 7, "dog": 40}}
STATED, ASSUMED = (), ("rows_are_true=true",)


def only(source):
    (run,) = read(str(source))
    (evaluation,) = run.evaluations
    return evaluation


def write(folder, text, name="table.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path):
    with pytest.raises(UnreadableInputError) as caught:
        read(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "assumes"),
    [
        ("actual\\predicted,cat,dog\ncat,50,3\ndog,7,40\n", STATED),
        ("True/Predicted;cat;dog\ncat;50;3\ndog;7;40\n", STATED),
        ("y_true,cat,dog\ncat,50,3\ndog,7,40\n", STATED),
        ("predicted\tcat\tdog\ncat\t50\t7\ndog\t3\t40\n", STATED),
        ("predicted label vs true label,cat,dog\ncat,50,7\ndog,3,40\n", STATED),
        (",pred_cat,pred_dog\ntrue_cat,50,3\ntrue_dog,7,40\n", STATED),
        (",Actual cat,Actual dog\nPredicted cat,50,7\nPredicted dog,3,40\n", STATED),
        (",cat,dog\ncat,50,3\ndog,7,40\n", ASSUMED),
        ("row_0,dog,cat\ndog,40,7\ncat,3,50\n", ASSUMED),
        ("cat,dog\ncat,50,3\ndog,7,40\n", ASSUMED),
        (",cat,dog\ncat,50.0,3.0\ndog,7.0,40.0\n", ASSUMED),
        (",,predicted,predicted\n,,cat,dog\nactual,cat,50,3\nactual,dog,7,40\n", STATED),
        ("actual,cat,dog,All\ncat,50,3,53\ndog,7,40,47\nAll,57,43,100\n", STATED),
        ("true,predicted,count\ncat,cat,50\ncat,dog,3\ndog,cat,7\ndog,dog,40\n", STATED),
        ("Predicted,Actual,N,\n", None),
        ("prediction;label;n\ncat;cat;50\ndog;cat;3\ncat;dog;7\ndog;dog;40\n", STATED),
    ],
)
def test_a_matrix_as_text(tmp_path, text, assumes):
    path = write(tmp_path, text)
    if assumes is None:
        refusal(path)
        return
    evaluation = only(path)
    assert evaluation.matrix == TRUTH
    assert evaluation.matrix_assumes == assumes


def test_the_crosstab_of_pandas_with_names_and_margins(tmp_path):
    y, p = ["cat"] * 53 + ["dog"] * 47, ["cat"] * 50 + ["dog"] * 3 + ["cat"] * 7 + ["dog"] * 40
    for name, table in (
        ("a", pd.crosstab(pd.Series(y, name="actual"), pd.Series(p, name="predicted"))),
        ("b", pd.crosstab(pd.Series(y, name="actual"), pd.Series(p, name="predicted"), margins=True)),
        ("c", pd.crosstab(pd.Series(p, name="y_pred"), pd.Series(y, name="y_true"))),
    ):
        table.to_csv(tmp_path / f"{name}.csv")
        assert only(tmp_path / f"{name}.csv").matrix == TRUTH, name


def test_a_class_may_have_the_name_of_a_side(tmp_path):
    evaluation = only(write(tmp_path, ",Predicted Real,Predicted Fake\nReal,50,3\nFake,7,40\n"))
    assert evaluation.matrix == {"Real": {"Real": 50, "Fake": 3}, "Fake": {"Real": 7, "Fake": 40}}
    assert evaluation.matrix_assumes == STATED


@pytest.mark.parametrize("name", ["confusion_matrix.csv", "cm.csv", "test-cm.tsv"])
def test_bare_numbers_are_a_matrix_where_the_file_says_so(tmp_path, name):
    np.savetxt(tmp_path / name, np.array([[50, 3], [7, 40]]), delimiter="\t" if name.endswith("tsv") else ",", fmt="%d")
    evaluation = only(tmp_path / name)
    assert evaluation.matrix == {"0": {"0": 50, "1": 3}, "1": {"0": 7, "1": 40}}
    assert evaluation.matrix_assumes == ASSUMED
    assert evaluation.split == ("test" if name.startswith("test") else "eval")


def test_a_square_array_of_numpy_is_a_matrix(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[50, 3], [7, 40]]))
    np.savez(tmp_path / "b.npz", confusion=np.array([[50.0, 3.0], [7.0, 40.0]]), labels=np.array(["cat", "dog"]))
    for name in ("a.npy", "b.npz"):
        assert only(tmp_path / name).matrix == {"0": {"0": 50, "1": 3}, "1": {"0": 7, "1": 40}}
        assert only(tmp_path / name).matrix_assumes == ASSUMED


def test_bare_numbers_elsewhere_are_not(tmp_path):
    assert "no metric found" in refusal(write(tmp_path, "50,3\n7,40\n", "numbers.csv"))


def test_shares_become_counts_only_beside_supports(tmp_path):
    shares = ",cat,dog,support\ncat,0.943,0.057,53\ndog,0.149,0.851,47\n"
    assert only(write(tmp_path, shares)).matrix == TRUTH
    assert "shares, not counts" in refusal(write(tmp_path, ",cat,dog\ncat,0.943,0.057\ndog,0.149,0.851\n"))
    assert "shares, not counts" in refusal(write(tmp_path, ",cat,dog,support\ncat,0.9,0.1,530\ndog,0.1,0.9,470\n"))
    assert "shares, not counts" in refusal(write(tmp_path, ",cat,dog\ncat,1,0\ndog,0,1\n"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (",cat,dog\ncat,50,3\ndog,-7,40\n", "negative"),
        (",cat,dog\ncat,50,nan\ndog,7,40\n", "empty or NaN"),
        ("actual,cat,dog\ncat,50,\ndog,7,40\n", "empty or NaN"),
        ("actual,cat,dog,eel\ncat,50,3,1\ndog,7,40,1\n", "square, this one is 2 x 3"),
        ("actual,cat,dog\ncat,50,3\ncow,7,40\n", "on one side only"),
        ("actual,cat,dog,All\ncat,50,3,53\ndog,7,40,48\n", "not the sum"),
        ("true,predicted,count\ncat,cat,50\ncat,dog,-3\n", "no count"),
        ("actual,cat,dog\ncat,0,0\ndog,0,0\n", "without rows"),
    ],
)
def test_what_is_no_matrix_is_refused_in_one_line(tmp_path, text, said):
    assert said in refusal(write(tmp_path, text))


@pytest.mark.parametrize(
    ("line", "said"),
    [("a,b,-3", "no count of rows"), ("a,b,1.5", "no count of rows"), ("a,b,many", "no cell"), ("a,a,4", "again")],
)
def test_lines_of_counts_are_never_read_as_rows_of_predictions(tmp_path, line, said):
    assert said in refusal(write(tmp_path, f"actual,predicted,count\na,a,5\n{line}\n"))


@pytest.mark.parametrize(
    ("cells", "reason"),
    [([[0, 0], [0, 0]], "a confusion matrix without a row"), ([[5, 1], [10**400, 2]], "a cell that is no count")],
)
def test_a_matrix_that_says_nothing_is_listed_as_unread(cells, reason):
    (run,) = read_text(json.dumps({"accuracy": 0.5, "confusion_matrix": cells}))
    assert run.evaluations[0].matrix is None
    assert reason in run.unread[-1].reason


def test_a_table_of_metrics_stays_one():
    (run,) = read_text("model,accuracy,f1\na,0.51,0.62\nb,0.73,0.84\n")[:1]
    assert run.evaluations[0].matrix is None


@pytest.mark.parametrize(
    "tree",
    [
        {"confusion_matrix": {"cat": {"cat": 50, "dog": 3}, "dog": {"cat": 7, "dog": 40}}},
        {"columns": ["cat", "dog"], "index": ["cat", "dog"], "data": [[50, 3], [7, 40]]},
        {"confusion_matrix": {"columns": ["cat", "dog"], "index": ["cat", "dog"], "data": [[50, 3], [7, 40]]}},
        {"confusion_matrix": {"labels": ["cat", "dog"], "matrix": [[50.0, 3.0], [7.0, 40.0]]}},
        {"classes": ["cat", "dog"], "confusion_matrix": [[50, 3], [7, 40]]},
    ],
)
def test_a_matrix_in_json(tree):
    (run,) = read_text(json.dumps(tree))
    (evaluation,) = run.evaluations
    assert (evaluation.matrix, evaluation.matrix_assumes, evaluation.task) == (TRUTH, ASSUMED, None)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([[0.9, 0.1], [0.2, 0.8]], "shares, not counts"),
        ([[5, 1], [2, 7], [1, 1]], "square, this one is 3 x 2"),
        ([[5, -1], [2, 7]], "negative"),
        ([[5, None], [2, 7]], "empty or NaN"),
    ],
)
def test_what_is_no_matrix_in_json_is_listed_as_unread(rows, reason):
    (run,) = read_text(json.dumps({"accuracy": 0.8, "confusion_matrix": rows}))
    assert run.evaluations[0].matrix is None
    assert [reason in item.reason for item in run.unread] == [True]


def test_a_printed_normalised_matrix_is_listed_as_unread():
    (run,) = read_text("Confusion matrix:\n[[0.9 0.1]\n [0.2 0.8]]\naccuracy: 0.87\n")
    assert any("shares, not counts" in item.reason for item in run.unread)


LABEL = st.text(alphabet="abcdexyz", min_size=1, max_size=4).filter(lambda s: s not in {"all", "e"})


@given(
    labels=st.lists(LABEL, min_size=2, max_size=5, unique=True),
    data=st.data(),
    true_side=st.sampled_from(["rows", "columns"]),
    totals=st.booleans(),
    delimiter=st.sampled_from([",", "\t", ";"]),
)
@settings(deadline=None, max_examples=60)
def test_every_matrix_survives_writing(labels, data, true_side, totals, delimiter):
    """A labelled matrix is read back as it was written, whichever side is the true one."""
    count = st.integers(min_value=2, max_value=500)
    cells = {a: {b: data.draw(count) for b in labels} for a in labels}
    frame = pd.DataFrame([[cells[a][b] for b in labels] for a in labels], index=labels, columns=labels)
    if totals:
        frame["Total"] = frame.sum(axis=1)
        frame.loc["Total"] = frame.sum()
    frame.index.name = "actual" if true_side == "rows" else "predicted"
    text = io.StringIO()
    frame.to_csv(text, sep=delimiter)
    (run,) = read_text(text.getvalue(), "table.csv")
    turned = {a: {b: cells[b][a] for b in labels} for a in labels}
    assert run.evaluations[0].matrix == (cells if true_side == "rows" else turned)


def test_a_matrix_file_is_judged(tmp_path):
    report = diagnose(write(tmp_path, "actual,cat,dog\ncat,500,0\ndog,300,0\n"))
    assert "dead-class" in {name for f in report.findings for name in (f.rule, *f.consequences)}


@pytest.mark.parametrize("name", ["dog, small, white", "a|b|c|d|e", "&lt;&gt;&amp;;;"])
def test_the_delimiter_is_not_looked_for_in_the_names(tmp_path, name):
    table = pd.DataFrame([[50, 3, 1], [7, 40, 2], [0, 1, 9]], ["cat", "bird", name], ["cat", "bird", name])
    table.to_csv(tmp_path / "confusion_matrix.csv")
    assert only(tmp_path / "confusion_matrix.csv").matrix[name] == {"cat": 0, "bird": 1, name: 9}

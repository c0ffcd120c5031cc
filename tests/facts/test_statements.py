"""What a log says in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from _runs import evaluation_of, facts_of

from diagnose.api import diagnose
from diagnose.types import Value

if TYPE_CHECKING:
    from pathlib import Path

WARNING = "ConstantInputWarning: An input array is constant; the correlation coefficient is not defined."


@pytest.mark.parametrize(("texts", "said"), [((), True), (("nan",), True), (("nan", "0.61"), False)])
def test_a_correlation_that_is_said_to_be_undefined_counts_until_a_number_is_given(texts: tuple[str, ...], said: bool):  # noqa: FBT001  # a parameter of the table
    flag = Value("constant-input", "constant-input", WARNING, float("nan"), "run.log", "line 3")
    rows = [evaluation_of({"pearson": text}, step=float(i)) for i, text in enumerate(texts)]
    found = facts_of(*rows, text_flags={"constant-input": flag}).named("undefined_correlation.words")
    assert [fact.value for fact in found] == [WARNING] * said


def test_a_post_that_only_quotes_the_warning_is_an_error_with_both_readings(tmp_path: Path):
    post = tmp_path / "post.txt"
    post.write_text(f"I fine-tune for one epoch and get\n{WARNING}\nWith two epochs it works.\n")
    (finding,) = diagnose(str(post)).findings
    assert finding.rule == "nan-metric"
    assert "the predictions" in finding.message
    assert "or the labels" in finding.message


def test_code_that_names_the_warning_is_no_result(tmp_path: Path):
    code = tmp_path / "metrics.py"
    code.write_text('warnings.filterwarnings("ignore", category=ConstantInputWarning)\n')
    assert diagnose(str(code)).error is not None

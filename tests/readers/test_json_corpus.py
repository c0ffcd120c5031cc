"""Real JSON files, where they are at hand: every number of each is in the Run, or told as unread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from diagnose.errors import UnreadableInputError
from diagnose.readers import read
from diagnose.readers.json_tree import NumberText, parse_json, pointer
from diagnose.types import Run, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"
FORMATS = ["hf_results_json", "hf_trainer_state", "sklearn_report_json", "allennlp_metrics", "keras_csv_json"]
# What repeats another number of the file: the count of all rows, the sum of operations, the place of a row.
REPEATED = ("support", "total_flos", "step", "epoch")

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the collection of real files is not here")


def leaves(node: Any, at: str = "") -> Iterator[str]:
    if isinstance(node, NumberText):
        yield at
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from leaves(child, pointer(at, key))


def places(run: Run) -> Iterator[str]:
    for evaluation in run.evaluations:
        yield from (value.at for value in evaluation.metrics.values())
        yield from (value.at for row in evaluation.classes for value in row.metrics.values())
    yield from (value.at for point in run.training for value in point.metrics.values())
    yield from (value.at for value in run.config.values() if isinstance(value, Value))
    yield from (item.at for item in run.unread)


@pytest.mark.parametrize("name", FORMATS)
def test_no_number_is_lost(name: str):
    for path in sorted((CORPUS / name).glob("*.json*")):
        read_at = {at for run in read(str(path)) for at in places(run)}
        lost = {at for at in leaves(parse_json(path.read_text())) if at.rpartition("/")[2] not in REPEATED} - read_at
        assert not lost, path.name


def test_files_without_metrics_are_refused():
    for path in sorted((CORPUS / "not_metrics").glob("*.json")):
        with pytest.raises(UnreadableInputError):
            read(str(path))

"""Some hostile files of each place beside their clean twins."""

from __future__ import annotations

import injections
import pytest
from hostile_files import PAYLOADS, PLACES

FEW = injections.few()


@pytest.fixture(scope="module")
def judge():
    with injections.judge() as made:
        yield made


def test_there_are_sixty_files_with_every_payload_and_place():
    assert len(FEW) >= 60
    assert {twins.what for twins in FEW} == PAYLOADS.keys()
    assert {twins.where for twins in FEW} == PLACES.keys()


@pytest.mark.parametrize("twins", FEW, ids=lambda twins: f"{twins.where}-{twins.what}")
def test_a_hostile_file_is_judged_and_shown_as_its_clean_twin(twins, judge):
    found = judge.differences(twins, obey=FEW.index(twins) % 6 == 0)
    assert bool(found) == injections.is_otherwise(twins), "\n".join(found)

"""The law of the facts, on a slice of the proof benchmark: what is proved holds, and what is proved under assumptions.

The generator is that of `benchmarks/forensics.py`, which checks many more reports and counts what is found.
"""

from __future__ import annotations

import pytest

from reports import FAMILIES, judge, report_of

REPORTS = 13
SHARDS = 6
# Other reports than those that the benchmark draws first.
SEED = 20_000


@pytest.mark.parametrize("shard", range(SHARDS))
def test_whatever_is_proved_of_random_reports_is_true(shard: int):
    checked = 0
    for name in list(FAMILIES)[shard::SHARDS]:
        for number in range(REPORTS):
            report = report_of(name, number, SEED)
            outcome = judge(report)
            checked += outcome.checked
            told = f"report_of({name!r}, {number}, {SEED}) --assume {' '.join(report.assume) or 'nothing'}"
            assert not outcome.wrong, f"{told}\n{report.text}\n{outcome.wrong[0]}"
    assert checked > REPORTS * len(FAMILIES) / SHARDS


@pytest.mark.parametrize("name", FAMILIES)
def test_a_report_is_the_same_for_the_same_number_and_seed_and_can_be_read(name: str):
    assert report_of(name, 3, SEED).text == report_of(name, 3, SEED).text != report_of(name, 4, SEED).text
    assert not judge(report_of(name, 3, SEED)).unread

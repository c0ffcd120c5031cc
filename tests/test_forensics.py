"""The proof benchmark sees unsound changes: each is planted at its root, and random reports refute it."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import forensics
import pytest

from diagnose import facts, interval
from diagnose.facts import _binary
from diagnose.types import Proof
from reports import judge, report_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from diagnose.types import Fact

REPORTS = 150
Patch = pytest.MonkeyPatch


def rounding_is_assumed(patch: Patch) -> None:
    """Read every number as rounded to the nearest."""
    printed = interval._printed
    patch.setattr(interval, "_printed", lambda count, shift, **_: printed(count, shift, rounded=True))


def doubles_are_never_float32(patch: Patch) -> None:
    """Read a float32's double as a double computed with doubles."""
    patch.setattr(interval, "_float32", lambda number: interval._around(number, 4e-16))


def the_certificate_is_dropped(patch: Patch) -> None:
    """Take the simplest fractions of the scores for the only ones, however many rows there are."""
    patch.setattr(_binary, "_unique_below", lambda *_: 10**30)


def without(assumption: str) -> Callable[[Patch], None]:
    """Return the change that leaves an assumption out of every fact."""

    def plant(patch: Patch) -> None:
        finish = facts._as_read

        def silent(fact: Fact, scales: Mapping[int, str]) -> Fact:
            fact = finish(fact, scales)
            kept = tuple(a for a in fact.assumes if a.partition("=")[0] != assumption)
            proof = Proof.PROVED if fact.proof is Proof.PROVED_IF and not kept else fact.proof
            return replace(fact, assumes=kept, proof=proof)

        patch.setattr(facts, "_as_read", silent)

    return plant


PLANTS: dict[str, tuple[Callable[[Patch], None], Sequence[str]]] = {
    "rounding assumed": (rounding_is_assumed, ["binary given cut", "table cut"]),
    "float32 ignored": (doubles_are_never_float32, ["binary given f32", "table f32"]),
    "certificate dropped": (the_certificate_is_dropped, ["binary unknown f32", "binary timed f32"]),
    "zero_division ignored": (without("zero_division"), ["table any", "macro averages"]),
    "full_precision ignored": (without("full_precision"), ["mixed precision binary", "mixed precision macro"]),
    "same_unit ignored": (without("same_unit"), ["seqeval", "tokens beside sentences"]),
    "same_average ignored": (without("same_average"), ["folds macro", "batch means beside a matrix"]),
    "one_matrix ignored": (without("one_matrix"), ["folds binary", "tokens beside sentences", "macro averages"]),
    "same_rows ignored": (without("same_rows"), ["regression other sets"]),
    "single_label ignored": (without("single_label"), ["multi-label table", "multi-label macro"]),
    "all_classes_listed ignored": (without("all_classes_listed"), ["table incomplete"]),
    "timing_same_rows ignored": (without("timing_same_rows"), ["timing of other rows"]),
    "argmax ignored": (without("argmax"), ["loss threshold"]),
    "unweighted_loss ignored": (without("unweighted_loss"), ["loss weighted"]),
}


def reports_of(families: Sequence[str]) -> Iterator[tuple[str, int]]:
    return ((family, number) for number in range(REPORTS) for family in families)


def first_wrong(families: Sequence[str]) -> tuple[str, int] | None:
    return next((place for place in reports_of(families) if judge(report_of(*place)).wrong), None)


def forget() -> None:
    """Empty every cache of the package: the intervals of a number are kept."""
    modules = [module for name, module in sys.modules.items() if name.startswith("diagnose")]
    for value in [value for module in modules for value in vars(module).values()]:
        if callable(getattr(value, "cache_clear", None)):
            value.cache_clear()


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_unsound_change_is_refuted_by_reports_that_are_clean_without_it(name: str):
    plant, families = PLANTS[name]
    with pytest.MonkeyPatch.context() as patch:
        forget()
        plant(patch)
        found = first_wrong(families)
    forget()
    assert found is not None
    for place in reports_of(families):
        assert not judge(report_of(*place)).wrong, place
        if place == found:
            break


def run(monkeypatch: Patch, *options: str) -> int:
    monkeypatch.setattr(sys, "argv", ["forensics.py", *options])
    return forensics.main()


def test_the_benchmark_is_red_where_a_proof_is_wrong(monkeypatch: Patch, capsys: pytest.CaptureFixture[str]):
    options = "--reports", "60", "--family", "mixed precision"
    assert run(monkeypatch, *options) == 0
    without("full_precision")(monkeypatch)
    assert run(monkeypatch, *options) == 1
    assert "WRONG" in capsys.readouterr().out


def test_the_benchmark_is_red_where_too_little_is_found(monkeypatch: Patch, capsys: pytest.CaptureFixture[str]):
    options = "--reports", "40", "--family", "binary unknown f64"
    assert run(monkeypatch, *options) == 0
    monkeypatch.setattr(_binary, "_unique_below", lambda *_: 1)
    assert run(monkeypatch, *options) == 1
    assert "LOW" in capsys.readouterr().out


def test_the_benchmark_says_which_facts_have_no_known_truth(monkeypatch: Patch, capsys: pytest.CaptureFixture[str]):
    run(monkeypatch, "--reports", "20", "--family", "binary any", "--seed", "5")
    out: Any = capsys.readouterr().out
    assert "facts without a known truth:" in out
    assert "wrong implied facts:" in out

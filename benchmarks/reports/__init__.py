"""Random reports as text with known truth: one generator for the proof benchmark and for the law tests.

    family.make(rng) -> Report(text, truths, assume, wanted)     one report of a family
    judge(report) -> Outcome                                     its facts, held against the truth

A module of the folder `families` with FAMILIES is all it takes to add some. Nothing here is drawn from real reports:
the numbers come from random matrices, labels and predictions, printed as programs print them.
"""

from __future__ import annotations

import importlib
import pkgutil
from random import Random
from typing import TYPE_CHECKING

from reports import families
from reports.judging import Outcome, judge
from reports.truth import Report, Truth

if TYPE_CHECKING:
    from reports.family import Family

__all__ = ["FAMILIES", "Outcome", "Report", "Truth", "judge", "report_of"]


def _found() -> dict[str, Family]:
    modules = (
        importlib.import_module(f"{families.__name__}.{m.name}") for m in pkgutil.iter_modules(families.__path__)
    )
    return {family.name: family for module in modules for family in module.FAMILIES}


FAMILIES: dict[str, Family] = _found()


def report_of(family: str, number: int, seed: int = 0) -> Report:
    """Return one report of a family: always the same for the same number and seed."""
    return FAMILIES[family].make(Random(f"{seed}/{family}/{number}"))

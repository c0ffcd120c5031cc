"""What the facts prove of random reports with known truth, and how often they find what can be found.

    python benchmarks/forensics.py [--reports N] [--seed S] [--family WORDS]

The status is 1 where anything that was called proved (or proved under assumptions that hold) is wrong, or where the
wanted fact of a family is found more than 5 points more rarely than in the prototype of the project's forensics.
The families and their populations are described in the modules of `reports/families`.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reports import FAMILIES, judge, report_of

if TYPE_CHECKING:
    from diagnose.types import Fact
    from reports import Outcome

BELOW = 0.05
SHOWN = 10
LINES = 12


@dataclass
class Tally:
    """The sums over the reports of one family."""

    reports: int = 0
    checked: int = 0
    wrong: list[tuple[int, Fact]] = field(default_factory=list)
    wrong_implied: Counter[str] = field(default_factory=Counter)
    wanted: int = 0
    found: int = 0

    def add(self, number: int, outcome: Outcome) -> None:
        """Take in the outcome of one report."""
        self.reports += 1
        self.checked += outcome.checked
        self.wrong += [(number, fact) for fact in outcome.wrong]
        self.wrong_implied.update(fact.name for fact in outcome.wrong_implied)
        self.wanted += outcome.found is not None
        self.found += bool(outcome.found)

    @property
    def recall(self) -> float | None:
        """In what share of the reports the wanted fact was found; None where none is wanted."""
        return self.found / self.wanted if self.wanted else None


def main() -> int:
    """Print the table; the status is 1 where a proof is wrong or a recall too low."""
    options = _options()
    names = [name for name in FAMILIES if options.family in name]
    each, times = math.ceil(options.reports / max(len(names), 1)), []
    missing: Counter[str] = Counter()
    tallies: dict[str, Tally] = {name: Tally() for name in names}
    judge(report_of("binary any", 0))  # the modules are loaded once in a process
    for name, tally in tallies.items():
        for number in range(each):
            outcome = judge(report_of(name, number, options.seed))
            tally.add(number, outcome)
            times.append(outcome.seconds * 1000)
            missing += outcome.without_truth
            missing["(unread report)"] += outcome.unread
            missing.update({f"(assumption) {name}": n for name, n in outcome.unknown_assumptions.items()})
    low = _print_table(tallies)
    _print_wrong(tallies, options.seed)
    implied: Counter[str] = sum((tally.wrong_implied for tally in tallies.values()), Counter())
    print("wrong implied facts:", ", ".join(f"{name} {n}" for name, n in implied.most_common()) or "none")
    print("facts without a known truth:", ", ".join(f"{name} {n}" for name, n in missing.most_common()) or "none")
    cuts = statistics.quantiles(times, n=100)
    print(f"facts.derive: p50 {cuts[49]:.2f} ms   p95 {cuts[94]:.2f} ms   max {max(times):.1f} ms")
    return int(low or any(tally.wrong for tally in tallies.values()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Attack the facts with random reports of known truth.")
    parser.add_argument("--reports", type=int, default=20_000, help="how many in all, shared out over the families")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--family", default="", help="only families whose name contains this")
    return parser.parse_args()


def _print_table(tallies: dict[str, Tally]) -> bool:
    """Print a line for each family; return whether the recall of one is too low."""
    too_low = False
    width = max(map(len, tallies), default=0)
    print(f"{'family':{width}}  reports   checks  wrong  implied wrong  found  to reach")
    for name, tally in tallies.items():
        bar = FAMILIES[name].bar
        below = bar is not None and tally.recall is not None and tally.recall < bar - BELOW
        too_low |= below
        found = "" if tally.recall is None else f"{tally.recall:.1%}"
        aim = "" if bar is None else f"{bar:.1%}"
        print(
            f"{name:{width}} {tally.reports:8} {tally.checked:8} {len(tally.wrong):6} "
            f"{sum(tally.wrong_implied.values()):14} {found:>6} {aim:>9}{'  LOW' if below else ''}"
        )
    sums = [sum(getattr(tally, part) for tally in tallies.values()) for part in ("reports", "checked")]
    print(f"{'all':{width}} {sums[0]:8} {sums[1]:8} {sum(len(tally.wrong) for tally in tallies.values()):6}")
    return too_low


def _print_wrong(tallies: dict[str, Tally], seed: int) -> None:
    """Print the first wrong proof of every kind, with the report that shows it."""
    kinds: dict[tuple[str, str], list[tuple[int, Fact]]] = {}
    for name, tally in tallies.items():
        for number, fact in tally.wrong:
            kinds.setdefault((name, fact.name), []).append((number, fact))
    for (name, fact_name), found in sorted(kinds.items(), key=lambda item: -len(item[1]))[:SHOWN]:
        number, fact = found[0]
        print(f"\nWRONG {fact_name} {len(found)} times; report_of({name!r}, {number}, {seed}):")
        print(f"  {fact.value} ({fact.proof}, {', '.join(fact.assumes)}): {fact.because}")
        lines = report_of(name, number, seed).text.splitlines()
        print(*(f"  {line}" for line in lines[:LINES]), *(["  ..."] if len(lines) > LINES else []), sep="\n")
    print()


if __name__ == "__main__":
    sys.exit(main())

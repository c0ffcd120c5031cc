"""How well `check_reply` tells true sentences about a report from false ones.

    python benchmarks/verifier.py [--paraphrases N] [--mutants N] [--seed N] [--show N]

True sentences are written from templates about the fixtures and about random reports, in mixed number formats; the
templates that were kept aside while the checker was built are counted apart. False ones are true ones with one thing
changed. Caught: not marked supported. Status 1 where more than 1 % of the true sentences are refused, or more than 1 %
of the wrong numbers of a kind pass.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

from diagnose.api import check_text, diagnose
from diagnose.llm.reply import Mark, check_reply
from replies.mutants import KINDS, NUMBERS, mutant, wrong_citation
from replies.paraphrases import paraphrases
from replies.templates import HELD_OUT, SEEN
from reports import FAMILIES, report_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.types import Report

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
LARGEST_SHARE = 0.01
_WRONG_CITATION = "wrong citation"


def reports(seed: int) -> Iterator[Report]:
    """Yield fixtures and random reports by turns, without end."""
    cases = sorted(path for path in FIXTURES.glob("*/*") if path.is_dir())
    files = [
        file for case in cases for file in sorted(case.iterdir()) if file.name not in ("ORIGIN.md", "expected.json")
    ]
    Random(f"fixtures/{seed}").shuffle(files)
    number = 0
    while True:
        for index, family in enumerate(FAMILIES):
            if files and number * len(FAMILIES) + index < 2 * len(files):
                report = diagnose(files[(number * len(FAMILIES) + index) % len(files)])
                if report.error is None:
                    yield report
            made = report_of(family, number, seed)
            report = check_text(made.text, assume=tuple(made.assume or ()))
            if report.error is None:
                yield report
        number += 1


def marks(report: Report, sentences: Sequence[str]) -> list[tuple[Mark, str]]:
    """Return the worst mark of each sentence, with its reason: each stands in a paragraph of its own."""
    order = [Mark.CONTRADICTED, Mark.UNSUPPORTED, Mark.SUPPORTED, Mark.NO_CLAIM]
    text = "\n\n".join(sentence.replace("\n", " ") for sentence in sentences)
    found: dict[int, tuple[Mark, str]] = {}
    for item in check_reply(report, text):
        known = found.get(item.place)
        if known is None or order.index(item.mark) < order.index(known[0]):
            found[item.place] = (item.mark, item.reason)
    return [found.get(2 * i + 1, (Mark.NO_CLAIM, "nothing was read")) for i in range(len(sentences))]


def measure_paraphrases(wanted: int, seed: int) -> dict[str, tuple[Counter[str], list[tuple[str, str, str]]]]:
    """Return, for the seen templates and those kept aside, how many sentences of each kind, and those refused."""
    rng = Random(f"paraphrases/{seed}")
    out = {name: (Counter[str](), list[tuple[str, str, str]]()) for name in ("seen", "held out")}
    stream = reports(seed)
    while any(sum(counts.values()) < wanted // 2 for counts, _ in out.values()):
        report = next(stream)
        for name, templates in (("seen", SEEN), ("held out", HELD_OUT)):
            counts, refused = out[name]
            said = list(paraphrases(report, rng, templates, 12))
            for item, (mark, reason) in zip(said, marks(report, [s.text for s in said]), strict=True):
                counts[item.source.kind] += 1
                question = item.source.kind == "question" and mark is Mark.NO_CLAIM
                if mark is not Mark.SUPPORTED and not question:
                    refused.append((item.source.kind, item.text, f"{mark.value}: {reason}"))
    return out


def measure_mutants(wanted: int, seed: int) -> tuple[Counter[str], dict[str, list[tuple[str, str]]]]:
    """Return how many mutants of each kind there were, and those that passed as supported."""
    rng = Random(f"mutants/{seed}")
    counts: Counter[str] = Counter()
    passed: dict[str, list[tuple[str, str]]] = defaultdict(list)
    kinds = [*KINDS, _WRONG_CITATION]
    stream = reports(seed + 1)
    for _ in range(40 * wanted):
        if all(counts[kind] >= wanted for kind in kinds):
            break
        report = next(stream)
        true = list(paraphrases(report, rng, SEEN, 24))
        made: list[tuple[str, str]] = []
        for kind in kinds:
            if counts[kind] >= wanted:
                continue
            if kind == "findings dropped" and not report.findings:
                continue
            for said in rng.sample(true, len(true))[: 8 if kind not in ("verdict flipped", "finding negated") else 24]:
                spoiled = wrong_citation(report, said, rng) if kind == _WRONG_CITATION else mutant(kind, said, rng)
                if spoiled is not None and spoiled != said.text:
                    made.append((kind, spoiled))
        for (kind, text), (mark, reason) in zip(made, marks(report, [t for _, t in made]), strict=True):
            counts[kind] += 1
            if mark is Mark.SUPPORTED:
                passed[kind].append((text, reason))
    return counts, passed


def main() -> int:
    """Measure and print; 1 where a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paraphrases", type=int, default=2000, help="true sentences (default: 2000)")
    parser.add_argument("--mutants", type=int, default=1000, help="false sentences of each kind (default: 1000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=3, help="examples of each kind of miss (default: 3)")
    arguments = parser.parse_args()
    start = perf_counter()
    broken = False
    for name, (counts, refused) in measure_paraphrases(arguments.paraphrases, arguments.seed).items():
        total = sum(counts.values())
        print(f"true sentences, {name} templates: {total:,}, refused {len(refused)} ({len(refused) / total:.2%})")
        print("  " + ", ".join(f"{kind} {number}" for kind, number in counts.most_common()))
        for kind, text, reason in refused[: 4 * arguments.show]:
            print(f"  refused ({kind}): {text!a}\n      {reason}")
        broken |= len(refused) > LARGEST_SHARE * total
    counts, passed = measure_mutants(arguments.mutants, arguments.seed)
    print(f"\n{'false sentences':<28}{'made':>7}{'caught':>9}")
    for kind in [*KINDS, _WRONG_CITATION]:
        missed = len(passed[kind])
        print(f"{kind:<28}{counts[kind]:>7,}{1 - missed / max(counts[kind], 1):>9.1%}")
        broken |= kind in NUMBERS and missed > LARGEST_SHARE * counts[kind]
    for kind, examples in passed.items():
        for text, reason in examples[: arguments.show]:
            print(f"  passed ({kind}): {text!a}\n      {reason}")
    print(f"\n{perf_counter() - start:.0f} s")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())

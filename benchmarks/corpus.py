"""Judge a corpus of real metric files with known verdicts: what was read, what was missed, what was cried over.

    python benchmarks/corpus.py [CORPUS] [--all] [--names]

CORPUS (default ../shared/corpus) holds INDEX.jsonl with `local`, `format` and, for some, `verdict`. Without --all
only the formats that the main job reads are judged.
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import statistics
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnose.api import diagnose
from diagnose.types import Report, Severity, Value, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMATS = ("hf_", "sklearn_report_", "analysis_md", "forum_posts", "not_metrics")
DEGENERATE = ("majority-collapse", "constant-prediction", "nan", "near-zero P&R")
SECONDS = 10.0
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.\d+|\d+)(?:[eE][-+]?\d+)?(?![\w.])|\bnan\b", re.IGNORECASE)


def main() -> None:
    """Judge the corpus and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", nargs="?", type=Path, default=Path(__file__).parents[2] / "shared" / "corpus")
    parser.add_argument("--all", action="store_true", help="every format, not only those of the main job")
    parser.add_argument("--names", action="store_true", help="name the files that were not read in full")
    options = parser.parse_args()
    index = [json.loads(line) for line in (options.corpus / "INDEX.jsonl").read_text(encoding="utf-8").splitlines()]
    entries = [e for e in index if options.all or e["format"].startswith(FORMATS)]
    outcomes = [judge(options.corpus / entry["local"], entry) for entry in entries]
    print_formats(outcomes)
    print_labels(outcomes)
    print_incomplete(outcomes, named=options.names)


def judge(path: Path, entry: dict[str, Any]) -> dict[str, Any]:
    """Diagnose one file and note what happened."""
    start = time.perf_counter()
    report, failure = None, ""
    try:
        report = diagnose(str(path))
    except Exception:  # noqa: BLE001  # the very thing that is counted
        failure = traceback.format_exc()
    seconds = time.perf_counter() - start
    return {**entry, "report": report, "failure": failure, "seconds": seconds, "share": share_read(path, report)}


def share_read(path: Path, report: Report | None) -> float | None:
    """Return the share of the numbers in the file's JSON leaves or pipe tables that are in the Run, or None."""
    wanted = collections.Counter(number for number in written_numbers(path) if number)
    if report is None or report.error is not None or not wanted:
        return None
    held = collections.Counter(float(v.text) if v.text.lower() != "nan" else "nan" for v in values_of(report))
    # A number that stands in several tables is one value: presence counts, not multiplicity.
    return sum(number in held for number in wanted) / len(wanted)


def written_numbers(path: Path) -> Iterator[float | str]:
    """Yield the numbers of the file's table cells, or of its JSON leaves."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    try:
        yield from leaves(json.loads(text))
    except ValueError:
        for line in text.splitlines():
            if line.lstrip().startswith("|"):
                for word in NUMBER.findall(line):
                    yield "nan" if word.lower() == "nan" else float(word)


def leaves(tree: Any) -> Iterator[float | str]:
    """Yield every number of a JSON tree."""
    if isinstance(tree, dict):
        for value in tree.values():
            yield from leaves(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from leaves(value)
    elif isinstance(tree, (int, float)) and not isinstance(tree, bool):
        yield "nan" if tree != tree else float(tree)  # noqa: PLR0124  # that is what NaN is


def values_of(report: Report) -> Iterator[Value]:
    """Yield every value that was read."""
    for run in report.runs:
        for evaluation in run.evaluations:
            yield from evaluation.metrics.values()
            for row in evaluation.classes:
                yield from row.metrics.values()
            if evaluation.step is not None:
                yield Value("step", "step", repr(evaluation.step), evaluation.step)
            if evaluation.epoch is not None:
                yield Value("epoch", "epoch", repr(evaluation.epoch), evaluation.epoch)
        for point in run.training:
            yield from point.metrics.values()
        yield from (value for value in run.config.values() if isinstance(value, Value))


def errors_of(outcome: dict[str, Any]) -> list[str]:
    """Return the names of the error findings."""
    report = outcome["report"]
    return [] if report is None else [f.rule for f in report.findings if f.severity is Severity.ERROR]


def print_formats(outcomes: list[dict[str, Any]]) -> None:
    """Print a line a format, and the failures in full."""
    print(f"{'format':24} {'files':>5} {'read':>5} {'unread':>6} {'trace':>5} {'slow':>4} {'p95 ms':>7}  verdicts")
    groups = collections.defaultdict(list)
    for outcome in outcomes:
        groups[outcome["format"]].append(outcome)
    for name, group in sorted(groups.items()):
        read = [o for o in group if o["report"] is not None and o["report"].error is None]
        verdicts = collections.Counter(str(o["report"].verdict) for o in read)
        times = sorted(o["seconds"] * 1000 for o in group)
        print(
            f"{name:24} {len(group):5} {len(read):5} {len(group) - len(read):6} "
            f"{sum(bool(o['failure']) for o in group):5} {sum(o['seconds'] > SECONDS for o in group):4} "
            f"{percentile(times):7.1f}  {dict(verdicts)}"
        )
    times = sorted(o["seconds"] * 1000 for o in outcomes)
    print(
        f"all: {len(outcomes)} files, median {statistics.median(times):.1f} ms, p95 {percentile(times):.1f} ms, "
        f"largest {times[-1]:.0f} ms, over 50 ms: {sum(t > 50 for t in times)}"
    )
    for outcome in outcomes:
        if outcome["failure"]:
            print(outcome["local"], outcome["failure"])


def percentile(times: list[float]) -> float:
    """Return the 95th percentile of sorted times."""
    return times[int(0.95 * (len(times) - 1))]


def print_labels(outcomes: list[dict[str, Any]]) -> None:
    """Print false alarms on healthy files, misses on degenerate ones, and non-metric files that got a verdict."""
    healthy = [o for o in outcomes if o.get("verdict") == "healthy"]
    alarmed = [o for o in healthy if errors_of(o)]
    print(f"\nhealthy: {len(healthy)} files, with an error finding: {len(alarmed)}")
    for o in alarmed:
        print(f"  {o['local']}: {errors_of(o)}; {o['evidence'][:160]}")
    sick = [o for o in outcomes if o.get("verdict") in DEGENERATE]
    missed = [o for o in sick if not errors_of(o)]
    print(f"degenerate: {len(sick)} files, with an error finding: {len(sick) - len(missed)}; misses:")
    for o in missed:
        report = o["report"]
        state = "failed" if report is None else report.error.message if report.error else str(report.verdict)
        print(f"  {o['local']} ({o['verdict']}): {state[:80]}; {o['evidence'][:200]}")
    others = [o for o in outcomes if o["format"] == "not_metrics" and o["report"] is not None]
    judged = [o for o in others if o["report"].error is None and o["report"].verdict is not Verdict.UNKNOWN]
    print(f"not metrics: {len(others)} files, with another verdict than unknown: {len(judged)}")
    for o in judged:
        print(f"  {o['local']}: {o['report'].verdict}")


def print_incomplete(outcomes: list[dict[str, Any]], *, named: bool) -> None:
    """Print how much of the files' numbers was read."""
    shares = [o for o in outcomes if o["share"] is not None]
    full = [o for o in shares if o["share"] == 1]
    print(f"\nnumbers of tables and JSON leaves in the Run: all in {len(full)} of {len(shares)} files that were read")
    if named:
        for o in sorted(shares, key=lambda o: o["share"]):
            if o["share"] < 1:
                print(f"  {o['share']:.2f} {o['local']}")


if __name__ == "__main__":
    main()

"""How long one file takes, judged inside one process: every file of a folder, from reading to the report.

    python benchmarks/throughput.py [FOLDER]

The folder is ../shared/corpus beside the checkout where none is named. 95 % of the files must take less than 50 ms.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter
from pathlib import Path

from diagnose import check_text, diagnose

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
LIMIT_MS = 50.0
SHARE = 0.95
SHOWN = 20


def main() -> int:
    """Print the figures; the status is 1 where fewer than 95 % of the files keep to the limit."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    if not paths:
        raise SystemExit(f"{folder}: no files")
    check_text("accuracy: 0.5")  # the rules are loaded once in a process, and startup.py counts that
    times: list[tuple[float, Path]] = []
    verdicts: Counter[str] = Counter()
    for path in paths:
        begin = time.perf_counter()
        report = diagnose(path)
        times.append(((time.perf_counter() - begin) * 1000, path))
        verdicts[report.verdict.value if report.verdict else "unreadable"] += 1
    milliseconds = sorted(ms for ms, _ in times)
    slow = sorted(((ms, path) for ms, path in times if ms > LIMIT_MS), reverse=True)
    within = 1 - len(slow) / len(times)
    cuts = statistics.quantiles(milliseconds, n=100) if len(times) > 1 else milliseconds * 99
    print(f"files {len(times)}: {', '.join(f'{number} {word}' for word, number in verdicts.most_common())}")
    print(f"p50 {cuts[49]:.1f} ms   p95 {cuts[94]:.1f} ms   max {milliseconds[-1]:.1f} ms")
    print(f"within {LIMIT_MS:.0f} ms: {within:.1%} (at least {SHARE:.0%}); over it: {len(slow)}")
    for ms, path in slow[:SHOWN]:
        print(f"  {ms:8.1f} ms  {path.relative_to(folder)}")
    return int(within < SHARE)


if __name__ == "__main__":
    sys.exit(main())

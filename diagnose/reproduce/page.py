"""What a reproduction has shown as a page, on a terminal or as Markdown; and what one would do, before it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.report._words import clean, count
from diagnose.report.markdown import escape, table
from diagnose.reproduce.arms import failure_of, level_of, remedy_arms, rows_learnt
from diagnose.reproduce.experiment import ROUND
from diagnose.reproduce.table import conclusion, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from diagnose.report import Surface
    from diagnose.reproduce.arms import Trial
    from diagnose.reproduce.plan import Plan

__all__ = ["as_markdown", "as_terminal", "dry_run"]

_HEAD = ("what was run", "fails so", "as good as sound", "95 %", "p")
_DIFFERENCES = "In a reproduction with these differences from your run:"
# Rows of a miniature's two layers that a core learns from in a second, evaluation and all (benchmarks/training.py).
_SPEED = 1000


def as_terminal(plan: Plan, trial: Trial, surface: Surface) -> str:
    """Return the table, what follows from it, and the differences from the run."""
    from diagnose.report._page import drawn  # noqa: PLC0415  # rich takes 50 ms

    return drawn(_parts(plan, trial), surface)


def _parts(plan: Plan, trial: Trial) -> Iterator[RenderableType]:
    from rich.table import Table  # noqa: PLC0415  # as above
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(*_HEAD, box=None, padding=(0, 2, 0, 0))
    for row in rows(trial):
        drawn.add_row(*(Text(cell) for cell in row.cells))
    yield drawn
    yield ""
    yield from conclusion(plan, trial)
    yield ""
    yield _DIFFERENCES
    yield from (f"  - {clean(difference)}" for difference in plan.differences)
    yield f"{trial.seconds:.0f} s"


def as_markdown(plan: Plan, trial: Trial) -> str:
    """Return the same as Markdown."""
    lines = list(rows(trial))
    cells = [[escape(cell.strip()) for cell in row.cells] for row in lines]
    for row, line in zip(lines, cells, strict=True):
        line[0] = f"&nbsp;&nbsp;{line[0]}" if row.depth else f"**{line[0]}**"
    told = "\n".join(f"- {escape(line)}" for line in conclusion(plan, trial))
    differences = "\n".join(f"- {escape(clean(difference))}" for difference in plan.differences)
    title = f"## Reproduction of {escape(clean(plan.finding.rule))}"
    return "\n\n".join((title, table(_HEAD, cells), told, _DIFFERENCES, differences)) + "\n"


def dry_run(plan: Plan, seeds: int, workers: int) -> str:
    """Return what would be run, how many runs that is and about how long they take, and how it differs from the run."""
    lines = [f"{clean(plan.finding.rule)}: {clean(plan.finding.title)}", "", _DIFFERENCES]
    lines += [f"  - {clean(difference)}" for difference in plan.differences]
    lines += ["", "What may make it fail, and how many of the remedies can be tried against it:"]
    failing = [failure_of(fault, spec) for fault, spec in plan.hypotheses]
    levels = [level_of(plan, fault) for fault, _ in plan.hypotheses]
    sound = list({arm.title: arm.spec for arm in (level_of(plan), *levels)}.values())
    tried = [list(remedy_arms(plan, arm, level.spec)) for arm, level in zip(failing, levels, strict=True)]
    lines += [f"  - {clean(arm.title)}: {len(arms)}" for arm, arms in zip(failing, tried, strict=True)]
    lines += ["", "What is tried against it:", *(f"  - {clean(remedy.title)}" for remedy in plan.remedies), ""]
    first = min(ROUND, seeds)
    least = [rows_learnt(spec) * seeds for spec in sound] + [rows_learnt(arm.spec) * first for arm in failing]
    treated = [arm for arm, arms in zip(failing, tried, strict=True) for arm in (arm, arm, *arms)]  # with its placebo
    most = [rows_learnt(spec) * seeds for spec in (*sound, *(arm.spec for arm in treated))]
    runs = seeds * len(sound) + first * len(failing), seeds * len(most)
    arms = f"{count(len(sound), 'sound arm')}, {count(len(failing), 'failing arm')} with a placebo each, and "
    arms += count(sum(map(len, tried)), "remedy arm")
    lines.append(f"{arms}: {runs[0]:,} runs where nothing fails as reported, {runs[1]:,} where everything does,")
    lines.append("and more where a factor has to be applied several times over.")
    lines.append(f"An arm without a success, or a failing one without a failure, stops after {first} runs.")
    if "train" in plan.sound["data"]:
        lines.append("How long a run takes is your model's and your data's affair.")
    else:
        low, high = (sum(total) / _SPEED / workers for total in (least, most))
        lines.append(f"About {_long(low)} to {_long(high)} with {count(workers, 'worker')}.")
    return "\n".join(lines) + "\n"


def _long(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else count(round(seconds / 60), "minute")

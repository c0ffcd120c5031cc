"""Two runs side by side: what is comparable, how far apart, and whether that is more than chance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.chat.answer import Grid, Heading, Points, Words
from diagnose.chat.replies._request import Reply, Topic, facts_named, say
from diagnose.llm._prose import capital, strength
from diagnose.report._phrases import where
from diagnose.report._words import clean, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.chat.answer import Part
    from diagnose.chat.replies._request import Request
    from diagnose.types import Fact, Run, Series, Value

__all__ = ["compare", "side_by_side"]

_METRICS = 20
_SETTINGS = re.compile(r"\b(?:settings?|config\w*|hyper-?parameters?)\b.*\b(?:chang|differ)\w*")
_POINTS = 8
_NO_ERROR = "unknown: no standard error follows"


def compare(request: Request) -> Reply:
    """Answer with the differences between runs that the report holds already."""
    found = facts_named(request, "metric_difference")
    if _SETTINGS.search(request.text) and (changed := list(_settings(request))):
        return Reply(tuple(changed), Topic(facts=("configuration_changes",)))
    if not found:
        return say(
            "There is nothing to compare with yet.",
            'Write "compare with this:" and paste the numbers of the other run below it.',
        )
    return Reply(tuple(_differences(request, found)), Topic(facts=("metric_difference",)))


def side_by_side(request: Request, other: Sequence[Run], name: str) -> Reply:
    """Answer with the report's runs beside those of another input: metrics, differences, and what they are worth."""
    parts: list[Part] = []
    for run in request.report.runs:
        before = next((r for r in other if r.name == run.name), None) or (other[0] if len(other) == 1 else None)
        if before is not None:
            named = f"{clean(run.name, 80)}, " if len(request.report.runs) > 1 else ""
            parts += _tables(run, before, clean(name, 80), named)
    found = facts_named(request, "metric_difference")
    parts += _differences(request, found)
    if not any(isinstance(part, Grid) for part in parts):
        parts.insert(
            0, Words(f"Nothing of {clean(name, 80)} is comparable: both need a metric of the same task and split.")
        )
    return Reply(tuple(parts), Topic(facts=("metric_difference",)))


def _differences(request: Request, found: Sequence[Fact]) -> Iterator[Part]:
    """Yield the differences with what they are worth, and the settings that changed with them."""
    rows = []
    for fact in found:
        value = fact.value
        numbers = [
            shown(value[name]) if name in value else "unknown" for name in ("before", "after", "difference", "p")
        ]
        verdict = clean(str(value.get("verdict", _NO_ERROR)), 80)
        rows.append((where(request.report, fact.scope), clean(str(value["metric"]), 60), *numbers, verdict))
    if rows:
        yield Heading("Is the difference more than chance?")
        yield Grid(("of", "metric", "before", "now", "difference", "p", "verdict"), tuple(rows))
    told = [f"{strength(fact.proof, fact.assumes)}: {clean(fact.because, 600)}." for fact in found]
    told += [
        f"On the same rows. {strength(fact.proof, fact.assumes)}: {clean(fact.because, 600)}."
        for fact in facts_named(request, "paired_verdict")
    ]
    if told:
        yield Points(tuple(told[:_POINTS]))
    yield from _settings(request)


def _settings(request: Request) -> Iterator[Part]:
    for fact in facts_named(request, "configuration_changes"):
        if fact.value:
            yield Words(f"{capital(clean(fact.because, 600))}.")


def _tables(run: Run, before: Run, name: str, named: str) -> Iterator[Part]:
    """Yield the metrics that both report, task by task and split by split, and what only one of them has."""
    theirs = {(series.task, series.split): series for series in before.series()}
    for series in run.series():
        other = theirs.pop((series.task, series.split), None)
        place = f"{named}{_place(series.task, series.split)}"
        rows = list(_rows(series, other)) if other is not None else []
        if rows:
            yield Heading(f"{place}: {name}, and the present numbers")
            yield Grid(("metric", "before", "now", "difference as printed"), tuple(rows[:_METRICS]))
        else:
            yield Words(f"{place}: {'no metric in common with' if other is not None else 'not in'} {name}.")
        if len(rows) > _METRICS:
            yield Words(f"and {len(rows) - _METRICS} metrics more")
    for task, split in theirs:
        yield Words(f"{_place(task, split)}: only in {name}.")


def _place(task: str | None, split: str) -> str:
    return ", ".join(clean(part, 60) for part in (task, split) if part)


def _rows(series: Series, other: Series) -> Iterator[tuple[str, str, str, str]]:
    now, before = series.reported.metrics, other.reported.metrics
    for metric, value in now.items():
        old = before.get(metric)
        if old is not None:
            yield clean(metric, 60), clean(old.shown, 40), clean(value.shown, 40), _difference(old, value)


def _difference(before: Value, now: Value) -> str:
    if before.interval is None or now.interval is None:
        return "no number"
    return f"{now.number - before.number:+.4g}"

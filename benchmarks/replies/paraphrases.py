"""True sentences about a report, written from templates."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Any

from diagnose.interval import parse_number
from diagnose.llm.pack import make_pack
from diagnose.report._words import clean
from diagnose.types import Fact, Finding, Question, Remedy, Report, ScopeVerdict, Value
from diagnose.vocabulary import metric_of
from replies.figures import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

__all__ = ["Said", "Source", "paraphrases"]

_NAMES = {
    "accuracy": ("accuracy",), "auc": ("AUC", "ROC AUC"), "bleu": ("BLEU",), "cer": ("CER", "character error rate"),
    "exact_match": ("exact match",), "f1": ("F1", "F1 score", "F1-score"), "kappa": ("Cohen's kappa",),
    "loss": ("loss", "evaluation loss"), "mae": ("MAE", "mean absolute error"), "map": ("mAP",), "map50": ("mAP50",),
    "mcc": ("MCC", "Matthews correlation"), "mse": ("MSE", "mean squared error"),
    "pearson": ("Pearson correlation", "Pearson's r"), "perplexity": ("perplexity",), "precision": ("precision",),
    "r2": ("R2", "R²", "R-squared"), "recall": ("recall",), "rmse": ("RMSE",), "rouge1": ("ROUGE-1",),
    "rouge2": ("ROUGE-2",), "rougeL": ("ROUGE-L",), "runtime": ("runtime",),
    "samples_per_second": ("throughput in samples per second",), "spearman": ("Spearman correlation",),
    "wer": ("WER", "word error rate"),
}  # fmt: skip
_MEASURES = ("score", "correlation", "error", "loss")
_WITH_ERRORS = ("accuracy", "f1", "precision", "recall", "macro_f1")
_LONGEST = 170
_VALUES = 8
_CITED = 0.4  # share of the sentences that cite what they say


@dataclass
class Source:
    """One thing that a report says: its kind among the templates, what fills the blanks, the numbers to spoil."""

    kind: str
    blanks: dict[str, str]
    cites: tuple[str, ...] = ()
    number: Fraction | None = None
    other: Fraction | None = None
    share: bool = False
    count: bool = False

    @property
    def printed_percent(self) -> bool:
        """Whether the source itself prints percent."""
        return "%" in self.blanks.get("n", "")


@dataclass
class Said:
    """A true sentence, and how it was made."""

    text: str
    template: str
    source: Source
    blanks: dict[str, str] = field(default_factory=dict)

    def again(self, **changed: str) -> str:
        """Return the sentence with other things in its blanks."""
        return self.template.format(**{**self.blanks, **changed})


def paraphrases(report: Report, rng: Random, templates: Mapping[str, Sequence[str]], most: int) -> Iterator[Said]:
    """Yield up to `most` true sentences, of each kind that the report has something for by turns."""
    by_kind: dict[str, list[Source]] = defaultdict(list)
    for source in _sources(report, rng):
        by_kind[source.kind].append(source)
    groups = list(by_kind.values())
    rng.shuffle(groups)
    for group in groups:
        rng.shuffle(group)
    turns = [source for turn in zip_longest(*groups) for source in turn if source is not None]
    for source in turns[:most]:
        template = rng.choice(templates[source.kind])
        cite = f" [{source.cites[0]}]" if source.cites and rng.random() < _CITED else ""
        blanks = {"c": cite, **source.blanks}
        for key, number in (("n", source.number), ("n2", source.other)):
            if key in blanks and number is not None and source.kind != "classes":
                blanks[key] = spoken(number, rng, share=source.share, count=source.count, printed=blanks[key])
        text = template.format(**blanks)
        starts_low = text[:1].islower() and not template.startswith("{n}")
        yield Said(text[:1].upper() + text[1:] if starts_low else text, template, source, blanks)


def _sources(report: Report, rng: Random) -> Iterator[Source]:
    yield from _values(report, rng)
    yield from _histories(report, rng)
    yield from _facts(report)
    yield from _statements(report)


@dataclass
class _Reported:
    """A reported number under its canonical name."""

    name: str
    value: Value
    number: Fraction
    cites: tuple[str, ...]

    @property
    def is_share(self) -> bool:
        """Whether it may be said in percent."""
        return _is_share(self.name, self.number)


def _values(report: Report, rng: Random) -> Iterator[Source]:
    """Yield the values of the results whose names tell them from all others, alone and in pairs."""
    pack = make_pack(report)
    ids = {_key(s.of): s.id for s in pack.statements.values() if isinstance(s.of, Value)}
    held = [series.reported for run in report.runs for series in run.series() if series.split != "train"]
    names = [name for evaluation in held for name in evaluation.metrics if _kind(name)]
    counts, bases = Counter(names), Counter(map(_base, names))
    usable: list[_Reported] = []
    for name, value in (item for evaluation in held for item in evaluation.metrics.items()):
        number, alone = _exact(value), counts[name] == 1 and (_base(name) != name or bases[name] == 1)
        if number is not None and alone and _kind(name) in _MEASURES and not value.approximate:
            key = _key(value)
            usable.append(_Reported(name, value, number, (ids[key],) if key in ids else ()))
    rng.shuffle(usable)
    for item in usable[:_VALUES]:
        yield Source("value", _named(item.name, item.value, rng), item.cites, item.number, share=item.is_share)
    for one, other in pairwise(usable):
        both = _named(one.name, one.value, rng)
        both |= {f"{key}2": said for key, said in _named(other.name, other.value, rng).items()}
        share = one.is_share and other.is_share
        yield Source("pair", both, one.cites, one.number, other.number, share=share)
        if share and one.number - other.number > Fraction(1, 50):
            yield Source("order", both, one.cites, one.number, other.number, share=share)


def _histories(report: Report, rng: Random) -> Iterator[Source]:
    """Yield the courses, rows and peaks of the only history that a report has."""
    series = [s for run in report.runs for s in run.series() if len(s.rows) > 2 and s.split != "train"]
    if len(series) != 1 or len(report.runs) != 1:
        return
    names = list(series[0].rows[0].metrics)
    for name in names:
        column = [(row.step, value, _exact(value)) for row, value in series[0].column(name)]
        rows = [(step, value, number) for step, value, number in column if number is not None]
        alone = sum(_base(other) == _base(name) for other in names) == 1
        if _kind(name) in _MEASURES and alone and len(rows) == len(column) > 2:
            yield from _history(name, rows, rng)


def _history(name: str, rows: Sequence[tuple[float | None, Value, Fraction]], rng: Random) -> Iterator[Source]:
    (_, begin, first), (_, end, last) = rows[0], rows[-1]
    share = all(_is_share(name, number) for _, _, number in rows)
    if abs(first - last) > abs(first) / 50:
        kind = "rise" if last > first else "fall"
        yield Source(kind, {**_named(name, begin, rng), "n2": end.shown}, (), first, last, share=share)
    step, value, number = rng.choice(rows)
    if step is None:
        return
    yield Source("step", {**_named(name, value, rng), "s": f"{int(step)}"}, (), number, share=share)
    info = metric_of(name)
    best = max(number for _, _, number in rows)
    there = [(step, value) for step, value, number in rows if number == best and step is not None]
    if info is not None and info.higher_is_better and len(there) == 1:
        blanks = {**_named(name, there[0][1], rng), "s": f"{int(there[0][0])}"}
        yield Source("best", blanks, (), best, share=share)


def _facts(report: Report) -> Iterator[Source]:
    ids = {id(s.of): s.id for s in make_pack(report).statements.values() if isinstance(s.of, Fact)}
    counts = Counter(fact.name for fact in report.facts)
    for fact in report.facts:
        if counts[fact.name] != 1 or fact.scope.label is not None:
            continue
        cites = (ids[id(fact)],) if id(fact) in ids else ()
        if fact.name == "confusion_matrix" and isinstance(fact.value, dict):
            yield Source("cells", {cell: f"{int(rows)}" for cell, rows in fact.value.items()}, cites, count=True)
        is_number = isinstance(fact.value, (int, float)) and not isinstance(fact.value, bool)
        if is_number and math.isfinite(fact.value):
            yield from _number_fact(fact, Fraction(fact.value), cites)


def _number_fact(fact: Fact, number: Fraction, cites: tuple[str, ...]) -> Iterator[Source]:
    head, _, metric = fact.name.partition(".")
    if fact.name in ("sample_count", "class_count"):
        kind = "samples" if fact.name == "sample_count" else "classes"
        yield Source(kind, {"n": f"{int(number)}"}, cites, number, count=True)
    elif fact.name == "majority_share":
        yield Source("majority", {"n": f"{float(number):.4g}"}, cites, number, share=True)
    elif head == "standard_error" and metric in _WITH_ERRORS and number > Fraction(1, 10_000):
        said = metric.replace("_", " ").replace("f1", "F1")
        yield Source("error", {"n": f"{float(number):.3g}", "m": said, "M": said[0].upper() + said[1:]}, cites, number)


def _statements(report: Report) -> Iterator[Source]:
    """Yield the findings, the verdict, the actions, the questions and the derivations, in the report's own words."""
    for statement in make_pack(report).statements.values():
        of, cites = statement.of, (statement.id,)
        if isinstance(of, Finding):
            yield Source("finding", _both("title", clean(of.title)), cites)
            if len(of.message) < _LONGEST and "..." not in of.message:
                yield Source("message", _both("message", clean(of.message)), cites)
        elif isinstance(of, ScopeVerdict) and len(report.verdicts) == 1:
            yield Source("verdict", {"verdict": of.verdict.value}, cites)
        elif isinstance(of, Remedy) and statement.kind == "A":
            yield Source("action", _both("action", clean(of.title)), cites)
        elif isinstance(of, Question):
            yield Source("question", {"question": _lower(clean(of.ask)), "Question": clean(of.ask)}, cites)
        elif isinstance(of, Fact) and len(of.because) < _LONGEST and "; " not in of.because:
            yield Source("because", _both("because", clean(of.because)), cites)


def _both(key: str, text: str) -> dict[str, str]:
    text = text.rstrip(".")
    return {key: _lower(text), key.capitalize(): text[:1].upper() + text[1:]}


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def _named(name: str, value: Value, rng: Random) -> dict[str, str]:
    base = _base(name)
    average = name[: -len(base)].replace("_", " ") if name != base else ""
    said = average + rng.choice(_NAMES.get(base, (base.replace("_", " "),)))
    article = (
        "an" if said[0].lower() in "aeiou" or said[:2] in ("F1", "MS", "MA", "R2", "RM", "R²", "MC", "mA") else "a"
    )
    return {"m": said, "M": said[0].upper() + said[1:], "key": value.key, "n": value.shown, "a": article}


def _base(name: str) -> str:
    info = metric_of(name)
    return info.base if info is not None else name


def _kind(name: str) -> str:
    info = metric_of(name)
    return info.kind if info is not None and not name.startswith("target.") else ""


def _is_share(name: str, number: Fraction) -> bool:
    info = metric_of(name)
    return info is not None and info.kind == "score" and 0 <= number <= 1


def _exact(value: Value) -> Fraction | None:
    number = parse_number(value.text)
    return Fraction(value.text) * value.scale if number is not None and value.is_finite and abs(number) < 1e9 else None


def _key(value: Any) -> tuple[str, str, str, str]:
    return (value.source, value.at, value.key, value.text)

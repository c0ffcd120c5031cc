"""True sentences about a report, written from templates."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from diagnose.interval import parse_number
from diagnose.llm.pack import make_pack
from diagnose.report._words import clean
from diagnose.types import Fact, Finding, Question, Remedy, Report, ScopeVerdict, Value, row_step
from diagnose.vocabulary import metric_of
from replies.figures import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

__all__ = ["Said", "Source", "paraphrases"]

_NAMES = {
    "f1": ("F1", "F1 score", "F1-score"), "loss": ("loss", "evaluation loss"), "mse": ("MSE", "mean squared error"), "mae": ("MAE", "mean absolute error"),
    "rmse": ("RMSE",), "pearson": ("Pearson correlation", "Pearson's r"), "spearman": ("Spearman correlation",), "auc": ("AUC", "ROC AUC"),
    "mcc": ("MCC", "Matthews correlation"), "r2": ("R2", "R²", "R-squared"), "wer": ("WER", "word error rate"), "cer": ("CER", "character error rate"),
    "map": ("mAP",), "map50": ("mAP50",), "rouge1": ("ROUGE-1",), "rouge2": ("ROUGE-2",), "rougeL": ("ROUGE-L",), "bleu": ("BLEU",),
    "samples_per_second": ("throughput in samples per second",), "exact_match": ("exact match",), "kappa": ("Cohen's kappa",), "perplexity": ("perplexity",),
    "accuracy": ("accuracy",), "precision": ("precision",), "recall": ("recall",), "runtime": ("runtime",),
}  # fmt: skip
_LONGEST = 170


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
    sources = list(_sources(report, rng))
    rng.shuffle(sources)
    seen: Counter[str] = Counter()
    sources.sort(key=lambda s: seen.update([s.kind]) or seen[s.kind])
    for source in sources[:most]:
        template = rng.choice(templates[source.kind])
        cite = f" [{', '.join(source.cites[:1])}]" if source.cites and rng.random() < 0.4 else ""
        blanks = {"c": cite, **source.blanks}
        for key, number in (("n", source.number), ("n2", source.other)):
            if key in blanks and number is not None and source.kind not in ("classes",):
                blanks[key] = spoken(number, rng, share=source.share, count=source.count, printed=blanks[key])
        text = template.format(**blanks)
        yield Said(
            text[:1].upper() + text[1:] if text[:1].islower() and not template.startswith("{n}") else text,
            template,
            source,
            blanks,
        )


def _sources(report: Report, rng: Random) -> Iterator[Source]:
    pack = make_pack(report)
    ids = {_key(s.of): s.id for s in pack.statements.values() if isinstance(s.of, Value)}
    evaluations = [series.reported for run in report.runs for series in run.series()]
    held = [e for e in evaluations if e.split != "train"]
    counts = Counter(name for e in held for name in e.metrics)
    bases = Counter(metric_of(name).base for e in held for name in e.metrics if metric_of(name))  # type: ignore[union-attr]
    usable: list[tuple[str, Value, Fraction]] = []
    for evaluation in held:
        for name, value in evaluation.metrics.items():
            info, number = metric_of(name), _exact(value)
            plain = (
                info is not None
                and info.kind in ("score", "correlation", "error", "loss")
                and not name.startswith("target.")
            )
            if (
                plain
                and number is not None
                and counts[name] == 1
                and not value.approximate
                and ((info.base == name and bases[name] == 1) or info.base != name)
            ):
                usable.append((name, value, number))
    rng.shuffle(usable)
    for name, value, number in usable[:8]:
        yield Source("value", _named(name, value, rng), _ids(ids, value), number, share=_is_share(name, number))
    for (name, value, number), (name2, value2, number2) in zip(usable, usable[1:], strict=False):
        both = _named(name, value, rng) | {f"{k}2": v for k, v in _named(name2, value2, rng).items()}
        cites = (*_ids(ids, value), *_ids(ids, value2))
        share = _is_share(name, number) and _is_share(name2, number2)
        yield Source("pair", both, cites[:1], number, number2, share=share)
        if share and number > number2 and abs(number - number2) > Fraction(1, 50):
            yield Source("order", both, cites[:1], number, number2, share=share)
    yield from _histories(report, rng, ids)
    yield from _facts(report, pack, rng)
    yield from _statements(report, pack, rng)


def _histories(report: Report, rng: Random, ids: Mapping[Any, str]) -> Iterator[Source]:
    series = [s for run in report.runs for s in run.series() if len(s.rows) > 2 and s.split != "train"]
    if len(series) != 1 or len(report.runs) != 1:
        return
    rows = series[0].rows
    for name in rows[0].metrics:
        info = metric_of(name)
        column = [(row_step(row), v, _exact(v)) for row, v in series[0].column(name)]
        if (
            info is None
            or info.kind not in ("score", "correlation", "error", "loss")
            or any(n is None for _, _, n in column)
            or len(column) < 3
        ):
            continue
        if sum(metric_of(other) is not None and metric_of(other).base == info.base for other in rows[0].metrics) > 1:  # type: ignore[union-attr]
            continue
        first, last = column[0], column[-1]
        share = all(_is_share(name, n) for _, _, n in column if n is not None)
        named = _named(name, first[1], rng)
        if first[2] != last[2] and abs(first[2] - last[2]) > abs(first[2]) / 50:  # type: ignore[operator]
            kind = "rise" if last[2] > first[2] else "fall"  # type: ignore[operator]
            yield Source(kind, named | {"n2": last[1].shown}, (), first[2], last[2], share=share)
        step, value, number = rng.choice(column)
        if series[0].rows[0].step is not None:
            yield Source(
                "step",
                {**_named(name, value, rng), "s": f"{step:g}" if step < 10_000 else f"{int(step)}"},
                _ids(ids, value)[:0],
                number,
                share=share,
            )  # type: ignore[operator]
            if info.higher_is_better is not None:
                best = (max if info.higher_is_better else min)(n for _, _, n in column)  # type: ignore[type-var]
                there = [item for item in column if item[2] == best]
                if len(there) == 1 and info.higher_is_better:
                    yield Source(
                        "best", {**_named(name, there[0][1], rng), "s": f"{int(there[0][0])}"}, (), best, share=share
                    )  # type: ignore[arg-type]


def _facts(report: Report, pack: Any, rng: Random) -> Iterator[Source]:
    ids = {id(s.of): s.id for s in pack.statements.values() if isinstance(s.of, Fact)}
    counts = Counter(f.name for f in report.facts)
    for fact in report.facts:
        if counts[fact.name] != 1 or fact.scope.label is not None:
            continue
        cites = (ids[id(fact)],) if id(fact) in ids else ()
        number = (
            Fraction(fact.value)
            if isinstance(fact.value, (int, float)) and not isinstance(fact.value, bool) and math.isfinite(fact.value)
            else None
        )
        if fact.name == "sample_count" and number is not None:
            yield Source("samples", {"n": f"{int(number)}"}, cites, number, count=True)
        elif fact.name == "class_count" and number is not None:
            yield Source("classes", {"n": f"{int(number)}"}, cites, number, count=True)
        elif fact.name == "majority_share" and number is not None:
            yield Source("majority", {"n": f"{float(number):.4g}"}, cites, number, share=True)
        elif fact.name.startswith("standard_error.") and number is not None:
            metric = fact.name.partition(".")[2]
            if metric in ("accuracy", "f1", "precision", "recall", "macro_f1") and number > Fraction(1, 10_000):
                yield Source(
                    "error",
                    {
                        "n": f"{float(number):.3g}",
                        "m": metric.replace("_", " ").replace("f1", "F1"),
                        "M": metric.replace("_", " ").capitalize(),
                    },
                    cites,
                    number,
                )
        elif fact.name == "confusion_matrix" and isinstance(fact.value, dict):
            cells = {k: f"{int(v)}" for k, v in fact.value.items()}
            if len(cells) == 4:
                yield Source("cells", cells, cites, count=True)


def _statements(report: Report, pack: Any, rng: Random) -> Iterator[Source]:
    for statement in pack.statements.values():
        of = statement.of
        cites = (statement.id,)
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
    info = metric_of(name)
    base = info.base if info else name
    average = name[: -len(base)].replace("_", " ") if name != base else ""
    said = average + rng.choice(_NAMES.get(base, (base.replace("_", " "),)))
    article = (
        "an"
        if said[0].lower() in "aeiou"
        or said[:3] in ("F1", "MSE", "MAE", "R2", "RMS", "R²", "MCC", "mAP")
        or said.startswith(("F1", "R2", "R²", "R-"))
        else "a"
    )
    return {"m": said, "M": said[0].upper() + said[1:], "key": value.key, "n": value.shown, "a": article}


def _is_share(name: str, number: Fraction) -> bool:
    info = metric_of(name)
    return info is not None and info.kind == "score" and 0 <= number <= 1


def _exact(value: Value) -> Fraction | None:
    number = parse_number(value.text)
    return Fraction(value.text) * value.scale if number is not None and value.is_finite and abs(number) < 1e9 else None


def _ids(ids: Mapping[Any, str], value: Value) -> tuple[str, ...]:
    key = _key(value)
    return (ids[key],) if key in ids else ()


def _key(value: Any) -> tuple[str, str, str, str]:
    return (value.source, value.at, value.key, value.text)

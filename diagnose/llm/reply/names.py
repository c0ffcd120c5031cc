"""What a sentence names: metrics, settings and other quantities."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from diagnose.llm.reply.words import Patterns, Span, lexicon, word_set, words_of
from diagnose.vocabulary import METRICS, setting_of, split_of, written_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.llm.reply.ground import Ground
    from diagnose.llm.reply.words import Words

__all__ = ["Mention", "mentions_in", "qualified"]

_LONGEST = 6
# Ways to write a metric that are everyday words, or too short to tell.
_EVERYDAY = word_set("everyday")
_AVERAGES = {"macro": "macro", "micro": "micro", "weighted": "weighted"}
_FILLERS = {"averaged", "average", "avg", "average_", "mean"}
_NOT_METRIC_AFTER = {
    "precision": {"half", "mixed", "full", "bit", "double", "single", "numerical"},
    "recall": {"please", "you"},
    "loss": {"weighted", "focal"},
}
_LABEL = re.compile(
    r"\W*(?:here |where |with |evaluated |total |all |different )?(classes|labels|rows|samples|examples|n)\s*[:=]",
    re.IGNORECASE,
)
_OF_A_METRIC = ("standard_error", "majority_baseline_accuracy")


class Mention(NamedTuple):
    """A quantity that a sentence names: its base name, the average and the split in front of it, and the words."""

    name: str
    span: Span
    average: str = ""
    split: str = ""
    facts: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names under which a report may know it."""
        return self.facts or (self.name,)


_SPOKEN = {
    "cross_entropy_loss": "loss",
    "area_under_the_curve": "auc",
    "area_under_the_roc_curve": "auc",
    "evaluation_time": "runtime",
}


@cache
def _written() -> dict[str, str]:
    names = {
        written: base
        for written, base in written_names().items()
        if written not in _EVERYDAY and METRICS[base].kind != "axis"
    }
    return names | _SPOKEN


@cache
def _amounts() -> Patterns[tuple[str, ...]]:
    return Patterns((source, tuple(entry["facts"])) for entry in lexicon()["amount"] for source in entry["says"])


@lru_cache(maxsize=4096)
def _setting(written: str) -> str | None:
    return setting_of(written)


def mentions_in(words: Words, ground: Ground) -> list[Mention]:
    """Return the quantities that a sentence names, in their order; the longest name wins."""
    found = [
        *_label_mentions(words),
        *_amount_mentions(words),
        *_metric_mentions(words),
        *_setting_mentions(words, ground),
        *_own_mentions(words, ground),
    ]
    found.sort(key=lambda m: (m.span.first, -(m.span.last - m.span.first)))
    kept: list[Mention] = []
    for mention in found:
        if not kept or mention.span.first >= kept[-1].span.last:
            kept.append(mention)
        elif mention.span.last - mention.span.first > kept[-1].span.last - kept[-1].span.first:
            kept[-1] = mention
    return kept


def qualified(mentions: list[Mention], numbers: int) -> list[Mention]:
    """Return the names with "the standard error of the F1" and "the accuracy of the baseline" as one.

    numbers: how many the sentence has; where it has one for both names, it is the standard error's.
    """
    inner = next((m for m in mentions if m.name in _OF_A_METRIC), None)
    others = [m for m in mentions if m is not inner and m.name in METRICS]
    if inner is None or not others:
        return mentions
    metric = min(others, key=lambda m: min(abs(m.span.first - inner.span.last), abs(inner.span.first - m.span.last)))
    whole = inner
    if inner.name == "standard_error":
        name = f"{metric.average}_{metric.name}" if metric.average else metric.name
        whole = inner._replace(facts=(f"standard_error.{name}", *inner.facts))
    said_of = inner.name == "majority_baseline_accuracy" and metric.span.first > inner.span.first
    return [whole if m.name == inner.name else m for m in mentions if m is not metric or (numbers > 1 and not said_of)]


def _label_mentions(words: Words) -> Iterator[Mention]:
    """Yield what counts things and is a name only as a label: "Classes: 12"."""
    match = _LABEL.match(words.text)
    if match and words.words:
        facts = ("class_count", "num_labels") if match[1][0] in "cClL" else ("sample_count", "samples")
        yield Mention(facts[0], words.span_of(*match.span(1)), facts=facts)


def _amount_mentions(words: Words) -> Iterator[Mention]:
    for span, facts in _amounts().find(words):
        yield Mention(facts[0], span, facts=facts)


def _metric_mentions(words: Words) -> Iterator[Mention]:
    names = _written()
    bare = [word.removesuffix("'s") for word in words.words]
    index = 0
    while index < len(words):
        longest = min(_LONGEST, len(words) - index)
        for length in range(longest, 0, -1):
            base = names.get("_".join(bare[index : index + length]))
            if base and base in METRICS and not _means_else(words, index, base):
                average, start = _average_before(words, index)
                split, start = _split_before(words, start)
                if not average:
                    average, start = _average_before(words, start)
                end = index + length
                average, end = (average, end) if average else _average_behind(words, end)
                yield Mention(base, Span(start, end), average, split)
                index = end
                break
        else:
            index += 1


def _means_else(words: Words, index: int, base: str) -> bool:
    before = words.words[index - 1] if index else ""
    after = words.words[index + 1] if index + 1 < len(words) else ""
    if base == "recall" and (after in ("that", "how") or (index == 0 and after in ("the", "this"))):
        return True
    if base == "loss" and after in ("function", "functions", "term"):
        return True
    return before in _NOT_METRIC_AFTER.get(base, ())


def _average_before(words: Words, index: int) -> tuple[str, int]:
    start = index
    while start and words.words[start - 1] in _FILLERS:
        start -= 1
    word = words.words[start - 1] if start else ""
    if word in _AVERAGES and "(" not in words.between(start - 1, start):
        return _AVERAGES[word], start - 1
    return "", index


def _average_behind(words: Words, end: int) -> tuple[str, int]:
    """Read "F1 (macro)" and "F1, macro averaged"."""
    if end < len(words) and words.words[end] in _AVERAGES and "(" in words.between(end - 1, end):
        after = words.text[words.places[end][1] : words.places[end][1] + 9]
        if after.lstrip().startswith((")", "avg", "average")):
            return _AVERAGES[words.words[end]], end + 1
    return "", end


def _split_before(words: Words, index: int) -> tuple[str, int]:
    word = words.words[index - 1] if index else ""
    if word in ("set", "split") and index > 1:
        return "", index
    split = split_of(word) if word and word not in ("results", "metrics", "data") else None
    if word in ("prediction", "predict", "pred", "development"):
        split = None
    return (split, index - 1) if split else ("", index)


def _setting_mentions(words: Words, ground: Ground) -> Iterator[Mention]:
    settings = {name for run in ground.report.runs for name in run.config}
    if not settings:
        return
    for index, word in enumerate(words.words):
        if word in ("the", "a", "of", "is", "and", "epochs", "epoch"):
            continue
        for length in (4, 3, 2, 1):
            if index + length <= len(words):
                name = _setting("_".join(words.words[index : index + length]))
                if name in settings:
                    yield Mention(name, Span(index, index + length))
                    break


@lru_cache(maxsize=64)
def _key_words(keys: frozenset[str]) -> dict[tuple[str, ...], str]:
    return {tuple(words_of(key.replace("_", " ").replace(".", " ")).words): key for key in keys}


def _own_mentions(words: Words, ground: Ground) -> Iterator[Mention]:
    """Yield what is named as the report names it: facts ("majority share"), metrics that are unknown elsewhere."""
    keys = _key_words(frozenset(ground.known))
    starts: dict[str, list[tuple[str, ...]]] = {}
    for key in keys:
        if key and (len(key) > 1 or (len(key[0]) > 3 and key[0] not in _EVERYDAY)):
            starts.setdefault(key[0], []).append(key)
    for index, word in enumerate(words.words):
        for key in starts.get(word, ()):
            if tuple(words.words[index : index + len(key)]) == key:
                yield Mention(keys[key], Span(index, index + len(key)), facts=(keys[key],))

"""Numbers in sentences: "the test accuracy remains at 0.65", "an F1 score of 41.3 %", "56 % accuracy".

A sentence is read only where it ties one number to one metric, and speaks of what is, not of what may be, was
hoped for or would be chance.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.readers._markup import plain
from diagnose.readers.headings import context, is_plan
from diagnose.readers.records import Cell, Record
from diagnose.vocabulary import parse_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

ORDER = 90

_METRIC = (
    r"(?:(?:macro|micro|weighted|balanced|test|train|training|val|validation|eval|evaluation|dev)[ -]){0,2}"
    r"(?:accuracy|acc|precision|recall|f1|f-score|f-measure|(?:roc[ -])?auc|auroc|wer|cer|bleu|rouge-?[12l]|loss|mse"
    r"|rmse|mae|r2|mcc|map|iou|perplexity|(?:pearson|spearman)(?: correlation)?)"
)
_NUMBER = r"(?P<number>\\?[~≈]?\s?[+-]?\d+(?:\.\d+)?(?:e-?\d+)?\s?%?|nan\b)(?![\w:/@-]|[.,]\d|\s?[–-]\s?\d)"
_DIGIT = re.compile(r"\d|nan")
_LINK = (
    r"(?:is|was|are|of|at|remains?|stays?|stayed|stuck|equals?|reach|reached|reaches|becomes|became|got|only|just"
    r"|about|around|approximately|still|always|constantly|to)"
)
_STATED = re.compile(rf"\b(?P<key>{_METRIC})(?:[ -]scores?| values?)?(?:\s+{_LINK}){{1,4}}\s+{_NUMBER}", re.IGNORECASE)
_REVERSED = re.compile(
    rf"(?<![\w.@-]){_NUMBER}\s+(?P<key>{_METRIC})\b(?!\s*(?:gain|improve|drop|increase|loss))", re.IGNORECASE
)
# "an accuracy of 0.82 or 0.78": two runs.
_OTHER = re.compile(rf"\s+or\s+{_NUMBER}", re.IGNORECASE)
# "causes my Pearson and Spearman metrics to result in NaN"; the metrics stand side by side, the link is short.
_LISTED = rf"{_METRIC}(?:(?:\s*,\s*|\s+and\s+|\s+or\s+|\s*/\s*)(?:the |my )?{_METRIC}){{0,4}}"
_UNDEFINED = re.compile(
    rf"\b(?P<keys>{_LISTED})(?:\s+(?:scores?|metrics?|values?|correlations?|coefficients?)){{0,2}}"
    rf"(?:\s+(?:(?:to )?result(?:s|ing)? in|to be|being|becoming|turn(?:s|ed)? (?:in)?to|return(?:s|ed)?|shows?|as|all"
    rf"|both|{_LINK})){{1,3}}\s+nan\b",
    re.IGNORECASE,
)
_ONE_METRIC = re.compile(_METRIC, re.IGNORECASE)
_UNREAL = re.compile(
    r"\b(?:if|would|could|should|might|may|no longer|not|never|avoid\w*|prevent\w*|fix\w*)\b|n't\b", re.IGNORECASE
)
_CLAUSE = re.compile(r"(?<=[.!?;])\s+|,\s+")
_HYPOTHETICAL = re.compile(
    r"\b(?:if|would|could|should|might|may|expect\w*|random\w*|chance|guess\w*|baselines?|target|goal|than|least|below|above"
    r"|needs?|(?:for|an) example|e\.g|paper|reported|threshold|improv\w*|increas\w*|decreas\w*|drop\w*|gain\w*|vs|from"
    r"|want\w*|aim\w*|hope\w*|require\w*|says?|claims?|published|leaderboard|up to|when i|without)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|,\s+(?=but\b|however\b|so\b|while\b)|\s[-–—]\s")
_EPOCHS = re.compile(
    r"\b(?:(?:you|i|we|it|they)\s+(?:have\s+)?(?:only\s+|just\s+)?(?:did|ran|trained|train)"
    r"(?:\s+(?:only|just|it|the model|for|my model)){0,3}"
    r"|trained\s+(?:it\s+|the\s+model\s+)?for|training\s+for)\s+(?:only\s+|just\s+)?(\d{1,4})\s+(?:full\s+)?epochs?\b",
    re.IGNORECASE,
)


def extract(page: Page) -> Iterator[Record]:
    """Claim the sentences that state a metric, and read from any line how many epochs the training ran."""
    for i, line in enumerate(page.lines):
        match = _EPOCHS.search(plain(line)) if "epoch" in line and not page.fenced[i] else None
        if match:
            yield Record((Cell("num_train_epochs", match[1], page.at(i)),), role="config", group="prose")
    stated: set[tuple[str | None, str]] = set()
    for i, line in page.open_lines():
        if page.hinted[i] and not page.fenced[i] and _DIGIT.search(line) and not any(map(is_plan, page.headings(i))):
            yield from _sentences(page, i, plain(line), stated)
        if page.hinted[i] and not page.fenced[i] and not page.claimed[i] and "nan" in line.lower():
            yield from _undefined(page, i, plain(line), stated)


def _sentences(page: Page, i: int, text: str, stated: set[tuple[str | None, str]]) -> Iterator[Record]:
    for sentence in _SENTENCE.split(text):
        match = _STATED.search(sentence) or _REVERSED.search(sentence)
        if match is None or _HYPOTHETICAL.search(sentence):
            continue
        numbers = [match["number"].strip()]
        if other := _OTHER.match(sentence, match.end()):
            numbers.append(other["number"].strip())
        # "an F1 of 1", "a loss of 2": too vague to be a figure; "always 0" is not.
        vague = numbers[0].isdigit() and numbers[0] != "0"
        if vague or _place(match["key"]) in stated:
            continue
        stated.add(_place(match["key"]))
        page.claim(i)
        here = context(page, i)
        for number in numbers:
            cell = Cell(match["key"], number, page.at(i))
            yield Record((cell,), group="prose", run=here.run, task=here.task, split=here.split)


def _undefined(page: Page, i: int, text: str, stated: set[tuple[str | None, str]]) -> Iterator[Record]:
    """Yield the metrics that a clause says are NaN."""
    for clause in _CLAUSE.split(text):
        match = _UNDEFINED.search(clause)
        if match is None or _UNREAL.search(clause):
            continue
        keys = [key for key in _ONE_METRIC.findall(match["keys"]) if _place(key) not in stated]
        if not keys:
            continue
        stated.update(map(_place, keys))
        page.claim(i)
        here = context(page, i)
        cells = tuple(Cell(key, "nan", page.at(i)) for key in keys)
        yield Record(cells, group="prose", run=here.run, task=here.task, split=here.split)


def _place(key: str) -> tuple[str | None, str]:
    name = parse_name(key)
    return name.split, name.metric

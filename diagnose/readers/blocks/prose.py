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
_HYPOTHETICAL = re.compile(
    r"\b(?:if|would|could|should|might|may|expect\w*|random\w*|chance|guess\w*|baselines?|target|goal|than|least|below|above|need"
    r"|needs|example|e\.g|paper|reported|threshold|improv\w*|increas\w*|decreas\w*|drop\w*|gain\w*|vs|from|want\w*|aim\w*|hope\w*"
    r"|require\w*|says?|claims?|published|leaderboard|up to|when i|without)\b",
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
        if (
            page.hinted[i]
            and not page.fenced[i]
            and _DIGIT.search(line)
            and not any(map(is_plan, page.headings(i)))
        ):
            yield from _sentences(page, i, plain(line), stated)


def _sentences(page: Page, i: int, text: str, stated: set[tuple[str | None, str]]) -> Iterator[Record]:
    for sentence in _SENTENCE.split(text):
        match = _STATED.search(sentence) or _REVERSED.search(sentence)
        if match is None or _HYPOTHETICAL.search(sentence):
            continue
        name = parse_name(match["key"])
        # "an F1 of 1", "a loss of 2": too vague to be a figure; "always 0" is not.
        vague = match["number"].strip().isdigit() and match["number"].strip() != "0"
        if vague or (name.split, name.metric) in stated:
            continue
        stated.add((name.split, name.metric))
        page.claim(i)
        here = context(page, i)
        cell = Cell(match["key"], match["number"].strip(), page.at(i))
        yield Record((cell,), group="prose", run=here.run, task=here.task, split=here.split)

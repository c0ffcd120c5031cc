"""What a log says without a number: warnings and messages that name a fault."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.readers.records import Cell

if TYPE_CHECKING:
    from diagnose.readers.page import Page

__all__ = ["flags_of"]

# Each message is quoted by the library named.
_FLAGS = {
    # transformers: from_pretrained; and scripts that go on without the weights they look for.
    "untrained-head": r"newly initialized|TRAIN this model on a down-stream task"
    r"|no (?:trained|pre-?trained|model) weights? (?:were )?found|weights? (?:were|was|are|is) not (?:loaded|found)"
    r"|randomly initiali[sz]ed (?:weights|classifier|head)"
    r"|(?:could not|failed to|cannot|unable to) load (?:the )?(?:trained |model |pre-?trained )?(?:weights|checkpoint)",
    # scikit-learn: precision, recall and F-score without a predicted or a true sample.
    "undefined-metric": r"UndefinedMetricWarning|ill-defined and being set to|use `?zero_division`? parameter",
    # scipy.stats: a correlation with a constant.
    "constant-input": r"ConstantInputWarning|input array is constant",
    # seqeval: labels that are no BIO tags.
    "seqeval-tag-warning": r"seems not to be NE tag",
    "nan-gradient": r"grad_?norm['\"]?\s*[:=]\s*nan|non-?finite grad|nan in grad|gradients? (?:is|are|was|were) nan"
    r"|gradient overflow",
    # transformers: the tokenizer, on an input that the model cannot hold.
    "truncated-sequences": r"sequence length is longer than the specified maximum",
    "out-of-memory": r"CUDA out of memory|OutOfMemoryError|CUBLAS_STATUS_ALLOC_FAILED|EXHAUSTED: OOM",
    "diverged-message": r"loss (?:is|was|became|becomes|diverged to|went to) (?:nan|inf)"
    r"|training (?:has )?diverged|model diverged|nan loss during training|NaN or Inf found in input|loss exploded",
}
# Words of which each message has one: a document without them is not searched.
_WORDS = {
    "untrained-head": ("newly initiali", "randomly initiali", "down-stream", "weight", "load"),
    "undefined-metric": ("undefinedmetric", "ill-defined", "zero_division"),
    "constant-input": ("constantinput", "array is constant"),
    "seqeval-tag-warning": ("ne tag",),
    "nan-gradient": ("grad",),
    "truncated-sequences": ("sequence length",),
    "out-of-memory": ("memory", "cublas", "oom"),
    "diverged-message": (" nan", " inf", "diverged", "nan or inf", "nan loss", "exploded"),
}
_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _FLAGS.items()}


def flags_of(page: Page) -> list[Cell]:
    """Return the first occurrence of every message, with its line."""
    text = "\n".join(page.lines)
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters grow when they are lowered
        lowered = "".join(c.lower() if c.isascii() else c for c in text)
    found: list[Cell] = []
    for name, words in _WORDS.items():
        first = min(filter(None, (_first(text, lowered, word, _PATTERNS[name]) for word in words)), default=None)
        if first is not None:
            index = text.count("\n", 0, first - 1)
            found.append(Cell(name, page.lines[index].strip()[:200], page.at(index)))
    return found


def _first(text: str, lowered: str, word: str, pattern: re.Pattern[str]) -> int:
    """Return where the first line with the word and the message ends, counted from 1; 0 where there is none."""
    at = lowered.find(word)
    while at >= 0:
        start, stop = text.rfind("\n", 0, at) + 1, text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        if pattern.search(text, start, stop):
            return stop + 1
        at = lowered.find(word, stop)
    return 0

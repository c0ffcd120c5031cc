"""Examples out of a user's files: labels of each kind of task, an evaluation part, the checkpoint's tokens."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from diagnose.train.data import CLS, FIRST, Examples, Splits
from diagnose.train.tables import Rows, read_rows

if TYPE_CHECKING:
    from diagnose.train.spec import Data, Spec

__all__ = ["read"]

_IGNORED = -100
# Texts in, their tokens and the word of each token out.
_Cut = Callable[[list[Any]], tuple[list[list[int]], list[list[int | None]]]]

_OUTSIDE = ("O", "0")  # the tag of a token that is of no entity


def read(spec: Spec) -> Splits:
    """Read a user's files; without `data.eval` a part of the training rows is set apart, drawn by `data.seed`.

    ValueError in one line where a file, a column, a label or the tokenizer is not as the task needs it.
    """
    data, path = spec.data, str(spec.data.train)
    columns = [data.text] if spec.task == "lm" else [data.text, data.label]
    blank = data.label if spec.task == "multilabel" else None
    parts = [read_rows(path, "train", columns, blank)]
    if data.eval is not None:
        parts.append(read_rows(data.eval, "eval", columns, blank))
    labels = [_LABELS[spec.task](rows, data, p) for rows, p in zip(parts, (path, str(data.eval)), strict=False)]
    if data.eval is None:
        parts, labels = _split(parts[0], labels[0], spec)
    names = _names(spec.task, labels[0], path)
    if names is not None:
        labels = [_numbered(given, names, str(data.eval or path)) for given in labels]
    elif spec.task == "regression" and len(set(labels[0])) == 1:
        msg = f"{path}: every label is {labels[0][0]:g}; there is nothing to learn"
        raise ValueError(msg)
    cut, vocabulary = _cutter(spec)
    whole = [_cut(spec.task, [row[data.text] for row in r], given, cut) for r, given in zip(parts, labels, strict=True)]
    if spec.task == "multilabel":
        whole = [Examples(part.tokens, [_hot(row, len(names or ())) for row in part.labels]) for part in whole]
    outputs = vocabulary if spec.task in ("lm", "retrieval") else len(names or ()) or 1
    return Splits(whole[0], whole[1], names or (), outputs, vocabulary)


def _split(rows: Rows, labels: list[Any], spec: Spec) -> tuple[list[Rows], list[list[Any]]]:
    """Set a share of the rows apart for the evaluation: of each class where a row has one, else of all."""
    rng = np.random.default_rng([spec.data.seed, 21])
    kinds = labels if spec.task == "classification" else [""] * len(rows)
    kept: list[int] = []
    apart: list[int] = []
    for kind in dict.fromkeys(kinds):
        order = rng.permutation([i for i, other in enumerate(kinds) if other == kind]).tolist()
        count = round(spec.data.eval_share * len(order))
        apart += order[:count]
        kept += order[count:]
    if not apart or not kept:
        msg = f"{spec.data.train}: {len(rows)} rows are too few to set some apart; give data.eval"
        raise ValueError(msg)
    picks = [sorted(kept), sorted(apart)]
    return [[rows[i] for i in pick] for pick in picks], [[labels[i] for i in pick] for pick in picks]


def _name_of(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _classes(rows: Rows, data: Data, _: str) -> list[str]:
    return [_name_of(row[data.label]) for row in rows]


def _floats(rows: Rows, data: Data, path: str) -> list[float]:
    values = []
    for row in rows:
        given = row[data.label]
        try:
            value = float(given)
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            msg = f"{path}: the label {given!r} is no finite number; a regression needs one in each row"
            raise ValueError(msg)
        values.append(value)
    return values


def _lists(rows: Rows, data: Data, path: str) -> list[list[str]]:
    """Return the names of each row: a list of them, "a;b", or a list of zeros and ones with a place for each class."""
    given = [row[data.label] for row in rows]
    given = [[part.strip() for part in v.split(";") if part.strip()] if isinstance(v, str) else v for v in given]
    strange = next((value for value in given if not isinstance(value, list)), None)
    if strange is not None:
        msg = f"{path}: the label {strange!r} is neither a list nor names joined by ';'"
        raise ValueError(msg)
    named = [[_name_of(one) for one in value] for value in given]
    widths = {len(names) for names in named}
    if len(widths) == 1 and max(widths) > 1 and {name for names in named for name in names} <= {"0", "1"}:
        return [[str(place) for place, name in enumerate(names) if name == "1"] for names in named]
    return named


def _tags(rows: Rows, data: Data, path: str) -> list[list[str]]:
    tags = [[_name_of(tag) for tag in _words(row[data.label])] for row in rows]
    for number, (row, given) in enumerate(zip(rows, tags, strict=True), 1):
        words = _words(row[data.text])
        if len(words) != len(given) or not words:
            msg = f"{path}: row {number} has {len(words)} tokens and {len(given)} tags"
            raise ValueError(msg)
    return tags


def _words(value: Any) -> list[Any]:
    """Return a list as it is, one in JSON, or the words of a text."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            value = value.split()
    return value if isinstance(value, list) else str(value).split()


_LABELS: dict[str, Callable[[Rows, Data, str], list[Any]]] = {
    "classification": _classes, "regression": _floats, "multilabel": _lists, "tagging": _tags,
    "lm": lambda rows, *_: [0] * len(rows), "retrieval": lambda rows, data, _: [row[data.label] for row in rows],
}  # fmt: skip


def _names(task: str, labels: list[Any], path: str) -> tuple[str, ...] | None:
    """Return the classes of the training rows: numbers by size, names by the alphabet, a tagger's O first."""
    if task not in ("classification", "multilabel", "tagging"):
        return None
    found = set(labels) if task == "classification" else {name for row in labels for name in row}
    names = sorted(found, key=lambda name: (not name.lstrip("-").isdigit(), int(name) if name.isdigit() else 0, name))
    if task == "tagging":
        outside = next((name for name in _OUTSIDE if name in found), "O")
        names = [outside, *(name for name in names if name != outside)]
    if len(names) < (1 if task == "multilabel" else 2):
        msg = f"{path}: one class only ({', '.join(names)}); there is nothing to learn"
        raise ValueError(msg if names else f"{path}: no row has a label")
    return tuple(names)


def _numbered(labels: list[Any], names: tuple[str, ...], path: str) -> list[Any]:
    number = {name: i for i, name in enumerate(names)}
    found = {name for label in labels for name in (label if isinstance(label, list) else [label])}
    if strange := sorted(found - number.keys()):
        msg = f"{path}: classes that the training rows do not have: {', '.join(strange[:5])}"
        raise ValueError(msg)
    return [[number[n] for n in label] if isinstance(label, list) else number[label] for label in labels]


def _hot(row: list[int], classes: int) -> list[float]:
    return [float(i in row) for i in range(classes)]


def _cutter(spec: Spec) -> tuple[_Cut, int]:
    """Return what makes tokens of texts (or of words) and tells the word of each, and the size of the vocabulary.

    Without a checkpoint a word's token is its checksum's remainder: the same everywhere, and some words share one.
    """
    longest, name = spec.data.max_length, spec.model.checkpoint
    if name is None:
        room = spec.data.vocabulary - FIRST

        def hashed(texts: list[Any]) -> tuple[list[list[int]], list[list[int | None]]]:
            cut = [_words(text)[: longest - 1] for text in texts]
            tokens = [[CLS, *(FIRST + zlib.crc32(str(w).lower().encode()) % room for w in words)] for words in cut]
            return tokens, [[None, *range(len(words))] for words in cut]

        return hashed, spec.data.vocabulary
    from diagnose.train.checkpoint import check_kind, config_of, longest_text, tokenizer_of  # noqa: PLC0415  # heavy

    config = config_of(name)
    check_kind(name, config, spec.task)
    tokenizer, longest = tokenizer_of(name), min(longest, longest_text(config))

    split = spec.task == "tagging"

    def cut(texts: list[Any]) -> tuple[list[list[int]], list[list[int | None]]]:
        given = [[str(word) for word in _words(text)] if split else str(text) for text in texts]
        out = tokenizer(given, is_split_into_words=split, truncation=True, max_length=longest)
        return out["input_ids"], [out.word_ids(i) for i in range(len(given))] if split else []

    if split and not tokenizer.is_fast:
        msg = f"{name}: its tokenizer cannot tell which word a token is of; tagging needs a fast one"
        raise ValueError(msg)
    return cut, config.vocab_size


def _cut(task: str, texts: list[Any], labels: list[Any], cut: _Cut) -> Examples:
    """Return the rows as tokens; a tag goes to the first token of its word."""
    tokens, words = cut(texts)
    if task == "tagging":
        labels = [_spread(tags, row) for tags, row in zip(labels, words, strict=True)]
    elif task == "retrieval":
        labels = [np.array(ids, dtype=np.int64) for ids in cut(labels)[0]]
    return Examples([np.array(ids, dtype=np.int64) for ids in tokens], labels)


def _spread(tags: list[int], words: list[int | None]) -> list[int]:
    before = [None, *words[:-1]]
    return [_IGNORED if w is None or w == last else tags[w] for w, last in zip(words, before, strict=True)]

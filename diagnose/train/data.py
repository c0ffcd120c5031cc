"""Examples of a task: made of a few numbers, or read from a user's files."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.train.spec import Data, Spec

__all__ = ["CLS", "FIRST", "PAD", "Examples", "Splits", "load", "markov_entropy"]

CLS, PAD, SEP, FIRST = 0, 1, 2, 4
_MARKERS_PER_CLASS = 8
_STATES, _FOLLOWERS = 32, 8


class Examples(NamedTuple):
    """Rows of a split: token numbers and labels.

    labels: an int a row (classification), a float (regression), one int a class (several labels) or a token (tagging);
    none for a language model; for retrieval each row's label is its partner, the tokens of the other side.
    """

    tokens: list[np.ndarray]
    labels: list[Any]

    def __len__(self) -> int:
        return len(self.tokens)

    def at(self, rows: Sequence[int]) -> Examples:
        """Return the rows of these numbers."""
        return Examples([self.tokens[i] for i in rows], [self.labels[i] for i in rows])


class Splits(NamedTuple):
    """The training and the evaluation set; names: of the classes; outputs: how many numbers a row's answer has."""

    train: Examples
    eval: Examples
    names: tuple[str, ...]
    outputs: int
    vocabulary: int


def load(spec: Spec) -> Splits:
    """Make or read the data of a specification; the same rows every time."""
    if spec.data.train is not None:
        from diagnose.train.own import read  # noqa: PLC0415  # it imports this module

        return read(spec)
    return _made(spec.task, spec.data)


@lru_cache(maxsize=4)  # of many runs in one process those of one seed learn the same
def _made(task: str, data: Data) -> Splits:
    return _MAKERS[task](data)


def _rng(data: Data, *stream: int) -> np.random.Generator:
    return np.random.default_rng([data.seed, *stream])


def _labels(data: Data, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return class numbers in exactly the given shares (largest remainders), in random order."""
    shares = np.array(data.shares or [1 / data.classes] * data.classes)
    counts = np.floor(shares * rows).astype(int)
    counts[np.argsort(counts - shares * rows, kind="stable")[: rows - counts.sum()]] += 1
    return rng.permutation(np.repeat(np.arange(data.classes), counts))


def _per_class(data: Data) -> int:
    """Return how many tokens tell a class; at least half of the vocabulary is noise where there is room."""
    return max(1, min(_MARKERS_PER_CLASS, (data.vocabulary - FIRST) // (2 * data.classes)))


def _text(data: Data, telling: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Return a text: noise of a random length, with the telling tokens at random places, [CLS] in front."""
    first_noise = FIRST + data.classes * _per_class(data)
    size = max(int(rng.integers(data.length[0], data.length[1] + 1)), len(telling))
    words = rng.integers(first_noise, max(data.vocabulary, first_noise + 8), size)
    words[rng.permutation(size)[: len(telling)]] = telling
    return np.concatenate(([CLS], words))


def _words_of(data: Data, label: int, count: int, rng: np.random.Generator) -> list[int]:
    per = _per_class(data)
    return (FIRST + label * per + rng.integers(0, per, count)).tolist()


def _spoilt(data: Data, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the training labels with the share of wrong ones that is asked for, or in another order altogether."""
    if data.shuffled:
        return rng.permutation(labels)
    wrong = rng.permutation(len(labels))[: round(data.noise * len(labels))]
    spoilt = labels.copy()
    spoilt[wrong] = (labels[wrong] + rng.integers(1, max(data.classes, 2), len(wrong))) % data.classes
    return spoilt


def _finish(data: Data, parts: Sequence[Examples], names: Sequence[str], outputs: int) -> Splits:
    train, held_out = parts
    copies = round(data.duplicates * len(held_out))
    if copies:
        rows = _rng(data, 9).integers(0, len(train), copies)
        kept = held_out.at(range(copies, len(held_out)))
        held_out = Examples(train.at(rows.tolist()).tokens + kept.tokens, train.at(rows.tolist()).labels + kept.labels)
    highest = max(int(tokens.max()) for part in (train, held_out) for tokens in part.tokens)
    return Splits(train, held_out, tuple(names), outputs, max(data.vocabulary, highest + 1))


def _classification(data: Data) -> Splits:
    parts = []
    for stream, rows in ((1, data.rows), (2, data.eval_rows)):
        rng = _rng(data, stream)
        labels = _labels(data, rows, rng)
        tokens = []
        for label in labels:
            other = int((label + rng.integers(1, max(data.classes, 2))) % data.classes)
            telling = _words_of(data, int(label), data.markers, rng)
            tokens.append(_text(data, telling + _words_of(data, other, data.distractors, rng), rng))
        given = _spoilt(data, labels, rng) if stream == 1 else (labels + data.rotated) % data.classes
        parts.append(Examples(tokens, given.tolist()))
    return _finish(data, parts, [f"class_{i}" for i in range(data.classes)], data.classes)


def _multilabel(data: Data) -> Splits:
    shares = np.array(data.shares or [0.3] * data.classes)
    parts = []
    for stream, rows in ((1, data.rows), (2, data.eval_rows)):
        rng = _rng(data, stream)
        labels = rng.random((rows, data.classes)) < shares
        tokens = [
            _text(data, [word for c in np.flatnonzero(row) for word in _words_of(data, int(c), data.markers, rng)], rng)
            for row in labels
        ]
        given = rng.permutation(labels) if data.shuffled and stream == 1 else labels
        parts.append(Examples(tokens, given.astype(float).tolist()))
    return _finish(data, parts, [f"label_{i}" for i in range(data.classes)], data.classes)


def _regression(data: Data) -> Splits:
    """Make texts whose label is the share of their markers that are of the high kind, moved to `mean` and `std`."""
    two = data.model_copy(update={"classes": 2, "shares": ()})
    parts, labels_of = [], []
    for stream, rows in ((1, data.rows), (2, data.eval_rows)):
        rng = _rng(data, stream)
        high = rng.integers(0, data.markers + 1, rows)
        telling = [_words_of(two, 1, int(k), rng) + _words_of(two, 0, data.markers - int(k), rng) for k in high]
        parts.append([_text(two, words, rng) for words in telling])
        labels = high / max(data.markers, 1)
        labels_of.append(rng.permutation(labels) if data.shuffled and stream == 1 else labels)
    mean, std = labels_of[0].mean(), labels_of[0].std() or 1.0
    to = (mean if data.mean is None else data.mean, std if data.std is None else data.std)
    scaled = [(to[0] + to[1] * (labels - mean) / std).tolist() for labels in labels_of]
    return _finish(two, [Examples(tokens, labels) for tokens, labels in zip(parts, scaled, strict=True)], (), 1)


def _tagging(data: Data) -> Splits:
    """Make texts in which single tokens are entities of a class; the first class is O."""
    parts = []
    for stream, rows in ((1, data.rows), (2, data.eval_rows)):
        rng = _rng(data, stream)
        tokens, tags = [], []
        for _ in range(rows):
            text = _text(data, (), rng)
            is_entity = rng.random(len(text)) < data.entities
            is_entity[0] = False
            tag = np.where(is_entity, rng.integers(1, max(data.classes, 2), len(text)), 0)
            words = [_words_of(data, int(t), 1, rng)[0] for t in tag[is_entity]]
            text[is_entity] = words
            tokens.append(text)
            tags.append([-100, *tag[1:].tolist()])
        if data.shuffled and stream == 1:
            tags = [[-100, *rng.permutation(tag[1:]).tolist()] for tag in tags]
        parts.append(Examples(tokens, tags))
    return _finish(data, parts, ["O", *(f"B-{i}" for i in range(1, data.classes))], data.classes)


def _chain(data: Data) -> np.ndarray:
    """Return the transition probabilities of a Markov chain with a few followers for each state."""
    rng = _rng(data, 7)
    table = np.zeros((_STATES, _STATES))
    for row in table:
        row[rng.permutation(_STATES)[:_FOLLOWERS]] = rng.dirichlet(np.ones(_FOLLOWERS))
    return table


def markov_entropy(data: Data) -> float:
    """Return the entropy of the next token in nats, which no sound language model's loss goes below."""
    table = _chain(data)
    values, vectors = np.linalg.eig(table.T)
    stationary = np.real(vectors[:, np.argmax(np.real(values))])
    stationary = stationary / stationary.sum()
    logs = np.log(table, out=np.zeros_like(table), where=table > 0)
    return float(-(stationary @ (table * logs).sum(axis=1)))


def _lm(data: Data) -> Splits:
    steps = np.cumsum(_chain(data), axis=1)
    parts = []
    for stream, rows in ((1, data.rows), (2, data.eval_rows)):
        rng = _rng(data, stream)
        state = rng.integers(0, _STATES, rows)
        columns = [state]
        for _ in range(data.length[1] - 1):
            state = np.minimum((rng.random(rows)[:, None] > steps[state]).sum(axis=1), _STATES - 1)
            columns.append(state)
        texts = FIRST + np.stack(columns, axis=1)
        parts.append(Examples([np.concatenate(([CLS], text)) for text in texts], [0] * rows))
    return _finish(data, parts, (), data.vocabulary)


def _retrieval(data: Data) -> Splits:
    """Make pairs of texts that share their markers, and nothing else."""
    parts = []
    for stream, rows in ((1, data.rows), (2, data.eval_rows)):
        rng = _rng(data, stream)
        shared = [
            (FIRST + rng.integers(0, data.classes * _per_class(data), data.markers)).tolist() for _ in range(rows)
        ]
        parts.append(Examples([_text(data, s, rng) for s in shared], [_text(data, s, rng) for s in shared]))
    return _finish(data, parts, (), data.vocabulary)


_MAKERS = {
    "classification": _classification, "multilabel": _multilabel, "regression": _regression,
    "tagging": _tagging, "lm": _lm, "retrieval": _retrieval,
}  # fmt: skip

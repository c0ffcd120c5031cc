"""The YAML front matter of a model card: its model-index, name, base model, tags and task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.readers._yaml import Node, Scalar, parse_yaml, text_of
from diagnose.readers.records import Cell, Record
from diagnose.vocabulary import parse_name, split_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.readers.page import Page

ORDER = 0

_LONGEST = 5000
_GENERATED = "achieves the following results"
# Hugging Face's pipeline tags, to the kinds of task that facts tell apart.
_KINDS = {
    "text-classification": "classification",
    "zero-shot-classification": "classification",
    "natural-language-inference": "classification",
    "image-classification": "classification",
    "audio-classification": "classification",
    "video-classification": "classification",
    "tabular-classification": "classification",
    "token-classification": "token-classification",
    "automatic-speech-recognition": "speech-recognition",
    "tabular-regression": "regression",
    "sentence-similarity": "similarity",
    "semantic-similarity": "similarity",
    "question-answering": "question-answering",
    "multiple-choice": "multiple-choice",
    "fill-mask": "language-modelling",
    "text-generation": "generation",
    "text2text-generation": "generation",
    "summarization": "generation",
    "translation": "generation",
    "object-detection": "detection",
    "image-segmentation": "segmentation",
    "reinforcement-learning": "reinforcement-learning",
}
_NOT_A_NUMBER = {".nan": "nan", ".NaN": "nan", ".NAN": "nan", ".inf": "inf", "-.inf": "-inf"}


def extract(page: Page) -> Iterator[Record]:
    """Claim the front matter and yield one record for every result of its model-index."""
    stop = _end(page.lines)
    if stop is None:
        return
    page.claim(0, stop + 1)
    start = next(i for i in range(stop) if page.lines[i].strip() == "---") + 1
    card = parse_yaml(page.lines[start:stop], start)
    if not isinstance(card, dict):
        return
    page.model = text_of(_first(card.get("base_model"))) or None
    results = [r for model in _items(card.get("model-index")) for r in _items(_get(model, "results"))]
    names = [text_of(_get(model, "name")) for model in _items(card.get("model-index"))]
    page.name = next(filter(None, names), None) or text_of(card.get("model_name")) or None
    tags = [text_of(_get(_get(r, "task"), "type")) for r in results] + [text_of(card.get("pipeline_tag"))]
    tags += [text_of(tag) for tag in _items(card.get("tags"))]
    page.task_kind = next((_KINDS[tag] for tag in tags if tag in _KINDS), None)
    yield from _records(page, results)


def _end(lines: list[str]) -> int | None:
    """Return the index of the line that closes the front matter, or None where there is none."""
    first = next((i for i, line in enumerate(lines[:20]) if line.strip()), None)
    if first is None or lines[first].strip() != "---":
        return None
    closing = (i for i in range(first + 1, min(len(lines), _LONGEST)) if lines[i].rstrip() in ("---", "..."))
    return next(closing, None)


def _records(page: Page, results: list[Node]) -> Iterator[Record]:
    tasks = _tasks(results)
    if tasks and any(_GENERATED in line for line in page.lines):
        tasks[0] = None  # a Trainer wrote the headline and the first result from one evaluation
    for number, (result, task) in enumerate(zip(results, tasks, strict=True)):
        cells = tuple(_cells(page, _items(_get(result, "metrics"))))
        if not cells:
            continue
        # spaCy writes "NER Precision" under the task "NER".
        named = f"{task} ".lower()
        cells = tuple(
            Cell(cell.key[len(named) :], cell.text, cell.at) if cell.key.lower().startswith(named) else cell
            for cell in cells
        )
        # One result describes the card's own evaluation set, whatever split of the data set that was taken from.
        split = split_of(text_of(_get(_get(result, "dataset"), "split"))) if task else None
        yield Record(cells, group=f"model-index {number}", task=task, split=split, machine=True)


def _tasks(results: list[Node]) -> list[str | None]:
    """Return a name for each result that tells it from the others: its data set, else its task; None for a lone one."""
    if len(results) == 1:
        return [None]
    for path in (("dataset", "name"), ("dataset", "config"), ("dataset", "args"), ("task", "name"), ("task", "type")):
        names = [text_of(_get(_get(result, path[0]), path[1])) for result in results]
        if len(set(names)) == len(names) and all(names):
            return list(names)
    return [f"result_{number + 1}" for number in range(len(results))]


def _cells(page: Page, metrics: list[Node]) -> Iterator[Cell]:
    for metric in metrics:
        if not isinstance(metric, dict):
            continue
        written, kind = text_of(metric.get("name")), text_of(metric.get("type"))
        key = _key(written, kind)
        value = metric.get("value")
        if isinstance(value, Scalar) and key:
            yield Cell(key, _NOT_A_NUMBER.get(value.text, value.text), page.at(value.line))
        elif isinstance(value, dict):
            for name, item in value.items():
                if isinstance(item, Scalar):
                    yield Cell(name, item.text, page.at(item.line))


def _key(name: str, kind: str) -> str:
    """Return the more telling of a metric's display name and its type."""
    if not name or (not parse_name(name).known and parse_name(kind).known):
        return kind or name
    return name


def _get(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, dict) else None


def _items(node: Node | None) -> list[Node]:
    if isinstance(node, list):
        return node
    return [node] if isinstance(node, dict) else []


def _first(node: Node | None) -> Node | None:
    return node[0] if isinstance(node, list) and node else node

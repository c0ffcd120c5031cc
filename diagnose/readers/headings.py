"""What headings say about the numbers below them: which run, which task, which split, which class."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from diagnose.readers._markup import plain, words
from diagnose.vocabulary import parse_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diagnose.readers.page import Page

__all__ = ["MODEL", "Context", "context", "contexts", "is_plan", "run_in", "split_in", "task_in"]

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """The run, task, split and class that the headings above a line name; None where they say nothing."""

    run: str | None = None
    task: str | None = None
    split: str | None = None
    label: str | None = None


_NUMBERED = re.compile(
    r"(?<!from )(?<!than )(?<!over )(?<!to )\b(run|experiment|exp|trial|attempt|fold|seed)"
    r"\s*[#№:\"'“]{0,3}\s*(\d+[a-z]?)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\b(?:run|experiment|trial|model|system)\s*:\s*(\S.{0,80})", re.IGNORECASE)
_PLAN = re.compile(
    r"\b(recommend\w*|expected (?!calibration)\w+|roadmap|next steps?|future|to-?do|planned|plans?|proposed|proposals?"
    r"|projected|projections?|goals?|milestones?|action items?)\b",
    re.IGNORECASE,
)
_RESULT = re.compile(r"\b(actual|results?|achieved|report)\b", re.IGNORECASE)
# What is done after the training and then evaluated anew: its figures are not the trained model's.
_PROCESS = re.compile(r"\b(calibrat|quanti[sz]|ensembl|distill|prun|cross[- ]valid)", re.IGNORECASE)
_PROCESS_TASKS = {
    "calibrat": "calibration",
    "ensembl": "ensemble",
    "distill": "distillation",
    "prun": "pruning",
    "cross": "cross-validation",
}
_LABEL = re.compile(r"(?:class|label|category|entity|intent)\s*[:#]?\s*(\S.{0,60})", re.IGNORECASE)
MODEL = re.compile(
    r"bert|gpt(?!4all)|\bt5\b|llama|mistral|qwen|gemma|\w*net\b|lstm|\bgru\b|\bcnn\b|svm|forest|regression|boost|\bvit\b|bayes|"
    r"whisper|wav2vec|transformer|\bcrf\b|\bknn\b|tree\b|\bmlp\b|perceptron|yolo",
    re.IGNORECASE,
)
# What somebody did: such a heading names no task, and no more than the model that it was done with.
_ACTIVITY = re.compile(
    r"(?:training|testing|evaluating|running|coding|updating|preparing|building|saving|checking|comparing|installing"
    r"|loading|making|creating|predicting|fine-?tuning|trying|writing|using|adding|fixing|converting|calculating"
    r"|computing|plotting)\s+(?=\w)",
    re.IGNORECASE,
)
_CIRCUMSTANCE = re.compile(r"\s+(?:with|on|using|for|over|by)\s.*")
_ORDINAL = re.compile(r"^(?:#?\d+[.):]?|v\d[\w.]*)(?:\s+|$)")
_SPLIT = re.compile(
    r"\b(test|validation|val|dev|eval|train|training)[\s-]+"
    r"(?:set|split|data|partition|performance|metrics|results|scores)\b",
    re.IGNORECASE,
)
# "Training results" is the history of a training, whose columns name their own splits.
_NO_SPLIT = re.compile(r"\btraining\s+(?:results|data|metrics)\b", re.IGNORECASE)
_GENERIC = words(
    "analysis result results metric metrics performance evaluation evaluating eval score scores summary overall"
    " overview aggregate aggregated detailed details detail report final test testing validation val dev train"
    " training set split data on the of for with and in per class classes classification model table comparison"
    " current best main a an to by from using our at vs versus benchmark benchmarks task tasks dataset datasets"
    " accuracy actual run runs wise level threshold breakdown statistics stats numbers quantitative experimental"
    " experiment experiments other more all method methods log logs output outputs exp"
)
# The first line of a section that shows how its figures are laid out.
_FIGURES = re.compile(r"\s*\||.{0,80}[:=\s]\s*[`*]{0,4}[~+-]?\d|\s*precision\s+recall|\s*\*{3,}")
_MASK = re.compile(r"[\W\d_]+")
_WORDS = re.compile(r"[^\W_]+")
_SUBSTANTIAL = words("analysis results performance metrics classification task dataset benchmark evaluation report")


def context(page: Page, index: int) -> Context:
    """Return what the headings above a line say."""
    return page.contexts[page.headings(index)]


def run_in(text: str) -> str | None:
    """Return the run that `text` names ("RUN #2 - BALANCED" is "Run #2"), the first where there are several."""
    match = _NUMBERED.search(text)
    if match:
        mark = "#" if match[1].lower() == "run" else ""
        return f"{match[1].capitalize()} {mark}{match[2]}"
    match = _NAMED.search(text)
    return match[1].strip("\"'` ") if match else None


def without_run(text: str) -> str:
    """Return `text` without the run that it names."""
    return _NAMED.sub(" ", _NUMBERED.sub(" ", text))


def split_in(text: str) -> str | None:
    """Return the split that `text` names ("Results on the test set"), or None."""
    match = None if _NO_SPLIT.search(text) else _SPLIT.search(text)
    return parse_name(match[1]).split if match else None


def task_in(text: str) -> str | None:
    """Return the words of `text` that are not common to all headings, joined by "_", or None."""
    found = _WORDS.findall(re.sub(r"\(.{0,80}?\)", " ", without_run(text)).lower())
    kept = [w for w in found if w not in _GENERIC and not w.isdigit()]
    return "_".join(kept) or None


def is_plan(title: str) -> bool:
    """Whether a heading announces what is yet to come: its figures are no results."""
    return bool(_PLAN.search(title)) and not _RESULT.search(title)


def contexts(lines: Sequence[str], paths: Sequence[Path]) -> dict[Path, Context]:
    """Return the context of every path of headings in a document."""
    alike = _alike(_sections(lines, paths))
    found: dict[Path, Context] = {(): Context()}
    for path in dict.fromkeys(paths):
        for depth in range(1, len(path) + 1):
            part = path[:depth]
            if part not in found:
                found[part] = _refined(found[part[:-1]], plain(part[-1]), alike=part in alike)
    return found


def _refined(outer: Context, title: str, *, alike: bool) -> Context:
    """Return the context under one more heading; `alike`: the heading has siblings that are built like it."""
    here = replace(outer, run=run_in(title) or outer.run, split=split_in(title) or outer.split)
    process = _PROCESS.search(title)
    if process:
        return replace(here, task=_PROCESS_TASKS.get(re.split(r"[- ]", process[1].lower())[0], "quantization"))
    if not alike:
        return here
    label = _LABEL.fullmatch(title)
    if label:
        return replace(here, label=label[1])
    if run_in(title) is None and (_ORDINAL.match(title) or MODEL.search(title)):
        name = _ORDINAL.sub("", title).strip()
        if _ACTIVITY.match(name):
            name = _CIRCUMSTANCE.sub("", _ACTIVITY.sub("", name))
        return replace(here, run=name if name and not name.replace(".", "").isdigit() else title)
    return here if _ACTIVITY.match(title) else replace(here, task=task_in(title) or outer.task)


def _sections(lines: Sequence[str], paths: Sequence[Path]) -> dict[Path, str]:
    """Return, for every heading with figures below it, the first line of figures with its digits masked."""
    first: dict[Path, str] = {}
    for line, path in zip(lines, paths, strict=True):
        if path and path not in first and not line.startswith("#") and _FIGURES.match(line):
            signature = _MASK.sub(" ", line[:200]).strip().lower()
            for depth in range(len(path), 0, -1):
                if path[:depth] in first:
                    break
                first[path[:depth]] = signature
    return first


def _alike(sections: dict[Path, str]) -> set[Path]:
    """Return the headings that have a sibling of the same build: the same layout of figures, or title words."""
    groups: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for path, signature in sections.items():
        groups[path[:-1], f"figures {signature}"].append(path)
        frame = _frame(path[-1])
        if frame:
            groups[path[:-1], f"title {frame}"].append(path)
    return {path for members in groups.values() if _several(members) for path in members}


def _several(members: Iterable[Path]) -> bool:
    return len({path[-1] for path in members}) > 1


def _frame(title: str) -> str:
    """Return the common words of a title ("SENTIMENT ANALYSIS - RUN #2" has those of "TOPIC ANALYSIS - RUN #2")."""
    title = plain(title)
    common = [w for w in _WORDS.findall(without_run(title).lower()) if w in _GENERIC]
    return " ".join(common) if _SUBSTANTIAL.intersection(common) and task_in(title) else ""

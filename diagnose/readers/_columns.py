"""What the columns of a table are for, by their headers: a metric, an axis, a run, a split, a target, an aside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from diagnose.readers._markup import words
from diagnose.readers.headings import run_in, without_run
from diagnose.vocabulary import Name, parse_name, setting_of, split_of

__all__ = [
    "CLASS_HEADS",
    "METRIC_HEADS",
    "SETTING_HEADS",
    "Column",
    "Kind",
    "column_of",
    "is_measure",
    "names_measure",
    "qualified",
    "words_of",
]

# metric: its cells are values of the metric that it names; value: its cells are values of the metric that the row
# names; axis: step or epoch; run, task, split, class: its cells, or its header, say where the row or column belongs;
# target: goals; aside: changes, gaps, verdicts and remarks, which are nobody's metric; other: anything else.
Kind: TypeAlias = Literal[
    "metric",
    "value",
    "axis",
    "setting",
    "run",
    "task",
    "split",
    "class",
    "target",
    "aside",
    "stderr",
    "filter",
    "other",
]

CLASS_HEADS = words(
    "class classes label labels category categories entity entities tag intent emotion class_name label_name"
)
METRIC_HEADS = words(
    "metric metrics measure measures evaluation_metric metric_name statistic statistics indicator kpi type name score"
    " scores attribute property item field quantity"
)
SETTING_HEADS = words(
    "parameter parameters param hyperparameter hyperparameters hyper_parameter hyper_parameters hparam hparams setting"
    " settings config configuration argument arguments option options hyperparam training_argument training_parameter"
    " config_parameter parameter_name"
)
_RUN_HEADS = words(
    "model models model_name method methods system run run_name experiment approach algorithm classifier architecture"
    " checkpoint variant setup configuration config version base_model estimator backbone network name"
)
_NUMBERED_HEADS = words("run experiment exp trial attempt fold seed")
_TASK_HEADS = words(
    "task tasks dataset datasets benchmark benchmarks subset language languages lang domain corpus data test_set"
    " testset groups group subtask evaluation"
)
_SPLIT_HEADS = words("split set partition phase data_split")
_VALUE_HEADS = words("value values score scores result results performance final final_value best_value")
_ASIDES = words(
    "change changes delta δ diff difference gap status gain gains improvement improvements rationale note notes comment"
    " comments description assessment verdict conclusion conclusions expected projected planned plan remark remarks"
    " interpretation meaning relative trend state reason reasons explanation progress rank version shot shots fewshot"
    " threshold std stdev deviation ci confidence vs sota increase decrease reduction default range unit winner drop"
    " units lift pvalue"
)
_QUALIFIED = re.compile(r"(?P<base>[^()\[\]]{1,60})[(\[](?P<qualifier>[^()\[\]]{1,60})[)\]]")
_LONGEST_NAME = 80
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its place, its header, its kind, and the run, split, task or metric that the header names."""

    index: int
    header: str
    kind: Kind
    run: str | None = None
    split: str | None = None
    key: str = ""
    task: str | None = None


def words_of(text: str) -> str:
    """Return the words of `text` in lower case, joined by "_"."""
    return "_".join(_WORD.findall(text.lower()))


def is_measure(name: Name) -> bool:
    """Whether a name is that of a metric of quality: no count, time, axis or setting."""
    info = name.info if name.known else None
    return info is not None and info.kind in ("score", "correlation", "error", "loss")


def names_measure(text: str) -> bool:
    """Whether a text is the name of a metric of quality; a long text is a sentence."""
    return len(text) <= _LONGEST_NAME and is_measure(parse_name(text))


def column_of(index: int, header: str) -> Column:
    """Return what a column is for, as far as its header tells."""
    if len(header) > _LONGEST_NAME:
        return Column(index, header[:_LONGEST_NAME], "other")
    name_words = words_of(header)
    name = parse_name(header)
    if name_words in ("stderr", "std_err", "standard_error"):
        return Column(index, header, "stderr")
    if name_words == "filter":
        return Column(index, header, "filter")
    run = run_in(header)
    rest = words_of(without_run(header)) if run else name_words
    if _ASIDES.intersection(rest.split("_")) or rest == "p_value":
        return Column(index, header, "aside")
    if name.target or name_words in ("target", "goal", "targets"):
        return Column(index, header, "aside" if run else "target", key=_without_target(name_words))
    if run:
        return _run_column(index, header, run, rest)
    if name.known and name.info is not None:
        kind: Kind = "axis" if name.info.kind == "axis" else "setting" if name.info.kind == "setting" else "metric"
        return Column(index, header, kind, split=name.split, key=header)
    if name_words in _NUMBERED_HEADS:
        return Column(index, header, "run")
    base, qualifier = qualified(header)
    if qualifier:
        return Column(index, header, "metric", key=base, task=qualifier)
    if setting_of(header):
        return Column(index, header, "setting", key=header)
    if name_words in CLASS_HEADS:
        return Column(index, header, "class")
    for heads, named in ((_TASK_HEADS, "task"), (_SPLIT_HEADS, "split"), (_RUN_HEADS, "run"), (_VALUE_HEADS, "value")):
        if name_words in heads:
            return Column(index, header, named)  # type: ignore[arg-type]  # the four names are kinds
    split = split_of(header) or (name.split if name.metric in _VALUE_HEADS else None)
    if split:
        return Column(index, header, "value", split=split)
    return Column(index, header, "other")


def qualified(name: str) -> tuple[str, str | None]:
    """Take apart a metric and what it is restricted to: "WER (with LM)" is the WER of "with LM"."""
    match = _QUALIFIED.fullmatch(name)
    if match is None or parse_name(name).known or not names_measure(match["base"]):
        return name, None
    return match["base"].strip(), match["qualifier"].strip()


def _run_column(index: int, header: str, run: str, rest: str) -> Column:
    """Return a column that names a run: of all its values ("Run #1"), or of one metric ("Run #1 F1")."""
    if not rest or rest in _VALUE_HEADS:
        return Column(index, header, "value", run=run)
    if split_of(rest):
        return Column(index, header, "value", run=run, split=split_of(rest))
    return Column(
        index, header, "metric" if parse_name(rest).known else "aside", run=run, key=without_run(header).strip()
    )


def _without_target(joined: str) -> str:
    return "_".join(word for word in joined.split("_") if word not in ("target", "targets", "goal"))

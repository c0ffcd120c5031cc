"""Facts: what the reported numbers prove. Every module of this folder derives some, in the order of their needs."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from functools import cache
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from diagnose.errors import UsageError, did_you_mean
from diagnose.facts._confusion import turned
from diagnose.facts._scale import FRACTION, PERCENT, on_scale, taken_for
from diagnose.types import Evaluation, Fact, Facts, Proof, Question, Run, Scope, Value
from diagnose.vocabulary import METRICS, parse_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Assumption", "Assumptions", "derive", "fact_names"]


class FactModule(Protocol):
    """What a module of this folder offers.

    PROVIDES: {fact name: one line that says what it is, with its unit}; NEEDS: names of facts that it looks up.
    """

    PROVIDES: Mapping[str, str]
    NEEDS: tuple[str, ...]

    @staticmethod
    def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterable[Fact | Question]:
        """Derive what this module can from the run and from the facts so far."""


class Assumption(NamedTuple):
    """An answer of the user: NAME=VALUE, for one run, task or split, or for all."""

    name: str
    value: str
    run: str | None = None
    task: str | None = None
    split: str | None = None

    @classmethod
    def parse(cls, text: str) -> Assumption:
        """Read `[RUN/][TASK/][SPLIT:]NAME=VALUE`; one name before a slash is taken for a task."""
        left, equals, value = text.partition("=")
        place = parse_place(left)
        if not equals or not value.strip() or place is None:
            raise UsageError(f"--assume {text!r} is not NAME=VALUE", "write for example --assume averaging=macro")
        if place.name not in ASSUMPTIONS:
            hint = did_you_mean(place.name, ASSUMPTIONS) or f"known: {', '.join(sorted(ASSUMPTIONS))}"
            raise UsageError(f"--assume does not know {place.name!r}", hint)
        return cls(place.name, value.strip(), run=place.run, task=place.task, split=place.split)

    def holds_in(self, scope: Scope) -> bool:
        """Whether the answer is about `scope`."""
        return all(
            mine is None or mine == theirs
            for mine, theirs in ((self.run, scope.run), (self.task, scope.task), (self.split, scope.split))
        )


ASSUMPTIONS: dict[str, str] = {
    "averaging": "binary, macro, micro or weighted",
    "classes": "how many classes the averages run over",
    "samples": "how many rows were evaluated",
    "samples_below": "fewer rows than this were evaluated",
    "prevalence": "the share of positive rows",
    "majority_share": "the share of the most frequent class among the rows",
    "one_matrix": "true: accuracy, precision, recall, F1 and their like (MCC) come from one binary matrix of the rows",
    "same_unit": "true: accuracy, the other scores and the samples count the same things, not tokens beside entities",
    "same_average": "true: the metrics are averaged in one way, over all classes and all rows at once, each row once",
    "same_rows": "true: the compared rows were computed on one evaluation set",
    "rows_are_true": "true: the rows of the confusion matrix are the true classes, its columns the predicted ones",
    "single_label": "true: every row has one label and one prediction",
    "all_classes_listed": "true: the per-class table or the matrix lists every class of the labels and of the model",
    "label_variance": "the variance of the labels on the evaluated rows",
    "label_range": "the largest label minus the least that can occur",
    "argmax": "true: every prediction is the class of the largest probability",
    "unweighted_loss": "true: the loss is the plain mean cross-entropy in nats",
    "scale": "fraction or percent: what scores of at most 1 are that stand, without a sign, beside scores above 1",
    "plain_metrics": "true: each metric has its plain definition (unweighted kappa, no chance correction, one scale)",
    "zero_division": "0, 1 or nan: the value of a metric without a denominator",
    "timing_same_rows": "true: runtime and samples a second describe the rows of the metrics",
    "trainer_timing": "true: runtime and rate are those of the transformers Trainer, rounded to 4 and 3 decimals",
    "rounded": "true: the numbers are rounded to the nearest, not truncated",
    "independent_rows": "true: the evaluated rows are an independent sample",
    "full_precision": "true: a short number in a record of full doubles is a full double too, and was not rounded",
    "devices": "how many devices trained in parallel",
    "last_batch_kept": "true: the last, smaller batch of an epoch was trained on too",
}


_FULL = "full_precision=true"


class Assumptions(NamedTuple):
    """All answers of the user."""

    items: tuple[Assumption, ...] = ()

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Assumptions:
        """Read the values of `--assume`."""
        return cls(tuple(Assumption.parse(text) for text in texts))

    def get(self, name: str, scope: Scope) -> str | None:
        """Return the answer about `scope`, the narrowest where there are several."""
        if not self.items:  # as in most runs, and for each of thousands of rows
            return None
        fitting = [a for a in self.items if a.name == name and a.holds_in(scope)]
        best = max(fitting, key=lambda a: sum(p is not None for p in (a.run, a.task, a.split)), default=None)
        return best.value if best else None

    def number(self, name: str, scope: Scope) -> float | None:
        """Return the answer as a number."""
        text = self.get(name, scope)
        if text is None:
            return None
        try:
            return float(text)
        except ValueError:
            raise UsageError(f"--assume {name}={text}: not a number", ASSUMPTIONS[name]) from None


@cache
def _modules() -> tuple[FactModule, ...]:
    """Return the modules of this folder, each after those whose facts it needs."""
    modules: dict[str, FactModule] = {
        info.name: importlib.import_module(f"{__name__}.{info.name}")  # type: ignore[misc]
        for info in pkgutil.iter_modules(__path__)
        if not info.name.startswith("_")
    }
    providers = {
        need: {name for name, module in modules.items() if need in module.PROVIDES}
        for module in modules.values()
        for need in module.NEEDS
    }
    graph = {
        name: {provider for need in module.NEEDS for provider in providers[need] if provider != name}
        for name, module in sorted(modules.items())
    }
    return tuple(modules[name] for name in TopologicalSorter(graph).static_order())


@cache
def fact_names() -> Mapping[str, str]:
    """Return every fact name that exists, with its line of description."""
    names = {
        f"{average}{base}": f"the reported {average.replace('_', ' ')}{base}"
        for base, metric in METRICS.items()
        for average in (("", "macro_", "micro_", "weighted_") if metric.kind == "score" else ("",))
        if metric.kind not in ("axis", "setting", "spread")
    }
    for module in _modules():
        names.update(module.PROVIDES)
    return names


def derive(
    run: Run, assumed: Assumptions | None = None, others: Sequence[Run] = (), baseline: Run | None = None
) -> Facts:
    """Return everything that the run's numbers prove, imply or suggest.

    others: the other runs of the same document or comparison, which facts about differences look at; baseline: the
    run that it is to be compared with, where that is not for its name to tell.
    """
    assumed = assumed or Assumptions()
    printed, run = run, _read_as_told(run, assumed)
    scales = {
        id(value): scale
        for before, after in zip(printed.evaluations, run.evaluations, strict=True)
        for value, scale in taken_for(before, after)
    }
    facts = Facts(run, others, baseline)
    for module in _modules():
        for item in module.derive(run, facts, assumed):
            facts.add(_as_read(item, scales) if isinstance(item, Fact) else item)
    return facts


def _as_read(fact: Fact, scales: Mapping[int, str]) -> Fact:
    """Return the fact with what its numbers are taken for: unrounded beside full doubles, on a scale of their own.

    scales: by the value's id, for those whose scale the source leaves open.
    """
    if fact.proof not in (Proof.PROVED, Proof.PROVED_IF):
        return fact
    needed = [_FULL] if any(value.presumed_full for value in fact.evidence) else []
    needed += [scales[id(value)] for value in fact.evidence if id(value) in scales] if scales else []
    missing = dict.fromkeys(name for name in needed if name not in fact.assumes)
    return replace(fact, proof=Proof.PROVED_IF, assumes=(*fact.assumes, *missing)) if missing else fact


def _read_as_told(run: Run, assumed: Assumptions) -> Run:
    """Return the run as the user's answers read it: matrices turned, short numbers as rounded, scores in percent."""
    if not {"rows_are_true", "full_precision", "scale"} & {assumption.name for assumption in assumed.items}:
        return run
    evaluations = []
    for evaluation in run.evaluations:
        scope = Scope(run.name, evaluation.task, evaluation.split)
        if evaluation.matrix_assumes and assumed.get("rows_are_true", scope) == "false":
            cells = turned(evaluation.matrix or {})
            evaluation = replace(  # noqa: PLW2901  # the same evaluation, read again
                evaluation, matrix=cells, matrix_assumes=("rows_are_true=false",)
            )
        if assumed.get("full_precision", scope) == "false":
            evaluation = _as_rounded(evaluation)  # noqa: PLW2901  # likewise
        if (scale := f"scale={assumed.get('scale', scope)}") in (FRACTION, PERCENT):
            evaluation = on_scale(evaluation, scale)  # noqa: PLW2901  # likewise
        evaluations.append(evaluation)
    return replace(run, evaluations=tuple(evaluations))


def _as_rounded(evaluation: Evaluation) -> Evaluation:
    def short(metrics: Mapping[str, Value]) -> dict[str, Value]:
        return {n: replace(v, machine=False) if v.presumed_full else v for n, v in metrics.items()}

    classes = tuple(replace(row, metrics=short(row.metrics)) for row in evaluation.classes)
    return replace(evaluation, metrics=short(evaluation.metrics), classes=classes)

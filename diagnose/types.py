"""The types that pass between the rooms: Value, Evaluation, Run, Fact, Finding, Report.

    text --readers--> Run --facts--> Facts --engine--> Report --report--> text

All of them are immutable once built, hold plain data, and know nothing of files, rules or terminals.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from diagnose.interval import FULL_DIGITS, Interval, printed_interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "Acceptance",
    "Attempt",
    "ClassRow",
    "Evaluation",
    "Fact",
    "FactValue",
    "Facts",
    "Finding",
    "InputError",
    "NotChecked",
    "Proof",
    "Question",
    "Remedy",
    "Report",
    "Reproduction",
    "Requirement",
    "Run",
    "Scope",
    "ScopeVerdict",
    "Series",
    "Severity",
    "TrainingPoint",
    "Tried",
    "Unread",
    "Value",
    "Verdict",
    "row_step",
]

# A number, an interval, a truth value, a name, or a small structure of those.
FactValue: TypeAlias = Any


class Proof(StrEnum):
    """How strong a statement is, the strongest first. design.md defines the four words."""

    PROVED = "proved"
    PROVED_IF = "proved_if"
    IMPLIED = "implied"
    SUGGESTED = "suggested"

    @property
    def rank(self) -> int:
        """0 for the strongest."""
        return list(Proof).index(self)

    @classmethod
    def weakest(cls, proofs: Iterable[Proof]) -> Proof:
        """Return the weakest of `proofs`; PROVED where there are none."""
        return max(proofs, key=lambda proof: proof.rank, default=cls.PROVED)


class Severity(StrEnum):
    """How much a finding weighs, the heaviest first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the heaviest."""
        return list(Severity).index(self)


class Verdict(StrEnum):
    """The judgement of a task's evaluation, the worst first."""

    DEGENERATE = "degenerate"
    SUSPECT = "suspect"
    UNKNOWN = "unknown"
    HEALTHY = "healthy"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Verdict).index(self)

    @classmethod
    def worst(cls, verdicts: Iterable[Verdict]) -> Verdict:
        """Return the worst of `verdicts`; UNKNOWN where there are none."""
        return min(verdicts, key=lambda verdict: verdict.rank, default=cls.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Value:
    """A number as it was reported.

    metric: the canonical name (`vocabulary.py`), such as "macro_f1"; key: the name in the source, such as "eval_f1";
    text: the number as printed, without a percent sign; scale: 1, or 1/100 where the source prints percent;
    machine: the record around it prints full doubles; approximate: the source itself says "about";
    measured: a score, an error or a loss, of which a whole number is a rounded one ("%.3g" prints 134.3 as 134);
    source and at: the file, and the JSON pointer or "line 12" in it.
    """

    metric: str
    key: str
    text: str
    number: float
    source: str = ""
    at: str = ""
    scale: Fraction = Fraction(1)
    machine: bool = False
    approximate: bool = False
    measured: bool = False

    @property
    def is_nan(self) -> bool:
        """Whether the source prints NaN (an absent metric is no Value at all)."""
        return math.isnan(self.number)

    @property
    def is_finite(self) -> bool:
        """Whether this is a number that can be computed with."""
        return math.isfinite(self.number)

    @property
    def interval(self) -> Interval | None:
        """Every number that prints so, rounded or truncated; None where it is not finite."""
        return self._interval(rounded=False)

    @property
    def rounded(self) -> Interval | None:
        """Every number that prints so when rounded to the nearest; None where it is not finite."""
        return self._interval(rounded=True)

    @property
    def truncated(self) -> Interval | None:
        """Every number that prints so when cut off after its last digit; None where it is not finite."""
        interval, nearest = self.interval, self.rounded
        if interval is None or nearest is None or self.number <= 0:
            return interval
        return interval.meet(Interval((nearest.low + nearest.high) / 2, interval.high))

    @property
    def shown(self) -> str:
        """The number as its reader sees it: `text` with its percent sign."""
        return self.text if self.scale == 1 else f"{self.text} %"

    @property
    def presumed_full(self) -> bool:
        """Whether the number is read as a full double only because those beside it are: it may have been rounded."""
        if not self.machine or not self.is_finite:
            return False
        if self.text.isdigit():
            return self.measured
        if sum(map(str.isdigit, self.text.partition("e")[0].lstrip("-0."))) >= FULL_DIGITS:
            return False  # as the comparison below would find, more slowly
        return printed_interval(self.text) != printed_interval(self.text, machine=True)

    def _interval(self, *, rounded: bool) -> Interval | None:
        # A whole number of percent is a rounded number too, not a count.
        rough = self.scale != 1 or (self.measured and not self.machine)
        text = f"{self.text}e0" if rough and self.text.lstrip("+-").isdigit() else self.text
        printed = printed_interval(text, rounded=rounded, machine=self.machine)
        if printed is None:
            return None
        if self.approximate:
            # One unit of the last digit more: "about 70 %" is 69 to 71, each printed as such.
            spread = (printed.high - printed.low) * Fraction(1 if rounded else 2, 1 if rounded else 3)
            printed = printed + Interval(-spread, spread)
        return printed if self.scale == 1 else printed * Interval.of(self.scale)


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class of a per-class table: metrics by canonical name ("precision", "recall", "f1", "support", ...)."""

    label: str
    metrics: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The metrics of one task on one split at one step.

    step is None for a result that stands alone (a headline, an eval_results.json); epoch likewise.
    metrics: by canonical name, sample counts, runtimes and targets (`target.<metric>`) among them;
    classes: the per-class table; matrix: {true class: {predicted class: count}} where one was given;
    matrix_assumes: what was assumed to read it so, where the source does not say which side is the true one, or where
    it was counted from predictions beside reported metrics; recomputed: the metrics that were computed from predictions
    (where nobody reported any, `metrics` are these).
    """

    split: str = "eval"
    task: str | None = None
    step: float | None = None
    epoch: float | None = None
    metrics: Mapping[str, Value] = field(default_factory=dict)
    classes: tuple[ClassRow, ...] = ()
    matrix: Mapping[str, Mapping[str, int]] | None = None
    source: str = ""
    matrix_assumes: tuple[str, ...] = ()
    recomputed: Mapping[str, Value] = field(default_factory=dict)

    @property
    def matrix_rows_assume(self) -> tuple[str, ...]:
        """What it takes for the matrix to be of the reported rows at all, whichever side is the true one."""
        return tuple(name for name in self.matrix_assumes if not name.startswith("rows_are_true="))

    @property
    def is_computed(self) -> bool:
        """Whether nobody reported the metrics: all of them were computed from predictions."""
        return bool(self.recomputed) and self.metrics == self.recomputed

    def get(self, *names: str) -> Value | None:
        """Return the first finite value among `names`."""
        for name in names:
            value = self.metrics.get(name)
            if value is not None and value.is_finite:
                return value
        return None


@dataclass(frozen=True, slots=True)
class TrainingPoint:
    """One line of the training log: loss, learning_rate, grad_norm, ... by canonical name, at a step."""

    step: float | None
    epoch: float | None
    metrics: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Unread:
    """Something a reader saw and could not use."""

    source: str
    at: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Series:
    """All evaluations of one task on one split: the rows of its history, and the result that is reported.

    headline: an evaluation that stands alone (no step); rows: in order of step; memo: what was computed of it once and
    is needed again, no part of its value.
    """

    task: str | None
    split: str
    headline: Evaluation | None
    rows: tuple[Evaluation, ...]
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __reduce__(self) -> tuple[type[Series], tuple[Any, ...]]:
        """Leave the memo out of copies for other processes: it may hold functions."""
        return Series, (self.task, self.split, self.headline, self.rows)

    @property
    def reported(self) -> Evaluation:
        """The headline, or else the last row: the evaluation that the verdict is about."""
        return self.headline if self.headline is not None else self.rows[-1]

    @property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """The headline first, then every row."""
        return (self.headline, *self.rows) if self.headline is not None else self.rows

    def column(self, metric: str) -> list[tuple[Evaluation, Value]]:
        """Return (row, value) for every row of the history that has `metric`, NaN included."""
        return [(row, row.metrics[metric]) for row in self.rows if metric in row.metrics]


@dataclass(frozen=True, slots=True)
class Requirement:
    """What somebody asks of a metric: `text` as it was written, `origin` where.

    metric: its canonical name, or its name in the source; relation: ">=", ">", "<=" or "<"; limit: the number; run,
    task, split, label (of a class): where it holds, None: wherever the metric is reported; change: "" where the limit
    is the metric's own, "absolute" or "relative" where it is that of its improvement on the baseline run, in the
    metric's unit or as a share of the baseline's metric; higher_is_better: which way that is.
    """

    text: str
    origin: str
    metric: str
    relation: str
    limit: Fraction
    run: str | None = None
    task: str | None = None
    split: str | None = None
    label: str | None = None
    change: str = ""
    higher_is_better: bool = True


@dataclass(frozen=True)
class Run:
    """What one training or evaluation run left behind.

    config: hyper-parameters as written, by canonical name where one is known (learning_rate, num_train_epochs,
    train_batch_size, ...); `text_flags`: statements of the log that are no numbers ("untrained-head", ...);
    requirements: what is asked of it, which no document says, but who has it judged.
    """

    name: str = ""
    model: str | None = None
    task_kind: str | None = None
    config: Mapping[str, Value | str] = field(default_factory=dict)
    evaluations: tuple[Evaluation, ...] = ()
    training: tuple[TrainingPoint, ...] = ()
    sources: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    text_flags: Mapping[str, Value] = field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()

    def series(self) -> tuple[Series, ...]:
        """Return the evaluations by task and split, in order of appearance; rows in order of step."""
        return self._grouped

    @cached_property
    def _grouped(self) -> tuple[Series, ...]:
        groups: dict[tuple[str | None, str], list[Evaluation]] = defaultdict(list)
        for evaluation in self.evaluations:
            groups[evaluation.task, evaluation.split].append(evaluation)
        return tuple(_series(task, split, members) for (task, split), members in groups.items())

    @cached_property
    def memo(self) -> dict[tuple[str, str], Any]:
        """What was computed of this run once and is needed again; no part of its value."""
        return {}

    def __getstate__(self) -> dict[str, Any]:
        """Leave what is computed out of copies for other processes: it may hold functions."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def setting(self, *names: str) -> float | None:
        """Return the first of the named settings that is a finite number."""
        for name in names:
            value = self.config.get(name)
            if isinstance(value, Value) and value.is_finite:
                return value.number
        return None


def _series(task: str | None, split: str, members: list[Evaluation]) -> Series:
    alone = [m for m in members if m.step is None and m.epoch is None]
    rows = [m for m in members if m.step is not None or m.epoch is not None]
    rows.sort(key=lambda row: (row.step if row.step is not None else math.inf, row.epoch or 0.0))
    return Series(task, split, alone[0] if alone else None, (*rows, *alone[1:]))


@dataclass(frozen=True, slots=True)
class Scope:
    """What a fact or finding is about; a field that is None means all of it."""

    run: str = ""
    task: str | None = None
    split: str | None = None
    step: float | None = None
    label: str | None = None

    def covers(self, other: Scope) -> bool:
        """Whether a statement about this scope is visible from `other`: equal, or an outer scope of it.

        A statement about a split is about one evaluation: that of the task it names, or of the task without a name.
        """
        return (
            self.run == other.run
            and (self.task == other.task or (self.task is None and self.split is None))
            and (self.split is None or self.split == other.split)
            and (self.step is None or self.step == other.step)
            and (self.label is None or self.label == other.label)
        )

    @property
    def depth(self) -> int:
        """How many fields are set: the narrower, the larger."""
        named = (self.task is not None) + (self.split is not None)
        return named + (self.step is not None) + (self.label is not None)

    def outer(self) -> tuple[Scope, ...]:
        """Return every scope whose statements are visible from this one, itself among them (see `covers`)."""
        places = dict.fromkeys(((self.task, self.split), (self.task, None), (None, None)))
        steps, labels = dict.fromkeys((self.step, None)), dict.fromkeys((self.label, None))
        return tuple(
            Scope(self.run, task, split, step, label) for task, split in places for step in steps for label in labels
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement with its proof.

    because: the derivation, in a sentence that its reader can recompute by hand; assumes: named assumptions
    ("averaging=macro"); evidence: the reported values that it rests on.
    """

    name: str
    value: FactValue
    scope: Scope
    proof: Proof
    because: str
    unit: str = ""
    assumes: tuple[str, ...] = ()
    evidence: tuple[Value, ...] = ()

    def __post_init__(self) -> None:
        if (self.proof is Proof.PROVED) == bool(self.assumes) and self.proof in (Proof.PROVED, Proof.PROVED_IF):
            msg = f"{self.name}: a proved fact names no assumption, a proved_if fact at least one"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Question:
    """The question that would settle what is open: `assume` is the answer's form, `decides` the facts it settles."""

    ask: str
    assume: str
    decides: tuple[str, ...]
    scope: Scope


class Facts:
    """All facts of one run, found by name and scope.

    others: the other runs of its document or folder; baseline: the run that it is held against, where one is named.
    """

    def __init__(self, run: Run, others: Iterable[Run] = (), baseline: Run | None = None) -> None:
        self.run = run
        self.others = tuple(others)
        self.baseline = baseline
        self.questions: list[Question] = []
        self._by_name: dict[str, list[Fact]] = defaultdict(list)
        self._by_scope: dict[Scope, dict[str, Fact]] = defaultdict(dict)
        self._views: dict[Scope, tuple[dict[str, Fact], ...]] = {}
        # A result that is the last row of its history has no scope of its own: the row's facts are its facts.
        self._reported = {
            Scope(run.name, s.task, s.split): row_step(s.reported) for s in run.series() if s.headline is None
        }

    def __iter__(self) -> Iterator[Fact]:
        return (fact for facts in self._by_name.values() for fact in facts)

    def add(self, item: Fact | Question) -> None:
        """Take in a fact or a question."""
        if isinstance(item, Question):
            self.questions.append(item)
        else:
            self._by_name[item.name].append(item)
            self._by_scope[item.scope].setdefault(item.name, item)

    def named(self, name: str) -> list[Fact]:
        """Return all facts of that name, in every scope."""
        return self._by_name.get(name, [])

    def at(self, name: str, scope: Scope) -> Fact | None:
        """Return the fact of that name that is visible from `scope`, the narrowest scope first.

        From the scope of a result without a headline, the facts of its last row are visible too.
        """
        if name not in self._by_name:
            return None
        for facts in self._views.get(scope) or self._view(scope):
            if (fact := facts.get(name)) is not None:
                return fact
        return None

    def _view(self, scope: Scope) -> tuple[dict[str, Fact], ...]:
        """Return the facts of every scope that is visible from `scope`, the narrowest first."""
        places = scope.outer()
        if scope.step is None and (reported := self._reported.get(replace(scope, label=None))) is not None:
            places = (*replace(scope, step=reported).outer(), *places)
        # Facts that are added later to one of these scopes are found too: the dictionaries are shared.
        view = tuple(self._by_scope[place] for place in sorted(dict.fromkeys(places), key=lambda p: -p.depth))
        self._views[scope] = view
        return view


def row_step(evaluation: Evaluation) -> float | None:
    """Return what names a row of a history: its step, or else its epoch."""
    return evaluation.step if evaluation.step is not None else evaluation.epoch


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a remedy did against one thing that makes the failure happen in a reproduction.

    cause: that thing, as what follows "when"; cured: of the `runs` with the remedy those as good as sound ones, low and
    high: Wilson's 95 % interval of that share; p: Fisher's exact test of it against the runs without the remedy,
    two-sided; cures: most of its runs are cured, and not by chance; times: how often a factor of it was applied.
    """

    cause: str
    cured: int
    runs: int
    low: float
    high: float
    p: float
    cures: bool
    times: int = 1


@dataclass(frozen=True, slots=True)
class Tried:
    """Something that may make a failure happen, in a reproduction.

    cause: as what follows "when"; failed: of its `runs` those that fail as the report does; reproduces: whether that
    is at least half of them; reseeded, placebo: of the `placebo` runs with other seeds and nothing else changed those
    as good as sound ones.
    """

    cause: str
    failed: int
    runs: int
    reproduces: bool
    reseeded: int = 0
    placebo: int = 0


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of making a finding's failure happen on purpose.

    learnt: whether sound settings learnt the task at all, without which nothing follows; causes: all that were tried;
    differences: in which the reproduction is not the run, each in a sentence; unfinished: what the budget left open.
    """

    learnt: bool
    causes: tuple[Tried, ...]
    differences: tuple[str, ...]
    unfinished: tuple[str, ...] = ()

    @property
    def failing(self) -> tuple[Tried, ...]:
        """The causes that make it happen."""
        return tuple(tried for tried in self.causes if tried.reproduces)


@dataclass(frozen=True, slots=True)
class Remedy:
    """A change to try: `change` is a patch in the names of transformers.TrainingArguments.

    when: a condition that decides its place: where it holds the remedy is tried before the others, where it fails
    after them;
    cause: the fault that it would cure, as a clause; "" where it measures, looks up or reports instead of curing;
    undoes: the faults of the laboratory (reproduce/faults.toml) that it is the remedy of; trial: how a reproduction
    tries it, in the dotted names of the training module, where `change` has no words for it; verified: what it did in
    a reproduction, against each thing that made the failure happen there, the best first; empty where it was not tried.
    """

    title: str
    why: str
    change: Mapping[str, Any] = field(default_factory=dict)
    cause: str = ""
    undoes: Sequence[str] = ()
    trial: Mapping[str, Any] = field(default_factory=dict)
    when: str = ""
    verified: tuple[Attempt, ...] = ()

    @property
    def cures(self) -> bool | None:
        """Whether it cured the failure in a reproduction, of one cause at least; None where it was not tried."""
        return any(attempt.cures for attempt in self.verified) if self.verified else None

    @property
    def is_patch(self) -> bool:
        """Whether it is a change of settings; else a reproduction can only take the cause away, which it knows."""
        return bool(self.change or self.trial)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A finding that is known: why, in the words of who accepted it, and until when (an ISO date)."""

    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fired.

    facts: what it rests on; steps: the rows it fired on, where it was judged row by row;
    consequences: names of rules that fired too and follow from this one; fails: whether the gate fails on it;
    accepted: why it does not although it would; reproduction: what came of making it happen on purpose.
    """

    rule: str
    severity: Severity
    proof: Proof
    title: str
    message: str
    why: str
    scope: Scope
    facts: tuple[Fact, ...] = ()
    steps: tuple[float, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    consequences: tuple[str, ...] = ()
    fails: bool = False
    accepted: Acceptance | None = None
    reproduction: Reproduction | None = None

    def ways_out(self, limit: int | None = None) -> tuple[Remedy, ...]:
        """Return the remedies, those that cured in a reproduction first and those that failed in one last.

        limit: of the untried ones; what was tried is worth telling in any case. What the budget left open has not
        failed.
        """
        left = self.reproduction.unfinished if self.reproduction is not None else ()
        kept = [remedy for i, remedy in enumerate(self.remedies) if limit is None or i < limit or remedy.verified]
        return tuple(sorted(kept, key=lambda remedy: _by_deeds(remedy, is_open=remedy.title in left)))


def _by_deeds(remedy: Remedy, *, is_open: bool) -> tuple[float, ...]:
    """Return the rank of a remedy by what it did: the causes that it cured, the share of runs, how far from chance.

    A cure by taking away the cause that was put there comes after those that are changes of settings.
    """
    if not remedy.cures and (is_open or not remedy.verified):
        return (1,)
    best = [(-attempt.cured / attempt.runs, attempt.p) for attempt in remedy.verified]
    group = 0 if remedy.cures else 2
    cured = sum(attempt.cures for attempt in remedy.verified)
    return (group, bool(cured) and not remedy.is_patch, -cured, *min(best))


@dataclass(frozen=True, slots=True)
class NotChecked:
    """A rule that could not be decided, and the facts that it lacked."""

    rule: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScopeVerdict:
    """The verdict of one run, task and split; because: why it is so, in a sentence."""

    scope: Scope
    verdict: Verdict
    because: str = ""


@dataclass(frozen=True, slots=True)
class InputError:
    """Why an input could not be read."""

    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is to be said about one input; `error` is set, and the rest empty, where it was unreadable.

    obstacles: why a gate could not look at what it had to, although the input was read; judged: the names of the
    rules that it was judged by, those that found nothing among them.
    """

    source: tuple[str, ...]
    runs: tuple[Run, ...] = ()
    facts: tuple[Fact, ...] = ()
    findings: tuple[Finding, ...] = ()
    verdicts: tuple[ScopeVerdict, ...] = ()
    questions: tuple[Question, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    unread: tuple[Unread, ...] = ()
    error: InputError | None = None
    obstacles: tuple[InputError, ...] = ()
    judged: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """The worst verdict of all scopes; None where the input was unreadable."""
        if self.error is not None:
            return None
        return Verdict.worst(v.verdict for v in self.verdicts)

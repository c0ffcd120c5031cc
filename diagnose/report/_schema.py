"""The JSON report as models: what `diagnose schema` publishes, and what every output is tested against.

Nothing is built from these models at run time, so that only who asks for the schema pays for pydantic.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from diagnose.types import Proof, Severity, Verdict  # noqa: TC001  # pydantic reads the annotations

__all__ = ["JsonReport", "json_schema"]

_Number = int | float


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class JsonEvidence(_Model):
    """A value of the input that a fact rests on."""

    metric: str = Field(description="the name as the input writes it")
    text: str = Field(description="the number as printed, without a percent sign; NaN and infinity as printed")
    source: str = Field(description="the file, or what stands for it")
    at: str = Field(description="a JSON pointer, or a line, in the source; may be empty")


class JsonReading(JsonEvidence):
    """A value as it was read."""

    number: _Number | None = Field(description="null where the text is NaN or infinite; a percentage as a share")
    percent: bool = Field(description="whether the input prints percent")


class JsonScope(_Model):
    """What a fact or finding is about; null means all of it."""

    run: str
    task: str | None
    split: str | None
    step: _Number | None
    label: str | None = Field(alias="class")


class JsonVerdictScope(_Model):
    """What a verdict is about."""

    run: str
    task: str | None
    split: str | None


class JsonVerdict(_Model):
    """The verdict of one run, task and split, and its reason."""

    scope: JsonVerdictScope
    verdict: Verdict
    because: str


class JsonClass(_Model):
    """A row of a per-class table."""

    label: str
    metrics: dict[str, JsonReading]


class JsonEvaluation(_Model):
    """The metrics of one task on one split at one step, by canonical name; step and epoch are null for a result."""

    task: str | None
    split: str
    step: _Number | None
    epoch: _Number | None
    metrics: dict[str, JsonReading]
    classes: list[JsonClass]
    matrix: dict[str, dict[str, int]] | None = Field(description="{true class: {predicted class: count}}")
    recomputed: dict[str, JsonReading] = Field(
        default={}, description="the metrics of the predictions, where such were given; left out where not"
    )


class JsonTraining(_Model):
    """One line of the training log."""

    step: _Number | None
    epoch: _Number | None
    metrics: dict[str, JsonReading]


class JsonRun(_Model):
    """What was read of one run."""

    name: str
    model: str | None
    task_kind: str | None
    sources: list[str]
    config: dict[str, JsonReading | str]
    evaluations: list[JsonEvaluation]
    training: list[JsonTraining]
    flags: dict[str, JsonReading] = Field(description="statements of the input that are no numbers, by name")


class JsonFact(_Model):
    """A statement with its proof."""

    name: str
    value: JsonValue = Field(
        description="a number, a word, a truth value, a small structure of those, or an interval {low, high} with "
        'both ends included, an open end null; NaN and infinity are the words "nan", "inf" and "-inf"',
    )
    unit: str
    proof: Proof
    because: str
    assumes: list[str] = Field(description="NAME=VALUE of the assumptions that it needs")
    evidence: list[JsonEvidence]
    scope: JsonScope


class JsonShare(_Model):
    """Wilson's 95 % interval of a share."""

    low: _Number
    high: _Number


class JsonAttempt(_Model):
    """What a remedy did against one thing that made the failure happen in a reproduction."""

    cause: str = Field(description='what made it happen there, as what follows "when"')
    cured: int = Field(description="runs as good as those with sound settings")
    runs: int
    interval: JsonShare = Field(description="of the share cured, Wilson's at 95 %")
    p: _Number = Field(description="of Fisher's exact test against the runs without the remedy, two-sided")
    cures: bool = Field(description="whether most runs were cured, and not by chance (p < 0.05)")
    times: int = Field(description="how many times over a factor of the change was applied")


class JsonVerified(_Model):
    """What a remedy did in a reproduction; the best attempt first."""

    cures: bool = Field(description="whether it cured the failure of one cause at least")
    attempts: list[JsonAttempt]
    differences: list[str] = Field(description="in which the reproduction is not the run")


class JsonPlacebo(_Model):
    """The failing settings with other seeds: how many of the runs were as good as sound ones."""

    cured: int
    runs: int


class JsonTried(_Model):
    """Something that was tried to make the failure happen."""

    cause: str = Field(description='as what follows "when"')
    failed: int = Field(description="runs that failed as the report does")
    runs: int
    reproduces: bool = Field(description="whether that is at least half of them")
    placebo: JsonPlacebo


class JsonReproduction(_Model):
    """What came of making a finding's failure happen; what makes it happen there need not be the run's own cause."""

    reproduced: bool
    learnt: bool = Field(description="whether sound settings learnt the task; nothing follows where not")
    causes: list[JsonTried]
    differences: list[str] = Field(description="in which the reproduction is not the run")
    unfinished: list[str] = Field(description="what the budget left open")


class JsonRemedy(_Model):
    """Something to try; `change` is a patch in the names of transformers.TrainingArguments."""

    title: str
    cause: str = Field(description="the fault that it would cure, as a clause; empty where it would cure none")
    why: str
    change: dict[str, JsonValue]
    verified: JsonVerified | None = Field(description="what it did in a reproduction; null where it was not tried")


class JsonAcceptance(_Model):
    """Why a finding is known, in the words of who accepted it, and until which day."""

    reason: str
    expires: str


class JsonFinding(_Model):
    """A rule that fired."""

    rule: str
    severity: Severity
    proof: Proof
    title: str
    message: str
    why: str
    facts: list[str] = Field(description="names of the facts that it rests on")
    scope: JsonScope
    steps: list[_Number] = Field(description="the rows of the history that it fired on, where it looks at rows")
    consequences: list[str] = Field(description="rules that fired too, and follow from this one")
    fails: bool = Field(description="whether the gate fails on it")
    accepted: JsonAcceptance | None = Field(description="why it does not although it would; null where it is not known")
    remedies: list[JsonRemedy]
    reproduction: JsonReproduction | None = Field(
        default=None, description="what came of making it happen on purpose; left out where nobody did"
    )


class JsonQuestion(_Model):
    """What to ask; `assume` is the answer's form for --assume."""

    ask: str
    assume: str
    decides: list[str]
    scope: JsonScope


class JsonNotChecked(_Model):
    """A rule that could not be decided, and the facts that it lacked."""

    rule: str
    needs: list[str]


class JsonUnread(_Model):
    """What was seen in the input and could not be used."""

    source: str
    at: str
    text: str
    reason: str


class JsonError(_Model):
    """Why an input could not be read, and what to do about it."""

    message: str
    hint: str


class JsonUnreadable(_Model):
    """The place of an input that could not be read."""

    source: list[str]
    verdict: None
    error: JsonError


class JsonInput(_Model):
    """What is said about one input."""

    source: list[str]
    verdict: Verdict
    verdicts: list[JsonVerdict]
    runs: list[JsonRun]
    facts: list[JsonFact]
    findings: list[JsonFinding]
    questions: list[JsonQuestion]
    not_checked: list[JsonNotChecked]
    unread: list[JsonUnread]
    obstacles: list[JsonError] = Field(description="what the gate had to look at and could not; it then never passes")


class JsonReport(_Model):
    """The report of `diagnose --format json`: one entry of `reports` an input, in order."""

    schema_: Literal["diagnose/1"] = Field(alias="schema")
    verdict: Verdict | None = Field(description="the worst of the reports'; null where no input could be read")
    reports: list[JsonInput | JsonUnreadable]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **JsonReport.model_json_schema()}

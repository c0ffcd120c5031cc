"""What the settings of a run say: learning rate, warm-up, length, patience."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from diagnose.facts._curves import curve_of, history_of, planned, sane, show, training_points
from diagnose.facts._scopes import series_scope
from diagnose.facts._task_metric import task_curve, task_metrics
from diagnose.interval import Interval
from diagnose.types import Fact, Facts, Proof, Question, Run, Scope, Series, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.facts import Assumptions
    from diagnose.facts._curves import Point
    from diagnose.types import Evaluation, TrainingPoint

PROVIDES: Mapping[str, str] = {
    "learning_rate": "the declared peak learning rate",
    "learning_rate.used": "the peak learning rate that the log allows, interval",
    "warmup": "the declared warm-up: a share of the steps, or steps; 0 where a full list of settings names none",
    "encoder_size": '"large" or "base", where the model\'s name is that of a BERT-like encoder',
    "train_steps": "how many optimizer steps the record covers",
    "progress": "share of the planned training that the record covers",
    "progress.evaluations_due": "how many more evaluations the plan would have had, at the interval of those recorded",
    "progress.snapshot": "whether the record was saved inside a checkpoint, in the middle of a run",
    "stopping.patience": "the declared patience, in evaluations or epochs",
    "stopping.waited": "how many evaluations or epochs passed after the best one",
    "stopping.possible": "whether early stopping can have ended the run: some metric did not improve at the end",
}
NEEDS: tuple[str, ...] = ()

# BERT-like encoders, on which the studies of fine-tuning stability were made (Mosbach et al. 2021, Zhang et al. 2021).
_ENCODER = re.compile(r"(?<![a-z])[a-z]*?(?:bert|electra)(?:a|o|weet)?(?![a-z])")
# Adapters train few weights at high rates, and speech encoders have recipes of their own.
_OTHER = re.compile(r"lora|adapter|peft|prompt|prefix|wav2vec|hubert")
_LARGEST_RATE = 1e6
_LEAST_INTERVAL = 1e-6
_CHECKPOINT = re.compile(r"checkpoint-\d+")


def derive(run: Run, facts: Facts, assumed: Assumptions) -> Iterator[Fact | Question]:  # noqa: ARG001
    """Yield what the configuration and the logged learning rates say."""
    scope = Scope(run.name)
    yield from _rate(run, scope)
    yield from _warmup(run, scope)
    yield from _encoder(run, scope)
    yield from _progress(run, scope)
    yield from _patience(run, scope)


def _rate(run: Run, scope: Scope) -> Iterator[Fact]:
    declared = run.config.get("learning_rate")
    if isinstance(declared, Value) and declared.interval is not None and declared.number > 0:
        because = f"{declared.key} is given as {declared.shown}"
        yield Fact("learning_rate", declared.number, scope, Proof.PROVED, because, evidence=(declared,))
    logged = [p for p in training_points(run, "learning_rate") if 0 <= p.number <= _LARGEST_RATE]
    top = max(logged, key=lambda p: p.number, default=None)
    if top is None or top.number <= 0:
        return
    because = f"the largest of {len(logged)} logged learning rates is {top.value.shown} at step {show(top.place)}"
    start = _linear_start(logged)
    if start is None:
        least = top.value.interval.low if top.value.interval is not None else top.number
        yield Fact("learning_rate.used", Interval(least, math.inf), scope, Proof.PROVED, because, evidence=(top.value,))
        return
    because += (
        f"; the later ones, down to {logged[-1].value.shown} at step {show(logged[-1].place)}, lie on a straight line "
        f"that starts at {start:.4g} at step 0, which no peak exceeds"
    )
    # The printed rates are rounded, so the line may miss the largest of them by a hair.
    yield Fact("learning_rate.used", Interval(top.number, max(start, top.number)), scope, Proof.IMPLIED, because)


def _linear_start(logged: Sequence[Point]) -> float | None:
    """Return where the straight line of a linear decay begins (at step 0), or None where there is no such line."""
    top = max(range(len(logged)), key=lambda i: logged[i].number)
    line = logged[top:]
    if len(line) < 4 or line[-1].place <= line[0].place:
        return None
    slope = (line[-1].number - line[0].number) / (line[-1].place - line[0].place)
    worst = max(abs(line[0].number + slope * (p.place - line[0].place) - p.number) for p in line)
    if slope >= 0 or worst > 0.01 * line[0].number:
        return None
    start = line[0].number - slope * line[0].place
    return start if math.isfinite(start) else None


def _warmup(run: Run, scope: Scope) -> Iterator[Fact]:
    names = ("warmup_ratio", "lr_scheduler_warmup_ratio", "warmup_steps", "lr_scheduler_warmup_steps")
    given = [value for n in names if isinstance(value := run.config.get(n), Value) and value.is_finite]
    if given:
        value = max(given, key=lambda v: v.number)
        because = f"{value.key} is given as {value.shown}"
        yield Fact("warmup", value.number, scope, Proof.PROVED, because, evidence=(value,))
        return
    # The Trainer's card lists every setting that is not off; one that names the scheduler names a warm-up too.
    scheduler = run.config.get("lr_scheduler_type")
    if scheduler is None or "learning_rate" not in run.config or any("warm" in name.lower() for name in run.config):
        return
    text = scheduler if isinstance(scheduler, str) else scheduler.text
    if "warmup" in text.lower():
        return
    because = f"the settings name the scheduler ({text}) and the learning rate, and no warm-up"
    yield Fact("warmup", 0, scope, Proof.IMPLIED, because)


def _encoder(run: Run, scope: Scope) -> Iterator[Fact]:
    """Yield the size of a BERT-like encoder, by its name."""
    names = [
        run.model,
        _text(run, "model_name_or_path"),
        _text(run, "base_model"),
        _text(run, "_name_or_path"),
        run.name,
    ]
    for name in names:
        words = (name or "").lower().replace("_", "-")
        if not _ENCODER.search(words) or _OTHER.search(words):
            continue
        size = "large" if re.search(r"large|-xx?l(?![a-z])|xlarge", words) else "base"
        yield Fact("encoder_size", size, scope, Proof.SUGGESTED, f"the model's name is {name}")
        return


def _text(run: Run, name: str) -> str | None:
    value = run.config.get(name)
    return value if isinstance(value, str) or value is None else value.text


def _history(run: Run) -> Series | None:
    """Return the longest history of an evaluation split."""
    histories = [s for s in map(history_of, run.series()) if s.split != "train" and s.rows]
    return max(histories, key=lambda s: len(s.rows), default=None)


def _progress(run: Run, scope: Scope) -> Iterator[Fact]:
    snapshot = any(_CHECKPOINT.search(source) for source in run.sources)
    parts: tuple[Evaluation | TrainingPoint, ...] = (*run.evaluations, *run.training)
    steps = [s for s in (*(p.step for p in parts), run.setting("global_step")) if sane(s)]
    epochs = [e for e in (*(p.epoch for p in parts), run.setting("stopped_epoch")) if sane(e)]
    if steps:
        yield Fact("train_steps", max(steps), scope, Proof.PROVED, f"the last step recorded is {show(max(steps))}")
    plan = planned(run)
    if plan is None:
        return
    length, unit = plan
    done = max(steps if unit == "steps" else epochs, default=None)
    if done is None:
        return
    because = f"the record ends at {show(done)}/{show(length)} = {done / length:.1%} of the planned {unit}"
    yield Fact("progress", done / length, scope, Proof.PROVED, because)
    said = f"{', '.join(run.sources) or 'the source'} {'lies' if snapshot else 'does not lie'} in a checkpoint's folder"
    yield Fact("progress.snapshot", snapshot, scope, Proof.SUGGESTED, said)
    history = _history(run)
    places = sorted({p for row in history.rows if sane(p := _at(row, unit))}) if history is not None else []
    if places:
        interval = (places[-1] - places[0]) / (len(places) - 1) if len(places) > 1 else places[0]
        due = math.floor((length - done) / interval + 1e-9) if interval > _LEAST_INTERVAL and done <= length else 0
        said = f"{because}, with an evaluation every {interval:g} {unit}: {due:,} more are due"
        yield Fact("progress.evaluations_due", due, scope, Proof.IMPLIED, said)


def _at(row: Evaluation, unit: str) -> float | None:
    return row.step if unit == "steps" else row.epoch


def _patience(run: Run, scope: Scope) -> Iterator[Fact]:
    """Yield what is known of early stopping, from the settings and from the history itself."""
    for name in ("early_stopping_patience", "patience"):
        value = run.config.get(name)
        if isinstance(value, Value) and value.is_finite:
            because = f"{value.key} is {value.shown}"
            yield Fact("stopping.patience", value.number, scope, Proof.PROVED, because, evidence=(value,))
            break
    best, stopped = run.setting("best_epoch"), run.setting("stopped_epoch")
    if best is not None and stopped is not None and stopped >= best:
        because = (
            f"the best epoch is {show(best)}, and the run stopped at {show(stopped)}: {show(stopped - best)} later"
        )
        patience = run.setting("early_stopping_patience", "patience")
        if patience is not None and stopped - best >= patience:
            because += (
                f"; a patience of {show(patience)} allows {show(best)} + {show(patience)} = {show(best + patience)}, "
                "so that neither the patience nor the number of epochs cut it short"
            )
        yield Fact("stopping.waited", stopped - best, scope, Proof.PROVED, because, unit="epochs")
        yield Fact("stopping.possible", stopped > best, scope, Proof.PROVED, because)
        return
    history = _history(run)
    if history is None:
        return
    where = series_scope(run, history)
    curves = [c for name in (*task_metrics(history), "loss") if (c := curve_of(history, name)) is not None]
    since = {c.metric: c.since_best for c in curves if len(c.points) == len(history.rows)}
    if since:
        complete = [c for c in curves if c.metric in since]
        said = "; ".join(
            f"{c.since_best} evaluations follow the best {c.metric}, {c.best.value.shown}" for c in complete
        )
        used = tuple(c.best.value for c in complete)
        proof = Proof.IMPLIED if any(c.ties for c in complete) else Proof.PROVED
        yield Fact("stopping.possible", max(since.values()) > 0, where, proof, said, evidence=used)
        main = task_curve(run, history) or curves[0]
        said = f"{main.since_best} evaluations follow the best {main.metric}, {main.best.value.shown}"
        proof, used = Proof.IMPLIED if main.ties else Proof.PROVED, (main.best.value,)
        yield Fact("stopping.waited", main.since_best, where, proof, said, unit="evaluations", evidence=used)

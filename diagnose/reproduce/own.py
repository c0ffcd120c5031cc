"""The experiment on the user's own model and data, in place of a miniature: settings at their reported values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.errors import UsageError
from diagnose.reproduce.faults import Fault, faults, with_values
from diagnose.reproduce.plan import AS_REPORTED
from diagnose.types import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.reproduce.plan import Plan
    from diagnose.types import Run

__all__ = ["Own", "on_own_data"]

_TASKS = ("classification", "regression", "multilabel", "tagging")
# What works for most pretrained encoders: the settings of Mosbach et al. (2021) at the usual three epochs.
_SOUND: dict[str, Any] = {
    "learning_rate": 2e-5, "num_train_epochs": 3.0, "warmup_ratio": 0.1, "per_device_train_batch_size": 16,
}  # fmt: skip
_COPIED = (
    "learning_rate", "num_train_epochs", "weight_decay", "max_grad_norm", "label_smoothing_factor", "adam_beta1",
    "adam_beta2", "adam_epsilon",
)  # fmt: skip
_SCHEDULES = ("linear", "cosine", "constant")
_LARGEST_BATCH = 64  # on the device at once; the rest is accumulated


class Own(NamedTuple):
    """What the user trains: a checkpoint by name or folder, the files and their columns.

    evaluation: "" where a part of the training file is set apart for it.
    """

    model: str
    data: str
    evaluation: str = ""
    text: str = "text"
    label: str = "label"


def on_own_data(plan: Plan, run: Run, own: Own) -> Plan:
    """Return the plan with the user's model and data; UsageError where they cannot be taken for its kind of task.

    What can only be done to made data (shares, shuffled labels, lengths) is left out.
    """
    if plan.task not in _TASKS:
        raise UsageError(f"--data: rows of your own are taken for {', '.join(_TASKS)}; this is a report of {plan.task}")
    data = {"train": _there(own.data, "--data"), "text": own.text, "label": own.label}
    if own.evaluation:
        data["eval"] = _there(own.evaluation, "--eval-data")
    model = str(Path(own.model).resolve()) if Path(own.model).exists() else own.model
    sound = {"task": plan.task, "data": data, "model": {"checkpoint": model}, "args": dict(_SOUND)}
    reported, untold = _reported(run)
    named_by = dict.fromkeys(name for remedy in plan.finding.remedies for name in remedy.undoes)
    found = (faults()[name] for name in named_by)
    hypotheses = [(_unmade(fault), sound) for fault in found if _applies(fault, plan.task)]
    if reported:
        title = "trained with the settings that the run reports"
        named = with_values(sound, {f"args.{name}": value for name, value in reported.items()})
        hypotheses.insert(0, (AS_REPORTED._replace(title=title), named))
    if not hypotheses:
        raise UsageError("nothing that may have made it fail can be tried on your own data", "leave --model and --data")
    remedies = tuple(remedy for remedy in plan.remedies if all(name.startswith("args.") for name in remedy.trial))
    return plan._replace(
        sound=sound,
        hypotheses=tuple(hypotheses),
        differences=tuple(_differences(own, reported, untold)),
        remedies=remedies,
    )


def _there(name: str, option: str) -> str:
    path = Path(name)
    if not path.exists():
        raise UsageError(f"{option} {name}: no such file or folder")
    return str(path.resolve())


def _applies(fault: Fault, task: str) -> bool:
    """Whether a fault is one of settings alone; what a miniature has to be like for it does not matter then."""
    return task in fault.task and all(name.startswith("args.") for name in fault.change)


def _unmade(fault: Fault) -> Fault:
    """Return a fault without what its miniature has to be like, and named by its settings where it has such needs."""
    if not fault.needs:
        return fault
    parts = [f"{name.removeprefix('args.')} = {json.dumps(how.get('set'))}" for name, how in fault.change.items()]
    return fault._replace(needs={}, title=f"trained with {' and '.join(parts)}")


def _reported(run: Run) -> tuple[dict[str, Any], list[str]]:
    """Return the settings that the run reports, unscaled, and those that this module has no words for."""
    args: dict[str, Any] = {}
    for name in _COPIED:
        value = run.setting(name)
        if value is not None and value >= 0:
            args[name] = value
    untold = [f"{name} = {_text(run.config[name])}" for name in ("fp16", "bf16", "optim") if name in run.config]
    schedule = _text(run.config.get("lr_scheduler_type", "")).lower()
    if schedule in _SCHEDULES:
        args["lr_scheduler_type"] = schedule
    elif schedule:
        untold.append(f"lr_scheduler_type = {schedule}")
    warmup = run.setting("warmup_ratio")
    if warmup is not None and 0 <= warmup < 1:
        args["warmup_ratio"] = warmup
    elif "warmup_steps" in run.config:
        untold.append(f"warmup_steps = {_text(run.config['warmup_steps'])}")
    return {**args, **_batch(run)}, untold


def _batch(run: Run) -> dict[str, int]:
    """Return the rows of a step: all devices' together, accumulated where they are many."""
    batch = run.setting("train_batch_size")
    if batch is None or batch < 1:
        return {}
    whole = run.setting("total_train_batch_size")
    if whole is None:
        whole = batch * max(run.setting("gradient_accumulation_steps") or 1, 1)
    size = min(int(batch), _LARGEST_BATCH)
    return {"per_device_train_batch_size": size, "gradient_accumulation_steps": max(round(whole / size), 1)}


def _text(value: Value | str) -> str:
    return value.text if isinstance(value, Value) else value


def _differences(own: Own, reported: Mapping[str, Any], untold: list[str]) -> list[str]:
    """Return in what this is not the run that was reported, each in a sentence."""
    files = f"{own.data}" if not own.evaluation else f"{own.data}, evaluated on {own.evaluation}"
    told = [f"the model {own.model} with a new head, and the rows of {files}, as far as your run's were others"]
    if not own.evaluation:
        told.append("rows that were set apart from the training file, in place of your evaluation set")
    if reported:
        named = ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
                          for name, value in reported.items())  # fmt: skip
        told.append(f"settings beyond those that the report gives ({named}) are the training module's")
    else:
        told.append("the report gives no settings, so those of the usual fine-tuning are spoilt one by one")
    if untold:
        told.append(f"without {', '.join(untold)}")
    return told

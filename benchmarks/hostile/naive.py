"""The same question as most programs ask it: one structured-output call, the library's defaults, free text."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import BaseModel

from diagnose.types import Finding, Severity, Value
from hostile.server import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.llm.pack import Pack

__all__ = ["Analysis", "Outcome", "ask_naively", "faithful_analysis"]


class Number(BaseModel):
    """A number of the run."""

    metric: str
    value: float


class Analysis(BaseModel):
    """What a program would print."""

    verdict: Literal["healthy", "suspect", "degenerate", "unknown"]
    summary: str
    findings: list[str]
    numbers: list[Number]
    steps: list[str]


class Outcome(NamedTuple):
    """What became of the call. shown: what would be printed; error: the exception's name; waiting: cut off."""

    seconds: float
    shown: Analysis | None = None
    error: str = ""
    waiting: bool = False


def faithful_analysis(pack: Pack) -> dict[str, Any]:
    """Return the answer in which everything is so."""
    findings = [statement.text for statement in pack.of_kind("F")]
    errors = [f.text for f in pack.of_kind("F") if isinstance(f.of, Finding) and f.of.severity is Severity.ERROR]
    values = [v.of for v in pack.of_kind("V") if isinstance(v.of, Value) and math.isfinite(v.of.number)]
    return {
        "verdict": pack.verdict.value,
        "summary": errors[0] if errors else "Nothing that is an error was found.",
        "findings": findings,
        "numbers": [{"metric": value.metric, "value": value.number} for value in values[:20]],
        "steps": [statement.text for statement in pack.of_kind("A")],
    }


def ask_naively(base_url: str, model: str, pack: Pack, cap: float) -> Outcome:
    """Ask with the library's defaults, and wait no longer than `cap` seconds, which the library itself would."""
    from openai import OpenAI  # noqa: PLC0415 - as in the program that is measured

    found: list[Outcome] = []
    began = time.monotonic()
    evidence = "\n".join(statement.text for statement in pack.statements.values())
    messages: list[Mapping[str, str]] = [
        {"role": "system", "content": "Explain this training run to its owner, faithfully to the evidence."},
        {"role": "user", "content": evidence},
    ]

    def call() -> None:
        try:
            with OpenAI(base_url=base_url, api_key=KEY) as client:
                parse: Any = client.chat.completions.parse
                answer = parse(model=model, messages=messages, response_format=Analysis)
                shown = answer.choices[0].message.parsed
            error = "" if shown is not None else "None, and no exception"
        except Exception as problem:  # noqa: BLE001 - which ones come is what is measured
            shown, error = None, type(problem).__name__
        found.append(Outcome(time.monotonic() - began, shown, error))

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(cap)
    return found[0] if found else Outcome(cap, waiting=True)

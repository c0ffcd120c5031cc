"""diagnose reads the numbers that a training or evaluation run left behind and says what they prove.

>>> import diagnose
>>> report = diagnose.check_text("accuracy 0.758, precision 0.0, recall 0.0, f1 0.0")
>>> report.verdict, [finding.rule for finding in report.findings]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnose.api import check_text, diagnose
    from diagnose.errors import DiagnoseError, RuleError, UnreadableInputError, UsageError
    from diagnose.types import Fact, Finding, Proof, Report, Run, Severity, Value, Verdict

__version__ = "0.1.0"

__all__ = [
    "DiagnoseError",
    "Fact",
    "Finding",
    "Proof",
    "Report",
    "RuleError",
    "Run",
    "Severity",
    "UnreadableInputError",
    "UsageError",
    "Value",
    "Verdict",
    "__version__",
    "check_text",
    "diagnose",
]

# Where the public names live. They are imported when they are asked for, so that a part of the package which needs
# none of the rest (a training process, `--version`) does not pay for it.
_HOMES = {
    "diagnose.api": ("check_text", "diagnose"),
    "diagnose.errors": ("DiagnoseError", "RuleError", "UnreadableInputError", "UsageError"),
    "diagnose.types": ("Fact", "Finding", "Proof", "Report", "Run", "Severity", "Value", "Verdict"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            from importlib import import_module  # noqa: PLC0415  # the face itself imports nothing

            return getattr(import_module(home), name)
    raise AttributeError(f"module 'diagnose' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

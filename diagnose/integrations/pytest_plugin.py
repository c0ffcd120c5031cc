"""A pytest plugin: a test that fails where a run's metrics show that its result is none.

    def test_the_model_is_one(diagnose):
        diagnose("out/metrics.json", fail_on="warning")

The fixture `diagnose` gives `assert_sound`, which can be imported from here as well. The configuration is the nearest
diagnose.toml or pyproject.toml from pytest's root folder upwards. pytest imports this module in every run, so that it
imports the rest of diagnose only when a test asks for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from diagnose.config import Policy
    from diagnose.types import Report

__all__ = ["assert_sound"]

# The root folders of the pytest runs that go on; a run within a run comes last.
_roots: list[Path] = []
_WIDTH = 96


def pytest_configure(config: pytest.Config) -> None:
    """Remember where the configuration is looked for."""
    _roots.append(config.rootpath)


def pytest_unconfigure() -> None:
    """Forget it."""
    _roots.pop()


@pytest.fixture(name="diagnose", scope="session")
def _diagnose() -> Callable[..., Report]:
    """Give `assert_sound`: it fails the test where the metrics in a file or folder show a fault."""
    return assert_sound


def assert_sound(
    source: str | os.PathLike[str],
    *,
    fail_on: str | None = None,
    assume: Sequence[str] = (),
    targets: Sequence[str] = (),
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    require: Sequence[str] = (),
    baseline: str | os.PathLike[str] | None = None,
    against: str | os.PathLike[str] | None = None,
) -> Report:
    """Return the report on a file or folder; AssertionError, with its findings, where the gate would not pass it.

    The arguments mean what the options of that name do, and are added to the configuration: fail_on is "error",
    "warning", "note" or "never", targets are such as "macro_f1 >= 0.75". What cannot be read fails, too. ConfigError
    or UsageError where the configuration or an argument is wrong.
    """
    __tracebackhide__ = True
    from diagnose.api import check  # noqa: PLC0415  # see the top
    from diagnose.errors import DiagnoseError  # noqa: PLC0415  # see the top
    from diagnose.gate import CLEAN, gate  # noqa: PLC0415  # see the top

    given = {
        "fail-on": fail_on, "assume": assume, "targets": targets, "select": select, "ignore": ignore,
        "require": require, "baseline": baseline and str(baseline), "against": against and str(against),
    }  # fmt: skip
    try:
        report = check(str(source), _policy(str(source), {key: value for key, value in given.items() if value}))
    except DiagnoseError as error:
        raise error.with_traceback(None) from None  # the line says it all
    if gate([report]) != CLEAN:
        raise AssertionError("\n".join(_short(report)))
    return report


def _policy(source: str, given: Mapping[str, object]) -> Policy:
    """Return what holds for an input by the configuration and the arguments."""
    from diagnose.config import NEVER, Config, Layer, find_config, load_config  # noqa: PLC0415  # see the top
    from diagnose.errors import UsageError  # noqa: PLC0415  # see the top
    from diagnose.types import Severity  # noqa: PLC0415  # see the top

    known = [*(severity.value for severity in Severity), NEVER]
    if "fail-on" in given and given["fail-on"] not in known:
        raise UsageError(f"fail_on={given['fail-on']!r} is not known", f"known: {', '.join(known)}")
    config = load_config(find_config(_roots[-1] if _roots else Path.cwd()))
    return Config((*config.layers, Layer("assert_sound", given)), config.folder).policy(source)


def _short(report: Report) -> Iterator[str]:
    """Yield the report's lines, without what is no part of the failure."""
    from dataclasses import replace  # noqa: PLC0415  # see the top

    from diagnose.report import Surface, load_format  # noqa: PLC0415  # see the top

    failing = tuple(finding for finding in report.findings if finding.fails)
    asked = () if failing else report.questions
    short = replace(report, findings=failing, facts=(), questions=asked, not_checked=(), unread=())
    # The terminal's form leaves an input that cannot be read to the line on standard error.
    yield from [f"{report.error.message} ({report.error.hint})"] if report.error is not None else ()
    yield from load_format("terminal").render([short], Surface(_WIDTH)).splitlines()

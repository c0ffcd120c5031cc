"""The way from an input to its report, as one short function."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.engine.judge import judge
from diagnose.engine.rules import Rule, adjusted, load_rules
from diagnose.errors import UnreadableInputError, UsageError, did_you_mean
from diagnose.facts import Assumptions, derive
from diagnose.gate import VERDICT, decide
from diagnose.readers import read, read_text
from diagnose.types import InputError, NotChecked, Report

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from diagnose.config import Policy
    from diagnose.engine.judge import Judgement
    from diagnose.types import Run

__all__ = ["ABOUT_THE_END", "check", "check_text", "chosen_rules", "diagnose", "rules_of"]

# What these rules say of a run's end is not to be said of its middle.
ABOUT_THE_END = ("truncated-run", "undertrained", "impatient-stopping")


def diagnose(
    source: str | os.PathLike[str],
    *,
    assume: Sequence[str] = (),
    rules: Sequence[str | os.PathLike[str]] = (),
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> Report:
    """Read, judge and report on one input: a file, a folder, or "-" for standard input.

    assume: answers such as "averaging=macro"; rules: folders with rules of your own; select, ignore: names of the
    only rules to judge, and of rules to leave out. An input that cannot be read gives a report with `error` set;
    UsageError or RuleError where an argument is wrong.
    """
    chosen = chosen_rules(rules, select, ignore)
    return _report(str(source), lambda: read(str(source)), Assumptions.parse(assume), chosen)


def check_text(
    text: str,
    *,
    name: str = "pasted text",
    assume: Sequence[str] = (),
    rules: Sequence[str | os.PathLike[str]] = (),
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> Report:
    """Report on metrics as text: a paste, a log, the content of a file. `name` is how the report calls it."""
    chosen = chosen_rules(rules, select, ignore)
    return _report(name, lambda: read_text(text, name), Assumptions.parse(assume), chosen)


def check(source: str, policy: Policy, reading: Callable[[str], Sequence[Run]] = read) -> Report:
    """Report on one input as a gate does: with the policy's rules, targets, comparison and accepted findings.

    The report says which findings fail, and what could not be looked at; `diagnose.gate.gate` makes a status of it.
    reading: reads this input, and the one to compare with, where they are no files.
    """
    rules = rules_of(policy)
    before = _comparable(policy.against, reading) if policy.against else ()
    report = _report(
        source,
        lambda: [replace(run, requirements=policy.requirements) for run in reading(source)],
        Assumptions.parse(policy.assume),
        rules,
        before,
    )
    if policy.baseline is None or report.error is not None:
        return decide(report, policy)
    from diagnose.baseline import Baseline  # noqa: PLC0415  # json and dates are for those who have a baseline

    known = Baseline.load(Path(policy.baseline))
    report = replace(report, obstacles=tuple(known.expired(source)))
    return decide(report, policy, known.acceptance(source, report, rules))


def rules_of(policy: Policy) -> tuple[Rule, ...]:
    """Return the rules that a policy judges by, with its severities and thresholds; UsageError for a name unknown."""
    known = {rule.name for rule in _known(policy.rules)}
    for name in policy.require:
        if name != VERDICT and name not in known:
            raise UsageError(f"no rule is named {name!r}", did_you_mean(name, [VERDICT, *known]))
    return adjusted(chosen_rules(policy.rules, policy.select, policy.ignore), policy.rule_values(), known)


def _comparable(source: str, reading: Callable[[str], Sequence[Run]]) -> Sequence[Run]:
    """Read the run to compare with; UsageError where it cannot be read."""
    try:
        return reading(source)
    except UnreadableInputError as error:
        raise UsageError(f"--against: {error.message}", error.hint) from None


def chosen_rules(
    folders: Iterable[str | os.PathLike[str]] = (), select: Iterable[str] = (), ignore: Iterable[str] = ()
) -> tuple[Rule, ...]:
    """Return the bundled rules and those of `folders`, without those that are not selected or are ignored.

    A folder is read once in a process.
    """
    known = _known(folders)
    names = {rule.name for rule in known}
    wanted, unwanted = set(select), set(ignore)
    for name in sorted((wanted | unwanted) - names):
        raise UsageError(f"no rule is named {name!r}", did_you_mean(name, names) or "`diagnose rules` lists them")
    return tuple(rule for rule in known if rule.name not in unwanted and (not wanted or rule.name in wanted))


def _known(folders: Iterable[str | os.PathLike[str]]) -> tuple[Rule, ...]:
    paths = tuple(Path(folder) for folder in folders)
    return _loaded(paths, Path.cwd() if paths else None)


@cache
def _loaded(folders: tuple[Path, ...], at: Path | None) -> tuple[Rule, ...]:  # noqa: ARG001  # relative ones lie there
    return load_rules(folders)


def _report(
    source: str,
    reading: Callable[[], Sequence[Run]],
    assumed: Assumptions,
    rules: Sequence[Rule],
    before: Sequence[Run] = (),
) -> Report:
    """Lead an input down the whole way: text to runs, runs to facts, facts to findings."""
    try:
        with _uncollected():
            return _judged(source, reading(), assumed, rules, before)
    except UnreadableInputError as error:
        return Report((source,), error=InputError(error.message, error.hint))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Put the search for cyclic garbage off: among thousands of values and facts that all stay it takes long."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _judged(
    source: str, runs: Sequence[Run], assumed: Assumptions, rules: Sequence[Rule], before: Sequence[Run]
) -> Report:
    facts = [
        derive(run, assumed, [other for other in runs if other is not run], _counterpart(run, before)) for run in runs
    ]
    judgements = [judge(rules, found) for found in facts]
    findings = [finding for judgement in judgements for finding in judgement.findings]
    return Report(
        source=tuple(dict.fromkeys(name for run in runs for name in run.sources)) or (source,),
        runs=tuple(runs),
        facts=tuple(fact for found in facts for fact in found),
        findings=tuple(sorted(findings, key=lambda finding: finding.severity.rank)),
        verdicts=tuple(verdict for judgement in judgements for verdict in judgement.verdicts),
        questions=tuple(dict.fromkeys(question for found in facts for question in found.questions)),
        not_checked=_not_checked(judgements),
        unread=tuple(dict.fromkeys(item for run in runs for item in run.unread)),
        judged=tuple(rule.name for rule in rules),
    )


def _counterpart(run: Run, runs: Sequence[Run]) -> Run | None:
    """Return the run to compare with: the one of the same name, or the only one."""
    same = next((other for other in runs if other.name == run.name), None)
    return same or (runs[0] if len(runs) == 1 else None)


def _not_checked(judgements: Iterable[Judgement]) -> tuple[NotChecked, ...]:
    """Return each rule that was undecided in some run and fired in none, with all that it lacked."""
    fired: set[str] = set()
    needs: dict[str, set[str]] = {}
    for judgement in judgements:
        fired |= {finding.rule for finding in judgement.findings}
        for item in judgement.not_checked:
            needs.setdefault(item.rule, set()).update(item.needs)
    return tuple(NotChecked(rule, tuple(sorted(lacking))) for rule, lacking in needs.items() if rule not in fired)

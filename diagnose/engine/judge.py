"""Rules meet facts: which rules fire, on what, and what the verdict is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from diagnose.engine.condition import UNKNOWN
from diagnose.engine.rules import BECAUSE
from diagnose.types import Fact, Facts, Finding, NotChecked, Proof, Remedy, Scope, ScopeVerdict, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from diagnose.engine.rules import Rule

__all__ = ["Judgement", "judge"]

_UNDECIDED = "the numbers do not rule out a model that ignores its input"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say about one run."""

    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    verdicts: tuple[ScopeVerdict, ...]


def judge(rules: Sequence[Rule], facts: Facts) -> Judgement:
    """Judge every rule in every scope that it speaks about, fold consequences, and give each task its verdict."""
    findings: list[Finding] = []
    not_checked: list[NotChecked] = []
    for rule in rules:
        fired, lacking = _judge_rule(rule, facts)
        findings += fired
        if not fired and lacking is not None:
            not_checked.append(NotChecked(rule.name, lacking))
    folded = _fold(findings, rules)
    folded.sort(key=lambda f: (f.severity.rank, f.proof.rank, f.rule))
    return Judgement(tuple(folded), tuple(not_checked), tuple(_verdicts(facts, folded)))


def _scopes(rule: Rule, facts: Facts) -> list[Scope]:
    """Return the narrowest scopes in which the rule's facts exist.

    A row's facts count only for a rule that is judged on rows; for the others they are the result's
    where the result is that row.
    """
    found: dict[Scope, None] = {}
    for name in sorted(rule.fact_names):
        for fact in facts.named(name):
            found[fact.scope if rule.rows else replace(fact.scope, step=None)] = None
    if rule.rows:
        found = {scope: None for scope in found if scope.step is not None}
    hidden = {outer for scope in found for outer in scope.outer() if outer != scope}
    return [scope for scope in found if scope not in hidden]


def _judge_rule(rule: Rule, facts: Facts) -> tuple[list[Finding], tuple[str, ...] | None]:
    """Return the rule's findings, and the facts that it lacked where it was undecided in some scope."""
    fired: list[Finding] = []
    lacking: set[str] | None = None
    for scope in _scopes(rule, facts):
        seen = {name: fact for name in sorted(rule.fact_names) if (fact := facts.at(name, scope)) is not None}
        values = {**rule.param_values, **{name: fact.value for name, fact in seen.items()}}
        undecided: set[str] = set()
        for condition in rule.conditions:
            outcome = condition.evaluate(values)
            if outcome is False:
                break
            undecided |= condition.names - rule.params.keys() if outcome is UNKNOWN else set()
        else:
            if undecided:
                lacking = (lacking or set()) | undecided
            else:
                fired.append(_finding(rule, scope, seen, values, facts))
    if not fired and lacking is None and not any(facts.named(name) for name in rule.fact_names):
        lacking = set(rule.fact_names)
    return _merge_rows(fired), None if lacking is None else tuple(sorted(lacking))


def _finding(rule: Rule, scope: Scope, seen: Mapping[str, Fact], values: Mapping[str, Any], facts: Facts) -> Finding:
    """Return the finding; what it does not rest on (the part of an "or" that fails) is neither shown nor counted."""
    ranks = {name: fact.proof.rank for name, fact in seen.items()}
    basis = frozenset().union(*(c.basis(values, lambda name: ranks.get(name, 0)) for c in rule.conditions))
    used = [fact for name, fact in seen.items() if name in basis]
    shown = {name: value for name, value in values.items() if name in basis or name in rule.params}
    shown |= {f"{BECAUSE}{fact.name}": fact.because for fact in used}

    def known(name: str) -> Any:
        return None if (fact := facts.at(name, scope)) is None else fact.value

    return Finding(
        rule=rule.name,
        severity=rule.severity,
        proof=Proof.weakest(fact.proof for fact in used),
        title=rule.title,
        message=rule.render(shown),
        why=rule.why,
        scope=scope,
        facts=tuple(used),
        steps=() if scope.step is None else (scope.step,),
        remedies=tuple(_with_values(remedy, facts, scope) for remedy in rule.remedies_for(known)),
    )


def _with_values(remedy: Remedy, facts: Facts, scope: Scope) -> Remedy:
    """Return the remedy with what its patch takes from facts.

    `{fact = NAME}` becomes `{set = VALUE}`, or is left out; `{multiply = NUMBER, factor = NAME}` becomes
    `{multiply = VALUE}`, or keeps the number.
    """
    change = {}
    for setting, patch in remedy.change.items():
        if isinstance(patch, dict) and "fact" in patch:
            if (found := facts.at(patch["fact"], scope)) is not None:
                change[setting] = {"set": found.value}
        elif isinstance(patch, dict) and "factor" in patch:
            found = facts.at(patch["factor"], scope)
            factor = found.value if found is not None else patch.get("multiply")
            if factor is not None:
                change[setting] = {"multiply": factor}
        else:
            change[setting] = patch
    return replace(remedy, change=change)


def _merge_rows(findings: list[Finding]) -> list[Finding]:
    """Make one finding of a rule's findings on several rows of one history: the last row speaks for all."""
    groups: dict[Scope, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[replace(finding.scope, step=None)].append(finding)
    merged = []
    for scope, group in groups.items():
        if len(group) == 1:
            merged.append(group[0])
            continue
        group.sort(key=lambda f: f.scope.step if f.scope.step is not None else 0.0)
        last = group[-1]
        steps = tuple(step for finding in group for step in finding.steps)
        facts = tuple({id(fact): fact for finding in group for fact in finding.facts}.values())
        proof = Proof.weakest(f.proof for f in group)
        merged.append(replace(last, scope=scope, steps=steps, facts=facts, proof=proof))
    return merged


def _fold(findings: list[Finding], rules: Sequence[Rule]) -> list[Finding]:
    """List each finding that follows from another one about the same thing under that one."""
    causes = {rule.name: rule.consequence_of for rule in rules}
    parents = [_cause_of(finding, findings, causes[finding.rule]) for finding in findings]
    consequences: dict[int, dict[str, None]] = defaultdict(dict)
    for i, finding in enumerate(findings):
        if (root := _root(i, parents)) != i:
            consequences[root][finding.rule] = None
    kept = [i for i in range(len(findings)) if _root(i, parents) == i]
    return [replace(findings[i], consequences=tuple(consequences[i])) for i in kept]


def _root(i: int, parents: Sequence[int | None]) -> int:
    """Return the finding that `i` follows from in the end; rules that name each other keep the first of them."""
    seen = [i]
    while (parent := parents[seen[-1]]) is not None:
        if parent in seen:
            return min(seen[seen.index(parent) :])
        seen.append(parent)
    return seen[-1]


def _cause_of(finding: Finding, findings: Sequence[Finding], causes: Sequence[str]) -> int | None:
    mine = replace(finding.scope, step=None, label=None)
    for name in causes:
        for i, other in enumerate(findings):
            theirs = replace(other.scope, step=None, label=None)
            if other.rule == name and (theirs.covers(mine) or mine.covers(theirs)):
                return i
    return None


def _verdicts(facts: Facts, findings: Sequence[Finding]) -> Iterator[ScopeVerdict]:
    """Give each task and split its verdict: its worst finding's, or healthy where the null models are ruled out."""
    run = facts.run
    scopes = [Scope(run.name, s.task, s.split) for s in run.series() if not _only_training(s.split, s.reported.metrics)]
    places = [replace(finding.scope, step=None, label=None) for finding in findings]
    # What is found elsewhere, in the training's own summary say, must not be lost for want of a scope.
    scopes += [p for p in dict.fromkeys(places) if p.split is not None and p not in scopes]
    for scope in scopes or [Scope(run.name)]:
        about = [f for f, place in zip(findings, places, strict=True) if place.covers(scope)]
        worst = min(about, key=lambda finding: finding.severity.rank, default=None)
        if worst is not None and worst.severity is not Severity.NOTE:
            verdict = Verdict.DEGENERATE if worst.severity is Severity.ERROR else Verdict.SUSPECT
            yield ScopeVerdict(scope, verdict, worst.title)
            continue
        beaten = facts.at("beats_null", scope)
        verdict = Verdict.HEALTHY if beaten is not None and beaten.value is True else Verdict.UNKNOWN
        yield ScopeVerdict(scope, verdict, beaten.because if beaten is not None else _UNDECIDED)


def _only_training(split: str, metrics: Iterable[str]) -> bool:
    """Whether an evaluation is the trainer's own summary of its training (loss and timing), which is no result."""
    timing = {"loss", "runtime", "samples", "samples_per_second", "steps_per_second", "total_flos", "tokens_per_second"}
    return split == "train" and set(metrics) <= timing

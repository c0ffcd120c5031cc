"""What the findings say in prose: what is wrong, what is probably behind it, what to do, and how one will know."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from diagnose.llm._prose import bare, capital, ended, filled, load, lowered, strength
from diagnose.llm._view import run_once
from diagnose.llm.explanation import Item
from diagnose.report._phrases import finding_place, proof_words
from diagnose.report._story import change_words
from diagnose.report._trials import reproduction_words, tried_words
from diagnose.report._words import clean, first_sentence, listed
from diagnose.report._worked_out import is_derived
from diagnose.types import Proof, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from diagnose.llm._view import Sight
    from diagnose.llm.pack import Pack
    from diagnose.types import Finding, Remedy

__all__ = ["Findings", "basis_of", "title_of"]

# Findings of more rules than this are told in fewer words each.
_FEW = 4
_PLACES = 3
_CONSEQUENCES = 6
_CAUSES = 3
_STEPS = 6
_REMEDIES = {Severity.ERROR: 3, Severity.WARNING: 1, Severity.NOTE: 1}
_FEWER_REMEDIES = {Severity.ERROR: 2, Severity.WARNING: 1, Severity.NOTE: 1}
_MESSAGE = 600
_GROUND = 700


def title_of(finding: Finding) -> str:
    """Return what is wrong, without a full stop."""
    return bare(clean(finding.title))


def basis_of(findings: Iterable[Finding]) -> tuple[Proof, tuple[str, ...]]:
    """Return the weakest proof of some findings, and all that they assume."""
    found = list(findings)
    assumes = (a for finding in found for fact in finding.facts for a in fact.assumes)
    return Proof.weakest(finding.proof for finding in found), tuple(dict.fromkeys(assumes))


class Findings:
    """Tells the findings of a pack; those of one rule together, the gravest rule first."""

    def __init__(self, pack: Pack, sight: Sight) -> None:
        self.pack = pack
        self.sight = sight
        groups: dict[str, list[Finding]] = {}
        for finding in sorted(pack.report.findings, key=lambda finding: finding.severity.rank):
            groups.setdefault(finding.rule, []).append(finding)
        self.groups = list(groups.values())

    @property
    def _many(self) -> bool:
        return len(self.groups) > _FEW

    def items(self) -> Iterator[Item]:
        """Yield what is wrong, rule by rule."""
        yield from map(self.item, self.groups)

    def item(self, group: Sequence[Finding], *, derived: bool = True) -> Item:
        """Return what one rule found, wherever it found it; derived: also how an error follows."""
        first = group[0]
        proof, assumes = basis_of(group)
        places = [run_once(finding_place(self.pack.report, finding), finding.scope) for finding in group]
        most = 1 if self._many and first.severity is Severity.NOTE else _PLACES
        sentences = [ended(f"{strength(proof, assumes)}: {'; '.join(_lines(group, places, most))}")]
        if derived and first.severity is Severity.ERROR and (ground := _ground(first)):
            sentences.append(ended(capital(ground)))
        if first.severity is Severity.ERROR or (first.severity is Severity.WARNING and not self._many):
            sentences.append(first_sentence(first.why))
        if first.consequences:
            rules = [clean(rule) for rule in first.consequences]
            sentences.append(f"What follows from it: {listed(rules, _CONSEQUENCES, 'rule')}.")
        if first.accepted is not None:
            sentences.append(ended(f"Accepted until {clean(first.accepted.expires)}: {clean(first.accepted.reason)}"))
        sentences += [line for finding in group for line in reproduction_words(finding)]
        about = [first.severity.value, clean(first.rule), *([places[0]] if len(group) == 1 and places[0] else [])]
        return Item(
            " ".join(sentence for sentence in sentences if sentence),
            lead=f"{title_of(first)} ({', '.join(about)})",
            proof=proof_words(proof, assumes),
            statements=self.pack.numbers_of(group),
        )

    def chosen(self, number: str, evidence: Sequence[str]) -> Item:
        """Return the finding of that number with the statements that it is to be shown to rest on."""
        item = self.item([cast("Finding", self.pack[number].of)], derived=not evidence)
        rests = [self.pack[one] for one in evidence]
        if rests:
            words = "; ".join(f"{bare(s.text)}{f' ({s.proof})' if s.proof else ''}" for s in rests)
            item = item._replace(text=f"{item.text} It rests on {words}.")
        return item._replace(statements=(number, *evidence))

    def causes(self) -> Iterator[Item]:
        """Yield what may be behind the gravest findings, the likeliest cause first, each once."""
        seen: set[str] = set()
        for finding in (group[0] for group in self.groups[:_FEW] if group[0].severity is not Severity.NOTE):
            fresh = [remedy for remedy in finding.remedies if remedy.cause and remedy.cause not in seen]
            causes = fresh[: 1 if self._many else _CAUSES]
            seen |= {remedy.cause for remedy in causes}
            if causes:
                text = "; or ".join(_cause(remedy) for remedy in causes)
                yield Item(f"Probably {text}.", title_of(finding), statements=self._numbers("C", causes))

    def cause(self, number: str, confidence: str) -> Item:
        """Return one cause, with how likely somebody holds it to be."""
        statement = self.pack[number]
        remedy, finding = cast("Remedy", statement.of), cast("Finding", self.pack[statement.about[0]].of)
        return Item(f"{capital(confidence)}: {_cause(remedy)}.", title_of(finding), statements=(number,))

    def steps(self) -> Iterator[Item]:
        """Yield what to do: the ways out of the gravest findings first, each once."""
        done: set[tuple[str, str]] = set()
        most = _FEWER_REMEDIES if self._many else _REMEDIES
        for finding in (group[0] for group in self.groups):
            offered = finding.ways_out(most[finding.severity])
            fresh = [remedy for remedy in offered if (remedy.title, change_words(remedy)) not in done]
            for i, remedy in enumerate(fresh):
                if len(done) == _STEPS:
                    return
                done.add((remedy.title, change_words(remedy)))
                yield self._way(remedy, finding, self._numbers("A", [remedy]), check=i == 0)

    def chosen_steps(self, steps: Iterable[tuple[str, str]]) -> Iterator[Item]:
        """Yield the steps of those numbers, an action's and its finding's; how one will know once for a finding."""
        checked: set[str] = set()
        for action, finding in steps:
            of = cast("Remedy", self.pack[action].of), cast("Finding", self.pack[finding].of)
            yield self._way(*of, (action, finding), check=finding not in checked)
            checked.add(finding)

    def _way(self, remedy: Remedy, finding: Finding, statements: tuple[str, ...], *, check: bool) -> Item:
        """Return a step: why, the change, and by what one will know that it worked."""
        change = change_words(remedy)
        sentences = [
            ended(capital(first_sentence(remedy.why))),
            f"Change: {change}." if change else "",
            ended(capital(tried_words(remedy))) if remedy.verified else "",
            f"You will know by this: {self._check(finding)}." if check else "",
        ]
        title = f"{bare(clean(remedy.title))} ({clean(finding.rule)})"
        return Item(" ".join(sentence for sentence in sentences if sentence), title, statements=statements)

    def _check(self, finding: Finding) -> str:
        """Return by what one will know that a finding is gone: the first check of which every fact is known."""
        view = self.sight.view(finding.scope)
        words = {"rule": clean(finding.rule)}
        ways = (e["say"] for e in load("prose")["check"] if finding.rule in e.get("rules", (finding.rule,)))
        texts = (filled(way, lambda name: words.get(name) or view.word(name)) for way in ways)
        return next(text for text in texts if text is not None)

    def _numbers(self, kind: str, remedies: Iterable[Remedy]) -> tuple[str, ...]:
        wanted = {id(remedy) for remedy in remedies}
        return tuple(statement.id for statement in self.pack.of_kind(kind) if id(statement.of) in wanted)


def _cause(remedy: Remedy) -> str:
    return bare(clean(remedy.cause))


def _lines(group: Sequence[Finding], places: Sequence[str], most: int) -> list[str]:
    """Return the first `most` messages of findings, each with its place where there are several."""
    lines = [bare(lowered(clean(finding.message, _MESSAGE))) for finding in group[:most]]
    if len(group) > 1:
        lines = [f"{place}: {line}" if place else line for place, line in zip(places, lines, strict=False)]
    return [*lines, f"and {len(group) - most} more"] if len(group) > most else lines


def _ground(finding: Finding) -> str:
    """Return how the weakest fact of a finding follows, with the readings beside it, if its message does not say it."""
    message = clean(finding.message, 2000)
    derived = [
        fact
        for fact in finding.facts
        if is_derived(fact) and len(fact.evidence) > 1 and clean(fact.because) not in message
    ]
    weakest = max(derived, key=lambda fact: (fact.proof.rank, len(fact.because)), default=None)
    return clean(weakest.because, _GROUND) if weakest is not None else ""

"""The deterministic writer: a Pack in prose, as a colleague would tell it; or the statements that a model chose of it.

Every word is a template's of prompts/explain, a rule's own text or a fact's derivation; every number is the report's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from diagnose.llm._findings import Findings, basis_of, title_of
from diagnose.llm._numbers import all_numbers
from diagnose.llm._prose import capital, ended, filled, given, joined, load, lowered, strength
from diagnose.llm._view import Sight, place_of, results, said
from diagnose.llm.explanation import Explanation, Item, Section, Source
from diagnose.llm.pack import Kind
from diagnose.report._phrases import proof_words
from diagnose.report._story import obstacle_line, tell
from diagnose.report._words import clean, count, listed
from diagnose.types import Proof, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from diagnose.llm.answer import Choice
    from diagnose.llm.pack import Pack, Statement
    from diagnose.types import Fact, Question, ScopeVerdict

__all__ = ["write"]

# What a reader takes in at a sitting.
_VERDICTS = 8
_PLACES = 3
_METRICS = 8
_RESULTS = 4
_FACTS = 6
_FEWER_FACTS = 2  # of each of several results
_BECAUSE = 400
_HISTORIES = 3
_QUESTIONS = 5
_LACKING = 2
_UNREAD = 2
_QUOTED = 80


def write(pack: Pack, chosen: Choice | None = None, source: Source = Source.MODEL) -> Explanation:
    """Return the report of a pack in prose; with `chosen`, its why, causes, steps and questions in that order.

    source: who chose them. The verdict, the numbers and what is proved are the program's choice in every case.
    """
    report = pack.report
    if report.error is not None:
        return Explanation(report, (Section(_heading("verdict"), (Item(obstacle_line(report.error)),)),))
    writer = _Writer(pack)
    sections = writer.sections() if chosen is None else writer.chosen(chosen, source)
    source = Source.DETERMINISTIC if chosen is None else source
    return Explanation(report, tuple(section for section in sections if section.items), source)


def _heading(name: str) -> str:
    return str(load("prose")["headings"][name])


class _Writer:
    """Writes the sections of one report."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.report = pack.report
        self.story = tell(pack.report)
        self.sight = Sight(pack.report)
        self.results = results(pack.report)
        self.findings = Findings(pack, self.sight)
        self.told: set[int] = set()

    def sections(self) -> Iterator[Section]:
        """Yield the sections of the deterministic report; a healthy one wants few words."""
        yield from self._program()
        yield Section(_heading("why"), tuple(self.findings.items()))
        if self.pack.verdict is not Verdict.HEALTHY:
            yield from self._proved()
            yield Section(_heading("causes"), tuple(self.findings.causes()))
        yield Section(_heading("steps"), tuple(self.findings.steps()), ordered=True)
        if self.pack.verdict is not Verdict.HEALTHY:
            yield Section(_heading("settle"), tuple(self._questions()))
            yield Section(_heading("unseen"), tuple(self._unseen()))

    def chosen(self, chosen: Choice, source: Source) -> Iterator[Section]:
        """Yield the sections with the statements that were chosen."""
        yield from self._program()
        why = [self.findings.chosen(number, chosen.evidence.get(number, ())) for number in chosen.findings]
        why += [Item(ended(r.text), statements=(r.left, r.right)) for r in chosen.relations]
        why += [self._plain(self.pack[number]) for number in chosen.facts]
        yield self._picked("why", why, self.findings.items(), source)
        yield from self._proved()
        causes = [self.findings.cause(number, confidence) for number, confidence in chosen.causes]
        yield self._picked("causes", causes, self.findings.causes(), source)
        steps = list(self.findings.chosen_steps(chosen.steps))
        yield self._picked("steps", steps, self.findings.steps(), source, ordered=True)
        questions = [self._plain(self.pack[number]) for number in chosen.questions]
        yield self._picked("settle", questions, self._questions(), source)
        yield Section(_heading("unseen"), tuple(self._unseen()))

    def _picked(
        self, name: str, items: Sequence[Item], own: Iterable[Item], source: Source, *, ordered: bool = False
    ) -> Section:
        """Return a section of what was chosen, or the program's own: an idle model takes nothing away."""
        if items:
            return Section(_heading(name), tuple(items), source, ordered=ordered)
        return Section(_heading(name), tuple(own), ordered=ordered)

    def _program(self) -> Iterator[Section]:
        """Yield the verdict and the numbers."""
        first = Item(self._opening(), statements=tuple(s.id for s in self.pack.of_kind("S")[:1]))
        verdicts = self._verdicts() if len(self.report.verdicts) > 1 else []
        obstacles = [Item(line) for line in self.story.obstacles]
        yield Section(_heading("verdict"), (first, *verdicts, *obstacles))
        numbers, told = all_numbers(self.pack, self.sight, self.results, _heading("metrics"))
        self.told |= told
        yield from numbers
        if self.pack.verdict is not Verdict.HEALTHY:
            courses = (Item(ended(h.words), capital(h.name)) for h in self.story.histories[:_HISTORIES])
            yield Section(_heading("histories"), tuple(courses))

    def _opening(self) -> str:
        """Return the verdict with its reason, what that is worth, what else there is, and what was read."""
        head, _, reason = self.story.sentence.partition(": ")
        sentences = [f"{head}: {lowered(reason)}" if reason else head]
        groups = self.findings.groups
        if groups and self.pack.verdict in (Verdict.DEGENERATE, Verdict.SUSPECT):
            proof, assumes = basis_of(groups[0][:1])
            sentences.append(load("prose")["basis"][proof.value].replace("$given", given(assumes)))
            groups = groups[1:]
        if groups:
            named = [f"{lowered(title_of(group[0]))} ({group[0].severity.value})" for group in groups[:_PLACES]]
            named += [f"and {count(len(groups) - _PLACES, 'finding')} more"] if len(groups) > _PLACES else []
            sentences.append(f"{'Besides' if len(sentences) > 1 else 'To be known'}: {'; '.join(named)}.")
        return " ".join((*sentences, f"Read: {self._read()}."))

    def _read(self) -> str:
        """Return what the input holds."""
        runs = self.report.runs
        rows = sum(len(series.rows) for run in runs for series in run.series())
        points = sum(len(run.training) for run in runs)
        parts = [
            count(len(runs), "run") if len(runs) > 1 else "",
            self._held(),
            f"a history of {count(rows, 'evaluation')}" if rows > 1 else "",
            f"{count(points, 'point')} of the training log" if points else "",
        ]
        model = next((run.model for run in runs if run.model), None)
        of = f"; the model is {clean(model, 80)}" if model and len(runs) == 1 else ""
        return f"{joined(part for part in parts if part)}{of}"

    def _held(self) -> str:
        """Return how many results there are, and what is in it where there is one."""
        if len(self.results) != 1:
            return count(len(self.results), "result") if self.results else "no result"
        reported = self.results[0].series.reported
        held = [clean(name, 40).replace("_", " ") for name in reported.metrics]
        if not held:  # a table of classes whose averages are missing, a matrix alone
            held = ["by class"] * bool(reported.classes) + ["a confusion matrix"] * (reported.matrix is not None)
        return f"one result ({listed(held, _METRICS, 'number')})" if held else "one result"

    def _verdicts(self) -> list[Item]:
        """Return a line for each verdict and reason with the results that have it, the worst first."""
        places: dict[tuple[Verdict, str], list[ScopeVerdict]] = {}
        for item in sorted(self.report.verdicts, key=lambda item: item.verdict.rank):
            places.setdefault((item.verdict, item.because), []).append(item)
        lines = []
        for (verdict, because), members in list(places.items())[:_VERDICTS]:
            named = "; ".join(place_of(self.report, item.scope) or "overall" for item in members[:_PLACES])
            named += f"; and {len(members) - _PLACES} more" if len(members) > _PLACES else ""
            reason = f", {lowered(clean(because))}" if because else ""
            lines.append(Item(ended(f"{verdict.value}{reason}"), named, "", self.pack.numbers_of(members)))
        more = len(places) - _VERDICTS
        return lines + ([Item(f"And {count(more, 'verdict')} more, in the JSON report.")] if more > 0 else [])

    def _proved(self) -> Iterator[Section]:
        """Yield what was worked out, by the strength of its proof, as far as it was not said yet."""
        found: dict[Proof, list[Item]] = {Proof.PROVED: [], Proof.PROVED_IF: [], Proof.IMPLIED: []}
        heard = {clean(fact.because) for finding in self.report.findings for fact in finding.facts}
        for result in self.results[:_RESULTS]:
            view = self.sight.view(result.scope)
            facts = [fact for name in load("prose")["facts"] if (fact := view.fact(name)) and fact.name == name]
            fresh = [fact for fact in facts if fact.value and fact.proof in found and id(fact) not in self.told]
            fresh = [fact for fact in fresh if clean(fact.because) not in heard and said(fact)]
            for fact in fresh[: _FACTS if len(self.results) == 1 else _FEWER_FACTS]:
                self.told.add(id(fact))
                found[fact.proof].append(self._fact(fact))
        for proof, items in found.items():
            yield Section(_heading(proof.value), tuple(items))

    def _fact(self, fact: Fact) -> Item:
        """Return a fact in words with its derivation; of several results, with what it takes alone."""
        clause = filled(load("prose")["facts"][fact.name], {"value": said(fact)}.get) or fact.name
        several = len(self.results) > 1
        place = place_of(self.report, replace(fact.scope, step=None)) if several else ""
        condition = given(fact.assumes)
        parts = [f"given {condition}" if condition else "", "" if several else clean(fact.because, _BECAUSE)]
        text = capital(": ".join(part for part in parts if part) or clean(fact.because, _BECAUSE))
        lead = f"{place}: {clause}" if place else capital(clause)
        return Item(ended(text), lead, proof_words(fact.proof, fact.assumes), self.pack.numbers_of([fact]))

    def _plain(self, statement: Statement) -> Item:
        """Return a statement as it stands in the pack, and a fact with the strength of its proof in front."""
        text = f"{statement.place}: {statement.text}" if statement.place else statement.text
        if statement.kind == Kind.FACT:
            fact = cast("Fact", statement.of)
            text = f"{strength(fact.proof, fact.assumes)}: {text}"
        return Item(ended(text), proof=statement.proof, statements=(statement.id,))

    def _questions(self) -> Iterator[Item]:
        """Yield what would settle what is open; a question that is asked of several results once."""
        answers: dict[str, list[str]] = {}
        for ask, answer in dict.fromkeys((*self.story.deciders, *self.story.questions)):
            answers.setdefault(ask, []).append(answer)
        numbers: dict[str, list[str]] = {}
        for statement in self.pack.of_kind("Q"):
            numbers.setdefault(clean(cast("Question", statement.of).ask), []).append(statement.id)
        for ask, given_by in list(answers.items())[:_QUESTIONS]:
            more = len(given_by) - _PLACES
            options = f"{', or '.join(given_by[:_PLACES])}{f', and {more} more of the kind' if more > 0 else ''}"
            text = f"{ask} Answer with {options}." if options else ended(ask)
            yield Item(text, statements=tuple(numbers.get(ask, ())))
        if len(answers) > _QUESTIONS:
            yield Item(f"And {count(len(answers) - _QUESTIONS, 'question')} more, in the JSON report.")

    def _unseen(self) -> Iterator[Item]:
        """Yield what was not checked, for want of what, and what was not read."""
        if self.story.unchecked:
            few = [f"{clean(need)} ({listed(rules, 2, 'rule')})" for need, rules in self.story.lacking[:_LACKING]]
            unchecked = count(self.story.unchecked, "rule")
            yield Item(f"{unchecked} could not be checked. Most of them would be told by {'; '.join(few)}.")
        if self.story.unread:
            quoted = [f"{clean(what, _QUOTED)} ({why})" for what, why in self.story.unread[:_UNREAD]]
            more = len(self.story.unread) - _UNREAD
            yield Item(f"{'; '.join(quoted)}{f'; and {more} more' if more > 0 else ''}.", "Not used of the input")

"""Every claim of an answer, checked against the pack: what holds is kept, what does not is named; and the mending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.llm.answer import Choice, Relation, Violation
from diagnose.llm.commentary import fault
from diagnose.llm.comparison import compared
from diagnose.llm.pack import Kind
from diagnose.llm.schema import CONFIDENCE
from diagnose.types import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.llm.pack import Pack
    from diagnose.llm.schema import Form

__all__ = ["MOST", "Checked", "salvage", "tree_of", "verify"]

# What a reader still reads; more of one kind is a list, no explanation.
MOST = {"evidence": 12, "relations": 12, "causes": 12, "questions": 8, "facts": 16, "commentary": 6}
_CITED = 3
_OPEN_QUESTIONS = 3


class Checked(NamedTuple):
    """The claims of an answer that hold, and what is wrong with the others."""

    choice: Choice
    violations: tuple[Violation, ...]


def verify(tree: dict[str, Any], form: Form, canary: str = "") -> Checked:
    """Check an answer claim by claim; `canary`: the word of the prompt that no sentence may repeat."""
    check = _Check(tree, form, canary)
    choice = check.choice()
    return Checked(choice, tuple(check.violations))


class _Check:
    """Reads an answer of any shape; what is not of the form was named by the form, and is passed over here."""

    def __init__(self, tree: dict[str, Any], form: Form, canary: str) -> None:
        self.tree = tree
        self.form = form
        self.pack = form.pack
        self.canary = canary
        self.violations = form.violations(tree)

    def choice(self) -> Choice:
        if self.form.asked and self.tree.get("answers") is not True:
            return Choice(answers=False)
        findings, evidence = self._findings()
        choice = Choice(
            findings,
            evidence,
            self._relations(),
            self._causes(findings),
            self._steps(findings),
            self._ids("questions", Kind.QUESTION),
            self._ids("facts", Kind.VALUE + Kind.FACT + Kind.VERDICT),
            self._commentary(),
        )
        if self.form.asked and not any(choice[:-2]):
            self._wrong("empty", "", "The answer says that the statements answer the question, and names none.")
        return choice

    def _wrong(self, kind: str, where: str, sentence: str) -> None:
        self.violations.append(Violation(kind, where, sentence))

    def _entries(self, field: str, holder: object = None, place: str = "") -> Iterator[tuple[str, Any]]:
        """Yield the entries of a list with their places, not more than anybody reads."""
        held = self.tree if holder is None else holder
        entries = held.get(field) if isinstance(held, dict) else None
        if isinstance(entries, list):
            most = MOST.get(field, len(self.pack.statements))
            if len(entries) > most:
                self._wrong("too-many", f"{place}{field}", f"The list has more than {most} entries.")
            yield from ((f"{place}{field}[{i}]", entry) for i, entry in enumerate(entries[:most]))

    def _id(self, written: object, kinds: str) -> str:
        """Return the id of a statement of these kinds, "" where it is none; the form has said so."""
        return written if isinstance(written, str) and written in self.pack and written[0] in kinds else ""

    def _ids(self, field: str, kinds: str) -> tuple[str, ...]:
        found: list[str] = []
        for where, entry in self._entries(field):
            if number := self._id(entry, kinds):
                self._once(number, number, found, where)
        return tuple(found)

    def _once(self, number: str, claim: Any, found: list[Any], where: str) -> None:
        if claim in found:
            self._wrong("repeated", where, f"{number} is named twice.")
        else:
            found.append(claim)

    def _findings(self) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
        found: list[str] = []
        evidence: dict[str, tuple[str, ...]] = {}
        for where, entry in self._entries("findings"):
            number = self._id(_get(entry, "finding"), Kind.FINDING)
            if number:
                self._once(number, number, found, where)
                cited = self._cited(number, entry, where)
                evidence[number] = tuple(dict.fromkeys((*evidence.get(number, ()), *cited)))
        ranks = [_rank(self.pack, number) for number in found]
        if ranks != sorted(ranks):
            self._wrong("order", "findings", "Errors come before warnings, and warnings before notes.")
        if not self.form.asked:
            for number in _errors(self.pack):
                if number not in found:
                    self._wrong("dropped-error", "findings", f"{number} is an error and has to be among the findings.")
        return tuple(sorted(found, key=lambda number: _rank(self.pack, number))), evidence

    def _cited(self, finding: str, entry: object, place: str) -> list[str]:
        found: list[str] = []
        for where, written in self._entries("evidence", entry, f"{place}."):
            number = self._id(written, Kind.VALUE + Kind.FACT + Kind.VERDICT)
            if number and number not in self.pack[finding].about:
                self._wrong("wrong-citation", where, f"{finding} does not rest on {number}.")
            elif number:
                self._once(number, number, found, where)
        return found

    def _relations(self) -> tuple[Relation, ...]:
        found: dict[frozenset[str], Relation] = {}
        for where, entry in self._entries("relations"):
            left, right = (self._id(_get(entry, side), Kind.VALUE + Kind.FACT) for side in ("left", "right"))
            how = _get(entry, "relation")
            if not left or not right or not isinstance(how, str):
                continue
            relation = compared(self.pack[left], how, self.pack[right])
            if relation is None:
                sentence = (
                    f"It does not hold for all numbers that {left} and {right} may be, or they measure other things."
                )
                self._wrong("relation", where, sentence)
            elif frozenset((left, right)) in found:
                self._wrong("repeated", where, f"{left} and {right} are compared twice.")
            else:
                found[frozenset((left, right))] = relation
        return tuple(found.values())

    def _causes(self, told: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        found: dict[str, str] = {}
        for where, entry in self._entries("causes"):
            number, confidence = self._id(_get(entry, "cause"), Kind.CAUSE), _get(entry, "confidence")
            if not number or confidence not in CONFIDENCE:
                continue
            if number in found:
                self._wrong("repeated", where, f"{number} is named twice.")
            elif not self.form.asked and not set(self.pack[number].about) & set(told):
                self._wrong("foreign-cause", where, f"{number} belongs to a finding that is not told.")
            else:
                found[number] = confidence
        return tuple(found.items())

    def _steps(self, told: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        found: dict[str, tuple[str, str]] = {}
        for where, entry in self._entries("steps"):
            action = self._id(_get(entry, "action"), Kind.ACTION)
            finding = self._id(_get(entry, "finding"), Kind.FINDING)
            if not action or not finding:
                continue
            text = self.pack[action].text
            if finding not in self.pack[action].about:
                self._wrong("foreign-action", where, f"{finding} does not offer {action}.")
            elif not self.form.asked and finding not in told:
                self._wrong("foreign-action", where, f"{finding}, which offers {action}, is not told.")
            elif text in found:
                self._wrong("repeated", where, f"{action} says the same as {found[text][0]}.")
            else:
                found[text] = (action, finding)
        steps = tuple(found.values())
        if steps != _in_order(self.pack, steps):
            self._wrong("step-order", "steps", "What serves an error comes before what serves only notes.")
        if not self.form.asked:
            for number in _without_step(self.pack, steps):
                self._wrong("no-step", "steps", f"There is no step for {number}, which is an error.")
        return _in_order(self.pack, steps)

    def _commentary(self) -> tuple[str, ...]:
        found: list[str] = []
        for where, entry in self._entries("commentary"):
            if self.form.commentary and isinstance(entry, str):
                if reason := fault(entry, self.canary):
                    self._wrong("commentary", where, f"The sentence holds {reason}.")
                else:
                    found.append(" ".join(entry.split()))
        return tuple(found)


def salvage(choice: Choice, form: Form) -> Choice:
    """Add what an answer has to say and `choice` lacks, in the order of the pack; of nothing it makes an answer."""
    pack = form.pack
    if form.asked:
        return choice if any(choice[:-2]) else Choice(answers=False)
    known = choice.findings or tuple(statement.id for statement in pack.of_kind(Kind.FINDING))
    findings = sorted(dict.fromkeys((*known, *_errors(pack))), key=lambda number: _rank(pack, number))
    evidence = {number: choice.evidence.get(number) or _grounds(pack, number) for number in findings}
    steps = list(choice.steps)
    for number in _without_step(pack, choice.steps) if steps else findings:
        offered = pack.belonging(number, Kind.ACTION)
        if offered and offered[0].text not in {pack[action].text for action, _ in steps}:
            steps.append((offered[0].id, number))
    questions = choice.questions or tuple(q.id for q in pack.of_kind(Kind.QUESTION)[:_OPEN_QUESTIONS])
    return choice._replace(
        findings=tuple(findings),
        evidence=evidence,
        steps=_in_order(pack, tuple(steps)),
        questions=questions,
    )


def tree_of(choice: Choice, form: Form) -> dict[str, Any]:
    """Return the answer that a choice is, so that it can be verified like any other."""
    tree = {
        "verdict": form.pack.verdict.value,
        "answers": choice.answers,
        "findings": [
            {"finding": number, "evidence": list(choice.evidence.get(number, ()))} for number in choice.findings
        ],
        "facts": list(choice.facts),
        "relations": [{"left": r.left, "relation": r.how, "right": r.right} for r in choice.relations],
        "causes": [{"cause": number, "confidence": confidence} for number, confidence in choice.causes],
        "steps": [{"action": action, "finding": finding} for action, finding in choice.steps],
        "questions": list(choice.questions),
        "commentary": list(choice.commentary),
    }
    return {name: tree[name] for name in form.model.model_fields}


def _get(entry: object, key: str) -> object:
    return entry.get(key) if isinstance(entry, dict) else None


def _rank(pack: Pack, finding: str) -> int:
    of: Any = pack[finding].of
    return int(of.severity.rank)


def _errors(pack: Pack) -> list[str]:
    return [s.id for s in pack.of_kind(Kind.FINDING) if _rank(pack, s.id) == Severity.ERROR.rank]


def _grounds(pack: Pack, finding: str) -> tuple[str, ...]:
    """Return the first few statements that a finding rests on, without the helpers of other facts."""
    return tuple(number for number in pack[finding].about if number in pack and "." not in pack[number].metric)[:_CITED]


def _served(pack: Pack, text: str) -> Iterator[str]:
    """Yield the findings that offer an action of this text."""
    yield from (finding for action in pack.of_kind(Kind.ACTION) if action.text == text for finding in action.about)


def _without_step(pack: Pack, steps: tuple[tuple[str, str], ...]) -> list[str]:
    """Return the errors that offer something to do, of which none is among the steps."""
    texts = {pack[action].text for action, _ in steps}
    return [
        number
        for number in _errors(pack)
        if (offered := {action.text for action in pack.belonging(number, Kind.ACTION)}) and not offered & texts
    ]


def _in_order(pack: Pack, steps: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return the steps with those that serve only notes behind those that serve an error, otherwise as they are."""
    weights = {step: min(_rank(pack, finding) for finding in _served(pack, pack[step[0]].text)) for step in steps}
    last = max((i for i, step in enumerate(steps) if weights[step] == Severity.ERROR.rank), default=-1)
    early = [step for step in steps[: last + 1] if weights[step] < Severity.NOTE.rank]
    late = [step for step in steps[: last + 1] if weights[step] == Severity.NOTE.rank]
    return (*early, *late, *steps[last + 1 :])

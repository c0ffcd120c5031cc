"""Brings the claims of a sentence together to its mark."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from diagnose.llm.pack import Kind
from diagnose.llm.reply.claiming import claims_of, points_back, readable, see
from diagnose.llm.reply.claims import Claim, Mark
from diagnose.llm.reply.ground import Ground
from diagnose.llm.reply.leftover import left_over, without_claim
from diagnose.llm.reply.restated import Restated
from diagnose.llm.reply.sentences import Sentence, sentences_of, turns_of
from diagnose.llm.reply.structured import checked_form, is_structured
from diagnose.llm.reply.words import Patterns, Words, lexicon, patterns, words_of
from diagnose.report._words import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.llm.reply.names import Mention
    from diagnose.llm.reply.seen import Seen
    from diagnose.types import Report

__all__ = ["Checked", "check_reply"]

# "(F1)" is a metric.
_CITATION = re.compile(r"\[\s*([SFVDCAQ]\d{1,4}(?:\s*[,;]\s*[SFVDCAQ]\d{1,4})*)\s*\]")
_GAP = re.compile(r"\s+([,;:!?]|\.(?!\d))")
_QUESTION_TAG = re.compile(
    r",\s*(?:right|no|correct|is it not|isn't it|doesn't it|don't you think|agreed|eh)\s*\?$", re.IGNORECASE
)
_PRESUMES = re.compile(
    r"^\W*(?:why|how come|isn't|aren't|doesn't|didn't|wasn't|don't|who would|did you know|since)\b", re.IGNORECASE
)
_ASKS = re.compile(r"\?(?:\s*\([^()]*\))?[\s*`)\"'”.]*$")
_NOT_SO = re.compile(r"^(\W*(?:is|are|was|do|does|did))n['’]t\b", re.IGNORECASE)
_POSSIBLE = frozenset(
    ["may", "might", "could", "can", "possible", "possibly", "likely", "probably", "perhaps", "maybe", "often",
     "usually", "usual", "sometimes", "candidates", "causes", "suspects"]
)  # fmt: skip
_SHOWN = 300
# A mark, the sentence that decides, and the statements behind it.
_Outcome = tuple[Mark, str, tuple[str, ...]]


class Checked(NamedTuple):
    """A sentence of a reply with what the report says to it.

    sentence: in plain words, safe to print; place: its line in the reply, from 1; reason: one sentence, with the number
    or the fact that decides; statements: the pack's statements, or the names of facts and values, that decide.
    """

    sentence: str
    place: int
    mark: Mark
    reason: str
    statements: tuple[str, ...] = ()


def check_reply(report: Report, text: str) -> list[Checked]:
    """Return every sentence of a reply in its order, each supported, unsupported, contradicted, or without a claim.

    report: one that was read (its `error` is None). A reply in the form that `explain` asks of a model is checked as
    those are, claim by claim.
    """
    judge = _Judge(report)
    if is_structured(text):
        claims = checked_form(judge.ground.pack, text)
        return [Checked(said, 1, mark, _sentence(reason), ids) for said, mark, reason, ids in claims]
    return [checked for sentence in sentences_of(text) for checked in judge.check(sentence)]


class _Judge:
    """Judges the sentences of one reply; remembers what the last one was about."""

    def __init__(self, report: Report) -> None:
        self.ground = Ground(report)
        self.statements = Restated(self.ground.pack)
        self.last_rules: frozenset[str] = frozenset()
        self.last_mentions: Sequence[Mention] = ()
        self.asked = False

    def check(self, sentence: Sentence) -> Iterator[Checked]:
        """Yield a sentence with its mark, or each part that a "but" divides."""
        shown = clean(sentence.text, _SHOWN)
        if sentence.unsafe or sentence.kind == "code":
            reason = sentence.unsafe or "code is not held against the report"
            yield Checked(shown, sentence.line, Mark.UNSUPPORTED, _sentence(reason))
            return
        text, cited = _without_citations(readable(sentence.text))
        whole = self._restated(text, cited, sentence.above)
        parts = [sentence] if whole is not None else turns_of(sentence)
        if whole is not None and not self._rests_on(cited, whole[2]):
            # What is cited may bear it out as well.
            judged = self._judged(sentence, text, again=False)
            whole = judged if judged[0] is Mark.SUPPORTED else whole
        outcomes = [whole or self._judged(part, _without_citations(readable(part.text))[0]) for part in parts]
        rests = tuple(number for mark, _, ids in outcomes if mark is Mark.SUPPORTED for number in ids)
        for part, outcome in zip(parts, outcomes, strict=True):
            _, named = _without_citations(part.text)
            mark, reason, statements = self._cited(named, outcome, rests)
            yield Checked(clean(part.text, _SHOWN), part.line, mark, _sentence(reason), statements)

    def _restated(self, text: str, cited: tuple[str, ...], above: str) -> _Outcome | None:
        """Return the outcome of a sentence that says a statement again, or its contrary.

        A cause is only a possible one: who says it has to say so, here or in the line above.
        """
        found = self.statements.find(text, cited)
        if found is None or (text.rstrip().endswith("?") and found.mark is Mark.CONTRADICTED):
            return None
        if found.mark is Mark.SUPPORTED:
            self._remember(found.statements)
            if found.statements[0].startswith(Kind.CAUSE) and not _POSSIBLE & {
                *Words(text).words,
                *words_of(above).words,
            }:
                return Mark.UNSUPPORTED, "the report gives it as a possible cause only", found.statements
        return found.mark, found.reason, found.statements

    def _remember(self, statements: tuple[str, ...]) -> None:
        """Remember what a restated sentence was about."""
        said = [self.ground.pack[number].of for number in statements]
        self.last_rules = frozenset(f.rule for f in self.ground.report.findings if any(f is of for of in said))

    def _judged(self, part: Sentence, text: str, *, again: bool = True) -> _Outcome:
        """Judge a sentence by its claims; again: unless it says a statement of the report again."""
        asks = bool(_ASKS.search(text)) and not _QUESTION_TAG.search(text.rstrip())
        # "Isn't this great?" says that it is.
        words = Words(_NOT_SO.sub(r"\1", text) if asks else text)
        said = self._restated(text, (), part.above) if again else None
        if said is not None:
            return said
        seen = see(part, words, self.ground, self.last_mentions, answers=self.asked)
        claims = claims_of(seen)
        if claims or part.kind != "lead":  # "Possible causes:" names none
            claims += self._causes(seen, claims)
        good = [c for c in claims if c.mark is Mark.SUPPORTED]
        bad = next((c for c in claims if c.mark is Mark.CONTRADICTED), None)
        open_ = next((c for c in claims if c.mark is Mark.UNSUPPORTED), None)
        rules = frozenset().union(*(c.rules for c in good)) if good else frozenset()
        self.last_rules = rules or (frozenset() if claims else self.last_rules)
        self.last_mentions = seen.mentions or self.last_mentions
        self.asked = asks
        if asks and not bad and not (_PRESUMES.match(text) and open_):
            return Mark.NO_CLAIM, "it asks", ()
        if bad:
            return bad.mark, bad.reason, bad.statements
        if good and not open_ and self._misplaced(seen, good):
            return Mark.UNSUPPORTED, "the report does not say it of that step or epoch", good[0].statements
        left = left_over(seen, claims)
        if not claims:
            return without_claim(part, words, left)
        if open_:
            return open_.mark, open_.reason, open_.statements
        if left or not good:
            strange = f'nothing in the report says "{" ".join(left[:4])}"'
            return Mark.UNSUPPORTED, strange if left else "nothing in it can be held against the report", ()
        return Mark.SUPPORTED, good[0].reason, tuple(dict.fromkeys(i for c in good for i in c.statements))

    def _misplaced(self, seen: Seen, good: Sequence[Claim]) -> bool:
        """Whether a diagnosis is put to a step that its finding does not name."""
        where = seen.where
        named = {n for n in (where.step, where.epoch, where.order) if n is not None}
        if not named or not all(claim.placeless for claim in good):
            return False
        rules = (rule for claim in good for rule in claim.rules if rule in self.ground.findings)
        return not named <= self.ground.telling_steps.union(*(self.ground.findings[rule].steps for rule in rules))

    def _causes(self, seen: Seen, claims: Sequence[Claim]) -> list[Claim]:
        """Return a claim where a sentence names a cause: the report has to have both in one finding."""
        spans = tuple(_cause_patterns().spans(seen.words))
        if not spans:
            return []
        good = [c for c in claims if c.mark is Mark.SUPPORTED]
        own = frozenset(rule for c in good for rule in c.rules)
        before = self.last_rules if not own and points_back(seen.words) else frozenset()
        found = {
            id(self.ground.findings[r]): self.ground.findings[r] for r in own | before if r in self.ground.findings
        }
        if len(found) == 1 and len(good) >= (1 if before else 2):
            (finding,) = found.values()
            evidence = {fact.name for fact in finding.facts} | {v.metric for f in finding.facts for v in f.evidence}
            if all(any(m.name in name for name in evidence) for m in seen.mentions):
                reason = f"the report puts both down to {finding.rule}"
                return [Claim(Mark.SUPPORTED, reason, self.ground.finding_ids(finding.rule), spans)]
        return [Claim(Mark.UNSUPPORTED, "the report does not give this as a cause", (), spans)]

    def _cited(self, cited: tuple[str, ...], outcome: _Outcome, rests: tuple[str, ...]) -> _Outcome:
        """Hold the citations of a part of a sentence that is right against what the whole sentence rests on."""
        mark = outcome[0]
        pack = self.ground.pack
        missing = tuple(number for number in cited if number not in pack)
        if missing and mark is not Mark.CONTRADICTED:
            return Mark.CONTRADICTED, f"the report has no statement {missing[0]}", missing
        if mark is not Mark.SUPPORTED:
            return outcome
        wrong = next((number for number in cited if not self._rests_on((number,), rests)), None)
        if wrong is not None:
            named = ", ".join(rests[:3]) or "nothing that has a number"
            return Mark.UNSUPPORTED, f"statement {wrong} is not what it rests on, which is {named}", (wrong,)
        return outcome

    def _rests_on(self, cited: tuple[str, ...], statements: tuple[str, ...]) -> bool:
        """Whether each cited statement is one of those, belongs to one, or has the same number."""
        pack = self.ground.pack
        for number in cited:
            near = {number, *(pack[number].about if number in pack else ())}
            near |= {s.id for s in pack.statements.values() if number in s.about}
            if not near & set(statements) and not self._same_number(number, statements):
                return False
        return True

    def _same_number(self, cited: str, statements: tuple[str, ...]) -> bool:
        """Whether a cited fact has the number of one that the sentence rests on: a share and its baseline do."""
        if cited not in self.ground.pack:
            return False
        mine = self.ground.pack[cited]
        found = (self.ground.pack[number] for number in statements if number in self.ground.pack)
        return mine.kind == Kind.FACT and any(
            s.kind == Kind.FACT and s.interval is not None and s.interval == mine.interval for s in found
        )


@cache
def _cause_patterns() -> Patterns[None]:
    return patterns(lexicon()["causes"])


def _without_citations(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a sentence without its [F1] and the numbers that it cites."""
    cited = dict.fromkeys(n for match in _CITATION.finditer(text) for n in re.findall(r"[SFVDCAQ]\d+", match[1]))
    return _GAP.sub(r"\1", _CITATION.sub(" ", text)).strip(), tuple(cited)


def _sentence(reason: str) -> str:
    reason = clean(reason, 400).rstrip(".")
    return f"{reason[:1].upper()}{reason[1:]}."

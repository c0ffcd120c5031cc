"""From a report to its explanation, by way of a language model where one is configured; the report never waits for it.

    pack -> ask -> parse -> verify -> (send back what is wrong, ask again) -> salvage -> writer

One deadline holds for all of it. Whatever a server does, the explanation is full, and the verdict, the findings and
their severities are the engine's.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from diagnose.errors import ModelError
from diagnose.llm.answer import Violation
from diagnose.llm.claims import salvage, tree_of, verify
from diagnose.llm.client import ask
from diagnose.llm.explanation import Explanation, Item, Remark, Section, Source
from diagnose.llm.pack import make_pack
from diagnose.llm.parsing import parse
from diagnose.llm.prompting import make_prompt, repair
from diagnose.llm.writer import write
from diagnose.report._words import clean, count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from diagnose.llm.answer import Choice
    from diagnose.llm.client import Endpoint
    from diagnose.llm.pack import Pack
    from diagnose.llm.prompting import Prompt
    from diagnose.types import Report

__all__ = ["explain", "prompt_of"]

_ATTEMPTS = 3
_HEARD = 500  # characters of an answer between two lines of progress
_NAMED_KINDS = 4


class _Draft(NamedTuple):
    """What an attempt came to: the claims that hold, and what is wrong with the others."""

    choice: Choice
    violations: tuple[Violation, ...]


def explain(
    report: Report,
    endpoint: Endpoint | None = None,
    *,
    deadline: float = 60.0,
    question: str | None = None,
    commentary: bool = False,
    on_progress: Callable[[str], None] | None = None,
) -> Explanation:
    """Explain a report; with an `endpoint` its model chooses and orders the statements, within `deadline` seconds.

    question: what somebody asks about the report, in their own words: the explanation then is the answer to it, and
    has no sections where the statements do not answer it (or no model is there to find them); commentary: also ask for
    sentences of the model's own, which are shown apart; on_progress: is called with short lines while the model is
    asked. Raises nothing for anything that a server does.
    """
    if endpoint is None or report.error is not None:
        return Explanation(report, ()) if question is not None else write(make_pack(report))
    deadline_at = time.monotonic() + deadline
    pack = make_pack(report)
    conversation = _Conversation(pack, endpoint, deadline_at, on_progress or _silent)
    choice, source = conversation.choice(question, commentary=commentary)
    if question is not None:
        explanation = Explanation(report, tuple(_answer(pack, choice, source)) if choice else (), source)
    else:
        explanation = write(pack, choice, source)
    remarks = tuple(_remarks(report, choice.commentary)) if choice and choice.commentary else ()
    return explanation._replace(trail=tuple(clean(line) for line in conversation.trail), commentary=remarks)


def prompt_of(pack: Pack, question: str | None = None, *, commentary: bool = False) -> tuple[Mapping[str, str], ...]:
    """Return the messages that would be sent about a pack first, as the chat completions API takes them."""
    return make_prompt(pack, question, commentary=commentary).messages


def _silent(_: str) -> None:
    pass


class _Conversation:
    """The attempts with one model; trail: a line for each."""

    def __init__(self, pack: Pack, endpoint: Endpoint, deadline_at: float, on_progress: Callable[[str], None]) -> None:
        self.pack = pack
        self.endpoint = endpoint
        self.deadline_at = deadline_at
        self.on_progress = on_progress
        self.trail: list[str] = []

    def choice(self, question: str | None, *, commentary: bool) -> tuple[Choice | None, Source]:
        """Return what the model chose and holds, and how it came to be; None where nothing of it is of use."""
        prompt = make_prompt(self.pack, question, commentary=commentary)
        best: _Draft | None = None
        for attempt, draft in enumerate(self._drafts(prompt), 1):
            if not draft.violations:
                return self._said(draft.choice, Source.MODEL if attempt == 1 else Source.REPAIRED)
            # Of an answer that is no JSON nothing can be kept, although only one thing is wrong with it.
            if any(draft.choice[:-1]) and (best is None or len(draft.violations) < len(best.violations)):
                best = draft
        if best is None:
            return None, Source.DETERMINISTIC
        mended = salvage(best.choice, prompt.form)
        if verify(tree_of(mended, prompt.form), prompt.form, prompt.canary).violations:
            self.trail.append("what is left of the answer does not make one; none of it is used")
            return None, Source.DETERMINISTIC
        self.trail.append("the parts that hold are kept, the rest is the program's own")
        return self._said(mended, Source.SALVAGED)

    def _said(self, choice: Choice, source: Source) -> tuple[Choice | None, Source]:
        if choice.answers:
            return choice, source
        self.trail.append("the statements of the report do not answer the question")
        return None, Source.DETERMINISTIC

    def _drafts(self, prompt: Prompt) -> Iterator[_Draft]:
        """Yield checked answers, the later ones to what was wrong with the one before."""
        messages = prompt.messages
        schema = prompt.form.schema()
        for attempt in range(1, _ATTEMPTS + 1):
            if time.monotonic() >= self.deadline_at:
                self.trail.append(f"attempt {attempt}: no time is left for it")
                return
            self.on_progress(f"asking {clean(self.endpoint.model, 80)}, attempt {attempt} of {_ATTEMPTS}")
            try:
                reply = ask(self.endpoint, messages, schema, self.deadline_at, self._heard())
            except ModelError as error:
                self.trail += [*error.trail, f"attempt {attempt}: {error}"]
                return
            draft = _checked(reply.text, prompt)
            outcome = _kinds(draft.violations) or "every claim holds"
            self.trail += [*reply.trail, f"attempt {attempt} ({reply.rung}): {outcome}"]
            yield draft
            messages = repair(prompt, reply.text, draft.violations)

    def _heard(self) -> Callable[[str], None]:
        """Return a listener that reports how much has come."""
        size = told = 0

        def listen(piece: str) -> None:
            nonlocal size, told
            size += len(piece)
            if size >= told + _HEARD:
                told = size
                self.on_progress(f"{size:,} characters of the answer are here")

        return listen


def _checked(text: str, prompt: Prompt) -> _Draft:
    parsed = parse(text)
    checked = verify(parsed.tree, prompt.form, prompt.canary)
    # Without an object every key is missing, which says nothing more.
    found = (*parsed.violations, *checked.violations) if parsed.tree else parsed.violations
    if prompt.canary in text.lower():
        found = (*found, Violation("canary", "", "The answer repeats the word that it must not repeat."))
    return _Draft(checked.choice, found)


def _kinds(violations: Iterable[Violation]) -> str:
    """Return how many violations of which kinds there are: "3 violations (relation 2, order)"."""
    counts: dict[str, int] = {}
    for violation in violations:
        counts[violation.kind] = counts.get(violation.kind, 0) + 1
    if not counts:
        return ""
    named = [kind if number == 1 else f"{kind} {number}" for kind, number in counts.items()]
    more = ["..."] if len(named) > _NAMED_KINDS else []
    return f"{count(sum(counts.values()), 'violation')} ({', '.join([*named[:_NAMED_KINDS], *more])})"


def _answer(pack: Pack, choice: Choice, source: Source) -> Iterator[Section]:
    """Yield the answer to a question: the statements that were chosen, as they stand in the pack."""

    def said(*numbers: str) -> tuple[Item, ...]:
        return tuple(Item(pack[n].text, pack[n].place, pack[n].proof, (n,)) for n in numbers)

    compared = tuple(Item(relation.text, statements=(relation.left, relation.right)) for relation in choice.relations)
    told = (
        item
        for finding in choice.findings
        for item in said(finding, *(n for n in choice.evidence.get(finding, ()) if n not in choice.facts))
    )
    answer = (*said(*choice.facts), *compared, *told)
    causes = tuple(Item(pack[n].text, confidence, statements=(n,)) for n, confidence in choice.causes)
    if answer:
        yield Section("The answer", answer, source)
    if causes:
        yield Section("What it may come from", causes, source)
    if choice.steps:
        yield Section("What to do", said(*(action for action, _ in choice.steps)), source, ordered=True)
    if choice.questions:
        yield Section("What would settle it", said(*choice.questions), source)


def _remarks(report: Report, sentences: Iterable[str]) -> Iterator[Remark]:
    """Yield the model's own sentences with what the check of replies says of each, without the contradicted ones."""
    from diagnose.llm.reply import Mark, check_reply  # noqa: PLC0415  # its lists of words are for those who want them

    for sentence in sentences:
        marks = {checked.mark for checked in check_reply(report, sentence)}
        if Mark.CONTRADICTED not in marks:
            gravest = next((mark for mark in (Mark.UNSUPPORTED, Mark.SUPPORTED) if mark in marks), Mark.NO_CLAIM)
            yield Remark(clean(sentence), gravest)

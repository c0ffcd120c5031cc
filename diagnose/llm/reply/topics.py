"""Diagnoses in words: the topics of `words.toml`, held against rules and facts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.engine.condition import Condition
from diagnose.llm.reply.claims import MARKS, Claim, Mark
from diagnose.llm.reply.negation import is_negated, negation_spans
from diagnose.llm.reply.words import Patterns, Span, lexicon, text_stems, word_set
from diagnose.report._words import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.llm.reply.ground import Ground
    from diagnose.llm.reply.words import Words

__all__ = ["topic_claims"]


class _Topic(NamedTuple):
    """An entry of `words.toml`, compiled."""

    name: str
    rules: tuple[str, ...]
    unless_rules: tuple[str, ...]
    when: Condition | None
    unless: Condition | None
    every: bool
    presumes: bool
    vague: bool
    setting: bool
    open: str


@cache
def _topics() -> Patterns[_Topic]:
    entries = [(entry["says"], _topic(entry)) for entry in lexicon()["topic"]]
    return Patterns((source, topic) for says, topic in entries for source in says)


def _topic(entry: Mapping[str, Any]) -> _Topic:
    return _Topic(
        entry["name"],
        tuple(entry.get("rules", ())),
        tuple(entry.get("unless_rules", ())),
        Condition.parse(entry["when"]) if "when" in entry else None,
        Condition.parse(entry["unless"]) if "unless" in entry else None,
        entry.get("every", False),
        entry.get("presumes", False),
        entry.get("vague", False),
        entry.get("setting", False),
        entry.get("open", "the report does not decide it"),
    )


def topic_claims(words: Words, ground: Ground, taken: Sequence[Span], *, advice: bool = False) -> list[Claim]:
    """Return what the report says to each diagnosis of a sentence; the longest words for a thing win.

    advice: the sentence tells what to do, so that "check for overfitting" is no diagnosis.
    """
    found = [
        (span, topic)
        for span, topic in _topics().find(words)
        if not advice or topic.vague or topic.presumes or topic.setting
    ]
    found.sort(key=lambda item: (item[0].first - item[0].last, item[0].first))
    used: list[tuple[Span, str]] = [(span, "") for span in taken]
    claims: list[Claim] = []
    for span, topic in found:
        if any(
            span.first < s.last and s.first < span.last and (topic.name == name or not name or topic.vague)
            for s, name in used
        ):
            continue
        if any(span.first >= s.first and span.last <= s.last for s, _ in used):
            continue
        used.append((span, topic.name))
        claims.append(_judged(topic, span, words, ground))
    return claims


def _judged(topic: _Topic, span: Span, words: Words, ground: Ground) -> Claim:
    state, reason, ids = _state(topic, ground)
    rules = frozenset(rule for rule in topic.rules if ground.fires(rule))
    said = clean(" ".join(words.words[span.first : span.last]), 60)
    if topic.presumes:
        if state is True:
            return Claim(Mark.NO_CLAIM, "", ids, (span,))
        return Claim(MARKS[state], f'"{said}" takes for granted what the report does not have: {reason}', ids, (span,))
    negated = is_negated(words, span, plainly=topic.vague)
    if negated and state is not None:
        state = not state
    hedged = any(w in word_set("hedges") for w in words.words[max(0, span.first - 5) : span.first])
    mark = MARKS[state]
    if mark is Mark.CONTRADICTED and hedged:
        mark = Mark.UNSUPPORTED
    carried = frozenset(w for rule in rules for w in _finding_words(ground, rule)) if state else frozenset()
    around = tuple(negation_spans(words, span)) if negated else ()
    return Claim(mark, f'"{said}": {reason}', ids, (span, *around), rules, carried, topic.vague, placeless=True)


def _state(topic: _Topic, ground: Ground) -> tuple[bool | None, str, tuple[str, ...]]:
    """Return whether a topic holds for the report, the sentence that decides, and where it stands."""
    for rule in topic.rules:
        if ground.fires(rule):
            finding = ground.findings[rule]
            own = "" if finding.rule == rule else f" ({rule} follows from {finding.rule})"
            return True, f"the report finds {finding.rule}{own}", ground.finding_ids(rule)
    for rule in topic.unless_rules:
        if ground.fires(rule):
            return False, f"the report finds {rule}", ground.finding_ids(rule)
    if topic.when is not None and ground.holds(topic.when, every=topic.every):
        return True, ground.because(topic.when) or topic.when.text, ground.basis(topic.when)
    if topic.unless is not None and ground.holds(topic.unless, every=False):
        return False, ground.because(topic.unless) or topic.unless.text, ground.basis(topic.unless)
    if topic.vague:
        return None, "nothing in the report says so", ()
    states = {rule: ground.fires(rule) for rule in topic.rules}
    if states and all(state is False for state in states.values()) and topic.unless is None:
        return False, f"the report was judged for {' and '.join(states)}, and the numbers do not show it", tuple(states)
    open_rules = [rule for rule, state in states.items() if state is None]
    if open_rules:
        return None, f"{open_rules[0]} could not be decided from these numbers", ()
    return None, topic.open, ()


def _finding_words(ground: Ground, rule: str) -> frozenset[str]:
    finding = ground.findings[rule]
    return text_stems(f"{finding.title} {finding.message} {rule.replace('-', ' ')} {finding.rule.replace('-', ' ')}")

"""Diagnoses and advice in words: the topics of `words.toml`, the rules by their titles, and the remedies."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.engine.condition import Condition
from diagnose.llm.reply.claims import MARKS, Claim, Mark
from diagnose.llm.reply.words import Pattern, Span, lexicon, patterns, stems, word_set, words_of
from diagnose.report._words import clean, first_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.llm.reply.ground import Ground
    from diagnose.llm.reply.words import Words
    from diagnose.types import Finding, Remedy

__all__ = ["advice_claims", "is_advice", "is_imperative", "is_negated", "topic_claims"]

# How far in front of its words a negation stands, and how far behind ("overfitting is not the issue").
_BEFORE, _BEHIND = 9, 3
_BREAKS = frozenset(["because", "since", "although", "but", "while", "so", "if", "when", "where", "which", "and"])
_REDUCING = frozenset(
    ["lower", "reduce", "decrease", "drop", "remove", "disable", "less", "without", "avoid", "no", "cut", "skip"]
)
_OPENERS = frozenset(
    [
        "first",
        "then",
        "next",
        "also",
        "second",
        "third",
        "finally",
        "please",
        "otherwise",
        "alternatively",
        "afterwards",
        "and",
        "if",
        "so",
        "yes",
        "instead",
    ]
)


class _Topic(NamedTuple):
    """An entry of `words.toml`, compiled."""

    name: str
    says: tuple[Pattern, ...]
    rules: tuple[str, ...]
    unless_rules: tuple[str, ...]
    when: Condition | None
    unless: Condition | None
    every: bool
    presumes: bool
    vague: bool
    setting: bool


@cache
def _topics() -> tuple[_Topic, ...]:
    return tuple(
        _Topic(
            entry["name"],
            patterns(entry["says"]),
            tuple(entry.get("rules", ())),
            tuple(entry.get("unless_rules", ())),
            Condition.parse(entry["when"]) if "when" in entry else None,
            Condition.parse(entry["unless"]) if "unless" in entry else None,
            entry.get("every", False),
            entry.get("presumes", False),
            entry.get("vague", False),
            entry.get("setting", False),
        )
        for entry in lexicon()["topic"]
    )


@cache
def _negations() -> tuple[frozenset[str], tuple[Pattern, ...]]:
    single = frozenset(word for word in lexicon()["negations"] if " " not in word)
    return single, patterns(word for word in lexicon()["negations"] if " " in word)


def is_negated(words: Words, span: Span) -> bool:
    """Whether a negation stands before the words of `span`, or right behind them; two of them cancel out."""
    single, several = _negations()
    count = 0
    for index in range(span.first - 1, max(-1, span.first - 1 - _BEFORE), -1):
        word = words.words[index]
        if any(sign in words.between(index, index + 1) for sign in ";:.") or word in _BREAKS:
            break
        if word in single and words.words[index + 1] not in ("only", "just", "surprisingly"):
            count += 1
    count += sum(0 <= span.first - s.last <= _BEHIND for pattern in several for s in pattern.find(words))
    for index in range(span.last, min(len(words), span.last + _BEHIND)):
        if any(sign in words.between(index - 1, index) for sign in ",;:.(") or words.words[index] in _BREAKS:
            break
        if words.words[index] in single and words.words[index] not in ("no", "none", "nothing"):
            count += 1
    count += sum(0 <= s.first - span.last <= _BEHIND and words.words[s.first] in ("rules", "rule", "ruled", "unlikely")
                 for pattern in several for s in pattern.find(words))  # fmt: skip
    return count % 2 == 1


def topic_claims(words: Words, ground: Ground, taken: Sequence[Span], *, advice: bool = False) -> list[Claim]:
    """Return what the report says to each diagnosis of a sentence; the longest words for a thing win.

    advice: the sentence tells what to do, so that "check for overfitting" is no diagnosis.
    """
    topics = [topic for topic in _topics() if not advice or topic.vague or topic.presumes or topic.setting]
    found = [(span, topic) for topic in topics for pattern in topic.says for span in pattern.find(words)]
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
    negated = is_negated(words, span)
    if negated and state is not None:
        state = not state
    hedged = any(w in word_set("hedges") for w in words.words[max(0, span.first - 5) : span.first])
    mark = MARKS[state]
    if mark is Mark.CONTRADICTED and hedged:
        mark = Mark.UNSUPPORTED
    carried = frozenset(w for rule in rules for w in _finding_words(ground, rule)) if state else frozenset()
    around = tuple(_negation_spans(words, span)) if negated else ()
    return Claim(mark, f'"{said}": {reason}', ids, (span, *around), rules, carried, topic.vague, placeless=True)


def _negation_spans(words: Words, span: Span) -> Iterator[Span]:
    """Yield the words of the negation itself, with what belongs to it ("no sign of")."""
    single, several = _negations()
    low, high = max(0, span.first - _BEFORE), min(len(words), span.last + _BEHIND)
    for index in range(low, high):
        if words.words[index] in single or words.words[index] in ("sign", "signs", "evidence", "trace", "longer"):
            yield Span(index, index + 1)
    yield from (s for pattern in several for s in pattern.find(words) if low <= s.first < high)


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
    return None, "the report does not decide it", ()


def _finding_words(ground: Ground, rule: str) -> frozenset[str]:
    finding = ground.findings[rule]
    return _words_of(f"{finding.title} {finding.message} {rule.replace('-', ' ')} {finding.rule.replace('-', ' ')}")


@cache
def _words_of(text: str) -> frozenset[str]:
    single, _ = _negations()
    return frozenset(stems([word for word in words_of(text).words if word not in single]))


# -- advice -----------------------------------------------------------------------------------------------------------


class _Advice(NamedTuple):
    """An entry of `words.toml`, compiled."""

    says: tuple[Pattern, ...]
    remedies: tuple[frozenset[str], ...]
    settings: dict[str, str]
    against: dict[str, str]
    asks: tuple[str, ...]


@cache
def _advices() -> tuple[_Advice, ...]:
    return tuple(
        _Advice(
            patterns(entry["says"]),
            tuple(frozenset(stems(text.replace("-", " ").split())) for text in entry.get("remedies", ())),
            entry.get("settings", {}),
            entry.get("against", {}),
            tuple(entry.get("asks", ())),
        )
        for entry in lexicon()["advice"]
    )


@cache
def _anywhere() -> tuple[tuple[Pattern, ...], tuple[Pattern, ...]]:
    entry: dict[str, Any] = lexicon()["imperative"]
    return patterns(entry["anywhere"]), patterns(entry["headings"])


def is_advice(words: Words, kind: str, heading: Words, above: Words) -> bool:
    """Whether a sentence says what to do: it begins with such a verb, or stands under such a heading."""
    anywhere, headings = _anywhere()
    if is_imperative(words) or any(True for pattern in anywhere for _ in pattern.find(words)):
        return True
    listed = kind in ("item", "lead")
    return listed and any(True for pattern in headings for place in (heading, above) for _ in pattern.find(place))


def is_imperative(words: Words) -> bool:
    """Whether a sentence, or a part of one behind a comma, begins with a verb that tells what to do."""
    verbs = word_set("imperative", "begins")
    opens = True
    for index, word in enumerate(words.words):
        if index:
            opens = any(sign in words.between(index - 1, index) for sign in ",;:–—→(") or (
                opens and words.words[index - 1] in _OPENERS
            )
        if opens and word in verbs:
            return True
    return False


def advice_claims(words: Words, ground: Ground) -> Iterator[Claim]:
    """Yield what the report says to each piece of advice: it offers it, advises against it, or neither."""
    for advice in _advices():
        spans = [span for pattern in advice.says for span in pattern.find(words)]
        if spans:
            yield _advised(advice, spans, words, ground)


def _advised(advice: _Advice, spans: list[Span], words: Words, ground: Ground) -> Claim:
    negated = is_negated(words, spans[0])
    where = tuple(spans)
    for question in ground.report.questions:
        if question.assume.partition("=")[0] in advice.asks:
            ids = tuple(s.id for s in ground.pack.of_kind("Q") if s.of == question)
            return Claim(
                Mark.SUPPORTED,
                f"the report asks it: {clean(question.ask, 160)}",
                ids,
                where,
                frozenset(),
                _words_of(question.ask),
            )
    if advice.asks and "averaging" in advice.asks:
        return Claim(Mark.UNSUPPORTED, "the report does not leave this open", (), where)
    for rule, words_against in advice.against.items():
        finding = ground.findings.get(rule)
        if finding is not None and finding.rule == rule and words_against in " ".join(finding.why.lower().split()):
            mark = Mark.SUPPORTED if negated else Mark.CONTRADICTED
            return Claim(mark, f"{rule}: {words_against}", ground.finding_ids(rule), where, frozenset([rule]))
    if _REDUCING & set(words.words[max(0, spans[0].first - 3) : spans[0].first]):
        return Claim(Mark.UNSUPPORTED, "the report does not advise less of it", (), where)
    contrary: tuple[Finding, Remedy] | None = None
    for finding in ground.report.findings:
        for remedy in finding.remedies:
            title = _words_of(remedy.title)
            meant = any(entry <= title for entry in advice.remedies)
            patch = {_direction(remedy.change[s]) for s in advice.settings if s in remedy.change}
            wanted = {advice.settings[s] for s in advice.settings if s in remedy.change}
            if (meant and not patch) or (patch & wanted) or (meant and "set" in patch):
                return _offered(finding, remedy, where, ground, negated=negated)
            if patch and {"up", "down"} == patch | wanted:
                contrary = finding, remedy
    if contrary is not None and not negated:
        return Claim(
            Mark.CONTRADICTED,
            f"the report advises the contrary: {clean(contrary[1].title, 120)}",
            ground.finding_ids(contrary[0].rule),
            where,
        )
    return Claim(Mark.UNSUPPORTED, "the report offers no such action for this run", (), where)


def _offered(finding: Finding, remedy: Remedy, where: tuple[Span, ...], ground: Ground, *, negated: bool) -> Claim:
    ids = tuple(s.id for s in ground.pack.of_kind("A") if s.of is remedy)
    text = f"{remedy.title} {first_sentence(remedy.why)} {' '.join(remedy.change).replace('_', ' ')}"
    mark = Mark.CONTRADICTED if negated else Mark.SUPPORTED
    return Claim(
        mark, f"the report advises: {clean(remedy.title, 120)}", ids, where, frozenset([finding.rule]), _words_of(text)
    )


def _direction(patch: Any) -> str:
    if isinstance(patch, dict) and "multiply" in patch:
        return "down" if patch["multiply"] < 1 else "up"
    return "set"

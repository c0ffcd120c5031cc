"""Advice in words, held against the remedies of the findings and the questions of the report."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.llm.reply.claims import Claim, Mark
from diagnose.llm.reply.negation import is_negated
from diagnose.llm.reply.words import Patterns, Span, lexicon, patterns, stems, text_stems, word_set
from diagnose.report._words import clean, first_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.llm.reply.ground import Ground
    from diagnose.llm.reply.words import Words
    from diagnose.types import Finding, Remedy

__all__ = ["advice_claims", "is_advice", "is_imperative"]

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


class _Advice(NamedTuple):
    """An entry of `words.toml`, compiled."""

    remedies: tuple[frozenset[str], ...]
    settings: dict[str, str]
    against: dict[str, str]
    asks: tuple[str, ...]


@cache
def _advices() -> Patterns[_Advice]:
    entries = [(entry["says"], _advice(entry)) for entry in lexicon()["advice"]]
    return Patterns((source, advice) for says, advice in entries for source in says)


def _advice(entry: Mapping[str, Any]) -> _Advice:
    return _Advice(
        tuple(frozenset(stems(text.replace("-", " ").split())) for text in entry.get("remedies", ())),
        entry.get("settings", {}),
        entry.get("against", {}),
        tuple(entry.get("asks", ())),
    )


@cache
def _anywhere() -> tuple[Patterns[None], Patterns[None]]:
    entry: dict[str, Any] = lexicon()["imperative"]
    return patterns(entry["anywhere"]), patterns(entry["headings"])


def is_advice(words: Words, kind: str, heading: Words, above: Words) -> bool:
    """Whether a sentence says what to do: it begins with such a verb, or stands under such a heading."""
    anywhere, headings = _anywhere()
    if is_imperative(words) or anywhere.spans(words):
        return True
    return kind in ("item", "lead") and bool(headings.spans(heading) or headings.spans(above))


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
    found: dict[int, tuple[_Advice, list[Span]]] = {}
    for span, advice in _advices().find(words):
        found.setdefault(id(advice), (advice, []))[1].append(span)
    for advice, spans in found.values():
        yield _advised(advice, spans, words, ground)


def _advised(advice: _Advice, spans: list[Span], words: Words, ground: Ground) -> Claim:
    negated = is_negated(words, spans[0])
    where = tuple(spans)
    for question in ground.report.questions:
        if question.assume.partition("=")[0] in advice.asks:
            ids = tuple(s.id for s in ground.pack.of_kind("Q") if s.of == question)
            return Claim(
                Mark.SUPPORTED,
                f"the report asks it: {clean(question.ask, 160).rstrip('?')}",
                ids,
                where,
                frozenset(),
                text_stems(question.ask),
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
            title = text_stems(remedy.title)
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
        mark, f"the report advises: {clean(remedy.title, 120)}", ids, where, frozenset([finding.rule]), text_stems(text)
    )


def _direction(patch: Any) -> str:
    if isinstance(patch, dict) and "multiply" in patch:
        return "down" if patch["multiply"] < 1 else "up"
    return "set"

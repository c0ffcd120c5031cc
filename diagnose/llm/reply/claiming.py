"""All claims of one sentence, each judge asked in its turn; what one has taken is not another's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.llm.reply.advice import advice_claims, is_advice, is_imperative
from diagnose.llm.reply.binding import bind
from diagnose.llm.reply.claims import MARKS, Claim, Mark
from diagnose.llm.reply.courses import course_claims
from diagnose.llm.reply.figures import figure_claims
from diagnose.llm.reply.levels import level_claims
from diagnose.llm.reply.names import mentions_in, qualified
from diagnose.llm.reply.negation import is_negated
from diagnose.llm.reply.numbers import ascii_digits, figures_in
from diagnose.llm.reply.orders import order_claims
from diagnose.llm.reply.seen import Seen
from diagnose.llm.reply.topics import topic_claims
from diagnose.llm.reply.tried import tried_claim
from diagnose.llm.reply.where import where_of
from diagnose.llm.reply.words import Span, Words, words_of
from diagnose.types import Remedy
from diagnose.vocabulary import METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.llm.reply.ground import Ground
    from diagnose.llm.reply.names import Mention
    from diagnose.llm.reply.numbers import Figure
    from diagnose.llm.reply.sentences import Sentence

__all__ = ["claims_of", "points_back", "readable", "see"]

_BETTER = re.compile(r"\b(lower|higher|smaller|larger|bigger) (?:is|means|are) (?:better|worse)\b", re.IGNORECASE)
_IF = re.compile(r"\b(?:if|suppose|supposing|assuming|assume|say|unless|imagine|were it)\b", re.IGNORECASE)
_SHARES = ("majority_share", "majority_baseline_accuracy", "lift_over_majority")
_NOT = frozenset(["not", "isn't", "wasn't", "never"])
_NEAR = 3
_TRIVIAL = frozenset(["would", "baseline", "classifier", "predictor", "strategy", "rule"])
_DETERMINERS = frozenset(["the", "these", "those", "all", "both", "other", "last", "first", "following", "next"])
_THINGS = frozenset(["numbers", "metrics", "figures", "scores", "things", "points", "remarks", "values", "questions"])
_BACK = ("it", "this", "that", "which", "these", "they", "its", "both")


def see(sentence: Sentence, words: Words, ground: Ground, last: Sequence[Mention], *, answers: bool) -> Seen:
    """Take a sentence apart; last: what the one before named, which "it" may mean; answers: the one before asked."""
    mentions = mentions_in(words, ground)
    above_words = words_of(readable(sentence.above))
    above = mentions_in(above_words, ground) or (last[-1:] if points_back(words) or (answers and not mentions) else [])
    where = where_of(words, ground, f"{sentence.above} {sentence.heading}")
    # The 1 of ROUGE-1 is a part of its name.
    names = [m.span for m in mentions if not m.facts]
    figures = [f for f in figures_in(words.text) if not any(_covers(words, span, f) for span in names)]
    figures = [f for f in figures if not _is_determiner(words, f)]
    advice = is_advice(words, sentence.kind, words_of(sentence.heading), above_words)
    return Seen(words, ground, mentions, above, figures, where, advice)


def readable(text: str) -> str:
    """Return a text with all digits in ASCII."""
    return ascii_digits(text).replace("\u00b2", "2")


def points_back(words: Words) -> bool:
    """Whether a sentence begins with what the one before was about."""
    return bool(words.words) and words.words[0] in _BACK


def claims_of(seen: Seen) -> list[Claim]:
    """Return what a sentence claims, with what the report says to each."""
    words = seen.words
    if (tried := tried_claim(seen)) is not None:
        return [tried]
    advised = list(advice_claims(words, seen.ground)) if seen.advice else []
    claims = [c for c in advised if c.mark is not Mark.UNSUPPORTED] or advised
    claims += _directions(seen)
    taken = _spans(claims)
    # What a trivial model would score is said of the report's baseline, not of the run.
    baselines = [m.span for m in seen.mentions if m.name == "majority_baseline_accuracy"]
    taken += [
        span for span in baselines if _TRIVIAL & {*words.words[span.first : span.last], *words.words[span.last :]}
    ]
    topics = topic_claims(words, seen.ground, taken, advice=is_imperative(words))
    if seen.where.labels or any(_is_setting(m) for m in seen.mentions):
        # "The learning rate is fine" and "every other class is fine" are no verdicts on the run.
        topics = [t._replace(mark=Mark.UNSUPPORTED) if t.vague and t.mark is Mark.CONTRADICTED else t for t in topics]
    claims += topics
    taken = _spans(claims)
    levels = list(level_claims(seen, taken))
    figures = [f for f in seen.figures if not any(_covers(words, c.spans[0], f) for c in levels)]
    figures = [f for f in figures if f.number not in (0, 1) or not any(_covers(words, c.spans[0], f) for c in topics)]
    bound = bind(seen, figures, qualified(list(seen.mentions), len(figures) - len(seen.where.taken)))
    courses = list(course_claims(seen, bound, taken))
    settled = {id(b) for _, used in courses for b in used}
    claims += [*(claim for claim, _ in courses), *order_claims(seen, bound, taken), *levels]
    numbers = [_turned(claim, words) for claim in figure_claims(seen, [b for b in bound if id(b) not in settled])]
    offered = _numbers_offered(claims, seen.ground)
    numbers = [c if c.mark is Mark.SUPPORTED else _as_offered(c, words, offered) for c in numbers]
    if _IF.search(words.text):  # what it would be like under a condition is not said of this run
        numbers = [c._replace(mark=Mark.UNSUPPORTED) if c.mark is Mark.CONTRADICTED else c for c in numbers]
    return claims + numbers


def _is_determiner(words: Words, figure: Figure) -> bool:
    """Whether a number in letters counts what the sentence names, as in "of the two" and "these three metrics"."""
    if not figure.words or not figure.whole:
        return False
    span = words.span_of(figure.start, figure.end)
    before, after = words.words[span.first - 1 : span.first], words.words[span.last : span.last + 2]
    return bool(_DETERMINERS & set(before)) or bool(_THINGS & set(after))


def _spans(claims: Sequence[Claim]) -> list[Span]:
    return [span for claim in claims for span in claim.spans]


def _directions(seen: Seen) -> list[Claim]:
    """Return what the metric's own nature says to "lower is better"."""
    match, named = _BETTER.search(seen.words.text), [*seen.above[-1:], *seen.mentions]
    info = METRICS.get(named[-1].name) if named else None
    if match is None or info is None or info.higher_is_better is None:
        return []
    says_higher = (match[1].lower() in ("higher", "larger", "bigger")) == match[0].lower().endswith("better")
    way = "higher" if info.higher_is_better else "lower"
    reason = f"of {info.base.replace('_', ' ')}, {way} is better"
    return [
        Claim(MARKS[says_higher == info.higher_is_better], reason, (info.base,), (seen.words.span_of(*match.span()),))
    ]


def _numbers_offered(claims: Sequence[Claim], ground: Ground) -> dict[str, list[Figure]]:
    """Return the numbers of the actions that a sentence advises: "clip at 1.0" is the patch's own."""
    found: dict[str, list[Figure]] = {}
    for number in (n for c in claims if c.mark is Mark.SUPPORTED for n in c.statements if n in ground.pack):
        remedy = ground.pack[number].of
        if isinstance(remedy, Remedy):
            patch = " ".join(str(v) for change in remedy.change.values() for v in _values(change))
            found[number] = figures_in(f"{remedy.title}. {remedy.why}. {patch}")
    return found


def _values(change: object) -> list[object]:
    return list(change.values()) if isinstance(change, dict) else [change]


def _as_offered(claim: Claim, words: Words, offered: dict[str, list[Figure]]) -> Claim:
    """Return the claim of a number as supported where an action of the sentence has that number."""
    start, end = words.places[claim.spans[0].first][0], words.places[claim.spans[0].last - 1][1]
    said = figures_in(words.text[start : end + 1])
    for number, figures in offered.items():
        if said and all(any(s.number == f.number for f in figures) for s in said):
            return claim._replace(
                mark=Mark.SUPPORTED, reason=f"the action {number} has the number", statements=(number,)
            )
    return claim


def _turned(claim: Claim, words: Words) -> Claim:
    """Turn a number's mark around where the sentence says that it is not the number."""
    span = claim.spans[0]
    near = words.words[max(0, span.first - _NEAR) : span.first]
    if not _NOT & set(near) or not is_negated(words, span):
        return claim
    if {"less", "more"} & set(near) or near[-1] in ("than", "least", "most"):
        return claim
    turned = {Mark.SUPPORTED: Mark.CONTRADICTED, Mark.CONTRADICTED: Mark.SUPPORTED}.get(claim.mark, claim.mark)
    around = (Span(i, i + 1) for i in range(max(0, span.first - _NEAR), span.first))
    return claim._replace(mark=turned, spans=(*claim.spans, *around))


def _covers(words: Words, span: Span, figure: Figure) -> bool:
    return words.places[span.first][0] <= figure.start and figure.end <= words.places[span.last - 1][1]


def _is_setting(mention: Mention) -> bool:
    info = METRICS.get(mention.name)
    return info.kind in ("setting", "time", "rate") if info is not None else mention.name not in _SHARES

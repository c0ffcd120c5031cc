"""What a line of a log says: its "name: number" pairs, its step and epoch, its split."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from diagnose.readers._markup import plain
from diagnose.readers.records import Cell
from diagnose.vocabulary import Name, parse_name, setting_of

__all__ = ["MEASURES", "Pair", "axes", "hints_at_metric", "is_measure", "pairs", "split_before"]

MEASURES = ("score", "correlation", "error", "loss")
_NUMBER = (
    r"[+-]?(?:\d+:\d\d:\d\d(?:\.\d+)?|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?"
    r"|(?:nan|NaN|NAN|inf|Inf|Infinity)\b)"
)
_UNIT = r"\s?(?:%|(?:ms|s|secs?|seconds?|min|mins|minutes?|h|hours?)\b)"
# Behind the number: no letter, no second part of a date, time, version, range or fraction.
_END = r"(?![\w@]|[.:/,]\d|\s?/\s?\d|\s?[–-]\s?\d|\s?\+?-?±|(?<=%)\|)"
_WRAP = r"(?:(?:tensor|array|np\.\w+|numpy\.\w+)\(\[?\s*)?"
# Every branch begins with its letter: the search passes over all others at once; "====" is tried at its begin alone.
_SIGNS = r"-(?:->|>)|=(?:>|(?<![:=]=)[:=]*)|→|:(?<![:=]:)[:=]*|i(?<=\bi)s:?\s"
_PAIR = re.compile(
    rf"(?:{_SIGNS})\s*{_WRAP}(?P<number>(?:\\?[~≈]\s*)?{_NUMBER}(?:{_UNIT})?)"
    rf"(?:\s*(?:±|\(?\+/-)\s*[\d.e-]+\)?)?{_END}"
)
# "loss 0.0002 - lr 0.000004", "valid_ppl 4350.90 | ...": a name and a number with nothing between them.
_LONE = re.compile(
    rf"(?P<key>[A-Za-z%][^\d:=]*(?:\d[^\s\d:=]*|@[\d.]+)?(?:\s?\([^()]*\))?)\s+(?P<number>{_NUMBER}(?:{_UNIT})?)\s*\Z"
)
# "epoch 3 train loss 0.53 val acc 0.81": nothing but names and numbers by turns.
_LINK = re.compile(
    rf"\s*(?P<key>[A-Za-z_][\w@/.%-]*(?:\s[A-Za-z_][\w@/.%-]*){{0,2}})\s+(?P<number>{_NUMBER}(?:{_UNIT})?)(?=\s|\Z)"
)
_CUT = re.compile(r"[,;|\t\[\]{}!?•·┇│]|\s{3,}|\s[-–—]\s|[:=>→]\s|\.\s|(?<![\w^.])\d[\d.,]*\s|[$#]\s|\bis\s")
_LONE_CUT = re.compile(r"[,;|\t\[\]{}]|\s[-–—]\s|:\s")
_ARROW = re.compile(rf"\s*(?:→|-{{1,2}}>)\s*({_NUMBER}\s?%?){_END}")
# Parts of metrics' names.
_HINTS = (
    *("loss", "acc", "prec", "rec", "f1", "f-1", "f_1", "f-s", "f_s", "fsc", "f-m", "f_m", "mse", "mae", "wer", "cer"),
    *("auc", "roc", "bleu", "rouge", "pearson", "spearman", "mcc", "kappa", "ppl", "perp", "map", "ap5", "iou", "dice"),
    *("score", "err", "kendall", "matthew", "r2", "r^2", "r²", "nll", "jacc", "exact", "sensit", "specif", "corr"),
)
_DIGIT = re.compile(r"\d")
_SIGN = re.compile(r"[:=>→：]|\bis\b")
_LONGEST_KEY = 60
_LONGEST_CHAIN = 400
# So many blanks may stand before a sign.
_BLANKS = 3
_FILLER = re.compile(
    r".*\b(?:the|an|a|of|is|was|are|my|our|your|this|that|got|get|and|has|have|with|at|epoch|step|but|still)\s+",
    re.IGNORECASE,
)
_ON_SPLIT = re.compile(
    r"(.+?)\s+(?:on|for|in|over)\s+(?:the\s+)?(\w+)(?:\s+(?:set|data|dataset|split|samples))?\Z", re.IGNORECASE
)
_CONDITION = re.compile(r"\b(?:if|unless|whether)\b", re.IGNORECASE)
_NOT_OURS = re.compile(
    r"\b(?:expect\w*|baselines?|paper|reported|random|chance|human|previous\w*|sota|was|required|minimum|desired|ideal"
    r"|should|would|could|example|change|gap|improve\w*|increase\w*|decrease\w*|drop|gain|diff\w*|delta|e\.g)\b",
    re.IGNORECASE,
)

_SPLIT_WORD = re.compile(
    r"(?<![A-Za-z_])(train|training|eval|evaluation|validate|validation|valid|val|dev|development|test|testing|predict)"
    r"(?![A-Za-z])",
    re.IGNORECASE,
)
_SPLITS = {"validate": "eval", "development": "eval"}
_EPOCH = re.compile(
    r"(?<![A-Za-z_])(?<!best )(?<!per )epoch\b['\"]?\s*(?:\(\w+\))?\s*[:=#\[(-]{0,3}\s*0*(\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"(?<![A-Za-z])(?<!best )(?:(?:global[ _]|train[ _])?step|num_updates|iter(?:ation)?|update)\b['\"]?"
    r"\s*[:=#\[(]{0,2}\s*0*(\d+)(?![\d.])|\bafter (\d+) (?:steps|iterations|updates)\b",
    re.IGNORECASE,
)
_STEP_WORDS = ("step", "iter", "update")
# What may stand before such a word: "after 10000 steps".
_STEP_LEAD = 25
_ROUND = re.compile(r"\[(\d+)\]\s+(?=\S+:)")


class Pair(NamedTuple):
    """A name and the number behind it; start and end: where the pair stands in the plain line.

    alone: nothing but list marks stands before the name.
    """

    key: str
    text: str
    name: Name
    start: int
    end: int
    alone: bool = False


def pairs(line: str, *, hinted: bool | None = None) -> list[Pair]:
    """Return the pairs of a line, in order: those with a sign between, and bare ones where the name is a metric's.

    hinted: what `hints_at_metric` says of the line, where that is known already.
    """
    if not _DIGIT.search(line) and not ("nan" in (lowered := line.lower()) or "inf" in lowered):
        return []
    if hinted is None:
        hinted = hints_at_metric(line)
    if not hinted and not _SIGN.search(line):
        return []
    text = _undressed(line)
    found: list[Pair] = []
    free = 0
    for match in _PAIR.finditer(text):
        end = match.start()
        while end > free and match.start() - end < _BLANKS and text[end - 1].isspace():
            end -= 1
        start, key = _key(text, free, end)
        free = match.end()
        number = match["number"]
        arrow = _ARROW.match(text, match.end())
        if arrow:
            number, free = arrow[1], arrow.end()
        if key:
            name = parse_name(key)
            alone = not text[:start].strip(" -*+•\"'.0123456789)")
            found.append(Pair(key, number.strip().rstrip("."), name, start, free, alone))
    return sorted([*found, *_lone_pairs(text, found)], key=lambda pair: pair.start) if hinted else found


def hints_at_metric(line: str) -> bool:
    """Whether a part of a metric's name is in the line: a cheap test that most lines of a log fail."""
    line = line.lower()
    for hint in _HINTS:  # noqa: SIM110  # any() over a generator takes three times as long, and this runs on every line
        if hint in line:
            return True
    return False


def _undressed(line: str) -> str:
    return plain(line.replace("：", ":").replace("\t", " \x1f ")).replace("\x1f", "\t")


def _lone_pairs(text: str, found: list[Pair]) -> list[Pair]:
    lone: list[Pair] = []
    beside: list[Pair] = []
    start = 0
    for end, following in [*((cut.start(), cut.end()) for cut in _LONE_CUT.finditer(text)), (len(text), 0)]:
        segment = text[start:end]
        if not found and (chain := _chain(segment, start)):
            lone += [pair for pair in chain if is_measure(pair.name)]
            beside += [pair for pair in chain if not is_measure(pair.name)]
        elif len(segment) <= 2 * _LONGEST_KEY and (match := _LONE.match(segment.lstrip(" >*+•"))):
            key = match["key"].strip()
            name = parse_name(key)
            free = name.prefix.count("_") < 2 and not any(p.start < end and start < p.end for p in found)
            if free and (is_measure(name) or _is_timing(name)):
                pair = Pair(key, match["number"].strip(), name, start, end, alone=start == 0)
                (lone if is_measure(name) else beside).append(pair)
        start = following
    # "runtime 2215" tells nothing of itself, and belongs to the scores that it stands beside.
    measured = lone or any(is_measure(pair.name) for pair in found)
    return [*lone, *beside] if measured else []


def _chain(segment: str, start: int) -> list[Pair]:
    """Return the known pairs of a segment that is made of names and numbers by turns, most of them known; else none."""
    chain: list[Pair] = []
    at = 0
    while len(segment) <= _LONGEST_CHAIN and (match := _LINK.match(segment, at)):
        name = parse_name(match["key"])
        place = start + match.start("key"), start + match.end()
        chain.append(Pair(match["key"], match["number"].strip(), name, *place, alone=not at))
        at = match.end()
    known = [pair for pair in chain if pair.name.known and pair.name.info is not None]
    whole = not segment[at:].strip() and len(chain) > 1 and 2 * len(known) >= len(chain)
    return [pair for pair in known if pair.name.info and pair.name.info.kind != "axis"] if whole else []


def _key(text: str, free: int, end: int) -> tuple[int, str]:
    """Return where the name before a sign begins, and the name; "" where it is none."""
    low = max(free, end - _LONGEST_KEY)
    while low > free and text[low - 1].isalnum():
        low -= 1
    start = low
    for cut in _CUT.finditer(text, low, end):
        start = cut.end()
    if end - start > 3 * _LONGEST_KEY:
        return start, ""
    key = _name_in(text[start:end])
    return text.find(key, start, end) if key and key in text[start:end] else start, key


@lru_cache(maxsize=4096)
def _name_in(raw: str) -> str:
    """Return the name that the words before a sign end in, "" where they are none; a log repeats them line by line."""
    if _CONDITION.search(raw):
        return ""
    key = raw.strip(" \t\"'`*_>-–—+•.#/")
    if key.endswith(")") and "(" not in key:
        key = key.rpartition(")")[0].rpartition("(")[0]
    elif "(" in key and ")" not in key:
        key = key.rpartition("(")[2]
    key = _trimmed(key.strip(" \"'"))
    if not any(c.isalpha() for c in key) or len(key) > _LONGEST_KEY or _NOT_OURS.search(key):
        return ""
    return key


def _trimmed(key: str) -> str:
    """Cut the words of a sentence off the name: "the best accuracy on the test set" is "test best accuracy"."""
    if " " not in key or setting_of(key):
        return key
    on = _ON_SPLIT.fullmatch(key)
    if on and is_measure(parse_name(on[1])) and parse_name(f"{on[2]} x").split:
        key = f"{on[2]} {on[1]}"
    if parse_name(key).known and not parse_name(key).prefix:
        return key
    return _FILLER.sub("", key)


def is_measure(name: Name) -> bool:
    """Whether the name is a known metric's, not a count, a time or an axis."""
    return name.known and name.info is not None and name.info.kind in MEASURES


def _is_timing(name: Name) -> bool:
    return name.known and name.info is not None and (name.info.kind in ("time", "rate") or name.metric == "samples")


def split_before(text: str) -> str | None:
    """Return the split that the words before the first pair of a line name, the last one where there are several."""
    words = _SPLIT_WORD.findall(text[-120:])
    if not words:
        return None
    word = words[-1].lower()
    return _SPLITS.get(word) or parse_name(word).split


def axes(text: str, at: str) -> list[Cell]:
    """Return the epoch and the step that a line names, as cells."""
    cells: list[Cell] = []
    lowered = text.lower()
    named = lowered.find("epoch")
    epoch = _EPOCH.search(text, named) if named >= 0 else None
    if epoch:
        cells.append(Cell("epoch", epoch[1], at))
    named = min((place for word in _STEP_WORDS if (place := lowered.find(word)) >= 0), default=-1)
    if named >= 0 and (step := _STEP.search(text, max(0, named - _STEP_LEAD))):
        cells.append(Cell("step", step[1] or step[2], at))
    elif not epoch and (boosting := _ROUND.match(text)):
        cells.append(Cell("iteration", boosting[1], at))
    return cells

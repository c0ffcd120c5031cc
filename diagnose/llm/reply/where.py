"""The place that a sentence speaks of: a step, an epoch, a split, a class, a task, a run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from diagnose.vocabulary import split_of

if TYPE_CHECKING:
    from diagnose.llm.reply.ground import Ground
    from diagnose.llm.reply.words import Words

__all__ = ["Where", "where_of"]

_PLACE = re.compile(
    r"\b(step|epoch|iteration|checkpoint|iter|round)s?(?:\s+(?:number|no\.?))?\s*[-#:=]?\s*(\d[\d,]*(?:\.\d+)?k?)",
    re.IGNORECASE,
)
_STEPS_IN = re.compile(
    r"\b(?:after|at|by|within)\s+(\d[\d,]*)\s+(?:training |optimizer )?(step|epoch)s?\b", re.IGNORECASE
)
_NUMBERED = re.compile(r"(?<![\w.,])(\d{1,4})\s+(?=(?:precision|recall|f1|support)\b)", re.IGNORECASE)  # "0 Recall"
_CLASS = re.compile(r"\b(?:class|label)\s+[\"'`]?(\d+)\b(?!\s*(?:%|\.\d))", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:after|since|from|beyond|past) (?:the )?(?:\w+ )?(?:step|epoch|iteration)\b", re.IGNORECASE)
_BEFORE = re.compile(
    r"\b(?:before|until|till|up to|through) (?:the )?(?:\w+ )?(?:step|epoch|iteration)\b", re.IGNORECASE
)
_COUNTED = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINALS = {word: number for number, word in enumerate(_COUNTED, 1)}
_ORDINAL = re.compile(rf"\b(?:({'|'.join(_COUNTED)})|(\d{{1,4}})(?:st|nd|rd|th)) (epoch|evaluation)\b", re.IGNORECASE)


class Where(NamedTuple):
    """The place that a sentence speaks of; empty: it does not say.

    order: the first, second, ... row; position: "first", "last" or "best"; never: it is about every row; since: True
    for all rows from the step or epoch on, False for those before it; taken: where the numbers of the place stand.
    """

    step: float | None = None
    epoch: float | None = None
    order: int | None = None
    splits: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()
    position: str = ""
    never: bool = False
    since: bool | None = None
    taken: tuple[tuple[int, int], ...] = ()


def where_of(words: Words, ground: Ground, above: str) -> Where:
    """Return the place that a sentence, or the heading above it, speaks of."""
    step = epoch = None
    order: int | None = None
    taken: list[tuple[int, int]] = []
    for match in _PLACE.finditer(words.text):
        text = match[2].replace(",", "").lower()
        number = float(text[:-1]) * 1000 if text.endswith("k") else float(text)
        if match[1].lower() == "epoch":
            epoch = number
        else:
            step = number
        taken.append(match.span(2))
    for match in _STEPS_IN.finditer(words.text):
        number = float(match[1].replace(",", ""))
        step, epoch = (number, epoch) if match[2].lower() == "step" else (step, number)
        taken.append(match.span(1))
    taken += [match.span(1) for match in _CLASS.finditer(words.text)]
    taken += [match.span(1) for match in _NUMBERED.finditer(words.text) if match[1] in ground.labels]
    for match in _ORDINAL.finditer(words.text):
        order = _ORDINALS.get((match[1] or "").lower()) or int(match[2] or 0)
        taken.append(match.span())
    runs = [run.name for run in ground.report.runs] if len(ground.report.runs) > 1 else []
    return Where(
        step, epoch, order, _splits(words), _labels(words, ground, above), _tasks(words, ground, above),
        frozenset(name for name in runs if _names_run(name, words.text)), _position(words), "never" in words.words,
        _since(words), tuple(taken),
    )  # fmt: skip


def _splits(words: Words) -> frozenset[str]:
    found = set()
    for index, word in enumerate(words.words[:-1]):
        if words.words[index + 1] in ("set", "split", "data"):
            split = split_of(word)
            if split:
                found.add(split)
    return frozenset(found)


def _tasks(words: Words, ground: Ground, above: str) -> frozenset[str]:
    around = f" {' '.join(above.lower().split())} {words.text.lower()} "
    return frozenset(
        task for low, task in ground.tasks.items() if re.search(rf"(?<![a-z0-9]){re.escape(low)}(?![a-z0-9])", around)
    )


def _labels(words: Words, ground: Ground, above: str) -> frozenset[str]:
    found = set()
    text = f" {words.text.lower()} "
    for low, label in ground.labels.items():
        if low not in text and low not in above.lower():
            continue
        quoted = re.escape(low)
        named = re.search(rf"\b(?:class|label)\s*[\"'`=:]?\s*{quoted}(?!\w)", text)
        if (
            named
            or (len(low) > 2 and not low.isdigit() and re.search(rf"(?<!\w){quoted}(?!\w)", text))
            or re.fullmatch(rf"\W*(?:class |label )?{quoted}\W*", above.lower())
        ):
            found.add(label)
    found |= {f"class {m[1]}" for m in _CLASS.finditer(words.text) if m[1] not in ground.labels}
    found |= {ground.labels[m[1]] for m in _NUMBERED.finditer(words.text) if m[1] in ground.labels}
    # "New York" is not "York" too.
    return frozenset(a for a in found if not any(a != b and a.lower() in b.lower() for b in found))


_POSITIONS = {
    name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for name, words in (
        (
            "first",
            r"at first|initially|(?:at the|to) (?:start|begin(?:ning)?)|first (?:epoch|row)|start(?:s|ed) (?:at|from)",
        ),
        (
            "last",
            r"(?:final(?:ly)?|last) (?:evaluation|epoch|row|step)|(?:at|in) the end|end(?:s|ed|ing) (?:at|with|up at)",
        ),
        ("best", r"best|peak(?:s|ed)?|optimal|optimum|highest|maximum|lowest|minimum|minimal"),
    )
}


def _since(words: Words) -> bool | None:
    """Return whether a sentence is about the rows behind its step ("after epoch 3"), or those before it."""
    for pattern, outcome in ((_AFTER, True), (_BEFORE, False)):
        if pattern.search(words.text):
            return outcome
    return None


def _position(words: Words) -> str:
    return next((name for name, pattern in _POSITIONS.items() if pattern.search(words.text)), "")


def _names_run(name: str, text: str) -> bool:
    """Whether a sentence names a run: "Run #2" is "run 2" too."""
    wanted = " ".join(re.findall(r"[^\W_]+", name.lower()))
    said = " ".join(re.findall(r"[^\W_]+", text.lower()))
    return bool(wanted) and f" {wanted} " in f" {said} "

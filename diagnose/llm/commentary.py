"""What a model's own sentences may hold: words of plain English, and nothing that claims a number or does anything.

What they mean cannot be checked, so they are off by default, stand apart, and are marked as not verified.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["LONGEST", "fault"]

LONGEST = 300
# A list of what is allowed, not of what is not: no digits of any script, no HTML, code or paths, no control, bidi or
# zero-width character, no letters that look like others.
_ALLOWED = re.compile(r"[A-Za-z ,.;:?!'\"()‘’“”–—-]*")
_NUMBER_WORDS = re.compile(
    r"\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundreds?|thousands?|[mbtr]+illions?|dozens?|half|halves|thirds?"
    r"|quarters?|tenths?|hundredths?|percent(?:age)?s?|per cent|nan|inf|infinite|infinity|once|twice|thrice|double[ds]?"
    r"|triple[ds]?|halved|\w+fold)\b",
    re.IGNORECASE,
)
_ROMAN = re.compile(r"\b[IVXLCDM]{2,}\b")
_ADDRESS = re.compile(r"\.[A-Za-z]|:[^ ]|\bhttps?\b|\bwww\b|\bdot com\b", re.IGNORECASE)
_COMMAND = re.compile(
    r"(?<!\w)-\w|--|\b(?:pip|pipx|uv|conda|npm|npx|curl|wget|sudo|bash|sh|zsh|powershell|eval|exec|chmod|chown|rm|ssh|scp"
    r"|git|docker|apt|brew|python|import)\b",
    re.IGNORECASE,
)
_FAULTS = (
    (_NUMBER_WORDS, "a number in words"),
    (_ROMAN, "a number in letters"),
    (_ADDRESS, "an address, or a full stop without a space behind it"),
    (_COMMAND, "a command"),
)


def fault(sentence: str, canary: str) -> str:
    """Return what a sentence may not hold and holds, "" where there is nothing."""
    if not sentence.strip():
        return "no words"
    if len(sentence) > LONGEST:
        return f"more than {LONGEST} characters"
    plain = unicodedata.normalize("NFKC", sentence)
    if canary and canary.lower() in re.sub(r"[^a-z]", "", plain.lower()):
        return "the secret word"
    if any(c.isnumeric() for c in plain):
        return "a digit"
    if not _ALLOWED.fullmatch(sentence):
        return "a character that is no plain letter or punctuation mark"
    return next((words for pattern, words in _FAULTS if pattern.search(sentence)), "")

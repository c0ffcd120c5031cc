"""The numbers in a sentence: digits, fractions and words, each with all numbers that it may stand for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from diagnose.interval import Interval, parse_number, printed_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Figure", "ascii_digits", "figures_in"]

_UNITS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10 * n
    for n, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5, "fifths": 5,
          "sixth": 6, "sixths": 6, "seventh": 7, "eighth": 8, "eighths": 8, "ninth": 9, "tenth": 10,
          "tenths": 10}  # fmt: skip
_COUNT = "|".join([*_UNITS, *_TENS, *_SCALES, "dozen"])
_WORDS = re.compile(
    rf"\b(?P<count>(?:(?:{_COUNT}|a hundred|a thousand|a million|a dozen)(?:[ -]|\b)(?:and )?)+)"
    rf"(?:(?P<point>point(?: (?:{'|'.join(_UNITS)}))+)|(?P<part>{'|'.join(_PARTS)})\b)?"
    r"|\b(?:a |one )(?P<single>half|third|quarter|fifth|tenth)\b(?! (?:epoch|time|run|seed))"
    r"|(?<!first )(?<!second )\b(?P<bare>half)\b(?= (?:of|the)\b)",
    re.IGNORECASE,
)
_STEPS = re.compile(r"\s*(?:training )?(?:epochs?|steps?)\b", re.IGNORECASE)
_DIGITS = re.compile(
    r"(?<![\w.])(?P<sign>[+-]?)(?P<body>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d+|\.\d+)"
    r"(?P<exponent>[eE][+-]?\d{1,3}|\s?[x×]\s?10\^?\{?[-+]?\d{1,3}\}?)?"
    r"(?:\s?/\s?(?P<over>\d+(?:,\d{3})*)(?![\d.]*\.?\d))?"
    r"(?P<times>[kKM](?![\w/])|x(?!\w))?(?P<percent>\s?(?:%|percent\b|per cent\b|pct\b))?"
    r"(?P<points>\s?(?:percentage )?points?\b|\s?pp\b)?"
)
# What may follow digits without a blank: a unit or an ordinal's ending. "3d" and "2nd-level" are no numbers.
_GLUED = re.compile(r"(?:s|ms|h|m|min|sec|hrs?|th|st|nd|rd|it|x|GB|MB)\b")
_NAN = re.compile(r"\b(?:nan|not a number)\b", re.IGNORECASE)
_ABOUT = re.compile(
    r"(?:\b(?:about|around|roughly|approx(?:imately|\.)?|some|nearly|almost|close to|circa|ca\.)"
    r"|\bjust (?:over|under|above|below)|~|≈|≃)\s*$",
    re.IGNORECASE,
)
_JUST = re.compile(r"\bjust\s+(?:over|above|under|below)\s*$", re.IGNORECASE)
_STANDS = r"\b(?:is|was|just|well|of|at|with|still|a)"
_BOUNDS = tuple(
    (re.compile(f"(?:{pattern})\\s*$", re.IGNORECASE), sign)
    for pattern, sign in (
        (r"\b(?:at least|no less than|not less than|a minimum of)|≥|>=", ">="),
        (r"\b(?:at most|no more than|not more than|(?<![\d%] )up to|a maximum of)|≤|<=", "<="),
        (rf"\b(?:more|greater|higher|larger|better) than|{_STANDS} over|\babove|\bexceed(?:s|ing|ed)?|>", ">"),
        (rf"\b(?:less|fewer|lower|smaller|worse) than|{_STANDS} under|\bbelow|<", "<"),
    )
)
_MOST = 60
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
# "The loss is 134" rounds; "the F1 is 1" does not, and "about 0" leaves a score little room.
_TEN = 10
_NEAR_AN_END = Fraction(1, 10)


@dataclass(frozen=True)
class Figure:
    """A number of a sentence.

    start, end: where it stands; number: as read (NaN for "NaN"); interval: all numbers that print so, rounded or cut
    off, None for NaN; percent: a percent sign stands behind it; about: the sentence says "about"; bound: ">=", "<=",
    ">" or "<" where the sentence gives a limit; words: it is written in letters; to: the other end of a range.
    """

    start: int
    end: int
    text: str
    number: float
    interval: Interval | None
    percent: bool = False
    points: bool = False
    about: bool = False
    bound: str = ""
    words: bool = False
    whole: bool = False
    exact: bool = False

    def widened(self) -> Interval | None:
        """Return the numbers it may stand for where it is a measured number and no count: a whole one is rounded."""
        if self.interval is None or not self.whole or self.words or self.exact or self.about or abs(self.number) < _TEN:
            return self.interval
        text = self.text.replace(",", "").replace("+", "").strip()
        return _scaled(f"{text}e0", percent=False)


def ascii_digits(text: str) -> str:
    """Return `text` with other scripts' digits, minus signs and small fractions in ASCII."""
    if text.isascii():
        return text
    return "".join(_ascii(c) for c in text)


def _ascii(c: str) -> str:
    if c.isascii():
        return c
    if c in "−‐‑":
        return "-"
    if c in "²³":
        return c
    if (digit := unicodedata.digit(c, None)) is not None and unicodedata.category(c) in ("Nd", "No"):
        return str(digit) if unicodedata.category(c) == "Nd" else c
    if c in "½⅓⅔¼¾⅕⅛":
        return {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅛": "1/8"}[c]
    return {"٫": ".", "，": ",", "％": "%", "\u2044": "/", "．": "."}.get(c, c)


def figures_in(text: str) -> list[Figure]:
    """Return the numbers of a sentence (of `ascii_digits`) in their order."""
    found = [
        *_digits(text),
        *_words(text),
        *(Figure(m.start(), m.end(), m[0], float("nan"), None) for m in _NAN.finditer(text)),
    ]
    dates = [match.span() for match in _DATE.finditer(text)]
    found = [f for f in found if not any(start <= f.start < end for start, end in dates)]
    found.sort(key=lambda figure: figure.start)
    kept: list[Figure] = []
    for figure in found:
        if not kept or figure.start >= kept[-1].end:
            kept.append(figure)
    return kept[:_MOST]


def _digits(text: str) -> Iterator[Figure]:
    for match in _DIGITS.finditer(text):
        body, end = match["body"].replace(",", ""), match.end()
        follows = text[end : end + 1]
        if follows.isalpha() and not match["percent"] and not _GLUED.match(text, end):
            continue  # "5th" counts, "3d" and "2nd-level" do not
        if follows == "_" or (match.start() and text[match.start() - 1] in "_#@"):
            continue
        if re.match(r"(?:th|st|nd|rd)\b", text[end:]):
            end += 2
        sign = match["sign"]
        if sign and match.start() and (text[match.start() - 1].isalnum() or text[match.start() - 1] == "%"):
            sign = ""  # a dash between two numbers
        exponent = re.sub(r"\s?[x×]\s?10\^?\{?([-+]?\d+)\}?", r"e\1", match["exponent"] or "")
        printed = f"{sign}{body}{exponent}"
        percent, whole = bool(match["percent"]), not exponent and "." not in body
        if match["over"]:
            over = int(match["over"].replace(",", ""))
            top = parse_number(printed)
            if not over or top is None or match["percent"]:
                continue
            part = Fraction(printed) / over if not exponent else Fraction(top) / over
            yield _placed(text, Figure(match.start(), end, match[0], float(part), _third(part)))
            continue
        number = parse_number(printed)
        interval = _scaled(printed if not (percent and whole) else f"{printed}e0", percent=percent)
        if number is None or interval is None:
            continue
        if match["times"] in ("k", "K", "M"):
            factor = 10**6 if match["times"] == "M" else 1000
            interval = (_scaled(f"{printed}e0", percent=False) or interval) * factor
            number, whole = number * factor, False
        if whole and not percent and _about(text, match.start()):
            zeros = len(body) - len(body.rstrip("0"))
            unit = Fraction(10 ** min(zeros, max(len(body) - 2, 0))) if zeros else Fraction(1)
            unit = _NEAR_AN_END if number <= 1 else unit
            interval = Interval(Fraction(number) - unit / 2, Fraction(number) + unit / 2)
        start = match.start() + (len(match["sign"]) if match["sign"] and not sign else 0)
        number = number / 100 if percent else number
        yield _placed(
            text,
            Figure(
                start, end, match[0].strip(), number, interval, percent=percent, whole=whole,
                points=bool(match["points"]), exact=match["times"] == "x",
            ),
        )  # fmt: skip


def _placed(text: str, figure: Figure) -> Figure:
    """Return the figure with what stands before it: "about", "at least"."""
    before = text[max(0, figure.start - 24) : figure.start]
    bound = next((sign for pattern, sign in _BOUNDS if pattern.search(before)), "")
    return replace(figure, about=_about(text, figure.start), bound=bound[:1] if _JUST.search(before) else bound)


def _about(text: str, start: int) -> bool:
    return bool(_ABOUT.search(text[max(0, start - 20) : start]))


def _scaled(printed: str, *, percent: bool) -> Interval | None:
    interval = printed_interval(printed)
    return interval * Fraction(1, 100) if interval is not None and percent else interval


def _third(part: Fraction) -> Interval:
    """Return what "1/3" may stand for: the fraction to three digits, as 0.333 would."""
    spread = abs(part) / 400
    return Interval(part - spread, part + spread)


def _words(text: str) -> Iterator[Figure]:
    for match in _WORDS.finditer(text):
        words = match[0].lower().replace("-", " ").removesuffix(" and ").split()
        # "One epoch" counts; "one of the classes" and "no one" count nothing.
        if words in (["one"], ["half"]) and not match["bare"] and not _STEPS.match(text, match.end()):
            continue
        value = _spelled(words)
        if value is None:
            continue
        about = _about(text, match.start())
        percent = bool(follows := re.match(r"\s*(?:percent|per cent|%)", text[match.end() :], re.IGNORECASE))
        end = match.end() + follows.end() if follows else match.start() + len(match[0].rstrip(" -"))
        if percent:
            value /= 100
        if value.denominator == 1:
            interval = Interval(value, value)
        else:
            # Nobody says "two thirds" of 0.6667 only.
            spread = abs(value) * (Fraction(15, 100) if about else Fraction(1, 50))
            interval = Interval(value - spread, value + spread)
        spelled = text[match.start() : end].strip()
        whole = value.denominator == 1
        yield _placed(
            text,
            Figure(match.start(), end, spelled, float(value), interval, percent=percent, words=True, whole=whole),
        )


def _spelled(words: list[str]) -> Fraction | None:
    """Return the number that these words say: "one hundred and five", "two thirds", "zero point six"."""
    total, group, seen = Fraction(0), Fraction(0), False
    for index, word in enumerate(words):
        if word in ("and", "of", "a"):
            continue
        if word == "point":
            digits = "".join(str(_UNITS[w]) for w in words[index + 1 :] if w in _UNITS)
            return total + group + Fraction(int(digits or 0), 10 ** len(digits))
        if word in _PARTS:
            return (total + group if seen else Fraction(1)) / _PARTS[word]
        seen = True
        if word in _UNITS:
            group += _UNITS[word]
        elif word in _TENS:
            group += _TENS[word]
        elif word == "dozen":
            group = (group or Fraction(1)) * 12
        elif word == "hundred":
            group = (group or Fraction(1)) * 100
        elif word in _SCALES:
            total, group = total + (group or Fraction(1)) * _SCALES[word], Fraction(0)
        else:
            return None
    return total + group if seen else None

"""A printed number taken out of its dress: signs, units, bold marks, thousands commas, "±" and "about"."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from diagnose.interval import parse_number

__all__ = ["Printed", "is_absent", "read_number"]

_ABSENT = frozenset(
    (
        "",
        "-",
        "--",
        "---",
        "—",
        "–",
        "/",
        "?",
        "n/a",
        "na",
        "none",
        "null",
        "nil",
        "no log",
        "tbd",
        "...",
        "…",
        "_",
        "\\",
    )
)
# A longer text is nobody's metric; it would only cost time.
_LONGEST = 60
_DRESS = "*_`'\" \t"
_ABOUT = re.compile(r"^(?:\\?~|≈|≃|about |around |approx\.? |ca\.? )\s*", re.IGNORECASE)
_WRAPPED = re.compile(r"^(?:tensor|array|(?:np|numpy|torch)\.\w+)\(\s*\[?([^\s,\[\]()]+)[^()]*\)$")
_SPREAD = re.compile(r"\s*(?:±|\+/-|\+-|\(±|\(\+/-)")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_CLOCK = re.compile(r"(?:(\d+) days?, )?(\d+):(\d{2}):(\d{2})(\.\d+)?")
# Units of a duration in seconds.
_UNITS = {
    "s": Fraction(1), "sec": Fraction(1), "secs": Fraction(1), "second": Fraction(1), "seconds": Fraction(1),
    "ms": Fraction(1, 1000), "min": Fraction(60), "mins": Fraction(60), "minute": Fraction(60), "minutes": Fraction(60),
    "m": Fraction(60), "h": Fraction(3600), "hour": Fraction(3600), "hours": Fraction(3600),
}  # fmt: skip
_UNIT = re.compile(r"^([^\s%]*\d)\s*([a-z]+)$", re.IGNORECASE)


class Printed(NamedTuple):
    """A number and the text that prints it, without percent sign or unit.

    percent: a percent sign stood behind it; approximate: the source says "about";
    unit: the seconds in the unit of a duration, 1 for every other number.
    """

    text: str
    number: float
    percent: bool = False
    approximate: bool = False
    unit: Fraction = Fraction(1)


def is_absent(text: str) -> bool:
    """Whether `text` says that there is no value ("No log", "-", "N/A")."""
    return text.strip(_DRESS).lower() in _ABSENT


def read_number(text: str, *, duration: bool = False) -> Printed | None:
    """Return the number that `text` prints, or None; `duration` allows units of time and clock times."""
    # Every block asks again; a long text is not worth keeping.
    return _read(text, duration) if len(text) <= _LONGEST else _read.__wrapped__(text, duration)


@lru_cache(maxsize=16384)
def _read(text: str, duration: bool) -> Printed | None:  # noqa: FBT001  # a cache keeps no keyword arguments
    number = parse_number(text) if len(text) <= _LONGEST else None
    if number is not None:
        return Printed(text.strip(), number)
    text = text.strip(_DRESS).replace("−", "-")
    if duration and (clock := _CLOCK.fullmatch(text)):
        return _clock(clock)
    about = _ABOUT.match(text)
    text = text[about.end() :] if about else text
    text = _SPREAD.split(text, maxsplit=1)[0].strip(_DRESS + ";")
    if wrapped := _WRAPPED.match(text):
        text = wrapped[1]
    percent = text.endswith("%")
    text = text.rstrip("% \t")
    unit = Fraction(1)
    if duration and (match := _UNIT.match(text)) and match[2].lower() in _UNITS:
        text, unit = match[1], _UNITS[match[2].lower()]
    text = _plain(text.strip(_DRESS))
    number = parse_number(text) if len(text) <= _LONGEST else None
    if number is None:
        return None
    return Printed(text, number, percent=percent, approximate=about is not None, unit=unit)


def _plain(text: str) -> str:
    """Return the digits of `text` without commas: as thousands where they can be, as a decimal mark otherwise."""
    if _THOUSANDS.fullmatch(text) and not text.lstrip("+-").startswith("0"):
        return text.replace(",", "")
    return text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text


def _clock(match: re.Match[str]) -> Printed:
    """Return "1:02:03.45" in seconds; the exponent keeps a whole second from reading as an exact count."""
    days, hours, minutes, seconds, fraction = match.groups()
    total = ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
    text = f"{total}{fraction}" if fraction else f"{total}e0"
    return Printed(text, float(text))

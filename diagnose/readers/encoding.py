r"""Bytes to clean text: the encoding found, broken encoding repaired, terminal noise removed.

What comes out has "\n" as its only line end, and no control, zero-width or direction characters.
"""

from __future__ import annotations

import codecs
import re

__all__ = ["SECTION", "clean", "decode", "encoding_of"]

# Between these lines `diagnose card` writes into a model card what was read from it, which is no news to a reader.
SECTION = ("<!-- diagnose:begin -->", "<!-- diagnose:end -->")
_BEGIN, _END = (re.compile(rf"^[ \t]*{mark}[ \t]*$", re.MULTILINE) for mark in SECTION)

# The longer marks first: UTF-32's little-endian mark begins with UTF-16's. The mark itself is removed by `clean`.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PROBE = 4096
# Characters of logs that only UTF-8 writes: progress bars, rules, arrows, quotes.
_COMMON = "█▏▎▍▌▋▊▉━─│→’“”✓✅"
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"PK\x03\x04", b"\x1f\x8b", b"\x7fELF", b"\x80\x04\x95")

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
# Zero-width, direction and soft-hyphen characters, and control characters other than tab and the line ends.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\x00-\x07\x0e-\x1b\x7f]")
# What Python's splitlines would take for line ends though no editor does, and the spaces that are not " ".
_SPACES = re.compile("[\x0b\x0c\x1c-\x1f\x85\u2028\u2029\u00a0\u2000-\u200a\u202f\u3000]")
_OVERPRINT = re.compile(r"[\r\x08]+")
_BACKSPACES = re.compile("([^\x08]*)(\x08*)")
# So many backspaces draw a progress bar again; fewer mend what was typed.
_FAR_BACK = 8
_BAR = re.compile(r"\d%\||\d/(?:\d+|\?) \[|ETA\b|\d+it \[")
# UTF-8 read as Windows-1252 or Latin-1.
_MOJIBAKE = re.compile("[ÂÃâð][\u0080-\u00bf\u0152-\u017e\u02c6\u02dc\u2013-\u203a\u20ac\u2122]")


def encoding_of(data: bytes) -> str | None:
    """Return the encoding of a document by its first bytes, or None where they are no text.

    Latin-1 is the last resort: every byte sequence is Latin-1.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    probe = data[:_PROBE]
    if probe.startswith(_MAGIC):
        return None
    if b"\0" in probe:
        utf16 = _utf16_without_mark(probe)
        if utf16 is not None or not _is_utf8(probe):
            return utf16  # a zero byte here and there in UTF-8 is what a crash leaves in a log
    if _is_binary(probe):
        return None
    if _is_utf8(data):
        return "utf-8"
    # A stray byte in a long log does not make the whole of it Latin-1.
    text = data.decode("utf-8", errors="replace")
    stray, sound = text.count("\ufffd"), sum(map(text.count, _COMMON))
    return "utf-8" if sound > stray else "latin-1"


def _is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8, but for the end, which may be cut off."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _utf16_without_mark(probe: bytes) -> str | None:
    """Recognise UTF-16 by its zero bytes: Latin text has one in nearly every pair, on the same side."""
    pairs = len(probe) // 2
    even, odd = probe[0 : 2 * pairs : 2].count(0), probe[1 : 2 * pairs : 2].count(0)
    if odd > 0.6 * pairs and even < 0.05 * pairs:
        return "utf-16-le"
    if even > 0.6 * pairs and odd < 0.05 * pairs:
        return "utf-16-be"
    return None


def _is_binary(probe: bytes) -> bool:
    controls = sum(byte < 0x20 and byte not in b"\t\n\r\x0c\x08\x1b" for byte in probe)
    return controls > 0.05 * len(probe)


def decode(data: bytes, encoding: str) -> str:
    """Return the text of `data`; bytes that do not fit become U+FFFD."""
    return data.decode(encoding, errors="replace")


def clean(text: str) -> str:
    """Return `text` with one kind of line end, repaired encoding, and without what only a terminal needs."""
    text = _without_section(_newlines(_ANSI.sub("", text) if "\x1b" in text else text))
    if not text.isascii():
        text = "\n".join(line if line.isascii() else _repair(line) for line in text.split("\n"))
        text = text.replace("\u2212", "-")
    return _SPACES.sub(" ", _INVISIBLE.sub("", text))


def _newlines(text: str) -> str:
    r"""Make every line end "\n" and resolve what was overprinted with bare carriage returns or backspaces."""
    if "\r" not in text and "\b" not in text:
        return text
    # Windows' text mode doubles the return of a line end that had one already.
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n")
    if "\n" not in text:
        return _OVERPRINT.sub("\n", text)
    if "\r" not in text and "\b" not in text:
        return text
    return "\n".join(_last_shown(line) if "\r" in line or "\b" in line else line for line in text.split("\n"))


def _without_section(text: str) -> str:
    """Blank the section that `diagnose card` wrote; the other lines keep their numbers."""
    begin = _BEGIN.search(text) if SECTION[0] in text else None
    end = _END.search(text, begin.end()) if begin else None
    if begin is None or end is None:
        return text
    return text[: begin.start()] + "\n" * text.count("\n", begin.start(), end.end()) + text[end.end() :]


def _last_shown(line: str) -> str:
    """Keep what a terminal shows at the end; an overprinted part that is no progress bar stays as a line."""
    *before, last = [part for piece in line.split("\r") for part in _typed(piece) if part.strip()] or [""]
    return "\n".join([part for part in before if not _BAR.search(part)] + [last])


def _typed(text: str) -> list[str]:
    """Carry out the backspaces of a text; those that go far, or back to its beginning, part it."""
    parts: list[list[str]] = [[]]
    for typed, back in _BACKSPACES.findall(text):
        parts[-1].extend(typed)
        if back and len(back) >= min(len(parts[-1]), _FAR_BACK):
            parts.append([])
        elif back:
            del parts[-1][-len(back) :]
    return ["".join(part) for part in parts]


def _repair(line: str) -> str:
    """Repair a line of UTF-8 that was read as Mac Roman (it survives the way back), or as Windows-1252 (ftfy)."""
    try:
        return line.encode("mac_roman").decode("utf-8")
    except UnicodeError:
        pass
    if not _MOJIBAKE.search(line):
        return line
    from ftfy import fix_encoding  # noqa: PLC0415  # only broken text pays for it

    return str(fix_encoding(line))

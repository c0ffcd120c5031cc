"""A chat's reply cut into sentences: Markdown taken off, each with its line and with what stands above it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from diagnose.llm.reply.words import word_set
from diagnose.readers._markup import plain
from diagnose.readers.encoding import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Sentence", "sentences_of", "turns_of"]

_LONGEST = 1200
_LONGEST_STRETCH = 20_000
_UNREAD = "what lies beyond was not looked at"
_MOST_LINES = 4000
_SHORTEST = 2
_THINK = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_THOUGHT = re.compile(r"\A.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"^\s*(?:```|~~~)\s*([\w+-]*)")
_PROSE_FENCES = {"", "text", "txt", "markdown", "md", "plain", "plaintext"}
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_RULE = re.compile(r"^\s*(?:[-*_=]\s*){3,}$")
_BULLET = re.compile(r"^(\s*)(?:[-*+•‣▪–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+(?:\[[ xX]\]\s+)?(.*)$")
_QUOTE = re.compile(r"^\s*(?:>\s?)+")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_REMARK = re.compile(
    r"[\W_]*(?:value|result|score|number|meaning|comment|note|interpretation|reported|assessment|verdict|status"
    r"|what it (?:means|says)|remark)s?[\W_]*",
    re.IGNORECASE,
)
_BAR = re.compile(r"(?<!\\)\|")
_NO_LEAD = (-1, "")
_TABLE_RULE = re.compile(r"^[\s|:+=-]+$")
_BOLD = re.compile(r"^\s*(\*\*|__)(?!\s)(?:(?!\1).)+\1\s*[:.]?\s*$")
_LEAD = re.compile(r"^(\*\*|__)((?:(?!\1).){1,80})\1\s*([:.–—-]*)\s*")
# What nobody writes who only wants to be read: the same reasons as in report/_words.clean.
_ANSI = re.compile(r"\x1b|\x9b")
_EMOJI_JOIN = re.compile("(?<=[\u2600-\u27bf\U0001f000-\U0001faff\ufe0f])\u200d")
_STEERING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_UNSEEN = re.compile("[\u200b-\u200d\u2060-\u2064\u00ad\ufeff\U000e0000-\U000e007f]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9a]")
_LINK = re.compile(
    r"https?:|ftp:|data:|javascript:|\bwww\.|\b[\w-]+\.(?:com|net|org|io|ai|dev|ru|cn|sh|xyz|co)\b(?![\w(])",
    re.IGNORECASE,
)
_TAG = re.compile(r"<\s*/?\s*(?!think)(?:[a-z][a-z0-9]{0,20})(?:\s[^<>]{0,300})?/?>|<!--|&#x?\d", re.IGNORECASE)
_SHELL = re.compile(
    r"\$\(|(?:^|[\s`;&|])(?:sudo|rm\s+-|curl\s|wget\s|chmod\s|eval\s+[\"$(`]|bash\s+-c|sh\s+-c|powershell|pip\d?\s+install"
    r"|conda\s+install|apt(?:-get)?\s+install|git\s+clone|mkfs|dd\s+if=|nc\s+-)|[|;&]\s*(?:ba|z)?sh\b|&&",
    re.IGNORECASE,
)
_UNSAFE = (
    (_ANSI, "it holds a terminal escape sequence"),
    (_STEERING, "it holds a character that turns the direction of the text around"),
    (_UNSEEN, "it holds a character that cannot be seen"),
    (_CONTROL, "it holds a control character"),
    (_LINK, "it holds a link, and the report has none"),
    (_TAG, "it holds HTML"),
    (_SHELL, "it holds a shell command, and the report has none"),
)
_ABBREVIATIONS = frozenset(
    [
        "e.g",
        "i.e",
        "vs",
        "cf",
        "etc",
        "approx",
        "ca",
        "no",
        "fig",
        "eq",
        "al",
        "resp",
        "incl",
        "dr",
        "mr",
        "ms",
        "st",
        "max",
        "min",
        "avg",
        "std",
        "sec",
    ]
)
_END = re.compile(r"([.!?…]+[\"'”’)\]]*)(?:\s+|$)|(?<=[^\s\d])\s+[—–]\s+(?=[A-Z*`\"'])")
_TURN = re.compile(
    r",?\s+(?=(?:but|yet|whereas|although|though|however|nevertheless|nonetheless)\s+(?!also\b|for\b))|\s*;\s+",
    re.IGNORECASE,
)
_CITATION_TAIL = re.compile(r"^\s*((?:\[[SFVDCAQ]\d+(?:\s*,\s*[SFVDCAQ]\d+)*\]\s*)+)[.!]?\s*")


class Sentence(NamedTuple):
    """A sentence of a reply.

    text: in plain words; line: where it begins, from 1; kind: "prose", "heading", "lead" (a bold name or a line that
    ends with a colon), "item" (of a list), "row" (of a table) or "code"; above: the lead or the heading that it
    belongs to; heading: the heading; unsafe: why it must not be shown as it is.
    """

    text: str
    line: int
    kind: str = "prose"
    above: str = ""
    heading: str = ""
    unsafe: str = ""


class _Block(NamedTuple):
    """Lines that belong together: (line number, text), with their kind and place."""

    kind: str
    lines: list[tuple[int, str]]
    above: str
    heading: str


def sentences_of(text: str) -> tuple[Sentence, ...]:
    """Return the sentences of a reply in their order; thoughts between <think> marks are left out."""
    lines = _lines(text)
    found = [sentence for block in _Layout().blocks(lines[:_MOST_LINES]) for sentence in _cut(block)]
    if len(lines) > _MOST_LINES:
        rest = Sentence("...", _MOST_LINES + 1, unsafe=f"the reply is longer than {_MOST_LINES:,} lines: {_UNREAD}")
        found.append(rest)
    return tuple(found)


def _lines(text: str) -> list[str]:
    """Return the lines as they came, without a model's thoughts, which keep their line numbers."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    if "</think" in text.lower() and "<think" not in text.lower():
        text = _THOUGHT.sub(_blank, text)
    return _THINK.sub(_blank, text).split("\n")


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def _readable(line: str) -> str:
    """Return a line with its encoding repaired; what is unsafe in it stays, to be seen later."""
    if line.isascii() or any(pattern.search(line) for pattern in (_ANSI, _STEERING, _UNSEEN, _CONTROL)):
        return line
    return clean(line).replace("\n", " ")


class _Layout:
    """The lines of a reply put together to blocks, each under the heading and the bullet that it belongs to."""

    def __init__(self) -> None:
        self.heading = ""
        self.leads: list[tuple[int, str]] = [_NO_LEAD]
        self.pending: _Block | None = None
        self.header: list[str] | None = None
        self.fence: str | None = None
        self.code: list[tuple[int, str]] = []

    def blocks(self, lines: Sequence[str]) -> Iterator[_Block]:
        """Yield the blocks in their order."""
        for number, raw in enumerate(lines, 1):
            line = _readable(raw)
            if (mark := _FENCE.match(line)) is not None:
                yield from self._ended(code=True)
                self.fence = mark[1].lower() if self.fence is None else None
            elif self.fence is not None and self.fence not in _PROSE_FENCES:
                self.code.append((number, line))
            else:
                yield from self._line(number, _QUOTE.sub("", line))
        yield from self._ended(code=True)

    def _ended(self, *, code: bool = False) -> Iterator[_Block]:
        """Yield the block that ends here."""
        if self.pending is not None:
            yield self.pending
        if code and self.code:
            yield _Block("code", self.code, "", self.heading)
            self.code = []
        self.pending = None

    def _line(self, number: int, line: str) -> Iterator[_Block]:
        is_row = bool(_ROW.match(line))
        bullet = None if is_row else _BULLET.match(line)
        title, rule = _HEADING.match(line), bool(_RULE.match(line))
        if not line.strip() or is_row or bullet or title or rule:
            yield from self._ended()
        self.header = self.header if is_row else None
        if rule or title:
            self.leads = [_NO_LEAD]
        if title:
            self.heading = plain(title[1])
            yield _Block("heading", [(number, title[1])], "", self.heading)
        elif is_row:
            yield from self._table_row(number, line)
        elif bullet and not rule:
            indent = len(bullet[1].expandtabs(4))
            above = self._above(indent)
            self.leads.append((indent, _lead_of(bullet[2])))
            self.pending = _Block("item", [(number, bullet[2])], above, self.heading)
        elif line.strip() and not rule:
            self._prose(number, line)

    def _above(self, indent: int) -> str:
        """Return the lead of what is indented so far, and forget those that are indented further."""
        self.leads = [lead for lead in self.leads if lead[0] < indent] or [_NO_LEAD]
        return self.leads[-1][1]

    def _prose(self, number: int, line: str) -> None:
        indent = len(line) - len(line.lstrip())
        if self.pending is None:
            self.pending = _Block("prose", [(number, line)], self._above(indent), self.heading)
        else:
            self.pending.lines.append((number, line))
        if line.rstrip().endswith(":") or _BOLD.match(line):
            kept = [lead for lead in self.leads if lead[0] < indent]
            self.leads = [*kept, (indent - 1, plain(line))]

    def _table_row(self, number: int, line: str) -> Iterator[_Block]:
        if _TABLE_RULE.match(line):
            return
        cells = [cell.strip() for cell in _BAR.split(line.strip().strip("|"))]
        if self.header is None:
            self.header = cells
            if not any(c.isdigit() for cell in cells for c in cell):
                return
        yield _Block("row", [(number, _row(self.header, cells))], self.leads[-1][1], self.heading)


def _lead_of(text: str) -> str:
    """Return the words of a bullet that those below it belong to: its first line, without long remarks."""
    return plain(text)[:200]


def _row(header: list[str], cells: list[str]) -> str:
    """Return a table's row as words: "Epoch 3, F1 0.8" under names, "F1: 0.8, low" under "Metric | Value"."""
    if header is cells or len(header) != len(cells):
        return ", ".join(cell for cell in cells if cell)
    first, *rest = cells
    if any(c.isalpha() for c in first) and len(rest) <= 3:
        # A name and its value; the other columns are remarks, unless their names say more than that.
        generic = all(_REMARK.fullmatch(plain(name)) for name in header[1:])
        if generic:
            return f"{first}: " + "; ".join(rest)
    pairs = (f"{name} {cell}" if _has_number(cell) else cell for name, cell in zip(header, cells, strict=True) if cell)
    return ", ".join(pairs)


def _has_number(cell: str) -> bool:
    if cell.strip().lower() in ("nan", "inf", "-inf"):
        return True
    return any(c.isdigit() for c in cell) and not any(c.isalpha() for c in cell.replace("e", ""))


def _cut(block: _Block) -> Iterator[Sentence]:
    """Cut a block into sentences; a bold line and a line that ends with a colon are their own."""
    if block.kind == "code":
        text = "\n".join(line for _, line in block.lines)
        yield Sentence(plain(text)[:_LONGEST], block.lines[0][0], "code", block.above, block.heading, _unsafe(text))
        return
    above = block.above
    for run in _runs(block.lines):
        starts: list[tuple[int, int]] = []
        text = ""
        for number, line in run:
            starts.append((len(text), number))
            text += line.strip() + " "
        lead = _LEAD.match(text)
        kind = block.kind
        whole = plain(text)
        if _BOLD.match(text.strip()) and block.kind in ("prose", "item") and len(run) == 1:
            kind = "lead"
        position = 0
        for part in _sentences(text[:_LONGEST_STRETCH]):
            at = max(text.find(part, position), 0)
            position = at + len(part)
            first = next(number for start, number in reversed(starts) if start <= at)
            words = _printed(part)
            if not words:
                continue
            last = "lead" if words.endswith(":") and kind in ("prose", "item") else kind
            unsafe = _unsafe(part)
            if len(words) > _LONGEST:
                unsafe = unsafe or f"the sentence is longer than {_LONGEST:,} characters: {_UNREAD}"
            yield Sentence(words[:_LONGEST], first, last, above, block.heading, unsafe)
            above = f"{block.above} | {words}" if last == "lead" else above
        if len(text) > _LONGEST_STRETCH:
            unsafe = f"the paragraph is longer than {_LONGEST_STRETCH:,} characters: {_UNREAD}"
            yield Sentence("...", run[-1][0], kind, above, block.heading, unsafe)
        if kind == "lead" or whole.endswith(":"):
            above = whole
        elif lead and block.kind == "item":
            above = plain(lead[2])


def _runs(lines: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Yield the lines that make one stretch of prose."""
    run: list[tuple[int, str]] = []
    for item in lines:
        run.append(item)
        if _BOLD.match(item[1]) or item[1].rstrip().endswith(":"):
            yield run
            run = []
    if run:
        yield run


def _sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a stretch of prose as they are written."""
    start = 0
    for match in _END.finditer(text):
        end = match.end(1) if match[1] else match.start()
        before = text[start:end]
        if match[1] and re.match(r"\s*\([a-z]", text[match.end(1) :]):
            continue  # what stands in brackets belongs to it
        if match[1] in (".", "...", "…") and _goes_on(before, text[match.end() :]):
            continue
        tail = _CITATION_TAIL.match(text, match.end())
        if match.start() < start:
            continue
        if tail is None and (cited := _CITATION_TAIL.match(text[match.end() :])) is not None:
            end = match.end() + cited.end()
        yield text[start:end]
        start = max(end, match.end())
    if text[start:].strip():
        yield text[start:]


def _goes_on(before: str, after: str) -> bool:
    """Whether the full stop belongs to an abbreviation or a list's number."""
    words = before.rstrip(".").split()
    word = words[-1].lower().lstrip("([\"'*_`") if words else ""
    if word in _ABBREVIATIONS or (len(words) == 1 and word.isdigit()):
        return True
    follows = after.lstrip("*_`\"'([“‘")
    return bool(follows) and follows[0].islower()


@cache
def _then() -> re.Pattern[str]:
    """Return what divides one action from the next: "lower the rate, then train again"."""
    verbs = "|".join(sorted(word_set("imperative", "begins")))
    return re.compile(rf",?\s+(?:and\s+)?then\s+(?=(?:{verbs})\b)", re.IGNORECASE)


def turns_of(sentence: Sentence) -> list[Sentence]:
    """Return the parts of a sentence that a "but" sets against each other; the sentence itself where there is none."""
    text, start, parts = sentence.text, 0, []
    turns = [*_TURN.finditer(text), *_then().finditer(text)]
    for match in sorted(turns, key=lambda match: match.start()):
        before, after = text[start : match.start()], text[match.end() :]
        if "not only" in before.lower() or min(len(before.split()), len(after.split())) < _SHORTEST:
            continue
        parts.append(before)
        start = match.end()
    return [sentence._replace(text=part.strip(" ,")) for part in (*parts, text[start:])]


def _printed(part: str) -> str:
    words = plain(_UNSEEN.sub("", part)).strip(" ,")
    return words if any(c.isalnum() for c in words) else ""


def _unsafe(part: str) -> str:
    """Return why a part of a reply is not to be shown as it stands, or an empty string."""
    joined = _EMOJI_JOIN.sub("", part)
    return next((reason for pattern, reason in _UNSAFE if pattern.search(joined)), "")

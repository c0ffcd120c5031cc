"""What a model is sent: the statements that fit, with the strings of strangers marked as data, and the answer's form.

Deterministic for one report, so that what would be sent can be shown beforehand.
"""

from __future__ import annotations

import hashlib
import json
import re
from itertools import chain, zip_longest
from string import Template
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.assets import asset_dir
from diagnose.llm.claims import MOST
from diagnose.llm.comparison import measures
from diagnose.llm.pack import Kind, Pack
from diagnose.llm.schema import Form
from diagnose.report._words import clean

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from diagnose.llm.answer import Violation
    from diagnose.llm.pack import Statement

__all__ = ["Prompt", "chat_prompt", "make_prompt", "repair"]

# Characters. Numbers and ids take a token for two or three of them: with the instructions, the form, its schema and an
# answer this stays below a context of 8,192 tokens.
_LINES = 10_500
_TEXT = 240
_TRIED = 360  # what an action did in a reproduction
_QUESTION = 600
_QUESTION_OF_NOBODY = "What do these numbers show, why are they so, and what should be done first?"
_QUOTED = 6_000
_NAMED = 12
_ABOUT_FINDINGS = 6
_CITABLE = 10
# Signs that few texts hold and most tokenisers have as one token; one that the report itself holds is not taken.
_MARKERS = "^~|¦§"
# How a server's control tokens begin (<|im_end|>, </s>, [INST]): some take them for such wherever they stand. Within
# JSON's quotation marks the escape of the first sign says the same.
_CONTROL_TOKEN = re.compile(r"<(?=[|｜/A-Za-z_])|\[(?=/?[A-Z_]{2,}\])")


class Prompt(NamedTuple):
    """messages: as the chat completions API takes them; form: what an answer may name; canary: what it may not say.

    marker: what stands for a space in the strings of strangers.
    """

    messages: tuple[dict[str, str], ...]
    form: Form
    canary: str
    marker: str


def make_prompt(pack: Pack, question: str | None = None, *, commentary: bool = False) -> Prompt:
    """Return what is sent about a report; `question`: what somebody asks about it, in their own words."""
    kept = _fitting(pack)
    form = Form(kept, asked=question is not None, commentary=commentary)
    compared = set(form.numbers)
    texts = "".join(f"{s.text}{s.place}" for s in kept.statements.values())
    digest = hashlib.sha256(texts.encode("utf-8", "backslashreplace")).digest()
    marker = next((sign for sign in _turned(_MARKERS, digest[0]) if sign not in texts), _MARKERS[0])
    canary = "".join(chr(ord("a") + byte % 26) for byte in digest[1:13])
    lines = [_line(statement, kept, marker, compared) for statement in kept.statements.values()]
    left_out = len(pack.statements) - len(lines)
    if left_out:
        lines.append(f"({left_out} further statements are left out for their length.)")
    system = _asset("explain", marker=marker, canary=canary, form=_form_shown(form))
    if commentary:
        system += _asset("answer-commentary", most=str(MOST["commentary"]))
    asked = "" if question is None else "\n\n" + _asset("answer-question", question=clean(question, _QUESTION))
    user = "\n".join(lines) + asked
    return Prompt(({"role": "system", "content": system}, {"role": "user", "content": user}), form, canary, marker)


def chat_prompt(pack: Pack, question: str | None = None) -> str:
    """Return one text for a chat that takes no schema: the rules, the same statements, and the question in prose."""
    prompt = make_prompt(pack)
    asked = _QUESTION_OF_NOBODY if question is None else clean(question, _QUESTION)
    statements = prompt.messages[-1]["content"]
    return _asset("chat-prompt", marker=prompt.marker, statements=statements, question=asked)


def repair(prompt: Prompt, answer: str, violations: Sequence[Violation]) -> tuple[dict[str, str], ...]:
    """Return the messages that send an answer back with what is wrong in it."""
    named = [f"- {v.where}: {v.sentence}" if v.where else f"- {v.sentence}" for v in violations[:_NAMED]]
    if len(violations) > _NAMED:
        named.append(f"- and {len(violations) - _NAMED} more of the kind")
    # Half a surrogate pair, which a server can send as an escape, cannot be sent back.
    quoted = answer[:_QUOTED].encode("utf-8", "replace").decode()
    return (
        *prompt.messages,
        {"role": "assistant", "content": quoted},
        {"role": "user", "content": _asset("answer-repair", violations="\n".join(named))},
    )


def _asset(name: str, **words: str) -> str:
    text = (asset_dir("prompts") / f"{name}.md").read_text(encoding="utf-8")
    return Template(text).substitute(words)


def _turned(signs: str, by: int) -> str:
    start = by % len(signs)
    return signs[start:] + signs[:start]


def _fitting(pack: Pack) -> Pack:
    """Return the statements that fit into the prompt, the most needed first, in the order of the pack."""
    kept: set[str] = set()
    room = _LINES
    for statement in chain(_needed(pack), pack.statements.values()):
        size = len(_line(statement, pack, " "))
        # Every finding is sent: an answer has to hold every error.
        if statement.id not in kept and (size <= room or statement.kind == Kind.FINDING):
            kept.add(statement.id)
            room -= size
    return Pack(pack.report, (s for s in pack.statements.values() if s.id in kept))


def _needed(pack: Pack) -> Iterator[Statement]:
    """Yield the statements that say most, the first action of every finding before the second of any."""
    findings = pack.of_kind(Kind.FINDING)
    yield from findings
    yield from pack.of_kind(Kind.VERDICT)[:_ABOUT_FINDINGS]
    for kind in (Kind.ACTION, Kind.CAUSE):
        yield from _by_turns(pack.belonging(finding.id, kind) for finding in findings)
    yield from pack.of_kind(Kind.QUESTION)[:_ABOUT_FINDINGS]
    rests = ([pack[n] for n in f.about if n in pack and "." not in pack[n].metric] for f in findings)
    yield from _by_turns(found[:_ABOUT_FINDINGS] for found in rests)


def _by_turns(groups: Iterable[Sequence[Statement]]) -> Iterator[Statement]:
    for turn in zip_longest(*groups):
        yield from (statement for statement in turn if statement is not None)


def _line(statement: Statement, pack: Pack, marker: str, compared: Container[str] = ()) -> str:
    """Return a statement as a JSON line; only a rule's own texts, its causes and actions, are not marked as data."""
    of: Any = statement.of
    ours = statement.kind in (Kind.CAUSE, Kind.ACTION)
    tried = bool(getattr(of, "verified", ()))  # what a file of a reproduction says is a stranger's
    says = clean(statement.text, _TEXT + (_TRIED if tried else 0))
    about = [number for number in statement.about if number in pack]
    fields = {
        "id": statement.id,
        "severity": of.severity.value if statement.kind == Kind.FINDING else "",
        "says": says if ours and not tried else says.replace(" ", marker),
        "where": statement.place.replace(" ", marker),
        "proof": statement.proof,
        "of" if ours else "rests on": about[:_CITABLE] if ours or statement.kind == Kind.FINDING else [],
        "measures": [name.replace(" ", marker) for name in sorted(measures(statement))]
        if statement.id in compared
        else [],
    }
    line = json.dumps({key: value for key, value in fields.items() if value}, ensure_ascii=False)
    return _CONTROL_TOKEN.sub(lambda match: f"\\u{ord(match[0]):04x}", line)


def _form_shown(form: Form) -> str:
    """Return the form with what each place takes, for a model whose server does not hold it to a schema."""
    shown = {
        "verdict": json.dumps(form.pack.verdict.value),
        "answers": "true or false",
        "findings": '[{"finding": F, "evidence": [D or V, ...]}, ...]',
        "facts": "[D, V or S, ...]",
        "relations": '[{"left": D or V, "relation": "equals", "above" or "below", "right": D or V}, ...]',
        "causes": '[{"cause": C, "confidence": "likely" or "possible"}, ...]',
        "steps": '[{"action": A, "finding": F}, ...]',
        "questions": "[Q, ...]",
        "commentary": '["...", ...]',
    }
    return "{" + ",\n ".join(f'"{name}": {shown[name]}' for name in form.model.model_fields) + "}"

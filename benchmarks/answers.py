"""The check of a model's structured answer, measured: true answers that it refuses, and wrong ones that it lets pass.

    python benchmarks/answers.py [--true 2000] [--mutants 1000] [--seed 1]

True answers are drawn at random from the packs of all fixtures; a mutant is a true answer with one thing changed. For
each kind of mutant: how many were made, how many were caught, and how many had the kind of violation that fits. What is
left of each mutant after the mending is verified again. The status is 1 where a true answer was refused, a mutant
passed, or something untrue was left.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from diagnose.api import diagnose
from diagnose.llm.claims import salvage, tree_of, verify
from diagnose.llm.comparison import HOW, compared, measures
from diagnose.llm.pack import Kind, make_pack
from diagnose.llm.parsing import parse
from diagnose.llm.schema import CONFIDENCE, Form

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diagnose.llm.answer import Choice
    from diagnose.llm.pack import Pack
    from diagnose.types import Report

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = sorted(path.parent for path in FIXTURES.rglob("ORIGIN.md"))
CANARY = "canaryword"
SENTENCES = (
    "The model has learnt nothing from its input.",
    "Look at the labels before you change the training; the loss says the same.",
    "It's the averaging that hides this - the classes differ.",
)

Tree: TypeAlias = dict[str, Any]


@cache
def report_of(case: Path) -> Report:
    """Return the report of a fixture."""
    files = [path for path in case.iterdir() if path.name != "ORIGIN.md"]
    return diagnose(str(files[0] if len(files) == 1 else case))


@cache
def packs() -> tuple[Pack, ...]:
    """Return the packs of all fixtures that can be read."""
    return tuple(make_pack(report_of(case)) for case in CASES if report_of(case).error is None)


@cache
def forms(*, asked: bool = False, commentary: bool = False) -> tuple[Form, ...]:
    """Return the forms of an answer about each of them."""
    return tuple(Form(pack, asked=asked, commentary=commentary) for pack in packs())


def rank(pack: Pack, finding: str) -> int:
    """Return how grave a finding is, 0 for an error."""
    of: Any = pack[finding].of
    return int(of.severity.rank)


def true_relations(form: Form, rng: random.Random, most: int = 4) -> list[Tree]:
    """Draw comparisons that hold, of different pairs."""
    numbers = [form.pack[one] for one in form.numbers]
    found: dict[frozenset[str], Tree] = {}
    for _ in range(20 * most if numbers else 0):
        a, b = rng.choice(numbers), rng.choice(numbers)
        how = rng.choice(HOW)
        if len(found) < most and compared(a, how, b):
            found.setdefault(frozenset((a.id, b.id)), {"left": a.id, "relation": how, "right": b.id})
    return list(found.values())


def some(items: Sequence[str], rng: random.Random, most: int = 4) -> list[str]:
    """Draw a few of the items, each once."""
    return rng.sample(list(items), rng.randint(0, min(most, len(items))))


def true_answer(form: Form, rng: random.Random) -> Tree:
    """Draw an answer of which every claim holds."""
    pack = form.pack
    every = [statement.id for statement in pack.of_kind(Kind.FINDING)]
    told = list(dict.fromkeys([*some(every, rng), *(one for one in every if rank(pack, one) == 0)]))
    rng.shuffle(told)
    told.sort(key=lambda finding: rank(pack, finding))
    steps: dict[str, Tree] = {}
    for finding in told:
        offered = pack.belonging(finding, Kind.ACTION)
        for action in offered[: rng.randint(0 if rank(pack, finding) else 1, 3)]:
            steps.setdefault(action.text, {"action": action.id, "finding": finding})
    causes = [cause.id for finding in told for cause in pack.belonging(finding, Kind.CAUSE)]
    facts = [statement.id for kind in "VDS" for statement in pack.of_kind(kind)]
    answer: Tree = {
        "verdict": pack.verdict.value,
        "answers": True,
        "findings": [{"finding": one, "evidence": some(pack[one].about, rng)} for one in told],
        "facts": some(facts, rng) or facts[:1],
        "relations": true_relations(form, rng),
        "causes": [{"cause": cause, "confidence": rng.choice(CONFIDENCE)} for cause in some(causes, rng)],
        "steps": list(steps.values()),
        "questions": some([statement.id for statement in pack.of_kind(Kind.QUESTION)], rng),
        "commentary": some(SENTENCES, rng),
    }
    return {name: answer[name] for name in form.model.model_fields}


# --- mutants: each changes a tree and says whether it could

Change: TypeAlias = "Callable[[Tree, Form, random.Random], bool]"


class Mutant(NamedTuple):
    """A change that makes an answer wrong; kinds: the violations of which one has to be found."""

    change: Change
    kinds: frozenset[str]


MUTANTS: dict[str, Mutant] = {}
TEXT_MUTANTS: dict[str, tuple[Callable[[str, random.Random], str], frozenset[str]]] = {}


def _mutant(*kinds: str) -> Callable[[Change], Change]:
    def register(change: Change) -> Change:
        MUTANTS[change.__name__] = Mutant(change, frozenset(kinds))
        return change

    return register


def _text_mutant(*kinds: str) -> Callable[[Callable[[str, random.Random], str]], None]:
    def register(change: Callable[[str, random.Random], str]) -> None:
        TEXT_MUTANTS[change.__name__] = (change, frozenset(kinds))

    return register


def _entry(answer: Tree, field: str, rng: random.Random) -> Tree:
    """Return one of the entries of a list, {} where there is none."""
    entries = answer.get(field)
    return rng.choice(entries) if entries else {}


@_mutant("verdict")
def other_verdict(answer: Tree, form: Form, rng: random.Random) -> bool:
    """Name another verdict."""
    words = {"degenerate", "suspect", "healthy", "unknown"} - {form.pack.verdict.value}
    answer["verdict"] = rng.choice(sorted(words))
    return True


@_mutant("unknown-id")
def invented_finding(answer: Tree, form: Form, rng: random.Random) -> bool:
    """Tell a finding that nobody made."""
    answer.setdefault("findings", []).append({"finding": f"F{rng.randint(200, 999)}", "evidence": []})
    return bool(form.pack.of_kind("F"))


@_mutant("unknown-id")
def invented_action(answer: Tree, form: Form, rng: random.Random) -> bool:
    """Advise what no finding offers."""
    answer.setdefault("steps", []).append({"action": f"A{rng.randint(500, 999)}", "finding": "F1"})
    return bool(form.pack.of_kind("A"))


@_mutant("unknown-id")
def certain_cause(answer: Tree, form: Form, rng: random.Random) -> bool:
    """Be surer of a cause than the form allows."""
    causes = form.pack.of_kind("C")
    answer["causes"] = [{"cause": cause.id, "confidence": "certain"} for cause in causes[: rng.randint(1, 3)]]
    return bool(causes)


@_mutant("dropped-error")
def dropped_error(answer: Tree, form: Form, rng: random.Random) -> bool:
    """Keep quiet about an error."""
    errors = [entry for entry in answer.get("findings", []) if rank(form.pack, entry["finding"]) == 0]
    if errors:
        answer["findings"].remove(rng.choice(errors))
    return bool(errors)


@_mutant("order")
def note_before_error(answer: Tree, form: Form, _: random.Random) -> bool:
    """Tell the lightest finding first."""
    told = answer.get("findings", [])
    told.reverse()
    return bool(told) and rank(form.pack, told[0]["finding"]) > rank(form.pack, told[-1]["finding"])


@_mutant("wrong-citation")
def wrong_citation(answer: Tree, form: Form, rng: random.Random) -> bool:
    """Cite what the finding does not rest on."""
    entry = _entry(answer, "findings", rng)
    about = form.pack[entry["finding"]].about if entry else ()
    others = [s.id for kind in "VDS" for s in form.pack.of_kind(kind) if s.id not in about]
    if entry and others:
        entry["evidence"] = [*entry["evidence"], rng.choice(others)]
    return bool(entry and others)


@_mutant("relation")
def flipped_relation(answer: Tree, _: Form, rng: random.Random) -> bool:
    """Turn a comparison round."""
    entry = _entry(answer, "relations", rng)
    if entry:
        entry["relation"] = {"equals": "above", "above": "below", "below": "above"}[entry["relation"]]
    return bool(entry)


@_mutant("relation")
def swapped_sides(answer: Tree, _: Form, rng: random.Random) -> bool:
    """Swap what is compared."""
    entry = _entry(answer, "relations", rng)
    if entry:
        entry["left"], entry["right"] = entry["right"], entry["left"]
    return bool(entry) and entry["relation"] != "equals"


@_mutant("relation")
def unlike_quantities(answer: Tree, form: Form, rng: random.Random) -> bool:
    """Compare a score with a loss, or the like."""
    numbers = [form.pack[one] for one in form.numbers]
    pairs = [(a.id, b.id) for a in numbers for b in numbers[:20] if not measures(a) & measures(b)]
    if pairs:
        left, right = rng.choice(pairs)
        answer["relations"] = [{"left": left, "relation": rng.choice(HOW), "right": right}]
    return bool(pairs)


@_mutant("relation")
def overlapping_numbers(answer: Tree, form: Form, rng: random.Random) -> bool:
    """Claim an order of two numbers that may be equal, or the other way round, within their printed precision."""
    numbers = [form.pack[one] for one in form.numbers]
    pairs = [
        (a.id, b.id)
        for a in numbers
        for b in numbers[:40]
        if a.id != b.id and a.interval and b.interval and a.interval.meet(b.interval) and measures(a) & measures(b)
    ]
    if pairs:
        left, right = rng.choice(pairs)
        answer["relations"] = [{"left": left, "relation": rng.choice(("above", "below")), "right": right}]
    return bool(pairs)


@_mutant("relation")
def compared_with_itself(answer: Tree, _: Form, rng: random.Random) -> bool:
    """Compare a number with itself."""
    entry = _entry(answer, "relations", rng)
    if entry:
        entry["right"] = entry["left"]
    return bool(entry)


@_mutant("repeated")
def same_pair_twice(answer: Tree, _: Form, rng: random.Random) -> bool:
    """Compare a pair twice."""
    entry = _entry(answer, "relations", rng)
    turned = {"equals": "equals", "above": "below", "below": "above"}
    if entry:
        again = {"left": entry["right"], "relation": turned[entry["relation"]], "right": entry["left"]}
        answer["relations"].append(again)
    return bool(entry)


@_mutant("foreign-action")
def action_of_another(answer: Tree, form: Form, rng: random.Random) -> bool:
    """Put an action to a finding that does not offer it."""
    entry = _entry(answer, "steps", rng)
    others = [a.id for a in form.pack.of_kind("A") if entry and entry["finding"] not in a.about]
    if others:
        entry["action"] = rng.choice(others)
    return bool(others)


@_mutant("repeated")
def step_twice(answer: Tree, _: Form, rng: random.Random) -> bool:
    """Advise the same twice."""
    entry = _entry(answer, "steps", rng)
    if entry:
        answer["steps"].append(dict(entry))
    return bool(entry)


@_mutant("no-step")
def no_step_for_an_error(answer: Tree, form: Form, _: random.Random) -> bool:
    """Advise nothing against an error."""
    had = [step for step in answer.get("steps", []) if rank(form.pack, step["finding"]) == 0]
    answer["steps"] = []
    return bool(had)


@_mutant("step-order")
def advice_before_repair(answer: Tree, form: Form, _: random.Random) -> bool:
    """Advise what serves notes alone before what serves an error."""
    notes = [s.id for s in form.pack.of_kind("F") if rank(form.pack, s.id) == 2]
    offered = {a.text for f in form.pack.of_kind("F") if f.id not in notes for a in form.pack.belonging(f.id, "A")}
    found = [(a.id, one) for one in notes for a in form.pack.belonging(one, "A") if a.text not in offered]
    had = [step for step in answer.get("steps", []) if rank(form.pack, step["finding"]) == 0]
    if found and had:
        action, finding = found[0]
        told = [entry for entry in answer["findings"] if entry["finding"] != finding]
        answer["findings"] = [*told, {"finding": finding, "evidence": []}]
        answer["steps"] = [{"action": action, "finding": finding}, *had]
    return bool(found and had)


@_mutant("foreign-cause")
def cause_of_an_untold_finding(answer: Tree, form: Form, rng: random.Random) -> bool:
    """Name a cause of what is not told."""
    told = {entry["finding"] for entry in answer.get("findings", [])}
    others = [cause.id for cause in form.pack.of_kind("C") if not told & set(cause.about)]
    if others:
        answer["causes"] = [{"cause": rng.choice(others), "confidence": "likely"}]
    return bool(others)


@_mutant("repeated")
def two_confidences(answer: Tree, form: Form, rng: random.Random) -> bool:
    """Call a cause likely and possible."""
    told = [entry["finding"] for entry in answer.get("findings", [])]
    causes = [cause.id for one in told for cause in form.pack.belonging(one, "C")]
    if causes:
        cause = rng.choice(causes)
        answer["causes"] = [{"cause": cause, "confidence": word} for word in CONFIDENCE]
    return bool(causes)


@_mutant("extra-key")
def extra_key(answer: Tree, _: Form, rng: random.Random) -> bool:
    """Say something in a field of its own."""
    answer[rng.choice(("summary", "note", "confidence", "Verdict", "report"))] = "Accuracy 0.99, all is well."
    return True


@_mutant("extra-key")
def extra_key_within(answer: Tree, _: Form, rng: random.Random) -> bool:
    """Say something inside a claim."""
    entry = _entry(answer, rng.choice(("findings", "steps", "relations", "causes")), rng)
    entry["text"] = "Accuracy 0.99"
    return len(entry) > 1


@_mutant("missing-key")
def missing_key(answer: Tree, form: Form, rng: random.Random) -> bool:
    """Leave a field out."""
    fields = [name for name in form.model.model_fields if name != "verdict"]
    if fields:
        del answer[rng.choice(fields)]
    return bool(fields)


@_mutant("missing-key")
def missing_key_within(answer: Tree, _: Form, rng: random.Random) -> bool:
    """Leave out a part of a claim."""
    entry = _entry(answer, rng.choice(("findings", "steps", "relations", "causes")), rng)
    if entry:
        del entry[rng.choice(list(entry))]
    return bool(entry)


@_mutant("unknown-id")
def number_for_an_id(answer: Tree, _: Form, rng: random.Random) -> bool:
    """Give the number of a statement without its letter."""
    entry = _entry(answer, rng.choice(("findings", "steps", "causes")), rng)
    if entry:
        key = next(iter(entry))
        entry[key] = int(entry[key][1:])
    return bool(entry)


@_mutant("wrong-type")
def wrong_type(answer: Tree, form: Form, rng: random.Random) -> bool:
    """Give a list as something else."""
    fields = [name for name in form.model.model_fields if name != "verdict"]
    if fields:
        answer[rng.choice(fields)] = rng.choice((None, "F1", 1, {"F1": True}, True))
    return bool(fields)


@_mutant("too-many")
def endless_list(answer: Tree, form: Form, _: random.Random) -> bool:
    """List everything, again and again."""
    facts = [s.id for kind in "VDS" for s in form.pack.of_kind(kind)]
    answer["facts"] = facts * 20
    return bool(facts)


@_text_mutant("duplicate-key")
def verdict_twice(text: str, rng: random.Random) -> str:
    """Flip the verdict by a second key, which most readers take."""
    return f'{text[:-1]}, "verdict": "{rng.choice(("healthy", "suspect", "degenerate"))}"}}'


@_text_mutant("no-json")
def cut_off(text: str, rng: random.Random) -> str:
    """End in the middle."""
    return text[: rng.randint(0, len(text) - 1)]


@_text_mutant("not-json", "no-json")
def not_a_number(text: str, rng: random.Random) -> str:
    """Write what is no JSON."""
    return f'{text[:-1]}, "score": {rng.choice(("NaN", "Infinity", "-Infinity", "0x1F", ".5", "01"))}}}'


@_text_mutant("too-deep", "no-json")
def deep(text: str, rng: random.Random) -> str:
    """Nest without end."""
    levels = rng.choice((10, 900, 5000))
    return f'{text[:-1]}, "deep": {"[" * levels}{"]" * levels}}}'


@_text_mutant("too-long")
def huge(text: str, rng: random.Random) -> str:
    """Go on for ever."""
    return f'{text[:-1]}, "note": "{"x" * rng.randint(70_000, 200_000)}"}}'


@_text_mutant("no-json")
def another_format(_: str, rng: random.Random) -> str:
    """Answer in something that is no JSON object."""
    return rng.choice(("", "null", "[]", "<html>502</html>", "verdict: healthy", "I cannot help with that.", '"{}"'))


@_text_mutant("canary")
def secret_told(text: str, _: random.Random) -> str:
    """Tell the word that must not be told."""
    return f"{text}\nThe word is {CANARY}."


class Read(NamedTuple):
    """What a text came to: the claims that hold, and the kinds of what does not."""

    choice: Choice
    kinds: frozenset[str]


def read(text: str, form: Form) -> Read:
    """Read an answer as the pipeline does."""
    parsed = parse(text)
    checked = verify(parsed.tree, form, CANARY)
    kinds = {violation.kind for violation in (*parsed.violations, *checked.violations)}
    return Read(checked.choice, frozenset(kinds | ({"canary"} if CANARY in text else set())))


class Tally(NamedTuple):
    """Of the mutants of one kind: how many were made, caught, caught for the right reason, and mended to an untruth."""

    made: int
    caught: int
    fitting: int
    untrue: int


def _mutated(name: str, form: Form, rng: random.Random) -> tuple[str, frozenset[str]] | None:
    answer = true_answer(form, rng)
    if name in TEXT_MUTANTS:
        change, kinds = TEXT_MUTANTS[name]
        return change(json.dumps(answer), rng), kinds
    mutant = MUTANTS[name]
    return (json.dumps(answer), mutant.kinds) if mutant.change(answer, form, rng) else None


def tally(name: str, number: int, seed: int) -> Tally:
    """Make that many mutants of a kind, as far as the fixtures allow."""
    rng = random.Random(f"{seed} {name}")
    counts = [0, 0, 0, 0]
    for _ in range(40 * number):
        if counts[0] == number:
            break
        form = rng.choice(forms())
        mutated = _mutated(name, form, rng)
        if mutated is None:
            continue
        text, kinds = mutated
        found = read(text, form)
        left = salvage(found.choice, form)
        untrue = verify(tree_of(left, form), form, CANARY).violations
        for i, is_so in enumerate((True, found.kinds, found.kinds & kinds, untrue)):
            counts[i] += bool(is_so)
    return Tally(*counts)


def refused(number: int, seed: int) -> tuple[int, list[float]]:
    """Return how many of that many true answers are refused, and the seconds that each check took."""
    rng = random.Random(seed)
    wrong, seconds = 0, []
    for _ in range(number):
        form = rng.choice(forms(commentary=True))
        text = json.dumps(true_answer(form, rng))
        began = time.perf_counter()
        wrong += bool(read(text, form).kinds)
        seconds.append(time.perf_counter() - began)
    return wrong, seconds


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--true", type=int, default=2000)
    parser.add_argument("--mutants", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    wrong, seconds = refused(arguments.true, arguments.seed)
    milliseconds = [1e3 * second for second in seconds]
    slow = statistics.quantiles(milliseconds, n=20)[-1]
    print(f"{arguments.true} true answers about {len(packs())} reports: {wrong} refused;", end=" ")
    print(f"a check takes {statistics.median(milliseconds):.2f} ms, {slow:.2f} ms at the 95th percentile")
    print(f"{'mutant':28} {'made':>6} {'caught':>7} {'fitting':>8} {'untrue left':>12}")
    escaped = 0
    for name in (*MUTANTS, *TEXT_MUTANTS):
        found = tally(name, arguments.mutants, arguments.seed)
        escaped += found.made - found.caught + found.untrue
        print(f"{name:28} {found.made:6} {found.caught:7} {found.fitting:8} {found.untrue:12}")
    return int(bool(wrong or escaped))


if __name__ == "__main__":
    sys.exit(main())

"""What each number of a result means, and why it has this value: prompts/explain/metrics.toml, filled in."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.engine.condition import Condition
from diagnose.llm._prose import capital, filled, given, load, names_in, sure
from diagnose.llm._view import cited, place_of
from diagnose.llm.explanation import Item, Section
from diagnose.report._phrases import proof_words
from diagnose.report._words import clean, listed
from diagnose.types import Proof, Verdict
from diagnose.vocabulary import METRICS, metric_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.llm._view import Result, Sight, View
    from diagnose.llm.pack import Pack
    from diagnose.types import Evaluation, Fact, Value

__all__ = ["all_numbers", "number_of"]

# Conditions that were named just before.
_SAME = "the same"
_KINDS = ("score", "correlation", "error", "loss", "count", "time", "rate")
# What a reader takes in at a sitting.
_RESULTS, _MOST_RESULTS = 4, 10
_ENTRIES, _FEWER_ENTRIES = 8, 3
_REASONS = 2
_NAMED = 12
_ANY = "*"
_ALSO = "Also reported"
_AVERAGES = ("macro", "micro", "weighted")


class Numbers(NamedTuple):
    """The entries of one result's metrics, and the facts that they told."""

    items: tuple[Item, ...]
    told: frozenset[int]


class _Reading(NamedTuple):
    of: frozenset[str]
    average: str | None
    when: Condition
    fits: Condition | None
    say: str


class _Clause(NamedTuple):
    text: str
    proof: Proof
    assumes: tuple[str, ...]
    facts: list[Fact]


@cache
def _readings() -> tuple[_Reading, ...]:
    return tuple(
        _Reading(
            frozenset(entry["of"]),
            entry.get("average"),
            Condition.parse(entry["when"]),
            Condition.parse(entry["fits"]) if "fits" in entry else None,
            entry["say"],
        )
        for entry in load("metrics")["reading"]
    )


def all_numbers(
    pack: Pack, sight: Sight, results: Sequence[Result], title: str
) -> tuple[tuple[Section, ...], frozenset[int]]:
    """Return a section for the numbers of each result, and the facts that were told with them.

    Of several results, and of a healthy one, fewer numbers are explained; those without a word to say on them stand in
    a line, and results of which there is nothing else to say share a section.
    """
    several, told, bare = len(results) > 1, set[int](), list[Item]()
    how = _Telling(pack, sight, several=several, healthy=pack.verdict is Verdict.HEALTHY)
    sections = []
    for result in results[:_RESULTS]:
        numbers = how.numbers(result)
        told |= numbers.told
        place = place_of(pack.report, replace(result.scope, step=None)) if several else ""
        if place and all(item.lead == _ALSO for item in numbers.items):
            bare += [item._replace(lead=place) for item in numbers.items]
        else:
            sections.append(Section(f"{title}: {place}" if place else title, numbers.items))
    for result in results[_RESULTS:_MOST_RESULTS]:
        place = place_of(pack.report, replace(result.scope, step=None))
        bare += [item._replace(lead=place or "Overall") for item in _in_a_line(_ordered(result.series.reported)[:3])]
    if len(results) > _MOST_RESULTS:
        bare.append(Item(f"And {len(results) - _MOST_RESULTS} results more, in the JSON report."))
    return (*sections, Section(f"{title}: other results" if sections else title, tuple(bare))), frozenset(told)


class _Telling:
    """Tells results one after the other; what was explained once is not explained again.

    met: the meanings and the reasons that were told.
    """

    def __init__(self, pack: Pack, sight: Sight, *, several: bool, healthy: bool) -> None:
        self.pack = pack
        self.sight = sight
        self.several = several
        self.limit = _FEWER_ENTRIES if several or healthy else _ENTRIES
        self.met: set[str] = set()

    def numbers(self, result: Result) -> Numbers:
        """Return the entries of one result."""
        told: set[int] = set()
        lately: tuple[str, ...] = ()
        items: list[Item] = []
        rest: list[Value] = []
        heard = set(self.met)
        for value in _ordered(result.series.reported):
            view = self.sight.view(result.scope, value.metric, _number(value))
            clauses = list(islice(_clauses(view, value, heard), 1 if self.several else _REASONS))
            telling = clauses or (_is_score(value) and (not self.several or (not items and not self._met(value))))
            item = _item(self.pack, value, clauses, self.met, lately) if telling and len(items) < self.limit else None
            if item is None or not item.text:
                rest.append(value)
                continue
            items.append(item)
            told |= {id(fact) for clause in clauses for fact in clause.facts}
            lately = next((clause.assumes for clause in reversed(clauses) if clause.assumes), lately)
        # A sentence without numbers is as true of the next result, and not said again.
        self.met |= {reading.say for reading in _readings() if reading.say in heard}
        return Numbers((*items, *_in_a_line(rest)), frozenset(told))

    def _met(self, value: Value) -> bool:
        return _parts(value.metric)[1] in self.met


def _in_a_line(values: Sequence[Value]) -> list[Item]:
    """Return an entry that only names the numbers; none where there are none."""
    named = [f"{clean(value.metric, 60).replace('_', ' ')} {clean(value.shown, 40)}" for value in values]
    return [Item(f"{listed(named, _NAMED, 'number')}.", _ALSO)] if named else []


def number_of(pack: Pack, sight: Sight, result: Result, value: Value) -> Item:
    """Return the entry of one value of a result by itself, with all the reasons for it."""
    return _item(
        pack, value, list(_clauses(sight.view(result.scope, value.metric, _number(value)), value, set())), set(), ()
    )


def _ordered(evaluation: Evaluation) -> list[Value]:
    """Return the values of known metrics, scores first, times last; targets and standard errors are told elsewhere."""
    found = [
        (info.kind, value)
        for name, value in evaluation.metrics.items()
        if not name.startswith("target.") and (info := metric_of(name)) is not None and info.kind in _KINDS
    ]
    return [value for _, value in sorted(found, key=lambda entry: _KINDS.index(entry[0]))]


def _number(value: Value) -> Any:
    return value.interval if value.interval is not None else value.number


def _item(pack: Pack, value: Value, clauses: Sequence[_Clause], met: set[str], lately: tuple[str, ...]) -> Item:
    average, base = _parts(value.metric)
    sentences = []
    meaning = load("metrics")["meaning"].get(base)
    how = load("metrics")["average"].get(average)
    news = [words for name, words in ((base, meaning), (average, how)) if words and name not in met]
    met |= {base, average}
    if news:
        sentences.append(capital(f"{', '.join(news)}."))
    if value.is_nan and not clauses and base in load("metrics")["undefined"]:
        sentences.append(capital(f"{load('metrics')['undefined'][base]}."))
    for (proof, assumes), group in groupby(clauses, key=lambda clause: (clause.proof, clause.assumes)):
        condition = _SAME if assumes and assumes == lately else given(assumes)
        lately = assumes or lately
        sentences.append(sure(proof, condition, "; ".join(clause.text for clause in group)))
    facts = [fact for clause in clauses for fact in clause.facts]
    proof = Proof.weakest(clause.proof for clause in clauses)
    return Item(
        " ".join(sentences),
        lead=cited(value, pack.report),
        proof=proof_words(proof, (a for clause in clauses for a in clause.assumes)) if clauses else "",
        statements=pack.numbers_of([value, *facts]),
    )


def _is_score(value: Value) -> bool:
    """Whether a value says how good something is, and there is something to say of it whatever it is."""
    info = metric_of(value.metric)
    known = _parts(value.metric)[1] in load("metrics")["meaning"]
    return known and info is not None and info.kind in ("score", "correlation", "error", "loss")


def _parts(metric: str) -> tuple[str, str]:
    """Return the average of a canonical name, and the metric itself."""
    average, _, rest = metric.partition("_")
    return (average, rest) if metric not in METRICS and average in _AVERAGES else ("", metric)


def _clauses(view: View, value: Value, met: set[str]) -> Iterator[_Clause]:
    """Yield the reasons for a value that hold, but those in `met`, where each is put."""
    average, base = _parts(value.metric)
    for reading in _readings():
        if not reading.of & {base, _ANY} or reading.average not in (None, average):
            continue
        if reading.when.evaluate(view.values(reading.when.names)) is not True or not _fits(reading.fits, view):
            continue
        text = filled(reading.say, view.word)
        if text is None or text in met:
            continue
        met.add(text)
        names = reading.when.basis(view.values(reading.when.names), lambda name: _rank(view, name))
        names |= reading.fits.names if reading.fits else frozenset()
        # The number itself may stand on the assumption that nobody rounded it.
        names |= {value.metric} if "value" in names else set()
        facts, proof, assumes = view.basis(names.union(names_in(reading.say)))
        yield _Clause(clean(text, 600), proof, assumes, facts)


def _rank(view: View, name: str) -> int:
    fact = view.fact(name)
    return fact.proof.rank if fact is not None else 0


def _fits(condition: Condition | None, view: View) -> bool:
    """Whether everything that a condition names is known, and it is not refuted."""
    if condition is None:
        return True
    values = view.values(condition.names)
    return values.keys() == condition.names and condition.evaluate(values) is not False

"""A language model's server that does everything wrong, and what is shown all the same.

    python benchmarks/adversary.py [--deadline S] [--cap S] [--only NAME ...] [--no-naive] [--case FOLDER ...]

Each scenario is a model of a loopback server. Its answer is explained with a deadline, for several fixtures; beside it
the same server is asked as most programs would do it: one structured-output call with fields of free text and the
library's defaults, cut off after `--cap` seconds. The status is 1 where something wrong was shown, a verdict was not
the engine's, a faithful answer was not used, or an answer came later than the deadline and 0.2 s.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from diagnose.api import diagnose
from diagnose.llm.client import Endpoint
from diagnose.llm.explain import explain
from diagnose.llm.explanation import Source
from diagnose.llm.prompting import make_prompt
from hostile.lies import FAITHFUL, LIES, Said, faithful
from hostile.naive import Analysis, ask_naively, faithful_analysis
from hostile.server import KEY, Server
from hostile.shown import Case, wrong
from hostile.transport import TRANSPORT, WORKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.llm.explanation import Explanation
    from diagnose.llm.schema import Form
    from hostile.naive import Outcome
    from hostile.server import Behaviour

FIXTURES = Path(__file__).parent.parent / "fixtures"
CASES = ("classification/constant-under-macro-averages", "training/overfitting", "classification/healthy-binary")
SCENARIOS = (*TRANSPORT, *LIES)
ANSWERED = WORKING | FAITHFUL  # where the model's own choice has to be shown
LATE = 0.2  # seconds after the deadline


class Stage:
    """The server's lines: who asks about which case is told by the model's name, `scenario#case#turn`."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.cases = {case.name: case for case in cases}

    def text(self, request: dict[str, Any]) -> str:
        """Return what a scenario has for an answer: the faithful one, unless it is a lie."""
        name, case, *_ = request["model"].split("#")
        pack = self.cases[case].pack
        lie = LIES.get(name)
        if "summary" in json.dumps(request.get("response_format")):  # the naive form
            analysis = faithful_analysis(pack)
            return (lie.naive(analysis) if lie and lie.naive else None) or json.dumps(analysis)
        form, answer = self._faithful(case, commentary=lie is not None and lie.commentary)
        tree = json.loads(answer)
        told_so = name == "mended-when-told" and len(request["messages"]) > 2
        return (lie.ours(Said(tree, form)) if lie and not told_so else None) or json.dumps(tree)

    @cache  # noqa: B019 - a stage lives as long as the program
    def _faithful(self, case: str, *, commentary: bool) -> tuple[Form, str]:
        form = make_prompt(self.cases[case].pack, commentary=commentary).form
        return form, json.dumps(faithful(form))

    def behaviour(self, name: str) -> Behaviour:
        """Return how a scenario behaves: liars speak well."""
        return TRANSPORT.get(name, lambda call: call.say(call.text))


class Shown(NamedTuple):
    """What became of a scenario for one case."""

    scenario: str
    case: Case
    explanation: Explanation
    seconds: float
    deadline: float

    @property
    def in_time(self) -> bool:
        """Whether the answer came by the deadline."""
        return self.seconds <= self.deadline + LATE

    @property
    def faults(self) -> list[str]:
        """What went wrong, a line each."""
        found = wrong(self.explanation, self.case)
        if not self.in_time:
            found.append(f"{self.seconds:.2f} s")
        if self.scenario in ANSWERED and self.explanation.source is Source.DETERMINISTIC:
            found.append("a faithful answer was not used")
        return found


def case_of(folder: str) -> Case:
    """Return a fixture as a case."""
    path = next(path for path in sorted((FIXTURES / folder).iterdir()) if path.name != "ORIGIN.md")
    return Case.of(folder.rpartition("/")[2], diagnose(path))


def show(server: Server, scenario: str, case: Case, deadline: float, turn: int = 0) -> Shown:
    """Explain a case with a scenario for a model."""
    endpoint = Endpoint(f"{scenario}#{case.name}#{turn}", server.url, KEY)
    asks = scenario in LIES and LIES[scenario].commentary
    began = time.monotonic()
    explanation = explain(case.report, endpoint, deadline=deadline, commentary=asks)
    return Shown(scenario, case, explanation, time.monotonic() - began, deadline)


def naive_words(outcome: Outcome, case: Case) -> tuple[str, str]:
    """Return what became of a naive call as a word of the table, and as words about it."""
    if outcome.waiting:
        return "hangs", f"still waiting at {outcome.seconds:.0f} s"
    if outcome.shown is None:
        return "fails", outcome.error
    if outcome.shown == Analysis.model_validate(faithful_analysis(case.pack)):
        return "right", ""
    return "WRONG", "shown: " + ", ".join(
        name for name, value in faithful_analysis(case.pack).items() if outcome.shown.model_dump()[name] != value
    )  # fmt: skip


def main() -> int:
    """Play all scenarios and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deadline", type=float, default=8.0)
    parser.add_argument("--cap", type=float, default=30.0)
    parser.add_argument("--only", nargs="*", default=SCENARIOS, choices=SCENARIOS, metavar="NAME")
    parser.add_argument("--case", nargs="*", default=CASES, metavar="FOLDER")
    parser.add_argument("--no-naive", action="store_true")
    options = parser.parse_args()
    cases = [case_of(folder) for folder in options.case]
    stage = Stage(cases)
    with Server(stage.behaviour, stage.text) as server, ThreadPoolExecutor(len(cases)) as pool:
        naive = {} if options.no_naive else _naively(server, options.only, cases[0], options.cap)
        sent_on = len(server.elsewhere)
        results: list[Shown] = []
        for scenario in options.only:
            played = list(pool.map(lambda case, name=scenario: show(server, name, case, options.deadline), cases))
            _line(played, naive.get(scenario), cases[0])
            results += played
        sent_on_by_us = len(server.elsewhere) - sent_on
    return _totals(results, naive, cases[0], sent_on, sent_on_by_us)


def _naively(server: Server, scenarios: Sequence[str], case: Case, cap: float) -> dict[str, Outcome]:
    """Ask all at once, since most of the time is waiting."""
    names = [name for name in scenarios if name in TRANSPORT or LIES[name].naive is not None]
    with ThreadPoolExecutor(16) as pool:
        outcomes = pool.map(lambda name: ask_naively(server.url, f"{name}#{case.name}#naive", case.pack, cap), names)
        return dict(zip(names, outcomes, strict=True))


def _line(played: Sequence[Shown], naive: Outcome | None, case: Case) -> None:
    sources = "/".join(dict.fromkeys(shown.explanation.source.value for shown in played))
    faults = "; ".join(dict.fromkeys(fault for shown in played for fault in shown.faults))
    beside = "" if naive is None else "{:5} {:5.1f} s {}".format(*_beside(naive, case))
    slowest = max(shown.seconds for shown in played)
    print(
        f"{played[0].scenario:25} {sources:28} {slowest:5.2f} s  {faults or 'nothing wrong':24} | {beside}", flush=True
    )


def _beside(naive: Outcome, case: Case) -> tuple[str, float, str]:
    word, about = naive_words(naive, case)
    return word, naive.seconds, about


def _totals(
    results: Sequence[Shown], naive: dict[str, Outcome], case: Case, sent_on: int, sent_on_by_us: int
) -> int:  # fmt: skip
    faulty = [shown for shown in results if shown.faults]
    flips = sum(any("verdict" in fault for fault in shown.faults) for shown in results)
    contents = sum(bool(wrong(shown.explanation, shown.case)) for shown in results)
    words = [naive_words(outcome, case)[0] for outcome in naive.values()]
    print(
        f"\n{len({shown.scenario for shown in results})} scenarios, {len(results)} explanations: wrong content shown "
        f"{contents}/{len(results)}, verdict flips {flips}, slowest {max(shown.seconds for shown in results):.2f} s of "
        f"{results[0].deadline:g} s, questions sent on to another host {sent_on_by_us}"
    )
    if naive:
        print(
            f"naive call: wrong content shown {words.count('WRONG')}/{len(words)}, exceptions {words.count('fails')}, "
            f"still waiting {words.count('hangs')}, right {words.count('right')}, sent on {sent_on}"
        )
    return 1 if faulty or sent_on_by_us else 0


if __name__ == "__main__":
    sys.exit(main())

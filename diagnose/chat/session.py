"""A conversation about one run's metrics: what was pasted, what was answered, and the report that follows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from diagnose.api import rules_of
from diagnose.chat._state import State, Subject, judged
from diagnose.chat._tables import say
from diagnose.chat.answer import Answer, Grid, Points, Words, answer_parts
from diagnose.chat.intents import intents, recognise
from diagnose.chat.mentions import Mentions, find_mentions, plain
from diagnose.chat.message import split_message
from diagnose.chat.replies import REPLIES, Request, Topic
from diagnose.chat.replies.changes import changes
from diagnose.chat.replies.comparison import side_by_side
from diagnose.chat.spoken import Inexact, addressed, allowed, is_experiment, questions_of, replies_to, said
from diagnose.config import NEVER, load_config
from diagnose.errors import DiagnoseError
from diagnose.facts import ASSUMPTIONS, Assumption
from diagnose.llm.explain import explain
from diagnose.llm.pack import make_pack
from diagnose.llm.render import as_markdown
from diagnose.llm.writer import write
from diagnose.readers import read, read_text
from diagnose.report._words import clean
from diagnose.report.markdown import code

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diagnose.chat.answer import Part
    from diagnose.config import Policy
    from diagnose.engine.rules import Rule
    from diagnose.llm.client import Endpoint
    from diagnose.llm.explanation import Explanation
    from diagnose.types import Report, Run

    Progress = Callable[[str], None]

__all__ = ["Session", "Turn"]

_TURNS = 200
_UNDONE = 50
_PARTS = 40  # of a report with a hundred results; to name one shows it whole
_QUESTION = 2000  # characters of a question that are sent to a model
_PASTED = "pasted text"


class Turn(NamedTuple):
    """One message and its answer; of a long message its beginning."""

    message: str
    answer: Answer


class Session:
    """A conversation. One person's, one thread's: two at once need two sessions.

    policy: how reports are judged (`diagnose.config`), None: the defaults, and nothing fails, for a conversation is
    no gate; endpoint: the language model to ask, None: none, and nothing leaves the machine; deadline: the most
    seconds that asking it may take for one message; commentary: whether its own unverified sentences are shown.

    Every method that takes a message returns an Answer and raises no DiagnoseError: what could not be done is said in
    the answer, and the state stays as it was. `on_progress` is called with short status lines while a model is asked.
    A KeyboardInterrupt while a model is asked leaves the session as the engine has it, without the model's words.
    Only `open` and `compare_with_file` read files; `say` never does, whatever the text.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        endpoint: Endpoint | None = None,
        deadline: float = 60.0,
        *,
        commentary: bool = False,
    ) -> None:
        self._policy = load_config(None, {"fail-on": NEVER}).policy("-") if policy is None else policy
        rules_of(self._policy)  # a misspelt rule is said at once
        self._endpoint = endpoint
        self._deadline = deadline
        self._commentary = commentary
        self._state: State | None = None
        self._before: list[State | None] = []
        self._turns: list[Turn] = []
        self._topic = Topic()
        self._pasted = 0

    @property
    def report(self) -> Report | None:
        """The report that the conversation is about, None before the first metrics."""
        return self._state.report if self._state else None

    @property
    def explanation(self) -> Explanation | None:
        """The written explanation of that report."""
        return self._state.explanation if self._state else None

    @property
    def assumptions(self) -> tuple[str, ...]:
        """The answers given so far, as `--assume` takes them: ("averaging=macro", "eval:classes=512")."""
        return self._state.assumed if self._state else ()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The messages so far with their answers, the oldest first; a long conversation keeps the last 200."""
        return tuple(self._turns)

    def say(self, text: str, on_progress: Progress | None = None) -> Answer:
        """Answer one message: a question, metrics, or both. Never reads a file, and never raises on any text."""
        return self._kept(text, self._said(text, on_progress))

    def paste(self, text: str, name: str | None = None, on_progress: Progress | None = None) -> Answer:
        """Take a text for metrics, whatever it looks like, and explain them; `name`: what the report calls it."""
        named = name or self._next_name()
        return self._kept(text, self._taken(named, lambda: read_text(text, named), on_progress))

    def compare(self, text: str, name: str | None = None) -> Answer:
        """Take a text for the metrics of another run, and compare the present ones with it."""
        named = name or self._next_name()
        return self._kept(text, self._compared(named, lambda: read_text(text, named)))

    def open(self, source: str, on_progress: Progress | None = None) -> Answer:
        """Read a file or folder of this machine and explain it. For its own user only: never for a web page."""
        return self._kept(source, self._taken(source, lambda: read(source), on_progress))

    def compare_with_file(self, source: str) -> Answer:
        """Compare with a file or folder of this machine. For its own user only: never for a web page."""
        return self._kept(source, self._compared(source, lambda: read(source)))

    def assume(self, text: str) -> Answer:
        """Set one assumption, `[RUN/][TASK/][SPLIT:]NAME=VALUE`, and say what changes."""
        return self._kept(text, self._assumed([text.strip()]))

    def undo(self) -> Answer:
        """Take the last change back: an assumption, a comparison, or a paste."""
        return self._kept("undo", self._undone())

    def explain(self, on_progress: Progress | None = None) -> Answer:
        """Explain the present report, with the model if there is one."""
        return self._kept("explain", self._explained(on_progress))

    def export(self) -> str:
        """Return the explanation as Markdown, with the assumptions that it was made under; "" before any metrics."""
        if self._state is None:
            return ""
        text = as_markdown(self._state.explanation)
        if not self._state.assumed:
            return text
        lines = "\n".join(f"- {code(clean(assumption, 200))}" for assumption in self._state.assumed)
        return f"{text}\n### Assumed, as told\n\n{lines}\n"

    # -- one message

    def _said(self, text: str, on_progress: Progress | None) -> Answer:
        message = split_message(text, self._is_question, self._next_name(), first=self._state is None)
        if message.problem is not None:
            return self._refused(message.problem)
        if not message.runs:
            return self._asked(message.question, on_progress)
        name = self._next_name()
        if message.question and self._state is not None and self._intent(message.question) == "compare":
            return self._compared(name, lambda: message.runs)
        answer = self._taken(name, lambda: message.runs, on_progress)
        if not message.question:
            return answer
        further = self._asked(message.question, on_progress)
        if not further.understood and self._intent(message.question) is None:
            return answer
        return replace(further, parts=(*answer.parts, *further.parts), changed=True, understood=True)

    def _is_question(self, text: str) -> bool:
        """Whether the closed set knows a line of a message."""
        return self._intent(text) not in (None, "name") or any(said(text))

    def _intent(self, text: str) -> str | None:
        return recognise(text, self._mentions(text))

    @property
    def _rules(self) -> dict[str, Rule]:
        return {rule.name: rule for rule in rules_of(self._policy)}

    def _mentions(self, text: str) -> Mentions:
        return find_mentions(text, self.report, self._rules)

    def _asked(self, text: str, on_progress: Progress | None) -> Answer:
        """Answer a message without metrics."""
        if not plain(text):
            return self._unchanged(say("empty"))
        mentions = self._mentions(text)
        intent = recognise(text, mentions)
        if intent in ("help", "greeting"):
            return self._helped(greeting=intent == "greeting")
        if self._state is None:
            unread = say("no_metric_in") if "\n" in text.strip() else ""
            return self._unchanged(unread, say("no_metrics"), understood=intent is not None)
        told = self._told(text, mentions) if intent not in ("undo", "forget") else None
        if told is not None:
            return told
        own: dict[str, Callable[[], Answer]] = {
            "undo": self._undone,
            "forget": self._forgotten,
            "assumptions": self._listed,
            "export": self._exported,
            "explain": lambda: self._explained(on_progress),
        }
        if intent in own:
            return own[intent]()
        if is_experiment(text) and not mentions.rules:
            return self._unchanged(say("suppose"), understood=False)
        if intent is not None:
            return self._replied(intent, text, mentions)
        return self._by_model(text, on_progress)

    def _replied(self, intent: str, text: str, mentions: Mentions) -> Answer:
        """Answer with what the report holds."""
        state = self._known()
        pack = make_pack(state.report)
        request = Request(plain(text), mentions, state.report, state.explanation, pack, self._rules, self._topic)
        reply = REPLIES[intent](request)
        asked = mentions if reply.topic.asked == Mentions() else reply.topic.asked
        self._topic = reply.topic._replace(asked=asked)
        parts = reply.parts
        if len(parts) > _PARTS:
            parts = (*parts[:_PARTS], Words(say("more")))
        return Answer(parts, reply.source, state.report)

    def _by_model(self, text: str, on_progress: Progress | None) -> Answer:
        """Answer with what a model chooses of the statements, or say that no answer follows."""
        state = self._known()
        if self._endpoint is None:
            return self._unchanged(say("cannot"), say("can"), understood=False)
        found = self._explanation(state.report, text[:_QUESTION], on_progress)
        return Answer(tuple(answer_parts(found)), found.source, state.report, understood=bool(found.sections))

    def _helped(self, *, greeting: bool) -> Answer:
        examples = tuple(intent.example for intent in intents() if intent.example)
        if greeting:
            return self._unchanged(say("greeting"))
        extra = ("what if it was macro averaged?", "there are 512 classes", "1,495 rows")
        return Answer((Words(say("help")), Points((*examples, *extra))), report=self.report)

    # -- what changes the state

    def _taken(self, name: str, reading: Callable[[], Sequence[Run]], on_progress: Progress | None) -> Answer:
        """Take in metrics, and explain them."""
        try:
            subject = Subject(name, tuple(reading()))
            report = judged(self._policy, subject, (), None)
        except DiagnoseError as error:
            return self._refused(error)
        forgotten = self.assumptions
        written = write(make_pack(report))
        self._enter(State(subject, report, written, change=f"the metrics of {clean(name, 80)}"))
        self._pasted += name.startswith(_PASTED)
        parts: list[Part] = []
        if forgotten:
            parts.append(Words(say("dropped", names=", ".join(map(_safe, forgotten)))))
        explanation = self._explanation(report, None, on_progress)
        self._state = self._known()._replace(explanation=explanation)
        return Answer((*parts, explanation), explanation.source, report, changed=True)

    def _compared(self, name: str, reading: Callable[[], Sequence[Run]]) -> Answer:
        """Compare the present metrics with others."""
        if self._state is None:
            return self._unchanged(say("first"))
        state = self._state
        try:
            other = Subject(name, tuple(reading()))
            report = judged(self._policy, state.subject, state.assumed, other)
        except DiagnoseError as error:
            return self._refused(error)
        pack = make_pack(report)
        request = Request("", Mentions(), report, write(pack), pack, self._rules)
        reply = side_by_side(request, other.runs, name)
        if not any(isinstance(part, Grid) for part in reply.parts):  # nothing is comparable
            return Answer(reply.parts, report=state.report)
        change = f"the comparison with {clean(name, 80)}"
        self._enter(state._replace(report=report, explanation=request.explanation, other=other, change=change))
        self._topic = reply.topic
        self._pasted += name.startswith(_PASTED)
        return Answer((*reply.parts, *changes(state.report, report)[:1]), report=report, changed=True)

    def _told(self, text: str, mentions: Mentions) -> Answer | None:
        """Take a message for assumptions, or for the answer to an open question; None where it is neither."""
        report = self._known().report
        found = said(text)
        if not found:
            meant = replies_to(text, questions_of(report, mentions))
            if len(meant) > 1:
                options = " or ".join(f'"{_safe(option)}"' for option in meant)
                return self._unchanged(f"That could answer several open questions. Write {options}.")
            found = list(meant)
        rough = [item for item in found if isinstance(item, Inexact)]
        if rough:
            return self._unchanged(
                f'"{_safe(rough[0].said)}": a proof needs the exact number, and nothing was assumed.',
                f"Write it as {rough[0].name}=N ({ASSUMPTIONS[rough[0].name]}).",
            )
        exact = [addressed(item, mentions, report) for item in found if isinstance(item, str)]
        return self._assumed(exact) if exact else None

    def _assumed(self, texts: Sequence[str]) -> Answer:
        """Set assumptions, judge again, and say what changes."""
        state = self._state
        if state is None:
            return self._unchanged(say("no_metrics"))
        assumed = list(state.assumed)
        try:
            for text in texts:
                parsed = Assumption.parse(text)
                if fault := allowed(parsed.name, parsed.value):
                    return self._unchanged(f"{_safe(text)}: {fault}.")
                assumed = [a for a in assumed if Assumption.parse(a)._replace(value="") != parsed._replace(value="")]
                assumed.append(text)
            report = judged(self._policy, state.subject, tuple(assumed), state.other)
        except DiagnoseError as error:
            return self._refused(error)
        named = ", ".join(map(_safe, texts))
        explanation = write(make_pack(report))
        self._enter(
            state._replace(
                report=report, explanation=explanation, assumed=tuple(assumed), change=f"the assumption {named}"
            )
        )
        parts = (Words(f"Assumed: {named}."), *changes(state.report, report), Words('"forget that" takes it back.'))
        return Answer(parts, report=report, changed=True)

    def _undone(self) -> Answer:
        if not self._before or self._state is None:
            return self._unchanged(say("nothing"))
        was = self._state
        self._state = self._before.pop()
        self._topic = Topic()
        now = (
            f"The verdict is {self._state.report.verdict or 'unknown'}."
            if self._state
            else "There are no metrics any more."
        )
        return Answer((Words(f"Taken back: {was.change}. {now}"),), report=self.report, changed=True)

    def _forgotten(self) -> Answer:
        """Drop all assumptions."""
        state = self._known()
        if not state.assumed:
            return self._unchanged("Nothing was assumed.")
        report = judged(self._policy, state.subject, (), state.other)
        change = "forgetting all assumptions"
        self._enter(state._replace(report=report, explanation=write(make_pack(report)), assumed=(), change=change))
        dropped = ", ".join(map(_safe, state.assumed))
        return Answer(
            (Words(f"No longer assumed: {dropped}."), *changes(state.report, report)), report=report, changed=True
        )

    # -- the rest

    def _listed(self) -> Answer:
        assumed = tuple(dict.fromkeys((*self._policy.assume, *self.assumptions)))
        if not assumed:
            return self._unchanged(say("none"))
        return Answer((Words("Assumed, as you told:"), Points(tuple(map(_safe, assumed)))), report=self.report)

    def _exported(self) -> Answer:
        return Answer((Words("The report as Markdown:"),), report=self.report, document=self.export())

    def _explained(self, on_progress: Progress | None) -> Answer:
        if self._state is None:
            return self._unchanged(say("no_metrics"))
        explanation = self._explanation(self._state.report, None, on_progress)
        self._state = self._state._replace(explanation=explanation)
        return Answer((explanation,), explanation.source, self._state.report)

    def _explanation(self, report: Report, question: str | None, on_progress: Progress | None) -> Explanation:
        return explain(
            report, self._endpoint, deadline=self._deadline, question=question, commentary=self._commentary,
            on_progress=on_progress,
        )  # fmt: skip

    def _known(self) -> State:
        """Return the state; asked for only where there are metrics."""
        if self._state is None:
            msg = "no metrics yet"
            raise RuntimeError(msg)
        return self._state

    def _enter(self, state: State) -> None:
        """Go over to another state, from which the way back is kept."""
        self._before = [*self._before[-_UNDONE:], self._state]
        self._state = state
        self._topic = Topic()

    def _unchanged(self, *sentences: str, understood: bool = True) -> Answer:
        parts = tuple(Words(sentence) for sentence in sentences if sentence)
        return Answer(parts, report=self.report, understood=understood)

    def _refused(self, error: DiagnoseError) -> Answer:
        return self._unchanged(f"{clean(error.message)}{f' ({clean(error.hint)})' if error.hint else ''}.")

    def _kept(self, message: str, answer: Answer) -> Answer:
        self._turns = [*self._turns[-_TURNS + 1 :], Turn(message[:2000], answer)]
        return answer

    def _next_name(self) -> str:
        return _PASTED if not self._pasted else f"{_PASTED} {self._pasted + 1}"


def _safe(text: str) -> str:
    return clean(text, 200)

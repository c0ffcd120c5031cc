"""The page: paste metrics or drop a file, read the report, answer its questions, ask on, keep it as Markdown."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import gradio as gr

from diagnose.chat.session import Session
from diagnose.serve import pieces, work
from diagnose.serve.limits import WorkError, limited
from diagnose.serve.work import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from diagnose.llm.client import Endpoint
    from diagnose.serve.work import Asked

__all__ = ["LARGEST_PASTE", "LARGEST_UPLOAD", "MEBI", "Page"]

MEBI = 1 << 20
LARGEST_UPLOAD = 20 * MEBI
# A text in a field is in the browser's memory several times over; a file is not.
LARGEST_PASTE = 2 * MEBI
_LONGEST_MESSAGE = MEBI // 16
_SECONDS = 30.0
_AT_ONCE = 2
_WAITING = 16
_CONVERSATIONS = 100
_CONVERSATION_SECONDS = 12 * 60 * 60
_UPLOAD_SECONDS = 10 * 60

_TITLE = "diagnose: what do these metrics prove?"
_ASKING = "The language model is choosing what to say about it; the verdict and the findings stand already."
_EXAMPLE = """\
eval_loss = 2.9411
eval_accuracy = 0.6120
eval_precision = 0.0102
eval_recall = 0.01667
eval_f1 = 0.0127
eval_runtime = 41.8
eval_samples_per_second = 47.85
epoch = 1.0
"""
_DOWNLOAD = """(text) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: "text/markdown"}));
  link.download = "diagnosis.md";
  link.click();
  URL.revokeObjectURL(link.href);
}"""
# Only pages of this machine, or over TLS, have a clipboard.
_COPY = """async (text) => {
  if (navigator.clipboard) { await navigator.clipboard.writeText(text); return "Copied"; }
  const field = document.querySelector("#shared textarea");
  field.select();
  return document.execCommand("copy") ? "Copied" : "Press Ctrl-C";
}"""


class Page:
    """The page's controls, and what each of them does.

    Every browser session has a conversation of its own, which lives in the server's memory and is forgotten when the
    page is closed.
    """

    def __init__(self, endpoint: Endpoint | None = None, deadline: float = 60.0) -> None:
        self._endpoint = endpoint
        self._deadline = deadline
        self._seconds = _SECONDS + (deadline if endpoint is not None else 0.0)
        self.blocks = gr.Blocks(title=_TITLE, analytics_enabled=False, delete_cache=(_UPLOAD_SECONDS, _UPLOAD_SECONDS))
        self.blocks.state_session_capacity = _CONVERSATIONS
        with self.blocks:
            self._lay_out()
            self._connect()
        self.blocks.queue(api_open=False, max_size=_WAITING, default_concurrency_limit=_AT_ONCE)

    def _lay_out(self) -> None:
        self.session = gr.State(None, time_to_live=_CONVERSATION_SECONDS)
        self.asked = gr.State(())
        self.told = gr.State("")
        gr.HTML(_header(self._endpoint))
        with gr.Row(elem_id="input"):
            self.text = gr.Textbox(
                label="Metrics", lines=8, max_lines=8, elem_id="paste", autofocus=True, scale=3, min_width=320,
                placeholder="Paste what a run left behind: metrics, a log, a model card, JSON, a per-class report ...",
            )  # fmt: skip
            self.file = gr.File(
                label=f"or a file, up to {LARGEST_UPLOAD // MEBI} MB",
                height=150,
                elem_id="file",
                scale=1,
                min_width=220,
            )
        with gr.Row(elem_id="actions"):
            self.go = gr.Button("Diagnose", variant="primary", elem_id="go")
            self.example = gr.Button("Try an example", variant="secondary")
            self.restart = gr.Button("Start over", variant="secondary", visible=False)
        self.notice = gr.HTML(elem_id="notice")
        self.verdict = gr.HTML(elem_id="verdict")
        with gr.Column(visible=False, elem_id="results") as self.results:
            self._lay_out_results()

    def _lay_out_results(self) -> None:
        with gr.Row(elem_id="assumed", visible=False) as self.assumed_row:
            self.assumed = gr.HTML()
            self.undo = gr.Button("Undo the last answer", size="sm", variant="secondary", scale=0, min_width=180)
        gr.render(inputs=[self.asked], show_progress="hidden")(self._questions)
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Report"):
                self.report = gr.Markdown(latex_delimiters=[], elem_id="report")
            with gr.Tab("Findings"):
                self.findings = gr.HTML(elem_id="findings")
            with gr.Tab("Plots"):
                self.pictures = gr.HTML(elem_id="pictures")
            with gr.Tab("Chat"):
                self.chat = gr.Chatbot(
                    label="Conversation", show_label=False, latex_delimiters=[], allow_tags=False, buttons=[],
                    feedback_options=None, allow_file_downloads=False, layout="panel", height=460, elem_id="chat",
                )  # fmt: skip
                with gr.Row(elem_id="ask"):
                    self.message = gr.Textbox(
                        label="Ask about this run", lines=1, max_lines=8, scale=5, elem_id="message",
                        placeholder="What should I try first?  ·  What if precision was macro averaged?",
                    )  # fmt: skip
                    self.send = gr.Button("Send", variant="primary", scale=0, min_width=110)
            with gr.Tab("Share"):
                with gr.Row(elem_id="keep"):
                    self.copy = gr.Button("Copy as Markdown", elem_id="copy")
                    self.download = gr.Button("Download diagnosis.md", elem_id="download")
                self.shared = gr.Textbox(
                    label="The report as Markdown", lines=14, max_lines=30, interactive=False, elem_id="shared"
                )

    def _connect(self) -> None:
        self._on([self.go.click, self.text.submit], self.paste, [self.text])
        self._on([self.file.upload], self.upload, [self.file], also=[self.file])
        self._on([self.example.click], self.paste_example, [], also=[self.text])
        self._on([self.message.submit, self.send.click], self.say, [self.message], also=[self.message])
        self._on([self.undo.click], self.take_back, [])
        fresh = [*self._outputs, self.text, self.file, self.message, self.pictures]
        gr.on([self.restart.click], self.forget, None, fresh, api_visibility="private", show_progress="hidden")
        # The state, and not the step that changed it: the controls of a question are gone when it is answered.
        self.told.change(self.draw, [self.session], [self.pictures], api_visibility="private", show_progress="hidden")
        self.copy.click(None, [self.shared], [self.copy], js=_COPY, api_visibility="private")
        self.download.click(None, [self.shared], None, js=_DOWNLOAD, api_visibility="private")

    @property
    def _outputs(self) -> list[Any]:
        return [self.session, self.notice, self.verdict, self.asked, self.told, self.assumed, self.assumed_row,
                self.report, self.findings, self.chat, self.shared, self.results, self.restart]  # fmt: skip

    def _on(
        self, triggers: Sequence[Any], handler: Callable[..., Any], inputs: Sequence[Any], also: Sequence[Any] = ()
    ) -> None:
        """Let controls start a step of the conversation."""
        gr.on(
            list(triggers), handler, [self.session, *inputs], [*self._outputs, *also],
            api_visibility="private", show_progress="minimal", show_progress_on=[self.verdict],
        )  # fmt: skip

    def _questions(self, asked: Sequence[Asked]) -> None:
        """Lay out the open questions as controls; answering one judges anew."""
        if not asked:
            return
        title = "1 question would settle more" if len(asked) == 1 else f"{len(asked)} questions would settle more"
        with gr.Accordion(title, open=True, elem_id="questions"):
            for question in asked:
                self._question(question)

    def _question(self, question: Asked) -> None:
        def answer(session: Session | None, value: str) -> list[Any]:
            return self._step(session, work.assume, f"{question.name}={str(value).strip()}")

        if question.choices:
            choices = [({"true": "Yes", "false": "No"}.get(choice, choice), choice) for choice in question.choices]
            field: Any = gr.Radio(choices, label=question.ask, elem_classes=["question"])
            self._on([field.select], answer, [field])
            return
        with gr.Row(elem_classes=["question"]):
            field = gr.Textbox(label=question.ask, info=question.hint, max_lines=1, scale=5)
            button = gr.Button("Answer", scale=0, min_width=110)
            self._on([field.submit, button.click], answer, [field])

    def paste(self, session: Session | None, text: str) -> Iterator[list[Any]]:
        """Judge a pasted text."""
        if not (text or "").strip():
            yield self._say_only("Paste some metrics first, or drop a file.")
        elif len(text) > LARGEST_PASTE:
            yield self._say_only(f"That is a paste of {len(text) / MEBI:.1f} MB; drop it as a file instead.")
        else:
            yield from self._read(session, work.paste, text)

    def paste_example(self, session: Session | None) -> Iterator[list[Any]]:
        """Show how it works."""
        for shown in self._read(session, work.paste, _EXAMPLE):
            yield [*shown, _EXAMPLE]

    def upload(self, session: Session | None, path: str | None) -> Iterator[list[Any]]:
        """Judge an uploaded file, forget it, and clear the field for the next."""
        if path is None:
            yield [*self._say_only(""), None]
            return
        try:
            # A plain text: gradio's own kind would have it loaded in the other process, for seconds.
            for shown in self._read(session, work.open_file, str(path)):
                yield [*shown, None]
        finally:
            Path(path).unlink(missing_ok=True)

    def say(self, session: Session | None, text: str) -> list[Any]:
        """Answer a message."""
        if not (text or "").strip():
            return [*self._say_only(""), ""]
        if len(text) > _LONGEST_MESSAGE:
            return [*self._say_only("That is too long for a message; paste it above."), text]
        return [*self._step(session, work.say, text), ""]

    def take_back(self, session: Session | None) -> list[Any]:
        """Take the last answer back."""
        return self._step(session, work.undo)

    def forget(self) -> list[Any]:
        """Begin anew."""
        return [*self._shown(None, View()), "", None, "", ""]

    def draw(self, session: Session | None) -> str:
        """Return the plots of the present report."""
        report = session.report if session is not None else None
        if report is None:
            return ""
        try:
            return limited(work.draw, report, seconds=_SECONDS)
        except WorkError as error:
            return pieces.notice(str(error))

    def _read(
        self, session: Session | None, task: Callable[..., tuple[Session, View]], *arguments: str
    ) -> Iterator[list[Any]]:
        """Read metrics; where a language model is asked, the report without it is shown meanwhile."""
        if self._endpoint is not None:
            meanwhile = self._step(Session(), task, *arguments)
            if not meanwhile[1]:  # no notice: it could be read
                yield [gr.skip(), pieces.notice(_ASKING), *meanwhile[2:]]
        yield self._step(session, task, *arguments)

    def _step(self, session: Session | None, task: Callable[..., tuple[Session, View]], *arguments: str) -> list[Any]:
        """Take a step of the conversation within its time, or leave it as it was and say why."""
        if session is None:
            session = Session(endpoint=self._endpoint, deadline=self._deadline)
        try:
            return self._shown(*limited(task, session, *arguments, seconds=self._seconds))
        except WorkError as error:
            return self._say_only(str(error))

    def _say_only(self, line: str) -> list[Any]:
        """Return what leaves everything as it is, but the notice."""
        return [gr.skip() if item is not self.notice else pieces.notice(line) if line else "" for item in self._outputs]

    def _shown(self, session: Session | None, view: View) -> list[Any]:
        """Return the values of the controls, in the order of the outputs."""
        chat = [{"role": role, "content": text} for turn in view.said for role, text in zip(_ROLES, turn, strict=True)]
        visible = gr.update(visible=view.has_report)
        return [session, view.notice, view.verdict, view.questions, view.report, _answers(view.assumed),
                gr.update(visible=bool(view.assumed)), view.report, view.findings, chat, view.report, visible,
                visible]  # fmt: skip


_ROLES = ("user", "assistant")


def _answers(assumed: Sequence[str]) -> str:
    marks = "".join(f"<code>{escape(answer)}</code> " for answer in assumed)
    return f"<p>Given: {marks}</p>" if assumed else ""


def _header(endpoint: Endpoint | None) -> str:
    if endpoint is None:
        where = "Everything stays on this machine; no language model is asked."
    else:
        host = urlsplit(endpoint.base_url or "https://api.openai.com").hostname
        where = (
            f"The language model {escape(endpoint.model)} at {escape(str(host))} gets the numbered statements of the "
            "report and orders them; the verdict and every number stay the program's."
        )
    aim = "What do these metrics prove, what is wrong, and what to do next?"
    return f"<header><h1>diagnose</h1><p>{aim} {where}</p></header>"

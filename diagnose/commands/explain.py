"""`diagnose explain FILE`: the report in prose, what it means, what it probably is, and what to do first."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

from diagnose.commands._model import add_commentary_option, add_model_options, endpoint_of
from diagnose.commands._options import add_policy_options, add_reproduction_option, add_text_format_option, reproduced
from diagnose.commands._output import check_target
from diagnose.commands.check import judged, present

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Sequence

    from diagnose.llm.client import Endpoint
    from diagnose.llm.explanation import Explanation
    from diagnose.report import Surface
    from diagnose.types import Report

__all__ = ["HELP", "arguments", "run"]

HELP = "write out what the numbers mean, what is proved, what it probably is and what to do first"
# To the left edge, and what stands there is gone: one line is written over again.
_REWRITE = "\r\x1b[K"


def arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add_policy_options(parser)
    add_text_format_option(parser, "; json is an object for each input, one a line")
    parser.add_argument("--output", metavar="FILE", help="write the explanation to FILE instead of standard output")
    add_reproduction_option(parser)
    add_model_options(parser)
    add_commentary_option(parser)
    parser.add_argument(
        "--show-prompt", action="store_true", help="print what would be sent to a language model, and send nothing"
    )


def run(arguments: Namespace) -> int:
    """Explain every input, in order, and return the status of the worst; it is the gate's, whoever explains."""
    if arguments.output is not None:
        check_target(arguments.output)
    endpoint = None if arguments.show_prompt else endpoint_of(arguments)
    reports = reproduced(judged(arguments), arguments)
    if arguments.show_prompt:
        return present(reports, lambda _: _prompts(reports, arguments), arguments.output)
    explained = list(_explained(reports, endpoint, arguments))
    return present(reports, lambda surface: _rendered(explained, arguments.format, surface), arguments.output)


def _explained(reports: Sequence[Report], endpoint: Endpoint | None, arguments: Namespace) -> Iterator[Explanation]:
    """Yield the explanations; the deadline is that of all inputs together."""
    if endpoint is None:
        from diagnose.llm.pack import make_pack  # noqa: PLC0415  # `diagnose --help` does without it
        from diagnose.llm.writer import write  # noqa: PLC0415

        yield from (write(make_pack(report)) for report in reports)
        return
    from diagnose.llm.explain import explain  # noqa: PLC0415  # pydantic's 100 ms are for those who ask a model

    deadline_at = time.monotonic() + arguments.deadline
    show = _progress if sys.stderr is not None and sys.stderr.isatty() else None
    for report in reports:
        left = max(0.0, deadline_at - time.monotonic())
        yield explain(report, endpoint, deadline=left, commentary=arguments.commentary, on_progress=show)
    if show is not None:
        show("")


def _progress(line: str) -> None:
    """Show how far the model is, in one line that is written over again."""
    sys.stderr.write(f"{_REWRITE}{'diagnose: ' if line else ''}{line}")
    sys.stderr.flush()


def _prompts(reports: Sequence[Report], arguments: Namespace) -> str:
    """Return the messages about each input: as text, or as a list of messages in a line of JSON."""
    from diagnose.llm.explain import prompt_of  # noqa: PLC0415  # as above
    from diagnose.llm.pack import make_pack  # noqa: PLC0415
    from diagnose.report._words import printable  # noqa: PLC0415

    readable = [report for report in reports if report.error is None]
    prompts = [prompt_of(make_pack(report), commentary=arguments.commentary) for report in readable]
    if arguments.format == "json":
        return "".join(f"{json.dumps([dict(message) for message in prompt])}\n" for prompt in prompts)
    parts = [f"--- {m['role']} ---\n{m['content'].rstrip()}\n" for prompt in prompts for m in prompt]
    return "".join(f"{printable(line)}\n" for line in "\n".join(parts).splitlines())


def _rendered(explained: Sequence[Explanation], form: str, surface: Surface) -> str:
    """Return the explanations; on a terminal, a single unreadable input is left to the line on standard error."""
    from diagnose.llm.render import as_json, as_markdown, as_terminal  # noqa: PLC0415  # as above

    if form == "json":
        return "".join(as_json(explanation) for explanation in explained)
    if form == "markdown":
        return "\n".join(as_markdown(explanation) for explanation in explained)
    if len(explained) == 1 and explained[0].report.error is not None:
        return ""
    return "\n".join(as_terminal(explanation, surface) for explanation in explained)

"""The page as an ASGI application, with nothing of gradio that it does not need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
from fastapi import FastAPI
from gradio.utils import get_upload_folder

from diagnose.serve.guard import Guard, names_of
from diagnose.serve.page import LARGEST_PASTE, LARGEST_UPLOAD, MEBI, Page

if TYPE_CHECKING:
    from diagnose.llm.client import Endpoint

__all__ = ["application"]

_STYLE = Path(__file__).with_name("page.css")
# What goes around a file or a text on its way, and the most bytes of a letter.
_ENVELOPE = MEBI
_MOST_BYTES = 6


def application(host: str, endpoint: Endpoint | None, deadline: float) -> Guard:
    """Return the whole ASGI application for a server on `host`."""
    page = Page(endpoint, deadline)
    app = FastAPI(openapi_url=None)
    gr.mount_gradio_app(
        app, page.blocks, "/",
        allowed_paths=[], max_file_size=LARGEST_UPLOAD,
        theme=_theme(), css_paths=[_STYLE], footer_links=[], run_history=False, show_error=True, ssr_mode=False,
        enable_monitoring=False, pwa=False, mcp_server=False,
    )  # fmt: skip
    page.blocks.has_launched = True  # only then does gradio itself refuse paths of files that were not uploaded
    return Guard(
        app, names_of(host), get_upload_folder(),
        largest_upload=LARGEST_UPLOAD + _ENVELOPE, largest_event=_MOST_BYTES * LARGEST_PASTE + _ENVELOPE,
    )  # fmt: skip


def _theme() -> gr.themes.Base:
    """Return a theme with the fonts of the reader's own system: nothing has to be fetched."""
    return gr.themes.Base(
        primary_hue="blue", neutral_hue="slate", radius_size="md",
        font=["system-ui", "-apple-system", "Segoe UI", "sans-serif"],
        font_mono=["ui-monospace", "Consolas", "monospace"],
    )  # fmt: skip

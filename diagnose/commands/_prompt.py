"""The line that a chat is typed on, with prompt_toolkit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.keys import Keys

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyPressEvent
    from prompt_toolkit.output import Output

__all__ = ["Prompt"]

# A longer paste is shown as one word, and sent whole: nobody edits a log on the input line.
_SHOWN_LINES = 30
_SHOWN_LENGTH = 4000


class Prompt:
    """Asks for messages. Enter sends; Alt-Enter, or Enter behind a backslash, begins a new line; pastes stay whole.

    The history of what was typed is kept in memory only.
    """

    def __init__(self, keyboard: Input | None = None, screen: Output | None = None) -> None:
        self._pastes: dict[str, str] = {}
        self._session: PromptSession[str] = PromptSession(
            message="\n> ",
            multiline=True,
            prompt_continuation="  ",
            history=InMemoryHistory(),
            key_bindings=self._bindings(),
            enable_open_in_editor=False,
            reserve_space_for_menu=0,
            input=keyboard,
            output=screen,
        )

    def ask(self) -> str:
        """Return the next message; KeyboardInterrupt for Ctrl-C, EOFError for Ctrl-D on an empty line."""
        text = self._session.prompt()
        for mark, paste in self._pastes.items():
            text = text.replace(mark, paste)
        return text

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add(Keys.Enter)
        def send(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            if buffer.document.text_before_cursor.endswith("\\"):
                buffer.delete_before_cursor()
                buffer.newline()
            else:
                buffer.validate_and_handle()

        @keys.add(Keys.Escape, Keys.Enter)
        def break_line(event: KeyPressEvent) -> None:
            event.current_buffer.newline()

        @keys.add(Keys.BracketedPaste)
        def paste(event: KeyPressEvent) -> None:
            text = event.data.replace("\r\n", "\n").replace("\r", "\n")
            lines = text.count("\n") + 1
            if lines > _SHOWN_LINES or len(text) > _SHOWN_LENGTH:
                mark = f"[paste {len(self._pastes) + 1}: {lines:,} lines]"
                self._pastes[mark] = text
                text = mark
            event.current_buffer.insert_text(text)

        return keys

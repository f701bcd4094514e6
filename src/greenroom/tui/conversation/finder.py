"""The one-row search line under the transcript.

Invariant: it is seen only while a person searches; leaving it gives the focus back to the transcript.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from greenroom.tui.conversation.transcript import Transcript


class Finder(Input):
    """Searches a transcript as the person types; enter keeps the marks, escape removes them."""

    DEFAULT_CSS = """
    Finder { display: none; height: 1; border: none; padding: 0 1; background: $panel; }
    Finder.-open { display: block; }
    Finder:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back", show=False, id="finder.leave")]

    @dataclass
    class Found(Message):
        """So many entries hold the term."""

        term: str
        entries: int

        @property
        def told(self) -> str:
            """What the person is told of it."""
            if self.entries < 2:
                return "in 1 entry: enter goes there" if self.entries else "nothing found"
            return f"in {self.entries} entries: enter, then n and N"

    def __init__(self, transcript: Transcript, *, id: str | None = None) -> None:
        super().__init__(placeholder="Search this conversation", compact=True, id=id)
        self._transcript = transcript

    def open(self) -> None:
        """Show the line and take the focus: the person asked for it."""
        self.add_class("-open")
        self.focus()

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Found(event.value, self._transcript.search(event.value)))

    @on(Input.Submitted)
    def _keep(self, event: Input.Submitted) -> None:
        event.stop()
        self._close()

    def action_leave(self) -> None:
        """Forget the search."""
        self.value = ""
        self._transcript.search("")
        self._close()

    def _close(self) -> None:
        self.remove_class("-open")
        self._transcript.focus()

"""The one-row filter over Trace: words and fields to look for, and how many events they mean.

Invariant: it is in view while it has something to look for or is being written in; escape clears it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class Sieve(Input):
    """Filters as the person types; tab shows the other events too, enter goes to what was found."""

    DEFAULT_CSS = """
    Sieve { display: none; height: 1; border: none; padding: 0 1; background: $panel; }
    Sieve.-open { display: block; }
    Sieve:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear_all", "Clear", show=False, id="sieve.clear"),
        Binding("tab", "widen", "The others too", show=False, id="sieve.widen"),
        Binding("down", "submit", "To what was found", show=False, id="sieve.down"),
    ]

    @dataclass
    class Sought(Message):
        """Look for these; `only` leaves the other events out."""

        words: str
        only: bool

    def __init__(self, leave: Callable[[], None], *, id: str | None = None) -> None:
        """`leave` takes the focus to what was found: at once, for the next key is meant for it."""
        super().__init__(placeholder="words, kind:tool, tool:orders.refund, rule:, turn:3, effect:deny", id=id)
        self.compact = True
        self._leave = leave
        self._only = True

    def open(self) -> None:
        """Show the line and take the focus: the person asked for it."""
        self.add_class("-open")
        self.focus()

    def clear_all(self) -> None:
        """Look for nothing any more."""
        self.value = ""
        self._only = True
        self.remove_class("-open")
        self.post_message(self.Sought("", only=True))

    def action_clear_all(self) -> None:
        self.clear_all()
        self._leave()

    def action_widen(self) -> None:
        """The events that are not meant: beside the others, or left out."""
        self._only = not self._only
        self.post_message(self.Sought(self.value, self._only))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Sought(event.value, self._only))

    async def action_submit(self) -> None:
        """To what was found; with nothing to look for, the row goes."""
        if not self.value.strip():
            self.remove_class("-open")
        self._leave()

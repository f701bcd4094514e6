"""Words to be changed before they are said somewhere else: the person's own, or a model's.

Invariant: only enter pressed here takes them; leaving changes nothing.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content, Span
from textual.screen import ModalScreen
from textual.widgets import Static

from greenroom.core.inert import inert_line
from greenroom.tui.conversation.composer import Composer
from greenroom.tui.frame.hints import Hint, Hints
from greenroom.tui.sheets.editor import own_editor


class WordsSheet(ModalScreen[str]):
    """Its result are the words, '' where it was left. `beneath` says in a line what will come of them."""

    DEFAULT_CSS = """
    WordsSheet { align: center middle; background: $background 60%; }
    WordsSheet > #words-frame { width: 84; max-width: 100%; height: auto; background: $surface; padding: 0 1; }
    WordsSheet #words-title { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    WordsSheet #words-beneath { height: auto; max-height: 3; padding: 0 1; color: $quiet; margin: 0 0 1 0; }
    WordsSheet Composer, WordsSheet Composer:focus { background: $panel; border: none; padding: 0 1; max-height: 12; }
    WordsSheet Hints { background: $surface; margin: 1 0 0 0; }
    """
    AUTO_FOCUS = "Composer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False, priority=True, id="words.leave"),
        Binding("f1", "leave", "Back", show=False),
    ]

    def __init__(self, title: str, words: str, beneath: str, does: str) -> None:
        super().__init__()
        self._title = inert_line(title, 120)
        self._words = words
        self._beneath = inert_line(beneath, 240)
        self._does = does

    def compose(self) -> ComposeResult:
        with Vertical(id="words-frame"):
            yield Static(Content(self._title, [Span(0, len(self._title), "$primary bold")]), id="words-title")
            yield Static(Content(self._beneath), id="words-beneath")
            yield Composer(placeholder="what is said there", editor=own_editor)
            yield Hints((Hint("enter", self._does), Hint("ctrl+j", "a new line"), Hint("escape", "back")))

    def on_mount(self) -> None:
        self.query_one(Composer).put(self._words)

    def edit_outside(self) -> None:
        """ctrl+x ctrl+e: in the person's editor."""
        self.query_one(Composer).edit_outside()

    @on(Composer.Sent)
    def _sent(self, event: Composer.Sent) -> None:
        event.stop()
        self.dismiss(event.text)

    def action_leave(self) -> None:
        """Back, with nothing said."""
        self.dismiss("")

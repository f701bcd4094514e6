"""A list over the screen: help, sessions, the trust card, an export's preview, the lines of a command.

Invariant: its rows are entries, so hostile text is as harmless here as in the conversation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content, Span
from textual.screen import ModalScreen
from textual.widgets import Static

from greenroom.core.inert import inert_line
from greenroom.tui.conversation.column import Place
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.conversation.transcript import Transcript
from greenroom.tui.frame.hints import Hint, Hints
from greenroom.tui.sheets.said import Said


class SheetList(Transcript):
    """The rows. Enter chooses where rows have nothing to unfold."""

    def action_fold(self) -> None:
        """Unfold, or choose."""
        entry = self.selected
        sheet = self.screen
        if entry is not None and entry.foldable:
            super().action_fold()
        elif entry is not None and isinstance(sheet, Sheet):
            sheet.choose(entry)

    def to_top(self) -> None:
        """Show the first row."""
        self._view.follow = False
        self._go(Place())


class Sheet(ModalScreen[str]):
    """A titled list; its result is the id of what was chosen, '' for nothing."""

    DEFAULT_CSS = """
    Sheet { align: center middle; background: $background 60%; }
    Sheet > #frame { width: 84; max-width: 100%; height: auto; max-height: 90%; background: $surface; padding: 0 1; }
    Sheet.-slim > #frame { max-height: 100%; width: 100%; }
    Sheet #sheet-title { height: 1; margin: 0 0 1 0; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    Sheet SheetList { height: 1fr; max-height: 100%; background: $surface; scrollbar-background: $surface; }
    Sheet Hints { background: $surface; margin: 1 0 0 0; }
    Sheet.-slim #sheet-title, Sheet.-slim Hints { margin: 0; }
    """
    AUTO_FOCUS = ""
    LIST: ClassVar[type[SheetList]] = SheetList
    ABOVE: ClassVar[int] = 0
    """How many rows stand over the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", show=False, id="sheet.leave"),
        Binding("f1", "leave", "Back", show=False),
    ]

    def __init__(self, title: str, entries: Iterable[Entry], hints: Iterable[Hint] = (), *, first: str = "") -> None:
        super().__init__()
        self._title = inert_line(title, 120)
        self._entries = list(entries)
        given = tuple(hints)
        self._hints = given if any(hint.key == "escape" for hint in given) else (*given, Hint("escape", "back"))
        self._first = first

    def compose(self) -> ComposeResult:
        with Vertical(id="frame"):
            yield Static(Content(self._title, [Span(0, len(self._title), "$primary bold")]), id="sheet-title")
            yield from self.above()
            yield self.LIST()
            yield Hints(self._hints)

    def above(self) -> ComposeResult:
        """What stands over the list."""
        yield from ()

    def above_rows(self) -> int:
        """How many rows that takes: what is said there takes as many as it needs."""
        return self.ABOVE + sum(said.taken - 1 for said in self.query(Said))

    @property
    def list(self) -> SheetList:
        """The rows."""
        return self.query_one(SheetList)

    def on_mount(self) -> None:
        self.list.set_entries(self._entries)
        self._fit()
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        self.list.to_top()
        if self._first:
            self.list.select(self._first)
        if self.focused is None:
            self.list.focus()

    def on_resize(self) -> None:
        self._fit()

    @on(Said.Grown)
    @on(Transcript.Folded)
    def _unfolded(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """As tall as its rows, at most the screen."""
        self.set_class(self.size.height < 16 or self.size.width < 60, "-slim")
        entries = self.list.entries or self._entries  # the list knows what was unfolded since
        rows = len(entries)
        open_rows = sum(len(entry.body) for entry in entries if entry.open)
        gaps = sum(entry.kind == "section" for entry in entries)
        chrome = 3 if self.has_class("-slim") else 5
        full = self.size.height if self.has_class("-slim") else self.size.height * 9 // 10
        room = max(full - chrome - self.above_rows(), 2)
        self.list.styles.height = max(min(rows + open_rows + gaps, room), 1)

    def replace(self, entries: Iterable[Entry]) -> None:
        """Show other rows."""
        self._entries = list(entries)
        self.list.set_entries(self._entries)
        self._fit()

    def choose(self, entry: Entry) -> None:
        """Enter on a row: nothing, unless a sheet says otherwise."""

    def edit_outside(self) -> None:
        """ctrl+x ctrl+e: nothing, unless a sheet has something to edit."""

    def action_leave(self) -> None:
        """Back, with nothing chosen."""
        self.dismiss("")

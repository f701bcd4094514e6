"""The conversation on screen: a line view over data, flat in cost however long the session is.

Invariant: what is at the top of a scrolled-up view stays there whatever happens elsewhere; at the bottom the view
follows. Text is drawn through `entries`, and so through `core.inert`. A stream repaints at most 20 times a second.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from greenroom.core.inert import inert
from greenroom.tui.conversation.column import Place
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.conversation.markdown_blocks import code_blocks
from greenroom.tui.conversation.row_view import RowView

REPAINT_SECONDS = 0.05
WHEEL_ROWS = 3


class Transcript(RowView, can_focus=True):
    """Shows entries; has them selected, folded, copied and searched. `placeholder` is shown while there are none."""

    DEFAULT_CSS = """
    Transcript { height: 1fr; background: $background; overflow-y: scroll; overflow-x: hidden;
                 scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "select_by(-1)", "Previous", show=False, id="transcript.previous"),
        Binding("down,j", "select_by(1)", "Next", show=False, id="transcript.next"),
        Binding("pageup,b", "page(-1)", "Page up", show=False, id="transcript.page_up"),
        Binding("pagedown,space", "page(1)", "Page down", show=False, id="transcript.page_down"),
        Binding("home,g", "edge(-1)", "First", show=False, id="transcript.first"),
        Binding("end,G", "edge(1)", "Last", show=False, id="transcript.last"),
        Binding("enter", "fold", "Fold", show=False, id="transcript.fold"),
        Binding("c", "copy_entry", "Copy", show=False, id="transcript.copy"),
        Binding("C", "copy_code", "Copy code", show=False, id="transcript.copy_code"),
        Binding("n", "match(1)", "Next match", show=False, id="transcript.next_match"),
        Binding("N", "match(-1)", "Previous match", show=False, id="transcript.previous_match"),
        Binding("slash", "search", "Search", show=False, id="transcript.search"),
    ]

    @dataclass
    class Selected(Message):
        """Another entry is selected; panes may show what belongs to it."""

        entry: str

    @dataclass
    class Folded(Message):
        """An entry was folded or unfolded."""

        entry: str
        open: bool

    @dataclass
    class Copied(Message):
        """Text went to the clipboard; `what` says in words which."""

        what: str
        text: str

    class SearchWanted(Message):
        """The person wants to type a search term."""

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, id=id)
        self._flushing = False
        self._code_turn: tuple[str, int] = ("", -1)

    @property
    def following(self) -> bool:
        """Whether the view stays at the end as things are added."""
        return self._view.follow

    @property
    def selected(self) -> Entry | None:
        """The selected entry."""
        place = self._list.place(self._selected)
        return self._list[place] if place is not None else None

    def set_entries(self, entries: Iterable[Entry], *, end: bool = False) -> None:
        """Show these, with `end` their end. Where they continue what is shown, only what differs is laid out again."""
        held = self.entries[self._view.top.entry].id if self.entries else None
        self._view.follow = self._view.follow or end
        if not self._list.set(entries):
            place = self._list.place(held)
            self._view.follow = self._view.follow or place is None
            self._view.top = self._view.top._replace(entry=place or 0)
        self._settle()

    def append(self, entry: Entry) -> None:
        """Show one more."""
        self.update_entry(entry)

    def update_entry(self, entry: Entry) -> None:
        """Show an entry as it is now; ends its stream. An unknown one is appended."""
        self._list.update(entry)
        self._settle()

    def stream(self, id: str, piece: str, *, title: str = "") -> None:
        """Add a piece to a reply that is arriving; the first piece makes the entry. `update_entry` ends it."""
        self._list.stream(id, piece, title)
        if not self._flushing:
            self._flushing = True
            self.set_timer(REPAINT_SECONDS, self._flush)

    def _flush(self) -> None:
        self._flushing = False
        self._list.flush()
        self._settle()

    def on_resize(self) -> None:
        """Lay out anew at another width: guesses only, drawn when looked at."""
        width = self.scrollable_content_region.width
        if width and width != self._column.width:
            self._list.load(self.entries, width)
            self._view.top = self._view.top._replace(row=0)
        self._settle()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop().prevent_default()
        self._move(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop().prevent_default()
        self._move(-WHEEL_ROWS)

    def action_page(self, direction: int) -> None:
        self._move(direction * max(self._view.height - 2, 1))

    def action_edge(self, direction: int) -> None:
        if self.entries:
            self._select(0 if direction < 0 else len(self.entries) - 1)
        self._go(Place() if direction < 0 else self._column.bottom(self._view.height))

    def on_mount(self) -> None:
        self._new_look()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._new_look())
        self.set_timer(0.2, self._warm)

    def _warm(self) -> None:
        """Import what Markdown needs after the first paint, beside the loop rather than in it."""
        self.run_worker(_import_markdown, thread=True, exit_on_error=False)

    def on_focus(self) -> None:
        if self.selected is None and self.entries:
            self._select(self._nearest())
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def select(self, id: str) -> None:
        """Select an entry by id and bring it into view; nothing happens if it is not shown."""
        place = self._list.place(id)
        if place is not None:
            self._select(place)

    def _nearest(self) -> int:
        """Where selecting starts when nothing is selected; never on a heading."""
        last = len(self.entries) - 1
        return min(self._list.below_headings(last if self._view.follow else self._view.top.entry), last)

    def _select(self, index: int) -> None:
        entry = self.entries[index]
        if entry.id != self._selected:
            self._selected = entry.id
            self.post_message(self.Selected(entry.id))
        self._view.reveal(index)
        self._sync()

    def action_select_by(self, step: int) -> None:
        if not self.entries:
            return
        current = self._list.place(self._selected)
        index = self._nearest() if current is None else self._list.below_headings(current + step, step)
        if 0 <= index < len(self.entries):
            self._select(index)
        else:
            self._move(step)

    def action_fold(self) -> None:
        entry = self.selected
        if entry is not None and entry.foldable:
            self._set_open(entry, open=not entry.open)

    def _set_open(self, entry: Entry, *, open: bool) -> None:
        self._list.fold(entry.id, open=open)
        self._settle()
        self._view.reveal(self._list.place(entry.id) or 0)
        self._sync()
        self.post_message(self.Folded(entry.id, open))

    def on_click(self, event: events.Click) -> None:
        """Select what is clicked; a click on the head of a card folds it."""
        if not 0 <= event.y < len(self._view.window):
            return
        place = self._view.window[event.y].place
        entry = self.entries[place.entry]
        self._select(place.entry)
        if entry.foldable and self._column.parts(place.entry)[place.part].shape in ("card", "fold"):
            self._set_open(entry, open=not entry.open)

    def action_copy_entry(self) -> None:
        if entry := self.selected:
            self._copy("entry", self._list.text(entry))

    def action_copy_code(self) -> None:
        """Copy a code block of the selected entry; again for the next one."""
        entry = self.selected
        blocks = code_blocks(self._list.text(entry)) if entry else []
        if entry is None or not blocks:
            return
        last = self._code_turn[1] if self._code_turn[0] == entry.id else -1
        turn = (last + 1) % len(blocks)
        self._code_turn = (entry.id, turn)
        self._copy(f"code block {turn + 1} of {len(blocks)}", blocks[turn])

    def _copy(self, what: str, text: str) -> None:
        text = inert(text)
        self.app.copy_to_clipboard(text)
        self.post_message(self.Copied(what, text))

    def action_search(self) -> None:
        self.post_message(self.SearchWanted())

    def search(self, term: str) -> int:
        """Highlight a term, whatever its case, and go to its last occurrence; returns how many entries hold it."""
        self.mark_words((term,) if term else ())
        found = self._list.matches(self._pattern) if self._pattern else []
        if self._pattern and found:
            self._show_match(found[-1], self._pattern)
        return len(found)

    def action_match(self, step: int) -> None:
        """Go to the next or previous entry that holds the term, around the ends."""
        found = self._list.matches(self._pattern) if self._pattern else []
        if self._pattern is None or not found:
            return
        here = self._list.place(self._selected)
        here = self._view.top.entry if here is None else here
        ahead = [index for index in found[::step] if (index - here) * step > 0]
        self._show_match(ahead[0] if ahead else found[::step][0], self._pattern)

    def _show_match(self, index: int, pattern: re.Pattern[str]) -> None:
        entry = self.entries[index]
        if entry.foldable and not entry.open and not pattern.search(entry.title):
            self._set_open(entry, open=True)
        self._select(index)
        for part in range(len(self._column.parts(index))):
            for row, strip in enumerate(self._column.drawn(index, part)):
                if pattern.search(strip.text):
                    self._view.reveal_row(Place(index, part, row))
                    self._sync()
                    return


def _import_markdown() -> None:
    """Run in a thread: the import is slow the first time only."""
    importlib.import_module("greenroom.tui.conversation.markdown_lines")
